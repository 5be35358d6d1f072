"""Lengths that must be equal, and those about which that can't be told yet."""

from __future__ import annotations

from collections.abc import Callable

from symbptt.language.lengths import Lengths, LengthSum
from symbptt.language.limits import MAX_TERMS
from symbptt.language.source import Findings, Place
from symbptt.language.surface import Node

Report = Callable[[], None]
"""Adds the finding that says why two lengths differ."""


class Constraints:
    """Equates lengths; what depends on lengths not known yet is taken up at the end."""

    def __init__(self, lengths: Lengths, findings: Findings) -> None:
        self.lengths = lengths
        self.findings = findings
        self._later: list[tuple[LengthSum, LengthSum, Place, Report]] = []
        self._sums: list[tuple[Node, LengthSum]] = []

    def equate(self, left: LengthSum, right: LengthSum, why: Place, report: Report) -> bool:
        """Whether two lengths can be equal; ``report`` is called if they can't."""
        answer = self.lengths.equate(left, right, why)
        if answer is None:
            self._later.append((left, right, why, report))
        elif not answer:
            report()
        return answer is not False

    def add_sum(self, node: Node, length: LengthSum) -> None:
        """Remembers the length of a concatenation, which must stay within bounds."""
        self._sums.append((node, length))

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
