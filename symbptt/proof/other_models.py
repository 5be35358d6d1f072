"""A program whose forward pass has a slip: right for another model, one edit away from its own."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from symbptt import algebra as al
from symbptt.calculus.derivation import Derivation
from symbptt.calculus.gradients import derive
from symbptt.calculus.program_slips import PROGRAM_SLIPS
from symbptt.calculus.slips import Slip
from symbptt.calculus.variants import SLIPS, Around, SlipRow, edited
from symbptt.errors import SymbpttError
from symbptt.proof.backward import Passes
from symbptt.proof.suspects import Gradient, Suspect
from symbptt.typeset.plain import plain

KINDS = (
    "a wrong sign",
    "a missing term",
    "a missing factor",
    "a reversed product",
    "a shifted index",
    "another name",
    "another function",
    Slip.COMPLEMENT,
    Slip.NO_COMPLEMENT,
)


def other_models(derivation: Derivation, names: int) -> Iterator[Suspect]:
    """The gradients of every model with one edit in one of its equations.

    Parameters
    ----------
    names : int
        How many names are put in the place of one.
    """
    model = derivation.model
    for kind in ("parts in another order", *KINDS):
        for equation in model.equations:
            for old, new, rhs in _edits(kind, equation, derivation, names):
                changed = replace(equation, rhs=rhs)
                here = tuple(changed if e is equation else e for e in model.equations)
                every = tuple(
                    replace(e, rhs=al.replaced(e.rhs, {old: new})) for e in model.equations
                )
                for equations in dict.fromkeys((here, every)):
                    known = _derivation(replace(model, equations=equations))
                    if known is not None:
                        yield Suspect(_words(kind, model.equations, equations), _of(known))


def _words(kind: str, before: tuple[al.Equation, ...], after: tuple[al.Equation, ...]) -> str:
    told = [
        f"{plain(a.ref)} = {plain(b.rhs)} for {plain(a.ref)} = {plain(a.rhs)}"
        for a, b in zip(before, after, strict=True)
        if a != b
    ]
    return f"its forward pass has {kind}; it computes {'; '.join(told)}"


def _edits(
    kind: str, equation: al.Equation, derivation: Derivation, names: int
) -> Iterator[tuple[al.Expr, al.Expr, al.Expr]]:
    table = {**SLIPS, **PROGRAM_SLIPS, "parts in another order": SlipRow(_order)}
    around = Around(of=derivation, others=names)
    for old, new, rhs in edited(equation.rhs, table[kind].change, around):
        if rhs.shape == equation.rhs.shape and old.shape == new.shape:
            yield old, new, rhs


def _order(node: al.Expr, around: Around) -> Iterator[al.Expr]:
    if isinstance(node, al.Concat) and len(node.parts) == 2:
        yield al.Concat(node.parts[::-1])


def _is_computable(model: al.Model) -> bool:
    """Whether each value is made of earlier ones: of this step, or of a step that has them."""
    known = {e.name for e in model.equations} | {i.name for i in model.inputs}
    starts = {(initial.name, initial.step) for initial in model.initials}
    reads: dict[str, set[str]] = {}
    for equation in model.equations:
        refs = [n for n in al.walk(equation.rhs) if isinstance(n, al.Ref) and n.index.names()]
        # A name that a derivation gave, as p of softmax, is none of the model's.
        if any(n.name not in known for n in refs):
            return False
        if any(n.index.offset > 0 for n in refs):
            return False
        if any(n.index.offset < 0 and (n.name, n.index.offset + 1) not in starts for n in refs):
            return False
        reads[equation.name] = {n.name for n in refs if n.index.offset == 0}
    while reads:
        ready = [name for name, others in reads.items() if not others & reads.keys()]
        if not ready:
            return False
        for name in ready:
            del reads[name]
    return True


def _derivation(model: al.Model) -> Derivation | None:
    if not _is_computable(model):
        return None
    try:
        return derive(model)
    except (SymbpttError, AssertionError, KeyError, TypeError, ValueError):
        # An edit may make what no model says: a value that depends on itself.
        return None


def _of(derivation: Derivation) -> Gradient:
    scenes: dict[int, Passes] = {}

    def gradient(scene: Passes, name: str) -> Any:
        if id(scene) not in scenes:
            scenes[id(scene)] = Passes(derivation, scene.sequence)
        return scenes[id(scene)].true.gradient(name)

    return gradient
