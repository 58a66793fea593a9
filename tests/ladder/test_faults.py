"""What can go wrong in a comparison: numbers, memory, disk, signals; the rest goes on."""

import os
import signal
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

import nasci
from nasci._stop import Stopped
from nasci.config import Settings, resolve_settings
from nasci.errors import DataError, RunError
from nasci.ladder.attempt import AttemptError
from nasci.records import (
    EpochRecord,
    Event,
    FailedRecord,
    NoteRecord,
    PlanRecord,
    ResumedRecord,
    RunFolder,
    TrainedRecord,
)
from nasci.training import LocalRuntime, step_memory

Make = Callable[..., Settings]


@pytest.fixture
def make(tiny_assignments: tuple[str, ...]) -> Make:
    def settings(*assignments: str, **run: object) -> Settings:
        # A linear model takes thousands of steps for as many multiply-adds: where it is needed.
        overrides = {"run.budget": "2e8macs", "run.contestants": "resnet10-tiny,random"}
        overrides |= {f"run.{name}": value for name, value in run.items()}
        return resolve_settings(
            assignments=(*tiny_assignments, "verdict.resamples=100", *assignments),
            overrides=overrides,
        )

    return settings


def records_of(path: Path, kind: type) -> list[Event]:
    return [e for e in RunFolder.open(path).events() if isinstance(e.record, kind)]


@pytest.mark.parametrize(("optimizer", "clip"), [("adam", "5"), ("sgd", "0")])
def test_a_learning_rate_of_10_crashes_nothing(
    digits_npz: Path, make: Make, tmp_path: Path, optimizer: str, clip: str
) -> None:
    settings = make(
        "train.lr=10",
        "search.lr=10",
        f"train.optimizer={optimizer}",
        f"train.clip_norm={clip}",
        f"search.clip_norm={clip}",
        contestants="linear,resnet10-tiny,random,darts",
        budget="6e7macs",
    )
    try:
        nasci.compare(digits_npz, settings, out=tmp_path / "run")
    except AttemptError as error:  # all of them diverged, and that is what it says
        assert "half the learning rate" in str(error) or "diverged" in str(error)
    ended = records_of(tmp_path / "run", TrainedRecord) + records_of(tmp_path / "run", FailedRecord)
    assert {event.contestant for event in ended} == {"linear", "resnet10-tiny", "random", "darts"}


def test_a_contestant_that_diverges_is_marked_and_the_others_go_on(
    digits_npz: Path, make: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from nasci.nets.resnet import ResNet

    forward = ResNet.forward
    monkeypatch.setattr(ResNet, "forward", lambda self, x: forward(self, x) * float("nan"))
    result = nasci.compare(digits_npz, make(), out=tmp_path / "run")
    (failed,) = records_of(tmp_path / "run", FailedRecord)
    assert failed.contestant == "resnet10-tiny"
    assert "numbers" in failed.record.reason and "lower `train.lr`" in failed.record.reason
    assert result.verdict.use == "random"
    assert [row.contestant for row in result.leaderboard] == ["random"]
    back = [e.record.text for e in records_of(tmp_path / "run", NoteRecord)]
    assert 1 <= sum("back to good weights" in text for text in back) <= 3


def test_one_bad_step_is_undone(
    digits_npz: Path, make: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from nasci.nets.linear import Linear

    calls, forward = iter(range(10**9)), Linear.forward
    monkeypatch.setattr(
        Linear,
        "forward",
        lambda self, x: forward(self, x) * (float("inf") if next(calls) == 30 else 1.0),
    )
    nasci.train(digits_npz, "linear", make(), budget="3epochs", out=tmp_path / "run")
    notes = [e.record.text for e in records_of(tmp_path / "run", NoteRecord)]
    assert sum("0.5 of the learning rate (time 1 of 3)" in text for text in notes) == 1


def test_short_memory_is_planned_and_what_has_none_is_left_out(
    digits_npz: Path, make: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from nasci.nets import ResNetSpec
    from nasci.training import Problem

    dataset = nasci.load(digits_npz)
    from nasci.ladder.dataset import task_of

    settings = make("train.batch_size=64", contestants="linear,resnet10-tiny", budget="6e7macs")
    task, _ = task_of(dataset, settings.task)
    problem, runtime = (
        Problem(task, dataset.development),
        LocalRuntime.from_settings(settings.runtime),
    )
    tiny = ResNetSpec(widths=(8, 16, 32, 64), blocks=(1, 1, 1, 1), stem_stride=1)
    memory = step_memory(tiny, problem, settings.train, runtime)
    free = int(memory.needed(64, 2) / 0.8) + 1
    monkeypatch.setattr(LocalRuntime, "available_memory", lambda self: free)
    nasci.compare(dataset, settings, out=tmp_path / "two")
    plans = {e.contestant: e.record.parts for e in records_of(tmp_path / "two", PlanRecord)}
    assert plans == {"linear": 1, "resnet10-tiny": 2}
    notes = [e.record.text for e in records_of(tmp_path / "two", NoteRecord)]
    assert any("in 2 parts whose gradients are added" in text for text in notes)

    free = memory.fixed // 2
    result = nasci.compare(dataset, settings, out=tmp_path / "none")
    (failed,) = records_of(tmp_path / "none", FailedRecord)
    assert failed.contestant == "resnet10-tiny" and "GiB are free" in failed.record.reason
    assert result.verdict.use == "linear"


def _signal_at(path: Path, number: int, kind: str) -> None:
    """Send a signal to this process as soon as a run has written a record of a kind."""

    def wait() -> None:
        while True:
            events = path / "events.jsonl"
            if events.exists() and f'"kind":"{kind}"'.encode() in events.read_bytes():
                os.kill(os.getpid(), number)
                return

    threading.Thread(target=wait, daemon=True).start()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_saves_and_the_run_goes_on(
    digits_npz: Path, make: Make, tmp_path: Path, number: int
) -> None:
    settings = make(checkpoint_seconds=1000)
    _signal_at(tmp_path / "run", number, "epoch")
    with pytest.raises(Stopped) as stopped:
        nasci.compare(digits_npz, settings, out=tmp_path / "run")
    assert stopped.value.signal == number and stopped.value.path == tmp_path / "run"
    assert not (tmp_path / "run" / "lock.json").exists()
    assert list(tmp_path.glob("run/*/seed0/checkpoint/*.safetensors"))
    result = nasci.resume(tmp_path / "run")
    assert isinstance(result, nasci.Comparison)
    (resumed,) = records_of(tmp_path / "run", ResumedRecord)
    assert resumed.record.keeps > 0

    whole = nasci.compare(digits_npz, settings, out=tmp_path / "whole")
    assert [(r.contestant, r.test) for r in result.leaderboard] == [
        (r.contestant, r.test) for r in whole.leaderboard
    ]
    with pytest.raises(RunError, match="has finished"):
        nasci.resume(tmp_path / "run")


def test_seconds_that_were_spent_before_count(digits_npz: Path, make: Make, tmp_path: Path) -> None:
    settings = make(budget="4s", contestants="resnet10-tiny", checkpoint_seconds=0)
    _signal_at(tmp_path / "run", signal.SIGINT, "epoch")
    with pytest.raises(Stopped):
        nasci.compare(digits_npz, settings, out=tmp_path / "run")
    before = [e.record.spent.seconds for e in records_of(tmp_path / "run", EpochRecord)]
    nasci.resume(tmp_path / "run")
    after = [e.record.spent.seconds for e in records_of(tmp_path / "run", EpochRecord)]
    assert before and after[: len(before)] == before
    assert len(after) > len(before) and after == sorted(after)
    (trained,) = records_of(tmp_path / "run", TrainedRecord)
    assert trained.record.spent.seconds >= after[-1]


def test_a_second_process_is_refused_while_the_first_one_runs(
    digits_npz: Path, make: Make, tmp_path: Path
) -> None:
    events = nasci.compare_events(digits_npz, make(), out=tmp_path / "run")
    next(events)
    with pytest.raises(RunError, match=f"process {os.getpid()} on .* has been using it"):
        nasci.resume(tmp_path / "run")
    events.close()
    assert isinstance(nasci.resume(tmp_path / "run"), nasci.Comparison)


def test_resume_wants_the_same_data(digits_npz: Path, make: Make, tmp_path: Path) -> None:
    _signal_at(tmp_path / "run", signal.SIGINT, "epoch")
    with pytest.raises(Stopped):
        nasci.compare(digits_npz, make(), out=tmp_path / "run")
    with pytest.raises(DataError, match="data that the run was started with"):
        nasci.resume(tmp_path / "run", "mnist")
    assert not (tmp_path / "run" / "lock.json").exists()


@pytest.mark.parametrize("kind", ["search", "random_search"])
def test_a_single_search_is_resumed(
    digits_npz: Path, make: Make, tmp_path: Path, kind: str
) -> None:
    run, settings = getattr(nasci, kind), make("search.budget=2e8macs", "random.budget=2e8macs")
    whole = run(digits_npz, settings, out=tmp_path / "whole")
    _signal_at(tmp_path / "run", signal.SIGTERM, "epoch")
    with pytest.raises(Stopped):
        run(digits_npz, settings, out=tmp_path / "run")
    found = nasci.resume(tmp_path / "run")
    assert isinstance(found, nasci.SearchResult)
    assert found.architecture == whole.architecture and found.valid == whole.valid


def test_a_disk_that_fills_up_is_one_error_and_the_run_goes_on_later(
    digits_npz: Path, make: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import nasci.training.checkpoint_files as files

    settings = make(checkpoint_seconds=0)
    written = iter(range(10**9))
    write = files.write_atomic

    def full(path: Path, content: bytes) -> None:
        if next(written) >= 5:
            raise RunError(f"Expected to write `{path}`, but got: No space left on device; free.")
        write(path, content)

    with monkeypatch.context() as patch:
        patch.setattr(files, "write_atomic", full)
        with pytest.raises(RunError, match="No space left"):
            nasci.compare(digits_npz, settings, out=tmp_path / "run")
    assert isinstance(nasci.resume(tmp_path / "run"), nasci.Comparison)


def test_a_damaged_checkpoint_is_said(digits_npz: Path, make: Make, tmp_path: Path) -> None:
    settings = make(checkpoint_seconds=0)
    _signal_at(tmp_path / "run", signal.SIGINT, "epoch")
    with pytest.raises(Stopped):
        nasci.compare(digits_npz, settings, out=tmp_path / "run")
    last = max(tmp_path.glob("run/*/seed0/checkpoint/*.safetensors"))
    last.write_bytes(last.read_bytes()[:-1])
    nasci.resume(tmp_path / "run")
    (resumed,) = records_of(tmp_path / "run", ResumedRecord)
    assert resumed.record.damaged == (last.name,)
