"""The table of functions: every derivative against SymPy's, in 50 digits."""

from __future__ import annotations

import random
from dataclasses import replace
from fractions import Fraction
from typing import Any

import mpmath
import numpy as np
import pytest
import sympy

from symbptt.algebra import NOW, Add, Call, Div, Expr, Loss, Mul, Neg, Number, Param, Pow, Ref
from symbptt.functions.elementwise import FUNCTIONS, Function, derivative, read
from symbptt.functions.losses import LOSSES, LossFunction, loss_formula
from symbptt.functions.vectors import VECTORS, VectorFunction, stated
from symbptt.proof.evaluate import evaluate as evaluate_at
from symbptt.proof.evaluate import loss_gradient, vector_value
from symbptt.proof.field import Field
from symbptt.proof.place import Given
from symbptt.proof.symbols import Symbolic, symbol_array
from symbptt.proof.tape import Tape
from tests.modules import module_from

PIECEWISE_CONSTANT = {
    "step": lambda x: mpmath.mpf(x > 0),
    "sign": lambda x: mpmath.sign(x),
    "zero": lambda x: mpmath.mpf(x == 0),
    "beyond": lambda u, v: (1 + mpmath.sign(u - v)) / 2,
}


def _constant_pieces(name: str) -> Any:
    """A function of SymPy's that is piecewise constant, so that its derivative is 0."""
    return type(name, (sympy.Function,), {"fdiff": lambda self, argindex=1: sympy.Integer(0)})


LOCALS = {name: _constant_pieces(name) for name in PIECEWISE_CONSTANT}


def compiled(formula: sympy.Expr, row: Function) -> Any:
    symbols = [sympy.Symbol(name) for name in row.arguments]
    return sympy.lambdify(symbols, formula, modules=[PIECEWISE_CONSTANT, "mpmath"])


def sympy_form(row: Function) -> sympy.Expr:
    return sympy.sympify(row.sympy, locals=LOCALS, rational=True)


def evaluate(expr: Expr, values: dict[str, Any]) -> Any:
    """A derivative of the table, as an expression, in high precision."""
    match expr:
        case Number(value=value):
            return mpmath.mpf(value.numerator) / value.denominator
        case Param(name=name):
            return values[name]
        case Add(terms=terms):
            return mpmath.fsum(evaluate(term, values) for term in terms)
        case Neg(operand=operand):
            return -evaluate(operand, values)
        case Mul(factors=factors):
            return mpmath.fprod(evaluate(factor, values) for factor in factors)
        case Div(numerator=numerator, denominator=denominator):
            return evaluate(numerator, values) / evaluate(denominator, values)
        case Pow(base=base, exponent=exponent):
            return evaluate(base, values) ** evaluate(exponent, values)
        case Call(function=name, args=args):
            row = FUNCTIONS[name]
            return compiled(sympy_form(row), row)(*(evaluate(arg, values) for arg in args))
    raise TypeError(f"the table's derivatives have no {type(expr).__name__}")


def points(row: Function) -> list[tuple[Any, ...]]:
    """Random points and the far ends, where the function is real."""
    rng = random.Random(row.name)
    value = compiled(sympy_form(row), row)
    arguments = len(row.arguments)
    candidates = [
        *(tuple(rng.uniform(-3, 3) for _ in range(arguments)) for _ in range(40)),
        # Pieces may begin anywhere: hard_sigmoid's at 3 and -3.
        *(tuple(rng.uniform(-8, 8) for _ in range(arguments)) for _ in range(20)),
        *((end, end / 7)[:arguments] for end in (-30, 30)),
    ]
    exact = [tuple(map(mpmath.mpf, candidate)) for candidate in candidates]
    return [point for point in exact if not isinstance(value(*point), mpmath.mpc)]


def first_difference(row: Function) -> str | None:
    """Where a derivative of the row is not that of its SymPy form; None if nowhere."""
    with mpmath.workdps(50):
        form = sympy_form(row)
        for wrt, argument in enumerate(row.arguments):
            exact = compiled(sympy.diff(form, sympy.Symbol(argument)), row)
            names = [Param(name, ()) for name in row.arguments]
            stated = read(row.derivatives[wrt])
            found = points(row)
            assert len(found) > 10, f"{row.name} is hardly anywhere real"
            for point in found:
                values = dict(zip(row.arguments, point, strict=True))
                values["y"] = compiled(form, row)(*point)
                left, right = evaluate(stated, values), exact(*point)
                # The function's own value cancels digits in 1 - y**2: far fewer than 50.
                if abs(left - right) > mpmath.mpf(10) ** -20 * max(1, abs(right)):
                    return f"d{row.name}/d{names[wrt].name} at {point}: {left} != {right}"
    return None


@pytest.mark.parametrize("row", FUNCTIONS.values(), ids=lambda row: row.name)
def test_derivatives_are_those_of_the_sympy_form(row: Function) -> None:
    assert first_difference(row) is None


@pytest.mark.parametrize("row", FUNCTIONS.values(), ids=lambda row: row.name)
def test_a_planted_error_in_a_derivative_is_found(row: Function) -> None:
    for wrt, text in enumerate(row.derivatives):
        wrong = list(row.derivatives)
        wrong[wrt] = "1" if text == "0" else f"1001*({text})/1000"
        assert first_difference(replace(row, derivatives=tuple(wrong))) is not None


@pytest.mark.parametrize("row", FUNCTIONS.values(), ids=lambda row: row.name)
def test_derivative_fills_in_arguments_and_value(row: Function) -> None:
    """What the calculus gets is the row's text with the caller's names in it."""
    args = [Param(f"argument_{i}", ()) for i in range(len(row.arguments))]
    value = Param("value", ())
    with mpmath.workdps(50):
        point = points(row)[0]
        values: dict[str, Any] = dict(zip(row.arguments, point, strict=True))
        values["y"] = compiled(sympy_form(row), row)(*point)
        renamed = {arg.name: v for arg, v in zip(args, point, strict=True)}
        renamed["value"] = values["y"]
        for wrt, text in enumerate(row.derivatives):
            expected = evaluate(read(text), values)
            given = derivative(row.name, wrt, args, value)
            assert evaluate(given, renamed) == expected
            assert evaluate(derivative(row.name, wrt, args), renamed) == expected


@pytest.mark.parametrize(
    ("name", "point", "expected"),
    [
        ("relu", (0,), (0,)),
        ("abs", (0,), (0,)),
        ("max", (2, 2), (0.5, 0.5)),
        ("min", (2, 2), (0.5, 0.5)),
        ("leaky_relu", (0,), (0.505,)),
        ("hard_tanh", (1,), (0.5,)),
        ("hard_tanh", (-1,), (0.5,)),
        ("hard_sigmoid", (3,), (1 / 12,)),
        ("hard_sigmoid", (-3,), (1 / 12,)),
        ("elu", (0,), (1,)),
    ],
)
def test_derivatives_at_a_kink(
    name: str, point: tuple[int, ...], expected: tuple[float, ...]
) -> None:
    row = FUNCTIONS[name]
    values = dict(zip(row.arguments, map(mpmath.mpf, point), strict=True))
    values["y"] = compiled(sympy_form(row), row)(*values.values())
    slopes = tuple(evaluate(read(text), values) for text in row.derivatives)
    assert slopes == pytest.approx(expected)


# --- functions of vectors and losses ---------------------------------------------------------


def first_wrong_adjoint(row: VectorFunction) -> str | None:
    """Where an adjoint is not the cotangent times the derivative of the definition."""
    count = len(row.arguments)
    domain = Field(5)
    arguments = [symbol_array(name, (3,)) for name in row.arguments]
    value = np.asarray(vector_value(row.name, arguments, Symbolic()), dtype=object)
    weights = symbol_array("w", np.shape(value))
    symbols = [*np.ravel(arguments), *np.ravel(weights)]
    total = sum(np.ravel(weights * value))
    slopes = Tape(symbols, [sympy.diff(total, s) for s in symbols[: 3 * count]])
    rng = random.Random(row.name)
    drawn = [domain.random(rng) for _ in symbols]
    exact = np.reshape(slopes.run(drawn, domain), (count, 3))
    given = dict(zip(row.arguments, np.reshape(drawn[: 3 * count], (count, 3)), strict=True))
    given["dy"] = np.reshape(np.array(drawn[3 * count :], dtype=object), np.shape(value))
    given["y"] = np.asarray(vector_value(row.name, [*given.values()][:count], domain))
    names = {name: Param(name, np.shape(array)) for name, array in given.items()}
    for argument, text, right in zip(row.arguments, row.adjoint, exact, strict=True):
        found = evaluate_at(stated(text, names), Given(domain, given), {})
        if not np.all(found == right):
            return f"the adjoint of {argument}: {text}"
    return None


@pytest.mark.parametrize("row", VECTORS.values(), ids=lambda row: row.name)
def test_an_adjoint_is_that_of_the_definition(row: VectorFunction) -> None:
    assert first_wrong_adjoint(row) is None


@pytest.mark.parametrize("row", VECTORS.values(), ids=lambda row: row.name)
def test_a_planted_error_in_an_adjoint_is_found(row: VectorFunction) -> None:
    for place, text in enumerate(row.adjoint):
        wrong = [*row.adjoint[:place], f"1001*({text})/1000", *row.adjoint[place + 1 :]]
        assert first_wrong_adjoint(replace(row, adjoint=tuple(wrong))) is not None


def first_wrong_gradient(row: LossFunction) -> str | None:
    """Where a member of a chain is not the derivative of the definition."""
    domain, rng = Field(5), random.Random(row.name)
    o, y = (np.array([domain.random(rng) for _ in range(3)], dtype=object) for _ in range(2))
    target: Expr = Param("y", (3,))
    if row.index_target:
        y = np.array([domain.number(Fraction(k)) for k in (0, 1, 0)], dtype=object)
        target = Ref("y", NOW, ())
    loss = Loss(row.name, Param("o", (3,)), target)
    point = Given(domain, {"o": o, "y": y})
    named = {letter: loss_formula(loss, text) for letter, text in row.names}
    for wrt, chain in enumerate(row.gradients):
        for text in chain:
            right = loss_gradient(row.name, o, y, wrt, domain)
            if not np.all(evaluate_at(loss_formula(loss, text, **named), point, {}) == right):
                return f"by argument {wrt}: {text}"
    return None


@pytest.mark.parametrize("row", LOSSES.values(), ids=lambda row: row.name)
def test_every_member_of_a_loss_is_its_gradient(row: LossFunction) -> None:
    assert first_wrong_gradient(row) is None


@pytest.mark.parametrize("row", LOSSES.values(), ids=lambda row: row.name)
def test_a_planted_error_in_a_loss_is_found(row: LossFunction) -> None:
    *before, last = row.gradients[0]
    wrong = ((*before, f"1001*({last})/1000"), row.gradients[1])
    assert first_wrong_gradient(replace(row, gradients=wrong)) is not None


def test_a_norm_has_the_slope_0_at_0() -> None:
    module = module_from("x: (d,)\nh[t] = W @ x[t]\nloss[t] = norm(h[t])\n", wrt_inputs=True)
    with np.errstate(all="raise"):
        loss, grads, _ = module.loss_and_grads({"W": np.eye(3)}, {"x": np.zeros((2, 1, 3))})
    assert loss == 0
    assert not any(np.any(array) for array in grads.values())
