"""What people would say of a galaxy: the log-odds of every answer, from what can be seen of it.

The parts of a galaxy count by how well they stand out after the seeing and in the noise, not by
how much light they have: a bar that is blurred away is a bar that nobody reports.
"""

import math
from functools import cache

import numpy as np
from numpy.typing import NDArray

from nasci.records import QuestionTree, read_tree
from nasci.simulate.galaxy_kinds import Galaxy
from nasci.simulate.galaxy_light import Layers

LogOdds = NDArray[np.float64]

_DEBRIS = ("merger", "disturbed", "irregular")  # odd parts that look like structure in a disc
# Of log-odds: some people always answer otherwise, but few call an ordinary galaxy odd.
_SURE, _DOUBT, _RARELY = 3.5, -3.0, -4.4
_AGREEMENT = 0.65  # people differ in what they call a bar or an arm, which flattens all odds


@cache
def galaxy_tree() -> QuestionTree:
    """Return the questions of Galaxy Zoo 2: 11 questions, 37 answers."""
    return read_tree("galaxy-zoo")


def answer_log_odds(galaxy: Galaxy, layers: Layers) -> LogOdds:
    """Return the log-odds of each answer among those who are asked its question.

    Args:
        galaxy: what it is.
        layers: what can be seen of it.

    Returns:
        `(37,)`, up to a constant a question.

    >>> from nasci.simulate.galaxy_light import draw_layers
    >>> star = Galaxy("star", radius=6.0, brightness=50)
    >>> odds = answer_log_odds(star, draw_layers(star, np.random.default_rng(0)))
    >>> int(odds[:3].argmax())  # smooth, features, star or artifact
    2
    """
    seen = dict.fromkeys(("arms", "bar", "ring", "dust", "odd", "bulge", "neighbours"), 0.0)
    seen |= layers.visibility()
    roundness = apparent_axis_ratio(galaxy)
    answers = {
        "Q1": _smooth_or_features(galaxy, seen, roundness),
        "Q2": _yes(_from_the_side(galaxy, seen)),
        "Q3": _yes(_noticed(seen["bar"], 11, 3.5)),
        "Q4": _yes(_noticed(max(seen["arms"], _tail_like(galaxy) * seen["odd"]), 15, 3.1)),
        "Q5": _nearest(math.sqrt(_bulge(galaxy)), (0.08, 0.33, 0.57, 0.85), 0.13),
        "Q6": _yes(_noticed(_oddness(galaxy, seen), 26, 3.1, _RARELY)),
        "Q7": _nearest(roundness, (0.95, 0.66, 0.3), 0.15),
        "Q8": _what_is_odd(galaxy, seen),
        "Q9": _edge_on_bulge(galaxy, seen),
        "Q10": _nearest(_pitch(galaxy), (9.0, 18.0, 29.0), _blurred(seen["arms"], 4.0)),
        "Q11": _number_of_arms(galaxy, seen["arms"]),
    }
    stacked = np.concatenate([answers[question.name] for question in galaxy_tree().questions])
    return _AGREEMENT * stacked


def apparent_axis_ratio(galaxy: Galaxy) -> float:
    """Return the axis ratio after the seeing, which makes small galaxies rounder."""
    if galaxy.kind == "star":
        return 1.0
    ratio = galaxy.axis_ratio
    blur = (galaxy.seeing / 2.355) ** 2
    core = galaxy.radius**2 / 1.4  # second moment of an exponential disc or thereabouts
    return math.sqrt((ratio**2 * core + blur) / (core + blur))


def _noticed(visibility: float, threshold: float, power: float, floor: float = _DOUBT) -> float:
    """Log-odds that a part is reported: 0 at the threshold, and odds a power of the visibility."""
    log_odds = power * math.log((1 + visibility) / (1 + threshold))
    return min(max(log_odds, floor), _SURE)


def _yes(log_odds: float) -> LogOdds:
    return np.array([min(max(log_odds, -5.0), 5.0), 0.0])


def _nearest(value: float, marks: tuple[float, ...], width: float) -> LogOdds:
    """Answers on a scale: people choose the mark nearest to what they see, within `width`."""
    return -0.5 * ((value - np.array(marks)) / width) ** 2


def _blurred(visibility: float, width: float) -> float:
    """A scale is read less exactly from what is hard to see."""
    return width * (1 + 12 / (1 + visibility))


def _smooth_or_features(galaxy: Galaxy, seen: dict[str, float], roundness: float) -> LogOdds:
    debris = seen["odd"] * {"irregular": 1.0, "disturbed": 0.8, "merger": 0.45}.get(
        galaxy.kind, 0.2
    )
    structure = max(seen["arms"], 1.4 * seen["bar"], 0.8 * seen["ring"], 0.5 * seen["dust"], debris)
    features = _noticed(structure, 15, 3.1)
    if galaxy.has_disc:
        flat = 1 / (1 + math.exp((roundness - 0.37) / 0.035))
        features = max(features, -1.6 + 1.2 * (1 - galaxy.bulge_share)) + 3.5 * flat
    artifact = {"star": 4.5, "artifact": 4.0}.get(galaxy.kind, -6.0)
    if galaxy.radius < 6 and artifact < 0:
        artifact += 1.5  # small round ones look like stars
    return np.array([0.0, min(features, 4.5), artifact])


def _from_the_side(galaxy: Galaxy, seen: dict[str, float]) -> float:
    """A thin needle is an edge-on disc, but not if arms can be seen in it."""
    needle = (0.36 - apparent_axis_ratio(galaxy)) / 0.03
    against = max(_noticed(seen["arms"], 15, 3.1), 0.0) if galaxy.has_disc else 1.5
    return needle - against


def _tail_like(galaxy: Galaxy) -> float:
    return {"disturbed": 0.5, "merger": 0.2}.get(galaxy.kind, 0.0)


def _bulge(galaxy: Galaxy) -> float:
    """Share of the light in a central bulge, as it looks."""
    if not galaxy.has_disc:
        return min(0.12 * galaxy.index + 0.2, 0.8)
    return min(galaxy.bulge_share + 0.3 * galaxy.bar_share, 1.0)


def _oddness(galaxy: Galaxy, seen: dict[str, float]) -> float:
    if galaxy.kind == "star":
        return 0.1 * seen["odd"]
    odd = (0.2 if galaxy.kind == "artifact" else 1.0) * seen["odd"]
    lane = (0.4 if galaxy.edge_on else 1.0) * seen["dust"]
    return max(odd, lane, seen["ring"], 0.15 * seen["neighbours"], 0.05 * seen["arms"])


def _what_is_odd(galaxy: Galaxy, seen: dict[str, float]) -> LogOdds:
    """Ring, lens or arc, disturbed, irregular, other, merger, dust lane."""
    names = ("ring", "lens", "disturbed", "irregular", "cloud", "merger", "dust lane")
    prior = np.array([-1.0, -2.0, -0.3, -0.3, 0.6, 0.0, -1.2])
    evidence = {
        "ring": seen["ring"],
        "dust lane": seen["dust"],
        galaxy.kind: max(seen["odd"], seen["ring"], seen["dust"]),
    }
    if galaxy.kind in _DEBRIS:  # three words for much the same
        evidence |= {name: 0.25 * seen["odd"] for name in _DEBRIS if name != galaxy.kind}
    found = [math.log1p(evidence.get(name, 0.0)) for name in names]
    return prior + 1.2 * np.array(found)


def _edge_on_bulge(galaxy: Galaxy, seen: dict[str, float]) -> LogOdds:
    """Rounded, boxy, none."""
    noticed = _noticed(seen["bulge"], 14, 3.1)
    resolved = galaxy.bulge_radius * galaxy.radius / galaxy.seeing  # corners need sharp eyes
    boxy = -2.2 + (2.2 + 1.5 * min(resolved, 2.0) if galaxy.boxiness > 2 else 0.0)
    return np.array([noticed, noticed + boxy, 0.0])


def _pitch(galaxy: Galaxy) -> float:
    return abs(galaxy.pitch) if galaxy.num_arms else 18.0


def _number_of_arms(galaxy: Galaxy, visibility: float) -> LogOdds:
    """1, 2, 3, 4, more than 4, cannot tell."""
    if not galaxy.num_arms:
        return np.array([-0.5, 0.5, -1.0, -1.5, -1.5, 1.0])
    number = min(galaxy.num_arms, 5)
    # Many arms are hard to count, and so are ragged or faint ones.
    width = _blurred(visibility, 0.35 + 0.1 * number)
    counted = _nearest(number, (1, 2, 3, 4, 5), width)
    doubt = -2.5 + 1.5 * galaxy.raggedness + 0.35 * number + 16 / (8 + visibility)
    return np.append(counted, doubt)
