"""What a data set holds, as text for a terminal."""

from collections.abc import Mapping

from rich.console import Console
from rich.table import Table

from nasci.config import NetworkSettings
from nasci.data import ColumnReport, DataReport
from nasci.space.skeleton import explain

_MOST_COLUMNS = 40


def print_data_report(console: Console, report: DataReport, network: NetworkSettings) -> None:
    """Print what a data set holds and what nasci would do with it.

    Args:
        console: where.
        report: of the data set.
        network: whose skeleton is explained.
    """

    def say(text: str, style: str | None = None) -> None:
        console.print(text, highlight=False, soft_wrap=True, style=style, markup=False)

    say(f"{report.name}: {report.description}", style="bold")
    if report.attribution:
        say(report.attribution, style="dim")
    num_channels, *spatial = report.shape
    where = "read from disk as needed" if report.lazy else "in memory"
    say(
        f"Examples: {num_channels} channel(s) of {'x'.join(map(str, spatial))}, {report.dtype} "
        f"from {report.low:g} to {report.high:g}, no missing values, {where}."
    )
    say("Splits: " + ", ".join(_split(report, name) for name in report.sizes) + ".")
    scale = ", ".join(
        f"{mean:.4g} ± {std:.4g}" for mean, std in zip(report.mean, report.std, strict=True)
    )
    say(f"Normalised by the mean and standard deviation of train, channel by channel: {scale}.")
    for text in report.notes:
        say(text)
    say("Augmentations:")
    for text in report.augmentations:
        say(f"  {text}")
    say("Skeleton of every network:")
    for text in explain(network, report.shape, report.sizes["train"]):
        say(f"  {text}")
    console.print(_target_table(report))
    for text in report.warnings:
        say(f"Warning: {text}", style="yellow")


def _split(report: DataReport, name: str) -> str:
    groups = f" in {report.groups[name]:,} groups" if name in report.groups else ""
    return f"{name} {report.sizes[name]:,}{groups}"


def _target_table(report: DataReport) -> Table:
    table = Table(title=f"Target: {report.kind}", title_justify="left", box=None)
    table.add_column("name", no_wrap=True)
    counted = bool(report.columns[0].counts)
    headers = ("train", "valid", "test", "of train") if counted else _QUANTILES
    for header in headers:
        table.add_column(header, justify="right", no_wrap=True)
    for column in report.columns[:_MOST_COLUMNS]:
        table.add_row(*_cells(column))
    if len(report.columns) > _MOST_COLUMNS:
        table.caption = f"and {len(report.columns) - _MOST_COLUMNS} more"
    return table


_QUANTILES = ("smallest", "5 %", "median", "95 %", "largest")


def _cells(column: ColumnReport) -> list[str]:
    name = f"{column.name} [{column.unit}]" if column.unit else column.name
    if column.counts:
        return [name, *(f"{count:,}" for count in column.counts), f"{column.share:.1%}"]
    return [name, *(f"{value:.4g}" for value in column.quantiles)]


def print_builtin_data(console: Console, builtin: Mapping[str, str]) -> None:
    """Print the built-in data sets, and what else can be read."""
    table = Table(title="Built-in data sets", title_justify="left")
    table.add_column("name", no_wrap=True)
    table.add_column("what it is")
    for name, description in builtin.items():
        table.add_row(name, description)
    console.print(table)
    console.print(
        "Your own: a .npz file with X (examples first) and y, as `nasci run my_data.npz`; .npy, "
        "netCDF, HDF5, Zarr, IDX and TIFF files, MedMNIST's files, a folder of images a class, or "
        "a folder of images with a CSV table. `nasci data FILE` says what it holds.",
        highlight=False,
        soft_wrap=True,
    )
