"""Where numbers are computed: device, precision, memory. No network and no loop knows it.

A cluster or several GPUs are one more `Runtime`; here is the local one.
"""

import contextlib
import gc
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Protocol, TypeVar

import torch
from torch import Tensor, nn

from nasci.config import RuntimeSettings
from nasci.errors import ConfigError
from nasci.training import host_memory

NetworkT = TypeVar("NetworkT", bound=nn.Module)


class Runtime(Protocol):
    """What the loops ask of the machine."""

    @property
    def device(self) -> torch.device:
        """Where tensors live."""
        ...

    def prepare(self, network: NetworkT) -> NetworkT:
        """Move a network to the device, in the memory format that is fastest there.

        Called once for every network, before its optimizer is made.
        """
        ...

    def place(self, x: Tensor) -> Tensor:
        """Move a batch to the device; called for every batch."""
        ...

    def autocast(self) -> contextlib.AbstractContextManager[None]:
        """Return the context in which forward passes run; called for every step."""
        ...

    def thread_choices(self) -> tuple[int, ...]:
        """Return the numbers of CPU threads that are worth trying for a network, most first."""
        ...

    def use_threads(self, count: int) -> None:
        """Compute with that many CPU threads from now on; called before a contestant starts."""
        ...

    def average_gradients(self, gradients: Iterable[Tensor]) -> None:
        """Average gradients in place over the processes; called between backward and step."""
        ...

    def synchronize(self) -> None:
        """Wait until the device has done its work; called before a clock is read."""
        ...

    def reset_peak_memory(self) -> None:
        """Start a new measurement of the largest memory; called before a contestant starts."""
        ...

    def peak_memory(self) -> int:
        """Return the largest memory in bytes since `reset_peak_memory`; 0 if it cannot be told."""
        ...

    def available_memory(self) -> int:
        """Return how many bytes can still be had; 0 if it cannot be told."""
        ...


@dataclass(frozen=True)
class LocalRuntime:
    """One process on one device.

    Attributes:
        device: where tensors live.
        precision: of convolutions and products in forward passes.
        threads: CPU threads of a step; 0: all cores, or what a network is fastest with.
    """

    device: torch.device
    precision: torch.dtype = torch.float32
    threads: int = 0

    @classmethod
    def from_settings(cls, settings: RuntimeSettings) -> "LocalRuntime":
        """Choose the device; set CPU threads and what freed memory is kept for this process.

        Raises:
            ConfigError: the device does not exist on this machine.
        """
        if settings.threads:
            torch.set_num_threads(settings.threads)
        device = _device(settings.device)
        if device.type == "cpu":
            host_memory.keep_freed_memory()
        return cls(device, getattr(torch, settings.precision), settings.threads)

    def prepare(self, network: NetworkT) -> NetworkT:
        """Move a network to the device, channels last."""
        network.to(self.device)
        # Depthwise convolutions are 1.5 to 1.7 times faster with channels last, on CPUs as well.
        axes = max((parameter.dim() for parameter in network.parameters()), default=0)
        if axes in _CHANNELS_LAST:
            network.to(memory_format=_CHANNELS_LAST[axes])  # type: ignore[call-overload]
        return network

    def place(self, x: Tensor) -> Tensor:
        """Move a batch to the device, channels last."""
        memory_format = _CHANNELS_LAST.get(x.dim(), torch.contiguous_format)
        return x.to(self.device, non_blocking=True).contiguous(memory_format=memory_format)

    @contextlib.contextmanager
    def autocast(self) -> Iterator[None]:
        """Run convolutions and products in the chosen precision."""
        if self.precision is torch.float32:
            yield
        else:
            with torch.autocast(self.device.type, dtype=self.precision):
                yield

    def thread_choices(self) -> tuple[int, ...]:
        """Return all cores and one; one number where it is set or an accelerator computes."""
        if self.threads or self.device.type != "cpu" or torch.get_num_threads() == 1:
            return (torch.get_num_threads(),)
        return (torch.get_num_threads(), 1)

    def use_threads(self, count: int) -> None:
        """Set the number of threads of this process."""
        torch.set_num_threads(count)

    def average_gradients(self, gradients: Iterable[Tensor]) -> None:
        """Do nothing: there is one process."""

    def synchronize(self) -> None:
        """Wait for an accelerator's queue; a CPU has none."""
        if self.device.type == "cuda":
            torch.cuda.synchronize(self.device)
        elif self.device.type == "mps":
            torch.mps.synchronize()

    def reset_peak_memory(self) -> None:
        """Give back what is not used, and let the counter start from there."""
        gc.collect()
        if self.device.type == "cuda":
            torch.cuda.empty_cache()
            torch.cuda.reset_peak_memory_stats(self.device)
        else:
            host_memory.reset_peak()

    def peak_memory(self) -> int:
        """Return peak memory of the device; for CPUs resident memory of the process."""
        if self.device.type == "cuda":
            return int(torch.cuda.max_memory_allocated(self.device))
        return host_memory.peak_resident()

    def available_memory(self) -> int:
        """Return free memory of the device; for CPUs what machine and container leave."""
        if self.device.type == "cuda":
            return int(torch.cuda.mem_get_info(self.device)[0])
        if self.device.type == "mps":
            return torch.mps.recommended_max_memory() - torch.mps.driver_allocated_memory()
        return host_memory.available()


_CHANNELS_LAST = {4: torch.channels_last, 5: torch.channels_last_3d}


@contextlib.contextmanager
def seeded(seed: int, device: torch.device) -> Iterator[None]:
    """Run a block under its own random state, and leave the outer one as it was.

    Weights, drop path and dropout of one step are a function of its seed alone: nothing that ran
    before changes them, and no state needs to be kept to go on later.

    Args:
        seed: in [0, 2^63).
        device: where random numbers may be drawn besides the CPU.
    """
    with same_random_numbers(device):
        if device.type == "cpu":
            # `torch.manual_seed` also queues a seed for every accelerator there might be, each with
            # its call stack as text: 1 ms, once a step.
            torch.default_generator.manual_seed(seed)
        else:
            torch.manual_seed(seed)
        yield


@contextlib.contextmanager
def same_random_numbers(device: torch.device) -> Iterator[None]:
    """Run a block, and then take its random numbers back: the next one draws the same.

    Args:
        device: where random numbers may be drawn besides the CPU.
    """
    accelerators = [] if device.type == "cpu" else [device]
    device_type = "cuda" if device.type == "cpu" else device.type
    with torch.random.fork_rng(devices=accelerators, device_type=device_type):
        yield


def _device(name: str) -> torch.device:
    if name == "auto":
        if torch.cuda.is_available():
            return torch.device("cuda")
        return torch.device("mps" if torch.backends.mps.is_available() else "cpu")
    rule = f"Expected `runtime.device` to be a device of this machine, but got `{name}`"
    if name.partition(":")[0] not in ("cpu", "cuda", "mps"):
        raise ConfigError(f"{rule}: only cpu, cuda, cuda:N and mps are known. Use auto.")
    try:
        device = torch.device(name)
        torch.empty(1, device=device)
    except (RuntimeError, AssertionError, NotImplementedError) as error:
        reason = str(error).partition("\n")[0].partition(". ")[0].rstrip(".")
        raise ConfigError(f"{rule}: {reason}. Use auto.") from error
    return device
