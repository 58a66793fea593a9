"""The report of a large run: 5 contestants, 3 seeds, 50 epochs; size, time to draw, first paint.

The run's records are made up; the page is drawn and opened in Chromium, a few times each.

    python -m benchmarks.report_page
"""

import shutil
import statistics
import sys
import tempfile
import time
from importlib import import_module
from pathlib import Path

from playwright.sync_api import sync_playwright

from nasci.reports import write_report

ROUNDS = 5
_PAINT = "performance.getEntriesByName('first-contentful-paint').map(e => e.startTime)"


def main() -> None:
    """Print the bars."""
    sys.path.insert(0, str(Path(__file__).parents[1] / "tests" / "support"))
    runs = import_module("report_runs")  # what the tests make their runs with
    with tempfile.TemporaryDirectory() as folder:
        path = runs.write_whole_run(Path(folder) / "run", runs.Plan(seeds=3, epochs=50)).path
        seconds = []
        for _ in range(ROUNDS):
            start = time.perf_counter()
            page = write_report(path)
            seconds.append(time.perf_counter() - start)
        size = page.stat().st_size / 1e6
        paints = _first_paints(page)
    print(f"drawing: {statistics.median(seconds):.2f} s, the first time {seconds[0]:.2f} s")
    print(f"bar megabytes: {size:.2f} (goal 6)")
    print(f"bar first paint in seconds: {statistics.median(paints):.2f} (goal 2)")


def _first_paints(page: Path) -> list[float]:
    chromium = shutil.which("chromium") or shutil.which("chromium-browser")
    paints = []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        for _ in range(ROUNDS):
            tab = browser.new_page()
            tab.goto(page.as_uri())
            tab.wait_for_function(f"{_PAINT}.length > 0")
            paints.append(tab.evaluate(_PAINT)[0] / 1000)
            tab.close()
        browser.close()
    return paints


if __name__ == "__main__":
    main()
