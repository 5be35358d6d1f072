"""The file itself in exact numbers: what is right is, and an error below all rounding is not."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from fractions import Fraction
from functools import cache
from random import Random

import pytest

from symbptt.algebra import Model
from symbptt.binding import bind
from symbptt.calculus.estimators import ESTIMATORS, FULL, Estimator, read_estimator
from symbptt.calculus.gradients import derive
from symbptt.codegen.fast.passes import LEVELS
from symbptt.codegen.render import generate
from symbptt.proof.calls import ModuleCall
from symbptt.proof.degree import Degree
from symbptt.proof.domain import Domain, Precise, Rational
from symbptt.proof.execution import ExactNumbers, Execution, file_rows, kinds
from symbptt.proof.field import PRIME
from symbptt.proof.formal import FormalField
from symbptt.proof.loaded import load_module
from symbptt.proof.numeric import random_calls
from symbptt.proof.points import size_sets
from symbptt.proof.reach import Numbers
from symbptt.proof.rounding import rounding_rows
from symbptt.proof.rows import Row
from symbptt.proof.unrolled import unrolled
from tests.cells import BINDINGS
from tests.cells import NAMES as CELLS
from tests.modules import BUILT_IN, EXHAUSTIVE, in_turn, model_of, some

FULL_OF_FUNCTIONS = ("gaussian", "norms_and_robust_losses", "abs_and_relu", "max_and_min")
SAMPLE = CELLS if EXHAUSTIVE else tuple(dict.fromkeys((*FULL_OF_FUNCTIONS, *CELLS[::9])))

RATIONAL = (
    "linear", "linear_bias", "rational", "matrix_input", "linear_attention", "abs_and_relu",
    "max_and_min", "no_recurrence",
)  # fmt: skip
"""Models among these without transcendental functions."""

KINDS = {kind.subject: kind for kind in kinds()}


@cache
def bound(name: str) -> Model:
    return bind(model_of(name), BINDINGS.get(name))


@cache
def calls_of(name: str, estimator: Estimator = FULL) -> tuple[ModuleCall, ...]:
    return tuple(call for call, _ in random_calls(bound(name), estimator=estimator))


@cache
def text_of(name: str, level: int) -> str:
    return generate(bound(name), level=level)


def rows_of(name: str, text: str, estimator: Estimator = FULL) -> dict[str, Row]:
    module = load_module(text, name, bound(name))
    rows = file_rows(module, bound(name), calls_of(name, estimator), estimator)
    return {row.subject: row for row in rows}


@pytest.mark.parametrize(
    ("name", "level"),
    [
        (name, level)
        for number, name in enumerate((*BUILT_IN, *SAMPLE))
        for level in in_turn(number, [*LEVELS])
    ],
)
def test_a_file_is_exact_in_numbers_of_every_kind(name: str, level: int) -> None:
    rows = rows_of(name, text_of(name, level))
    assert list(rows) == ["fractions", "50 digits", "modulo a prime"]
    for row in rows.values():
        if row.subject == "fractions" and name not in RATIONAL:
            assert (row.ok, row.range) == (None, "not applicable")
            assert "has no exact value at a rational point" in row.detail
            assert "None" not in row.detail
        else:
            assert row.ok, row
            assert row.entries > 0


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        (name, kind)
        for number, name in enumerate(("linear", "gru", *SAMPLE[::3]))
        for kind in in_turn(number, [*ESTIMATORS])
    ],
)
def test_a_file_is_exact_for_every_estimator(kind: str, name: str) -> None:
    estimator = read_estimator(ESTIMATORS[kind].example)
    text = generate(derive(bound(name), estimator=estimator))
    assert all(row.ok is not False for row in rows_of(name, text, estimator).values())


@pytest.mark.parametrize("level", some([*LEVELS], 2))
@pytest.mark.parametrize("name", ["gaussian", "norms_and_robust_losses"])
def test_every_function_is_exact_at_every_level(name: str, level: int) -> None:
    """Constants that are no fractions, signs, and what is 0 at the start."""
    assert all(row.ok is not False for row in rows_of(name, text_of(name, level)).values())


# --- planted ----------------------------------------------------------------------------------

CALL = re.compile(r"( +)_(?!add_at)\w+\((.*)\)")


def in_buffers(text: str, by: Fraction) -> Iterator[tuple[str, str]]:
    """Every call of the functions that compute in buffers, and a text where it is off."""
    _, _, functions = text.partition("def _run_forward(")
    functions = functions[: functions.index("def _arrays(")]
    for line in functions.splitlines():
        match = CALL.fullmatch(line)
        if match is not None and not match[2].endswith(", 0"):
            arguments = match[2].split(", ")
            first = "_copyto(" in line or "_by_rows(" in line
            out = arguments[0 if first else -1].removeprefix("out=")
            off = f"{line}\n{match[1]}{out}[...] *= Fraction{by.as_integer_ratio()}"
            yield line, text.replace(f"{line}\n", f"{off}\n", 1)


def plain_statements(text: str, by: Fraction) -> Iterator[tuple[str, str]]:
    """The same of the statements of plain code that compute."""
    count = len(computing(ast.parse(text)))
    for number in range(count):
        tree = ast.parse(text)
        statement = computing(tree)[number]
        line = ast.unparse(statement)
        factor = ast.parse(f"Fraction{by.as_integer_ratio()}", mode="eval").body
        statement.value = ast.BinOp(statement.value, ast.Mult(), factor)
        yield line, ast.unparse(tree)


def computing(tree: ast.Module) -> list[ast.Assign | ast.AugAssign]:
    """The statements of the plain functions with arithmetic or a function of numbers."""
    functions = [node for node in tree.body if isinstance(node, ast.FunctionDef)]
    named = ("_forward", "_loss", "_backward")
    found = [
        node
        for function in functions
        if function.name in named
        for node in ast.walk(function)
        if isinstance(node, ast.Assign | ast.AugAssign)
    ]
    return [node for node in found if computes(ast.unparse(node.value))]


def computes(value: str) -> bool:
    made = ("np.empty", "np.zeros", "_past", "_received", "rows.", "{", "values", "call", "one")
    return not value.startswith(made) and any(sign in value for sign in ("(", " @ ", " * ", " - "))


def executed(name: str, kind: ExactNumbers) -> tuple[ModuleCall, Numbers]:
    """A short call in such numbers, and what it must return."""
    sizes = size_sets(bound(name))
    call = calls_of(name)[1]
    run = Execution(kind, load_module(text_of(name, 0), name, bound(name)))
    return run.truth(unrolled(bound(name), sizes[1 % len(sizes)]), call, Random(0))


PLANTED = [
    (name, level, subject, by)
    for name, subject, by in (
        ("linear_bias", "fractions", Fraction(1, 10**15)),
        ("rational", "fractions", Fraction(1, 10**15)),
        ("matrix_input", "modulo a prime", Fraction(1, 10**15)),
        ("lstm", "50 digits", Fraction(1, 10**40)),
        ("lstm", "modulo a prime", Fraction(1, 10**40)),
        ("soft_functions", "50 digits", Fraction(1, 10**40)),
        ("char_rnn", "modulo a prime", Fraction(1, 10**15)),
    )
    for level in LEVELS
]


@pytest.mark.parametrize(("name", "level", "subject", "by"), PLANTED)
def test_an_error_below_rounding_is_found_in_every_statement(
    name: str, level: int, subject: str, by: Fraction
) -> None:
    """Floats can't show so small a part of a number; exact numbers do: one statement in twelve."""
    kind, text = KINDS[subject], text_of(name, level)
    short = ExactNumbers(kind.subject, kind.domain, kind.tolerance, most=3)
    call, expected = executed(name, short)
    planted = plain_statements if level == 0 else in_buffers
    every = list(planted(text, 1 + by))
    assert len(every) > 12
    texts = [("", text), *some(every[PLANTED.index((name, level, subject, by)) % 12 :], 12)]
    for line, each in texts:
        run = Execution(short, load_module(each, name, bound(name)))
        run.run(call, expected)
        assert bool(run.detail) == bool(line), line


def test_an_error_in_a_quantity_alone_is_found() -> None:
    """Loss and gradients are right; what `forward` returns is off by less than rounding."""
    text = text_of("linear_bias", 2)
    right = 'found = {"o": v.o}'
    assert text.count(right) == 1
    off = text.replace(right, 'found = {"o": v.o * (1 + Fraction(1, 10**46))}')
    rows = rows_of("linear_bias", off)
    assert [row.ok for row in rows.values()] == [False, True, False]
    assert "forward['o']" in rows["fractions"].detail


@pytest.mark.parametrize(
    "value", some(["np.nan", "'3'", "np.float32('nan')", "1j", "None", "-np.inf"], 2)
)
def test_what_is_no_number_is_named(value: str) -> None:
    """Also where its kind of numbers is made to be compared, not to be told from others."""
    text = text_of("linear_bias", 2) + (
        "\n\n_right = loss_and_grads\n\n\n"
        "def loss_and_grads(params, *arguments, **more):\n"
        "    loss, grads, carry = _right(params, *arguments, **more)\n"
        "    if grads['W_hh'].dtype == object:\n"
        f"        grads['W_hh'][0, 1] = {value}\n"
        "    return loss, grads, carry\n"
    )
    for row in rows_of("linear_bias", text).values():
        assert row.ok is False
        assert "grads['W_hh'][0, 1] is " in row.detail
    module = load_module(text, "linear_bias", bound("linear_bias"))
    for row in rounding_rows(module, bound("linear_bias")):
        assert row.ok is None


@pytest.mark.parametrize(
    "change",
    [
        ("_multiply(c_1_2, params", "_multiply(0.3333333333333333, params"),
        (
            "if start is None:",
            "if w.dtype == object: raise ValueError('floats alone')\n    if start is None:",
        ),
    ],
)
def test_a_file_that_does_not_take_exact_numbers_as_it_says_fails(change: tuple[str, str]) -> None:
    text = text_of("lstm", 2)
    assert change[0] in text
    rows = rows_of("lstm", text.replace(*change))
    assert [row.ok for row in rows.values()] == [None, False, False]


# --- numbers modulo a prime ------------------------------------------------------------------


@pytest.mark.parametrize("domain", [FormalField(3), Precise(40)], ids=["prime", "digits"])
def test_what_fast_code_makes_of_a_function_is_the_function(domain: Domain) -> None:
    rng = Random(1)
    x, y, z = (domain.random(rng) for _ in range(3))
    total = x.exp() + y.exp() + z.exp()
    pairs = {
        "a sigmoid by tanh": (1 / (1 + (-x).exp()), ((x / 2).tanh() + 1) / 2),
        "a slope of tanh": (1 - x.tanh() ** 2, (1 + x.tanh()) * (1 - x.tanh())),
        "a logarithm of a quotient": ((x.exp() / total).log(), x - total.log()),
        "an exponential of logarithms": ((x - total.log()).exp(), x.exp() / total),
        "a product of exponentials": ((x.exp() * y.exp()).log(), x + y),
        "oddness": ((-x).tanh() + x.tanh(), x - x),
        "a root": ((4 * abs(x)).sqrt(), 2 * abs(x).sqrt()),
        "pi": (4 * (x * 0 + 1).arctan(), domain.apply("pi", ())),
        "the larger one": (abs(x - y), max(x, y) - min(x, y)),
    }
    for words, (one, other) in pairs.items():
        error = one - other
        assert error == 0 if isinstance(domain, FormalField) else abs(error) < 1e-38, words


def test_a_number_knows_its_degree_and_the_row_the_chance_of_an_error() -> None:
    domain, rng = FormalField(0), Random(0)
    x, y = (domain.random(rng) for _ in range(2))
    degrees = {
        (x * y - 3): Degree(2), (x / y + y / x): Degree(2, 2), (-(x**3)): Degree(3),
        (x**-2): Degree(0, 2), x.exp(): Degree(1, 1), (x.tanh() * y): Degree(3, 2),
        (x * y).log(): Degree(1, 1), (x * 0 + 1): Degree(0),
    }  # fmt: skip
    assert [number.degree for number in degrees] == list(degrees.values())
    assert domain.largest == 3
    events = 1 + 3 * 2 // 2 + 2 * domain.made
    assert domain.field.indeterminates == 3
    assert domain.chance == f"error < 2^-{(PRIME // (6 * events)).bit_length() - 1}"
    row = rows_of("lstm", text_of("lstm", 2))["modulo a prime"]
    assert re.fullmatch(r"T = 1…6, equal, error < 2\^-[78]\d", row.range)


def test_an_order_is_that_of_the_real_point() -> None:
    domain, rng = FormalField(0), Random(0)
    numbers = [domain.near(value, rng) for value in (-2.0, -0.5, 0.25, 3.0)]
    assert sorted(numbers[::-1]) == numbers
    assert [number > 0 for number in numbers] == [False, False, True, True]
    assert not numbers[0] < numbers[0]


def test_rationals_stay_fractions() -> None:
    number = Rational().near(0.3, Random(0))
    assert isinstance(number, Fraction)
    assert number.numerator % 2 == 1
