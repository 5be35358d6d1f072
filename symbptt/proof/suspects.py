"""Slips that a program may have: edits of its derivation, and what no formula says.

A suspect gives the gradients that a program with this one slip returns.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import partial
from itertools import combinations
from typing import Any

import numpy as np

from symbptt import algebra as al
from symbptt.calculus import forms
from symbptt.calculus.derivation import Derivation, Step
from symbptt.calculus.variants import Variant
from symbptt.proof.backward import BackwardPass, Kept, Passes
from symbptt.typeset.plain import plain

Gradient = Callable[[Passes, str], Any]
"""The gradient of a parameter, or an initial value, that a slip makes at a scene."""


@dataclass
class Suspect:
    """A slip that may have been made.

    Attributes
    ----------
    kind : str
        In words.
    edits : tuple of (Step, Expr, Expr, Step)
        Of the derivation: the step, what stands there and what stood, the step with the edit.
    """

    kind: str
    gradient: Gradient
    edits: tuple[tuple[Step, al.Expr, al.Expr, Step], ...] = ()

    @property
    def words(self) -> str:
        return "; ".join([self.kind, *(_told(*edit) for edit in self.edits)])

    def data(self) -> dict[str, Any]:
        return {
            "slip": self.kind,
            "steps": [step.number for step, _, _, _ in self.edits],
            "words": self.words,
        }


def _told(step: Step, old: al.Expr, new: al.Expr, changed: Step) -> str:
    target = plain(step.target)
    return (
        f"step ({step.number}), {target} = {plain(step.result)}: "
        f"these numbers are those of {target} = {plain(changed.result)}"
    )


def _edited(changed: Mapping[int, Step], **how: Any) -> Gradient:
    """The gradients of a derivation with other steps, read once a scene."""
    readings: dict[int, tuple[Passes, BackwardPass]] = {}

    def gradient(scene: Passes, name: str) -> Any:
        if id(scene) not in readings:
            readings[id(scene)] = (scene, scene.reading(changed, **how))
        return readings[id(scene)][1].gradient(name)

    return gradient


def of_step(variant: Variant) -> Suspect:
    changed = variant.changed
    edits = {variant.step.number: changed, **dict(_of_starts(variant))}
    told = ((variant.step, variant.old, variant.new, changed),)
    return Suspect(variant.kind, _edited(edits), told)


def but_at_the_last(lag: int, variant: Variant) -> Suspect:
    """What every step has is set anew by a later one, where it must be added to."""
    kind = f"{variant.kind}, at all steps but the last{f' {lag}' if lag > 1 else ''}"
    edits = {variant.step.number: variant.changed, **dict(_of_starts(variant))}
    told = ((variant.step, variant.old, variant.new, variant.changed),)
    return Suspect(kind, _edited(edits, last=lag), told)


def _of_starts(variant: Variant) -> Iterator[tuple[int, Step]]:
    """A program has one statement for all steps, that before the first included."""
    for other in variant.derivation.steps:
        if other.kind == "initial" and other.target.name == variant.step.target.name:
            start = {"t": other.target.index or al.NOW}
            old, new = (al.substitute_index(e, start) for e in (variant.old, variant.new))
            whole, left = ({*al.terms_of(side)} for side in (old, new))
            if left < whole and variant.old == variant.step.result:
                kept = [term for term in al.terms_of(other.result) if term not in whole - left]
                result = forms.add(kept, other.shape)
            else:
                result = al.replaced(other.result, {old: new})
            yield other.number, replace(other, members=(*other.members[:-1], result))


def _skeleton(node: al.Expr) -> tuple[Any, ...]:
    """An expression without its names."""
    own: tuple[Any, ...] = (type(node).__name__,)
    match node:
        case al.Ref(index=index) | al.Cotangent(index=index):
            own += (str(index),)
        case al.Number(value=value):
            own += (value,)
        case al.Call(function=function) | al.Vector(function=function):
            own += (function,)
    return (*own, *(_skeleton(child) for child in al.children(node)))


def in_parallel(found: Iterable[Variant]) -> Iterator[Suspect]:
    """The same edit in every step, and at every place of a step, where it can be made."""
    groups: dict[tuple[Any, ...], list[Variant]] = {}
    for variant in found:
        key = (variant.kind, variant.step.kind, _skeleton(variant.old), _skeleton(variant.new))
        groups.setdefault(key, []).append(variant)
    for (kind, *_), group in groups.items():
        if len(group) < 2:
            continue
        parts: dict[int, dict[al.Expr, al.Expr]] = {}
        for variant in group:
            parts.setdefault(variant.step.number, {}).setdefault(variant.old, variant.new)
        changed: dict[int, Step] = {}
        for variant in group:
            step = variant.changed
            if variant.step.number not in changed:
                # All at once: what is put in may hold what it is put in for.
                result = al.replaced(variant.step.result, parts[step.number])
                changed[step.number] = replace(step, members=(*step.members[:-1], result))
        firsts = {v.step.number: v for v in reversed(group)}
        edits = tuple(
            (v.step, v.old, v.new, changed[number]) for number, v in sorted(firsts.items())
        )
        yield Suspect(f"{kind}, {len(group)} times", _edited(changed), edits)


def left_out(steps: int) -> Iterator[Suspect]:
    """Ways of not going through all steps; said so that they hold for every length."""

    def without(kind: str, chosen: Callable[[int], Collection[int]]) -> Suspect:
        return Suspect(
            kind, lambda scene, name: scene.reading({}, chosen(scene.sequence.steps)).gradient(name)
        )

    if steps > 1:
        yield without("the last step is left out of the backward pass", lambda T: (T,))
        yield without("the first step is left out of the backward pass", lambda T: (1,))
        yield without("only the last step is gone through", lambda T: range(1, T))
    for kept in range(2, steps):
        kind = f"truncated: only the last {kept} steps are gone through"
        yield without(kind, partial(_before_last, kept))


KEPT: tuple[tuple[str, Callable[[int, int], int]], ...] = (
    ("the step before", lambda t, T: max(t - 1, 1)),
    ("the next step", lambda t, T: min(t + 1, T)),
    ("step T+1-t", lambda t, T: T + 1 - t),
)


def kept_of_another(derivation: Derivation) -> Iterator[Suspect]:
    """What the forward pass kept of one step, a cache, read at another one.

    By all steps, or by those of the recurrence alone, where the read-out has a pass of its own.
    """
    model = derivation.normal
    moved = set(model.states)
    size = -1
    while size != (size := len(moved)):
        for equation in model.equations:
            if equation.name in moved:
                moved |= {n.name for n in al.walk(equation.rhs) if isinstance(n, al.Ref)}
    every = [s for s in derivation.steps if s.kind != "seed"]
    inner = [s for s in every if _cotangents(s) <= moved]
    for words, at in KEPT:
        for steps in (inner, every):
            kept = Kept(at, frozenset(step.number for step in steps))
            kind = f"a shifted index: what was kept of {words} is read at step t"
            yield Suspect(kind, _edited({}, kept=kept))


def _cotangents(step: Step) -> set[str]:
    """Of which quantities a step reads the gradients, or gives one."""
    own = {step.target.name} if step.kind != "gradient" else set()
    return own | {n.name for n in al.walk(step.result) if isinstance(n, al.Cotangent) and n.index}


def ignored_start(derivation: Derivation) -> Iterator[Suspect]:
    """The initial values are taken for 0."""
    if not derivation.model.initials:
        return
    yield Suspect("the initial state is ignored: it is taken for 0", _without_start(derivation, ""))
    states = dict.fromkeys(initial.name for initial in derivation.model.initials)
    for name in states if len(states) > 1 else ():
        kind = f"the initial value of {name} is ignored: it is taken for 0"
        yield Suspect(kind, _without_start(derivation, name))


def _without_start(derivation: Derivation, state: str) -> Gradient:
    scenes: dict[int, Passes] = {}

    def gradient(scene: Passes, name: str) -> Any:
        if id(scene) not in scenes:
            given = {
                (of, step): np.zeros_like(value) if _is_start(step, of, state) else value
                for (of, step), value in scene.sequence.given.items()
            }
            scenes[id(scene)] = Passes(derivation, replace(scene.sequence, given=given))
        return scenes[id(scene)].true.gradient(name)

    return gradient


def _is_start(step: int | None, name: str, state: str) -> bool:
    return step is not None and step <= 0 and state in ("", name)


def exchanged(derivation: Derivation) -> Iterator[Suspect]:
    """Two steps alike, a gate's and another gate's, each with the other's result."""
    steps = [s for s in derivation.of_kind("adjoint") if s.target.index == al.NOW]
    alike: dict[tuple[Any, ...], list[Step]] = {}
    for step in steps:
        alike.setdefault((step.shape, _skeleton(step.result)), []).append(step)
    for group in alike.values():
        for one, other in combinations(group, 2):
            changed = {
                a.number: replace(a, members=(*a.members[:-1], b.result))
                for a, b in ((one, other), (other, one))
            }
            edits = tuple(
                (s, s.result, changed[s.number].result, changed[s.number]) for s in (one, other)
            )
            yield Suspect("two gradients are exchanged", _edited(changed), edits)


def _before_last(kept: int, steps: int) -> range:
    return range(1, steps - kept + 1)
