"""A drawing as SVG text: the same calls give the same bytes."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from xml.sax.saxutils import escape, quoteattr

INK, FAINT, SHADE, PAPER = "#1a1a1a", "#7a7a7a", "#d9e4f1", "#ffffff"

Point = tuple[float, float]


@dataclass(frozen=True)
class Label:
    """A symbol: italic letters, an upright part (a function's name), a subscript."""

    letters: str = ""
    upright: str = ""
    below: str = ""

    @property
    def width(self) -> float:
        """About how wide it is at a font size of 15."""
        return 9.0 * len(self.letters) + 7.5 * len(self.upright) + 6.5 * len(self.below)


def symbol(name: str, *indices: int | str) -> Label:
    """A model's name with its subscript and steps: ``W_hx`` or, at step 2, ``h``."""
    letters, _, below = name.partition("_")
    parts = [below, *map(str, indices)]
    return Label(_greek(letters), below=",".join(part.replace("-", "−") for part in parts if part))


def _greek(word: str) -> str:
    """The letter that a name like ``gamma`` or ``Omega`` spells out, or the name."""
    size = "CAPITAL" if word[:1].isupper() else "SMALL"
    try:
        return unicodedata.lookup(f"GREEK {size} LETTER {word.upper()}")
    except KeyError:
        return word


class Drawing:
    """Shapes in the order in which they are drawn.

    Parameters
    ----------
    title : str
        What the picture shows, for who can't see it.
    """

    def __init__(self, width: float, height: float, title: str, command: str) -> None:
        self.width, self.height = width, height
        self.title = title
        self.command = command
        self.shapes: list[str] = []

    def box(
        self, centre: Point, width: float, height: float, fill: str = PAPER, radius: float = 3
    ) -> None:
        x, y = centre[0] - width / 2, centre[1] - height / 2
        self.shapes.append(
            f'<rect x="{_n(x)}" y="{_n(y)}" width="{_n(width)}" height="{_n(height)}" '
            f'rx="{_n(radius)}" fill="{fill}" stroke="{INK}"/>'
        )

    def dot(self, centre: Point, color: str = INK) -> None:
        self.shapes.append(
            f'<circle cx="{_n(centre[0])}" cy="{_n(centre[1])}" r="2.2" fill="{color}"/>'
        )

    def line(
        self,
        points: Sequence[Point],
        color: str = INK,
        *,
        arrow: bool = False,
        dashed: bool = False,
    ) -> None:
        """Straight pieces from point to point."""
        steps = " L ".join(f"{_n(x)} {_n(y)}" for x, y in points)
        self._path(f"M {steps}", color, arrow, dashed)

    def curve(self, points: tuple[Point, Point, Point, Point]) -> None:
        """A Bezier curve with an arrow's head at its end."""
        first, *others = (f"{_n(x)} {_n(y)}" for x, y in points)
        self._path(f"M {first} C {', '.join(others)}", INK, True, False)

    def _path(self, path: str, color: str, arrow: bool, dashed: bool) -> None:
        head = f' marker-end="url(#head-{"ink" if color == INK else "faint"})"' if arrow else ""
        dash = ' stroke-dasharray="3 3"' if dashed else ""
        self.shapes.append(f'<path d="{path}" fill="none" stroke="{color}"{dash}{head}/>')

    def text(
        self, at: Point, words: str, *, anchor: str = "middle", color: str = INK,
        mono: bool = False, size: float = 13,
    ) -> None:  # fmt: skip
        family = "monospace" if mono else "sans-serif"
        self.shapes.append(
            f'<text x="{_n(at[0])}" y="{_n(at[1])}" text-anchor="{anchor}" fill="{color}" '
            f'font-family="{family}" font-size="{_n(size)}">{escape(words)}</text>'
        )

    def label(self, at: Point, label: Label) -> None:
        """A symbol with its middle at a point."""
        parts = []
        if label.letters:
            parts.append(f'<tspan font-style="italic">{escape(label.letters)}</tspan>')
        if label.upright:
            parts.append(f"<tspan>{escape(label.upright)}</tspan>")
        if label.below:
            parts.append(f'<tspan dy="4" font-size="10.5">{escape(label.below)}</tspan>')
        self.shapes.append(
            f'<text x="{_n(at[0])}" y="{_n(at[1] + 5)}" text-anchor="middle" fill="{INK}" '
            f'font-family="serif" font-size="15">{"".join(parts)}</text>'
        )

    def __str__(self) -> str:
        # In a comment of XML no two hyphens may meet.
        how = self.command.replace("--", "- -").replace("--", "- -")
        size = f'width="{_n(self.width)}" height="{_n(self.height)}"'
        heads = "".join(
            f'<marker id="head-{name}" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" '
            f'markerHeight="7" orient="auto"><path d="M 0 1 L 8 4 L 0 7 z" fill="{color}"/>'
            "</marker>"
            for name, color in (("ink", INK), ("faint", FAINT))
        )
        return "\n".join(
            [
                '<?xml version="1.0" encoding="UTF-8"?>',
                f"<!-- made by symbptt: {how} -->",
                f'<svg xmlns="http://www.w3.org/2000/svg" {size} '
                f'viewBox="0 0 {_n(self.width)} {_n(self.height)}" role="img" '
                f"aria-label={quoteattr(self.title)}>",
                f"<title>{escape(self.title)}</title>",
                f"<defs>{heads}</defs>",
                f'<rect width="{_n(self.width)}" height="{_n(self.height)}" fill="{PAPER}"/>',
                *self.shapes,
                "</svg>",
                "",
            ]
        )


def _n(value: float) -> str:
    """A number without noise in its last digits."""
    return f"{value:.2f}".rstrip("0").rstrip(".")
