"""The diagnosis names what went wrong in the 2019 study, and is quiet where all went well."""

import math
from collections.abc import Callable, Mapping
from dataclasses import replace
from itertools import combinations
from math import comb

import numpy as np
import pytest
from numpy.typing import NDArray

from nasci.records import DiagnosisRecord, MetricRecord
from nasci.searchers.diagnosis import (
    KEPT_WEIGHT,
    LOST_AT_END,
    LOST_AT_ONCE,
    MANY_BY_CHANCE,
    UNIFORM_ENTROPY,
    SearchSeen,
    agreement,
    chance_agreement,
    diagnose,
    is_uniform,
    seed_agreement,
    sharpened_at,
)
from nasci.searchers.diagnosis.cells import most_by_chance
from nasci.searchers.diagnosis.curvature import SMOOTHING, curvature_ratios
from nasci.searchers.diagnosis.scores import lost_share
from nasci.searchers.diagnosis.seen import cell_of, chosen_mask
from nasci.searchers.observe import edge_entropies, edge_shares, normalised_entropy, strongest
from nasci.searchers.selection import argmax_without_none
from nasci.space import (
    STUDY_OP_NAMES,
    Architecture,
    CellArchitecture,
    CellSpace,
    published,
)

Weights = NDArray[np.float64]
Relax = Callable[[Weights], Weights]

DARTS = CellSpace()
STUDY = CellSpace(op_names=STUDY_OP_NAMES)
ACCURACY = MetricRecord(name="accuracy", best=1.0)
RMSE = MetricRecord(name="RMSE", best=0.0)
KINDS = ("normal", "reduce")


def softmax(alphas: Weights) -> Weights:
    exp = np.exp(alphas - alphas.max(axis=-1, keepdims=True))
    return np.asarray(exp / exp.sum(axis=-1, keepdims=True))


def sigmoid(alphas: Weights) -> Weights:
    """Return weights that do not sum to 1, near 0 or 1 as FairDARTS pushes them."""
    return 1 / (1 + np.exp(5 - 2 * alphas))


def sparse(alphas: Weights) -> Weights:
    """Return weights of which the small ones are exactly 0, as of pruned operations."""
    weights = softmax(alphas)
    return np.asarray(np.where(weights < 0.1, 0.0, weights))


def decided_alphas(
    architecture: Architecture, rng: np.random.Generator, space: CellSpace = DARTS
) -> dict[str, Weights]:
    """Return alphas of a search that has decided: the chosen operations stand out."""
    alphas = {}
    for kind in KINDS:
        mask = chosen_mask(space, cell_of(architecture, kind))
        alphas[kind] = rng.normal(scale=0.4, size=mask.shape) + 4.5 * mask
        # An edge that is not kept is decided, too, less clearly.
        best = alphas[kind].argmax(axis=1)
        alphas[kind][np.arange(len(best)), best] += 1.5 * ~mask.any(axis=1)
    return alphas


def healthy(
    seed: int = 0, relax: Relax = softmax, architecture: Architecture | None = None
) -> SearchSeen:
    """Return a search in which everything went well."""
    rng = np.random.default_rng(seed)
    architecture = architecture or published("darts-v2")
    alphas = decided_alphas(architecture, rng)
    # From nothing to where they end, with a little noise; decided for the last third.
    path = np.minimum(np.linspace(0, 1.5, 24), 1)[:, None, None]
    history = {
        kind: relax(path * a + 0.05 * rng.normal(size=(24, *a.shape))) for kind, a in alphas.items()
    }
    weights = {kind: h[-1] for kind, h in history.items()}
    return SearchSeen(
        DARTS,
        weights,
        architecture,
        history,
        ACCURACY,
        continuous=0.95,
        discrete=0.94,
        final=0.97,
        eigenvalues=tuple(0.2 + 0.02 * rng.normal(size=24)),
    )


def warnings(seen: SearchSeen) -> list[str]:
    return [record.finding for record in diagnose(seen) if record.level == "warning"]


def only(seen: SearchSeen, finding: str, cell: str = "") -> DiagnosisRecord:
    (record,) = (r for r in diagnose(seen) if r.finding == finding and r.cell == cell)
    return record


def uniform_weights(entropy: float, seed: int = 0, num_ops: int = 8) -> Weights:
    """Return weights whose mean entropy is the given one, by bisection on the scale of alpha."""
    direction = np.random.default_rng(seed).normal(size=(14, num_ops))
    low, high = 0.0, 10.0
    for _ in range(60):
        middle = (low + high) / 2
        if normalised_entropy(softmax(middle * direction)) > entropy:
            low = middle
        else:
            high = middle
    return softmax(low * direction)


def none_on_top(
    space: CellSpace, cell: CellArchitecture, num_edges: int, mass: float, kept: float
) -> Weights:
    """Return weights with `none` strongest on some edges, and with a mean mass and kept weight."""
    chosen = chosen_mask(space, cell)
    is_kept = chosen.any(axis=1)
    none = space.op_names.index("none")
    free = np.flatnonzero(is_kept)[: len(space.edges) - num_edges]  # where an operation is on top
    weights = np.zeros(chosen.shape)
    weights[chosen] = (kept * is_kept.sum() - 0.5 * len(free)) / (is_kept.sum() - len(free))
    weights[free] = np.where(chosen[free], 0.5, 0)
    on_free = 0.25
    room = 1 - weights.max(axis=1)
    rest = (mass * len(weights) - on_free * len(free)) / (len(weights) - len(free))
    # On the other edges `none` has what it can get, the same share of the room everywhere.
    others = np.setdiff1d(np.arange(len(weights)), free)
    weights[others, none] = room[others] * rest / room[others].mean()
    weights[free, none] = on_free
    left = 1 - weights.sum(axis=1)
    spare = (weights == 0).sum(axis=1)
    return np.asarray(np.where(weights == 0, (left / spare)[:, None], weights))


# Healthy searches


@pytest.mark.parametrize("relax", [softmax, sigmoid, sparse])
@pytest.mark.parametrize("seed", range(5))
def test_a_healthy_search_is_quiet(seed: int, relax: Relax) -> None:
    seen = healthy(seed, relax)
    assert argmax_without_none(DARTS, seen.weights) == seen.architecture  # it is realistic
    assert warnings(seen) == []
    assert {r.finding for r in diagnose(seen)} == {"gap", "gap-at-end"}
    assert all(r.advice == "" for r in diagnose(seen))


@pytest.mark.parametrize("name", ["darts-v2", "study-mnist", "study-chest"])
def test_cells_with_two_skips_are_quiet(name: str) -> None:
    assert warnings(healthy(architecture=published(name))) == []


def test_a_search_pruned_to_its_end_is_one_hot() -> None:
    seen = healthy()
    one_hot = {
        kind: chosen_mask(DARTS, cell_of(seen.architecture, kind)).astype(float) for kind in KINDS
    }
    seen = replace(seen, weights=one_hot, discrete=seen.continuous)
    assert warnings(seen) == []
    record = only(seen, "one-hot")
    assert (record.level, record.value, record.advice) == ("info", 0.0, "")
    assert "equals the supernet up to round-off" in record.text
    assert "the same error" in only(seen, "gap").text


def test_what_is_missing_is_not_judged() -> None:
    full = healthy()
    assert diagnose(SearchSeen(DARTS, full.weights, full.architecture)) == []
    assert diagnose(replace(full, metric=None)) == []
    assert [r.finding for r in diagnose(replace(full, discrete=None))] == ["gap-at-end"]
    assert [r.finding for r in diagnose(replace(full, final=None))] == ["gap"]


# The study


@pytest.mark.parametrize("entropy", [0.993, 0.998, 0.99999])
@pytest.mark.parametrize("seed", range(3))
def test_uniform_weights_of_the_study_are_named(entropy: float, seed: int) -> None:
    """MNIST and graphene: 0.993 to 1.000."""
    weights = {"normal": uniform_weights(entropy, seed), "reduce": uniform_weights(entropy, 9)}
    seen = replace(healthy(), weights=weights)
    assert warnings(seen) == ["uniform", "uniform"]  # and nothing else: one cause, one warning
    record = only(seen, "uniform", "normal")
    assert record.value == pytest.approx(np.median(edge_entropies(weights["normal"])))
    assert record.text.startswith("Architecture weights of the normal cell are still uniform")
    assert f"(entropy {record.value:.3f}): this cell is an arbitrary draw" in record.text
    assert record.advice == "Raise `arch_lr`, or trust the ResNet."


@pytest.mark.parametrize(
    ("space", "name", "num_edges", "mass", "kept"),
    [(STUDY, "study-galaxy-zoo", 11, 0.53, 0.23), (DARTS, "study-chest", 13, 0.87, 0.18)],
)
def test_none_on_top_in_the_study_is_named(
    space: CellSpace, name: str, num_edges: int, mass: float, kept: float
) -> None:
    architecture = published(name)
    weights = none_on_top(space, architecture.normal, num_edges, mass, kept)
    # The weights have the study's numbers.
    assert strongest(space, weights, "none").sum() == num_edges
    assert weights[:, 0].mean() == pytest.approx(mass)
    assert weights[chosen_mask(space, architecture.normal)].mean() == pytest.approx(kept)
    np.testing.assert_allclose(weights.sum(axis=1), 1)
    assert weights.min() > 0

    reduce = softmax(decided_alphas(architecture, np.random.default_rng(0), space)["reduce"])
    seen = SearchSeen(space, {"normal": weights, "reduce": reduce}, architecture)
    assert warnings(seen) == ["discarded-weight", "none-dominates"]
    none = only(seen, "none-dominates", "normal")
    assert none.value == pytest.approx(num_edges / 14)
    assert f"on {num_edges} of 14 edges" in none.text
    assert f"(mean weight {mass:.2f})" in none.text
    runners_up = num_edges - 6  # of the 8 that were kept; the other 6 have `none` on top
    assert f"{runners_up} of them among the 8" in none.text
    discarded = only(seen, "discarded-weight", "normal")
    assert discarded.value == pytest.approx(kept)
    assert f"{kept:.2f}" in discarded.text
    assert f"{1 - kept:.0%}" in discarded.text


def test_graphene_cell_of_the_study_has_no_convolution() -> None:
    """Five pools and three skips."""
    seen = healthy(architecture=published("study-graphene"))
    assert warnings(seen) == ["skip-collapse", "pooling-dominates"]
    assert only(seen, "skip-collapse", "normal").value == 3
    assert only(seen, "pooling-dominates", "normal").value == 5


@pytest.mark.parametrize(
    ("metric", "continuous", "final", "share"),
    [
        (ACCURACY, 0.9907, 0.9927, -0.0020 / 0.0093),
        (MetricRecord(name="R2", best=1.0), 0.89, 0.92, -0.03 / 0.11),
        (RMSE, 0.094, 0.114, 0.020 / 0.094),
        (MetricRecord(name="cross-entropy", best=0.0), 0.157, 0.163, 0.006 / 0.157),
    ],
)
def test_gaps_of_the_study(
    metric: MetricRecord, continuous: float, final: float, share: float
) -> None:
    """Only Galaxy Zoo's matters; chest X-ray's is told as information."""
    seen = replace(healthy(), metric=metric, continuous=continuous, discrete=None, final=final)
    record = only(seen, "gap-at-end")
    assert record.value == pytest.approx(share)
    assert record.level == ("warning" if metric is RMSE else "info")
    assert f"{abs(share):.0%} {'more' if share > 0 else 'less'} error" in record.text
    assert f"{continuous:.4g}" in record.text
    assert f"{final:.4g}" in record.text


@pytest.mark.parametrize(
    ("continuous", "discrete", "collapses"),
    [(0.737, 0.107, True), (0.775, 0.317, True), (0.803, 0.794, False), (0.773, 0.674, False)],
)
def test_gap_right_after_discretization(
    continuous: float, discrete: float, collapses: bool
) -> None:
    """Accuracies of supernets that compute all operations, and of those that sample two."""
    record = only(replace(healthy(), continuous=continuous, discrete=discrete, final=None), "gap")
    assert (record.level == "warning") == collapses
    assert bool(record.advice) == collapses


# Weights


def test_entropy_at_the_threshold_decides() -> None:
    for entropy, expected in ((UNIFORM_ENTROPY + 0.005, True), (UNIFORM_ENTROPY - 0.01, False)):
        assert is_uniform(uniform_weights(entropy)) == expected


@pytest.mark.parametrize("scale", [0.001, 0.5, 30.0])
def test_rows_need_not_sum_to_one(scale: float) -> None:
    """Of a sigmoid with alpha near 0 every weight is a half, of PC-DARTS' edges a fraction."""
    uniform = np.full((14, 8), scale)
    assert is_uniform(uniform)
    seen = healthy()
    scaled = {kind: scale * w for kind, w in seen.weights.items()}
    assert warnings(replace(seen, weights=scaled)) == []
    assert warnings(replace(seen, weights=dict.fromkeys(KINDS, uniform))) == ["uniform"] * 2


def test_pruned_edges_are_decided_and_the_others_are_not() -> None:
    weights = np.zeros((14, 8))
    weights[:, 4] = 1
    assert not is_uniform(weights)
    weights[:7, 3] = 1
    assert not is_uniform(weights)  # half of the edges have two equal operations
    weights[7:9, 3] = 1
    assert is_uniform(weights)
    seen = replace(healthy(), weights={"normal": weights, "reduce": healthy().weights["reduce"]})
    text = only(seen, "uniform", "normal").text
    assert "on 9 of 14 edges" in text
    assert "among the 2 operations that are left" in text


def test_a_few_decided_edges_do_not_hide_the_others() -> None:
    seen = healthy()
    weights = np.array(seen.weights["normal"])
    weights[:10] = 1 / 8
    assert normalised_entropy(weights) < 0.9
    record = only(replace(seen, weights={**seen.weights, "normal": weights}), "uniform", "normal")
    assert "still uniform on 10 of 14 edges (entropy 1.000)" in record.text


def test_none_that_is_heavy_but_not_on_top_of_most_edges_is_named() -> None:
    weights = np.full((14, 8), 0.001)
    weights[:7, 0] = 1
    weights[7:, 0], weights[7:, 4] = 0.3, 0.69
    record = only(
        replace(healthy(), weights={"normal": weights, "reduce": healthy().weights["reduce"]}),
        "none-dominates",
        "normal",
    )
    assert record.value == pytest.approx(edge_shares(weights)[:, 0].mean())
    assert record.value > record.threshold == 0.5


def test_none_at_a_tie_is_not_on_top() -> None:
    """It is named first in DARTS' space, and would win every tie."""
    seen = replace(healthy(), weights=dict.fromkeys(KINDS, np.full((14, 8), 1 / 8)))
    assert warnings(seen) == ["uniform", "uniform"]


def test_a_space_without_none_has_no_trouble_with_it() -> None:
    space = CellSpace(op_names=DARTS.candidate_ops)
    weights = {kind: w[:, 1:] for kind, w in healthy().weights.items()}
    assert diagnose(SearchSeen(space, weights, healthy().architecture)) == []


def test_kept_weight_at_the_threshold_decides() -> None:
    architecture = published("darts-v2")
    for kept in (KEPT_WEIGHT - 0.01, KEPT_WEIGHT + 0.01):
        weights = {}
        for kind in KINDS:
            mask = chosen_mask(DARTS, cell_of(architecture, kind))
            rows = np.where(mask, kept, 0.0)
            for row, left in zip(rows, 1 - rows.sum(axis=1), strict=True):
                row[np.flatnonzero(row == 0)[1:3]] = (0.6 * left, 0.4 * left)
            weights[kind] = rows
        found = warnings(SearchSeen(DARTS, weights, architecture))
        assert ("discarded-weight" in found) == (kept < KEPT_WEIGHT)


def test_the_order_of_operations_does_not_matter() -> None:
    rng = np.random.default_rng(1)
    order = rng.permutation(8)
    permuted = CellSpace(op_names=tuple(DARTS.op_names[i] for i in order))
    for seed in range(10):
        weights = {kind: rng.dirichlet(np.full(8, 0.3), size=14) for kind in KINDS}
        architecture = DARTS.sample(np.random.default_rng(seed))
        ours = diagnose(SearchSeen(DARTS, weights, architecture))
        theirs = diagnose(
            SearchSeen(permuted, {k: w[:, order] for k, w in weights.items()}, architecture)
        )
        assert [r.finding for r in ours] == [r.finding for r in theirs]
        for one, other in zip(ours, theirs, strict=True):
            assert one.value == pytest.approx(other.value)


@pytest.mark.parametrize("bad", [math.nan, math.inf])
def test_a_search_that_diverged_is_named_and_nothing_else(bad: float) -> None:
    seen = healthy()
    weights = np.array(seen.weights["normal"])
    weights[3] = bad
    found = [r for r in diagnose(replace(seen, weights={**seen.weights, "normal": weights}))]
    record = found[0]
    assert (record.finding, record.value, record.cell) == ("not-finite", 8.0, "normal")
    assert [r.finding for r in found[1:]] == ["gap", "gap-at-end"]


def test_one_hot_weights_of_another_cell_are_no_zero_gap() -> None:
    seen = healthy()
    one_hot = {k: chosen_mask(DARTS, cell_of(seen.architecture, k)).astype(float) for k in KINDS}
    for change in ("another op", "another edge", "not quite"):
        weights = {kind: w.copy() for kind, w in one_hot.items()}
        row = int(weights["reduce"].any(axis=1).argmin())  # an edge that was not kept
        column = {"another op": 6, "another edge": 5, "not quite": 5}[change]
        weights["reduce"][row, column] = 1e-4 if change == "not quite" else 1
        found = {r.finding for r in diagnose(replace(seen, weights=weights))}
        assert "one-hot" not in found, change
    # `none` adds nothing: its weight on an edge that was not kept changes no output.
    weights = {kind: w.copy() for kind, w in one_hot.items()}
    weights["reduce"][row, 0] = 1
    assert only(replace(seen, weights=weights), "one-hot").value == 0


# Movement


def _moving(num_changed: int, since: int, num_evaluations: int = 10) -> SearchSeen:
    """Return a search in which edges of the normal cell changed their operation lately."""
    seen = healthy()
    history = {k: np.stack([w] * num_evaluations) for k, w in seen.weights.items()}
    rows = np.flatnonzero(chosen_mask(DARTS, seen.architecture.normal).any(axis=1))
    for row in rows[:num_changed]:
        before = history["normal"][0, row]
        history["normal"][:-since, row] = [before[0], *np.roll(before[1:], 1)]
    return replace(seen, history=history)


@pytest.mark.parametrize(("num_changed", "moves"), [(0, False), (4, False), (5, True), (8, True)])
def test_choices_that_change_at_the_end_are_named(num_changed: int, moves: bool) -> None:
    seen = _moving(num_changed, since=2)
    assert warnings(seen) == (["still-moving"] if moves else [])
    if moves:
        assert only(seen, "still-moving").value == pytest.approx(num_changed / 16)


def test_changes_long_ago_are_none() -> None:
    assert warnings(_moving(8, since=4)) == []
    assert warnings(_moving(8, since=3)) == ["still-moving"]


@pytest.mark.parametrize("num_evaluations", [1, 2, 3])
def test_short_histories(num_evaluations: int) -> None:
    seen = _moving(8, since=1, num_evaluations=num_evaluations)
    assert warnings(seen) == ([] if num_evaluations == 1 else ["still-moving"])


def test_a_choice_that_flips_and_comes_back_has_moved() -> None:
    seen = healthy()
    history = {k: np.stack([w] * 10) for k, w in seen.weights.items()}
    history["normal"][-2] = np.roll(history["normal"][-2], 1, axis=1)
    assert warnings(replace(seen, history=history)) == ["still-moving"]


# Cells


@pytest.mark.parametrize("num_edges", [2, 4, 8, 14])
@pytest.mark.parametrize("share", [0.0, 1 / 12, 1 / 7, 2 / 7, 1 / 2, 1.0])
def test_many_is_what_few_random_cells_have(num_edges: int, share: float) -> None:
    def more_than(k: int) -> float:
        return sum(
            comb(num_edges, i) * share**i * (1 - share) ** (num_edges - i)
            for i in range(k + 1, num_edges + 1)
        )

    most = most_by_chance(num_edges, share)
    assert more_than(most) < MANY_BY_CHANCE
    assert most == 0 or more_than(most - 1) >= MANY_BY_CHANCE


def test_two_skips_are_allowed_in_every_set_of_operations_as_in_p_darts() -> None:
    for num_candidates in range(7, 13):
        assert most_by_chance(8, 1 / num_candidates) == 2


def test_random_cells_are_seldom_blamed() -> None:
    rng = np.random.default_rng(0)
    found = [
        warnings(replace(healthy(), weights={}, architecture=DARTS.sample(rng))) for _ in range(400)
    ]
    for finding in ("skip-collapse", "pooling-dominates"):
        assert sum(finding in names for names in found) / 400 < 1.5 * MANY_BY_CHANCE


def test_a_cell_of_skips_alone_is_named_in_a_space_of_two_operations() -> None:
    """S2 of RobustDARTS, whose random cells are half skips."""
    space = CellSpace(op_names=("skip_connect", "sep_conv_3x3"))
    cell = CellArchitecture.from_pairs([("skip_connect", s) for s in (0, 1) * 4], space.concat)
    assert warnings(SearchSeen(space, {}, Architecture(normal=cell, reduce=cell))) == [
        "skip-collapse"
    ]
    half = [("skip_connect", 0), ("sep_conv_3x3", 1)] * 4
    cell = CellArchitecture.from_pairs(half, space.concat)
    assert warnings(SearchSeen(space, {}, Architecture(normal=cell, reduce=cell))) == []


def test_reduction_cells_may_be_pools_and_skips() -> None:
    reduce = published("darts-v2").reduce
    assert all(edge.op in ("max_pool_3x3", "skip_connect") for edge in reduce.edges)
    assert warnings(healthy(architecture=published("darts-v2"))) == []
    swapped = Architecture(normal=reduce, reduce=reduce)
    assert warnings(SearchSeen(DARTS, {}, swapped)) == ["skip-collapse", "pooling-dominates"]


# Scores


@pytest.mark.parametrize("best", [0.0, 1.0])
def test_the_share_of_the_error_has_no_unit(best: float) -> None:
    """An accuracy and its error rate, a root mean square in metres and in millimetres."""
    metric = MetricRecord(name="m", best=best)
    flipped = MetricRecord(name="m", best=1 - best)
    for before, after in ((0.9, 0.7), (0.2, 0.3), (0.5, 0.5)):
        share = lost_share(metric, before, after)
        assert lost_share(flipped, 1 - before, 1 - after) == pytest.approx(share)
    assert lost_share(RMSE, 3.0, 4.0) == pytest.approx(lost_share(RMSE, 3000.0, 4000.0))


@pytest.mark.parametrize(
    ("before", "after", "share"),
    [
        (1.0, 1.0, 0.0),
        (1.0, 0.9, math.inf),
        (0.9, math.nan, math.inf),
        (math.nan, 0.9, -1.0),
        (math.nan, math.nan, 0.0),
        (0.9, 1.0, -1.0),
        (-math.inf, 0.5, -1.0),
    ],
)
def test_extreme_scores(before: float, after: float, share: float) -> None:
    assert lost_share(ACCURACY, before, after) == share
    seen = replace(healthy(), continuous=before, discrete=after, final=after)
    assert warnings(seen) == (["gap", "gap-at-end"] if share == math.inf else [])


def test_gaps_at_their_thresholds() -> None:
    for field, finding, limit in (
        ("discrete", "gap", LOST_AT_ONCE),
        ("final", "gap-at-end", LOST_AT_END),
    ):
        for factor, warned in ((1.01, True), (0.99, False)):
            scores = {"continuous": 2.0, "discrete": 2.0, "final": 2.0}
            scores[field] += 2 * factor * limit
            seen = replace(healthy(), metric=RMSE, **scores)  # type: ignore[arg-type]
            assert warnings(seen) == ([finding] if warned else [])


# Seeds


@pytest.mark.parametrize(
    "space",
    [
        DARTS,
        STUDY,
        CellSpace(2, 1, ("none", "skip_connect", "noise"), 1),
        CellSpace(3, 4, multiplier=3),
    ],
    ids=["darts", "study", "small", "all-inputs"],
)
def test_chance_agreement_is_that_of_sampled_cells(space: CellSpace) -> None:
    rng = np.random.default_rng(0)
    pairs = [agreement([space.sample(rng), space.sample(rng)]) for _ in range(1500)]
    error = float(np.std(pairs)) / math.sqrt(len(pairs))
    assert np.mean(pairs) == pytest.approx(chance_agreement(space), abs=4 * error)


def test_agreement_counts_edges_by_hand() -> None:
    one, two = published("darts-v1"), published("darts-v2")
    same = {
        (kind, *edge)
        for kind in KINDS
        for edge in (
            {(e.op, e.source, e.target) for e in cell_of(one, kind).edges}
            & {(e.op, e.source, e.target) for e in cell_of(two, kind).edges}
        )
    }
    assert agreement([one, two]) == agreement([two, one]) == len(same) / 16
    assert agreement([one, one, one]) == 1
    assert agreement([one, one, two]) == pytest.approx((1 + 2 * agreement([one, two])) / 3)


@pytest.mark.parametrize("num_seeds", [2, 3, 5])
def test_seeds_that_agree_are_told_from_random_ones(num_seeds: int) -> None:
    rng = np.random.default_rng(1)
    blamed = [
        seed_agreement(DARTS, [DARTS.sample(rng) for _ in range(num_seeds)]).level == "warning"
        for _ in range(60)
    ]
    assert np.mean(blamed) > 0.85
    record = seed_agreement(DARTS, [published("darts-v1"), published("darts-v2")][:num_seeds])
    assert (record.level, record.finding, record.advice) == ("info", "seed-agreement", "")
    assert chance_agreement(DARTS) < record.threshold < record.value
    assert "agree on 69%" in record.text
    assert "random cells do on 9%" in record.text


def test_the_verdict_on_seeds_repeats_and_needs_less_with_more_seeds() -> None:
    drawn = [DARTS.sample(np.random.default_rng(s)) for s in range(5)]
    assert seed_agreement(DARTS, drawn) == seed_agreement(DARTS, drawn)
    limits = [seed_agreement(DARTS, drawn[:n]).threshold for n in (2, 3, 5)]
    assert limits == sorted(limits, reverse=True)
    assert len({seed_agreement(DARTS, pair).threshold for pair in combinations(drawn, 2)}) == 1


# Curvature


def _rule_of_the_paper(eigenvalues: Mapping[int, float]) -> int | None:
    """Return i - k for the first i with lambda(i - k) / lambda(i) < 0.75, smoothed around i."""

    def smoothed(i: int) -> float | None:
        window = [eigenvalues.get(j) for j in range(i - 2, i + 3)]
        return None if None in window else sum(window) / 5  # type: ignore[arg-type]

    for i in sorted(eigenvalues):
        before, now = smoothed(i - 5), smoothed(i)
        if before is not None and now is not None and before / now < 0.75:
            return i - 5
    return None


@pytest.mark.parametrize("seed", range(20))
def test_the_rule_is_the_papers(seed: int) -> None:
    rng = np.random.default_rng(seed)
    values = (0.2 + 0.02 * np.arange(40) * (seed % 4) / 4 + 0.05 * rng.uniform(size=40)).tolist()
    assert sharpened_at(values) == _rule_of_the_paper(dict(enumerate(values)))


def test_sharpening_is_known_as_soon_as_it_can_be() -> None:
    values = [1.0] * 12 + [3.0] * 10
    first = next(n for n in range(len(values)) if sharpened_at(values[:n]) is not None)
    assert first == 12 + 1 + 0  # (1, 1, 1, 1, 3) / 5 is 1.4: the ratio is 0.71
    assert all(sharpened_at(values[:n]) == sharpened_at(values) for n in range(first, len(values)))


@pytest.mark.parametrize(
    "values",
    [
        [],
        [1.0] * 9 + [100.0],
        [1.0] * 40,
        np.linspace(5, 1, 40).tolist(),
        (1.05 ** np.arange(40)).tolist(),  # by 1.28 in five evaluations
        [-1.0] * 10 + [-0.1] * 10,  # never sharp
        [0.0] * 20,
    ],
)
def test_calm_curvature_is_quiet(values: list[float]) -> None:
    if len(values) == 10:  # the first evaluation that can be judged
        assert sharpened_at(values[:9]) is None
        return
    assert sharpened_at(values) is None
    assert warnings(replace(healthy(), eigenvalues=values)) == []


def test_sharpening_is_named() -> None:
    seen = replace(healthy(), eigenvalues=[0.2] * 15 + [0.4] * 10)
    record = only(seen, "sharpening")
    assert warnings(seen) == ["sharpening"]
    assert record.value == curvature_ratios(seen.eigenvalues)[sharpened_at(seen.eigenvalues) - 2]  # type: ignore[operator]
    assert record.value < record.threshold == 0.75
    assert f"{record.value:.2f}" in record.text
    assert "evaluation 10," in record.advice  # counted from 1: the middle of the earlier five
    assert SMOOTHING == 5


# Records


def test_every_warning_has_a_sentence_and_an_advice() -> None:
    bad = [
        replace(healthy(), weights=dict.fromkeys(KINDS, np.full((14, 8), 1 / 8))),
        replace(healthy(), weights=dict.fromkeys(KINDS, np.full((14, 8), np.nan))),
        replace(healthy(), eigenvalues=[0.2] * 15 + [0.4] * 10, discrete=0.1, final=0.1),
        replace(_moving(8, 2), architecture=published("study-graphene")),
        replace(healthy(), weights=dict.fromkeys(KINDS, np.eye(8)[[0] * 14] + 0.01)),
    ]
    found = [record for seen in bad for record in diagnose(seen)]
    assert {r.finding for r in found if r.level == "warning"} == {
        "uniform",
        "none-dominates",
        "discarded-weight",
        "still-moving",
        "not-finite",
        "skip-collapse",
        "pooling-dominates",
        "gap",
        "gap-at-end",
        "sharpening",
    }
    for record in found:
        assert record.text.endswith(".")
        assert "  " not in record.text
        assert record.cell in ("", "normal", "reduce")
        assert bool(record.advice) == (record.level == "warning")
        assert record.advice == "" or record.advice.endswith(".")
        assert DiagnosisRecord.model_validate_json(record.model_dump_json()) == record
    levels = [record.level for record in diagnose(bad[2])]
    assert levels == sorted(levels, reverse=True)  # warnings first
