"""Recurrences recognised in a model: its values, its adjoints, its sensitivities.

All three are taken apart in the same way: what lies in one circle of dependence with the
quantity asked for is eliminated within a step, until only values of other steps are left.
"""

from __future__ import annotations

from collections.abc import Callable

from symbptt import algebra as al
from symbptt.calculus import forms
from symbptt.calculus.derivation import Derivation
from symbptt.calculus.linear import AffineTerm, affine_terms, local_jacobians, times, unit_on
from symbptt.calculus.normal import normalize
from symbptt.calculus.order import Reads, circle, names_in, reached, reads_of
from symbptt.calculus.recurrence.system import AffineRecurrence, Value, assemble, depth, gathered
from symbptt.errors import NotAffineError, UnknownNameError

START = al.Index()

# --- the model's own values ------------------------------------------------------------


def of_values(model: al.Model, name: str) -> AffineRecurrence:
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
    together = _circle(model, name, {e: names_in(equations[e].rhs) for e in equations})

    def is_unknown(node: al.Expr) -> bool:
        return isinstance(node, al.Ref) and node.name in together

    def unfolded(quantity: str) -> tuple[AffineTerm, ...]:
        try:
            direct = affine_terms(equations[quantity].rhs, is_unknown)
        except NotAffineError as error:
            ref = equations[quantity].ref
            raise NotAffineError("not affine in earlier values", (ref, error.term)) from None
        found: list[AffineTerm] = []
        for piece in direct:
            leaf = piece.leaf
            if isinstance(leaf, al.Ref) and leaf.name in together and leaf.index == al.NOW:
                found += [inner.after(piece.matrix) for inner in unfolded(leaf.name)]
            else:
                found.append(piece)
        return tuple(found)

    def at(quantity: str, index: al.Index) -> al.Ref:
        return al.Ref(quantity, index, equations[quantity].shape)

    def begin(initial: al.Initial | None) -> al.Expr | None:
        return al.ZERO if initial is None else initial.value

    return _forward(model, name, together, unfolded, at, begin)


def _circle(model: al.Model, name: str, reads: Reads) -> frozenset[str]:
    if name not in reads:
        defined = ", ".join(e.name for e in model.equations if not e.last)
        raise UnknownNameError(f"{model.name} defines no {name!r}; it defines {defined}")
    together = circle(name, reads)
    if not together:
        raise NotAffineError(f"{name}[t] depends on no earlier value of its own")
    return together


def _forward(
    model: al.Model,
    name: str,
    together: frozenset[str],
    unfolded: Callable[[str], tuple[AffineTerm, ...]],
    at: Callable[[str, al.Index], Value],
    begin: Callable[[al.Initial | None], al.Expr | None],
) -> AffineRecurrence:
    """The recurrence of a name and of the states in its circle, from the start on."""
    names = dict.fromkeys((name, *(state for state in model.states if state in together)))
    kind = type(at(name, al.NOW))
    rows = {n: gathered(unfolded(n), kind, together) for n in names}
    initials = {(i.name, i.step): i for i in model.initials}

    def beginning(quantity: str, index: al.Index) -> al.Expr | None:
        return begin(initials.get((quantity, index.offset)))

    values = [beginning(n, START - back) for n in names for back in range(depth(n, rows))]
    zero = all(value is not None and forms.is_zero(value) for value in values)
    return assemble(rows, at, 1, "zero" if zero else "value", START, beginning)


# --- the adjoints ----------------------------------------------------------------------


def of_adjoints(derivation: Derivation, name: str) -> AffineRecurrence:
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
    inside = together | beside

    def is_unknown(node: al.Expr) -> bool:
        return isinstance(node, al.Cotangent) and node.name in inside

    pieces = {n: affine_terms(steps[n].result, is_unknown) for n in inside}
    explicit = {n for n in together if any(map(_is_explicit, pieces[n]))}
    kept = list(_cut(derivation.normal, name, together, reads))
    lead: dict[str, int] = {}

    def unfolded(quantity: str, ahead: int) -> tuple[AffineTerm, ...]:
        lead[quantity] = max(lead.get(quantity, 0), ahead)
        found: list[AffineTerm] = []
        for piece in (_ahead(piece, ahead) for piece in pieces[quantity]):
            leaf = piece.leaf
            later = _lead(leaf)
            if later and isinstance(leaf, al.Cotangent) and leaf.name in explicit - set(kept):
                kept.append(leaf.name)
            if isinstance(leaf, al.Cotangent) and (
                (leaf.name in together and not (later and leaf.name in kept))
                or (leaf.name in beside and not later)
            ):
                found += [p.after(piece.matrix) for p in unfolded(leaf.name, later)]
            else:
                found.append(piece)
        return tuple(found)

    size = 0
    while size != len(kept):
        size = len(kept)
        rows = {n: gathered(unfolded(n, 0), al.Cotangent, set(kept)) for n in tuple(kept)}
    ends = any(equation.last for equation in derivation.normal.equations)
    needed = max(steps[n].needs - 1 + ahead for n, ahead in lead.items())
    return assemble(
        rows,
        lambda n, index: al.Cotangent(n, index, steps[n].shape),
        -1,
        "value" if ends else "source",
        al.LAST - max(0, needed - 1) if ends else al.LAST,
        lambda quantity, index: None,
    )


def _ahead(piece: AffineTerm, steps: int) -> AffineTerm:
    """The term with t replaced by t + steps."""
    later = {"t": al.NOW + steps}
    return AffineTerm(
        al.substitute_index(piece.matrix, later), al.substitute_index(piece.leaf, later)
    )


def _lead(leaf: al.Expr) -> int:
    """How many steps ahead a derivative is; 0 for what is none."""
    return leaf.index.offset if isinstance(leaf, al.Cotangent) and leaf.index is not None else 0


def _is_explicit(piece: AffineTerm) -> bool:
    """Whether a term holds no derivative, so that nothing says that it is absent past T.

    An equation with such a term must not be written out at a later step.
    """
    return not any(isinstance(node, al.Cotangent) for node in al.walk(piece.leaf))


def _cotangents(expr: al.Expr) -> tuple[str, ...]:
    return tuple(
        dict.fromkeys(n.name for n in al.walk(expr) if isinstance(n, al.Cotangent) and n.index)
    )


def _cut(model: al.Model, name: str, together: frozenset[str], reads: Reads) -> tuple[str, ...]:
    """The name and as many states as cut every circle among ``together``."""
    kept = [name]
    for state in model.states:
        rest = {n: [r for r in reads[n] if r not in kept] for n in together if n not in kept}
        if state in rest and circle(state, rest):
            kept.append(state)
    return tuple(kept)


def _elsewhere(model: al.Model, name: str, reads: Reads) -> str:
    found = [s for s in model.states if s in reached(reads[name], reads)]
    if not found:
        return f"dL/d{name}[t] reads no derivative of a later step: there is nothing to fold"
    listed = " or ".join(f"d(L, {state}[t])" for state in found)
    return f"dL/d{name}[t] is no recurrence of its own; it is read off that of {listed}"


# --- the sensitivities -----------------------------------------------------------------


def of_sensitivities(model: al.Model, name: str, parameter: str) -> AffineRecurrence:
    """The recurrence that d(name at t)/d(parameter) follows, a matrix recurrence.

    The Jacobians are those of the adjoint rules: there is one table of rules.

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
    reads = {e: names_in(equations[e].rhs) for e in equations}
    together = _circle(normal, name, reads)
    local = local_jacobians(normal, reached([name], reads) & equations.keys())
    derived = {d.name: names_in(d.rhs) for d in normal.derived}
    through = _reads_with_starts(normal)
    whole = unit_on(wrt)

    def at(quantity: str, index: al.Index) -> al.Derivative:
        return al.Derivative(al.Ref(quantity, index, equations[quantity].shape), wrt, "total")

    def unfolded(quantity: str) -> tuple[AffineTerm, ...]:
        found: list[AffineTerm] = []
        for jacobian in local.get(quantity, ()):
            operand, matrices = jacobian.operand, forms.terms_of(jacobian.chain[-1])
            if isinstance(operand, al.Ref) and operand.name in equations:
                found += _through(operand, matrices)
            elif operand == wrt:
                found += [AffineTerm(matrix, whole) for matrix in matrices]
            elif isinstance(operand, al.Param) and parameter in reached([operand.name], derived):
                chain = al.Derivative(operand, wrt, "total")
                found += [AffineTerm(times(matrix, chain), whole) for matrix in matrices]
        return tuple(found)

    def _through(operand: al.Ref, matrices: tuple[al.Expr, ...]) -> list[AffineTerm]:
        inside = operand.name in together
        if not inside and parameter not in reached([operand.name], through):
            return []
        if operand.index == al.NOW and (inside or not circle(operand.name, reads)):
            return [p.after(m) for m in matrices for p in unfolded(operand.name)]
        return [AffineTerm(m, at(operand.name, operand.index)) for m in matrices]

    def begin(initial: al.Initial | None) -> al.Expr | None:
        """The derivative of an initial value; None where it is not 0."""
        value = al.ZERO if initial is None or initial.value is None else initial.value
        return None if parameter in reached(names_in(value), derived) else al.ZERO

    return _forward(normal, name, together, unfolded, at, begin)


def _parameter(model: al.Model, of: str, name: str) -> al.Param:
    shapes = {p.name: p.shape for p in model.parameters}
    shapes |= {d.name: d.shape for d in model.derived}
    if name in shapes:
        return al.Param(name, shapes[name])
    known = ", ".join(p.name for p in model.parameters)
    raise UnknownNameError(
        f"d({of}[t], {name}): {model.name} has no parameter {name!r}; its parameters: {known}"
    )


def _reads_with_starts(model: al.Model) -> Reads:
    """What every name depends on, through initial values included."""
    reads = {name: list(found) for name, found in reads_of(model).items()}
    for initial in model.initials:
        if initial.value is not None and initial.name in reads:
            reads[initial.name] += names_in(initial.value)
    return reads
