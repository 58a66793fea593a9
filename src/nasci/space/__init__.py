"""Cells as data: architectures, the space they come from, and their text forms; torch-free.

>>> import numpy as np
>>> from nasci.space import Architecture, CellSpace, op_set, published
>>> space = CellSpace(op_names=op_set("study"))
>>> space.validate(published("study-galaxy-zoo"))
>>> architecture = space.sample(np.random.default_rng(0))
>>> Architecture.from_json(architecture.to_json()) == architecture
True
"""

from nasci.space.architecture import Architecture, CellArchitecture, Edge
from nasci.space.cell_space import CellSpace
from nasci.space.darts_text import from_darts_text, to_darts_text
from nasci.space.op_names import ALL_OP_NAMES, DARTS_OP_NAMES, NONE, STUDY_OP_NAMES, op_set
from nasci.space.published import PUBLISHED_NAMES, published
from nasci.space.residual import (
    RESIDUAL_OP_NAMES,
    BlockArchitecture,
    ResidualArchitecture,
    StageArchitecture,
)
from nasci.space.residual_space import PARTS, Decision, ResidualSpace

__all__ = [
    "ALL_OP_NAMES",
    "DARTS_OP_NAMES",
    "NONE",
    "PARTS",
    "PUBLISHED_NAMES",
    "RESIDUAL_OP_NAMES",
    "STUDY_OP_NAMES",
    "Architecture",
    "BlockArchitecture",
    "CellArchitecture",
    "CellSpace",
    "Decision",
    "Edge",
    "ResidualArchitecture",
    "ResidualSpace",
    "StageArchitecture",
    "from_darts_text",
    "op_set",
    "published",
    "to_darts_text",
]
