"""nasci: neural architecture search for science.

Finds a network for your own images, signals or volumes, and says honestly whether the search was
worth it. Names are loaded when they are first used, so that `import nasci` is quick.

>>> import nasci
>>> nasci.load("mnist").input_shape
(1, 28, 28)
"""

import importlib
import importlib.metadata
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from nasci.api import (
        Comparison,
        Evaluation,
        Prediction,
        SearchResult,
        TrainResult,
        compare,
        compare_events,
        evaluate,
        predict,
        random_search,
        random_search_events,
        report,
        resume,
        resume_events,
        search,
        search_events,
        train,
        train_events,
    )
    from nasci.config import Settings, resolve_settings
    from nasci.data import Dataset, load
    from nasci.errors import NasciError
    from nasci.space import Architecture, CellSpace, published

_HOME = {
    "nasci.api": (
        "Comparison",
        "Evaluation",
        "Prediction",
        "SearchResult",
        "TrainResult",
        "compare",
        "compare_events",
        "evaluate",
        "predict",
        "random_search",
        "random_search_events",
        "report",
        "resume",
        "resume_events",
        "search",
        "search_events",
        "train",
        "train_events",
    ),
    "nasci.config": ("Settings", "resolve_settings"),
    "nasci.data": ("Dataset", "load"),
    "nasci.errors": ("NasciError",),
    "nasci.space": ("Architecture", "CellSpace", "published"),
}

__all__ = [
    "Architecture",
    "CellSpace",
    "Comparison",
    "Dataset",
    "Evaluation",
    "NasciError",
    "Prediction",
    "SearchResult",
    "Settings",
    "TrainResult",
    "compare",
    "compare_events",
    "evaluate",
    "load",
    "predict",
    "published",
    "random_search",
    "random_search_events",
    "report",
    "resolve_settings",
    "resume",
    "resume_events",
    "search",
    "search_events",
    "train",
    "train_events",
]


def __getattr__(name: str) -> Any:
    if name == "__version__":
        return importlib.metadata.version("nasci")
    for module, names in _HOME.items():
        if name in names:
            return getattr(importlib.import_module(module), name)
    raise AttributeError(f"module 'nasci' has no attribute '{name}'")


def __dir__() -> list[str]:
    return [*__all__, "__version__"]
