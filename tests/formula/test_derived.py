"""What the derivation says of a left side: right, and in the terms of who asks."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from fractions import Fraction
from functools import cache
from typing import Any

import pytest

from symbptt import algebra as al
from symbptt.algebra import Param, Ref
from symbptt.errors import FormulaError
from symbptt.formula import verdict as examined
from symbptt.formula.canonical import form
from symbptt.formula.derived import DerivedEquation, derived
from symbptt.formula.reading import readings
from symbptt.formula.statement import walk
from symbptt.formula.text import formula_text, text_of
from symbptt.formula.verdict import Checker
from symbptt.language import library
from symbptt.typeset.plain import plain
from tests import cells
from tests.formula.test_round_trip import SAMPLE, WAYS, has, lines, loaded, path, printed, unrolled
from tests.modules import EXHAUSTIVE, in_turn

LINES = 2


@cache
def checker(name: str, **options: Any) -> Checker:
    return Checker(loaded(name), horizon=3, **options)


def asked(name: str, way: str) -> tuple[Checker, tuple[str, ...]]:
    """What is printed in a way, with who answers for it."""
    if way == "show":
        found = printed("show", path(name))
        return checker(name), tuple(found[found.index("equations") + 1 :])
    if way == "unroll":
        return checker(name), tuple(unrolled(name))
    return checker(name, **WAYS[way].check), lines(name, way)


def told(about: Checker, formula: str) -> DerivedEquation | None:
    about.clock.restart()  # each formula has its own time, whatever ran since the checker was made
    (first, *_) = readings(formula, about.model, layout=about.layout)
    return derived(first.links[0], about.examiner(about.model))


def spoilt(right: al.Expr) -> Iterator[tuple[al.Expr, al.Expr]]:
    """A right side that is not right any more, and the part of it that differs."""
    two = al.Number(Fraction(2))
    yield al.Mul((two, right)), right
    yield al.Add((right, right)), right
    for k, term in enumerate(right.terms if isinstance(right, al.Add) else ()):
        assert isinstance(right, al.Add)
        terms = (*right.terms[:k], al.Mul((two, term)), *right.terms[k + 1 :])
        yield al.Add(terms), term


def unmarked(found: DerivedEquation, own: al.Expr, spoiled: al.Expr) -> Iterator[str]:
    """What is not marked as it should be, if the equation is the printed one."""
    every = list(walk(found.right))
    if not found.differs or not {*map(id, found.differs)} <= {*map(id, every)}:
        yield "nothing is marked"
    if form(found.right) != form(own) or spoiled is own:
        return
    wanted = form(spoiled)
    within = {id(node) for part in every if form(part) == wanted for node in walk(part)}
    if not {*map(id, found.differs)} <= within:
        yield "more is marked than differs"


def unlike(name: str, way: str, start: int = 0, every: int = 1) -> Iterator[str]:
    """The printed lines of which, once spoilt, something else is said than what is right."""
    about, printed_lines = asked(name, way)
    for number, line in list(enumerate(printed_lines))[start::every]:
        tree = readings(line, about.model, layout=about.layout)[0].links[0]
        ways = list(spoilt(tree.right))
        for right, spoiled in ways if EXHAUSTIVE else [ways[number % len(ways)]]:
            wrong = formula_text(replace(tree, right=right))
            verdict = about.check(wrong)
            found = verdict.derived
            if verdict.right:  # of a zero, twice it
                continue
            if found is None:
                yield f"nothing is said of {wrong}: {verdict.verdict}"
                continue
            again = about.check(found.text)
            if not again.right:
                yield f"{again}, for {wrong}"
            yield from (
                f"{why} in {found.marked!r}, for {wrong}"
                for why in unmarked(found, tree.right, spoiled)
            )


@pytest.fixture(autouse=True)
def no_mends(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(examined, "mends", lambda *_, **__: ())


EVERY_WAY = (*WAYS, "show", "unroll")
LIKE_OTHERS = ("summary", "chunk:2", "random:4/5", "rows, sensitivity", "rows, expanded")
"""Ways that have the left sides of another one."""


@pytest.mark.parametrize(
    ("name", "way"),
    [
        (name, way)
        for number, way in enumerate(EVERY_WAY)
        if EXHAUSTIVE or way not in LIKE_OTHERS
        for name in in_turn(number, SAMPLE)
    ],
)
def test_it_is_shown_of_every_printed_left_side(name: str, way: str) -> None:
    """Each line that symbptt prints, its right side spoilt, is answered with what is right."""
    if has(name, way):
        number, many = sum(map(ord, name + way)) % 3, len(asked(name, way)[1])
        assert not list(unlike(name, way, number, max(1, many // LINES)))


LAID_OUT = (
    ("derived_scalar", "sensitivity", "d(h[t], s) - d(h[t], r)"),
    ("product_of_matrices", "rows, expanded", "partial(h[t], A) - "),
    ("layer_norm", "rows, sensitivity", "vec(partial(a_n[t], U))"),
    ("scalar_beside_a_vector", "sensitivity", "vec(d(s[t], W)).T"),
)


@pytest.mark.parametrize(("name", "way", "left"), LAID_OUT)
def test_it_is_shown_where_more_than_a_derivative_stands_on_the_left(
    name: str, way: str, left: str
) -> None:
    """Less what comes through others, or a scalar's Jacobian as entries in a row."""
    printed_lines = asked(name, way)[1]
    number = next(k for k, line in enumerate(printed_lines) if line.startswith(left))
    assert not list(unlike(name, way, number, len(printed_lines)))


@pytest.mark.parametrize("name", ["elman", "linear", "gru", "abs_and_relu", "char_rnn"])
def test_the_slopes_of_a_models_own_equations_are_known(name: str) -> None:
    """Though the derivation's equations read by way of names that it introduces."""
    about = checker(name)
    own = about.model
    reads = [
        (equation.ref, read)
        for equation in own.equations
        if equation.name != "loss" and equation.shape
        for read in dict.fromkeys(walk(equation.rhs))
        if isinstance(read, Ref | Param) and read.shape and read.name not in own.integers
    ]
    assert reads
    for of, by in reads:
        found = told(about, f"direct({plain(of)}, {plain(by)}) = 0")
        assert found is not None and text_of(found.right) != "0"
        assert about.check(found.text).right, found.text


@pytest.mark.slow
@pytest.mark.skipif(not EXHAUSTIVE, reason="all models, with SYMBPTT_EXHAUSTIVE=1")
@pytest.mark.parametrize("way", EVERY_WAY)
@pytest.mark.parametrize(
    "name", [*library.differentiable(), *cells.NAMES] if EXHAUSTIVE else ["none"]
)
def test_it_is_shown_of_every_printed_left_side_of_all_models(name: str, way: str) -> None:
    if has(name, way):
        assert not list(unlike(name, way))


def left_sides(name: str) -> list[str]:
    """Derivatives of quantities and losses by quantities and parameters, at steps of all kinds."""
    about = loaded(name)
    timed = [e.name for e in about.equations if not e.last and e.name != "loss"]
    real = [i.name for i in about.inputs if i.timed and i.name not in about.integers]
    parameters = [parameter.name for parameter in about.parameters]
    found = [
        f"{word}({of}[t], {by}[{step}])"
        for word in ("d", "partial", "direct")
        for of in timed
        for by in (*timed, *real)
        for step in ("t", "t-1", "k", "t-3")
    ]
    found += [f"d({of}[t], {by})" for of in (*timed, "loss") for by in parameters]
    steps = ("t", "k", "t-1", "1")
    if about.loss is not None and not about.loss.last:
        found += [f"d(loss[t], {by}[{step}])" for by in timed for step in steps]
        found += [f"d(loss[T], {by}[t])" for by in timed]
    return found


CHAINED = ("char_rnn", "gru", "lag_two", "two_states", "loss_reads_the_past", "scalar_state")


def misled(name: str, lefts: list[str], layout: str) -> Iterator[str]:
    """The left sides of which something wrong is said."""
    about = checker(name, layout=layout)
    for left in lefts:
        try:
            found = told(about, f"{left} = 0")
        except FormulaError:  # of an index, or of what is no quantity at a step
            continue
        if found is None or "d(" not in left:
            continue
        verdict = about.check(found.text)
        if not verdict.right and not verdict.reason.startswith("nothing to check"):
            yield str(verdict)


@pytest.mark.parametrize(
    ("name", "layout"), [(name, ("column", "row")[k % 2]) for k, name in enumerate(CHAINED)]
)
def test_what_the_chain_rule_says_is_right(name: str, layout: str) -> None:
    lefts = left_sides(name)
    assert not list(misled(name, lefts[sum(map(ord, name)) % 7 :: max(1, len(lefts) // 7)], layout))


@pytest.mark.slow
@pytest.mark.skipif(not EXHAUSTIVE, reason="all models, with SYMBPTT_EXHAUSTIVE=1")
@pytest.mark.parametrize("layout", ["column", "row"])
@pytest.mark.parametrize(
    "name", [*library.differentiable(), *cells.NAMES] if EXHAUSTIVE else ["none"]
)
def test_what_the_chain_rule_says_of_all_models_is_right(name: str, layout: str) -> None:
    assert not list(misled(name, left_sides(name), layout))


def one_letter(text: str) -> str:
    """Whatever letter is free or bound."""
    return re.sub(r"\b[km]\b", "t", text)


CELL = "f[t+1] * d(L, c[t+1]) + o[t] * (1 - tanh(c[t])**2) * d(L, h[t])"


@pytest.mark.parametrize(
    ("name", "formula", "expected", "number"),
    [
        ("lstm", "d(L, c[k]) = d(L, h[k])", f"d(L, c[k]) = {CELL} for 1 <= t <= T-1", 6),
        ("lstm", "d(L, c[T]) = 0", "d(L, c[T]) = o[T] * (1 - tanh(c[T])**2) * d(L, h[T])", 5),
        (
            "char_rnn",
            "d(L, h[t]) = W.T @ d(L, h[t+1]) + V.T @ d(L, o[t])",
            "d(L, h[t]) = W.T @ ((1 - h[t+1]**2) * d(L, h[t+1])) + V.T @ d(L, o[t]) "
            "for 1 <= t <= T-1",
            4,
        ),
        (
            "char_rnn",
            "d(L, h[t]) = W @ d(L, a[t+1]) + V.T @ d(L, o[t])",
            "d(L, h[t]) = W.T @ d(L, a[t+1]) + V.T @ d(L, o[t]) for 1 <= t <= T-1",
            4,
        ),
        (
            "char_rnn",
            "d(L, W) = outer(d(L, h[t]), h[t-1])",
            "d(L, W) = sum(t, 1, T, outer((1 - h[t]**2) * d(L, h[t]), h[t-1]))",
            9,
        ),
        (
            "char_rnn",
            "d(L, W[m, n]) = d(L, a[t][m]) * h[t][n]",
            "d(L, W[m, n]) = sum(t, 1, T, d(L, a[t][m]) * h[t-1][n])",
            9,
        ),
        ("char_rnn", "h[t] = a[t]", "h[t] = tanh(a[t])", None),
        (
            "char_rnn",
            "d(h[t], h[t-1]) = W",
            "d(h[t], h[t-1]) = diag(1 - h[t]**2) @ W for 1 <= t <= T",
            None,
        ),
        (
            "char_rnn",
            "d(h[t], h[m]) = prod(j, t, m+1, -1, W @ diag(1 - h[j]**2))",
            "d(h[t], h[m]) = prod(j, t, m+1, -1, diag(1 - h[j]**2) @ W) "
            "for 1 <= t <= T, 0 <= m, m+1 <= t",
            None,
        ),
        (
            "char_rnn",
            "d(L, h[t]) = d(h[t+1], h[t]) @ d(L, h[t+1]) + d(o[t], h[t]) @ d(L, o[t])",
            "d(L, h[t]) = d(h[t+1], h[t]).T @ d(L, h[t+1]) + d(o[t], h[t]).T @ d(L, o[t]) "
            "for 1 <= t <= T-1",
            None,
        ),
        (
            "char_rnn",
            "d(loss[t], W) = outer(d(loss[t], a[t]), h[t-1])",
            "d(loss[t], W) = sum(m, 1, t, outer(d(loss[t], a[m]), h[m-1])) for 1 <= t <= T",
            9,
        ),
        # What a derivation has in two steps, its range the narrower of both.
        (
            "char_rnn",
            "d(L, a[t]) = (1 - h[t]**2) * (W @ d(L, a[t+1]))",
            "d(L, a[t]) = (1 - h[t]**2) * (W.T @ d(L, a[t+1]) + V.T @ d(L, o[t])) "
            "for 1 <= t <= T-1",
            5,
        ),
        (
            "gru",
            "d(L, W_hn) = sum(t, 1, T, outer(d(L, n[t]), h[t-1]))",
            "d(L, W_hn) = sum(t, 1, T, outer(r[t] * ((1 - n[t]**2) * d(L, n[t])), h[t-1]))",
            22,
        ),
        (
            "char_rnn",
            "d(p[t][k], o[t][i]) = p[t][k] * (1 - p[t][i])",
            "d(p[t][k], o[t][i]) = p[t][k] * (delta(k, i) - p[t][i])",
            None,
        ),
        (
            "char_rnn",
            "d(h[t][m], h[t-1][k]) = W[m, k]",
            "d(h[t][m], h[t-1][k]) = (1 - h[t][m]**2) * W[m, k] for 1 <= t <= T",
            None,
        ),
        (
            "char_rnn",
            "d(h[t], W)[m, k, q] = d(a[t][m], W[k, q])",
            "d(h[t], W)[m, k, q] = (1 - h[t][m]**2) * d(a[t][m], W[k, q]) for 1 <= t <= T",
            None,
        ),
        (
            "char_rnn",
            "d(L, h[2]) = W.T @ d(L, a[3])",
            "d(L, h[2]) = W.T @ d(L, a[3]) + V.T @ d(L, o[2]) for 2 <= T-1",
            4,
        ),
        ("linear", "L = loss[T]", "L = 1 / T * sum(t, 1, T, loss[t])", None),
        ("linear", "d(o[t], h[t]) = W_qh.T", "d(o[t], h[t]) = W_qh for 1 <= t <= T", None),
        ("char_rnn", "h[t] = tanh(W @ h[t])", "h[t] = tanh(W @ h[t-1] + U @ x[t] + b)", None),
    ],
)
def test_it_is_said_in_the_terms_of_who_asks(
    name: str, formula: str, expected: str, number: int | None
) -> None:
    found = told(checker(name), formula)
    assert found is not None
    assert (one_letter(found.text), found.number) == (one_letter(expected), number)
    assert found.formula.left == readings(formula, loaded(name))[0].links[0].left


@pytest.mark.parametrize(
    ("options", "formula", "expected"),
    [
        ({"total": "sum"}, "d(L, o[t]) = p[t]", "d(L, o[t]) = p[t] - onehot(y[t])"),
        (
            {"layout": "row"},
            "d(L, h[t]) = d(L, h[t+1]) @ W",
            "d(L, h[t]) = d(L, h[t+1]) @ diag(1 - h[t+1]**2) @ W",
        ),
    ],
)
def test_it_is_said_in_the_layout_and_with_the_total_of_who_asks(
    options: dict[str, Any], formula: str, expected: str
) -> None:
    about = checker("char_rnn", **options)
    found = told(about, formula)
    assert found is not None
    assert found.text.startswith(expected)
    assert about.check(found.text).right


@pytest.mark.parametrize("left", ["d(h[t][m], h[q][j])", "d(o[t], h[q])[m, k]"])
def test_what_is_said_of_entries_is_right(left: str) -> None:
    """A product's own letter is among those asked for; what holds before step t alone is left."""
    about = checker("char_rnn")
    found = told(about, f"{left} = 0")
    assert found is not None
    assert about.check(found.text).right, found.text


@pytest.mark.parametrize("left", ["d(L, h[t]) + h[t]", "partial(h[t], h[q])", "direct(h[t], a[q])"])
def test_nothing_is_said_where_the_derivation_is_silent(left: str) -> None:
    assert told(checker("char_rnn"), f"{left} = 0") is None
