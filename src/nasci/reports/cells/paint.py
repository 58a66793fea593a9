"""Colours of a picture by their role: those of the page that holds it, or plain ones."""

from dataclasses import dataclass

from nasci.reports.styles import INK, MUTED, PAPER

ROLES = {"ink": INK, "muted": MUTED, "paper": PAPER}
"""Role to colour where no page says otherwise; a page sets `--ink`, `--muted`, `--paper`."""


@dataclass(frozen=True)
class Paint:
    """Writes colours as CSS.

    Attributes:
        standalone: plain colours; otherwise a role is a variable of the page.

    >>> Paint(standalone=False).fill("ink"), Paint(standalone=True).fill("ink")
    ('fill:var(--ink, #222222)', 'fill:#222222')
    """

    standalone: bool

    def fill(self, colour: str) -> str:
        """Return the declaration that fills with a role or with `#RRGGBB`."""
        return f"fill:{self._value(colour)}"

    def stroke(self, colour: str) -> str:
        """Return the declaration that draws lines in a role or in `#RRGGBB`."""
        return f"stroke:{self._value(colour)}"

    def _value(self, colour: str) -> str:
        if colour not in ROLES:
            return colour
        plain = ROLES[colour]
        return plain if self.standalone else f"var(--{colour}, {plain})"
