"""What settings of a search ask for that cannot be: said before anything is computed."""

from nasci.config import Settings
from nasci.errors import ConfigError
from nasci.nets import find_relaxation
from nasci.searchers.observe import SKIP
from nasci.searchers.penalties import check_penalties, parse_penalties
from nasci.space import RESIDUAL_OP_NAMES, CellSpace, ResidualArchitecture, ResidualSpace

SMALLEST_RANKED = 2
"""Operations below which pruning by rank has nothing to do before the selection."""


def check_search(settings: Settings) -> None:
    """Refuse settings of a search that cannot do what they promise.

    What two settings of one group rule out is refused where settings are made
    (`nasci.config.search_settings`); here is what takes knowledge of the functions themselves.

    Raises:
        ArchitectureError: an unknown operation of the anchored search.
        ConfigError: an unknown relaxation or penalty, a penalty without effect, or channels that
            partial channels do not divide.
    """
    search, anchored = settings.search, settings.anchored
    ResidualSpace(  # refuses what is no space, whatever its anchor
        ResidualArchitecture.resnet((1,)),
        anchored.part_names,
        anchored.op_names or RESIDUAL_OP_NAMES,
    )
    relaxation = find_relaxation(search.relaxation)
    terms = parse_penalties(search.penalties or "")
    check_penalties(terms, relaxation.name, relaxation.sums_to_one)
    if relaxation.name == "sample-1":
        raise ConfigError(
            "Expected a relaxation by which alpha can learn, but `sample-1` gives its one "
            "operation weight 1 whatever alpha is. Use gumbel-sample, or sample-2."
        )
    op_names = CellSpace.from_settings(settings.network).op_names
    for key in ("skip_cap", "stop_skips"):
        if getattr(search, key) and SKIP not in op_names:
            raise ConfigError(
                f"Expected `{SKIP}` among the operations for search.{key}="
                f"{getattr(search, key)}, but got {', '.join(op_names)}. Set search.{key}=0."
            )
    if search.prune == "rank" and len(op_names) <= SMALLEST_RANKED:
        raise ConfigError(
            f"Expected more than {SMALLEST_RANKED} operations for search.prune=rank, which leaves "
            f"two of them to the selection, but got {', '.join(op_names)}. Set search.prune=none."
        )
    channels = search.channels
    if isinstance(channels, int) and channels % search.partial:
        raise ConfigError(
            f"Expected `search.channels` to be a multiple of search.partial={search.partial}, the "
            f"share of the channels that operations see, but got {channels}. Choose "
            f"{-(-channels // search.partial) * search.partial}, or leave it auto."
        )
