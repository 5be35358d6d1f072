"""The figure of an analysis: gradients by lag, and spectra."""

from __future__ import annotations

import math

from symbptt.analysis.findings import Measured
from symbptt.analysis.tables import state_names
from symbptt.plots.chart import Chart, Panel, Series

CIRCLE = 181
"""Points of the unit circle."""


def chart(found: Measured) -> Chart:
    """Norms of products of Jacobians by lag with their bounds, and the eigenvalues."""
    panels = [_lags(found), *([_spectra(found)] if _square(found) else [])]
    return Chart(f"Gradients of {found.model.name} over T = {found.trajectory.steps} steps",
                 tuple(panels))  # fmt: skip


def _lags(found: Measured) -> Panel:
    lags = found.trajectory.lags
    xs = tuple(float(lag.lag) for lag in lags)
    states = list(lags[0].blocks)
    series = [
        Series("norm", xs, tuple(lag.log_norm for lag in lags)),
        Series("product of norms", xs, tuple(lag.log_product for lag in lags), "dashed"),
    ]
    if found.bound is not None:
        bound = tuple(found.bound.log(lag.lag) for lag in lags)
        series.append(Series("(sigma_max gamma)^k", xs, bound, "dashed"))
    for name in states if len(states) > 1 else ():
        series.append(Series(f"norm of {name}", xs, tuple(lag.blocks[name] for lag in lags)))
    title = f"Norms of {state_names(found)[0]}, t = T - k"
    return Panel(title, "lag k", "log10 of the norm", tuple(series))


def _square(found: Measured) -> bool:
    return any(report.spectrum is not None for report in found.matrices)


def _spectra(found: Measured) -> Panel:
    turns = [2 * math.pi * k / (CIRCLE - 1) for k in range(CIRCLE)]
    circle = Series("unit circle", tuple(map(math.cos, turns)), tuple(map(math.sin, turns)),
                    "circle")  # fmt: skip
    spectra = [
        Series(
            report.name,
            tuple(float(v.real) for v in report.spectrum.eigenvalues),
            tuple(float(v.imag) for v in report.spectrum.eigenvalues),
            "points",
        )
        for report in found.matrices
        if report.spectrum is not None
    ]
    return Panel(
        "Eigenvalues of the recurrent matrices", "real part", "imaginary part",
        (circle, *spectra), square=True,
    )  # fmt: skip
