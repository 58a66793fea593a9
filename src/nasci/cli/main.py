"""The entry point: environment, errors and exit codes; torch is imported by commands alone."""

import logging
import os
import sys

from nasci.errors import NasciError

SPIN_COUNT = "20000"
"""Turns that OpenMP's idle threads spin before they sleep.

A supernet's step on 2 cores, measured: with PyTorch's default (long spins) 0.67 s on a quiet
machine and 2.6 s beside two busy processes; without spins (OMP_WAIT_POLICY=passive) 1.27 s and
2.6 s; with this bounded spin 0.63 s and 1.4 s.
"""


def main() -> None:
    """Run the command line and exit.

    0: done; 2: an error that the user can mend; 130 and 143: stopped by Ctrl-C and by SIGTERM.
    """
    os.environ.setdefault("GOMP_SPINCOUNT", SPIN_COUNT)
    from nasci.cli.app import app

    logging.basicConfig(format="%(message)s", level=logging.INFO)  # on stderr
    try:
        app()
    except NasciError as error:
        from nasci.cli.printable import one_line

        sys.stderr.write(f"Error: {one_line(str(error))}\n")
        sys.exit(2)
    except KeyboardInterrupt:
        sys.stderr.write("Interrupted.\n")
        sys.exit(130)
