"""`python -m nasci` is the command `nasci`."""

from nasci.cli.main import main

main()
