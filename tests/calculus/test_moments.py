"""Expectation and variance of random truncation: seed 004, equation 9.7.8, both ways."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from fractions import Fraction

import pytest

from symbptt.algebra import (
    ONE,
    ZERO,
    Add,
    Div,
    Expr,
    Mul,
    Neg,
    Number,
    Outer,
    Param,
    Pow,
    Transpose,
    walk,
)
from symbptt.calculus.estimators import read_estimator
from symbptt.calculus.moments import Expectation, MomentNames, MomentStatement, prove, statements
from symbptt.errors import EstimatorError, NotProvedError
from symbptt.typeset.formula import LatexPrinter
from tests.proof.planting import wrongs

LETTERS = MomentNames()
STATEMENTS = statements(LETTERS)


@pytest.mark.parametrize("number", range(len(STATEMENTS)))
def test_a_statement_is_proved(number: int) -> None:
    prove(STATEMENTS[number])


def test_what_is_proved_reads_as_the_book_has_it() -> None:
    shown = [LatexPrinter().show(s.members[-1]) for s in STATEMENTS]
    assert shown[0] == "1"
    assert shown[1] == r"\frac{1}{\pi} - 1"
    assert shown[2] == shown[4] == r"\mathbf{d}_t"
    definition = LatexPrinter().show(STATEMENTS[2].z)
    assert definition == r"\mathbf{b}_t + \xi_t \mathbf{C}_t \mathbf{d}_{t-1}"
    recursive = LatexPrinter().show(STATEMENTS[4].z)
    assert recursive == r"\mathbf{b}_t + \xi_t \mathbf{C}_t \mathbf{z}_{t-1}"


def squared_chance(node: Expr) -> Expr | None:
    if isinstance(node, Div) and node.denominator == Param("pi", ()):
        return Div(ONE, Pow(node.denominator, Number(Fraction(2))))
    return None


def dropped(node: Expr) -> Expr | None:
    if isinstance(node, Add) and len(node.terms) > 1:
        return Add(node.terms[:-1]) if len(node.terms) > 2 else node.terms[0]
    return None


def turned(node: Expr) -> Expr | None:
    return node.operand if isinstance(node, Transpose) else None


def negated(node: Expr) -> Expr | None:
    return node.operand if isinstance(node, Neg) else None


def scaled(node: Expr) -> Expr | None:
    return Mul((Number(Fraction(1001, 1000)), *node.factors)) if isinstance(node, Mul) else None


def planted(edit: object) -> Iterator[tuple[int, MomentStatement]]:
    """Every statement with one member made wrong, and that member's number.

    Left alone is what may be changed without harm: what stands beside the factor 0, and an
    error's own mean, as E (z - d) z.T = E (z - d) (z - d).T.
    """
    assert callable(edit)
    for statement in STATEMENTS:
        for place, member in enumerate(statement.members):
            if any(isinstance(node, Outer) or node == ZERO for node in inside(member)):
                continue
            for wrong in wrongs(member, edit):
                members = (*statement.members[:place], wrong, *statement.members[place + 1 :])
                yield place + 1, replace(statement, members=members)


def inside(member: Expr) -> Iterator[Expr]:
    """A sum with the factor 0 in it, and what stands under an expectation."""
    yield from (node for node in walk(member) if node == ZERO)
    for node in walk(member):
        if isinstance(node, Expectation):
            yield from walk(node.operand)


@pytest.mark.parametrize("edit", [squared_chance, dropped, turned, negated, scaled])
def test_a_planted_error_is_rejected(edit: object) -> None:
    wrong = list(planted(edit))
    assert len(wrong) >= 2
    for number, statement in wrong:
        with pytest.raises(NotProvedError, match=f"member {number} of"):
            prove(statement)


def test_the_expectation_of_a_gate_needs_its_first_term() -> None:
    first = STATEMENTS[0].members[0]
    assert isinstance(first, Add)
    with pytest.raises(NotProvedError):
        prove(replace(STATEMENTS[0], members=first.terms[1:]))


def test_the_gate_of_the_book_at_zero_probability_is_no_gate() -> None:
    """E xi = 1 needs pi * (1 / pi): the book prints 0 <= pi, at which that does not exist."""
    with pytest.raises(EstimatorError, match="the expectation of xi is 0, not 1"):
        read_estimator("random:0")
