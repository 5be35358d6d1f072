"""The shapes of matrix products, ``A @ B @ v``."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from symbptt.language.conflicts import Sizes
from symbptt.language.ranks import Level
from symbptt.language.surface import Chain, Flip, Named, Node, Over, Timed, Times, walk

if TYPE_CHECKING:
    from symbptt.language.shapes import Shapes


def chain(shapes: Shapes, node: Chain) -> Sizes | None:
    """The shape of a chain, read from the right, or from the left after a row vector."""
    if node.loose and _is_gated(shapes, node.operands[0]):
        _report_gate(shapes, node)
        return None
    found = [operand_shape(shapes, one) for one in node.operands]
    sizes = [one for one in found if one is not None]
    if len(sizes) < len(found):
        return None
    for operand, size in zip(node.operands, sizes, strict=True):
        if not size:
            _report_scalar(shapes, node, operand)
            return None
    if len(sizes[0]) == 1 and len(sizes[-1]) == 1:
        _report_inner(shapes, node)
        return None
    vectors = [
        operand for operand, size in zip(node.operands, sizes, strict=True) if len(size) == 1
    ]
    if vectors and vectors != [node.operands[0]] and vectors != [node.operands[-1]]:
        _report_vector_inside(shapes, node, vectors[0])
        return None
    return _multiply(shapes, node, sizes)


def operand_shape(shapes: Shapes, node: Node) -> Sizes | None:
    """The shape of an operand of ``@``; here a matrix input may stand, alone."""
    inner, flips = node, 0
    while isinstance(inner, Flip):
        inner, flips = inner.operand, flips + 1
    if isinstance(inner, Timed) and shapes.is_matrix_input(inner):
        sizes = shapes.names[inner.name]
        return sizes if flips % 2 == 0 else (sizes[1], sizes[0])
    found = shapes.of(node)
    if found is not None and len(found) == 2 and any(isinstance(n, Timed) for n in walk(node)):
        shapes.wrong(
            node,
            f"{shapes.words.code(node)} is a matrix that changes from step to step: beside `@` "
            "stand matrices of parameters, or one matrix input; a scaled product is written "
            "`s[t] * (W @ v)`",
        )
        return None
    return found


def _multiply(shapes: Shapes, node: Chain, sizes: list[Sizes]) -> Sizes | None:
    operands = node.operands
    # Each pair of neighbours shares a length: the columns on the left, all of a vector.
    for left, right, one, two in zip(operands, operands[1:], sizes, sizes[1:], strict=False):
        inner, outer = one[-1], two[0]
        report = partial(_report_inner_length, shapes, left, right, one, two)
        if not shapes.equate(inner, outer, node.place, report):
            return None
    if len(sizes[0]) == 1:
        return (sizes[-1][1],)
    return (sizes[0][0], *sizes[-1][1:])


def _report_inner_length(shapes: Shapes, left: Node, right: Node, one: Sizes, two: Sizes) -> None:
    words = shapes.words
    first = (
        f"{words.code(left)} has length {words.length(one[0])}"
        if len(one) == 1
        else f"{words.code(left)} has {words.length(one[1])} columns"
    )
    second = (
        f"{words.code(right)} has length {words.length(two[0])}"
        if len(two) == 1
        else f"{words.code(right)} has {words.length(two[0])} rows"
    )
    hint = words.hints((right, two[0]), (left, one[-1]))
    if len(one) == 2 and len(two) == 1 and words.length(one[0]) == words.length(two[0]):
        hint = f"; its transpose fits, `{words.code(left)[1:-1]}.T @ {words.code(right)[1:-1]}`"
    shapes.findings.add(
        left.place.until(right.place),
        f"{first} and {second}: in a product with `@` these must be equal{hint}",
        *words.notes((left, len(one) - 1), (right, 0)),
    )


# --- what is no matrix product ----------------------------------------------------------


def _is_gated(shapes: Shapes, node: Node) -> bool:
    """Whether an unparenthesised product before ``@`` is more than a scaled matrix."""
    parts = [node]
    while any(isinstance(part, Times | Over) for part in parts):
        flat: list[Node] = []
        for part in parts:
            if isinstance(part, Times):
                flat.extend(part.factors)
            elif isinstance(part, Over):
                flat.extend((part.numerator, part.denominator))
            else:
                flat.append(part)
        parts = flat
    return any(
        any(isinstance(inner, Timed) for inner in walk(part))
        or (shapes.levels.of(part) == Level.ARRAY and shapes.ranks.of(part) == 1)
        for part in parts
        if not any(
            isinstance(inner, Named) and inner.name in shapes.roles.unclear for inner in [part]
        )
    )


def _report_gate(shapes: Shapes, node: Chain) -> None:
    words = shapes.words
    first = words.source.snippet(node.operands[0].place)
    rest = words.source.snippet(node.operands[1].place.until(node.place))
    message = f"Python reads this as `({first}) @ {rest}`, which is no scaled matrix: "
    regrouped = words.regrouped(node)
    message += f"write {regrouped}" if regrouped else "put parentheses around the matrix product"
    factors = node.operands[0].factors if isinstance(node.operands[0], Times) else []
    scalars = [name for factor in factors[:-1] for name in words.to_be_scalars(factor)]
    if scalars and not any(isinstance(n, Timed) for f in factors[:-1] for n in walk(f)):
        declared = " and ".join(f"`{name.name}: scalar`" for name in scalars)
        message += f", or declare {declared}"
    shapes.wrong(node, message)


def _report_scalar(shapes: Shapes, node: Chain, operand: Node) -> None:
    shapes.wrong(
        operand,
        f"`@` multiplies matrices and vectors, and {shapes.words.code(operand)} is a scalar: "
        "a product with a scalar is written `*`",
    )


def _report_inner(shapes: Shapes, node: Chain) -> None:
    words = shapes.words
    first = words.source.snippet(node.operands[0].place)
    rest = words.source.snippet(node.operands[1].place.until(node.place))
    shapes.wrong(
        node,
        "a vector stands on both ends of `@`; their inner product, a scalar, is written "
        f"`dot({first}, {rest})`, their elementwise product with `*`",
    )


def _report_vector_inside(shapes: Shapes, node: Chain, vector: Node) -> None:
    shapes.wrong(
        node,
        f"{shapes.words.code(vector)} is a vector in the middle of a chain of `@`, where only "
        "matrices stand: put parentheses around the product that is meant",
    )
