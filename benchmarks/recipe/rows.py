"""Rows of a table as data: what is run, how it is keyed, and its file of JSON lines."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

Stored = Mapping[str, Any]
"""A row as it stands in the file: its key, and what came of it."""

RESNET = "free resnet"
"""Contestant of a variant that names its own widths."""

DRAWN = "drawn residual"
"""Contestant of a variant that trains a network drawn from the anchored space of its settings."""

NEIGHBOUR = "drawn neighbour"
"""Contestant of a variant that trains one of what the skeleton search races, drawn by seed."""

OWN = (RESNET, DRAWN, NEIGHBOUR)
"""Contestants that `nasci run` does not know."""


@dataclass(frozen=True)
class Variant:
    """One way to a network that is compared.

    Attributes:
        label: its row in the table.
        contestant: a name of `nasci.ladder.entries.ENTRIES`, or `RESNET`.
        settings: texts `group.key=value`.
        preset: of settings; "": none.
        widths: channels of every stage of a `RESNET` of one block a stage, or of `blocks`.
        blocks: of every stage of a `RESNET`; (): one each.
        stem_shift: powers of two by which the stem's stride is coarser than the rule's (or, where
            negative, finer).
        draw: number of a `DRAWN` network; 0: the anchor of the space itself.
    """

    label: str
    contestant: str
    settings: tuple[str, ...] = ()
    preset: str = ""
    widths: tuple[int, ...] = ()
    blocks: tuple[int, ...] = ()
    stem_shift: int = 0
    draw: int = 0


@dataclass(frozen=True)
class Row:
    """One run of a variant.

    Attributes:
        dataset: a name of `sets.SETS`.
        variant: what is run.
        budget: as text, in time or multiply-adds.
        seed: of the repetition.
    """

    dataset: str
    variant: Variant
    budget: str
    seed: int = 0

    def key(self) -> dict[str, Any]:
        """Return everything that says which row it is, as JSON would give it back."""
        key: dict[str, Any] = json.loads(json.dumps(asdict(self)))
        return {**key.pop("variant"), **key}

    @property
    def file(self) -> str:
        """Name of the file of its predictions."""
        text = json.dumps(self.key(), sort_keys=True)
        return f"{hashlib.sha256(text.encode()).hexdigest()[:16]}.npz"

    def of(self, stored: Sequence[Stored]) -> Stored | None:
        """Return this row as it was stored last; None where it was not.

        A row that was stored before a part of the key was thought of has that part's default.
        """
        key, defaults = self.key(), Row("", Variant("", ""), "").key()
        for row in reversed(stored):
            if all(row.get(name, defaults[name]) == value for name, value in key.items()):
                return row
        return None


@dataclass(frozen=True)
class Experiment:
    """A question, and the rows that answer it: the product of its parts.

    Attributes:
        name: of its file.
        question: a sentence.
        datasets: names of `sets.SETS`.
        variants: that are compared.
        budgets: as text.
        seeds: repetitions.
    """

    name: str
    question: str
    datasets: tuple[str, ...]
    variants: tuple[Variant, ...]
    budgets: tuple[str, ...]
    seeds: tuple[int, ...] = field(default=(0,))

    def rows(self) -> list[Row]:
        """Return the rows in the order of running: variants next to each other.

        What changes on the machine in the course of an hour then meets all variants alike.
        """
        return [
            Row(dataset, variant, budget, seed)
            for budget in self.budgets
            for seed in self.seeds
            for dataset in self.datasets
            for variant in self.variants
        ]


def read_rows(file: Path) -> list[Stored]:
    """Return the stored rows; none where there is no file."""
    if not file.exists():
        return []
    return [json.loads(line) for line in file.read_text("utf-8").splitlines() if line.strip()]


def append_row(file: Path, row: Stored) -> None:
    """Write one more row, whole: several processes may write to one file."""
    file.parent.mkdir(parents=True, exist_ok=True)
    line = json.dumps(row, sort_keys=False) + "\n"
    with file.open("ab", buffering=0) as stream:
        stream.write(line.encode())


def replace_rows(file: Path, rows: Sequence[Stored], key: Sequence[str]) -> None:
    """Write rows in the place of those that agree in all of the key; the others stay."""
    new = {tuple(row[name] for name in key) for row in rows}
    kept = [row for row in read_rows(file) if tuple(row[name] for name in key) not in new]
    file.unlink(missing_ok=True)
    for row in (*kept, *rows):
        append_row(file, row)
