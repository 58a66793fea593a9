"""The base of every group of settings."""

from pydantic import BaseModel, ConfigDict


class SettingsGroup(BaseModel):
    """One group of settings: frozen, checked where it is born, no unknown keys."""

    # `budget=10` is read as a number; as text it meets the rule for budgets, not that for text
    model_config = ConfigDict(
        frozen=True, extra="forbid", validate_default=True, coerce_numbers_to_str=True
    )
