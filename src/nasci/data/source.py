"""What a reader finds in files, before it is checked, split and given a task."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nasci.data.chunks import ArrayLike
from nasci.data.preparation import Augmentation
from nasci.records import QuestionTree

PARTS = ("train", "valid", "test")
"""Names of the numbers in `Source.parts`."""


@dataclass(frozen=True)
class ReadOptions:
    """What a user may say about a file; None: the reader decides, and says how.

    Attributes:
        x: variable, array, or file beside the given one, that holds the examples.
        y: variables, arrays, columns or file that hold the targets; empty: the reader decides.
        group: variable or column that says which examples belong together (a patient).
        table: CSV table beside or inside a folder of images.
        size: (height, width) that images are resized to; None: see the reader.
        crop: side of the square that is cut out of the centre of an image first.
    """

    x: str | None = None
    y: tuple[str, ...] = ()
    group: str | None = None
    table: str | None = None
    size: tuple[int, int] | None = None
    crop: int | None = None


@dataclass(frozen=True, eq=False)
class Source:
    """Examples and targets as they were stored.

    Attributes:
        name: short name of the data.
        x: examples first, real numbers of any type, in the order of axes that they were stored in;
            in memory, or read as they are asked for.
        y: (N,) or (N, K): integers, booleans, text, or real numbers.
        y_names: of the K columns (or of the one); of the classes where `y` are their numbers from
            0 on and `y_are_classes`; empty where nothing is known.
        y_are_classes: `y` (N,) are numbers of classes, from 0 on, and `y_names` are their names.
        y_units: of the columns, "" where unknown; empty where nothing is known.
        layout: order of the axes of x, a name of `LAYOUTS`; `auto` where the reader does not know.
        groups: (N,) which examples belong together; None: every one is on its own.
        parts: (N,) index into `PARTS`; None: no split was stored.
        tree: of questions, where the columns are its answers.
        augmentation: what is known to be valid; None: nothing is known.
        description: a sentence; empty: made from the sizes.
        attribution: who made it, and its licence.
        notes: what the reader decided, a sentence each.
    """

    name: str
    x: ArrayLike
    y: NDArray[Any]
    y_names: tuple[str, ...] = ()
    y_are_classes: bool = False
    y_units: tuple[str, ...] = ()
    layout: str = "auto"
    groups: NDArray[Any] | None = None
    parts: NDArray[np.int8] | None = None
    tree: QuestionTree | None = None
    augmentation: Augmentation | None = None
    description: str = ""
    attribution: str = ""
    notes: Sequence[str] = ()
