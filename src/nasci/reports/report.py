"""The report of a run, and the comparison of several, as pages."""

from collections.abc import Sequence
from pathlib import Path

from nasci.errors import RunError
from nasci.records import REPORT_FILE, write_atomic
from nasci.reports.page import Head, render_page
from nasci.reports.run_view import RunView, read_run
from nasci.reports.sections.cost import cost_section
from nasci.reports.sections.data import data_section
from nasci.reports.sections.predictions import predictions_section
from nasci.reports.sections.repeat import repeat_section
from nasci.reports.sections.search import search_section
from nasci.reports.sections.verdict import verdict_section
from nasci.reports.sections.winner import winner_section

_SECTIONS = (
    verdict_section,
    winner_section,
    search_section,
    predictions_section,
    data_section,
    cost_section,
    repeat_section,
)


def render_report(folders: Sequence[Path]) -> str:
    """Return the report of a run, or of several side by side, as one page of HTML.

    Args:
        folders: of runs, finished or not; at least one.

    Raises:
        RunError: a folder holds no run, or a record is damaged.
    """
    if not folders:
        raise RunError("Expected the folder of a run, but got none; `nasci report RUN`.")
    views = [read_run(Path(folder)) for folder in folders]
    if len(views) > 1:
        from nasci.reports.comparison import comparison_page

        return comparison_page(views)
    view = views[0]
    return render_page(_head(view), [section(view) for section in _SECTIONS])


def write_report(folder: Path) -> Path:
    """Write `report.html` into the folder of a run, and return its path.

    Raises:
        RunError: the folder holds no run, a record is damaged, or it cannot be written.
    """
    path = Path(folder) / REPORT_FILE
    write_atomic(path, render_report([folder]).encode())
    return path


def _head(view: RunView) -> Head:
    run = view.run
    decided = view.verdict is not None and view.verdict.decision in ("worth it", "not worth it")
    budget = run.settings.get("run", {}).get("budget", "")
    parts = [
        f"{run.created:%d %B %Y}",
        f"{len(run.contestants)} contestant{'s' if len(run.contestants) > 1 else ''}",
        f"{len(run.seeds)} seed{'s' if len(run.seeds) > 1 else ''}",
    ]
    parts += [f"budget {budget}"] if budget and view.rows else []
    version = run.versions.get("nasci", "")
    return Head(
        title=f"{run.data.name}: report of nasci",
        kicker=f"report · {run.task.target.kind.replace('_', ' ')}",
        heading=run.data.name,
        meta=" · ".join(parts),
        mood="decided" if decided else "open",
        footer=f"Written from the records of a run of nasci {version}; it needs no network.",
    )
