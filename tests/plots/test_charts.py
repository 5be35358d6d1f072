"""Figures of measured numbers: their series, as a table and as SVG."""

import csv
import math
import subprocess
import sys
from collections.abc import Callable
from functools import cache
from xml.etree import ElementTree

import pytest

import symbptt
from symbptt.demonstration import loss_chart
from symbptt.experiments.experiment import Setting
from symbptt.plots.chart import Chart, Panel, Series, csv_text
from symbptt.plots.drawing import figure, svg_text
from tests import cells


@cache
def analysis() -> Chart:
    sizes = dict.fromkeys(("d", "h", "q"), 3)
    return symbptt.analyze(symbptt.load("lstm"), dims=sizes, steps=4).chart()


@cache
def study() -> Chart:
    setting = Setting(taus=(1,), pis=("0.5",), steps=6, passages=1, units=3, training=0, samples=0)
    return symbptt.study(setting).chart()


@cache
def checkpoints() -> Chart:
    sizes = dict.fromkeys(symbptt.load("elman").dims, 3)
    return symbptt.checkpoints(symbptt.load("elman"), steps=6, batch=2, dims=sizes).chart()


@cache
def training() -> Chart:
    return loss_chart([(1, 3.0, 3.1), (2, 2.5, 3.0)])


CHARTS: dict[str, Callable[[], Chart]] = {
    "analysis": analysis,
    "study": study,
    "checkpoints": checkpoints,
    "training": training,
}


@pytest.mark.parametrize("name", CHARTS)
def test_a_table_has_every_point(name: str) -> None:
    chart = CHARTS[name]()
    head, *rows = csv.reader(csv_text(chart).splitlines())
    assert head == ["panel", "series", "x", "y"]
    for panel in chart.panels:
        for series in panel.series:
            found = [row for row in rows if row[:2] == [panel.title, series.name]]
            assert [float(row[3]) for row in found] == (
                list(series.ys) if series.kind != "circle" else []
            )


@pytest.mark.parametrize("name", CHARTS)
def test_a_figure_is_drawn_and_is_the_same_again(name: str) -> None:
    chart = CHARTS[name]()
    text = svg_text(chart, "symbptt it")
    assert ElementTree.fromstring(text).tag.endswith("svg")
    assert "made by symbptt: symbptt it" in text and text == svg_text(chart, "symbptt it")
    axes = figure(chart).axes
    assert [one.get_title() for one in axes] == [panel.title for panel in chart.panels]
    for one, panel in zip(axes, chart.panels, strict=True):
        assert len(one.lines) + len(one.containers) == len(panel.series)


def test_what_is_not_finite_is_left_empty() -> None:
    series = Series("a", (1.0, 2.0), (math.inf, 0.1))
    rows = csv_text(Chart("", (Panel("p", "x", "y", (series,)),))).splitlines()
    assert rows[1:] == ["p,a,1,", "p,a,2,0.10000000000000001"]


def test_bounds_lie_above_what_they_bound() -> None:
    chart = symbptt.analyze(cells.cell("scalar_beside_a_vector"), steps=4).chart()
    panels = [chart.panels[0], analysis().panels[0]]
    for panel in panels:
        norm, *bounds = (s for s in panel.series if not s.name.startswith("norm of"))
        for bound in bounds:
            assert all(n <= b + 1e-9 for n, b in zip(norm.ys, bound.ys, strict=True))


@pytest.mark.slow
def test_less_is_kept_with_checkpoints() -> None:
    sizes = dict.fromkeys(symbptt.load("elman").dims, 8)
    found = symbptt.checkpoints(symbptt.load("elman"), steps=256, batch=4, dims=sizes)
    peaks = {line.segment: line.peak for line in found.lines}
    assert list(peaks) == [2**k for k in range(9)] and peaks[16] < 0.5 * peaks[256]
    assert str(found).splitlines()[-1].split()[0] == "all"


def test_a_notebook_shows_a_figure() -> None:
    """By what IPython asks of an object, without pyplot."""
    assert figure(analysis())._repr_png_().startswith(b"\x89PNG")


@pytest.mark.slow
def test_nothing_of_matplotlib_is_changed() -> None:
    code = (
        "import symbptt, sys; from matplotlib import rcParams; names = 'svg.hashsalt', 'font.size';"
        "before = [rcParams[name] for name in names]; "
        "symbptt.plot(symbptt.analyze(symbptt.load('linear'), steps=3)); "
        "assert [rcParams[name] for name in names] == before; "
        "assert 'matplotlib.pyplot' not in sys.modules"
    )
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0


@pytest.mark.parametrize("to", ["csv", "svg"])
@pytest.mark.slow
def test_without_matplotlib_numbers_are_left(to: str) -> None:
    code = (
        "import sys; sys.modules['matplotlib'] = None; from symbptt.cli import main; "
        f"main(['analyze', 'linear', '-T', '3', '--to', '{to}'])"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert found.returncode == (2 if to == "svg" else 0)
    assert ("pip install 'symbptt[plot]'" in found.stderr) == (to == "svg")
