"""Any order of axes gives the same view, and what could be read in two ways is refused."""

import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nasci.data import LAYOUTS
from nasci.data.layout import channels_first_view, choose_layout
from nasci.errors import DataError


@given(st.sampled_from(LAYOUTS), st.data())
def test_undoes_every_layout(layout: str, data) -> None:
    sizes = {letter: data.draw(st.integers(1, 6), letter) for letter in "NCLDHW"}
    if "C" not in layout:
        sizes["C"] = 1
    canonical = "NC" + "".join(letter for letter in layout if letter not in "NC")
    shape = [sizes[letter] for letter in canonical]
    x = np.arange(np.prod(shape)).reshape(shape)
    stored = np.einsum(f"{canonical}->{layout}", x)
    np.testing.assert_array_equal(channels_first_view(stored, layout), x)


@pytest.mark.parametrize(
    ("shape", "layout", "expected"),
    [
        ((10, 128), "NL", (10, 1, 128)),
        ((10, 28, 24), "NHW", (10, 1, 28, 24)),
        ((10, 28, 24, 1), "NHWC", (10, 1, 28, 24)),
        ((10, 28, 24, 4), "NHWC", (10, 4, 28, 24)),
        ((10, 3, 28, 24), "NCHW", (10, 3, 28, 24)),
        ((10, 2, 9, 8, 7), "NCDHW", (10, 2, 9, 8, 7)),
        ((10, 9, 8, 7, 2), "NDHWC", (10, 2, 9, 8, 7)),
        ((10, 9, 3, 7, 2), "NDHWC", (10, 2, 9, 3, 7)),
    ],
)
def test_auto(shape, layout: str, expected) -> None:
    x = np.arange(np.prod(shape)).reshape(shape)
    chosen, note = choose_layout(x.shape, "auto")
    assert chosen == layout
    view = channels_first_view(x, chosen)
    assert view.shape == expected
    assert f"(layout {layout})" in note
    assert np.shares_memory(view, x)


@pytest.mark.parametrize(
    ("shape", "words"),
    [
        ((1000, 28, 28), "X (1000, 28, 28) read as 1000 grey images of 28x28"),
        ((10, 128), "X (10, 128) read as 10 signals of length 128"),
        ((10, 3, 28, 24), "X (10, 3, 28, 24) read as 10 images of 28x24 with 3 channels"),
        ((10, 9, 8, 7, 1), "X (10, 9, 8, 7, 1) read as 10 volumes of 9x8x7"),
    ],
)
def test_note_says_what_was_read(shape, words: str) -> None:
    assert choose_layout(shape)[1].startswith(words + " (layout")


@pytest.mark.parametrize(
    ("shape", "layout", "sentence"),
    [
        ((9,), "auto", r"2 to 5 axes .* got 1 axes \(9,\)"),
        ((9, 4, 4, 4, 4, 4), "auto", "got 6 axes"),
        ((9, 3, 32, 3), "auto", "both could be .* `--set data.layout=NCHW` or NHWC, or NDHW"),
        ((9, 32, 32, 32), "auto", "neither could be .* `--set data.layout=NCHW` or NHWC, or NDHW"),
        ((9, 8, 8, 8, 8), "auto", "neither could be .* `--set data.layout=NCDHW` or NDHWC"),
        ((9, 8, 8), "NHWC", re.escape("4 axes for layout NHWC, but got 3 axes (9, 8, 8). Use NLC")),
        ((9,), "NL", "Reshape X"),
        ((9, 8, 8), "nhw", "Did you mean `NHW`"),
        ((9, 8, 8), "", "but got ``"),
    ],
)
def test_refuses(shape, layout: str, sentence: str) -> None:
    with pytest.raises(DataError, match=sentence):
        choose_layout(shape, layout)
