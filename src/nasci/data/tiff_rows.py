"""Pages of a TIFF file as examples that are read as they are asked for."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nasci.data.image_files import quiet
from nasci.data.image_pillow import refused
from nasci.data.image_sizes import SizePlan
from nasci.data.image_tiff import TiffImage, arranged
from nasci.data.optional import need
from nasci.data.rows import take

_PIECE_BYTES = 16 * 2**20


@dataclass(frozen=True, eq=False)
class TiffRows:
    """The pages of a TIFF file, read as they are asked for.

    The file is opened for every read, so that processes can share the object; where the pages
    begin is remembered, as thousands of them take a second to find.

    Attributes:
        shape: `(examples, height, width, channels)`, or with depth behind the examples.
        dtype: of a pixel.
        sizes: what is done to every page.
        tiff: what is in the file, without its pages.
        offsets: index in the file and place of every page; none where pixels lie in one piece.
        version: size and time of change of the file.
    """

    shape: tuple[int, ...]
    dtype: np.dtype[Any]
    sizes: SizePlan
    tiff: TiffImage
    offsets: tuple[tuple[int, int], ...]
    version: tuple[int, int]

    @classmethod
    def remember(
        cls, tiff: TiffImage, shape: tuple[int, ...], dtype: np.dtype[Any], sizes: SizePlan
    ) -> "TiffRows":
        """Return the rows of an open file.

        Args:
            tiff: the file.
            shape: of the rows.
            dtype: of a pixel, once `sizes` has been applied.
            sizes: what is done to every page.
        """
        offsets: tuple[tuple[int, int], ...] = ()
        if tiff.data_offset is None:
            offsets = tuple((int(page.index), int(page.offset)) for page in tiff.pages)
        return cls(shape, dtype, sizes, replace(tiff, pages=()), offsets, _version(tiff))

    def __len__(self) -> int:
        """Return the number of examples."""
        return self.shape[0]

    def __getitem__(self, index: slice | NDArray[np.int64], /) -> NDArray[Any]:
        """Read the examples at `index`; `DataError` if the file has changed."""
        with quiet(), refused(self.tiff.path), self._reopened() as tiff:
            return take(index, len(self), partial(self.read_from, tiff))

    def read_from(self, tiff: TiffImage, rows: NDArray[np.int64]) -> NDArray[Any]:
        """Read examples of distinct rising numbers out of the open file."""
        out = np.empty((len(rows), *self.shape[1:]), self.dtype)
        page_bytes = max(1, int(np.prod(tiff.shape[1:], dtype=np.int64)) * tiff.dtype.itemsize)
        for start, stop, place in _runs(rows, max(1, _PIECE_BYTES // page_bytes)):
            for offset, pixels in enumerate(tiff.read(start, stop)):
                out[place + offset] = self.sizes.apply(arranged(tiff, pixels, tiff.axes[1:]))
        return out

    @contextmanager
    def _reopened(self) -> Iterator[TiffImage]:
        if _version(self.tiff) != self.version:
            raise ValueError("it has changed since it was opened")
        if not self.offsets:
            yield self.tiff
            return
        tifffile = need("tifffile", "Reading TIFF stacks")
        with tifffile.TiffFile(self.tiff.path, _multifile=False) as file:
            yield replace(self.tiff, pages=_Pages(tifffile, file, self.offsets))


class _Pages(Sequence[Any]):
    """Pages of an open file, looked up where they are known to begin."""

    def __init__(self, tifffile: Any, file: Any, offsets: Sequence[tuple[int, int]]) -> None:
        self._tifffile, self._file, self._offsets = tifffile, file, offsets

    def __len__(self) -> int:
        return len(self._offsets)

    def __getitem__(self, key: Any) -> Any:
        if isinstance(key, slice):
            return [self[place] for place in range(*key.indices(len(self)))]
        index, offset = self._offsets[key]
        self._file.filehandle.seek(offset)
        return self._tifffile.TiffPage(self._file, index)


def _version(tiff: TiffImage) -> tuple[int, int]:
    status = tiff.path.stat()
    return status.st_size, status.st_mtime_ns


def _runs(rows: NDArray[np.int64], longest: int) -> list[tuple[int, int, int]]:
    """Return neighbours among rising row numbers: first, last + 1, and place of the first.

    >>> _runs(np.array([2, 3, 4, 9]), 2)
    [(2, 4, 0), (4, 5, 2), (9, 10, 3)]
    """
    runs: list[tuple[int, int, int]] = []
    for place, row in enumerate(rows.tolist()):
        if runs and runs[-1][1] == row and row - runs[-1][0] < longest:
            start, _, first = runs.pop()
            runs.append((start, row + 1, first))
        else:
            runs.append((row, row + 1, place))
    return runs
