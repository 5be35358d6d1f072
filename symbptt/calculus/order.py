"""In which order to visit what a model defines, and what L depends on."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from symbptt.algebra import NOW, Derived, Equation, Expr, Model, Param, Ref, walk


def in_step_order(model: Model) -> tuple[Equation, ...]:
    """The equations in an order in which each comes after what it reads at its own step."""
    by_name = {e.name: e for e in model.equations}
    reads = {e.name: _at_its_step(e) for e in model.equations}
    return tuple(by_name[name] for name in after_what_they_read(tuple(by_name), reads))


def derived_order(model: Model) -> tuple[Derived, ...]:
    """The derived parameters in an order in which each comes after what it reads."""
    by_name = {d.name: d for d in model.derived}
    reads = {d.name: names_in(d.rhs) for d in model.derived}
    return tuple(by_name[name] for name in after_what_they_read(tuple(by_name), reads))


def live_quantities(model: Model) -> frozenset[str]:
    """The quantities that L or a state (and so what follows this call) depends on."""
    reads = reads_of(model)
    starts = [i.value.name for i in model.initials if isinstance(i.value, Param)]
    return reached(("loss", *model.states, *starts), reads) & reads.keys()


def recurrent_quantities(model: Model) -> frozenset[str]:
    """The states, and what they are computed from within a step."""
    reads = {e.name: names_in(e.rhs) for e in model.equations}
    return reached(model.states, reads) & reads.keys()


Reads = Mapping[str, Iterable[str]]
"""What each name reads."""


def reads_of(model: Model) -> dict[str, tuple[str, ...]]:
    """What every quantity and derived parameter reads."""
    return {item.name: names_in(item.rhs) for item in model.definitions}


def reached(names: Iterable[str], reads: Reads) -> frozenset[str]:
    """The names, and all that they depend on."""
    pending, found = list(names), set()
    while pending:
        name = pending.pop()
        if name not in found:
            found.add(name)
            pending.extend(reads.get(name, ()))
    return frozenset(found)


def circle(name: str, reads: Reads) -> frozenset[str]:
    """The names that the given one depends on and that depend on it in turn."""
    readers: dict[str, list[str]] = {}
    for reader, found in reads.items():
        for read in found:
            readers.setdefault(read, []).append(reader)
    return reached(reads.get(name, ()), reads) & reached(readers.get(name, ()), readers)


def after_what_they_read(
    names: Sequence[str], reads: Mapping[str, Sequence[str]]
) -> tuple[str, ...]:
    """A depth-first order that keeps to the given one where it can.

    Without recursion, since a model may be a chain of a thousand equations.
    """
    done: dict[str, None] = {}
    for root in names:
        stack = [(root, iter(reads[root]))]
        while stack:
            name, targets = stack[-1]
            target = next((t for t in targets if t in reads and t not in done), None)
            if name in done or target is None:
                done.setdefault(name)
                stack.pop()
            else:
                stack.append((target, iter(reads[target])))
    return tuple(done)


def names_in(expr: Expr) -> tuple[str, ...]:
    """The names of quantities, inputs and parameters in an expression, each once."""
    found = (node.name for node in walk(expr) if isinstance(node, Ref | Param))
    return tuple(dict.fromkeys(found))


def _at_its_step(equation: Equation) -> tuple[str, ...]:
    """What an equation reads at its own step; the one at T comes after all others."""
    found = (
        node.name
        for node in walk(equation.rhs)
        if isinstance(node, Ref) and (node.index == NOW or equation.last)
    )
    return tuple(dict.fromkeys(found))
