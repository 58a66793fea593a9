"""Pixels come back exactly, all images end up alike, and damaged ones are a DataError."""

import random

import numpy as np
import pytest
import tifffile
from hypothesis import given
from hypothesis import strategies as st
from image_files import GREY, NOTHING, RGB, RNG, decode, quick, save
from PIL import Image

from nasci.data import ReadOptions
from nasci.data.image_files import decode_images
from nasci.data.image_pillow import upright
from nasci.errors import DataError


@pytest.mark.parametrize("ending", ["png", "tif", "bmp", "webp"])
@pytest.mark.parametrize("array", [GREY, RGB], ids=["grey", "rgb"])
def test_lossless_formats_are_read_exactly(tmp_path, ending: str, array) -> None:
    path = save(tmp_path, f"a.{ending}", array, **({"lossless": True} if ending == "webp" else {}))
    x, notes = decode(path)
    if ending == "webp" and array.ndim == 2:  # WebP has no grey
        array = np.stack([array] * 3, axis=-1)
    np.testing.assert_array_equal(x[0], array.reshape(9, 7, -1))
    assert notes == ""


@quick
@given(
    height=st.integers(1, 20),
    width=st.integers(1, 20),
    seed=st.integers(0, 2**32 - 1),
    ending=st.sampled_from(["png", "tif"]),
)
def test_16_bits_come_back(tmp_path, height: int, width: int, seed: int, ending: str) -> None:
    array = np.random.default_rng(seed).integers(0, 2**16, (height, width), dtype=np.uint16)
    x, notes = decode(save(tmp_path, f"a.{ending}", array))
    assert x.dtype == np.uint16
    assert notes == ""
    np.testing.assert_array_equal(x[0, ..., 0], array)


@quick
@given(
    mode=st.sampled_from(["1", "L", "LA", "P", "RGB", "RGBA", "CMYK", "YCbCr", "I", "F", "I;16"]),
    ending=st.sampled_from(["png", "jpg", "tif", "gif", "bmp", "webp"]),
    size=st.tuples(st.integers(1, 30), st.integers(1, 30)),
)
def test_every_mode_is_an_array_or_a_sentence(tmp_path, mode: str, ending: str, size) -> None:
    path = tmp_path / f"a.{ending}"
    try:
        Image.new(mode, size, 1).save(path)
    except (OSError, ValueError, KeyError):
        return  # Pillow does not write this mode so
    x, _ = decode(path)
    assert x.shape[:3] == (1, size[1], size[0])
    assert x.shape[3] in (1, 3)
    assert x.dtype.kind in "uif"


def test_a_jpeg_is_read_as_pillow_reads_it(tmp_path) -> None:
    path = save(tmp_path, "a.jpg", RGB)
    np.testing.assert_array_equal(decode(path)[0][0], np.asarray(Image.open(path)))


def test_one_bit_palette_and_cmyk(tmp_path) -> None:
    bit = save(tmp_path, "a.png", Image.fromarray(GREY > 100))
    assert set(np.unique(decode(bit)[0])) == {0, 255}
    palette = Image.fromarray(RGB).quantize(4)
    x, _ = decode(save(tmp_path, "b.png", palette))
    np.testing.assert_array_equal(x[0], np.asarray(palette.convert("RGB")))
    cmyk = Image.fromarray(RGB).convert("CMYK")
    for ending in ("jpg", "tif"):
        assert decode(save(tmp_path, f"c.{ending}", cmyk))[0].shape == (1, 9, 7, 3)


def test_grey_among_rgb(tmp_path) -> None:
    paths = [save(tmp_path, f"{i}.png", array) for i, array in enumerate([GREY, RGB, GREY])]
    x, notes = decode(*paths)
    np.testing.assert_array_equal(x, np.stack([np.stack([GREY] * 3, -1), RGB, x[0]]))
    assert "2 of 3 images are grey" in notes
    x, notes = decode(*paths, grey=True)
    np.testing.assert_array_equal(x[0, ..., 0], GREY)
    assert (
        np.abs(x[1, ..., 0] - np.asarray(Image.fromarray(RGB).convert("L")).astype(int)).max() < 2
    )
    assert "1 of 3 images are stored in colour" in notes


def test_grey_stored_as_rgb_keeps_its_values(tmp_path) -> None:
    x, _ = decode(save(tmp_path, "a.png", np.stack([GREY] * 3, -1)), grey=True)
    np.testing.assert_array_equal(x[0, ..., 0], GREY)


def test_alpha_is_kept_only_if_it_says_something(tmp_path) -> None:
    opaque = np.dstack([RGB, np.full((9, 7), 255, np.uint8)])
    x, notes = decode(save(tmp_path, "a.png", opaque), save(tmp_path, "b.png", RGB))
    np.testing.assert_array_equal(x, np.stack([RGB, RGB]))
    assert "left out: it is 255 everywhere" in notes
    varying = np.dstack([RGB, GREY])
    x, notes = decode(save(tmp_path, "c.png", varying), save(tmp_path, "b.png", RGB))
    np.testing.assert_array_equal(x, np.stack([varying, opaque]))
    assert "kept as the last channel" in notes
    two = Image.fromarray(GREY).convert("LA")
    assert decode(save(tmp_path, "d.png", two))[0].shape == (1, 9, 7, 1)
    half = np.dstack([RGB, np.full((9, 7), 100, np.uint8)])  # against opaque ones it says something
    assert decode(save(tmp_path, "e.png", half), save(tmp_path, "b.png", RGB))[0].shape[-1] == 4


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("ending", ["png", "tif"])
def test_exif_orientation_as_pillow_applies_it(tmp_path, orientation: int, ending: str) -> None:
    from PIL import ImageOps

    exif = Image.Exif()
    exif[0x0112] = orientation
    path = save(tmp_path, f"a.{ending}", RGB, exif=exif)
    with Image.open(path) as image:
        expected = np.asarray(ImageOps.exif_transpose(image))
    np.testing.assert_array_equal(decode(path)[0][0], expected)
    np.testing.assert_array_equal(upright(RGB, orientation), expected)


def test_the_first_frame_and_lost_bits_are_said(tmp_path) -> None:
    frames = [Image.fromarray(GREY), Image.fromarray(255 - GREY)]
    path = save(tmp_path, "a.gif", frames[0], save_all=True, append_images=frames[1:])
    x, notes = decode(path)
    np.testing.assert_array_equal(x[0, ..., 0], GREY)
    assert "animated: the first frame is read" in notes
    deep = tmp_path / "b.png"
    deep.write_bytes(png_of_16_bit_colours())
    x, notes = decode(deep)
    assert x.shape == (1, 1, 1, 3)
    assert "16-bit colours, which are read with 8 bits" in notes


def png_of_16_bit_colours() -> bytes:
    import struct
    import zlib

    def chunk(name: bytes, content: bytes) -> bytes:
        check = struct.pack(">I", zlib.crc32(name + content))
        return struct.pack(">I", len(content)) + name + content + check

    header = struct.pack(">IIBBBBB", 1, 1, 16, 2, 0, 0, 0)
    pixels = zlib.compress(b"\0" + struct.pack(">HHH", 1000, 2000, 3000))
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", pixels) + chunk(b"IEND", b"")
    )


# images that do not fit together


def test_types_pages_and_channels_must_agree(tmp_path) -> None:
    grey = save(tmp_path, "a.png", GREY)
    deep = save(tmp_path, "b.png", GREY.astype(np.uint16))
    with pytest.raises(DataError, match=r"images of one type.*a\.png.*b\.png"):
        decode(grey, deep)
    tifffile.imwrite(tmp_path / "c.tif", np.zeros((4, 9, 7), np.uint8), photometric="minisblack")
    with pytest.raises(DataError, match=r"one number of pages, but 1 have 1.*1 have 4"):
        decode(grey, tmp_path / "c.tif")
    tifffile.imwrite(
        tmp_path / "d.tif", np.zeros((9, 7, 5), np.uint8), photometric="minisblack",
        planarconfig="contig",
    )  # fmt: skip
    with pytest.raises(DataError, match=r"a\.png has 1 and .*d\.tif has 5"):
        decode(grey, tmp_path / "d.tif")
    with pytest.raises(DataError, match="at least one image"):
        decode()


# what does not fit in memory


def test_large_sets_are_cached_on_disk(tmp_path, monkeypatch) -> None:
    monkeypatch.setenv("NASCI_CACHE", str(tmp_path / "cache"))
    arrays = RNG.integers(0, 2**16, (7, 9, 8), dtype=np.uint16)
    paths = [save(tmp_path, f"{i}.png", array) for i, array in enumerate(arrays)]
    rows, notes = decode_images(paths, NOTHING, memory_bytes=100)
    (file,) = (tmp_path / "cache").iterdir()
    assert not isinstance(rows, np.ndarray)
    assert file.name in " ".join(notes)
    np.testing.assert_array_equal(rows[:][..., 0], arrays)
    np.testing.assert_array_equal(rows[np.array([6, 0])][..., 0], arrays[[6, 0]])
    before = file.stat().st_mtime_ns

    rows, _ = decode_images(paths, NOTHING, memory_bytes=100)  # the same file again
    assert file.stat().st_mtime_ns == before
    decode_images(paths, ReadOptions(crop=4), memory_bytes=100)
    assert len(list((tmp_path / "cache").iterdir())) == 2
    Image.fromarray(arrays[0] // 2).save(paths[3])
    rows, _ = decode_images(paths, NOTHING, memory_bytes=100)
    np.testing.assert_array_equal(rows[3:4][0, ..., 0], arrays[0] // 2)

    file.write_bytes(file.read_bytes()[:-3])  # damaged: made again
    Image.fromarray(arrays[3]).save(paths[3])
    rows, _ = decode_images(paths, NOTHING, memory_bytes=100)
    np.testing.assert_array_equal(rows[:][..., 0], arrays)


def test_a_failure_leaves_nothing_in_the_cache(tmp_path, monkeypatch) -> None:
    monkeypatch.setenv("NASCI_CACHE", str(tmp_path / "cache"))
    good, bad = (save(tmp_path, f"{i}.png", RGB) for i in range(2))
    bad.write_bytes(bad.read_bytes()[:-60])
    with pytest.raises(DataError, match="intact image"):
        decode_images([good, bad], NOTHING, memory_bytes=100)
    assert list((tmp_path / "cache").iterdir()) == []
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("NASCI_CACHE", str(tmp_path / "file"))
    with pytest.raises(DataError, match="NASCI_CACHE"):
        decode_images([good], NOTHING, memory_bytes=100)


# damage


def test_truncated_images_are_named(tmp_path) -> None:
    large = RNG.integers(0, 256, (64, 64, 3), dtype=np.uint8)
    for ending in ("png", "jpg", "tif", "bmp", "webp"):
        path = save(tmp_path, f"a.{ending}", large)
        path.write_bytes(path.read_bytes()[: path.stat().st_size * 2 // 3])
        with pytest.raises(DataError, match=rf"intact image, but .*a\.{ending} cannot be read"):
            decode(path)


@pytest.mark.parametrize("ending", ["png", "jpg", "tif", "gif"])
def test_no_images(tmp_path, ending: str) -> None:
    path = tmp_path / f"a.{ending}"
    for content in (b"", b"II*\0", b"no image at all", b"%!PS-Adobe"):
        path.write_bytes(content)
        with pytest.raises(DataError, match="intact image"):
            decode(path)
    with pytest.raises(DataError, match="intact image"):
        decode(tmp_path / f"missing.{ending}")


def test_bombs(tmp_path, monkeypatch) -> None:
    paths = [save(tmp_path, f"a.{ending}", RGB) for ending in ("png", "tif")]
    for limit in (62, 20):  # Pillow warns above it, and refuses above twice as much
        monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", limit)
        for path in paths:
            with pytest.raises(DataError, match=rf"up to {limit} pixels, but .*{path.name}"):
                decode(path)


def test_a_tiff_that_declares_what_it_does_not_hold(tmp_path) -> None:
    path = tmp_path / "a.tif"
    tifffile.imwrite(path, GREY)
    content = bytearray(path.read_bytes())
    with tifffile.TiffFile(path) as file:
        tag = file.pages[0].tags["ImageLength"]
        content[tag.valueoffset : tag.valueoffset + 2] = (9000).to_bytes(2, "little")
    path.write_bytes(content)
    with pytest.raises(DataError):
        decode(path)


@pytest.mark.parametrize(
    "ending", ["png", "jpg", "tif", "lzw.tif", "zip.tif", "gif", "webp", "bmp"]
)
def test_damaged_bytes_give_a_value_or_a_sentence(tmp_path, ending: str) -> None:
    chooser = random.Random(0)
    pages = [Image.fromarray(RGB), Image.fromarray(RGB[::-1])]
    extra = {} if ending[-3:] != "tif" else {"save_all": True, "append_images": pages[1:]}
    if "." in ending:
        extra["compression"] = {"lzw": "tiff_lzw", "zip": "tiff_adobe_deflate"}[ending[:3]]
    path = save(tmp_path, f"a.{ending}", pages[0], **extra)
    content = path.read_bytes()
    num_refused = 0
    for _ in range(60):
        damaged = bytearray(content)
        for _ in range(chooser.randint(1, 4)):
            damaged[chooser.randrange(len(damaged))] = chooser.randrange(256)
        if chooser.random() < 0.3:
            del damaged[chooser.randrange(len(damaged)) :]
        path.write_bytes(damaged)
        try:
            x, _ = decode(path, options=ReadOptions(size=(4, 4)))
        except DataError as error:
            num_refused += 1
            assert path.name in str(error)
        else:
            assert x.shape[0] == 1
    assert num_refused
