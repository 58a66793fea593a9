"""The page in every state of a run: it renders, and says what is missing."""

from pathlib import Path

import pytest
from html_reader import Reader, page_of
from report_runs import Plan, write_whole_run

from nasci.errors import RunError
from nasci.reports import render_report, write_report

SECTIONS = ("verdict", "winner", "search", "predictions", "data", "cost", "repeat")


@pytest.mark.parametrize(
    ("until", "said"),
    [
        ("epochs", ("Did not finish: linear (seed 0)", "No contestant has finished")),
        ("trained", ("Test was not read", "nothing can be ranked yet")),
        ("test", ("There is no verdict: the run was interrupted", "accuracy on test")),
    ],
)
def test_interrupted(tmp_path: Path, until: str, said: tuple[str, ...]) -> None:
    page = page_of(tmp_path / "run", until=until)
    assert tuple(s["id"] for s in page.all("section")) == SECTIONS
    for text in said:
        assert text in page.text
    assert "Learning curves" in page.text


def test_a_run_that_has_hardly_started(tmp_path: Path) -> None:
    write_whole_run(tmp_path / "run", Plan())
    (tmp_path / "run/events.jsonl").unlink()
    text = Reader(render_report([tmp_path / "run"])).text
    assert "No contestant was evaluated" in text
    assert "Nothing was computed yet" in text


def test_one_contestant_and_one_seed(tmp_path: Path) -> None:
    text = page_of(tmp_path / "run", contestants=("linear",)).text
    assert "One seed: the intervals hold the chance in the test examples" in text
    assert "No contestant searched" in text


@pytest.mark.parametrize(("undefined", "seeds"), [("resnet10-tiny", 1), ("darts", 2)])
def test_not_a_number(tmp_path: Path, undefined: str, seeds: int) -> None:
    text = page_of(tmp_path / "run", undefined=undefined, seeds=seeds).text
    assert f"{undefined} has no accuracy on test: it is not a number" in text
    assert "values are not finite and are left out" in text


def test_nothing_is_a_number(tmp_path: Path) -> None:
    text = page_of(tmp_path / "run", undefined="darts", contestants=("darts",)).text
    assert "No contestant was evaluated" in text


def test_damaged_files_are_said_not_raised(tmp_path: Path) -> None:
    folder = write_whole_run(tmp_path / "run", Plan())
    for name in ("predictions.npz", "alphas.npz", "architecture.json"):
        for file in folder.path.rglob(name):
            file.write_bytes(b"torn")
    (folder.path / "samples.npz").write_bytes(b"torn")
    text = Reader(render_report([folder.path])).text
    assert "cannot be shown" in text
    assert str(tmp_path) not in text  # a page that is passed on does not say where it was made


def test_refusals(tmp_path: Path) -> None:
    with pytest.raises(RunError, match="Expected the folder of a run"):
        render_report([tmp_path])
    with pytest.raises(RunError, match="got none"):
        render_report([])
    folder = write_whole_run(tmp_path / "run", Plan())
    (folder.path / "run.json").write_text("{}")
    with pytest.raises(RunError, match=r"Expected a whole run\.json"):
        write_report(folder.path)
    assert not (folder.path / "report.html").exists()
