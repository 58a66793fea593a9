"""Training a network from its description: what every contestant ends with."""

from collections.abc import Generator

from nasci._random import derive_seed
from nasci.config import Settings
from nasci.nets import CellSpec, NetworkSpec
from nasci.records import AnyRecord
from nasci.training.clock import Clock
from nasci.training.contestant import Outcome, ScoredNetwork
from nasci.training.keeper import Keeper
from nasci.training.loop import train
from nasci.training.optimizers import make_optimizer
from nasci.training.problem import Problem
from nasci.training.runtime import Runtime, seeded


def train_spec(
    spec: NetworkSpec,
    problem: Problem,
    clock: Clock,
    settings: Settings,
    runtime: Runtime,
    seed: int,
    keeper: Keeper | None = None,
) -> Generator[AnyRecord, None, Outcome]:
    """Build a network and train it from scratch until the clock is used up.

    Args:
        spec: which network.
        problem: task and data.
        clock: everything is charged to it.
        settings: how to train.
        runtime: where it is computed.
        seed: decides weights, order and augmentation.
        keeper: keeps the state of the training.
    """
    with seeded(derive_seed(seed, "weights"), runtime.device):
        network = runtime.prepare(spec.build(problem.task))
    optimizer = make_optimizer(network.parameters(), settings.train)
    trained = yield from train(
        network,
        optimizer,
        problem,
        clock,
        settings.train,
        runtime,
        seed=seed,
        auxiliary_weight=settings.network.auxiliary_weight,
        keeper=keeper,
    )
    return Outcome(
        ScoredNetwork(spec, network, trained.valid),
        trained.epochs,
        architecture=spec.architecture if isinstance(spec, CellSpec) else None,
    )
