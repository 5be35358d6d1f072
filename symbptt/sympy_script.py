"""A model unrolled as a Python script that uses nothing but SymPy and asserts what it says.

Where `symbptt.symbolic` puts everything in, a script has a symbol for every entry of every
quantity and of every adjoint, and a line for each, as a person's has. It asserts that the lines
of the adjoints are the chain rule, by SymPy's derivative of every line of the model.
"""

from __future__ import annotations

import inspect
from collections.abc import Iterator, Mapping
from functools import partial
from typing import Any

import numpy as np
import sympy
from sympy.printing.str import StrPrinter

from symbptt.algebra import Expr, Index, Model, substitute_index
from symbptt.calculus.derivation import Step
from symbptt.calculus.gradients import derive
from symbptt.calculus.normal import normalize
from symbptt.output import YOURS
from symbptt.proof.domain import Array
from symbptt.proof.exact import Calculation, RandomPoint
from symbptt.proof.ledger import Ledger
from symbptt.proof.place import Steps
from symbptt.proof.unrolled import Trajectory, Variable
from symbptt.symbolic import Labels, forward, shown, spoken, unroll
from symbptt.typeset.plain import plain

PRINTED = {"Equality": "Eq", "Unequality": "Ne"}
"""How SymPy prints what it calls otherwise."""

TOGETHER = 6
"""So many symbols are made in one statement."""

CHECK = """\
# By the chain rule the adjoint of an entry is what all lines that read it hand back. Expressions
# are the same if they are so multiplied out, or else to 40 digits at a point.
lines = {entry: sympy.sympify(line) for entry, line in values.items()}
read = set().union(*(line.free_symbols for line in lines.values()))
point = {}
for k, symbol in enumerate(sorted(read - set(lines), key=str)):
    point[symbol] = sympy.Float(k % 7 + 3, 60) / (k % 5 + 11)
for symbol, line in lines.items():
    point[symbol] = line.xreplace(point)
for k, adjoint in enumerate(adjoints):
    point[adjoint] = sympy.Float(k % 5 + 2, 60) / (k % 7 + 13)
for entry, adjoint in of.items():
    if entry != L:
        handed_back = sum(of[y] * line.diff(entry) for y, line in lines.items() if y in of)
        assert same(adjoints.get(adjoint, adjoint), handed_back, point), f"dL/d{entry} is wrong"
print(f"right: {len(of) - 1} adjoints, {sum(map(len, gradient.values()))} of them gradients")"""


def same(left: sympy.Expr, right: sympy.Expr, point: dict[sympy.Expr, sympy.Expr]) -> bool:
    """Whether two expressions are equal: multiplied out, or to 40 digits at a point."""
    difference = sympy.expand(left - right)
    return bool(difference == 0 or abs(difference.xreplace(point).evalf(50)) < 1e-40)


def script(model: Model, T: int, sizes: Mapping[str, int]) -> str:
    """The text of the script; without a loss it has values alone.

    Raises
    ------
    UnknownNameError, OptionError
        If the model has no dimension of that name, or a length or T is below 1.
    """
    lines = _Script(model, T, unroll(model, T, sizes).sizes).text()
    return "\n".join((f"# {YOURS}", *lines)) + "\n"


class _Lines(Trajectory):
    """A run whose values are symbols; what they stand for goes into ``lines``."""

    def __init__(self, labels: Labels, lines: dict[Variable, Array], *args: Any) -> None:
        super().__init__(*args)
        self.labels = labels
        self.lines = lines

    def compute(self, variable: Variable, *args: Any) -> None:
        super().compute(variable, *args)
        value = self.lines[variable] = self.values[variable]
        self.values[variable] = self.labels.symbols(variable, value.shape)


class _Adjoints(Calculation):
    """A reading whose cotangents are symbols, but for those that are numbers."""

    def __init__(self, labels: Labels) -> None:
        super().__init__()
        self.labels = labels
        self.lines: dict[Variable, Array] = {}

    def take(self, step: Step, at: Steps, ledger: Ledger) -> None:
        super().take(step, at, ledger)
        for variable in self.known.keys() - self.lines.keys():
            value = self.lines[variable] = self.known[variable]
            if not all(entry.is_number for entry in np.ravel(value)):
                self.known[variable] = self.labels.symbols(variable, value.shape, "dL_")


class _Script:
    """The parts of the script, one after the other."""

    def __init__(self, model: Model, T: int, sizes: Mapping[str, int]) -> None:
        self.model, self.normal = model, normalize(model)
        self.T, self.sizes = T, sizes
        labels, self.lines = Labels(self.model), dict[Variable, Array]()
        self.run = forward(self.model, T, sizes, labels, partial(_Lines, labels, self.lines))
        self.adjoints = _Adjoints(labels)
        if model.loss is not None:
            RandomPoint(derive(model), self.run, self.run).read(T, self.adjoints)

    def text(self) -> Iterator[str]:
        sizes = "".join(f", {name} = {size}" for name, size in self.sizes.items())
        yield f'"""{self.model.name} unrolled for T = {self.T}{sizes}.'
        yield ""
        yield "`values` has a line for every entry of every quantity, `of` the symbol of its"
        yield "adjoint, dL/d(entry), `adjoints` a line for that, `gradient` the gradients of L."
        yield 'Integer inputs are fixed. This file asserts that the adjoints are right."""\n'
        yield "import sympy"
        yield f"from sympy import {', '.join(sorted(self.imports()))}"
        yield f"\n\n{inspect.getsource(same)}\n"
        yield from (f'{one.name} = Function("{one.name}")' for one in self.model.abstract)
        yield from self.forwards()
        if self.model.loss is not None:
            yield from (*self.total(), *self.backwards(), "", CHECK)

    def imports(self) -> set[str]:
        """What the lines take from SymPy."""
        lines = [*self.lines.values(), *self.adjoints.lines.values()]
        parts = (
            part for line in lines for e in np.ravel(line) for part in sympy.preorder_traversal(e)
        )
        calls = (sympy.Function, sympy.Derivative, sympy.Subs, sympy.ITE, sympy.Eq, sympy.Ne)
        names = {part.func.__name__ for part in parts if isinstance(part, calls)}
        names = {PRINTED.get(name, name) for name in names}
        abstract = {one.name for one in self.model.abstract}
        names |= {"Function"} if abstract else set()
        return {"Matrix", "Rational", "pi", "sqrt", "symbols"} | (names - abstract)

    def forwards(self) -> Iterator[str]:
        """What is given, and a line for every entry of every quantity."""
        given = [v for v in self.run.values if v not in self.lines]
        given = [v for v in given if v[0] not in self.run.unrolled.integers]
        for variable in given:
            yield from made(self.run.values[variable])
        yield "values = {}"
        for variable, value in self.lines.items():
            yield f"\n# {self.said(variable)}"
            yield from entries("values", self.run.values[variable], value)

    def total(self) -> Iterator[str]:
        steps = self.normal.equation("loss").steps(self.T)
        weight = sympy.Rational(self.normal.total.weight(len(steps)))
        total = sum(self.run.values["loss", step][()] for step in steps) * weight
        yield "\n# L"
        yield from entries("values", np.array(sympy.Symbol("L")), np.array(total))

    def said(self, variable: Variable) -> str:
        """The equation of a value, at its step."""
        name, step = variable
        rules: dict[Variable, Expr | None] = {(d.name, None): d.rhs for d in self.normal.derived}
        rules |= {(e.name, step): e.rhs for e in self.normal.equations}
        rules |= {(i.name, i.step): i.value for i in self.normal.initials}
        rhs = rules[variable]
        assert rhs is not None
        at = {} if step is None else {"t": Index(offset=step), "T": Index(offset=self.T)}
        return f"{spoken(name, step)} = {plain(substitute_index(rhs, at))}"

    def backwards(self) -> Iterator[str]:
        """A line for every entry of every adjoint, then the gradients as matrices."""
        yield "\nadjoints = {}"
        yield "of = {L: Rational(1)}"
        for variable, value in self.adjoints.lines.items():
            symbols, step = self.adjoints.known[variable], self.adjoints.steps[variable]
            yield f"\n# ({step.number}) dL/d{spoken(*variable)}"
            if symbols is not value:
                yield from entries("adjoints", symbols, value)
            pairs = zip(np.ravel(self.run.values[variable]), np.ravel(symbols), strict=True)
            yield from (f"of[{entry}] = {written(adjoint)}" for entry, adjoint in pairs)
        yield "\ngradient = {"
        for parameter in self.model.parameters:
            gradient = shown(self.adjoints.known[parameter.name, None])
            matrix = gradient if parameter.shape else sympy.Matrix([gradient])
            yield f'    "{parameter.name}": {written(matrix)},'
        yield "}"


class _ScriptPrinter(StrPrinter):  # type: ignore[misc]
    """As SymPy prints, but a fraction stays one when Python reads it."""

    def _print_Rational(self, expr: sympy.Rational) -> str:
        return str(expr.p) if expr.q == 1 else f"Rational({expr.p}, {expr.q})"


def written(expr: Any) -> str:
    return str(_ScriptPrinter().doprint(expr))


def made(symbols: Array) -> Iterator[str]:
    """Statements that make symbols."""
    names = [str(symbol) for symbol in np.ravel(symbols)]
    for first in range(0, len(names), TOGETHER):
        some = names[first : first + TOGETHER]
        yield f'{", ".join(some)} = symbols("{" ".join(some)}", real=True)'


def entries(table: str, symbols: Array, value: Array) -> Iterator[str]:
    """Statements that make symbols and enter a line for each into a table."""
    yield from made(symbols)
    for symbol, line in zip(np.ravel(symbols), np.ravel(value), strict=True):
        yield f"{table}[{symbol}] = {written(line)}"
