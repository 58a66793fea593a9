"""Anything that a scientist keeps in arrays, as splits that a search can trust.

`load` reads a built-in data set, a file, a folder or two arrays into a `Dataset`: train and valid
inside a `Development`, test apart. Readers return a `Source`; `assemble` checks it, finds out what
is predicted and splits it. All that can be wrong with data is a `DataError`.
"""

from nasci.data.arrays import source_from_arrays
from nasci.data.assemble import Assembly, assemble
from nasci.data.catalogue import BUILTIN, load_builtin
from nasci.data.chunks import ArrayLike
from nasci.data.contact_sheet import contact_sheet
from nasci.data.dataset import Dataset, Development
from nasci.data.fingerprint import fingerprint
from nasci.data.inspect import ColumnReport, DataReport, inspect
from nasci.data.layout import LAYOUTS
from nasci.data.leaks import duplicates, leaks
from nasci.data.load import load
from nasci.data.preparation import Augmentation, Normalisation
from nasci.data.source import PARTS, ReadOptions, Source
from nasci.data.split import Split

__all__ = [
    "BUILTIN",
    "LAYOUTS",
    "PARTS",
    "ArrayLike",
    "Assembly",
    "Augmentation",
    "ColumnReport",
    "DataReport",
    "Dataset",
    "Development",
    "Normalisation",
    "ReadOptions",
    "Source",
    "Split",
    "assemble",
    "contact_sheet",
    "duplicates",
    "fingerprint",
    "inspect",
    "leaks",
    "load",
    "load_builtin",
    "source_from_arrays",
]
