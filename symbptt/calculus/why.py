"""Why each member of a step's chain equals the one before it: which equation, which rule.

Told from the members themselves: what is differentiated in one and no longer in the next,
and what name stands where a formula stood.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

from symbptt import algebra as al
from symbptt.calculus.derivation import EquationName, Reason, ReasonPart, Step, listed

Definitions = dict[str, al.Equation | al.Derived]

# What a derivative is called by what it is taken of.
_RULES: dict[type[al.Expr], str] = {
    al.Product: "a matrix product",
    al.Loss: "the derivative of the loss",
    al.Vector: "a function of the whole vector",
    al.Lookup: "the row that is read",
    al.Concat: "parts set end to end",
    al.Transpose: "a transpose",
}
_CHAIN_RULE = "chain rule"
_OVER_TIME = "chain rule, summed over all steps that read it"


def line_reasons(step: Step, model: al.Model) -> tuple[Reason, ...]:
    """A reason for each member; one member alone has none but the step's own.

    Parameters
    ----------
    model : Model
        The normal form, whose equations the reasons name.
    """
    if len(step.members) == 1:
        return ((),)
    definitions: Definitions = {item.name: item for item in model.definitions}
    return (
        _first(step.members[0]),
        *(_between(*pair, definitions) for pair in pairwise(step.members)),
    )


def _first(member: al.Expr) -> Reason:
    if not _differentiated(member):
        return ("by its definition",)
    return (_OVER_TIME if isinstance(member, al.TimeSum) else _CHAIN_RULE,)


def _between(before: al.Expr, after: al.Expr, definitions: Definitions) -> Reason:
    held = _differentiated(before)
    gone = [pair for pair in held if pair not in _differentiated(after)]
    if gone:
        return _worked_out(gone, definitions)
    named = [name for name in _names(after) if name not in _names(before) and name in definitions]
    if named:
        return ("written with ", *listed([(EquationName(name),) for name in named]))
    if _has(before, al.Cases):
        same = _has(after, al.Cases)
        return ("worked out in each case" if same else "both cases in one formula",)
    if _has(after, al.BlockMatrix) or _has(after, al.Concat):
        return ("set side by side",)
    return ("simplified",)


def _worked_out(gone: list[tuple[al.Expr, al.Expr, str]], definitions: Definitions) -> Reason:
    """By which equations, those of one rule together."""
    by_rule: dict[str, dict[str, None]] = {}
    for output, operand, held in gone:
        name = getattr(output, "name", "")
        if held == "equation" and name in definitions:
            by_rule.setdefault(_rule(definitions[name].rhs, operand), {})[name] = None
        else:
            by_rule.setdefault("the derivatives within a step put in", {})
    sentences: list[tuple[ReasonPart, ...]] = []
    for rule, names in by_rule.items():
        cited = listed([(EquationName(name),) for name in names])
        sentences.append((*cited, ": ", rule) if names else (rule,))
    first, *rest = sentences
    return (*first, *(part for sentence in rest for part in ("; ", *sentence)))


def _rule(rhs: al.Expr, operand: al.Expr) -> str:
    """What is done with the operand in the terms that hold it."""
    name = getattr(operand, "name", "")
    terms = rhs.terms if isinstance(rhs, al.Add) else (rhs,)
    for term in (t for t in terms if name in _names(t)):
        inner = term.operand if isinstance(term, al.Neg) else term
        if getattr(inner, "name", "") == name:
            return "a term by itself"
        return _RULES.get(type(inner), "entry by entry")
    return "entry by entry"


def _differentiated(member: al.Expr) -> list[tuple[al.Expr, al.Expr, str]]:
    """What is differentiated, by what, with what held."""
    return [
        (node.output, node.wrt, node.held)
        for node in al.walk(member)
        if isinstance(node, al.Pullback | al.Derivative)
    ]


def _names(expr: al.Expr) -> dict[str, None]:
    return dict.fromkeys(_named(expr))


def _named(expr: al.Expr) -> Iterator[str]:
    for node in al.walk(expr):
        if isinstance(node, al.Ref | al.Param):
            yield node.name


def _has(expr: al.Expr, kind: type[al.Expr]) -> bool:
    return any(isinstance(node, kind) for node in al.walk(expr))
