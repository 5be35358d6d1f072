"""A formula as text that reads back to the same formula."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from types import MappingProxyType

from symbptt.algebra import ZERO, Add, Derivative, Expr, Index, Mul
from symbptt.formula.statement import (
    Formula,
    Inequalities,
    map_indices,
    parts,
    with_part,
)
from symbptt.typeset.plain import PlainPrinter, index_text
from symbptt.typeset.printer import Piece


class _Printer(PlainPrinter):
    """Expressions as their author wrote them: the derivative of a scalar is its gradient."""

    def print_derivative(self, expr: Derivative) -> Piece:
        return self.derivative(expr.output, expr.wrt, expr.held)


def text_of(expr: Expr) -> str:
    """A part of a formula on one line."""
    return _PRINTER.show(expr)


_PRINTER = _Printer()


def formula_text(formula: Formula) -> str:
    text = f"{text_of(formula.left)} = {text_of(formula.right)}"
    conditions = [f"{f.name}[{f.step}] = {text_of(f.value)}" for f in formula.fixed]
    conditions += [chain_text(chain) for chain in formula.chains]
    return text + (f" for {', '.join(conditions)}" if conditions else "")


def chain_text(
    chain: Inequalities,
    show: Callable[[Index], str] = index_text,
    signs: Mapping[str, str] = MappingProxyType({}),
) -> str:
    """``1 <= t < T``, by a printer of indices and with other signs."""
    text = show(chain.sides[0])
    for sign, side in zip(chain.operators, chain.sides[1:], strict=True):
        plain = "=" if sign == "==" else sign
        text += f" {signs.get(plain, plain)} {show(side)}"
    return text


def canonical(formula: Formula) -> str:
    """A text that is the same for formulas which differ in the order of terms and factors alone."""
    sides = [text_of(_sorted(side)) for side in formula.sides]
    return " = ".join([*sides, formula_text(replace(formula, left=ZERO, right=ZERO))])


def _sorted(node: Expr) -> Expr:
    for place, part in enumerate(parts(node)):
        node = with_part(node, place, _sorted(part))
    node = map_indices(node, lambda index: replace(index, terms=tuple(sorted(index.terms))))
    match node:
        case Add(terms=terms):
            flat = [t for term in terms for t in (term.terms if isinstance(term, Add) else (term,))]
            return Add(tuple(sorted(flat, key=text_of)))
        case Mul(factors=factors):
            flat = [f for one in factors for f in (one.factors if isinstance(one, Mul) else (one,))]
            return Mul(tuple(sorted(flat, key=text_of)))
    return node
