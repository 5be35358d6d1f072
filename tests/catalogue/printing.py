"""What symbptt prints of an equation, and the command that prints it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np

from symbptt.analysis import tables
from symbptt.analysis.report import analyze
from symbptt.calculus.derivation import Derivation, Kind
from symbptt.calculus.gradients import derive
from symbptt.calculus.normal import normalize
from symbptt.calculus.recurrence.closed import ClosedForm, fold
from symbptt.formula.reading import read
from symbptt.formula.shapes import Shaper
from symbptt.formula.typesetting import formula_latex
from symbptt.typeset.account import sections
from symbptt.typeset.blocks import Display
from symbptt.typeset.estimate import clipping
from symbptt.typeset.folded import Setter
from symbptt.typeset.formula import LatexPrinter
from symbptt.typeset.latex import member_latex
from symbptt.typeset.names import Names
from tests.catalogue import output
from tests.formula.catalogue import MISPRINTS, RIGHT, TEXTS, UNREADABLE, Row, model

ROWS = {row.id: row for row in (*RIGHT, *MISPRINTS, *UNREADABLE)}


@dataclass(frozen=True)
class Shown:
    """Formulas in LaTeX, or sentences, one a line, and the command that prints them.

    ``checked`` says that the command is to derive what `check` prints here.
    """

    command: str
    lines: tuple[str, ...]
    math: bool = True
    checked: bool = False


Printer = Callable[[], Shown]


def argument(name: str) -> str:
    """A model on a command line."""
    return f"./{name}.rnn" if name in TEXTS else name


@cache
def derivation(name: str) -> Derivation:
    return derive(model(name))


def equations(name: str, *quantities: str) -> Printer:
    """The model's own equations."""

    def shown() -> Shown:
        chosen = model(name)
        printer = LatexPrinter(Names(chosen))
        lines = [
            f"{printer.names.timed(e.name, e.shape, e.index)} = {printer.show(e.rhs)}"
            for e in (chosen.equation(quantity) for quantity in quantities)
        ]
        return Shown(f"derive {argument(name)}", tuple(lines))

    return shown


def total(name: str) -> Printer:
    """The total loss, with the loss of one step put in."""

    def shown() -> Shown:
        chosen = model(name)
        assert chosen.loss is not None
        loss = LatexPrinter(Names(chosen)).show(chosen.loss.rhs)
        line = rf"L = \frac{{1}}{{T}} \sum_{{t=1}}^T {loss}"
        return Shown(f"derive {argument(name)}", (line,))

    return shown


def step(name: str, *wanted: tuple[str, Kind], chain: bool = True) -> Printer:
    """Steps of the derivation with their chains of equals, or with the last member alone."""

    def shown() -> Shown:
        found = derivation(name)
        printer = LatexPrinter(Names(found.normal))
        lines = []
        for target, kind in wanted:
            one = found.step(target, kind)
            kept = one.members if chain else one.members[-1:]
            members = [member_latex(printer, one, member) for member in kept]
            lines.append(" = ".join([printer.show(one.target), *members]))
        return Shown(f"derive {argument(name)}", tuple(lines))

    return shown


@cache
def closed_form(name: str, what: str) -> ClosedForm:
    return fold(model(name), what, 4)


def recurrence(name: str, what: str) -> Printer:
    """The affine recurrence that ``unroll`` recognises."""
    return lambda: _section(name, what, 0)


def folded(name: str, what: str) -> Printer:
    """The closed form that ``unroll`` finds."""
    return lambda: _section(name, what, 3)


def _section(name: str, what: str, number: int) -> Shown:
    found = closed_form(name, what)
    setter = Setter(Names(normalize(found.model)))
    statements = sections(found)[number].statements
    sides = [(setter.math(one.left) or r"\quad", setter.math(one.right)) for one in statements]
    return Shown(f"unroll {argument(name)} '{what}'", tuple(f"{a} = {b}" for a, b in sides))


def clip(name: str) -> Printer:
    """The statement of gradient clipping."""

    def shown() -> Shown:
        found = derivation(name)
        (display,) = (
            block
            for block in clipping(found, LatexPrinter(Names(found.normal)))
            if isinstance(block, Display)
        )
        lines = [f"{line.left} {line.sign} {line.members[0]}" for line in display.lines]
        return Shown(f"derive {argument(name)}", tuple(lines))

    return shown


def derived(name: str, *options: str, lefts: Sequence[str], typed: Sequence[str]) -> Printer:
    """The equations with these left sides; ``typed`` in the form of `check` without the option."""

    def shown() -> Shown:
        command = " ".join(["derive", argument(name), *map(_quoted, options)])
        found = output.derived(name, options)
        if found is None:
            return Shown(command, tuple(formula(ROWS[one]) for one in typed), checked=True)
        chosen = [one.text for left in lefts for one in output.with_left(found, left)]
        return Shown(command, tuple(chosen))

    return shown


def slope(above: str, below: str) -> str:
    """A partial derivative as it is printed."""
    return rf"\frac{{\partial {above}}}{{\partial {below}}}"


def _quoted(option: str) -> str:
    return f"'{option}'" if "[" in option else option


def analysed(matrix: Sequence[Sequence[float]]) -> Printer:
    """What ``analyze`` says of a recurrent matrix."""

    def shown() -> Shown:
        weights = np.array(matrix)
        given = {"W_hh": weights, "W_hx": np.ones((len(weights), 1))}
        text = tables.text(analyze(model("linear"), given, steps=20))
        found = tuple(x[2:] for x in text.splitlines() if x.startswith("- W_hh"))
        return Shown("analyze linear FILE.npz -T 20", found, math=False)

    return shown


def formula(row: Row) -> str:
    chosen = model(row.model)
    return formula_latex(read(row.formula, chosen), Shaper(chosen))
