"""The data sets that come with the package, by name."""

from collections.abc import Callable, Mapping
from functools import partial
from types import MappingProxyType

from nasci.data import mnist
from nasci.data.dataset import Dataset
from nasci.data.files import did_you_mean
from nasci.data.simulated import SIMULATED, load_simulated
from nasci.errors import DataError

_READERS: Mapping[str, tuple[str, Callable[[], Dataset]]] = MappingProxyType(
    {
        "mnist": (mnist.DESCRIPTION, mnist.load_mnist),
        **{
            name: (f"SIMULATED: {text}", partial(load_simulated, name))
            for name, text in SIMULATED.items()
        },
    }
)

BUILTIN: Mapping[str, str] = MappingProxyType(
    {name: description for name, (description, _) in _READERS.items()}
)
"""Name of each built-in data set, and a line that describes it."""


def load_builtin(name: str) -> Dataset:
    """Read a built-in data set.

    Args:
        name: one of `BUILTIN`.

    Returns:
        The data set, in the splits that it always has.

    Raises:
        DataError: there is none of that name.

    >>> len(load_builtin("mnist").target.names)
    10
    """
    if name not in _READERS:
        raise DataError(
            f"Expected a built-in name ({', '.join(BUILTIN)}), but got `{name}`."
            + did_you_mean(name.lower(), BUILTIN)
        )
    _, read = _READERS[name]
    return read()
