"""The boxes of a graph: what is written in them, and how large they are for it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from symbptt.figures.picture import FULL, SMALL, Frame, Point, Text, Way, text_width
from symbptt.typeset.unicode import unicode

_LINE = {FULL: 13.0, SMALL: 9.5}
_WIDEST = 88.0
# An operation's circle, and what a frame leaves around its text.
ROUND, _MARGIN = 16.0, 4.0


@dataclass(frozen=True)
class Card:
    """Lines of text one below the other, (TeX, size, way) each."""

    kind: str
    lines: tuple[tuple[str, float, Way], ...]
    width: float
    height: float

    def box(self, name: str, at: Point, width: float = 0.0, height: float = 0.0) -> Frame:
        """At least so wide and high."""
        width, height = max(width, self.width), max(height, self.height)
        texts, y = [], at[1] - sum(_LINE[size] for _, size, _ in self.lines) / 2
        for tex, size, way in self.lines:
            texts.append(Text(tex, (at[0], y + _LINE[size] / 2), size, way))
            y += _LINE[size]
        return Frame(name, self.kind, at, width, height, tuple(texts))


def wrapped(parts: Sequence[str]) -> list[str]:
    """Formulas on lines, with space between them."""
    lines: list[str] = []
    for part in parts:
        longer = rf"{lines[-1]}\;\,{part}" if lines else part
        if lines and text_width(longer, SMALL) <= _WIDEST:
            lines[-1] = longer
        else:
            lines.append(part)
    return lines


def card(kind: str, label: str, more: Sequence[str] = (), adjoint: str = "") -> Card:
    """A label, below it smaller lines, below them the adjoint."""
    lines: list[tuple[str, float, Way]] = [(label, FULL, "forward")]
    lines += [(line, SMALL, "forward") for line in wrapped(more)]
    lines += [(adjoint, SMALL, "adjoint")] if adjoint else []
    widest = max(text_width(tex, size) for tex, size, _ in lines)
    if kind == "operator" and len(unicode(label)) == 1:
        # A sign has no operands at its sides here, and none of the space between.
        widest = 0.0
    high = ROUND if kind == "operator" else sum(_LINE[size] for _, size, _ in lines) + _MARGIN
    return Card(kind, tuple(lines), max(ROUND, widest + 2 * _MARGIN), high)


def largest(cards: Sequence[Card]) -> Card:
    """With room for each of them."""
    width, height = max(one.width for one in cards), max(one.height for one in cards)
    return replace(cards[0], width=width, height=height)


def below(boxes: Mapping[str, Card], left: float, right: float, top: float) -> list[Frame]:
    """Boxes side by side in as many rows as they need."""
    found: list[Frame] = []
    x, y = left, top
    for name, one in boxes.items():
        if x > left and x + one.width > right:
            x, y = left, y + one.height + 6
        found.append(one.box(name, (x + one.width / 2, y + one.height / 2)))
        x += one.width + 8
    return found


def moved(box: Frame, by: Point) -> Frame:
    texts = tuple(shifted(text, by) for text in box.texts)
    return replace(box, centre=(box.centre[0] + by[0], box.centre[1] + by[1]), texts=texts)


def shifted(text: Text, by: Point) -> Text:
    return replace(text, at=(text.at[0] + by[0], text.at[1] + by[1]))
