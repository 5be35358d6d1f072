"""Expressions by entries: the rule of every kind, collapsing, letters, what both ways say."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from symbptt.algebra import NOW, ONE, Add, Cotangent, Expr, Mul, Neg, Ref, TimeSum, walk
from symbptt.algebra.letters import Delta, Entry, Letter, Letters, LetterSum, letter_names
from symbptt.calculus.entrywise import at_entry, collapsed
from symbptt.calculus.gradients import derive
from symbptt.calculus.indices import by_entries
from symbptt.calculus.slopes import differentiated
from symbptt.errors import MissingRuleError
from symbptt.language.library import differentiable, load
from symbptt.language.parser import parse
from symbptt.typeset.plain import plain
from tests.cells import NAMES, cell

HEAD = "x: (d,)\nh: (h,)\n"
TAIL = "\nloss[t] = squared_error(h[t], y[t])\n"


def equation(text: str, name: str) -> tuple[str, dict[str, list[str]]]:
    """An equation by entries and its partial derivatives, as text."""
    indices = by_entries(derive(parse(text)))
    (lines,) = (lines for lines in indices.equations if lines.name == name)
    slopes = {plain(line.target): [plain(m) for m in line.members] for line in lines.slopes}
    return plain(lines.entry.members[0]), slopes


def test_a_product_with_a_bias() -> None:
    entry, slopes = equation(HEAD + "h[t] = W @ x[t] + U @ h[t-1] + b" + TAIL, "h")
    assert entry == (
        "sum(i, 1, len(d), W[j, i] * x[t][i]) + sum(k, 1, len(h), U[j, k] * h[t-1][k]) + b[j]"
    )
    assert slopes["direct(h[t][j], W[m, i])"] == [
        "sum(k, 1, len(d), delta(j, m) * delta(k, i) * x[t][k])",
        "delta(j, m) * x[t][i]",
    ]
    assert slopes["direct(h[t][j], h[t-1][i])"] == [
        "sum(k, 1, len(h), U[j, k] * delta(k, i))",
        "U[j, i]",
    ]
    assert slopes["direct(h[t][j], b[i])"] == ["delta(j, i)"]


FORMS = {
    "transposed": ("h[t] = W.T @ x[t]", "sum(i, 1, len(d), W[i, j] * x[t][i])"),
    "row of a table": ("tok: index\nh[t] = E[tok[t]] + x[t] @ W", "E[tok[t], j]"),
    "end to end": (
        "h[t] = W @ concat(x[t], h[t-1])",
        "sum(i, 1, len(d), delta(j, i) * x[t][i]) + "
        "sum(k, 1, len(h), delta(j, len(d)+k) * h[t-1][k])",
    ),
    "softmax": ("h[t] = softmax(W @ x[t])", "exp(u[t][j]) / sum(i, 1, len(h), exp(u[t][i]))"),
    "entry by entry": ("h[t] = tanh(h[t-1] * b) + W @ x[t]", "tanh(h[t-1][j] * b[j])"),
    "mean": ("h[t] = tanh(W @ x[t] + mean(x[t]))", "1 / len(d) * sum(k, 1, len(d), x[t][k])"),
    "inner product": ("h[t] = tanh(W @ x[t] + dot(b, x[t]))", "sum(k, 1, len(d), b[k] * x[t][k])"),
}


@pytest.mark.parametrize("what", FORMS)
def test_what_an_entry_is(what: str) -> None:
    text, shown = FORMS[what]
    indices = by_entries(derive(parse(HEAD + text + TAIL)))
    assert any(shown in plain(lines.entry.members[0]) for lines in indices.equations)


def test_a_kind_without_a_rule_is_a_named_error() -> None:
    class Unheard(Expr):
        pass

    with pytest.raises(MissingRuleError, match="Unheard"):
        at_entry(Unheard(), (), Letters(load("linear")))


# --- collapsing ------------------------------------------------------------------------------

FIRST, SECOND, K = (Letter(name, "n") for name in "ijk")
V = Ref("v", NOW, ("n",))


def v(letter: Letter) -> Entry:
    return Entry(V, (letter,))


COLLAPSING: tuple[tuple[Expr, str], ...] = (
    (LetterSum(K, Mul((v(K), Delta(K, FIRST)))), "v[t][i]"),
    (LetterSum(K, Mul((v(K), Delta(FIRST, K)))), "v[t][i]"),
    (LetterSum(K, Neg(Mul((v(K), Delta(K, FIRST))))), "-v[t][i]"),
    (LetterSum(K, Mul((v(K), Delta(SECOND, FIRST)))), "delta(j, i) * sum(k, 1, len(n), v[t][k])"),
    (LetterSum(K, Mul((v(K), Add((Delta(K, FIRST), Neg(v(SECOND))))))),
     "v[t][i] - sum(k, 1, len(n), v[t][k] * v[t][j])"),
    (LetterSum(SECOND, LetterSum(K, Mul((Delta(SECOND, FIRST), Delta(K, SECOND), v(K))))),
     "v[t][i]"),
    (TimeSum(LetterSum(K, Mul((v(K), Delta(K, FIRST))))), "sum(t, 1, T, v[t][i])"),
    (LetterSum(K, v(K)), "sum(k, 1, len(n), v[t][k])"),
    # A letter of another dimension may stand outside.
    (LetterSum(K, Mul((v(K), Delta(K, Letter("m", "h"))))),
     "sum(k, 1, len(n), v[t][k] * delta(k, m))"),
)  # fmt: skip


@pytest.mark.parametrize(("expr", "shown"), COLLAPSING, ids=[row[1] for row in COLLAPSING])
def test_a_delta_leaves_one_term(expr: Expr, shown: str) -> None:
    assert plain(collapsed(expr)) == shown


def test_the_derivative_of_an_entry_is_a_delta() -> None:
    assert differentiated(v(K), V, (FIRST,)) == Delta(K, FIRST)
    assert plain(differentiated(LetterSum(K, Mul((v(K), v(K)))), V, (FIRST,))) == (
        "sum(k, 1, len(n), delta(k, i) * v[t][k] + v[t][k] * delta(k, i))"
    )
    assert differentiated(V, V, ()) == ONE


# --- letters -----------------------------------------------------------------------------------


@pytest.mark.parametrize("name", [*differentiable(), *NAMES])
def test_letters_are_no_names_of_the_model(name: str) -> None:
    derivation = derive(cell(name) if name in NAMES else load(name))
    model = derivation.normal
    taken = {item.name.partition("_")[0] for item in (*model.parameters, *model.derived)}
    taken |= {item.name.partition("_")[0] for item in (*model.inputs, *model.equations)}
    taken |= set(model.dims) | {constant for constant, _ in model.constants}
    indices = by_entries(derivation)
    for line in indices.lines():
        for expr in (line.target, *line.members):
            letters = {node.name for node in walk(expr) if isinstance(node, Letter)}
            assert letters.isdisjoint(taken)
            bound = [node.letter for node in walk(expr) if isinstance(node, LetterSum)]
            assert not set(bound) & set(line.letters)


def test_there_are_letters_without_end() -> None:
    names = letter_names(load("linear"))
    found = [next(names) for _ in range(50)]
    assert len(set(found)) == 50


# --- steps -------------------------------------------------------------------------------------


def test_every_step_with_a_chain_rule_has_a_line() -> None:
    for name in differentiable():
        derivation = derive(load(name))
        lines = by_entries(derivation)
        assert [step.number for step in derivation.steps if lines.of(step) is None] == [1]


def both_ways(name: str) -> tuple[bool, bool]:
    derivation = derive(cell(name) if name in NAMES else load(name))
    lines = by_entries(derivation).of(derivation.step("E", "gradient"))
    assert lines is not None
    return lines.nested is not None, lines.tensor is not None


@pytest.mark.parametrize("name", ["char_rnn", "tied_table", "table_three_ways", "lagged_token"])
def test_a_table_is_differentiated_both_ways(name: str) -> None:
    assert both_ways(name) == (True, True)


def test_the_triple_sum_has_goes_through_the_reader_of_the_row() -> None:
    derivation = derive(load("char_rnn"))
    lines = by_entries(derivation).of(derivation.step("E", "gradient"))
    assert lines is not None
    assert lines.nested is not None
    _, spelled, put_in, _ = lines.nested.members

    def kinds(expr: Expr, kind: type[Expr], test: Callable[[Expr], bool] = bool) -> int:
        return sum(1 for node in walk(expr) if isinstance(node, kind) and test(node))

    assert kinds(spelled, LetterSum) == 2
    assert kinds(spelled, TimeSum) == 1
    assert kinds(put_in, Delta) == 2
    assert {n.name for n in walk(spelled) if isinstance(n, Cotangent)} == {"a"}
