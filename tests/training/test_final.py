"""Training from a description: weights from the seed alone, and what the outcome holds."""

import numpy as np
import pytest
import torch

from nasci.config import Budget, Settings
from nasci.nets import CellSpec, LinearSpec, ResNetSpec
from nasci.space import CellSpace
from nasci.training import EVALUATION_BATCH, Batches, Clock, evaluate, train_spec

SETTINGS = Settings.model_validate({"train": {"batch_size": 12, "lr": 0.01}})


def run(spec, problem, runtime, *, epochs=2, seed=0, settings=SETTINGS):
    clock = Clock(Budget(epochs, "epochs"), runtime, num_examples=60)
    training = train_spec(spec, problem, clock, settings, runtime, seed)
    while True:
        try:
            next(training)
        except StopIteration as stop:
            return stop.value


def cell_spec(**values: object) -> CellSpec:
    space = CellSpace(num_nodes=1, inputs_per_node=1, multiplier=1, op_names=("sep_conv_3x3",))
    return CellSpec(
        architecture=space.sample(np.random.default_rng(0)), cells=2, channels=2, **values
    )


@pytest.mark.parametrize("spec", [LinearSpec(), ResNetSpec(widths=(4,), blocks=(1,)), cell_spec()])
def test_outcome(problem, runtime, spec) -> None:
    outcome = run(spec, problem, runtime)
    assert outcome.epochs == 2
    assert outcome.architecture == (spec.architecture if isinstance(spec, CellSpec) else None)
    assert (outcome.trials, outcome.continuous, outcome.arch_weights) == (0, None, {})
    assert outcome.final.spec == spec
    valid = Batches(problem.data.valid, problem.data.normalisation, runtime, EVALUATION_BATCH)
    scores = evaluate(outcome.final.network, problem.task, valid, runtime)
    assert scores == outcome.final.valid


def test_weights_follow_the_seed_alone(problem, runtime) -> None:
    weights = []
    for global_seed, seed in ((1, 0), (2, 0), (1, 1)):
        torch.manual_seed(global_seed)
        state = torch.get_rng_state()
        weights.append(run(LinearSpec(), problem, runtime, seed=seed).final.network.head.weight)
        assert torch.equal(torch.get_rng_state(), state)
    assert torch.equal(weights[0], weights[1])
    assert not torch.equal(weights[0], weights[2])


def test_auxiliary_weight_of_the_settings_is_used(problem, runtime) -> None:
    spec = cell_spec(auxiliary=True)
    heads = []
    for weight in (0.0, 1.0):
        values = {
            "train": {"batch_size": 12, "optimizer": "sgd", "weight_decay": 0.0},
            "network": {"auxiliary_weight": weight},
        }
        outcome = run(spec, problem, runtime, settings=Settings.model_validate(values))
        heads.append(outcome.final.network.auxiliary.head.weight)
    fresh = run(spec, problem, runtime, epochs=1e-9).final.network.auxiliary.head.weight
    torch.testing.assert_close(heads[0], fresh, rtol=0, atol=0.02)
    assert (heads[1] - heads[0]).abs().max() > 1e-3
