"""The benchmark of a search's cost: a contestant that searches nothing costs what training does."""

import pytest
import torch
from benchmarks.recipe.sets import HELD_BACK, problem_of
from benchmarks.search_cost import costs

from nasci.config import Budget, Settings
from nasci.training import LocalRuntime
from nasci.tune import fit_skeleton

MACS = Budget(3e8, "macs")


def test_training_alone_costs_one(tiny_settings: Settings) -> None:
    runtime = LocalRuntime(torch.device("cpu"))
    problem, _ = problem_of(HELD_BACK)
    settings = fit_skeleton(problem, tiny_settings)
    spent, plain, outcome = costs("resnet10-tiny", problem, settings, MACS, runtime, 0)
    assert spent.macs == pytest.approx(MACS.amount, rel=0.1)
    # evaluations are placed by the clock's unit, so they need not be as many
    assert plain.macs == pytest.approx(spent.macs, rel=0.15)
    assert plain.examples == pytest.approx(spent.examples, abs=settings.train.batch_size)
    assert outcome.epochs == pytest.approx(spent.examples / len(problem.data.train))


def test_a_search_costs_more_than_the_training_of_what_it_found(tiny_settings: Settings) -> None:
    runtime = LocalRuntime(torch.device("cpu"))
    problem, _ = problem_of(HELD_BACK)
    settings = fit_skeleton(problem, tiny_settings).model_copy()
    sized = settings.search.model_copy(update={"cells": 2, "channels": 4})
    settings = settings.model_copy(update={"search": sized})
    spent, plain, outcome = costs("darts", problem, settings, MACS, runtime, 0)
    assert spent.macs > 1.2 * plain.macs
    assert plain.examples == pytest.approx(outcome.epochs * len(problem.data.train), rel=0.1)
