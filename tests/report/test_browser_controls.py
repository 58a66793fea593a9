"""What a reader can do with the report in a real browser: slide, play, sort, darken, print."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from browsing import Watched, brightness, overflowing
from report_runs import Plan, write_whole_run

from nasci.reports import render_report, write_report

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page


def test_the_slider_changes_the_weights(
    browser: "Browser", report_of: Callable[[str], Path]
) -> None:
    with Watched(browser, report_of("multiclass")) as page:
        block = page.locator(".alphas").first
        cells = block.locator("td")
        slider, output = block.locator("input"), block.locator("output")
        last = cells.all_inner_texts()
        colours = "all => all.map(e => getComputedStyle(e).backgroundColor)"
        shades = cells.evaluate_all(colours)
        assert output.inner_text().startswith("3 of 3, at 40 %")
        slider.fill("1")
        assert output.inner_text().startswith("1 of 3")
        assert cells.all_inner_texts() != last
        assert shades != cells.evaluate_all(colours)
        # early weights are near uniform, and the rows sum to 1 up to their two decimals
        first_row = [float(text) for text in cells.all_inner_texts()[:8]]
        assert sum(first_row) == pytest.approx(1, abs=0.05)
        slider.fill("3")  # what the page says without a script is what the script says
        assert cells.all_inner_texts() == last


def test_play_runs_to_the_end(browser: "Browser", report_of: Callable[[str], Path]) -> None:
    from playwright.sync_api import expect

    with Watched(browser, report_of("multiclass")) as page:
        block = page.locator(".alphas").first
        block.locator(".play").click()
        assert block.locator(".play").inner_text() == "Stop"
        expect(block.locator("output")).to_contain_text("1 of 3")
        expect(block.locator("output")).to_contain_text("3 of 3", timeout=10_000)
        expect(block.locator(".play")).to_have_text("Play")


def column(page: "Page", place: int) -> list[str]:
    return (
        page.locator("#verdict table")
        .first.locator(f"tbody td:nth-child({place})")
        .all_inner_texts()
    )


def test_tables_sort(browser: "Browser", report_of: Callable[[str], Path]) -> None:
    with Watched(browser, report_of("multiclass")) as page:
        heads = page.locator("#verdict table").first.locator("th")
        heads.nth(1).locator("button").click()
        numbers = [float(text) for text in column(page, 2)]
        assert numbers == sorted(numbers)
        assert heads.nth(1).get_attribute("aria-sort") == "ascending"
        heads.nth(1).locator("button").click()
        assert [float(text) for text in column(page, 2)] == numbers[::-1]
        heads.nth(0).locator("button").click()
        names = [name.lower() for name in column(page, 1)]
        assert names == sorted(names)
        assert heads.nth(1).get_attribute("aria-sort") is None


def test_what_is_not_a_number_sorts_last(browser: "Browser", tmp_path: Path) -> None:
    file = write_report(write_whole_run(tmp_path / "run", Plan(undefined="darts")).path)
    with Watched(browser, file) as page:
        button = page.locator("#verdict table").first.locator("th button").nth(1)
        for _ in range(2):
            button.click()
            assert column(page, 2)[-2:] == ["not a number", "not a number"]


def test_light_and_dark(browser: "Browser", report_of: Callable[[str], Path], shots: Path) -> None:
    ink = "getComputedStyle(document.querySelector('svg.chart text')).fill"
    paper = "getComputedStyle(document.body).backgroundColor"
    seen = {}
    for scheme in ("light", "dark"):
        with Watched(browser, report_of("multiclass"), color_scheme=scheme) as page:
            seen[scheme] = (brightness(page.evaluate(ink)), brightness(page.evaluate(paper)))
            page.screenshot(path=shots / f"multiclass-{scheme}.png", full_page=True)
            page.locator(".theme").click()
            seen[f"{scheme} turned"] = (
                brightness(page.evaluate(ink)), brightness(page.evaluate(paper)),
            )  # fmt: skip
    for scheme, (text, ground) in seen.items():
        is_dark = scheme in ("dark", "light turned")
        assert (text > ground) == is_dark, scheme
        assert abs(text - ground) > 100, scheme


def test_print(browser: "Browser", report_of: Callable[[str], Path], shots: Path) -> None:
    """On paper: light, without controls, and no chart is wider than the page."""
    with Watched(browser, report_of("multiclass"), color_scheme="dark") as page:
        page.emulate_media(media="print")
        page.set_viewport_size({"width": 718, "height": 1000})  # A4 without its margins
        assert brightness(page.evaluate("getComputedStyle(document.body).backgroundColor")) == 255
        assert not page.locator("nav").is_visible()
        assert not page.locator(".slider").first.is_visible()
        assert page.locator(".for-wide svg").is_visible()
        rights = page.eval_on_selector_all(
            "svg.chart", "all => all.map(e => e.getBoundingClientRect().right)"
        )
        assert max(rights) <= 718
        pdf = page.pdf(path=shots / "multiclass.pdf", format="A4")
        assert pdf.startswith(b"%PDF")


def test_a_comparison(browser: "Browser", tmp_path: Path, shots: Path) -> None:
    folders = [tmp_path / "short", tmp_path / "long"]
    for folder in folders:
        write_whole_run(folder, Plan())
    file = tmp_path / "comparison.html"
    file.write_text(render_report(folders), encoding="utf-8")
    for width in (1280, 390):
        with Watched(browser, file, viewport={"width": width, "height": 900}) as page:
            assert page.evaluate("document.documentElement.scrollWidth") <= width
            assert overflowing(page) == []
            page.screenshot(path=shots / f"comparison-{width}.png", full_page=True)
