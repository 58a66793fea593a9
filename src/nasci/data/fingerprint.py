"""One number that says whether two runs saw the same data in the same splits."""

import hashlib

from nasci.data.chunks import chunks
from nasci.data.split import Split


def fingerprint(train: Split, valid: Split, test: Split) -> str:
    """Hash the splits: one changed pixel or one example moved to another split changes it.

    Args:
        train: training split.
        valid: validation split.
        test: test split.

    Returns:
        SHA-256 over name, dtype, shape and bytes (examples in order) of every array, 64 hex digits.

    >>> import numpy as np
    >>> split = Split(np.zeros((3, 1, 8), np.uint8), np.arange(3))
    >>> len(fingerprint(split, split, split))
    64
    """
    digest = hashlib.sha256()
    for name, split in (("train", train), ("valid", valid), ("test", test)):
        for axis, array in (("x", split.x), ("y", split.y)):
            digest.update(f"{name}.{axis} {array.dtype.str} {tuple(array.shape)}\n".encode())
            for piece in chunks(array):
                digest.update(piece.tobytes())
    return digest.hexdigest()
