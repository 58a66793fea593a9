"""One repetition of a contestant: from its last checkpoint, if it has one, to what it leaves.

It is done when its `TrainedRecord` or `FailedRecord` is written, which is the last thing that
happens: whatever ends the process before is made up for by doing it again.
"""

from collections.abc import Callable, Generator

from nasci._stop import deferred, is_asked, stop
from nasci.errors import NasciError, RunError
from nasci.ladder.outcomes import save_outcome, trained_record, write_records
from nasci.ladder.resume_point import CHECKPOINT_FOLDER
from nasci.ladder.run import Run
from nasci.records import AnyRecord, Event, FailedRecord, NoteRecord
from nasci.training import CheckpointFolder, Clock, EnergyMeter, Keeper, Outcome

TOLERANCE = 0.05
"""Overrun of a contestant's clock, as a share of it, that is worth a warning."""

Start = Callable[[Clock, Keeper], Generator[AnyRecord, None, Outcome]]
"""Starts a contestant, or starts it again from what the keeper holds."""


class AttemptError(NasciError):
    """A repetition of a contestant that could not be run to its end."""


def attempt(
    run: Run, name: str, seed: int, clock: Clock, start: Start
) -> Generator[Event, None, Outcome]:
    """Run a repetition of a contestant, and write everything that it yields and leaves.

    Args:
        run: that it is a part of.
        name: of the contestant.
        seed: of the repetition.
        clock: of the repetition, at zero.
        start: what it does.

    Raises:
        AttemptError: it diverged, found no memory, or failed otherwise; the reason is written.
        Stopped: a signal came; what was done so far is in a checkpoint.
    """
    checkpoints = CheckpointFolder(run.folder.contestant(name, seed) / CHECKPOINT_FOLDER)
    checkpoint = checkpoints.read()
    keeper = Keeper(
        lambda parts: checkpoints.write(parts, run.folder.num_events()),
        interval=run.settings.run.checkpoint_seconds,
        restored=checkpoint.parts if checkpoint else {},
        should_stop=is_asked,
        stop=stop,
    )
    run.runtime.reset_peak_memory()
    energy = EnergyMeter()
    keeper.hold("clock", clock)
    keeper.hold("energy", energy)
    try:
        with deferred():
            records = start(clock, keeper)
            outcome = yield from write_records(records, run.folder, name, seed, clock)
    except RunError:
        raise  # the disk: no contestant could be written
    except (NasciError, ArithmeticError, MemoryError, RuntimeError) as error:
        reason = failure_reason(error)
        yield run.folder.append(FailedRecord(reason=reason), name, seed)
        checkpoints.remove()
        raise AttemptError(f"Expected {name} to run to its end, but it failed: {reason}") from error
    if clock.fraction > 1 + TOLERANCE:
        yield run.folder.append(_overrun(name, clock), name, seed)
    trained = trained_record(outcome, clock, run.runtime, energy.joules())
    save_outcome(run.folder.contestant(name, seed), outcome, run.problem)
    yield run.folder.append(trained, name, seed, 1.0)
    checkpoints.remove()
    return outcome


def failure_reason(error: Exception) -> str:
    """Return why a contestant failed, as one sentence for its user.

    >>> failure_reason(MemoryError())
    'it needs more memory than there is; lower the batch size or the number of channels.'
    """
    text = " ".join(str(error).split())
    if isinstance(error, NasciError):
        return text
    if isinstance(error, MemoryError) or "memory" in text.lower():
        return "it needs more memory than there is; lower the batch size or the number of channels."
    return f"{type(error).__name__}: {text[:300]}"


def _overrun(name: str, clock: Clock) -> NoteRecord:
    return NoteRecord(
        level="warning",
        text=f"{name} used {clock.fraction:.0%} of its clock, since one step and one evaluation of "
        "it take longer than that: its result is not one at equal compute. Raise --budget, or "
        "choose smaller networks.",
    )
