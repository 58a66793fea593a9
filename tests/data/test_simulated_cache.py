"""What was simulated is kept; what was kept and is damaged, or cannot be kept, is made again."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from nasci.data import Dataset, Source, simulated


def arrays() -> dict[str, np.ndarray]:
    x = np.random.default_rng(0).integers(0, 256, (30, 6, 6), np.uint8)
    return {"x": x, "y": np.arange(30) % 3, "groups": np.arange(30)}


def describe(found) -> Source:
    return Source("toy-simulated", found["x"], found["y"], groups=found["groups"])


class Maker:
    """A simulation that counts how often it is run."""

    def __init__(self) -> None:
        self.runs = 0

    def __call__(self) -> dict[str, np.ndarray]:
        self.runs += 1
        return arrays()


@pytest.fixture
def maker(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Maker:
    made = Maker()
    monkeypatch.setattr(simulated, "_MAKERS", {"toy": (made, describe)})
    monkeypatch.setenv(simulated.CACHE_VARIABLE, str(tmp_path / "cache"))
    return made


def load() -> Dataset:
    return simulated.load_simulated("toy")


def kept_file() -> Path:
    (file,) = simulated.cache_folder().iterdir()
    return file


def test_made_once_and_kept(maker: Maker) -> None:
    first, again = load(), load()
    assert maker.runs == 1
    assert first.fingerprint == again.fingerprint and first.notes == again.notes
    assert kept_file().name.startswith("simulated-toy-") and kept_file().suffix == ".npz"
    with np.load(kept_file(), allow_pickle=False) as kept:
        for name, array in arrays().items():
            np.testing.assert_array_equal(kept[name], array)
            assert kept[name].dtype == array.dtype


def test_the_folder_is_the_users_choice(monkeypatch, tmp_path: Path) -> None:
    monkeypatch.setenv(simulated.CACHE_VARIABLE, str(tmp_path))
    assert simulated.cache_folder() == tmp_path
    monkeypatch.delenv(simulated.CACHE_VARIABLE)
    assert simulated.cache_folder().name == "nasci"
    monkeypatch.setenv(simulated.CACHE_VARIABLE, "")
    assert simulated.cache_folder().name == "nasci"


def other_zip(good: bytes, tmp_path: Path, **wrong) -> bytes:
    np.savez(tmp_path / "other.npz", **wrong)
    return (tmp_path / "other.npz").read_bytes()


def an_array(good: bytes, tmp_path: Path) -> bytes:
    np.save(tmp_path / "other.npy", np.zeros(3))
    return (tmp_path / "other.npy").read_bytes()


def flipped(good: bytes, tmp_path: Path) -> bytes:
    damaged = bytearray(good)
    damaged[200] ^= 0xFF  # inside of the compressed numbers
    return bytes(damaged)


@pytest.mark.parametrize(
    "damage",
    [
        lambda good, _: b"",
        lambda good, _: good[: len(good) // 2],
        lambda good, _: good[:-1],
        lambda good, _: b"PK\x03\x04" + bytes(100),
        lambda good, _: b"no archive at all",
        lambda good, _: bytes(len(good)),
        flipped,
        an_array,
        lambda good, folder: other_zip(good, folder, x=arrays()["x"], y=arrays()["y"]),
        lambda good, folder: other_zip(good, folder, x=np.array([{}], object)),
    ],
    ids="empty half cut header text zeros flipped array missing-groups objects".split(),
)
def test_what_is_damaged_is_made_again_and_replaced(
    maker: Maker, tmp_path: Path, damage: Callable[[bytes, Path], bytes]
) -> None:
    first = load()
    good = kept_file().read_bytes()
    kept_file().write_bytes(damage(good, tmp_path))
    assert load().fingerprint == first.fingerprint
    assert maker.runs == 2
    assert load().fingerprint == first.fingerprint
    assert maker.runs == 2  # it was replaced


def test_any_damaged_byte_is_harmless(maker: Maker) -> None:
    """Every byte of the file in turn: the same data come back, kept or made again."""
    load()
    file = kept_file()
    good = file.read_bytes()
    names = set(arrays())
    for place in range(0, len(good), 3):
        damaged = bytearray(good)
        damaged[place] ^= 1 << place % 8
        file.write_bytes(damaged)
        kept = simulated._read(file)
        if kept is not None:  # what is there is right; what is not there is found out
            assert set(kept) <= names
            for name, array in kept.items():
                np.testing.assert_array_equal(array, arrays()[name])


def test_without_a_folder_to_write_to_it_is_made_every_time(
    maker: Maker, monkeypatch, tmp_path
) -> None:
    (tmp_path / "file").write_text("in the way")
    monkeypatch.setenv(simulated.CACHE_VARIABLE, str(tmp_path / "file"))
    first, again = load(), load()
    assert maker.runs == 2
    assert first.fingerprint == again.fingerprint
    assert (tmp_path / "file").read_text() == "in the way"


def test_a_read_only_folder_is_no_error(maker: Maker, monkeypatch) -> None:
    def refuse(*args, **kwargs):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("nasci.records.files.tempfile.mkstemp", refuse)
    assert len(load().development.train) > 0
    assert maker.runs == 1
    assert list(simulated.cache_folder().iterdir()) == []


def test_another_recipe_is_another_file(maker: Maker, monkeypatch) -> None:
    load()
    monkeypatch.setattr(simulated, "_recipe", lambda: "other")
    load()
    assert maker.runs == 2
    assert len(list(simulated.cache_folder().iterdir())) == 2


def test_the_recipe_is_the_code_that_simulates(monkeypatch, tmp_path: Path) -> None:
    monkeypatch.setattr(simulated, "files", lambda package: tmp_path)
    (tmp_path / "a.py").write_text("1")
    before = simulated._recipe()
    (tmp_path / "notes.txt").write_text("not code")
    assert simulated._recipe() == before
    (tmp_path / "b.py").write_text("2")
    assert simulated._recipe() != before


def test_every_name_says_that_it_is_simulated() -> None:
    assert set(simulated.SIMULATED) == set(simulated._MAKERS)
    for _, tell in simulated._MAKERS.values():
        source = tell(dict.fromkeys(("x", "y", "groups"), np.zeros(3)))
        assert source.name.endswith("-simulated")
        assert source.description.startswith("SIMULATED: ")
        assert source.notes[0].startswith("Simulated, not ")
