"""What kind of recurrence a model is, as its equations and its comments say."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping

from symbptt import algebra as al
from symbptt.algebra import Model
from symbptt.analysis.recurrence import looping, same_loop
from symbptt.calculus.linear import affine_terms, is_timed
from symbptt.errors import NotAffineError
from symbptt.functions.elementwise import FUNCTIONS

_FAMILY = re.compile(r"^\s*#\s*family\s*:\s*(.+?)\s*$", re.IGNORECASE | re.MULTILINE)
_OF_A_GATE = ("y*(1 - y)",)
"""The slope of what runs from 0 to 1."""


def family(model: Model) -> str:
    """What its author calls it, in a comment ``# family: …``; else what its equations are."""
    told = _FAMILY.search(model.text)
    if told:
        return told[1]
    kinds = (family for family, holds in FAMILIES.items() if holds(model))
    return next(kinds)


def features(model: Model) -> tuple[str, ...]:
    """Those of `FEATURES` that it has, then how far back it reads."""
    found = [feature for feature, holds in FEATURES.items() if holds(model)]
    lag = max((model.lag(name) for name in model.shapes), default=0)
    return (*found, f"reads {lag} steps back") if lag > 1 else tuple(found)


def has_gates(model: Model) -> bool:
    """Whether a value between 0 and 1 multiplies another one, entry by entry."""
    gates = {e.name for e in model.equations if _is_gate(e.rhs, frozenset())}
    products = (node for node in _nodes(model) if isinstance(node, al.Mul))
    return any(_is_gate(factor, frozenset(gates)) for node in products for factor in node.factors)


def _is_gate(expr: al.Expr, gates: frozenset[str]) -> bool:
    if isinstance(expr, al.Call) and expr.function in FUNCTIONS:
        return FUNCTIONS[expr.function].derivatives == _OF_A_GATE
    return isinstance(expr, al.Ref) and expr.name in gates


def is_affine(model: Model) -> bool:
    """Whether every step is affine in what earlier steps hand on."""
    loops = looping(model)

    def is_unknown(node: al.Expr) -> bool:
        return isinstance(node, al.Ref) and node.name in loops

    try:
        for name in loops:
            affine_terms(model.equation(name).rhs, is_unknown)
    except NotAffineError:
        return False
    return True


def is_abstract(model: Model) -> bool:
    """Whether a function of the recurrence is left open."""
    return any(not a.loss and a.default is None for a in model.abstract)


def layers(model: Model) -> int:
    """How many recurrences there are, each of quantities that need each other."""
    return len({loop for name, loop in same_loop(model).items() if name in loop})


def _reads_parameters_twice(model: Model) -> bool:
    counts = Counter(node.name for node in _nodes(model) if isinstance(node, al.Param))
    return any(count > 1 for count in counts.values())


def _nodes(model: Model) -> Iterator[al.Expr]:
    for item in model.definitions:
        yield from al.walk(item.rhs)


def _has(*kinds: type[al.Expr]) -> Callable[[Model], bool]:
    return lambda model: any(isinstance(node, kinds) for node in _nodes(model))


def _calls(word: str) -> Callable[[Model], bool]:
    """Whether a function of vectors or a loss of that name, or over it, occurs."""

    def holds(model: Model) -> bool:
        named = (node for node in _nodes(model) if isinstance(node, al.Vector | al.Loss))
        return any(word in node.function for node in named)

    return holds


def _has_matrices_of_a_step(model: Model) -> bool:
    products = (node for node in _nodes(model) if isinstance(node, al.Product))
    return any(len(node.left.shape) == 2 and is_timed(node.left) for node in products)


FAMILIES: Mapping[str, Callable[[Model], bool]] = {
    "Gated networks": has_gates,
    "Recurrences of an open function": is_abstract,
    "Linear recurrences": is_affine,
    "Networks with a nonlinear state": lambda model: True,
}
"""The first that holds; the last always does."""

FEATURES: Mapping[str, Callable[[Model], bool]] = {
    "gates": has_gates,
    "linear in its state": is_affine,
    "several states": lambda model: len(model.states) > 1,
    "several layers": lambda model: layers(model) > 1,
    "embedding": _has(al.Lookup),
    "softmax": _calls("softmax"),
    "joined vectors": _has(al.Concat),
    "parameters shared": _reads_parameters_twice,
    "parameters derived": lambda model: bool(model.derived),
    "matrices of a step": _has_matrices_of_a_step,
    "functions left open": lambda model: bool(model.abstract),
    "scalars only": lambda model: all(shape == () for shape in model.shapes.values()),
    "no loss": lambda model: model.loss is None,
}
"""By structure alone; a name says nothing."""
