"""Images in one folder a class, with or without folders for train, valid and test."""

from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from nasci.data.files import check_unused, listed
from nasci.data.image_files import IMAGE_LAYOUTS, decode_images
from nasci.data.image_pixels import is_image
from nasci.data.image_surveys import galaxy_zoo_folder
from nasci.data.source import PARTS, ReadOptions, Source
from nasci.errors import DataError

_PART_NAMES = {
    "train": 0,
    "training": 0,
    "val": 1,
    "valid": 1,
    "validation": 1,
    "test": 2,
    "testing": 2,
}
_LAYOUT = "Expected one folder of images a class (or train, valid and test with such folders)"


@dataclass
class Listing:
    """What was found in folders.

    Attributes:
        root: folder that symbolic links must not leave.
        expected: endings of files that are no images, but not ignored either.
        num_ignored: files that are hidden or no images.
        num_skipped: folders that hold no images, or lie deeper.
    """

    root: Path
    expected: tuple[str, ...] = ()
    num_ignored: int = 0
    num_skipped: int = 0
    _resolved: Path = field(init=False)

    def __post_init__(self) -> None:
        """Resolve the root once."""
        self._resolved = self.root.resolve()

    def entries(self, folder: Path) -> tuple[list[Path], list[Path]]:
        """Return the folders and the images in a folder, each sorted by name.

        Raises:
            DataError: the folder cannot be read, or a symbolic link leaves the root.
        """
        folders, images = [], []
        try:
            for entry in sorted(folder.iterdir(), key=lambda entry: entry.name):
                hidden = entry.name.startswith(".")
                if entry.is_symlink() and not hidden:
                    self._check_link(entry)
                if entry.is_dir():
                    if not hidden:
                        folders.append(entry)
                elif is_image(entry):
                    images.append(entry)
                elif hidden or entry.suffix.lower() not in self.expected:
                    self.num_ignored += 1
        except OSError as error:
            raise DataError(
                f"Expected a folder that can be read, but got {error.strerror or error} for "
                f"{folder}. Check its permissions."
            ) from error
        return folders, images

    def notes(self) -> list[str]:
        """Say what was left out."""
        notes = []
        if self.num_ignored:
            notes.append(
                f"{self.num_ignored} hidden files or files that are no images are ignored."
            )
        if self.num_skipped:
            notes.append(
                f"{self.num_skipped} folders without images or inside classes are ignored."
            )
        return notes

    def _check_link(self, entry: Path) -> None:
        try:
            target = entry.resolve(strict=True)
        except (OSError, RuntimeError):  # it leads nowhere, or in a circle
            target = None
        if target is None or not target.is_relative_to(self._resolved):
            raise DataError(
                f"Expected symbolic links that stay within {self.root}, but {entry} leads "
                f"{'nowhere' if target is None else 'outside'}. Copy the files instead."
            )


def read_image_folder(path: Path, options: ReadOptions) -> Source:
    """Read a folder with one sub-folder of images a class.

    Args:
        path: a folder of class folders, or of `train`, `valid` (`val`, `validation`) and `test`
            with class folders each. Images of Galaxy Zoo 2 are known by their names and size, and
            read as `nasci.data.image_surveys` says.
        options: `crop` and `size` count.

    Returns:
        Images in the order of their parts, classes and names (sorted as text), `NHWC` or, for TIFF
        files of several pages, `NDHWC`; y are numbers of classes.

    Raises:
        DataError: fewer than two classes, a class that train has no images of, a symbolic link
            that leaves the folder, or images that cannot be read or do not fit together.

    >>> from tempfile import TemporaryDirectory
    >>> from PIL import Image
    >>> with TemporaryDirectory() as name:
    ...     for kind in ("spiral", "other"):
    ...         (Path(name) / kind).mkdir()
    ...         Image.new("L", (8, 8)).save(Path(name) / kind / "1.png")
    ...     source = read_image_folder(Path(name), ReadOptions())
    >>> source.x.shape, source.y_names, source.y
    ((2, 8, 8, 1), ('other', 'spiral'), array([0, 1]))
    """
    check_unused(path, options, "crop", "size")
    if not path.is_dir():
        raise DataError(f"{_LAYOUT}, but there is no folder {path}. Check how it is spelled.")
    listing = Listing(path)
    folders, top_images = listing.entries(path)
    listing.num_ignored += len(top_images)
    parts = _parts(listing, folders)
    found = {part: _classes(listing, folders) for part, folders in parts.items()}
    names = _class_names(path, found, top_images)
    files, y, part_of = [], [], []
    for part, classes in sorted(found.items()):
        for name, images in classes.items():
            files += images
            y += [names.index(name)] * len(images)
            part_of += [part] * len(images)
    galaxies = galaxy_zoo_folder(files, options)
    options, augmentation, known = galaxies or (options, None, ())
    x, notes = decode_images(files, options)
    stored = "" if len(found) == 1 else f", split into {_counts(part_of)} as the folders say"
    return Source(
        name=path.resolve().name,
        x=x,
        y=np.array(y, np.int64),
        y_names=names,
        y_are_classes=True,
        layout=IMAGE_LAYOUTS[len(x.shape)],
        parts=None if len(found) == 1 else np.array(part_of, np.int8),
        notes=(
            f"{len(files)} images in {len(names)} folders, one a class{stored}.",
            *listing.notes(),
            *known,
            *notes,
        ),
        augmentation=augmentation,
    )


def _parts(listing: Listing, folders: list[Path]) -> dict[int, list[Path]]:
    """Return class folders by part; all are of train where the folders are the classes."""
    numbers = [_PART_NAMES.get(folder.name.lower()) for folder in folders]
    if 0 not in numbers or len(folders) < 2 or None in numbers:
        return {0: folders}
    inside = [Listing(listing.root).entries(folder)[0] for folder in folders]
    if not all(inside):  # classes that happen to be called so
        return {0: folders}
    parts: dict[int, list[Path]] = {}
    for folder, number in zip(folders, numbers, strict=True):
        if number is None or number in parts:
            raise DataError(
                f"Expected one folder for each of train, valid and test in {listing.root}, but got "
                f"{listed(folder.name for folder in folders)}. Merge them."
            )
        parts[number], images = listing.entries(folder)
        listing.num_ignored += len(images)
    return parts


def _classes(listing: Listing, folders: list[Path]) -> dict[str, list[Path]]:
    classes = {}
    for folder in folders:
        deeper, images = listing.entries(folder)
        listing.num_skipped += len(deeper) + (not images)
        if images:
            classes[folder.name] = images
    return classes


def _class_names(
    path: Path, found: dict[int, dict[str, list[Path]]], top_images: list[Path]
) -> tuple[str, ...]:
    names = tuple(found[0])
    if len(names) < 2:
        got = f"{len(names)} such folder(s) ({listed(names)})" if names else "none"
        hint = (
            f"For the {len(top_images)} images in the folder itself, say which CSV table holds "
            "their targets with `--set data.table=FILE.csv`."
            if top_images
            else "Put the images of each class in a folder of its own."
        )
        raise DataError(f"{_LAYOUT}, at least two, but {path} has {got}. {hint}")
    for part, classes in found.items():
        unknown = [name for name in classes if name not in names]
        if unknown:
            raise DataError(
                f"Expected the classes of {PARTS[part]} to be among those of train "
                f"({listed(names)}) in {path}, but got {listed(unknown)}. Check the folders' names."
            )
        if not classes:
            raise DataError(
                f"Expected images in the folder for {PARTS[part]} in {path}, but there are none. "
                "Remove it, or fill it."
            )
    return names


def _counts(part_of: list[int]) -> str:
    return ", ".join(
        f"{part_of.count(part)} {name}" for part, name in enumerate(PARTS) if part in part_of
    )
