"""The experiments: questions as data. A new one is one more entry."""

from collections.abc import Mapping
from dataclasses import replace

from benchmarks.recipe.rows import DRAWN, NEIGHBOUR, RESNET, Experiment, Variant
from benchmarks.recipe.sets import HELD_BACK, OPEN_SETS
from benchmarks.recipe.summary import BASELINES, DEFAULT, RANDOM


def resnet(width: int, stem_shift: int = 0) -> Variant:
    """Return a ResNet of four stages, `width` channels in the first and twice as many in each next.

    >>> resnet(16).label, resnet(16, -1).label
    ('resnet-16', 'resnet-16-finer')
    """
    stem = {-1: "-finer", 0: "", 1: "-coarser"}[stem_shift]
    widths = tuple(width * factor for factor in (1, 2, 4, 8))
    return Variant(f"resnet-{width}{stem}", RESNET, widths=widths, stem_shift=stem_shift)


SKELETON = Experiment(
    name="skeleton",
    question="Which widths of a ResNet of ten layers pay at a minute?",
    datasets=OPEN_SETS,
    variants=tuple(resnet(width) for width in (8, 16, 32)),
    budgets=("60s",),
)

STEMS = Experiment(
    name="stems",
    question="Does a coarser stem than the rule's pay at a short clock, for the passes it allows?",
    datasets=("mnist", "kirigami", "pneumonia", "real-galaxies"),  # elsewhere it is 4 already
    variants=(
        resnet(8),
        resnet(8, 1),
        resnet(16, 1),
        Variant("resnet-16-coarser-shorter", RESNET, widths=(16, 32, 64), stem_shift=1),
    ),
    budgets=("24s",),
)

NEIGHBOURS = Experiment(
    name="neighbours",
    question="Does a race of the ruled ResNet and its neighbours find stem and width by data?",
    datasets=OPEN_SETS,
    variants=(
        Variant("resnet", "resnet"),
        Variant("race of two", "race", ("race.entrants=resnet,resnet-coarser",)),
        Variant("race of three", "race", ("race.entrants=resnet,resnet-coarser,resnet-wider",)),
        Variant("skeleton", "skeleton"),
    ),
    budgets=("24s",),
)

RECIPES = Experiment(
    name="recipes",
    question="Which search earns its cost at a minute: ops, skeleton, both, or a race?",
    datasets=("heartbeats", "darcy", "pneumonia"),
    variants=(
        Variant("resnet10-tiny", "resnet10-tiny"),
        Variant("resnet, ruled", "resnet"),
        Variant(
            "anchored, ops shared",
            "anchored",
            ("anchored.parts=ops,extra", "anchored.shared=true", "anchored.share=0.3"),
        ),
        Variant(
            "anchored, skeleton",
            "anchored",
            ("anchored.parts=width,depth,stem", "anchored.share=0.3"),
        ),
        Variant(
            "anchored, all",
            "anchored",
            (
                "anchored.parts=ops,extra,width,depth,stem",
                "anchored.shared=true",
                "anchored.share=0.3",
            ),
        ),
        Variant(
            "anchored, growth",
            "anchored",
            ("anchored.parts=extra,depth", "anchored.share=0.15"),
        ),
        Variant("race, widths", "race", ("race.entrants=resnet10-tiny,resnet,resnet10-x2",)),
    ),
    budgets=("60s",),
)
"""Recipes are chosen here, on valid; what is chosen stands in `FINAL`."""


def _draws(name: str, count: int, *settings: str) -> tuple[Variant, ...]:
    numbers = range(1, count + 1)
    return tuple(Variant(f"{name} {n}", DRAWN, settings, draw=n) for n in numbers)


def _later(label: str, *settings: str) -> Variant:
    """Return a search that begins when a fifth of the contestant's clock is over."""
    return Variant(label, "anchored", (*settings, "anchored.share=0.4", "anchored.warm_up=0.5"))


LATER = Experiment(
    name="later",
    question="Does a search that starts later, at averaged weights, find what is there to find?",
    datasets=("heartbeats", "darcy", "galaxies", "chest"),
    variants=(
        Variant("resnet, ruled", "resnet"),
        _later("growth", "anchored.parts=extra,depth"),
        _later("skeleton", "anchored.parts=width,depth,stem"),
        _later("ops", "anchored.parts=ops,extra", "anchored.shared=true"),
        _later("all", "anchored.parts=ops,extra,width,depth,stem", "anchored.shared=true"),
    ),
    budgets=("60s",),
)

HEADROOM = Experiment(
    name="headroom",
    question="Is there a network in the space that is better than its anchor, in full training?",
    datasets=OPEN_SETS,
    variants=(
        Variant("anchor", DRAWN),
        *_draws("skeleton", 5, "anchored.parts=width,depth,stem"),
        *_draws("cell", 5, "anchored.parts=ops,extra", "anchored.shared=true"),
    ),
    budgets=("60s",),
    seeds=(0, 1, 2),
)
"""What a search could gain at most: whole training of the anchor and of ten drawn networks."""

TUNING = Experiment(
    name="tuning",
    question="Are the ResNets trained as well as the clock allows: learning rate, batch, decay?",
    datasets=OPEN_SETS,
    variants=(
        Variant("resnet10-tiny", "resnet10-tiny"),
        Variant("lr 0.001", "resnet10-tiny", ("train.lr=0.001",)),
        Variant("lr 0.006", "resnet10-tiny", ("train.lr=0.006",)),
        Variant("lr 0.01", "resnet10-tiny", ("train.lr=0.01",)),
        Variant("batch 32", "resnet10-tiny", ("train.batch_size=32",)),
        Variant("decay 0.001", "resnet10-tiny", ("train.weight_decay=0.001",)),
    ),
    budgets=("24s",),
    seeds=(0, 1, 2),
)
"""The skeleton search trains ResNets with the same settings: what is better serves both."""

TUNED = Experiment(
    name="tuned",
    question="Does the default win at a higher learning rate too, and does it suit longer clocks?",
    datasets=("kirigami", "darcy", "chest", "galaxies"),
    variants=tuple(
        Variant(f"{label}, lr {lr}", name, (f"train.lr={lr}",))
        for lr in (0.003, 0.01)
        for label, name in ((DEFAULT, "skeleton"), ("resnet", "resnet"))
    ),
    budgets=("24s", "120s"),
    seeds=(0, 1, 2),
)
"""At 24 s a tiny ResNet is better at 0.006 or 0.01 than at the 0.003 of all other tables."""

MINUTE = Experiment(
    name="minute",
    question="Is anchored search, the default of that time, worth its cost at a minute?",
    datasets=OPEN_SETS,
    variants=tuple(
        Variant(label, name)
        for label, name in (
            ("default", "anchored"),
            ("random-residual", "random-residual"),
            ("resnet10-tiny", "resnet10-tiny"),
        )
    ),
    budgets=("60s",),
    seeds=(0, 1),
)

FINAL = Experiment(
    name="final",
    question="Is the default worth its cost, against ResNets and random search at equal clock?",
    datasets=OPEN_SETS,
    variants=(
        Variant(DEFAULT, "skeleton"),
        Variant("default, a quarter", "skeleton", ("skeleton.share=0.25",)),
        Variant(RANDOM, NEIGHBOUR),
        Variant("anchored", "anchored"),
        *(Variant(name, name) for name in BASELINES),
    ),
    budgets=("24s", "120s"),
    seeds=(0, 1, 2),
)
"""What the bars are read from; its variants are the recipes that were chosen on valid.

`nasci run --budget 2m` and `10m` give five contestants 24 and 120 seconds each.
"""

FASTER = replace(
    FINAL,
    name="faster",
    question="The same at 24 s with a learning rate that suits 24 s better: who is ahead then?",
    variants=tuple(
        replace(variant, settings=(*variant.settings, "train.lr=0.006"))
        for variant in FINAL.variants
    ),
    budgets=("24s",),
)
"""The rate of `TUNING` for all contestants."""

MULTIPLY_ADDS = replace(FINAL, name="multiply-adds", budgets=("2e11macs",))
"""The same at equal multiply-adds."""

CONFIRMATION = replace(FINAL, name="confirmation", datasets=(HELD_BACK,))
"""The same on data that nothing was chosen on."""

LIVE = replace(FINAL, name="live", datasets=("mnist", "darcy"), budgets=("10s",), seeds=(0, 1))
"""A short one, run from nothing: the same variants and bars, at a clock that decides little."""

EXPERIMENTS: Mapping[str, Experiment] = {
    experiment.name: experiment
    for experiment in (
        SKELETON,
        STEMS,
        NEIGHBOURS,
        RECIPES,
        LATER,
        HEADROOM,
        TUNING,
        TUNED,
        MINUTE,
        FINAL,
        FASTER,
        MULTIPLY_ADDS,
        CONFIRMATION,
        LIVE,
    )
}
"""Experiments by name."""
