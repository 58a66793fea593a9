"""Settings that training and search share: how weights are optimized, and the forms of values."""

from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, model_validator

from nasci.config.budget import Budget
from nasci.config.group import SettingsGroup

Auto = Literal["auto"]


def _budget_text(text: str) -> str:
    Budget.parse(text)
    return text


BudgetText = Annotated[str, AfterValidator(_budget_text)]


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
    parts: Annotated[int, Field(ge=1, le=4096)] | Auto = Field(
        "auto",
        description="parts in which a batch is computed, whose gradients are added; auto: 1, or "
        "more where memory is short",
    )
    clip_norm: float = Field(
        5.0, ge=0, le=1e6, description="largest gradient norm of the weights; 0: no clipping"
    )

    @property
    def num_parts(self) -> int:
        """Parts of a batch; 1 where nobody has measured what a step needs."""
        return 1 if self.parts == "auto" else self.parts

    @model_validator(mode="after")
    def _decays(self) -> Self:
        if self.min_lr > self.lr:
            raise ValueError(
                f"`min_lr <= lr` must hold, but got (min_lr={self.min_lr}, lr={self.lr})"
            )
        return self
