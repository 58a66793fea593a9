"""Every built-in data set loads, says who made it, and has the name that it is listed under."""

from pathlib import Path

import numpy as np
import pytest

from nasci.data import BUILTIN, Dataset, load_builtin
from nasci.data.simulated import CACHE_VARIABLE, SIMULATED
from nasci.errors import DataError
from nasci.records import read_tree


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("cache")


@pytest.fixture(scope="module", params=BUILTIN)
def named(request: pytest.FixtureRequest, cache: Path) -> tuple[str, Dataset]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(CACHE_VARIABLE, str(cache))
        return request.param, load_builtin(request.param)


def test_loads(named: tuple[str, Dataset], cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    name, data = named
    monkeypatch.setenv(CACHE_VARIABLE, str(cache))
    assert data.name == (f"{name}-simulated" if name in SIMULATED else name)
    assert data.description == BUILTIN[name]
    assert data.attribution
    assert data.fingerprint == load_builtin(name).fingerprint
    assert not data.warnings  # no copy and no patient in two splits; every label in every split


def test_simulated_data_say_so_wherever_they_stand(named: tuple[str, Dataset]) -> None:
    name, data = named
    if name in SIMULATED:
        assert "simulated" in data.name
        assert data.description.startswith("SIMULATED")
        assert any(note.startswith("Simulated") for note in data.notes)


def test_targets_are_what_is_to_be_predicted(named: tuple[str, Dataset]) -> None:
    name, data = named
    kinds = {
        "mnist": ("multiclass", 10, (1, 28, 28), 5000),
        "kirigami": ("regression", 1, (1, 30, 80), 2000),
        "galaxies": ("question_tree", 37, (3, 64, 64), 3000),
        "chest": ("multilabel", 14, (1, 64, 64), 4000),
        "darcy": ("regression", 4, (1, 48, 48), 2500),
        "heartbeats": ("multiclass", 4, (1, 1024), 3500),
    }
    kind, num_names, shape, smallest = kinds[name]
    development = data.development
    assert (data.target.kind, len(data.target.names), data.input_shape) == (kind, num_names, shape)
    assert len(development.train) + len(development.valid) + len(data.test) >= smallest
    if name == "galaxies":
        assert data.target.tree == read_tree("galaxy-zoo")
    if name in ("kirigami", "chest", "heartbeats"):  # mirror images and patients never part
        groups = [np.unique(split.groups) for split in (development.train, data.test)]
        assert not np.intersect1d(*groups).size


def test_unknown_name() -> None:
    with pytest.raises(DataError, match=r"built-in name .*mnist.*`mnits`. Did you mean `mnist`"):
        load_builtin("mnits")
    with pytest.raises(DataError, match=r"`weather`.$"):
        load_builtin("weather")
