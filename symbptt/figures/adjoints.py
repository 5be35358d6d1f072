"""What flows back in a graph, read off a derivation: adjoints, their equations, their ways."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from symbptt import algebra as al
from symbptt.calculus.derivation import Derivation

Moment = tuple[str, int]
"""A quantity's name and a step."""


@dataclass(frozen=True)
class Flow:
    """Attributes
    ----------
    numbers : dict
        The derivation's step that states dL/d(quantity at a step).
    edges : set of (Moment, Moment)
        (reader, source): what the reader's adjoint gives to that of the source.
    parameters : dict
        The step that states dL/d(parameter), by name.
    """

    numbers: Mapping[Moment, int] = field(default_factory=dict)
    edges: frozenset[tuple[Moment, Moment]] = frozenset()
    parameters: Mapping[str, int] = field(default_factory=dict)

    @classmethod
    def of(cls, derivation: Derivation, horizon: int) -> Flow:
        numbers: dict[Moment, int] = {}
        edges: set[tuple[Moment, Moment]] = set()
        parameters: dict[str, int] = {}
        for step in derivation.steps:
            target = step.target
            if not isinstance(target, al.Cotangent):
                continue
            if target.index is None:
                parameters[target.name] = step.number
                continue
            for at in step.occasions(horizon):
                assert at is not None
                source = (target.name, at)
                numbers[source] = step.number
                edges |= {
                    (reader, source) for reader in _readers(step.members[0], target, at, horizon)
                }
        return cls(numbers, frozenset(edges), parameters)


def _readers(member: al.Expr, target: al.Cotangent, at: int, horizon: int) -> set[Moment]:
    """Whose adjoints the chain rule takes in, of those that there are up to the last step."""
    assert target.index is not None
    moment = {"T": horizon, "t": at - target.index.offset}
    found = set()
    for part in al.walk(member):
        if isinstance(part, al.Cotangent) and part.index is not None:
            found.add((part.name, part.index.at(moment)))
    return {(name, step) for name, step in found if step <= horizon}
