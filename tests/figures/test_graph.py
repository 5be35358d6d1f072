"""The computational graph has exactly the model's dependencies, and nothing lies over another."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from dataclasses import replace
from itertools import pairwise
from typing import Any

import pytest

from symbptt.algebra import Model, Neg, Param, Ref, walk
from symbptt.calculus.gradients import derive
from symbptt.errors import AnalysisError, OptionError
from symbptt.figures.figure import block, figure, graph
from symbptt.figures.labels import runs
from symbptt.figures.picture import Picture
from symbptt.figures.vertices import DETAILS, Template
from symbptt.language.parser import parse
from symbptt.typeset.document import FORMATS, render
from symbptt.typeset.names import Names
from tests import cells
from tests.figures.overlaps import overlaps
from tests.modules import BUILT_IN, RANDOM, in_turn, model_of, some

NAMES = (*BUILT_IN, *cells.NAMES)
SVG = "{http://www.w3.org/2000/svg}"
KINDS: tuple[dict[str, Any], ...] = (
    {},
    {"backward": True},
    {"detail": "operations"},
    {"notation": "superscript,bar", "backward": True},
)
TWO_LAYERS = """\
# Two layers, one above the other
h_a[t] = tanh(W_a @ x[t] + U_a @ h_a[t-1] + b_a)
h_b[t] = tanh(W_b @ h_a[t] + U_b @ h_b[t-1] + b_b)
o[t] = V @ h_b[t]
loss[t] = squared_error(o[t], y[t])
"""
OLDER = """\
# Three values of the past, by ways that cross, and a loss at the end
h[t] = tanh(A @ h[t-1] + B @ h[t-3] + C @ g[t-2] + D @ x[t] + E @ x[t-1])
g[t] = sigmoid(F @ g[t-1] + G @ h[t] + b)
loss[T] = squared_error(g[T], y)
"""


def stated(model: Model, name: str) -> tuple[set[tuple[str, int]], int]:
    """From an equation: the values that it reads with their lags, how often a parameter."""
    nodes = list(walk(model.equation(name).rhs))
    values = {(n.name, -n.index.offset) for n in nodes if isinstance(n, Ref)}
    return values, sum(isinstance(n, Param) for n in nodes)


def drawn(template: Template, name: str) -> tuple[set[tuple[str, int]], int]:
    """The same from the nodes, through operations."""
    values, parameters = set(), 0
    pending, first = [template.by_name[name]], True
    while pending:
        node = template.nodes[pending.pop()]
        if node.name and not first:
            continue
        first = False
        parameters += len(node.parameters)
        for source, lag in node.sources:
            if template.nodes[source].name:
                values.add((template.nodes[source].name, lag))
            else:
                pending.append(source)
    return values, parameters


def differing(model: Model, shown: Model) -> list[str]:
    """The equations whose nodes read something else than they do."""
    template = Template(shown, Names(shown), "operations")
    names = [equation.name for equation in model.equations]
    return [name for name in names if drawn(template, name) != stated(model, name)]


@pytest.mark.parametrize("name", some(NAMES, 3))
def test_the_nodes_read_what_the_equations_read(name: str) -> None:
    assert not differing(model_of(name), model_of(name))


def test_a_missing_edge_is_noticed() -> None:
    model = model_of("elman")
    first, *others = model.equations
    refs = [node for node in walk(first.rhs) if isinstance(node, Ref)]
    without = replace(model, equations=(replace(first, rhs=Neg(refs[0])), *others))
    assert differing(model, without) == [first.name]


@pytest.mark.parametrize(
    "number, name", some(list(enumerate((*NAMES, *RANDOM))), 24), ids=lambda one: str(one)
)
def test_nothing_lies_over_another(number: int, name: str) -> None:
    model = model_of(name)
    for kind in in_turn(number // 24, KINDS if model.loss else KINDS[::2]):
        for steps in in_turn(number // 24, (3, 1, 5)):
            assert overlaps(figure(model, steps, **kind)) == []


@pytest.mark.parametrize("text", [TWO_LAYERS, OLDER], ids=["two layers", "older"])
@pytest.mark.parametrize("kind", KINDS[:3], ids=str)
def test_nothing_lies_over_another_in_models_of_several_ways(
    text: str, kind: dict[str, Any]
) -> None:
    assert overlaps(figure(parse(text, "several"), 5, **kind)) == []


PICTURE = figure(model_of("elman"), 2, backward=True)
FIRST, SECOND = PICTURE.boxes[1:3]
EDGE = next(edge for edge in PICTURE.edges if edge.label)
PLANTED: dict[str, Picture] = {
    "boxes": replace(PICTURE, boxes=(*PICTURE.boxes, replace(FIRST, name="more"))),
    "leaves its box": replace(PICTURE, boxes=(replace(FIRST, width=4.0), *PICTURE.boxes[2:])),
    "behind box": replace(
        PICTURE, boxes=(*PICTURE.boxes, replace(FIRST, name="it", centre=EDGE.path[1][-1]))
    ),
    "does not reach": replace(PICTURE, edges=(replace(EDGE, path=(((0.0, 0.0),), ((1.0, 1.0),))),)),
    "through label": replace(
        PICTURE,
        edges=(
            *PICTURE.edges,
            replace(EDGE, label=EDGE.label and replace(EDGE.label, at=EDGE.path[1][-1], tex="x")),
        ),
    ),
    "on one line": replace(PICTURE, edges=(*PICTURE.edges, *PICTURE.edges)),
    "leaves the picture": replace(PICTURE, width=PICTURE.width / 2),
}


@pytest.mark.parametrize("found", PLANTED)
def test_a_planted_overlap_is_found(found: str) -> None:
    assert any(found in line for line in overlaps(PLANTED[found]))


@pytest.mark.parametrize("name", some(NAMES, 9))
def test_gradients_flow_back_as_the_derivation_says(name: str) -> None:
    """Against the model: an adjoint edge is an edge turned round, and all adjoints are there."""
    model = model_of(name)
    if model.loss is None:
        return
    picture, derivation = figure(model, 3, backward=True), derive(model)
    forward = {(e.source, e.target) for e in picture.edges if e.way == "forward"}
    back = {(e.source, e.target) for e in picture.edges if e.way == "adjoint"}
    assert back and {(target, source) for source, target in back} <= forward
    cited = {t.tex.rpartition("(")[2] for t in picture.texts() if t.way == "adjoint"}
    numbers = {
        step.number
        for step in derivation.steps
        if step.target.index is None or step.occasions(3)
    }  # fmt: skip
    assert {f"{number})" for number in numbers} <= cited


def test_the_adjoint_of_a_state_is_that_of_its_equations() -> None:
    picture = figure(model_of("elman"), 3, backward=True)
    back = {(e.source, e.target) for e in picture.edges if e.way == "adjoint"}
    assert {source for source, target in back if target == "h[2]"} == {"a_h[3]", "a_o[2]"}
    assert ("a_h[1]", "h[0]") in back
    assert not {target for _, target in back} & {"x[1]", "y[1]"}
    step = derive(model_of("elman")).step("h", "adjoint").number
    (box,) = [box for box in picture.boxes if box.name == "h[2]"]
    assert box.texts[-1].tex == rf"\partial L/\partial \mathbf{{h}}_2\;({step})"


def words(text: str) -> list[str]:
    return ["".join(one.itertext()) for one in ET.fromstring(text).iter(f"{SVG}text")]


def test_figure_972() -> None:
    """The linear model over three steps: each parameter once, shaded, used at every step."""
    text = graph(model_of("linear"), 3, detail="operations")
    root = ET.fromstring(text)
    shaded = [box for box in root.iter(f"{SVG}rect") if box.attrib["class"] == "line shade"]
    assert len(shaded) == 3
    assert {"Whx", "Whh", "Wqh", "L", "h0"} <= set(words(text))
    assert not {"h−1", "h4"} & set(words(text))
    for step in (1, 2, 3):
        assert {f"{name}{step}" for name in ("x", "h", "o", "y", "ℓ")} <= set(words(text))
    assert words(text).count("×") == 9
    # Where rails fork; each ends at the last step.
    assert len(list(root.iter(f"{SVG}circle"))) == 6


def test_faces() -> None:
    """Vectors bold, numbers italic, functions upright, the loss as in the text."""
    faces = {run.text: (run.bold, run.italic) for run in runs(r"\mathbf{h}\alpha x\tanh\ell")}
    assert faces == {"h": (True, False), "αx": (False, True), "tanhℓ": (False, False)}
    assert [run.level for run in runs(r"\mathbf{W}_{\mathrm{hx}}^{(2)}")] == [0, -1, 1]


@pytest.mark.parametrize("to", ["svg", "tikz", "dot"])
def test_the_same_model_gives_the_same_text(to: str) -> None:
    texts = [graph(model_of("lstm"), to=to, backward=True) for _ in range(2)]
    assert texts[0] == texts[1]
    assert f"symbptt graph lstm -T 3 {'' if to == 'svg' else f'--to {to} '}" in texts[0].replace(
        "- -", "--"
    )


def test_every_printer_has_every_box_and_edge() -> None:
    model, picture = model_of("gru"), figure(model_of("gru"), 2, backward=True)
    frames = sum(box.kind != "number" for box in picture.boxes)
    svg = ET.fromstring(graph(model, 2, backward=True))
    assert len(list(svg.iter(f"{SVG}rect"))) == frames
    assert len(list(svg.iter(f"{SVG}path"))) == len(picture.edges)
    tikz = graph(model, 2, to="tikz", backward=True)
    assert tikz.count(" rectangle ") == frames
    dot = graph(model, 2, to="dot", backward=True)
    assert dot.count(" -> ") == len(picture.edges)


def test_a_notebook_shows_it() -> None:
    text: Any = graph(model_of("linear"))
    assert text._repr_svg_() == text


def test_names_that_would_break_out() -> None:
    text = "ξ: (d,)\ngamma: scalar\nalpha[t] = gamma * tanh(Omega @ alpha[t-1] + U @ ξ[t])\n"
    model = parse(text, 'a--b<&>"\n\x01')
    shown = "".join(ET.fromstring(graph(model, 2)).itertext())
    assert "α1" in shown and "Ω" in shown and "γ" in shown
    assert "\x01" not in graph(model, 2, to="dot") + graph(model, 2, to="tikz")


def test_what_can_not_be_drawn() -> None:
    with pytest.raises(AnalysisError, match="at least one step"):
        graph(model_of("linear"), 0)
    with pytest.raises(OptionError, match="--detail operations"):
        graph(model_of("linear"), detail="operations", backward=True)


@pytest.mark.parametrize("to", FORMATS)
def test_a_document_may_begin_with_the_graph(to: str) -> None:
    model = model_of("linear")
    derivation, picture = derive(model), block(model)
    text = render(derivation, to, figure=picture)
    plain = render(derivation, to)
    assert "--graph" in text and "--graph" not in plain
    shown = {
        "tex": picture.tikz,
        "beamer": picture.tikz,
        "text": "h[t] reads x[t], h[t-1]",
        "typst": "image(",
    }.get(to, picture.svg)
    assert shown in text and shown not in plain
    if to == "tex":
        assert "{tikz}" in text and "{tikz}" not in plain
    if to == "md":
        # A blank line would end the picture.
        assert "\n\n" not in picture.svg


def test_formulas_have_no_pictures() -> None:
    model = model_of("linear")
    with pytest.raises(OptionError, match="--graph and --to formulas"):
        render(derive(model), "formulas", figure=block(model))


@pytest.mark.parametrize("detail", DETAILS)
def test_every_label_of_a_tikz_picture_is_whole(detail: str) -> None:
    for name in some(cells.NAMES, 3):
        for label in re.findall(
            r"\{(\$.*\$)\};", graph(cells.cell(name), 1, to="tikz", detail=detail)
        ):
            bare = re.sub(r"\\[{}]", "", label)
            assert bare.count("{") == bare.count("}"), (name, label)


def test_a_script_does_not_hang_into_the_line_below_it() -> None:
    """Graphviz leaves no room for it, nor is it smaller there than its letter."""
    text = graph(model_of("elman"), 2, to="dot")
    labels = re.findall(r"label=<(.*?)>, shape", text)
    broken = [label for label in labels if "<BR/>" in label]
    assert broken
    for label in broken:
        for line, after in pairwise(re.split("<BR/>", label)):
            assert "<SUB>" not in line or after == '<FONT POINT-SIZE="3"> </FONT>'
