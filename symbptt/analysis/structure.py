"""What a model's equations say of its recurrence, whatever its name.

Two questions: which matrices stand on a way from a state to itself, and whether the step
Jacobian is diag(phi') W with a W that does not depend on the step.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any

import numpy as np

from symbptt import algebra as al
from symbptt.analysis.recurrence import same_loop
from symbptt.calculus.normal import normalize
from symbptt.calculus.order import derived_order
from symbptt.calculus.recurrence.sources import of_values
from symbptt.errors import NotAffineError
from symbptt.functions.elementwise import FUNCTIONS
from symbptt.proof.domain import Float
from symbptt.proof.evaluate import evaluate, length
from symbptt.proof.place import Given

Array = Any

# --- recurrent matrices --------------------------------------------------------------------


@dataclass(frozen=True)
class RecurrentMatrix:
    """A matrix between a quantity and one that it reaches, on a way through time.

    Attributes
    ----------
    name : str
        As the equations have it, without a transpose (which changes no eigenvalue);
        for the block of a joined matrix with what the block acts on, ``W at h[t-1]``.
    value : array
    """

    name: str
    value: Any


def recurrent_matrices(
    core: al.Model, sizes: Mapping[str, int], params: Mapping[str, Any]
) -> tuple[RecurrentMatrix, ...]:
    """The matrices on the loops of a recurrence, in the order of its equations.

    Parameters
    ----------
    core : Model
        A model cut down to its recurrence.
    """
    normal = normalize(core)
    loops = same_loop(normal)
    point = static_point(normal, sizes, params)
    found: dict[str, Any] = {}
    for equation in normal.equations:
        loop = loops.get(equation.name, frozenset())
        for node in al.walk(equation.rhs):
            if not isinstance(node, al.Product) or not isinstance(node.right, al.Ref):
                continue
            if node.right.name in loop and _is_static(node.left):
                for name, value in _pieces(normal, node.left, node.right, loop, point):
                    found.setdefault(name, value)
    return tuple(RecurrentMatrix(name, value) for name, value in found.items())


def _pieces(
    normal: al.Model, left: al.Expr, right: al.Ref, loop: frozenset[str], point: Given
) -> Iterator[tuple[str, Any]]:
    """A matrix, or of one that acts on joined vectors the blocks that act on the loop."""
    matrix = left.operand if isinstance(left, al.Transpose) else left
    if not isinstance(matrix, al.Param):
        return
    turned = isinstance(left, al.Transpose)
    value = evaluate(matrix, point, {}).astype(float)
    value = value.T if turned else value
    joined = normal.equation(right.name)
    if not (joined.auxiliary and isinstance(joined.rhs, al.Concat) and right.index == al.NOW):
        yield _shown(normal, matrix), value.T if turned else value
        return
    first = 0
    for part in joined.rhs.parts:
        size = length(part.shape[0], point.sizes)
        if isinstance(part, al.Ref) and part.name in loop:
            at = f"{part.name}[{part.index}]"
            yield f"{_shown(normal, matrix)} at {at}", value[:, first : first + size]
        first += size


def _shown(normal: al.Model, matrix: al.Param) -> str:
    """The name; for what the normal form named, the author's expression."""
    from symbptt.typeset.plain import plain

    for derived in normal.derived:
        if derived.name == matrix.name and derived.auxiliary:
            return plain(derived.rhs)
    return matrix.name


def _is_static(expr: al.Expr) -> bool:
    return not any(isinstance(node, al.Ref) for node in al.walk(expr))


def static_point(model: al.Model, sizes: Mapping[str, int], params: Mapping[str, Any]) -> Given:
    """The values of parameters and derived parameters, for `symbptt.proof.evaluate`."""
    values = {name: np.asarray(array, dtype=object) for name, array in params.items()}
    point = Given(Float(), values, sizes)
    for derived in derived_order(model):
        values[derived.name] = evaluate(derived.rhs, point, {})
    return point


# --- diag(phi') W --------------------------------------------------------------------------


@dataclass(frozen=True)
class Elementwise:
    """A state h[t] = phi(W h[t-1] + what does not depend on it), W the same at every step.

    Attributes
    ----------
    state : str
    function : str or None
        phi; None for the identity.
    gamma : float
        The largest modulus of phi'.
    linear : Model
        The recurrence with phi taken away: its step Jacobian is W.
    """

    state: str
    function: str | None
    gamma: float
    linear: al.Model


def elementwise(core: al.Model) -> Elementwise | None:
    """The structure behind the bound (sigma_max(W) gamma)^k, if the recurrence has it."""
    states = {e.name for e in core.equations} & {i.name for i in core.initials}
    if len(states) != 1 or core.lag(min(states)) != 1:
        return None
    state = min(states)
    equation = core.equation(state)
    inside, function = _argument(core, equation.rhs)
    if inside.shape != equation.shape:
        return None
    gamma = 1.0 if function is None else _steepest(function)
    straight = tuple(replace(e, rhs=inside) if e.name == state else e for e in core.equations)
    linear = replace(core, equations=straight)
    if gamma is None or not _is_linear(linear, state):
        return None
    return Elementwise(state, function, gamma, linear)


def _is_linear(core: al.Model, state: str) -> bool:
    """Whether a state is affine in its value before, with a matrix of parameters alone."""
    try:
        matrix = of_values(core, state).matrix
    except NotAffineError:
        return False
    return all(block is None or _is_static(block) for row in matrix for block in row)


def _argument(core: al.Model, rhs: al.Expr) -> tuple[al.Expr, str | None]:
    """What phi is applied to, and phi; names of the same step are looked up."""
    seen: set[str] = set()
    while isinstance(rhs, al.Ref) and rhs.index == al.NOW and rhs.name not in seen:
        seen.add(rhs.name)
        definition = [e for e in core.equations if e.name == rhs.name]
        if not definition:
            break
        rhs = definition[0].rhs
    if isinstance(rhs, al.Call) and len(rhs.args) == 1:
        return rhs.args[0], rhs.function
    return rhs, None


def _steepest(function: str) -> float | None:
    stated = FUNCTIONS[function].steepest if function in FUNCTIONS else ""
    return float(Fraction(stated)) if stated else None
