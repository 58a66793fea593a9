"""Reads the graphene sheets with cuts of Hanakata et al. as images with measured targets."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from nasci.data.files import check_file, check_unused, did_you_mean, one_line, reading
from nasci.data.preparation import Augmentation
from nasci.data.source import ReadOptions, Source
from nasci.errors import DataError
from nasci.simulate.kirigami_cells import NUM_COLUMNS, NUM_ROWS, draw_images, mirror_class

TARGETS = ("strain", "toughness", "stress")
"""Columns after the cells: yield strain, toughness, yield stress."""

_NUM_CELLS = NUM_ROWS * NUM_COLUMNS
_NUM_COLUMNS = _NUM_CELLS + len(TARGETS)
_MAX_BYTES = 2**30  # all 2^15 sheets are 5 MB
_FIX = "Download it again."


def read_kirigami(path: Path, options: ReadOptions) -> Source:
    r"""Read `15grid_shuffled.dat`: sheets of 3x5 cells, cut or intact, and how they tear.

    A line is a sheet: 15 cells row by row, 1 intact or 0 cut, then yield strain, toughness and
    yield stress, with blanks between. A sheet and its mirror images tear alike, and are groups:
    split otherwise, the test would ask for what was seen in training.

    Args:
        path: the file.
        options: `y` names one or several of `strain` (where not given), `toughness`, `stress`.

    Returns:
        x uint8 (N, 30, 80), see `draw_images`; y float64 (N,), or (N, K) for K targets; groups.

    Raises:
        DataError: the file is missing, or a line is not 18 numbers of which the first 15 are 0 or
            1; or there is no such target.

    Source: P. Z. Hanakata, E. D. Cubuk, D. K. Campbell and H. S. Park 2018, Accelerated search and
    design of stretchable graphene kirigami using machine learning, Phys. Rev. Lett. 121, 255304.

    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as folder:
    ...     path = Path(folder) / "15grid_shuffled.dat"
    ...     _ = path.write_text("1 1 1 1 1 1 1 1 1 1 1 1 1 1 0 0.25 12.5 90.0\n")
    ...     source = read_kirigami(path, ReadOptions())
    >>> source.x.shape, source.y, source.y_names
    ((1, 30, 80), array([0.25]), ('strain',))
    """
    check_file(path, "the file 15grid_shuffled.dat")
    check_unused(path, options, "y")
    names = options.y or ("strain",)
    for name in names:
        if name not in TARGETS:
            raise DataError(
                f"Expected `data.y` out of {', '.join(TARGETS)} for {path}, but got `{name}`."
                + did_you_mean(name, TARGETS)
            )
    table = _read_table(path)
    cells = table[:, :_NUM_CELLS].astype(np.uint8).reshape(-1, NUM_ROWS, NUM_COLUMNS)
    y = table[:, [_NUM_CELLS + TARGETS.index(name) for name in names]]
    return Source(
        name="kirigami",
        x=draw_images(cells),
        y=y[:, 0] if len(names) == 1 else y,
        y_names=tuple(names),
        layout="NHW",
        groups=mirror_class(cells),
        augmentation=Augmentation(
            flip_axes=(0, 1), why="a mirror image of a sheet is the same sheet"
        ),
        description="Graphene sheets with cuts, simulated until they tear.",
        attribution="P. Z. Hanakata et al. 2018, Phys. Rev. Lett. 121, 255304",
        notes=(
            f"y is {', '.join(names)}.",
            "Sheets were drawn as images of 30x80, 255 where there is graphene, 0 in a slit; they "
            "are pulled along the short side.",
            "Mirror images of a sheet stay together in one split.",
        ),
    )


def _read_table(path: Path) -> NDArray[np.float64]:
    """Return the columns, float64 (N, 18); blank lines and what follows `#` are left out."""
    with reading(path, "text file of numbers", _FIX):
        if path.stat().st_size > _MAX_BYTES:
            raise ValueError(f"it is larger than {_MAX_BYTES} bytes")
        # Lines end where an editor says so: `splitlines` would count form feeds as well.
        lines = path.read_text(encoding="utf-8").split("\n")
    numbers, rows = [], []
    for number, line in enumerate(lines, start=1):
        words = line.partition("#")[0].split()
        if not words:
            continue
        if len(words) != _NUM_COLUMNS:
            raise DataError(
                f"Expected {_NUM_COLUMNS} columns in {path} ({_NUM_CELLS} cells, "
                f"{', '.join(TARGETS)}), but line {number} has {len(words)}. {_FIX}"
            )
        numbers.append(number)
        rows.append(words)
    if not rows:
        raise DataError(f"Expected a sheet on every line of {path}, but it is empty. {_FIX}")
    table = _to_numbers(path, numbers, rows)
    cells = table[:, :_NUM_CELLS]
    bad = np.argwhere((cells != 0) & (cells != 1))
    if len(bad):
        row, column = bad[0].tolist()
        raise DataError(
            f"Expected cells 0 or 1 in {path}, but line {numbers[row]} has {rows[row][column]} in "
            f"column {column + 1}. {_FIX}"
        )
    return table


def _to_numbers(path: Path, numbers: list[int], rows: list[list[str]]) -> NDArray[np.float64]:
    try:
        return np.array([[float(word) for word in row] for row in rows])
    except ValueError:
        for number, row in zip(numbers, rows, strict=True):
            for column, word in enumerate(row, start=1):
                if not _is_number(word):
                    raise DataError(
                        f"Expected numbers in {path}, but line {number} has `{one_line(word, 40)}` "
                        f"in column {column}. {_FIX}"
                    ) from None
        raise


def _is_number(word: str) -> bool:
    try:
        float(word)
    except ValueError:
        return False
    return True
