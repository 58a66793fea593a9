"""Simulated people who answer a tree of questions, each going down the branches they choose."""

import numpy as np
from numpy.typing import NDArray

from nasci.records import QuestionTree

NUM_VOTERS = 40


def cast_votes(
    log_odds: NDArray[np.float64],
    tree: QuestionTree,
    rng: np.random.Generator,
    num_voters: int = NUM_VOTERS,
) -> NDArray[np.float32]:
    """Let people vote on each example.

    A voter is asked a question if no answer leads to it or one that the voter gave does, and
    answers with the probability `softmax(log_odds)`, by the Gumbel-max rule (Maddison et al. 2014,
    arXiv:1411.0030, section 2).

    Args:
        log_odds: of each answer among those asked `(num_examples, num_columns)`.
        tree: its columns are those of `log_odds`.
        rng: the voters of an example do not depend on how many examples follow.
        num_voters: people an example, above 0.

    Returns:
        `(num_examples, num_columns)` in [0, 1], multiples of `1 / num_voters`: the share of all
        voters who gave an answer, which is the product of the vote fractions along the path.

    >>> from nasci.records import read_tree
    >>> tree = read_tree("galaxy-zoo")
    >>> votes = cast_votes(np.zeros((5, 37)), tree, np.random.default_rng(0))
    >>> votes.shape, votes[:, :3].sum(1).tolist()
    ((5, 37), [1.0, 1.0, 1.0, 1.0, 1.0])
    """
    num_examples, num_columns = log_odds.shape
    counts = np.zeros((num_examples, num_columns), np.int64)
    given = np.zeros((num_examples, num_voters, num_columns), bool)
    luck = rng.gumbel(size=given.shape)
    luck += log_odds[:, None, :]
    for parents, own in tree.spans():
        choice = luck[:, :, own].argmax(2)
        answers = choice[:, :, None] == np.arange(own.stop - own.start)
        if parents:
            answers &= np.any(given[:, :, list(parents)], axis=2, keepdims=True)
        given[:, :, own] = answers
        counts[:, own] = answers.sum(1)
    return (counts / num_voters).astype(np.float32)
