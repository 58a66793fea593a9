"""The votes obey the tree, say what was drawn, and do not depend on the angle on the sky."""

from dataclasses import replace

import numpy as np
import pytest

from nasci.errors import DataError
from nasci.records import read_tree
from nasci.simulate.galaxies import simulate_galaxies
from nasci.simulate.galaxy_appearance import answer_log_odds
from nasci.simulate.galaxy_kinds import SHARES, Galaxy
from nasci.simulate.galaxy_light import draw_layers
from nasci.simulate.galaxy_voters import cast_votes

TREE = read_tree("galaxy-zoo")
SPANS = TREE.spans()
SPIRAL = Galaxy("spiral", has_disc=True, num_arms=2, arm_contrast=0.8, bulge_share=0.1, radius=10)
TILTED = replace(SPIRAL, axis_ratio=0.5, bar_share=0.2, bar_angle=0.7)


@pytest.fixture(scope="module")
def galaxies():
    return simulate_galaxies(900, seed=3)


def _rng() -> np.random.Generator:
    return np.random.default_rng(7)


def _column(name: str) -> int:
    return TREE.columns.index(f"Class{name}")


# Votes


def test_votes_obey_the_tree(galaxies) -> None:
    votes = galaxies.votes
    assert votes.dtype == np.float32 and votes.min() == 0 and votes.max() == 1
    for parents, own in SPANS:
        asked = votes[:, list(parents)].sum(1) if parents else 1.0
        np.testing.assert_allclose(votes[:, own].sum(1), asked, atol=1e-6)
    np.testing.assert_allclose(votes * 40, np.round(votes * 40), atol=1e-4)


def test_many_voters_agree_with_the_product_of_probabilities() -> None:
    log_odds = _rng().normal(0, 1, (4, 37))
    votes = cast_votes(log_odds, TREE, _rng(), num_voters=20000)
    expected = np.empty((4, 37))
    for parents, own in SPANS:
        odds = np.exp(log_odds[:, own])
        asked = expected[:, list(parents)].sum(1, keepdims=True) if parents else 1.0
        expected[:, own] = asked * odds / odds.sum(1, keepdims=True)
    np.testing.assert_allclose(votes, expected, atol=0.02)
    assert np.abs(votes - expected).mean() < 0.004  # sqrt(p (1 - p) / 20000)


def test_nobody_answers_what_nobody_was_asked() -> None:
    log_odds = np.zeros((6, 37))
    log_odds[:, _column("1.3")] = 1000  # a star: of the others only 6 is asked, and 8 after it
    votes = cast_votes(log_odds, TREE, _rng())
    assert (votes[:, _column("1.3")] == 1).all()
    for question, (_, own) in zip(TREE.questions, SPANS, strict=True):
        asked = question.name in ("Q1", "Q6", "Q8")
        assert votes[:, own].any() == asked


def test_votes_do_not_depend_on_the_angle() -> None:
    expected = answer_log_odds(TILTED, draw_layers(TILTED, _rng()))
    for angle in (0.5, 1.3, 3.0):
        turned = replace(TILTED, position_angle=angle)
        found = answer_log_odds(turned, draw_layers(turned, _rng()))
        np.testing.assert_allclose(found, expected, atol=0.15)


@pytest.mark.parametrize(
    ("kind", "answer"),
    [
        ("elliptical", "1.1"),
        ("lenticular", "1.1"),
        ("spiral", "4.1"),
        ("barred", "3.1"),
        ("edge-on", "2.1"),
        ("ring", "8.1"),
        ("lens", "8.2"),
        ("disturbed", "8.3"),
        ("irregular", "8.4"),
        ("cloud", "8.5"),
        ("merger", "8.6"),
        ("dust lane", "8.7"),
        ("star", "1.3"),
        ("artifact", "1.3"),
    ],
)
def test_people_see_what_was_drawn(kind, answer, galaxies) -> None:
    is_kind, column = galaxies.kinds == kind, _column(answer)
    assert is_kind.any()
    share = galaxies.votes[is_kind, column].mean()
    assert share > max(0.3, 1.3 * galaxies.votes[~is_kind, column].mean())


def _odds(galaxy: Galaxy) -> dict[str, np.ndarray]:
    odds = answer_log_odds(galaxy, draw_layers(galaxy, _rng()))
    return {q.name: odds[own] for q, (_, own) in zip(TREE.questions, SPANS, strict=True)}


def test_answers_follow_the_parameters() -> None:
    for answer, axis_ratio in enumerate((1.0, 0.66, 0.25)):
        round_or_not = _odds(Galaxy("elliptical", radius=10, axis_ratio=axis_ratio))
        assert round_or_not["Q7"].argmax() == answer
    for answer, pitch in enumerate((9.0, 18.0, -32.0)):
        assert _odds(replace(SPIRAL, pitch=pitch))["Q10"].argmax() == answer
    for num_arms in (1, 2, 3, 4, 6):
        counted = _odds(replace(SPIRAL, num_arms=num_arms))["Q11"]
        assert counted[:5].argmax() == min(num_arms, 5) - 1
    for answer, bulge_share in enumerate((0.0, 0.12, 0.33, 0.75)):
        bulge = _odds(replace(SPIRAL, bulge_share=bulge_share, bulge_radius=0.3))["Q5"]
        assert bulge.argmax() == answer
    side = Galaxy("edge-on", has_disc=True, axis_ratio=0.12, radius=13, bulge_radius=0.4, index=1)
    for answer, boxiness, share in ((0, 2.0, 0.3), (1, 5.0, 0.3), (2, 2.0, 0.0)):
        shape = _odds(replace(side, bulge_share=share, boxiness=boxiness))["Q9"]
        assert shape.argmax() == answer


# The whole


def test_mix_is_realistic(galaxies) -> None:
    assert set(galaxies.kinds) == set(SHARES)
    smooth, features, artifact = galaxies.votes[:, :3].mean(0)
    assert 0.4 < smooth < 0.53 and 0.42 < features < 0.56 and 0.02 < artifact < 0.06
    assert 0.13 < galaxies.votes[:, _column("2.1")].mean() / features < 0.22
    assert 0.1 < galaxies.votes[:, _column("6.1")].mean() < 0.2
    assert 0.14 < np.sqrt(galaxies.votes.var(0).mean()) < 0.2  # of the challenge: 0.16


def test_repeats_and_begins_alike(galaxies) -> None:
    first, again, longer, other = (
        simulate_galaxies(num, seed) for num, seed in ((6, 3), (6, 3), (9, 3), (6, 4))
    )
    for name in ("images", "votes", "kinds"):
        np.testing.assert_array_equal(getattr(first, name), getattr(again, name))
        np.testing.assert_array_equal(getattr(first, name), getattr(longer, name)[:6])
        np.testing.assert_array_equal(getattr(first, name), getattr(galaxies, name)[:6])
    assert (first.images != other.images).any() and (first.votes != other.votes).any()


def test_shapes_and_progress() -> None:
    told: list[float] = []
    galaxies = simulate_galaxies(120, progress=told.append)
    assert galaxies.images.shape == (120, 64, 64, 3) and galaxies.images.dtype == np.uint8
    assert galaxies.votes.shape == (120, 37) and galaxies.kinds.shape == (120,)
    assert told == sorted(told) and told[-1] == 1.0 and len(told) > 2


def test_refuses_no_galaxies() -> None:
    with pytest.raises(DataError, match="at least 1, but got 0"):
        simulate_galaxies(0)
