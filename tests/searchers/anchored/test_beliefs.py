"""What an anchored search believes: a prior that falls with evidence alone."""

import math

import numpy as np
import pytest
import torch

from nasci.nets.residual import design_key
from nasci.searchers.anchored.beliefs import Beliefs
from nasci.space import NONE, PARTS, ResidualArchitecture, ResidualSpace

SPACE = ResidualSpace(ResidualArchitecture.resnet((4, 8), stem_stride=2), PARTS)
CPU = torch.device("cpu")


def try_often(beliefs: Beliefs, name: str, rival: int, mean: float, num_trials: int) -> None:
    generator = np.random.default_rng(0)
    for _ in range(num_trials):
        beliefs.tried(name, rival, float(generator.normal(mean, 0.1)), 0.0)


def test_starts_at_the_anchor_with_the_whole_prior() -> None:
    beliefs = Beliefs(SPACE, 2.0, CPU)
    assert SPACE.at(beliefs.leaders) == SPACE.anchor
    for decision in SPACE.decisions:
        belief = beliefs.of(decision.name, 0.0)
        assert belief.prior == pytest.approx(2.0 + math.log(len(decision.choices) - 1))
        assert belief.evidence == 0


def test_time_alone_changes_nothing() -> None:
    beliefs = Beliefs(SPACE, 2.0, CPU)
    before = beliefs.of("stage1_first", 0.0)
    for _ in range(100):
        assert beliefs.believe(0.0) is None
    assert beliefs.of("stage1_first", 0.0) == before


def test_the_prior_falls_with_evidence_and_then_the_rival_leads() -> None:
    beliefs = Beliefs(SPACE, 2.0, CPU)
    left = []
    for number in range(32):
        beliefs.tried("stage1_first", 3, 0.08 + 0.1 * (-1) ** number, 0.0)
        belief = beliefs.of("stage1_first", 0.0)
        left.append(belief.prior)
        moved = beliefs.believe(0.0)
        if moved:
            break
    assert moved and moved.decision == "stage1_first" and left[-1] == 0
    assert left[0] == beliefs.of("stage2_first", 0.0).prior > left[-2] > 0
    assert beliefs.leaders["stage1_first"] == 3
    # now the ResNet's operation would have to win its place back
    again = beliefs.of("stage1_first", 0.0)
    assert again.prior == pytest.approx(left[0]) and again.trials == 0
    assert SPACE.anchor.stages[0].block.first in {
        d.choices[i] for d in SPACE.decisions if d.name == "stage1_first" for i in range(11)
    }


def test_a_stronger_prior_takes_more_evidence() -> None:
    moved = {}
    for prior in (0.0, 5.0, 50.0):
        beliefs = Beliefs(SPACE, prior, CPU)
        try_often(beliefs, "stage2_width", 3, mean=0.15, num_trials=16)
        moved[prior] = bool(beliefs.believe(0.0))
    assert moved == {0.0: True, 5.0: True, 50.0: False}


def test_a_rival_that_loses_leaves_once_it_has_taken_part() -> None:
    beliefs = Beliefs(SPACE, 2.0, CPU)
    num_rivals = beliefs.num_rivals()
    try_often(beliefs, "stage1_first", 1, mean=-0.2, num_trials=10)
    beliefs.believe(exchange=0.0)
    assert beliefs.num_rivals() == num_rivals  # it was not trained in any step
    with torch.no_grad():
        beliefs.alphas["stage1_first"][1] = 8.0  # so that it is drawn
    for seed in range(60):
        beliefs.draw(np.random.default_rng(seed), 1.0, 0.0)
    beliefs.believe(exchange=0.0)
    assert beliefs.num_rivals() == num_rivals - 1
    assert beliefs.leaders["stage1_first"] == 0


def test_one_leader_changes_at_a_time_and_the_trials_are_void() -> None:
    beliefs = Beliefs(SPACE, 2.0, CPU)
    for name, mean in (("stage1_first", 0.1), ("stage2_first", 0.3)):
        try_often(beliefs, name, 3, mean=mean, num_trials=30)
    moved = beliefs.believe(exchange=0.0)
    assert moved is not None and moved.decision == "stage2_first"
    assert beliefs.of("stage1_first", 0.0).trials == 0
    assert beliefs.believe(exchange=0.0) is None


def test_as_good_and_cheaper_leads_where_time_is_dear() -> None:
    beliefs = Beliefs(SPACE, 2.0, CPU)
    generator = np.random.default_rng(0)
    for _ in range(12):
        gain = float(generator.normal(0.0, 0.01))
        beliefs.tried("stage1_second", 2, gain, math.log(3))
        beliefs.tried("stage1_second", 3, gain, math.log(1 / 3))
    assert beliefs.believe(exchange=0.0) is None
    moved = beliefs.believe(exchange=0.2)
    assert moved is not None and beliefs.leaders["stage1_second"] == 3


def test_what_is_drawn_has_a_path_and_mixes_two_at_most() -> None:
    beliefs = Beliefs(SPACE, 0.0, CPU)
    seen: set[str] = set()
    for seed in range(400):
        design = beliefs.draw(np.random.default_rng(seed), 0.5, 0.0)
        for name, terms in design.items():
            assert len(terms) in (1, 2)
            if len(terms) == 2:
                seen.add(name)
                total = sum(float(t.weight.detach()) for t in terms if t.weight is not None)
                assert total == pytest.approx(1.0)
        for stage in ("stage1", "stage2"):
            first, second, *past = (
                {t.choice for t in design[f"{stage}_{edge}"]} != {NONE}
                for edge in ("first", "second", "shortcut", "extra")
            )
            assert any(past) or (first and second)
    assert seen == {d.name for d in SPACE.decisions} - {"stem_stride"}


def test_draws_repeat_and_follow_the_prior() -> None:
    weak, strong = Beliefs(SPACE, 0.0, CPU), Beliefs(SPACE, 5.0, CPU)

    def departures(beliefs: Beliefs) -> int:
        led = dict(design_key(beliefs.leading()))
        return sum(
            choice != led[name]
            for seed in range(200)
            for name, choice in design_key(beliefs.draw(np.random.default_rng(seed), 0.3, 0.0))
        )

    assert departures(weak) > departures(strong) > 0
    first, second = (weak.draw(np.random.default_rng(3), 0.5, 0.0) for _ in range(2))
    assert design_key(first) == design_key(second)


def test_alpha_decides_which_rivals_are_drawn_and_which_half_stays() -> None:
    beliefs = Beliefs(SPACE, 2.0, CPU)
    with torch.no_grad():
        beliefs.alphas["stage1_first"][4] = 6.0
    choice = dict((d.name, d.choices) for d in SPACE.decisions)["stage1_first"][4]
    drawn = [
        t.choice
        for seed in range(200)
        for t in beliefs.draw(np.random.default_rng(seed), 1.0, 0.0)["stage1_first"]
    ]
    others = [c for c in drawn if c not in (choice, "conv_3x3")]
    assert drawn.count(choice) > 5 * len(others)
    num_rivals = beliefs.num_rivals()
    for _ in range(5):
        beliefs.halve(0.0)
    stride = next(len(d.choices) - 1 for d in SPACE.decisions if d.name == "stem_stride")
    assert beliefs.num_rivals() == len(SPACE.decisions) - 1 + stride < num_rivals
    assert beliefs.of("stage1_first", 0.0).rival == choice


def test_settled_is_without_chance_and_state_goes_on() -> None:
    beliefs = Beliefs(SPACE, 1.0, CPU)
    try_often(beliefs, "stage1_first", 3, mean=0.5, num_trials=10)
    beliefs.believe(0.0)
    beliefs.halve(0.0)
    other = Beliefs(SPACE, 1.0, CPU)
    other.restore(beliefs.state())
    assert other.leaders == beliefs.leaders and other.open == beliefs.open
    assert design_key(other.settled(0.5, 0.0)) == design_key(beliefs.settled(0.5, 0.0))


def test_trials_go_to_those_who_had_none_and_then_to_the_promising() -> None:
    space = ResidualSpace(SPACE.anchor, ("width",))
    beliefs = Beliefs(space, 50.0, CPU)
    generator = np.random.default_rng(0)
    counts: dict[tuple[str, int], int] = {}
    gains = {("stage1_width", 3): 0.2}
    for _ in range(40):
        pairs = beliefs.next_trials(3, generator, 0.0)
        assert len(set(pairs)) == 3
        for pair in pairs:
            counts[pair] = counts.get(pair, 0) + 1
            beliefs.tried(*pair, float(generator.normal(gains.get(pair, -0.1), 0.05)), 0.0)
    assert len(counts) == beliefs.num_rivals() and min(counts.values()) >= 6
    assert max(counts, key=lambda pair: counts[pair]) == ("stage1_width", 3)
    assert len(beliefs.next_trials(100, generator, 0.0)) == beliefs.num_rivals()
