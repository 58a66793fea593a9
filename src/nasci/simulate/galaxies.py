"""A simulated stand-in of the Galaxy Zoo challenge: pictures of galaxies and what people said.

The light is drawn from physical models, so an answer is a matter of shape at any angle on the sky;
the votes are those of simulated people who see no more than the seeing and the noise leave.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nasci._random import derive_seed
from nasci.errors import DataError
from nasci.simulate.galaxy_appearance import answer_log_odds, galaxy_tree
from nasci.simulate.galaxy_kinds import draw_galaxy
from nasci.simulate.galaxy_light import SIZE, draw_layers, expose
from nasci.simulate.galaxy_voters import cast_votes

_REPORT_EVERY = 50  # galaxies
_VOTE_TOGETHER = 1000  # galaxies; limits the memory, changes nothing


@dataclass(frozen=True, eq=False)
class SimulatedGalaxies:
    """Pictures and votes.

    Attributes:
        images: `(num_galaxies, 64, 64, 3)` uint8, red, green and blue.
        votes: `(num_galaxies, 37)` float32 in [0, 1], columns as in the tree `galaxy-zoo`; the
            answers of a question sum to the share of the answer that leads to it.
        kinds: `(num_galaxies,)` what was drawn, as text.
    """

    images: NDArray[np.uint8]
    votes: NDArray[np.float32]
    kinds: NDArray[np.str_]


def simulate_galaxies(
    num_galaxies: int = 3600, seed: int = 0, progress: Callable[[float], None] | None = None
) -> SimulatedGalaxies:
    """Draw galaxies and let simulated people vote on them.

    Args:
        num_galaxies: at least 1. The first ones do not depend on how many follow.
        seed: decides everything.
        progress: is told the share that is done, rising to 1.

    Raises:
        DataError: `num_galaxies` is below 1.

    >>> galaxies = simulate_galaxies(3)
    >>> galaxies.images.shape, galaxies.votes.shape, len(galaxies.kinds)
    ((3, 64, 64, 3), (3, 37), 3)
    """
    if num_galaxies < 1:
        raise DataError(f"Expected `num_galaxies` of at least 1, but got {num_galaxies}.")
    tree = galaxy_tree()
    images = np.empty((num_galaxies, SIZE, SIZE, 3), np.uint8)
    log_odds = np.empty((num_galaxies, len(tree.columns)))
    kinds = []
    for index in range(num_galaxies):
        if progress is not None and index % _REPORT_EVERY == 0:
            progress(index / num_galaxies)
        rng = np.random.default_rng(derive_seed(seed, "galaxies", "light", index))
        galaxy = draw_galaxy(rng)
        layers = draw_layers(galaxy, rng)
        images[index] = expose(layers, rng)
        log_odds[index] = answer_log_odds(galaxy, layers)
        kinds.append(galaxy.kind)
    voters = np.random.default_rng(derive_seed(seed, "galaxies", "voters"))
    votes = [
        cast_votes(log_odds[start : start + _VOTE_TOGETHER], tree, voters)
        for start in range(0, num_galaxies, _VOTE_TOGETHER)
    ]
    if progress is not None:
        progress(1.0)
    return SimulatedGalaxies(images, np.concatenate(votes), np.array(kinds))
