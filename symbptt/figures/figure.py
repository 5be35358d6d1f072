"""Figure 9.7.2 of seed 004, of any model: its computational graph over a few steps."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Iterator
from dataclasses import replace

from symbptt.algebra import Derived, Index, Model, Parameter, Ref, Shape, walk
from symbptt.calculus.derivation import Derivation
from symbptt.calculus.gradients import derive
from symbptt.errors import AnalysisError, OptionError, known_as
from symbptt.figures.adjoints import Flow
from symbptt.figures.cards import Card, card, largest, moved
from symbptt.figures.drawing import MARGIN, Crossing, Placement, beside_below
from symbptt.figures.formats import FORMATS
from symbptt.figures.layout import StepColumn
from symbptt.figures.picture import Frame, Picture, Piece, Point, Route, joined
from symbptt.figures.svg import drawing
from symbptt.figures.tikz import picture_lines
from symbptt.figures.vertices import DETAILS, Template, description
from symbptt.output import MARK
from symbptt.typeset.blocks import Figure
from symbptt.typeset.names import Names
from symbptt.typeset.style import Style
from symbptt.typeset.translation import ENGLISH, said
from symbptt.typeset.unicode import unicode


def graph(
    model: Model,
    T: int = 3,
    *,
    to: str = "svg",
    detail: str = "equations",
    backward: bool = False,
    notation: str = "",
    language: str = ENGLISH,
) -> str:
    """The computational graph of a model over ``T`` steps, as text; a notebook shows the SVG.

    Parameters
    ----------
    T : int
        How many steps are drawn, at least 1.
    to : str
        A key of `symbptt.figures.formats.FORMATS`.
    detail : str
        A key of `symbptt.figures.vertices.DETAILS`.
    backward : bool
        Draw what flows back, too: every adjoint with the number of the derivation's step that
        states it, over every edge the Jacobian. The equations are then those of the normal
        form, of which the derivation speaks.
    notation : str
        As `symbptt derive --notation`.
    language : str
        That of its title and of the words for who can't see it.

    Raises
    ------
    AnalysisError
        If ``T`` is below 1.
    MissingLossError
        If gradients are asked for of a model without a loss.
    OptionError
        If gradients are asked for operation by operation.
    UnknownNameError
        If there is no such format, detail, notation or language.
    """
    known_as("format", to, FORMATS)
    words = ["symbptt", "graph", model.argument, "-T", str(T)]
    words += [] if to == "svg" else ["--to", to]
    words += [] if detail == "equations" else ["--detail", detail]
    words += ["--backward"] if backward else []
    words += ["--notation", notation] if notation else []
    words += ["--language", language] if language != ENGLISH else []
    picture = figure(
        model, T, detail=detail, backward=backward, notation=notation, language=language
    )
    return FORMATS[to](picture, f"{MARK}: {_printable(shlex.join(words))}")


def block(
    model: Model,
    T: int = 3,
    *,
    notation: str = "",
    derivation: Derivation | None = None,
    language: str = ENGLISH,
) -> Figure:
    """The graph of a model for a document; on a page its boxes lead to their adjoints in it."""
    picture = figure(model, T, notation=notation, language=language)
    numbers = Flow.of(derivation, T).numbers if derivation is not None else {}
    steps = {f"{name}[{step}]": number for (name, step), number in numbers.items()}
    words = f"{picture.title}. {' '.join(picture.description)}"
    svg = "\n".join(drawing(picture, "", steps).lines())
    return Figure("\n".join(picture_lines(picture)), svg, words)


def figure(
    model: Model,
    T: int = 3,
    *,
    detail: str = "equations",
    backward: bool = False,
    notation: str = "",
    language: str = ENGLISH,
) -> Picture:
    """The picture that `graph` prints."""
    known_as("detail", detail, DETAILS)
    if T < 1:
        raise AnalysisError(f"a graph has at least one step, not {T}")
    if backward and detail == "operations":
        raise OptionError(
            "--backward can't be combined with --detail operations: the adjoints that a derivation "
            "states are those of its equations"
        )
    style = Style.of(notation=notation, language=language)
    return _Composer(model, T, detail, backward, style).picture()


class _Composer:
    def __init__(
        self, model: Model, horizon: int, detail: str, backward: bool, style: Style
    ) -> None:
        self.adjoints = Flow()
        self.shown = model
        if backward:
            derivation = derive(model)
            self.adjoints = Flow.of(derivation, horizon)
            self.shown = _read_only(derivation.normal, model)
        self.model, self.horizon, self.detail = model, horizon, detail
        self.names = Names(self.shown, style=style)
        self.language = style.language
        self.template = Template(self.shown, self.names, detail)
        self.nodes = self.template.nodes
        numbers = range(len(self.nodes))
        self.flowing = {
            (source, lag, reader)
            for reader, node in enumerate(self.nodes)
            for source, lag in node.sources
            if any(self.flows((reader, t, source, t - lag)) for t in range(1, horizon + 1))
        }
        rails = detail == "operations"
        uses = [tex for node in self.nodes for tex in node.parameters if rails]
        self.column = StepColumn(
            self.template,
            [largest([self.card(k, t) for t in range(1 - horizon, horizon + 1)]) for k in numbers],
            {link: self.label(*link, horizon) for link in sorted(self.flowing)},
            rails,
        )
        self.drawing = Placement(
            self.shown,
            self.column,
            horizon,
            self.card,
            self.label,
            self.flows,
            {tex: card("parameter", tex) for tex in dict.fromkeys(uses)},
        )

    # --- what is written ---------------------------------------------------------------

    def card(self, number: int, step: int) -> Card:
        node = self.nodes[number]
        label = self.template.label(number, step)
        more = [] if self.detail == "operations" or step < 1 else node.functions + node.parameters
        return card(node.kind, label, more, self.adjoint(node.name, node.shape, step))

    def adjoint(self, name: str, shape: Shape, step: int) -> str:
        """The sign of an adjoint with its equation's number, where there is one."""
        number = self.adjoints.numbers.get((name, step))
        return self.sign(name, shape, Index(offset=step), number) if number else ""

    def sign(self, name: str, shape: Shape, index: Index | None, number: int) -> str:
        own = self.names.gradient(name, shape, index)
        sign = own or rf"\partial L/\partial {self.names.variable(name, shape, index)}"
        return rf"{sign}\;({number})"

    def label(self, source: int, lag: int, reader: int, step: int) -> str:
        """The Jacobian's name, where anything flows back at any step."""
        if (source, lag, reader) not in self.flowing:
            return ""
        above, below = self.template.label(reader, step), self.template.label(source, step - lag)
        return rf"\partial {above}/\partial {below}"

    def flows(self, crossing: Crossing) -> bool:
        reader, at, source, before = crossing
        if reader < 0:
            return ("loss", at) in self.adjoints.numbers
        ends = ((self.nodes[reader].name, at), (self.nodes[source].name, before))
        return ends in self.adjoints.edges

    # --- the picture -------------------------------------------------------------------

    def picture(self) -> Picture:
        drawing = self.drawing
        boxes = list(drawing.boxes())
        drawing.draw_edges()
        if self.shown.loss is not None:
            boxes += drawing.total(*self._total())
        below = beside_below(self._parameters(), drawing.width)
        left, bottom, right, top = _extent(boxes, drawing.edges)
        width = max([right - left, *(box.centre[0] + box.width / 2 for box in below)])

        def turned(point: Point) -> Point:
            return point[0] - left + MARGIN, top + MARGIN - point[1]

        found = [_turned(box, turned(box.centre)) for box in boxes]
        height = top - bottom + MARGIN
        found += [moved(box, (MARGIN, height + 14)) for box in below]
        height = max([height, *(box.centre[1] + box.height / 2 for box in found)]) + MARGIN
        edges = tuple(_turned_edge(edge, turned) for edge in drawing.edges)
        dots = tuple((turned(at), way) for at, way in drawing.dots)
        ending = "s, and the gradients that flow back" if self.adjoints.numbers else "s"
        steps = f"{self.horizon} step{ending if self.horizon > 1 else ending[1:]}"
        name = f"`{_printable(self.model.name)}`"
        title = said(f"Computational graph of {name} over {steps}", self.language).replace("`", "")
        return Picture(
            width + 2 * MARGIN, height, tuple(found), edges, dots, title, tuple(self._sentences())
        )

    def _total(self) -> tuple[Card, Card | None]:
        loss = self.shown.loss
        assert loss is not None
        mean = rf"\mathrm{{{self.shown.total.word}}}"
        if self.detail == "operations":
            return card("total", "L"), None if loss.last else card("operator", mean)
        return card("total", "L", [] if loss.last else [mean]), None

    def _parameters(self) -> dict[str, Card]:
        """With gradients, what they are of; a card each."""
        found: dict[str, Card] = {}
        items: list[Parameter | Derived] = [*self.shown.parameters, *self.shown.derived]
        for item in items:
            if number := self.adjoints.parameters.get(item.name):
                label = self.names.symbol(item.name, item.shape).at()
                adjoint = self.sign(item.name, item.shape, None, number)
                found[item.name] = card("parameter", label, adjoint=adjoint)
        return found

    def _sentences(self) -> Iterator[str]:
        loss = self.shown.loss
        total = "" if loss is None else _TOTAL[loss.last].format(word=self.shown.total.word)
        template = Template(self.shown, self.names)
        for sentence in description(template, total):
            pieces = said(sentence, self.language).split("$")
            yield "".join(unicode(p) if k % 2 else p for k, p in enumerate(pieces))


_TOTAL = {
    False: r"$L$ is the {word} of $\ell$ over all steps.",
    True: r"$L$ is $\ell$ at the last step.",
}


def _read_only(normal: Model, model: Model) -> Model:
    """Without what only a gradient is written with."""
    read = {
        part.name
        for equation in normal.equations
        for part in walk(equation.rhs)
        if isinstance(part, Ref)
    }
    own = {equation.name for equation in model.equations}
    kept = tuple(e for e in normal.equations if e.name in read | own)
    return replace(normal, equations=kept)


def _printable(text: str) -> str:
    """On one line, and in any format's comment."""
    return "".join(letter if letter.isprintable() else "?" for letter in text)


def _extent(boxes: list[Frame], edges: list[Route]) -> tuple[float, float, float, float]:
    """Left, bottom, right and top of all that is drawn."""
    points = [point for edge in edges for piece in edge.path for point in piece]
    for box in boxes:
        (x, y), half, high = box.centre, box.width / 2, box.height / 2
        points += [(x - half, y - high), (x + half, y + high)]
    for text in (edge.label for edge in edges if edge.label):
        points += [(text.at[0] + sign * text.width / 2, text.at[1]) for sign in (-1, 1)]
    across, up = [x for x, _ in points], [y for _, y in points]
    return min(across), min(up), max(across), max(up)


def _turned(box: Frame, at: Point) -> Frame:
    return moved(box, (at[0] - box.centre[0], at[1] - box.centre[1]))


def _turned_edge(edge: Route, turned: Callable[[Point], Point]) -> Route:
    def path(pieces: tuple[Piece, ...]) -> tuple[Piece, ...]:
        return joined(tuple(tuple(map(turned, piece)) for piece in pieces))

    label = edge.label and replace(edge.label, at=turned(edge.label.at))
    return replace(edge, path=path(edge.path), drawn=path(edge.drawn), label=label)
