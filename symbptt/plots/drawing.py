"""A chart drawn by matplotlib, as SVG; nothing of matplotlib's global state is used or left."""

from __future__ import annotations

import io
from functools import partial
from typing import TYPE_CHECKING, Any

from symbptt.errors import OptionError
from symbptt.output import MARK
from symbptt.plots.chart import Chart, Charted, Panel, Series

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

INCHES = (5.2, 4.0)
"""Of one panel."""

# The palette of Okabe and Ito, which the colour-blind tell apart.
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9")
STYLES: dict[str, Any] = {"svg.fonttype": "path", "svg.hashsalt": "symbptt", "font.size": 10}


def plot(found: Charted) -> Figure:
    """What was measured as a figure of matplotlib, to be shown or saved in any of its formats.

    Parameters
    ----------
    found : Analysis, Study or Checkpoints

    Raises
    ------
    OptionError
        If matplotlib is not installed.
    """
    return figure(found.chart())


def figure(chart: Chart) -> Figure:
    """The chart as a figure of matplotlib.

    Raises
    ------
    OptionError
        If matplotlib is not installed.
    """
    try:
        from matplotlib import rc_context
        from matplotlib.figure import Figure
    except ImportError as error:
        raise OptionError(
            "a figure of numbers needs matplotlib, which is not installed: "
            "pip install 'symbptt[plot]', or take the numbers with --to csv"
        ) from error
    width, height = INCHES
    with rc_context(STYLES):
        made = Figure(figsize=(width * len(chart.panels), height), layout="constrained")
        for place, panel in enumerate(chart.panels, 1):
            _draw(panel, made.add_subplot(1, len(chart.panels), place))
        made.suptitle(chart.title)
    # A notebook shows by itself only what pyplot has made, which is global state.
    shown: Any = made
    shown._repr_png_ = partial(_png, made)
    return made


def _png(made: Figure) -> bytes:
    out = io.BytesIO()
    made.savefig(out, format="png")
    return out.getvalue()


def _draw(panel: Panel, axes: Axes) -> None:
    bars = [series for series in panel.series if series.kind == "bars"]
    drawn = [series for series in panel.series if series.kind != "circle"]
    for series in panel.series:
        colour = COLOURS[drawn.index(series) % len(COLOURS)] if series in drawn else "#888888"
        if series.kind == "bars":
            _bars(series, axes, bars.index(series), len(bars), colour)
        elif series.kind == "points":
            axes.plot(series.xs, series.ys, "o", ms=4, color=colour, label=series.name)
        else:
            line = "--" if series.kind == "dashed" else "-"
            label = None if series.kind == "circle" else series.name
            axes.plot(series.xs, series.ys, line, lw=1.4, color=colour, label=label)
    axes.set(title=panel.title, xlabel=panel.x, ylabel=panel.y)
    if panel.log_x:
        axes.set_xscale("log", base=2)
    if panel.from_zero:
        axes.set_ylim(bottom=0)
    if panel.square:
        axes.set_aspect("equal", adjustable="datalim")
    axes.grid(alpha=0.25)
    if len(drawn) > 1:
        axes.legend(fontsize="small", frameon=False)


def _bars(series: Series, axes: Axes, place: int, count: int, colour: str) -> None:
    """Side by side with those of the other series, their labels below all of them."""
    width = 0.8 / count
    left = [x + width * (place - (count - 1) / 2) for x in series.xs]
    axes.bar(left, series.ys, width, color=colour, label=series.name)
    axes.set_xticks(series.xs, series.labels, rotation=45, ha="right")


def svg_text(chart: Chart, how: str) -> str:
    """The same as SVG, byte for byte the same for the same numbers.

    Parameters
    ----------
    how : str
        The command that makes it.
    """
    made = figure(chart)
    from matplotlib import rc_context

    out = io.StringIO()
    with rc_context(STYLES):
        made.savefig(out, format="svg", metadata={"Date": None, "Creator": f"{MARK}: {how}"})
    return out.getvalue()
