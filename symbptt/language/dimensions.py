"""The free dimensions of a model: their order, and names for those that have none."""

from __future__ import annotations

from collections.abc import Iterator

from symbptt.language.lengths import LengthSum
from symbptt.language.unification import Shapes


def name_all(shapes: Shapes) -> tuple[str, ...]:
    """Names every dimension left unnamed after the first vector that has it.

    Returns
    -------
    tuple of str
        The free dimensions: of inputs first, then states, then the rest, in file order.
    """
    order: list[str] = []
    taken = set(shapes.lengths.declared)
    named = set()
    for name, length in _owned(shapes):
        for unknown in shapes.lengths.reduce(length).counts:
            if not unknown.fixed and unknown not in named:
                unknown.label = _free_label(f"n_{name}", taken)
                named.add(unknown)
                taken.add(unknown.label)
            if unknown.label not in order:
                order.append(unknown.label)
    return tuple(order)


def _free_label(label: str, taken: set[str]) -> str:
    """``n_x``, or ``n_x_2`` where the author calls something else ``n_x``."""
    number, free = 2, label
    while free in taken:
        free, number = f"{label}_{number}", number + 1
    return free


def _owned(shapes: Shapes) -> Iterator[tuple[str, LengthSum]]:
    """Names with their lengths, in the order in which they give names to dimensions."""
    roles = shapes.roles
    inputs = [entry.name for entry in roles.by_role("input")]
    states = [entry.name for entry in roles.states]
    first = dict.fromkeys([*inputs, *states])
    rest = [name for name in roles.names if name in shapes.names and name not in first]
    vectors = [name for name in rest if len(shapes.names[name]) == 1]
    matrices = [name for name in rest if len(shapes.names[name]) == 2]
    for name in [*first, *vectors, *matrices]:
        if name in shapes.labels:
            yield name, shapes.labels[name]
        for length in shapes.names[name]:
            yield name, length
