"""The variants of a derivation under one edit at a time: the slips that people make.

>>> for variant in variants(derive(model)):
...     variant.kind, variant.step.number, variant.old, variant.new, variant.derivation

A slip is a row of `SLIPS`: from a part of a step's result, and where it stands, to what stands
there in its place. It asks nodes what they are, never which model they come from; so a variant
may be right as well (a factor 2 of a zero), and may have a shape that fits nowhere.

An edit that makes one slip undoes another: without a transpose, a missing one is made and one
too many undone. A row says both, and in formulas of people's the mend is sought by the same rows.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import partial
from itertools import islice
from typing import NamedTuple, TypeVar

from symbptt import algebra as al
from symbptt.calculus import forms
from symbptt.calculus.derivation import Derivation, Step
from symbptt.calculus.rules import operands
from symbptt.calculus.rules import partial as slope_by
from symbptt.calculus.slips import Slip
from symbptt.functions.elementwise import FUNCTIONS

NEAR_ONE = al.Number(1 + Fraction(1, 10**6))
OTHERS = 2
"""So many other names, or functions, are put in the place of one."""


@dataclass(frozen=True)
class Variant:
    """A derivation with one slip.

    Attributes
    ----------
    kind : str
        A key of `SLIPS` or of `STEP_SLIPS`.
    step : Step
        The step in whose result it stands, as it was.
    old, new : Expr
        The part as it was, and what stands there.
    """

    kind: str
    step: Step
    old: al.Expr
    new: al.Expr
    derivation: Derivation

    @property
    def changed(self) -> Step:
        return next(s for s in self.derivation.steps if s.number == self.step.number)


Parents = tuple[al.Expr, ...]
"""What a part stands in, from the whole down."""


@dataclass(frozen=True)
class Around:
    """Where a part stands: below which nodes, in which derivation; `OTHERS` as it is here.

    A formula of a person's stands in none, and there every shape fits: what it should be is
    found out by who examines it.
    """

    parents: Parents = ()
    of: Derivation | None = None
    others: int = OTHERS

    @property
    def derivation(self) -> Derivation:
        assert self.of is not None
        return self.of

    @property
    def parent(self) -> al.Expr | None:
        return self.parents[-1] if self.parents else None

    @property
    def is_term(self) -> bool:
        """Whether the part is a whole result, or a term of a sum."""
        return self.parent is None or self.parent.linear

    def fits(self, old: al.Expr, new: al.Expr) -> bool:
        return self.of is None or old.shape == new.shape

    def parts(self, node: al.Expr) -> Iterable[tuple[int, al.Expr]]:
        """The parts that are looked at, with their places."""
        return enumerate(al.children(node))


Change = Callable[[al.Expr, Around], Iterable[al.Expr]]
"""From a part, and where it stands, to what may stand there in its place."""


class SlipRow(NamedTuple):
    """What is written for a part, and which slip is undone by that."""

    change: Change
    undoes: Slip | None = None


def variants(
    derivation: Derivation,
    kinds: Iterable[str] = (),
    *,
    further: Mapping[str, SlipRow] | None = None,
    others: int = OTHERS,
    steps: Iterable[Step] | None = None,
) -> Iterator[Variant]:
    """All variants, step by step.

    Parameters
    ----------
    kinds : iterable of str
        These alone, where some are given.
    further : mapping of str to SlipRow
        Rows beyond those of `SLIPS`.
    others : int
        How many names, or functions, are put in the place of one.
    steps : iterable of Step
        In whose results a slip is made; all of them by default.
    """
    table = {**SLIPS, **(further or {})}
    wanted = tuple(kinds) or (*table, *STEP_SLIPS)
    for step in derivation.steps if steps is None else steps:
        for kind in wanted:
            for old, new, changed in _of_kind(kind, step, table, derivation, others):
                every = tuple(changed if s.number == step.number else s for s in derivation.steps)
                yield Variant(kind, step, old, new, replace(derivation, steps=every))


def _of_kind(
    kind: str, step: Step, table: Mapping[str, SlipRow], derivation: Derivation, others: int
) -> Iterator[tuple[al.Expr, al.Expr, Step]]:
    if kind in STEP_SLIPS:
        for changed in STEP_SLIPS[kind](step):
            yield step.result, changed.result, changed
        return
    seen = {step.result}
    around = Around(of=derivation, others=others)
    for old, new, result in edited(step.result, table[kind].change, around):
        if result not in seen:
            seen.add(result)
            yield old, new, replace(step, members=(*step.members[:-1], result))


Where = TypeVar("Where", bound=Around)
Put = Callable[[al.Expr], al.Expr]


def edited(
    whole: al.Expr, change: Change, around: Around = Around()
) -> Iterator[tuple[al.Expr, al.Expr, al.Expr]]:
    """Every edit of a part: the part, what stands in its place, and the whole as it then reads."""
    for part, inside, put in places(whole, around):
        for new in change(part, inside):
            if new != part:
                yield part, new, put(new)


def places(
    node: al.Expr, around: Where, put: Put = lambda new: new
) -> Iterator[tuple[al.Expr, Where, Put]]:
    """Every part: where it stands, and how the whole reads with another part there."""
    yield node, around, put
    inside = replace(around, parents=(*around.parents, node))
    for place, child in around.parts(node):
        yield from places(child, inside, partial(_put, node, place, put))


def _put(node: al.Expr, place: int, put: Put, new: al.Expr) -> al.Expr:
    return put(al.with_child(node, place, new))


# --- signs, terms, factors -----------------------------------------------------------------


def _sign(node: al.Expr, around: Around) -> Iterator[al.Expr]:
    if isinstance(node, al.Neg):
        yield node.operand
    elif around.is_term and not isinstance(around.parent, al.Neg) and not forms.is_zero(node):
        yield al.Neg(node)


def _missing_term(node: al.Expr, around: Around) -> Iterator[al.Expr]:
    if isinstance(node, al.Add):
        for k in range(len(node.terms)):
            rest = (*node.terms[:k], *node.terms[k + 1 :])
            left = rest[0] if len(rest) == 1 else al.Add(rest)
            # A number stands for a vector where entries are multiplied, and nowhere else.
            if around.fits(node, left) or (around.parent and around.parent.pointwise):
                yield left


def _missing_factor(node: al.Expr, around: Around) -> Iterator[al.Expr]:
    match node:
        case al.Mul(factors=factors):
            for k in range(len(factors)):
                rest = (*factors[:k], *factors[k + 1 :])
                yield from _fitting(around, node, rest[0] if len(rest) == 1 else al.Mul(rest))
        case al.Product(left=left, right=right):
            yield from _fitting(around, node, left, right)
        case al.Div(numerator=above):
            yield from _fitting(around, node, above)


def _fitting(around: Around, node: al.Expr, *others: al.Expr) -> Iterator[al.Expr]:
    return (other for other in others if around.fits(node, other))


def _surplus(factor: al.Expr) -> Change:
    def slip(node: al.Expr, around: Around) -> Iterator[al.Expr]:
        if around.is_term and not isinstance(node, al.Neg | al.Add) and not forms.is_zero(node):
            yield al.Mul((factor, node))

    return slip


def _exponent(node: al.Expr, around: Around) -> Iterator[al.Expr]:
    match node:
        case al.Pow(base=base, exponent=al.Number(value=value)):
            yield base
            yield replace(node, exponent=al.Number(value + 1))
        case al.MatrixPower(exponent=exponent):
            yield from (replace(node, exponent=exponent + k) for k in (1, -1))


# --- matrices --------------------------------------------------------------------------------


def _missing_transpose(node: al.Expr, around: Around) -> Iterator[al.Expr]:
    if isinstance(node, al.Transpose):
        yield node.operand


def _surplus_transpose(node: al.Expr, around: Around) -> Iterator[al.Expr]:
    named = isinstance(node, al.Param | al.Ref | al.Cotangent | al.Derivative)
    if named and len(node.shape) == 2 and not isinstance(around.parent, al.Transpose):
        yield al.Transpose(node)


def _reversed(node: al.Expr, around: Around) -> Iterator[al.Expr]:
    match node:
        case al.Outer(left=left, right=right):
            yield al.Outer(right, left)
        case al.Product(left=left, right=al.Product(left=inner, right=right)):
            yield al.Product(inner, al.Product(left, right))
        case al.Product(left=al.Product(left=left, right=inner)) if around.of is None:
            yield al.Product(al.Product(left, node.right), inner)
        case al.Product(left=left, right=right) if around.of is None or len(right.shape) == 2:
            yield al.Product(right, left)
        case al.OrderedProduct():
            yield replace(node, first=node.last, last=node.first, step=-node.step)
        case al.Kronecker(left=left, right=right):
            yield al.Kronecker(right, left)


def _other_block(node: al.Expr, around: Around) -> Iterator[al.Expr]:
    match node:
        case al.Slice(blocks=blocks, number=number) | al.BlockRow(blocks=blocks, number=number):
            yield from (replace(node, number=k) for k in range(len(blocks)) if k != number)
            if isinstance(node, al.Slice):
                # As many entries, counted from the end or from the beginning: `[-n:]`, `[:n]`.
                rest = (*blocks[:number], *blocks[number + 1 :])
                yield replace(node, blocks=(*rest, blocks[number]), number=len(rest))
                yield replace(node, blocks=(blocks[number], *rest), number=0)
        case al.Cases(on=on, off=off):
            yield replace(node, on=off, off=on)


# --- steps in time ---------------------------------------------------------------------------


def _shift(node: al.Expr, around: Around) -> Iterator[al.Expr]:
    yield from (_later(node, steps) for steps in (1, -1))
    if isinstance(node, al.Ref) and node.index.names() and node.index.offset < -1:
        yield _later(node, -node.index.offset)
    if isinstance(node, al.Derivative):
        yield from (replace(node, wrt=_later(node.wrt, steps)) for steps in (1, -1))


def _later(node: al.Expr, steps: int) -> al.Expr:
    """What is said of a step, said of one that is so many later."""
    match node:
        case al.Ref(index=index) | al.Cotangent(index=al.Index() as index):
            return replace(node, index=index + steps)
        case al.Derivative(output=output, wrt=wrt):
            return replace(node, output=_later(output, steps), wrt=_later(wrt, steps))
        case al.Direct(of=of):
            return replace(node, of=_later(of, steps))
    return node


def _limit(node: al.Expr, around: Around) -> Iterator[al.Expr]:
    if isinstance(node, al.TimeSum | al.OrderedProduct | al.PartSum):
        yield from (replace(node, first=node.first + steps) for steps in (1, -1))
        yield from (replace(node, last=node.last + steps) for steps in (1, -1))


def _lost_sum(node: al.Expr, around: Around) -> Iterator[al.Expr]:
    if isinstance(node, al.TimeSum):
        yield al.substitute_index(node.term, {node.index: node.last})
        yield al.substitute_index(node.term, {node.index: node.first})


def _held(node: al.Expr, around: Around) -> Iterator[al.Expr]:
    held: tuple[al.Held, ...] = ("equation", "step", "nothing")
    if isinstance(node, al.Derivative | al.Pullback):
        yield from (replace(node, held=other) for other in held if other != node.held)


# --- names and functions -----------------------------------------------------------------------


def _name(node: al.Expr, around: Around) -> Iterator[al.Expr]:
    if not isinstance(node, al.Ref | al.Param | al.Cotangent) or isinstance(
        around.parent, al.OneHot | al.Lookup
    ):
        return
    model = around.derivation.normal
    timeless = isinstance(node, al.Param) or node.index is None
    items: tuple[al.Parameter | al.Derived | al.Input | al.Equation, ...]
    items = (*model.parameters, *model.derived) if timeless else (*model.equations, *model.inputs)
    others = (
        replace(node, name=item.name)
        for item in items
        if item.shape == node.shape and item.name not in (node.name, "loss", *model.integers)
    )
    yield from islice(others, around.others)


def _function(node: al.Expr, around: Around) -> Iterator[al.Expr]:
    match node:
        case al.Call(function=name, args=args) if name in FUNCTIONS:
            alike = (n for n, row in FUNCTIONS.items() if len(row.derivatives) == len(args))
            yield from (
                replace(node, function=other)
                for other in islice((n for n in alike if n != name), around.others)
            )
        case al.Vector(function="sum"):
            yield replace(node, function="mean")
        case al.Vector(function="mean"):
            yield replace(node, function="sum")


SLOPES = ("tanh", "sigmoid", "relu", "exp")
"""The functions whose slopes are mixed up with each other."""


def _slope(node: al.Expr, around: Around) -> Iterator[al.Expr]:
    """The slope of another function, in the value that the equation defines."""
    factors = node.factors if isinstance(node, al.Mul) else (node,)
    for equation in around.derivation.normal.equations:
        rhs = equation.rhs
        if not (isinstance(rhs, al.Call) and rhs.function in SLOPES and len(operands(rhs)) == 1):
            continue
        own = _factors(_slope_of(rhs, equation))
        for k in range(len(factors) - len(own) + 1):
            if factors[k : k + len(own)] == own:
                for other in SLOPES:
                    if other != rhs.function:
                        put = _factors(_slope_of(replace(rhs, function=other), equation))
                        yield forms.mul((*factors[:k], *put, *factors[k + len(own) :]))


def _slope_of(call: al.Call, equation: al.Equation) -> al.Expr:
    return slope_by(call, operands(call)[0], equation.ref)


def _factors(expr: al.Expr) -> tuple[al.Expr, ...]:
    return expr.factors if isinstance(expr, al.Mul) else (expr,)


SLIPS: dict[str, SlipRow] = {
    "a wrong sign": SlipRow(_sign, Slip.SIGN),
    "a missing term": SlipRow(_missing_term, Slip.TERM),
    "a missing factor": SlipRow(_missing_factor, Slip.FACTOR),
    "a factor 1/T too many": SlipRow(_surplus(al.MEAN_FACTOR)),
    "a factor 2 too many": SlipRow(_surplus(al.Number(Fraction(2)))),
    "a factor near 1": SlipRow(_surplus(NEAR_ONE)),
    "a wrong exponent": SlipRow(_exponent, Slip.EXPONENT),
    "a missing transpose": SlipRow(_missing_transpose, Slip.NO_TRANSPOSE),
    "a transpose too many": SlipRow(_surplus_transpose),
    "a reversed product": SlipRow(_reversed, Slip.REVERSED),
    "another block": SlipRow(_other_block),
    "a shifted index": SlipRow(_shift),
    "a sum with another limit": SlipRow(_limit, Slip.SHIFT),
    "a lost sum over the steps": SlipRow(_lost_sum),
    "another derivative": SlipRow(_held),
    "another name": SlipRow(_name),
    "another function": SlipRow(_function),
    "the slope of another function": SlipRow(_slope),
}
"""One row a slip in a result."""


# --- whole steps -------------------------------------------------------------------------------


def _lost_step(step: Step) -> Iterator[Step]:
    if not forms.is_zero(step.result):
        yield replace(step, members=tuple(forms.zero(step.shape) for _ in step.members))


def _range(step: Step) -> Iterator[Step]:
    """A general step that is said of a step too many, or too few."""
    if step.holds is not None and step.holds.of == al.NOW:
        for steps in (1, -1):
            yield replace(step, holds=replace(step.holds, last=step.holds.last + steps))
        yield replace(step, holds=replace(step.holds, first=step.holds.first + 1))


STEP_SLIPS: dict[str, Callable[[Step], Iterator[Step]]] = {
    "a lost step": _lost_step,
    "a range off by one": _range,
}
"""One row a slip about a whole step."""
