"""Steps, their reasons and derivations as text that a person reads, in Unicode."""

from __future__ import annotations

from symbptt.algebra import Expr, Index, Model
from symbptt.calculus.derivation import (
    Derivation,
    EquationName,
    Past,
    Reason,
    ReasonPart,
    Step,
    TotalLoss,
)
from symbptt.typeset.blocks import Paragraph, Words
from symbptt.typeset.formula import LatexPrinter
from symbptt.typeset.latex import equation_of, step_equality
from symbptt.typeset.names import Names
from symbptt.typeset.text_format import TextFormat


def model_told(model: Model) -> str:
    """The text that the author wrote."""
    return model.text.rstrip("\n")


def reason_told(reason: Reason) -> str:
    """``h[t] enters the equation of a_h at step t + 1``"""
    return _sentence(reason, LatexPrinter())


def step_told(step: Step) -> str:
    """A step as ``derive --to text`` has it: its reason, then the chain of equals."""
    return _step(step, LatexPrinter())


def derivation_told(derivation: Derivation) -> str:
    """The equations of the normal form, then all steps."""
    printer = LatexPrinter(Names(derivation.symbols))
    lines = [equation_of(printer, item) for item in derivation.normal.definitions]
    equations = "\n".join(TextFormat().equations(lines))
    return "\n\n".join([equations, *(_step(step, printer) for step in derivation.steps)])


def _step(step: Step, printer: LatexPrinter) -> str:
    words = f"{_holds(step, printer.names)}{_sentence(step.reason, printer)}:"
    display = TextFormat().equations([step_equality(printer, step)])
    return "\n".join([TextFormat().paragraph(Paragraph((Words(words),))), *display])


def _holds(step: Step, names: Names) -> str:
    """For which steps, as the beginning of a sentence."""
    if step.holds is None:
        return "" if step.needs == 1 else f"For T ≥ {step.needs}, "
    return f"For {TextFormat().math(names.range(step.holds))}, "


def _sentence(reason: Reason, printer: LatexPrinter) -> str:
    return "".join(_part(part, printer) for part in reason)


def _part(part: ReasonPart, printer: LatexPrinter) -> str:
    formulas = TextFormat()
    match part:
        case str():
            return part
        case TotalLoss():
            return "L"
        case Past(index=index):
            return f"past {formulas.math(printer.names.index(index))}"
        case Index():
            return formulas.math(printer.names.index(part))
        case EquationName(name=name):
            return f"the equation of {name}"
        case Expr():
            return formulas.math(printer.laid(part))
