"""What is known of the shapes of names, and the lengths that must be equal."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable

from symbptt.language.conflicts import Sizes, Wording
from symbptt.language.lengths import Lengths, LengthSum
from symbptt.language.limits import MAX_TERMS
from symbptt.language.names import Name
from symbptt.language.ranks import Levels, Ranks
from symbptt.language.roles import Roles
from symbptt.language.source import Findings, Note, Place, Source
from symbptt.language.surface import Node, Timed

Report = Callable[[], None]
"""Adds the finding that says why two lengths differ."""


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
        self._later: list[tuple[LengthSum, LengthSum, Place, Report]] = []
        self._sums: list[tuple[Node, LengthSum]] = []
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

    def both(self, first: Node, other: Node) -> str:
        """``a has length n and b has length m``"""
        return " and ".join(self.words.extent(node, self.of(node) or ()) for node in (first, other))

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

    # --- lengths that must be equal ---

    def equate(self, left: LengthSum, right: LengthSum, why: Place, report: Report) -> bool:
        """Whether two lengths can be equal; ``report`` is called if they can't."""
        answer = self.lengths.equate(left, right, why)
        if answer is None:
            self._later.append((left, right, why, report))
        elif not answer:
            report()
        return answer is not False

    def joined(self, node: Node, parts: Iterable[LengthSum]) -> LengthSum:
        """The length of a concatenation, which must stay within bounds."""
        total = self.lengths.total(parts)
        self._sums.append((node, total))
        return total

    def finish(self) -> None:
        """Takes up what was put off, as long as that leads anywhere."""
        waiting = 0
        while len(self._later) != waiting:
            waiting = len(self._later)
            later, self._later = self._later, []
            for left, right, why, report in later:
                self.equate(left, right, why, report)
        for left, right, why, _ in self._later:
            one, other = self.lengths.reduce(left), self.lengths.reduce(right)
            self.findings.add(
                why,
                f"two lengths must be equal here, {one} and {other}, and nothing tells their "
                "parts: declare the shapes of the vectors that are set end to end",
            )
        for node, length in self._sums:
            if self.lengths.reduce(length).parts > MAX_TERMS:
                message = f"a length is a sum of at most {MAX_TERMS:,} lengths"
                self.findings.add(node.place, message)
                return
