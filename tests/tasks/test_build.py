"""Tasks as records and back, and the metric that decides, by its name."""

import numpy as np
import pytest
import torch

from nasci.errors import ConfigError
from nasci.records import TASK_KINDS, Target, TaskKind, TaskOptions, TaskRecord, read_tree
from nasci.tasks import TASKS, Task, from_record, make_task, to_record

TREE = read_tree("galaxy-zoo")
TARGETS = {
    "multiclass": Target(kind="multiclass", names=("müon", "pion", "kaon")),
    "multilabel": Target(kind="multilabel", names=("effusion", "nodule")),
    "regression": Target(kind="regression", names=("strain", "stress"), units=("%", "GPa")),
    "question_tree": Target(kind="question_tree", names=TREE.columns, tree=TREE),
}


def task(kind: TaskKind) -> Task:
    scale = (1.0, 2.0) if kind == "regression" else ()
    return make_task((3, 16, 12), TARGETS[kind], TaskOptions(mean=scale, std=scale))


def targets(kind: str, count: int) -> torch.Tensor:
    generator = torch.Generator().manual_seed(1)
    width = len(TARGETS[kind].names)
    if kind == "multiclass":
        return torch.randint(width, (count,), generator=generator)
    if kind == "multilabel":
        return torch.randint(2, (count, width), generator=generator).float()
    return torch.rand(count, width, generator=generator)


def test_there_is_a_builder_for_every_kind() -> None:
    assert set(TASKS) == set(TASK_KINDS) == set(TARGETS)


@pytest.mark.parametrize("kind", TASK_KINDS)
def test_a_task_survives_its_record_as_json(kind: TaskKind) -> None:
    before = task(kind)
    again = from_record(TaskRecord.model_validate_json(to_record(before).model_dump_json()))
    assert to_record(again) == to_record(before)
    outputs = torch.randn(20, before.num_outputs, generator=torch.Generator().manual_seed(0))
    true = targets(kind, 20)
    assert torch.equal(again.loss(outputs, true), before.loss(outputs, true))
    predictions = again.predict(outputs).numpy()
    assert again.score(predictions, true.numpy()) == before.score(predictions, true.numpy())
    assert again.head(5)(torch.zeros(1, 5)).shape == (1, before.num_outputs)


@pytest.mark.parametrize("kind", TASK_KINDS)
def test_every_metric_has_its_best_value_for_a_perfect_prediction(kind: TaskKind) -> None:
    true = targets(kind, 40).numpy()
    names = len(TARGETS[kind].names)
    perfect = np.eye(names)[true] if kind == "multiclass" else true
    scores = task(kind).score(perfect.astype(np.float32), true)
    for metric in task(kind).metrics:
        assert scores[metric.name] == pytest.approx(metric.best, abs=1e-6), metric.name


@pytest.mark.parametrize("kind", TASK_KINDS)
def test_a_step_along_the_gradient_lowers_the_loss(kind: TaskKind) -> None:
    chosen = task(kind)
    outputs = torch.randn(8, chosen.num_outputs, generator=torch.Generator().manual_seed(2))
    outputs.requires_grad_()
    loss = chosen.loss(outputs, targets(kind, 8))
    (gradient,) = torch.autograd.grad(loss, outputs)
    assert chosen.loss(outputs - 0.05 * gradient, targets(kind, 8)) < loss


@pytest.mark.parametrize("kind", TASK_KINDS)
def test_columns_have_one_number_a_name(kind: TaskKind) -> None:
    chosen = task(kind)
    outputs = torch.randn(30, chosen.num_outputs, generator=torch.Generator().manual_seed(3))
    columns = chosen.score_columns(chosen.predict(outputs).numpy(), targets(kind, 30).numpy())
    assert columns
    for numbers in columns.values():
        assert tuple(numbers) == TARGETS[kind].names


@pytest.mark.parametrize(
    ("kind", "name", "found"),
    [
        ("multiclass", "auroc", "AUROC"),
        ("multiclass", "Macro F1", "macro-F1"),
        ("multilabel", "AUROC", "mean AUROC"),
        ("multilabel", "mean ap", "mean AP"),
        ("regression", "r2", "R²"),
        ("regression", "rmse", "RMSE [SD of train]"),
        ("question_tree", "MAE", "MAE"),
    ],
)
def test_the_metric_that_decides_is_found_by_its_name(
    kind: TaskKind, name: str, found: str
) -> None:
    before = task(kind)
    chosen = make_task((1, 8, 8), TARGETS[kind], before.options.model_copy(update={"metric": name}))
    assert chosen.primary.name == found
    assert {metric.name for metric in chosen.metrics} == {metric.name for metric in before.metrics}


def test_a_metric_that_is_not_there_is_refused_with_those_that_are() -> None:
    with pytest.raises(
        ConfigError, match=r"out of mean BCE, mean AUROC, mean AP .* got `accuracy`"
    ):
        make_task((1, 8, 8), TARGETS["multilabel"], TaskOptions(metric="accuracy"))


@pytest.mark.parametrize("kind", TASK_KINDS)
def test_two_layers_before_the_head(kind: TaskKind) -> None:
    options = task(kind).options.model_copy(update={"hidden": (7, 5)})
    head = make_task((1, 8, 8), TARGETS[kind], options).head(11)
    shapes = [tuple(weight.shape) for weight in head.parameters() if weight.dim() == 2]
    assert shapes == [(7, 11), (5, 7), (len(TARGETS[kind].names), 5)]
    assert head(torch.zeros(2, 11)).shape == (2, len(TARGETS[kind].names))
