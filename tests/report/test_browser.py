"""The report in a real browser, from a file: no script error, no request, nothing overflows.

Pictures of every page are kept in the folder that `NASCI_SCREENSHOTS` names.
"""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from browsing import Watched, overflowing

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
