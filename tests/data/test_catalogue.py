"""Every built-in data set loads, says who made it, and has the name that it is listed under."""

import pytest

from nasci.data import BUILTIN, load_builtin
from nasci.errors import DataError


@pytest.mark.parametrize("name", BUILTIN)
def test_loads(name: str) -> None:
    data = load_builtin(name)
    assert data.name == name
    assert data.description == BUILTIN[name]
    assert data.attribution
    assert data.fingerprint == load_builtin(name).fingerprint


def test_unknown_name() -> None:
    with pytest.raises(DataError, match=r"built-in name .*mnist.*`mnits`. Did you mean `mnist`"):
        load_builtin("mnits")
    with pytest.raises(DataError, match=r"`galaxies`.$"):
        load_builtin("galaxies")
