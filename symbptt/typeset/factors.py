"""The factors of operators, printed: diagonals, rows, columns, Jacobians.

Plain text is in the language of formulas, so that it can be given to a checker:
``diag(1 - h[t]**2)``, ``d(L, h[t])``. Its ``prod`` descends where the third argument
is -1.
"""

from __future__ import annotations

from collections.abc import Iterable

from symbptt.algebra import Cotangent, Expr
from symbptt.calculus.recurrence.operators import (
    Monomial,
    Operator,
    Partial,
    Piece,
    Total,
)
from symbptt.calculus.recurrence.sources import WHOLE
from symbptt.typeset import printer
from symbptt.typeset.latex import LatexPrinter
from symbptt.typeset.plain import PlainPrinter
from symbptt.typeset.printer import Level, Printer

Text = printer.Piece


class PlainFactors(PlainPrinter):
    """Also the nodes that only operators have."""

    matrix_sign = " @ "
    scalar_sign = " * "
    identity = "I"

    def print_cotangent(self, expr: Cotangent) -> Text:
        step = "" if expr.index is None else f"[{expr.index}]"
        return Text(f"d(L, {expr.name}{step})")

    def print_partial(self, expr: Partial) -> Text:
        return self.call("partial", expr.output, expr.wrt)

    def print_total(self, expr: Total) -> Text:
        return self.call("d", expr.output, expr.wrt)


class LatexFactors(LatexPrinter):
    """Also the nodes that only operators have."""

    matrix_sign = " "
    scalar_sign = r" \, "
    identity = r"\mathbf{I}"

    def print_partial(self, expr: Partial) -> Text:
        return self.derivative(self.show(expr.output), self.show(expr.wrt))

    def print_total(self, expr: Total) -> Text:
        above, below = self.show(expr.output), self.show(expr.wrt)
        return Text(rf"\frac{{d {above}}}{{d {below}}}", Level.FRACTION)


Factors = PlainFactors | LatexFactors


def monomial_text(
    factors: Factors, monomial: Monomial, leaf: Expr = WHOLE, scalar: bool = False
) -> Text:
    """The monomial applied to a leaf, or by itself.

    A number that stands by itself for a matrix is that number times I, unless ``scalar``.
    """
    scalars = [f for f in monomial.factors if not f.shape]
    rest = [f for f in monomial.factors if f.shape]
    shown = [leaf] if leaf != WHOLE else []
    if not rest and shown and not leaf.shape and not scalars:
        text, level = factors.piece(leaf)
    else:
        chained = [*rest, *shown]
        texts = [factors.show(f, Level.MATRIX if len(chained) > 1 else Level.SUM) for f in chained]
        if scalars and len(chained) == 1:
            texts = [factors.show(f, Level.MATRIX) for f in chained]
        text = _chain(factors, texts)
        level = Level.MATRIX
        if len(chained) == 1 and not scalars:
            level = factors.piece(chained[0]).level
    if scalars:
        front = [factors.show(f, Level.PRODUCT) for f in scalars]
        joined = factors.scalar_sign.join(front)
        text = f"{joined}{factors.scalar_sign}{text}" if text else joined
        level = Level.PRODUCT
        if joined == text and scalar and len(scalars) == 1:
            level = factors.piece(scalars[0]).level
        elif joined == text and not scalar:
            text += f"{factors.scalar_sign}{factors.identity}"
    text = text or ("1" if scalar else factors.identity)
    if monomial.negative:
        text, level = f"-{factors.fit(Text(text, level), Level.BIG_SUM)}", Level.SIGNED
    return Text(text, level)


def _chain(factors: Factors, texts: list[str]) -> str:
    if isinstance(factors, LatexPrinter):
        return factors.beside(*texts)
    return factors.matrix_sign.join(texts)


def operator_text(factors: Factors, operator: Operator, scalar: bool = False) -> Text:
    """The sum of an operator's monomials; 0 if there are none."""
    return sum_text(factors, [monomial_text(factors, m, scalar=scalar) for m in operator])


def pieces_text(factors: Factors, pieces: Iterable[Piece], scalar: bool = False) -> Text:
    """An affine expression from its terms."""
    texts = [monomial_text(factors, p.monomial, p.leaf, scalar) for p in pieces]
    return sum_text(factors, texts)


def sum_text(printer: Printer, terms: list[Text]) -> Text:
    """Terms with their signs between them."""
    if not terms:
        return Text("0")
    if len(terms) == 1:
        return terms[0]
    text = terms[0].text
    for term in terms[1:]:
        negative = term.level == Level.SIGNED and term.text.startswith("-")
        text += f" - {term.text[1:]}" if negative else f" + {printer.fit(term, Level.BIG_SUM)}"
    return Text(text, Level.SUM)
