"""Where a run that was interrupted goes on: what of its events stays true."""

from nasci.records import (
    FailedRecord,
    NoteRecord,
    ResumedRecord,
    RunFolder,
    ScheduleRecord,
    TrainedRecord,
)
from nasci.training import CheckpointFolder

CHECKPOINT_FOLDER = "checkpoint"


def resume_point(folder: RunFolder) -> tuple[int, tuple[str, ...]]:
    """Return how many events stay true, and the names of checkpoints that are damaged.

    Before the schedule is written only the opening notes stay; then everything up to the last
    checkpoint of the contestant that was running, or up to its start where it has none; and when
    all have ended, everything up to the end of the last one, so that test is read anew as a whole.

    Args:
        folder: of the run.
    """
    run, events = folder.run(), list(folder.events())
    if not any(isinstance(event.record, ScheduleRecord) for event in events):
        for number, event in enumerate(events):
            if event.contestant or not isinstance(event.record, NoteRecord | ResumedRecord):
                return number, ()
        return len(events), ()
    ends = {
        (event.contestant, event.seed): number
        for number, event in enumerate(events)
        if isinstance(event.record, TrainedRecord | FailedRecord)
    }
    for seed in run.seeds:
        for name in run.contestants:
            if (name, seed) in ends or (name, None) in ends:
                continue
            checkpoint = CheckpointFolder(folder.contestant(name, seed) / CHECKPOINT_FOLDER).read()
            if checkpoint is not None and checkpoint.parts:
                return checkpoint.num_events, checkpoint.damaged
            begun = (n for n, e in enumerate(events) if (e.contestant, e.seed) == (name, seed))
            return next(begun, len(events)), checkpoint.damaged if checkpoint else ()
    return 1 + max(ends.values()), ()
