"""Training: loop, clock, batches, optimizers, and the protocol of the machine they run on."""

from nasci.training.batches import Batch, Batches
from nasci.training.calibrate import CALIBRATION_BATCHES, calibrate_batch_norm
from nasci.training.checkpoint import load_weights, save_weights
from nasci.training.clock import Clock, prediction_macs
from nasci.training.contestant import Contestant, Outcome, ScoredNetwork
from nasci.training.evaluate import evaluate, predict
from nasci.training.final import train_spec
from nasci.training.loop import EVALUATION_BATCH, Trained, descend, take_step, train
from nasci.training.model_folder import read_model, write_model
from nasci.training.optimizers import cosine_lr, make_optimizer, set_lr
from nasci.training.pace import Pace
from nasci.training.problem import Problem
from nasci.training.runtime import LocalRuntime, Runtime, same_random_numbers, seeded

__all__ = [
    "CALIBRATION_BATCHES",
    "EVALUATION_BATCH",
    "Batch",
    "Batches",
    "Clock",
    "Contestant",
    "LocalRuntime",
    "Outcome",
    "Pace",
    "Problem",
    "Runtime",
    "ScoredNetwork",
    "Trained",
    "calibrate_batch_norm",
    "cosine_lr",
    "descend",
    "evaluate",
    "load_weights",
    "make_optimizer",
    "predict",
    "prediction_macs",
    "read_model",
    "same_random_numbers",
    "save_weights",
    "seeded",
    "set_lr",
    "take_step",
    "train",
    "train_spec",
    "write_model",
]
