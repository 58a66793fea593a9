"""Reads examples and targets out of netCDF, HDF5 and Zarr: which variable is what."""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from nasci.data.columns import column_names, join_columns
from nasci.data.files import (
    READ_AT_ONCE_BYTES,
    check_plausible,
    check_unused,
    did_you_mean,
    listed,
    one_line,
    size_on_disk,
)
from nasci.data.layout import LAYOUTS
from nasci.data.source import ReadOptions, Source
from nasci.data.stored import Opened, Variable, open_netcdf
from nasci.data.zarr_stored import open_zarr
from nasci.errors import DataError

_NUMBERS, _TARGETS = "buif", "buifSUOT"  # kinds of dtype

_CHANNELS = {"c", "band", "bands", "channel", "channels", "colour", "color", "rgb"}
_SPACE = {
    *("x", "y", "z", "row", "rows", "column", "columns", "height", "width", "depth"),
    *("lat", "lon", "latitude", "longitude", "level", "lev", "easting", "northing"),
}
_SIGNAL = {*_SPACE, "time", "t", "frequency", "freq", "wavelength", "energy", "length", "position"}
_SPATIAL_LETTERS = {1: "L", 2: "HW", 3: "DHW"}


def read_xarray(path: Path, options: ReadOptions) -> Source:
    """Read netCDF (3 and 4), HDF5 or Zarr.

    Where x is not named, it is the one variable with the most dimensions (at least two) whose first
    dimension another variable shares. Where y is not named, it is the one variable of one or two
    dimensions that shares it. If several could be meant, none is taken.

    Args:
        path: `.nc`, `.h5` and the like; a folder of Zarr, or a ZIP file of one.
        options: `x`, `y` and `group` name variables, with the group of the file before a slash
            where they are in one; several `y` become columns.

    Returns:
        Examples and targets. Examples of more than 256 MiB are read as they are asked for.

    Raises:
        DataError: the file is missing or damaged, has no such variable, leaves open which
            variables are meant, or holds Python objects or records.

    >>> import numpy as np, xarray
    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as folder:
    ...     data = xarray.Dataset({"image": (("sample", "y", "x"), np.ones((9, 30, 80), "f4")),
    ...                            "strain": (("sample",), np.zeros(9), {"units": "%"})})
    ...     data.to_netcdf(Path(folder) / "sheets.nc", engine="h5netcdf")
    ...     source = read_xarray(Path(folder) / "sheets.nc", ReadOptions())
    >>> source.x.shape, source.y_names, source.y_units, source.layout
    ((9, 30, 80), ('strain',), ('%',), 'NHW')
    """
    check_unused(path, options, "x", "y", "group")
    group, options = _split_group(path, options)
    is_zarr = path.is_dir() or path.name.lower().endswith(".zip")
    opened = (open_zarr if is_zarr else open_netcdf)(path, group)
    variables = opened.variables
    if not variables and opened.groups:
        raise DataError(
            f"Expected variables in {path}, but they are in the groups {listed(opened.groups)}. "
            f"Name them with their group, as in `--set data.x={opened.groups[0]}/NAME`."
        )
    for name in filter(None, (options.x, *options.y, options.group)):
        if name in opened.refused:
            raise DataError(
                f"Expected {name} of {path} as numbers or text, but it holds records, lists or "
                "other objects. Store it as an array of its own, with a plain type."
            )
    x = _choose_x(path, variables, options)
    targets = _choose_y(path, variables, options, x)
    for variable in (x, *targets):
        if variable.num_bytes > READ_AT_ONCE_BYTES:
            check_plausible(path, variable.name, variable.num_bytes, size_on_disk(path))

    y, names = join_columns(path, {target.name: target.read() for target in targets})
    notes = [
        f"X is {x.describe()}, y is {', '.join(target.describe() for target in targets)}.",
        *filter(None, (variable.missing() for variable in (x, *targets))),
    ]
    groups = None
    if options.group is not None:
        groups = _read_groups(path, variables, options.group, x)
        notes.append(f"{options.group} says which examples belong together.")
    lazy = x.num_bytes > READ_AT_ONCE_BYTES
    rows = x.rows if lazy else x.rows[:]
    if lazy:
        notes.append(f"{x.name} is read as it is needed.")
    else:
        opened.close()
    return Source(
        name=Path(path.name.removesuffix(".zip")).stem,
        x=rows,
        y=y,
        y_names=_labels(variables, targets) or names,
        y_units=_units(targets),
        layout=_layout(x.dims),
        groups=groups,
        description=_noted(opened, "title", "description"),
        attribution=_noted(opened, "references", "source", "institution", "license"),
        notes=tuple(notes),
    )


def _split_group(path: Path, options: ReadOptions) -> tuple[str, ReadOptions]:
    """Return the group that all names are in, and the names without it."""
    given = [name for name in (options.x, *options.y, options.group) if name]
    groups = sorted({name.strip("/").rpartition("/")[0] for name in given})
    if len(groups) > 1:
        raise DataError(
            f"Expected all variables in one group of {path}, but got {listed(given)}. "
            "Store them in one group."
        )

    def last(name: str) -> str:
        return name.strip("/").rpartition("/")[2]

    return (groups or [""])[0], ReadOptions(
        x=last(options.x) if options.x else None,
        y=tuple(map(last, options.y)),
        group=last(options.group) if options.group else None,
    )


def _find(path: Path, variables: Mapping[str, Variable], name: str, option: str) -> Variable:
    if name not in variables:
        raise DataError(
            f"Expected `{option}` to name a variable of {path}, but got `{name}`; it holds "
            f"{_list(variables.values())}.{did_you_mean(name, variables)}"
        )
    return variables[name]


def _choose_x(path: Path, variables: Mapping[str, Variable], options: ReadOptions) -> Variable:
    """Return the variable of the examples; `DataError` unless it is named or there is no doubt."""
    if options.x is not None:
        x = _find(path, variables, options.x, "data.x")
        if len(x.dims) < 2 or x.kind not in _NUMBERS + "c":
            raise DataError(
                f"Expected `data.x` to name numbers with at least two dimensions, but "
                f"{x.describe()} of {path} is not. It holds {_list(variables.values())}."
            )
        return x
    others = {*options.y, options.group}
    firsts = {_find(path, variables, name, "data.y").dims[:1] for name in options.y}
    data = [found for found in variables.values() if not found.is_coordinate and found.dims]
    able = [
        found
        for found in data
        if len(found.dims) >= 2
        and found.kind in _NUMBERS
        and found.name not in others
        and (found.dims[:1] in firsts if firsts else _is_shared(found, data))
    ]
    most = max((len(found.dims) for found in able), default=0)
    able = [found for found in able if len(found.dims) == most]
    if len(able) == 1:
        return able[0]
    could = listed(found.name for found in able)
    raise DataError(
        f"Expected one variable of examples in {path}, but "
        + (f"{could} could be it" if able else "none has two dimensions and targets beside it")
        + f"; it holds {_list(variables.values())}. Say which with "
        f"`--set data.x={able[0].name if able else 'NAME'}`."
    )


def _is_shared(variable: Variable, data: Sequence[Variable]) -> bool:
    return any(other.name != variable.name and other.dims[0] == variable.dims[0] for other in data)


def _choose_y(
    path: Path, variables: Mapping[str, Variable], options: ReadOptions, x: Variable
) -> list[Variable]:
    """Return the variables of the targets; `DataError` unless named or without doubt."""
    if options.y:
        targets = [_find(path, variables, name, "data.y") for name in dict.fromkeys(options.y)]
        for target in targets:
            if target.dims[:1] != x.dims[:1] or len(target.dims) > 2 or target is x:
                raise DataError(
                    f"Expected a target of one or two dimensions, the first of them {x.dims[0]} "
                    f"as of {x.name}, but got {target.describe()} in {path}."
                )
        return targets
    able = [
        found
        for found in variables.values()
        if found.dims[:1] == x.dims[:1]
        and len(found.dims) in (1, 2)
        and found.kind in _TARGETS
        and not found.is_coordinate
        and found.name not in (x.name, options.group)
    ]
    if len(able) == 1:
        return able
    if able:
        raise DataError(
            f"Expected one target for {x.name} in {path}, but {_list(able)} could be it. "
            f"Say which with `--set data.y={able[0].name}`."
        )
    raise DataError(
        f"Expected a target of one or two dimensions, the first of them {x.dims[0]} as of "
        f"{x.name}, but {path} holds {_list(variables.values())}. Store y beside x."
    )


def _read_groups(
    path: Path, variables: Mapping[str, Variable], name: str, x: Variable
) -> NDArray[Any]:
    group = _find(path, variables, name, "data.group")
    if group.dims != x.dims[:1]:
        raise DataError(
            f"Expected `data.group` to name a variable of the dimension {x.dims[0]}, but "
            f"{group.describe()} of {path} is not."
        )
    return group.read()


def _labels(variables: Mapping[str, Variable], targets: Sequence[Variable]) -> tuple[str, ...]:
    """Return a name for each column, from the labels of a second dimension where it has text."""
    names: list[str] = []
    for target in targets:
        labels = variables.get(target.dims[1]) if len(target.dims) == 2 else None
        if labels is not None and labels.dims == target.dims[1:] and labels.kind in "SUOT":
            names += [
                one_line(text.decode(errors="replace") if isinstance(text, bytes) else text)
                for text in labels.read().tolist()
            ]
        else:
            names += column_names(target.name, target.rows.shape)
    return tuple(names)


def _units(targets: Sequence[Variable]) -> tuple[str, ...]:
    """Return the unit of each column; nothing where none has any."""
    units: list[str] = []
    for target in targets:
        unit = target.attrs.get("units", "")
        num_columns = target.rows.shape[1] if len(target.dims) == 2 else 1
        units += [one_line(unit, 40) if isinstance(unit, str) else ""] * num_columns
    return tuple(units) if any(units) else ()


def _layout(dims: Sequence[str]) -> str:
    """Return the order of axes where the names of dimensions leave no doubt, else `auto`.

    >>> _layout(("sample", "y", "x")), _layout(("sample", "band", "time")), _layout(("a", "b"))
    ('NHW', 'NCL', 'auto')
    """
    names = [dim.lower() for dim in dims[1:]]
    names = [name if name in _CHANNELS else name.partition("_")[0] for name in names]
    num_spatial = sum(name not in _CHANNELS for name in names)
    known = _SIGNAL if num_spatial == 1 else _SPACE
    if not all(name in known | _CHANNELS for name in names) or num_spatial not in _SPATIAL_LETTERS:
        return "auto"
    letters = iter(_SPATIAL_LETTERS[num_spatial])
    layout = "N" + "".join("C" if name in _CHANNELS else next(letters) for name in names)
    return layout if layout in LAYOUTS else "auto"


def _noted(opened: Opened, *keys: str) -> str:
    """Return what the file says about itself under these names, as one line."""
    texts = [opened.attrs.get(key) for key in keys]
    return "; ".join(one_line(text) for text in texts if isinstance(text, str) and text.strip())


def _list(variables: Iterable[Variable]) -> str:
    return listed(variable.describe() for variable in variables)
