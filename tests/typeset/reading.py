r"""Formulas read back from LaTeX and calculated as a reader of the document would.

A vector is a matrix of one column or of one row; what stands side by side is multiplied as
matrices, ``\odot`` entry by entry, and nothing is broadcast but scalars. Names, and signs
that are not read here (a row of a table, say), are looked up as wholes.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np

from symbptt.algebra import (
    Add,
    Call,
    Diag,
    Div,
    Expr,
    Mul,
    Neg,
    Number,
    Outer,
    Pow,
    Product,
    Transpose,
    Vector,
    children,
)
from symbptt.proof.domain import Array, Domain, each
from symbptt.typeset.formula import LatexPrinter

READ = (Add, Call, Diag, Div, Mul, Neg, Number, Outer, Pow, Product, Transpose, Vector)
"""What a formula is read into; all else is a symbol."""

FUNCTIONS = {r"\tanh": "tanh", r"\sigma": "sigmoid", r"\exp": "exp", r"\log": "log"}


class Misread(Exception):
    """A formula that is not understood, or whose shapes do not fit."""


@dataclass
class Value:
    """A scalar or a matrix, with the operations that formulas have."""

    array: Array
    domain: Domain

    def make(self, array: Array) -> Value:
        array = np.asarray(array, dtype=object)
        return Value(array.reshape(()) if array.shape == (1, 1) else array, self.domain)

    def fitting(self, other: Value) -> None:
        shapes = {self.array.shape, other.array.shape} - {()}
        if len(shapes) > 1:
            raise Misread(f"{self.array.shape} and {other.array.shape} entry by entry")

    def __add__(self, other: Value) -> Value:
        self.fitting(other)
        return self.make(np.add(self.array, other.array))

    def __sub__(self, other: Value) -> Value:
        return self + (-other)

    def __neg__(self) -> Value:
        return self.make(-self.array)

    def __mul__(self, other: Value) -> Value:
        self.fitting(other)
        return self.make(np.multiply(self.array, other.array))

    def __truediv__(self, other: Value) -> Value:
        self.fitting(other)
        return self.make(np.divide(self.array, other.array))

    def __matmul__(self, other: Value) -> Value:
        if not self.array.shape or not other.array.shape:
            return self.make(np.multiply(self.array, other.array))
        if self.array.shape[1] != other.array.shape[0]:
            raise Misread(f"{self.array.shape} times {other.array.shape}")
        return self.make(np.dot(self.array, other.array))

    def __pow__(self, exponent: int) -> Value:
        power = Fraction(exponent)
        return self.make(each(lambda entry: self.domain.power(entry, power), self.array))

    @property
    def T(self) -> Value:
        return self.make(self.array.T)

    def diag(self) -> Value:
        if 1 not in self.array.shape:
            raise Misread(f"diag of {self.array.shape}")
        size = self.array.size
        zero = self.domain.number(Fraction(0))
        square = np.full((size, size), zero, dtype=object)
        np.fill_diagonal(square, np.ravel(self.array))
        return self.make(square)

    def call(self, name: str) -> Value:
        return self.make(each(lambda entry: self.domain.call(name, (entry,)), self.array))


def symbols(expr: Expr, printer: LatexPrinter) -> dict[str, Expr]:
    """The parts of an expression that are looked up as wholes, by what they print as."""
    if isinstance(expr, READ) and not (isinstance(expr, Vector) and expr.function != "dot"):
        found: dict[str, Expr] = {}
        for child in children(expr):
            found |= symbols(child, printer)
        return found
    return {printer.show(expr): expr}


def calculated(text: str, values: Mapping[str, Value], domain: Domain) -> Value:
    """What a formula says.

    Raises
    ------
    Misread
        If it is not understood or its shapes do not fit.
    """
    names: dict[str, Value] = {}
    for number, symbol in enumerate(sorted(values, key=len, reverse=True)):
        names[f"v{number}_"] = values[symbol]
        text = text.replace(symbol, f" v{number}_ ")
    source = _source(text)

    def function(name: str) -> Any:
        return lambda value: value.call(name)

    scope: dict[str, Any] = {**names, "diag": Value.diag}
    scope |= {name: function(name) for name in FUNCTIONS.values()}
    scope["number"] = lambda digits: Value(
        np.array(domain.number(Fraction(digits)), dtype=object), domain
    )
    try:
        value = eval(source, {"__builtins__": {}}, scope)
    except (SyntaxError, NameError, TypeError) as error:
        raise Misread(f"{source}: {error}") from error
    assert isinstance(value, Value)
    return value


_TOKEN = re.compile(r"\s*(v\d+_|number\('[\d.]+'\)|\*\*\d+|\.T|[a-z]+\b|.)")
_ENDS = re.compile(r"v\d+_|number\(.*\)|\*\*\d+|\.T|\)")
_BEGINS = re.compile(r"v\d+_|number\(.*\)|[a-z]+|\(")


def _source(text: str) -> str:
    """The formula as an expression of `Value`s, side by side being ``@``."""
    text = re.sub(r"\\(left|right|[bB]igl|[bB]igr)(?![a-z])|\\[,!]", " ", text)
    while match := re.search(r"\\frac\{", text):
        above, rest = _group(text[match.end() :])
        below, rest = _group(rest.lstrip()[1:])
        text = f"{text[: match.start()]}(({above})/({below})){rest}"
    text = re.sub(r"\^\{\s*\\top\}", " .T", text)
    text = re.sub(r"\^\{\\odot (\d+)\}", r" **\1", text)
    text = re.sub(r"\^\{?(\d+)\}?", r" **\1", text)
    text = re.sub(r"\\operatorname\{diag\}\s*\[", "diag[", text).replace("[", "(").replace("]", ")")
    for sign, name in FUNCTIONS.items():
        text = text.replace(sign, f" {name}")
    text = text.replace(r"\odot", "*").replace(r"\cdot", " ")
    text = re.sub(r"(?<![\w*.])(\d+(?:\.\d+)?)(?![\w.])", r" number('\1') ", text)
    tokens = [match.group(1) for match in _TOKEN.finditer(text.strip())]
    if any("\\" in token or token in "{}_^" for token in tokens):
        raise Misread(f"not understood: {text}")
    joined: list[str] = []
    for token in tokens:
        side_by_side = joined and _ENDS.fullmatch(joined[-1]) and _BEGINS.fullmatch(token)
        joined += ["@", token] if side_by_side else [token]
    return " ".join(joined)


def _group(text: str) -> tuple[str, str]:
    """The inside of a group whose brace is open, and what follows it."""
    depth = 1
    for place, character in enumerate(text):
        depth += {"{": 1, "}": -1}.get(character, 0)
        if not depth:
            return text[:place], text[place + 1 :]
    raise Misread(f"no end of the group in {text}")
