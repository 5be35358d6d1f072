"""One tanh for sigmoid and tanh gates alike, for what is linear in parameters."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from fractions import Fraction

from symbptt.algebra import Add, Call, Expr, Mul, Neg, Number, Product, Ref
from symbptt.calculus import forms
from symbptt.codegen.fast.passes.rewriting import on_blocks, statements
from symbptt.codegen.numpy_printer import is_rowwise
from symbptt.codegen.places import Variable, leaves, variable
from symbptt.codegen.program import Assign, Block, Program

HALF = Number(Fraction(1, 2), "0.5")


def shared_tanh(program: Program) -> Program:
    """Write a gate s = sigmoid(a) as s = tanh(a / 2), then s = s / 2 + 1 / 2.

    The half goes into the weights and biases that a is made of, of which stacked copies
    are made anyway. So it needs a pre-activation that nothing else reads, and that is a sum of
    products with parameters.
    """
    found = statements(program)
    writers: dict[Variable, list[Assign]] = {}
    for statement in found:
        for target in statement.targets:
            v = variable(target)
            assert v is not None
            writers.setdefault(v, []).append(statement)
    readers = Counter(variable(leaf) for s in found for leaf in leaves(s.value))
    scaled: set[int] = set()
    gates: set[int] = set()
    for statement in looped(program):
        value = statement.value
        if not (isinstance(value, Call) and value.function == "sigmoid"):
            continue
        (argument,) = value.args
        chain = linear(argument, writers, readers)
        if isinstance(argument, Ref) and chain is not None:
            gates.add(id(statement))
            scaled |= chain

    def changed(statement: Assign) -> Iterator[Assign]:
        if id(statement) in scaled:
            yield replace(statement, value=halved(statement.value))
        elif id(statement) in gates:
            assert isinstance(statement.value, Call)
            yield replace(statement, value=Call("tanh", statement.value.args))
            target = statement.target
            yield replace(statement, value=Add((Mul((HALF, target)), HALF)), formula="", step=0)
        else:
            yield statement

    def block(old: Block) -> Block:
        return replace(old, statements=tuple(s for one in old.statements for s in changed(one)))

    return on_blocks(program, block)


def looped(program: Program) -> Iterator[Assign]:
    for block in (*program.forward, *program.loss):
        if block.place == "loop":
            yield from block.statements


def linear(
    expr: Expr, writers: dict[Variable, list[Assign]], readers: Counter[Variable | None]
) -> set[int] | None:
    """The statements that a quantity is made of, if all are sums of products with parameters."""
    v = variable(expr)
    if v is None or len(writers.get(v, [])) != 1 or readers[v] != 1:
        return None
    (statement,) = writers[v]
    if statement.beside or not isinstance(expr, Ref):
        return None
    found = {id(statement)}
    value = statement.value
    for term in value.terms if isinstance(value, Add) else (value,):
        inner = term.operand if isinstance(term, Neg) else term
        if isinstance(inner, Product) and not is_rowwise(inner.left):
            continue
        if not is_rowwise(inner):
            continue
        deeper = linear(inner, writers, readers)
        if deeper is None:
            return None
        found |= deeper
    return found


def halved(value: Expr) -> Expr:
    """Half of a sum, the half at what has no rows."""
    terms = value.terms if isinstance(value, Add) else (value,)
    return forms.add(map(half_of, terms), value.shape)


def half_of(term: Expr) -> Expr:
    if isinstance(term, Neg):
        return Neg(half_of(term.operand))
    if isinstance(term, Product):
        return replace(term, left=Mul((HALF, term.left)))
    # A quantity is halved where it is defined.
    return term if is_rowwise(term) else Mul((HALF, term))


def factoring(program: Program) -> Program:
    """Write a blend (1 - u) v + u w as v + u (w - v): three calls in place of four."""

    def changed(statement: Assign) -> Assign:
        value = blended(statement.value)
        return statement if value is None else replace(statement, value=value)

    def block(old: Block) -> Block:
        if old.place != "loop":
            return old
        return replace(old, statements=tuple(map(changed, old.statements)))

    return on_blocks(program, block)


def blended(value: Expr) -> Expr | None:
    if not (isinstance(value, Add) and len(value.terms) == 2):
        return None
    for rest, share in (value.terms, value.terms[::-1]):
        if isinstance(rest, Mul) and isinstance(share, Mul):
            for weight in share.factors:
                complement = Add((Number(Fraction(1)), Neg(weight)))
                if complement in rest.factors and is_rowwise(weight):
                    v = without(rest.factors, complement)
                    w = without(share.factors, weight)
                    return Add((v, Mul((weight, Add((w, Neg(v)))))))
    return None


def without(factors: tuple[Expr, ...], one: Expr) -> Expr:
    left = list(factors)
    left.remove(one)
    return forms.mul(left)
