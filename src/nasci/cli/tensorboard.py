"""A run as TensorBoard shows it, while it goes on: `RUN/tensorboard/`, one folder a repetition.

Curves stand twice: over the optimizer steps of a phase (`train/`, `search/`), and over thousandths
of the contestant's clock (`clock/`), where all contestants can be compared at equal compute.
"""

import io
import re
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from PIL import Image

from nasci.cli.sentences import sentence
from nasci.errors import ConfigError, RunError
from nasci.records import (
    ArchWeightsRecord,
    EpochRecord,
    Event,
    ResumedRecord,
    RunFolder,
    TrainedRecord,
    VerdictRecord,
)
from nasci.space import NONE

if TYPE_CHECKING:  # slow to import, and only who asks for it needs it
    from torch.utils.tensorboard import SummaryWriter

FOLDER = "tensorboard"
RUN_NAME = "run"
"""Folder of what is the run's and no contestant's."""

CLOCK_TICKS = 1000
"""A step of TensorBoard is a whole number: this many are a contestant's clock."""

_FLUSH_SECONDS = 10
_PICTURE_SCALE = 2.0  # pixels a unit of the SVG


@contextmanager
def tensorboard_writers(path: Path | None) -> Iterator[tuple["TensorBoardWriter", ...]]:
    """Give the observer that writes into a run's folder, and close it; none for None.

    Raises:
        ConfigError: the package is not installed.
    """
    if path is None:
        yield ()
        return
    writer = TensorBoardWriter(path)
    try:
        yield (writer,)
    finally:
        writer.close()


class TensorBoardWriter:
    """Writes every event of a run as it comes."""

    def __init__(self, path: Path) -> None:
        """Prepare; nothing is written before the first event.

        Args:
            path: folder of the run, which need not be there yet.

        Raises:
            ConfigError: the package is not installed.
        """
        if find_spec("tensorboard") is None:
            raise ConfigError(
                "Expected the package `tensorboard`, but it is not installed: --tensorboard needs "
                "`pip install nasci[tracking]`."
            )
        self._path = path
        self._writers: dict[str, SummaryWriter] = {}
        self._searches: dict[str, dict[int, tuple[str, ...]]] = {}  # operations by step
        self._num_texts: dict[str, int] = {}
        self._purge: int | None = None

    def see(self, event: Event) -> None:
        """Write an event.

        A run that is resumed is written anew from its records: what stood in the folder before is
        replaced, also where it lacks what the first run did not write.

        Raises:
            RunError: the folder cannot be written, or leads out of the run's.
        """
        if not isinstance(event.record, ResumedRecord):
            self._write(event)
            return
        self.close()
        self._purge = 0
        for earlier in RunFolder.open(self._path).events():  # this one is the last of them
            self._write(earlier)

    def close(self) -> None:
        """Write what is left, and close all files."""
        for writer in self._writers.values():
            writer.close()
        for known in (self._writers, self._searches, self._num_texts):
            known.clear()

    def _write(self, event: Event) -> None:
        record = event.record
        if isinstance(record, EpochRecord):
            self._scalars(event, record.phase, record.step, _epoch_scalars(record))
        elif isinstance(record, ArchWeightsRecord):
            steps = self._searches.setdefault(folder_name(event), {})
            steps[record.step] = tuple(record.mass)
            self._scalars(event, "search", record.step, _weights_scalars(record))
        elif isinstance(record, TrainedRecord):
            self._outcome(event)
        elif isinstance(record, VerdictRecord):
            self._text(event, "verdict", record.text)
        if said := sentence(record):
            self._text(event, "notes", f"{event.contestant}: {said}" if event.contestant else said)

    def _scalars(self, event: Event, phase: str, step: int, scalars: dict[str, float]) -> None:
        writer, time = self._writer(event), event.time.timestamp()
        for name, value in scalars.items():
            writer.add_scalar(f"{_tag(phase)}/{_tag(name)}", value, step, walltime=time)
            if event.clock is not None:
                tick = round(event.clock * CLOCK_TICKS)
                writer.add_scalar(f"clock/{_tag(name)}", value, tick, walltime=time)

    def _text(self, event: Event, tag: str, text: str) -> None:
        name = folder_name(event)
        number = self._num_texts[name] = self._num_texts.get(name, 0) + 1
        self._writer(event).add_text(tag, text, number, walltime=event.time.timestamp())

    def _outcome(self, event: Event) -> None:
        """Write what a contestant leaves in its folder: architecture weights and cells."""
        from nasci.reports.cells import draw_cell
        from nasci.reports.charts import to_png
        from nasci.reports.figures.alphas import read_architecture, read_arrays

        assert event.seed is not None, "only a repetition is trained"
        place = RunFolder(self._path).contestant(event.contestant, event.seed)
        steps = self._searches.get(folder_name(event), {})
        self._histograms(event, read_arrays(place / "alphas.npz"), steps)
        architecture = read_architecture(place / "architecture.json")
        if architecture is None:
            return
        for kind, cell in (("normal", architecture.normal), ("reduce", architecture.reduce)):
            svg = draw_cell(cell, title=f"{event.contestant}, {kind} cell", standalone=True)
            pixels = _pixels(to_png(svg, _PICTURE_SCALE))
            self._writer(event).add_image(
                f"cells/{kind}",
                pixels,
                max(steps, default=0),
                walltime=event.time.timestamp(),
                dataformats="HWC",
            )

    def _histograms(
        self, event: Event, stacks: dict[str, Any], steps: dict[int, tuple[str, ...]]
    ) -> None:
        """Write the weights over the edges, (num_evaluations, num_edges, num_ops) a cell."""
        for cell, stack in stacks.items():
            if stack.ndim != 3 or len(stack) != len(steps):
                continue  # of another search than the records
            for (step, ops), weights in zip(steps.items(), stack, strict=True):
                for op, column in zip(ops, weights.T, strict=False):
                    if np.isfinite(column).all():
                        self._writer(event).add_histogram(
                            f"weights_{_tag(cell)}/{_tag(op)}",
                            column,
                            step,
                            walltime=event.time.timestamp(),
                        )

    def _writer(self, event: Event) -> "SummaryWriter":
        name = folder_name(event)
        if name not in self._writers:
            from torch.utils.tensorboard import SummaryWriter

            place = self._path / FOLDER / name
            if not place.resolve().is_relative_to(self._path.resolve()):
                raise RunError(
                    f"Expected the files of TensorBoard within `{self._path}`, but `{place}` "
                    "leads out of it; remove the link."
                )
            try:
                self._writers[name] = SummaryWriter(
                    str(place), purge_step=self._purge, flush_secs=_FLUSH_SECONDS
                )
            except OSError as error:
                raise RunError(
                    f"Expected a folder for TensorBoard, but got `{place}`: {error}."
                ) from error
        return self._writers[name]


def folder_name(event: Event) -> str:
    """Return the name of the folder in which an event is written, such as `darts-seed0`."""
    return RUN_NAME if event.seed is None else f"{_tag(event.contestant)}-seed{event.seed}"


def _epoch_scalars(record: EpochRecord) -> dict[str, float]:
    valid = {f"valid {name}": value for name, value in record.valid.items()}
    return {**valid, "train loss": record.train_loss, "learning rate": record.lr}


def _weights_scalars(record: ArchWeightsRecord) -> dict[str, float]:
    found = {"entropy": record.entropy, "skips": float(record.skips)}
    if NONE in record.mass:
        found["mass on none"] = record.mass[NONE]
    return {f"{record.cell} {name}": value for name, value in found.items()}


def _tag(text: str) -> str:
    """Return a text as a part of a tag, or of a file's name: letters, numbers, `_`, `.`, `-`."""
    return re.sub(r"[^\w.-]+", "_", text)


def _pixels(png: bytes) -> np.ndarray[Any, np.dtype[np.uint8]]:
    """Return a picture as (H, W, 3)."""
    with Image.open(io.BytesIO(png)) as picture:
        return np.asarray(picture.convert("RGB"))
