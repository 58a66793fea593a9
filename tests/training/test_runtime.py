"""The local runtime: values survive, random states are restored, memory is measured."""

import inspect
import sys
from pathlib import Path

import pytest
import torch
from torch import nn

from nasci.config import RuntimeSettings
from nasci.errors import ConfigError
from nasci.training import LocalRuntime, Runtime, host_memory, seeded

CPU = torch.device("cpu")


def members(kind: type) -> dict[str, object]:
    return {name: value for name, value in vars(kind).items() if not name.startswith("_")}


def test_fulfils_the_protocol() -> None:
    fulfils: Runtime = LocalRuntime(CPU)
    for name, member in members(Runtime).items():
        assert hasattr(fulfils, name)
        if inspect.isfunction(member):
            ours = inspect.signature(getattr(LocalRuntime, name))
            assert list(ours.parameters) == list(inspect.signature(member).parameters)
    assert set(members(Runtime)) >= {"device", "prepare", "place", "autocast", "peak_memory"}
    fulfils.synchronize()
    gradient = torch.ones(2)
    fulfils.average_gradients([gradient])  # one process: nothing to average
    assert gradient.tolist() == [1, 1]


@pytest.mark.parametrize(
    ("layer", "size", "memory_format"),
    [
        (nn.Conv1d(4, 6, 3), (8,), torch.contiguous_format),
        (nn.Conv2d(4, 6, 3), (8, 7), torch.channels_last),
        (nn.Conv2d(4, 4, 3, groups=4), (8, 7), torch.channels_last),
        (nn.Conv3d(4, 6, 3), (5, 6, 7), torch.channels_last_3d),
    ],
    ids=["1d", "2d", "2d-depthwise", "3d"],
)
def test_prepare_and_place_keep_values(layer, size, memory_format) -> None:
    runtime = LocalRuntime(CPU)
    network = nn.Sequential(layer, nn.ReLU())
    x = torch.randn(3, 4, *size)
    expected = network(x)
    before = {name: t.clone() for name, t in network.state_dict().items()}
    parameters = list(network.parameters())
    prepared, placed = runtime.prepare(network), runtime.place(x)
    assert prepared is network
    assert all(a is b for a, b in zip(network.parameters(), parameters, strict=True))
    for name, tensor in network.state_dict().items():
        assert torch.equal(tensor, before[name])
    assert layer.weight.is_contiguous(memory_format=memory_format)
    assert placed.is_contiguous(memory_format=memory_format)
    assert torch.equal(placed, x)
    torch.testing.assert_close(prepared(placed), expected)


def test_prepare_takes_networks_without_convolutions() -> None:
    runtime = LocalRuntime(CPU)
    linear = nn.Linear(3, 2)
    assert runtime.prepare(linear) is linear
    assert isinstance(runtime.prepare(nn.Identity()), nn.Identity)
    assert torch.equal(runtime.place(torch.arange(3)), torch.arange(3))


def test_autocast_changes_the_dtype_inside_only() -> None:
    runtime = LocalRuntime(CPU, torch.bfloat16)
    linear, x = nn.Linear(3, 2), torch.randn(4, 3)
    with runtime.autocast():
        assert linear(x).dtype == torch.bfloat16
        with LocalRuntime(CPU).autocast():  # float32: leaves things as they are
            assert linear(x).dtype == torch.bfloat16
    assert linear(x).dtype == torch.float32
    assert linear.weight.dtype == torch.float32
    with pytest.raises(ZeroDivisionError), runtime.autocast():
        raise ZeroDivisionError
    assert linear(x).dtype == torch.float32


def test_autocast_of_float32_does_nothing() -> None:
    with LocalRuntime(CPU).autocast():
        assert not torch.is_autocast_enabled("cpu")


def test_seeded_is_a_function_of_the_seed() -> None:
    draws = []
    for outer, seed in ((1, 5), (2, 5), (1, 6)):
        torch.manual_seed(outer)
        with seeded(seed, CPU):
            draws.append(torch.randn(4))
    assert torch.equal(draws[0], draws[1])
    assert not torch.equal(draws[0], draws[2])


@pytest.mark.parametrize("seed", [0, 2**63 - 1])
def test_seeded_restores_the_outer_state(seed: int) -> None:
    torch.manual_seed(3)
    expected = torch.randn(4)
    torch.manual_seed(3)
    with seeded(seed, CPU):
        torch.randn(7)
        with seeded(1, CPU):
            torch.randn(2)
    with pytest.raises(ZeroDivisionError), seeded(seed, CPU):
        torch.randn(7)
        raise ZeroDivisionError
    assert torch.equal(torch.randn(4), expected)


def test_from_settings() -> None:
    runtime = LocalRuntime.from_settings(RuntimeSettings(device="cpu", precision="bfloat16"))
    assert runtime == LocalRuntime(CPU, torch.bfloat16, threads=0)
    assert LocalRuntime.from_settings(RuntimeSettings(device="cpu")).precision is torch.float32


def test_threads_of_the_settings_are_set(monkeypatch) -> None:
    calls: list[int] = []
    monkeypatch.setattr(torch, "set_num_threads", calls.append)
    LocalRuntime.from_settings(RuntimeSettings(device="cpu", threads=3))
    LocalRuntime.from_settings(RuntimeSettings(device="cpu", threads=0))
    assert calls == [3]


@pytest.mark.parametrize(
    ("device", "threads", "cores", "expected"),
    [
        ("cpu", 0, 8, (8, 1)),
        ("cpu", 0, 1, (1,)),
        ("cpu", 3, 3, (3,)),  # what the settings name is no choice
        ("cuda", 0, 8, (8,)),
    ],
)
def test_thread_choices(monkeypatch, device, threads, cores, expected) -> None:
    monkeypatch.setattr(torch, "get_num_threads", lambda: cores)
    assert LocalRuntime(torch.device(device), threads=threads).thread_choices() == expected


def test_use_threads(monkeypatch) -> None:
    calls: list[int] = []
    monkeypatch.setattr(torch, "set_num_threads", calls.append)
    LocalRuntime(CPU).use_threads(5)
    assert calls == [5]


@pytest.mark.parametrize(
    ("cuda", "mps", "expected"),
    [(True, True, "cuda"), (True, False, "cuda"), (False, True, "mps"), (False, False, "cpu")],
)
def test_auto_prefers_what_is_faster(monkeypatch, cuda: bool, mps: bool, expected: str) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: cuda)
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: mps)
    device = LocalRuntime.from_settings(RuntimeSettings(device="auto")).device
    assert device.type == expected


@pytest.mark.parametrize("name", ["gpu", "", "meta", "hpu", "xla", "cuda:99", "cuda:-1", "cpu:x"])
def test_unknown_device(name: str) -> None:
    with pytest.raises(ConfigError) as caught:
        LocalRuntime.from_settings(RuntimeSettings(device=name))
    message = str(caught.value)
    assert f"`{name}`" in message
    assert message.endswith("Use auto.")
    assert len(message) < 300


@pytest.mark.skipif(torch.backends.mps.is_available(), reason="needs a machine without MPS")
def test_a_device_of_another_machine_is_refused_in_few_words() -> None:
    with pytest.raises(ConfigError) as caught:
        LocalRuntime.from_settings(RuntimeSettings(device="mps"))
    assert len(str(caught.value)) < 300


def _can_reset_peak() -> bool:
    try:
        Path("/proc/self/clear_refs").write_text("5")
    except OSError:
        return False
    return True


@pytest.mark.skipif(sys.platform != "linux" or not _can_reset_peak(), reason="needs clear_refs")
def test_peak_memory_rises_by_what_is_allocated() -> None:
    size = 200 * 2**20
    runtime = LocalRuntime(CPU)
    runtime.reset_peak_memory()
    base = runtime.peak_memory()
    block = torch.ones(size // 4)
    peak = runtime.peak_memory()
    assert 0.9 * size < peak - base < 1.2 * size
    del block
    assert runtime.peak_memory() >= peak - 2**20  # a peak stays
    runtime.reset_peak_memory()
    assert runtime.peak_memory() - base < 0.2 * size  # until it is reset


def test_peak_memory_elsewhere_is_the_life_of_the_process(monkeypatch) -> None:
    class Usage:
        ru_maxrss = 5000

    monkeypatch.setattr(host_memory.resource, "getrusage", lambda _: Usage)
    for platform, expected in (("darwin", 5000), ("freebsd", 5000 * 1024)):
        monkeypatch.setattr(host_memory.sys, "platform", platform)
        assert LocalRuntime(CPU).peak_memory() == expected
        LocalRuntime(CPU).reset_peak_memory()


def test_a_forbidden_reset_is_no_error(monkeypatch, tmp_path) -> None:
    monkeypatch.setattr(host_memory, "_CLEAR_REFS", tmp_path / "missing" / "clear_refs")
    LocalRuntime(CPU).reset_peak_memory()
    assert LocalRuntime(CPU).peak_memory() > 0


def test_available_memory_is_that_of_machine_and_container(tmp_path, monkeypatch) -> None:
    meminfo = tmp_path / "meminfo"
    meminfo.write_text("MemTotal:  100 kB\nMemAvailable:   64 kB\n")
    group = tmp_path / "cgroup"
    group.mkdir()
    names = (group, "memory.max", "memory.current", "inactive_file")
    monkeypatch.setattr(host_memory, "_MEMINFO", meminfo)
    monkeypatch.setattr(host_memory, "_CGROUPS", (names,))
    monkeypatch.setattr(host_memory.sys, "platform", "linux")
    runtime = LocalRuntime(CPU)
    assert runtime.available_memory() == 64 * 1024  # no container
    (group / "memory.max").write_text("max\n")
    (group / "memory.current").write_text("5000\n")
    (group / "memory.stat").write_text("anon 1\ninactive_file 1000\n")
    assert runtime.available_memory() == 64 * 1024  # one without a limit
    (group / "memory.max").write_text("20000\n")
    assert runtime.available_memory() == 20000 - 5000 + 1000  # a cache of files is given back
    (group / "memory.max").write_text("1000\n")
    assert runtime.available_memory() == 0
    monkeypatch.setattr(host_memory.sys, "platform", "darwin")
    assert runtime.available_memory() == 0


@pytest.mark.skipif(sys.platform != "linux", reason="asks glibc")
def test_the_environments_allocator_is_left_alone(monkeypatch) -> None:
    for name in ("MALLOC_TRIM_THRESHOLD_", "MALLOC_MMAP_THRESHOLD_", "GLIBC_TUNABLES"):
        monkeypatch.delenv(name, raising=False)
    assert host_memory.keep_freed_memory()
    monkeypatch.setenv("MALLOC_TRIM_THRESHOLD_", "1000")
    assert not host_memory.keep_freed_memory()
