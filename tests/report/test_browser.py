"""The report in a real browser, from a file: no script error, no request, nothing overflows.

Pictures of every page are kept in the folder that `NASCI_SCREENSHOTS` names.
"""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from browsing import Watched, overflowing
from report_runs import Plan, write_whole_run

from nasci.reports import write_report

if TYPE_CHECKING:
    from playwright.sync_api import Browser

KINDS = ("multiclass", "multilabel", "regression", "question_tree")
SECTIONS = ["verdict", "winner", "search", "predictions", "data", "cost", "repeat"]


@pytest.mark.parametrize("width", [1280, 390])
@pytest.mark.parametrize("kind", KINDS)
def test_a_report_opens_from_a_file(
    browser: "Browser", report_of: Callable[[str], Path], shots: Path, kind: str, width: int
) -> None:
    viewport = {"width": width, "height": 900}
    with Watched(browser, report_of(kind), viewport=viewport) as page:
        assert page.eval_on_selector_all("section", "all => all.map(e => e.id)") == SECTIONS
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        assert overflowing(page) == []
        for section in SECTIONS:
            assert page.locator(f"#{section} h2").is_visible()
        curves = page.locator(".for-wide svg" if width > 700 else ".for-narrow svg")
        assert curves.is_visible()
        assert page.evaluate("typeof alert") == "function"  # nobody called it: the page loaded
        page.screenshot(path=shots / f"{kind}-{width}.png", full_page=True)


def test_first_paint_of_a_large_run(browser: "Browser", tmp_path: Path) -> None:
    file = write_report(write_whole_run(tmp_path / "run", Plan(seeds=3, epochs=50)).path)
    with Watched(browser, file) as page:
        script = "performance.getEntriesByName('first-contentful-paint').map(e => e.startTime)"
        page.wait_for_function(f"{script}.length > 0")
        assert page.evaluate(script)[0] < 2000  # milliseconds
