"""A small search on real digits that can be stopped at any step, for measurements on the way."""

import argparse

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from nasci.config import Settings
from nasci.data import load
from nasci.nets import Supernet
from nasci.nets.cell_network import CellSkeleton
from nasci.nets.layers import FactorizedReduce
from nasci.nets.ops import Pool
from nasci.searchers import first_order
from nasci.space import CellSpace
from nasci.training import Batch, make_optimizer

LR = 0.025  # of w: the paper's SGD
TRAIN_BATCH = 32


class Digits:
    """Halves of the digits' training examples: 0 for w, 1 for alpha."""

    def __init__(self, seed: int, side: int) -> None:
        """Divide them; images become `side` pixels wide by the mean of their pixels."""
        development = load("mnist").development
        x = torch.from_numpy(development.train.x[:]).float()
        x = F.adaptive_avg_pool2d(x, side)
        self.x = (x - x.mean()) / x.std()
        self.y = torch.from_numpy(development.train.y)
        self.generator = torch.Generator().manual_seed(seed)
        self.halves = torch.randperm(len(x), generator=self.generator).chunk(2)

    def batch(self, half: int, size: int) -> Batch:
        """Return a batch of different examples: (B, 1, side, side) and (B,)."""
        own = self.halves[half]
        chosen = own[torch.randperm(len(own), generator=self.generator)[:size]]
        return self.x[chosen].contiguous(memory_format=torch.channels_last), self.y[chosen]


def build(seed: int, options: argparse.Namespace) -> Supernet:
    """Return a new supernet."""
    torch.manual_seed(seed)
    changes = {"nodes": options.nodes, "multiplier": options.nodes}
    space = CellSpace.from_settings(Settings().network.model_copy(update=changes))
    skeleton = CellSkeleton(in_channels=1, dims=2, cells=options.cells, channels=options.channels)
    supernet = Supernet(space, skeleton, lambda features: nn.Linear(features, 10))
    supernet.keep_activations = True
    return supernet.to(memory_format=torch.channels_last)  # type: ignore[call-overload,no-any-return]


class SmoothReduce(FactorizedReduce):
    """A factorized reduction without a kink."""

    def forward(self, x: Tensor) -> Tensor:
        """Return the halved x."""
        return self.reduced(F.softplus(x))


def smooth(supernet: Supernet) -> Supernet:
    """Replace ReLU by softplus and maxima by means: the control, where all laws are sharp."""
    supernet.engine = "plain"
    for module in list(supernet.modules()):
        for name, child in module.named_children():
            if isinstance(child, nn.ReLU):
                setattr(module, name, nn.Softplus())
        if type(module) is FactorizedReduce:
            module.__class__ = SmoothReduce
        elif isinstance(module, Pool):
            module.kind = "avg"
    return supernet


class Search:
    """Algorithm 1 at first order: w by the paper's SGD, alpha by nasci's Adam."""

    def __init__(self, supernet: Supernet, digits: Digits) -> None:
        """Make the optimizers."""
        changes = {"optimizer": "sgd", "lr": LR, "weight_decay": 3e-4}
        settings = Settings().search.model_copy(update=changes)
        self.supernet, self.digits = supernet, digits
        self.weights = [w for _, w in supernet.named_weights()]
        self.alphas = dict(supernet.named_arch_parameters())
        self.optimizer = make_optimizer(self.weights, settings)
        self.arch_optimizer = torch.optim.Adam(
            self.alphas.values(),
            lr=settings.arch_lr,
            betas=(settings.arch_beta1, settings.arch_beta2),
            weight_decay=settings.arch_weight_decay,
        )
        self.clip_norm = settings.clip_norm

    def step(self) -> float:
        """Take a step of alpha and one of w; return the training loss."""
        batch, other = (self.digits.batch(half, TRAIN_BATCH) for half in (0, 1))
        gradients = first_order(self.supernet, F.cross_entropy, batch, other, LR)
        for name, alpha in self.alphas.items():
            alpha.grad = gradients[name]
        self.arch_optimizer.step()
        loss = F.cross_entropy(self.supernet(batch[0]), batch[1])
        found = torch.autograd.grad(loss, self.weights, materialize_grads=True)
        for weight, gradient in zip(self.weights, found, strict=True):
            weight.grad = gradient
        nn.utils.clip_grad_norm_(self.weights, self.clip_norm)
        self.optimizer.step()
        return float(loss.detach())
