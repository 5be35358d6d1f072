"""The shapes of what is not elementwise: ``A @ B @ v``, softmax, sums, concatenations, losses."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

from symbptt.functions.vectors import VectorFunction
from symbptt.language.names import MATRICES
from symbptt.language.ranks import Broadcast
from symbptt.language.spelling import spell
from symbptt.language.surface import Apply, Chain, Flip, Named, Node, Over, Timed, Times, walk
from symbptt.language.unification import Shapes, Sizes


def chain(shapes: Shapes, node: Chain) -> Sizes | None:
    """The shape of a chain, read from the right, or from the left after a row vector."""
    found = [shapes.of(one) for one in node.operands]
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


def _multiply(shapes: Shapes, node: Chain, sizes: list[Sizes]) -> Sizes | None:
    operands = node.operands
    # Each pair of neighbours shares a length: the columns on the left, all of a vector.
    for left, right, one, two in zip(operands, operands[1:], sizes, sizes[1:], strict=False):
        inner, outer = one[-1], two[0]
        report = partial(_report_inner_length, shapes, node, (left, right), one, two)
        if not shapes.equate(inner, outer, node.place, report):
            return None
    if len(sizes[0]) == 1:
        return (sizes[-1][1],)
    return (sizes[0][0], *sizes[-1][1:])


def _report_inner_length(
    shapes: Shapes, node: Chain, pair: tuple[Node, Node], one: Sizes, two: Sizes
) -> None:
    words, (left, right) = shapes.words, pair
    first, second = words.extent(left, one), words.extent(right, two)
    if len(one) == 2:
        first = f"{words.code(left)} has {words.length(one[1])} columns"
    if len(two) == 2:
        second = f"{words.code(right)} has {words.length(two[0])} rows"
    hint = words.hints((right, two[0]), (left, one[-1]))
    if len(one) == 2 and len(two) == 1 and words.length(one[0]) == words.length(two[0]):
        hint = (
            f"; its transpose fits, `{spell(Chain(node.place, [Flip(left.place, left), right]))}`"
        )
    shapes.findings.add(
        left.place.until(right.place),
        f"{first} and {second}: in a product with `@` these must be equal{hint}",
        *words.notes((left, len(one) - 1), (right, 0)),
    )


# --- what is no matrix product ----------------------------------------------------------


def is_gated(shapes: Shapes, node: Chain) -> bool:
    """Whether an unparenthesised product before ``@`` is more than a scaled matrix."""
    return node.loose and any(
        any(isinstance(inner, Timed) for inner in walk(factor))
        or (shapes.levels.of(factor) == Broadcast.ARRAY and shapes.ranks.of(factor) == 1)
        for factor in _factors(node.operands[0])
        if not (isinstance(factor, Named) and factor.name in shapes.roles.unclear)
    )


def _factors(node: Node) -> list[Node]:
    match node:
        case Times(factors=factors):
            return [inner for factor in factors for inner in _factors(factor)]
        case Over(numerator=numerator, denominator=denominator):
            return [*_factors(numerator), denominator]
    return [node]


def report_gate(shapes: Shapes, node: Chain) -> None:
    words = shapes.words
    regrouped = words.regrouped(node)
    factors = node.operands[0].factors if isinstance(node.operands[0], Times) else []
    message = f"Python reads this as `{spell(replace(node, loose=False))}`"
    if factors and shapes.ranks.of(factors[-1]) == 1:
        message += f": put it so if that is meant, or write {regrouped}"
    else:
        message += ", and only numbers and scalar parameters scale a matrix: write "
        message += regrouped or "parentheses around the matrix product"
    scalars = [name for factor in factors[:-1] for name in words.to_be_scalars(factor) or ()]
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
    first, *others = node.operands
    rest = others[0] if len(others) == 1 else Chain(node.place, others)
    matrix = _meant_as_matrix(shapes, node)
    hint = f"; a matrix is declared, `{matrix}: (m, n)`" if matrix else ""
    inner = spell(Apply(node.place, "dot", [first, rest], node.place))
    shapes.wrong(
        node,
        "a vector stands on both ends of `@`; their inner product, a scalar, is written "
        f"`{inner}`, their elementwise product with `*`{hint}",
    )


def _meant_as_matrix(shapes: Shapes, node: Chain) -> str:
    """The undeclared one of two operands that has a matrix's name, or else is an input."""
    timed = [one.name for one in node.operands if isinstance(one, Timed)]
    free = [name for name in timed if shapes.roles.names[name].declaration is None]
    inputs = [name for name in free if shapes.roles.names[name].role == "input"]
    likely = [*(name for name in free if name[0].isupper()), *inputs]
    return likely[0] if likely and len(node.operands) == 2 else ""


def _report_vector_inside(shapes: Shapes, node: Chain, vector: Node) -> None:
    shapes.wrong(
        node,
        f"{shapes.words.code(vector)} is a vector in the middle of a chain of `@`, where only "
        "matrices stand: put parentheses around the product that is meant",
    )


# --- calls ----------------------------------------------------------------------------


def call(shapes: Shapes, node: Apply) -> Sizes | None:
    """The shape of a call; None where a finding says why there is none."""
    if shapes.roles.functions.is_loss(node.function):
        return _loss(shapes, node)
    found = [shapes.of(arg) for arg in node.args]
    sizes = [one for one in found if one is not None]
    if len(sizes) < len(found) or not sizes:
        return None
    if node.function == "concat":
        return _concat(shapes, node, sizes)
    if node.function in MATRICES:
        if not _are_vectors(shapes, node, sizes):
            return None
        return (sizes[0][0], sizes[-1][0])
    row = shapes.roles.functions.vector(node.function)
    if row is None or len(sizes) != len(row.arguments) or not _fit(shapes, node, row, sizes):
        return None
    return () if row.like is None else sizes[row.like]


def _fit(shapes: Shapes, node: Apply, row: VectorFunction, sizes: list[Sizes]) -> bool:
    """Whether the arguments are arrays of one shape, and vectors where it takes no others."""
    if row.takes_matrices:
        if not all(_is_array(shapes, node, *pair) for pair in zip(node.args, sizes, strict=True)):
            return False
    elif not _are_vectors(shapes, node, sizes):
        return False
    return all(_same(shapes, node, sizes[0], size) for size in sizes[1:])


def _are_vectors(shapes: Shapes, node: Apply, sizes: list[Sizes]) -> bool:
    for arg, size in zip(node.args, sizes, strict=True):
        if len(size) != 1:
            hint = ""
            if not size and node.function == "concat":
                hint = "; a vector of one entry is declared `(1,)`"
            shapes.wrong(
                arg,
                f"`{node.function}` takes vectors, and {shapes.words.code(arg)} is "
                f"{shapes.words.shape(size)}{hint}",
            )
            return False
    return True


def _is_array(shapes: Shapes, node: Apply, arg: Node, size: Sizes) -> bool:
    if not size:
        shapes.wrong(
            arg,
            f"`{node.function}` takes a vector, and {shapes.words.code(arg)} is a scalar",
        )
    return bool(size)


def _concat(shapes: Shapes, node: Apply, sizes: list[Sizes]) -> Sizes | None:
    if not _are_vectors(shapes, node, sizes):
        return None
    return (shapes.joined(node, (size[0] for size in sizes)),)


def _same(shapes: Shapes, node: Apply, left: Sizes, right: Sizes) -> bool:
    """Whether two arguments have one shape, or may have."""
    if len(left) != len(right):
        shapes.wrong(node, shapes.both(*node.args) + ": both must have one shape")
        return False
    return _equal(shapes, node, left, right)


def _equal(shapes: Shapes, node: Apply, left: Sizes, right: Sizes) -> bool:
    return all(
        shapes.equate(one, two, node.place, partial(_differ, shapes, node, axis))
        for axis, (one, two) in enumerate(zip(left, right, strict=True))
    )


def _differ(shapes: Shapes, node: Apply, axis: int) -> None:
    left, right = shapes.of(node.args[0]) or (), shapes.of(node.args[1]) or ()
    words = shapes.words
    hint = words.hints((node.args[0], left[axis]), (node.args[1], right[axis]))
    shapes.wrong(
        node,
        f"{shapes.both(*node.args)}: in `{node.function}` these must be equal{hint}",
        *words.notes((node.args[0], axis), (node.args[1], axis)),
    )


# --- losses -----------------------------------------------------------------------------


def _loss(shapes: Shapes, node: Apply) -> Sizes | None:
    if len(node.args) != 2:
        return None
    prediction, target = node.args
    found = shapes.of(prediction)
    row = shapes.roles.functions.loss(node.function)
    label = _label_name(shapes, target)
    if label is not None and (row is None or row.index_target):
        return _labelled(shapes, node, label, found)
    if label is not None and row is not None:
        _report_integers(shapes, node, label)
        return None
    if row is not None and row.index_target:
        return None  # the label is in error, which the roles have said
    wanted = shapes.of(target)
    if found is None or wanted is None:
        return None
    if len(found) != len(wanted):
        hint = ""
        if not found:
            hint = f"; declare `{target.name}: scalar`" if isinstance(target, Timed) else ""
        shapes.wrong(node, shapes.both(*node.args) + f", not of one shape{hint}")
        return None
    return () if _equal(shapes, node, found, wanted) else None


def _label_name(shapes: Shapes, target: Node) -> str | None:
    if isinstance(target, Timed) and target.name not in shapes.roles.unclear:
        name = shapes.roles.names.get(target.name)
        return target.name if name is not None and name.index else None
    return None


def _report_integers(shapes: Shapes, node: Apply, label: str) -> None:
    place = shapes.roles.names[label].index_place
    notes = [(f"`{label}` is taken for integers here", place)] if place is not None else []
    shapes.wrong(
        node.args[1],
        f"`{node.function}` compares real numbers, and `{label}` holds integers: the loss of a "
        "label is `softmax_cross_entropy`",
        *notes,
    )


def _labelled(shapes: Shapes, node: Apply, label: str, found: Sizes | None) -> Sizes | None:
    if found is None:
        return None
    prediction = node.args[0]
    if len(found) != 1:
        shapes.wrong(
            prediction,
            f"`{label}` is a label, an entry's number, so `{node.function}` takes a vector of "
            f"scores; {shapes.words.code(prediction)} is {shapes.words.shape(found)}",
        )
        return None
    shapes.label(label, found[0], node, prediction, 0)
    return ()
