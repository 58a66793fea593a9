"""Settings of what is learned: how files become arrays and splits, and what is predicted."""

from typing import Literal

from pydantic import Field

from nasci.config.group import SettingsGroup


class DataSettings(SettingsGroup):
    """How arrays become train, valid and test."""

    x: str | None = Field(
        None,
        description="variable or array that holds the examples (empty: found where no doubt is)",
    )
    y: str | None = Field(
        None,
        description="variables, arrays, columns or file that hold the targets, with commas (empty: "
        "found where no doubt is)",
    )
    group: str | None = Field(
        None,
        description="variable or column that says which examples belong together, such as a "
        "patient; they never part (empty: what the file is known for)",
    )
    table: str | None = Field(
        None, description="CSV table of a folder of images (empty: the only one)"
    )
    size: str | None = Field(
        None,
        pattern=r"^\d{1,5}(x\d{1,5})?$",
        description="pixels that images are resized to, such as 64 or 48x64 (empty: as they are, "
        "large ones to 64)",
    )
    crop: int | None = Field(
        None, ge=4, le=65536, description="side of the square cut out of an image's centre first"
    )
    layout: str = Field(
        "auto",
        description="axes of X, such as NHW, NHWC, NCHW, NL, NCL, NCDHW; auto decides where the "
        "shape leaves no doubt",
    )
    valid_fraction: float | None = Field(
        None, gt=0, lt=1, description="share of the examples for valid (empty: 0.15)"
    )
    test_fraction: float | None = Field(
        None, gt=0, lt=1, description="share of the examples for test (empty: 0.2)"
    )
    split_seed: int | None = Field(None, ge=0, description="seed of the split (empty: 0)")
    max_shift: int | None = Field(
        None,
        ge=0,
        description="largest random shift while training, in pixels (empty: what the data set "
        "declares valid)",
    )
    flip_axes: str | None = Field(
        None,
        pattern=r"^(none|[012](,[012]){0,2})$",
        description="spatial axes along which a mirror image is as good, with commas, or none; 0 "
        "is the height of an image (empty: what the data set declares valid)",
    )
    rotate90: bool | None = Field(
        None,
        description="turns by 90 degrees are as good (empty: what the data set declares valid)",
    )
    rotate: bool | None = Field(
        None,
        description="turns by any angle are as good (empty: what the data set declares valid)",
    )


class TaskSettings(SettingsGroup):
    """What is predicted, and by which number it is judged."""

    kind: Literal["auto", "multiclass", "multilabel", "regression", "question_tree"] = Field(
        "auto", description="kind of target; auto: inferred where the data leave no doubt"
    )
    metric: str = Field(
        "auto", description="metric that decides, such as AUROC or RMSE; auto: the task's own"
    )
    class_weights: Literal["none", "balanced"] = Field(
        "none", description="balanced: rare classes and labels count more in the loss"
    )
    tree: str | None = Field(
        None,
        description="question tree: galaxy-zoo, galaxy-zoo-project or a TOML file (empty: what the "
        "data are known for)",
    )
    tree_head: bool = Field(
        True, description="answer a question tree along the tree; off: as a plain regression"
    )
    hidden: str | None = Field(
        None,
        pattern=r"^[1-9]\d{0,4}(,[1-9]\d{0,4}){0,3}$",
        description="widths of fully connected layers before the outputs, such as 128,64 "
        "(empty: none)",
    )

    @property
    def hidden_widths(self) -> tuple[int, ...]:
        """The widths as numbers."""
        return tuple(int(width) for width in self.hidden.split(",")) if self.hidden else ()
