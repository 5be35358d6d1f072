"""A recurrence and its adjoint written out for a number of steps.

Nothing is substituted into anything: each line gives one quantity at one step, and
reads only lines that stand above it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from fractions import Fraction

from symbptt import algebra as al
from symbptt.calculus import forms
from symbptt.calculus.derivation import Derivation, Step
from symbptt.calculus.order import derived_order, in_step_order
from symbptt.errors import FormulaError, UnknownNameError

TOTAL_LOSS = al.Param("L", ())

_STEP = r"(?:\[\s*(t|T|-?\d+)\s*\])?"
_QUANTITY = re.compile(rf"(\w+)\s*{_STEP}")
_OF_LOSS = re.compile(rf"d\(\s*L\s*,\s*(\w+)\s*{_STEP}\s*\)")
_OF_QUANTITY = re.compile(r"d\(\s*(\w+)\s*\[\s*t\s*\]\s*,\s*(\w+)\s*\)")


@dataclass(frozen=True)
class ExplicitLine:
    """``left = right``; ``right`` is None where the caller gives the value."""

    left: al.Expr
    right: al.Expr | None
    comment: str = ""

    @property
    def of_total(self) -> bool:
        """Whether it is said of L, and so of one number of steps alone."""
        return isinstance(self.left, al.Cotangent | al.Param)


@dataclass(frozen=True)
class Query:
    """What is to be unrolled.

    Attributes
    ----------
    name : str
        The quantity; of a derivative, what it is taken by.
    step : str or None
        ``t`` for every step, ``T`` or a number for one, None where none is written.
    of : str
        What a derivative is one of: ``L``, or a quantity for ``d(of[t], name)``; else "".
    """

    name: str
    step: str | None = None
    of: str = ""

    @classmethod
    def read(cls, text: str) -> Query:
        """Read ``h``, ``h[3]``, ``d(L, h[t])``, ``d(L, W)`` or ``d(h[t], W)``.

        Raises
        ------
        FormulaError
            For anything else.
        """
        if found := _QUANTITY.fullmatch(text.strip()):
            return cls(found[1], found[2])
        if found := _OF_LOSS.fullmatch(text.strip()):
            return cls(found[1], found[2], "L")
        if found := _OF_QUANTITY.fullmatch(text.strip()):
            return cls(found[2], of=found[1])
        raise FormulaError(
            f"{text!r} can't be unrolled; expected a quantity (h, h[3]), a derivative of the "
            "total loss (d(L, h[t]), d(L, W)) or of a quantity (d(h[t], W))"
        )

    @property
    def recurs(self) -> bool:
        """Whether it asks for all steps, so that there may be a recurrence to fold."""
        if self.of == "L":
            return self.step == "t"
        return self.step in (None, "t")

    def steps(self, horizon: int) -> tuple[int, ...] | None:
        """The steps asked for; None for all of them."""
        if self.step in (None, "t"):
            return None
        return (horizon if self.step == "T" else int(str(self.step)),)


# --- the forward equations -------------------------------------------------------------


def unroll(model: al.Model, horizon: int, query: Query | None = None) -> tuple[ExplicitLine, ...]:
    """The equations of steps 1 to ``horizon``, initial values first.

    Parameters
    ----------
    query : Query, optional
        The quantity to show; by default all, the derived parameters and L.

    Raises
    ------
    UnknownNameError
        If the model defines no such quantity at that step.
    """
    lines = _forward(model, horizon)
    if query is None:
        return lines
    wanted = query.steps(horizon)
    chosen = tuple(
        line
        for line in lines
        if isinstance(line.left, al.Ref)
        and line.left.name == query.name
        and (wanted is None or line.left.index.offset in wanted)
    )
    if not chosen:
        at = "" if wanted is None else f" at step {wanted[0]}"
        raise UnknownNameError(
            f"{model.name} defines no {query.name!r}{at}; it defines "
            + ", ".join(equation.name for equation in model.equations)
        )
    return chosen


def _forward(model: al.Model, horizon: int) -> tuple[ExplicitLine, ...]:
    lines = [ExplicitLine(d.ref, d.rhs, d.comment) for d in derived_order(model)]
    for initial in model.initials:
        lines.append(ExplicitLine(initial.ref, initial.value))
    ordered = in_step_order(model)
    for t in range(1, horizon + 1):
        lines += [_at_step(e, t, horizon) for e in ordered if not e.last]
    lines += [_at_step(e, horizon, horizon) for e in ordered if e.last]
    if model.loss is not None:
        lines.append(_total(model, horizon))
    return tuple(lines)


def _at_step(equation: al.Equation, t: int, horizon: int) -> ExplicitLine:
    left = al.Ref(equation.name, al.Index(offset=t), equation.shape)
    return ExplicitLine(left, explicit(equation.rhs, t, horizon), equation.comment)


def _total(model: al.Model, horizon: int) -> ExplicitLine:
    steps = model.equation("loss").steps(horizon)
    losses = forms.add(al.Ref("loss", al.Index(offset=t), ()) for t in steps)
    count = 1 / model.total.weight(len(steps))
    return ExplicitLine(TOTAL_LOSS, forms.div(losses, al.Number(count)), "total loss")


def explicit(expr: al.Expr, t: int, horizon: int) -> al.Expr:
    """The expression with numbers for t and T, and its sums over time written out."""
    at_step = al.substitute_index(expr, {"t": al.Index(offset=t)})
    return al.transform(at_step, lambda node: _for_horizon(node, horizon))


def _for_horizon(node: al.Expr, horizon: int) -> al.Expr:
    match node:
        case al.Horizon():
            return al.Number(Fraction(horizon))
        case al.Div(numerator=numerator, denominator=denominator):
            return forms.div(numerator, denominator)
        case al.Ref() | al.Cotangent() if node.index is not None:
            return al.substitute_index(node, {"T": al.Index(offset=horizon)})
    return node


# --- the adjoint -----------------------------------------------------------------------


def unroll_derivative(
    derivation: Derivation, horizon: int, query: Query
) -> tuple[ExplicitLine, ...]:
    """dL/d(variable) at the steps asked for, after all derivatives that it needs.

    Raises
    ------
    UnknownNameError
        If there is no such variable at that step.
    FormulaError
        If the derivation states the step only for a larger number of steps.
    """
    wanted = _targets(derivation, horizon, query)
    found: dict[tuple[str, int | None], tuple[Step, ExplicitLine]] = {}
    pending = list(wanted)
    while pending:
        key = pending.pop()
        if key not in found:
            step = _step_for(derivation, horizon, *key)
            line = _adjoint_line(step, key[1], horizon)
            found[key] = (step, line)
            pending += _needed(line.right)
    ordered = sorted(found.items(), key=lambda item: _place(item[0][1], item[1][0]))
    return tuple(line for _, (_, line) in ordered)


def _place(t: int | None, step: Step) -> tuple[bool, int, int]:
    """Later steps first, in the derivation's order; what has no time comes last."""
    return (t is None, -(t or 0), step.number)


def _targets(derivation: Derivation, horizon: int, query: Query) -> list[tuple[str, int | None]]:
    timeless = {p.name for p in derivation.normal.parameters} | {
        d.name for d in derivation.normal.derived
    }
    if query.name in derivation.normal.held:
        raise FormulaError(f"{query.name} is held: no gradient is derived for it")
    if query.name in timeless:
        if query.step is not None:
            raise FormulaError(f"{query.name} is a parameter: it has no step {query.step}")
        return [(query.name, None)]
    if query.step is None:
        raise FormulaError(f"d(L, {query.name}) says no step; write d(L, {query.name}[t])")
    steps = query.steps(horizon)
    return [(query.name, t) for t in steps or range(1, horizon + 1)]


def _step_for(derivation: Derivation, horizon: int, name: str, t: int | None) -> Step:
    """The step that states dL/d(name at t) when T is ``horizon``."""
    for step in derivation.steps:
        if step.target.name == name and t in step.occasions(horizon):
            return step
    at = "" if t is None else f" at step {t}"
    raise UnknownNameError(f"there is no derivative with respect to {name!r}{at}")


def _adjoint_line(step: Step, t: int | None, horizon: int) -> ExplicitLine:
    if t is None:
        left: al.Expr = step.target
        right = forms.add(_summands(step.result, horizon), step.shape)
    else:
        left = al.Cotangent(step.target.name, al.Index(offset=t), step.shape)
        right = explicit(step.result, t, horizon)
    return ExplicitLine(left, right, f"({step.number})")


def _summands(expr: al.Expr, horizon: int) -> Iterable[al.Expr]:
    """The terms of a sum, with each sum over time written out."""
    for term in al.terms_of(expr):
        match term:
            case al.TimeSum():
                yield from _over_time(term, horizon)
            case al.Neg(operand=al.TimeSum() as inner):
                yield from map(forms.neg, _over_time(inner, horizon))
            case _:
                yield explicit(term, 0, horizon)


def _over_time(expr: al.TimeSum, horizon: int) -> Iterable[al.Expr]:
    first, last = (index.at({"T": horizon}) for index in (expr.first, expr.last))
    return (explicit(expr.term, t, horizon) for t in range(first, last + 1))


def _needed(expr: al.Expr | None) -> list[tuple[str, int | None]]:
    if expr is None:
        return []
    cotangents = [node for node in al.walk(expr) if isinstance(node, al.Cotangent)]
    return [(c.name, None if c.index is None else c.index.offset) for c in cotangents]
