"""Every setting of nasci: its default, its range and what it means, described once.

The same descriptions serve `nasci config`, the documentation and the errors. Sources: Liu et al.
2019 (arXiv:1806.09055) for the names. Where a default comes from: the advice of the 2019 study
(Adam for w, 1e-2 for alpha); `docs/comparison.md` for everything that has to do with clocks.
"""

from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, model_validator

from nasci.config.budget import Budget
from nasci.config.data_settings import DataSettings, TaskSettings
from nasci.config.group import SettingsGroup

Auto = Literal["auto"]


def _budget_text(text: str) -> str:
    Budget.parse(text)
    return text


BudgetText = Annotated[str, AfterValidator(_budget_text)]


class NetworkSettings(SettingsGroup):
    """The skeleton and the sizes of cell networks; the stem is shared with the ResNets."""

    stem_stride: Literal[1, 2, 4] | Auto = Field(
        "auto",
        description="stride of the stem; auto: the smallest that leaves at most 400 "
        "positions, or 4",
    )
    cells: Annotated[int, Field(ge=1, le=100)] | Auto = Field(
        "auto", description="cells of the discrete network; auto: what the clock can train"
    )
    channels: Annotated[int, Field(ge=1, le=1024)] | Auto = Field(
        "auto", description="channels of the first cells; auto: what the clock can train"
    )
    nodes: int = Field(4, ge=1, le=12, description="intermediate nodes of a cell")
    inputs_per_node: int = Field(
        2, ge=1, le=12, description="edges that a node keeps in the discrete cell"
    )
    multiplier: int = Field(4, ge=1, le=12, description="last nodes that a cell concatenates")
    ops: str = Field(
        "darts",
        description="operations of the search: darts (8), study (11), all (13), or their names "
        "with commas",
    )
    auxiliary_weight: float = Field(
        0.0, ge=0, le=10, description="weight of the auxiliary head's loss; 0: no such head"
    )
    drop_path: float = Field(
        0.0, ge=0, lt=1, description="probability to drop a path, reached linearly from 0"
    )

    @property
    def op_names(self) -> str | list[str]:
        """The name of a set of operations, or the names of several."""
        if self.ops in ("darts", "study", "all"):
            return self.ops
        return [name.strip() for name in self.ops.split(",")]

    @model_validator(mode="after")
    def _concatenates_what_exists(self) -> Self:
        if self.multiplier > self.nodes:
            raise ValueError(
                f"`network.multiplier <= network.nodes` must hold, but got "
                f"(multiplier={self.multiplier}, nodes={self.nodes})"
            )
        return self


class WeightOptimizerSettings(SettingsGroup):
    """How weights w are optimized; shared by training and by the search (abstract)."""

    optimizer: Literal["adam", "sgd"] = Field("adam", description="optimizer of the weights")
    lr: float = Field(3e-3, gt=0, le=100, description="learning rate of the weights at the start")
    min_lr: float = Field(
        0.0, ge=0, le=100, description="learning rate at the end of the cosine over the clock"
    )
    weight_decay: float = Field(1e-6, ge=0, le=1, description="weight decay of the weights (L2)")
    momentum: float = Field(0.9, ge=0, lt=1, description="momentum; used by sgd only")
    beta1: float = Field(0.9, ge=0, lt=1, description="decay of the mean; used by adam only")
    beta2: float = Field(0.999, ge=0, lt=1, description="decay of the square; used by adam only")
    batch_size: int = Field(64, ge=2, le=65536, description="examples in a step")
    clip_norm: float = Field(
        5.0, ge=0, le=1e6, description="largest gradient norm of the weights; 0: no clipping"
    )

    @model_validator(mode="after")
    def _decays(self) -> Self:
        if self.min_lr > self.lr:
            raise ValueError(
                f"`min_lr <= lr` must hold, but got (min_lr={self.min_lr}, lr={self.lr})"
            )
        return self


class TrainSettings(WeightOptimizerSettings):
    """Training one network."""

    budget: BudgetText = Field(
        "10m", description="clock of `nasci train`; `nasci run` gives its own"
    )
    cutout: int = Field(
        0, ge=0, le=4096, description="side of the square that is blanked while training, pixels"
    )


class SearchSettings(WeightOptimizerSettings):
    """DARTS: the bilevel search for architecture weights."""

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
    train_portion: float = Field(
        0.5, gt=0, lt=1, description="share of train for w; the rest of train is for alpha"
    )
    hypergradient: Literal["first", "second", "finite-difference"] = Field(
        "first",
        description="gradient of alpha: first order, exact second order, or the paper's finite "
        "difference of the second",
    )
    arch_lr: float = Field(1e-2, gt=0, le=100, description="Adam's learning rate for alpha")
    arch_beta1: float = Field(0.5, ge=0, lt=1, description="Adam's decay of the mean, alpha")
    arch_beta2: float = Field(0.999, ge=0, lt=1, description="Adam's decay of the square, alpha")
    arch_weight_decay: float = Field(1e-6, ge=0, le=1, description="weight decay of alpha (L2)")
    recompute: Literal["auto", "on", "off"] = Field(
        "auto",
        description="compute activations again in the backward pass: less memory, slower by up to "
        "a fifth; auto: where half of the free memory would not hold them",
    )


class RandomSearchSettings(SettingsGroup):
    """Random search: cells drawn uniformly, the bad ones stopped early (successive halving)."""

    budget: BudgetText = Field(
        "10m", description="clock of `nasci random-search`; `nasci run` gives its own"
    )
    share: float = Field(
        0.4, gt=0, lt=1, description="share of the contestant's clock for the trials in `nasci run`"
    )
    cells: Annotated[int, Field(ge=1, le=4096)] | Auto = Field(
        "auto",
        description="architectures to try; auto: the largest of 16, 8, 4, 2 that gives each one "
        "epoch in the first round",
    )
    eta: int = Field(2, ge=2, le=16, description="one in eta survives a round")


class VerdictSettings(SettingsGroup):
    """When a search counts as worth it."""

    margin: float = Field(
        0.1,
        ge=0,
        lt=1,
        description="smallest reduction of the baseline's error, as a share of it, that would be "
        "worth a search",
    )
    confidence: float = Field(0.95, gt=0.5, lt=1, description="confidence of the intervals on test")
    resamples: int = Field(
        2000, ge=100, le=1_000_000, description="bootstrap resamples behind an interval"
    )


class RuntimeSettings(SettingsGroup):
    """Where and how numbers are computed."""

    device: str = Field("auto", description="auto, cpu, cuda, cuda:N or mps")
    precision: Literal["float32", "bfloat16"] = Field(
        "float32", description="of convolutions and products in forward passes (autocast)"
    )
    threads: int = Field(
        0,
        ge=0,
        le=4096,
        description="CPU threads of a step; 0: all cores, or one where a run on time measures that "
        "they do not pay",
    )


class RunSettings(SettingsGroup):
    """The ladder: who competes, and for how much compute."""

    budget: BudgetText = Field(
        "10m", description="of the whole run, shared equally by contestants and seeds"
    )
    contestants: str = Field(
        "linear,resnet10-tiny,resnet18,random,darts", description="who competes, with commas"
    )
    seeds: int = Field(1, ge=1, le=1000, description="repetitions of every contestant")
    first_seed: int = Field(0, ge=0, description="root seed of the first repetition")


class Settings(SettingsGroup):
    """All settings of a run.

    >>> Settings().search.arch_lr
    0.01
    """

    run: RunSettings = RunSettings()
    data: DataSettings = DataSettings()
    task: TaskSettings = TaskSettings()
    network: NetworkSettings = NetworkSettings()
    train: TrainSettings = TrainSettings()
    search: SearchSettings = SearchSettings()
    random: RandomSearchSettings = RandomSearchSettings()
    verdict: VerdictSettings = VerdictSettings()
    runtime: RuntimeSettings = RuntimeSettings()
