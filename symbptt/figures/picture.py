"""A laid out picture as data: boxes, texts and curves with their places, for every printer.

Lengths are in points where a letter has 10; y grows downwards.
"""

from __future__ import annotations

from collections.abc import Container, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal

from symbptt.typeset.tex import width

Point = tuple[float, float]
Piece = tuple[Point, ...]
"""The end of a straight line, or the two control points and the end of a Bezier curve."""
Way = Literal["forward", "adjoint", "rail"]

FULL, SMALL = 10.0, 7.0


def text_width(tex: str, size: float) -> float:
    """About how wide a formula is; fonts differ, so rather more than less.

    Small letters are wider for their size.
    """
    return (1.12 if size >= FULL else 1.25) * width(tex) * size / 18


@dataclass(frozen=True)
class Text:
    """A formula with its middle at a point."""

    tex: str
    at: Point
    size: float = FULL
    way: Way = "forward"

    @property
    def width(self) -> float:
        return text_width(self.tex, self.size)


@dataclass(frozen=True)
class Frame:
    """Attributes
    ----------
    name : str
        Of this box and no other.
    kind : str
        ``input``, ``quantity``, ``operator``, ``parameter`` (shaded), ``number`` (no frame)
        or ``total``.
    centre : Point
    width, height : float
    texts : tuple of Text
    """

    name: str
    kind: str
    centre: Point
    width: float
    height: float
    texts: tuple[Text, ...]


@dataclass(frozen=True)
class Route:
    """From box to box; what several share of their way is drawn with one of them.

    Attributes
    ----------
    source, target : str
        Names of boxes, in the direction of the arrow.
    way : str
    path : tuple of Piece
        All of its way; the first piece is the point where it begins.
    drawn : tuple of Piece
        The part that is drawn with it.
    arrow : bool
        Whether the head is drawn with it, too.
    label : Text or None
    """

    source: str
    target: str
    way: Way
    path: tuple[Piece, ...]
    drawn: tuple[Piece, ...]
    arrow: bool = True
    label: Text | None = None


@dataclass(frozen=True)
class Picture:
    """Attributes
    ----------
    dots : tuple of (Point, Way)
        Where a way forks.
    title : str
    description : tuple of str
        Sentences of plain text.
    """

    width: float
    height: float
    boxes: tuple[Frame, ...]
    edges: tuple[Route, ...]
    dots: tuple[tuple[Point, Way], ...]
    title: str
    description: tuple[str, ...]

    def texts(self) -> Iterator[Text]:
        for box in self.boxes:
            yield from box.texts
        yield from (edge.label for edge in self.edges if edge.label)


def joined(path: tuple[Piece, ...]) -> tuple[Piece, ...]:
    """The same way without pieces that lead nowhere."""
    found = [path[0]]
    found += [piece for before, piece in pairwise(path) if piece != before[-1:]]
    return tuple(found)


def backwards(path: tuple[Piece, ...]) -> tuple[Piece, ...]:
    """The same way from its end to its beginning."""
    points = [path[0][0], *(point for piece in path[1:] for point in piece)]
    found: list[Piece] = [(points[-1],)]
    end = len(points) - 1
    for piece in reversed(path[1:]):
        end -= len(piece)
        found.append((*reversed(piece[:-1]), points[end]))
    return tuple(found)


def spline(start: Point, end: Point, beside: float = 0.0) -> tuple[Piece, ...]:
    """From level to level, upright at both ends: between its ends in height, all along.

    What runs ``beside`` another one does so where both are flat, too.
    """
    (x, y), (u, v) = start, end
    if abs(x - u) < 0.05:
        return ((start,), (end,))
    middle = (y + v) / 2 + (beside if u < x else -beside)
    return ((start,), ((x, middle), (u, middle), end))


def rounded(
    points: Sequence[Point], sharp: Container[Point] = (), radius: float = 3.0
) -> tuple[Piece, ...]:
    """Straight lines from point to point, the corners that are not ``sharp`` rounded."""
    points = [p for k, p in enumerate(points) if not k or p != points[k - 1]]
    path: list[Piece] = [(points[0],)]
    for before, corner, after in zip(points, points[1:], points[2:], strict=False):
        if _straight(before, corner, after):
            continue
        if corner in sharp:
            path.append((corner,))
            continue
        start, end = (_towards(corner, other, radius) for other in (before, after))
        path += [(start,), (_middle(start, corner), _middle(end, corner), end)]
    return (*path, (points[-1],))


def _straight(a: Point, b: Point, c: Point) -> bool:
    return (a[0] == b[0] == c[0]) or (a[1] == b[1] == c[1])


def _towards(corner: Point, other: Point, radius: float) -> Point:
    (x, y), (u, v) = corner, other
    length = abs(u - x) + abs(v - y)
    share = min(radius, length / 2) / length
    return (x + share * (u - x), y + share * (v - y))


def _middle(a: Point, b: Point) -> Point:
    return ((a[0] + b[0]) / 2, (a[1] + b[1]) / 2)
