"""Findings in the architecture weights: uniform, `none` on top, thrown away, moving, one-hot."""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from nasci.records import DiagnosisRecord
from nasci.searchers.diagnosis.seen import (
    SearchSeen,
    choices,
    chosen_mask,
    kind_in_words,
)
from nasci.searchers.observe import edge_entropies, edge_shares, strongest
from nasci.searchers.selection import argmax_without_none
from nasci.space import NONE, CellArchitecture, CellSpace

UNIFORM_ENTROPY = 0.99
"""Entropy of an edge from which its weights count as uniform.

To second order 1 - entropy is var(alpha) / (2 log num_ops): at 0.99 the alphas of 8 operations have
a standard deviation of 0.2, so that the best operation has about 1.3 times its equal share. The
study's uniform searches (MNIST, graphene) ended between 0.993 and 1.000.
"""

NONE_EDGES = 0.5
"""Share of a cell's edges on which `none` may be strongest.

The paper's cell of 14 edges drops 6 of them anyway: up to there `none` may be right. In the study
it was strongest on 11 (Galaxy Zoo) and 13 (chest X-ray).
"""

NONE_MASS = 0.5
"""Mean share of an edge's weight that `none` may have: beyond, a sum is mostly nothing.

In the study it was 0.53 (Galaxy Zoo) and 0.87 (chest X-ray).
"""

KEPT_WEIGHT = 0.5
"""Mean share of an edge's weight that the operations which are kept must have at least.

Below, most of what the supernet computed on the edges of the discrete cell is thrown away, and its
metric says little about the discrete network. In the study 0.23 (Galaxy Zoo), 0.18 (chest X-ray).
"""

MOVING_WINDOW = 3
"""Evaluations before the last one at which the choice is compared: about a tenth of the clock."""

MOVING = 0.25
"""Share of the choices that may change within the window: 2 of the 8 edges of a cell."""

ONE_HOT_ERROR = 1e-6
"""Largest distance of a weight from 0 or 1 that counts as round-off; float32 has 1e-7."""


def weight_findings(seen: SearchSeen) -> Iterator[DiagnosisRecord]:
    """Find what the architecture weights tell, cell by cell, then of both.

    Where weights are not finite, nothing else is said of them. Uniform weights keep little in
    whatever is chosen, so that is not said a second time.
    """
    finite = True
    for kind, weights, cell in seen.cells():
        if not np.isfinite(weights).all():
            yield _not_finite(kind, weights)
            finite = False
            continue
        if is_uniform(weights):
            yield _uniform(kind, weights)
        else:
            yield from _discarded(seen.space, kind, weights, cell)
        yield from _none_dominates(seen.space, kind, weights, cell)
    if finite:
        yield from _still_moving(seen)
        yield from _one_hot(seen)


def is_uniform(weights: NDArray[np.floating]) -> bool:
    """Return whether the weights of more than half of the edges are as good as uniform.

    Not by the mean entropy, in which a few decided edges hide the others. Edges with one operation
    left are decided.

    Args:
        weights: (num_edges, num_ops), at least 0; those of pruned operations are exactly 0.

    >>> is_uniform(np.full((14, 8), 1 / 8)), is_uniform(np.eye(8))
    (True, False)
    """
    return bool((edge_entropies(weights) >= UNIFORM_ENTROPY).mean() > 0.5)


def _uniform(kind: str, weights: NDArray[np.floating]) -> DiagnosisRecord:
    entropies = edge_entropies(weights)
    uniform = entropies >= UNIFORM_ENTROPY
    where = "" if uniform.all() else f" on {uniform.sum()} of {len(uniform)} edges"
    left = (weights[uniform] > 0).sum(axis=1)
    among = (
        ""
        if (left == weights.shape[1]).all()
        else f", among the {left.mean():.2g} operations that are left"
    )
    median = float(np.median(entropies))
    return DiagnosisRecord(
        finding="uniform",
        level="warning",
        value=median,
        threshold=UNIFORM_ENTROPY,
        text=f"Architecture weights of {kind_in_words(kind)} are still uniform{where} (entropy "
        f"{median:.3f}): this cell is an arbitrary draw{among}.",
        advice="Raise `arch_lr`, or trust the ResNet.",
        cell=kind,
    )


def _none_dominates(
    space: CellSpace, kind: str, weights: NDArray[np.floating], cell: CellArchitecture
) -> Iterator[DiagnosisRecord]:
    if NONE not in space.op_names:
        return
    on_top = strongest(space, weights, NONE)
    mass = float(edge_shares(weights)[:, space.op_names.index(NONE)].mean())
    too_often = on_top.mean() > NONE_EDGES
    if not too_often and mass <= NONE_MASS:
        return
    kept = chosen_mask(space, cell).any(axis=1)
    num_runners_up = int((on_top & kept).sum())
    yield DiagnosisRecord(
        finding="none-dominates",
        level="warning",
        value=float(on_top.mean()) if too_often else mass,
        threshold=NONE_EDGES if too_often else NONE_MASS,
        text=f"`none` is the strongest operation on {on_top.sum()} of {len(on_top)} edges of "
        f"{kind_in_words(kind)} (mean weight {mass:.2f}), {num_runners_up} of them among the "
        f"{kept.sum()} that were kept: what was chosen there is a runner-up.",
        # Liu et al. 2019, section 2.4: why the paper does not let it take part.
        advice="Search again without `none` in `network.ops`: BatchNorm hides how much of it there "
        "is, so that its weight is not learned from the data.",
        cell=kind,
    )


def _discarded(
    space: CellSpace, kind: str, weights: NDArray[np.floating], cell: CellArchitecture
) -> Iterator[DiagnosisRecord]:
    kept = float(edge_shares(weights)[chosen_mask(space, cell)].mean())
    if kept >= KEPT_WEIGHT:
        return
    yield DiagnosisRecord(
        finding="discarded-weight",
        level="warning",
        value=kept,
        threshold=KEPT_WEIGHT,
        text=f"The operations that {kind_in_words(kind)} keeps had a mean weight of {kept:.2f} on "
        f"their edges: discretization throws {1 - kept:.0%} of the mixture away.",
        advice="Search longer or raise `arch_lr`, so that the weights decide before they are cut; "
        "judge by the discrete network only.",
        cell=kind,
    )


def _still_moving(seen: SearchSeen) -> Iterator[DiagnosisRecord]:
    if not seen.history:
        return
    num_evaluations = min(len(history) for history in seen.history.values())
    window = min(MOVING_WINDOW, num_evaluations - 1)
    if window < 1:
        return
    *earlier, last = (
        choices(
            argmax_without_none(
                seen.space, {kind: history[-back] for kind, history in seen.history.items()}
            )
        )
        for back in range(window + 1, 0, -1)
    )
    share = 1 - len(last.intersection(*earlier)) / len(last)
    if share <= MOVING:
        return
    yield DiagnosisRecord(
        finding="still-moving",
        level="warning",
        value=share,
        threshold=MOVING,
        text=f"{share:.0%} of the chosen edges and operations changed within the last {window + 1} "
        "evaluations of the search: it ended before it had decided.",
        advice="Search longer, with a larger `search.share` or `budget`.",
    )


def _one_hot(seen: SearchSeen) -> Iterator[DiagnosisRecord]:
    errors = [0.0]
    for _, weights, cell in seen.cells():
        chosen = chosen_mask(seen.space, cell)
        # `none` adds nothing, whatever its weight.
        matter = [name != NONE for name in seen.space.op_names]
        errors.append(float(np.abs(weights - chosen)[:, matter].max()))
    if len(errors) == 1 or max(errors) > ONE_HOT_ERROR:
        return
    yield DiagnosisRecord(
        finding="one-hot",
        level="info",
        value=max(errors),
        threshold=ONE_HOT_ERROR,
        text="Every edge has one operation left, the one that was chosen: the discrete network "
        "equals the supernet up to round-off, and the gap of discretization is zero by "
        "construction.",
        advice="",
    )


def _not_finite(kind: str, weights: NDArray[np.floating]) -> DiagnosisRecord:
    bad = ~np.isfinite(weights)
    return DiagnosisRecord(
        finding="not-finite",
        level="warning",
        value=float(bad.sum()),
        threshold=0.0,
        text=f"{bad.sum()} of the {bad.size} architecture weights of {kind_in_words(kind)} are not "
        "finite: the search diverged, and this cell means nothing.",
        advice="Lower `search.lr` and `arch_lr`, and look for extreme values in the data.",
        cell=kind,
    )
