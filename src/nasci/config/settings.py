"""Every setting of nasci: its default, its range and what it means, described once.

The same descriptions serve `nasci config`, the documentation and the errors. Sources: Liu et al.
2019 (arXiv:1806.09055) for the names. Where a default comes from: the advice of the 2019 study
(Adam for w, 1e-2 for alpha); `docs/comparison.md` for everything that has to do with clocks.
"""

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from nasci.config.anchored_settings import AnchoredSettings
from nasci.config.data_settings import DataSettings, TaskSettings
from nasci.config.group import SettingsGroup
from nasci.config.search_settings import SearchSettings
from nasci.config.weight_settings import Auto, BudgetText, WeightOptimizerSettings


class NetworkSettings(SettingsGroup):
    """The skeleton, the same for every network, and the sizes of cell networks."""

    stem_stride: Literal[1, 2, 4] | Auto = Field(
        "auto",
        description="stride of the stem; auto: the smallest that leaves at most 400 positions "
        "(1024 where train is small), or 4",
    )
    stages: Annotated[int, Field(ge=1, le=8)] | Auto = Field(
        "auto",
        description="stages of residual networks, of which every one but the first halves the size "
        "and doubles the channels, and one more than the reductions of cell networks, which have 1 "
        "or 2; auto: until at most 3 positions an axis are left",
    )
    width: Annotated[int, Field(ge=1, le=1024)] | Auto = Field(
        "auto",
        description="channels of the first stage of `resnet`; auto: what train is large enough for "
        "and the clock can train",
    )
    depth: Annotated[int, Field(ge=1, le=64)] | Auto = Field(
        "auto", description="blocks of a stage of `resnet`; auto: 1"
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
    def _ends_at_a_width_that_can_be_built(self) -> Self:
        stages, width = self.stages, self.width
        if stages != "auto" and width != "auto" and width * 2 ** (stages - 1) > 2**16:
            raise ValueError(
                "Expected at most 65536 channels in the last stage, `network.width * "
                f"2 ** (network.stages - 1)`, but got (width={width}, stages={stages}); lower one"
            )
        return self

    @model_validator(mode="after")
    def _concatenates_what_exists(self) -> Self:
        if self.multiplier > self.nodes:
            raise ValueError(
                f"`network.multiplier <= network.nodes` must hold, but got "
                f"(multiplier={self.multiplier}, nodes={self.nodes})"
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


_Rounds = Annotated[
    float,
    Field(
        gt=0, lt=1, description="share of the race's clock for its rounds; the best has the rest"
    ),
]
_LeastSteps = Annotated[
    int,
    Field(
        ge=1,
        le=1_000_000,
        description="steps that must fit into an entrant's slot of the first round",
    ),
]


class RoundSettings(SettingsGroup):
    """Rounds of a race: networks share one clock, the better half goes on."""

    share: _Rounds = 0.25
    min_steps: _LeastSteps = 50


class SkeletonSettings(RoundSettings):
    """Skeleton search: the ruled ResNet races its neighbours in stem and width."""

    share: _Rounds = 0.15
    min_steps: _LeastSteps = 25
    margin: float = Field(
        0.1,
        ge=0,
        lt=1,
        description="share of the ruled ResNet's error by which a neighbour has to be better",
    )


class RaceSettings(RoundSettings):
    """Racing: networks of several families share one clock, the better half goes on."""

    entrants: str = Field(
        "resnet10-tiny,resnet10-x2,resnet10-x4,resnet18,cells",
        description="who races, with commas: resnet (of the width that the clock chooses), "
        "resnet-coarser, resnet-wider (half of its resolution, twice its width), resnet10-tiny, "
        "-x2, -x4, resnet18; cells, residual: drawn uniformly; anchored: the search",
    )
    cells: int = Field(
        2, ge=1, le=256, description="networks that `cells` and `residual` draw, each"
    )

    @property
    def names(self) -> list[str]:
        """Who races, by name."""
        return [name.strip() for name in self.entrants.split(",") if name.strip()]


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
        "linear,resnet10-tiny,resnet,random,skeleton", description="who competes, with commas"
    )
    policy: Literal["equal", "race"] = Field(
        "equal",
        description="equal: contestants share the budget equally; race: one race has all of it",
    )
    seeds: int = Field(1, ge=1, le=1000, description="repetitions of every contestant")
    first_seed: int = Field(0, ge=0, description="root seed of the first repetition")
    checkpoint_seconds: float = Field(
        60.0,
        ge=0,
        le=1e6,
        description="seconds between two checkpoints, besides one after every phase",
    )

    @model_validator(mode="after")
    def _race_names_its_own(self) -> Self:
        default = type(self).model_fields["contestants"].default
        if self.policy == "race" and self.contestants not in (default, "race"):
            raise ValueError(
                f"Expected no contestants with policy `race`, which has one, but got "
                f"`{self.contestants}`; name who races by `race.entrants`"
            )
        return self


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
    anchored: AnchoredSettings = AnchoredSettings()
    random: RandomSearchSettings = RandomSearchSettings()
    race: RaceSettings = RaceSettings()
    skeleton: SkeletonSettings = SkeletonSettings()
    verdict: VerdictSettings = VerdictSettings()
    runtime: RuntimeSettings = RuntimeSettings()

    @model_validator(mode="after")
    def _combine(self) -> Self:
        network, search = self.network, self.search
        if not search.inherit:
            return self
        if network.auxiliary_weight or network.drop_path:
            raise ValueError(
                "Expected a network without auxiliary head and drop path for `search.inherit`, as "
                f"no supernet has them, but got (auxiliary_weight={network.auxiliary_weight}, "
                f"drop_path={network.drop_path}); set both to 0"
            )
        if search.optimizer != self.train.optimizer:
            raise ValueError(
                "Expected one optimizer for search and training for `search.inherit`, whose state "
                f"goes on, but got (search.optimizer={search.optimizer}, "
                f"train.optimizer={self.train.optimizer}); set them alike"
            )
        sizes = (search.cells, search.channels)
        own = (network.cells, network.channels)
        if any(a not in ("auto", b) for a, b in zip(sizes, own, strict=True)):
            raise ValueError(
                "Expected one size of search and network for `search.inherit`, but got "
                f"(search.cells={sizes[0]}, network.cells={network.cells}, "
                f"search.channels={sizes[1]}, network.channels={network.channels}); leave the "
                "search's `auto`, or set them alike"
            )
        return self
