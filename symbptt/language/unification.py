"""What is known of shapes, the lengths that must be equal, and words where they can't be."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from symbptt.functions.vectors import VECTORS
from symbptt.language import surface as sf
from symbptt.language.lengths import Lengths, LengthSum
from symbptt.language.limits import MAX_TERMS
from symbptt.language.names import Name
from symbptt.language.ranks import Broadcast, Levels, Ranks, elementwise_operands
from symbptt.language.roles import Roles
from symbptt.language.source import Findings, Note, Place, Source
from symbptt.language.spelling import spell

Sizes = tuple[LengthSum, ...]


@dataclass
class Wording:
    """Describes nodes and shapes of one model where they do not fit: both sides, both places."""

    roles: Roles
    levels: Levels
    lengths: Lengths
    names: dict[str, Sizes]
    source: Source

    def code(self, node: sf.Node) -> str:
        return f"`{self.source.snippet(node.place)}`"

    def length(self, length: LengthSum) -> str:
        return str(self.lengths.reduce(length))

    def extent(self, node: sf.Node, sizes: Sizes) -> str:
        if len(sizes) == 1:
            return f"{self.code(node)} has length {self.length(sizes[0])}"
        return f"{self.code(node)} is {self.shape(sizes)}"

    def shape(self, sizes: Sizes) -> str:
        if not sizes:
            return "a scalar"
        if len(sizes) == 1:
            return f"a vector of length {self.length(sizes[0])}"
        return f"a matrix of shape ({self.length(sizes[0])}, {self.length(sizes[1])})"

    # --- where a length was stated ------------------------------------------------------

    def notes(self, *sides: tuple[sf.Node, int]) -> list[Note]:
        """Where the lengths of nodes along an axis come from, without repetition."""
        found: list[Note] = []
        for node, axis in sides:
            note = self.stated(node, axis)
            if note is not None and note not in found:
                found.append(note)
        return found

    def stated(self, node: sf.Node, axis: int) -> Note | None:
        match node:
            case sf.Named(name=name) | sf.Timed(name=name):
                return self.stated_name(name, axis)
            case sf.Flip(operand=operand):
                return self.stated(operand, 1 - axis)
            case sf.TableRow(table=table):
                return self.stated(table, 1)
            case sf.Chain(operands=operands):
                row = self.levels.of(operands[0]) == Broadcast.ARRAY and self.is_vector(operands[0])
                if row or axis == 1:
                    return self.stated(operands[-1], 1)
                return self.stated(operands[0], 0)
            case sf.Apply(function=name, args=args) if name in VECTORS and args:
                like = VECTORS[name].like
                return None if like is None else self.stated(args[like], axis)
        operands = elementwise_operands(node, self.roles.functions) or []
        arrays = [one for one in operands if self.levels.of(one) == Broadcast.ARRAY]
        found = [note for note in (self.stated(one, axis) for one in arrays) if note is not None]
        # Where another line says it, that is the better witness.
        lines = range(node.place.line, node.place.end_line + 1)
        elsewhere = [note for note in found if note[1].line not in lines]
        return next(iter([*elsewhere, *found]), None)

    def is_vector(self, node: sf.Node) -> bool:
        return isinstance(node, sf.Named | sf.Timed) and len(self.names.get(node.name, ())) == 1

    def stated_name(self, name: str, axis: int) -> Note | None:
        entry = self.roles.names.get(name)
        sizes = self.names.get(name, ())
        if entry is None or axis >= len(sizes):
            return None
        if entry.has_shape and entry.declaration is not None:
            place = entry.declaration.place
            return f"`{name}` is declared here", place
        why = self.lengths.reason(sizes[axis])
        if why is None:
            return None
        which = "length" if len(sizes) == 1 else ("number of rows", "number of columns")[axis]
        return f"`{name}` gets its {which} {self.length(sizes[axis])} here", why

    # --- what may be meant --------------------------------------------------------------

    def hints(self, *sides: tuple[sf.Node, LengthSum]) -> str:
        """Proposals after a clash of lengths."""
        for node, length in sides:
            one = self.lengths.reduce(length)
            if not one.counts and one.number == 1:
                for part in sf.walk(node):
                    if isinstance(part, sf.Named | sf.Timed) and self.is_one(part.name):
                        return f"; if `{part.name}` has no axes, declare `{part.name}: scalar`"
        for node, _ in sides:
            for part in [node, *(elementwise_operands(node, self.roles.functions) or [])]:
                if isinstance(part, sf.Named | sf.Timed) and self.is_guessed(part.name):
                    return f"; if two different things are called `{part.name}`, rename one of them"
        return ""

    def is_one(self, name: str) -> bool:
        """Whether a name is declared a vector of one entry."""
        sizes = self.names.get(name, ())
        return len(sizes) == 1 and not sizes[0].counts and sizes[0].number == 1

    def is_guessed(self, name: str) -> bool:
        """Whether an undeclared name has its shape from several uses."""
        entry = self.roles.names.get(name)
        if entry is None or entry.declaration is not None:
            return False
        return len(entry.plain) + len(entry.timed) + (entry.definition is not None) > 1

    def to_be_scalars(self, node: sf.Node) -> list[Name] | None:
        """The undeclared names that make an elementwise expression an array.

        None if declaring them scalars would not make it one.
        """
        if self.levels.of(node) < Broadcast.ARRAY:
            return []
        if isinstance(node, sf.Named | sf.Timed):
            entry = self.roles.names.get(node.name)
            free = entry is not None and entry.declaration is None
            if entry is None or not free or entry.role not in ("parameter", "input"):
                return None
            return [entry]
        operands = elementwise_operands(node, self.roles.functions)
        if operands is None:
            return None
        found: dict[str, Name] = {}
        for operand in operands:
            names = self.to_be_scalars(operand)
            if names is None:
                return None
            found.update((name.name, name) for name in names)
        return list(found.values())

    def scalar_hint(self, node: sf.Node) -> str:
        names = self.to_be_scalars(node)
        if not names:
            return ""
        declared = " and ".join(f"`{name.name}: scalar`" for name in names[:3])
        return f", or declare {declared}"

    def regrouped(self, chain: sf.Chain) -> str:
        """``f * W @ h`` with the parentheses that its author meant."""
        first = chain.operands[0]
        if not isinstance(first, sf.Times):
            return ""
        *scales, matrix = first.factors
        product = sf.Chain(chain.place, [matrix, *chain.operands[1:]])
        return f"`{spell(sf.Times(chain.place, [*scales, product]))}`"


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
        self._sums: list[tuple[sf.Node, LengthSum]] = []
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

    def wrong(self, node: sf.Node, message: str, *notes: Note) -> None:
        self.findings.add(node.place, message, *notes)

    @abstractmethod
    def of(self, node: sf.Node) -> Sizes | None:
        """The shape of an expression; None where a finding says why there is none."""

    def both(self, first: sf.Node, other: sf.Node) -> str:
        """``a has length n and b has length m``"""
        return " and ".join(self.words.extent(node, self.of(node) or ()) for node in (first, other))

    def label(
        self, index: str, length: LengthSum, node: sf.Node, other: sf.Node, axis: int
    ) -> None:
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

    def joined(self, node: sf.Node, parts: Iterable[LengthSum]) -> LengthSum:
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
