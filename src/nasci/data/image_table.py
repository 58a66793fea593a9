"""Images in a folder and their targets in a CSV table."""

from dataclasses import dataclass, replace
from pathlib import Path

from nasci.data.csv_table import CsvTable, read_csv
from nasci.data.files import beside, check_unused, listed, one_line, reading
from nasci.data.image_files import IMAGE_LAYOUTS, decode_images
from nasci.data.image_names import ImageNames, find_images
from nasci.data.image_surveys import Survey, galaxy_zoo, is_galaxy_zoo, is_nih, nih
from nasci.data.source import ReadOptions, Source
from nasci.data.table_targets import table_targets
from nasci.errors import DataError

_KNOWN_TABLES = ("training_solutions_rev1", "data_entry_2017")


@dataclass(frozen=True, eq=False)
class _Rows:
    """Rows of a table whose images were found: the file of each."""

    column: str
    files: list[Path]
    notes: list[str]


def read_image_table(path: Path, options: ReadOptions) -> Source:
    r"""Read images and the CSV table that holds their targets.

    The tables of the Kaggle Galaxy Challenge and of the NIH chest X-rays are known (see
    `nasci.data.image_surveys`). In any other, one column names image files, with their ending or
    without, and the rest are targets: those of `options.y`, or the only one there is. Text with
    `|` in it is a set of labels.

    Args:
        path: a folder of images with exactly one table in it or beside it, or the table, with the
            images in its folder or in sub-folders.
        options: `x` is the column that names the images, `y` those of the targets, `group` the one
            that says what belongs together, `table` the file; `crop` and `size` count.

    Returns:
        The examples in the order of the rows, `NHWC` or, for TIFF files of several pages, `NDHWC`.

    Raises:
        DataError: no table or too many, an unknown column, an empty cell, an image without a row,
            a row without an image or outside the folder, two rows for one image, or images that
            cannot be read or do not fit together.

    >>> from tempfile import TemporaryDirectory
    >>> from PIL import Image
    >>> with TemporaryDirectory() as name:
    ...     for number in "12":
    ...         Image.new("L", (8, 8)).save(Path(name) / f"{number}.png")
    ...     _ = (Path(name) / "a.csv").write_text("image,mass\n2,0.5\n1,1.5\n")
    ...     source = read_image_table(Path(name), ReadOptions())
    >>> source.x.shape, source.y_names, source.y
    ((2, 8, 8, 1), ('mass',), array([0.5, 1.5]))
    """
    check_unused(path, options, "x", "y", "group", "table", "size", "crop")
    table = read_csv(_table_path(path, options))
    names = find_images(path if path.is_dir() else path.parent)
    rows = _match(table, names, options)
    survey = _survey(table, rows, options)
    groups = survey.groups
    notes = [
        f"{len(rows.files)} images as column {rows.column} of {table.path.name} names them.",
        *rows.notes,
        *survey.notes,
    ]
    if options.group is not None:
        groups = table.values(options.group)
        notes.append(f"Column {options.group} says which examples belong together.")
    x, image_notes = decode_images(rows.files, survey.options, grey=survey.grey)
    return Source(
        name=survey.name or (path.resolve().name if path.is_dir() else path.stem),
        x=x,
        y=survey.y,
        y_names=survey.y_names,
        layout=IMAGE_LAYOUTS[len(x.shape)],
        groups=groups,
        parts=survey.parts,
        tree=survey.tree,
        augmentation=survey.augmentation,
        attribution=survey.attribution,
        notes=(*notes, *image_notes),
    )


def _table_path(path: Path, options: ReadOptions) -> Path:
    if not path.is_dir():
        if options.table is not None:
            raise DataError(
                f"Expected no `data.table` with {path}, which is itself a table. Leave it out, or "
                "give the folder of the images."
            )
        return path
    if options.table is not None:
        folder = path if (path / options.table).is_file() else path.resolve().parent
        return beside(folder, options.table, "data.table")
    for folder in (path, path.resolve().parent):
        with reading(folder, "folder", "Check its permissions."):
            tables = sorted(entry for entry in folder.iterdir() if _is_table(entry))
        known = [table for table in tables if table.stem.lower().startswith(_KNOWN_TABLES)]
        if len(tables) == 1 or len(known) == 1:
            return (known or tables)[0]
        if tables:
            raise DataError(
                f"Expected one CSV table for the images of {path}, but {folder} has "
                f"{listed(table.name for table in tables)}. Say which with "
                "`--set data.table=FILE.csv`."
            )
    raise DataError(
        f"Expected a CSV table in {path} or beside it, with a column that names the images and one "
        "for the targets, but there is none. Put each class in a folder of its own, or write one."
    )


def _is_table(path: Path) -> bool:
    return path.suffix.lower() == ".csv" and not path.name.startswith(".") and path.is_file()


def _match(table: CsvTable, names: ImageNames, options: ReadOptions) -> _Rows:
    column = options.x if options.x is not None else _image_column(table, names)
    cells = table.text(column)
    files, missing = [], []
    for cell, line in zip(cells, table.lines, strict=True):
        file = names.find(cell, f"line {line} of {table.path}")
        if file is None:
            missing.append(cell)
        else:
            files.append(file)
    if missing:
        raise DataError(
            f"Expected an image for every row of {table.path}, but {len(missing)} of {len(cells)} "
            f"rows have none in {names.root} (the first is `{one_line(missing[0])}` of column "
            f"{column}). Remove these rows, or add the images."
        )
    seen: dict[Path, int] = {}
    for file, line in zip(files, table.lines, strict=True):
        if file in seen:
            raise DataError(
                f"Expected one row an image in {table.path}, but lines {seen[file]} and {line} are "
                f"both for {file.name}. Remove one, or join them."
            )
        seen[file] = line
    return _Rows(column, files, _check_all_used(table, names, seen))


def _check_all_used(table: CsvTable, names: ImageNames, used: dict[Path, int]) -> list[str]:
    """Refuse images without a row, but for folders in which no image has one."""
    folders = {file.parent for file in used}
    left = [file for file in names.files if file not in used]
    unlabelled = [file for file in left if file.parent in folders]
    if unlabelled:
        raise DataError(
            f"Expected a row of {table.path} for every image, but labels are missing for "
            f"{len(unlabelled)} of {len(names.files)} images (the first is {unlabelled[0].name}). "
            "Add rows, or move these images to another folder."
        )
    notes = names.notes()
    if left:
        where = listed(sorted({names.relative(file.parent) for file in left}))
        notes.append(f"{len(left)} images are left out: no image of {where} has a row.")
    return notes


def _image_column(table: CsvTable, names: ImageNames) -> str:
    """Return the column that names most images; of equals the first."""
    scores = {
        column: len({cell for cell in table.text(column) if names.looks_like_image(cell)})
        for column in table.columns
    }
    best = max(table.columns, key=lambda column: scores[column])
    if not scores[best]:
        raise DataError(
            f"Expected a column of {table.path} that names the images of {names.root}, such as "
            f"{names.files[0].name}, but got the columns {listed(table.columns)}. "
            "Say which with `--set data.x=COLUMN`."
        )
    return best


def _survey(table: CsvTable, rows: _Rows, options: ReadOptions) -> Survey:
    known = None
    if is_galaxy_zoo(table.columns):
        known = galaxy_zoo(table, rows.files, options)
    elif is_nih(table.columns):
        known = nih(table, options)
    if known is not None and not options.y:
        return known
    y, y_names, notes = table_targets(table, options.y, besides=(rows.column, options.group))
    if known is None:
        return Survey(y, y_names, options, notes=tuple(notes))
    # other targets of the same images: what is known of the images still holds
    return replace(known, y=y, y_names=y_names, tree=None, notes=(*known.notes, *notes))
