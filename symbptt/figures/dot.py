"""A picture for Graphviz: the graph with labels, and the places for who keeps them.

``neato -n2`` draws it as it is laid out here; ``dot`` lays it out anew.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain
from xml.sax.saxutils import escape

from symbptt.figures.labels import Span, runs
from symbptt.figures.picture import Frame, Picture, Piece, Point, Route, Text
from symbptt.figures.svg import n

_INCH = 72.0
_SCRIPT = 0.8
_COLOURS = {"forward": "black", "adjoint": "#b5310f", "rail": "gray50"}


def dot(picture: Picture, made: str) -> str:
    """The picture as a directed graph."""
    lines = [
        f"// {made}",
        "// as it is laid out: neato -n2 -Tsvg",
        f"digraph {_quoted(picture.title)} {{",
        '  rankdir="BT"; splines="true";',
        '  node [shape="box", fixedsize="true", fontname="Times", fontsize="10", margin="0"];',
        '  edge [arrowsize="0.5", fontname="Times", fontsize="7"];',
        *(_node(box, picture.height) for box in picture.boxes),
        *(_edge(edge, picture.height) for edge in picture.edges),
        "}",
        "",
    ]
    return "\n".join(lines)


def _node(box: Frame, height: float) -> str:
    shape = {"operator": "ellipse", "number": "plain"}.get(box.kind, "box")
    facts = {
        "label": f"<{_lines(box.texts)}>",
        "shape": _quoted(shape),
        "pos": _quoted(f"{_at(box.centre, height)}!"),
        "width": _quoted(f"{box.width / _INCH:.4f}"),
        "height": _quoted(f"{box.height / _INCH:.4f}"),
    }
    if box.kind == "parameter":
        facts |= {"style": '"filled"', "fillcolor": '"gray90"'}
    return f"  {_quoted(box.name)} [{_list(facts)}];"


_BREAK = "<BR/>"
# Graphviz lets scripts hang into the line below.
_ROOM = '<BR/><FONT POINT-SIZE="3"> </FONT><BR/>'


def _lines(texts: Sequence[Text]) -> str:
    lines = list(map(_html, texts))
    ends = [_ROOM if "<SUB>" in line else _BREAK for line in lines]
    return "".join(chain.from_iterable(zip(lines, (*ends[:-1], ""), strict=True)))


def _edge(edge: Route, height: float) -> str:
    ends = f"{_quoted(edge.source)} -> {_quoted(edge.target)}"
    facts = {"color": _quoted(_COLOURS[edge.way]), "pos": _quoted(_spline(edge.path, height))}
    if edge.label:
        facts |= {"label": f"<{_html(edge.label)}>", "lp": _quoted(_at(edge.label.at, height))}
    if edge.way == "adjoint":
        facts["constraint"] = '"false"'
    return f"  {ends} [{_list(facts)}];"


def _spline(pieces: Sequence[Piece], height: float) -> str:
    """A straight line is a curve, too; the last point is the arrow's tip."""
    points = [pieces[0][0]]
    for piece in pieces[1:]:
        points += piece if len(piece) == 3 else (points[-1], piece[0], piece[0])
    return " ".join((f"e,{_at(points[-1], height)}", *(_at(point, height) for point in points)))


def _html(text: Text) -> str:
    inside = "".join(_run(run, text.size) for run in runs(text.tex))
    small = f'<FONT POINT-SIZE="{n(text.size)}">{inside}</FONT>' if text.size < 10 else inside
    colour = _COLOURS[text.way]
    return small if text.way == "forward" else f'<FONT COLOR="{colour}">{small}</FONT>'


def _run(run: Span, size: float) -> str:
    text = escape(run.text)
    text = f"<B>{text}</B>" if run.bold else text
    text = f"<I>{text}</I>" if run.italic else text
    text = f'<FONT FACE="monospace">{text}</FONT>' if run.mono else text
    if not run.level:
        return text
    # Graphviz lowers a script and leaves it as large as it was.
    script = "SUP" if run.level > 0 else "SUB"
    small = f'<FONT POINT-SIZE="{n(_SCRIPT * size)}">{text}</FONT>'
    return f"<{script}>{small}</{script}>"


def _list(facts: dict[str, str]) -> str:
    return ", ".join(f"{name}={value}" for name, value in facts.items())


def _quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _at(point: Point, height: float) -> str:
    return f"{n(point[0])},{n(height - point[1])}"
