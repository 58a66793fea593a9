"""What a record says to a person, where it says something in words."""

from nasci.records import (
    AnyRecord,
    DiagnosisRecord,
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
    return ""


_LEVELS = {"info": "Note", "warning": "Warning"}
