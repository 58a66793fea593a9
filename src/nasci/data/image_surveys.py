"""Tables of images that are known by their columns: what their targets and splits are."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nasci.data.csv_table import CsvTable
from nasci.data.files import listed, one_line
from nasci.data.image_pixels import read_header
from nasci.data.preparation import Augmentation
from nasci.data.source import ReadOptions
from nasci.data.table_targets import label_matrix
from nasci.errors import DataError
from nasci.records import QuestionTree, read_tree

NIH_FINDINGS = (
    "Atelectasis",
    "Cardiomegaly",
    "Effusion",
    "Infiltration",
    "Mass",
    "Nodule",
    "Pneumonia",
    "Pneumothorax",
    "Consolidation",
    "Edema",
    "Emphysema",
    "Fibrosis",
    "Pleural_Thickening",
    "Hernia",
)
"""Findings of the NIH chest X-rays, in the order of ChestMNIST (Yang et al. 2023)."""

_NO_FINDING = "No Finding"
_GALAXY_ID = "GalaxyID"
_GALAXY_SIDE, _GALAXY_CROP, _GALAXY_SIZE = 424, 224, (64, 64)
_GALAXY_NAME = re.compile(r"[1-9]\d{5}\.jpe?g", re.IGNORECASE)
_GALAXY_ATTRIBUTION = "Galaxy Zoo 2 (Willett et al. 2013, arXiv:1308.3496), images of the SDSS"

_NIH_COLUMNS = ("Image Index", "Finding Labels", "Patient ID")
_NIH_LISTS = {"train_val_list.txt": 0, "test_list.txt": 2}


@dataclass(frozen=True, eq=False)
class Survey:
    """What a table says about its images: fields of `Source`, and how to read the images.

    Attributes:
        y: as in `Source`, as the ones below.
        y_names: of the columns.
        options: how images are read, with what is known of them.
        grey: they are grey, however they are stored.
    """

    y: NDArray[Any]
    y_names: tuple[str, ...]
    options: ReadOptions
    name: str = ""
    grey: bool = False
    groups: NDArray[Any] | None = None
    parts: NDArray[np.int8] | None = None
    tree: QuestionTree | None = None
    augmentation: Augmentation | None = None
    attribution: str = ""
    notes: tuple[str, ...] = ()


def is_galaxy_zoo(columns: Sequence[str]) -> bool:
    """Whether a table has the columns of the Kaggle Galaxy Challenge."""
    return _GALAXY_ID in columns and any(name.startswith("Class") for name in columns)


def galaxy_zoo(table: CsvTable, images: Sequence[Path], options: ReadOptions) -> Survey:
    """Read the answers to the Galaxy Zoo 2 questions (Willett et al. 2013, arXiv:1308.3496).

    Images of 424x424 are cut to 224x224 in the centre and resized to 64x64, unless the options
    say otherwise.

    Args:
        table: with GalaxyID and a column for each answer, in any order.
        images: of its rows.
        options: what the user said.

    Raises:
        DataError: an answer has no column, unless the options name the targets.
    """
    tree = read_tree("galaxy-zoo")
    options, notes = _galaxy_centre(images, options)
    survey = Survey(
        np.zeros(0),
        tree.columns,
        options,
        name="galaxy-zoo",
        tree=tree,
        augmentation=_galaxy_augmentation(images, options),
        attribution=_GALAXY_ATTRIBUTION,
        notes=notes,
    )
    if options.y:
        return survey
    missing = [name for name in tree.columns if name not in table.columns]
    if missing:
        raise DataError(
            f"Expected a column of {table.path} for each of the {len(tree.columns)} answers of "
            f"Galaxy Zoo 2, but {listed(missing)} is missing. Add it, or say which columns are the "
            "targets with `--set data.y=`."
        )
    y = np.stack([table.numbers(name) for name in tree.columns], axis=1)
    said = f"Targets are the {len(tree.columns)} answers of Galaxy Zoo 2, in the order of its tree."
    return replace(survey, y=y, notes=(said, *notes))


def galaxy_zoo_folder(
    images: Sequence[Path], options: ReadOptions
) -> tuple[ReadOptions, Augmentation, tuple[str, ...]] | None:
    """Return how galaxies are read that were sorted into folders; None if they are something else.

    Images of the Galaxy Challenge are known by their names (`GalaxyID.jpg`, six digits) and their
    424x424 pixels: no other survey has both.

    Args:
        images: all of them.
        options: what the user said.
    """
    named = all(_GALAXY_NAME.fullmatch(image.name) for image in images)
    if not named or not _is_galaxy_sized(images):
        return None
    options, notes = _galaxy_centre(images, options)
    said = (
        f"Six digits and {_GALAXY_SIDE}x{_GALAXY_SIDE} pixels: these are images of Galaxy Zoo 2. "
        "If not, say how they may be changed (`data.crop`, `data.flip_axes`, `data.rotate`)."
    )
    return options, _galaxy_augmentation(images, options), (said, *notes)


def _is_galaxy_sized(images: Sequence[Path]) -> bool:
    header = read_header(images[0])
    return header.shape[-3:-1] == (_GALAXY_SIDE, _GALAXY_SIDE)


def _galaxy_augmentation(images: Sequence[Path], options: ReadOptions) -> Augmentation:
    """Return what changes nothing about a galaxy: turns, and shifts by a 16th of the side."""
    side = min(options.size or read_header(images[0]).shape[-3:-1])
    return Augmentation(
        max_shift=side // 16,
        flip_axes=(0, 1),
        rotate=True,
        why="a galaxy has no up and no left on the sky, and need not stand in the very middle",
    )


def _galaxy_centre(
    images: Sequence[Path], options: ReadOptions
) -> tuple[ReadOptions, tuple[str, ...]]:
    """Return options that cut and shrink images of the challenge's size, and what is said of it."""
    if not _is_galaxy_sized(images):
        return options, ()
    notes: tuple[str, ...] = ()
    if options.crop is None:
        options = replace(options, crop=_GALAXY_CROP)
        notes = (
            f"The galaxy stands in the middle of the {_GALAXY_SIDE}x{_GALAXY_SIDE} images: "
            f"the central {_GALAXY_CROP}x{_GALAXY_CROP} are used; say "
            f"`--set data.crop={_GALAXY_SIDE}` for all of it.",
        )
    if options.size is None:
        options = replace(options, size=_GALAXY_SIZE)
    return options, notes


def is_nih(columns: Sequence[str]) -> bool:
    """Whether a table has the columns of the NIH chest X-rays."""
    return all(name in columns for name in _NIH_COLUMNS)


def nih(table: CsvTable, options: ReadOptions) -> Survey:
    """Read the findings of the NIH chest X-rays (Wang et al. 2017, arXiv:1705.02315).

    Args:
        table: `Data_Entry_2017.csv`; `train_val_list.txt` and `test_list.txt` beside it are the
            split.
        options: what the user said.

    Raises:
        DataError: an unknown finding, `No Finding` beside another one, or lists that do not hold
            every image once.
    """
    images = table.text(_NIH_COLUMNS[0])
    said = () if options.y else (f"Targets are the {len(NIH_FINDINGS)} findings.",)
    parts, notes = _nih_parts(table.path.parent, images)
    return Survey(
        _nih_findings(table) if not options.y else np.zeros(0),
        NIH_FINDINGS,
        options,
        name="nih-chest",
        grey=True,
        groups=table.values(_NIH_COLUMNS[2]),
        parts=parts,
        attribution="NIH chest X-rays (Wang et al. 2017, arXiv:1705.02315)",
        notes=(
            *said,
            "Images of one Patient ID belong together.",
            *notes,
        ),
    )


def _nih_findings(table: CsvTable) -> NDArray[np.uint8]:
    sets = [{label.strip() for label in cell.split("|")} for cell in table.text(_NIH_COLUMNS[1])]
    for row, findings in enumerate(sets):
        unknown = findings - {*NIH_FINDINGS, _NO_FINDING}
        if unknown or (_NO_FINDING in findings and len(findings) > 1):
            raise DataError(
                f"Expected the findings {listed(NIH_FINDINGS)}, joined by |, or {_NO_FINDING} "
                f"alone in {table.path}, but line {table.lines[row]} has "
                f"`{one_line('|'.join(sorted(findings)))}`. "
                "Correct it, or say which column is the target with `--set data.y=`."
            )
    return label_matrix(sets, NIH_FINDINGS)


def _nih_parts(folder: Path, images: list[str]) -> tuple[NDArray[np.int8] | None, list[str]]:
    lists = {folder / name: part for name, part in _NIH_LISTS.items()}
    if not all(path.is_file() for path in lists):
        return None, []
    part_of: dict[str, int] = {}
    for path, part in lists.items():
        try:
            names = path.read_text("utf-8-sig").split()
        except (OSError, UnicodeDecodeError) as error:
            raise DataError(
                f"Expected names of images in {path}, but it cannot be read ({one_line(error)}). "
                "Remove it, or write it again."
            ) from error
        twice = [name for name in names if part_of.get(name, part) != part]
        if twice:
            raise DataError(
                f"Expected every image in one of {listed(_NIH_LISTS)} of {folder}, but "
                f"{one_line(twice[0])} is in both. Remove it from one."
            )
        part_of |= dict.fromkeys(names, part)
    left = [name for name in images if name not in part_of]
    if left:
        raise DataError(
            f"Expected every image in {listed(_NIH_LISTS)} of {folder}, but {len(left)} are in "
            f"neither (the first is {one_line(left[0])}). Add them, or remove the lists."
        )
    parts = np.array([part_of[name] for name in images], np.int8)
    return parts, [
        f"Split as {listed(_NIH_LISTS)} say: {int((parts == 0).sum())} to train on and choose by, "
        f"{int((parts == 2).sum())} to test."
    ]
