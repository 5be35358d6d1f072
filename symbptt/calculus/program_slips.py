"""Slips of whole statements: what programs have, beyond one part of a formula.

Rows as in `symbptt.calculus.variants.SLIPS`. A statement of a program does what several steps of
a derivation say, so an edit here may read another step's result.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from fractions import Fraction
from itertools import combinations

from symbptt import algebra as al
from symbptt.calculus import forms
from symbptt.calculus.derivation import Derivation
from symbptt.calculus.rules import operands, partial
from symbptt.calculus.slips import Slip
from symbptt.calculus.variants import SLIPS, Around, Change, SlipRow
from symbptt.functions.elementwise import FUNCTIONS

Factors = tuple[al.Expr, ...]


def _product(factors: Sequence[al.Expr]) -> al.Expr:
    return factors[0] if len(factors) == 1 else al.Mul(tuple(factors))


def _sum(terms: Sequence[al.Expr]) -> al.Expr:
    return terms[0] if len(terms) == 1 else al.Add(tuple(terms))


def _slopes(derivation: Derivation) -> Iterator[tuple[Factors, al.Equation, al.Expr]]:
    """The factors of each slope in the value that an equation defines, and its argument."""
    for equation in derivation.normal.equations:
        rhs = equation.rhs
        if isinstance(rhs, al.Call) and rhs.function in FUNCTIONS and len(operands(rhs)) == 1:
            (argument,) = operands(rhs)
            slope = partial(rhs, argument, equation.ref)
            factors = slope.factors if isinstance(slope, al.Mul) else (slope,)
            yield factors, equation, argument


def _with_slope(node: al.Expr, around: Around) -> Iterator[tuple[Factors, Factors, Factors]]:
    """What stands before a slope in a product, the slope, and what stands behind it."""
    if isinstance(node, al.Mul):
        for own, _, _ in _slopes(around.derivation):
            for k in range(len(node.factors) - len(own) + 1):
                if node.factors[k : k + len(own)] == own:
                    yield node.factors[:k], own, node.factors[k + len(own) :]


def _missing_factors(node: al.Expr, around: Around) -> Iterator[al.Expr]:
    """A cotangent alone, of all that it is multiplied with."""
    if isinstance(node, al.Mul) and len(node.factors) > 2:
        yield from (f for f in node.factors if isinstance(f, al.Cotangent))


def _slope_of_values(node: al.Expr, around: Around) -> Iterator[al.Expr]:
    """``v * (1 - v)`` for ``1 - v**2``, whatever v is."""
    match node:
        case al.Add(terms=(al.Number(value=one), al.Neg(operand=al.Pow(base=base)))) if one == 1:
            yield al.Mul((base, al.Add((al.ONE, al.Neg(base)))))


def _missing_slope(node: al.Expr, around: Around) -> Iterator[al.Expr]:
    for before, own, behind in _with_slope(node, around):
        # One factor alone is a missing factor.
        if len(own) > 1 and before + behind:
            yield _product(before + behind)


def _halved_slope(node: al.Expr, around: Around) -> Iterator[al.Expr]:
    """Of s(1 - s) the s or the 1 - s alone, and both times one of them."""
    for before, own, behind in _with_slope(node, around):
        if len(own) > 1:
            yield from (_product((*before, part, part, *behind)) for part in own)


def _doubled_slope(node: al.Expr, around: Around) -> Iterator[al.Expr]:
    for before, own, behind in _with_slope(node, around):
        yield _product((*before, *own, *own, *behind))


def _slope_of(other: Callable[[al.Equation, al.Expr], al.Expr]) -> Change:
    """The slope in the value, said of something else than the value."""

    def change(node: al.Expr, around: Around) -> Iterator[al.Expr]:
        for before, own, behind in _with_slope(node, around):
            for factors, equation, argument in _slopes(around.derivation):
                if factors == own:
                    places: dict[al.Expr, al.Expr] = {equation.ref: other(equation, argument)}
                    put = tuple(al.replaced(factor, places) for factor in own)
                    yield _product((*before, *put, *behind))

    return change


def _function_of(equation: al.Equation) -> str:
    assert isinstance(equation.rhs, al.Call)
    return equation.rhs.function


def _unapplied(node: al.Expr, around: Around) -> Iterator[al.Expr]:
    if isinstance(node, al.Call) and len(node.args) == 1 and (node.wrt is None or around.of):
        yield node.args[0]


def _twice(node: al.Expr, around: Around) -> Iterator[al.Expr]:
    if isinstance(node, al.Call) and len(node.args) == 1:
        yield al.Call(node.function, (node,), node.wrt)


def _of_value(node: al.Expr, around: Around) -> Iterator[al.Expr]:
    """A value for what it is a function of, or its function applied to it once more."""
    if isinstance(node, al.Ref) and not isinstance(around.parent, al.OneHot | al.Lookup | al.Pick):
        for equation in around.derivation.normal.equations:
            rhs = equation.rhs
            if equation.name == node.name and isinstance(rhs, al.Call) and len(rhs.args) == 1:
                yield al.Call(rhs.function, (node,))
                argument = rhs.args[0]
                yield al.substitute_index(argument, {"t": node.index})


def _without_complement(node: al.Expr, around: Around) -> Iterator[al.Expr]:
    match node:
        case al.Add(terms=(al.Number(value=one), al.Neg(operand=part))) if one == 1:
            yield part


def _complement(node: al.Expr, around: Around) -> Iterator[al.Expr]:
    if isinstance(node, al.Ref) and isinstance(around.parent, al.Mul):
        yield al.Add((al.ONE, al.Neg(node)))


def _lost_path(node: al.Expr, around: Around) -> Iterator[al.Expr]:
    """The terms from the next step, all of them together; or those of this step."""
    if isinstance(node, al.Add) and around.parent is None:
        later = [term for term in node.terms if _reads_later(term)]
        here = [term for term in node.terms if not _reads_later(term)]
        if len(later) > 1 and here:
            yield _sum(here)
        if len(here) > 1 and later:
            yield _sum(later)
        # What is set where it must be added to: all that was added before is lost.
        for count in range(1, len(node.terms) - 1):
            yield from map(_sum, combinations(node.terms, count))


def _not_emptied(node: al.Expr, around: Around) -> Iterator[al.Expr]:
    """What comes from the next step, added to what came before in place of put there."""
    if isinstance(node, al.Add) and around.parent is None:
        here = [term for term in node.terms if not _reads_later(term)]
        target = next((s.target for s in around.derivation.steps if s.result is node), None)
        if len(here) < len(node.terms) and isinstance(target, al.Cotangent):
            shift = {"t": al.NOW + 1}
            later = [al.Neg(al.substitute_index(term, shift)) for term in here]
            yield al.Add((*node.terms, al.substitute_index(target, shift), *later))


def _forward(node: al.Expr, around: Around) -> Iterator[al.Expr]:
    """The steps gone through from the first to the last: what was next was before."""
    if around.parent is None and _reads_later(node):
        yield _mirrored(node)


def _mirrored(node: al.Expr) -> al.Expr:
    if isinstance(node, al.Cotangent) and node.index is not None:
        return replace(node, index=al.NOW - (node.index.offset))
    return al.map_children(node, _mirrored)


def _reads_later(term: al.Expr) -> bool:
    return any(
        isinstance(node, al.Cotangent) and node.index is not None and node.index != al.NOW
        for node in al.walk(term)
    )


def _doubled_term(node: al.Expr, around: Around) -> Iterator[al.Expr]:
    if isinstance(node, al.Add):
        for k, term in enumerate(node.terms):
            if not forms.is_zero(term):
                twice = al.Mul((al.Number(Fraction(2)), term))
                yield al.Add((*node.terms[:k], twice, *node.terms[k + 1 :]))


def _quotient(node: al.Expr, around: Around) -> Iterator[al.Expr]:
    if isinstance(node, al.Mul):
        for k, factor in enumerate(node.factors):
            rest = node.factors[:k] + node.factors[k + 1 :]
            if not isinstance(factor, al.Cotangent) and not forms.is_number(factor):
                yield al.Div(_product(rest), factor)


def _result_of(node: al.Expr, derivation: Derivation) -> al.Expr | None:
    """What the derivation says of a cotangent at a general step."""
    if isinstance(node, al.Cotangent) and node.index is not None:
        for step in derivation.steps:
            if step.kind == "adjoint" and step.target.name == node.name:
                return al.substitute_index(step.result, {"t": node.index})
    return None


def _parentheses(node: al.Expr, around: Around) -> Iterator[al.Expr]:
    """A factor of a whole sum that multiplies one of its terms alone, or all but one."""
    if isinstance(node, al.Mul):
        for k, factor in enumerate(node.factors):
            adjoint = isinstance(factor, al.Cotangent)
            whole = _result_of(factor, around.derivation) if adjoint else factor
            if not isinstance(whole, al.Add) or len(whole.terms) < 2:
                continue
            before, behind = node.factors[:k], node.factors[k + 1 :]
            every = set(range(len(whole.terms)))
            later = {place for place in every if _reads_later(whole.terms[place])}
            singles = [{place} for place in every] if len(every) < 4 else []
            for group in [later, *singles]:
                for inside in (group, every - group):
                    if 0 < len(inside) < len(whole.terms):
                        yield al.Add(
                            tuple(
                                _product((*before, term, *behind)) if place in inside else term
                                for place, term in enumerate(whole.terms)
                            )
                        )


def _shifted_in_later_terms(node: al.Expr, around: Around) -> Iterator[al.Expr]:
    """A factor of a whole sum, at the next step where it multiplies what comes from there."""
    if isinstance(node, al.Mul):
        for k, factor in enumerate(node.factors):
            if not isinstance(factor, al.Cotangent):
                continue
            whole = _result_of(factor, around.derivation)
            others = (node.factors[:k], node.factors[k + 1 :])
            if isinstance(whole, al.Add) and 0 < sum(map(_reads_later, whole.terms)) < len(
                whole.terms
            ):
                terms = []
                for term in whole.terms:
                    at = {"t": al.NOW + _reads_later(term)}
                    before, behind = (
                        tuple(al.substitute_index(f, at) for f in side) for side in others
                    )
                    terms.append(_product((*before, term, *behind)))
                yield al.Add(tuple(terms))


def _moved_factor(node: al.Expr, around: Around) -> Iterator[al.Expr]:
    """``(W.T @ v) * s`` for ``W.T @ (v * s)``, the s at the step of v or at this one."""
    if isinstance(node, al.Product) and isinstance(node.right, al.Cotangent):
        inside = _result_of(node.right, around.derivation)
        if isinstance(inside, al.Mul):
            outer = [f for f in inside.factors if isinstance(f, al.Cotangent)]
            if len(outer) == 1 and outer[0].shape == node.right.shape:
                rest = tuple(f for f in inside.factors if f is not outer[0])
                whole = al.Product(node.left, outer[0])
                yield _product((*rest, whole))
                index = node.right.index
                if index is not None and index.names() == ("t",) and index != al.NOW:
                    earlier = {"t": al.NOW - index.offset}
                    yield _product((*(al.substitute_index(f, earlier) for f in rest), whole))


def _part_of_auxiliary(node: al.Expr, around: Around) -> Iterator[al.Expr]:
    """For a name that the derivation gave to a product the product without one of its factors."""
    if isinstance(node, al.Ref) and node.index is not None:
        for equation in around.derivation.normal.equations:
            rhs = equation.rhs
            if equation.name == node.name and equation.auxiliary and isinstance(rhs, al.Mul):
                for k in range(len(rhs.factors)):
                    rest = _product(rhs.factors[:k] + rhs.factors[k + 1 :])
                    if rest.shape == node.shape:
                        yield al.substitute_index(rest, {"t": node.index})


def _shift_in_auxiliary(node: al.Expr, around: Around) -> Iterator[al.Expr]:
    """For a name that the derivation gave what it names, one value of it at another step."""
    if isinstance(node, al.Ref) and not isinstance(around.parent, al.Call):
        for equation in around.derivation.normal.equations:
            if equation.name == node.name and equation.auxiliary:
                for old in _timed(equation.rhs):
                    for steps in (1, -1):
                        new = replace(old, index=old.index + steps)
                        rhs = al.replaced(equation.rhs, {old: new})
                        yield al.substitute_index(rhs, {"t": node.index})


def _timed(expr: al.Expr) -> list[al.Ref]:
    refs = (node for node in al.walk(expr) if isinstance(node, al.Ref) and node.index.names())
    return list(dict.fromkeys(refs))


def _power_outside(node: al.Expr, around: Around) -> Iterator[al.Expr]:
    """``(1 - h)**2`` for ``1 - h**2``."""
    if isinstance(node, al.Add):
        for k, term in enumerate(node.terms):
            power = term.operand if isinstance(term, al.Neg) else term
            if isinstance(power, al.Pow):
                base = al.Neg(power.base) if isinstance(term, al.Neg) else power.base
                whole = al.Add((*node.terms[:k], base, *node.terms[k + 1 :]))
                yield al.Pow(whole, power.exponent)


def _name_at_another_step(node: al.Expr, around: Around) -> Iterator[al.Expr]:
    """Another state, as the step before left it."""
    if isinstance(node, al.Ref) and not isinstance(around.parent, al.OneHot | al.Lookup):
        model = around.derivation.normal
        for name in model.states:
            equation = model.equation(name)
            if equation.shape == node.shape and name != node.name:
                yield al.Ref(name, node.index - 1, node.shape)


def _elementwise(node: al.Expr, around: Around) -> Iterator[al.Expr]:
    """The entries multiplied where a matrix product or an outer product stands."""
    if isinstance(node, al.Outer) and node.left.shape == node.right.shape:
        yield al.Fill(al.Vector("dot", (node.left, node.right)), node.shape)


PROGRAM_SLIPS: dict[str, SlipRow] = {
    "a missing slope": SlipRow(_missing_slope),
    "missing factors, all of a term": SlipRow(_missing_factors),
    "the slope of another function, of the same value": SlipRow(_slope_of_values),
    "a slope of equal factors": SlipRow(_halved_slope),
    "a slope twice": SlipRow(_doubled_slope),
    "a function left out in a slope": SlipRow(_slope_of(lambda _, argument: argument)),
    "a function applied twice in a slope": SlipRow(
        _slope_of(lambda equation, _: al.Call(_function_of(equation), (equation.ref,)))
    ),
    Slip.UNAPPLIED: SlipRow(_unapplied, Slip.APPLIED),
    Slip.TWICE: SlipRow(_twice),
    "a value for its argument, or a function of it": SlipRow(_of_value),
    Slip.COMPLEMENT: SlipRow(_without_complement, Slip.NO_COMPLEMENT),
    Slip.NO_COMPLEMENT: SlipRow(_complement),
    "a lost path": SlipRow(_lost_path),
    "a path that is added up, and never set anew": SlipRow(_not_emptied),
    "the steps in the order of the forward pass": SlipRow(_forward),
    "a doubled term": SlipRow(_doubled_term),
    "a quotient for a product": SlipRow(_quotient, Slip.DIVISION),
    "a factor of one term for one of the sum in parentheses": SlipRow(_parentheses),
    "a shifted index of a factor, in one term": SlipRow(_shifted_in_later_terms),
    "a factor outside of its parentheses": SlipRow(_moved_factor),
    "a missing factor of a named product": SlipRow(_part_of_auxiliary),
    "a shifted index in what a name stands for": SlipRow(_shift_in_auxiliary),
    "an exponent outside of the parentheses": SlipRow(_power_outside),
    "another name, at the step before": SlipRow(_name_at_another_step),
    "a product of entries for an outer product": SlipRow(_elementwise),
}
"""One row a slip."""

_FIRST = ("a wrong sign", "a missing factor")
LAST = ("another name", "another function", "a factor near 1")
"""What is said only where nothing else is: an edit that many others look like."""

KINDS = (
    *_FIRST,
    *(kind for kind in (*SLIPS, *PROGRAM_SLIPS) if kind not in _FIRST + LAST),
    *LAST,
)
"""In the order in which they are tried: of two that make the same the likelier first."""
