"""The presets hold the numbers of their papers, written out here once more."""

import pytest

from nasci.config import PRESET_NAMES, Settings, preset_source, preset_values, resolve_settings
from nasci.errors import ConfigError

EVALUATED_NETWORK = {
    "network.stem_stride": 1,
    "network.cells": 20,
    "network.channels": 36,
    "network.nodes": 4,
    "network.inputs_per_node": 2,
    "network.multiplier": 4,
    "network.ops": "darts",
    "network.auxiliary_weight": 0.4,
    "network.drop_path": 0.2,
}

PAPERS = {
    # Liu et al. 2019, section 3 and appendix A
    "darts-2019": {
        **EVALUATED_NETWORK,
        "train.budget": "600epochs",
        "train.optimizer": "sgd",
        "train.lr": 0.025,
        "train.min_lr": 0,
        "train.momentum": 0.9,
        "train.weight_decay": 0.0003,
        "train.batch_size": 96,
        "train.clip_norm": 5,
        "train.cutout": 16,
        "search.budget": "50epochs",
        "search.cells": 8,
        "search.channels": 16,
        "search.optimizer": "sgd",
        "search.lr": 0.025,
        "search.min_lr": 0.001,
        "search.momentum": 0.9,
        "search.weight_decay": 0.0003,
        "search.batch_size": 64,
        "search.clip_norm": 5,
        "search.train_portion": 0.5,
        "search.hypergradient": "finite-difference",
        "search.arch_lr": 0.0003,
        "search.arch_beta1": 0.5,
        "search.arch_beta2": 0.999,
        "search.arch_weight_decay": 0.001,
    },
    "study-2019": {
        **EVALUATED_NETWORK,
        "train.budget": "100epochs",
        "train.optimizer": "adam",
        "train.lr": 0.001,
        "train.min_lr": 0,
        "train.beta1": 0.9,
        "train.beta2": 0.999,
        "train.weight_decay": 0.000001,
        "train.batch_size": 64,
        "train.clip_norm": 5,
        "search.budget": "50epochs",
        "search.cells": 8,
        "search.channels": 16,
        "search.optimizer": "adam",
        "search.lr": 0.001,
        "search.min_lr": 0.0001,
        "search.beta1": 0.9,
        "search.beta2": 0.999,
        "search.weight_decay": 0.000001,
        "search.batch_size": 16,
        "search.clip_norm": 5,
        "search.train_portion": 0.5,
        "search.hypergradient": "first",
        "search.arch_lr": 0.01,
        "search.arch_beta1": 0.5,
        "search.arch_beta2": 0.999,
        "search.arch_weight_decay": 0.000001,
    },
}


def test_every_preset_has_its_numbers_here() -> None:
    assert set(PRESET_NAMES) == set(PAPERS)


@pytest.mark.parametrize("name", PRESET_NAMES)
def test_numbers_of_the_paper(name: str) -> None:
    values = preset_values(name)
    flat = {f"{group}.{key}": v for group, items in values.items() for key, v in items.items()}
    assert flat == PAPERS[name]


@pytest.mark.parametrize("name", PRESET_NAMES)
def test_the_settings_hold_them_and_nothing_else_changes(name: str) -> None:
    settings, defaults = resolve_settings(preset=name), Settings()
    for group in Settings.model_fields:
        for key in type(getattr(settings, group)).model_fields:
            expected = PAPERS[name].get(f"{group}.{key}", getattr(getattr(defaults, group), key))
            assert getattr(getattr(settings, group), key) == expected, f"{group}.{key}"


@pytest.mark.parametrize(
    ("name", "source"), [("darts-2019", "arXiv:1806.09055"), ("study-2019", "2019 study")]
)
def test_the_source_is_the_comment_at_the_head(name: str, source: str) -> None:
    text = preset_source(name)
    assert source in text
    assert "#" not in text and "=" not in text and "\n" not in text


@pytest.mark.parametrize("function", [preset_values, lambda name: resolve_settings(preset=name)])
def test_unknown_preset(function) -> None:
    sentence = (
        "^Expected a preset out of darts-2019, study-2019, but got `darts-2018`; "
        "did you mean `darts-2019`\\?\\.$"
    )
    with pytest.raises(ConfigError, match=sentence):
        function("darts-2018")
    with pytest.raises(ConfigError, match=r"but got `../../x`\.$"):
        function("../../x")
