"""Recurrences recognised in a model: its values, its adjoints, its sensitivities.

All three are taken apart in the same way: what lies in one circle of dependence with the
quantity asked for is eliminated within a step, until only values of other steps are left.
"""

from __future__ import annotations

from functools import partial
from operator import eq

from symbptt.algebra import (
    LAST,
    NOW,
    ONE,
    ZERO,
    Cotangent,
    Derived,
    Equation,
    Expr,
    Index,
    Initial,
    Model,
    Number,
    Param,
    Ref,
    walk,
)
from symbptt.calculus.adjoint import readings
from symbptt.calculus.derivation import Derivation
from symbptt.calculus.normal import normalize
from symbptt.calculus.order import names_in
from symbptt.calculus.recurrence.operators import (
    Monomial,
    Operator,
    Partial,
    Piece,
    Taker,
    Total,
    composed,
    transposed,
)
from symbptt.calculus.recurrence.system import (
    Reads,
    Recurrence,
    Row,
    Unknown,
    assemble,
    circle,
    gathered,
    reached,
    shifted_pieces,
)
from symbptt.errors import NotAffineError, UnknownNameError

START = Index()

WHOLE: Expr = ONE
"""What stands for the identity behind an operator that is a matrix by itself."""

# --- the model's own values ------------------------------------------------------------


def of_values(model: Model, name: str) -> Recurrence:
    """The recurrence that a quantity's values follow.

    Raises
    ------
    UnknownNameError
        If the model defines no such quantity.
    NotAffineError
        If it is not affine in the values of earlier steps, or reads none.
    """
    equations = {e.name: e for e in model.equations if not e.last}
    if any(e.last and e.name == name for e in model.equations):
        raise NotAffineError(f"{name} is defined at the last step alone")
    if name not in equations:
        raise UnknownNameError(_none_such(model, name))
    together = circle(name, {e: names_in(equations[e].rhs) for e in equations})
    if not together:
        raise NotAffineError(f"{name}[t] depends on no earlier value of its own")
    taker = Taker(lambda node: isinstance(node, Ref) and node.name in together)

    def unfolded(quantity: str) -> tuple[Piece, ...]:
        try:
            direct = taker.pieces(equations[quantity].rhs)
        except NotAffineError as error:
            ref = equations[quantity].ref
            raise NotAffineError("not affine in earlier values", (ref, error.term)) from None
        found: list[Piece] = []
        for piece in direct:
            leaf = piece.leaf
            if isinstance(leaf, Ref) and leaf.name in together and leaf.index == NOW:
                found += [inner.after(piece.monomial) for inner in unfolded(leaf.name)]
            else:
                found.append(piece)
        return tuple(found)

    def which(leaf: Expr) -> Unknown | None:
        if isinstance(leaf, Ref) and leaf.name in together:
            return leaf.name, -leaf.index.offset
        return None

    lagged = _lagged_in(model, together)
    names = (name, *(s for s in lagged if s != name))
    rows = {n: gathered(unfolded(n), which) for n in names}
    shapes = {n: equations[n].shape for n in names}
    initials = {(i.name, i.step): i for i in model.initials}

    def begin(quantity: str, index: Index) -> Expr | None:
        initial = initials.get((quantity, index.offset))
        return ZERO if initial is None else initial.value

    zero = all(_is_zero(begin(n, START - back)) for n in names for back in range(_depth(n, rows)))
    return assemble(
        names,
        rows,
        lambda n, index: Ref(n, index, shapes[n]),
        1,
        "zero" if zero else "value",
        START,
        begin,
        shapes[name],
    )


def _depth(name: str, rows: dict[str, Row]) -> int:
    return max([1, *(lag for row in rows.values() for n, lag in row.unknowns if n == name)])


def _lagged_in(model: Model, together: frozenset[str]) -> tuple[str, ...]:
    """The states among the names, in file order."""
    return tuple(name for name in model.states if name in together)


def _is_zero(value: Expr | None) -> bool:
    return isinstance(value, Number) and value.value == 0


def _none_such(model: Model, name: str) -> str:
    defined = ", ".join(e.name for e in model.equations if not e.last)
    return f"{model.name} defines no {name!r}; it defines {defined}"


# --- the adjoints ----------------------------------------------------------------------


def of_adjoints(derivation: Derivation, name: str) -> Recurrence:
    """The recurrence that dL/d(name at t) follows, from the end to the beginning.

    Raises
    ------
    NotAffineError
        If it has no recurrence of its own.
    """
    steps = {s.target.name: s for s in derivation.of_kind("adjoint") if s.holds}
    if name not in steps:
        raise NotAffineError(f"dL/d{name} is not defined at every step")
    reads: Reads = {n: _cotangents(s.result) for n, s in steps.items()}
    together = circle(name, reads)
    if not together:
        raise NotAffineError(_elsewhere(derivation.normal, name, reads))
    # What only the normal form has a name for is written out, too.
    hidden = {e.name for e in derivation.normal.equations if e.auxiliary and e.name in steps}
    beside = {n for n in hidden if not circle(n, reads)}
    taker = Taker(lambda node: isinstance(node, Cotangent) and node.name in together | beside)
    pieces = {n: taker.pieces(steps[n].result) for n in together | beside}
    explicit = {n for n in together if any(map(_is_explicit, pieces[n]))}
    kept = list(_cut(derivation.normal, name, together, reads))
    lead: dict[str, int] = {}

    def unfolded(quantity: str, ahead: int) -> tuple[Piece, ...]:
        lead[quantity] = max(lead.get(quantity, 0), ahead)
        found: list[Piece] = []
        for piece in shifted_pieces(pieces[quantity], ahead):
            leaf = piece.leaf
            later = _lead(leaf)
            if later and isinstance(leaf, Cotangent) and leaf.name in explicit - set(kept):
                kept.append(leaf.name)
            if isinstance(leaf, Cotangent) and (
                (leaf.name in together and not (later and leaf.name in kept))
                or (leaf.name in beside and not later)
            ):
                found += [p.after(piece.monomial) for p in unfolded(leaf.name, later)]
            else:
                found.append(piece)
        return tuple(found)

    def which(leaf: Expr) -> Unknown | None:
        return (
            (leaf.name, _lead(leaf)) if isinstance(leaf, Cotangent) and leaf.name in kept else None
        )

    size = 0
    while size != len(kept):
        size = len(kept)
        rows = {n: gathered(unfolded(n, 0), which) for n in tuple(kept)}
    shapes = {n: steps[n].shape for n in kept}
    ends = any(equation.last for equation in derivation.normal.equations)
    depth = max(steps[n].needs - 1 + ahead for n, ahead in lead.items())
    return assemble(
        tuple(kept),
        rows,
        lambda n, index: Cotangent(n, index, shapes[n]),
        -1,
        "value" if ends else "source",
        LAST - max(0, depth - 1) if ends else LAST,
        lambda quantity, index: None,
        shapes[name],
    )


def _lead(leaf: Expr) -> int:
    """How many steps ahead a derivative is; 0 for what is none."""
    return leaf.index.offset if isinstance(leaf, Cotangent) and leaf.index is not None else 0


def _is_explicit(piece: Piece) -> bool:
    """Whether a term holds no derivative, so that nothing says that it is absent past T.

    An equation with such a term must not be written out at a later step.
    """
    return not any(isinstance(node, Cotangent) for node in walk(piece.leaf))


def _cotangents(expr: Expr) -> tuple[str, ...]:
    return tuple(dict.fromkeys(n.name for n in walk(expr) if isinstance(n, Cotangent) and n.index))


def _cut(model: Model, name: str, together: frozenset[str], reads: Reads) -> tuple[str, ...]:
    """The name and as many states as cut every circle among ``together``."""
    kept = [name]
    for state in model.states:
        rest = {n: [r for r in reads[n] if r not in kept] for n in together if n not in kept}
        if state in rest and state in reached(state, rest):
            kept.append(state)
    return tuple(kept)


def _elsewhere(model: Model, name: str, reads: Reads) -> str:
    found = [s for s in model.states if s in reached(name, reads)]
    if not found:
        return f"dL/d{name}[t] reads no derivative of a later step: there is nothing to fold"
    listed = " or ".join(f"d(L, {state}[t])" for state in found)
    return f"dL/d{name}[t] is no recurrence of its own; it is read off that of {listed}"


# --- the sensitivities -----------------------------------------------------------------


def of_sensitivities(model: Model, name: str, parameter: str) -> Recurrence:
    """The recurrence that d(name at t)/d(parameter) follows, a matrix recurrence.

    The Jacobians are those of the adjoint rules, transposed: there is one table of rules.

    Raises
    ------
    UnknownNameError
        If there is no such quantity or parameter.
    NotAffineError
        If the quantity depends on no earlier value of its own.
    """
    normal = normalize(model)
    equations = {e.name: e for e in normal.equations if not e.last and e.name != "loss"}
    wrt = _parameter(normal, name, parameter)
    if name not in equations:
        raise UnknownNameError(_none_such(model, name))
    reads = {e: names_in(equations[e].rhs) for e in equations}
    together = circle(name, reads)
    if not together:
        raise NotAffineError(f"{name}[t] depends on no earlier value of its own")
    local = _jacobians(normal)
    derived = {d.name: names_in(d.rhs) for d in normal.derived}

    def total(quantity: str, index: Index) -> Total:
        return Total(Ref(quantity, index, equations[quantity].shape), wrt)

    def unfolded(quantity: str) -> tuple[Piece, ...]:
        found: list[Piece] = []
        for operand, jacobian in local.get(quantity, ()):
            if isinstance(operand, Ref) and operand.name in equations:
                found += _through(operand, jacobian)
            elif operand == wrt:
                found += [Piece(m, WHOLE) for m in jacobian]
            elif isinstance(operand, Param) and parameter in reached(operand.name, derived):
                chain = composed(jacobian, (Monomial((Partial(operand, wrt),)),))
                found += [Piece(m, WHOLE) for m in chain]
        return tuple(found)

    def _through(operand: Ref, jacobian: Operator) -> list[Piece]:
        inside = operand.name in together
        if inside and operand.index == NOW:
            return [p.after(m) for m in jacobian for p in unfolded(operand.name)]
        if not inside and not _depends(operand.name, parameter, normal):
            return []
        if not inside and operand.index == NOW and not circle(operand.name, reads):
            return [p.after(m) for m in jacobian for p in unfolded(operand.name)]
        return [Piece(m, total(operand.name, operand.index)) for m in jacobian]

    def which(leaf: Expr) -> Unknown | None:
        if isinstance(leaf, Total) and leaf.output.name in together:
            return leaf.output.name, -leaf.output.index.offset
        return None

    lagged = _lagged_in(normal, together)
    names = (name, *(s for s in lagged if s != name))
    rows = {n: gathered(unfolded(n), which) for n in names}
    initials = {(i.name, i.step): i for i in normal.initials}

    def begin(quantity: str, index: Index) -> Expr | None:
        return _start_by(initials.get((quantity, index.offset)), wrt, derived)

    zero = all(_is_zero(begin(n, START - back)) for n in names for back in range(_depth(n, rows)))
    return assemble(names, rows, total, 1, "zero" if zero else "value", START, begin, wrt.shape)


def _start_by(
    initial: Initial | None, wrt: Param, derived: dict[str, tuple[str, ...]]
) -> Expr | None:
    """The derivative of an initial value; None where it is not 0."""
    value = None if initial is None else initial.value
    if value is None:
        return ZERO
    names = {n for name in names_in(value) for n in (name, *reached(name, derived))}
    return None if wrt.name in names else ZERO


def _parameter(model: Model, of: str, name: str) -> Param:
    shapes = {p.name: p.shape for p in model.parameters}
    shapes |= {d.name: d.shape for d in model.derived}
    if name in shapes:
        return Param(name, shapes[name])
    known = ", ".join(p.name for p in model.parameters)
    raise UnknownNameError(
        f"d({of}[t], {name}): {model.name} has no parameter {name!r}; its parameters: {known}"
    )


def _depends(name: str, parameter: str, model: Model) -> bool:
    """Whether a quantity depends on a parameter, through initial values included."""
    reads = {e.name: list(names_in(e.rhs)) for e in model.equations}
    reads |= {d.name: list(names_in(d.rhs)) for d in model.derived}
    for initial in model.initials:
        if initial.value is not None and initial.name in reads:
            reads[initial.name] += names_in(initial.value)
    return parameter in reached(name, reads)


def _own_cotangent(reader: Equation | Derived) -> Cotangent:
    index = reader.index if isinstance(reader, Equation) else None
    return Cotangent(reader.name, index, reader.shape)


def _jacobians(model: Model) -> dict[str, list[tuple[Expr, Operator]]]:
    """For every equation what it reads and its Jacobian, from the adjoint rules."""
    found: dict[str, list[tuple[Expr, Operator]]] = {}
    for reading in readings(model):
        reader = reading.reader
        if reader.name == "loss" or len(reader.shape) > 1 or reading.last:
            continue
        own = _own_cotangent(reader)
        pieces = Taker(partial(eq, own)).pieces(reading.chain[-1])
        operator = transposed(tuple(piece.monomial for piece in pieces))
        found.setdefault(reader.name, []).append((reading.operand, operator))
    return found
