"""Anchored search as a contestant: where it starts, what it returns, and what it says."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch

from nasci.baselines import BASELINES, baseline
from nasci.cli.sentences import sentence
from nasci.config import Settings
from nasci.data import Augmentation, Development, Normalisation, Split
from nasci.nets import ResidualSpec, count_parameters, residual_space
from nasci.records import AnchoredRecord, EvidenceRecord, Target
from nasci.searchers import anchored, random_residual
from nasci.tasks import make_task
from nasci.training import Clock, LocalRuntime, Problem

MACS = 1e9
Drain = Callable[[Any], tuple[list[Any], Any]]


def test_an_infinite_prior_is_the_training_of_the_tiny_resnet(
    problem: Problem,
    runtime: LocalRuntime,
    make_settings: Callable[..., Settings],
    make_clock: Callable[[float], Clock],
    drain: Drain,
) -> None:
    """The same parameters, the same steps, the same bits."""
    settings = make_settings("anchored.prior=infinite", "network.stages=4", "network.width=8")
    _, ours = drain(anchored(problem, make_clock(MACS), settings, runtime, 3))
    tiny = baseline(BASELINES["resnet10-tiny"])
    _, theirs = drain(tiny(problem, make_clock(MACS), settings, runtime, 3))
    own, others = ours.final.network.parameters(), theirs.final.network.parameters()
    assert count_parameters(ours.final.network) == count_parameters(theirs.final.network)
    assert all(torch.equal(p, q) for p, q in zip(own, others, strict=True))
    assert ours.final.valid == theirs.final.valid


@pytest.mark.parametrize("parts", ["ops", "width,depth", "stem", "ops,width,depth,stem"])
def test_keeps_its_clock_and_tells_what_it_found(
    parts: str,
    problem: Problem,
    runtime: LocalRuntime,
    make_settings: Callable[..., Settings],
    make_clock: Callable[[float], Clock],
    drain: Drain,
) -> None:
    settings = make_settings(f"anchored.parts={parts}", "anchored.prior=0")
    clock = make_clock(MACS)
    records, outcome = drain(anchored(problem, clock, settings, runtime, 0))
    assert 0.93 < clock.fraction < 1.03  # an evaluation is a twentieth of so short a clock
    (found,) = (record for record in records if isinstance(record, AnchoredRecord))
    spec = outcome.final.spec
    assert isinstance(spec, ResidualSpec) and found.network == spec.describe()
    space = residual_space(settings)
    assert found.is_anchor == (spec.architecture == space.anchor)
    said = "returned its anchor" in sentence(found)
    assert said == found.is_anchor
    told = {r.decision for r in records if isinstance(r, EvidenceRecord)}
    assert told == {decision.name for decision in space.decisions}
    assert found.discrete.keys() == found.continuous.keys() == outcome.final.valid.keys()


def _stripes(num_examples: int, seed: int) -> Split:
    """Return images of noise that repeats after 5 pixels along rows, or along columns."""
    generator = np.random.default_rng(seed)
    y = np.arange(num_examples) % 2
    x = generator.normal(size=(num_examples, 1, 16, 16))
    for column in range(5, 16):
        x[..., column] = 0.9 * x[..., column - 5] + np.sqrt(0.19) * x[..., column]
    turned = np.where(y[:, None, None, None], x.swapaxes(2, 3), x)
    return Split(turned.astype(np.float32), y.astype(np.int64))


def test_evidence_moves_it_where_the_resnet_cannot_see(
    runtime: LocalRuntime, make_clock: Callable[[float], Clock], drain: Drain
) -> None:
    """Two stages of kernels of 3 see 13 pixels at most; what decides is 15 apart."""
    from nasci.config import resolve_settings

    train, valid = _stripes(512, 0), _stripes(64, 1)
    data = Development(train, valid, Normalisation.from_split(train), Augmentation())
    problem = Problem(make_task((1, 16, 16), Target(kind="multiclass", names=("a", "b"))), data)
    settings = resolve_settings(
        assignments=(
            "network.stem_stride=1",
            "anchored.ops=conv_3x3,skip_connect,conv_7x1_1x7",
            "anchored.shared=true",
            "anchored.share=0.6",
            "train.batch_size=32",
        )
    )
    moved = 0
    for seed in range(3):
        _, outcome = drain(anchored(problem, make_clock(3e10), settings, runtime, seed))
        moved += "conv_7x1_1x7" in outcome.final.spec.describe()
    assert moved >= 2


def test_random_search_of_the_same_space(
    problem: Problem,
    runtime: LocalRuntime,
    make_settings: Callable[..., Settings],
    make_clock: Callable[[float], Clock],
    drain: Drain,
) -> None:
    settings = make_settings("anchored.parts=ops,width,depth,stem", "random.cells=3")
    _, outcome = drain(random_residual(problem, make_clock(MACS), settings, runtime, 0))
    assert isinstance(outcome.final.spec, ResidualSpec) and outcome.trials == 3
