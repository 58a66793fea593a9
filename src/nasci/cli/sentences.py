"""What a record says to a person, where it says something in words."""

import math

from nasci.records import (
    AnchoredRecord,
    AnyRecord,
    DiagnosisRecord,
    EntrantRecord,
    EvidenceRecord,
    FailedRecord,
    NoteRecord,
    PruneRecord,
    ResumedRecord,
    SelectionRecord,
)

WORTH_SAYING = frozenset({"one-hot", "gap"})
"""Findings that are told even where nothing is wrong."""


def sentence(record: AnyRecord) -> str:
    """Return a record as a sentence that begins with its level, or "".

    >>> sentence(NoteRecord(level="warning", text="The clock is short."))
    'Warning: The clock is short.'
    """
    if isinstance(record, NoteRecord):
        return f"{_LEVELS[record.level]}: {record.text}"
    if isinstance(record, DiagnosisRecord):
        if record.level == "info" and record.finding not in WORTH_SAYING:
            return ""
        advice = f" {record.advice}" if record.advice else ""
        return f"{_LEVELS[record.level]}: {record.text}{advice}"
    if isinstance(record, EntrantRecord):
        return _of_race(record)
    if isinstance(record, FailedRecord):
        return f"Warning: Failed: {record.reason}"
    if isinstance(record, ResumedRecord):
        lost = f" {', '.join(record.damaged)} could not be read." if record.damaged else ""
        return f"{'Warning' if lost else 'Note'}: Goes on from the last checkpoint.{lost}"
    if isinstance(record, PruneRecord):
        left = " and ".join(
            f"{record.operations[kind]} operations on {record.edges[kind]} edges ({kind})"
            for kind in record.operations
        )
        name = next(iter(record.before))
        return (
            f"Note: Pruned to {left}: {name} {record.before[name]:.4g} on valid before, "
            f"{record.after[name]:.4g} after."
        )
    if isinstance(record, SelectionRecord) and not record.chosen:
        name = next(iter(record.discrete))
        return (
            f"Note: Selection by {record.method} gives {name} {record.discrete[name]:.4g} on "
            "valid at once and is not used."
        )
    if isinstance(record, EvidenceRecord) and record.moved:
        return (
            f"Note: {named(record.decision)}: {record.leader} gives way to {record.rival} after "
            f"{record.trials} trials (log likelihood ratio {record.evidence:.1f})."
        )
    if isinstance(record, AnchoredRecord):
        name = next(iter(record.discrete))
        end = "returned its anchor, the" if record.is_anchor else "ends at the"
        return (
            f"Note: The search {end} {record.network}: {name} {record.continuous[name]:.4g} on "
            f"valid with rivals mixed in, {record.discrete[name]:.4g} without."
        )
    return ""


def named(decision: str) -> str:
    """Return the name of a decision of the anchored search as words.

    >>> named("stage2_first"), named("every_stage_width"), named("stem_kernel")
    ('Stage 2, first', 'Every stage, width', 'Stem, kernel')
    """
    place, _, what = decision.rpartition("_")
    place = place.replace("_", " ").capitalize()
    number = place.removeprefix("Stage")
    return f"Stage {number}, {what}" if number.isdigit() else f"{place}, {what}"


def _of_race(record: EntrantRecord) -> str:
    """Return where an entrant stands after a round; a note tells of those that were dropped."""
    if record.dropped:
        return ""
    name, value = next(iter(record.valid.items()))
    if math.isnan(value):
        return f"Note: {record.name} ({record.family}) races alone."
    end = "goes on" if record.survives else "leaves the race"
    return (
        f"Note: Round {record.round + 1} of the race: {record.name} ({record.family}), {name} "
        f"{value:.4g} on valid, {end}."
    )


_LEVELS = {"info": "Note", "warning": "Warning"}
