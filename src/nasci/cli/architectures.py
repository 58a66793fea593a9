"""Architectures on the command line: read by file or name, shown, sampled."""

from pathlib import Path

import numpy as np
from rich.console import Console
from rich.table import Table

from nasci._random import derive_seed
from nasci.config import Settings
from nasci.errors import ArchitectureError
from nasci.records import read_plain
from nasci.space import (
    PUBLISHED_NAMES,
    Architecture,
    CellSpace,
    from_darts_text,
    published,
    to_darts_text,
)

MAX_FILE_SIZE = 1 << 20


def read_architecture(name: str) -> Architecture:
    """Return the architecture of a file (JSON, or DARTS's text form) or a published one.

    Raises:
        ArchitectureError: there is no such file or name, or the file holds no architecture.
    """
    path = Path(name)
    if not path.exists():
        if name in PUBLISHED_NAMES or path.suffix == "":
            return published(name)
        raise ArchitectureError(
            f"Expected a file or one of {', '.join(PUBLISHED_NAMES)}, but `{name}` is neither."
        )
    if path.suffix == ".json":
        return Architecture.load(path)
    try:
        return from_darts_text(read_plain(path, MAX_FILE_SIZE).decode("utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise ArchitectureError(f"Expected a readable text, but got `{name}`: {error}.") from error


def sample(settings: Settings, seed: int) -> Architecture:
    """Return an architecture that is drawn uniformly from the settings' space."""
    generator = np.random.default_rng(derive_seed(seed, "architectures"))
    return CellSpace.from_settings(settings.network).sample(generator)


def print_architecture(console: Console, architecture: Architecture) -> None:
    """Print the edges of both cells, and the text form where there is one."""
    table = Table(title="Node 0 is the cell before the previous one, 1 the previous one")
    for column in ("cell", "node", "from", "operation"):
        table.add_column(column)
    for kind in ("normal", "reduce"):
        for edge in getattr(architecture, kind).edges:
            table.add_row(kind, str(edge.target), str(edge.source), edge.op)
        table.add_section()
    console.print(table)
    try:
        text = to_darts_text(architecture)
    except ArchitectureError:
        text = "Nodes differ in their number of inputs: DARTS's text form cannot say this cell."
    console.print(text, highlight=False, soft_wrap=True)
