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

WITHOUT_NONE = (
    "max_pool_3x3,avg_pool_3x3,skip_connect,sep_conv_3x3,sep_conv_5x5,dil_conv_3x3,dil_conv_5x5"
)

# Liu et al. 2019, section 3 and appendix A
DARTS = {
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
    "search.hypergradient": "first",
    "search.arch_lr": 0.0003,
    "search.arch_beta1": 0.5,
    "search.arch_beta2": 0.999,
    "search.arch_weight_decay": 0.001,
    "search.uniform": "leave",
}

PAPERS = {
    "darts-2019-first": DARTS,
    "darts-2019-second": {**DARTS, "search.hypergradient": "finite-difference"},
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
        "search.uniform": "leave",
        "search.arch_lr": 0.01,
        "search.arch_beta1": 0.5,
        "search.arch_beta2": 0.999,
        "search.arch_weight_decay": 0.000001,
    },
    # Xu et al. 2020: K = 4, 15 of 50 epochs before alpha moves
    "pc-darts": {
        **DARTS,
        "search.partial": 4,
        "search.warm_up": 15 / 50,
        "search.batch_size": 256,
        "search.lr": 0.1,
        "search.min_lr": 0,
        "search.arch_lr": 0.0006,
    },
    # Dong and Yang 2019
    "gdas": {
        **DARTS,
        "search.budget": "240epochs",
        "search.relaxation": "gumbel-sample",
        "search.temperature": 10,
        "search.final_temperature": 0.1,
    },
    # Chu et al. 2020, and its released code
    "fair-darts": {
        **DARTS,
        "network.ops": WITHOUT_NONE,
        "search.relaxation": "sigmoid",
        "search.penalties": "zero-one=10",
        "search.selection": "threshold",
        "search.threshold": 0.85,
        "search.batch_size": 128,
        "search.lr": 0.005,
        "search.arch_lr": 0.003,
        "search.arch_beta1": 0.9,
    },
    # Chen et al. 2021: K = 6, 10 of 50 epochs before alpha moves
    "drnas": {
        **DARTS,
        "network.ops": WITHOUT_NONE,
        "search.relaxation": "dirichlet",
        "search.partial": 6,
        "search.cells": 20,
        "search.channels": 36,
        "search.warm_up": 10 / 50,
        "search.lr": 0.1,
        "search.min_lr": 0,
        "search.arch_lr": 0.0006,
        "search.prune": "rank",
        "search.prune_start": 0.5,
    },
    # Wang et al. 2021
    "darts-pt": {**DARTS, "search.selection": "perturbation", "search.selection_share": 0.33},
    # our own
    "sparse-darts": {
        "search.share": 0.5,
        "search.relaxation": "sparsemax",
        "search.final_temperature": 0.1,
        "search.arch_lr": 0.03,
        "search.warm_up": 0.1,
        "search.prune": "zeros",
        "search.prune_start": 0.2,
        "search.inherit": True,
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
    ("name", "source"), [("darts-2019-second", "arXiv:1806.09055"), ("study-2019", "2019 study")]
)
def test_the_source_is_the_comment_at_the_head(name: str, source: str) -> None:
    text = preset_source(name)
    assert source in text
    assert "#" not in text and "=" not in text and "\n" not in text


@pytest.mark.parametrize("function", [preset_values, lambda name: resolve_settings(preset=name)])
def test_unknown_preset(function) -> None:
    sentence = (
        "^Expected a preset out of darts-2019-first, .*sparse-darts, but got `darts-2019-frist`; "
        "did you mean `darts-2019-first`\\?\\.$"
    )
    with pytest.raises(ConfigError, match=sentence):
        function("darts-2019-frist")
    with pytest.raises(ConfigError, match=r"but got `../../x`\.$"):
        function("../../x")
