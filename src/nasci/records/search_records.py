"""What a search writes: the state of its weights, prunings, selections, findings."""

from typing import Literal, Self

from pydantic import model_validator

from nasci.records.record import Metrics, Record


class ArchWeightsRecord(Record):
    """The state of the architecture weights of one kind of cell.

    Attributes:
        cell: `normal` or `reduce`.
        step: search steps so far.
        entropy: entropy of an edge's weights over its largest possible value for the operations
            that are left there, mean over the edges; 1 is uniform, 0 is decided.
        mass: mean over the edges of every operation's share of an edge's weight.
        skips: edges whose strongest operation is the identity.
        none_strongest: edges whose strongest operation is `none`.
    """

    kind: Literal["arch-weights"] = "arch-weights"
    cell: str
    step: int
    entropy: float
    mass: dict[str, float]
    skips: int
    none_strongest: int = 0


class DiagnosisRecord(Record):
    """One thing that is to be known about a search: the number, and what to do about it.

    Attributes:
        finding: its name, such as `uniform` or `none-dominates`.
        level: `warning` where the number is past the threshold and the result should not be
            trusted as it is; `info` for a number that is worth knowing.
        value: the number.
        threshold: what it was compared with.
        text: a sentence with the number.
        advice: what to do, as a sentence; empty where there is nothing to do.
        cell: `normal` or `reduce`; empty where it is about both, or about the networks.
    """

    kind: Literal["diagnosis"] = "diagnosis"
    finding: str
    level: Literal["info", "warning"]
    value: float
    threshold: float
    text: str
    advice: str
    cell: str = ""


class PruneRecord(Record):
    """Operations have left a search.

    Attributes:
        step: search steps so far.
        operations: how many are left on all edges, by kind of cell.
        edges: how many are left, by kind of cell.
        before: metrics of the supernet on valid just before.
        after: metrics on valid just after, with the same weights.
    """

    kind: Literal["prune"] = "prune"
    step: int
    operations: dict[str, int]
    edges: dict[str, int]
    before: Metrics
    after: Metrics

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if self.operations.keys() != self.edges.keys() or self.before.keys() != self.after.keys():
            raise ValueError("kinds of cells and names of metrics must be the same in both")
        return self


class SelectionRecord(Record):
    """A discrete architecture that was derived from a supernet, scored before any more training.

    Attributes:
        method: of selection, such as `argmax`.
        architecture: in JSON, as `Architecture.to_json` writes it.
        continuous: metrics on valid of the supernet just before.
        discrete: metrics on valid of the supernet with only the architecture's operations, its
            BatchNorm statistics calibrated anew.
        chosen: this is the architecture that goes on.
    """

    kind: Literal["selection"] = "selection"
    method: str
    architecture: str
    continuous: Metrics
    discrete: Metrics
    chosen: bool

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if self.continuous.keys() != self.discrete.keys():
            raise ValueError("names of metrics must be the same in both")
        return self


class EvidenceRecord(Record):
    """What an anchored search believes of one decision.

    Attributes:
        step: search steps so far.
        decision: its name, such as `stage2_first` or `stem_kernel`.
        leader: the present choice.
        rival: the likeliest other one; empty where none is left.
        evidence: log likelihood ratio of paired trials for the rival, negative against it.
        prior: log odds that are left to the leader; at 0 the rival takes its place.
        trials: of the rival against the leader that count.
        moved: the rival leads from now on.
    """

    kind: Literal["evidence"] = "evidence"
    step: int
    decision: str
    leader: str
    rival: str
    evidence: float
    prior: float
    trials: int
    moved: bool


class AnchoredRecord(Record):
    """What an anchored search ends with, scored before any more training.

    Attributes:
        architecture: in JSON, as `ResidualArchitecture.to_json` writes it.
        network: in words.
        is_anchor: it is the network that the search started at.
        continuous: metrics on valid of leaders and rivals, mixed.
        discrete: metrics on valid of the leaders alone, with the same weights.
        judged: trials made, as a share of what judges every rival once; 1 at most.
    """

    kind: Literal["anchored"] = "anchored"
    architecture: str
    network: str
    is_anchor: bool
    judged: float
    continuous: Metrics
    discrete: Metrics
