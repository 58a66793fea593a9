"""Examples without targets, for a network that is trained: read and prepared as in its training."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nasci.data.checks import check_array, check_dtype, check_finite
from nasci.data.chunks import ArrayLike
from nasci.data.image_files import decode_images
from nasci.data.image_folder import Listing
from nasci.data.image_pixels import is_image, read_header
from nasci.data.image_sizes import plan_sizes
from nasci.data.image_surveys import galaxy_zoo_folder
from nasci.data.lazy import Rows
from nasci.data.npy import open_npy
from nasci.data.npz import read_npz_inputs
from nasci.data.source import ReadOptions
from nasci.errors import DataError

_SQUARE_CUT = "the largest square in the centre of each is cut"
_READABLE = "an array, a .npy or .npz file, an image or a folder of images"


@dataclass(frozen=True, eq=False)
class Inputs:
    """Examples without targets.

    Attributes:
        x: (N, C, *spatial), uint8 or float32 in the units that they came in.
        examples: name of every example: of its file, or its number from 0 on.
    """

    x: ArrayLike
    examples: tuple[str, ...]


def read_inputs(
    source: NDArray[Any] | str | Path,
    input_shape: tuple[int, ...],
    options: ReadOptions,
    layout: str = "auto",
    notes: Sequence[str] = (),
) -> Inputs:
    """Read examples for a network.

    Args:
        source: an array, a `.npy` file, a `.npz` file (array `X`, or what the options name), an
            image file, or a folder of images.
        input_shape: (C, *spatial) of what the network takes.
        options: `x` counts for `.npz` files, `crop` and `size` for images.
        layout: order of the axes of an array that can be read in more than one way.
        notes: what the reader decided for the training examples: says how they were resized.

    Raises:
        DataError: it cannot be read, does not fit the network, can be read in two ways, or holds
            NaN or infinity.

    >>> read_inputs(np.zeros((5, 8, 8)), (1, 8, 8), ReadOptions()).x.shape
    (5, 1, 8, 8)
    """
    examples: tuple[str, ...] = ()
    x: ArrayLike
    if not isinstance(source, str | Path):
        x = check_array("the inputs", source)
    else:
        path = Path(source)
        if path.is_dir() or is_image(path):
            images = _images(path)
            x = _decode(images, input_shape, options, notes)
            examples = tuple(image.name for image in images)
            layout = f"N{'DHW'[4 - len(input_shape) :]}C"  # as the reader of images leaves it
        else:
            x = _array_in(path, options)
    check_dtype(x)
    layout = _layout(x.shape, input_shape, layout)
    check_finite(x)
    dtype = np.dtype(np.uint8 if x.dtype in (np.uint8, np.bool_) else np.float32)
    rows = Rows(x, np.arange(len(x)), layout, dtype)
    return Inputs(rows.settled(), examples or tuple(map(str, range(len(x)))))


def _array_in(path: Path, options: ReadOptions) -> ArrayLike:
    if not path.exists():
        raise DataError(f"Expected {_READABLE}, but there is no file `{path}`. Check its name.")
    ending = path.suffix.lower()
    if ending == ".npz":
        return read_npz_inputs(path, options.x or "X")
    if ending == ".npy":
        return open_npy(path)
    raise DataError(
        f"Expected {_READABLE}, but got `{path}`. Save the examples with np.save('new.npy', X)."
    )


def _layout(shape: tuple[int, ...], input_shape: tuple[int, ...], said: str) -> str:
    """Return the only order of axes in which examples fit the network."""
    channels, *spatial = input_shape
    axes = {1: "L", 2: "HW", 3: "DHW"}[len(spatial)]
    fitting = []
    if shape[1:] == input_shape:
        fitting.append(f"NC{axes}")
    if shape[1:] == (*spatial, channels):
        fitting.append(f"N{axes}C")
    if channels == 1 and shape[1:] == tuple(spatial):
        fitting.append(f"N{axes}")
    if not shape or 0 in shape or not fitting:
        one = shape in (input_shape, tuple(spatial), (*spatial, channels))
        fix = "Give one example as X[None]" if one else "Cut, resize or transpose the inputs"
        wanted = ", ".join(map(str, input_shape))
        raise DataError(
            f"Expected inputs (examples, {wanted}) as the network was trained on, or with the "
            f"channels last, but got {shape}. {fix}."
        )
    if len(fitting) > 1 and said not in fitting:
        raise DataError(
            f"Expected inputs whose channels are on one axis without doubt, but {shape} fits "
            f"{' and '.join(fitting)}. Say which with `--set data.layout={fitting[0]}`."
        )
    return said if said in fitting else fitting[0]


def _images(path: Path) -> list[Path]:
    if not path.is_dir():
        return [path]
    _, images = Listing(path).entries(path)
    if not images:
        raise DataError(
            f"Expected images in the folder {path}, but it holds none itself. Give a folder of "
            "images without folders of classes."
        )
    return images


def _decode(
    images: list[Path],
    input_shape: tuple[int, ...],
    options: ReadOptions,
    notes: Sequence[str],
) -> ArrayLike:
    """Decode images, cut and resized as the training examples were, or not at all."""
    options = replace(options, x=None, y=(), group=None, table=None)
    if options.size is not None or options.crop is not None:  # then it depends on nothing else
        return decode_images(images, options)[0]
    height, width = input_shape[-2:]
    frames = []
    for image in images:
        shape = read_header(image).shape
        frames.append((shape[-3], shape[-2]))
    if set(frames) == {(height, width)}:
        return decode_images(images, options)[0]
    known = galaxy_zoo_folder(images, options)
    options = known[0] if known else options
    _, said = plan_sizes(frames, options, images)
    if all(any(note.startswith(each) for note in notes) for each in said):
        return decode_images(images, options)[0]
    if any(_SQUARE_CUT in note for note in notes):
        return _squares(images, frames, replace(options, size=(height, width)))
    raise DataError(
        f"Expected images of {height}x{width}, or of the size that the training images had, but "
        f"got {frames[0][0]}x{frames[0][1]} ({images[0]}). Say how those were prepared with "
        f"`--set data.size={height}x{width}`, and `--set data.crop=` where a square was cut."
    )


def _squares(
    images: list[Path], frames: list[tuple[int, int]], options: ReadOptions
) -> NDArray[Any]:
    """Cut the largest square of each image, which is another one for each."""
    decoded = [
        decode_images([image], replace(options, crop=min(frame)))[0][:]
        for image, frame in zip(images, frames, strict=True)
    ]
    for image, pixels in zip(images, decoded, strict=True):
        if (pixels.shape, pixels.dtype) != (decoded[0].shape, decoded[0].dtype):
            raise DataError(
                f"Expected images of one type and number of channels, but {images[0]} is "
                f"{decoded[0].dtype} {decoded[0].shape[1:]} and {image} is {pixels.dtype} "
                f"{pixels.shape[1:]}. Convert them."
            )
    return np.concatenate(decoded)
