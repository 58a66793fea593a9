"""Sections to one self-contained page: charts drawn, data inlined, all text escaped."""

import base64
import hashlib
import importlib.metadata
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from importlib import resources
from urllib.parse import quote

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from nasci.reports.blocks import Block
from nasci.reports.charts import HALF, to_svg
from nasci.reports.sections.section import Section
from nasci.reports.words import with_code

_HALF = HALF + 40
"""Width in pixels up to which a drawing may share its row."""

_LEAST = 480
"""Width in pixels below which a wide drawing is not shrunk, but scrolls."""


@dataclass(frozen=True)
class DrawnBlock:
    """A block whose chart is drawn.

    Attributes:
        title: heading.
        text: below it.
        svg: the chart; "" without one.
        least_width: in pixels, below which the chart scrolls; 0: it shrinks.
        html: what is no chart; "" without.
        csv_uri: the data behind it as a `data:` address; "" without.
        file: name of the download.
        width: `full` or `half`: of the page.
    """

    title: str
    text: str
    svg: Markup
    least_width: int
    html: Markup
    csv_uri: str
    file: str
    width: str


@dataclass(frozen=True)
class DrawnSection:
    """A section whose blocks are drawn."""

    key: str
    title: str
    lead: str
    blocks: tuple[DrawnBlock, ...]


@dataclass(frozen=True)
class Head:
    """What stands above the sections.

    Attributes:
        title: of the window.
        kicker: what kind of page it is.
        heading: what it is about.
        meta: a line below it.
        mood: `decided` or `open`: how the first section's words are framed; "" for neither.
        footer: the last line.
    """

    title: str
    kicker: str
    heading: str
    meta: str
    mood: str
    footer: str


def render_page(head: Head, sections: Sequence[Section]) -> str:
    """Return a page as HTML that needs nothing but itself.

    Scripts other than its own cannot run: the page says so to the browser by their hash.
    """
    files = resources.files("nasci.reports").joinpath("templates")
    script = files.joinpath("report.js").read_text("utf-8")
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    environment = Environment(
        loader=PackageLoader("nasci.reports"),
        autoescape=True,
        undefined=StrictUndefined,
        keep_trailing_newline=True,
    )
    environment.filters["with_code"] = with_code
    return environment.get_template("page.html.j2").render(
        head.__dict__,
        version=importlib.metadata.version("nasci"),
        sections=[draw_section(section) for section in sections],
        style=Markup(files.joinpath("style.css").read_text("utf-8")),
        script=Markup(script),
        script_hash=f"sha256-{digest}",
    )


def draw_section(section: Section) -> DrawnSection:
    """Return a section with its charts drawn; a narrow block without a neighbour has its row."""
    drawn = [_draw(block, f"{section.key}-{place}-") for place, block in enumerate(section.blocks)]
    place = 0
    while place < len(drawn):
        pair = drawn[place : place + 2]
        is_pair = len(pair) == 2 and all(block.width == "half" for block in pair)
        if not is_pair:
            drawn[place] = replace(drawn[place], width="full")
        place += 2 if is_pair else 1
    return DrawnSection(section.key, section.title, section.lead, tuple(drawn))


def _draw(block: Block, prefix: str) -> DrawnBlock:
    svg = "" if block.chart is None else to_svg(block.chart, block.title, prefix)
    found = re.search(r' width="([\d.]+)"', svg)
    width = float(found[1]) if found else 0.0
    is_half = block.is_half or bool(0 < width <= _HALF and block.html is None)
    name = re.sub(r"[^a-z0-9]+", "-", block.title.lower()).strip("-") or "data"
    return DrawnBlock(
        title=block.title,
        text=block.text,
        svg=Markup(svg),
        least_width=min(round(width), _LEAST) if width > _HALF else 0,
        html=block.html or Markup(""),
        csv_uri=f"data:text/csv;charset=utf-8,{quote(block.csv)}" if block.csv else "",
        file=f"{name}.csv",
        width="half" if is_half else "full",
    )
