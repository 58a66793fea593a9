"""The base of everything that is written: frozen, and nothing in it that is not described."""

from pydantic import BaseModel, ConfigDict


class Record(BaseModel):
    """A piece of what a run learned: frozen; NaN and infinity survive JSON."""

    model_config = ConfigDict(frozen=True, extra="forbid", ser_json_inf_nan="constants")
