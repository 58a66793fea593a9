"""Settings of the anchored search and of the space around a ResNet."""

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from nasci.config.group import SettingsGroup
from nasci.config.weight_settings import Auto

_PARTS = ("ops", "extra", "width", "depth", "stem")


class AnchoredSettings(SettingsGroup):
    """Anchored search: from a ResNet, where evidence outweighs a prior."""

    share: float = Field(
        0.15, gt=0, lt=1, description="share of the contestant's clock for the search"
    )
    parts: str = Field(
        "extra,depth",
        description="what may differ from the ResNet, with commas: ops (of the blocks' edges), "
        "extra (an edge more), width, depth (of stages), stem (kernel, stride)",
    )
    ops: str = Field(
        "all", description="operations of the blocks' edges: all (11), or their names with commas"
    )
    shared: bool | Auto = Field(
        "auto",
        description="one design for all stages, in place of one a stage; auto: where the clock "
        "would not let the search judge one a stage",
    )
    prior: Annotated[float, Field(ge=0, le=1e6)] | Literal["infinite"] = Field(
        2.0,
        description="log odds of the ResNet's choice against any one rival; infinite: the ResNet",
    )
    cost: float = Field(
        0.5,
        ge=0,
        le=100,
        description="how far a rival pays for its time: 1 for the loss that the network would gain "
        "in it, 0 for nothing",
    )
    held_out: float = Field(
        0.2, gt=0, lt=1, description="share of train that judges rivals while the search lasts"
    )
    warm_up: float = Field(
        0.1, ge=0, lt=1, description="share of the search's clock before anything is judged"
    )
    arch_lr: float = Field(0.05, gt=0, le=100, description="Adam's learning rate for alpha")

    @property
    def part_names(self) -> tuple[str, ...]:
        """What may be searched, in the order of `nasci.space.PARTS`."""
        named = {name.strip() for name in self.parts.split(",")}
        return tuple(part for part in _PARTS if part in named)

    @property
    def op_names(self) -> tuple[str, ...] | None:
        """Names of operations; None for all."""
        if self.ops == "all":
            return None
        return tuple(name.strip() for name in self.ops.split(","))

    @model_validator(mode="after")
    def _knows_its_parts(self) -> Self:
        unknown = {name.strip() for name in self.parts.split(",")} - set(_PARTS)
        if unknown:
            raise ValueError(
                f"Expected `anchored.parts` out of {', '.join(_PARTS)}, with commas, but got "
                f"`{self.parts}`; name those that may differ"
            )
        return self
