"""Models, steps and derivations in LaTeX: for notebooks, and the rows of a document."""

from __future__ import annotations

from symbptt.algebra import Derivative, Derived, Equation, Expr, Fill, Model, Number
from symbptt.calculus.derivation import Derivation, Step
from symbptt.typeset.display import Row, aligned, chain
from symbptt.typeset.formula import LatexPrinter
from symbptt.typeset.names import Names
from symbptt.typeset.row_formula import RowPrinter
from symbptt.typeset.style import Style

__all__ = [
    "PRINTERS",
    "LatexPrinter",
    "derivation_latex",
    "equation_rows",
    "model_latex",
    "printer_of",
    "result_rows",
    "statements",
    "step_latex",
    "step_rows",
]

Rows = tuple[Row, ...]

PRINTERS: dict[str, type[LatexPrinter]] = {"column": LatexPrinter, "row": RowPrinter}
"""The printer of each layout."""


def printer_of(model: Model, style: Style) -> LatexPrinter:
    """A printer of the model's expressions in a style."""
    return PRINTERS[style.layout](Names(model, style=style))


def model_latex(model: Model) -> str:
    """The equations of a model, for a notebook (MathJax)."""
    printer = LatexPrinter(Names(model))
    return aligned(row for item in statements(model) for row in equation_rows(printer, item))


def step_latex(step: Step) -> str:
    """A step with its chain of equals and its number, for a notebook."""
    return aligned(step_rows(LatexPrinter(), step))


def derivation_latex(derivation: Derivation) -> str:
    """All steps of a derivation, for a notebook."""
    printer = LatexPrinter(Names(derivation.symbols))
    return aligned(row for step in derivation.steps for row in step_rows(printer, step))


def statements(model: Model) -> tuple[Derived | Equation, ...]:
    """What a model defines: derived parameters first, then the equations, the loss last."""
    return (*model.derived, *model.equations)


def equation_rows(printer: LatexPrinter, item: Derived | Equation, tag: str = "") -> Rows:
    """``name_t = …`` on as many lines as it needs."""
    if isinstance(item, Derived):
        left = printer.names.symbol(item.name, item.shape).at()
    else:
        left = printer.names.timed(item.name, item.shape, item.index)
    return chain(left, [printer.laid(item.rhs)], tag)


def step_rows(printer: LatexPrinter, step: Step, ending: str = "") -> Rows:
    """The chain of a step, numbered, with its space and an ``ending`` behind it."""
    members = [member_latex(printer, step, member) for member in step.members]
    number = isinstance(step.target, Derivative) and step.shape == (1, 1)
    space = rf"\in {printer.space(() if number else step.shape)}{ending}"
    return chain(printer.laid(step.target), members, str(step.number), space)


def member_latex(printer: LatexPrinter, step: Step, member: Expr) -> str:
    """A member of a step's chain; a gradient that is zero is the zero of its space."""
    scalar = member.scalar if isinstance(member, Fill) else member
    if step.shape and isinstance(scalar, Number) and scalar.value == 0:
        return r"\mathbf{0}"
    return printer.laid(member)


def result_rows(printer: LatexPrinter, step: Step, ending: str = "") -> Rows:
    """A step's target and its last member."""
    result = member_latex(printer, step, step.result)
    return chain(printer.laid(step.target), [result], str(step.number), ending)
