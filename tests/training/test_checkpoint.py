"""Weights on disk: an exact round trip, and one sentence for everything that can be wrong."""

import pickle

import pytest
import safetensors.torch
import torch
from torch import nn

from nasci.errors import RunError
from nasci.training import load_weights, save_weights


def make_network(seed: int = 0) -> nn.Sequential:
    torch.manual_seed(seed)
    network = nn.Sequential(nn.Conv2d(2, 3, 3), nn.BatchNorm2d(3), nn.Flatten(), nn.Linear(12, 2))
    network(torch.randn(5, 2, 4, 4))  # the statistics are no longer the ones at birth
    return network


@pytest.fixture
def path(tmp_path):
    return tmp_path / "folder" / "model.safetensors"


def refusal(path, network: nn.Module) -> str:
    before = {name: t.clone() for name, t in network.state_dict().items()}
    with pytest.raises(RunError) as caught:
        load_weights(path, network)
    for name, tensor in network.state_dict().items():
        assert torch.equal(tensor, before[name])  # nothing is loaded by half
    message = str(caught.value)
    assert message.startswith("Expected ")
    assert str(path) in message
    assert "\n" not in message
    assert message.endswith(".")
    assert not message.endswith("..")
    return message


def test_round_trip_is_exact(path) -> None:
    network, other = make_network(0), make_network(1)
    special = torch.tensor([float("nan"), float("inf"), -0.0])
    with torch.no_grad():
        network[1].bias.copy_(special)
    save_weights(path, network)
    load_weights(path, other)
    assert network.state_dict().keys() == other.state_dict().keys()
    for name, tensor in network.state_dict().items():
        found = other.state_dict()[name]
        assert found.dtype == tensor.dtype
        # Bit by bit: NaN and the sign of zero count too.
        assert found.numpy().tobytes() == tensor.contiguous().numpy().tobytes()


def test_memory_format_is_not_written(path) -> None:
    network, other = make_network(0).to(memory_format=torch.channels_last), make_network(1)
    save_weights(path, network)
    load_weights(path, other)
    assert torch.equal(network[0].weight, other[0].weight)


def test_wrong_shape(path) -> None:
    save_weights(path, nn.Linear(3, 2))
    message = refusal(path, nn.Linear(4, 2))
    assert "`weight` is (2, 3) in place of (2, 4)" in message


def test_missing_tensor(path) -> None:
    save_weights(path, nn.Linear(3, 2, bias=False))
    assert "`bias` is missing in place of (2,)" in refusal(path, nn.Linear(3, 2))


def test_tensor_too_many(path) -> None:
    save_weights(path, nn.Linear(3, 2))
    assert "`bias` is (2,) in place of nothing" in refusal(path, nn.Linear(3, 2, bias=False))


def test_missing_file(path) -> None:
    refusal(path, make_network())


@pytest.mark.parametrize("keep", [0, 4, 8, 60, -1])
def test_truncated_file(path, keep: int) -> None:
    network = make_network()
    save_weights(path, network)
    path.write_bytes(path.read_bytes()[:keep])
    refusal(path, network)


def test_a_pickle_is_refused_unread(path, tmp_path) -> None:
    class Bomb:
        def __reduce__(self) -> tuple[object, tuple[object, ...]]:
            return (tmp_path.joinpath("ran").write_text, ("x",))

    path.parent.mkdir()
    path.write_bytes(pickle.dumps(Bomb()))
    refusal(path, make_network())
    torch.save(make_network().state_dict(), path)
    refusal(path, make_network())
    assert not (tmp_path / "ran").exists()


def test_a_folder_is_not_a_file(path) -> None:
    path.mkdir(parents=True)
    refusal(path, make_network())


def test_an_old_file_survives_a_failed_write(path, monkeypatch) -> None:
    save_weights(path, nn.Linear(3, 2))
    before = path.read_bytes()

    def fail(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("nasci.records.files.os.fsync", fail)
    with pytest.raises(RunError, match="No space left on device"):
        save_weights(path, nn.Linear(30, 2))
    assert path.read_bytes() == before
    assert [file.name for file in path.parent.iterdir()] == [path.name]


def test_is_plain_safetensors(path) -> None:
    network = make_network()
    save_weights(path, network)
    assert safetensors.torch.load_file(path).keys() == network.state_dict().keys()
