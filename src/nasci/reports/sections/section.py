"""A section of the report."""

from dataclasses import dataclass

from nasci.reports.blocks import Block


@dataclass(frozen=True)
class Section:
    """A section of the report.

    Attributes:
        key: its anchor.
        title: heading.
        lead: a sentence or two that say what is to be known; plain text.
        blocks: in their order.
    """

    key: str
    title: str
    lead: str
    blocks: tuple[Block, ...]
