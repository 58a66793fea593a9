"""Many image files to one array: headers first, one plan for all of them, then the pixels.

Axes are always examples, (depth), height, width, channels: `IMAGE_LAYOUTS` names them.
"""

import os
import warnings
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from nasci.data.chunks import ArrayLike
from nasci.data.image_cache import cache_key, cached_rows
from nasci.data.image_channels import ChannelPlan, plan_channels
from nasci.data.image_pillow import Header, refused
from nasci.data.image_pixels import read_header, read_pixels
from nasci.data.image_sizes import SizePlan, plan_sizes
from nasci.data.source import ReadOptions
from nasci.errors import DataError

IMAGE_LAYOUTS = {4: "NHWC", 5: "NDHWC"}
"""Layout of what `decode_images` returns, by the number of its axes."""

MEMORY_BYTES = 2**30
"""Size of the decoded images up to which they are kept in memory."""

_MAX_WORKERS = 4
_PIECE_BYTES = 16 * 2**20
_MAX_PIECE = 256  # images


@dataclass(frozen=True)
class _Plan:
    channels: ChannelPlan
    sizes: SizePlan
    shape: tuple[int, ...]  # of all examples
    dtype: np.dtype[Any]

    @property
    def num_bytes(self) -> int:
        return int(np.prod(self.shape, dtype=np.int64)) * self.dtype.itemsize

    def example(self, path: Path, header: Header) -> NDArray[Any]:
        pixels = read_pixels(path)
        if pixels.shape != header.shape or pixels.dtype != header.dtype:
            raise DataError(
                f"Expected {path} to hold {header.dtype} {header.shape} as its header says, but "
                f"got {pixels.dtype} {pixels.shape}. Save it again, for example as PNG."
            )
        with refused(path):
            return self.sizes.apply(self.channels.apply(pixels, header.alpha is not None))


def decode_images(
    paths: Sequence[Path],
    options: ReadOptions,
    *,
    grey: bool = False,
    memory_bytes: int = MEMORY_BYTES,
) -> tuple[ArrayLike, list[str]]:
    """Decode image files to one array.

    Palettes and CMYK become RGB, 1 bit becomes 0 and 255, and 8, 16 and 32 bits are kept. EXIF
    orientation is applied. Sizes: see `plan_sizes`; channels: see `plan_channels`.

    Args:
        paths: image files (see `IMAGE_ENDINGS`), in the order of the examples; at least one.
        options: `crop` and `size` count.
        grey: images in colour are read as grey.
        memory_bytes: larger arrays are written to a file in the cache folder (the environment
            variable NASCI_CACHE, or the user's own), and read as they are asked for.

    Returns:
        `(examples, height, width, channels)`, or `(examples, depth, height, width, channels)` for
        TIFF files of several pages; and what was decided, a sentence each.

    Raises:
        DataError: a file that is no image, is damaged, or does not fit the others.

    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as folder:
    ...     path = Path(folder) / "a.png"
    ...     Image.fromarray(np.zeros((8, 6), np.uint16)).save(path)
    ...     x, notes = decode_images([path], ReadOptions())
    >>> x.shape, str(x.dtype)
    ((1, 8, 6, 1), 'uint16')
    """
    if not paths:
        raise DataError("Expected at least one image, but got none. Check the path.")
    with quiet(), ThreadPoolExecutor(min(_MAX_WORKERS, os.cpu_count() or 1)) as pool:
        headers = list(pool.map(read_header, paths))
        plan, notes = _make_plan(paths, headers, options, grey)
        pieces = _pieces(pool, plan, paths, headers)
        if plan.num_bytes <= memory_bytes:
            return _in_memory(plan, pieces), notes
        settings = f"{replace(options, x=None, y=(), group=None, table=None)} {plan}"
        rows, file = cached_rows(cache_key(paths, settings), plan.shape, plan.dtype, pieces)
        return rows, [
            *notes,
            f"The decoded images ({plan.num_bytes / 2**30:.2g} GiB) are kept in {file}, which is "
            "used again while the images stay the same; delete it when you like.",
        ]


def _make_plan(
    paths: Sequence[Path], headers: Sequence[Header], options: ReadOptions, grey: bool
) -> tuple[_Plan, list[str]]:
    _check_alike(paths, headers, "type", lambda header: str(header.dtype))
    _check_alike(paths, headers, "number of pages", lambda header: _num_pages(header.shape))
    first = headers[0]
    channels, channel_notes = plan_channels(headers, paths, grey=grey)
    frames = [(header.shape[-3], header.shape[-2]) for header in headers]
    sizes, size_notes = plan_sizes(frames, options, paths)
    shape = (
        *(len(paths), *first.shape[:-3]),
        *sizes.example_size(frames[0]),
        channels.num_channels,
    )
    counts = Counter(remark for header in headers for remark in header.remarks)
    notes = [f"{count} of {len(paths)} images {remark}." for remark, count in counts.items()]
    plan = _Plan(channels, sizes, shape, sizes.dtype(first.dtype))
    return plan, [*notes, *channel_notes, *size_notes]


def _num_pages(shape: tuple[int, ...]) -> str:
    return str(shape[0]) if len(shape) == 4 else "1"


def _check_alike(
    paths: Sequence[Path], headers: Sequence[Header], what: str, kind: Callable[[Header], str]
) -> None:
    kinds = [kind(header) for header in headers]
    if len(set(kinds)) > 1:
        (common, num_common), (other, num_other), *_ = Counter(kinds).most_common()
        raise DataError(
            f"Expected images of one {what}, but {num_common} have {common} "
            f"({paths[kinds.index(common)]}) and {num_other} have {other} "
            f"({paths[kinds.index(other)]}). Convert them, or keep one kind."
        )


def _pieces(
    pool: ThreadPoolExecutor, plan: _Plan, paths: Sequence[Path], headers: Sequence[Header]
) -> Iterator[NDArray[Any]]:
    """Decode in order; the rest of a piece is not begun once an image has failed."""
    num_bytes = max(1, plan.num_bytes // len(paths))
    step = max(_MAX_WORKERS, min(_MAX_PIECE, _PIECE_BYTES // num_bytes))
    for start in range(0, len(paths), step):
        piece = slice(start, start + step)
        yield np.stack(list(pool.map(plan.example, paths[piece], headers[piece])))


def _in_memory(plan: _Plan, pieces: Iterator[NDArray[Any]]) -> NDArray[Any]:
    array = np.empty(plan.shape, plan.dtype)
    start = 0
    for piece in pieces:
        array[start : start + len(piece)] = piece
        start += len(piece)
    return array


@contextmanager
def quiet() -> Iterator[None]:
    """Silence the decoders' warnings, but for the one about implausibly many pixels.

    Filters belong to the process, not the thread: they are set once, around all threads.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        warnings.simplefilter("error", Image.DecompressionBombWarning)
        yield
