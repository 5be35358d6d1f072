"""The partial derivative of an entry, or a row, of an equation by one of what it reads.

In parallel to `symbptt.calculus.rules`: a term that acts entry by entry has the derivative
that those rules give, times a delta; the others are differentiated as sums of entries, each
entry giving deltas, and the sums collapse.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from symbptt import algebra as al
from symbptt.algebra.letters import Delta, Entry, Letters, LetterSum, Line, RowOf, Slope
from symbptt.calculus import forms
from symbptt.calculus.adjoint import readings
from symbptt.calculus.derivation import Step
from symbptt.calculus.entrywise import Places, at_entry, collapsed, entry_of, letter_sum
from symbptt.calculus.normal import loss_names, names_of_loss
from symbptt.calculus.rules import (
    Context,
    in_groups,
    is_pointwise,
    loss_slopes,
    of_scalars,
    operands,
    partial,
)
from symbptt.functions.losses import LOSSES, loss_formula
from symbptt.functions.vectors import stated, vector_function

Chain = tuple[al.Expr, ...]


@dataclass(frozen=True)
class Where:
    """An entry of an equation, and what it is differentiated by.

    Attributes
    ----------
    places, wrt_places : tuple of Expr
        Of the equation's entry and of the entry of ``wrt``.
    value : Expr or None
        What the forward pass calls the whole right-hand side.
    """

    model: al.Model
    index: al.Index | None
    places: Places
    wrt: al.Expr
    wrt_places: Places
    value: al.Expr | None


def slope(rhs: al.Expr, where: Where, letters: Letters) -> Chain:
    """d(entry of rhs)/d(entry of wrt) as a chain of equal expressions of entries.

    Raises
    ------
    MissingRuleError
        If there is no rule for a term's node kind.
    """
    if isinstance(rhs, al.Add) and not is_pointwise(rhs):
        inside = replace(where, value=None)
        return forms.in_step(slope(term, inside, letters.fork()) for term in in_groups(rhs))
    if isinstance(rhs, al.Neg):
        inside = replace(where, value=None)
        return tuple(map(forms.neg, slope(rhs.operand, inside, letters)))
    if not rhs.shape:
        where = replace(where, places=())
    if is_pointwise(rhs):
        return _pointwise(rhs, where)
    if isinstance(rhs, al.Vector) and vector_function(rhs.function).slope:
        return _vector(rhs, where)
    if isinstance(rhs, al.Loss):
        return _loss(rhs, where, letters)
    entry = at_entry(rhs, where.places, letters)
    raw = differentiated(entry, where.wrt, where.wrt_places)
    return forms.distinct((raw, collapsed(raw)))


# --- terms -----------------------------------------------------------------------------


def _pointwise(term: al.Expr, where: Where) -> Chain:
    """phi(u, …)_j by (u)_i: delta_ji dphi/du at entry j."""
    if where.wrt not in operands(term):
        return (al.ZERO,)
    deltas = _deltas(where.places, where.wrt_places)
    found = []
    for value in (None, where.value):
        coefficient = partial(term, where.wrt, value)
        places = where.places if coefficient.shape else ()
        found.append(forms.mul((*deltas, at_entry(coefficient, places, Letters(where.model)))))
    return forms.distinct(found)


def _deltas(places: Places, others: Places) -> tuple[al.Expr, ...]:
    return tuple(Delta(one, other) for one, other in zip(places, others, strict=False))


def _vector(term: al.Vector, where: Where) -> Chain:
    """The slope of the function's row, in the name of its value."""
    if where.wrt not in term.args:
        return (al.ZERO,)
    return (row_slope(term, where.places, where.wrt_places, where.value or term),)


def row_slope(term: al.Vector, places: Places, others: Places, value: al.Expr) -> al.Expr:
    """d(value at entry j)/d(argument at entry i), as the row of the function states it."""
    row = vector_function(term.function)
    spots = dict(zip("ji", (*places, *others)[-2:], strict=False)) if places else {"i": others[0]}
    names = {"y": value, "x": term.args[0], **spots}

    def fill(node: al.Expr) -> al.Expr:
        match node:
            case al.Pick(vector=vector, position=place):
                return entry_of(vector, (place,))
            case al.Call(function="delta", args=(left, right)):
                return Delta(left, right)
        return node

    return stated(row.slope, names, fill)


def _loss(term: al.Loss, where: Where, letters: Letters) -> Chain:
    """The definition differentiated, and the gradient that the row of the loss states."""
    if where.wrt not in (term.prediction, term.target):
        return (al.ZERO,)
    context = Context(where.model, where.index, None)
    last = forms.add(
        loss_slopes(term, by, context)[-1]
        for by, operand in enumerate((term.prediction, term.target))
        if operand == where.wrt
    )
    if term.function not in LOSSES:
        return (at_entry(last, where.wrt_places, letters),)
    raw = differentiated(at_entry(term, (), letters), where.wrt, where.wrt_places)
    letters_to_names = names_of_loss(where.model, term, where.index)
    named = {loss_formula(term, text): letters_to_names[name] for name, text in loss_names(term)}
    raw = al.transform(raw, lambda node: named.get(node, node))
    return forms.distinct((raw, at_entry(last, where.wrt_places, letters)))


# --- expressions of entries --------------------------------------------------------------


def differentiated(expr: al.Expr, wrt: al.Expr, places: Places) -> al.Expr:
    """The derivative of an expression of entries by the entry of ``wrt`` at ``places``.

    d(v)_k/d(v)_i is delta_ki, d(W)_jk/d(W)_mi is delta_jm delta_ki; sums, products,
    quotients, powers and functions follow the rules of scalars.

    Raises
    ------
    MissingRuleError
        If an exponent is no number, or a node kind has no rule here.
    """

    def d(inner: al.Expr) -> al.Expr:
        return differentiated(inner, wrt, places)

    if expr == wrt:
        return al.ONE
    match expr:
        case Entry(array=al.Vector(args=args) as array, places=own) if wrt in args:
            return row_slope(array, own, places, array)
        case Entry(array=array, places=own):
            return forms.mul(_deltas(own, places)) if array == wrt else al.ZERO
        case LetterSum(letter=letter, term=term):
            inner = d(term)
            return al.ZERO if forms.is_zero(inner) else letter_sum(letter, inner)
        case Delta():
            return al.ZERO
    return of_scalars(expr, d)


# --- by rows of a tensor ------------------------------------------------------------


Rule = Callable[[al.Pullback, RowOf], al.Expr]


class Slices:
    """Differentiates by one row of a table at a time.

    The derivative of the row that is read, x = E[tok], by the whole table is a tensor: one
    matrix for each row j of the table, zero unless j is the row that is read, and there the
    identity (A. Singh, BPTT derivations, 3.20 and 3.21).
    """

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
