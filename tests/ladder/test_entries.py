import pytest

from nasci.baselines import BASELINES, RULED
from nasci.config import RunSettings, Settings, resolve_settings
from nasci.errors import ConfigError
from nasci.ladder.entries import ENTRIES, choose_entries, entries_of

SIZES = (
    "network.stem_stride=1",
    "network.stages=2",
    "network.width=4",
    "network.depth=1",
    "network.cells=2",
    "network.channels=4",
    "search.cells=3",
    "search.channels=5",
    "search.share=0.3",
    "random.share=0.2",
    "random.cells=2",
)


def test_every_entry_stands_under_its_name() -> None:
    assert [entry.name for entry in ENTRIES.values()] == list(ENTRIES)
    assert {name for name, entry in ENTRIES.items() if entry.is_search} == {
        "random",
        "random-residual",
        "darts",
        "anchored",
        "skeleton",
        "race",
    }
    assert {name for name, entry in ENTRIES.items() if not entry.is_search} == set(BASELINES)


def test_chosen_in_the_order_of_the_text() -> None:
    names = list(reversed(ENTRIES))
    assert choose_entries(",".join(names)) == tuple(ENTRIES[name] for name in names)
    assert choose_entries("  darts ,linear,") == (ENTRIES["darts"], ENTRIES["linear"])


def test_the_defaults_of_a_run_exist() -> None:
    default = ["linear", "resnet10-tiny", "resnet", "random", "skeleton"]
    assert [entry.name for entry in choose_entries(Settings().run.contestants)] == default


def test_the_clock_sizes_those_that_the_rule_is_for() -> None:
    residual = {"anchored", "skeleton", "random-residual", "race"}
    assert {name for name, entry in ENTRIES.items() if entry.is_residual} == RULED | residual


def test_a_policy_of_racing_has_one_contestant() -> None:
    assert entries_of(RunSettings(policy="race")) == (ENTRIES["race"],)
    chosen = entries_of(RunSettings(contestants="linear,race"))
    assert chosen == (ENTRIES["linear"], ENTRIES["race"])
    with pytest.raises(ConfigError, match=r"name who races by `race\.entrants`"):
        resolve_settings(overrides={"run.policy": "race", "run.contestants": "linear,darts"})


@pytest.mark.parametrize(
    ("names", "sentence"),
    [
        ("linear,dart", r"but got `dart`; did you mean `darts`\?$"),
        ("resnet10_tiny", r"but got `resnet10_tiny`; did you mean `resnet10-tiny`\?$"),
        ("Linear", r"but got `Linear`; did you mean `linear`\?$"),
        ("linear;darts", "but got `linear;darts`"),
        ("zzz", r"but got `zzz`\.$"),
        ("5", r"but got `5`\.$"),
    ],
)
def test_unknown_names(names: str, sentence: str) -> None:
    known = (
        "^Expected `run.contestants` out of linear, resnet, resnet10-tiny, resnet18, random, "
        "anchored, skeleton, random-residual, darts, race, "
    )
    with pytest.raises(ConfigError, match=known + sentence):
        choose_entries(names)


@pytest.mark.parametrize("names", ["linear,darts,linear", "darts, darts", "", " ", " , ,"])
def test_twice_or_none(names: str) -> None:
    sentence = f"^Expected every one of `run.contestants` once .* linear, .*, but got `{names}`"
    with pytest.raises(ConfigError, match=sentence):
        choose_entries(names)


@pytest.mark.parametrize("name", ENTRIES)
def test_the_phases_fit_on_the_clock(name: str) -> None:
    phases = ENTRIES[name].phases(resolve_settings(assignments=SIZES))
    shares = {phase.name: phase.share for phase in phases}
    expected = {
        "darts": {"search": 0.3, "train": 0.7},
        "random": {"train": 0.8},
        "random-residual": {"train": 0.8},
        "race": {"train": 0.75},
        "skeleton": {"train": 0.85},
    }
    assert shares == pytest.approx(expected.get(name, {"train": 1.0}))
    assert phases[-1].name == "train"
    assert all(phase.spec.describe() for phase in phases)
