"""An interpreter of models, one sequence at a time, for automatic differentiation.

It computes what the model language and the generated module's interface define, straight
from the author's equations: a value is looked up or computed when somebody asks for it.
Each sequence is run alone over its valid steps, so there are no masks, no buffers and no
order of evaluation that could be wrong in the same way as in the generated code. The
gradients come from somebody else's automatic differentiation (or, exactly, from dual
numbers): of symbptt only the vocabulary and the parser are used.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np

from symbptt.algebra import (
    Add,
    Call,
    Concat,
    Constant,
    Diag,
    Div,
    Expr,
    Identity,
    Length,
    Lookup,
    Loss,
    Model,
    Mul,
    Neg,
    Number,
    Outer,
    Param,
    Pow,
    Product,
    Ref,
    Transpose,
    Vector,
)
from tests.backends import Backend, Hips, without_derivative
from tests.points import Point, length_of, sizes_of


@dataclass(frozen=True)
class Result:
    """What a call must give.

    ``grads`` has a key for every parameter, every real initial value and every real
    input; ``outputs`` those of `forward`, the loss among them.
    """

    loss: Any
    grads: dict[str, Any]
    carry: dict[str, Any]
    outputs: dict[str, Any]


def loss_and_grads(model: Model, point: Point, backend: Backend | None = None) -> Result:
    """L, its gradients (or those of L + sum(carry_grad * carry)), carry and outputs."""
    backend = backend or Hips()
    given = variables(model, point, backend)

    def objective(varied: dict[str, Any]) -> Any:
        return Run(model, point, backend, varied).objective()

    _, grads = backend.differentiate(objective, given)
    run = Run(model, point, backend, given)
    return Result(run.loss(), grads, run.carry(), run.outputs())


def forward(model: Model, point: Point, backend: Backend | None = None) -> Run:
    """The model evaluated at a point, without gradients."""
    backend = backend or Hips()
    return Run(model, point, backend, variables(model, point, backend))


def variables(model: Model, point: Point, backend: Backend) -> dict[str, Any]:
    """All that can be differentiated by.

    Where no carry is given, the variable of an initial value is what is added to the
    model's own: zeros, whose gradient is that of the initial value.
    """
    variables = dict(point.params)
    for declared in model.inputs:
        if declared.index_dim is None and declared.name in point.inputs:
            variables[declared.name] = point.inputs[declared.name]
    for initial in model.initials:
        if is_integer(model, initial.name):
            continue
        if point.carry is None:
            shape = (point.B, *sizes_of(initial.shape, point.dims))
            variables[initial.key] = backend.zeros(shape)
        else:
            variables[initial.key] = point.carry[initial.key]
    return variables


def is_integer(model: Model, name: str) -> bool:
    return any(i.name == name and i.index_dim is not None for i in model.inputs)


class Run:
    """All sequences of a call, each for itself."""

    def __init__(
        self, model: Model, point: Point, backend: Backend, variables: Mapping[str, Any]
    ) -> None:
        self.model = model
        self.point = point
        self.backend = backend
        self.variables = {name: backend.array(value) for name, value in variables.items()}
        self.functions = {a.name: a.default for a in model.abstract} | dict(point.bind or {})
        self.derived = {d.name: d for d in model.derived}
        self.inputs = {i.name: i for i in model.inputs}
        self.equations = {e.name: e for e in model.equations}
        lengths = [point.T] * point.B if point.lengths is None else point.lengths
        self.sequences = [Sequence(self, b, int(n)) for b, n in enumerate(lengths)]

    def loss(self) -> Any:
        """The mean (or sum) over all valid steps, or over the sequences that have one."""
        terms = [term for sequence in self.sequences for term in sequence.losses()]
        if not terms:
            return self.backend.number(Fraction(0))
        whole = sum(terms[1:], terms[0])
        return whole if self.model.summed else whole / len(terms)

    def objective(self) -> Any:
        total = self.loss()
        for key, weights in (self.point.carry_grad or {}).items():
            for sequence in self.sequences:
                if not is_integer(self.model, key.partition("[")[0]):
                    value = sequence.carry()[key]
                    total = total + self.backend.total(
                        self.backend.array(weights)[sequence.batch] * value
                    )
        return total

    def carry(self) -> dict[str, Any]:
        rows = [sequence.carry() for sequence in self.sequences]
        return {i.key: self.stack([row[i.key] for row in rows]) for i in self.model.initials}

    def outputs(self) -> dict[str, Any]:
        """Every defined quantity, (T, B, …) or for the last step's loss (B,)."""
        result = {}
        for equation in self.model.equations:
            nothing = self.backend.zeros(sizes_of(equation.shape, self.point.dims))
            steps = range(1, self.point.T + 1)
            if equation.last:
                result[equation.name] = self.stack(
                    [s.value(equation.name, s.length) if s.length else nothing
                     for s in self.sequences]
                )  # fmt: skip
                continue
            rows = [
                self.stack([s.value(equation.name, t) if t <= s.length else nothing
                            for s in self.sequences])
                for t in steps
            ]  # fmt: skip
            result[equation.name] = np.stack(rows) if rows else np.zeros((0, *nothing.shape))
        return result

    def stack(self, values: list[Any]) -> Any:
        return np.stack([np.asarray(self.backend.plain(value)) for value in values])

    def parameter(self, name: str) -> Any:
        """A parameter or a derived one."""
        if name in self.derived:
            return Sequence(self, 0, 0).evaluate(self.derived[name].rhs, 0)
        return self.variables[name]

    def initial(self, name: str, step: int, batch: int) -> Any:
        initial = next(i for i in self.model.initials if (i.name, i.step) == (name, step))
        if is_integer(self.model, name):
            return 0 if self.point.carry is None else int(self.point.carry[initial.key][batch])
        variable = self.variables[initial.key][batch]
        if self.point.carry is not None or initial.value is None:
            return variable
        return variable + Sequence(self, batch, 0).evaluate(initial.value, 0)


class Sequence:
    """One sequence over its valid steps: values are computed when asked for, and kept."""

    def __init__(self, run: Run, batch: int, length: int) -> None:
        self.run = run
        self.batch = batch
        self.length = length
        self.known: dict[tuple[str, int], Any] = {}

    def losses(self) -> list[Any]:
        """The terms that the total loss is the mean of."""
        equation = self.run.equations["loss"]
        steps = range(1, self.length + 1)
        if equation.last:
            steps = steps[-1:]
        return [self.value("loss", step) for step in steps]

    def carry(self) -> dict[str, Any]:
        """Seen from the end of this sequence, its last steps are steps 0, -1, …"""
        return {i.key: self.value(i.name, self.length + i.step) for i in self.run.model.initials}

    def value(self, name: str, step: int) -> Any:
        if (name, step) not in self.known:
            self.known[name, step] = self.compute(name, step)
        return self.known[name, step]

    def compute(self, name: str, step: int) -> Any:
        run = self.run
        if name in run.inputs and not run.inputs[name].timed:
            return self.entry(name)[self.batch]
        if step <= 0:
            return run.initial(name, step, self.batch)
        if name in run.inputs:
            return self.entry(name)[step - 1, self.batch]
        return self.evaluate(run.equations[name].rhs, step)

    def entry(self, name: str) -> Any:
        return self.run.variables.get(name, self.run.point.inputs[name])

    def evaluate(self, expr: Expr, step: int) -> Any:
        """The value of an expression of the author's at a step."""
        run, backend = self.run, self.run.backend

        def value(part: Expr) -> Any:
            return self.evaluate(part, step)

        match expr:
            case Number(value=number) | Constant(value=number):
                return backend.number(number)
            case Length(dim=dim):
                return backend.number(Fraction(length_of(dim, run.point.dims)))
            case Identity(dim=dim):
                return backend.identity(length_of(dim, run.point.dims))
            case Param(name=name):
                return run.parameter(name)
            case Ref(name=name, index=index):
                return self.value(name, index.at({"t": step, "T": self.length}))
            case Add(terms=terms):
                return sum((value(term) for term in terms[1:]), value(terms[0]))
            case Neg(operand=operand):
                return -value(operand)
            case Mul(factors=factors):
                return math.prod((value(factor) for factor in factors[1:]), start=value(factors[0]))
            case Div(numerator=numerator, denominator=denominator):
                return value(numerator) / value(denominator)
            case Pow(base=base, exponent=exponent):
                return value(base) ** value(exponent)
            case Call(function=name, args=args):
                function = backend.functions[run.functions.get(name) or name]
                return function(*(value(arg) for arg in args))
            case Transpose(operand=operand):
                return value(operand).T
            case Product(left=left, right=right):
                return value(left) @ value(right)
            case Outer(left=left, right=right):
                return value(left)[:, None] * value(right)[None, :]
            case Diag(vector=vector):
                scales = value(vector)
                return backend.identity(len(scales)) * scales[None, :]
            case Lookup(table=table, row=row):
                return value(table)[int(value(row))]
            case Concat(parts=parts):
                return backend.concatenate([value(part) for part in parts])
            case Vector(function=name, args=args):
                return self.vector(name, args, [value(arg) for arg in args])
            case Loss(function=name, prediction=prediction, target=target):
                name = run.functions.get(name) or name
                return self.loss(name, value(prediction), value(target))
        raise TypeError(f"a model of the author's has no {type(expr).__name__}")

    def vector(self, name: str, args: tuple[Expr, ...], values: list[Any]) -> Any:
        backend = self.run.backend
        match name:
            case "softmax":
                return backend.functions["exp"](backend.log_softmax(values[0]))
            case "log_softmax":
                return backend.log_softmax(values[0])
            case "sum":
                return backend.total(values[0])
            case "mean":
                count = math.prod(sizes_of(args[0].shape, self.run.point.dims))
                return backend.total(values[0]) / count
            case "dot":
                return backend.total(values[0] * values[1])
            case "norm":
                squared = backend.total(values[0] ** 2)
                # Its slope at 0 counts as 0.
                return squared**0.5 if float(without_derivative(squared)) else 0 * squared
            case "logsumexp":
                return values[0][0] - backend.log_softmax(values[0])[0]
        raise TypeError(f"a model of the author's has no {name}")

    def loss(self, name: str, prediction: Any, target: Any) -> Any:
        backend = self.run.backend
        match name:
            case "softmax_cross_entropy":
                return -backend.log_softmax(prediction)[int(target)]
            case "squared_error":
                return backend.number(Fraction(1, 2)) * backend.total((prediction - target) ** 2)
            case "absolute_error":
                return backend.total(backend.functions["abs"](prediction - target))
            case "huber":
                off = prediction - target
                near = backend.functions["hard_tanh"](off)
                return backend.total(near * (off - near / 2))
            case "binary_cross_entropy":
                log_sigmoid = backend.functions["log_sigmoid"]
                return -backend.total(
                    target * log_sigmoid(prediction) + (1 - target) * log_sigmoid(-prediction)
                )
        raise TypeError(f"no loss is called {name}")
