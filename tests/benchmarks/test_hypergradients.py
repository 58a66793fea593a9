"""The benchmark of hypergradients: its finite difference is the product's, and it runs."""

import argparse
import importlib
from pathlib import Path
from types import ModuleType

import pytest
import torch
import torch.nn.functional as F

from nasci.searchers import finite_difference

ROOT = Path(__file__).parents[2]


@pytest.fixture
def benchmark(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    monkeypatch.syspath_prepend(ROOT)
    return importlib.import_module("benchmarks.hypergradients")


def test_its_finite_difference_is_the_products(benchmark: ModuleType) -> None:
    options = argparse.Namespace(nodes=1, cells=3, channels=2)
    supernet = benchmark.build(0, options).double()
    digits = benchmark.Digits(0, 8)
    train, valid = benchmark.doubled([digits.batch(half, 8) for half in (0, 1)])
    _, ours = benchmark.differences(supernet, train, valid, 0.1, (0.01,))
    theirs = benchmark.flat(finite_difference(supernet, F.cross_entropy, train, valid, 0.1))
    torch.testing.assert_close(ours, theirs, rtol=1e-8, atol=1e-12)


def test_quick_run(
    benchmark: ModuleType, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "table.md"
    rows = benchmark.main(["--quick", "--out", str(out)])
    assert "| step 2 | 8 | 0.025 |" in out.read_text()
    assert "bar finite difference's error" in capsys.readouterr().out
    (control,) = rows["smooth, float64", 8, 0.025]
    # Without kinks, a tenth of epsilon has a hundredth of the error: the implementation is right.
    assert control["fd 0.01"] < 0.03 * control["fd 0.1"]
    assert control["fd 0.001"] < 0.03 * control["fd 0.01"]
    (at_small_lr,), (at_paper_lr,) = rows["step 0", 8, 0.003], rows["step 0", 8, 0.025]
    assert at_small_lr["first"] < at_paper_lr["first"]
