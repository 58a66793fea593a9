"""`nasci report` and `nasci figure` as a user types them."""

import subprocess
import sys
from pathlib import Path

import pytest
from report_runs import Plan, write_whole_run
from typer.testing import CliRunner

from nasci.cli.app import app
from nasci.errors import NasciError


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_whole_run(tmp_path_factory.mktemp("runs") / "run", Plan()).path


@pytest.fixture
def nasci(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    monkeypatch.chdir(tmp_path)

    def call(*arguments: object) -> str:
        result = CliRunner().invoke(app, [str(a) for a in arguments])
        if isinstance(result.exception, NasciError):
            raise result.exception
        assert result.exit_code == 0, result.output
        return result.output

    return call


def test_report_prints_the_leaderboard_and_writes_the_page(nasci, run: Path) -> None:
    said = nasci("report", run)
    assert "accuracy on test" in said
    assert "The search was not worth it" in said
    assert f"Report: {run / 'report.html'}" in said
    assert (run / "report.html").read_text("utf-8").startswith("<!doctype html>")


def test_report_opens_the_browser_if_asked(
    nasci, run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened: list[str] = []
    monkeypatch.setattr("webbrowser.open", opened.append)
    nasci("report", run, "--out", "mine.html")
    assert opened == []
    nasci("report", run, "--open", "--out", "mine.html")
    assert opened == [(tmp_path / "mine.html").as_uri()]


def test_several_runs_make_one_page(nasci, run: Path, tmp_path: Path) -> None:
    other = write_whole_run(tmp_path / "other", Plan(until="trained")).path
    said = nasci("report", run, other)
    assert "Report: comparison.html" in said
    assert "side by side" in (tmp_path / "comparison.html").read_text("utf-8")


STARTS = {"svg": b"<svg", "pdf": b"%PDF", "png": b"\x89PNG"}


@pytest.mark.parametrize("kind", ["cells", "curves", "alphas"])
@pytest.mark.parametrize("file_format", STARTS)
def test_a_figure_is_a_file(nasci, run: Path, tmp_path: Path, kind: str, file_format: str) -> None:
    said = nasci("figure", run, kind, "--format", file_format)
    ends = ("",) if kind == "curves" else ("-normal", "-reduce")
    for end in ends:
        file = tmp_path / f"{kind}{end}.{file_format}"
        assert f"Figure: {file.name}" in said
        content = file.read_bytes()
        assert content.startswith(STARTS[file_format])
        assert b"var(" not in content  # colours of a page would be none in a paper
    nasci("figure", run, kind, "--format", file_format, "--out", f"sub/mine.{file_format}")
    found = {file.stem for file in (tmp_path / "sub").iterdir()}
    assert found == {f"mine{end}" for end in ends}


@pytest.mark.parametrize(
    ("arguments", "rule"),
    [
        (("nothing",), "Expected `KIND` to be cells or curves or alphas, but got `nothing`"),
        (("cells", "--format", "gif"), "Expected `--format` to be svg or pdf or png"),
        (("cells", "--contestant", "linear"), "Expected an architecture of linear, seed 0"),
        (("alphas", "--seed", 7), "Expected architecture weights of a search, seed 7"),
    ],
)
def test_refusals_say_the_rule_and_the_fix(
    nasci, run: Path, arguments: tuple[object, ...], rule: str
) -> None:
    with pytest.raises(NasciError) as error:
        nasci("figure", run, *arguments)
    assert str(error.value).startswith(rule)


def test_help_draws_nothing() -> None:
    code = (
        "import sys; import nasci.cli.app;"
        "heavy = {'altair', 'jinja2', 'vl_convert', 'torch', 'numpy'} & set(sys.modules);"
        "assert not heavy, heavy"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)
