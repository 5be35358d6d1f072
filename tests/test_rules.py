"""The table of functions: every derivative against SymPy's, in 50 digits."""

from __future__ import annotations

import random
from dataclasses import replace
from typing import Any

import mpmath
import pytest
import sympy

from symbptt.algebra import Add, Call, Div, Expr, Mul, Neg, Number, Param, Pow
from symbptt.functions.elementwise import FUNCTIONS, Function, derivative, read

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
    ],
)
def test_derivatives_at_a_kink(
    name: str, point: tuple[int, ...], expected: tuple[float, ...]
) -> None:
    row = FUNCTIONS[name]
    values = dict(zip(row.arguments, map(mpmath.mpf, point), strict=True))
    values["y"] = compiled(sympy_form(row), row)(*values.values())
    slopes = tuple(evaluate(read(text), values) for text in row.derivatives)
    assert slopes == expected
