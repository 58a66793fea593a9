"""Data of somebody who means harm: nothing runs, nothing is written, no memory is filled."""

import io
import os
import tarfile
import zipfile
from pathlib import Path

import numpy as np
import pytest
from hostile import bombs, zip_bomb
from PIL import Image

from nasci import load
from nasci.errors import DataError

TARGETS = np.arange(12) % 3
IMAGES = np.random.default_rng(0).integers(0, 255, (12, 8, 8), np.uint8)


def sentence(error: DataError) -> str:
    text = str(error)
    assert text.startswith("Expected "), text
    assert "\n" not in text and len(text) < 1500
    return text


def refusal(path: Path, **options: object) -> str:
    with pytest.raises(DataError) as caught:
        load(path, **options)
    return sentence(caught.value)


def array(values: np.ndarray) -> bytes:
    content = io.BytesIO()
    np.save(content, values)
    return content.getvalue()


@pytest.mark.parametrize("kind", ["pickle", "torch", "npy", "npz"])
@pytest.mark.parametrize(
    "name", ["a.npz", "X.npy", "a.pt", "a.pkl", "a.h5", "a.nc", "a.tif", "a.zarr.zip", "a.csv"]
)
def test_a_pickle_never_runs(tmp_path: Path, kind: str, name: str) -> None:
    folder = tmp_path / "data"
    folder.mkdir()
    (folder / name).write_bytes(bombs(tmp_path / "fuse")[kind])
    (folder / "y.npy").write_bytes(array(TARGETS))
    refusal(folder / name)
    assert not (tmp_path / "fuse").exists()


def test_a_pickle_for_targets_never_runs_at_the_command_line(tmp_path, refusal) -> None:
    (tmp_path / "X.npy").write_bytes(array(IMAGES))
    (tmp_path / "y.npy").write_bytes(bombs(tmp_path / "fuse")["npy"])
    assert "could run code" in refusal("data", tmp_path / "X.npy")
    assert not (tmp_path / "fuse").exists()
    np.load(tmp_path / "y.npy", allow_pickle=True)
    assert (tmp_path / "fuse").exists()  # the bomb was a real one


ABSOLUTE = "/nasci-outside/outside.npy"
CLIMBING = ["../outside.npy", ABSOLUTE, "a/../../outside.npy", "..\\outside.npy"]


@pytest.mark.parametrize("name", CLIMBING)
def test_names_in_an_archive_that_climb_out(tmp_path: Path, name: str) -> None:
    """Nothing is ever unpacked to disk; an array of such a name is only read."""
    folder = tmp_path / "data"
    folder.mkdir()
    with zipfile.ZipFile(folder / "a.npz", "w") as archive:
        archive.writestr("X.npy", array(IMAGES))
        archive.writestr("y.npy", array(TARGETS))
        archive.writestr(name, array(IMAGES))
    assert load(folder / "a.npz").name == "a"
    assert load(folder / "a.npz", x=name.removesuffix(".npy")).name == "a"
    assert sorted(path.name for path in tmp_path.rglob("*")) == ["a.npz", "data"]
    assert not Path(ABSOLUTE).exists()


def test_an_archive_of_links_and_climbing_names_is_not_unpacked(tmp_path: Path) -> None:
    for name in ("a.tar", "a.tar.gz", "a.zip"):
        path = tmp_path / name
        if name.endswith("zip"):
            with zipfile.ZipFile(path, "w") as archive:
                archive.writestr("../outside", b"x")
        else:
            with tarfile.open(path, "w") as archive:
                archive.addfile(tarfile.TarInfo("../outside"), io.BytesIO())
        refusal(path)
    assert not (tmp_path.parent / "outside").exists()


@pytest.mark.parametrize("option", ["x", "y", "group"])
@pytest.mark.parametrize("name", ["../y.npy", "/etc/passwd", "link.npy", "a\0b.npy", ".", "a\nb"])
def test_files_beside_do_not_leave_their_folder(tmp_path: Path, option: str, name: str) -> None:
    folder = tmp_path / "data"
    folder.mkdir()
    (tmp_path / "y.npy").write_bytes(array(TARGETS))
    for own in ("X.npy", "y.npy"):
        (folder / own).write_bytes(array(IMAGES if own[0] == "X" else TARGETS))
    (folder / "link.npy").symlink_to(tmp_path / "y.npy")
    assert f"data.{option}" in refusal(folder / "X.npy", **{option: name})


def test_an_image_that_is_a_link_to_elsewhere(tmp_path: Path) -> None:
    for kind in ("a", "b"):
        (tmp_path / "data" / kind).mkdir(parents=True)
        for number in range(4):
            Image.fromarray(IMAGES[number]).save(tmp_path / "data" / kind / f"{number}.png")
    Image.fromarray(IMAGES[0]).save(tmp_path / "secret.png")
    (tmp_path / "data" / "a" / "9.png").symlink_to(tmp_path / "secret.png")
    assert "leads outside" in refusal(tmp_path / "data")


@pytest.mark.parametrize("gigabytes", [3, 100, 5000])
def test_a_zip_bomb_is_refused_by_what_it_declares(tmp_path: Path, gigabytes: int) -> None:
    path = tmp_path / "bomb.npz"
    zip_bomb(path, gigabytes * 2**30)
    assert path.stat().st_size < 10_000
    assert f"X.npy declares {gigabytes:.1f} GiB in" in refusal(path)


def test_a_zip_bomb_at_the_command_line(tmp_path, refusal) -> None:
    zip_bomb(tmp_path / "bomb.npz", 100 * 2**30)
    assert "declares 100.0 GiB" in refusal("data", tmp_path / "bomb.npz")


def test_a_zip_bomb_that_lies(tmp_path: Path) -> None:
    """It declares little and holds a gigabyte: no more than declared is unpacked."""
    path = tmp_path / "bomb.npz"
    small = array(np.zeros((12, 8, 8), np.uint8))
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("y.npy", array(TARGETS))
        with archive.open("X.npy", "w") as member:
            member.write(small)
            for _ in range(64):
                member.write(bytes(2**20))
        archive.filelist[1].file_size = len(small)
    refusal(path)


@pytest.mark.parametrize("shape", ["(2**50,)", "(9,) * 10**5", "(1,) * 70", "(-1,)", "('a',)"])
def test_shapes_that_are_none(tmp_path: Path, shape: str) -> None:
    text = f"{{'descr': '|u1', 'fortran_order': False, 'shape': {shape}, }}"
    header = b"\x93NUMPY\x01\x00" + len(text).to_bytes(2, "little") + text.encode()
    (tmp_path / "X.npy").write_bytes(header + bytes(64))
    (tmp_path / "y.npy").write_bytes(array(TARGETS))
    refusal(tmp_path / "X.npy")


@pytest.mark.parametrize("name", ["a\0b.npz", "a\0b", "\0"])
def test_a_null_byte_in_a_name(name: str) -> None:
    refusal(Path(name))


@pytest.mark.parametrize("ending", [".npz", ".npy", ".csv", ".h5", ".tif", ".dat", ".zarr"])
@pytest.mark.parametrize("kind", ["pipe", "device"])
def test_what_is_no_file_is_not_waited_for(tmp_path: Path, ending: str, kind: str) -> None:
    path = tmp_path / f"a{ending}"
    if kind == "pipe":
        os.mkfifo(path)
    else:
        path.symlink_to("/dev/zero")
    refusal(path)
