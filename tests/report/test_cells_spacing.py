"""Crossings and heights of a layered drawing, against brute force and a general solver."""

import itertools

import numpy as np
import pytest
from scipy.optimize import minimize

from nasci.reports.cells.layers import make_grid, num_crossings
from nasci.reports.cells.spacing import fit_apart, heights_of
from nasci.reports.cells.text import shorten, svg_text, text_width
from nasci.space import CellSpace


def test_crossings_are_those_of_all_pairs_of_links() -> None:
    rng = np.random.default_rng(0)
    for _ in range(50):
        columns = [list(range(6)), list(range(6, 13)), [13, 14]]
        links = [(int(rng.integers(6)), int(rng.integers(6, 13))) for _ in range(8)]
        links += [(int(rng.integers(6, 13)), int(rng.integers(13, 15))) for _ in range(5)]
        wanted = sum(
            (a < 6) == (b < 6) and (a - b) * (c - d) < 0
            for (a, c), (b, d) in itertools.combinations(links, 2)
        )
        assert num_crossings(columns, links) == wanted


def test_fit_apart_is_the_least_squares_solution() -> None:
    rng = np.random.default_rng(1)
    for _ in range(20):
        wanted, weights = rng.normal(0, 10, 6), rng.uniform(0.5, 3, 6)
        offsets = np.cumsum(rng.uniform(1, 5, 6))
        found = np.array(fit_apart(wanted, weights, offsets))
        gaps = np.diff(offsets)
        assert (np.diff(found) >= gaps - 1e-9).all()
        solved = minimize(
            lambda y, w=weights, t=wanted: (w * (y - t) ** 2).sum(),
            offsets,
            method="SLSQP",
            constraints={"type": "ineq", "fun": lambda y, g=gaps: np.diff(y) - g},
            options={"ftol": 1e-12, "maxiter": 500},
        )
        np.testing.assert_allclose(found, solved.x, atol=1e-3)


def test_who_has_room_gets_what_it_wants() -> None:
    assert fit_apart([0, 50, 90], [1, 2, 3], [0, 10, 20]) == [0, 50, 90]


@pytest.mark.parametrize("inputs", [2, 5])
def test_an_order_is_seldom_far_from_the_best(inputs: int) -> None:
    """Against 200 random orders of the same columns: never more crossings than the best of them."""
    space = CellSpace(inputs_per_node=inputs)
    rng = np.random.default_rng(2)
    for _ in range(10):
        grid = make_grid(space.sample(rng).normal)
        links = [pair for route in grid.routes for pair in itertools.pairwise(route.slots)]
        own = num_crossings(grid.columns, links)
        for _ in range(200):
            drawn = [rng.permutation(column).tolist() for column in grid.columns]
            assert own <= num_crossings(drawn, links)


def test_heights_start_at_zero_and_keep_the_order() -> None:
    grid = make_grid(CellSpace(inputs_per_node=3).sample(np.random.default_rng(3)).normal)
    y = heights_of(grid)
    assert min(at - slot.height / 2 for at, slot in zip(y, grid.slots, strict=True)) == 0
    for column in grid.columns:
        assert [y[slot] for slot in column] == sorted(y[slot] for slot in column)


def test_text_is_no_wider_than_what_is_reserved() -> None:
    """Against a real sans-serif font, DejaVu's, which is wider than Helvetica: within 20 %."""
    from PIL import ImageFont

    font = ImageFont.load_default(size=100)
    for text in ("sep_conv_3x3", "conv_7x1_1x7", "skip_connect", "dil_conv_5x5", "mean of 2x2"):
        assert font.getlength(text) < 1.2 * text_width(text, 100)


def test_shortened_text_fits_and_short_text_is_kept() -> None:
    assert shorten("skip", 12, 100) == "skip"
    for limit in (30, 60, 90):
        text = shorten("a_very_long_name_of_an_op", 12, limit)
        assert text.endswith("…") and text_width(text, 12) <= limit


def test_text_that_xml_forbids_is_dropped() -> None:
    assert svg_text('a\x00\x1f\ud800"<') == "a&quot;&lt;"
