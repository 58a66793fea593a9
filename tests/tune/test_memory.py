"""What a step needs, and in how many parts it fits; an accelerator that runs out of memory."""

from importlib import import_module
from typing import Any

import pytest
import torch

from nasci.config import Budget, TrainSettings
from nasci.nets import LinearSpec, ResNetSpec
from nasci.training import Clock, LocalRuntime, StepMemory, step_memory
from nasci.training.step_memory import MEMORY_SHARE
from nasci.tune import OutOfMemoryError, StepCosts, step_cost

RESNET = ResNetSpec(widths=(4, 8), blocks=(1, 1), stem_stride=1)


class Small(LocalRuntime):
    """A machine with little memory."""

    free = 0

    def available_memory(self) -> int:
        return self.free


def small(runtime: LocalRuntime, free: int) -> Small:
    machine = Small(runtime.device)
    object.__setattr__(machine, "free", free)
    return machine


def costs(problem: Any, runtime: LocalRuntime) -> StepCosts:
    return StepCosts(problem, Clock(Budget(1e15, "macs"), runtime), runtime)


def test_a_deeper_network_and_a_larger_image_need_more(runtime, make_problem) -> None:
    settings = TrainSettings()
    linear = step_memory(LinearSpec(), make_problem(), settings, runtime)
    resnet = step_memory(RESNET, make_problem(), settings, runtime)
    deeper = ResNetSpec(widths=(4, 8), blocks=(3, 3), stem_stride=1)
    assert linear.per_example < resnet.per_example
    more = step_memory(deeper, make_problem(), settings, runtime)
    assert 1.5 * resnet.per_example < more.per_example


def test_parts_are_the_fewest_that_fit() -> None:
    memory = StepMemory(fixed=1000, per_example=50)
    for available in range(1500, 20_000, 700):
        parts = memory.parts(64, available)
        assert parts and memory.needed(64, parts) <= MEMORY_SHARE * available
        assert parts == 1 or memory.needed(64, parts // 2) > MEMORY_SHARE * available
    assert memory.parts(64, 1000) == 0
    assert memory.parts(64, 0) == 1  # nobody knows what is free


def test_short_memory_divides_the_batch_and_says_so(runtime, make_problem) -> None:
    problem, settings = make_problem(), TrainSettings(batch_size=32)
    memory = step_memory(RESNET, problem, settings, runtime)
    machine = small(runtime, int(memory.needed(32, 4) / MEMORY_SHARE) + 1)
    assert costs(problem, machine).parts(RESNET, settings) == 4
    assert "in 4 parts whose gradients are added" in costs(problem, machine).memory_note(
        RESNET, settings
    )
    assert costs(problem, runtime).memory_note(RESNET, settings) == ""
    fixed = TrainSettings(batch_size=32, parts=2)
    assert costs(problem, machine).parts(RESNET, fixed) == 2


def test_no_memory_at_all_is_an_error_with_numbers(runtime, make_problem) -> None:
    machine = small(runtime, 100)
    with pytest.raises(OutOfMemoryError, match="even in parts of 2 examples it needs about"):
        costs(make_problem(), machine).parts(RESNET, TrainSettings())


def test_a_device_that_runs_out_gets_smaller_parts(
    runtime, make_problem, monkeypatch: pytest.MonkeyPatch
) -> None:
    tried = []

    def measured(spec: Any, problem: Any, clock: Clock, settings: TrainSettings, on: Any) -> float:
        tried.append(settings.num_parts)
        if settings.num_parts < 8:
            raise torch.OutOfMemoryError("CUDA out of memory.")
        return step_cost(spec, problem, clock, settings, on)

    monkeypatch.setattr(import_module("nasci.tune.step_cost"), "step_cost", measured)
    found, settings = costs(make_problem(), runtime), TrainSettings(batch_size=32)
    assert found.of(RESNET, settings) > 0
    assert tried == [1, 2, 4, 8]
    assert found.parts(RESNET, settings) == 8
    with pytest.raises(OutOfMemoryError, match="the device has not enough"):
        costs(make_problem(), runtime).of(RESNET, TrainSettings(batch_size=8))
