"""The computational graph has exactly the model's dependencies."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from dataclasses import replace

import pytest

from symbptt.algebra import Model, Neg, Param, Ref, walk
from symbptt.errors import AnalysisError
from symbptt.figures.graph import _Template, computational_graph
from symbptt.figures.svg import SHADE, symbol
from symbptt.language.parser import parse
from tests import cells
from tests.modules import BUILT_IN, model_of

NAMES = (*BUILT_IN, *cells.NAMES)
SVG = "{http://www.w3.org/2000/svg}"


def drawn(model: Model) -> dict[str, tuple[set[tuple[str, int]], int]]:
    """For each quantity what its box depends on through operations: values and lags, and
    how often a parameter."""
    template = _Template(model)
    found = {}
    for equation in model.equations:
        values, parameters = set(), 0
        pending = [template.by_name[equation.name]]
        first = True
        while pending:
            node = template.nodes[pending.pop()]
            if node.name and not first:
                continue
            first = False
            parameters += len(node.parameters)
            for source, lag in node.sources:
                if name := template.nodes[source].name:
                    values.add((name, lag))
                else:
                    pending.append(source)
        found[equation.name] = values, parameters
    return found


def stated(model: Model) -> dict[str, tuple[set[tuple[str, int]], int]]:
    """The same from the equations."""
    found = {}
    for equation in model.equations:
        nodes = list(walk(equation.rhs))
        values = {(n.name, -n.index.offset) for n in nodes if isinstance(n, Ref)}
        found[equation.name] = values, sum(isinstance(n, Param) for n in nodes)
    return found


@pytest.mark.parametrize("name", NAMES)
def test_the_edges_are_the_dependencies(name: str) -> None:
    model = model_of(name)
    assert drawn(model) == stated(model)


def test_a_missing_edge_is_noticed() -> None:
    model = model_of("elman")
    first, *others = model.equations
    refs = [node for node in walk(first.rhs) if isinstance(node, Ref)]
    without = replace(model, equations=(replace(first, rhs=Neg(refs[0])), *others))
    assert drawn(without) != stated(model)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("steps", [1, 3])
def test_the_picture_is_well_formed_and_within_its_frame(name: str, steps: int) -> None:
    root = ET.fromstring(computational_graph(model_of(name), steps))
    width, height = float(root.attrib["width"]), float(root.attrib["height"])
    boxes = [box for box in root.iter(f"{SVG}rect") if "stroke" in box.attrib]
    for box in boxes:
        x, y = float(box.attrib["x"]), float(box.attrib["y"])
        assert x >= 0 and x + float(box.attrib["width"]) <= width
        assert y >= 0 and y + float(box.attrib["height"]) <= height
    corners = [(box.attrib["x"], box.attrib["y"]) for box in boxes]
    assert len(set(corners)) == len(corners)
    assert len(boxes) > steps


@pytest.mark.parametrize("name", NAMES)
def test_no_two_boxes_overlap(name: str) -> None:
    root = ET.fromstring(computational_graph(model_of(name), 2))
    boxes = [
        tuple(float(box.attrib[key]) for key in ("x", "y", "width", "height"))
        for box in root.iter(f"{SVG}rect")
        if "stroke" in box.attrib
    ]
    for k, (x, y, w, h) in enumerate(boxes):
        for u, v, p, q in boxes[:k]:
            assert x + w <= u or u + p <= x or y + h <= v or v + q <= y


def test_figure_972() -> None:
    """The linear model over three steps: each parameter once, shaded, used at every step."""
    root = ET.fromstring(computational_graph(model_of("linear"), 3))
    shaded = [box for box in root.iter(f"{SVG}rect") if box.attrib["fill"] == SHADE]
    assert len(shaded) == 3
    words = ["".join(text.itertext()) for text in root.iter(f"{SVG}text")]
    assert {"Whx", "Whh", "Wqh", "L", "h0"} <= set(words)
    assert not {"h-1", "h4"} & set(words)
    for step in (1, 2, 3):
        assert {f"{name}{step}" for name in ("x", "h", "o", "y", "l")} <= set(words)
    assert words.count("×") == 9
    assert len(list(root.iter(f"{SVG}circle"))) == 9  # where rails meet operations


def test_the_same_model_gives_the_same_bytes() -> None:
    for name in ("linear", "lstm"):
        assert computational_graph(model_of(name)) == computational_graph(model_of(name))


def test_names_that_would_break_out_of_xml() -> None:
    text = "ξ: (d,)\ngamma: scalar\nalpha[t] = gamma * tanh(Omega @ alpha[t-1] + U @ ξ[t])\n"
    drawing = computational_graph(parse(text, "a--b<&>"), 2)
    words = "".join(ET.fromstring(drawing).itertext())
    assert "α1" in words and "Ω" in words and "γ" in words


def test_symbols() -> None:
    assert symbol("W_hx").below == "hx"
    assert symbol("h_1", 2).below == "1,2"
    assert symbol("Omega").letters == "Ω"
    assert symbol("x", -1).below == "−1"


def test_no_steps() -> None:
    with pytest.raises(AnalysisError, match="at least one step"):
        computational_graph(model_of("linear"), 0)
