"""An `Analysis` as text: tables of numbers, then what they mean in sentences."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import numpy as np

from symbptt.analysis.findings import MatrixReport, Measured
from symbptt.analysis.sensitivity import Lag
from symbptt.analysis.spectra import fate
from symbptt.tables import table
from symbptt.typeset.text import markdown_text

SHOWN_EIGENVALUES = 6
SHOWN_ENTRIES = 5
EVERY_LAG = 12
"""With more lags than this only some of them are printed: 1, 2, 3, 5, 10, 20, …"""


def text(found: Measured) -> str:
    """All tables and sentences."""
    return "\n\n".join((*_tables(found), "\n".join(_sentences(found)))) + "\n"


def markdown(found: Measured) -> str:
    """The same for a notebook."""
    tables = (f"```text\n{section}\n```" for section in _tables(found))
    sentences = "\n".join(map(markdown_text, _sentences(found)))
    return "\n\n".join((*tables, sentences))


def _tables(found: Measured) -> list[str]:
    sections = [
        _given(found),
        _matrices(found),
        *(_eigenvalues(report) for report in found.matrices if report.spectrum),
        *(_turns(report) for report in found.matrices if report.turns),
        _steps(found),
        _lags(found),
        _direction(found),
    ]
    return [text for text in map("\n".join, sections) if text]


def number(value: float) -> str:
    return f"{value:.4g}"


def from_log(log: float) -> str:
    """10**log with four digits, also where a float can't hold it."""
    if not math.isfinite(log):
        return "0" if log < 0 else "inf"
    if -4 <= log < 6:
        return number(10.0**log)
    whole = math.floor(log)
    digits = f"{10.0 ** (log - whole):.3f}"
    if digits.startswith("10"):
        digits, whole = "1.000", whole + 1
    return f"{digits}e{whole:+03d}"


def complex_number(value: complex) -> str:
    if abs(value.imag) <= 1e-12 * abs(value):
        return number(value.real)
    return f"{number(value.real)} {'-' if value.imag < 0 else '+'} {number(abs(value.imag))}i"


def state_names(found: Measured) -> tuple[str, str]:
    """What d(state at T) / d(state at t) is called."""
    if len(found.blocks) == 1:
        name = found.blocks[0].name
        return f"d{name}_T/d{name}_t", f"d{name}_t/d{name}_(t-1)"
    return "ds_T/ds_t", "ds_t/ds_(t-1)"


# --- what was given ------------------------------------------------------------------------


def _given(found: Measured) -> Iterator[str]:
    numbers = found.numbers
    state = ", ".join(f"{block.label} ({block.size})" for block in found.blocks)
    whole = sum(block.size for block in found.blocks)
    yield f"state s_t: {state}" + (f"; {whole} entries" if len(found.blocks) > 1 else "")
    sizes = ", ".join(f"{name} = {size}" for name, size in numbers.sizes.items())
    if sizes:
        yield f"sizes: {sizes}"
    if found.source is not None:
        yield f"numbers: {found.source}"
    if numbers.drawn:
        yield f"drawn at random (seed {found.seed}): {', '.join(numbers.drawn)}"
    yield f"steps: T = {found.trajectory.steps}"
    if found.trajectory.overflow is not None:
        yield (
            f"  of {numbers.steps}: at step {found.trajectory.overflow} the state is not finite "
            "any more, so the trajectory ends before it"
        )


# --- matrices ------------------------------------------------------------------------------


def _matrices(found: Measured) -> Iterator[str]:
    if not found.matrices:
        return
    yield "recurrent matrices"
    heads = ("", "size", "radius", "norm", "largest ||M^k||", "departure from normality")
    yield from table([heads, *(_matrix_row(report) for report in found.matrices)])


def _matrix_row(report: MatrixReport) -> tuple[str, ...]:
    size = f"{report.shape[0]} x {report.shape[1]}"
    spectrum = report.spectrum
    if spectrum is None:
        return report.name, size, "", number(report.norm), "", ""
    powers = spectrum.powers
    peak = f"{number(powers.peak)} at k = {powers.at}"
    if spectrum.fate == "explodes":
        peak = "unbounded"
    elif not powers.certain:
        peak += f" of {len(powers.norms)}"
    return (
        report.name, size, number(spectrum.radius), number(report.norm), peak,
        number(spectrum.departure),
    )  # fmt: skip


def _eigenvalues(report: MatrixReport) -> Iterator[str]:
    assert report.spectrum is not None
    values = report.spectrum.eigenvalues
    shown = min(len(values), SHOWN_EIGENVALUES)
    yield f"eigenvalues of {report.name}, the largest {shown} of {len(values)} by modulus"
    heads = ("", "modulus", "tenfold in", "its powers")
    yield from table([heads, *(_eigenvalue_row(value) for value in values[:shown])])


def _eigenvalue_row(value: complex) -> tuple[str, ...]:
    modulus = abs(value)
    word = fate(modulus)
    pace = ""
    if word != "keeps its size" and modulus:
        steps = max(1, math.ceil(1 / abs(math.log10(modulus)) - 1e-9))
        pace = f"{steps} step{'s' if steps > 1 else ''}"
    return complex_number(value), number(modulus), pace, word


def _turns(report: MatrixReport) -> Iterator[str]:
    """A random x under the powers of a symmetric matrix."""
    yield f"powers of {report.name}, which is symmetric: M^k x turns to the line of v_1"
    rows = [("k", "eigenvalues against lambda_i^k", "sine of the angle", "at most", "v_1.(M^k x)")]
    for turn in report.turns:
        off = f"off by {turn.distance:.0e}" if turn.distance > 1e-15 else "equal"
        sign = "+" if turn.sign > 0 else "-"
        rows.append((str(turn.power), off, number(turn.sine), number(turn.bound), sign))
    yield from table(rows)


# --- the trajectory ------------------------------------------------------------------------


def _steps(found: Measured) -> Iterator[str]:
    yield f"step Jacobian {state_names(found)[1]} along the trajectory"
    rows = [("t", "radius", "norm", "largest eigenvalues")]
    for step in found.trajectory.jacobians:
        if step.eigenvalues is not None:
            radius = float(np.max(np.abs(step.eigenvalues), initial=0.0))
            largest = ", ".join(complex_number(value) for value in step.eigenvalues[:3])
            rows.append((str(step.t), number(radius), number(step.norm), largest))
    yield from table(rows)


def _lags(found: Measured) -> Iterator[str]:
    yield f"norms by lag k = T - t of {state_names(found)[0]}"
    lags = found.trajectory.lags
    states = list(lags[0].blocks)
    several = states if len(states) > 1 else []
    heads = ["k", "norm", "product of norms"]
    heads += [f"(sigma_max gamma)^k = {number(found.bound.factor)}^k"] if found.bound else []
    heads += ["second/first", *(f"d{name}_T/d{name}_t" for name in several)]
    rows = [heads]
    for lag in _shown(lags):
        row = [str(lag.lag), from_log(lag.log_norm), from_log(lag.log_product)]
        row += [from_log(found.bound.log(lag.lag))] if found.bound else []
        # Below this the second singular value is rounding.
        row.append("< 1e-7" if 0 < lag.ratio < 1e-7 else number(lag.ratio))
        row += [from_log(lag.blocks[name]) for name in several]
        rows.append(row)
    yield from table(rows)


def _shown(lags: tuple[Lag, ...]) -> list[Lag]:
    if len(lags) <= EVERY_LAG:
        return list(lags)
    wanted = {1, 2, 3, len(lags)}
    step = 5
    while step < len(lags):
        wanted |= {step, 2 * step}
        step *= 10
    wanted |= {2 * 10**k for k in range(1, 6)}
    return [lag for lag in lags if lag.lag in wanted]


def _direction(found: Measured) -> Iterator[str]:
    direction = found.trajectory.direction
    if direction is None or len(direction.vector) == 1:
        return
    yield f"dominant direction of gradients at lag {direction.lag}"
    shares = []
    for block in found.blocks:
        part = float(np.sum(direction.vector[block.place] ** 2))
        shares.append(f"{100 * part:.1f} % in {block.label}")
    if len(found.blocks) > 1:
        yield f"  of its squared length: {', '.join(shares)}"
    entries = _largest_entries(found, direction.vector)
    yield f"  largest entries: {', '.join(entries)}"


def _largest_entries(found: Measured, vector: Any) -> list[str]:
    order = sorted(range(len(vector)), key=lambda k: (-abs(float(vector[k])), k))
    names = [
        f"{block.label}[{k + 1}]" if block.shape else block.label
        for block in found.blocks
        for k in range(block.size)
    ]
    shown = [k for k in order[:SHOWN_ENTRIES] if abs(float(vector[k])) >= 5e-4]
    return [f"{names[k]} {vector[k]:+.3f}" for k in shown]


# --- sentences -----------------------------------------------------------------------------


def _sentences(found: Measured) -> Iterator[str]:
    for report in found.matrices:
        yield from _of_matrix(report)
    yield from _of_bound(found)
    yield from _of_trajectory(found)


def _of_matrix(report: MatrixReport) -> Iterator[str]:
    spectrum, name = report.spectrum, report.name
    if spectrum is None:
        return
    total = len(spectrum.eigenvalues)
    word = {"explodes": "> 1: its powers explode", "vanishes": "< 1: its powers vanish",
            "keeps its size": "= 1, on the border"}[spectrum.fate]  # fmt: skip
    yield (
        f"- {name}: spectral radius {number(spectrum.radius)} {word}; {spectrum.growing} of "
        f"{total} eigenvalues have a modulus above 1 (the modulus counts, not the sign)."
    )
    if spectrum.transient:
        yield (
            f"- {name} is not normal: ||M^k|| first grows, to {number(spectrum.powers.peak)} at "
            f"k = {spectrum.powers.at}, which no eigenvalue tells."
        )
    dominant = spectrum.dominant
    if dominant is not None and total > 1:
        way = (
            "M^k x and gradients (M.T)^k g both turn to its eigenvector v_1, up to sign"
            if spectrum.symmetric
            else "M^k x turns to its right eigenvector, gradients (M.T)^k g to its left one"
        )
        yield (
            f"- {name}{', symmetric,' if spectrum.symmetric else ''} has the dominant eigenvalue "
            f"{number(dominant.value)}: {way}; what lies across shrinks against it by "
            f"{number(dominant.ratio)} a step."
        )
    if report.turns and dominant is not None:
        yield (
            f"- {name}^k has the eigenvalues lambda_i^k: along v_1 a linear recurrence scales a "
            f"gradient by {number(abs(dominant.value))} a step, along every other eigenvector by "
            "less, so gradients of far steps point along v_1 whatever the loss."
        )


def _of_bound(found: Measured) -> Iterator[str]:
    bound = found.bound
    if bound is None:
        yield "- The step Jacobian is not diag(phi') W: the bound is the product of its norms."
        return
    kind = "W" if bound.function is None else f"diag({bound.function}') W"
    means = (
        "below 1, so gradients vanish whatever the inputs"
        if bound.factor < 1
        else "not below 1, so it excludes neither vanishing nor exploding"
    )
    yield (
        f"- The step Jacobian is {kind}: its norm is at most sigma_max gamma = "
        f"{number(bound.sigma_max)} * {number(bound.gamma)} = {number(bound.factor)}, {means}."
    )


def _of_trajectory(found: Measured) -> Iterator[str]:
    name, lags = state_names(found)[0], found.trajectory.lags
    peak = max(lags, key=lambda lag: lag.log_norm)
    rate = from_log(found.log_rate)
    if found.vanishes_from is not None:
        grown = f", after growing to {from_log(peak.log_norm)} at lag {peak.lag}"
        yield (
            f"- Gradients vanish: ||{name}|| stays below 0.001 from lag {found.vanishes_from} on"
            f"{grown if peak.log_norm > 0 and peak.lag > 1 else ''} ({rate} a step over all lags)."
        )
    elif found.explodes_from is not None:
        yield (
            f"- Gradients explode: ||{name}|| stays above 1000 from lag {found.explodes_from} on "
            f"({rate} a step over all lags)."
        )
    else:
        yield (
            f"- Within these steps gradients neither vanish nor explode for good: ||{name}|| is "
            f"{from_log(lags[-1].log_norm)} at lag {lags[-1].lag}, at most "
            f"{from_log(peak.log_norm)} (lag {peak.lag}); {rate} a step over all lags."
        )
    if found.aligned_from is not None:
        yield (
            f"- From lag {found.aligned_from} on the second singular value is below 1 % of the "
            "first: for almost every loss at T the gradient points along one direction, up to sign."
        )
