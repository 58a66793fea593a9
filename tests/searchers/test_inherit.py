"""A pruned supernet and its discrete network are one function; weights and optimizer go on."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch

from nasci.config import Settings
from nasci.nets import CellNetwork, Supernet, inherited_spec, supernet_spec
from nasci.records import EpochRecord, PruneRecord, SelectionRecord
from nasci.searchers import darts
from nasci.searchers.discretize import narrow_to
from nasci.searchers.inherit import inherit, inherit_optimizer, inherited_names
from nasci.space import CellSpace
from nasci.training import Clock, LocalRuntime, Problem, make_optimizer, take_step

MakeSettings = Callable[..., Settings]
OPS = "network.ops=none,skip_connect,max_pool_3x3,avg_pool_3x3,sep_conv_3x3,dil_conv_5x5"


def built(settings: Settings, problem: Problem, relaxation: str) -> Supernet:
    torch.manual_seed(3)
    spec = supernet_spec(settings).model_copy(update={"relaxation": relaxation})
    supernet = spec.build(problem.task).double()
    for alpha in supernet.alphas.values():
        torch.nn.init.normal_(alpha)
    return supernet


@pytest.mark.parametrize("relaxation", ["softmax", "sparsemax", "gumbel-sample", "sample-2"])
@pytest.mark.parametrize("seed", range(3))
def test_one_operation_an_edge_is_the_discrete_network(
    make_settings: MakeSettings, problem: Problem, relaxation: str, seed: int
) -> None:
    """The gap is zero by construction, in training and in evaluation."""
    settings = make_settings(OPS)
    supernet = built(settings, problem, relaxation)
    architecture = CellSpace.from_settings(settings.network).sample(np.random.default_rng(seed))
    x = torch.randn(6, *problem.task.input_shape, dtype=torch.float64)
    supernet.train()(x)  # statistics that are not those of a new network
    narrow_to(supernet, architecture)
    network = inherit(supernet, inherited_spec(architecture, settings), problem.task).double()
    network.load_state_dict(
        {
            name: supernet.state_dict()[old]
            for name, old in inherited_names(
                supernet, inherited_spec(architecture, settings)
            ).items()
        }
    )
    for train in (False, True):
        torch.testing.assert_close(supernet.train(train)(x), network.train(train)(x))
    assert isinstance(network, CellNetwork)
    assert network.prediction_parameters() < supernet.prediction_parameters()


@pytest.mark.parametrize("optimizer", ["adam", "sgd"])
def test_the_next_step_is_the_same(
    make_settings: MakeSettings, problem: Problem, optimizer: str
) -> None:
    """With the optimizer's state, a step of the discrete network is that of the supernet."""
    rates = (f"search.optimizer={optimizer}", f"train.optimizer={optimizer}")
    decay = ("search.weight_decay=0.01", "train.weight_decay=0.01")
    settings = make_settings(OPS, *rates, *decay)
    runtime = LocalRuntime(torch.device("cpu"))
    supernet = built(settings, problem, "softmax").train()
    architecture = CellSpace.from_settings(settings.network).sample(np.random.default_rng(0))
    spec = inherited_spec(architecture, settings)
    x = torch.randn(6, *problem.task.input_shape, dtype=torch.float64)
    y = torch.tensor([0, 1, 2, 0, 1, 2])
    old = make_optimizer([w for _, w in supernet.named_weights()], settings.search)

    def step(network: Any, parameters: list[Any], chosen: torch.optim.Optimizer) -> None:
        loss = problem.task.loss(network(x), y)
        gradients = torch.autograd.grad(loss, parameters, materialize_grads=True)
        take_step(parameters, gradients, chosen, 0.0, runtime)

    for _ in range(3):
        step(supernet, [w for _, w in supernet.named_weights()], old)
    narrow_to(supernet, architecture)
    network = inherit(supernet, spec, problem.task).double()
    names = inherited_names(supernet, spec)
    network.load_state_dict({name: supernet.state_dict()[key] for name, key in names.items()})
    network.train()
    fresh = make_optimizer(network.parameters(), settings.train)
    inherit_optimizer(old, supernet, spec, network, fresh)
    step(supernet, [w for _, w in supernet.named_active_weights()], old)
    step(network, list(network.parameters()), fresh)
    after = supernet.state_dict()
    for name, value in network.named_parameters():
        torch.testing.assert_close(value, after[names[name]])


def test_pruned_weights_stay_where_they_are(make_settings: MakeSettings, problem: Problem) -> None:
    settings = make_settings(OPS, "search.weight_decay=0.1")
    runtime = LocalRuntime(torch.device("cpu"))
    supernet = built(settings, problem, "softmax").train()
    optimizer = make_optimizer([w for _, w in supernet.named_weights()], settings.search)
    architecture = CellSpace.from_settings(settings.network).sample(np.random.default_rng(0))
    narrow_to(supernet, architecture)
    before = {name: w.detach().clone() for name, w in supernet.named_weights()}
    left = dict(supernet.named_active_weights())
    x = torch.randn(6, *problem.task.input_shape, dtype=torch.float64)
    loss = problem.task.loss(supernet(x), torch.tensor([0, 1, 2, 0, 1, 2]))
    gradients = torch.autograd.grad(loss, list(left.values()), materialize_grads=True)
    take_step(list(left.values()), gradients, optimizer, 5.0, runtime)
    for name, w in supernet.named_weights():
        assert torch.equal(w, before[name]) is (name not in left), name


@pytest.mark.parametrize("prune", ["none", "rank"])
def test_nothing_is_retrained(
    problem: Problem,
    runtime: LocalRuntime,
    make_settings: MakeSettings,
    make_clock: Callable[[float], Clock],
    drain: Callable[..., Any],
    prune: str,
) -> None:
    settings = make_settings("search.inherit=true", f"search.prune={prune}", "search.lr=0.01")
    records, outcome = drain(darts(problem, make_clock(1e8), settings, runtime, 0))
    epochs = [r for r in records if isinstance(r, EpochRecord)]
    searching = [r for r in epochs if r.phase == "search"]
    training = [r for r in epochs if r.phase == "train"]
    # One cosine over the whole clock: the rate of training goes on where that of the search ended.
    start, end = settings.search.lr, settings.train.lr
    assert searching[-1].lr / start > 0.5
    assert training[0].lr < end
    assert training[-1].lr < 0.02 * end
    assert outcome.final.spec.style == "search"
    assert outcome.epochs > training[-1].epoch
    (selection,) = [r for r in records if isinstance(r, SelectionRecord)]
    assert selection.continuous == searching[-1].valid
    assert (len([r for r in records if isinstance(r, PruneRecord)]) > 0) is (prune == "rank")
    # The first evaluation after the search is not that of a network which starts anew.
    assert training[0].train_loss < searching[0].train_loss
