"""What an anchored search believes: who leads every decision, who may still replace the leader.

The leader of a decision is the anchor's choice at the start. Its prior is log odds against every
single rival: `prior`, and the log of the number of rivals, so that many rivals do not win by being
many. Evidence of paired trials is weighed against it; where a rival's outweighs it, the rival leads
and has the prior on its side from then on. What is left of the prior also says how often training
leaves the leader: it falls with evidence, not with time.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn

from nasci.nets import Design, Term
from nasci.records import EvidenceRecord
from nasci.searchers.anchored.evidence import MIN_TRIALS, Trials
from nasci.space import NONE, Decision, ResidualSpace
from nasci.space.residual_space import EDGES
from nasci.training import State

BONUS = 1.0
"""What a whole prior adds to the leader's log odds of taking part in a step: it does 73 times in
100."""

OPEN = 0.5
"""Chance of a decision to be open in a step; the others are as their leaders are. A network whose
every edge is mixed is far from any that the search could end with."""

STRIDE = "stem_stride"
"""The decision that is never mixed, so that its alphas never move."""

NEGLIGIBLE = 0.02
"""Weight below which a choice is left out of a step."""

DROPPED = 3.0
"""Evidence against a rival from which it leaves: the leader is 20 times likelier."""

TRAINED = 8
"""Steps that a rival has to have taken part in before it may leave: it starts at nothing."""


@dataclass(frozen=True)
class Belief:
    """What is believed of one decision.

    Attributes:
        decision: name.
        leader: its present choice.
        rival: the likeliest other one; "" where none is left.
        evidence: log likelihood ratio for the rival.
        prior: log odds that are left to the leader, at least 0.
        trials: of the rival.
    """

    decision: str
    leader: str
    rival: str
    evidence: float
    prior: float
    trials: int

    def record(self, step: int, *, moved: bool = False) -> EvidenceRecord:
        """Return it as a run writes it.

        Args:
            step: search steps so far.
            moved: the rival leads from now on.
        """
        return EvidenceRecord(**vars(self), step=step, moved=moved)


class Beliefs:
    """The state of every decision of a space.

    Attributes:
        alphas: architecture weights by decision, (num_choices,) each.
        leaders: place of the present choice by decision.
        num_trials: of all rivals so far.
    """

    def __init__(self, space: ResidualSpace, prior: float, device: torch.device) -> None:
        """Start at the anchor.

        Args:
            space: its decisions.
            prior: log odds of a leader against a rival, at least 0.
            device: of the network.
        """
        self.space, self.prior = space, prior
        self._decisions = {decision.name: decision for decision in space.decisions}
        self.alphas = nn.ParameterDict(
            {
                name: nn.Parameter(torch.zeros(len(decision.choices), device=device))
                for name, decision in self._decisions.items()
            }
        )
        self.leaders = {name: decision.anchor for name, decision in self._decisions.items()}
        self._rivals = {
            name: [i for i in range(len(decision.choices)) if i != decision.anchor]
            for name, decision in self._decisions.items()
        }
        self._trials: dict[tuple[str, int], Trials] = {}
        self._drawn: dict[tuple[str, int], int] = {}  # steps that rivals took part in
        self.num_trials = 0

    @property
    def open(self) -> list[str]:
        """Decisions that have a rival left."""
        return [name for name, rivals in self._rivals.items() if rivals]

    def leading(self) -> Design:
        """Return the leaders, by decision, and what the space leaves no choice in."""
        fixed = {decision.name: (Term(decision.choices[0]),) for decision in self.space.fixed}
        leaders = {
            name: (Term(decision.choices[self.leaders[name]]),)
            for name, decision in self._decisions.items()
        }
        return {**fixed, **leaders}

    def draw(self, generator: np.random.Generator, temperature: float, exchange: float) -> Design:
        """Return what a step of training computes: leaders, and here and there a rival.

        An open decision mixes its leader with one rival, drawn by alpha, in weights of the concrete
        distribution (Maddison et al. 2017, arXiv:1611.00712, equation 11 for two choices) with what
        is left of the prior on the leader's side. Strides are taken or left.

        Args:
            generator: the only source of randomness.
            temperature: of the weights, > 0.
            exchange: see `Trials.mean`.
        """
        design = dict(self.leading())
        for name in self.open:
            is_open, uniform, place = generator.random(3)
            if is_open >= OPEN:
                continue
            rival = self._drawn_rival(name, place)
            noise = math.log(uniform / (1 - uniform)) if 0 < uniform < 1 else 0.0
            weight = self._rival_weight(name, rival, noise, temperature, exchange)
            design[name] = self._terms(name, rival, weight)
            if any(term.choice == self._decisions[name].choices[rival] for term in design[name]):
                self._drawn[name, rival] = self._drawn.get((name, rival), 0) + 1
        return self._passable(design)

    def settled(self, temperature: float, exchange: float) -> Design:
        """Return the leaders mixed with their likeliest rivals, without chance."""
        design = dict(self.leading())
        for name in self.open:
            rival = max(self._rivals[name], key=lambda i: float(self.alphas[name].detach()[i]))
            weight = self._rival_weight(name, rival, 0.0, temperature, exchange).detach()
            design[name] = self._terms(name, rival, weight)
        return self._passable(design)

    def exchanged(self, name: str, rival: int) -> Design | None:
        """Return the leaders with one exchanged; None where no network is left of it."""
        choices = {**self.leaders, name: rival}
        if not self.space.is_whole(choices):
            return None
        return {**self.leading(), name: (Term(self._decisions[name].choices[rival]),)}

    def next_trials(
        self, num_trials: int, generator: np.random.Generator, exchange: float
    ) -> list[tuple[str, int]]:
        """Return the rivals to be tried next, by decision.

        Those of fewer than `MIN_TRIALS` come first, the least tried of them; then those of the
        largest mean plus standard error, whatever their decision.

        Args:
            num_trials: how many, at most.
            generator: decides ties.
            exchange: see `Trials.mean`.
        """
        pairs = [(name, rival) for name in self.open for rival in self._rivals[name]]
        ties = generator.permutation(len(pairs))

        def rank(index: int) -> tuple[float, float, int]:
            trials = self._trials.get(pairs[index], Trials())
            return -trials.promise(exchange), len(trials.gains), int(ties[index])

        return [pairs[index] for index in sorted(range(len(pairs)), key=rank)[:num_trials]]

    def tried(self, name: str, rival: int, gain: float, cost: float | None) -> None:
        """Take note of a trial: see `Trials.add`."""
        self._trials.setdefault((name, rival), Trials()).add(gain, cost)
        self.num_trials += 1

    def believe(self, exchange: float) -> Belief | None:
        """Let the rival lead whose evidence outweighs its prior by most; drop those with none left.

        At most one leader changes: trials are against the leaders as they stood, so all are void
        after that.

        Returns:
            What was believed of the decision whose leader has changed; None where none has.
        """
        beliefs = {name: self.of(name, exchange) for name in self.open}
        ripe = [b for b in beliefs.values() if b.rival and b.prior <= 0 < b.evidence]
        if ripe:
            best = max(
                ripe, key=lambda b: b.evidence - self._whole_prior(self._decisions[b.decision])
            )
            self._lead(best.decision, self._decisions[best.decision].choices.index(best.rival))
            return best
        for name in self.open:
            self._rivals[name] = [
                i
                for i in self._rivals[name]
                if self._evidence(name, i, exchange) > -DROPPED
                or self._drawn.get((name, i), 0) < TRAINED
            ]
        return None

    def drop(self, name: str, rival: int) -> None:
        """Let a rival go."""
        self._rivals[name].remove(rival)

    def halve(self, exchange: float) -> None:
        """Let the weaker half of every decision's rivals go, by alpha, but one at least stays.

        Nobody goes for whom the evidence speaks, and nobody of a decision whose alphas never move.
        """
        for name in self.open:
            if name == STRIDE:
                continue
            ranked = sorted(self._rivals[name], key=lambda i: -float(self.alphas[name].detach()[i]))
            half = set(ranked[: -(-len(ranked) // 2)])
            kept = {i for i in ranked if self._evidence(name, i, exchange) > 0}
            self._rivals[name] = sorted(half | kept)

    def of(self, name: str, exchange: float) -> Belief:
        """Return what is believed of a decision."""
        decision = self._decisions[name]
        leader, rivals = decision.choices[self.leaders[name]], self._rivals[name]
        if not rivals:
            return Belief(name, leader, "", 0.0, self._whole_prior(decision), 0)
        evidence = {i: self._evidence(name, i, exchange) for i in rivals}
        best = max(rivals, key=lambda i: evidence[i])
        left = max(0.0, self._whole_prior(decision) - max(0.0, evidence[best]))
        trials = self._trials.get((name, best), Trials())
        return Belief(name, leader, decision.choices[best], evidence[best], left, len(trials.gains))

    def num_rivals(self) -> int:
        """Return how many rivals are left in all."""
        return sum(map(len, self._rivals.values()))

    def judged(self) -> float:
        """Return the trials made, as a share of what judges every rival of the space once."""
        rivals = sum(len(decision.choices) - 1 for decision in self._decisions.values())
        return min(self.num_trials / (MIN_TRIALS * rivals), 1.0)

    def state(self) -> State:
        """Return leaders, rivals, trials and alphas."""
        return State(
            {
                "leaders": self.leaders,
                "rivals": self._rivals,
                "num_trials": self.num_trials,
                "drawn": [[name, i, count] for (name, i), count in self._drawn.items()],
                "trials": [[name, i, t.pack()] for (name, i), t in self._trials.items()],
            },
            dict(self.alphas.state_dict()),
        )

    def restore(self, state: State) -> None:
        """Go on from a state."""
        self.leaders = dict(state.values["leaders"])
        self.num_trials = state.values["num_trials"]
        self._drawn = {(name, i): count for name, i, count in state.values["drawn"]}
        self._rivals = {name: list(rivals) for name, rivals in state.values["rivals"].items()}
        self._trials = {
            (name, i): Trials.unpack(packed) for name, i, packed in state.values["trials"]
        }
        self.alphas.load_state_dict(dict(state.tensors))

    def _passable(self, design: Design) -> Design:
        """Return a design with the leaders in every block that would have no path through it."""
        for stage in range(len(self.space.anchor.stages)):
            names = [f"{self.space.block_name(stage)}_{edge}" for edge in EDGES]
            first, second, *past = ({t.choice for t in design[name]} != {NONE} for name in names)
            if not (any(past) or (first and second)):
                leading = self.leading()
                design = {**design, **{name: leading[name] for name in names}}
        return design

    def _lead(self, name: str, leader: int) -> None:
        """Make a choice the leader; whoever led is a rival, and all trials are void."""
        before, self.leaders[name] = self.leaders[name], leader
        self._rivals[name] = [i for i in self._rivals[name] if i != leader] + [before]
        self._trials.clear()

    def _whole_prior(self, decision: Decision) -> float:
        return self.prior + math.log(len(decision.choices) - 1)

    def _evidence(self, name: str, rival: int, exchange: float) -> float:
        trials = self._trials.get((name, rival))
        return trials.evidence(exchange) if trials else 0.0

    def _drawn_rival(self, name: str, place: float) -> int:
        rivals = self._rivals[name]
        weights = self.alphas[name].detach()[rivals].double().softmax(0).cumsum(0)
        return rivals[min(int((weights < place).sum()), len(rivals) - 1)]

    def _rival_weight(
        self, name: str, rival: int, noise: float, temperature: float, exchange: float
    ) -> Tensor:
        alphas, leader = self.alphas[name], self.leaders[name]
        whole = self._whole_prior(self._decisions[name])
        left = self.of(name, exchange).prior / whole if whole else 0.0
        odds = alphas[rival] - alphas[leader] - BONUS * left + noise
        return torch.sigmoid(odds / temperature)

    def _terms(self, name: str, rival: int, weight: Tensor) -> tuple[Term, ...]:
        choices = self._decisions[name].choices
        led, other = choices[self.leaders[name]], choices[rival]
        share = float(weight.detach())
        if name == STRIDE:  # resolutions cannot be mixed
            return (Term(other if share > 0.5 else led),)
        if share < NEGLIGIBLE:
            return (Term(led),)
        if share > 1 - NEGLIGIBLE:
            return (Term(other),)
        return (Term(led, 1 - weight), Term(other, weight))


def named_drawn(alphas: nn.ParameterDict, design: Design) -> Mapping[str, nn.Parameter]:
    """Return the architecture weights that a design depends on."""
    return {name: p for name, p in alphas.items() if len(design[name]) > 1}
