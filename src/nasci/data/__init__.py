"""Anything that a scientist keeps in arrays, as splits that a search can trust.

`load` reads a built-in data set, a `.npz` file or two arrays into a `Dataset`: train and valid
inside a `Development`, test apart. NumPy only; all that can be wrong with data is a `DataError`.
"""

from nasci.data.arrays import dataset_from_arrays
from nasci.data.catalogue import BUILTIN, load_builtin
from nasci.data.chunks import ArrayLike
from nasci.data.dataset import Dataset, Development
from nasci.data.fingerprint import fingerprint
from nasci.data.layout import LAYOUTS
from nasci.data.load import load
from nasci.data.npz import read_npz
from nasci.data.preparation import Augmentation, Normalisation
from nasci.data.source import PARTS, ReadOptions, Source
from nasci.data.split import Split

__all__ = [
    "BUILTIN",
    "LAYOUTS",
    "PARTS",
    "ArrayLike",
    "Augmentation",
    "Dataset",
    "Development",
    "Normalisation",
    "ReadOptions",
    "Source",
    "Split",
    "dataset_from_arrays",
    "fingerprint",
    "load",
    "load_builtin",
    "read_npz",
]
