"""Every type and order of pages of a TIFF file comes back exactly."""

import numpy as np
import pytest
import tifffile
from image_files import GREY, RGB, RNG, decode, save
from PIL import Image

from nasci.errors import DataError


@pytest.mark.parametrize("dtype", ["uint8", "uint16", "int16", "uint32", "float32", "float64"])
@pytest.mark.parametrize("byte_order", ["<", ">"])
@pytest.mark.parametrize("compression", [None, "zlib"])
def test_tiff_types_come_back(tmp_path, dtype: str, byte_order: str, compression) -> None:
    array = (RNG.random((5, 6)) * 250).astype(dtype)
    path = tmp_path / "a.tif"
    tifffile.imwrite(
        path, array.astype(f"{byte_order}{np.dtype(dtype).str[1:]}"), byteorder=byte_order,
        compression=compression, photometric="minisblack",
    )  # fmt: skip
    x, _ = decode(path)
    assert x.dtype == np.dtype(dtype)
    np.testing.assert_array_equal(x[0, ..., 0], array)


@pytest.mark.parametrize(
    ("shape", "options", "order"),
    [
        ((4, 9, 7), {"photometric": "minisblack"}, (0, 1, 2, None)),
        ((4, 9, 7, 3), {"photometric": "rgb"}, (0, 1, 2, 3)),
        ((3, 9, 7), {"photometric": "rgb", "planarconfig": "separate"}, (1, 2, 0)),
        ((5, 9, 7), {"imagej": True, "metadata": {"axes": "CYX"}}, (1, 2, 0)),
        ((5, 9, 7), {"ome": True, "metadata": {"axes": "ZYX"}}, (0, 1, 2, None)),
        ((2, 5, 9, 7), {"imagej": True, "metadata": {"axes": "ZCYX"}}, (0, 2, 3, 1)),
        ((1, 9, 7), {"photometric": "minisblack"}, (1, 2, 0)),
    ],
)
def test_pages_are_volumes_or_channels(tmp_path, shape, options, order) -> None:
    array = RNG.integers(0, 256, shape, dtype=np.uint8)
    tifffile.imwrite(tmp_path / "a.tif", array, **options)
    expected = array.transpose([axis for axis in order if axis is not None])
    x, _ = decode(tmp_path / "a.tif")
    np.testing.assert_array_equal(x[0], expected[..., None] if order[-1] is None else expected)


def test_pages_written_one_by_one(tmp_path) -> None:
    array = RNG.integers(0, 256, (4, 9, 7), dtype=np.uint8)
    with tifffile.TiffWriter(tmp_path / "a.tif") as writer:
        for page in array:
            writer.write(page, contiguous=False)
    np.testing.assert_array_equal(decode(tmp_path / "a.tif")[0][0, ..., 0], array)


@pytest.mark.parametrize("compression", ["tiff_lzw", "packbits", "tiff_adobe_deflate"])
def test_compressions_with_and_without_codecs(tmp_path, compression: str) -> None:
    pages = [GREY, GREY[::-1], GREY[:, ::-1]]
    images = [Image.fromarray(page) for page in pages]
    path = save(tmp_path, "a.tif", images[0], save_all=True, append_images=images[1:],
                compression=compression)  # fmt: skip
    np.testing.assert_array_equal(decode(path)[0][0, ..., 0], np.stack(pages))
    path = save(tmp_path, "b.tif", RGB, compression=compression)
    np.testing.assert_array_equal(decode(path)[0][0], RGB)
    path = save(tmp_path, "c.tif", GREY.astype(np.uint16) * 200, compression=compression)
    np.testing.assert_array_equal(decode(path)[0][0, ..., 0], GREY.astype(np.uint16) * 200)


def test_white_is_zero_is_inverted(tmp_path) -> None:
    for array in (GREY, GREY.astype(np.uint16)):
        tifffile.imwrite(tmp_path / "a.tif", array, photometric="miniswhite")
        x, _ = decode(tmp_path / "a.tif")
        np.testing.assert_array_equal(x[0, ..., 0], np.iinfo(array.dtype).max - array)
    tifffile.imwrite(tmp_path / "b.tif", GREY > 99, photometric="minisblack")
    np.testing.assert_array_equal(decode(tmp_path / "b.tif")[0][0, ..., 0], (GREY > 99) * 255)


def test_axes_that_are_no_image(tmp_path) -> None:
    array = np.zeros((2, 3, 4, 9, 7), np.uint8)
    tifffile.imwrite(tmp_path / "a.tif", array, imagej=True, metadata={"axes": "TZCYX"})
    with pytest.raises(DataError, match=r"Expected an image or a volume a file.*TZCYX"):
        decode(tmp_path / "a.tif")
    with tifffile.TiffWriter(tmp_path / "b.tif") as writer:
        writer.write(GREY)
        writer.write(GREY[:4], contiguous=False)
    with pytest.raises(DataError, match="pages of one shape and type"):
        decode(tmp_path / "b.tif")
