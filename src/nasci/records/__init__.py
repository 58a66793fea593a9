"""What runs write and how it is read again: frozen records, whole files, one folder a run."""

from nasci.records.files import (
    append_line,
    drop_torn_tail,
    read_plain,
    sweep_temporaries,
    write_atomic,
)
from nasci.records.lock import RunLock
from nasci.records.models import (
    AnyRecord,
    DataRecord,
    EpochRecord,
    Event,
    FailedRecord,
    MetricRecord,
    NoteRecord,
    PlanRecord,
    ResumedRecord,
    RunRecord,
    ScheduleRecord,
    ScoreRecord,
    Spent,
    TaskOptions,
    TaskRecord,
    TestRecord,
    TrainedRecord,
    TrialRecord,
    VerdictRecord,
)
from nasci.records.parse import first_mistake, parse_json
from nasci.records.question_tree import BUILTIN_TREES, Question, QuestionTree, read_tree
from nasci.records.record import Record
from nasci.records.run_folder import RUN_FILE, RunFolder, read_json, to_json, write_json
from nasci.records.search_records import (
    ArchWeightsRecord,
    DiagnosisRecord,
    PruneRecord,
    SelectionRecord,
)
from nasci.records.target import TASK_KINDS, Target, TaskKind

__all__ = [
    "BUILTIN_TREES",
    "RUN_FILE",
    "TASK_KINDS",
    "AnyRecord",
    "ArchWeightsRecord",
    "DataRecord",
    "DiagnosisRecord",
    "EpochRecord",
    "Event",
    "FailedRecord",
    "MetricRecord",
    "NoteRecord",
    "PlanRecord",
    "PruneRecord",
    "Question",
    "QuestionTree",
    "Record",
    "ResumedRecord",
    "RunFolder",
    "RunLock",
    "RunRecord",
    "ScheduleRecord",
    "ScoreRecord",
    "SelectionRecord",
    "Spent",
    "Target",
    "TaskKind",
    "TaskOptions",
    "TaskRecord",
    "TestRecord",
    "TrainedRecord",
    "TrialRecord",
    "VerdictRecord",
    "append_line",
    "drop_torn_tail",
    "first_mistake",
    "parse_json",
    "read_json",
    "read_plain",
    "read_tree",
    "sweep_temporaries",
    "to_json",
    "write_atomic",
    "write_json",
]
