"""How much an anchored search may choose from: what its clock lets it judge."""

from nasci.config import Settings
from nasci.nets import residual_space, resnet_spec
from nasci.tune.step_cost import StepCosts

ROUND_COST = 7.5
"""Steps of the anchor that a round of an anchored search costs: 4 of training on drawn designs and
the passes of 6 trials (measured on mnist, galaxies and heartbeats: 7 to 8)."""

ROUND_TRIALS = 6
"""Trials of a round."""

ENOUGH = 12
"""Trials a rival, about, for one design a stage: twice what a conclusion takes."""


def fit_choices(settings: Settings, slot: float, costs: StepCosts) -> Settings:
    """Return settings that say whether the stages of an anchored search share one design.

    Args:
        settings: the skeleton is chosen; a choice that is named stays.
        slot: a contestant's clock, in the unit of the costs.
        costs: of steps.
    """
    anchored = settings.anchored
    if anchored.shared != "auto":
        return settings
    if costs.clock.unit == "epochs":
        shared = True
    else:
        rounds = (
            anchored.share * slot / (ROUND_COST * costs.of(resnet_spec(settings), settings.train))
        )
        rivals = sum(len(d.choices) - 1 for d in residual_space(settings).decisions)
        shared = ROUND_TRIALS * rounds < ENOUGH * rivals
    changed = anchored.model_copy(update={"shared": shared})
    return settings.model_copy(update={"anchored": changed})
