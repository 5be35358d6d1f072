r"""A picture in TikZ: a ``tikzpicture`` with every place given, to be put into a document."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from symbptt.figures.picture import Frame, Picture, Piece, Point, Text, Way
from symbptt.figures.svg import head, n
from symbptt.typeset.text import built_formula, latex_comment

_WAYS: dict[Way, str] = {"forward": "", "adjoint": "symbptt back, ", "rail": "black!55, "}
PACKAGES = r"\usepackage{amsmath,amssymb,bm,tikz}"


def tikz(picture: Picture, made: str) -> str:
    """The picture, under a line that says what made it and one that says what it needs."""
    head = (f"% {latex_comment(line)}" for line in (made, f"needs {PACKAGES}"))
    return "\n".join((*head, *map(built_formula, picture_lines(picture)), ""))


def picture_lines(picture: Picture) -> Iterator[str]:
    """The environment."""
    yield r"\begin{tikzpicture}[x=1pt, y=-1pt, line width=0.4pt, inner sep=0pt,"
    yield r"  symbptt back/.style={draw=red!70!black, text=red!70!black, fill=red!70!black},"
    yield r"  symbptt full/.style={font=\fontsize{10}{12}\selectfont},"
    yield r"  symbptt small/.style={font=\fontsize{7}{8}\selectfont}]"
    for edge in picture.edges:
        yield rf"\draw[{_WAYS[edge.way]}fill=none] {_path(edge.drawn)};"
        if edge.arrow:
            corners = " -- ".join(map(_at, head(edge.drawn)))
            yield rf"\fill[{_WAYS[edge.way]}] {corners} -- cycle;"
    for at, way in picture.dots:
        yield rf"\fill[{_WAYS[way]}] {_at(at)} circle[radius=1.2pt];"
    yield from map(_box, picture.boxes)
    yield from map(_text, picture.texts())
    yield r"\end{tikzpicture}"


def _box(box: Frame) -> str:
    if box.kind == "number":
        return ""
    (x, y), radius = box.centre, box.height / 2 if box.kind == "operator" else 2.0
    shade = ", fill=black!10" if box.kind == "parameter" else ""
    low = (x - box.width / 2, y - box.height / 2)
    high = (x + box.width / 2, y + box.height / 2)
    return rf"\draw[rounded corners={n(radius)}pt{shade}] {_at(low)} rectangle {_at(high)};"


def _text(text: Text) -> str:
    size = "full" if text.size >= 10 else "small"
    back = ", text=red!70!black" if text.way == "adjoint" else ""
    return rf"\node[symbptt {size}{back}] at {_at(text.at)} {{${text.tex}$}};"


def _path(pieces: Sequence[Piece]) -> str:
    steps = [_at(pieces[0][0])]
    for piece in pieces[1:]:
        *controls, end = map(_at, piece)
        steps.append(f".. controls {controls[0]} and {controls[1]} .." if controls else "--")
        steps.append(end)
    return " ".join(steps)


def _at(point: Point) -> str:
    return f"({n(point[0])},{n(point[1])})"
