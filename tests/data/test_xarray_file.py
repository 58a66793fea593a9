"""netCDF, HDF5 and Zarr in the layouts that people keep, whole and piece by piece."""

import json
import multiprocessing
import pickle
import shutil
import warnings
from pathlib import Path

import h5py
import numcodecs
import numpy as np
import pytest
import xarray
import zarr
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from nasci.data import ReadOptions
from nasci.data.hdf5_checks import check_heaps, check_types
from nasci.data.stored import StoredRows
from nasci.data.xarray_file import read_xarray
from nasci.errors import DataError

RNG = np.random.default_rng(0)
X = RNG.random((10, 6, 7)).astype(np.float32)
Y = np.arange(10) % 3
FORMATS = ["nc", "classic.nc", "zarr2", "zarr3", "plain.h5", "plain.zarr2", "plain.zarr3"]


def read(path: Path, **options):
    return read_xarray(path, ReadOptions(**options))


def write(folder: Path, kind: str, dataset: xarray.Dataset) -> Path:
    """Write a data set in one of `FORMATS`."""
    path = folder / f"data.{kind}"
    with warnings.catch_warnings(action="ignore"):  # text in version 3 of Zarr
        if kind == "nc":
            dataset.to_netcdf(path, engine="h5netcdf")
        elif kind == "classic.nc":
            dataset.to_netcdf(path, engine="scipy")
        elif kind == "plain.h5":
            with h5py.File(path, "w") as file:
                for name, array in dataset.data_vars.items():
                    file[str(name)] = array.values
        elif kind.startswith("zarr"):
            dataset.to_zarr(path, zarr_format=int(kind[-1]), consolidated=False)
        else:
            group = zarr.open_group(path, mode="w", zarr_format=int(kind[-1]))
            for name, array in dataset.data_vars.items():
                group.create_array(str(name), data=array.values)
    return path


def graphene() -> xarray.Dataset:
    return xarray.Dataset(
        {
            "coarse_image": (("sample", "y_c", "x_c"), RNG.integers(0, 2, (10, 3, 5)).astype("f4")),
            "fine_image": (("sample", "y", "x"), RNG.integers(0, 2, (10, 30, 80)).astype("f4")),
            "strain": ("sample", RNG.random(10).astype("f4"), {"units": "%"}),
            "stress": ("sample", RNG.random(10).astype("f4"), {"units": "GPa"}),
        },
        attrs={"title": "Kirigami\n graphene", "references": "Hanakata 2018"},
    )


def chest_xray() -> xarray.Dataset:
    return xarray.Dataset(
        {
            "image": (("sample", "x", "y"), RNG.integers(0, 256, (10, 64, 64), np.uint8)),
            "label": (("sample", "feature"), RNG.integers(0, 2, (10, 14), np.int8)),
        }
    )


@pytest.fixture
def lazily(monkeypatch) -> None:
    """Take every array for a large one."""
    monkeypatch.setattr("nasci.data.xarray_file.READ_AT_ONCE_BYTES", 0)


@pytest.mark.parametrize("kind", FORMATS)
def test_graphene(tmp_path, kind: str) -> None:
    data = graphene()
    path = write(tmp_path, kind, data)
    with pytest.raises(DataError, match=r"coarse_image, fine_image could be .*x=coarse_image"):
        read(path)
    with pytest.raises(DataError, match=r"strain \(.* 10\), stress \(.* 10\).*data.y=strain"):
        read(path, x="fine_image")
    source = read(path, x="fine_image", y=("strain",))
    np.testing.assert_array_equal(source.x, data.fine_image)
    np.testing.assert_array_equal(source.y, data.strain)
    assert source.y_names == ("strain",) and source.x.dtype == np.float32
    source = read(path, x="coarse_image", y=("stress", "strain"))
    np.testing.assert_array_equal(source.x, data.coarse_image)
    np.testing.assert_array_equal(source.y, np.column_stack([data.stress, data.strain]))
    assert source.y_names == ("stress", "strain")
    plain = kind.startswith("plain")
    assert source.y_units == (() if plain else ("GPa", "%"))
    assert source.layout == ("auto" if plain else "NHW")
    assert source.description == ("" if plain else "Kirigami graphene")
    assert source.attribution == ("" if plain else "Hanakata 2018")


@pytest.mark.parametrize("kind", FORMATS)
def test_chest_xray(tmp_path, kind: str) -> None:
    data = chest_xray()
    if kind == "classic.nc":  # has no uint8
        data["image"] = data["image"].astype(np.int16)
    source = read(write(tmp_path, kind, data))
    np.testing.assert_array_equal(source.x, data.image)
    np.testing.assert_array_equal(source.y, data.label)
    assert source.y_names == tuple(f"label_{column}" for column in range(14))
    assert source.y.dtype.kind == "i" and source.x.dtype == data.image.dtype
    assert source.layout == ("auto" if kind.startswith("plain") else "NHW")
    assert "X is image" in source.notes[0] and "y is label" in source.notes[0]


@pytest.mark.parametrize("kind", ["nc", "classic.nc", "zarr2", "zarr3"])
def test_labels_of_the_columns(tmp_path, kind: str) -> None:
    features = ["mass", "nodule", *map(str, range(12))]
    data = chest_xray().astype(np.int16).assign_coords(feature=np.array(features))
    assert read(write(tmp_path, kind, data)).y_names == tuple(features)


@pytest.mark.parametrize("kind", FORMATS)
@pytest.mark.parametrize("dtype", [np.str_, np.bytes_, object])
def test_names_of_classes(tmp_path, kind: str, dtype) -> None:
    names = np.array(["disk", "spiral", "Ångström" if dtype is not np.bytes_ else "none"])[Y]
    values = np.char.encode(names, "utf-8") if dtype is np.bytes_ else names.astype(dtype)
    if kind == "plain.h5" and dtype is not np.bytes_:
        values = values.astype(h5py.string_dtype())
    if dtype is object and kind.startswith("plain.zarr"):
        pytest.skip("Zarr asks for a type")
    data = xarray.Dataset({"image": (("n", "y", "x"), X), "kind": ("n", values)})
    y = read(write(tmp_path, kind, data)).y
    assert y.dtype.kind in "SU"
    assert (np.char.decode(y, "utf-8") if y.dtype.kind == "S" else y).tolist() == names.tolist()


@pytest.mark.usefixtures("lazily")
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=40)
@given(
    st.sampled_from(FORMATS),
    hnp.arrays(
        st.sampled_from(["u1", "i2", "i4", "f4", "f8", ">f4"]),
        hnp.array_shapes(min_dims=2, max_dims=5, max_side=5),
        elements=st.integers(0, 100),
    ),
    st.data(),
)
def test_rows_are_those_of_the_file(tmp_path_factory, kind, x, data) -> None:
    if kind == "classic.nc":
        x = x.astype("i2") if x.dtype == np.uint8 else x
    y = np.arange(len(x), dtype=np.int32)
    dims = ("n", "a", "b", "c", "d")[: x.ndim]
    path = write(
        tmp_path_factory.mktemp("rows"), kind, xarray.Dataset({"X": (dims, x), "y": ("n", y)})
    )
    source = read(path, x="X", y=("y",))
    rows = source.x
    assert isinstance(rows, StoredRows) and rows.shape == x.shape and rows.dtype.isnative
    np.testing.assert_array_equal(source.y, y)
    numbers = data.draw(st.lists(st.integers(-len(x), len(x) - 1)))
    for index in (slice(None), data.draw(st.slices(len(x))), np.array(numbers, np.int64)):
        np.testing.assert_array_equal(rows[index], x[index])
        assert rows[index].dtype == rows.dtype


@pytest.mark.usefixtures("lazily")
@pytest.mark.parametrize("kind", FORMATS)
def test_rows_in_other_processes(tmp_path, kind: str) -> None:
    path = write(tmp_path, kind, xarray.Dataset({"X": (("n", "b", "a"), X), "y": ("n", Y)}))
    rows = read(path, x="X", y=("y",)).x
    np.testing.assert_array_equal(rows[:2], X[:2])
    np.testing.assert_array_equal(pickle.loads(pickle.dumps(rows))[:], X)  # noqa: S301
    with multiprocessing.get_context("fork").Pool(2) as pool:
        parts = pool.map(rows.__getitem__, [slice(0, 7), slice(7, 10), np.array([3, 1])])
    np.testing.assert_array_equal(np.concatenate(parts[:2]), X)
    np.testing.assert_array_equal(parts[2], X[[3, 1]])


def test_axes_of_equal_length(tmp_path) -> None:
    path = tmp_path / "a.h5"
    with h5py.File(path, "w") as file:
        file["X"] = RNG.random((8, 8, 8))
        file["y"] = np.arange(8) % 2
        file["profile"] = np.zeros((4, 8))  # shares a length, but not that of the examples
    source = read(path)
    assert source.x.shape == (8, 8, 8) and source.y.tolist() == [0, 1] * 4


def test_groups_of_a_file(tmp_path) -> None:
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file["train/X"], file["train/y"], file["train/who"] = X, Y, Y
    root = zarr.open_group(tmp_path / "a.zarr", mode="w")
    for name, array in (("X", X), ("y", Y), ("who", Y)):
        root.create_array(f"train/{name}", data=array)
    for path in (tmp_path / "a.h5", tmp_path / "a.zarr"):
        source = read(path, x="/train/X", y=("train/y",), group="train/who")
        np.testing.assert_array_equal(source.x, X)
        np.testing.assert_array_equal(source.groups, Y)
        with pytest.raises(DataError, match="in one group"):
            read(path, x="train/X", y=("y",))
        with pytest.raises(DataError, match=r"in the groups train\. Name .*data\.x=train/NAME"):
            read(path)
        with pytest.raises(DataError):
            read(path, x="test/X", y=("test/y",))


def test_whole_numbers_stay_whole(tmp_path) -> None:
    data = xarray.Dataset({"image": (("n", "y", "x"), X), "kind": ("n", Y)})
    encoding = {"kind": {"_FillValue": -1, "dtype": "i2"}}
    data.to_netcdf(tmp_path / "a.nc", engine="h5netcdf", encoding=encoding)
    y = read(tmp_path / "a.nc").y
    assert y.dtype.kind == "i" and y.tolist() == Y.tolist()
    data["kind"] = data["kind"].where(data["kind"] > 0)  # some are missing
    data.to_netcdf(tmp_path / "b.nc", engine="h5netcdf", encoding=encoding)
    assert np.isnan(read(tmp_path / "b.nc").y).sum() == (Y == 0).sum()


def test_packed_numbers_are_unpacked(tmp_path) -> None:
    data = xarray.Dataset({"image": (("n", "y", "x"), X), "height": ("n", Y.astype(float))})
    packing = {"dtype": "i2", "scale_factor": 0.001, "add_offset": 0.5, "_FillValue": -9}
    data.to_netcdf(
        tmp_path / "a.nc", engine="h5netcdf", encoding={"image": packing, "height": packing}
    )
    source = read(tmp_path / "a.nc")
    np.testing.assert_allclose(source.x, X, atol=6e-4)
    assert source.y.dtype.kind == "f"


def test_times_stay_numbers(tmp_path) -> None:
    data = xarray.Dataset(
        {"image": (("n", "y", "x"), X), "age": ("n", Y, {"units": "days since 1"})}
    )
    data.to_netcdf(tmp_path / "a.nc", engine="h5netcdf")
    source = read(tmp_path / "a.nc")
    assert source.y.tolist() == Y.tolist() and source.y_units == ("days since 1",)


def test_what_is_no_array_of_numbers(tmp_path) -> None:
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file["X"], file["y"] = X, Y
        file["table"] = np.zeros(10, [("a", "f4"), ("b", "i4")])
        file.create_dataset("ragged", (10,), h5py.vlen_dtype(np.int32))
        file.create_dataset("pointer", (10,), h5py.ref_dtype)
    for name in ("table", "ragged", "pointer"):
        with pytest.raises(DataError, match=f"{name} .*as numbers or text, but"):
            read(tmp_path / "a.h5", x="X", y=(name,))
    assert read(tmp_path / "a.h5", x="X", y=("y",)).y.tolist() == Y.tolist()


class Bomb:
    """Touches a file when unpickled."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self):
        return Path.touch, (self.path,)


@pytest.mark.parametrize(
    "codecs",
    [
        {"filters": [{"id": "pickle"}]},
        {"compressor": {"id": "pickle"}},
        # Zarr looks at the first codec of objects only.
        {"filters": [{"id": "vlen-utf8"}, {"id": "pickle"}]},
        {"filters": [{"id": "vlen-utf8"}], "compressor": {"id": "pickle"}},
    ],
)
@pytest.mark.parametrize("dims", [[], ["n"], ["y"]])
def test_pickles_in_zarr_are_never_unpacked(tmp_path, codecs, dims) -> None:
    group = zarr.open_group(tmp_path / "a.zarr", mode="w", zarr_format=2)
    group.create_array("y", data=Y, compressors=None)
    group.create_array("X", data=X)
    if dims:  # ["y"]: a coordinate, which xarray would read when it opens the file
        group["y"].attrs["_ARRAY_DIMENSIONS"] = dims
        group["X"].attrs["_ARRAY_DIMENSIONS"] = [*dims, "a", "b"]
    metadata = json.loads((tmp_path / "a.zarr/y/.zarray").read_text())
    metadata |= {"dtype": "|O", "fill_value": None} | codecs
    (tmp_path / "a.zarr/y/.zarray").write_text(json.dumps(metadata))
    (tmp_path / "a.zarr/y/0").write_bytes(pickle.dumps(Bomb(tmp_path / "fuse")))
    with pytest.raises(DataError, match="pickle"):
        read(tmp_path / "a.zarr", x="X", y=("y",))
    assert not (tmp_path / "fuse").exists()


def test_zarr_that_is_not_all_there(tmp_path) -> None:
    group = zarr.open_group(tmp_path / "a.zarr", mode="w", zarr_format=2)
    group.create_array("X", data=X, chunks=(2, 6, 7))
    group.create_array("y", data=Y)
    (tmp_path / "a.zarr/X/3.0.0").unlink()
    source = read(tmp_path / "a.zarr")
    assert any("1 of 5 pieces of X are not stored and read as 0.0" in note for note in source.notes)
    zarr.create_array(tmp_path / "b.zarr", data=X)
    with pytest.raises(DataError, match="but got one array"):
        read(tmp_path / "b.zarr")


@pytest.mark.parametrize(
    ("dims", "layout"),
    [
        (("sample", "lat", "lon"), "NHW"),
        (("sample", "band", "y", "x"), "NCHW"),
        (("sample", "y", "x", "channel"), "NHWC"),
        (("sample", "y", "channel", "x"), "auto"),
        (("sample", "time", "y", "x"), "auto"),
        (("sample", "time"), "NL"),
        (("sample", "z", "y", "x"), "NDHW"),
        (("sample", "row", "thing"), "auto"),
        (("sample", "c"), "auto"),
    ],
)
def test_layout(tmp_path, dims, layout: str) -> None:
    x = np.zeros((9, 4, 5, 6)[: len(dims)])
    data = xarray.Dataset({"x": (dims, x), "target": ("sample", np.arange(9))})
    data.to_netcdf(tmp_path / "a.nc", engine="h5netcdf")
    assert read(tmp_path / "a.nc", x="x", y=("target",)).layout == layout


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"x": "imagf"}, r"`imagf`; it holds .*image \(sample 10, x 64, y 64\).*`image`"),
        ({"y": ("labels",)}, "Did you mean `label`"),
        ({"x": "label", "y": ("image",)}, "target of one or two dimensions"),
        ({"x": "label", "y": ("label",)}, "target of one or two dimensions"),
        ({"group": "label"}, "data.group"),
        ({"x": "who"}, "numbers with at least two dimensions"),
        ({"size": (2, 2)}, r"no `data\.size`"),
    ],
)
def test_options_that_do_not_fit(tmp_path, options, sentence: str) -> None:
    data = chest_xray().assign(who=("sample", Y))
    data.to_netcdf(tmp_path / "a.nc", engine="h5netcdf")
    with pytest.raises(DataError, match=sentence):
        read(tmp_path / "a.nc", **options)


def test_groups_of_examples(tmp_path) -> None:
    data = chest_xray().assign(patient=("sample", np.array(["a", "b"])[Y % 2]))
    data.to_netcdf(tmp_path / "a.nc", engine="h5netcdf")
    source = read(tmp_path / "a.nc", group="patient")
    assert source.groups.tolist() == data.patient.values.tolist()
    assert source.y.shape == (10, 14)


def test_files_that_are_something_else(tmp_path) -> None:
    for name in ("no.nc", "no.zarr", "no.zarr.zip"):
        with pytest.raises(DataError, match="there is n"):
            read(tmp_path / name)
    (tmp_path / "folder").mkdir()
    for name, content in {
        "a.nc": b"",
        "b.nc": b"CDF\x05" + bytes(100),
        "c.nc": b"CDF\x01",
        "d.h5": b"\x89HDF\r\n\x1a\n" + bytes(100),
        "e.zarr.zip": b"PK\x03\x04" + bytes(100),
        "folder/zarr.json": b"{}",
    }.items():
        (tmp_path / name).write_bytes(content)
        with pytest.raises(DataError):
            read(tmp_path / name.partition("/")[0])


def test_a_file_that_declares_what_it_does_not_hold(tmp_path) -> None:
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file.create_dataset("X", (10, 2**20, 2**20), "f8", chunks=(1, 64, 64))  # nothing written
        file["y"] = Y
    with pytest.raises(DataError, match=r"plausible size .* X declares 81920.0 GiB"):
        read(tmp_path / "a.h5")


def write_text_file(path: Path) -> bytearray:
    with h5py.File(path, "w") as file:
        file["X"] = X
        file["y"] = np.array(["a", "bc", "d"])[Y].astype(h5py.string_dtype())
    return bytearray(path.read_bytes())


def test_a_heap_of_text_in_which_hdf5_would_hang(tmp_path) -> None:
    path = tmp_path / "a.h5"
    content = write_text_file(path)
    check_heaps(path)
    assert read(path).y.tolist() == [["a", "bc", "d"][label] for label in Y]
    heap = content.index(b"GCOL")
    content[heap + 16 :] = bytes(len(content) - heap - 16)  # free space of size 0
    path.write_bytes(content)
    with pytest.raises(ValueError, match="heap of text"):
        check_heaps(path)
    with pytest.raises(DataError, match="heap of text"):
        read(path)


def test_a_type_on_which_hdf5_would_crash(tmp_path) -> None:
    path = tmp_path / "a.h5"
    content = write_text_file(path)
    place = content.index(b"\x19\x01\x01\x00\x10")  # the type of y: text of varying length
    content[place + 1] = 0xFF
    path.write_bytes(content)
    with h5py.File(path) as file, pytest.raises(ValueError, match="type in it"):
        check_types(file)
    with pytest.raises(DataError, match="type in it"):
        read(path)


@pytest.mark.parametrize("ending", ["zarr", "zarr.zip"])
@pytest.mark.parametrize(
    ("place", "sentence"), [(4, "declared size"), (12, "damaged"), (None, "cut off")]
)
def test_a_chunk_whose_sizes_are_not_its_own(tmp_path, ending: str, place, sentence: str) -> None:
    folder = tmp_path / "a.zarr"
    group = zarr.open_group(folder, mode="w", zarr_format=2)
    group.create_array("X", data=X, compressors=numcodecs.Blosc())
    group.create_array("y", data=Y, compressors=numcodecs.Blosc())
    np.testing.assert_array_equal(read(folder).x, X)
    chunk = folder / "X/0.0.0"
    content = bytearray(chunk.read_bytes())
    if place is None:
        content = content[:9]
    else:
        content[place] ^= 1
    chunk.write_bytes(content)
    if ending == "zarr.zip":
        shutil.make_archive(str(folder), "zip", folder)
    with pytest.raises(DataError, match=sentence):
        read(tmp_path / f"a.{ending}")
