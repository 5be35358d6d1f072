"""The shapes of calls that are not elementwise: softmax, sums, concatenations, losses."""

from __future__ import annotations

from functools import partial

from symbptt.functions.vectors import VectorFunction
from symbptt.language.conflicts import Sizes
from symbptt.language.surface import Apply, Node, Timed
from symbptt.language.unification import Shapes


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
    if found is not None and len(found) == 2:
        shapes.wrong(
            prediction,
            f"`{node.function}` compares vectors, and {shapes.words.code(prediction)} is "
            f"{shapes.words.shape(found)}",
        )
        return None
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
