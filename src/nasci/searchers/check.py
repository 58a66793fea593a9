"""What settings of a search ask for that cannot be: said before anything is computed."""

from nasci.config import Settings
from nasci.errors import ConfigError
from nasci.nets import find_relaxation
from nasci.searchers.penalties import check_penalties, parse_penalties


def check_search(settings: Settings) -> None:
    """Refuse settings of a search that cannot do what they promise.

    What two settings of one group rule out is refused where settings are made
    (`nasci.config.search_settings`); here is what takes knowledge of the functions themselves.

    Raises:
        ConfigError: an unknown relaxation or penalty, a penalty without effect, or channels that
            partial channels do not divide.
    """
    search = settings.search
    relaxation = find_relaxation(search.relaxation)
    terms = parse_penalties(search.penalties or "")
    check_penalties(terms, relaxation.name, relaxation.sums_to_one)
    channels = search.channels
    if isinstance(channels, int) and channels % search.partial:
        raise ConfigError(
            f"Expected `search.channels` to be a multiple of search.partial={search.partial}, the "
            f"share of the channels that operations see, but got {channels}. Choose "
            f"{-(-channels // search.partial) * search.partial}, or leave it auto."
        )
