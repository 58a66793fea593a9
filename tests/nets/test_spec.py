"""Networks as data: a specification survives JSON and builds the same network."""

from typing import Any

import numpy as np
import pytest
import torch
from pydantic import TypeAdapter, ValidationError
from torch import nn

from nasci.config import Settings, resolve_settings
from nasci.errors import ConfigError
from nasci.nets import (
    OPS,
    CellNetwork,
    CellSpec,
    Linear,
    LinearSpec,
    NetworkSpec,
    OpShape,
    ResidualNetwork,
    ResidualSpec,
    ResNet,
    ResNetSpec,
    Supernet,
    SupernetSpec,
    cell_spec,
    count_parameters,
    inherited_spec,
    resnet_spec,
    stem_stride,
    supernet_spec,
)
from nasci.records import Target
from nasci.space import (
    DARTS_OP_NAMES,
    Architecture,
    CellSpace,
    ResidualArchitecture,
    ResidualSpace,
    op_set,
    published,
)
from nasci.tasks import make_task

ADAPTER: TypeAdapter[Any] = TypeAdapter(NetworkSpec)
SUPERNET = SupernetSpec(
    nodes=2,
    inputs_per_node=2,
    op_names=("none", "skip_connect", "sep_conv_3x3", "avg_pool_2x2"),
    multiplier=2,
    cells=3,
    channels=2,
    stem_stride=2,
    num_reductions=1,
)
SPECS = [
    LinearSpec(),
    ResNetSpec(widths=(4, 8), blocks=(1, 2), stem_stride=2),
    CellSpec(architecture=published("study-galaxy-zoo"), cells=3, channels=2),
    CellSpec(
        architecture=CellSpace(3, 3, DARTS_OP_NAMES, 3).sample(np.random.default_rng(0)),
        cells=2,
        channels=4,
        stem_stride=4,
        auxiliary=True,
        drop_path=0.2,
    ),
    SUPERNET,
    ResidualSpec(
        architecture=ResidualSpace(
            ResidualArchitecture.resnet((4, 8)), ("ops", "extra", "depth")
        ).sample(np.random.default_rng(0))
    ),
]
NETWORKS = {
    "linear": Linear,
    "resnet": ResNet,
    "cells": CellNetwork,
    "residual": ResidualNetwork,
    "supernet": Supernet,
}
SHAPES = [(1, 17), (3, 9, 8), (1, 5, 6, 4)]

every_spec = pytest.mark.parametrize("spec", SPECS, ids=lambda spec: spec.kind)
every_shape = pytest.mark.parametrize("shape", SHAPES, ids=str)


def task_of(shape: tuple[int, ...]) -> Any:
    return make_task(shape, Target(kind="multiclass", names=("a", "b", "c")))


@every_spec
def test_survives_json(spec: Any) -> None:
    again = ADAPTER.validate_json(ADAPTER.dump_json(spec))
    assert again == spec
    assert type(again) is type(spec)
    assert hash(again) == hash(spec)


def test_every_kind_is_tested() -> None:
    schema = ADAPTER.json_schema()
    assert set(schema["discriminator"]["mapping"]) == set(NETWORKS) == {s.kind for s in SPECS}


@every_spec
@every_shape
def test_builds_the_same_network_again(spec: Any, shape: tuple[int, ...]) -> None:
    task = task_of(shape)
    network = spec.build(task)
    assert type(network) is NETWORKS[spec.kind]
    again = ADAPTER.validate_json(ADAPTER.dump_json(spec)).build(task)
    assert count_parameters(again) == count_parameters(network) > 0
    x = torch.randn(4, *shape)
    assert not torch.equal(again.eval()(x), network.eval()(x))  # the weights are fresh
    again.load_state_dict(network.state_dict())
    assert torch.equal(again(x), network(x))


@every_spec
@every_shape
def test_trains_end_to_end(spec: Any, shape: tuple[int, ...]) -> None:
    torch.manual_seed(0)
    task = task_of(shape)
    network = spec.build(task)
    x, y = torch.randn(4, *shape), torch.tensor([0, 1, 2, 0])
    outputs = network.training_outputs(x, 0.5)
    assert len(outputs) == 1 + getattr(spec, "auxiliary", False)
    assert all(o.shape == (4, 3) for o in outputs)
    sum(task.loss(o, y) for o in outputs).backward()
    for name, parameter in network.named_parameters():
        assert parameter.grad is not None, name
        assert parameter.grad.isfinite().all(), name
    gradients = torch.cat([p.grad.flatten() for p in network.parameters()])
    assert (gradients != 0).double().mean() > 0.2
    predictions = task.predict(network.eval()(x))
    torch.testing.assert_close(predictions.sum(1), torch.ones(4))


@every_spec
def test_says_what_it_is(spec: Any) -> None:
    words = spec.describe()
    expected = {
        "linear": ["linear"],
        "resnet": ["8 layers", "4-8", "stride 2"],
        "cells": [f"{getattr(spec, 'cells', 0)} cells"],
        "residual": ["residual network", "4-8 channels", "stage 2: "],
        "supernet": ["3 cells of 2 channels", "4 operations"],
    }
    assert all(word in words for word in expected[spec.kind])


def test_the_fields_reach_the_network() -> None:
    network = SPECS[3].build(task_of((2, 9, 8)))
    assert isinstance(network, CellNetwork)
    skeleton = network.skeleton
    assert (skeleton.in_channels, skeleton.dims) == (2, 2)
    assert (skeleton.cells, skeleton.channels, skeleton.stem_stride) == (2, 4, 4)
    assert (skeleton.auxiliary, skeleton.drop_path) == (True, 0.2)
    supernet = SUPERNET.build(task_of((2, 9, 8)))
    assert supernet.space == SUPERNET.space == CellSpace(2, 2, SUPERNET.op_names, 2)
    assert supernet.network.skeleton.stem_stride == 2
    assert (supernet.network.skeleton.num_reductions, skeleton.num_reductions) == (1, 2)
    resnet = SPECS[1].build(task_of((2, 9, 8)))
    assert isinstance(resnet, ResNet)
    assert resnet.stem(torch.zeros(2, 2, 9, 8)).shape == (2, 4, 5, 4)
    assert resnet.blocks(torch.zeros(2, 4, 5, 4)).shape == (2, 8, 3, 2)
    assert len(resnet.blocks) == 3


def test_ops_of_ones_own_are_passed_on() -> None:
    def plain(shape: OpShape) -> nn.Module:
        return nn.Conv2d(shape.channels, shape.channels, 3, shape.stride, 1)

    ops = OPS.with_op("plain", plain)
    task = task_of((1, 9, 8))
    spec = SUPERNET.model_copy(update={"op_names": ("none", "plain")})
    architecture = spec.space.sample(np.random.default_rng(0))
    cells = CellSpec(architecture=architecture, cells=2, channels=2)
    for one in (spec, ADAPTER.validate_json(ADAPTER.dump_json(cells))):
        network = one.build(task, ops)
        assert any(isinstance(m, nn.Conv2d) and m.bias is not None for m in network.modules())
        with pytest.raises(ConfigError, match=r"got `plain`.*with_op"):
            one.build(task)


@pytest.mark.parametrize(
    "values",
    [
        {"kind": "transformer"},
        {},
        {"kind": "linear", "bias": True},
        {"kind": "resnet", "widths": [], "blocks": []},
        {"kind": "resnet", "widths": [4], "blocks": [1], "stem_stride": 3},
        {**SUPERNET.model_dump(), "cells": 0},
        {**SUPERNET.model_dump(), "channels": 0},
        {**SUPERNET.model_dump(), "relaxation": "wish"},
        {**SUPERNET.model_dump(), "num_reductions": 0},
        {**SUPERNET.model_dump(), "num_reductions": 5},
    ],
)
def test_refuses(values: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        ADAPTER.validate_python(values)


@every_spec
def test_is_frozen(spec: Any) -> None:
    with pytest.raises(ValidationError, match="frozen"):
        spec.kind = "other"


def settings_of(*assignments: str) -> Settings:
    return resolve_settings(
        assignments=(
            *("network.cells=5", "network.channels=6", "network.stem_stride=2"),
            *("search.cells=3", "search.channels=4"),
            *assignments,
        )
    )


def test_cell_spec_of_settings() -> None:
    architecture: Architecture = published("darts-v1")
    spec = cell_spec(architecture, settings_of())
    assert spec == CellSpec(architecture=architecture, cells=5, channels=6, stem_stride=2)
    spec = cell_spec(
        architecture, settings_of("network.auxiliary_weight=0.4", "network.drop_path=0.3")
    )
    assert (spec.auxiliary, spec.drop_path) == (True, 0.3)


@pytest.mark.parametrize(("stages", "reductions"), [("auto", 2), (1, 1), (2, 1), (3, 2), (8, 2)])
def test_reductions_follow_the_stages(stages: object, reductions: int) -> None:
    settings = settings_of(f"network.stages={stages}")
    architecture = published("darts-v1")
    specs = (
        cell_spec(architecture, settings),
        inherited_spec(architecture, settings),
        supernet_spec(settings),
    )
    assert {spec.num_reductions for spec in specs} == {reductions}


def test_networks_of_earlier_versions_have_the_reductions_of_the_paper() -> None:
    for spec in (SPECS[2], SUPERNET):
        written = spec.model_dump(exclude={"num_reductions"})
        assert ADAPTER.validate_python(written).num_reductions == 2


def test_resnet_spec_of_settings() -> None:
    settings = settings_of("network.stages=3", "network.width=12", "network.depth=2")
    spec = resnet_spec(settings)
    assert spec == ResNetSpec(widths=(12, 24, 48), blocks=(2, 2, 2), stem_stride=2)


def test_supernet_spec_of_settings() -> None:
    settings = settings_of("network.nodes=3", "network.multiplier=2", "network.ops=study")
    spec = supernet_spec(settings)
    assert spec.space == CellSpace(3, 2, op_set("study"), 2)
    assert spec.space == CellSpace.from_settings(settings.network)
    assert (spec.cells, spec.channels, spec.stem_stride) == (3, 4, 2)


def test_sizes_must_have_been_chosen() -> None:
    auto = resolve_settings()
    with pytest.raises(AssertionError, match="chosen"):
        stem_stride(auto)
    with pytest.raises(AssertionError, match="chosen"):
        cell_spec(published("darts-v1"), auto)
    with pytest.raises(AssertionError, match="chosen"):
        supernet_spec(auto)


@pytest.mark.parametrize(
    "values",
    [
        {"widths": (8, 16), "blocks": (1,)},
        {"widths": (0,), "blocks": (1,)},
        {"widths": (8,), "blocks": (-1,)},
    ],
)
def test_a_resnet_that_could_not_be_built_is_refused(values: dict[str, tuple[int, ...]]) -> None:
    with pytest.raises(ValidationError):
        ResNetSpec(**values)
