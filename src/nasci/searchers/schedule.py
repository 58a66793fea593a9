"""What changes in the course of a search, as functions of the share of its clock that is used."""

from nasci.config import SearchSettings


def temperature_at(fraction: float, settings: SearchSettings) -> float:
    """Return the temperature of the relaxation, which falls linearly (as in GDAS's code).

    Args:
        fraction: share of the search's clock, in [0, 1]; above 1 counts as 1.
        settings: temperatures at the start and at the end.

    >>> temperature_at(0.5, SearchSettings(temperature=10, final_temperature=2))
    6.0
    """
    start, end = settings.temperature, settings.final_temperature
    if end is None:
        return start
    return start + (end - start) * min(fraction, 1.0)


def moves_alpha(fraction: float, settings: SearchSettings) -> bool:
    """Whether alpha moves: not while w warms up.

    >>> moves_alpha(0.1, SearchSettings(warm_up=0.2)), moves_alpha(0.2, SearchSettings(warm_up=0.2))
    (False, True)
    """
    return fraction >= settings.warm_up
