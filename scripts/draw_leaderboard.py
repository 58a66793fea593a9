"""Draw the leaderboard and the verdict of a run as SVG: the picture in the README.

python scripts/draw_leaderboard.py RUN docs/leaderboard.svg

Made by `make demo` on two cores.
"""

import argparse
import io
import os
import re
from pathlib import Path

from rich.console import Console

from nasci.cli.tables import print_leaderboard


def main() -> None:
    """Draw one run."""
    parser = argparse.ArgumentParser()
    parser.add_argument("run", type=Path)
    parser.add_argument("target", type=Path)
    options = parser.parse_args()
    console = Console(record=True, width=100, file=io.StringIO(), force_terminal=True)
    # The picture names no folder of the machine that it was made on.
    run, target = options.run.resolve(), options.target.resolve()
    os.chdir(run.parent.parent)
    print_leaderboard(console, run.relative_to(run.parent.parent))
    svg = console.export_svg(title="nasci run mnist --budget 8m")
    # Rich names web fonts: a picture should fetch nothing.
    svg = re.sub(r"@font-face \{.*?\}\n?", "", svg, flags=re.DOTALL)
    target.write_text(svg.replace("Fira Code,", ""), "utf-8")


if __name__ == "__main__":
    main()
