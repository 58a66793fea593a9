"""Section 4 of the report: blocks of every kind of task, whole, damaged and hostile."""

import csv
import io
import json
import re
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest
from prediction_runs import NAMES, NUM_TEST, write_run

from nasci.errors import RunError
from nasci.records import RunFolder
from nasci.reports.blocks import Block, to_csv
from nasci.reports.predictions import prediction_blocks

KINDS = tuple(NAMES)
TITLES = {
    "multiclass": ["Confusion matrix", "Worst mistakes"],
    "multilabel": ["ROC curves", "Calibration", "Worst mistakes"],
    "regression": ["Predicted against true", "Residuals", "Errors a column", "Worst mistakes"],
    "question_tree": ["An example in the question tree", "Error a question", "Worst mistakes"],
}


@pytest.fixture(params=KINDS)
def kind(request: pytest.FixtureRequest) -> str:
    return request.param


@pytest.fixture
def run(kind: str, tmp_path: Path) -> RunFolder:
    return write_run(tmp_path / "run", kind)


def rows_of(block: Block) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(block.csv)))


def test_blocks_are_whole(run: RunFolder, kind: str) -> None:
    blocks = prediction_blocks(run, "darts")
    assert [block.title for block in blocks] == TITLES[kind]
    for block in blocks:
        assert block.text and rows_of(block)
        assert (block.chart is None) != (block.html is None)


def test_charts_have_a_title_and_named_axes_and_become_svg(run: RunFolder) -> None:
    converter = pytest.importorskip("vl_convert")
    for block in prediction_blocks(run, "darts"):
        if block.chart is None:
            continue
        spec = block.chart.to_dict()
        assert spec["title"]
        axes = re.findall(r'"[xy]": (\{.*?"type": "[a-z]+"\})', json.dumps(spec))
        assert axes and all('"title": "' in axis for axis in axes)
        assert converter.vegalite_to_svg(spec).startswith("<svg")


def test_units_are_on_the_axes(tmp_path: Path) -> None:
    for block in prediction_blocks(write_run(tmp_path / "run", "regression"), "darts")[:2]:
        text = json.dumps(block.chart.to_dict())
        assert "strain [%]" in text and "stress [GPa]" in text


class Tags(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.sources: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.sources += [value or "" for name, value in attrs if name in ("src", "href")]


def test_html_is_escaped_and_needs_no_other_file(run: RunFolder) -> None:
    parser = Tags()
    for block in prediction_blocks(run, "darts"):
        parser.feed(str(block.html or ""))
    assert parser.tags and "script" not in parser.tags
    assert all(source.startswith("data:image/png;base64,") for source in parser.sources)
    assert len(parser.sources) >= 8


def test_hostile_class_names_are_text(tmp_path: Path) -> None:
    blocks = prediction_blocks(write_run(tmp_path / "run", "multiclass"), "darts")
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in str(blocks[1].html)
    assert "'=dog" in {row["true class"] for row in rows_of(blocks[0])}  # no formula


def test_missing_predictions_are_said(run: RunFolder, kind: str) -> None:
    (run.contestant("darts", 0) / "predictions.npz").unlink()
    blocks = prediction_blocks(run, "darts")
    assert "There is no predictions.npz" in blocks[0].text and blocks[0].chart is None
    assert blocks[-1].title == "Worst mistakes" and blocks[-1].html


@pytest.mark.parametrize("content", [b"", b"PK", b"no archive"])
def test_damaged_files_are_said(tmp_path: Path, content: bytes) -> None:
    run = write_run(tmp_path / "run", "regression")
    (run.contestant("darts", 0) / "predictions.npz").write_bytes(content)
    (run.path / "samples.npz").write_bytes(content)
    first, last = prediction_blocks(run, "darts")
    assert "Expected a whole predictions.npz" in first.text
    assert "Expected a whole samples.npz" in last.text


@pytest.mark.parametrize(
    "arrays",
    [
        {"targets": np.zeros((3, 2), np.float32)},
        {"predictions": np.zeros((3, 5), np.float32), "targets": np.zeros((3, 2))},
        {"predictions": np.zeros((3, 2), np.float32), "targets": np.zeros((4, 2))},
        {"predictions": np.zeros((0, 2), np.float32), "targets": np.zeros((0, 2))},
        {"predictions": np.array([["a", "b"]]), "targets": np.zeros((1, 2))},
    ],
)
def test_arrays_that_do_not_fit_are_said(tmp_path: Path, arrays: dict[str, np.ndarray]) -> None:
    run = write_run(tmp_path / "run", "regression")
    np.savez(run.contestant("darts", 0) / "predictions.npz", **arrays)
    assert "Expected" in prediction_blocks(run, "darts")[0].text


def test_an_old_run_without_samples_still_has_its_charts(run: RunFolder, kind: str) -> None:
    (run.path / "samples.npz").unlink()
    blocks = prediction_blocks(run, "darts")
    assert [block.title for block in blocks] == TITLES[kind]
    assert "There is no samples.npz" in blocks[-1].text
    assert blocks[0].csv


def test_samples_that_belong_to_nobody_are_said(tmp_path: Path) -> None:
    run = write_run(tmp_path / "run", "multiclass")
    (run.path / "darts").rename(run.path / "other")
    assert "Expected examples of other" in prediction_blocks(run, "other")[-1].text


def test_of_another_seed_there_are_charts_but_no_pictures(run: RunFolder, kind: str) -> None:
    blocks = prediction_blocks(run, "darts", 1)
    assert [block.title for block in blocks] == TITLES[kind]
    assert "first repetition" in blocks[-1].text
    assert rows_of(blocks[0]) != rows_of(prediction_blocks(run, "darts", 0)[0])


def rewrite(run: RunFolder, change) -> None:
    file = run.contestant("darts", 0) / "predictions.npz"
    with np.load(file) as arrays:
        found = dict(arrays)
    change(found["predictions"])
    np.savez(file, **found)


def test_some_nan_is_left_out_and_counted(run: RunFolder) -> None:
    rewrite(run, lambda predictions: predictions.__setitem__(slice(0, 7), np.nan))
    for block in prediction_blocks(run, "darts")[:-1]:
        if not block.html or "<table" in block.html:
            assert f"7 of {NUM_TEST} predictions are not numbers" in block.text
        assert ",nan" not in block.csv


def test_all_nan_is_a_training_that_diverged(run: RunFolder) -> None:
    rewrite(run, lambda predictions: predictions.fill(np.nan))
    blocks = prediction_blocks(run, "darts")
    assert "the training diverged" in blocks[0].text


def test_a_damaged_run_file_is_the_caller_s_to_say(tmp_path: Path) -> None:
    run = write_run(tmp_path / "run", "multiclass")
    (run.path / "run.json").write_text("{")
    with pytest.raises(RunError):
        prediction_blocks(run, "darts")


def test_csv_quotes_what_needs_it() -> None:
    text = to_csv(['a"b'], [["x,y\nz"], ["=SUM(A1)"], ["@cmd"], [-1.5]])
    assert list(csv.reader(io.StringIO(text))) == [
        ['a"b'],
        ["x,y\nz"],
        ["'=SUM(A1)"],
        ["'@cmd"],
        ["-1.5"],
    ]


def test_report_stays_free_of_torch() -> None:
    import subprocess
    import sys

    code = (
        "import sys, nasci.reports.predictions, nasci.reports.cells; print('torch' in sys.modules)"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "False"
