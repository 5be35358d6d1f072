"""Derivations made of others: the steps that some gradients need, gradients put in."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

from symbptt import algebra as al
from symbptt.calculus.derivation import EVERY, Derivation, Step, StepNumber
from symbptt.errors import UnknownNameError

Key = tuple[object, ...]


def selected(derivation: Derivation, names: Iterable[str]) -> Derivation:
    """The derivation with the gradients by these names and the steps that they need.

    Parameters
    ----------
    names : iterable of str
        Of parameters, derived parameters or initial values (``h[0]``).

    Raises
    ------
    UnknownNameError
        If there is no such gradient; the message names those that there are.
    """
    wanted = tuple(dict.fromkeys(names))
    results = {_result(s): s for s in derivation.of_kind("gradient", "initial") if _result(s)}
    for name in wanted:
        if name not in results:
            raise UnknownNameError(
                f"{derivation.model.name} has no gradient by {name!r}; it has those by "
                f"{', '.join(map(str, results))}"
            )
    given: dict[Key, list[Step]] = {}
    for step in derivation.steps:
        if step.kind != "joined":
            given.setdefault(_key(step.target), []).append(step)
    pending = [step for step in derivation.steps if _result(step) in wanted]
    pending += [s for s in derivation.of_kind("joined") if set(wanted) & _joins(s)]
    kept: set[int] = set()
    while pending:
        step = pending.pop()
        if step.number not in kept:
            kept.add(step.number)
            pending += [s for member in step.members for s in _givers(member, given)]
    steps = [step for step in derivation.steps if step.number in kept]
    return replace(derivation, steps=renumbered(steps), only=wanted)


def renumbered(steps: Iterable[Step]) -> tuple[Step, ...]:
    """The steps numbered from 1, with the numbers in their reasons."""
    steps = tuple(steps)
    new = {step.number: number for number, step in enumerate(steps, start=1)}
    return tuple(
        replace(
            step,
            number=new[step.number],
            reason=tuple(
                StepNumber(new[part.number]) if isinstance(part, StepNumber) else part
                for part in step.reason
            ),
        )
        for step in steps
    )


def _result(step: Step) -> str | None:
    """The name by which a step's gradient is asked for."""
    target = step.target
    if not isinstance(target, al.Cotangent) or step.kind not in ("gradient", "initial"):
        return None
    return target.name if target.index is None else f"{target.name}[{target.index}]"


def _joins(step: Step) -> set[str]:
    """The matrices of which a step says what they are side by side."""
    shown = (node for expr in (step.target, *step.members) for node in al.walk(expr))
    return {n.name for n in shown if isinstance(n, al.Param | al.Cotangent) and len(n.shape) == 2}


def _givers(member: al.Expr, given: dict[Key, list[Step]]) -> Iterator[Step]:
    for node in al.walk(member):
        if isinstance(node, al.Pullback) and node.held != "equation":
            node = al.Derivative(node.output, node.wrt, node.held)
        if isinstance(node, al.Cotangent | al.Direct | al.Derivative):
            yield from given.get(_key(node), ())


def _key(node: al.Expr) -> Key:
    """What steps that give a derivative have in common, at whichever steps it is."""
    match node:
        case al.Cotangent(name=name, index=index):
            return "L", name, None if index is None else _is_past(index)
        case al.Direct():
            return "direct", node.name, _is_past(node.index)
        case al.Derivative(wrt=wrt, held=held):
            return held, node.name, _by(wrt, node.index, held)
    raise TypeError(f"{type(node).__name__} is no derivative")


def _is_past(index: al.Index) -> bool:
    return not index.terms and index.offset <= 0


def _by(wrt: al.Expr, index: al.Index, held: str) -> Key:
    if isinstance(wrt, al.Param):
        return (wrt.name,)
    assert isinstance(wrt, al.Ref | al.Stack)
    return wrt.name, wrt.index if held == "nothing" else index - wrt.index


# --- gradients put in ---------------------------------------------------------------


def without_auxiliaries(derivation: Derivation) -> tuple[Step, ...]:
    """The steps that change when gradients of auxiliary quantities are put in where they are read.

    The normal form names what stands inside a function, and the reverse walk gives each name a
    gradient of its own. A textbook that has no such names writes the gradient of the next
    quantity in its place: dL/da = (1 - h^2) ⊙ dL/dh put into W.T dL/da. So it is with what the
    author named but whose gradient only parameters receive, such as the row of a table.

    Each keeps its number; its two members are the step's own result and the same with the
    gradients put in. What is put in has no step of its own here; a gradient that is not
    the same at all steps can't be put in.
    """
    return tuple(_steps(derivation))


def _steps(derivation: Derivation) -> Iterator[Step]:
    given = _given(derivation)
    for step in derivation.steps:
        if step.kind in ("adjoint", "boundary") and step.target.name in given:
            continue
        result = _put_in(step.result, given)
        if result != step.result:
            yield replace(step, members=(step.result, result))


def _given(derivation: Derivation) -> dict[str, Step]:
    """The steps to put in: those that hold for every step in time."""
    auxiliary = {e.name for e in derivation.normal.equations if e.auxiliary}
    passed_on = {
        node.name
        for step in derivation.steps
        for node in al.walk(step.result)
        if isinstance(node, al.Cotangent) and step.kind != "gradient"
    }
    return {
        step.target.name: step
        for step in derivation.of_kind("adjoint")
        if isinstance(step.target, al.Cotangent)
        and (step.target.name in auxiliary or step.target.name not in passed_on)
        and step.holds in (None, EVERY)
    }


def _put_in(expr: al.Expr, given: dict[str, Step]) -> al.Expr:
    if isinstance(expr, al.Cotangent) and expr.name in given and expr.index is not None:
        step = given[expr.name]
        moved = al.substitute_index(step.result, {"t": expr.index})
        return _put_in(moved if step.holds else step.result, given)
    return al.map_children(expr, lambda child: _put_in(child, given))
