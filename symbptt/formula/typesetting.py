r"""A formula in LaTeX as its author would print it: by the printer that derivations have.

``\partial`` is a derivative of L or of one equation, ``\partial^+`` one within a step, the
upright d one through all steps.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from types import MappingProxyType

from symbptt.algebra import Derivative, Expr, Index, Pow, Shape
from symbptt.formula.names import derived_form
from symbptt.formula.shapes import ShapeError, Shaper, axes
from symbptt.formula.statement import TOTAL, Formula, is_length
from symbptt.formula.text import chain_text, within_signs
from symbptt.typeset.formula import LatexPrinter
from symbptt.typeset.names import Names
from symbptt.typeset.printer import Piece

_SIGNS = {"<=": r"\le", ">=": r"\ge", "!=": r"\ne"}


def formula_latex(
    formula: Formula,
    shaper: Shaper,
    marked: Iterable[Expr] = (),
    called: Mapping[str, str] = MappingProxyType({}),
) -> str:
    r"""``left = right``, the conditions behind it; marked parts are ``\boxed``.

    ``called``: what the text calls the names of the model.
    """
    printer = FormulaLatex(shaper, marked, called)
    text = f"{printer.show(formula.left)} = {printer.show(formula.right)}"
    shapes = {item.name: item.shape for item in shaper.model.initials}
    conditions = [
        f"{printer.names.timed(f.name, shapes[f.name], Index(offset=f.step))} = "
        f"{printer.show(f.value)}"
        for f in formula.fixed
    ]
    conditions += [chain_text(chain, printer.names.index, _SIGNS) for chain in formula.chains]
    return rf"{text} \quad ({', '.join(conditions)})" if conditions else text


class FormulaLatex(LatexPrinter):
    """Shapes are those that a formula's parts have, where they fit."""

    def __init__(
        self,
        shaper: Shaper,
        marked: Iterable[Expr] = (),
        called: Mapping[str, str] = MappingProxyType({}),
    ) -> None:
        super().__init__(Names(derived_form(shaper.model), called=called))
        self.shaper = shaper
        self.marked = within_signs(marked)

    def piece(self, expr: Expr) -> Piece:
        found = super().piece(expr)
        if id(expr) not in self.marked:
            return found
        return Piece(rf"\boxed{{{found.text}}}")

    def shape(self, expr: Expr) -> Shape:
        try:
            found = self.shaper.shape(expr)
        except ShapeError:
            return ("",)
        return ("", "") if found is None else axes(found)

    def is_entrywise(self, expr: Pow) -> bool:
        """A square matrix is multiplied by itself."""
        shape = self.shape(expr.base)
        return bool(shape) and not (len(shape) == 2 and shape[0] == shape[1])

    def print_derivative(self, expr: Derivative) -> Piece:
        if expr.output == TOTAL:
            return self.derivative(self.loss, self.show(expr.wrt))
        return super().print_derivative(expr)

    def steps(self, index: Index) -> str:
        """Lengths of vectors by the names of their dimensions."""
        text = super().steps(index)
        for name in filter(is_length, index.names()):
            text = text.replace(name, self.names.dim(self.shaper.lengths[name]))
        return text
