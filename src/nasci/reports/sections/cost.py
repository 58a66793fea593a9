"""Section 6: what the run cost."""

from nasci.config import format_amount
from nasci.reports.blocks import Block, to_csv
from nasci.reports.charts.cost import cost_chart
from nasci.reports.figures.cost import ContestantCost, CostFigure, cost_figure, cost_rows
from nasci.reports.figures.numbers import gibibytes, short
from nasci.reports.run_view import RunView
from nasci.reports.sections.section import Section
from nasci.reports.tables import Cell, Row, table


def cost_section(view: RunView) -> Section:
    """Return the section: seconds, multiply-adds and memory by contestant and phase."""
    figure = cost_figure(view)
    if not figure.contestants:
        return Section("cost", "Cost", "Nothing was computed yet.", ())
    lead = (
        f"{format_amount(round(figure.wall_seconds), 'seconds')} from the first record to the "
        f"last, for {figure.num_repetitions} repetitions of {len(figure.contestants)} contestants. "
        f"{_energy(figure.energy_joules)}"
    )
    rows = to_csv(*cost_rows(figure))
    blocks = (
        _costs(figure, rows),
        Block(
            "Time",
            "Mean over seeds, inside the clock.",
            chart=cost_chart(figure, "seconds"),
            csv=rows,
        ),
        Block(
            "Multiply-adds",
            "Of convolutions and products, forward and backward; mean over seeds.",
            chart=cost_chart(figure, "macs"),
            csv=rows,
        ),
    )
    return Section("cost", "Cost", lead, blocks)


def _energy(joules: float | None) -> str:
    if joules is None:
        return "This machine did not tell the energy that it used."
    return (
        f"The processor used {joules / 3.6e6:.3g} kWh meanwhile (its own counter; other programs "
        "that ran are in it)."
    )


def _costs(figure: CostFigure, csv: str) -> Block:
    rows: list[Row] = []
    for whole in figure.contestants:
        parts = [part for part in figure.phases if part.contestant == whole.contestant]
        rows.append(_whole(whole))
        if len(parts) > 1:
            rows += [
                Row(
                    (
                        whole.contestant,
                        part.phase,
                        Cell(format_amount(part.seconds, "seconds"), part.seconds),
                        Cell(short(part.macs), part.macs),
                        "",
                        "",
                    ),
                    "dim",
                )
                for part in parts
            ]
    text = "Mean over seeds; memory: largest over seeds, of the process or the accelerator."
    if any(not whole.is_complete for whole in figure.contestants):
        text += " Not every repetition has spent its clock."
    header = ("contestant", "phase", "time", "MACs", "examples", "peak memory")
    return Block("By contestant and phase", text, html=table(header, rows, words=2), csv=csv)


def _whole(whole: ContestantCost) -> Row:
    memory = gibibytes(whole.peak_memory_bytes)
    return Row(
        (
            whole.contestant,
            "all" if whole.is_complete else "so far",
            Cell(format_amount(whole.seconds, "seconds"), whole.seconds),
            Cell(short(whole.macs), whole.macs),
            Cell(short(whole.examples), whole.examples),
            Cell(memory, whole.peak_memory_bytes),
        )
    )
