"""The commands as a user types them: what they print, their exit codes, their errors."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from nasci.config import describe


@pytest.fixture
def tiny_options(tiny_assignments: tuple[str, ...]) -> list[str]:
    return [part for assignment in tiny_assignments for part in ("--set", assignment)]


def assert_one_sentence(code: int, out: str, err: str) -> None:
    """An error that the user can mend: exit code 2, one line, no traceback."""
    assert code == 2
    assert err.startswith("Error: Expected")
    assert err.count("\n") == 1
    assert "Traceback" not in err + out


def test_the_main_job_end_to_end(nasci, digits_npz: Path, tiny_options: list[str]) -> None:
    contestants = "linear,resnet10-tiny,random,darts"
    options = ["--budget", "2e9macs", "--contestants", contestants, "--out", "run"]
    # The linear model takes thousands of its tiny steps for as many multiply-adds: not for a test.
    options[3] = "resnet10-tiny,random,darts"
    code, out, _ = nasci("run", digits_npz, *options, *tiny_options)
    assert code == 0
    assert "accuracy on test" in out
    for name in ("resnet10-tiny", "random, 2 tried", "darts", "darts, continuous"):
        assert name in out
    assert "worth it" in out or "Undecided" in out
    assert "done after" in out  # plain lines, since this is no terminal

    code, report, _ = nasci("report", "run")
    assert code == 0
    assert report.strip() in out


def test_a_race_has_the_whole_budget(
    nasci, digits_npz: Path, tiny_options: list[str], tmp_path: Path
) -> None:
    code, out, _ = nasci(
        "run", digits_npz, "--policy", "race", "--budget", "1e9macs", "--out", "run", *tiny_options,
        "--set", "race.entrants=resnet10-tiny,cells", "--set", "race.min_steps=1",
    )  # fmt: skip
    assert code == 0
    assert "Round 1 of the race: " in out
    assert "won the race" in out
    assert "With `--policy equal`" in out
    code, report, _ = nasci("report", "run")
    assert code == 0
    assert report.strip() in out


def test_a_race_takes_no_contestants(nasci, digits_npz: Path) -> None:
    wrong = ("--policy", "race", "--contestants", "linear,darts")
    assert_one_sentence(*nasci("run", digits_npz, *wrong))
    assert_one_sentence(*nasci("run", digits_npz, "--policy", "fair"))
    entrants = ("--policy", "race", "--set", "race.entrants=resnet10-tini")
    code, out, err = nasci("run", digits_npz, *entrants)
    assert_one_sentence(code, out, err)
    assert "did you mean `resnet10-tiny`" in err
    assert not Path("runs").exists()  # refused before anything is written


def test_search_then_train_then_evaluate(
    nasci, digits_npz: Path, tiny_options: list[str], tmp_path: Path
) -> None:
    code, out, _ = nasci(
        "search", digits_npz, "--budget", "1epochs", "--out", "found", *tiny_options,
        "--set", "search.cells=2", "--set", "search.channels=4",
    )  # fmt: skip
    assert code == 0
    assert "Train it: nasci train DATA --architecture found/search/seed0/architecture.json" in out
    file = tmp_path / "found/search/seed0/architecture.json"
    code, out, _ = nasci(
        "train", digits_npz, "--architecture", file, "--budget", "2epochs", "--out", "trained",
        *tiny_options,
    )  # fmt: skip
    assert code == 0
    assert "Score it on test: nasci evaluate trained/cells/seed0 DATA" in out
    code, out, _ = nasci("evaluate", "trained/cells/seed0", digits_npz)
    assert code == 0
    assert "accuracy" in out
    assert "on test" in out


def test_search_compares_selections(
    nasci, digits_npz: Path, tiny_options: list[str], tmp_path: Path
) -> None:
    """Every rule with its gap, and what the search saw; with another relaxation and pruning."""
    code, out, _ = nasci(
        "search", digits_npz, "--budget", "2epochs", "--out", "found", *tiny_options,
        "--set", "search.cells=2", "--set", "search.channels=4", "--selection", "all",
        "--set", "search.relaxation=sample-2", "--set", "search.prune=rank",
    )  # fmt: skip
    assert code == 0
    assert "before any more training" in out
    for method in ("argmax", "argmax-with-none", "threshold", "perturbation", "last-standing"):
        assert f"\n{method} " in out
    assert out.count("(used)") == 1
    assert "Pruned to" in out
    code, out, _ = nasci("report", "found")
    assert code == 0
    assert "Test was not read" in out


def test_random_search(nasci, digits_npz: Path, tiny_options: list[str]) -> None:
    code, out, _ = nasci(
        "random-search", digits_npz, "--budget", "2epochs", "--out", "found", *tiny_options
    )
    assert code == 0
    assert "on valid after 2 architectures" in out


@pytest.mark.parametrize("model", ["linear", "resnet10-tiny"])
def test_train_a_model(nasci, digits_npz: Path, model: str) -> None:
    code, out, _ = nasci(
        "train", digits_npz, "--model", model, "--budget", "2epochs", "--out", "trained",
        "--set", "network.stem_stride=1",
    )  # fmt: skip
    assert code == 0
    assert "parameters, 2" in out
    code, out, _ = nasci("report", "trained")
    assert code == 0
    assert f"{model} seed 0: accuracy" in out
    assert "Test was not read" in out


def test_config_lists_every_setting(nasci) -> None:
    code, out, _ = nasci("config")
    assert code == 0
    for row in describe():
        assert row.key in out


def test_config_shows_a_preset_and_its_source(nasci) -> None:
    code, out, _ = nasci("config", "--preset", "darts-2019-second")
    assert code == 0
    assert "arXiv:1806.09055" in out
    assert "search.arch_lr" in out
    assert "runtime.device" not in out


def test_data_lists_what_is_built_in(nasci) -> None:
    code, out, _ = nasci("data")
    assert code == 0
    assert "mnist" in out


def test_architecture_commands(nasci, tmp_path: Path) -> None:
    code, out, _ = nasci("architecture", "show", "darts-v2")
    assert code == 0
    assert "Genotype(normal=[('sep_conv_3x3', 0)" in out
    code, sampled, _ = nasci("architecture", "sample", "--seed", 3)
    assert code == 0
    assert json.loads(sampled)["schema"] == 1
    (tmp_path / "cell.json").write_text(sampled)
    code, shown, _ = nasci("architecture", "show", "cell.json")
    assert code == 0
    (tmp_path / "cell.txt").write_text(shown[shown.index("Genotype") :])
    assert nasci("architecture", "show", "cell.txt")[1] == shown
    code, out, _ = nasci("architecture", "count")
    assert code == 0
    assert f"{(180 * 7**8) ** 2:,} architectures" in out


def write_npz(path: Path, **arrays: np.ndarray) -> Path:
    np.savez(path, **arrays)
    return path


IMAGES = np.random.default_rng(0).random((30, 8, 8)).astype(np.float32)
CLASSES = np.arange(30) % 3
BAD_ARRAYS = {
    "nan": (np.where(np.arange(64).reshape(8, 8) == 9, np.nan, IMAGES), CLASSES, "NaN"),
    "wrong dims": (IMAGES[0, 0], CLASSES[:8], ""),
    "float labels": (IMAGES, CLASSES + 0.0, "--task multiclass"),
    "one class": (IMAGES, np.zeros(30, dtype=int), "class"),
    "lengths": (IMAGES, CLASSES[:7], "7"),
    "empty": (IMAGES[:0], CLASSES[:0], ""),
}


@pytest.mark.parametrize("case", BAD_ARRAYS)
def test_bad_arrays_end_in_one_sentence(nasci, tmp_path: Path, case: str) -> None:
    x, y, word = BAD_ARRAYS[case]
    file = write_npz(tmp_path / "bad.npz", X=x, y=y)
    code, out, err = nasci("run", file, "--budget", "10s")
    assert_one_sentence(code, out, err)
    assert word in err
    assert not (tmp_path / "runs").exists()


@pytest.mark.parametrize(
    ("arguments", "word"),
    [
        (["run", "mnits"], "mnist"),
        (["run", "no/such.npz"], "no/such.npz"),
        (["run", "mnist", "--budget", "ten minutes"], "ten minutes"),
        (["run", "mnist", "--budget", "3epochs"], "equal compute"),
        (["run", "mnist", "--contestants", "resnet81"], "resnet18"),
        (["run", "mnist", "--set", "search.arch_rl=1"], "search.arch_lr"),
        (["run", "mnist", "--set", "nonsense"], "nonsense"),
        (["run", "mnist", "--preset", "darts-2019-frist"], "darts-2019-second"),
        (["run", "mnist", "--config", "none.toml"], "none.toml"),
        (["run", "mnist", "--set", "runtime.device=tpu"], "tpu"),
        (["train", "mnist"], "--model"),
        (["train", "mnist", "--model", "vgg"], "vgg"),
        (["train", "mnist", "--architecture", "darts-v3"], "darts-v2"),
        (["search", "mnist", "--set", "network.ops=none"], "none"),
        (["search", "mnist", "--selection", "best"], "argmax"),
        (["search", "mnist", "--set", "search.relaxation=softmx"], "`softmax`"),
        (["search", "mnist", "--set", "search.relaxation=sample-1"], "gumbel-sample"),
        (["search", "mnist", "--set", "search.penalties=l1=0.1"], "constant"),
        (["search", "mnist", "--preset", "pc-darts", "--set", "search.inherit=true"], "partial=4"),
        (["evaluate", "nowhere", "mnist"], "nowhere"),
        (["evaluate", "nowhere", "mnist", "--split", "all"], "all"),
        (["report", "nowhere"], "nowhere"),
        (["config", "--preset", "x"], "x"),
        (["architecture", "show", "nothing"], "nothing"),
        (["architecture", "count", "--set", "network.inputs_per_node=9"], "9"),
    ],
)
def test_bad_input_ends_in_one_sentence(
    nasci, tmp_path: Path, arguments: list[str], word: str
) -> None:
    code, out, err = nasci(*arguments)
    assert_one_sentence(code, out, err)
    assert word in err
    assert not (tmp_path / "runs").exists()


def test_evaluate_refuses_data_of_another_shape(nasci, digits_npz: Path, tmp_path: Path) -> None:
    nasci(
        "train", digits_npz, "--model", "linear", "--budget", "1epochs", "--out", "trained",
        "--set", "network.stem_stride=1",
    )  # fmt: skip
    code, out, err = nasci("evaluate", "trained/linear/seed0", "mnist")
    assert_one_sentence(code, out, err)
    assert "(1, 28, 28)" in err


def test_a_path_that_cannot_be_written_is_one_sentence(
    nasci, digits_npz: Path, tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("")
    code, out, err = nasci("run", digits_npz, "--budget", "10s", "--out", "file/run")
    assert_one_sentence(code, out, err)


@pytest.mark.parametrize("arguments", [["--help"], ["config"], ["data"], ["architecture", "count"]])
def test_what_computes_nothing_does_not_import_torch(arguments: list[str]) -> None:
    program = (
        "import sys; sys.argv[0] = 'nasci'\n"
        "from nasci.cli.main import main\n"
        "try: main()\n"
        "except SystemExit as stop: assert not stop.code, stop.code\n"
        "assert 'torch' not in sys.modules, 'torch was imported'\n"
    )
    subprocess.run(
        [sys.executable, "-c", program, *arguments], check=True, capture_output=True, timeout=60
    )
