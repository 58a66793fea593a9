"""A rectangle of a picture, by its centre; x to the right, y down, in pixels."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Box:
    """A rectangle.

    Attributes:
        x: of the centre.
        y: of the centre.
        width: in pixels.
        height: in pixels.

    >>> Box(10, 10, 8, 4).overlaps(Box(17, 10, 8, 4)), Box(10, 10, 8, 4).overlaps(Box(18, 10, 8, 4))
    (True, False)
    """

    x: float
    y: float
    width: float
    height: float

    @property
    def left(self) -> float:
        """Smallest x."""
        return self.x - self.width / 2

    @property
    def right(self) -> float:
        """Largest x."""
        return self.x + self.width / 2

    @property
    def top(self) -> float:
        """Smallest y."""
        return self.y - self.height / 2

    @property
    def bottom(self) -> float:
        """Largest y."""
        return self.y + self.height / 2

    def overlaps(self, other: "Box") -> bool:
        """Return whether both have an inner point in common."""
        return (
            self.left < other.right
            and other.left < self.right
            and self.top < other.bottom
            and other.top < self.bottom
        )

    def holds(self, other: "Box") -> bool:
        """Return whether the other one lies inside."""
        return (
            self.left <= other.left
            and other.right <= self.right
            and self.top <= other.top
            and other.bottom <= self.bottom
        )
