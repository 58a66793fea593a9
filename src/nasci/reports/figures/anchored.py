"""What an anchored search believed of every decision, and where it moved."""

from dataclasses import dataclass

from nasci.records import AnchoredRecord, EvidenceRecord
from nasci.reports.run_view import RunView


@dataclass(frozen=True)
class AnchoredFigure:
    """One anchored search.

    Attributes:
        contestant: its name.
        seed: of the repetition.
        end: what it ended with; None where it has not.
        last: the last belief of every decision, in the order of the space.
        moves: decisions whose leader changed, in the order of time.
    """

    contestant: str
    seed: int
    end: AnchoredRecord | None
    last: tuple[EvidenceRecord, ...]
    moves: tuple[EvidenceRecord, ...]


def anchored_figures(view: RunView) -> list[AnchoredFigure]:
    """Return every anchored search of a run that came to a look at its decisions."""
    beliefs: dict[tuple[str, int], list[EvidenceRecord]] = {}
    for event, record in view.of(EvidenceRecord):
        beliefs.setdefault((event.contestant, event.seed or 0), []).append(record)
    ends = {(e.contestant, e.seed or 0): record for e, record in view.of(AnchoredRecord)}
    return [
        AnchoredFigure(
            contestant,
            seed,
            ends.get((contestant, seed)),
            tuple({record.decision: record for record in records if not record.moved}.values()),
            tuple(record for record in records if record.moved),
        )
        for (contestant, seed), records in beliefs.items()
    ]
