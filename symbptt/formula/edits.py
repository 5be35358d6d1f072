"""Small edits of a formula: the slips that authors make, each undone.

An edit changes one place; where it makes a slip in a derivation and undoes another, it is the row
of `symbptt.calculus.variants`. It is a pure function of the tree; whether it mends the formula is
decided in `symbptt.formula.mending`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from fractions import Fraction

from symbptt import algebra as al
from symbptt.algebra.letters import Delta, Entry
from symbptt.calculus.program_slips import PROGRAM_SLIPS
from symbptt.calculus.slips import Slip
from symbptt.calculus.variants import SLIPS, Around, places
from symbptt.formula.regrouped import (
    complement,
    factor_edits,
    function_edits,
    group_edits,
    quotient_edits,
    slope_edits,
    sum_edits,
)
from symbptt.formula.statement import (
    Over,
    factors_of,
    number_of,
    parts,
    product,
    walk,
)
from symbptt.formula.text import text_of


@dataclass(frozen=True)
class Edit:
    """What is wrong, the part as it stands, and what stands there instead.

    Attributes
    ----------
    added : Expr or None
        The term that is written beside the part; ZERO is the whole side.
    remark : str
        What the author forgot.
    """

    kind: Slip
    old: al.Expr
    new: al.Expr
    added: al.Expr | None = None
    remark: str = ""

    @property
    def words(self) -> str:
        return f"{self.kind}: {self.what}"

    @property
    def slips(self) -> int:
        return 1

    @property
    def what(self) -> str:
        """What to write, and in the place of what."""
        remark = f" ({self.remark})" if self.remark else ""
        if self.added is not None:
            beside = "" if self.old == al.ZERO else f" beside `{text_of(self.old)}`"
            return f"`{text_of(self.added)}`{beside}{remark}"
        if self.new == al.ZERO:
            return f"`{text_of(self.old)}`{remark}"
        return f"`{text_of(self.new)}` for `{text_of(self.old)}`{remark}"


def rank(edit: Edit) -> tuple[int, int]:
    """How unlikely a slip is; that of a large part is less likely than that of a name."""
    return list(Slip).index(edit.kind), sum(1 for _ in walk(edit.new))


@dataclass(frozen=True)
class Scope(Around):
    """Where a part of a person's formula stands: the sums and products around it, too.

    Attributes
    ----------
    functions : tuple of str
        Those that may have been left out or exchanged.
    named : bool
        Whether what is no expression by itself is looked at: exponents, places, what is
        differentiated.
    """

    functions: tuple[str, ...] = ()
    named: bool = False

    def parts(self, node: al.Expr) -> Iterable[tuple[int, al.Expr]]:
        return (
            (place, part)
            for place, part in enumerate(parts(node))
            if self.named or is_operand(node, place)
        )

    @property
    def is_term(self) -> bool:
        return super().is_term or isinstance(self.parent, Over)

    @property
    def overs(self) -> tuple[Over, ...]:
        return tuple(node for node in self.parents if isinstance(node, Over))

    @property
    def names(self) -> tuple[str, ...]:
        return ("t", "T", *(over.index for over in self.overs))


def edited(node: al.Expr, functions: tuple[str, ...] = ()) -> Iterator[tuple[Edit, al.Expr]]:
    """All single edits of what stands in a part, each with the whole part as it then reads."""
    for part, scope, put in places(node, Scope(functions=functions)):
        for kind, new in _replacements(part, scope):
            if new != part:
                yield Edit(kind, part, new), put(new)
    yield from _alike(node)


def is_operand(node: al.Expr, place: int) -> bool:
    """Whether a child is an expression by itself: no exponent, no entry's place, no step."""
    if isinstance(node, al.Derivative | al.Lookup | al.OneHot | Delta):
        return False
    return place == 0 or not isinstance(node, al.Pow | Entry)


def _alike(node: al.Expr) -> Iterator[tuple[Edit, al.Expr]]:
    """One slip made wherever it could be: every transpose, a gate and its complement, a step."""
    inside = list(walk(node))
    matrices = dict.fromkeys(n for n in inside if isinstance(n, al.Param) and len(n.shape) == 2)
    turned = [n for n in inside if isinstance(n, al.Transpose) and n.operand in matrices]
    bare: dict[al.Expr, al.Expr] = {
        m: al.Transpose(m) for m in matrices if al.Transpose(m) not in turned
    }
    every: list[tuple[Slip, dict[al.Expr, al.Expr]]] = [
        (Slip.NO_TRANSPOSE, {n: n.operand for n in turned}),
        (Slip.TRANSPOSE, bare),
    ]
    values = [n for n in dict.fromkeys(inside) if isinstance(n, al.Ref) and inside.count(n) > 1]
    for value in values:
        other = complement(value)
        every.append((Slip.COMPLEMENT, {value: other, other: value}))
        every += [(Slip.SHIFT, {value: replace(value, index=value.index + k)}) for k in (1, -1)]
    for kind, others in every:
        if len(others) > 1 or kind is Slip.SHIFT:
            new = exchanged(node, others, whole=False)
            if new != node:
                yield Edit(kind, node, new), new


def exchanged(node: al.Expr, others: Mapping[al.Expr, al.Expr], *, whole: bool = True) -> al.Expr:
    """The expression with other parts in the place of some; ``whole`` as a scope's ``named``."""
    if node in others:
        return others[node]
    for place, child in enumerate(parts(node)):
        if whole or is_operand(node, place):
            new = exchanged(child, others, whole=whole)
            node = node if new is child else al.with_child(node, place, new)
    return node


_TURNABLE = (
    al.Param, al.Ref, al.Derivative, al.Product, al.Add, al.Mul, al.TimeSum, al.OrderedProduct,
    al.Pow, al.Call, al.Vector, al.Concat, al.Outer, al.Diag,
)  # fmt: skip


UNDOING = tuple(
    (row.undoes, row.change)
    for row in (*SLIPS.values(), *PROGRAM_SLIPS.values())
    if row.undoes is not None
)
"""The rows of the derivation's variants that undo the slip of an author."""


def _replacements(node: al.Expr, scope: Scope) -> Iterator[tuple[Slip, al.Expr]]:
    for kind, change in UNDOING:
        yield from ((kind, new) for new in change(node, scope))
    if isinstance(node, _TURNABLE) and not isinstance(scope.parent, al.Transpose):
        yield Slip.TRANSPOSE, al.Transpose(node)
    match node:
        case al.Ref():
            yield from _references(node, scope)
        case al.Derivative():
            yield from _derivatives(node, scope)
        case al.TimeSum() | al.OrderedProduct():
            yield from _overs(node, scope)
        case al.Product() if isinstance(scope.parent, al.Product) and scope.parent.left is node:
            pass  # The whole chain is edited at once.
        case al.Product() | al.Mul():
            yield from _products(node)
        case al.Pow():
            yield from _powers(node, scope)
        case al.Add():
            yield from _doubled(node)
        case al.Diag(vector=vector):
            yield Slip.MIXED, vector
        case Entry() | Delta() | al.Lookup() | al.OneHot():
            yield from _positions(node, scope)
            if isinstance(node, Entry) and len(node.places) == 2:
                yield Slip.MIXED, replace(node, places=node.places[::-1])
    if isinstance(node, al.Mul):
        yield from slope_edits(node)
        if isinstance(node.factors[0], al.Vector) and node.factors[0].function == "dot":
            yield Slip.MIXED, al.Outer(*node.factors[0].args)
    yield from factor_edits(node, scope.parent)
    yield from function_edits(node, scope.parent, scope.functions)
    yield from quotient_edits(node)
    yield from group_edits(node)
    yield from sum_edits(node, scope.parent)
    yield from _lost(node, scope)


def _lost(node: al.Expr, scope: Scope) -> Iterator[tuple[Slip, al.Expr]]:
    """1/T in front of a side, a term, a summand, or a group."""
    parent = scope.parent
    if scope.is_term and not isinstance(node, al.Number | al.Neg):
        factors = node.factors if isinstance(node, al.Mul) else (node,)
        yield Slip.LOST, al.Mul((al.MEAN_FACTOR, *factors))
    if isinstance(node, al.Param | al.Transpose) and isinstance(parent, al.Product):
        for over in scope.overs[-1:]:
            for index in other_exponents(al.Index.of("T") - al.Index.of(over.index), scope):
                yield Slip.EXPONENT, al.Pow(node, number_of(index))
    if _vector_like(node) and isinstance(parent, (al.Add, al.Mul, al.Neg, al.Product, *CALLS)):
        yield Slip.EXPONENT, al.Pow(node, al.Number(Fraction(2), "2"))


CALLS = (al.Call, al.Vector, al.Concat, al.Outer, al.Diag)


def _vector_like(node: al.Expr) -> bool:
    return isinstance(node, (al.Ref, *CALLS)) or (isinstance(node, al.Add) and len(node.terms) > 1)


# --- indices -----------------------------------------------------------------------------


def _references(node: al.Ref, scope: Scope) -> Iterator[tuple[Slip, al.Expr]]:
    for kind, index in other_indices(node.index, scope):
        yield kind, replace(node, index=index)


def other_indices(index: al.Index, scope: Scope) -> Iterator[tuple[Slip, al.Index]]:
    """An index shifted, counted from the other end of a sum, or with another name."""
    for step in (1, -1):
        yield Slip.SHIFT, index + step
    for over in scope.overs:
        if over.index in index.names():
            yield Slip.INDEX, index.substitute({over.index: _reflected(over)})
    for step in (2, -2):
        yield Slip.INDEX, index + step
    if len(index.terms) == 1:
        for name in scope.names:
            yield Slip.INDEX, index.substitute({index.terms[0][0]: al.Index.of(name)})
    else:
        for name in scope.names:
            yield Slip.INDEX, al.Index.of(name)


def _reflected(over: Over) -> al.Index:
    """The other end's count: last + first - i."""
    return over.last + over.first - al.Index.of(over.index)


def _derivatives(node: al.Derivative, scope: Scope) -> Iterator[tuple[Slip, al.Expr]]:
    """A derivative is changed as a whole: what is held, and the steps in it."""
    if isinstance(node.output, al.Ref | Entry):
        for held in ("nothing", "step", "equation"):
            if held != node.held:
                kind = Slip.TOTAL if held == "nothing" else Slip.PARTIAL
                yield kind, replace(node, held=held)
    steps = [part for part in parts(node) if isinstance(part, al.Ref)]
    for place, part in enumerate(parts(node)):
        if isinstance(part, al.Ref):
            for kind, index in other_indices(part.index, scope):
                yield kind, al.with_child(node, place, replace(part, index=index))
    if len(steps) == 2:
        for step in (1, -1):
            of, by = (replace(part, index=part.index + step) for part in steps)
            yield Slip.SHIFT, replace(node, output=of, wrt=by)
        yield Slip.MIXED, replace(node, output=node.wrt, wrt=node.output)
    for place, part in enumerate(parts(node)):
        if isinstance(part, Entry):
            for kind, new in _positions(part, scope):
                yield kind, al.with_child(node, place, new)
            if len(part.places) == 2:
                yield (
                    Slip.MIXED,
                    al.with_child(node, place, replace(part, places=part.places[::-1])),
                )
            if isinstance(part.array, al.Ref):
                for kind, new in _references(part.array, scope):
                    yield kind, al.with_child(node, place, replace(part, array=new))


def _positions(node: al.Expr, scope: Scope) -> Iterator[tuple[Slip, al.Expr]]:
    """The places of an entry, and the steps of the integers that stand for places."""
    for place, child in enumerate(parts(node)):
        if is_operand(node, place):
            continue
        if isinstance(child, al.Count):
            for step in (1, -1):
                yield Slip.SHIFT, al.with_child(node, place, number_of(child.index + step))
        elif isinstance(child, al.Ref):
            for kind, new in _references(child, scope):
                yield kind, al.with_child(node, place, new)


def _overs(node: Over, scope: Scope) -> Iterator[tuple[Slip, al.Expr]]:
    """Limits replaced, and a product's direction, or its limits alone."""
    if isinstance(node, al.OrderedProduct):
        yield Slip.REVERSED, replace(node, first=node.last, last=node.first)
        yield Slip.REVERSED, replace(node, step=-node.step)
    limits = [al.Index(offset=0), al.Index(offset=1)]
    limits += [al.Index.of(name, k) for name in scope.names for k in (0, 1, -1)]
    for limit in limits:
        yield Slip.INDEX, replace(node, first=limit)
        yield Slip.INDEX, replace(node, last=limit)


# --- products, powers, sums --------------------------------------------------------------


def _products(node: al.Product | al.Mul) -> Iterator[tuple[Slip, al.Expr]]:
    factors = _operands(node)
    chained = isinstance(node, al.Product)
    if chained:
        if len(factors) > 2:
            yield Slip.REVERSED, product(*factors[::-1])
        elif isinstance(factors[1], al.Transpose):
            yield Slip.MIXED, al.Product(factors[1].operand, al.Transpose(factors[0]))
    for k in range(1, len(factors)):
        yield from _other_product(node, k)
    if not chained and len(factors) == 2:
        left, right = factors
        yield Slip.MIXED, al.Product(al.Diag(left), right)
        yield Slip.MIXED, al.Product(right, al.Diag(left))
        yield Slip.MIXED, al.Product(left, al.Diag(right))


def _operands(node: al.Expr) -> tuple[al.Expr, ...]:
    return node.factors if isinstance(node, al.Mul) else factors_of(node)


def _entrywise(*factors: al.Expr) -> al.Expr:
    return factors[0] if len(factors) == 1 else al.Mul(factors)


def _other_product(node: al.Product | al.Mul, k: int) -> Iterator[tuple[Slip, al.Expr]]:
    """The sign before factor k exchanged: as it is read then, and with its two operands grouped."""
    chained = isinstance(node, al.Product)
    kind, other = (Slip.ELEMENTWISE, _entrywise) if chained else (Slip.ORDINARY, product)
    same = product if chained else _entrywise
    alike = al.Mul if chained else al.Product
    factors = _operands(node)

    def split(part: al.Expr) -> tuple[al.Expr, ...]:
        return _operands(part) if isinstance(part, alike) else (part,)

    if k == 1 and len(factors) > 2:
        yield kind, other(*factors)
    head = same(*factors[:k])
    whole = other(*split(head), factors[k])
    tail = factors[k + 1 :]
    # Python reads a * b @ c as (a * b) @ c.
    yield kind, same(whole, *tail)
    if len(factors) > 2:
        pair = other(*split(factors[k - 1]), factors[k])
        yield kind, same(*factors[: k - 1], pair, *tail)
        yield kind, other(*split(head), same(*factors[k:]))


def _powers(node: al.Pow, scope: Scope) -> Iterator[tuple[Slip, al.Expr]]:
    exponent = node.exponent
    if isinstance(node.base, al.Add):
        yield (
            Slip.EXPONENT,
            replace(node.base, terms=tuple(_raised(t, node) for t in node.base.terms)),
        )
    if isinstance(exponent, al.Number):
        yield Slip.EXPONENT, replace(node, exponent=al.Number(exponent.value - 1))
    if isinstance(exponent, al.Count):
        for index in other_exponents(exponent.index, scope):
            yield Slip.EXPONENT, replace(node, exponent=number_of(index))


def _raised(term: al.Expr, node: al.Pow) -> al.Expr:
    """A term of a sum with the sum's exponent: 1 - h**2 for (1 - h)**2."""
    if isinstance(term, al.Number):
        return term
    if isinstance(term, al.Neg):
        return al.Neg(_raised(term.operand, node))
    return replace(node, base=term)


def other_exponents(index: al.Index, scope: Scope) -> Iterator[al.Index]:
    yield index + 1
    yield index + -1
    yield -index
    for over in scope.overs:
        yield index.substitute({over.index: _reflected(over)})
    for left in scope.names:
        yield al.Index.of(left)
        for right in scope.names:
            for step in (0, 1, -1):
                if left != right:
                    yield al.Index.of(left) - al.Index.of(right) + step


def _doubled(node: al.Add) -> Iterator[tuple[Slip, al.Expr]]:
    for k, term in enumerate(node.terms):
        rest = (*node.terms[:k], *node.terms[k + 1 :])
        if term in rest:
            yield Slip.DOUBLED, al.Add(rest)
