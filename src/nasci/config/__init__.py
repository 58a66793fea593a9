"""Settings: validated once, described once, merged from presets, files and the command line."""

from nasci.config.budget import Budget, Unit, format_amount
from nasci.config.chosen_names import chosen_names
from nasci.config.data_settings import DataSettings, TaskSettings
from nasci.config.describe import SettingDescription, describe
from nasci.config.resolve import PRESET_NAMES, preset_source, preset_values, resolve_settings
from nasci.config.search_settings import SearchSettings
from nasci.config.settings import (
    NetworkSettings,
    RaceSettings,
    RandomSearchSettings,
    RoundSettings,
    RunSettings,
    RuntimeSettings,
    Settings,
    TrainSettings,
    VerdictSettings,
)
from nasci.config.weight_settings import WeightOptimizerSettings

__all__ = [
    "PRESET_NAMES",
    "Budget",
    "DataSettings",
    "NetworkSettings",
    "RaceSettings",
    "RandomSearchSettings",
    "RoundSettings",
    "RunSettings",
    "RuntimeSettings",
    "SearchSettings",
    "SettingDescription",
    "Settings",
    "TaskSettings",
    "TrainSettings",
    "Unit",
    "VerdictSettings",
    "WeightOptimizerSettings",
    "chosen_names",
    "describe",
    "format_amount",
    "preset_source",
    "preset_values",
    "resolve_settings",
]
