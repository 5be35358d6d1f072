"""The gradient with respect to a table, row by row of the tensor of its derivatives.

The derivative of the row that is read, x = E[tok], by the whole table is a tensor: one
matrix for each row j of the table, zero unless j is the row that is read, and there the
identity (A. Singh, BPTT derivations, 3.20 and 3.21).
"""

from __future__ import annotations

from collections.abc import Callable

from symbptt.algebra import (
    Add,
    Derived,
    Equation,
    Expr,
    Identity,
    Index,
    Lookup,
    Model,
    Mul,
    Neg,
    OneHot,
    Outer,
    Param,
    Product,
    Pullback,
    Ref,
    TimeSum,
    Transpose,
    map_children,
    substitute_index,
    walk,
)
from symbptt.algebra.letters import Delta, Entry, Letters, Line, RowOf, Slope
from symbptt.calculus import forms
from symbptt.calculus.adjoint import readings
from symbptt.calculus.derivation import Step
from symbptt.calculus.entrywise import collapsed

Rule = Callable[[Pullback, RowOf], Expr]


class Slices:
    """Differentiates by one row of a table at a time."""

    def __init__(self, model: Model) -> None:
        self.model = model
        items: tuple[Derived | Equation, ...] = (*model.derived, *model.equations)
        self.items = {item.name: item for item in items}
        self.readings = readings(model)

    def readers(self, step: Step) -> set[str]:
        """The names whose equations read rows of the parameter, and nothing else of it."""
        table = Param(step.target.name, step.shape)
        return {
            name
            for name, item in self.items.items()
            if 0 < _count(item.rhs, table) == len(rows_read(item.rhs, table))
        }

    def line(self, step: Step) -> Line:
        """Row j of a step: by slices of tensors, by the identity, and what is left of it."""
        letter = Letters(self.model).nth(0, step.shape[0])
        row = RowOf(Param(step.target.name, step.shape), letter)
        rules = (self.slice, self.identity, self.result)
        members = [self.by_rows(step.members[0], row, rule) for rule in rules]
        return Line(RowOf(step.target, letter), forms.distinct(members), (letter,))

    def by_rows(self, member: Expr, row: RowOf, rule: Rule) -> Expr:
        if isinstance(member, Pullback):
            return rule(member, row)
        if isinstance(member, Add | Neg | TimeSum):
            inner = map_children(member, lambda child: self.by_rows(child, row, rule))
            return collapsed(inner) if isinstance(member, TimeSum) else inner
        return row_of(member, row.place)

    # --- what the row receives through one equation -------------------------------------

    def slice(self, node: Pullback, row: RowOf) -> Expr:
        return Product(Transpose(Slope(node.output, row)), node.cotangent)

    def identity(self, node: Pullback, row: RowOf) -> Expr:
        """delta_j,tok I dL/dx, where the equation reads nothing but rows."""
        item = self.reader(node)
        found = rows_read(item.rhs, node.wrt)
        if _count(item.rhs, node.wrt) != len(found):
            return self.result(node, row)
        return forms.add(self.signed(node, row, *each) for each in found)

    def signed(self, node: Pullback, row: RowOf, lookup: Lookup, negative: bool) -> Expr:
        here = Delta(row.place, self.moved(lookup.row, node))
        product = Product(Mul((here, Identity(row.shape[0]))), node.cotangent)
        return Neg(product) if negative else product

    def result(self, node: Pullback, row: RowOf) -> Expr:
        """The row of what the whole table receives."""
        found = next(
            reading
            for reading in self.readings
            if reading.operand == node.wrt and reading.reader.name == self.reader(node).name
        )
        return row_of(self.moved(found.chain[-1], node), row.place)

    def reader(self, node: Pullback) -> Derived | Equation:
        assert isinstance(node.output, Ref | Param)
        return self.items[node.output.name]

    def moved(self, expr: Expr, node: Pullback) -> Expr:
        item = self.reader(node)
        return moved_to(expr, node.output, item.index if isinstance(item, Equation) else None)


def row_of(expr: Expr, place: Expr) -> Expr:
    """A row of a matrix expression, as a vector."""
    match expr:
        case Add(terms=terms):
            return forms.add(row_of(term, place) for term in terms)
        case Neg(operand=operand):
            return forms.neg(row_of(operand, place))
        case Outer(left=OneHot(position=position), right=right):
            return Mul((Delta(place, position), right))
        case Outer(left=left, right=right):
            return Mul((Entry(left, (place,)), right))
    return RowOf(expr, place)


def moved_to(member: Expr, output: Expr, index: Index | None) -> Expr:
    """An equation's expression at the step at which it is used."""
    if index is None or not isinstance(output, Ref) or output.index == index:
        return member
    return substitute_index(member, {"t": output.index})


def pullbacks(expr: Expr) -> list[Pullback]:
    return [node for node in walk(expr) if isinstance(node, Pullback)]


def _count(expr: Expr, operand: Expr) -> int:
    return sum(1 for node in walk(expr) if node == operand)


def rows_read(rhs: Expr, table: Expr) -> list[tuple[Lookup, bool]]:
    """The lookups that are terms of a right-hand side, and their signs."""
    found: list[tuple[Lookup, bool]] = []

    def visit(term: Expr, negative: bool) -> None:
        match term:
            case Lookup(table=read) if read == table:
                found.append((term, negative))
            case Add(terms=terms):
                for inner in terms:
                    visit(inner, negative)
            case Neg(operand=operand):
                visit(operand, not negative)

    visit(rhs, False)
    return found
