"""The base of everything that is written: frozen, and nothing in it that is not described."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

Metrics = Annotated[dict[str, float], Field(min_length=1)]
"""Values of metrics by name; the one that decides stands first."""


class Record(BaseModel):
    """A piece of what a run learned: frozen; NaN and infinity survive JSON."""

    model_config = ConfigDict(frozen=True, extra="forbid", ser_json_inf_nan="constants")
