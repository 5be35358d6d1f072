"""What can't be read is said with a caret; what can be is printed and read again."""

from __future__ import annotations

import re
from pathlib import Path
from random import Random

import pytest

import symbptt
from symbptt.algebra import (
    NOW,
    Constant,
    Cotangent,
    Dim,
    DimSum,
    Expr,
    Index,
    Number,
    Slice,
    transform,
)
from symbptt.errors import FormulaError
from symbptt.formula.canonical import canonical
from symbptt.formula.reading import MAX_LENGTH, read, readings
from symbptt.formula.text import formula_text
from symbptt.formula.verdict import NothingToCheckError, check
from symbptt.language.parser import parse
from tests.formula.catalogue import MISPRINTS, RIGHT, Row, model
from tests.noise import mutated

BAD = {
    "": "no `=`",
    "d(L, h[t])": "no `=`",
    "h[t] = ": "missing",
    "h[t] = h[t] = ": "an expression is missing",
    "h[t] == h[t]": "comparison",
    "h[t] <= h[t]": "comparison",
    "h[t] = h[t": "never closed",
    "h[t] = h[t])": "closes no bracket",
    "h[t] = (h[t]]": "does not close",
    "h[t] = h[t] @": "an operand is missing after `@`",
    "h[t] = import os": "Python's `import` has no place in a formula",
    "h[t] = ().__class__": "`.__class__`",
    "h[t] = (lambda: 1)": "Python's `lambda` has no place in a formula",
    "h[t] = [1, 2][0]": "`[` stands after a name",
    'h[t] = "x"': "no place in a formula",
    "h[t] = __import__(1)": "neither a function",
    "h[t] = h": "has a value at every step",
    "h[t] = tanh": "is a function",
    "h[t] = W @ h[t-1]": "neither a name",
    "h[t] = v[t]": "no name `v`",
    "h[t] = W_hh @ h[t+k]": "neither a name",
    "h[t] = sum(i, 1, t, h[k])": "neither a name",
    "h[t] = sum(h, 1, t, h[t])": "a bound index needs another",
    "h[t] = sum(T, 1, t, h[t])": "a bound index needs another",
    "h[t] = sum(1, 1, t, h[t])": "an index, a new name",
    "h[t] = sum(i, 1, h[t])": "is written",
    "h[t] = prod(i, 1, 2, -2, W_hh) @ h[t]": "down with -1",
    "h[t] = h[t*t]": "linear",
    "h[t] = h[t/2]": "made of whole numbers",
    "h[t] = h[W_hh]": "no index",
    "h[t] = tanh(h[t], h[t])": "takes one argument",
    "h[t] = tanh()": "takes one argument",
    "h[t] = W_hh**W_hh @ h[t]": "an exponent",
    "h[t] = 1e999999999 * h[t]": "exponent of a number",
    "h[t] = d(h[t])": "two arguments",
    "h[t] = d(W_hh, h[t])": "differentiates a quantity",
    "h[t] = partial(L, h[t])": "differentiates a quantity",
    "h[t] = d(h[t], L)": "is taken by",
    "h[t] = onehot(x[t])": "integer input",
    "h[t] = h[t] for": "missing",
    "h[t] = h[t] for t": "compares indices",
    "h[t] = h[t] for t > 0 for t < 2": "one `for`",
    "h[t] = h[t] for x[0] = 0": "no initial value",
    "h[t] = h[t] for h[1] = 0": "no initial value",
    "h[t] = h[t] for h[t] = 0": "a number for its step",
    "h[t] = h[t] for h[0] = x[1]": "expression of parameters",
    "h[t] = h[t] for h[0] < 0": "fixed by one equation",
    "h[t] = " + "-" * 200 + "h[t]": "nests at most",
    "h[t] = " + "(" * 200 + "h[t]" + ")" * 200: "nests at most",
    "h[t] = " + "+".join(["1"] * 1001): "at most 1,000 terms in a row",
    "h[t] = h[t][1, 2, 3]": "one index or two",
    "h[t] = h[t, 1]": "behind the step",
    "h[t] = W_hh.t @ h[t]": "write `.T` for a transpose",
    "h[t] = W_hh.S @ h[t]": "only `.T`",
    "h[t] = 007 * h[t]": "no leading zero: write 7",
    "h[t] = \\input{x}": "`\\input` has no meaning",
    "h[t] = h[t] for t < len(h)": "a condition compares steps",
    "h[t] = W_hh Q h[t-1]": "`Q` is neither a name",
    "h[t] = W_hh' @ h[t-1]": "a transpose is written `.T`",
    "h[t] = h[t] # words": "`#` has no meaning",
    "h[t] = tanh(h[t] < 1)": "`<` stands outside brackets only",
    "h[t] = dot(u=h[t], v=h[t])": "arguments have no names",
    "h[t]: 2 = h[t]": "no expression of a formula",
    "h[t], o[t] = h[t]": "a list of values is no expression",
    "h[t] = W_hh @ h[t-0.5]": "a step is a whole number",
    "h[t] = W_hh @ h[t-10000000]": "at most a million",
    "h[t] = (W_hh @ h[t])[:]": "a slice is written",
    "h[t] = (W_hh @ h[t])[h:d]": "a length is at least 1",
    "h[t] = (W_hh @ h[t])[d:h:2]": "a slice is written",
    "h[t] = (W_hh @ h[t])[:k]": "a sum of dimensions and a number",
    "L[t] = h[t]": "what the loss of step s gives to L",
    "h[t] = direct(L[t], h[t])": "stands in a derivative alone",
}


NAMES = {
    "U": "is said by `U=W_qh, V=W_hx`",
    "U=W_qh,": "is said by `U=W_qh, V=W_hx`",
    "U=W_gh": "no name `W_gh`; did you mean `W_qh` or `W_hx`?",
}


@pytest.mark.parametrize(("names", "words"), NAMES.items(), ids=str)
def test_bad_names(names: str, words: str) -> None:
    with pytest.raises(FormulaError, match=re.escape(words)):
        check(model("linear"), "h[t] = h[t]", names=names)


def test_what_a_text_calls_the_names() -> None:
    names = "h=o, s=h, U=W_qh, V=W_hx, f=tan"
    with pytest.raises(FormulaError, match="no name `tan`"):
        check(model("linear"), "h[t] = U @ s[t]", names=names)
    names = names.replace("f=tan", "f=tanh")
    assert check(model("linear"), "f(h[t]) = f(U @ s[t])", names=names).right
    assert check(model("linear"), "f'(h[t]) = 1 - f(U @ s[t])**2", names=names).right
    assert check(model("linear"), "h[t] = U @ s[t]", names=names).right
    assert check(model("linear"), "dL/dU = sum(t, 1, T, dL/dh[t] @ s[t].T)", names=names).right
    assert check(model("linear"), "s[t] = V @ x[t] + W_hh @ s[t-1]", names=names).right


def test_every_link_of_a_chain_is_checked() -> None:
    chain = "d(o[t], h[t]) = W_qh = d(o[t], h[t]) * 1 for 1 <= t <= T"
    assert len(readings(chain, model("linear"))[0].links) == 2
    assert check(model("linear"), chain).right
    wrong = check(model("linear"), "d(o[t], h[t]) = W_qh = 2 * W_qh", seconds=3)
    assert wrong.verdict == "wrong"
    with pytest.raises(FormulaError, match="a chain of 2"):
        read(chain, model("linear"))


@pytest.mark.parametrize(("text", "words"), BAD.items(), ids=lambda text: text[:30])
def test_bad_input(text: str, words: str) -> None:
    with pytest.raises(FormulaError) as error:
        check(model("linear"), text)
    message = str(error.value)
    assert words in message
    assert len(message) < 1_500
    *_, caret = message.splitlines()
    assert "^" in caret and set(caret) <= {" ", "^"}


@pytest.mark.parametrize("typed", ["ﬁ", "ϕ"])
def test_no_name_is_read_as_another_one(typed: str) -> None:
    """A bold o of mathematics is an o, and a script l the loss; these are neither."""
    for text in (
        f"d(L, h[t]) = {typed}(o[t], y[t])",
        f"{typed}[t] = h[t]",
        f"h[t] = {typed}'(o[t])",
    ):
        with pytest.raises(FormulaError, match=r"has no meaning|neither a|has no name"):
            read(text, model("linear"))


JOINED = parse("h[t] = tanh(W @ concat(x[t], h[t-1]))\nloss[t] = squared_error(h[t], y[t])\n")


@pytest.mark.parametrize(
    ("text", "blocks", "number"),
    [
        ("h[t][:n_x]", ("n_x", ""), 0),
        ("h[t][n_x:]", ("n_x", ""), 1),
        ("h[t][2:n_x + 2]", (2, "n_x", ""), 1),
        ("(W @ x[t])[n_x + n_y:]", (DimSum(("n_x", "n_y")), ""), 1),
    ],
)
def test_slices(text: str, blocks: tuple[Dim, ...], number: int) -> None:
    right = read(f"h[t] = {text}", JOINED).right
    assert isinstance(right, Slice)
    assert (right.blocks, right.number) == (blocks, number)


@pytest.mark.parametrize(
    ("typed", "same"),
    [
        ("direct(h[t], vec(W))", "direct(h[t], W)"),
        ("d(h[t], vec(W))", "d(h[t], W)"),
        ("d(h[t], vec(h[t-1]))", "d(h[t], h[t-1])"),
        ("d(L, vec(W))", "vec(d(L, W))"),
    ],
)
def test_a_matrix_may_be_flattened_where_a_derivative_is_taken_by_it(typed: str, same: str) -> None:
    assert read(f"0 = {typed}", JOINED).right == read(f"0 = {same}", JOINED).right


@pytest.mark.parametrize(
    ("text", "name", "index"), [("h[t]", "h", NOW), ("W", "W", None), ("h[s]", "h", Index.of("s"))]
)
def test_the_part_of_l_that_the_loss_of_a_step_gives(
    text: str, name: str, index: Index | None
) -> None:
    for typed in (f"d(L[s], {text})", f"dL[s]/d{text}"):
        right = read(f"d(L[s], h[s]) = {typed}", JOINED).right
        assert isinstance(right, Cotangent)
        assert (right.name, right.index, right.part) == (name, index, Index.of("s"))


def test_the_caret_stands_under_the_place() -> None:
    for text in ("d(L, h[t]) = Ü[t]", "tanh'(h[t]) = \t tanh'(Ü[t])", "h[t]  =  tanh'(h[t] + Ü)"):
        with pytest.raises(FormulaError) as error:
            check(model("linear"), text)
        _, line, caret = str(error.value).splitlines()
        assert line[caret.index("^")] == "Ü"


def test_too_long() -> None:
    with pytest.raises(FormulaError, match="4,000 characters"):
        check(model("linear"), "h[t] = " + "x" * MAX_LENGTH)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("h[t] = h[t] for t > T", "meet the condition"),
        ("h[t] = h[t] for t > 3, t < 2", "meet the condition"),
        ("h[t] = h[t] for T > 1000", "meet the condition"),
        ("h[t] = h[t+100]", "lies past T"),
        ("h[-3] = h[t]", r"h\[-3\] lies before h\[0\], the first"),
        ("d(L, h[T+1]) = W_qh.T @ d(L, o[T+1])", "lies past T"),
        ("h[t][i] = h[t][i+9] for t >= 1", "every index in range"),
    ],
)
def test_nothing_to_check_is_never_right(text: str, words: str) -> None:
    with pytest.raises(NothingToCheckError, match=words):
        check(model("linear"), text)


def test_a_model_without_a_loss() -> None:
    with pytest.raises(FormulaError, match="has no loss"):
        check(model("matrix_recurrence"), "L = 0")


@pytest.mark.parametrize("row", [*RIGHT, *MISPRINTS], ids=lambda row: row.id)
def test_printing_reads_back(row: Row) -> None:
    formula = read(row.formula, model(row.model))
    again = read(formula_text(formula), model(row.model))
    assert canonical(again) == canonical(formula)
    assert formula_text(again) == formula_text(formula)


@pytest.mark.parametrize("seed", range(6))
def test_mutated_formulas(seed: int) -> None:
    """They are read and read again as they are printed, or the caret stands under what is wrong."""
    draw = Random(seed)
    read_again = 0
    for _ in range(60):
        row = draw.choice([*RIGHT, *MISPRINTS])
        text = mutated(row.formula, draw)
        try:
            formula = read(text, model(row.model))
        except FormulaError as error:
            *_, caret = str(error).splitlines()
            assert "^" in caret and set(caret) <= {" ", "^"}, text
        else:
            again = read(formula_text(formula), model(row.model))
            assert canonical(again) == canonical(formula), text
            read_again += 1
    assert 0 < read_again < 60


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("a * b @ c", "(a * b) @ c"),
        ("a - b - c", "a - (b + c)"),
        ("-a ** 2", "-(a ** 2)"),
        ("a / b / c", "(a / b) / c"),
    ],
)
def test_grouping_is_kept(one: str, other: str) -> None:
    names = {"a": "h[t]", "b": "h[t-1]", "c": "h[t]"}

    def text(form: str) -> str:
        return "".join(names.get(letter, letter) for letter in form)

    formulas = [read(f"h[t] = {text(form)}", model("linear")) for form in (one, other)]
    printed = [formula_text(formula) for formula in formulas]
    assert read(printed[0], model("linear")) == formulas[0]
    assert (printed[0] == printed[1]) == (one != "a - b - c")


CONSTANTS = parse("x: (n,)\nk = 2\np = 3\nh[t] = tanh(W @ h[t-k] + x[t]**p)\n", "constants")


@pytest.mark.parametrize(
    ("formula", "same"),
    [
        ("W**(k+1) = W @ W @ W", "W**3 = W @ W @ W"),
        ("W**(T-k) = W**(T-2)", "W**(T-2) = W**(T-2)"),
        ("x[t]**(p-1) = x[t] * x[t]", "x[t]**2 = x[t] * x[t]"),
        ("x[t]**(-k/2) = 1/x[t]", "x[t]**-1 = 1/x[t]"),
        ("x[t]**p = x[t]**k * x[t]", "x[t]**3 = x[t]**2 * x[t]"),
    ],
)
def test_exponents_are_numbers_constants_or_indices(formula: str, same: str) -> None:
    one, two = read(formula, CONSTANTS), read(same, CONSTANTS)
    values = [(known(f.left), known(f.right)) for f in (one, two)]
    assert values[0] == values[1]
    assert read(formula_text(one), CONSTANTS) == one


def known(side: Expr) -> Expr:
    """The expression with numbers for the constants."""
    return transform(side, lambda n: Number(n.value) if isinstance(n, Constant) else n)


@pytest.mark.parametrize(
    ("formula", "said"),
    [
        ("x[t]**(1/0) = 1", "this divides by zero"),
        ("x[t]**W = 1", "an exponent is a number or an index"),
        ("x[t]**x[t] = 1", "an exponent is a number or an index"),
    ],
)
def test_other_exponents_are_refused(formula: str, said: str) -> None:
    with pytest.raises(FormulaError, match=said):
        read(formula, CONSTANTS)


def test_pythons_syntax_has_one_reader() -> None:
    """A formula's and a model's: language/ (the tables of functions read their own definitions)."""
    readers = {
        file.parent.name
        for file in Path(symbptt.__file__).parent.rglob("*.py")
        if re.search(r"^import ast$", file.read_text(encoding="utf-8"), re.MULTILINE)
    }
    assert readers <= {"language", "functions", "codegen", "handwritten"}


@pytest.mark.parametrize("number", ["1/0 - 1", "9**9**9", "1e999"])
@pytest.mark.parametrize(
    "formula",
    [
        "h[t] = prod(j, t, 1, {}, W_hh) @ h[0]",
        "h[t] = prod(j, t, {}, -1, W_hh) @ h[0]",
        "h[t] = sum(i, {}, t, h[i])",
        "h[t] = W_hh**({}) @ h[0]",
        "h[t] = h[t - ({})]",
        "h[t] = ({}) * h[t]",
        "h[t] = h[t] / ({})",
    ],
)
def test_arithmetic_that_fails_is_a_finding_wherever_it_stands(formula: str, number: str) -> None:
    with pytest.raises(FormulaError):
        check(model("linear"), formula.format(number))


@pytest.mark.parametrize("exponent", ["1001", "-1001", "1/1001", "10**4", "9**9"])
@pytest.mark.parametrize("base", ["h[t]", "W_hh", "2"])
def test_exponents_are_bounded_as_in_models(base: str, exponent: str) -> None:
    with pytest.raises(FormulaError):
        check(model("linear"), f"h[t] = {base}**({exponent}) * h[t]")


# --- letters -----------------------------------------------------------------------------

LETTERS = ("b[t] = W_qh.T @ d(L, o[t])", "C[t] = A", "A = W_hh.T")


def test_letters_stand_for_what_they_are_said_to() -> None:
    about = model("linear")
    for formula in (
        "d(L, h[t]) = b[t] + C[t+1] @ d(L, h[t+1])",
        "d(L, h[t]) = sum(k, t, T, prod(j, t+1, k, C[j]) @ b[k]) for 1 <= t <= T",
        "dL/dh[t] = sum(k, t, T, A**(k-t) @ b[k]) for 1 <= t <= T",
    ):
        assert check(about, formula, horizon=3, where=LETTERS).right
    assert not check(about, "d(L, h[t]) = b[t+1]", horizon=3, where=LETTERS).right


@pytest.mark.parametrize(
    ("formula", "where", "words"),
    [
        ("h[t] = b[t]", ("h[t] = b[t]",), "`h` is a name of the model"),
        ("h[t] = b[t]", ("L = 1",), "`L` is a name of the model or the language"),
        ("h[t] = b[t]", ("b[t] = b[t-1]",), "has no name `b`"),
        ("h[t] = b[t]", ("b[t] = c[t]", "c[t] = b[t]"), "has no name `b`"),
        ("h[t] = b", ("b[t] = x[t]",), "write `b[t]`"),
        ("h[t] = b[t]", ("b[1] = x[1]",), "the left side names it"),
        ("h[t] = b[t]", ("b[t] = x[t] for t > 1",), "it holds at all steps"),
        ("h[t] = b[t]", ("b[t] == x[t]",), "a comparison stands in a condition"),
        ("h[k] = b[k]", ("b[t] = sum(k, 1, t, x[k])",), "`k` is bound in what `b` stands for"),
        ("h[t] = b[t]", ("b[t] = y[t] @",), "an operand is missing"),
    ],
)
def test_what_letters_may_not_be(formula: str, where: tuple[str, ...], words: str) -> None:
    with pytest.raises(FormulaError, match=re.escape(words)):
        check(model("linear"), formula, where=where)


@pytest.mark.parametrize(
    "meaning",
    [
        "delta[t] = d(L, h[t])",
        r"\delta_t = \frac{\partial L}{\partial h_t}",
        r"\boldsymbol{\delta}^{(t)} = \nabla_{h_t} L",
        "δ_k = ∂L/∂h_k",
    ],
)
@pytest.mark.parametrize(
    "formula",
    [r"\delta_t = W_{hh}^\top \delta_{t+1} + W_{qh}^\top \frac{\partial L}{\partial o_t}",
     "delta[t] = W_hh.T @ delta[t+1] + W_qh.T @ d(L, o[t])"],
)  # fmt: skip
def test_a_letter_is_spelled_in_any_way(meaning: str, formula: str) -> None:
    plain = "d(L, h[t]) = W_hh.T @ d(L, h[t+1]) + W_qh.T @ d(L, o[t])"
    linear = model("linear")
    assert read(formula, linear, [meaning]) == read(plain, linear)


@pytest.mark.parametrize(
    "meaning",
    [r"\tanh_t = h_t", r"\delta = h_t", r"h_t + o_t = h_t", r"\delta_t' = h_t", r"a_t = b_t = h_t"],
)
def test_what_defines_no_letter_is_refused(meaning: str) -> None:
    with pytest.raises(FormulaError, match=r"letter stands for|is a name of"):
        read("h[t] = 0", model("linear"), [meaning])
