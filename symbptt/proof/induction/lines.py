"""The lines of a backward pass, each against the chain rule of the graph."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from fractions import Fraction
from typing import Any

from symbptt import algebra as al
from symbptt.algebra.letters import Entry, Letter, Slope
from symbptt.calculus.derivation import EVERY, Range, Step
from symbptt.errors import NotProvedError
from symbptt.proof.induction import canonical as cn
from symbptt.proof.induction import polynomials as pl
from symbptt.proof.induction.arrows import (
    Graph,
    Instance,
    Regime,
    cases_before_the_end,
    cases_of_the_start,
)
from symbptt.proof.induction.canonical import Atom, Place, Poly
from symbptt.proof.induction.function_facts import prove_derivatives, vanishes
from symbptt.proof.induction.reading import EntryReader, free_letters, substituted

Over = Range | None
"""The steps over which something is summed; None where it stands once."""


class About:
    """The lines about the gradient of one variable."""

    def __init__(self, graph: Graph, name: str, steps: tuple[Step, ...]) -> None:
        self.graph = graph
        self.name = name
        self.steps = steps
        self.reader = EntryReader(graph.model, self.partial, graph.untimed)
        self.edges = graph.edges.get(name, [])
        self.shape = graph.shapes.get(name, ())
        self.case = Regime("1 <= t <= T", al.NOW)

    def proof(self) -> list[str]:
        index = self.steps[0].target.index
        for step in self.steps:
            if any(one.shape != self.shape for one in (step.target, *step.members)):
                raise NotProvedError(f"({step.number}) is not in the shape of {self.name}")
        if self.name == "loss":
            lines = [self.of_the_loss()]
        elif index is None:
            lines = self.of_a_parameter()
        elif not index.terms:
            lines = self.of_a_start(index.offset)
        else:
            lines = self.of_a_quantity()
        for name in sorted(self.reader.used):
            prove_derivatives(name)
        return lines

    # --- kinds of variables --------------------------------------------------------------

    def of_the_loss(self) -> str:
        total = self.reader.model.total
        last = total.last
        for step in self.steps:
            whole = step.target.index == al.LAST if last else step.holds == EVERY
            if not whole or step.target.index not in (al.LAST, al.NOW) or step.needs > 1:
                raise NotProvedError(f"({step.number}) is not about all steps with a loss")
            for member in step.members:
                if not pl.is_zero(pl.subtract(self.reader.free(member, ()), self.seed())):
                    raise NotProvedError(f"({step.number}) is not what L is made of")
        return "L is the loss at T" if last else f"L is the {total.word} of the losses of T steps"

    def seed(self) -> Poly:
        total = self.reader.model.total
        if total.last or total.summed:
            return pl.number(1)
        return pl.atom(("horizon",), Fraction(-1))

    def of_a_quantity(self) -> list[str]:
        """Case by case: the lines that speak of it, each of which must be the chain rule."""
        at_end = self.name in self.graph.untimed or self.at_the_end_alone()
        depth = 1 + max([edge.lag for edge in self.edges] + [_reach(s) for s in self.steps])
        cases = [Regime("t = T", al.LAST)] if at_end else list(cases_before_the_end(depth))
        return [self.of_case(case, [s for s in self.steps if _speaks(s, case)]) for case in cases]

    def at_the_end_alone(self) -> bool:
        return any(node.name == self.name and node.last for node in self.graph.nodes)

    def of_a_start(self, step: int) -> list[str]:
        enough = [1, *(step + edge.lag + 1 for edge in self.edges)]
        enough += [s.needs for s in self.steps]
        enough += [s.holds.last.offset + 1 for s in self.steps if s.holds is not None]
        cases = cases_of_the_start(step, max(enough))
        return [
            self.of_case(case, [s for s in self.steps if s.stated_for(case.room)]) for case in cases
        ]

    def of_a_parameter(self) -> list[str]:
        self.case = Regime("1 <= t <= T", al.NOW)
        timed = [edge.node for edge in self.edges if edge.node.index == al.NOW]
        others = [edge.node for edge in self.edges if edge.node.index != al.NOW]
        readers: dict[Over, list[Instance]] = {EVERY: timed, None: others}
        for step in self.steps:
            for member in step.members:
                said = self.summed(member)
                for over in {**readers, **said}:
                    self.compare(step, said.get(over, {}), readers.get(over, []))
        live = (edge.node.name for edge in self.edges if edge.node.name in self.graph.live)
        names = ", ".join(dict.fromkeys(live)) or "nothing"
        return [f"{_numbers(self.steps)}: it enters {names}, summed over the steps of each"]

    # --- identities ------------------------------------------------------------------------

    def of_case(self, case: Regime, steps: Sequence[Step]) -> str:
        if not steps:
            raise NotProvedError(f"nothing is said for {case.words}")
        self.case = case
        nodes = self.readers()
        for step in steps:
            for member in step.members:
                self.compare(step, self.reader.free(case.put_in(member), self.shape), nodes)
        live = (node for node in nodes if node.name in self.graph.live)
        where = ", ".join(f"{node.name}[{node.index}]" for node in live) or "nothing"
        return f"{case.words}: {_numbers(steps)}, it enters {where}"

    def readers(self) -> list[Instance]:
        """The nodes that read the variable in this case, each at its own step."""
        assert self.case.step is not None
        found = []
        for edge in self.edges:
            step = self.case.step + edge.lag
            if self.name in self.graph.untimed:
                found.append(edge.node)
            elif edge.node.last:
                if step == self.case.horizon:
                    found.append(self.at_the_end(edge.node))
            elif (step.terms or step.offset >= 1) and not self.case.past(step):
                found.append(edge.node.at(step))
        return list(dict.fromkeys(found))

    def at_the_end(self, node: Instance) -> Instance:
        return replace(node, index=self.case.horizon, rhs=self.case.put_in(node.rhs))

    def received(self, node: Instance) -> Poly:
        """What the variable receives from a node that reads it."""
        places = tuple(Letter(f"place {k}", dim) for k, dim in enumerate(node.shape))
        scope = {one.name: cn.fresh(cn.extent(one.dim)) for one in places}
        rhs = self.reader.entry(node.rhs, places, scope)
        variable: al.Expr = al.Param(self.name, self.shape)
        if self.steps[0].target.index is not None and self.case.step is not None:
            variable = al.Ref(self.name, self.case.step, self.shape)
        wrt = self.reader.atom_of(variable, free_letters(self.shape))
        letters = tuple(scope.values())
        cotangent = pl.entry("cotangent", node.name, node.index, letters)
        inner = pl.slope(rhs, wrt, self.reader.slopes)
        return pl.total(pl.multiply((cotangent, inner)), letters)

    def partial(self, slope: Slope, scope: Mapping[str, Place]) -> Poly:
        """A derivative as it stands in the chain rule: that of one equation."""
        (output, places), (wrt, others) = _array(slope.output), _array(slope.wrt)
        if slope.held != "equation" or not isinstance(output, al.Ref | al.Param):
            raise NotProvedError("a derivative is not that of one equation")
        node = self.graph.node(output.name)
        if isinstance(output, al.Ref):
            node = self.at_the_end(node) if node.last else node.at(output.index)
            if node.index != output.index:
                raise NotProvedError(f"{output.name} is computed at T alone")
        rhs = self.reader.entry(node.rhs, places, scope)
        return pl.slope(rhs, self.reader.atom_of(wrt, others, scope), self.reader.slopes)

    def compare(self, step: Step, said: Poly, nodes: Sequence[Instance]) -> None:
        """Whether it is the chain rule, given what L and the equations of these nodes say.

        It may read no gradients but theirs: those are known before, by the induction.
        """
        true = cn.add(map(self.received, nodes))
        given = {(node.name, pl.step_key(node.index)) for node in nodes}
        known = self.graph.definitions(frozenset(node.index for node in nodes), self.reader)
        settled = (substituted(self.settled(poly, given), known) for poly in (said, true))
        if not vanishes(pl.subtract(*settled)):
            raise NotProvedError(
                f"({step.number}) is not the sum over what reads it, for {self.case.words}"
            )

    def settled(self, poly: Poly, given: Collection[tuple[str, Any]]) -> Poly:
        """With what is known of gradients: that of the loss, those past T, those of no use."""

        def change(found: Atom) -> Poly:
            if found[:2] != ("entry", "cotangent"):
                return pl.atom(found)
            _, _, name, (terms, offset), _ = found
            if terms != ("-",) and self.case.past(al.Index(terms, offset)):
                return {}
            if name == "loss":
                return self.seed()
            if (name, found[3]) not in given:
                raise NotProvedError(f"a line reads dL/d{name}, and {name} does not read the value")
            return pl.atom(found) if name in self.graph.live else {}

        return pl.rebuilt(poly, change)

    def summed(self, member: al.Expr) -> dict[Over, Poly]:
        """A sum of sums over steps, by their ranges."""
        found: dict[Over, list[Poly]] = {}
        for sign, term in _signed_terms(member):
            over: Over = None
            if isinstance(term, al.TimeSum):
                over = Range(term.first, term.last)
                term = al.substitute_index(term.term, {term.index: al.NOW})
            found.setdefault(over, []).append(pl.scale(self.reader.free(term, self.shape), sign))
        return {over: cn.add(polys) for over, polys in found.items()}


def _signed_terms(expr: al.Expr, sign: int = 1) -> Iterator[tuple[int, al.Expr]]:
    match expr:
        case al.Add(terms=terms):
            for term in terms:
                yield from _signed_terms(term, sign)
        case al.Neg(operand=operand):
            yield from _signed_terms(operand, -sign)
        case _:
            yield sign, expr


def _array(entry: al.Expr) -> tuple[al.Expr, tuple[al.Expr, ...]]:
    return (entry.array, entry.places) if isinstance(entry, Entry) else (entry, ())


def _numbers(steps: Iterable[Step]) -> str:
    return " and ".join(f"({step.number})" for step in steps)


# --- which cases a line speaks of ----------------------------------------------------------------


def _reach(step: Step) -> int:
    """How far from t and T a line looks."""
    indices = [step.target.index, *([step.holds.last] if step.holds else [])]
    for node in (node for member in step.members for node in al.mentioned(member)):
        if isinstance(node, al.Ref | al.Cotangent):
            indices.append(node.index)
    return max(abs(index.offset) for index in indices if index is not None)


def _speaks(step: Step, case: Regime) -> bool:
    """Whether a line is about this case, for every T for which the case exists.

    Raises
    ------
    NotProvedError
        If it is so for some T alone.
    """
    index, holds = step.target.index, step.holds
    assert index is not None and case.step is not None
    before = (al.LAST - case.step).offset if case.step.names() == ("T",) else case.room
    if index == al.NOW and holds is not None and holds.of == al.NOW:
        end = al.LAST - holds.last
        if end.terms or holds.first.terms:
            raise NotProvedError(f"({step.number}) holds for steps that are not known")
        if before < end.offset:
            return False
        if holds.first.offset > 1 or step.needs > end.offset + 1:
            raise NotProvedError(f"({step.number}) is not said of all steps, at {case.words}")
        return True
    if index != case.step:
        return False
    if step.needs > before + 1 or (holds is not None and holds != EVERY):
        raise NotProvedError(f"({step.number}) is not said for all T, at {case.words}")
    return True
