"""A data set as its splits: what may be trained on, and what is read once at the end.

Searches and training receive a `Development`, which has no test split to read by mistake.
"""

from dataclasses import dataclass

from nasci.data.preparation import Augmentation, Normalisation
from nasci.data.split import Split
from nasci.errors import DataError
from nasci.records import Target


@dataclass(frozen=True, eq=False)
class Development:
    """What searches and training may see: everything but the test split.

    Attributes:
        train: what weights (and, in two halves, architectures) are fitted on.
        valid: what picks checkpoints, settings and winners.
        normalisation: statistics of `train` alone.
        augmentation: which augmentations are valid for this kind of data.

    Raises:
        DataError: the splits differ in shape or dtype, or the rest does not fit them.
    """

    train: Split
    valid: Split
    normalisation: Normalisation
    augmentation: Augmentation

    def __post_init__(self) -> None:
        """Check that the parts belong together."""
        _check_same_kind("valid", self.valid, self.train)
        num_channels, *spatial = self.input_shape
        if len(self.normalisation.mean) != num_channels:
            raise DataError(
                f"Expected normalisation for {num_channels} channels, "
                f"but got {len(self.normalisation.mean)}."
            )
        self.augmentation.check_fits(tuple(spatial))

    @property
    def input_shape(self) -> tuple[int, ...]:
        """Shape of one example, `(channels, *spatial)`."""
        return tuple(self.train.x.shape[1:])


@dataclass(frozen=True, eq=False)
class Dataset:
    """A whole data set.

    Attributes:
        name: short name, as in the name of a run.
        description: one sentence for a person.
        attribution: who made it, and its licence; empty for a user's own arrays.
        development: train and valid.
        test: read once, at the end, for every contestant alike.
        target: what `y` means: its kind, and the names of classes, labels or columns.
        fingerprint: SHA-256 over the splits, see `nasci.data.fingerprint`.
        notes: what the reader decided, one sentence each.
        warnings: what should make one doubt a score, one sentence each.

    Raises:
        DataError: the test split differs from train in shape or dtype.
    """

    name: str
    description: str
    attribution: str
    development: Development
    test: Split
    target: Target
    fingerprint: str
    notes: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        """Check that the test split is of the same kind."""
        _check_same_kind("test", self.test, self.development.train)

    @property
    def input_shape(self) -> tuple[int, ...]:
        """Shape of one example, `(channels, *spatial)`."""
        return self.development.input_shape


def _check_same_kind(name: str, split: Split, train: Split) -> None:
    if split.x.shape[1:] != train.x.shape[1:] or split.x.dtype != train.x.dtype:
        raise DataError(
            f"Expected {name} examples like those of train, {train.x.dtype} "
            f"{tuple(train.x.shape[1:])}, but got {split.x.dtype} {tuple(split.x.shape[1:])}."
        )
