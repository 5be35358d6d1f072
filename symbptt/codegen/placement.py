"""Which quantities depend on each other through time, and in which order to compute them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from symbptt.algebra import Expr, Model, Ref, walk
from symbptt.calculus.order import in_step_order


def references(expr: Expr) -> tuple[str, ...]:
    """The names that an expression reads at a step, each once, in order."""
    return tuple(dict.fromkeys(n.name for n in walk(expr) if isinstance(n, Ref)))


def components(model: Model) -> tuple[tuple[str, ...], ...]:
    """The strongly connected components of the recurrence, each after what it reads.

    Every quantity with a value a step is in exactly one; inside a component the names
    stand in an order in which they can be computed within a step.
    """
    order = [e.name for e in in_step_order(model) if not e.last]
    reads = {
        name: tuple(r for r in references(model.equation(name).rhs) if r in set(order))
        for name in order
    }
    place = {name: number for number, name in enumerate(order)}
    return tuple(
        tuple(sorted(component, key=place.__getitem__))
        for component in strongly_connected(order, reads)
    )


def is_recurrent(model: Model, component: Sequence[str]) -> bool:
    """Whether a component needs a loop over time: it reads itself."""
    return len(component) > 1 or component[0] in references(model.equation(component[0]).rhs)


def strongly_connected(
    nodes: Sequence[str], edges: Mapping[str, Sequence[str]]
) -> Iterator[tuple[str, ...]]:
    """Tarjan's components, those that are pointed at first.

    Source: R. Tarjan, Depth-first search and linear graph algorithms, SIAM J. Comput.
    1 (1972) 146-160; with an explicit stack, so that long chains do no harm.
    """
    number: dict[str, int] = {}
    low: dict[str, int] = {}
    stack: list[str] = []
    for root in nodes:
        if root in number:
            continue
        work: list[tuple[str, Iterator[str]]] = [_enter(root, number, low, stack, edges)]
        while work:
            node, targets = work[-1]
            target = next(targets, None)
            if target is None:
                work.pop()
                if work:
                    low[work[-1][0]] = min(low[work[-1][0]], low[node])
                if low[node] == number[node]:
                    cut = stack.index(node)
                    component = tuple(stack[cut:])
                    del stack[cut:]
                    yield component
            elif target not in number:
                work.append(_enter(target, number, low, stack, edges))
            elif target in stack:
                low[node] = min(low[node], number[target])


def _enter(
    node: str,
    number: dict[str, int],
    low: dict[str, int],
    stack: list[str],
    edges: Mapping[str, Sequence[str]],
) -> tuple[str, Iterator[str]]:
    number[node] = low[node] = len(number)
    stack.append(node)
    return node, iter(edges[node])
