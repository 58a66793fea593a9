"""Vote fractions down a decision tree of questions, as in Galaxy Zoo.

A network answers every question on its own (a softmax over the question's answers); the number of
an answer is that share times the share of people who were asked (Willett et al. 2013). So the
answers of a question sum to the share of its parents, whatever the network says.
"""

import torch
import torch.nn.functional as F
from torch import Tensor

from nasci.records import QuestionTree, Target, TaskOptions
from nasci.tasks.heads import fully_connected
from nasci.tasks.metrics import Metric
from nasci.tasks.number_metrics import column_mae, column_rmse, mae, mean_r2, rmse
from nasci.tasks.regression import regression
from nasci.tasks.task import NO_OPTIONS, Task


def vote_fractions(outputs: Tensor, tree: QuestionTree) -> Tensor:
    """Return the number of every answer, (B, A) in [0, 1].

    Args:
        outputs: (B, A), one logit an answer in the order of `tree.columns`.
        tree: which question follows which answer.
    """
    columns: list[Tensor] = []
    for parents, span in tree.spans():
        shares = outputs[:, span].softmax(dim=1)
        if parents:
            asked = torch.stack([columns[parent] for parent in parents]).sum(dim=0)
            shares = shares * asked.unsqueeze(1)
        columns.extend(shares.unbind(dim=1))
    return torch.stack(columns, dim=1)


def question_tree(
    input_shape: tuple[int, ...], target: Target, options: TaskOptions = NO_OPTIONS
) -> Task:
    """Return the task; predictions and targets are the numbers of the answers, float32 (B, A).

    The loss is the mean squared error over all answers, whose root is the first metric. With
    `options.tree_head` off the answers are a plain regression that knows nothing of the tree, as
    the 2019 study had it as an option.

    >>> from nasci.records import read_tree
    >>> tree = read_tree("galaxy-zoo")
    >>> target = Target(kind="question_tree", names=tree.columns, tree=tree)
    >>> question_tree((3, 64, 64), target, TaskOptions()).primary.name
    'RMSE'
    """
    tree = target.tree
    assert tree is not None, "a target of this kind has a tree"

    def predict(outputs: Tensor) -> Tensor:
        return vote_fractions(outputs, tree)

    def loss(outputs: Tensor, targets: Tensor) -> Tensor:
        return F.mse_loss(predict(outputs), targets)

    plain = None if options.tree_head else regression(input_shape, target, options)
    return Task(
        input_shape=input_shape,
        target=target,
        options=options,
        num_outputs=len(target.names),
        metrics=(
            Metric("RMSE", 0.0, rmse),
            Metric("MAE", 0.0, mae),
            Metric("mean R²", 1.0, mean_r2),
        ),
        loss=plain.loss if plain else loss,
        predict=plain.predict if plain else predict,
        head=fully_connected(len(target.names), options.hidden),
        columns={"RMSE": column_rmse, "MAE": column_mae},
    )
