import re
from pathlib import Path

import pytest

from nasci.config import Settings, resolve_settings
from nasci.errors import ConfigError, NasciError


def toml(folder: Path, text: str) -> Path:
    path = folder / "settings.toml"
    path.write_text(text, "utf-8")
    return path


def test_nothing_gives_the_defaults() -> None:
    assert resolve_settings() == Settings()
    assert resolve_settings(overrides={}) == Settings()
    assert resolve_settings(overrides={"search.arch_lr": None}) == Settings()


def test_the_later_source_wins_and_keeps_the_rest(tmp_path: Path) -> None:
    file = toml(tmp_path, "[search]\narch_lr = 0.1\nbatch_size = 11\nchannels = 5\n")
    assignments = ["search.arch_lr=0.2", "search.batch_size=12"]
    overrides = {"search.arch_lr": 0.3}
    found = [
        resolve_settings(preset="darts-2019-second"),
        resolve_settings(preset="darts-2019-second", file=file),
        resolve_settings(preset="darts-2019-second", file=file, assignments=assignments),
        resolve_settings(
            preset="darts-2019-second", file=file, assignments=assignments, overrides=overrides
        ),
    ]
    assert [s.search.arch_lr for s in found] == [3e-4, 0.1, 0.2, 0.3]
    assert [s.search.batch_size for s in found] == [64, 11, 12, 12]
    assert [s.search.channels for s in found] == [16, 5, 5, 5]
    assert {s.search.cells for s in found} == {8}
    assert {s.train.batch_size for s in found} == {96}


def test_the_later_assignment_wins() -> None:
    settings = resolve_settings(assignments=["run.seeds=2", "run.seeds=3"])
    assert settings.run.seeds == 3


@pytest.mark.parametrize("empty", ["", " ", "null"])
def test_an_empty_assignment_takes_a_preset_back(tmp_path: Path, empty: str) -> None:
    file = toml(tmp_path, "[data]\nvalid_fraction = 0.3\n")
    settings = resolve_settings(file=file, assignments=[f"data.valid_fraction={empty}"])
    assert settings.data.valid_fraction is None


@pytest.mark.parametrize(
    ("assignment", "value"),
    [
        ("search.arch_lr=0.02", 0.02),
        (" search.arch_lr = 2e-2 ", 0.02),
        ("run.contestants=linear, darts", "linear, darts"),
        ("network.cells=3", 3),
        ("network.cells=auto", "auto"),
        ("network.ops=none,skip_connect", "none,skip_connect"),
        ("run.budget=5e13macs", "5e13macs"),
        ("runtime.device=cuda:1", "cuda:1"),
        ("data.layout=a=b", "a=b"),
    ],
)
def test_assignments_are_read(assignment: str, value: object) -> None:
    group, _, name = assignment.partition("=")[0].strip().partition(".")
    assert getattr(getattr(resolve_settings(assignments=[assignment]), group), name) == value


KNOWN = "`nasci config` lists all of them."


@pytest.mark.parametrize(
    ("key", "arrived", "hint"),
    [
        ("search.arch_rl", "search.arch_rl", "; did you mean `search.arch_lr`? "),
        ("search.zzz", "search.zzz", ". "),
        ("search.arch_lr.x", "search.arch_lr.x", "; did you mean `search.arch_lr`? "),
        ("serach.arch_lr", "serach.*", "; did you mean `search`? "),
        ("zzz.arch_lr", "zzz.*", ". "),
        ("arch_lr", "arch_lr", "; did you mean `search.arch_lr`? "),
        ("seeds", "seeds", "; did you mean `run.seeds`? "),
        ("zzz", "zzz", ". "),
        ("search", "search", ". "),
    ],
)
@pytest.mark.parametrize("source", ["assignment", "override"])
def test_unknown_keys(key: str, arrived: str, hint: str, source: str) -> None:
    sentence = f"but got `{arrived}`{hint}{KNOWN}"
    with pytest.raises(ConfigError, match=f"^Expected a .*{re.escape(sentence)}$"):
        if source == "assignment":
            resolve_settings(assignments=[f"{key}=1"])
        else:
            resolve_settings(overrides={key: 1})


@pytest.mark.parametrize("text", ["search.arch_lr", "", "=3", " =3", "search.arch_lr:3"])
def test_refuses_what_is_no_assignment(text: str) -> None:
    sentence = f"Expected `--set group.key=value`, but got `{text}`; for example"
    with pytest.raises(ConfigError, match=f"^{re.escape(sentence)}"):
        resolve_settings(assignments=[text])


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("[search\n", "Expected a file in TOML, but `.*settings.toml` is not"),
        ("[run]\nseeds = 1\nseeds = 2\n", "Expected a file in TOML"),
        ("[search]\narch_rl = 1\n", "`search.arch_rl`; did you mean `search.arch_lr`"),
        ("[serach]\narch_lr = 1\n", r"`serach.\*`; did you mean `search`"),
        ("arch_lr = 1\n", "as `group.key`, but got `arch_lr`; did you mean `search.arch_lr`"),
        ('"search.arch_lr" = 1\n', r"known setting, but got `search.arch_lr.\*`"),
        ("search = 3\n", r"table of settings under `search`, but got `3`; write `\[search\]`"),
        ("[[search]]\narch_lr = 1\n", "table of settings under `search`, but got"),
        ("[search.arch_lr]\nx = 1\n", "Expected `search.arch_lr` .* but got `{'x': 1}`"),
        ("[search]\narch_lr = {x = 1}\n", "Expected `search.arch_lr` .* but got `{'x': 1}`"),
        ("[run]\ncontestants = ['linear']\n", r"Expected `run.contestants` .*`\['linear'\]`"),
        ("[run]\nseeds = 2020-01-01\n", "Expected `run.seeds` .* but got `2020-01-01`"),
        ("[search]\nmin_lr = 1.0\n", r"`min_lr <= lr` must hold, but got \(min_lr=1.0, lr=0.003"),
        ("a = " + "[" * 5000, "Expected a file in TOML"),
    ],
)
def test_refuses_a_bad_file(tmp_path: Path, text: str, sentence: str) -> None:
    with pytest.raises(ConfigError, match=sentence):
        resolve_settings(file=toml(tmp_path, text))


def test_refuses_a_file_that_cannot_be_read(tmp_path: Path) -> None:
    for path in (tmp_path / "missing.toml", tmp_path):
        with pytest.raises(
            ConfigError, match=f"readable TOML file, but got `{re.escape(str(path))}`"
        ):
            resolve_settings(file=path)
    binary = tmp_path / "binary.toml"
    binary.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(ConfigError, match=r"Expected a file in TOML, but .*utf-8"):
        resolve_settings(file=binary)


@pytest.mark.parametrize("group", ["run", "train", "search", "random"])
@pytest.mark.parametrize("text", ["10", "10 parsecs", "-5m"])
def test_a_bad_budget_is_explained_by_the_rule_of_budgets(group: str, text: str) -> None:
    """Also `10`, which is read as a number: the unit is what is missing."""
    sentence = f"Expected a budget as a number and a unit, .*, but got `{text}`"
    with pytest.raises(ConfigError, match=sentence):
        resolve_settings(assignments=[f"{group}.budget={text}"])


def test_settings_that_contradict_each_other() -> None:
    with pytest.raises(ConfigError, match=r"multiplier <= network.nodes.*multiplier=4, nodes=3\)"):
        resolve_settings(assignments=["network.nodes=3"])
    with pytest.raises(ConfigError, match=r"`min_lr <= lr`.*\(min_lr=0.1, lr=0.01\)"):
        resolve_settings(assignments=["train.lr=0.01", "train.min_lr=0.1"])


@pytest.mark.parametrize(
    ("value", "ok"), [(1, True), (2, True), (4, True), ("auto", True), (3, False), (0, False)]
)
def test_choices(value: object, ok: bool) -> None:
    if ok:
        settings = resolve_settings(assignments=[f"network.stem_stride={value}"])
        assert settings.network.stem_stride == value
    else:
        with pytest.raises(ConfigError, match=f"to be 1, 2, 4, auto, but got `{value}`"):
            resolve_settings(assignments=[f"network.stem_stride={value}"])


def test_the_error_is_one_of_ours() -> None:
    assert issubclass(ConfigError, NasciError)
    assert issubclass(ConfigError, ValueError)
