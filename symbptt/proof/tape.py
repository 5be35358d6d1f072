"""SymPy expressions as straight-line programs, run in any number domain.

A `Tape` holds every subexpression of its outputs once. It is what makes evaluating the
same partial derivatives at many steps and points cheap.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from fractions import Fraction
from functools import cache
from typing import Any, Protocol

import sympy

from symbptt.errors import MissingRuleError
from symbptt.functions.elementwise import FUNCTIONS

ADD, MUL, POWER, CALL, HEAD, NUMBER = range(6)

Instruction = tuple[int, Any, tuple[int, ...]]
"""An operation, what it needs besides its operands, and the operands' places."""


class Arithmetic(Protocol):
    """What a program asks of a number domain (`symbptt.proof.domain.Domain`)."""

    def number(self, value: Fraction) -> Any: ...
    def power(self, base: Any, exponent: Fraction) -> Any: ...
    def call(self, name: str, args: Sequence[Any], wrt: int | None = None) -> Any: ...
    def apply(self, head: str, args: Sequence[Any]) -> Any: ...


class Opaque(sympy.Function):  # type: ignore[misc]
    """A function that SymPy leaves as it stands; its derivative has a name of its own.

    Class attributes ``row`` and ``wrt`` say which function, or which of its partial
    derivatives, a domain is to be asked for.
    """

    row: str
    wrt: int | None = None

    def fdiff(self, argindex: int = 1) -> sympy.Expr:
        if self.wrt is not None:
            raise MissingRuleError(f"second derivatives of {self.row} are not needed here")
        return opaque(self.row, len(self.args), argindex - 1)(*self.args)


class Root(sympy.Function):  # type: ignore[misc]
    """base**exponent for an exponent that is not whole; SymPy would contract it."""

    nargs = (2,)

    def fdiff(self, argindex: int = 1) -> sympy.Expr:
        base, exponent = self.args
        return exponent * Root(base, exponent - 1)


@cache
def opaque(name: str, arity: int, wrt: int | None = None) -> type[Opaque]:
    """The SymPy function that stands for a function or one of its partial derivatives."""
    label = name if wrt is None else f"{name}_d{wrt}"
    return type(label, (Opaque,), {"row": name, "wrt": wrt, "nargs": (arity,)})


class Tape:
    """A straight-line program that computes ``outputs`` from ``inputs``.

    Parameters
    ----------
    inputs : sequence of sympy.Symbol
    outputs : sequence of sympy.Expr
    """

    def __init__(self, inputs: Sequence[sympy.Symbol], outputs: Iterable[sympy.Expr]) -> None:
        self._places: dict[sympy.Basic, int] = {s: k for k, s in enumerate(inputs)}
        self._instructions: list[Instruction] = []
        self._width = len(inputs)
        self._outputs = [self._place(sympy.sympify(output)) for output in outputs]

    def run(self, values: Sequence[Any], domain: Arithmetic) -> list[Any]:
        """The outputs for the given values of the inputs.

        Raises
        ------
        ZeroDivisionError, EvaluationError
            Where an output is not defined.
        """
        cells = list(values)
        for kind, extra, operands in self._instructions:
            if kind == ADD:
                value = cells[operands[0]]
                for place in operands[1:]:
                    value = value + cells[place]
            elif kind == MUL:
                value = cells[operands[0]]
                for place in operands[1:]:
                    value = value * cells[place]
            elif kind == POWER:
                value = domain.power(cells[operands[0]], extra)
            elif kind == CALL:
                value = domain.call(extra[0], [cells[k] for k in operands], extra[1])
            elif kind == HEAD:
                value = domain.apply(extra, [cells[k] for k in operands])
            else:
                value = domain.number(extra)
            cells.append(value)
        return [cells[place] for place in self._outputs]

    def _place(self, expr: sympy.Basic) -> int:
        if expr not in self._places:
            instruction = self._instruction(expr)
            self._places[expr] = self._width + len(self._instructions)
            self._instructions.append(instruction)
        return self._places[expr]

    def _instruction(self, expr: sympy.Basic) -> Instruction:
        if isinstance(expr, sympy.Rational):
            return NUMBER, Fraction(int(expr.p), int(expr.q)), ()
        if isinstance(expr, Root):
            return POWER, _fraction(expr.args[1]), (self._place(expr.args[0]),)
        if isinstance(expr, sympy.Pow) and isinstance(expr.exp, sympy.Rational):
            return POWER, _fraction(expr.exp), (self._place(expr.base),)
        if expr is sympy.pi:
            return HEAD, "pi", ()
        operands = tuple(self._place(argument) for argument in expr.args)
        if isinstance(expr, sympy.Add):
            return ADD, None, operands
        if isinstance(expr, sympy.Mul):
            return MUL, None, operands
        if isinstance(expr, Opaque):
            return CALL, (expr.row, expr.wrt), operands
        if isinstance(expr, sympy.Function):
            return HEAD, expr.func.__name__, operands
        raise MissingRuleError(f"a number domain does not know {expr.func.__name__} in {expr}")


def _fraction(number: sympy.Rational) -> Fraction:
    return Fraction(int(number.p), int(number.q))


class _Piecewise(sympy.Function):  # type: ignore[misc]
    """Constant between its jumps: the derivative is 0 wherever it exists."""

    def fdiff(self, argindex: int = 1) -> sympy.Expr:
        return sympy.Integer(0)


_PIECEWISE = {
    name: type(name, (_Piecewise,), {"nargs": (arity,)})
    for name, arity in (("step", 1), ("sign", 1), ("beyond", 2), ("zero", 1))
}


@cache
def function_tape(name: str, wrt: int | None) -> Tape:
    """A function of the table, or SymPy's derivative of it, as a program.

    Raises
    ------
    KeyError
        If the table has no such row.
    """
    row = FUNCTIONS[name]
    symbols = [sympy.Symbol(argument) for argument in row.arguments]
    scope = dict(zip(row.arguments, symbols, strict=True))
    value = sympy.sympify(row.sympy, locals={**_PIECEWISE, **scope}, rational=True)
    return Tape(symbols, [value if wrt is None else sympy.diff(value, symbols[wrt])])
