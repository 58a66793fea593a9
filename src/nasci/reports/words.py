"""Words of the report as HTML: code between backticks, texts to copy, lists of findings."""

import re
from collections.abc import Iterable

from markupsafe import Markup, escape


def with_code(text: str) -> Markup:
    """Return text as HTML, escaped, with what stands between backticks as code.

    >>> print(with_code("`a < b` is <i>"))
    <code>a &lt; b</code> is &lt;i&gt;
    """
    return Markup(re.sub(r"`([^`\n]+)`", r"<code>\1</code>", str(escape(text))))


def copyable(name: str, content: str) -> Markup:
    """Return a text to copy, with its button.

    Args:
        name: of its language.
        content: the text.
    """
    return Markup(
        '<div class="code"><div class="code-head"><span>{}</span><button type="button" '
        'class="copy" hidden>Copy</button></div><pre><code>{}</code></pre></div>'
    ).format(name, content)


def findings(items: Iterable[tuple[str, Markup]]) -> Markup:
    """Return a list of coloured sentences.

    Args:
        items: level, `info` or `warning`, and the sentence as HTML.
    """
    names = {"info": "Note", "warning": "Warning"}
    lines = (
        Markup('<li class="{}"><span class="level">{}</span> {}</li>').format(
            level, names[level], sentence
        )
        for level, sentence in items
    )
    return Markup('<ul class="findings">{}</ul>').format(Markup("").join(lines))
