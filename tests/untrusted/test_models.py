"""A model folder that was not made by nasci: no code runs, no memory is taken, one sentence."""

import json
import struct
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import safetensors.torch
import torch
from hostile import ESCAPES, bombs, deep_json, weights_file

from nasci.cli.architectures import read_architecture
from nasci.data import Normalisation
from nasci.errors import ArchitectureError, NasciError, RunError
from nasci.nets import CellSpec, LinearSpec, Network
from nasci.records import Target
from nasci.space import Architecture, CellSpace
from nasci.tasks import make_task
from nasci.training import LocalRuntime, load_weights, read_model, write_model

MODEL = "linear/seed0"
SPACE = CellSpace(num_nodes=2, multiplier=2, op_names=("skip_connect", "sep_conv_3x3"))
TASK = make_task((1, 8, 8), Target(kind="multiclass", names=("a", "b", "c")))


def sentence(error: NasciError) -> str:
    text = str(error)
    assert text.startswith(("Expected ", "Cannot read ")), text
    assert "\n" not in text and len(text) < 1200
    return text


def write(folder: Path, spec: LinearSpec | CellSpec) -> Network:
    network = spec.build(TASK)
    write_model(folder, spec, network, TASK, Normalisation((0.5,), (1.0,)))
    return network


def refusal(folder: Path) -> str:
    with pytest.raises(RunError) as caught:
        read_model(folder, LocalRuntime(torch.device("cpu")))
    return sentence(caught.value)


@pytest.fixture
def cells(tmp_path: Path) -> Path:
    """A folder with a small network of cells."""
    architecture = SPACE.sample(np.random.default_rng(0))
    write(tmp_path / "cells", CellSpec(architecture=architecture, cells=3, channels=2))
    return tmp_path / "cells"


def change(folder: Path, edit: Callable[[dict], None]) -> None:
    file = folder / "model.json"
    content = json.loads(file.read_bytes())
    edit(content)
    file.write_text(json.dumps(content))


@pytest.mark.parametrize("kind", ["pickle", "torch", "npy", "npz"])
@pytest.mark.parametrize("file", ["model.safetensors", "model.json"])
def test_a_pickle_never_runs(cells: Path, tmp_path: Path, kind: str, file: str) -> None:
    (cells / file).write_bytes(bombs(tmp_path / "fuse")[kind])
    refusal(cells)
    assert not (tmp_path / "fuse").exists()


def test_a_pickle_never_runs_at_the_command_line(run, digits_npz, tmp_path, nasci) -> None:
    weights = run / MODEL / "model.safetensors"
    weights.write_bytes(bombs(tmp_path / "fuse")["torch"])
    (run / MODEL / "model.pt").write_bytes(bombs(tmp_path / "fuse")["torch"])
    ended = nasci("evaluate", run / MODEL, digits_npz)
    assert ended.code == 2 and ended.err.startswith("Error: Expected weights in")
    assert not (tmp_path / "fuse").exists()
    torch.load(run / MODEL / "model.pt", weights_only=False)
    assert (tmp_path / "fuse").exists()  # the bomb was a real one


@pytest.mark.parametrize("kind", ["lists", "objects", "closed"])
def test_ten_million_levels(cells: Path, kind: str) -> None:
    (cells / "model.safetensors").write_bytes(weights_file(deep_json(kind)[: 2**25]))
    refusal(cells)
    (cells / "model.json").write_bytes(deep_json(kind))
    assert "recursion limit exceeded" in refusal(cells)


BAD_CELLS: dict[str, Callable[[dict], object]] = {
    "cycle": lambda cell: cell["edges"][0].update(source=3),
    "loop": lambda cell: cell["edges"][0].update(source=2, target=2),
    "unknown op": lambda cell: cell["edges"][0].update(op="os.system"),
    "code for an op": lambda cell: cell["edges"][0].update(op="__import__('os')"),
    "op with escapes": lambda cell: cell["edges"][0].update(op=ESCAPES),
    "negative source": lambda cell: cell["edges"][0].update(source=-1),
    "negative target": lambda cell: cell["edges"][0].update(target=-1),
    "negative concat": lambda cell: cell.update(concat=[-1, 2]),
    "duplicate edge": lambda cell: cell["edges"].append(dict(cell["edges"][0])),
    "too few nodes": lambda cell: cell.update(num_nodes=1),
    "too many nodes": lambda cell: cell.update(num_nodes=3),
    "no node": lambda cell: cell.update(num_nodes=0),
    "a billion nodes": lambda cell: cell.update(num_nodes=10**9),
    "float for a node": lambda cell: cell["edges"][0].update(source=0.0),
    "float for a number": lambda cell: cell.update(num_nodes=2.0),
    "text for a node": lambda cell: cell["edges"][0].update(source="0"),
    "true for a node": lambda cell: cell["edges"][0].update(source=True),
    "beyond 64 bits": lambda cell: cell["edges"][0].update(target=2**70),
    "concat beyond": lambda cell: cell.update(concat=[2, 99]),
    "concat twice": lambda cell: cell.update(concat=[2, 2]),
    "no edges": lambda cell: cell.update(edges=[]),
}


@pytest.mark.parametrize("case", BAD_CELLS)
def test_what_is_no_cell(cells: Path, tmp_path: Path, case: str) -> None:
    """As the architecture of a model, and as a file of its own."""
    alone = json.loads((cells / "model.json").read_bytes())["network"]["architecture"]
    BAD_CELLS[case](alone["normal"])
    change(cells, lambda content: content["network"].update(architecture=alone))
    refusal(cells)
    file = tmp_path / "architecture.json"
    file.write_text(json.dumps(alone))
    if case == "unknown op":  # an architecture may have ops of a caller's own; a network may not
        assert Architecture.load(file).normal.edges[0].op == "os.system"
        return
    with pytest.raises(ArchitectureError) as caught:
        read_architecture(str(file))
    assert sentence(caught.value).isprintable()


def test_an_architecture_that_floods(tmp_path: Path) -> None:
    file = tmp_path / "architecture.json"
    file.write_bytes(b'{"schema":1,"normal":{"edges":[' + b"[]," * 300_000 + b"0]}}")
    with pytest.raises(ArchitectureError, match="at most 20,000 values, but got more"):
        Architecture.load(file)


def test_an_architecture_of_ten_million_levels_at_the_command_line(tmp_path, nasci) -> None:
    for name in ("deep.json", "deep.txt"):
        (tmp_path / name).write_bytes(deep_json("lists"))
        ended = nasci("architecture", "show", tmp_path / name)
        assert (ended.code, ended.out) == (2, "")
        assert len(ended.err.splitlines()) == 1 and "1,048,576 bytes" in ended.err
        assert ended.seconds < 30 and ended.peak < 2**30


ABSURD = {
    "cells": {"cells": 10**9},
    "channels": {"channels": 10**9},
    "beyond 64 bits": {"channels": 10**30},
    "40 GB": {"cells": 60, "channels": 2**15},
}


@pytest.mark.parametrize("case", ABSURD)
def test_a_network_that_fills_the_memory_is_never_built(cells: Path, case: str) -> None:
    change(cells, lambda content: content["network"].update(ABSURD[case]))
    refusal(cells)


@pytest.mark.parametrize(
    ("kind", "sizes"),
    [
        ("resnet", {"widths": [65536] * 16, "blocks": [4] * 16}),
        ("resnet", {"widths": [8] * 10**5, "blocks": [1] * 10**5}),
        ("resnet", {"widths": [8], "blocks": [10**9]}),
        (
            "supernet",
            {
                "nodes": 64,
                "inputs_per_node": 2,
                "op_names": ["noise"],
                "multiplier": 4,
                "cells": 100,
                "channels": 8,
            },
        ),
    ],
)
def test_other_networks_that_fill_the_memory(cells: Path, kind: str, sizes: dict) -> None:
    change(cells, lambda content: content.update(network={"kind": kind, **sizes}))
    refusal(cells)


def test_an_example_that_fills_the_memory(cells: Path) -> None:
    for shape in ([1, 2**30, 2**30], [1, 10**6, 10**6], [1, 10**40, 1]):

        def edit(content: dict, shape: list[int] = shape) -> None:
            content["network"] = {"kind": "linear"}
            content["task"]["input_shape"] = shape

        change(cells, edit)
        refusal(cells)


def test_layers_that_fill_the_memory(cells: Path) -> None:
    for hidden in ([65536] * 32, [1] * 10**5):

        def edit(content: dict, hidden: list[int] = hidden) -> None:
            content["task"]["options"]["hidden"] = hidden

        change(cells, edit)
        refusal(cells)


@pytest.fixture
def linear(tmp_path: Path) -> tuple[Path, dict[str, torch.Tensor]]:
    network = write(tmp_path / "linear", LinearSpec())
    return tmp_path / "linear", dict(network.state_dict())


TAMPERED: dict[str, Callable[[torch.Tensor], dict[str, torch.Tensor]]] = {
    "shape": lambda w: {"@": w[:, :-1].contiguous()},
    "transposed": lambda w: {"@": w.T.contiguous()},
    "flat": lambda w: {"@": w.flatten()},
    "one number": lambda w: {"@": torch.zeros(())},
    "nothing": lambda w: {"@": torch.zeros(0, 64)},
    "float64": lambda w: {"@": w.double()},
    "float16": lambda w: {"@": w.half()},
    "int32": lambda w: {"@": w.int()},
    "bool": lambda w: {"@": w.bool()},
    "missing": lambda w: {},
    "extra": lambda w: {"@": w, "extra": w.clone()},
    "name with escapes": lambda w: {"@": w, ESCAPES + "\n" * 1000: w.clone()},
    "name of a path": lambda w: {"@": w, "../../outside": w.clone()},
}


@pytest.mark.parametrize("case", TAMPERED)
def test_weights_of_another_network(linear, case: str) -> None:
    folder, tensors = linear
    name = next(name for name, tensor in tensors.items() if tensor.ndim == 2)
    others = {key: tensor for key, tensor in tensors.items() if key != name}
    changed = {key.replace("@", name): w for key, w in TAMPERED[case](tensors[name]).items()}
    safetensors.torch.save_file({**others, **changed}, folder / "model.safetensors")
    said = refusal(folder)
    assert said.isprintable() and "choose the file that was written with it." in said


def test_nothing_is_loaded_by_half(linear) -> None:
    folder, tensors = linear
    network = LinearSpec().build(TASK)
    before = {name: tensor.clone() for name, tensor in network.state_dict().items()}
    doubled = {name: tensor.double() for name, tensor in tensors.items()}
    safetensors.torch.save_file(doubled, folder / "model.safetensors")
    with pytest.raises(RunError, match="is F64 in place of F32"):
        load_weights(folder / "model.safetensors", network)
    assert all(torch.equal(t, before[name]) for name, t in network.state_dict().items())


def tensor_of(shape: list[int], begin: int, end: int, kind: str = "F32") -> bytes:
    entry = {"dtype": kind, "shape": shape, "data_offsets": [begin, end]}
    return json.dumps({"weight": entry}).encode()


NAN = struct.unpack("<Q", struct.pack("<d", float("nan")))[0]
HEADERS = {
    "nothing": b"",
    "7 bytes": bytes(7),
    "size 0": weights_file(b"", size=0),
    "size of a NaN": weights_file(b"{}", size=NAN),
    "all ones": weights_file(b"{}", size=2**64 - 1),
    "gigabytes of header": weights_file(b"{}", size=4 * 2**30),
    "99 MB of header": weights_file(b"{" + b" " * 99_000_000 + b"}"),
    "gigabytes of numbers": weights_file(tensor_of([2**30], 0, 2**32), bytes(64)),
    "product beyond 64 bits": weights_file(tensor_of([2**40, 2**40], 0, 64), bytes(64)),
    "end before begin": weights_file(tensor_of([16], 64, 0), bytes(64)),
    "beyond 64 bits": weights_file(tensor_of([2**70], 0, 64), bytes(64)),
    "negative": weights_file(tensor_of([-1], 0, 64), bytes(64)),
    "unknown type": weights_file(tensor_of([16], 0, 64, "PICKLE"), bytes(64)),
    "shape without end": weights_file(tensor_of([1] * 100_000, 0, 4), bytes(4)),
    "no JSON": weights_file(b"\xff" * 64, bytes(64)),
    "escapes": weights_file(json.dumps({ESCAPES: 1}).encode(), bytes(64)),
}


@pytest.mark.parametrize("case", HEADERS)
def test_hostile_headers(linear, case: str) -> None:
    folder, _ = linear
    (folder / "model.safetensors").write_bytes(HEADERS[case])
    refusal(folder)


def test_a_header_of_gigabytes_at_the_command_line(run, digits_npz, nasci) -> None:
    with (run / MODEL / "model.safetensors").open("r+b") as file:
        file.write(struct.pack("<Q", 2**33))
        file.truncate(2**34)  # 16 GiB that take no room
    ended = nasci("evaluate", run / MODEL, digits_npz)
    assert (ended.code, ended.out) == (2, "")
    assert len(ended.err.splitlines()) == 1
    assert "a header of 8,589,934,592 bytes" in ended.err
    assert ended.seconds < 30 and ended.peak < 1.5 * 2**30
