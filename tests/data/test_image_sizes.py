"""One size for all images, and a sentence for every change."""

from pathlib import Path

import numpy as np
import pytest
import tifffile
from hypothesis import given
from hypothesis import strategies as st
from image_files import decode, quick, save

from nasci.data import ReadOptions
from nasci.data.image_sizes import DEFAULT_SIDE, plan_sizes, resized
from nasci.errors import DataError


def test_small_images_are_kept_and_large_ones_said(tmp_path) -> None:
    small = save(tmp_path, "a.png", np.zeros((128, 100), np.uint8))
    x, notes = decode(small)
    assert x.shape == (1, 128, 100, 1)
    assert notes == ""
    large = save(tmp_path, "b.png", np.zeros((424, 424), np.uint8))
    x, notes = decode(large)
    assert x.shape == (1, 64, 64, 1)
    assert notes == (
        "Images of 424x424 are resized to 64x64 (area average), which a search on one machine can "
        "afford; say `--set data.size=424` to keep them, or data.crop first."
    )
    x, notes = decode(large, options=ReadOptions(size=(424, 424)))
    assert x.shape == (1, 424, 424, 1)
    assert notes == ""
    x, notes = decode(large, options=ReadOptions(crop=224, size=(48, 64)))
    assert x.shape == (1, 48, 64, 1)
    assert notes == "Images of 424x424 are cut to 224x224 in the centre and resized to 48x64."


def test_unequal_sizes_are_cut_to_squares(tmp_path) -> None:
    shapes = [(300, 90), (80, 200)]
    paths = [save(tmp_path, f"{i}.png", np.zeros(s, np.uint8)) for i, s in enumerate(shapes)]
    x, notes = decode(*paths)
    assert x.shape == (2, 64, 64, 1)
    assert "differ in size (80x90 to 300x200)" in notes
    assert "resized to 64x64" in notes
    x, notes = decode(*paths, options=ReadOptions(crop=40))
    assert x.shape == (2, 40, 40, 1)
    with pytest.raises(DataError, match=r"at least 90x90 to cut from, but .*1\.png has 80x200"):
        decode(*paths, options=ReadOptions(crop=90))
    for options in (ReadOptions(crop=0), ReadOptions(size=(0, 4))):
        with pytest.raises(DataError, match="sides of 1 to"):
            decode(*paths, options=options)


def test_the_crop_is_the_centre(tmp_path) -> None:
    array = np.arange(48, dtype=np.uint8).reshape(6, 8)
    x, _ = decode(save(tmp_path, "a.png", array), options=ReadOptions(crop=4))
    np.testing.assert_array_equal(x[0, ..., 0], array[1:5, 2:6])


@quick
@given(
    sizes=st.lists(st.tuples(st.integers(1, 500), st.integers(1, 500)), min_size=1, max_size=5),
    crop=st.none() | st.integers(1, 100),
    size=st.none() | st.tuples(st.integers(1, 90), st.integers(1, 90)),
)
def test_every_plan_gives_one_size_and_says_so(sizes, crop, size) -> None:
    options = ReadOptions(crop=crop, size=size)
    try:
        plan, notes = plan_sizes(sizes, options, [Path("a.png")])
    except DataError as error:
        assert crop is not None
        assert "smaller" in str(error)
        return
    after = {plan.apply(np.zeros((*frame, 1), np.uint8)).shape[:2] for frame in sizes}
    assert after == {plan.example_size(frame) for frame in sizes}
    assert len(after) == 1
    changed = any(frame not in after for frame in sizes)
    assert changed <= bool(notes)
    if size is None and crop is None and notes:
        assert max(after.pop()) <= DEFAULT_SIDE


@quick
@given(
    factor=st.tuples(st.integers(1, 5), st.integers(1, 5)),
    size=st.tuples(st.integers(1, 8), st.integers(1, 8)),
    channels=st.integers(1, 4),
    dtype=st.sampled_from([np.uint8, np.uint16, np.int16, np.float32, np.float64]),
)
def test_shrinking_by_whole_factors_is_the_mean_of_blocks(factor, size, channels, dtype) -> None:
    shape = (2, size[0] * factor[0], size[1] * factor[1], channels)
    pixels = (np.random.default_rng(0).random(shape) * 255).astype(dtype)
    blocks = pixels.reshape(2, size[0], factor[0], size[1], factor[1], channels)
    small = resized(pixels, size)
    exact = np.dtype(dtype).kind == "f"
    assert small.dtype == (np.float32 if exact else dtype)
    expected = blocks.astype(np.float64).mean(axis=(2, 4))
    # Pillow rounds 8 bits twice: after the rows, and after the columns
    tolerance = 1e-3 if exact else 1.001 if dtype == np.uint8 else 0.501
    np.testing.assert_allclose(small, expected, atol=tolerance)


def test_volumes_keep_their_depth(tmp_path) -> None:
    tifffile.imwrite(
        tmp_path / "a.tif", np.ones((3, 256, 200), np.uint16), photometric="minisblack"
    )
    x, _ = decode(tmp_path / "a.tif")
    assert x.shape == (1, 3, 64, 50, 1)
    assert x.dtype == np.uint16
    assert (x == 1).all()
