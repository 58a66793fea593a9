"""The schedule of a run: the clock of every contestant and the sizes that were chosen for it."""

from nasci.config import Budget, Settings
from nasci.config.group import SettingsGroup
from nasci.nets import stem_stride
from nasci.records import MetricRecord, ScheduleRecord
from nasci.tasks import Metric


def in_parts(settings: Settings, group: str, parts: int) -> Settings:
    """Return settings in which a group computes a batch in that many parts."""
    changed = getattr(settings, group).model_copy(update={"parts": parts})
    return settings.model_copy(update={group: changed})


def schedule(
    settings: Settings, slot: Budget, num_slots: int, metric: Metric, parts: int = 1
) -> ScheduleRecord:
    """Return the record of clocks and sizes.

    Args:
        settings: what the data decide of the skeleton is a number; other sizes may be.
        slot: clock of every repetition of a contestant.
        num_slots: repetitions of all contestants.
        metric: that decides.
        parts: of a batch in a single phase.
    """

    def number(size: int | str) -> int | None:
        return size if isinstance(size, int) else None

    network, search = settings.network, settings.search
    return ScheduleRecord(
        slot=slot.amount,
        unit=slot.unit,
        num_slots=num_slots,
        stem_stride=stem_stride(settings),
        stages=number(network.stages),
        width=number(network.width),
        depth=number(network.depth),
        cells=number(network.cells),
        channels=number(network.channels),
        search_cells=number(search.cells),
        search_channels=number(search.channels),
        trials=number(settings.random.cells),
        shared=None if settings.anchored.shared == "auto" else settings.anchored.shared,
        parts=parts,
        metric=MetricRecord(name=metric.name, best=metric.best),
    )


def with_sizes(settings: Settings, record: ScheduleRecord) -> Settings:
    """Return settings with the sizes of a schedule: what `schedule` was given."""

    def sized(group: str, **sizes: int | bool | None) -> SettingsGroup:
        known = {name: size for name, size in sizes.items() if size is not None}
        old: SettingsGroup = getattr(settings, group)
        return old.model_copy(update=known)

    return settings.model_copy(
        update={
            "network": sized(
                "network",
                stem_stride=record.stem_stride,
                stages=record.stages,
                width=record.width,
                depth=record.depth,
                cells=record.cells,
                channels=record.channels,
            ),
            "search": sized("search", cells=record.search_cells, channels=record.search_channels),
            "random": sized("random", cells=record.trials),
            "anchored": sized("anchored", shared=record.shared),
        }
    )
