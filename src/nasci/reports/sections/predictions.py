"""Section 4: how good the predictions are, of the contestant to use."""

from dataclasses import replace

from nasci.reports.figures.winner import winner_figure
from nasci.reports.predictions import prediction_blocks
from nasci.reports.run_view import RunView
from nasci.reports.sections.section import Section

_TITLE = "How good the predictions are"


def predictions_section(view: RunView) -> Section:
    """Return the section: the predictions of the network to use, for test."""
    name = winner_figure(view).name
    if not name or not view.rows:
        return Section("predictions", _TITLE, "Test was not read.", ())
    seed = view.run.seeds[0]
    lead = f"Predictions of {name}, seed {seed}, for test."
    # A page that is passed on does not say where the run's folder was.
    path = str(view.folder.path)
    blocks = (
        replace(block, text=block.text.replace(path, "RUN"))
        for block in prediction_blocks(view.folder, name)
    )
    return Section("predictions", _TITLE, lead, tuple(blocks))
