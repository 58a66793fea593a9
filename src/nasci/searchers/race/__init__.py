"""Racing: entrants of several families on one clock, the better half of every round goes on."""

from nasci.searchers.race.entrant import Course, Entrant
from nasci.searchers.race.families import (
    ENTRANTS,
    Candidate,
    check_race,
    families,
    neighbours,
)
from nasci.searchers.race.network_entrant import NetworkEntrant
from nasci.searchers.race.race import race, run_race, skeleton
from nasci.searchers.race.search_entrant import SearchEntrant

__all__ = [
    "ENTRANTS",
    "Candidate",
    "Course",
    "Entrant",
    "NetworkEntrant",
    "SearchEntrant",
    "check_race",
    "families",
    "neighbours",
    "race",
    "run_race",
    "skeleton",
]
