"""Text for a terminal out of names that somebody else chose.

A class, a file or a contestant may be called anything, also what a terminal obeys: move the cursor,
set the title, turn the direction of writing. None of that reaches the terminal.
"""

import re

from rich.console import (
    Console,
    ConsoleOptions,
    ConsoleRenderable,
    RenderableType,
    RenderHook,
    RenderResult,
)
from rich.segment import Segment

_LONGEST = 2000  # characters of an error

# Control characters of both sets but tab and newline, marks of direction, halves of characters.
_UNPRINTABLE = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069\ud800-\udfff]"
)


def printable(text: str) -> str:
    r"""Return a text without what a terminal would obey; an escape shows as what follows it.

    >>> printable("a\x1b[31mb\u202ec")
    'a[31mbc'
    """
    return _UNPRINTABLE.sub("", text)


def one_line(text: str) -> str:
    r"""Return a text as one printable line of bounded length.

    >>> one_line("Expected a,\nbut got \x1b[2Jb.")
    'Expected a, but got [2Jb.'
    """
    line = printable(" ".join(text.split()))
    return line if len(line) <= _LONGEST else f"{line[:_LONGEST]} ..."


class Printable:
    """What rich draws, its text made printable; rich's own colours and moves stay."""

    def __init__(self, drawn: RenderableType) -> None:
        """Wrap it."""
        self._drawn = drawn

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """Draw it."""
        for segment in console.render(self._drawn, options):
            if segment.control:
                yield segment
            else:
                yield Segment(printable(segment.text), segment.style)


class _MakePrintable(RenderHook):
    """What a console asks to change everything that it prints."""

    def process_renderables(self, renderables: list[ConsoleRenderable]) -> list[ConsoleRenderable]:
        return [Printable(drawn) for drawn in renderables]


def make_console() -> Console:
    """Return a console on which no name can do anything but be read."""
    console = Console(markup=False, emoji=False)
    console.push_render_hook(_MakePrintable())
    return console
