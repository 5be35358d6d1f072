"""Derivations made of others: some of the steps, gradients put in, weights joined."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from itertools import count

from symbptt import algebra as al
from symbptt.calculus import forms
from symbptt.calculus.derivation import EVERY, Derivation, EquationName, Reason, Step
from symbptt.calculus.window import derive_adjoint
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
    """The steps numbered from 1."""
    return tuple(replace(step, number=number) for number, step in enumerate(steps, start=1))


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


# --- weights joined -----------------------------------------------------------------


SHOWN = 4
MOST = 8
"""So many sums, and so many matrices, side by side can be read; more are not joined."""


def derive_joined(model: al.Model) -> Derivation:
    """The adjoint form, and behind it the weights joined and their gradients in blocks.

    Where an equation adds up products with several matrices, these are one matrix, [W U], that
    acts on the vectors set end to end, and its gradient is one sum of outer products. Where the
    author joined them, the gradient is shown in blocks.
    """
    found = derive_adjoint(model)
    numbers = count(len(found.steps) + 1)
    steps = (replace(step, number=next(numbers)) for step in _joined(found.normal))
    return replace(found, steps=(*found.steps, *steps), form="joined")


def _joined(model: al.Model) -> Iterator[Step]:
    for equation in model.equations:
        if equation.last:
            continue
        products = _products(model, equation)
        if 1 < len(products) <= MOST:
            yield _value(equation, products)
            yield _gradient(equation, products)
        for product in products:
            parts = _parts(model, product)
            if 1 < len(parts) <= SHOWN:
                yield _blocks(equation, product, parts)


def _products(model: al.Model, equation: al.Equation) -> tuple[al.Product, ...]:
    """The products in a sum with matrices that stand nowhere else."""
    return tuple(
        term
        for term in al.terms_of(equation.rhs)
        if isinstance(term, al.Product)
        and isinstance(term.left, al.Param)
        and term.left.name not in model.held
        and _is_vector(term.right)
        and _uses(model, term.left) == 1
    )


def _is_vector(expr: al.Expr) -> bool:
    return isinstance(expr, al.Ref) and len(expr.shape) == 1


def _uses(model: al.Model, matrix: al.Param) -> int:
    sides = [e.rhs for e in model.equations] + [d.rhs for d in model.derived]
    return sum(node == matrix for side in sides for node in al.walk(side))


def _parts(model: al.Model, product: al.Product) -> tuple[al.Expr, ...]:
    """The vectors that the author set end to end to be multiplied."""
    vector = product.right
    assert isinstance(vector, al.Ref)
    equation = next((e for e in model.equations if e.name == vector.name), None)
    if equation is None or vector.index != al.NOW or not isinstance(equation.rhs, al.Concat):
        return ()
    return equation.rhs.parts


def _value(equation: al.Equation, products: tuple[al.Product, ...]) -> Step:
    """a_t = W x_t + U h_{t-1} + b = [W U] [x_t; h_{t-1}] + b."""
    joined = al.Product(_row(tuple(p.left for p in products)), _end_to_end(products))
    rest = [term for term in al.terms_of(equation.rhs) if term not in products]
    whole = forms.add((joined, *rest), equation.shape)
    name = EquationName(equation.name)
    reason: Reason = (name, " adds up products, so its matrices act side by side")
    return Step(0, "joined", equation.ref, (equation.rhs, whole), reason, EVERY)


def _row(blocks: tuple[al.Expr, ...]) -> al.BlockMatrix:
    widths = tuple(block.shape[1] for block in blocks)
    return al.BlockMatrix((blocks,), (blocks[0].shape[0],), widths)


def _end_to_end(products: tuple[al.Product, ...]) -> al.Expr:
    return al.Concat(tuple(p.right for p in products))


def _gradient(equation: al.Equation, products: tuple[al.Product, ...]) -> Step:
    """Side by side the gradients are one sum of outer products."""
    own = al.Cotangent(equation.name, equation.index, equation.shape)
    matrices = [p.left for p in products if isinstance(p.left, al.Param)]
    targets = tuple(al.Cotangent(matrix.name, None, matrix.shape) for matrix in matrices)
    sums = tuple(al.TimeSum(al.Outer(own, p.right)) for p in products)
    whole = al.TimeSum(al.Outer(own, _end_to_end(products)))
    members = (_row(sums), whole) if len(sums) <= SHOWN else (whole,)
    reason: Reason = ("The gradients of the blocks are the blocks of one gradient",)
    return Step(0, "joined", _row(targets), members, reason)


def _blocks(equation: al.Equation, product: al.Product, parts: tuple[al.Expr, ...]) -> Step:
    """The gradient of a matrix that acts on joined vectors, block by block."""
    own = al.Cotangent(equation.name, equation.index, equation.shape)
    matrix = product.left
    assert isinstance(matrix, al.Param)
    whole = al.TimeSum(al.Outer(own, al.Concat(parts)))
    sums = tuple(al.TimeSum(al.Outer(own, part)) for part in parts)
    reason: Reason = (matrix, " acts on vectors set end to end, each with a block of its own")
    target = al.Cotangent(matrix.name, None, matrix.shape)
    return Step(0, "joined", target, (whole, _row(sums)), reason)
