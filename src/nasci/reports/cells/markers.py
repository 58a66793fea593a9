"""Small signs, as SVG paths, that tell ops apart without colour."""

from nasci.reports.cells.op_style import Marker

# Relative to the sign's centre, about 10 pixels wide.
_PATHS: dict[Marker, str] = {
    "circle": "m-4.5 0a4.5 4.5 0 1 0 9 0a4.5 4.5 0 1 0 -9 0z",
    "square": "m-4 -4h8v8h-8z",
    "diamond": "m0 -5.5l5.5 5.5l-5.5 5.5l-5.5 -5.5z",
    "up": "m0 -5l5 9h-10z",
    "down": "m0 5l5 -9h-10z",
    "right": "m5 0l-9 5v-10z",
    "cross": "m-4.5 -2.5l2 -2l2.5 2.5l2.5 -2.5l2 2l-2.5 2.5l2.5 2.5l-2 2l-2.5 -2.5l-2.5 2.5l-2 -2"
    "l2.5 -2.5z",
    "plus": "m-1.5 -5h3v3.5h3.5v3h-3.5v3.5h-3v-3.5h-3.5v-3h3.5z",
    "bar": "m-2 -5.5h4v11h-4z",
}


def marker_path(marker: Marker, x: float, y: float) -> str:
    """Return the path of a sign around (x, y)."""
    return f"M{x:.1f} {y:.1f}{_PATHS[marker]}"
