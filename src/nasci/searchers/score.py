"""How good a supernet is on valid, whatever its masks: the same measure before and after a cut."""

from nasci._random import derive_seed
from nasci.nets import Network
from nasci.training import (
    EVALUATION_BATCH,
    Batches,
    Clock,
    Problem,
    Runtime,
    calibrate_and_check,
    evaluate,
    norm_doubt,
)


def score(
    supernet: Network,
    for_weights: Batches,
    problem: Problem,
    clock: Clock,
    runtime: Runtime,
    seed: int,
) -> tuple[dict[str, float], str]:
    """Calibrate BatchNorm; return the metrics on valid, and doubts about them ("": none).

    The batches of the calibration are the same every time, so that two scores differ by what was
    changed between them alone: where a cut changes nothing, they are equal.

    Args:
        supernet: left in the mode that it was in, with the statistics of the calibration.
        for_weights: batches of the part of train for w.
        problem: task and data.
        clock: charged for it.
        runtime: where it is computed.
        seed: of the search.
    """
    calibration = for_weights.shuffled(derive_seed(seed, "calibration"))
    checks = calibrate_and_check(supernet, problem.task, calibration, runtime, clock)
    data = problem.data
    valid = Batches(data.valid, data.normalisation, runtime, EVALUATION_BATCH)
    return evaluate(supernet, problem.task, valid, runtime, clock), norm_doubt(checks)
