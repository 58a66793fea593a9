"""The linear model and the residual networks, by name.

`resnet` has the skeleton that the rule chooses for the data and the clock (`nasci.tune`). The other
two are the 2019 study's, with its parameter counts, whatever the data: `resnet18` is He et al. 2016
(arXiv:1512.03385) without max-pool (11,168,193 for one channel and one output); `resnet10-tiny` has
ten layers and an eighth of the channels (77,273).
"""

from collections.abc import Callable, Mapping

from nasci.config import Settings
from nasci.nets import LinearSpec, NetworkSpec, ResNetSpec, resnet_spec, stem_stride
from nasci.training import Contestant, train_spec


def _linear(settings: Settings) -> NetworkSpec:
    return LinearSpec()


def _resnet10_tiny(settings: Settings) -> NetworkSpec:
    return ResNetSpec(
        widths=(8, 16, 32, 64), blocks=(1, 1, 1, 1), stem_stride=stem_stride(settings)
    )


def _resnet18(settings: Settings) -> NetworkSpec:
    return ResNetSpec(
        widths=(64, 128, 256, 512), blocks=(2, 2, 2, 2), stem_stride=stem_stride(settings)
    )


BASELINES: Mapping[str, Callable[[Settings], NetworkSpec]] = {
    "linear": _linear,
    "resnet": resnet_spec,
    "resnet10-tiny": _resnet10_tiny,
    "resnet18": _resnet18,
}
"""Baselines by name: from settings to the network."""

RULED = frozenset({"resnet"})
"""Baselines whose width the clock chooses."""


def baseline(spec: Callable[[Settings], NetworkSpec]) -> Contestant:
    """Return the contestant that trains one network with its whole clock."""
    return lambda problem, clock, settings, runtime, seed, keeper=None: train_spec(
        spec(settings), problem, clock, settings, runtime, seed, keeper
    )
