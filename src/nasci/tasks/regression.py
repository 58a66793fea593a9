"""Regression: one number or several, learned standardised, reported in the target's units."""

import torch.nn.functional as F
from torch import Tensor

from nasci.records import Target, TaskOptions
from nasci.tasks.heads import fully_connected
from nasci.tasks.metrics import Metric, Predictions, Targets
from nasci.tasks.number_metrics import (
    column_mae,
    column_r2,
    column_rmse,
    mae,
    mean_r2,
    rmse,
)
from nasci.tasks.task import NO_OPTIONS, Task


def regression(
    input_shape: tuple[int, ...], target: Target, options: TaskOptions = NO_OPTIONS
) -> Task:
    """Return the task; predictions and targets are numbers (B, K) in the target's units.

    Outputs are standardised by `options.mean` and `options.std` (K,), those of train; the loss is
    the mean squared error of the standardised numbers, so that columns of unlike units count alike.
    RMSE and MAE of one column are in its units; of several, in standard deviations of train.

    >>> target = Target(kind="regression", names=("strain",), units=("%",))
    >>> task = regression((1, 30, 80), target, TaskOptions(mean=(10.0,), std=(2.0,)))
    >>> [metric.name for metric in task.metrics]
    ['R²', 'RMSE [%]', 'MAE [%]']
    """
    num_columns = len(target.names)
    several = num_columns > 1
    unit = "SD of train" if several else "".join(target.units)
    suffix = f" [{unit}]" if unit else ""

    def scaled(values: Predictions | Targets) -> Predictions:
        numbers: Predictions = values.astype("float64")
        return numbers / options.std if several else numbers

    def loss(outputs: Tensor, targets: Tensor) -> Tensor:
        mean, std = outputs.new_tensor(options.mean), outputs.new_tensor(options.std)
        return F.mse_loss(outputs, (targets - mean) / std)

    def predict(outputs: Tensor) -> Tensor:
        return outputs * outputs.new_tensor(options.std) + outputs.new_tensor(options.mean)

    return Task(
        input_shape=input_shape,
        target=target,
        options=options,
        num_outputs=num_columns,
        metrics=(
            Metric("R²", 1.0, mean_r2),
            Metric(f"RMSE{suffix}", 0.0, lambda p, t: rmse(scaled(p), scaled(t))),
            Metric(f"MAE{suffix}", 0.0, lambda p, t: mae(scaled(p), scaled(t))),
        ),
        loss=loss,
        predict=predict,
        head=fully_connected(num_columns, options.hidden),
        columns={"R²": column_r2, "RMSE": column_rmse, "MAE": column_mae},
    )
