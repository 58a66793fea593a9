"""A step of alpha: a hypergradient, penalties, Adam. And a step of w.

Liu et al. 2019 (arXiv:1806.09055), algorithm 1: alpha descends the validation loss, then w the
training loss. In a one-level search both descend one loss, of one forward pass.
"""

from collections.abc import Iterator, Mapping

import torch
from torch import Tensor, nn

from nasci._random import derive_seed
from nasci.config import SearchSettings
from nasci.nets import Supernet
from nasci.searchers.costs import operation_costs, relative
from nasci.searchers.hypergradients import HYPERGRADIENTS
from nasci.searchers.penalties import PenaltyInput, check_penalties, parse_penalties, total
from nasci.tasks import Task
from nasci.training import (
    Batch,
    Runtime,
    State,
    in_parts,
    make_optimizer,
    merge,
    optimizer_state,
    restore_optimizer,
    seeded,
    set_lr,
    summed_gradients,
    take_step,
)


class BilevelSteps:
    """Moves alpha and w of a supernet.

    Attributes:
        optimizer: of w.
        arch_lr: learning rate of alpha; may be changed between steps.
    """

    def __init__(
        self, supernet: Supernet, task: Task, settings: SearchSettings, runtime: Runtime
    ) -> None:
        """Make both optimizers.

        Args:
            supernet: prepared by the runtime.
            task: gives the loss.
            settings: optimizers, hypergradient, penalties.
            runtime: where it is computed.
        """
        self._supernet, self._task, self._settings = supernet, task, settings
        self._runtime = runtime
        self._penalties = parse_penalties(settings.penalties or "")
        self._costs: Mapping[str, Tensor] = {}
        if any(term.name == "cost" for term in self._penalties):
            found = operation_costs(supernet, task.input_shape, settings.cost_unit)
            self._costs = {kind: cost.to(runtime.device) for kind, cost in relative(found).items()}
            relaxation = supernet.relaxation
            check_penalties(self._penalties, relaxation.name, relaxation.sums_to_one, self._costs)
        self._alphas = dict(supernet.named_arch_parameters())
        self.optimizer = make_optimizer([w for _, w in supernet.named_weights()], settings)
        self.arch_lr = settings.arch_lr
        self.restart_alphas()

    def restart_alphas(self) -> None:
        """Forget what Adam knows of alpha."""
        settings = self._settings
        self._arch_optimizer = torch.optim.Adam(
            self._alphas.values(),
            lr=self.arch_lr,
            betas=(settings.arch_beta1, settings.arch_beta2),
            weight_decay=settings.arch_weight_decay,
        )

    def __call__(
        self, batch: Batch, alpha_batch: Batch | None, lr: float, seed: int, *, moves_alpha: bool
    ) -> tuple[Tensor, bool]:
        """Take a step of alpha, where it moves, and one of w.

        Args:
            batch: of the part of train that is for w.
            alpha_batch: of the part that is for alpha; None where alpha does not move or moves
                along with w.
            lr: learning rate of w.
            seed: of sampled operations and stochastic layers.
            moves_alpha: whether alpha moves.

        Returns:
            The training loss, and whether all gradients were finite; what has others stays.
        """
        fine = True
        set_lr(self.optimizer, lr)
        one_level = self._settings.hypergradient == "one-level"
        if moves_alpha and alpha_batch is not None:
            with seeded(derive_seed(seed, "alpha"), self._runtime.device):
                fine = self._move_alphas(self._hypergradient(batch, alpha_batch, lr))
        with seeded(seed, self._runtime.device):
            weights = [w for _, w in self._supernet.named_active_weights()]
            alphas = list(self._alphas.values()) if moves_alpha and one_level else []
            loss, found = summed_gradients(self._losses(batch), [*weights, *alphas])
            if alphas:
                of_alphas = dict(zip(self._alphas, found[len(weights) :], strict=True))
                fine = self._move_alphas(of_alphas)
            moved = take_step(
                weights,
                found[: len(weights)],
                self.optimizer,
                self._settings.clip_norm,
                self._runtime,
            )
        return loss, fine and moved

    def _losses(self, batch: Batch) -> Iterator[Tensor]:
        """Yield the losses of the parts of a batch, which add up to that of the whole."""
        for share, (x, targets) in in_parts(batch, self._settings.num_parts):
            with self._runtime.autocast():
                loss = self._task.loss(self._supernet(x), targets)
            yield share * loss

    def _hypergradient(self, batch: Batch, alpha_batch: Batch, lr: float) -> dict[str, Tensor]:
        name = self._settings.hypergradient
        # First order it is linear in the batch; the others look ahead with the whole one.
        num_parts = self._settings.num_parts if name == "first" else 1
        total: dict[str, Tensor] = {}
        for share, part in in_parts(alpha_batch, num_parts):
            with self._runtime.autocast():
                found = HYPERGRADIENTS[name](self._supernet, self._task.loss, batch, part, lr)
            for key, gradient in found.items():
                scaled = gradient if share == 1 else share * gradient
                total[key] = total[key] + scaled if key in total else scaled
        return total

    def _move_alphas(self, gradients: Mapping[str, Tensor]) -> bool:
        """Take a step of alpha; return False, without one, where the gradient is not finite."""
        gradients = {name: gradient.clone() for name, gradient in gradients.items()}
        if self._penalties:
            alphas: dict[str, nn.Parameter] = self._alphas
            of_penalties = torch.autograd.grad(
                self._penalty(), list(alphas.values()), materialize_grads=True
            )
            for name, gradient in zip(alphas, of_penalties, strict=True):
                gradients[name] += gradient
        self._runtime.average_gradients(gradients.values())
        if not all(bool(torch.isfinite(gradient).all()) for gradient in gradients.values()):
            return False
        for name, alpha in self._alphas.items():
            alpha.grad = gradients[name]
        for group in self._arch_optimizer.param_groups:
            group["lr"] = self.arch_lr
        self._arch_optimizer.step()
        return True

    def state(self) -> State:
        """Return what both optimizers remember, and the learning rate of alpha."""
        return merge(
            {
                "weights": optimizer_state(self.optimizer),
                "alphas": optimizer_state(self._arch_optimizer),
            },
            arch_lr=self.arch_lr,
        )

    def restore(self, state: State) -> None:
        """Go on from a state."""
        restore_optimizer(self.optimizer, state.within("weights"))
        restore_optimizer(self._arch_optimizer, state.within("alphas"))
        self.arch_lr = state.values["arch_lr"]

    def forget(self) -> None:
        """Empty both optimizers."""
        self.optimizer.state.clear()
        self.restart_alphas()

    def _penalty(self) -> Tensor:
        weights = self._supernet.expected_weights()
        return total(
            self._penalties,
            [
                PenaltyInput(
                    self._supernet.masked_alphas(kind),
                    weights[kind],
                    self._costs.get(kind, torch.zeros_like(weights[kind])),
                )
                for kind in weights
            ],
        )
