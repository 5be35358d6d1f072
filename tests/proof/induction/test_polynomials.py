"""Polynomials in entries: what is equal for all sizes has one form, and nothing else has."""

from __future__ import annotations

from fractions import Fraction

import pytest

from symbptt import derive, parse
from symbptt.errors import NotProvedError
from symbptt.proof.induction import canonical as cn
from symbptt.proof.induction import polynomials as pl
from symbptt.proof.induction.canonical import Place, Poly
from symbptt.proof.induction.statements import prove

ROW, COLUMN = cn.letter("i", "h"), cn.letter("j", "h")


def v(place: Place) -> Poly:
    return pl.entry("value", "v", None, (place,))


def w(*places: Place) -> Poly:
    return pl.entry("value", "W", None, places)


def summed(dim: str, *factors: str) -> Poly:
    """A sum over k of the factors, ``v`` or ``W`` with their letters."""
    k = cn.fresh(cn.extent(dim))
    places = {"i": ROW, "j": COLUMN, "k": k}
    made = [(v if f[0] == "v" else w)(*(places[letter] for letter in f[1:])) for f in factors]
    return pl.total(pl.multiply(made), (k,))


def test_letters_of_sums_have_no_names() -> None:
    assert summed("h", "Wik", "vk") == summed("h", "vk", "Wik")
    assert summed("h", "Wik", "vk") != summed("h", "Wki", "vk")
    square = pl.multiply([summed("h", "vk")] * 2)
    assert square == pl.power(summed("h", "vk"), Fraction(2))
    assert square != summed("h", "vk", "vk")


def test_a_delta_decides_a_letter() -> None:
    k = cn.fresh(cn.extent("h"))
    assert pl.total(pl.multiply((pl.delta(k, ROW), v(k))), (k,)) == v(ROW)
    assert pl.multiply((pl.delta(ROW, COLUMN), v(COLUMN))) == pl.multiply(
        (pl.delta(COLUMN, ROW), v(ROW))
    )


def test_blocks_do_not_meet() -> None:
    """The places of a block of length d, and those behind it."""
    whole = cn.fresh(cn.joined(cn.extent("d"), cn.extent("h")))
    first, second = cn.letter("a", "d"), cn.behind(cn.letter("b", "h"), "d")
    assert pl.delta(first, second) == {}
    found = pl.total(pl.multiply((pl.delta(whole, second), v(whole))), (whole,))
    assert found == v(second)
    # A letter of the whole may lie in either block.
    assert pl.delta(cn.letter("c", "h"), cn.letter("e", "d")) != {}


def test_an_integer_may_be_any_place() -> None:
    row = cn.letter("tok[t]", 0, cn.INTEGER)
    assert pl.delta(row, ROW) != {}
    assert pl.multiply((pl.delta(row, ROW), v(ROW))) == pl.multiply((pl.delta(row, ROW), v(row)))


def test_a_sum_of_nothing_that_changes_counts() -> None:
    assert pl.total(v(ROW), (cn.fresh(cn.extent("h")),)) == pl.multiply((pl.length("h"), v(ROW)))
    assert pl.total(v(ROW), (cn.fresh(cn.extent(3)),)) == pl.scale(v(ROW), 3)


def test_quotients_have_a_common_denominator() -> None:
    below = cn.add((v(ROW), v(COLUMN)))
    over = pl.power(below, Fraction(-1))
    whole = pl.multiply((cn.add((v(ROW), v(COLUMN))), over))
    assert pl.is_zero(pl.subtract(whole, pl.number(1)))
    assert not pl.is_zero(pl.subtract(pl.multiply((v(ROW), over)), pl.number(1)))


def test_a_root_of_a_square_is_no_power() -> None:
    root = pl.power(pl.power(v(ROW), Fraction(2)), Fraction(1, 2))
    assert not pl.is_zero(pl.subtract(root, v(ROW)))
    back = pl.power(pl.power(v(ROW), Fraction(1, 2)), Fraction(2))
    assert back == v(ROW)
    assert pl.power(pl.number(12), Fraction(1, 2)) == pl.scale(
        pl.power(pl.number(3), Fraction(1, 2)), 2
    )


def test_a_large_power_of_a_sum_stays() -> None:
    large = pl.power(cn.add((v(ROW), v(COLUMN))), Fraction(1000))
    assert len(large) == 1
    with pytest.raises(NotProvedError, match="not looked at"):
        pl.multiply([cn.add(v(cn.letter(f"{k}", "h")) for k in range(300))] * 2)
    text = "x: (d,)\nh[t] = (W @ h[t-1] + x[t])**1000\nloss[t] = squared_error(h[t], y[t])"
    assert all(each.proved for each in prove(derive(parse(text))))
