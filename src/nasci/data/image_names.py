"""Which file a cell of a table means: its path, its name, or its name without the ending."""

from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from nasci.data.files import one_line
from nasci.data.image_folder import Listing
from nasci.data.image_pixels import IMAGE_ENDINGS
from nasci.errors import DataError

_MAX_DEPTH = 2  # as in images_001/images/*.png


@dataclass(frozen=True, eq=False)
class ImageNames:
    """The images in a folder, under every name that a table may give them.

    Attributes:
        root: the folder.
        files: its images, sorted by folder and name.
        num_ignored: files that are hidden or no images, tables and lists aside.
    """

    root: Path
    files: list[Path]
    num_ignored: int = 0
    _by_name: tuple[dict[str, list[Path]], ...] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        """Make the names: path in the folder, name, both without their ending."""
        indices: tuple[dict[str, list[Path]], ...] = ({}, {}, {}, {})
        for file in self.files:
            within = file.relative_to(self.root)
            keys = (within.as_posix(), file.name, within.with_suffix("").as_posix(), file.stem)
            for index, key in zip(indices, keys, strict=True):
                index.setdefault(key, []).append(file)
        object.__setattr__(self, "_by_name", indices)

    def find(self, cell: str, where: str) -> Path | None:
        """Return the image of a name, or None.

        Args:
            cell: a path within the folder or a name, with its ending or without.
            where: of the cell, for messages.

        Raises:
            DataError: it is empty, leads out of the folder, or more than one image has this name.
        """
        if not cell:
            raise DataError(f"Expected the name of an image in {where}, but the cell is empty.")
        name = self._normal(cell)
        if _leaves(name):
            raise DataError(
                f"Expected images within {self.root}, but {where} leads out of it "
                f"(`{one_line(cell)}`). Write names relative to this folder."
            )
        for index in self._by_name:
            found = index.get(name, [])
            if len(found) > 1:
                raise DataError(
                    f"Expected one image of the name `{one_line(cell)}` ({where}), but there are "
                    f"{self.relative(found[0])} and {self.relative(found[1])}. Write the path."
                )
            if found:
                return found[0]
        return None

    def looks_like_image(self, cell: str) -> bool:
        """Whether a cell names an image of the folder, or one that should be there."""
        name = self._normal(cell)
        return any(name in index for index in self._by_name) or name.lower().endswith(IMAGE_ENDINGS)

    def relative(self, path: Path) -> str:
        """Return a path as seen from the folder."""
        return path.relative_to(self.root).as_posix()

    def notes(self) -> list[str]:
        """Say what was left out."""
        if not self.num_ignored:
            return []
        return [f"{self.num_ignored} hidden files or files that are no images are ignored."]

    def _normal(self, cell: str) -> str:
        """Return a name as in the index; paths as seen from the folder above are known too."""
        name = cell.replace("\\", "/").removeprefix("./")
        if name in self._by_name[0]:
            return name
        return name.removeprefix(f"{self.root.resolve().name}/")


def find_images(root: Path) -> ImageNames:
    """Find the images in a folder, its sub-folders, and theirs.

    Args:
        root: the folder.

    Raises:
        DataError: there are none, or a symbolic link leaves the folder.
    """
    listing = Listing(root, expected=(".csv", ".txt"))
    level, files = [root], []
    for _ in range(_MAX_DEPTH + 1):
        deeper: list[Path] = []
        for folder in level:
            folders, images = listing.entries(folder)
            deeper += folders
            files += images
        level = deeper
    if not files:
        raise DataError(
            f"Expected images ({', '.join(IMAGE_ENDINGS)}) in {root} or in folders in it, but "
            "there are none. Give the folder that holds them."
        )
    return ImageNames(root, files, listing.num_ignored)


def _leaves(name: str) -> bool:
    return name.startswith("/") or name[1:2] == ":" or ".." in PurePosixPath(name).parts
