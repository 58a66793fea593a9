"""What a person sees when a run was stopped: how far it came, and how it goes on."""

from pathlib import Path

from rich.console import Console

from nasci.cli.tables import print_leaderboard


def print_stopped(console: Console, path: Path) -> None:
    """Print what there is of the leaderboard, and the command that goes on."""
    from nasci.reports import write_report

    page = write_report(path)
    print_leaderboard(console, path)
    console.print(
        f"Report so far: {page}\nStopped. Go on with: nasci resume {path}",
        highlight=False,
        soft_wrap=True,
        markup=False,
    )
