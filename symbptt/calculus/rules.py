"""The adjoint rules: one row a node kind.

A rule takes a term of an equation in normal form and the cotangent of the equation's
left-hand side, and says what each operand receives: a chain of equal expressions, from
the derivative as it is worked out to its form in values that the forward pass has.

The rules for products are those of the matrix calculus in the layout in which a
gradient has its variable's shape: y = W v gives v̄ = W.T ȳ and W̄ = ȳ v.T
(Zhang et al., Dive into Deep Learning, 9.7.2).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from fractions import Fraction

from symbptt import algebra as al
from symbptt.calculus import forms
from symbptt.calculus.normal import names_of_loss
from symbptt.errors import MissingRuleError
from symbptt.functions.elementwise import FUNCTIONS, derivative
from symbptt.functions.losses import LOSSES, loss_formula
from symbptt.functions.vectors import stated, vector_function


@dataclass(frozen=True)
class Part:
    """What one operand of a term receives: ``chain`` is a chain of equal expressions."""

    operand: al.Expr
    chain: tuple[al.Expr, ...]


@dataclass(frozen=True)
class Context:
    """Where a term stands: the model, the step, and the name of the whole right side."""

    model: al.Model
    index: al.Index | None
    value: al.Expr | None


Rule = Callable[[al.Expr, al.Expr, Context], Iterator[Part]]


def parts(rhs: al.Expr, cotangent: al.Expr, context: Context) -> tuple[Part, ...]:
    """What every operand of a right-hand side receives, in the order of the terms.

    Raises
    ------
    MissingRuleError
        If a term's node kind has no row in `RULES`.
    """
    if not forms.is_zero(cotangent):
        return tuple(_parts(rhs, cotangent, context))
    return ()


def _parts(term: al.Expr, cotangent: al.Expr, context: Context) -> Iterator[Part]:
    if isinstance(term, al.Add):
        yield from _sum_of_terms(term, cotangent, replace(context, value=None))
        return
    if isinstance(term, al.Neg):
        for part in _parts(term.operand, cotangent, replace(context, value=None)):
            yield replace(part, chain=tuple(map(forms.neg, part.chain)))
        return
    if not term.shape:
        cotangent = forms.total(cotangent)
    rule = _pointwise if is_pointwise(term) else RULES.get(type(term))
    if rule is None:
        raise MissingRuleError(f"no adjoint rule for {type(term).__name__} in {term}")
    yield from rule(term, cotangent, context)


def _sum_of_terms(total: al.Add, cotangent: al.Expr, context: Context) -> Iterator[Part]:
    """Structured terms one by one; the pointwise ones together, so that what an operand
    receives from several of them has the cotangent once, as in (h_{t-1} - n_t) ⊙ h̄_t."""
    for term in in_groups(total):
        if isinstance(term, al.Add) and is_pointwise(term):
            inside = cotangent if term.shape else forms.total(cotangent)
            yield from _pointwise(term, inside, context)
        else:
            yield from _parts(term, cotangent, context)


def in_groups(total: al.Add) -> Iterator[al.Expr]:
    """The terms of a sum; the pointwise ones, where there are several, as one sum."""
    pointwise = tuple(term for term in total.terms if is_pointwise(term))
    together = al.Add(pointwise) if len(pointwise) > 1 else None
    for term in total.terms:
        if together is None or not is_pointwise(term):
            yield term
        elif term is pointwise[0]:
            yield together


def is_pointwise(term: al.Expr) -> bool:
    """Whether each entry depends on the same entry of what is read."""
    if isinstance(term, al.Neg):
        return is_pointwise(term.operand)
    if isinstance(term, al.Add):
        return all(map(is_pointwise, term.terms))
    return term.leaf or term.pointwise


def _single(operand: al.Expr, value: al.Expr) -> Iterator[Part]:
    if isinstance(operand, al.Param | al.Ref):
        yield Part(operand, (value,))


# --- products and other structured nodes -------------------------------------------------


def _product(term: al.Expr, cotangent: al.Expr, context: Context) -> Iterator[Part]:
    """Each side receives the other one, transposed; a diagonal what its entries scaled."""
    assert isinstance(term, al.Product)
    left, right = term.left, term.right
    match right:
        case al.Transpose(operand=inner):
            yield from _single(inner, al.Product(al.Transpose(cotangent), left))
        case al.Diag(vector=scales):
            yield from _single(scales, _row_sums(al.Transpose(forms.mul((cotangent, left)))))
        case _:
            yield from _single(right, al.Product(_turned(left), cotangent))
    match left:
        case al.Transpose(operand=inner):
            yield from _single(inner, _pair(right, cotangent))
        case al.Diag(vector=scales):
            scaled = forms.mul((cotangent, right))
            yield from _single(scales, _row_sums(scaled) if right.shape[1:] else scaled)
        case _:
            yield from _single(left, _pair(cotangent, right))


def _turned(matrix: al.Expr) -> al.Expr:
    """The transpose of a side of a product."""
    return matrix if isinstance(matrix, al.Diag) else al.transposed(matrix)


def _pair(left: al.Expr, right: al.Expr) -> al.Expr:
    """u v.T of two vectors, A B.T of two matrices."""
    if len(left.shape) == 1:
        return al.Outer(left, right)
    return al.Product(left, _turned(right))


def _row_sums(matrix: al.Expr) -> al.Expr:
    return al.Product(matrix, al.Ones(matrix.shape[1]))


def _outer(term: al.Expr, cotangent: al.Expr, context: Context) -> Iterator[Part]:
    assert isinstance(term, al.Outer)
    yield from _single(term.left, al.Product(cotangent, term.right))
    yield from _single(term.right, al.Product(al.Transpose(cotangent), term.left))


def _diag(term: al.Expr, cotangent: al.Expr, context: Context) -> Iterator[Part]:
    """The diagonal of what the matrix receives."""
    assert isinstance(term, al.Diag)
    on_diagonal = forms.mul((al.Identity(term.shape[0]), cotangent))
    yield from _single(term.vector, _row_sums(on_diagonal))


def _transpose(term: al.Expr, cotangent: al.Expr, context: Context) -> Iterator[Part]:
    assert isinstance(term, al.Transpose)
    yield from _single(term.operand, al.Transpose(cotangent))


def _lookup(term: al.Expr, cotangent: al.Expr, context: Context) -> Iterator[Part]:
    assert isinstance(term, al.Lookup)
    unit = al.OneHot(term.row, term.table.shape[0])
    yield from _single(term.table, al.Outer(unit, cotangent))


def _concat(term: al.Expr, cotangent: al.Expr, context: Context) -> Iterator[Part]:
    assert isinstance(term, al.Concat)
    blocks = tuple(part.shape[0] for part in term.parts)
    for number, part in enumerate(term.parts):
        yield from _single(part, al.Slice(cotangent, blocks, number))


def _vector(term: al.Expr, cotangent: al.Expr, context: Context) -> Iterator[Part]:
    """The adjoints of the function's row; equal ones of one operand count twice."""
    assert isinstance(term, al.Vector)
    row = vector_function(term.function)
    names = dict(zip(row.arguments, term.args, strict=True))
    names |= {"y": context.value or term, "dy": cotangent}
    received: dict[al.Expr, list[al.Expr]] = {}
    for operand, text in zip(term.args, row.adjoint, strict=True):
        received.setdefault(operand, []).append(stated(text, names, forms.tidy))
    for operand, values in received.items():
        value = values[0] if len(values) == 1 else _total(values)
        if operand.shape and not value.shape:
            value = forms.fill(value, operand.shape)
        yield from _single(operand, value)


def _total(values: list[al.Expr]) -> al.Expr:
    if all(value == values[0] for value in values):
        return forms.mul((al.Number(Fraction(len(values))), values[0]))
    return forms.add(values)


def _pick(term: al.Expr, cotangent: al.Expr, context: Context) -> Iterator[Part]:
    assert isinstance(term, al.Pick)
    unit = al.OneHot(term.position, term.vector.shape[0])
    yield from _single(term.vector, forms.mul((cotangent, unit)))


# --- losses ------------------------------------------------------------------------------


def _loss(term: al.Expr, cotangent: al.Expr, context: Context) -> Iterator[Part]:
    assert isinstance(term, al.Loss)
    for wrt, operand in enumerate((term.prediction, term.target)):
        if isinstance(operand, al.Param | al.Ref) and not _is_index(operand, term, context):
            chain = tuple(_scaled(cotangent, member) for member in loss_slopes(term, wrt, context))
            if chain:
                yield Part(operand, chain)


def _is_index(operand: al.Expr, term: al.Loss, context: Context) -> bool:
    if operand is not term.target or not isinstance(operand, al.Ref):
        return False
    return operand.name in context.model.integers


def loss_slopes(term: al.Loss, wrt: int, context: Context) -> tuple[al.Expr, ...]:
    """The gradient of a loss by an argument, as a chain; an abstract one as it is."""
    row = LOSSES.get(term.function)
    if row is None:
        return (replace(term, wrt=wrt),)
    names = names_of_loss(context.model, term, context.index)
    texts = row.gradients[wrt]
    return tuple(loss_formula(term, text, forms.tidy, **names) for text in texts)


def _scaled(cotangent: al.Expr, slope: al.Expr) -> al.Expr:
    """The cotangent of a scalar times a slope, in each case of its entries."""
    if isinstance(slope, al.Cases):
        on, off = (forms.mul((cotangent, case)) for case in (slope.on, slope.off))
        return replace(slope, on=on, off=off)
    return forms.mul((cotangent, slope))


# --- pointwise expressions -----------------------------------------------------------------


def _pointwise(term: al.Expr, cotangent: al.Expr, context: Context) -> Iterator[Part]:
    for operand in operands(term):
        plain = partial(term, operand, None)
        short = partial(term, operand, context.value)
        chain = tuple(forms.scaled(c, cotangent, operand.shape) for c in (plain, short))
        yield Part(operand, chain)


def operands(term: al.Expr) -> tuple[al.Expr, ...]:
    """The references of a pointwise expression, each once, in the author's order."""
    found: dict[al.Expr, None] = {}

    def visit(expr: al.Expr) -> None:
        if isinstance(expr, al.Param | al.Ref):
            found.setdefault(expr)
        for child in al.children(expr):
            visit(child)

    visit(term)
    return tuple(found)


def partial(expr: al.Expr, wrt: al.Expr, value: al.Expr | None = None) -> al.Expr:
    """The partial derivative of a pointwise expression, entry by entry.

    Parameters
    ----------
    value : Expr, optional
        What the forward pass calls ``expr``; a derivative such as 1 - tanh(a)^2 is then
        written 1 - value^2.

    Raises
    ------
    MissingRuleError
        If a node kind is neither pointwise nor a leaf.
    """
    if expr == wrt:
        return al.ONE
    return of_scalars(expr, lambda operand: partial(operand, wrt), value)


def of_scalars(
    expr: al.Expr, d: Callable[[al.Expr], al.Expr], value: al.Expr | None = None
) -> al.Expr:
    """The derivative by the rules of scalars, ``d`` being that of the operands.

    Raises
    ------
    MissingRuleError
        If a node kind is neither pointwise nor a leaf.
    """
    match expr:
        case al.Add(terms=terms):
            return forms.add(map(d, terms))
        case al.Neg(operand=operand):
            return forms.neg(d(operand))
        case al.Mul(factors=factors):
            return forms.add(
                forms.mul((*factors[:k], inner, *factors[k + 1 :]))
                for k, factor in enumerate(factors)
                if not forms.is_zero(inner := d(factor))
            )
        case al.Div(numerator=above, denominator=below):
            return forms.add(_quotient(above, below, d, value))
        case al.Pow(base=base, exponent=exponent):
            inner = d(base)
            if forms.is_zero(inner):
                return al.ZERO
            less = al.Number(forms.exact(exponent) - 1)
            return forms.mul((exponent, forms.power(base, less), inner))
        case al.Call(function=name, args=args, wrt=None):
            return forms.add(
                forms.mul((_slope(name, k, args, expr, value), inner))
                for k, arg in enumerate(args)
                if not forms.is_zero(inner := d(arg))
            )
    if expr.leaf:
        return al.ZERO
    raise MissingRuleError(f"no partial derivative of {type(expr).__name__} in {expr}")


def _quotient(
    above: al.Expr, below: al.Expr, d: Callable[[al.Expr], al.Expr], value: al.Expr | None
) -> Iterator[al.Expr]:
    upper, lower = d(above), d(below)
    if not forms.is_zero(upper):
        yield (
            forms.mul((upper, al.Div(al.ONE, below))) if upper != al.ONE else al.Div(al.ONE, below)
        )
    if not forms.is_zero(lower):
        quotient = value if value is not None else al.Div(above, below)
        yield forms.neg(forms.mul((al.Div(quotient, below), lower)))


def _slope(
    name: str, wrt: int, args: tuple[al.Expr, ...], call: al.Expr, value: al.Expr | None
) -> al.Expr:
    """The derivative of a function at its arguments; phi' where the function is abstract."""
    if name in FUNCTIONS:
        return derivative(name, wrt, args, call if value is None else value)
    return al.Call(name, args, wrt)


RULES: dict[type[al.Expr], Rule] = {
    al.Product: _product,
    al.Transpose: _transpose,
    al.Outer: _outer,
    al.Diag: _diag,
    al.Lookup: _lookup,
    al.Concat: _concat,
    al.Vector: _vector,
    al.Pick: _pick,
    al.Loss: _loss,
}
"""One row a structured node kind."""
