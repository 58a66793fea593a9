"""What a person sees when a run was stopped: how far it came, and how it goes on."""

import sys
from pathlib import Path

from rich.console import Console

from nasci.cli.tables import print_leaderboard


def print_stopped(path: Path) -> None:
    """Print what there is of the leaderboard, and the command that goes on."""
    print_leaderboard(Console(), path)
    sys.stderr.write(f"Stopped. Go on with: nasci resume {path}\n")
