import pytest
import torch

from nasci.errors import RunError
from nasci.records import MetricRecord, TaskRecord
from nasci.tasks import from_record, multiclass, to_record

TASK = multiclass((3, 16, 12), ("müon", "pion", "kaon"))


def test_what_is_written() -> None:
    assert to_record(TASK) == TaskRecord(
        kind="multiclass",
        input_shape=(3, 16, 12),
        num_outputs=3,
        class_names=("müon", "pion", "kaon"),
        metrics=(
            MetricRecord(name="accuracy", best=1),
            MetricRecord(name="cross-entropy", best=0),
            MetricRecord(name="macro-F1", best=1),
        ),
    )


def test_a_task_survives_its_record_as_json() -> None:
    text = to_record(TASK).model_dump_json()
    again = from_record(TaskRecord.model_validate_json(text))
    assert to_record(again) == to_record(TASK)
    outputs, targets = torch.tensor([[1.0, 2.0, 4.0], [0.0, 3.0, -1.0]]), torch.tensor([2, 0])
    assert torch.equal(again.loss(outputs, targets), TASK.loss(outputs, targets))
    predictions = again.predict(outputs).numpy()
    assert again.score(predictions, targets.numpy()) == TASK.score(predictions, targets.numpy())
    assert again.head(5)(torch.zeros(1, 5)).shape == (1, 3)


def test_a_kind_that_is_not_there_is_refused() -> None:
    record = to_record(TASK).model_copy(update={"kind": "regression"})
    with pytest.raises(RunError, match="kind multiclass, but got `regression`"):
        from_record(record)
