"""The commands that show what a run left: its report, and single figures for papers."""

import webbrowser
from pathlib import Path
from typing import Annotated

import typer

from nasci.cli.printable import make_console
from nasci.errors import ConfigError

Run = Annotated[Path, typer.Argument(metavar="RUN", help="folder of a run", show_default=False)]
KINDS, FORMATS = ("cells", "curves", "alphas"), ("svg", "pdf", "png")
COMPARISON_FILE = Path("comparison.html")


def report(
    paths: Annotated[
        list[Path],
        typer.Argument(metavar="RUN...", help="folder of a run; several: side by side"),
    ],
    show: Annotated[bool, typer.Option("--open", help="show the page in the browser")] = False,
    out: Annotated[
        Path | None,
        typer.Option("--out", help="file of the page [RUN/report.html, or comparison.html]"),
    ] = None,
) -> None:
    """Print the leaderboard and the verdict of a run from its records, and write its report."""
    from nasci.cli.tables import print_leaderboard
    from nasci.records import write_atomic
    from nasci.reports import REPORT_FILE, render_report

    console = make_console()
    own = paths[0] / REPORT_FILE
    file = out or (own if len(paths) == 1 else COMPARISON_FILE)
    write_atomic(file, render_report(paths).encode())
    for path in paths:
        print_leaderboard(console, path)
    if file != own:  # that one the leaderboard names
        console.print(f"Report: {file}", highlight=False, soft_wrap=True, markup=False)
    if show:
        webbrowser.open(file.resolve().as_uri())


def figure(
    path: Run,
    kind: Annotated[
        str, typer.Argument(help="cells, curves (metric against compute) or alphas (weights)")
    ],
    file_format: Annotated[str, typer.Option("--format", help="svg, pdf or png")] = "svg",
    out: Annotated[
        Path | None,
        typer.Option(
            "--out",
            help="file; -normal and -reduce are added where there is one of each "
            "[cells.svg and so on]",
        ),
    ] = None,
    contestant: Annotated[
        str | None, typer.Option(help="whose cells or weights [the first that has some]")
    ] = None,
    seed: Annotated[int | None, typer.Option(help="which repetition [the first]")] = None,
) -> None:
    """Write one figure of a run as a file for a paper."""
    _check("KIND", kind, KINDS)
    _check("--format", file_format, FORMATS)
    from nasci.records import write_atomic
    from nasci.reports.figure import draw_figure

    console = make_console()
    files = draw_figure(path, kind, file_format, contestant=contestant, seed=seed)
    for name, content in files.items():
        file = Path(name)
        if out is not None:
            ending = out.suffix or f".{file_format}"
            file = out.with_name(f"{out.stem}{Path(name).stem.removeprefix(kind)}{ending}")
        write_atomic(file, content)
        console.print(f"Figure: {file}", highlight=False, soft_wrap=True, markup=False)


def _check(name: str, given: str, allowed: tuple[str, ...]) -> None:
    if given not in allowed:
        raise ConfigError(f"Expected `{name}` to be {' or '.join(allowed)}, but got `{given}`.")
