"""The statements about an estimator: what a truncated one lacks, what a random one is on average.

``bias``: the estimate and the terms that its document says are dropped add up to the
gradient, in exact arithmetic. ``moments``: expectation and variance, by symbols.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import replace
from fractions import Fraction

import numpy as np

from symbptt.algebra import Cotangent
from symbptt.calculus.derivation import Derivation
from symbptt.calculus.moments import Dropped, MomentNames, dropped, prove, statements
from symbptt.errors import NotProvedError
from symbptt.proof.domain import Array
from symbptt.proof.evaluate import evaluate
from symbptt.proof.exact import SizedDerivation
from symbptt.proof.field import Field
from symbptt.proof.ledger import Ledger, show
from symbptt.proof.points import draw, size_sets
from symbptt.proof.rows import Row
from symbptt.proof.unrolled import Variable

TAUS = (1, 2, 3)
HORIZONS = (1, 2, 3, 4, 5)


def statement_rows(derivation: Derivation, seed: int = 0) -> tuple[Row, ...]:
    """The rows about a derivation's estimator; none about the gradient itself."""
    if derivation.estimator.kind == "random":
        return tuple(_moments())
    if derivation.estimator.kind == "full":
        return ()
    return tuple(_bias(derivation, seed))


# --- random ----------------------------------------------------------------------------


def _moments() -> Iterator[Row]:
    subjects = ("E xi", "Var xi", "E z", "Var z", "E z, recursive", "Var z, recursive")
    letters = MomentNames()
    for subject, statement in zip(subjects, statements(letters), strict=True):
        figure = f"{len(statement.members)} members, by symbols"
        try:
            prove(statement, letters)
        except NotProvedError as error:
            yield Row("moments", subject, False, figure, str(error))
        else:
            yield Row("moments", subject, True, figure)


# --- truncated -------------------------------------------------------------------------


def _bias(derivation: Derivation, seed: int) -> Iterator[Row]:
    known = {tau: _Truncation(derivation, tau, seed) for tau in TAUS}
    for number, one in enumerate(dropped(derivation)):
        entries, detail = 0, ""
        for tau, truncation in known.items():
            for horizon in HORIZONS:
                found, true = truncation.both(truncation.dropped[number], horizon)
                entries += int(np.size(true))
                if not detail and not np.array_equal(found, true):
                    detail = f"tau = {tau}, T = {horizon}: estimate and terms are not the gradient"
        subject = show(one.of.name, None if one.of.index is None else one.of.index.offset)
        taus, horizons = (f"{values[0]}…{values[-1]}" for values in (TAUS, HORIZONS))
        figure = f"{entries} entries, T = {horizons}, tau = {taus}"
        yield Row("bias", subject, not detail, figure, detail)


class _Truncation:
    """A truncated estimate with a given tau at a random point, and the gradient there."""

    def __init__(self, derivation: Derivation, tau: int, seed: int) -> None:
        estimator = replace(derivation.estimator, tau=tau)
        derivation = replace(derivation, estimator=estimator)
        self.dropped = dropped(derivation)
        sizes = size_sets(derivation.model)[0]
        unrolled = SizedDerivation(derivation, sizes).normal
        domain, steps = Field(seed), max(HORIZONS)
        given = draw(derivation.model, sizes, steps, domain, random.Random(f"bias {seed}"))
        one = domain.number(Fraction(1))
        gates = {}
        if estimator.gated:
            gates = {t: one if estimator.gate(t) else one - one for t in range(1, steps + 1)}

        self.whole = unrolled.run(given, steps, domain)
        self.estimate = unrolled.estimated(given, steps, domain, estimator, gates)

    def both(self, one: Dropped, horizon: int) -> tuple[Array, Array]:
        """The estimate and what it is said to lack, together; and the gradient."""
        variable = self.variable(one.of)
        _, estimated = self.estimate.total_loss(horizon)
        _, true = self.whole.total_loss(horizon)
        ledger = Ledger(self.whole, horizon, {}, self.whole.parts_of_loss(horizon))
        lacking = evaluate(one.terms, ledger, {"T": horizon})
        found = np.add(self.estimate.gradient(estimated, variable), lacking)
        return found, self.whole.gradient(true, variable)

    def variable(self, of: Cotangent) -> Variable:
        return of.name, None if of.index is None else of.index.offset
