"""Architectures from the literature, by name, to train or to compare with.

All have 4 intermediate nodes with 2 inputs each, and concatenate all 4.
"""

from nasci.errors import ArchitectureError
from nasci.space._messages import did_you_mean
from nasci.space.architecture import Architecture, CellArchitecture

_SHORT_NAMES = {
    "max2": "max_pool_2x2",
    "max3": "max_pool_3x3",
    "avg3": "avg_pool_3x3",
    "skip": "skip_connect",
    "sep3": "sep_conv_3x3",
    "sep5": "sep_conv_5x5",
    "dil3": "dil_conv_3x3",
    "dil5": "dil_conv_5x5",
}

# Op and input node of each edge, two for each of nodes 2, 3, 4, 5: normal cell, reduction cell.
_CELLS: dict[str, tuple[str, str]] = {
    # Liu et al. 2019, searched on CIFAR-10 with the first-order gradient (`DARTS_V1` in its code).
    "darts-v1": (
        "sep3 1, sep3 0, skip 0, sep3 1, skip 0, sep3 1, sep3 0, skip 2",
        "max3 0, max3 1, skip 2, max3 0, max3 0, skip 2, skip 2, avg3 0",
    ),
    # Liu et al. 2019, figures 4 and 5: CIFAR-10, second-order gradient (`DARTS_V2` in its code).
    "darts-v2": (
        "sep3 0, sep3 1, sep3 0, sep3 1, sep3 1, skip 0, skip 0, dil3 2",
        "max3 0, max3 1, skip 2, max3 1, max3 0, skip 2, skip 2, max3 1",
    ),
    # The 2019 study of DARTS on scientific data, searched on MNIST.
    "study-mnist": (
        "max3 0, skip 1, max3 0, sep3 2, sep3 3, sep3 2, sep5 4, sep3 3",
        "avg3 0, avg3 1, avg3 0, avg3 1, avg3 0, dil5 3, avg3 0, dil5 4",
    ),
    # The same study, searched on graphene kirigami (Hanakata et al. 2018), target strain.
    "study-graphene": (
        "avg3 1, skip 0, avg3 2, skip 1, avg3 3, avg3 2, avg3 3, skip 4",
        "skip 0, skip 1, sep5 2, sep3 0, avg3 3, avg3 2, sep5 4, sep3 2",
    ),
    # The same study, searched on Galaxy Zoo (Kaggle Galaxy Challenge), over 11 ops.
    "study-galaxy-zoo": (
        "dil3 0, dil5 1, dil5 2, max2 0, dil5 0, sep5 2, sep5 4, max3 1",
        "max3 0, max3 1, max3 0, dil5 2, dil5 2, dil5 3, dil5 4, dil5 0",
    ),
    # The same study, searched on NIH ChestX-ray14.
    "study-chest": (
        "sep3 1, sep3 0, sep3 0, max3 1, sep5 2, sep3 3, skip 2, max3 0",
        "max3 0, max3 1, dil5 2, dil5 0, max3 3, dil5 2, dil5 3, sep3 4",
    ),
}

PUBLISHED_NAMES: tuple[str, ...] = tuple(_CELLS)
"""The names that `published` knows."""


def published(name: str) -> Architecture:
    """Return a published architecture.

    Args:
        name: `darts-v1`, `darts-v2` (Liu et al. 2019), `study-mnist`, `study-graphene`,
            `study-galaxy-zoo` or `study-chest` (the 2019 study of DARTS on scientific data).

    Raises:
        ArchitectureError: The name is unknown.

    >>> print(published("darts-v2").normal.edges[-1])
    dil_conv_3x3 2 -> 5
    """
    if name not in _CELLS:
        raise ArchitectureError(
            "Expected the name of a published architecture, but got "
            f"{name!r:.80}; {did_you_mean(name, PUBLISHED_NAMES)}"
        )
    normal, reduce = _CELLS[name]
    return Architecture(normal=_cell(normal), reduce=_cell(reduce))


def _cell(text: str) -> CellArchitecture:
    """Return the cell that a line such as "sep3 1, skip 0" describes."""
    pairs = [(_SHORT_NAMES[op], int(source)) for op, source in map(str.split, text.split(", "))]
    return CellArchitecture.from_pairs(pairs, concat=range(2, 6))
