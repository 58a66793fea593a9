"""Cells as graphs: laws of the layout over many architectures, and the picture as XML and PNG."""

import io
import itertools
import re
import time
import xml.etree.ElementTree as ET

import numpy as np
import pytest
from PIL import Image

from nasci.reports.cells import CellLayout, draw_cell, lay_out_cell, op_styles
from nasci.reports.cells.boxes import Box
from nasci.reports.cells.svg import edge_path
from nasci.space import (
    ALL_OP_NAMES,
    DARTS_OP_NAMES,
    NONE,
    CellArchitecture,
    CellSpace,
    Edge,
    op_set,
    published,
)

SVG = "{http://www.w3.org/2000/svg}"
ALL = op_set("all")
SPACES = {
    "darts": (CellSpace(), 50),
    "all": (CellSpace(op_names=ALL), 50),
    "dense": (CellSpace(inputs_per_node=5, op_names=ALL), 10),
    "deep": (CellSpace(num_nodes=9, op_names=ALL, inputs_per_node=3), 10),
    "small": (CellSpace(num_nodes=1, multiplier=1), 5),
    "long names": (CellSpace(op_names=("x" * 100, "W" * 100, "a.b:c-d", "skip_connect")), 10),
}


def layouts(name: str) -> list[tuple[CellArchitecture, CellLayout]]:
    space, count = SPACES[name]
    rng = np.random.default_rng(7)
    cells = [space.sample(rng).normal for _ in range(count)]
    return [(cell, lay_out_cell(cell, "A cell")) for cell in cells]


@pytest.mark.parametrize("name", SPACES)
def test_nothing_overlaps_and_all_is_inside(name: str) -> None:
    for cell, layout in layouts(name):
        boxes = [item.box for item in (*layout.nodes, *layout.labels, *layout.legend, layout.title)]
        page = Box(layout.width / 2, layout.height / 2, layout.width, layout.height)
        assert all(page.holds(box) for box in boxes)
        for one, other in itertools.combinations(boxes, 2):
            assert not one.overlaps(other), cell


@pytest.mark.parametrize("name", SPACES)
def test_every_edge_is_there_once_with_its_label_on_it(name: str) -> None:
    for cell, layout in layouts(name):
        drawn = [(edge.op, edge.source, edge.target) for edge in layout.edges]
        output = cell.num_nodes + 2
        wanted = [(edge.op, edge.source, edge.target) for edge in cell.edges]
        assert drawn == wanted + [(None, node, output) for node in cell.concat]
        for edge, label in zip(layout.edges, layout.labels, strict=False):
            assert label.op == edge.op
            level = [
                run
                for run in edge.runs
                if run.left <= label.box.left + 1e-6 and label.box.right <= run.right + 1e-6
            ]
            assert [run.y for run in level] == pytest.approx([label.box.y])


@pytest.mark.parametrize("name", SPACES)
def test_edges_go_from_left_to_right_and_through_nothing_else(name: str) -> None:
    """Checked on the curve that is drawn, at points along every Bezier piece."""
    for _, layout in layouts(name):
        nodes = {node.number: node.box for node in layout.nodes}
        for place, edge in enumerate(layout.edges):
            points = curve(edge_path(edge, 0.0))
            assert (np.diff(points[:, 0]) >= -1e-9).all()
            assert points[0] == pytest.approx((nodes[edge.source].right, edge.start[1]), abs=0.06)
            assert points[-1] == pytest.approx((nodes[edge.target].left, edge.end[1]), abs=0.06)
            others = [
                box for number, box in nodes.items() if number not in (edge.source, edge.target)
            ]
            others += [label.box for row, label in enumerate(layout.labels) if row != place]
            for box in others:
                inside = (np.abs(points - (box.x, box.y)) < (box.width / 2, box.height / 2)).all(1)
                assert not inside.any()


def curve(path: str) -> np.ndarray:
    """Return points (N, 2) along a path of M, C and H."""
    points = []
    at = np.zeros(2)
    t = np.linspace(0, 1, 25)[:, None]
    for letter, text in re.findall(r"([MCH])([^MCH]*)", path):
        numbers = np.array([float(part) for part in text.split()])
        if letter == "M":
            at = numbers
        elif letter == "H":
            to = np.array([numbers[0], at[1]])
            points.append(at + t * (to - at))
            at = to
        else:
            one, two, to = numbers.reshape(3, 2)
            points.append(
                (1 - t) ** 3 * at
                + 3 * t * (1 - t) ** 2 * one
                + 3 * t**2 * (1 - t) * two
                + t**3 * to
            )
            at = to
    return np.concatenate(points)


@pytest.mark.parametrize("name", SPACES)
def test_nodes_stand_right_of_what_they_read_and_ports_are_apart(name: str) -> None:
    for _, layout in layouts(name):
        nodes = {node.number: node.box for node in layout.nodes}
        ends: dict[tuple[str, int], list[float]] = {}
        for edge in layout.edges:
            assert nodes[edge.source].right < nodes[edge.target].left
            ends.setdefault(("start", edge.source), []).append(edge.start[1])
            ends.setdefault(("end", edge.target), []).append(edge.end[1])
        for (_, number), heights in ends.items():
            assert min(heights) > nodes[number].top and max(heights) < nodes[number].bottom
            assert (np.diff(sorted(heights)) > 5).all()


def test_the_same_cell_is_the_same_picture() -> None:
    cell = published("darts-v2").normal
    turned = CellArchitecture(num_nodes=4, edges=cell.edges[::-1], concat=cell.concat[::-1])
    assert draw_cell(cell, title="t") == draw_cell(turned, title="t")


def test_a_chain_has_no_kinks() -> None:
    """Nodes in a row, one edge between neighbours: all on one level line."""
    edges = tuple(Edge(op="skip_connect", source=node - 1, target=node) for node in range(2, 7))
    layout = lay_out_cell(CellArchitecture(num_nodes=5, edges=edges, concat=(6,)), "chain")
    levels = [node.box.y for node in layout.nodes if node.number >= 1]
    assert levels == pytest.approx([levels[0]] * 7, abs=0.5)


def test_a_large_cell_is_fast() -> None:
    space = CellSpace(num_nodes=64, op_names=ALL)
    cell = space.sample(np.random.default_rng(0)).normal
    start = time.perf_counter()
    draw_cell(cell, title="large")
    assert time.perf_counter() - start < 5


def test_colours_differ_within_darts_and_no_two_ops_look_alike_without_colour() -> None:
    styles = op_styles(ALL_OP_NAMES)
    darts = [styles[name].colour for name in DARTS_OP_NAMES if name != NONE]
    assert len(set(darts)) == len(darts)
    assert len({(style.marker, style.filled) for style in styles.values()}) == len(styles)
    assert len({style.dash for style in styles.values()}) >= len(styles) - 1
    assert all(style.meaning for style in styles.values())


def test_ops_of_ones_own_are_told_apart_too() -> None:
    styles = op_styles(["fft", "wavelet", "skip_connect", "gabor"])
    looks = {(style.colour, style.dash, style.marker, style.filled) for style in styles.values()}
    assert len(looks) == 4
    assert op_styles(["gabor", "fft", "wavelet"]) == {
        name: styles[name] for name in ("fft", "gabor", "wavelet")
    }


@pytest.mark.parametrize("standalone", [False, True])
def test_the_picture_is_xml_with_a_name_and_all_its_text(standalone: bool) -> None:
    cell = published("study-galaxy-zoo").normal
    svg = draw_cell(cell, title="Normal & <script>alert(1)</script>\x00", standalone=standalone)
    root = ET.fromstring(svg)
    assert root.get("role") == "img" and not [e for e in root.iter() if e.get("id")]
    assert root.findtext(f"{SVG}title") == "Normal & <script>alert(1)</script>"
    assert "Node 2 adds" in (root.findtext(f"{SVG}desc") or "")
    assert not list(root.iter(f"{SVG}script"))
    texts = [element.text or "" for element in root.iter(f"{SVG}text")]
    for edge in cell.edges:
        assert edge.op in texts
        assert any(text.startswith(f"{edge.op}: ") for text in texts)
    assert ("var(" in svg) != standalone


def test_an_inline_picture_has_a_fallback_for_every_variable() -> None:
    svg = draw_cell(published("darts-v1").normal, title="t")
    found = re.findall(r"var\(([^)]*)\)", svg)
    assert found and all(re.fullmatch(r"--[a-z]+, #[0-9a-f]{6}", value) for value in found)
    assert not re.search(r"(fill|stroke):#(222222|ffffff)", svg)


def test_without_a_legend_it_is_lower() -> None:
    cell = published("darts-v1").normal
    full, bare = (lay_out_cell(cell, "t", legend=legend) for legend in (True, False))
    assert bare.legend == () and bare.height < full.height
    assert bare.nodes == full.nodes


def test_it_becomes_a_png_and_a_pdf() -> None:
    converter = pytest.importorskip("vl_convert")
    svg = draw_cell(published("darts-v2").normal, title="Normal cell", standalone=True)
    with Image.open(io.BytesIO(converter.svg_to_png(svg, scale=1.0))) as image:
        pixels = np.asarray(image.convert("RGB"))
    assert (pixels[0, 0] == 255).all() and (pixels < 60).all(axis=2).sum() > 500
    blue = np.abs(pixels.astype(int) - (0x00, 0x72, 0xB2)).max(axis=2) < 8  # sep_conv_3x3
    assert blue.sum() > 200
    assert converter.svg_to_pdf(svg).startswith(b"%PDF")
