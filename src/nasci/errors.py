"""The one family of errors that nasci raises for a user to read.

Every message states the rule, then what arrived, then the fix. The command line prints it as one
sentence and exits with code 2; anything that is not a `NasciError` is our own bug.
"""


class NasciError(Exception):
    """What a user can mend: bad data, bad settings, a budget too small."""


class ConfigError(NasciError, ValueError):
    """A setting that does not exist, or a value outside its range."""


class DataError(NasciError, ValueError):
    """Data that cannot be read, or that would make the science wrong."""


class ArchitectureError(NasciError, ValueError):
    """An architecture that is not a member of its space, or text that is not one."""


class BudgetError(NasciError, ValueError):
    """A budget that is malformed, or too small for even one step."""


class RunError(NasciError):
    """A run folder that is missing, incomplete, or already there."""
