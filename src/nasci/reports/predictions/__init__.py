"""How good predictions are, task by task: from what a run left to blocks of the report."""

from nasci.reports.predictions.blocks import prediction_blocks

__all__ = ["prediction_blocks"]
