"""A formula in columns, as its author would write it in rows."""

from __future__ import annotations

from dataclasses import replace

from symbptt import algebra as al
from symbptt.formula.shapes import SCALAR, Shaper
from symbptt.formula.statement import Formula, Over, parts


def in_row_layout(formula: Formula, shaper: Shaper) -> Formula:
    """The same formula where vectors are rows."""
    vector = 1 in shaper.known(formula.left) and shaper.known(formula.left) != SCALAR
    lay = _Laying(shaper)
    side = lay.turned if vector else lay.same
    return replace(formula, left=side(formula.left), right=side(formula.right))


class _Laying:
    """Every part with the value that it has in columns, or with the transposed one."""

    def __init__(self, shaper: Shaper) -> None:
        self.shaper = shaper

    def same(self, node: al.Expr) -> al.Expr:
        match node:
            case al.Transpose(operand=operand):
                return self.turned(operand)
            case al.Product(left=left, right=right):
                return al.Product(self.same(left), self.same(right))
        if _goes_into(node):
            return self._inside(node, turned=False)
        return _transposed(self._laid(node)) if self._is_vector(node) else self._laid(node)

    def turned(self, node: al.Expr) -> al.Expr:
        match node:
            case al.Transpose(operand=operand):
                return self.same(operand)
            case al.Product(left=left, right=right):
                return al.Product(self.turned(right), self.turned(left))
        if _goes_into(node):
            return self._inside(node, turned=True)
        return self._laid(node) if self._is_vector(node) else _transposed(self._laid(node))

    def _inside(self, node: al.Expr, *, turned: bool) -> al.Expr:
        for place, part in enumerate(parts(node)):
            exponent = isinstance(node, al.Pow) and place
            if not exponent and self.shaper.shape(part) != SCALAR:
                node = al.with_child(node, place, self.turned(part) if turned else self.same(part))
        return node

    def _laid(self, node: al.Expr) -> al.Expr:
        """What has rows for its arguments."""
        if isinstance(node, al.Outer | al.Diag | al.Vector | al.Concat):
            return self._inside(node, turned=True)
        return node

    def _is_vector(self, node: al.Expr) -> bool:
        shape = self.shaper.known(node)
        return shape == SCALAR or 1 in shape


def _goes_into(node: al.Expr) -> bool:
    return node.pointwise or isinstance(node, Over)


def _transposed(node: al.Expr) -> al.Expr:
    return node.operand if isinstance(node, al.Transpose) else al.Transpose(node)
