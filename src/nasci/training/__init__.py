"""Training: loop, clock, batches, optimizers, and the protocol of the machine they run on."""

from nasci.training.batches import Batch, Batches, Shuffled
from nasci.training.calibrate import CALIBRATION_BATCHES, calibrate_batch_norm
from nasci.training.checkpoint import load_weights, save_weights
from nasci.training.checkpoint_files import Checkpoint, CheckpointFolder
from nasci.training.clock import Clock, prediction_macs
from nasci.training.contestant import Contestant, Outcome, ScoredNetwork
from nasci.training.descent import descend, summed_gradients, take_step
from nasci.training.evaluate import evaluate, predict
from nasci.training.final import train_spec
from nasci.training.finite import Diverged, NotFinite, Recovery
from nasci.training.host_energy import EnergyMeter
from nasci.training.keeper import Keeper
from nasci.training.loop import EVALUATION_BATCH, Trained, train
from nasci.training.model_folder import read_model, write_model
from nasci.training.norm_check import (
    NormCheck,
    calibrate_and_check,
    norm_doubt,
    num_checked,
)
from nasci.training.optimizers import cosine_lr, make_optimizer, set_lr
from nasci.training.pace import Pace
from nasci.training.parts import in_parts
from nasci.training.problem import Problem
from nasci.training.runtime import LocalRuntime, Runtime, same_random_numbers, seeded
from nasci.training.saved_bytes import saved_bytes
from nasci.training.state import (
    State,
    Stateful,
    merge,
    module_state,
    optimizer_state,
    restore_module,
    restore_optimizer,
    stacked,
    unstacked,
)
from nasci.training.step_memory import PROBE_EXAMPLES, StepMemory, step_memory
from nasci.training.timed_steps import timed_steps

__all__ = [
    "CALIBRATION_BATCHES",
    "EVALUATION_BATCH",
    "PROBE_EXAMPLES",
    "Batch",
    "Batches",
    "Checkpoint",
    "CheckpointFolder",
    "Clock",
    "Contestant",
    "Diverged",
    "EnergyMeter",
    "Keeper",
    "LocalRuntime",
    "NormCheck",
    "NotFinite",
    "Outcome",
    "Pace",
    "Problem",
    "Recovery",
    "Runtime",
    "ScoredNetwork",
    "Shuffled",
    "State",
    "Stateful",
    "StepMemory",
    "Trained",
    "calibrate_and_check",
    "calibrate_batch_norm",
    "cosine_lr",
    "descend",
    "evaluate",
    "in_parts",
    "load_weights",
    "make_optimizer",
    "merge",
    "module_state",
    "norm_doubt",
    "num_checked",
    "optimizer_state",
    "predict",
    "prediction_macs",
    "read_model",
    "restore_module",
    "restore_optimizer",
    "same_random_numbers",
    "save_weights",
    "saved_bytes",
    "seeded",
    "set_lr",
    "stacked",
    "step_memory",
    "summed_gradients",
    "take_step",
    "timed_steps",
    "train",
    "train_spec",
    "unstacked",
    "write_model",
]
