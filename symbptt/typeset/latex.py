"""Models, steps and derivations as chains of equals in LaTeX; and these for notebooks."""

from __future__ import annotations

from symbptt.algebra import Derivative, Derived, Equation, Expr, Fill, Model, Number
from symbptt.calculus.derivation import Derivation, Step
from symbptt.typeset.blocks import Equality
from symbptt.typeset.display import aligned, rows_of
from symbptt.typeset.formula import LatexPrinter
from symbptt.typeset.names import Names
from symbptt.typeset.row_formula import RowPrinter
from symbptt.typeset.style import Style

PRINTERS: dict[str, type[LatexPrinter]] = {"column": LatexPrinter, "row": RowPrinter}
"""The printer of each layout."""


def printer_of(model: Model, style: Style) -> LatexPrinter:
    """A printer of the model's expressions in a style."""
    return PRINTERS[style.layout](Names(model, style=style))


def model_latex(model: Model) -> str:
    """The equations of a model, for a notebook (MathJax)."""
    printer = LatexPrinter(Names(model))
    return aligned(rows_of(equation_of(printer, item) for item in model.definitions))


def step_latex(step: Step) -> str:
    """A step with its chain of equals and its number, for a notebook."""
    return aligned(rows_of([step_equality(LatexPrinter(), step)]))


def derivation_latex(derivation: Derivation) -> str:
    """All steps of a derivation, for a notebook."""
    printer = LatexPrinter(Names(derivation.symbols))
    return aligned(rows_of(step_equality(printer, step) for step in derivation.steps))


def equation_of(
    printer: LatexPrinter, item: Derived | Equation, tag: str = "", words: str = ""
) -> Equality:
    """``name_t = …``"""
    if isinstance(item, Derived):
        left = printer.names.symbol(item.name, item.shape).at()
    else:
        left = printer.names.timed(item.name, item.shape, item.index)
    return Equality(left, (printer.laid(item.rhs),), tag, words=words)


def step_equality(printer: LatexPrinter, step: Step, ending: str = "") -> Equality:
    """The chain of a step, numbered, with its space and an ``ending`` behind it."""
    members = tuple(member_latex(printer, step, member) for member in step.members)
    number = isinstance(step.target, Derivative) and step.shape == (1, 1)
    space = rf"\in {printer.space(() if number else step.shape)}{ending}"
    return Equality(printer.laid(step.target), members, str(step.number), space)


def member_latex(printer: LatexPrinter, step: Step, member: Expr) -> str:
    """A member of a step's chain; a gradient that is zero is the zero of its space."""
    scalar = member.scalar if isinstance(member, Fill) else member
    if step.shape and isinstance(scalar, Number) and scalar.value == 0:
        return r"\mathbf{0}"
    return printer.laid(member)


def result_of(printer: LatexPrinter, step: Step, ending: str = "") -> Equality:
    """A step's target and its last member."""
    result = member_latex(printer, step, step.result)
    return Equality(printer.laid(step.target), (result,), str(step.number), ending)
