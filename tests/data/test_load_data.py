"""Names, paths and arrays arrive at the same data; no setting is silently ignored."""

import io

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from nasci.data import Assembly, assemble, load, load_builtin, source_from_arrays
from nasci.errors import DataError

X = np.random.default_rng(0).integers(0, 256, (60, 8, 6), np.uint8)
Y = np.arange(60) % 3


@pytest.fixture
def path(tmp_path):
    np.savez_compressed(tmp_path / "scans.npz", X=X, y=Y)
    return tmp_path / "scans.npz"


def test_the_ways_in_agree(path) -> None:
    expected = assemble(source_from_arrays(X, Y))
    for source in (path, str(path), (X, Y)):
        assert load(source).fingerprint == expected.fingerprint
    assert load(path).name == "scans"
    assert load((X, Y)).name == "arrays"
    assert load("mnist").fingerprint == load_builtin("mnist").fingerprint


@pytest.mark.parametrize(
    "setting",
    [{"valid_fraction": 0.3}, {"test_fraction": 0.4}, {"split_seed": 3}, {"layout": "NLC"}],
    ids=lambda setting: next(iter(setting)),
)
def test_every_setting_arrives(setting) -> None:
    expected = assemble(source_from_arrays(X, Y), Assembly(**setting))
    assert load((X, Y), **setting).fingerprint == expected.fingerprint
    assert load((X, Y), **setting).fingerprint != load((X, Y)).fingerprint


@pytest.mark.parametrize(
    "setting",
    [{"valid_fraction": 0.15}, {"test_fraction": 0.2}, {"split_seed": 0}, {"layout": "NHW"}],
    ids=lambda setting: next(iter(setting)),
)
def test_fixed_splits_refuse_settings(setting) -> None:
    (name,) = setting
    with pytest.raises(DataError, match=f"no `{name}` for `mnist`, whose splits"):
        load("mnist", **setting)


def test_max_shift_overrides() -> None:
    assert load("mnist").development.augmentation.max_shift == 2
    assert load("mnist", max_shift=0).development.augmentation.max_shift == 0
    assert load("mnist", max_shift=13).development.augmentation.max_shift == 13
    assert load((X, Y)).development.augmentation.max_shift == 0
    assert load((X, Y), max_shift=2).development.augmentation.max_shift == 2


@pytest.mark.parametrize(
    ("source", "max_shift", "sentence"),
    [
        ("mnist", 14, "Use at most 13"),
        ("mnist", -1, "at least 0"),
        ((X, Y), 3, "Use at most 2"),
        ((X, Y), -1, "at least 0"),
    ],
)
def test_max_shift_is_checked(source, max_shift: int, sentence: str) -> None:
    with pytest.raises(DataError, match=sentence):
        load(source, max_shift=max_shift)


@pytest.mark.parametrize(
    ("source", "sentence"),
    [
        ("mnits", r"built-in name \(mnist, .*no file `mnits`. Did you mean `mnist`"),
        ("MNIST", "mean `mnist`"),
        ("weather", r"there is no file `weather`.$"),
        ("no/such.npz", "there is no file `no/such.npz`"),
        ("mnist.npz", "no file `mnist.npz`. Did you mean `mnist`"),
        ("", "folder|Expected"),
        ((X, Y, Y), r"two arrays \(X, y\), but got 3"),
        ([X, Y], r"two arrays \(X, y\), but got list"),
        ((X.tolist(), Y), "NumPy array, but got list"),
    ],
)
def test_refuses(source, sentence: str) -> None:
    with pytest.raises(DataError, match=sentence):
        load(source)


def test_other_formats_are_refused_by_name(tmp_path) -> None:
    other = tmp_path / "scans.doc"
    other.write_text("1,2")
    with pytest.raises(DataError, match=r"\.npz.*, but got `.*scans.doc`. Save"):
        load(other)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.integers(0), st.integers(0, 7))
def test_damaged_files_load_or_are_refused(tmp_path, place: int, bit: int) -> None:
    buffer = io.BytesIO()
    np.savez(buffer, X=X, y=Y)
    content = bytearray(buffer.getvalue())
    content[place % len(content)] ^= 1 << bit
    (tmp_path / "a.npz").write_bytes(content)
    try:
        data = load(tmp_path / "a.npz")
    except DataError as error:
        assert "\n" not in str(error)
    else:
        assert len(data.target.names) >= 2
