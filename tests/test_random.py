"""Seeds: the same for ever, another one for every name."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from nasci._random import derive_seed

names = st.lists(st.text("ab12", max_size=3) | st.integers(-3, 12), max_size=3)


def test_the_numbers_of_a_run_stay_the_same_in_later_versions() -> None:
    """What the program sha256sum prints of the text, its first 16 hexadecimal digits, halved."""
    assert derive_seed(0) == 0x5FECEB66FFC86F38 // 2  # `0`
    # `7`, `str:darts` and `int:3` with the byte 1f between them
    assert derive_seed(7, "darts", 3) == 0x91FC488DDFC86502 // 2


@settings(deadline=None)
@given(st.integers(0, 2**40), names)
def test_is_a_seed_for_torch_and_numpy(seed: int, names: list[str | int]) -> None:
    derived = derive_seed(seed, *names)
    assert derived == derive_seed(seed, *names)
    assert 0 <= derived < 2**63


@settings(deadline=None)
@given(st.tuples(st.integers(0, 99), names), st.tuples(st.integers(0, 99), names))
def test_other_names_give_another_seed(
    first: tuple[int, list[str | int]], second: tuple[int, list[str | int]]
) -> None:
    """A text is not the number that it spells, and where names end matters."""
    same = derive_seed(first[0], *first[1]) == derive_seed(second[0], *second[1])
    assert same == (first == second)


def test_names_that_look_alike() -> None:
    seeds = [
        derive_seed(1, "1"),
        derive_seed(1, 1),
        derive_seed(11),
        derive_seed(1, "a", "b"),
        derive_seed(1, "ab"),
        derive_seed(1, "b", "a"),
        derive_seed(1, ""),
        derive_seed(1),
    ]
    assert len(set(seeds)) == len(seeds)


def test_every_bit_is_random() -> None:
    seeds = np.array([derive_seed(root, "x") for root in range(2000)])
    ones = [((seeds >> bit) & 1).mean() for bit in range(63)]
    # 5 standard deviations of a fair coin that is thrown 2000 times
    assert np.abs(np.array(ones) - 0.5).max() < 5 * 0.5 / 2000**0.5
