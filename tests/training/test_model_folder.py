"""A trained network as a folder: an exact round trip of every kind; what is bad is one sentence."""

import json

import numpy as np
import pytest
import torch

from nasci.data import Normalisation
from nasci.errors import RunError
from nasci.nets import CellSpec, LinearSpec, ResNetSpec, SupernetSpec
from nasci.space import CellSpace
from nasci.tasks import to_record
from nasci.training import read_model, write_model

SPACE = CellSpace(
    num_nodes=2, multiplier=2, op_names=("none", "skip_connect", "max_pool_3x3", "sep_conv_3x3")
)
RESNET = ResNetSpec(widths=(4, 8), blocks=(1, 1), stem_stride=2)
SPECS = [
    LinearSpec(),
    RESNET,
    CellSpec(
        architecture=SPACE.sample(np.random.default_rng(0)),
        cells=3,
        channels=2,
        auxiliary=True,
        drop_path=0.25,
    ),
    SupernetSpec(
        nodes=2, inputs_per_node=2, op_names=SPACE.op_names, multiplier=2, cells=2, channels=2
    ),
]
NORMALISATION = Normalisation((1 / 3,), (0.1,))


def write(folder, spec, task):
    torch.manual_seed(0)
    network = spec.build(task)
    network(torch.randn(6, 1, 8, 8))  # BatchNorm statistics are no longer those at birth
    write_model(folder, spec, network, task, NORMALISATION)
    return network


@pytest.mark.parametrize("spec", SPECS, ids=lambda spec: spec.kind)
def test_round_trip_is_exact(tmp_path, runtime, task, spec) -> None:
    network = write(tmp_path, spec, task)
    assert {file.name for file in tmp_path.iterdir()} == {"model.json", "model.safetensors"}
    torch.manual_seed(1)
    found, found_task, normalisation = read_model(tmp_path, runtime)
    assert type(found) is type(network)
    assert normalisation == NORMALISATION  # every digit
    assert to_record(found_task) == to_record(task)
    assert found.state_dict().keys() == network.state_dict().keys()
    for name, tensor in network.state_dict().items():
        assert torch.equal(tensor, found.state_dict()[name])
    x = torch.randn(5, 1, 8, 8)
    expected = runtime.prepare(network).eval()(runtime.place(x))
    assert torch.equal(found.eval()(runtime.place(x)), expected)


def test_is_prepared_by_the_runtime(tmp_path, runtime, task) -> None:
    write(tmp_path, RESNET, task)
    found, _, _ = read_model(tmp_path, runtime)
    weight = found.blocks[0].conv1.weight
    assert weight.is_contiguous(memory_format=torch.channels_last)


def refusal(folder, runtime) -> str:
    with pytest.raises(RunError) as caught:
        read_model(folder, runtime)
    message = str(caught.value)
    assert message.startswith("Expected ")
    assert str(folder) in message
    assert "\n" not in message
    assert message.endswith(".")
    assert not message.endswith("..")
    return message


@pytest.mark.parametrize("name", ["model.json", "model.safetensors"])
def test_missing_file(tmp_path, runtime, task, name: str) -> None:
    write(tmp_path, RESNET, task)
    (tmp_path / name).unlink()
    assert name in refusal(tmp_path, runtime)


def test_missing_folder(tmp_path, runtime) -> None:
    refusal(tmp_path / "nowhere", runtime)


@pytest.mark.parametrize("keep", [0, 1, 50, -3])
def test_truncated_description(tmp_path, runtime, task, keep: int) -> None:
    write(tmp_path, RESNET, task)
    file = tmp_path / "model.json"
    file.write_bytes(file.read_bytes()[:keep])
    refusal(tmp_path, runtime)


def test_truncated_weights(tmp_path, runtime, task) -> None:
    write(tmp_path, RESNET, task)
    file = tmp_path / "model.safetensors"
    file.write_bytes(file.read_bytes()[:-1])
    refusal(tmp_path, runtime)


def test_description_that_is_not_text(tmp_path, runtime, task) -> None:
    write(tmp_path, RESNET, task)
    (tmp_path / "model.json").write_bytes(b"\xff\xfe\x00{}")
    refusal(tmp_path, runtime)


TAMPERED = [
    ("schema", 2),
    ("extra", 1),
    ("mean", None),
    ("mean", []),
    ("mean", [0.1, 0.2]),
    ("std", [0.0]),
    ("std", ["NaN"]),
    ("network.kind", "transformer"),
    ("network.kind", "linear"),
    ("network.widths", [4, 16]),
    ("network.widths", [4]),
    ("network.widths", [-1, 8]),
    ("network.widths", [4, 10**15]),
    ("network.blocks", [1]),
    ("network.blocks", [2, 1]),
    ("network.stem_stride", 3),
    ("network.code", "print()"),
    ("task.target.kind", "magic"),
    ("task.input_shape", []),
    ("task.input_shape", [1]),
    ("task.input_shape", [1, 8]),
    ("task.input_shape", [2, 8, 8]),
    ("task.input_shape", [1, 8, 8, 8, 8]),
    ("task.input_shape", [0, 8, 8]),
    ("task.target.names", ["low", "high"]),
    ("task.num_outputs", 9),
    ("task.options.metric", "magic"),
    ("task.options.hidden", [0]),
    ("task.options.class_weights", [1.0]),
    ("task.options.mean", [1.0]),
]


@pytest.mark.parametrize(("key", "value"), TAMPERED)
def test_tampered_description(tmp_path, runtime, task, key: str, value: object) -> None:
    write(tmp_path, RESNET, task)
    file = tmp_path / "model.json"
    content = json.loads(file.read_text())
    *groups, last = key.split(".")
    target = content
    for group in groups:
        target = target[group]
    target[last] = value
    file.write_text(json.dumps(content))
    refusal(tmp_path, runtime)


def test_normalisation_of_all_channels_but_another_number(tmp_path, runtime, task) -> None:
    """Consistent in itself, and so the sneakiest: it would broadcast without an error."""
    write(tmp_path, LinearSpec(), task)
    file = tmp_path / "model.json"
    content = json.loads(file.read_text())
    content.update(mean=[0.0, 0.0], std=[1.0, 1.0])
    file.write_text(json.dumps(content))
    refusal(tmp_path, runtime)


@pytest.mark.parametrize("unknown", ["shell", "__import__('os')", ""])
def test_unknown_operation(tmp_path, runtime, task, unknown: str) -> None:
    write(tmp_path, SPECS[2], task)
    file = tmp_path / "model.json"
    content = json.loads(file.read_text())
    content["network"]["architecture"]["normal"]["edges"][0]["op"] = unknown
    file.write_text(json.dumps(content))
    refusal(tmp_path, runtime)


def test_weights_of_another_network(tmp_path, runtime, task) -> None:
    write(tmp_path / "a", RESNET, task)
    write(tmp_path / "b", LinearSpec(), task)
    (tmp_path / "b" / "model.safetensors").replace(tmp_path / "a" / "model.safetensors")
    refusal(tmp_path / "a", runtime)
