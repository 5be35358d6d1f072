"""A drawing as SVG text: the same calls give the same bytes.

Ink is the colour of the text around it, so that a page's dark side is the drawing's, too; what
stands for itself has a paper of its own. Nothing in it has a name that could be another's.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from xml.sax.saxutils import escape, quoteattr

from symbptt.figures.labels import Span, runs
from symbptt.figures.picture import Picture, Piece, Point, Text

SERIF = (
    "'STIX Two Text', 'Latin Modern Roman', 'Times New Roman', Times, "
    "'STIX Two Math', 'Latin Modern Math', serif"
)
STYLE = """\
.symbptt { --back: #b5310f; max-width: 100%; height: auto; font-family: FONTS; fill: currentColor; }
.symbptt .line { fill: none; stroke: currentColor; stroke-width: 0.8; }
.symbptt .faint { opacity: 0.6; }
.symbptt .dashed { stroke-dasharray: 3 3; }
.symbptt .shade { fill: currentColor; fill-opacity: 0.12; }
.symbptt .back { fill: var(--back); }
.symbptt .line.back { fill: none; stroke: var(--back); }
:root.symbptt { color: #1a1a1a; background: #ffffff; }
@media (prefers-color-scheme: dark) {
.symbptt { --back: #ff9d76; }
:root.symbptt { color: #e8e8e8; background: #16181d; }
}""".replace("FONTS", SERIF)
# From the line up to the middle of small letters, and what a script is moved by.
_RAISE, _SCRIPT, _SMALLER = 0.33, 0.28, 0.7
HEAD = 4.5
NO_STEPS: Mapping[str, int] = MappingProxyType({})


class Svg(str):
    """The text of a drawing, which a notebook shows."""

    def _repr_svg_(self) -> str:
        return str(self)


class Drawing:
    """Shapes in the order in which they are drawn.

    Parameters
    ----------
    title : str
        What the picture shows, for who can't see it.
    made : str
        What made it.
    description : str
        The same at length.
    zoom : float
        How large it is shown where there is room.
    """

    def __init__(
        self,
        width: float,
        height: float,
        title: str,
        made: str,
        *,
        description: str = "",
        zoom: float = 1.5,
    ) -> None:
        self.zoom = zoom
        self.width, self.height = width, height
        self.title, self.made, self.description = title, made, description
        self.shapes: list[str] = []

    def box(
        self, centre: Point, width: float, height: float, kind: str = "line", radius: float = 3
    ) -> None:
        """``kind``: ``line`` for an empty one, ``line shade`` for a shaded one."""
        x, y = centre[0] - width / 2, centre[1] - height / 2
        self.shapes.append(
            f'<rect class="{kind}" x="{n(x)}" y="{n(y)}" width="{n(width)}" height="{n(height)}" '
            f'rx="{n(radius)}"/>'
        )

    def dot(self, centre: Point, kind: str = "", color: str = "") -> None:
        self.shapes.append(
            f'<circle class="{kind}"{_colored(color)} cx="{n(centre[0])}" cy="{n(centre[1])}" '
            'r="1.5"/>'
        )

    def path(
        self, pieces: Sequence[Piece], kind: str = "", arrow: bool = True, color: str = ""
    ) -> None:
        """Straight lines and curves, with an arrow's head at the end; ``color`` is not of it."""
        steps = [f"M {_at(pieces[0][0])}"]
        steps += [f"{'C' if len(p) == 3 else 'L'} {', '.join(map(_at, p))}" for p in pieces[1:]]
        self.shapes.append(
            f'<path class="{f"line {kind}".strip()}"{_colored(color)} d="{" ".join(steps)}"/>'
        )
        if arrow:
            corners = " ".join(_at(point) for point in head(pieces))
            self.shapes.append(f'<polygon class="{kind}" points="{corners}"/>')

    def text(
        self, at: Point, words: str, *, anchor: str = "middle", kind: str = "",
        mono: bool = False, size: float = 13,
    ) -> None:  # fmt: skip
        family = "monospace" if mono else "sans-serif"
        self.shapes.append(
            f'<text class="{kind}" x="{n(at[0])}" y="{n(at[1])}" text-anchor="{anchor}" '
            f'font-family="{family}" font-size="{n(size)}">{escape(words)}</text>'
        )

    def formula(self, text: Text) -> None:
        """A formula with its middle at its point."""
        x, y = text.at
        back = ' class="back"' if text.way == "adjoint" else ""
        parts, level = [], 0.0
        for run in runs(text.tex):
            height = -_SCRIPT * text.size * run.level
            parts.append(_span(run, height - level, text.size))
            level = height
        self.shapes.append(
            f'<text{back} x="{n(x)}" y="{n(y + _RAISE * text.size)}" text-anchor="middle" '
            f'font-size="{n(text.size)}">{"".join(parts)}</text>'
        )

    def lines(self) -> list[str]:
        size = f'width="{n(self.zoom * self.width)}" height="{n(self.zoom * self.height)}"'
        # What is said to be an image has no parts for who can't see it: no links either.
        role = "group" if any(shape.startswith("<a ") for shape in self.shapes) else "img"
        described = [f"<desc>{escape(self.description)}</desc>"] if self.description else []
        return [
            f'<svg class="symbptt" xmlns="http://www.w3.org/2000/svg" {size} '
            f'viewBox="0 0 {n(self.width)} {n(self.height)}" role="{role}" '
            f"aria-label={quoteattr(self.title)}>",
            f"<title>{escape(self.title)}</title>",
            *described,
            f"<style>{STYLE}</style>",
            *self.shapes,
            "</svg>",
        ]

    def svg(self) -> Svg:
        """The file's text."""
        # No comment: in one of XML no two hyphens may meet, and options begin with two.
        head = ('<?xml version="1.0" encoding="UTF-8"?>', f"<?{self.made.replace('?>', '? >')}?>")
        return Svg("\n".join((*head, *self.lines(), "")))


def _colored(color: str) -> str:
    """The ink of one shape."""
    return f' style="color: {color}"' if color else ""


def _span(run: Span, move: float, size: float) -> str:
    facts = [
        f' dy="{n(move)}"' if move else "",
        f' font-size="{n(size * _SMALLER ** min(abs(run.level), 2))}"' if run.level else "",
        ' font-weight="bold"' if run.bold else "",
        ' font-style="italic"' if run.italic else "",
        ' font-family="monospace"' if run.mono else "",
    ]
    return f"<tspan{''.join(facts)}>{escape(run.text)}</tspan>"


def drawing(picture: Picture, made: str, steps: Mapping[str, int] = NO_STEPS) -> Drawing:
    """The shapes of a picture; boxes with a step of a derivation lead to it in their page."""
    told = " ".join(picture.description)
    shapes = Drawing(picture.width, picture.height, picture.title, made, description=told)
    kinds = {"forward": "", "adjoint": "back", "rail": "faint"}
    for edge in picture.edges:
        shapes.path(edge.drawn, kinds[edge.way], edge.arrow)
    for at, way in picture.dots:
        shapes.dot(at, kinds[way])
    for box in picture.boxes:
        if box.kind != "number":
            shade = "line shade" if box.kind == "parameter" else "line"
            round_ = box.height / 2 if box.kind == "operator" else 3
            tag = steps.get(box.name)
            if tag is not None:
                shapes.shapes.append(f'<a href="#eq-{tag}" data-tag="{tag}">')
            shapes.box(box.centre, box.width, box.height, shade, round_)
            if tag is not None:
                for text in box.texts:
                    shapes.formula(text)
                shapes.shapes.append("</a>")
    led = {id(text) for box in picture.boxes if box.name in steps for text in box.texts}
    for text in picture.texts():
        if id(text) not in led:
            shapes.formula(text)
    return shapes


def svg(picture: Picture, made: str) -> Svg:
    """The picture as SVG."""
    return drawing(picture, made).svg()


def head(pieces: Sequence[Piece]) -> tuple[Point, Point, Point]:
    """The corners of an arrow's head at the end."""
    points = [pieces[0][0], *(point for piece in pieces[1:] for point in piece)]
    (x, y) = points[-1]
    u, v = next(p for p in reversed(points[:-1]) if p != (x, y))
    length = ((x - u) ** 2 + (y - v) ** 2) ** 0.5
    a, b = (x - u) / length, (y - v) / length
    back, side = HEAD, HEAD * 0.4
    left = (x - back * a - side * b, y - back * b + side * a)
    right = (x - back * a + side * b, y - back * b - side * a)
    return (left, (x, y), right)


def _at(point: Point) -> str:
    return f"{n(point[0])},{n(point[1])}"


def n(value: float) -> str:
    """A number without noise in its last digits."""
    return f"{value + 0.0:.2f}".rstrip("0").rstrip(".")
