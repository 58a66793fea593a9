"""Text in a picture: how wide it will be without a font at hand, and how it is escaped."""

from html import escape

# Widths in em of Helvetica and of the fonts that stand in for it, rounded up (Adobe's AFM files).
_NARROW, _MEDIUM, _WIDE = 0.36, 0.58, 0.96
_NARROW_LETTERS = frozenset("fijlrtI.,:;|!'`()[]{}/\\- ")
_WIDE_LETTERS = frozenset("mwMW@%\N{HORIZONTAL ELLIPSIS}")
_WIDE_SCRIPTS = 0x2E80  # from here on: Chinese, Japanese, Korean, symbols


def text_width(text: str, size: float) -> float:
    """Return the width of a line of text in a sans-serif font, in units of `size`, rounded up.

    Args:
        text: one line.
        size: of the font, in pixels.

    >>> text_width("ill", 10) < text_width("mmm", 10)
    True
    """
    return size * sum(_letter_width(letter) for letter in text)


def shorten(text: str, size: float, limit: float) -> str:
    """Return text that is at most `limit` pixels wide, its end replaced by an ellipsis if need be.

    >>> shorten("a rather long name", 10, 60)
    'a rather l…'
    """
    if text_width(text, size) <= limit:
        return text
    while text and text_width(text + "…", size) > limit:
        text = text[:-1]
    return text.rstrip() + "…"


def svg_text(text: str) -> str:
    """Return text that XML can hold: escaped, and without the characters that it forbids.

    >>> svg_text("<b>a & b</b>")
    '&lt;b&gt;a &amp; b&lt;/b&gt;'
    """
    return escape("".join(letter for letter in text if _is_allowed(ord(letter))))


def _letter_width(letter: str) -> float:
    if letter in _NARROW_LETTERS:
        return _NARROW
    if ord(letter) >= _WIDE_SCRIPTS:
        return 1.05
    if letter in _WIDE_LETTERS:
        return _WIDE
    return 0.76 if letter.isupper() else _MEDIUM


def _is_allowed(code: int) -> bool:
    """Return whether XML 1.0 allows a character."""
    if code < 0x20:
        return code in (0x9, 0xA, 0xD)
    return not (0xD800 <= code <= 0xDFFF or code in (0xFFFE, 0xFFFF))
