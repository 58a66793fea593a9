"""What a run writes: frozen records with a schema number, readable without torch.

Names that end in `_seconds` are seconds, in `_bytes` bytes, in `macs` multiply-adds.
"""

from datetime import datetime
from typing import Annotated, Any, Literal, Self

from pydantic import ConfigDict, Field, model_validator

from nasci.records.record import Metrics, Record
from nasci.records.search_records import (
    AnchoredRecord,
    ArchWeightsRecord,
    DiagnosisRecord,
    EvidenceRecord,
    PruneRecord,
    SelectionRecord,
)
from nasci.records.target import Target

SCHEMA_VERSION: Literal[1] = 1


class Spent(Record):
    """Compute that was used.

    Attributes:
        seconds: of this device, inside the clock.
        macs: multiply-adds of convolutions and products, forward and backward.
        examples: training examples that weights were updated with.
    """

    seconds: float = 0.0
    macs: float = 0.0
    examples: int = 0

    def __add__(self, other: "Spent") -> "Spent":
        """Return the sum of two amounts of compute."""
        return Spent(
            seconds=self.seconds + other.seconds,
            macs=self.macs + other.macs,
            examples=self.examples + other.examples,
        )


class PlanRecord(Record):
    """What a contestant can do on its clock, measured on one step before anything starts.

    Attributes:
        phase: `search` or `train`.
        network: what it trains, in words.
        step_cost: cost of one training step, in the clock's unit.
        expected_epochs: passes over train that the clock allows for this network.
        threads: CPU threads that it is best trained with; the contestant uses the fewest of its
            phases.
        parts: in which a batch is computed, so that a step fits into memory.
    """

    kind: Literal["plan"] = "plan"
    phase: str
    network: str
    step_cost: float
    expected_epochs: float
    threads: int
    parts: int = 1


class MetricRecord(Record):
    """A metric's name, and the value that a perfect prediction has."""

    name: str
    best: float


class ScheduleRecord(Record):
    """The clock of every contestant, and the sizes that were chosen for it, the same for all.

    Sizes of cells are None where no network of cells takes part, the width is where no residual
    network takes part that the clock sizes, and stages and depth are in runs of earlier versions.

    Attributes:
        slot: clock of every repetition of a contestant.
        unit: of the clock.
        num_slots: repetitions of all contestants.
        stem_stride: of every network but the linear one.
        cells: of the discrete network.
        channels: of the discrete network's first cells.
        search_cells: of the supernet.
        search_channels: of the supernet's first cells.
        trials: architectures that random search tries.
        stages: of residual networks.
        width: channels of the first stage.
        depth: blocks of a stage.
        shared: the stages of anchored searches have one design; None where none takes part.
        parts: in which a batch of a single phase is computed; those of contestants are planned.
        metric: that decides; None in runs of earlier versions.
    """

    kind: Literal["schedule"] = "schedule"
    slot: float
    unit: Literal["seconds", "macs", "epochs"]
    num_slots: int
    stem_stride: int
    cells: int | None
    channels: int | None
    search_cells: int | None
    search_channels: int | None
    trials: int | None
    stages: int | None = None
    width: int | None = None
    depth: int | None = None
    shared: bool | None = None
    parts: int = 1
    metric: MetricRecord | None = None


class EpochRecord(Record):
    """One evaluation on valid in the course of a training.

    Attributes:
        phase: what is being trained, such as `train`, `search` or `trial 3`.
        step: optimizer steps so far in this phase.
        epoch: passes over the training examples so far in this phase.
        clock: share of the phase's clock that is used, about 1 at its end.
        spent: compute of the phase so far.
        lr: learning rate of the last step.
        train_loss: mean loss of the steps since the last record.
        valid: metrics on the whole of valid.
    """

    kind: Literal["epoch"] = "epoch"
    phase: str
    step: int
    epoch: float
    clock: float
    spent: Spent
    lr: float
    train_loss: float
    valid: Metrics


class ScoreRecord(Record):
    """A network that was scored on the way: the supernet as the search left it.

    Attributes:
        network: `continuous`.
        valid: metrics on valid.
        spent: compute up to here.
        epochs: passes over its part of train.
    """

    kind: Literal["score"] = "score"
    network: str
    valid: Metrics
    spent: Spent
    epochs: float


class TrialRecord(Record):
    """One architecture in one round of random search.

    Attributes:
        trial: number of the architecture.
        round: number of the round, from 0.
        architecture: in DARTS's text form.
        spent: compute of this architecture so far.
        valid: metrics on valid at the end of the round.
        survives: it goes on to the next round, or wins.
    """

    kind: Literal["trial"] = "trial"
    trial: int
    round: int
    architecture: str
    spent: Spent
    valid: Metrics
    survives: bool


class EntrantRecord(Record):
    """One entrant of a race at the end of a round, or left out before the first one.

    Attributes:
        name: of the entrant.
        family: the kind that it belongs to.
        round: number of the round, from 0.
        spent: compute of this entrant so far.
        valid: metrics on valid at the end of the round; NaN without a score.
        survives: it goes on to the next round, or wins.
        dropped: why it left the race without being beaten; "" where it was not dropped.
    """

    kind: Literal["entrant"] = "entrant"
    name: str
    family: str
    round: int
    spent: Spent
    valid: Metrics
    survives: bool
    dropped: str = ""


class NoteRecord(Record):
    """Something that the user should know, as one sentence."""

    kind: Literal["note"] = "note"
    level: Literal["info", "warning"]
    text: str


class TrainedRecord(Record):
    """A contestant has spent its clock.

    Attributes:
        budget: its share of the run's budget, in the unit of the run.
        spent: what it used.
        peak_memory_bytes: largest resident memory while it ran.
        trials: architectures that were tried on the way, 0 without a search.
        epochs: passes over train of the final network.
        valid: metrics on valid of the final network.
        energy_joules: of the processor while it ran; None where the machine does not tell.
        network: the final network in words; "" in runs of earlier versions.
    """

    kind: Literal["trained"] = "trained"
    budget: float
    spent: Spent
    peak_memory_bytes: int
    trials: int
    epochs: float
    valid: Metrics
    energy_joules: float | None = None
    network: str = ""


class FailedRecord(Record):
    """A contestant could not be run to its end; the others went on.

    Attributes:
        reason: why, as a sentence.
    """

    kind: Literal["failed"] = "failed"
    reason: str


class ResumedRecord(Record):
    """The run was interrupted, and goes on from a checkpoint: what came after it is done again.

    Attributes:
        keeps: events that are still true; those between them and this one are not.
        damaged: checkpoints that could not be read, so that an earlier one was taken.
    """

    kind: Literal["resumed"] = "resumed"
    keeps: int = Field(ge=0)
    damaged: tuple[str, ...] = ()


class TestRecord(Record):
    """The one reading of test for one network.

    Attributes:
        network: `final`, or `continuous` for a supernet as the search left it.
        parameters: trainable numbers.
        macs: multiply-adds of one prediction.
        test: metrics on the whole of test.
        interval: bootstrap interval over test examples of the task's first metric.
        columns: metrics one by one, by class, label or column.
    """

    __test__ = False  # not a test class of pytest

    kind: Literal["test"] = "test"
    network: str
    parameters: int
    macs: float
    test: Metrics
    interval: tuple[float, float]
    columns: dict[str, dict[str, float]] = Field(default_factory=dict)


class VerdictRecord(Record):
    """Whether the search was worth it, and what to use.

    Attributes:
        decision: `worth it`, `not worth it`, `undecided`, or `not compared` where no search or no
            baseline took part.
        use: the contestant to use.
        search: the best search on valid; empty without one.
        baseline: the best network without a search on valid; empty without one.
        difference: of the first test metric, search minus baseline, so that positive is better.
        interval: bootstrap interval of the difference, over test examples and seeds.
        text: all of it in a sentence or two.
        policies: what the other policy (equal clocks, or a race) would have given; "" where the
            records do not tell.
    """

    kind: Literal["verdict"] = "verdict"
    decision: Literal["worth it", "not worth it", "undecided", "not compared"]
    use: str
    search: str
    baseline: str
    difference: float
    interval: tuple[float, float]
    text: str
    policies: str = ""


AnyRecord = Annotated[
    ScheduleRecord
    | PlanRecord
    | EpochRecord
    | ArchWeightsRecord
    | DiagnosisRecord
    | PruneRecord
    | SelectionRecord
    | EvidenceRecord
    | AnchoredRecord
    | ScoreRecord
    | TrialRecord
    | EntrantRecord
    | NoteRecord
    | TrainedRecord
    | FailedRecord
    | ResumedRecord
    | TestRecord
    | VerdictRecord,
    Field(discriminator="kind"),
]


class Event(Record):
    """A line of `events.jsonl`: a record, and whose it is.

    Attributes:
        time: when it was written.
        contestant: its name; empty where the record is the run's.
        seed: repetition of the contestant; None where the record is the run's.
        clock: share of its clock that the contestant has used; None outside of it.
        record: the record.
    """

    schema_version: Literal[1] = Field(SCHEMA_VERSION, alias="schema")
    time: datetime
    contestant: str = ""
    seed: int | None = None
    clock: float | None = None
    record: AnyRecord

    model_config = ConfigDict(populate_by_name=True)


class TaskOptions(Record):
    """How a target is learned and scored, beyond its kind.

    Attributes:
        metric: name of the metric that decides; "": the task's own.
        class_weights: of the classes, or of the positive examples of the labels; (): all alike.
        mean: of the columns of a regression over train, in their units.
        std: of the columns of a regression over train, in their units.
        hidden: widths of fully connected layers before the outputs.
        tree_head: a question tree is answered along the tree; False: as a plain regression.
    """

    metric: str = ""
    class_weights: tuple[float, ...] = ()
    mean: tuple[float, ...] = ()
    std: tuple[Annotated[float, Field(gt=0)], ...] = ()
    hidden: tuple[Annotated[int, Field(ge=1, le=65536)], ...] = Field((), max_length=32)
    tree_head: bool = True


class TaskRecord(Record):
    """What was predicted from what: enough to build the task again."""

    input_shape: tuple[int, ...]
    target: Target
    options: TaskOptions
    num_outputs: int
    metrics: tuple[MetricRecord, ...]

    @model_validator(mode="after")
    def _fits(self) -> Self:
        names, options = len(self.target.names), self.options
        needs_scale = self.target.kind == "regression" or (
            self.target.kind == "question_tree" and not options.tree_head
        )
        scale = names if needs_scale else 0
        fits = len(options.mean) == len(options.std) == scale
        if self.num_outputs != names or not fits or len(options.class_weights) not in (0, names):
            raise ValueError(
                f"outputs, means, standard deviations and class weights must be one for each of "
                f"{names} names, but got {self.num_outputs}, {len(options.mean)}, "
                f"{len(options.std)} and {len(options.class_weights)}"
            )
        return self


class DataRecord(Record):
    """Which data: enough to find the same again and to prepare new examples alike."""

    name: str
    source: str
    fingerprint: str
    sizes: dict[str, int]
    mean: tuple[float, ...]
    std: tuple[float, ...]
    attribution: str
    notes: tuple[str, ...]


class RunRecord(Record):
    """`run.json`: everything that was decided before the first step.

    Attributes:
        job: which command it was: a comparison, or one search or training alone.
        model: what `train` trains: a baseline's name, or an architecture as JSON; "" for others.
    """

    schema_version: Literal[1] = Field(SCHEMA_VERSION, alias="schema")
    created: datetime
    job: Literal["run", "search", "random-search", "train"] = "run"
    model: str = ""
    command: tuple[str, ...]
    settings: dict[str, Any]
    budget_unit: Literal["seconds", "macs", "epochs"]
    contestants: tuple[str, ...]
    seeds: tuple[int, ...]
    data: DataRecord
    task: TaskRecord
    versions: dict[str, str]
    machine: dict[str, str]

    model_config = ConfigDict(populate_by_name=True)
