"""The page as a whole: in every state of a run it renders, says what is missing, and is safe."""

import base64
import hashlib
import json
import re
import subprocess
import sys
import time
from pathlib import Path
from urllib.parse import unquote

import pytest
from html_reader import Reader, page_of
from report_runs import ALL, Plan, write_whole_run

from nasci.reports import render_report, write_report

OLD_RUN = Path(__file__).parent / "data" / "run-schema1"
SECTIONS = ("verdict", "winner", "search", "predictions", "data", "cost", "repeat")


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Reader:
    return page_of(tmp_path_factory.mktemp("whole") / "run", seeds=2)


def test_sections_stand_in_order(whole: Reader) -> None:
    assert tuple(s["id"] for s in whole.all("section")) == SECTIONS
    links = [a["href"] for a in whole.all("a") if (a["href"] or "").startswith("#")]
    assert links == [f"#{key}" for key in SECTIONS]


def test_the_verdict_comes_first(whole: Reader) -> None:
    assert whole.text.index("The search was not worth it") < whole.text.index("Leaderboard")
    assert "± 0.0000" in whole.text
    for name in ALL:
        assert name in whole.text


def test_findings_have_their_number_threshold_and_advice(whole: Reader) -> None:
    assert "skip collapse, normal cell, seed 1" in whole.text
    assert "5; the threshold is 3" in whole.text
    assert "search.arch_lr" in whole.text
    classes = [li.get("class") for li in whole.all("li")]
    assert classes.count("warning") == 2 + 1  # a search's of two seeds, and one about the data
    assert "This machine did not tell the energy" in whole.text


def test_nothing_is_fetched_and_no_id_stands_twice(whole: Reader) -> None:
    for tag, attrs in whole.tags:
        for name in ("src", "href", "action", "srcset"):
            value = attrs.get(name)
            assert value is None or value.startswith(("data:", "#")), (tag, value)
    ids = [attrs["id"] for _, attrs in whole.tags if "id" in attrs]
    assert len(ids) == len(set(ids))


def test_charts_have_a_title_and_their_data(whole: Reader) -> None:
    charts = [svg for svg in whole.all("svg") if "chart" in (svg.get("class") or "").split()]
    assert len(charts) > 8
    assert all(svg["aria-label"] for svg in charts)
    downloads = [a for a in whole.all("a") if "csv" == a.get("class")]
    for link in downloads:
        header, _, text = unquote(link["href"] or "").partition(",")
        assert header.startswith("data:text/csv")
        assert len(text.splitlines()) > 1
    names = {link["download"] for link in downloads}
    assert "leaderboard.csv" in names


def test_only_its_own_script_may_run(tmp_path: Path) -> None:
    write_whole_run(tmp_path / "run", Plan(contestants=("linear",)))
    page = render_report([tmp_path / "run"])
    (script,) = re.findall(r"<script>(.*?)</script>", page, flags=re.S)
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    assert f"script-src 'sha256-{digest}'" in page
    assert "default-src 'none'" in page


def test_text_is_escaped(tmp_path: Path) -> None:
    evil = "<script>alert(1)</script>"
    write_whole_run(tmp_path / "run", Plan(data=evil))
    page = render_report([tmp_path / "run"])
    assert evil not in page  # also a class of these runs is called so
    reader = Reader(page)
    assert evil in reader.text
    assert "<b>was</b>" in reader.text  # of a diagnosis
    assert "b" not in {tag for tag, _ in reader.tags}


def test_a_run_of_schema_1_stays_readable() -> None:
    """A real run, as nasci 0.1.0 left it; it must not be changed when records are."""
    reader = Reader(render_report([OLD_RUN]))
    assert "Undecided at this budget: use resnet10-tiny" in reader.text
    assert "still uniform" in reader.text
    assert "Prunings (darts)" in reader.text
    data = [attrs for tag, attrs in reader.tags if attrs.get("type") == "application/json"]
    assert len(data) == 1


def test_weights_are_inlined_whole(tmp_path: Path) -> None:
    write_whole_run(tmp_path / "run", Plan(epochs=10))
    page = render_report([tmp_path / "run"])
    (text,) = re.findall(r'<script type="application/json">(.*?)</script>', page, flags=re.S)
    data = json.loads(text)
    assert set(data["cells"]) == {"normal", "reduce"}
    for rows in data["cells"].values():
        assert [len(row) for row in rows] == [14 * 8] * 5
        for row in rows:
            for edge in range(14):  # thousandths that sum to 1 up to rounding
                assert abs(sum(row[8 * edge : 8 * edge + 8]) - 1000) <= 4
    assert data["clocks"] == [8.0, 16.0, 24.0, 32.0, 40.0]


def test_a_large_run_is_small_and_quick(tmp_path: Path) -> None:
    write_whole_run(tmp_path / "run", Plan(seeds=3, epochs=50))
    start = time.perf_counter()
    file = write_report(tmp_path / "run")
    assert time.perf_counter() - start < 15  # 2 s on a quiet machine
    assert file.stat().st_size < 6e6 / 2
    assert file.name == "report.html"


def test_several_runs_side_by_side(tmp_path: Path) -> None:
    write_whole_run(tmp_path / "a", Plan())
    write_whole_run(tmp_path / "b", Plan(until="trained"))
    reader = Reader(render_report([tmp_path / "a", tmp_path / "b", OLD_RUN]))
    assert [s["id"] for s in reader.all("section")] == ["runs", "verdicts", "metrics"]
    for text in ("planets", "digits", "not worth it", "not finished", "undecided", "0.9278"):
        assert text in reader.text


def test_no_torch(tmp_path: Path) -> None:
    """Whoever only reads a run does not wait for torch."""
    code = (
        "import sys; from pathlib import Path; from nasci.reports import render_report;"
        f"render_report([Path({str(OLD_RUN)!r})]);"
        "assert 'torch' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)
