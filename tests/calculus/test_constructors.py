"""What the constructors leave out, and what they leave as it is."""

from __future__ import annotations

from fractions import Fraction

import pytest

from symbptt import algebra as al
from symbptt.calculus import forms
from symbptt.typeset.plain import plain

P, Q, V = (al.Param(name, shape) for name, shape in (("p", ()), ("q", ()), ("v", ("n",))))
ONE, ZERO, TWO = al.ONE, al.ZERO, al.Number(2)
N = ("n",)

PRODUCTS = {
    "1": (),
    "0": (ZERO, P),
    "p": (ONE, P),
    "2 * p": (P, TWO),
    "6 * p": (TWO, P, al.Number(3)),
    "-2 * p": (al.Number(-2), P),
    "2 * p * q": (al.Neg(TWO), al.Mul((P, al.Neg(Q)))),
}


@pytest.mark.parametrize("text", PRODUCTS)
def test_products(text: str) -> None:
    assert plain(forms.mul(PRODUCTS[text])) == text


def test_a_number_keeps_its_spelling_where_it_stays_alone() -> None:
    assert forms.mul((P, ONE, TWO)) == al.Mul((TWO, P))
    half = al.Number(Fraction(1, 2), "0.50")
    assert plain(forms.mul((P, half))) == "0.50 * p"
    assert plain(forms.mul((half, P, half))) == "1/4 * p"


def test_quotients() -> None:
    assert forms.div(ZERO, P) == ZERO
    assert forms.div(P, ONE) == P
    assert forms.div(ONE, P) == al.Div(ONE, P)
    assert forms.div(al.Neg(P), Q) == al.Neg(al.Div(P, Q))


def test_what_is_broadcast_is_filled() -> None:
    assert forms.fill(al.Neg(P), N) == al.Neg(al.Fill(P, N))
    assert forms.fill(ZERO, N) == forms.zero(N)
    assert forms.scaled(P, Q, N) == al.Fill(al.Mul((P, Q)), N)
    assert forms.scaled(P, V, N) == al.Mul((P, V))
    assert forms.scaled(P, ZERO, N) == forms.zero(N)
    assert plain(forms.scaled(P, V, ())) == "p * sum(v)"
    assert plain(forms.scaled(al.Neg(V), V, ())) == "-dot(v, v)"


def test_a_zero_has_no_terms() -> None:
    assert forms.terms_of(forms.zero(N)) == ()
    assert forms.terms_of(al.Add((P, Q))) == (P, Q)
