"""How the rows of the catalogue are proved; what is not so raises an error."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from fractions import Fraction
from functools import cache
from itertools import product
from typing import Any

import numpy as np
import sympy

from symbptt.analysis.report import matrix_report
from symbptt.analysis.spectra import spectrum
from symbptt.calculus.derivation import Kind
from symbptt.calculus.recurrence.induction import prove
from symbptt.calculus.recurrence.words import Factor, Form, Run
from symbptt.errors import NotProvedError
from symbptt.proof.exact import exact_rows
from symbptt.proof.rows import Row
from tests.catalogue.printing import argument, closed_form, derivation
from tests.modules import module_of

Proof = Callable[[], str]
"""Makes the proof and says how it was made."""


# --- derivations -------------------------------------------------------------------------


@cache
def exact(name: str) -> tuple[Row, ...]:
    return exact_rows(derivation(name))


def chains(name: str, *wanted: tuple[str, Kind]) -> Proof:
    """Every member of the steps, and the derivatives themselves, at random points."""

    def proved() -> str:
        steps = [derivation(name).step(*one) for one in wanted]
        rows = [r for r in exact(name) if r.check == "chain"
                and any(r.subject.startswith(f"({s.number}) ") for s in steps)]  # fmt: skip
        assert len(rows) == len(steps) and all(row.ok for row in rows), rows
        numbers = ", ".join(f"({step.number})" for step in steps)
        entries = sum(int(row.figure.partition(" ")[0]) for row in rows)
        return (
            f"`verify {argument(name)}`: each member of {numbers} at random points modulo a "
            f"prime, {entries} entries, T = 1 … 5"
        )

    return proved


def everything(name: str) -> Proof:
    """All exact proofs of a model."""

    def proved() -> str:
        rows = exact(name)
        assert rows and all(row.ok for row in rows), rows
        count = {kind: sum(row.check == kind for row in rows) for kind in ("exact", "chain")}
        return (
            f"`verify {argument(name)}`: {count['exact']} derivatives and {count['chain']} "
            "chains of equalities, exact at random points modulo a prime"
        )

    return proved


# --- recurrences -------------------------------------------------------------------------


def induction(name: str, what: str) -> Proof:
    """The closed form, compared step by step and proved for all t."""

    def proved() -> str:
        found = closed_form(name, what)
        assert found.right
        return (
            f"`unroll {argument(name)} '{what}'`: compared with the unrolled value at "
            f"{len(found.comparisons)} steps; proved for all t by induction, "
            f"{len(found.proof.lines)} lines"
        )

    return proved


def refusals(name: str, what: str) -> Proof:
    """What the prover must not accept: factors in ascending order, other limits."""

    def proved() -> str:
        found = closed_form(name, what)
        for wrong in (_ascending(found.form), *_off_by_one(found.form)):
            assert wrong != found.form
            try:
                prove(found.law, wrong)
            except NotProvedError:
                continue
            raise AssertionError(f"proved: {wrong}")
        return "the prover refuses the ascending product and limits off by one"

    return proved


def _ascending(form: Form) -> Form:
    return tuple(replace(term, word=tuple(map(_turned, term.word))) for term in form)


def _turned(factor: Factor) -> Factor:
    if isinstance(factor, Run) and factor.first is not None:
        return replace(factor, first=factor.last, step=-factor.step)
    return factor


def _off_by_one(form: Form) -> tuple[Form, ...]:
    return tuple(
        tuple(
            replace(term, lower=term.lower + low, upper=term.upper + high) if term.bound else term
            for term in form
        )
        for low, high in ((1, 0), (-1, 0), (0, 1), (0, -1))
    )


# --- the random truncation ---------------------------------------------------------------


def expectation() -> str:
    """E z_t = dh_t/dw_h, with the true and with the random sensitivity before it."""
    pi = sympy.Symbol("pi", positive=True)
    outcomes = ((sympy.Integer(0), 1 - pi), (1 / pi, pi))
    moments = [sympy.simplify(sum(p * xi**k for xi, p in outcomes)) for k in (1, 2)]
    assert moments[0] == 1
    assert sympy.simplify(moments[1] - 1 - (1 / pi - 1)) == 0
    b = sympy.symbols("b1:6", commutative=False)
    c = sympy.symbols("c1:6", commutative=False)
    before = sympy.Symbol("S", commutative=False)
    once = sum(p * (b[0] + xi * c[0] * before) for xi, p in outcomes)
    assert sympy.simplify(sympy.expand(once) - (b[0] + c[0] * before)) == 0
    for steps in range(1, 6):
        mean = sympy.Integer(0)
        for gates in product(outcomes, repeat=steps - 1):
            weight = sympy.prod([p for _, p in gates])
            mean += weight * _recursive([xi for xi, _ in gates], b, c)
        true = _recursive([sympy.Integer(1)] * (steps - 1), b, c)
        assert sympy.expand(sympy.simplify(sympy.expand(mean)) - sympy.expand(true)) == 0
    return (
        "by symbols that do not commute: E ξ = 1 and Var ξ = 1/π - 1; "
        "E z_t for the true sensitivity before it; for the recursive use, over all outcomes "
        "of the gates up to t = 5, and for all t since ξ_t is independent of z_{t-1}: "
        "E z_t = b_t + E[ξ_t] c_t E[z_{t-1}]"
    )


def _recursive(gates: Sequence[Any], b: Sequence[Any], c: Sequence[Any]) -> Any:
    found = b[0]
    for k, gate in enumerate(gates, start=1):
        found = b[k] + gate * c[k] * found
    return found


def no_gate_at_zero() -> str:
    """At pi = 0 the gate is 0 for certain, and so is its mean."""
    means = {pi: _mean_gate(pi) for pi in (Fraction(0), Fraction(1, 3), Fraction(1))}
    assert means == {Fraction(0): 0, Fraction(1, 3): 1, Fraction(1): 1}
    return "at π = 0 the gate is 0 for certain, so E ξ = 0; at 1/3 and 1 it is 1"


def _mean_gate(pi: Fraction) -> Fraction:
    """Over the values that the gate takes; with pi = 0 there is no 1/pi among them."""
    outcomes = [(Fraction(0), 1 - pi), *([(1 / pi, pi)] if pi else [])]
    assert sum(probability for _, probability in outcomes) == 1
    return sum((gate * probability for gate, probability in outcomes), Fraction(0))


# --- spectra and clipping ----------------------------------------------------------------


def modulus() -> str:
    """It is the modulus of an eigenvalue that counts, and it does not tell everything."""
    negative = spectrum(np.array([[-2.0]]), 20)
    skew = spectrum(np.array([[0.9, 50.0], [0.0, 0.9]]), 100)
    assert negative.fate == "explodes" and negative.radius == 2.0
    assert skew.fate == "vanishes" and skew.transient
    tenth = skew.powers.norms[9]
    assert round(tenth) == 194
    return (
        f"`analyze`: the powers of -2 explode although -2 < 1; [[.9, 50], [0, .9]] has spectral "
        f"radius {skew.radius:g}, and the norm of its tenth power is {tenth:.0f} (the largest of "
        f"all, {skew.powers.peak:.1f}, at k = {skew.powers.at}); norms by lag and their bounds "
        "stand beside the spectrum"
    )


def clipped() -> str:
    """The generated clip_gradients on gradients of norm 0, below and above the threshold."""
    module = module_of("linear")
    for length, theta in ((0.0, 1.0), (0.5, 1.0), (10.0, 1.0)):
        grads = {name: np.zeros((2, 2)) for name in module.PARAMS}
        grads["W_hh"][0, 0] = length
        norm = module.clip_gradients(grads, theta)
        assert norm == length
        assert grads["W_hh"][0, 0] == min(length, theta)
        assert all(np.all(np.isfinite(array)) for array in grads.values())
    return "the generated `clip_gradients` on gradients of norm 0 (they stay 0), 1/2 and 10"


def aligned() -> str:
    """The powers of a symmetric matrix turn everything to v_1."""
    report = matrix_report("M", np.array([[-1.0, 0.3], [0.3, 0.2]]), 50)
    assert report.spectrum is not None and report.spectrum.dominant is not None
    assert report.spectrum.symmetric
    first, last = report.turns[0], next(turn for turn in report.turns if turn.power == 20)
    assert all(turn.distance < 1e-12 and turn.sine <= turn.bound for turn in report.turns)
    assert last.sine < 1e-9 < first.sine
    return (
        f"`analyze` (section “powers of …”): for M = [[-1, .3], [.3, .2]], λ = "
        f"{report.spectrum.eigenvalues[0].real:.4f} and "
        f"{report.spectrum.eigenvalues[1].real:.4f}, the eigenvalues of M^k are λ_i^k to rounding "
        f"and the sine of the angle between M^k x and v_1 falls from {first.sine:.2f} at k = 1 to "
        f"below 1e-9 at k = {last.power}"
    )
