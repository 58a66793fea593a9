"""Searches on toys whose answer is known by construction: never noise, and the needed operation.

The clock counts steps, so that every number repeats to the bit.
"""

import importlib
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

from nasci.space import Architecture, CellArchitecture

ROOT = Path(__file__).parents[2]
SEARCHES = ("default", "pc-darts", "sparse-darts")
SEEDS = (0, 1)


@pytest.fixture(scope="module")
def planted() -> ModuleType:
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(ROOT)
        return importlib.import_module("benchmarks.planted")


@pytest.fixture(scope="module")
def benchmark() -> ModuleType:
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(ROOT)
        return importlib.import_module("benchmarks.known_answers")


def toy_of(planted: ModuleType, name: str):
    (toy,) = (toy for toy in planted.TOYS if toy.name == name)
    return toy


@pytest.mark.parametrize("correlation", [0.9, -0.9])
def test_windows_narrower_than_the_lag_hold_nothing(planted, correlation: float) -> None:
    """Pixels of a narrow window are independent and standard normal, whatever the class."""
    lag, side = 4, 9
    x = planted.repeating(np.random.default_rng(0), 4000, side, lag, correlation)
    pixels = x[:, :2].reshape(len(x), -1)
    found = np.cov(pixels, rowvar=False)
    expected = np.eye(2 * side)
    for one in range(2 * side):
        for other in range(2 * side):
            distance = abs(one - other)
            if one // side == other // side and distance and distance % lag == 0:
                expected[one, other] = correlation ** (distance // lag)
    np.testing.assert_allclose(found, expected, atol=5 * 1.5 / np.sqrt(len(x)))


def test_only_the_needed_operation_learns(planted) -> None:
    toy = toy_of(planted, "distance")
    accuracy = {op: planted.accuracy_of(toy, op, 0, toy.steps) for op in toy.ops}
    needed = accuracy.pop(toy.needed)
    assert needed > 0.9
    assert max(accuracy.values()) < 0.65  # 128 examples: 3.4 standard deviations above chance


def test_the_k_of_every_preset_divides_the_channels(planted) -> None:
    from nasci.config import PRESET_NAMES

    for toy in planted.TOYS:
        for preset in PRESET_NAMES:
            partial = planted.settings_of(toy, preset).search.partial
            first = toy.channels if "normal" in toy.kinds else 2 * toy.channels
            assert first % partial == 0


def test_answers_are_counted(planted, benchmark) -> None:
    toy = toy_of(planted, "s4")
    cell = CellArchitecture.from_pairs([("noise", 0), ("sep_conv_3x3", 1)], [2])
    found = benchmark.answer(toy, Architecture(normal=cell, reduce=cell))
    assert (found.right, found.edges, found.noise, found.majority) == (1, 2, 1, False)
    for toy in planted.TOYS:
        shares = [found.share for found in benchmark.random_answers(toy)]
        # 1000 cells of at least two edges: 5 standard deviations
        assert np.mean(shares) == pytest.approx(toy.chance, abs=5 * 0.5 / np.sqrt(2000))


@pytest.mark.parametrize("row", SEARCHES)
def test_noise_is_never_chosen(planted, benchmark, row: str) -> None:
    toy = toy_of(planted, "s4")
    for seed in SEEDS:
        found = benchmark.search(toy, row, seed, toy.steps)
        assert (found.noise, found.right) == (0, found.edges)


@pytest.mark.parametrize("row", SEARCHES)
def test_skip_connections_do_not_take_over(planted, benchmark, row: str) -> None:
    toy = toy_of(planted, "s2")
    for seed in SEEDS:
        assert benchmark.search(toy, row, seed, toy.steps).majority


def test_the_planted_operation_is_found(planted, benchmark) -> None:
    for name in ("distance", "maximum"):
        toy = toy_of(planted, name)
        found = benchmark.search(toy, "default", 0, toy.steps)
        assert found.right == found.edges


def test_quick_run(benchmark, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "answers.md"
    answers = benchmark.main(["--quick", "--out", str(out)])
    assert len(answers["default", "s4"]) == 1
    printed = capsys.readouterr().out
    assert out.read_text() == printed
    assert "bar s4 noise edges of default:" in printed
    assert "bar right op over random, default:" in printed
