"""SymPy's own matrix derivative as an independent witness, where it is right.

That is for linear models with a quadratic loss: L is written out for a small T as one
matrix expression in matrix symbols, and `.diff` of it compared with what the derivation
gives. (SymPy 1.14 raises or is wrong on elementwise functions, traces and symbolic
powers, so nothing else is asked of it.)
"""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from typing import Any

import numpy as np
import sympy

from symbptt import algebra as al
from symbptt.calculus.derivation import Derivation
from symbptt.calculus.estimators import FULL
from symbptt.errors import EvaluationError
from symbptt.proof.evaluate import lengths
from symbptt.proof.exact import RandomPoint, SizedDerivation
from symbptt.proof.points import size_sets
from symbptt.proof.rows import Row
from symbptt.proof.sample import ExactSample
from symbptt.proof.unrolled import Variable

HORIZON = 2
CHECK = "matrix"


class NotLinearError(Exception):
    """The reason why the check does not apply."""


def matrix_rows(derivation: Derivation, seed: int = 0) -> tuple[Row, ...]:
    """The rows of the check, or one that says why it does not apply."""
    model = derivation.model
    if derivation.estimator != FULL:
        reason = "an estimate is no derivative of the loss"
        return (Row(CHECK, "SymPy's matrix derivative", None, "not applicable", reason),)
    sizes = size_sets(model)[0]
    writer = _MatrixWriter(model, sizes)
    try:
        loss = writer.total_loss(HORIZON)
        scene = SizedDerivation(derivation, sizes).scene(ExactSample(model), seed)
    except (NotLinearError, EvaluationError) as error:
        return (Row(CHECK, "SymPy's matrix derivative", None, "not applicable", str(error)),)
    return tuple(
        _row(derivation, scene, loss, writer, variable) for variable in writer.differentiated()
    )


def _row(
    derivation: Derivation, scene: RandomPoint, loss: Any, writer: _MatrixWriter, variable: Variable
) -> Row:
    name, step = variable
    subject = f"dL/d{name}" if step is None else f"dL/d{name}[{step}]"
    values = {writer.symbols[v]: _matrix(scene.written.values[v]) for v in writer.symbols}
    slope = loss.diff(writer.symbols[variable]).subs(values).doit()
    explicit = slope.as_explicit() if hasattr(slope, "as_explicit") else slope
    shape = scene.written.values[variable].shape
    true = np.array([Fraction(str(e)) for e in sympy.flatten(explicit.tolist())], dtype=object)
    true = true.reshape(shape)
    reading = scene.read(HORIZON)
    figure = f"{true.size} entries, T = {HORIZON}, exact"
    by = reading.steps.get(variable)
    label = f"step ({by.number})" if by else "no step"
    if variable not in reading.known:
        reason = reading.errors.get(variable, "no step gives it")
        return Row(CHECK, subject, False, figure, f"{label}: {reason}")
    found = reading.known[variable]
    for entry in np.ndindex(*shape):
        if found[entry] != true[entry]:
            place = ", ".join(str(k + 1) for k in entry)
            detail = f"{label}: entry ({place}) is {found[entry]}, SymPy has {true[entry]}"
            return Row(CHECK, subject, False, figure, detail)
    return Row(CHECK, subject, True, figure)


def _matrix(value: Any) -> sympy.ImmutableMatrix:
    """A vector as one column."""
    columns = value if value.ndim == 2 else value.reshape(-1, 1)
    return sympy.ImmutableMatrix(
        *columns.shape, [sympy.Rational(e.numerator, e.denominator) for e in columns.ravel()]
    )


class _MatrixWriter:
    """Writes a linear model, unrolled, as matrix expressions."""

    def __init__(self, model: al.Model, sizes: Mapping[str, int]) -> None:
        self.model = model
        self.sizes = sizes
        self.symbols: dict[Variable, sympy.MatrixSymbol] = {}
        self.written: dict[Variable, Any] = {}

    def total_loss(self, horizon: int) -> Any:
        """L as a 1 x 1 matrix expression.

        Raises
        ------
        NotLinearError
            If the model is not linear, or its loss not quadratic.
        """
        loss = self.model.equation("loss")
        terms = [self.scalar(loss.rhs, step) for step in loss.steps(horizon)]
        return sympy.Rational(self.model.total.weight(len(terms))) * sympy.MatAdd(*terms).doit()

    def differentiated(self) -> list[Variable]:
        """The parameters and initial values, as far as L reads them."""
        given: list[Variable] = [(p.name, None) for p in self.model.learned]
        given += [(i.name, i.step) for i in self.model.initials if i.value is None]
        return [variable for variable in given if variable in self.symbols]

    def scalar(self, expr: al.Expr, step: int) -> Any:
        """A scalar of the loss."""
        match expr:
            case al.Add(terms=terms):
                return sympy.MatAdd(*(self.scalar(term, step) for term in terms))
            case al.Neg(operand=operand):
                return -self.scalar(operand, step)
            case al.Mul(factors=factors) if _number(factors[0]) is not None and len(factors) == 2:
                return _number(factors[0]) * self.scalar(factors[1], step)
            case al.Vector(function="dot", args=(left, right)):
                return self.linear(left, step).T * self.linear(right, step)
            case al.Loss(prediction=prediction, target=target) if self.is_squared(expr):
                error = self.linear(prediction, step) - self.linear(target, step)
                return sympy.Rational(1, 2) * (error.T * error)
        raise NotLinearError(f"{_words(expr)} in the loss is not quadratic")

    def is_squared(self, loss: al.Loss) -> bool:
        defaults = {a.name: a.default for a in self.model.abstract}
        return defaults.get(loss.function, loss.function) == "squared_error"

    def linear(self, expr: al.Expr, step: int) -> Any:
        """A vector or matrix that is linear in each thing it reads."""
        match expr:
            case al.Param(name=name, of_shape=shape):
                derived = next((d for d in self.model.derived if d.name == name), None)
                return self.defined(derived, step) if derived else self.symbol((name, None), shape)
            case al.Ref(name=name, index=index, of_shape=shape):
                return self.quantity(name, index.at({"t": step, "T": step}), shape)
            case al.Add(terms=terms):
                return sympy.MatAdd(*(self.linear(term, step) for term in terms))
            case al.Neg(operand=operand):
                return -self.linear(operand, step)
            case al.Mul(factors=factors) if _number(factors[0]) is not None and len(factors) == 2:
                return _number(factors[0]) * self.linear(factors[1], step)
            case al.Product(left=left, right=right):
                return self.linear(left, step) * self.linear(right, step)
            case al.Transpose(operand=operand):
                return self.linear(operand, step).T
            case al.Identity():
                return sympy.Identity(lengths(expr.shape, self.sizes)[0])
        raise NotLinearError(f"{_words(expr)} is not linear")

    def quantity(self, name: str, step: int, shape: Any) -> Any:
        equation = next((e for e in self.model.equations if e.name == name), None)
        if equation is not None and step >= 1:
            return self.defined(equation, step)
        initial = next((i for i in self.model.initials if (i.name, i.step) == (name, step)), None)
        if initial is not None and initial.value is not None:
            raise NotLinearError(f"{initial.key} is fixed")
        timed = equation is not None or self.model.input(name).timed
        return self.symbol((name, step if timed else None), shape)

    def defined(self, item: al.Equation | al.Derived, step: int) -> Any:
        variable = (item.name, step)
        if variable not in self.written:
            self.written[variable] = self.linear(item.rhs, step)
        return self.written[variable]

    def symbol(self, variable: Variable, shape: Any) -> sympy.MatrixSymbol:
        if not shape or any(i.name == variable[0] and i.index_dim for i in self.model.inputs):
            raise NotLinearError(f"{variable[0]} is not a vector or matrix of real numbers")
        if variable not in self.symbols:
            rows, *columns = lengths(shape, self.sizes)
            label = f"v{len(self.symbols)}"
            self.symbols[variable] = sympy.MatrixSymbol(label, rows, columns[0] if columns else 1)
        return self.symbols[variable]


def _number(expr: al.Expr) -> sympy.Rational | None:
    if isinstance(expr, al.Number | al.Constant):
        return sympy.Rational(expr.value.numerator, expr.value.denominator)
    return None


def _words(expr: al.Expr) -> str:
    name = getattr(expr, "function", type(expr).__name__.lower())
    return str(name)
