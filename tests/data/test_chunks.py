"""Chunks join to the whole array, and each keeps within its size."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from nasci.data.chunks import chunks


@given(st.integers(0, 30), st.integers(1, 5), st.integers(1, 200))
def test_pieces_join_to_the_whole(num_examples: int, length: int, max_bytes: int) -> None:
    array = np.arange(num_examples * length, dtype=np.float32).reshape(num_examples, length)
    pieces = list(chunks(array, max_bytes))
    joined = np.concatenate(pieces) if pieces else array[:0]
    np.testing.assert_array_equal(joined, array)
    assert all(piece.nbytes <= max_bytes or len(piece) == 1 for piece in pieces)
    assert len(pieces) <= -(-num_examples // max(1, max_bytes // (4 * length)))
