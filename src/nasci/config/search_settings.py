"""Settings of the search for architecture weights: each one chooses a function, and all combine.

`docs/method.md` has the mathematics and the sources.
"""

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from nasci.config.weight_settings import Auto, BudgetText, WeightOptimizerSettings


class SearchSettings(WeightOptimizerSettings):
    """DARTS: the search for architecture weights."""

    budget: BudgetText = Field(
        "10m", description="clock of `nasci search`; `nasci run` gives its own"
    )
    share: float = Field(
        0.4, gt=0, lt=1, description="share of the contestant's clock for the search in `nasci run`"
    )
    cells: Annotated[int, Field(ge=1, le=100)] | Auto = Field(
        "auto", description="cells of the supernet; auto: as many as the discrete network"
    )
    channels: Annotated[int, Field(ge=1, le=1024)] | Auto = Field(
        "auto", description="channels of the supernet; auto: as many as the discrete network"
    )
    partial: int = Field(
        1,
        ge=1,
        le=64,
        description="K: operations see 1/K of the channels, edges have weights (PC-DARTS); 1: all",
    )
    relaxation: str = Field(
        "softmax",
        description="from alpha to mixture weights: softmax, sparsemax, entmax15, sigmoid, "
        "gumbel-sample (GDAS), dirichlet (DrNAS), sample-K (K operations an edge)",
    )
    temperature: float = Field(
        1.0, gt=0, le=1000, description="alpha is divided by it, at the start of the search"
    )
    final_temperature: float | None = Field(
        None, gt=0, le=1000, description="at its end, reached linearly (empty: as at the start)"
    )
    train_portion: float = Field(
        0.5,
        gt=0,
        lt=1,
        description="share of train for w; the rest of train is for alpha (one-level: all for "
        "both)",
    )
    hypergradient: Literal["first", "second", "finite-difference", "one-level"] = Field(
        "first",
        description="gradient of alpha: first order, exact second order, the paper's finite "
        "difference of it, or one-level (alpha on the batch of w)",
    )
    arch_lr: float = Field(1e-2, gt=0, le=100, description="Adam's learning rate for alpha")
    arch_beta1: float = Field(0.5, ge=0, lt=1, description="Adam's decay of the mean, alpha")
    arch_beta2: float = Field(0.999, ge=0, lt=1, description="Adam's decay of the square, alpha")
    arch_weight_decay: float = Field(1e-6, ge=0, le=1, description="weight decay of alpha (L2)")
    penalties: str | None = Field(
        None,
        description="added to the loss of alpha, as `entropy=0.1,cost=0.05`: l1, lp (`lp=0.1@0.5` "
        "for p of 0.5), entropy, cost, beta-decay, zero-one (empty: none)",
    )
    cost_unit: Literal["macs", "parameters"] = Field(
        "macs", description="what the penalty `cost` counts: multiply-adds or parameters"
    )
    warm_up: float = Field(
        0.0, ge=0, lt=1, description="share of the search's clock before alpha moves"
    )
    prune: Literal["none", "rank", "zeros", "confidence"] = Field(
        "none",
        description="operations leave the search: rank (the weaker half, again and again), zeros "
        "(weight exactly 0), confidence (below 0.4 of the uniform weight)",
    )
    prune_start: float = Field(
        0.4, ge=0, lt=1, description="share of the search's clock before anything is pruned"
    )
    uniform: Literal["leave", "raise", "restart"] = Field(
        "raise",
        description="alphas that stay uniform: raise arch_lr threefold, at most 3 times; restart "
        "them besides; or leave them",
    )
    skip_cap: int = Field(
        0,
        ge=0,
        le=200,
        description="most skip connections of the normal cell (P-DARTS: 2); 0: no cap",
    )
    stop_skips: int = Field(
        0,
        ge=0,
        le=200,
        description="end the search when the normal cell would have so many skip connections "
        "(DARTS+: 2); 0: never",
    )
    selection: Literal[
        "argmax", "argmax-with-none", "threshold", "perturbation", "last-standing", "all"
    ] = Field(
        "argmax",
        description="from weights to a cell: the paper's argmax, one in which none may win an "
        "edge, threshold, perturbation (DARTS-PT), what pruning left, or all, the best on valid",
    )
    threshold: float = Field(
        0.2, gt=0, le=1, description="smallest weight of an edge that threshold selection keeps"
    )
    selection_share: float = Field(
        0.25,
        gt=0,
        lt=1,
        description="share of the search's clock for perturbation selection, which tries every "
        "operation",
    )
    inherit: bool = Field(
        False,
        description="the discrete network goes on with the weights, statistics and optimizer of "
        "the supernet, on all of train: nothing is retrained",
    )
    curvature: bool = Field(
        False,
        description="watch the largest eigenvalue of the validation loss's Hessian in alpha",
    )
    recompute: Literal["auto", "on", "off"] = Field(
        "auto",
        description="compute activations again in the backward pass: less memory, slower by up to "
        "a fifth; auto: where half of the free memory would not hold them",
    )

    @property
    def perturbs(self) -> bool:
        """Whether operations are tried one by one when the search has ended."""
        return self.selection in ("perturbation", "all")

    @property
    def loop_share(self) -> float:
        """Share of the search's clock for the search itself; the rest is for the selection."""
        return 1 - self.selection_share if self.perturbs else 1.0

    @property
    def step_factor(self) -> float:
        """What a step costs in training steps of the supernet: one of w, and what alpha takes.

        Measured: `python -m benchmarks.hypergradients`, docs/method.md.
        """
        return _STEP_FACTORS[self.hypergradient]

    @model_validator(mode="after")
    def _combine(self) -> Self:
        rule = _refusal(self)
        if rule:
            raise ValueError(rule)
        return self


_STEP_FACTORS = {"one-level": 1.0, "first": 1.8, "finite-difference": 5.3, "second": 5.7}


def _refusal(search: SearchSettings) -> str:
    """Return why settings do not go together, as a sentence without its end; "" if they do."""
    if search.inherit and search.partial > 1:
        return (
            "Expected operations that saw all channels for `search.inherit`, but got "
            f"(inherit=true, partial={search.partial}); set search.partial=1 or inherit=false"
        )
    if search.inherit and search.relaxation == "sigmoid":
        return (
            "Expected weights of an edge that sum to 1 for `search.inherit`, so that its last "
            "operation has weight 1, but got (relaxation=sigmoid); choose another or set "
            "inherit=false"
        )
    if search.prune in ("rank", "confidence") and search.prune_start <= search.warm_up > 0:
        return (
            f"Expected alphas that have moved for `search.prune={search.prune}`, but got "
            f"(prune_start={search.prune_start}, warm_up={search.warm_up}); set "
            "search.prune_start above search.warm_up"
        )
    if search.skip_cap and search.perturbs:
        return (
            "Expected a selection by weight for `search.skip_cap`, but got "
            f"(selection={search.selection}); choose argmax, or set search.skip_cap=0"
        )
    if search.selection == "last-standing" and search.prune == "none":
        return (
            "Expected pruning for `search.selection=last-standing`, but got (prune=none); set "
            "search.prune=rank"
        )
    if search.prune == "zeros" and search.relaxation not in ("sparsemax", "entmax15"):
        return (
            "Expected weights that can become exactly 0 for `search.prune=zeros`, but got "
            f"(relaxation={search.relaxation}); choose sparsemax or entmax15, or prune by rank"
        )
    draws = search.relaxation in ("dirichlet", "gumbel-sample") or "sample-" in search.relaxation
    if search.curvature and draws:
        return (
            "Expected weights that are a fixed function of alpha for `search.curvature`, but got "
            f"(relaxation={search.relaxation}), which draws them; set search.curvature=false"
        )
    return ""
