"""What a figure of measured numbers is made of: panels of series, in whatever format."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

Kind = Literal["line", "dashed", "points", "circle", "bars"]


@dataclass(frozen=True)
class Series:
    """Numbers that belong together.

    Attributes
    ----------
    name : str
        What a legend calls them.
    xs, ys : tuple of float
    kind : str
        ``circle`` is a line around the origin, of which a table says nothing.
    labels : tuple of str
        What stands at the places of ``xs`` where these are no numbers.
    """

    name: str
    xs: tuple[float, ...]
    ys: tuple[float, ...]
    kind: Kind = "line"
    labels: tuple[str, ...] = ()


@dataclass(frozen=True)
class Panel:
    """One pair of axes.

    Attributes
    ----------
    square : bool
        Whether both axes have one scale.
    log_x : bool
    from_zero : bool
        Whether the second axis begins there.
    """

    title: str
    x: str
    y: str
    series: tuple[Series, ...]
    square: bool = False
    log_x: bool = False
    from_zero: bool = False


@dataclass(frozen=True)
class Chart:
    """Panels side by side.

    Attributes
    ----------
    title : str
        What was measured, of what.
    """

    title: str
    panels: tuple[Panel, ...]


class Charted(Protocol):
    """What was measured, with a figure of it."""

    def chart(self) -> Chart: ...


def csv_text(chart: Chart) -> str:
    """A line a point: panel, series, x, y; numbers in full, what is not finite left empty."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(("panel", "series", "x", "y"))
    for panel in chart.panels:
        for series in panel.series:
            if series.kind != "circle":
                writer.writerows((panel.title, series.name, x, y) for x, y in _points(series))
    return out.getvalue()


def _points(series: Series) -> Iterator[tuple[str, str]]:
    xs: Sequence[str] = series.labels or tuple(map(_number, series.xs))
    return zip(xs, map(_number, series.ys), strict=True)


def _number(value: float) -> str:
    return f"{value:.17g}" if math.isfinite(value) else ""
