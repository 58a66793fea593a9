"""Simulated data sets, made on first use and kept.

Three stand in for those of the 2019 study, `darcy` and `heartbeats` for problems unlike pictures.
They are never the real ones: the name says so wherever it stands.
"""

import contextlib
import hashlib
import io
import logging
import os
import zipfile
import zlib
from collections.abc import Callable, Mapping
from importlib.resources import files
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import NDArray
from platformdirs import user_cache_path

from nasci.data.assemble import assemble
from nasci.data.dataset import Dataset
from nasci.data.preparation import Augmentation
from nasci.data.source import Source
from nasci.errors import RunError
from nasci.records import read_tree, write_atomic

Arrays = Mapping[str, NDArray[Any]]
CACHE_VARIABLE = "NASCI_CACHE"


def cache_folder() -> Path:
    """Return the folder of what can be made again: `NASCI_CACHE`, or the system's place."""
    chosen = os.environ.get(CACHE_VARIABLE)
    return Path(chosen) if chosen else user_cache_path("nasci")


def _kirigami_arrays() -> Arrays:
    from nasci.simulate.kirigami import simulate_kirigami

    sheets = simulate_kirigami()
    return {"x": sheets.images, "y": sheets.strain, "groups": sheets.groups}


def _galaxy_arrays() -> Arrays:
    from nasci.simulate.galaxies import simulate_galaxies

    galaxies = simulate_galaxies()
    return {"x": galaxies.images, "y": galaxies.votes}


def _chest_arrays() -> Arrays:
    from nasci.simulate.chest import simulate_chest

    chests = simulate_chest()
    return {"x": chests.images, "y": chests.labels, "groups": chests.patients}


def _darcy_arrays() -> Arrays:
    from nasci.simulate.darcy import simulate_darcy

    flows = simulate_darcy()
    return {"x": flows.permeability, "y": flows.functionals}


def _heartbeat_arrays() -> Arrays:
    from nasci.simulate.heartbeats import simulate_heartbeats

    hearts = simulate_heartbeats()
    return {"x": hearts.signals, "y": hearts.labels, "groups": hearts.patients}


def _kirigami(arrays: Arrays) -> Source:
    return Source(
        name="kirigami-simulated",
        x=arrays["x"],
        y=arrays["y"],
        y_names=("yield strain",),
        layout="NHW",
        groups=arrays["groups"],
        augmentation=Augmentation(
            flip_axes=(0, 1), why="a mirror image of a sheet is the same sheet"
        ),
        description=f"SIMULATED: {SIMULATED['kirigami']}",
        attribution="simulated by nasci in the manner of Hanakata et al., PRL 121, 255304 (2018)",
        notes=(
            "Simulated, not the data of the paper: a bead-spring network stands for graphene.",
            "Mirror images of a sheet share a split.",
        ),
    )


def _galaxies(arrays: Arrays) -> Source:
    tree = read_tree("galaxy-zoo")
    return Source(
        name="galaxies-simulated",
        x=arrays["x"],
        y=arrays["y"],
        y_names=tree.columns,
        tree=tree,
        layout="NHWC",
        augmentation=Augmentation(
            flip_axes=(0, 1), rotate90=True, why="a galaxy has no up and down, left and right"
        ),
        description=f"SIMULATED: {SIMULATED['galaxies']}",
        attribution="simulated by nasci; questions of Galaxy Zoo 2 (Willett et al. 2013)",
        notes=("Simulated, not the images of a telescope: the voters are simulated too.",),
    )


def _chest(arrays: Arrays) -> Source:
    from nasci.simulate.chest import FINDINGS

    return Source(
        name="chest-simulated",
        x=arrays["x"],
        y=arrays["y"],
        y_names=tuple(FINDINGS),
        layout="NHW",
        groups=arrays["groups"],
        augmentation=Augmentation(
            max_shift=2,
            why="the place in the frame varies; the heart is on the left, so no mirror images",
        ),
        description=f"SIMULATED: {SIMULATED['chest']}",
        attribution="simulated by nasci; findings of NIH ChestX-ray14 (Wang et al. 2017)",
        notes=(
            "Simulated, not radiographs: for trying methods, never for medicine.",
            "All images of a patient are in one split.",
        ),
    )


def _darcy(arrays: Arrays) -> Source:
    from nasci.simulate.darcy import FUNCTIONALS

    return Source(
        name="darcy-simulated",
        x=arrays["x"],
        y=arrays["y"],
        y_names=FUNCTIONALS,
        layout="NHW",
        augmentation=Augmentation(
            flip_axes=(0, 1),
            why="no target changes in a mirror; a quarter turn would swap the edges of outflow",
        ),
        description=f"SIMULATED: {SIMULATED['darcy']}",
        attribution="simulated by nasci; the flow problem of Li et al. 2021 (arXiv:2010.08895)",
        notes=(
            "Simulated, not the files of the paper: four numbers of the solution are predicted, "
            "not the whole field.",
        ),
    )


def _heartbeats(arrays: Arrays) -> Source:
    from nasci.simulate.heartbeats import CLASSES

    return Source(
        name="heartbeats-simulated",
        x=arrays["x"],
        y=arrays["y"],
        y_names=CLASSES,
        y_are_classes=True,
        layout="NL",
        groups=arrays["groups"],
        augmentation=Augmentation(
            max_shift=32,
            why="a recording may begin at any moment; time does not run backwards, so no mirrors",
        ),
        description=f"SIMULATED: {SIMULATED['heartbeats']}",
        attribution="simulated by nasci; classes of the PhysioNet/CinC challenge of 2017 "
        "(Clifford et al.), beats of McSharry et al. (2003)",
        notes=(
            "Simulated, not recordings: for trying methods, never for medicine.",
            "All recordings of a patient are in one split.",
        ),
    )


_LOG = logging.getLogger(__name__)

SIMULATED: Mapping[str, str] = MappingProxyType(
    {
        "kirigami": "cut sheets under tension, images of 30x80, to their yield strain "
        "(mirror images share a split)",
        "galaxies": "galaxies, colour images of 64x64, to the votes on 37 answers down a tree of "
        "questions",
        "chest": "chest X-rays, grey images of 64x64, to 14 findings (patients share a split)",
        "darcy": "permeability of the ground, fields of 48x48, to 4 numbers of the flow through it",
        "heartbeats": "ECG of one lead, signals of 1024 samples (8 s), to 4 classes of rhythm "
        "(patients share a split)",
    }
)
"""Name of each simulated data set, and what it is."""

_MAKERS: Mapping[str, tuple[Callable[[], Arrays], Callable[[Arrays], Source]]] = MappingProxyType(
    {
        "kirigami": (_kirigami_arrays, _kirigami),
        "galaxies": (_galaxy_arrays, _galaxies),
        "chest": (_chest_arrays, _chest),
        "darcy": (_darcy_arrays, _darcy),
        "heartbeats": (_heartbeat_arrays, _heartbeats),
    }
)


def load_simulated(name: str) -> Dataset:
    """Return a simulated data set; it is made on first use, in under a minute, and kept.

    Args:
        name: one of `SIMULATED`.
    """
    make, describe = _MAKERS[name]
    file = cache_folder() / f"simulated-{name}-{_recipe()}.npz"
    source = None
    arrays = _read(file)
    if arrays is not None:
        with contextlib.suppress(KeyError):  # damaged: an array is missing
            source = describe(arrays)
    if source is None:
        _LOG.info("Simulating %s: once, in under a minute; kept as %s.", name, file)
        arrays = make()
        content = io.BytesIO()
        np.savez_compressed(content, **dict(arrays))  # type: ignore[arg-type]
        with contextlib.suppress(RunError):  # a full or read-only disk: it is made again next time
            write_atomic(file, content.getvalue())
        source = describe(arrays)
    return assemble(source)


def _read(file: Path) -> Arrays | None:
    """Return what was kept; None where nothing was, or it is damaged: it can be made again."""
    try:
        with file.open("rb") as opened, np.load(opened, allow_pickle=False) as archive:
            return {name: archive[name] for name in archive.files}
    except (
        OSError,
        ValueError,
        EOFError,
        KeyError,
        RuntimeError,
        SyntaxError,
        TypeError,
        zipfile.BadZipFile,
        zlib.error,
    ):
        return None


def _recipe() -> str:
    """Return a hash of the code that simulates: other code makes other data."""
    digest = hashlib.sha256()
    for resource in sorted(files("nasci.simulate").iterdir(), key=lambda item: item.name):
        if resource.name.endswith(".py"):
            digest.update(resource.read_bytes())
    return digest.hexdigest()[:12]
