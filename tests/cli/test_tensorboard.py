"""Event files of a run, read back by TensorBoard's own reader."""

import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from report_runs import Plan, values, write_whole_run
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from nasci.cli.tensorboard import CLOCK_TICKS, TensorBoardWriter, tensorboard_writers
from nasci.errors import ConfigError, RunError
from nasci.records import ArchWeightsRecord, EpochRecord, RunFolder, VerdictRecord

EVERYTHING = {"scalars": 0, "images": 0, "histograms": 0, "tensors": 0}


def read(folder: Path) -> EventAccumulator:
    found = EventAccumulator(str(folder), size_guidance=EVERYTHING)
    found.Reload()
    return found


def write(folder: RunFolder, num: int | None = None) -> None:
    with tensorboard_writers(folder.path) as writers:
        for event in list(folder.events())[:num]:
            for writer in writers:
                writer.see(event)


def texts(found: EventAccumulator, tag: str) -> list[str]:
    return [
        each.tensor_proto.string_val[0].decode() for each in found.Tensors(f"{tag}/text_summary")
    ]


@pytest.fixture
def folder(tmp_path: Path) -> RunFolder:
    return write_whole_run(tmp_path / "run", Plan(contestants=("resnet18", "darts"), seeds=2))


def test_every_evaluation_stands_at_its_step_and_its_share_of_the_clock(folder: RunFolder) -> None:
    write(folder)
    names = {path.name for path in (folder.path / "tensorboard").iterdir()}
    pairs = {f"{name}-seed{seed}" for name in ("resnet18", "darts") for seed in (0, 1)}
    assert names == {"run", *pairs}
    for name, phase in (("resnet18", "train"), ("darts", "search"), ("darts", "train")):
        found = read(folder.path / f"tensorboard/{name}-seed1")
        events = [
            event
            for event in folder.events()
            if (event.contestant, event.seed) == (name, 1)
            and isinstance(event.record, EpochRecord)
            and event.record.phase == phase
        ]
        for metric in ("accuracy", "cross-entropy"):
            scalars = found.Scalars(f"{phase}/valid_{metric}")
            assert [each.step for each in scalars] == [e.record.step for e in events]
            wanted = [e.record.valid[metric] for e in events]
            assert [each.value for each in scalars] == pytest.approx(wanted)
            assert [each.wall_time for each in scalars] == [e.time.timestamp() for e in events]
            by_clock = {each.step: each.value for each in found.Scalars(f"clock/valid_{metric}")}
            for event in events:
                value = by_clock[round(event.clock * CLOCK_TICKS)]
                assert value == pytest.approx(event.record.valid[metric])
        assert {each.value for each in found.Scalars(f"{phase}/train_loss")} == {1.0}
        assert len(found.Scalars(f"{phase}/learning_rate")) == len(events)


def test_a_search_shows_its_weights_and_its_cells(folder: RunFolder) -> None:
    write(folder)
    found = read(folder.path / "tensorboard/darts-seed0")
    records = [
        event.record
        for event in folder.events()
        if event.seed == 0 and isinstance(event.record, ArchWeightsRecord)
    ]
    stacks = np.load(folder.path / "darts/seed0/alphas.npz")
    for cell in ("normal", "reduce"):
        own = [record for record in records if record.cell == cell]
        for name, wanted in (
            ("entropy", [record.entropy for record in own]),
            ("mass_on_none", [record.mass["none"] for record in own]),
            ("skips", [record.skips for record in own]),
        ):
            scalars = found.Scalars(f"search/{cell}_{name}")
            assert [each.value for each in scalars] == pytest.approx(wanted)
            assert [each.step for each in scalars] == [record.step for record in own]
        for place, op in enumerate(own[0].mass):
            histograms = found.Histograms(f"weights_{cell}/{op}")
            assert [each.step for each in histograms] == [record.step for record in own]
            column = stacks[cell][:, :, place].astype(float)
            sums = [each.histogram_value.sum for each in histograms]
            assert sums == pytest.approx(column.sum(axis=1))
            assert all(each.histogram_value.num == 14 for each in histograms)
        (picture,) = found.Images(f"cells/{cell}")
        with Image.open(io.BytesIO(picture.encoded_image_string)) as image:
            assert min(image.size) > 100
            assert len(image.getcolors(2**20) or ()) > 10  # not blank
    assert not read(folder.path / "tensorboard/resnet18-seed0").Tags()["images"]


def test_notes_and_the_verdict_are_text(folder: RunFolder) -> None:
    write(folder)
    found = read(folder.path / "tensorboard/run")
    (verdict,) = (e.record for e in folder.events() if isinstance(e.record, VerdictRecord))
    assert texts(found, "verdict") == [verdict.text]
    assert texts(found, "notes") == ["Warning: The rarest class has 4 examples."]
    said = texts(read(folder.path / "tensorboard/darts-seed0"), "notes")
    assert any("skip-collapse" in text for text in said)


def test_a_run_that_goes_on_shows_what_is_true_once(folder: RunFolder) -> None:
    """What an interruption has undone is gone, and what came before stands once."""
    events = list(folder.events())
    half = len(events) // 2
    write(folder, half)
    resumed = folder.undo(half - 4)
    with tensorboard_writers(folder.path) as (writer,):
        writer.see(resumed)
        for event in events[half - 4 :]:
            again = folder.append(event.record, event.contestant, event.seed, event.clock)
            writer.see(again)
    for name in ("resnet18-seed0", "darts-seed0", "darts-seed1"):
        found = read(folder.path / "tensorboard" / name)
        steps = [each.step for each in found.Scalars("train/valid_accuracy")]
        assert steps == [10, 20, 30, 40, 50, 60]
    read_run = read(folder.path / "tensorboard/run")
    said = texts(read_run, "notes")
    assert said[-1] == "Note: Goes on from the last checkpoint."
    # The reader purges no text, but the same note stands at the same step.
    steps = {each.step for each in read_run.Tensors("notes/text_summary")}
    assert steps == {1, 2} and len(set(said)) == 2


@pytest.mark.parametrize("kind", ["regression", "multilabel"])
def test_what_is_no_number_or_was_never_saved_does_no_harm(tmp_path: Path, kind: str) -> None:
    folder = write_whole_run(tmp_path / "run", Plan(kind=kind, undefined="darts", epochs=4))
    (folder.path / "darts/seed0/alphas.npz").unlink()
    (folder.path / "random/seed0/architecture.json").write_text("{")
    write(folder)
    found = read(folder.path / "tensorboard/darts-seed0")
    metric = next(iter(values(Plan(kind=kind), "darts", 1.0)))
    assert np.isnan([each.value for each in found.Scalars(f"train/valid_{metric}")]).all()
    assert not found.Tags()["histograms"]
    assert not read(folder.path / "tensorboard/random-seed0").Tags()["images"]


def test_a_link_out_of_the_run_is_refused(folder: RunFolder, tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    (folder.path / "tensorboard").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(RunError, match="leads out of it"):
        write(folder)
    assert not list((tmp_path / "elsewhere").iterdir())


def test_without_the_package_nothing_starts(
    nasci, digits_npz: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr("nasci.cli.tensorboard.find_spec", lambda name: None)
    with pytest.raises(ConfigError):
        TensorBoardWriter(tmp_path)
    code, out, err = nasci("run", digits_npz, "--tensorboard", "--out", "run")
    assert (code, out) == (2, "")
    assert err.startswith("Error: Expected") and err.count("\n") == 1
    assert "--tensorboard needs `pip install nasci[tracking]`" in err
    assert not (tmp_path / "run").exists() and not (tmp_path / "runs").exists()


def test_the_command_writes_beside_the_records(
    nasci, digits_npz: Path, tiny_assignments: tuple[str, ...], tmp_path: Path
) -> None:
    """Also where the run's folder is not named; and the run is the same, to the bit."""
    options = ["--budget", "1e8macs", "--contestants", "resnet10-tiny"]
    options += [part for assignment in tiny_assignments for part in ("--set", assignment)]
    code, _, err = nasci("run", digits_npz, "--tensorboard", *options)
    assert code == 0, err
    (run,) = (tmp_path / "runs").iterdir()
    assert run.name.endswith("-digits")
    events = [e for e in RunFolder.open(run).events() if isinstance(e.record, EpochRecord)]
    scalars = read(run / "tensorboard/resnet10-tiny-seed0").Scalars("train/valid_accuracy")
    accuracies = [event.record.valid["accuracy"] for event in events]
    assert [each.value for each in scalars] == pytest.approx(accuracies)
    code, _, err = nasci("run", digits_npz, *options, "--out", "plain")
    assert code == 0, err
    plain = RunFolder.open(tmp_path / "plain").events()
    again = [e.record for e in plain if isinstance(e.record, EpochRecord)]
    assert [r.valid["accuracy"] for r in again] == accuracies
