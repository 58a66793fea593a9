"""The command line: one function a command, over the Python interface."""
