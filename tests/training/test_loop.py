"""The loop: a step by hand, the budget, repetition to the bit, the best weights at the end."""

import dataclasses
from collections.abc import Generator

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from nasci.config import Budget, TrainSettings
from nasci.nets import LinearSpec, Network, ResNetSpec
from nasci.records import EpochRecord
from nasci.training import (
    EVALUATION_BATCH,
    Batches,
    Clock,
    LocalRuntime,
    Problem,
    Trained,
    cosine_lr,
    descend,
    evaluate,
    make_optimizer,
    prediction_macs,
    train,
)

RESNET = ResNetSpec(widths=(4,), blocks=(1,))
BATCH = 12


def settings(**values: object) -> TrainSettings:
    return TrainSettings.model_validate({"batch_size": BATCH, "lr": 0.01, **values})


def build(spec, problem: Problem, runtime: LocalRuntime, seed: int = 0) -> Network:
    torch.manual_seed(seed)
    return runtime.prepare(spec.build(problem.task))


def macs_clock(network: Network, runtime: LocalRuntime, steps: float) -> Clock:
    """Return a clock for about so many steps (evaluations included)."""
    step = 3 * BATCH * prediction_macs(network, torch.zeros(1, 1, 8, 8))
    return Clock(Budget(steps * step, "macs"), runtime)


def exhaust(training: Generator[EpochRecord, None, Trained]) -> tuple[list[EpochRecord], Trained]:
    records = []
    while True:
        try:
            records.append(next(training))
        except StopIteration as stop:
            return records, stop.value


def run(problem, runtime, *, steps=60, seed=0, spec=RESNET, network=None, clock=None, **values):
    """Train a tiny network; return its records, what training returned, network and clock."""
    auxiliary_weight = values.pop("auxiliary_weight", 0.0)
    network = build(spec, problem, runtime) if network is None else network
    clock = macs_clock(network, runtime, steps) if clock is None else clock
    chosen = settings(**values)
    optimizer = make_optimizer(network.parameters(), chosen)
    training = train(
        network,
        optimizer,
        problem,
        clock,
        chosen,
        runtime,
        seed=seed,
        auxiliary_weight=auxiliary_weight,
    )
    return *exhaust(training), network, clock


def without_seconds(records: list[EpochRecord]) -> list[dict]:
    return [record.model_dump(exclude={"spent": {"seconds"}}) for record in records]


class Two(nn.Module):
    """Parameters to descend on."""

    def __init__(self) -> None:
        super().__init__()
        self.a = nn.Parameter(torch.tensor([1.0, 2.0]))
        self.b = nn.Parameter(torch.tensor([3.0, 4.0]))


SLOPE = torch.tensor([3.0, -4.0])


@pytest.mark.parametrize(("clip_norm", "norm"), [(0.0, 5.0), (10.0, 5.0), (5.1, 5.0), (0.5, 0.5)])
def test_descend_clips_the_norm_and_keeps_the_direction(runtime, clip_norm, norm) -> None:
    two = Two()
    optimizer = torch.optim.SGD(two.parameters(), lr=1.0)
    loss = two.a[0] * SLOPE[0] + two.b[1] * SLOPE[1]
    descend([loss], two.parameters(), optimizer, clip_norm, runtime)
    moved = torch.tensor([1.0, 4.0]) - torch.stack([two.a[0], two.b[1]]).detach()
    torch.testing.assert_close(moved, SLOPE * norm / 5, rtol=1e-5, atol=1e-6)
    assert (two.a[1].item(), two.b[0].item()) == (2, 3)


def test_descend_clips_a_shared_gradient_once(runtime) -> None:
    """A sum hands one tensor to both of its terms; clipping in place would scale it twice."""
    two = Two()
    optimizer = torch.optim.SGD(two.parameters(), lr=1.0)
    descend([((two.a + two.b) * SLOPE).sum()], two.parameters(), optimizer, 0.1, runtime)
    expected = 0.1 * SLOPE / (5 * 2**0.5)
    torch.testing.assert_close(torch.tensor([1.0, 2.0]) - two.a.detach(), expected)
    torch.testing.assert_close(torch.tensor([3.0, 4.0]) - two.b.detach(), expected)


def test_descend_takes_an_expanded_gradient(runtime) -> None:
    two = Two()
    optimizer = torch.optim.SGD(two.parameters(), lr=1.0)
    descend([two.a.sum()], two.parameters(), optimizer, 1.0, runtime)
    assert (1 - two.a[0]).item() == pytest.approx(0.5**0.5, rel=1e-5)


def test_descend_moves_only_what_it_is_given(runtime) -> None:
    two = Two()
    optimizer = torch.optim.SGD(two.parameters(), lr=1.0)
    descend([((two.a + two.b) * SLOPE).sum()], [two.a], optimizer, 0.0, runtime)
    assert two.a.tolist() == [-2, 6]
    assert two.b.tolist() == [3, 4]
    assert two.b.grad is None


def test_descend_leaves_frozen_parameters(runtime) -> None:
    two = Two()
    two.b.requires_grad_(False)
    optimizer = torch.optim.SGD(two.parameters(), lr=1.0)
    descend([((two.a + two.b) * SLOPE).sum()], two.parameters(), optimizer, 0.0, runtime)
    assert two.a.tolist() == [-2, 6]
    assert two.b.tolist() == [3, 4]


def test_descend_forgets_the_last_gradient(runtime) -> None:
    two = Two()
    optimizer = torch.optim.SGD(two.parameters(), lr=1.0)
    for _ in range(2):
        descend([(two.a * SLOPE).sum()], two.parameters(), optimizer, 0.0, runtime)
    assert two.a.tolist() == [1 - 6, 2 + 8]
    assert two.b.grad.tolist() == [0, 0]  # part of every step, as other processes expect


def test_descend_averages_before_it_clips() -> None:
    class Halves(LocalRuntime):
        def average_gradients(self, gradients) -> None:
            for gradient in gradients:
                gradient.mul_(0.5)

    two = Two()
    optimizer = torch.optim.SGD(two.parameters(), lr=1.0)
    halves = Halves(torch.device("cpu"))
    descend([((two.a + two.b) * SLOPE).sum()], two.parameters(), optimizer, 1e3, halves)
    assert two.a.tolist() == [1 - 1.5, 2 + 2]
    assert two.b.tolist() == [3 - 1.5, 4 + 2]


def test_learns_a_separable_problem(problem, runtime) -> None:
    for spec, steps in ((RESNET, 120), (LinearSpec(), 300)):
        records, trained, *_ = run(problem, runtime, spec=spec, steps=steps)
        assert trained.valid["accuracy"] >= 0.9
        assert records[-1].train_loss < 0.7 * records[0].train_loss


@pytest.mark.parametrize("steps", [25, 40, 80])
def test_spends_its_budget_and_no_more(problem, runtime, steps: int) -> None:
    _, trained, _, clock = run(problem, runtime, steps=steps)
    assert 0.8 < clock.fraction <= 1.05
    assert clock.spent.examples == trained.steps * BATCH


def test_epochs_are_exact(problem, runtime) -> None:
    clock = Clock(Budget(7, "epochs"), runtime, num_examples=60)
    records, trained, *_ = run(problem, runtime, clock=clock)
    assert (trained.steps, trained.epochs, clock.used) == (35, 7.0, 7.0)
    assert [record.step for record in records] == [5, 10, 15, 20, 25, 30, 35]


def test_a_used_up_clock_gives_one_step_and_its_evaluation(problem, runtime) -> None:
    clock = Clock(Budget(1, "macs"), runtime)
    records, trained, *_ = run(problem, runtime, clock=clock)
    assert (trained.steps, len(records)) == (1, 1)


def test_one_seed_gives_the_same_run_to_the_bit(problem, runtime) -> None:
    torch.manual_seed(1)
    records, trained, network, _ = run(problem, runtime, seed=4, cutout=2)
    other_records, other_trained, other, _ = run(problem, runtime, seed=4, cutout=2)
    assert without_seconds(records) == without_seconds(other_records)
    assert trained == other_trained
    for name, tensor in network.state_dict().items():
        assert torch.equal(tensor, other.state_dict()[name])


def test_another_seed_gives_another_run(problem, runtime) -> None:
    records, _, network, _ = run(problem, runtime, seed=4)
    others, _, other, _ = run(problem, runtime, seed=5)
    assert records[0].train_loss != others[0].train_loss
    # The networks began alike, so that order and augmentation alone made the difference.
    assert not torch.equal(network.stem[0].weight, other.stem[0].weight)


class Random(Network):
    """A network with random layers in front of and behind a BatchNorm."""

    def __init__(self) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.layers = nn.Sequential(
            nn.Conv2d(1, 4, 3), nn.Dropout(0.3), nn.BatchNorm2d(4), nn.Flatten(), nn.Dropout(0.3)
        )
        self.head = nn.Linear(4 * 36, 3)

    def forward(self, x: Tensor) -> Tensor:
        return self.head(self.layers(x) + 0.1 * torch.randn(4 * 36))  # as the operation `noise`


def test_random_layers_follow_the_seed_alone(problem, runtime) -> None:
    runs = []
    for global_seed in (1, 2):
        network = Random()
        torch.manual_seed(global_seed)
        runs.append(run(problem, runtime, network=network, steps=40))
    assert without_seconds(runs[0][0]) == without_seconds(runs[1][0])
    assert torch.equal(runs[0][2].head.weight, runs[1][2].head.weight)


def test_ends_with_the_best_weights(problem, runtime) -> None:
    count = iter(range(10**6))

    def loss(outputs: Tensor, targets: Tensor) -> Tensor:
        """Teach for 40 steps, and then unteach."""
        if not torch.is_grad_enabled():  # a look, not a step
            return F.cross_entropy(outputs, targets)
        return F.cross_entropy(outputs, targets) * (1 if next(count) < 40 else -1)

    spied = Problem(dataclasses.replace(problem.task, loss=loss), problem.data)
    records, trained, network, _ = run(spied, runtime, steps=250, min_lr=0.01)
    records = [record for record in records if isinstance(record, EpochRecord)]
    errors = [problem.task.errors(record.valid) for record in records]
    best = records[errors.index(min(errors))]
    assert best.step < records[-1].step - 20  # otherwise this test would say nothing
    assert trained.valid == best.valid
    # Exactly: the statistics of BatchNorm are those of that evaluation too.
    valid = Batches(problem.data.valid, problem.data.normalisation, runtime, EVALUATION_BATCH)
    assert evaluate(network, problem.task, valid, runtime) == best.valid


def test_nan_never_counts_as_best(problem, runtime) -> None:
    values = iter([float("nan"), 0.25, float("nan"), 0.5, 0.125])
    metric = dataclasses.replace(
        problem.task.metrics[0], compute=lambda *_: next(values, float("nan"))
    )
    task = dataclasses.replace(problem.task, metrics=(metric,))
    clock = Clock(Budget(6, "epochs"), runtime, num_examples=60)
    _, trained, *_ = run(Problem(task, problem.data), runtime, clock=clock)
    assert trained.valid == {"accuracy": 0.5}


def test_records_tell_what_happened(problem, runtime) -> None:
    losses: list[float] = []

    def loss(outputs: Tensor, targets: Tensor) -> Tensor:
        value = F.cross_entropy(outputs, targets)
        if torch.is_grad_enabled():
            losses.append(value.item())
        return value

    spied = Problem(dataclasses.replace(problem.task, loss=loss), problem.data)
    records, trained, _, clock = run(spied, runtime, steps=60, min_lr=0.001)
    records = [record for record in records if isinstance(record, EpochRecord)]
    assert len(losses) == trained.steps == records[-1].step
    start, clock_before = 0, 0.0
    for record in records:
        assert record.phase == "train"
        assert record.epoch == record.step / 5
        mean = sum(losses[start : record.step]) / (record.step - start)
        assert record.train_loss == pytest.approx(mean, rel=1e-5)
        assert record.clock > clock_before
        assert record.spent.examples == record.step * BATCH
        # Of the last step, which began between the last record and this one.
        high, low = (cosine_lr(f, settings(min_lr=0.001)) for f in (clock_before, record.clock))
        assert low < record.lr <= high
        start, clock_before = record.step, record.clock
    assert records[-1].spent == clock.spent
    assert records[-1].clock == clock.fraction


class TwoHeads(Network):
    """A network with an auxiliary head; it remembers the progress it was told."""

    def __init__(self) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.main, self.auxiliary = nn.Linear(64, 3), nn.Linear(64, 3)
        self.progress: list[float] = []

    def forward(self, x: Tensor) -> Tensor:
        return self.main(x.flatten(1))

    def training_outputs(self, x: Tensor, progress: float) -> tuple[Tensor, ...]:
        self.progress.append(progress)
        return self(x), self.auxiliary(x.flatten(1))


@pytest.mark.parametrize("weight", [0.0, 0.4, 2.0])
def test_auxiliary_losses_count_by_their_weight(problem, runtime, weight: float) -> None:
    network, start = TwoHeads(), TwoHeads()
    one_batch = dataclasses.replace(
        problem.data, augmentation=dataclasses.replace(problem.data.augmentation, max_shift=0)
    )
    run(
        Problem(problem.task, one_batch),
        runtime,
        network=network,
        clock=Clock(Budget(1, "macs"), runtime),  # one step, of all examples
        batch_size=60,
        optimizer="sgd",
        lr=0.1,
        weight_decay=0.0,
        clip_norm=0.0,
        auxiliary_weight=weight,
    )
    x, y = Batches(one_batch.train, one_batch.normalisation, runtime, 60).read(
        torch.arange(60).numpy()
    )
    for name, scale in (("main", 1.0), ("auxiliary", weight)):
        before, after = getattr(start, name).weight, getattr(network, name).weight
        loss = F.cross_entropy(getattr(start, name)(x.flatten(1)), y)
        (gradient,) = torch.autograd.grad(loss, before)
        torch.testing.assert_close(after, before - 0.1 * scale * gradient, rtol=1e-4, atol=1e-6)


def test_progress_goes_from_0_to_1(problem, runtime) -> None:
    network = TwoHeads()
    run(problem, runtime, network=network, steps=60)
    assert network.progress[0] == 0
    assert network.progress == sorted(network.progress)
    assert 0.7 < network.progress[-1] <= 1


def test_can_be_left_early(problem, runtime) -> None:
    network = build(RESNET, problem, runtime)
    clock, chosen = macs_clock(network, runtime, 1000), settings()
    optimizer = make_optimizer(network.parameters(), chosen)
    training = train(network, optimizer, problem, clock, chosen, runtime, seed=0, phase="trial 3")
    for record in training:
        assert record.phase == "trial 3"
        if record.step >= 30:
            break
    training.close()
    assert clock.spent == record.spent
    assert clock.fraction < 0.3
    network(torch.zeros(2, 1, 8, 8)).sum().backward()  # nothing is left half-open
    assert torch.is_grad_enabled()


def test_augments_train_and_not_valid(problem, runtime) -> None:
    seen: dict[bool, list[Tensor]] = {True: [], False: []}

    class Spy(Network):
        def __init__(self) -> None:
            super().__init__()
            self.head = nn.Linear(64, 3)

        def forward(self, x: Tensor) -> Tensor:
            seen[self.training].append(x.detach().clone())
            return self.head(x.flatten(1))

    run(problem, runtime, network=Spy(), clock=Clock(Budget(1, "epochs"), runtime, num_examples=60))
    data = problem.data
    plain = {
        name: torch.cat(
            [
                Batches(split, data.normalisation, runtime, 60).read(indices)[0]
                for indices in Batches(split, data.normalisation, runtime, 60).ordered()
            ]
        )
        for name, split in (("train", data.train), ("valid", data.valid))
    }
    assert torch.equal(torch.cat(seen[False]), plain["valid"])
    train_x = torch.cat(seen[True])
    assert len(train_x) == 60
    assert not (train_x == 0).any()  # no cutout unless it is asked for
    unchanged = (train_x[:, None] == plain["train"][None]).flatten(2).all(2).any(1)
    assert 0 < unchanged.sum() < 30  # one in nine stays in its place


def test_cutout_of_the_settings_is_used(problem, runtime) -> None:
    seen: list[Tensor] = []

    class Spy(TwoHeads):
        def training_outputs(self, x: Tensor, progress: float) -> tuple[Tensor, ...]:
            seen.append(x.detach().clone())
            return super().training_outputs(x, progress)

    clock = Clock(Budget(1, "epochs"), runtime, num_examples=60)
    run(problem, runtime, network=Spy(), clock=clock, cutout=4)
    blank = (torch.cat(seen) == 0).flatten(1).sum(1)
    assert (blank.min() >= 4, blank.max()) == (True, 16)  # a corner, and a whole square


def test_precision_of_the_runtime_is_used(problem) -> None:
    dtypes = set()

    class Spy(TwoHeads):
        def forward(self, x: Tensor) -> Tensor:
            outputs = super().forward(x)
            dtypes.add(outputs.dtype)
            return outputs

    half = LocalRuntime(torch.device("cpu"), torch.bfloat16)
    clock = Clock(Budget(20, "epochs"), half, num_examples=60)
    _, trained, network, _ = run(problem, half, network=Spy(), clock=clock)
    assert dtypes == {torch.bfloat16}
    assert {p.dtype for p in network.parameters()} == {torch.float32}
    assert trained.valid["accuracy"] > 0.8
