"""Small edits of a formula: the slips that authors make, each undone.

An edit changes one place. It is a pure function of the tree; whether it mends the
formula is decided in `symbptt.formula.mending`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from fractions import Fraction

from symbptt.algebra import Index
from symbptt.formula.printing import node_text
from symbptt.formula.tree import (
    Add,
    At,
    Call,
    Delta,
    Diff,
    Div,
    Dot,
    Entry,
    Flip,
    Mul,
    Name,
    Neg,
    Node,
    Num,
    OneHot,
    Over,
    Power,
    Row,
    Whole,
    children,
    with_child,
)

TRANSPOSE = "a missing transpose"
NO_TRANSPOSE = "a transpose too many"
SHIFT = "a shifted index"
INDEX = "a wrong index"
REVERSED = "a reversed product"
LOST = "a lost factor 1/T"
FACTOR = "a factor too many"
EXPONENT = "a wrong exponent"
NAME = "another name"
TERM = "a term too many"
SIGN = "a wrong sign"
ELEMENTWISE = "an ordinary product for an elementwise one"
ORDINARY = "an elementwise product for an ordinary one"
MIXED = "rows and columns mixed up"
PARTIAL = "a total derivative for a partial one"
TOTAL = "a partial derivative for a total one"

RANK = {
    kind: rank
    for rank, kind in enumerate(
        (
            TRANSPOSE,
            NO_TRANSPOSE,
            SHIFT,
            REVERSED,
            LOST,
            ELEMENTWISE,
            ORDINARY,
            EXPONENT,
            PARTIAL,
            TOTAL,
            MIXED,
            TERM,
            SIGN,
            FACTOR,
            INDEX,
            NAME,
        )
    )
}
"""The likeliest slips first."""

_ONE = Num(Fraction(1), "1")
_T = Whole(Index.of("T"))
PER_STEP = Div(_ONE, _T)


@dataclass(frozen=True)
class Edit:
    """What is wrong, the part as it stands, and what stands there instead."""

    kind: str
    old: Node
    new: Node
    added: Node | None = None

    @property
    def words(self) -> str:
        if self.added is not None:
            return f"{self.kind}: `{node_text(self.added)}` beside `{node_text(self.old)}`"
        return f"{self.kind}: `{node_text(self.new)}` for `{node_text(self.old)}`"


@dataclass(frozen=True)
class Scope:
    """Where a part stands: the sums and products around it, outermost first."""

    overs: tuple[Over, ...] = ()
    parents: tuple[Node, ...] = ()

    def inside(self, node: Node, child: Node) -> Scope:
        bound = isinstance(node, Over) and child is node.body
        overs = (*self.overs, node) if bound and isinstance(node, Over) else self.overs
        return Scope(overs, (*self.parents, node))

    @property
    def names(self) -> tuple[str, ...]:
        return ("t", "T", *(over.name for over in self.overs))


TOP = Scope()


def edited(node: Node, scope: Scope = TOP) -> Iterator[tuple[Edit, Node]]:
    """All single edits inside a part, each with the whole part as it then reads."""
    for edit in edits_of(node, scope):
        yield edit, edit.new
    for place, child in enumerate(children(node)):
        if is_operand(node, place):
            for edit, new in edited(child, scope.inside(node, child)):
                yield edit, with_child(node, place, new)


def is_operand(node: Node, place: int) -> bool:
    """Whether a child is an expression by itself: no exponent, no entry's place, no step."""
    if isinstance(node, Diff | Row | OneHot | Delta):
        return False
    return place == 0 or not isinstance(node, Power | Entry)


def edits_of(node: Node, scope: Scope) -> Iterator[Edit]:
    """The edits of one part."""
    for kind, new in _replacements(node, scope):
        if new != node:
            yield Edit(kind, node, new)


def _replacements(node: Node, scope: Scope) -> Iterator[tuple[str, Node]]:
    match node:
        case Flip(operand=operand):
            yield NO_TRANSPOSE, operand
        case Name() | At() | Diff() | Dot() | Add() | Call() | Mul() | Over() | Power():
            if not (scope.parents and isinstance(scope.parents[-1], Flip)):
                yield TRANSPOSE, Flip(node)
    match node:
        case At():
            yield from _references(node, scope)
        case Diff():
            yield from _derivatives(node, scope)
        case Over():
            yield from _overs(node, scope)
        case Dot() | Mul():
            yield from _products(node)
        case Power():
            yield from _powers(node, scope)
        case Add():
            yield from _sums(node)
        case Call(function="outer", args=(left, right)):
            yield MIXED, replace(node, args=(right, left))
        case Call(function="diag", args=(vector,)):
            yield MIXED, vector
        case Entry() | Delta() | Row() | OneHot():
            yield from _positions(node, scope)
            if isinstance(node, Entry) and len(node.places) == 2:
                yield MIXED, replace(node, places=node.places[::-1])
        case Div(above=above, below=Whole()):
            yield FACTOR, above
        case Neg(operand=operand):
            yield SIGN, operand
    yield from _lost(node, scope)


def _lost(node: Node, scope: Scope) -> Iterator[tuple[str, Node]]:
    """1/T in front of a side, a term, a summand, or a group."""
    parent = scope.parents[-1] if scope.parents else None
    if parent is None or isinstance(parent, Add | Neg | Over):
        if not isinstance(node, Num | Neg):
            factors = node.factors if isinstance(node, Mul) else (node,)
            yield LOST, Mul((PER_STEP, *factors))
        if not isinstance(parent, Neg) and not isinstance(node, Neg):
            yield SIGN, Neg(node)
    if isinstance(node, Name | Flip) and isinstance(parent, Dot):
        for over in scope.overs[-1:]:
            for index in other_exponents(Index.of("T") - Index.of(over.name), scope):
                yield EXPONENT, Power(node, Whole(index))
    if _vector_like(node) and isinstance(parent, Add | Mul | Neg | Call | Dot):
        yield EXPONENT, Power(node, Num(Fraction(2), "2"))


def _vector_like(node: Node) -> bool:
    return isinstance(node, At | Call) or (isinstance(node, Add) and len(node.terms) > 1)


# --- indices -----------------------------------------------------------------------------


def _references(node: At, scope: Scope) -> Iterator[tuple[str, Node]]:
    for kind, index in other_indices(node.index, scope):
        yield kind, replace(node, index=index)


def other_indices(index: Index, scope: Scope) -> Iterator[tuple[str, Index]]:
    """An index shifted, counted from the other end of a sum, or with another name."""
    for step in (1, -1):
        yield SHIFT, index + step
    for over in scope.overs:
        if over.name in index.names():
            yield INDEX, index.substitute({over.name: _reflected(over)})
    for step in (2, -2):
        yield INDEX, index + step
    if len(index.terms) == 1:
        for name in scope.names:
            yield INDEX, index.substitute({index.terms[0][0]: Index.of(name)})
    elif not index.terms:
        for name in scope.names:
            yield INDEX, Index.of(name)
    else:
        for name in scope.names:
            yield INDEX, Index.of(name)


def _reflected(over: Over) -> Index:
    """The other end's count: last + first - i."""
    return over.last + over.first - Index.of(over.name)


def _derivatives(node: Diff, scope: Scope) -> Iterator[tuple[str, Node]]:
    """A derivative is changed as a whole: total or partial, and the steps in it."""
    if not node.partial or isinstance(node.of, At | Entry):
        other = replace(node, partial=not node.partial)
        if not isinstance(node.of, At | Entry):
            other = node
        yield PARTIAL if not node.partial else TOTAL, other
    steps = [part for part in (node.of, node.by) if isinstance(part, At)]
    for field in ("of", "by"):
        part = getattr(node, field)
        if isinstance(part, At):
            for kind, index in other_indices(part.index, scope):
                yield kind, _with(node, field, replace(part, index=index))
    if len(steps) == 2:
        for step in (1, -1):
            moved = [replace(part, index=part.index + step) for part in steps]
            yield SHIFT, replace(node, of=moved[0], by=moved[1])
        yield MIXED, replace(node, of=node.by, by=node.of)
    for field in ("of", "by"):
        part = getattr(node, field)
        if isinstance(part, Entry):
            for kind, new in _positions(part, scope):
                yield kind, _with(node, field, new)
            if len(part.places) == 2:
                yield MIXED, _with(node, field, replace(part, places=part.places[::-1]))
            if isinstance(part.operand, At):
                for kind, new in _references(part.operand, scope):
                    yield kind, _with(node, field, replace(part, operand=new))


def _with(node: Diff, field: str, part: Node) -> Diff:
    return replace(node, of=part) if field == "of" else replace(node, by=part)


def _positions(node: Node, scope: Scope) -> Iterator[tuple[str, Node]]:
    """The places of an entry, and the steps of the integers that stand for places."""
    for place, child in enumerate(children(node)):
        if is_operand(node, place):
            continue
        if isinstance(child, Whole):
            for step in (1, -1):
                yield SHIFT, with_child(node, place, Whole(child.index + step))
        elif isinstance(child, At):
            for kind, new in _references(child, scope):
                yield kind, with_child(node, place, new)


def _overs(node: Over, scope: Scope) -> Iterator[tuple[str, Node]]:
    """Limits moved by one or replaced, and a product's direction."""
    if node.product:
        turned = replace(node, first=node.last, last=node.first)
        yield REVERSED, replace(turned, step=-node.step)
        yield REVERSED, turned
        yield REVERSED, replace(node, step=-node.step)
    for step in (1, -1):
        yield SHIFT, replace(node, first=node.first + step)
        yield SHIFT, replace(node, last=node.last + step)
    limits = [Index(offset=0), Index(offset=1)]
    limits += [Index.of(name, k) for name in scope.names for k in (0, 1, -1)]
    for limit in limits:
        yield INDEX, replace(node, first=limit)
        yield INDEX, replace(node, last=limit)


# --- products, powers, sums --------------------------------------------------------------


def _products(node: Dot | Mul) -> Iterator[tuple[str, Node]]:
    factors = node.factors
    if isinstance(node, Dot):
        for k in range(len(factors) - 1):
            swapped = (*factors[:k], factors[k + 1], factors[k], *factors[k + 2 :])
            yield REVERSED, replace(node, factors=swapped)
        if len(factors) > 2:
            yield REVERSED, replace(node, factors=factors[::-1])
        if len(factors) == 2 and isinstance(factors[1], Flip):
            yield MIXED, replace(node, factors=(factors[1].operand, Flip(factors[0])))
    for k in range(1, len(factors)):
        yield from _other_product(node, k)
    for k, factor in enumerate(factors):
        rest = (*factors[:k], *factors[k + 1 :])
        yield FACTOR, rest[0] if len(rest) == 1 else replace(node, factors=rest)
        if isinstance(factor, Div) and factor.below == _T:
            above = () if factor.above == _ONE else (factor.above,)
            kept = (*factors[:k], *above, *factors[k + 1 :])
            yield FACTOR, kept[0] if len(kept) == 1 else replace(node, factors=kept)
    if isinstance(node, Mul) and len(factors) == 2:
        left, right = factors
        yield MIXED, Dot((Call("diag", (left,)), right))
        yield MIXED, Dot((right, Call("diag", (left,))))
        yield MIXED, Dot((left, Call("diag", (right,))))


def _other_product(node: Dot | Mul, k: int) -> Iterator[tuple[str, Node]]:
    """The sign before factor k exchanged: as it is read then, and with its two operands grouped."""
    kind, other = (ELEMENTWISE, Mul) if isinstance(node, Dot) else (ORDINARY, Dot)
    factors = node.factors
    if k == 1 and len(factors) > 2:
        yield kind, other(factors)
    head = factors[0] if k == 1 else replace(node, factors=factors[:k])
    whole: Node = other((*_same(head, other), factors[k]))
    tail = factors[k + 1 :]
    # Python reads a * b @ c as (a * b) @ c.
    yield kind, replace(node, factors=(whole, *tail)) if tail else whole
    if len(factors) > 2:
        pair = other((*_same(factors[k - 1], other), factors[k]))
        yield kind, replace(node, factors=(*factors[: k - 1], pair, *tail))
        last = factors[k] if not tail else replace(node, factors=factors[k:])
        yield kind, other((*_same(head, other), last))


def _same(node: Node, kind: type[Dot] | type[Mul]) -> tuple[Node, ...]:
    return node.factors if isinstance(node, Dot | Mul) and isinstance(node, kind) else (node,)


def _powers(node: Power, scope: Scope) -> Iterator[tuple[str, Node]]:
    yield EXPONENT, node.base
    exponent = node.exponent
    if isinstance(node.base, Add):
        yield EXPONENT, replace(node.base, terms=tuple(_raised(t, node) for t in node.base.terms))
    if isinstance(exponent, Num):
        for step in (1, -1):
            value = exponent.value + step
            yield EXPONENT, replace(node, exponent=Num(value, str(value)))
    if isinstance(exponent, Whole):
        for index in other_exponents(exponent.index, scope):
            yield EXPONENT, replace(node, exponent=Whole(index))


def _raised(term: Node, node: Power) -> Node:
    """A term of a sum with the sum's exponent: 1 - h**2 for (1 - h)**2."""
    if isinstance(term, Num):
        return term
    if isinstance(term, Neg):
        return Neg(_raised(term.operand, node))
    return replace(node, base=term)


def other_exponents(index: Index, scope: Scope) -> Iterator[Index]:
    yield index + 1
    yield index + -1
    yield -index
    for over in scope.overs:
        yield index.substitute({over.name: _reflected(over)})
    for left in scope.names:
        yield Index.of(left)
        for right in scope.names:
            for step in (0, 1, -1):
                if left != right:
                    yield Index.of(left) - Index.of(right) + step


def _sums(node: Add) -> Iterator[tuple[str, Node]]:
    for k, term in enumerate(node.terms):
        rest = (*node.terms[:k], *node.terms[k + 1 :])
        yield TERM, rest[0] if len(rest) == 1 else replace(node, terms=rest)
        other = term.operand if isinstance(term, Neg) else Neg(term)
        yield SIGN, replace(node, terms=(*node.terms[:k], other, *node.terms[k + 1 :]))
