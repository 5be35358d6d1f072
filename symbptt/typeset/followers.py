"""What is made of a parameter follows it: other parameters, and values at which a run starts."""

from __future__ import annotations

from symbptt import algebra as al
from symbptt.calculus.order import names_in

Followers = dict[str, list[al.Ref | al.Param]]


def followers(*models: al.Model) -> Followers:
    """What is made of each name."""
    made: list[tuple[al.Ref | al.Param, al.Expr]] = []
    for model in models:
        made += [(each.ref, each.rhs) for each in model.derived]
        made += [
            (al.Ref(each.name, each.index, each.shape), each.value)
            for each in model.initials
            if each.value is not None
        ]
    found: Followers = {}
    for variable, value in made:
        for name in names_in(value):
            found.setdefault(name, []).append(variable)
    return found


def shares(node: al.Derivative | al.Pullback, known: Followers) -> list[al.Product]:
    """What comes through them, each with its own gradient, where only the rest is meant."""
    if not isinstance(node.wrt, al.Param) or node.held not in ("nothing", "step"):
        return []
    return [
        al.Product(
            al.Derivative(node.output, made, node.held), al.Derivative(made, node.wrt, "equation")
        )
        for made in known.get(node.wrt.name, ())
        if node.held == "nothing" or isinstance(made, al.Param)  # a step holds its start
    ]
