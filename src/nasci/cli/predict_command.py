"""The command that uses a trained network on new inputs, and writes what it says as a table."""

import csv
import io
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from nasci.cli.printable import make_console
from nasci.config import resolve_settings

if TYPE_CHECKING:
    from nasci.api import Prediction

_ROWS, _COLUMNS = 5, 6  # that are printed


def predict(
    model: Annotated[Path, typer.Argument(help="folder of a trained network, or of a run")],
    inputs: Annotated[
        Path,
        typer.Argument(help=".npy, .npz (array X), an image, or a folder of images; no targets"),
    ],
    out: Annotated[Path, typer.Option("--out", help="CSV file of the predictions")] = Path(
        "predictions.csv"
    ),
    assignments: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="KEY=VALUE", help="a setting; may be repeated"),
    ] = None,
) -> None:
    """Use a trained network on new inputs; write one row an input."""
    settings = resolve_settings(assignments=assignments or ())
    from rich.table import Table

    from nasci import api
    from nasci.records import write_atomic

    console = make_console()
    prediction = api.predict(model, inputs, settings)
    header, rows = _header(prediction), _rows(prediction)
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(header)
    writer.writerows(rows)
    write_atomic(out, text.getvalue().encode("utf-8", "replace"))
    table = Table(box=None, padding=(0, 1, 0, 0))
    for name in header[:_COLUMNS]:
        table.add_column(name)
    for row in rows[:_ROWS]:
        table.add_row(*row[:_COLUMNS])
    console.print(table)
    for warning in prediction.warnings:
        console.print(f"Warning: {warning}", highlight=False, soft_wrap=True)
    console.print(f"All {len(rows)} predictions: {out}", highlight=False, soft_wrap=True)


def _header(prediction: "Prediction") -> list[str]:
    units = prediction.units or ("",) * len(prediction.names)
    columns = [
        f"{name} [{unit}]" if unit else name
        for name, unit in zip(prediction.names, units, strict=True)
    ]
    first = ["example", "class"] if prediction.kind == "multiclass" else ["example"]
    return [_safe(name) for name in first + columns]


def _rows(prediction: "Prediction") -> list[list[str]]:
    labels = prediction.labels if prediction.kind == "multiclass" else None
    return [
        [
            _safe(example),
            *([_safe(labels[number])] if labels else []),
            *(f"{value:.6g}" for value in prediction.values[number].tolist()),
        ]
        for number, example in enumerate(prediction.examples)
    ]


def _safe(text: str) -> str:
    """Return a name that no spreadsheet takes for a formula."""
    return f"'{text}" if text.startswith(("=", "+", "-", "@", "\t", "\r")) else text
