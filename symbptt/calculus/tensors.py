"""The gradient with respect to a table, row by row of the tensor of its derivatives.

The derivative of the row that is read, x = E[tok], by the whole table is a tensor: one
matrix for each row j of the table, zero unless j is the row that is read, and there the
identity (A. Singh, BPTT derivations, 3.20 and 3.21).
"""

from __future__ import annotations

from collections.abc import Callable

from symbptt import algebra as al
from symbptt.algebra.letters import Delta, Entry, Letters, Line, RowOf, Slope
from symbptt.calculus import forms
from symbptt.calculus.adjoint import readings
from symbptt.calculus.derivation import Step
from symbptt.calculus.entrywise import collapsed

Rule = Callable[[al.Pullback, RowOf], al.Expr]


class Slices:
    """Differentiates by one row of a table at a time."""

    def __init__(self, model: al.Model) -> None:
        self.model = model
        self.items = {item.name: item for item in model.definitions}
        self.readings = readings(model)

    def readers(self, step: Step) -> set[str]:
        """The names whose equations read rows of the parameter, and nothing else of it."""
        table = al.Param(step.target.name, step.shape)
        return {
            name
            for name, item in self.items.items()
            if 0 < _count(item.rhs, table) == len(rows_read(item.rhs, table))
        }

    def line(self, step: Step) -> Line:
        """Row j of a step: by slices of tensors, by the identity, and what is left of it."""
        letter = Letters(self.model).nth(0, step.shape[0])
        row = RowOf(al.Param(step.target.name, step.shape), letter)
        rules = (self.slice, self.identity, self.result)
        members = [self.by_rows(step.members[0], row, rule) for rule in rules]
        return Line(RowOf(step.target, letter), forms.distinct(members), (letter,))

    def by_rows(self, member: al.Expr, row: RowOf, rule: Rule) -> al.Expr:
        if isinstance(member, al.Pullback):
            return rule(member, row)
        if isinstance(member, al.Add | al.Neg | al.TimeSum):
            inner = al.map_children(member, lambda child: self.by_rows(child, row, rule))
            return collapsed(inner) if isinstance(member, al.TimeSum) else inner
        return row_of(member, row.place)

    # --- what the row receives through one equation -------------------------------------

    def slice(self, node: al.Pullback, row: RowOf) -> al.Expr:
        return al.Product(al.Transpose(Slope(node.output, row)), node.cotangent)

    def identity(self, node: al.Pullback, row: RowOf) -> al.Expr:
        """delta_j,tok I dL/dx, where the equation reads nothing but rows."""
        item = self.reader(node)
        found = rows_read(item.rhs, node.wrt)
        if _count(item.rhs, node.wrt) != len(found):
            return self.result(node, row)
        return forms.add(self.signed(node, row, *each) for each in found)

    def signed(self, node: al.Pullback, row: RowOf, lookup: al.Lookup, negative: bool) -> al.Expr:
        here = Delta(row.place, self.moved(lookup.row, node))
        product = al.Product(al.Mul((here, al.Identity(row.shape[0]))), node.cotangent)
        return al.Neg(product) if negative else product

    def result(self, node: al.Pullback, row: RowOf) -> al.Expr:
        """The row of what the whole table receives."""
        found = next(
            reading
            for reading in self.readings
            if reading.operand == node.wrt and reading.reader.name == self.reader(node).name
        )
        return row_of(self.moved(found.chain[-1], node), row.place)

    def reader(self, node: al.Pullback) -> al.Derived | al.Equation:
        assert isinstance(node.output, al.Ref | al.Param)
        return self.items[node.output.name]

    def moved(self, expr: al.Expr, node: al.Pullback) -> al.Expr:
        return moved_to(expr, node.output, self.reader(node).index)


def row_of(expr: al.Expr, place: al.Expr) -> al.Expr:
    """A row of a matrix expression, as a vector."""
    match expr:
        case al.Add(terms=terms):
            return forms.add(row_of(term, place) for term in terms)
        case al.Neg(operand=operand):
            return forms.neg(row_of(operand, place))
        case al.Outer(left=al.OneHot(position=position), right=right):
            return al.Mul((Delta(place, position), right))
        case al.Outer(left=left, right=right):
            return al.Mul((Entry(left, (place,)), right))
    return RowOf(expr, place)


def moved_to(member: al.Expr, output: al.Expr, index: al.Index | None) -> al.Expr:
    """An equation's expression at the step at which it is used."""
    if index is None or not isinstance(output, al.Ref) or output.index == index:
        return member
    return al.substitute_index(member, {"t": output.index})


def pullbacks(expr: al.Expr) -> list[al.Pullback]:
    return [node for node in al.walk(expr) if isinstance(node, al.Pullback)]


def _count(expr: al.Expr, operand: al.Expr) -> int:
    return sum(1 for node in al.walk(expr) if node == operand)


def rows_read(rhs: al.Expr, table: al.Expr) -> list[tuple[al.Lookup, bool]]:
    """The lookups that are terms of a right-hand side, and their signs."""
    found: list[tuple[al.Lookup, bool]] = []

    def visit(term: al.Expr, negative: bool) -> None:
        match term:
            case al.Lookup(table=read) if read == table:
                found.append((term, negative))
            case al.Add(terms=terms):
                for inner in terms:
                    visit(inner, negative)
            case al.Neg(operand=operand):
                visit(operand, not negative)

    visit(rhs, False)
    return found
