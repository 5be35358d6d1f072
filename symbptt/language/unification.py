"""What is known of the shapes of names, and the lengths that must be equal."""

from __future__ import annotations

from abc import ABC, abstractmethod

from symbptt.language.conflicts import Sizes, Wording
from symbptt.language.constraints import Constraints
from symbptt.language.lengths import Lengths, LengthSum
from symbptt.language.names import Name
from symbptt.language.ranks import Levels, Ranks
from symbptt.language.roles import Roles
from symbptt.language.source import Findings, Note, Source
from symbptt.language.surface import Node, Timed


class Shapes(ABC):
    """Shapes of all names, and of expressions by `of`; lengths are equated as they are met.

    Attributes
    ----------
    names : dict of name to tuple of Length
    labels : dict of name to Length
        What each index input ranges over.
    """

    def __init__(self, roles: Roles, source: Source, findings: Findings) -> None:
        self.roles = roles
        self.findings = findings
        self.levels = Levels(roles)
        self.ranks = Ranks(roles, self.levels)
        self.lengths = Lengths()
        self.names: dict[str, Sizes] = {}
        self.labels: dict[str, LengthSum] = {}
        self.words = Wording(roles, self.levels, self.lengths, self.names, source)
        self.constraints = Constraints(self.lengths, findings)
        self.equate = self.constraints.equate
        for name in roles.names.values():
            if name.role != "function":
                self._enter(name)

    def _enter(self, name: Name) -> None:
        if name.has_shape and name.declaration is not None:
            self.names[name.name] = tuple(
                LengthSum(number=dim) if isinstance(dim, int) else self.lengths.named(dim)
                for dim, _ in name.declaration.dims
            )
            return
        rank = self.ranks.names.get(name.name, 0)
        self.names[name.name] = tuple(self.lengths.fresh(f"n_{name.name}") for _ in range(rank))
        if name.index:
            self.labels[name.name] = self.lengths.fresh(f"n_{name.name}")

    def wrong(self, node: Node, message: str, *notes: Note) -> None:
        self.findings.add(node.place, message, *notes)

    @abstractmethod
    def of(self, node: Node) -> Sizes | None:
        """The shape of an expression; None where a finding says why there is none."""

    def is_matrix_input(self, node: Timed) -> bool:
        return node.name not in self.roles.unclear and len(self.names.get(node.name, ())) == 2

    def label(self, index: str, length: LengthSum, node: Node, other: Node, axis: int) -> None:
        """An index input ranges over a dimension."""

        def report() -> None:
            before = self.words.length(self.labels[index])
            why = self.lengths.reason(self.labels[index])
            notes = [(f"`{index}` ranges over {before} here", why)] if why is not None else []
            self.wrong(
                node,
                f"`{index}` ranges over {self.words.length(length)} values here, and over {before} "
                "elsewhere",
                *notes,
                *self.words.notes((other, axis)),
            )

        self.equate(self.labels[index], length, node.place, report)
