"""Undeclared scalars: what is combined entry by entry with a scalar, and with no vector.

An elementwise expression is one stretch of `+ - * / **` and elementwise functions; its leaves
are names, numbers and what `@`, `dot` and the like yield. A parameter or input that nobody
declares is a vector if it stands in a stretch with something known to be one, or where only a
vector can stand; else it is a scalar if it stands in a stretch with something known to be one.
What is neither is left open.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass

from symbptt.language import surface as sf
from symbptt.language.names import MATRICES
from symbptt.language.roles import Roles

Operands = Callable[[sf.Node], list[sf.Node] | None]
"""The operands of an elementwise operation; None if the node is something else."""


@dataclass(frozen=True)
class ElementwisePart:
    """An elementwise expression.

    Attributes
    ----------
    names : frozenset of str
        The names among its leaves, and the one that it defines.
    array, scalar : bool
        Whether it is an array, or holds a scalar, whatever names are.
    """

    names: frozenset[str]
    array: bool
    scalar: bool


class ElementwiseParts:
    """All elementwise expressions of a model."""

    def __init__(self, roles: Roles, operands: Operands) -> None:
        self.roles = roles
        self.operands = operands
        self.arrays: set[str] = set()
        self.found: list[ElementwisePart] = []
        for item in roles.items:
            if not isinstance(item, sf.Declaration):
                self.add(item.rhs, item.name, item.name == "loss")
        self.arrays |= {name.name for name in roles.names.values() if name.measured}

    def add(
        self, node: sf.Node, owner: str = "", scalar: bool = False, array: bool = False
    ) -> None:
        """The stretch that a node begins, then those within it."""
        leaves = list(self.leaves(node))
        names = {leaf.name for leaf in self.named(node)}
        inner = [self.yielded(leaf) for leaf in leaves]
        self.found.append(
            ElementwisePart(
                frozenset(names | ({owner} - {""})),
                array or "array" in inner,
                scalar or "scalar" in inner,
            )
        )
        if array and len(leaves) == 1:
            self.arrays |= names

    def leaves(self, node: sf.Node) -> Iterator[sf.Node]:
        waiting = [node]
        while waiting:
            node = waiting.pop()
            operands = self.operands(node)
            if operands is None:
                yield node
            else:
                waiting.extend(operands)

    def named(self, node: sf.Node) -> Iterator[sf.Named | sf.Timed]:
        """The leaves with names."""
        return (leaf for leaf in self.leaves(node) if isinstance(leaf, sf.Named | sf.Timed))

    def yielded(self, leaf: sf.Node) -> str:
        """What a leaf without a name is; the stretches of its arguments are found on the way."""
        functions = self.roles.functions
        match leaf:
            case sf.Flip(operand=operand):
                self.add(operand, array=True)
                return "array"
            case sf.Chain(operands=operands):
                for operand in operands:
                    self.add(operand, array=True)
                return "array"
            case sf.TableRow(table=table):
                self.arrays.add(table.name)
                return "array"
            case sf.Apply(function=function, args=args) if functions.is_loss(function):
                for arg in args:
                    self.add(arg)
                return "scalar"
            case sf.Apply(function=function, args=args):
                for arg in args:
                    self.add(arg, array=True)
                row = functions.vector(function)
                if row is None and function not in ("concat", *MATRICES):
                    return ""
                return "array" if row is None or row.like is not None else "scalar"
        return ""


class ScalarDecision:
    """Which of the open names are arrays or scalars, found one from the other.

    Parameters
    ----------
    made : mapping of name to set of names
        What a name that is defined is made of, entry by entry.
    rise : callable
        With names that are newly decided: what all names are, as far as is known.
    """

    def __init__(
        self,
        stretches: ElementwiseParts,
        open_names: Collection[str],
        made: Mapping[str, Collection[str]],
        rise: Callable[[Mapping[str, str]], Mapping[str, str]],
    ) -> None:
        self.stretches = stretches.found
        self.open = set(open_names)
        self.used = stretches.arrays
        self.rise = rise
        self.sure: dict[str, str] = {}
        self.waits = _waits(made, list(open_names))
        self.bits = {name: 1 << k for k, name in enumerate(open_names)}
        self.found: dict[str, str] = {}
        self.within: dict[str, list[int]] = {}
        for number, stretch in enumerate(self.stretches):
            for name in stretch.names:
                self.within.setdefault(name, []).append(number)

    def all(self) -> dict[str, str]:
        """The open names that are decided."""
        self.settle({})
        scalars: set[int] = set()
        affected = set(range(len(self.stretches)))
        arrays = self.open & self.used
        while True:
            for number in sorted(affected):
                kind = self.kind(self.stretches[number])
                scalars.discard(number)
                if kind == "array":
                    arrays |= self.stretches[number].names & self.open
                elif kind == "scalar":
                    scalars.add(number)
            new = dict.fromkeys(arrays, "array") or {
                name: "scalar"
                for number in scalars
                for name in self.stretches[number].names & self.open
            }
            if not new:
                return self.found
            arrays = set()
            self.found |= new
            self.open -= new.keys()
            changed = {*new, *self.settle(new)}
            affected = {n for name in changed for n in self.within.get(name, ())}

    def kind(self, stretch: ElementwisePart) -> str:
        kinds = {self.sure.get(n, "array" if n in self.used else "") for n in stretch.names}
        if stretch.array or "array" in kinds:
            return "array"
        return "scalar" if stretch.scalar or "scalar" in kinds else ""

    def settle(self, new: Mapping[str, str]) -> set[str]:
        """The names that are sure now: arrays, and scalars that wait for no open name."""
        self.sure |= new
        waiting = sum(self.bits[name] for name in self.open)
        changed = set()
        for name, word in self.rise(new).items():
            if word == "scalar" and self.waits.get(name, 0) & waiting:
                continue
            if self.sure.get(name) != word:
                self.sure[name] = word
                changed.add(name)
        return changed


def _waits(made: Mapping[str, Collection[str]], open_names: Sequence[str]) -> dict[str, int]:
    """For each name the open names, a bit each, on which it hangs in one way or another."""
    found = {name: 1 << number for number, name in enumerate(open_names)}
    readers: dict[str, list[str]] = {}
    for name, reads in made.items():
        for read in reads:
            readers.setdefault(read, []).append(name)
    waiting = list(found)
    while waiting:
        name = waiting.pop()
        for reader in readers.get(name, ()):
            more = found.get(reader, 0) | found[name]
            if more != found.get(reader, 0):
                found[reader] = more
                waiting.append(reader)
    return found
