"""The graph of a run of T steps, and the cases that are all cases of t and T."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from graphlib import CycleError, TopologicalSorter

from symbptt import algebra as al
from symbptt.errors import NotProvedError
from symbptt.proof.induction import canonical as cn
from symbptt.proof.induction import polynomials as pl
from symbptt.proof.induction.canonical import Atom, Poly
from symbptt.proof.induction.reading import EntryReader, Known, free_letters


@dataclass(frozen=True)
class Instance:
    """What is computed: an equation, a derived parameter, or an initial value.

    ``index`` is its step: t, T, a number, or None.
    """

    name: str
    index: al.Index | None
    rhs: al.Expr
    shape: al.Shape

    @property
    def last(self) -> bool:
        return self.index == al.LAST

    def at(self, step: al.Index | None) -> Instance:
        if step is None or self.index != al.NOW:
            return self
        return replace(self, index=step, rhs=al.substitute_index(self.rhs, {"t": step}))


@dataclass(frozen=True)
class Arrow:
    """That a node reads a variable, so many steps before its own."""

    node: Instance
    lag: int = 0


class Graph:
    """The graph of a run of T steps, in letters t and T.

    Raises
    ------
    NotProvedError
        If a quantity is read at a step that is not t, T or before them, or if equations of
        one step read each other in a circle.
    """

    def __init__(self, model: al.Model) -> None:
        self.model = model
        self.untimed = {i.name for i in model.inputs if not i.timed}
        self.nodes = [Instance(d.name, None, d.rhs, d.shape) for d in model.derived]
        self.nodes += [Instance(e.name, e.index, e.rhs, e.shape) for e in model.equations]
        self.nodes += [
            Instance(i.name, i.index, i.value, i.shape)
            for i in model.initials
            if i.value is not None
        ]
        named: tuple[al.Parameter | al.Input | Instance, ...]
        named = (*model.parameters, *model.inputs, *self.nodes)
        self.shapes = {each.name: each.shape for each in named}
        self.edges: dict[str, list[Arrow]] = {}
        for node in self.nodes:
            for read in dict.fromkeys(al.walk(node.rhs)):
                if isinstance(read, al.Param):
                    self.edges.setdefault(read.name, []).append(Arrow(node))
                elif isinstance(read, al.Ref) and read.name not in model.integers:
                    self.edges.setdefault(read.name, []).append(Arrow(node, _lag(node, read)))
        self._in_order()
        self.live = self._live()
        if "loss" in self.edges:
            raise NotProvedError("an equation reads the loss")

    def _in_order(self) -> None:
        sorter: TopologicalSorter[str] = TopologicalSorter()
        for name, edges in self.edges.items():
            for edge in edges:
                if not edge.lag and edge.node.name != name:
                    sorter.add(edge.node.name, name)
                elif not edge.lag:
                    raise NotProvedError(f"the equation of {name} reads itself")
        try:
            sorter.prepare()
        except CycleError as error:
            raise NotProvedError(f"equations read each other in a circle: {error}") from error

    def _live(self) -> set[str]:
        """The names from which an edge leads to another and at last to the loss."""
        found, pending = {"loss"}, ["loss"]
        reads: dict[str, list[str]] = {}
        for name, edges in self.edges.items():
            for edge in edges:
                reads.setdefault(edge.node.name, []).append(name)
        while pending:
            for name in reads.get(pending.pop(), ()):
                if name not in found:
                    found.add(name)
                    pending.append(name)
        return found

    def defined(self, found: Atom, reader: EntryReader) -> Poly | None:
        """What an equation puts in the place of an entry."""
        _, role, name, (terms, offset), places = found
        if role != "value":
            return None
        node = self.node(name)
        if terms != ("-",):
            node = node.at(al.Index(terms, offset))
        free = (cn.letter(one.name, one.dim)[:2] for one in free_letters(node.shape))
        return pl.renamed(reader.free(node.rhs, node.shape), dict(zip(free, places, strict=True)))

    def definitions(self, steps: frozenset[al.Index | None], reader: EntryReader) -> Known:
        """What equations put in the place of entries of what they define at these steps."""
        keys = {pl.step_key(step) for step in (None, *steps)}
        names = {n.name for n in self.nodes if isinstance(n.rhs, al.Call | al.Div | al.Vector)}

        def known(found: Atom) -> Poly | None:
            there = found[2] in names and found[3] in keys and found[1] == "value"
            return self.defined(found, reader) if there else None

        return known

    def node(self, name: str) -> Instance:
        for node in self.nodes:
            if node.name == name:
                return node
        raise NotProvedError(f"no equation defines {name}")


def _lag(node: Instance, read: al.Ref) -> int:
    if node.index is not None:
        distance = node.index - read.index
        if not distance.terms and distance.offset >= 0:
            return distance.offset
    raise NotProvedError(f"the equation of {node.name} reads {read.name}[{read.index}]")


# --- cases ---------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Regime:
    """Steps and lengths for which one identity decides.

    Attributes
    ----------
    words : str
    step : Index or None
        Of the variable.
    horizon : Index
        T, or a number.
    room : int
        So many steps behind t are within T for certain; of a number, T is at least that.
    """

    words: str
    step: al.Index | None
    horizon: al.Index = al.LAST
    room: int = 0

    def put_in(self, expr: al.Expr) -> al.Expr:
        """An expression about t and T, of this case."""
        values = {"T": self.horizon}
        if self.step is not None and self.step.names() != ("t",):
            values["t"] = self.step
        return al.substitute_index(expr, values)

    def past(self, step: al.Index) -> bool:
        """Whether a step lies past T.

        Raises
        ------
        NotProvedError
            If that is not decided.
        """
        ahead = step - self.horizon
        if not ahead.terms:
            return ahead.offset > 0
        if step.names() in (("t",), ()) and step.offset <= self.room:
            return False
        raise NotProvedError(f"whether the step {step} is past T is not known for {self.words}")


def cases_before_the_end(depth: int) -> Iterator[Regime]:
    """All 1 <= t <= T: T, T - 1, … one by one, and all that are at least ``depth`` before T."""
    for before in range(depth):
        step = al.LAST - before
        yield Regime(f"t = {step}", step)
    yield Regime(f"1 <= t <= {al.LAST - depth}", al.NOW, room=depth)


def cases_of_the_start(step: int, enough: int) -> Iterator[Regime]:
    """All T >= 1: those less than ``enough`` one by one, and all others."""
    for horizon in range(1, enough):
        yield Regime(f"T = {horizon}", al.Index(offset=step), al.Index(offset=horizon), horizon)
    yield Regime(f"T >= {enough}", al.Index(offset=step), room=enough)
