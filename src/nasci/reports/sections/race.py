"""A part of section 3: how a race went, round by round."""

from nasci.ladder.raced import SKELETON
from nasci.records import EntrantRecord
from nasci.reports.blocks import Block, to_csv
from nasci.reports.figures.numbers import amount, metric
from nasci.reports.run_view import RunView
from nasci.reports.tables import Cell, Row, table


def race_blocks(view: RunView) -> list[Block]:
    """Return a table of who raced, what each spent and reached, and who went on; [] without one."""
    told = view.of(EntrantRecord)
    if not told:
        return []
    name, unit = view.metric.name, view.run.budget_unit
    header = (
        "contestant",
        "seed",
        "round",
        "entrant",
        "family",
        "then",
        "compute",
        f"{name} on valid",
    )
    values: list[tuple[str, int, int, str, str, str, float, float]] = [
        (
            event.contestant,
            event.seed or 0,
            record.round + 1,
            record.name,
            record.family,
            record.dropped or ("goes on" if record.survives else "leaves"),
            record.spent.macs if unit == "macs" else record.spent.seconds,
            record.valid[name],
        )
        for event, record in told
    ]
    rows = [
        Row(
            (
                contestant,
                Cell(str(seed), seed),
                Cell(str(number), number),
                *(entrant, family, then),
                Cell(amount(round(used), unit), used),
                Cell(metric(value), value),
            )
        )
        for contestant, seed, number, entrant, family, then, used, value in values
    ]
    text = (
        "Compute: of all rounds so far. Every round gives those who are left equal compute, less "
        "what they took too much before; the better half on valid goes on."
    )
    if any(event.contestant == SKELETON for event, _ in told):
        text += " In a skeleton search another has to beat `resnet` by a margin."
    block = Block("The race", text, html=table(header, rows, words=6), csv=to_csv(header, values))
    return [block]
