"""Section 2: what won, its cells, and how to use it."""

from markupsafe import Markup

from nasci.reports.blocks import Block, to_csv
from nasci.reports.cells import draw_cell
from nasci.reports.figures.numbers import MISSING, gibibytes, metric, short
from nasci.reports.figures.winner import FoundCells, WinnerFigure, winner_figure
from nasci.reports.run_view import RunView
from nasci.reports.sections.section import Section
from nasci.reports.words import copyable
from nasci.space import CellArchitecture


def winner_section(view: RunView) -> Section:
    """Return the section: what the verdict says to use, in pictures and numbers."""
    figure = winner_figure(view)
    if not figure.name:
        return Section("winner", "What won", "No contestant has finished.", ())
    lead = f"{figure.name}: {figure.network}." if figure.network else f"{figure.name}."
    blocks = [_numbers(figure, view), _usage(figure)]
    if figure.cells:
        blocks.append(_cells(figure.cells, "The cells that won"))
    elif figure.others:
        finder = figure.others[0].contestant
        lead += f" It is not made of searched cells; {finder} found those below."
    for number, cells in enumerate(figure.others):
        best = number == 0 and not figure.cells
        title = "The best cells found" if best else "For comparison, the cells"
        blocks.append(_cells(cells, f"{title}: {cells.contestant}", is_folded=not best))
    return Section("winner", "What won", lead, tuple(block for block in blocks if block))


def _numbers(figure: WinnerFigure, view: RunView) -> Block:
    row = figure.row
    title = "In numbers"
    if row is None:
        return Block(title, "Parameters and multiply-adds are counted when test is read.")
    facts = [
        (f"{view.metric.name} on test", metric(row.test)),
        ("trainable parameters", f"{row.parameters:,.0f}"),
        ("multiply-adds of one prediction", short(row.macs)),
        ("peak memory in training", gibibytes(row.peak_memory_bytes)),
        ("weights on disk", _size(figure, view)),
    ]
    items = Markup("").join(
        Markup("<div><dt>{}</dt><dd>{}</dd></div>").format(name, value) for name, value in facts
    )
    html = Markup('<dl class="facts">{}</dl>').format(items)
    return Block(title, "", html=html, is_half=True)


def _size(figure: WinnerFigure, view: RunView) -> str:
    if figure.folder is None:
        return MISSING
    file = view.folder.path / figure.folder / "model.safetensors"
    return f"{file.stat().st_size / 2**20:.2g} MiB" if file.is_file() else "not kept"


def _usage(figure: WinnerFigure) -> Block:
    title = "How to use it"
    if figure.folder is None:
        return Block(title, "The network's files are not in the run's folder any more.")
    folder = f"RUN/{figure.folder.as_posix()}"
    shell = f"nasci predict {folder} new_data.npy"
    python = (
        "import nasci\n"
        f'prediction = nasci.predict("{folder}", "new_data.npy")\n'
        "print(prediction.names, prediction.values)"
    )
    text = "RUN is the folder that this report lies in; new_data.npy holds examples without "
    text += "targets, in the units of the training data. An image or a folder of them will do too."
    html = Markup("").join(
        copyable(name, content) for name, content in (("Shell", shell), ("Python", python))
    )
    return Block(title, text, html=html, is_half=True)


def _cells(cells: FoundCells, title: str, *, is_folded: bool = False) -> Block:
    pictures = Markup("").join(
        Markup('<div class="cell">{}</div>').format(Markup(draw_cell(cell, title=name)))
        for name, cell in (
            ("Normal cell", cells.architecture.normal),
            ("Reduction cell", cells.architecture.reduce),
        )
    )
    if is_folded:
        pictures = Markup("<details><summary>Show them</summary>{}</details>").format(pictures)
    text = (
        f"Seed {cells.seed}. A node adds up what its edges bring; the output joins nodes side by "
        f"side. Reduction cells halve the resolution. As data: `{cells.file.as_posix()}`."
    )
    return Block(title, text, html=pictures, csv=_csv(cells))


def _csv(cells: FoundCells) -> str:
    rows = [
        (kind, edge.source, edge.target, edge.op)
        for kind, cell in _named(cells)
        for edge in cell.edges
    ]
    return to_csv(("cell", "from node", "to node", "operation"), rows)


def _named(cells: FoundCells) -> tuple[tuple[str, CellArchitecture], ...]:
    return ("normal", cells.architecture.normal), ("reduce", cells.architecture.reduce)
