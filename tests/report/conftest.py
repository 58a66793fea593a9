"""What tests of the report share: a browser, and a report of every kind of task."""

import os
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path

import pytest
from browsing import BROWSER
from report_runs import Plan, write_whole_run


@pytest.fixture(scope="session")
def browser() -> Iterator[object]:
    if BROWSER is None:
        pytest.skip("no Chromium or Chrome is installed")
    sync_api = pytest.importorskip("playwright.sync_api", reason="Playwright is not installed")
    with sync_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=BROWSER, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def report_of(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """The report of a run on a kind of task, written once; of several classes with two seeds."""
    from nasci.reports import write_report

    folder = tmp_path_factory.mktemp("runs")

    @cache
    def write(kind: str) -> Path:
        plan = Plan(kind=kind, seeds=1 + (kind == "multiclass"))
        return write_report(write_whole_run(folder / kind, plan).path)

    return write


@pytest.fixture
def shots(tmp_path: Path) -> Path:
    folder = Path(os.environ.get("NASCI_SCREENSHOTS") or tmp_path)
    folder.mkdir(parents=True, exist_ok=True)
    return folder
