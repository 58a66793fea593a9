"""One figure of a run as a file for a paper: the cells, the learning curves, the weights."""

from pathlib import Path

from nasci.errors import RunError
from nasci.reports.cells import draw_cell
from nasci.reports.charts import to_pdf, to_png, to_svg
from nasci.reports.charts.alphas import alphas_chart
from nasci.reports.charts.curves import curves_chart
from nasci.reports.figures.alphas import AlphasFigure, alphas_figures, read_architecture
from nasci.reports.figures.curves import curves_figure
from nasci.reports.run_view import RunView, read_run

_CELLS = ("normal", "reduce")


def draw_figure(
    folder: Path,
    kind: str,
    file_format: str,
    *,
    contestant: str | None = None,
    seed: int | None = None,
) -> dict[str, bytes]:
    """Return the content of a figure's files by name, such as `cells-normal.pdf`.

    Args:
        folder: of the run.
        kind: `cells` and `alphas` make two files, one a kind of cell; `curves` makes one.
        file_format: `svg`, `pdf` or `png`.
        contestant: whose cells or weights; None: the first that has some.
        seed: which repetition; None: the first.

    Raises:
        RunError: the folder holds no run, or the run does not have what is to be drawn.
    """
    view = read_run(folder)
    seed = view.run.seeds[0] if seed is None else seed
    if kind == "curves":
        pictures = {"curves": _curves(view)}
    elif kind == "cells":
        pictures = _cells(view, contestant, seed)
    else:
        pictures = _alphas(view, contestant, seed)
    return {f"{name}.{file_format}": _convert(svg, file_format) for name, svg in pictures.items()}


def _curves(view: RunView) -> str:
    figure = curves_figure(view)
    if not figure.points:
        raise RunError("Expected evaluations on valid for the curves, but this run has none yet.")
    return to_svg(curves_chart(figure), f"{figure.metric} against compute")


def _cells(view: RunView, contestant: str | None, seed: int) -> dict[str, str]:
    names = [contestant] if contestant else list(view.run.contestants)
    for name in names:
        architecture = read_architecture(view.folder.contestant(name, seed) / "architecture.json")
        if architecture is not None:
            cells = (architecture.normal, architecture.reduce)
            titles = ("Normal cell", "Reduction cell")
            return {
                f"cells-{kind}": draw_cell(cell, title=title, standalone=True)
                for kind, cell, title in zip(_CELLS, cells, titles, strict=True)
            }
    raise RunError(
        f"Expected an architecture of {' or '.join(names)}, seed {seed}, but this run has none; "
        "choose with `--contestant` and `--seed` one that searched."
    )


def _alphas(view: RunView, contestant: str | None, seed: int) -> dict[str, str]:
    found: list[AlphasFigure] = [
        figure
        for figure in alphas_figures(view)
        if figure.seed == seed and contestant in (None, figure.contestant)
    ]
    if not found:
        raise RunError(
            f"Expected architecture weights of {contestant or 'a search'}, seed {seed}, but this "
            "run has none; choose with `--contestant` and `--seed` a search by gradients."
        )
    figure = found[0]
    return {
        f"alphas-{cell}": to_svg(alphas_chart(figure, cell), f"Architecture weights, {cell} cell")
        for cell in figure.cells
    }


def _convert(svg: str, file_format: str) -> bytes:
    if file_format == "pdf":
        return to_pdf(svg)
    return to_png(svg) if file_format == "png" else svg.encode()
