"""Which values stand end to end, and in which order: a question for the whole program."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import permutations

from symbptt.codegen.places import Variable
from symbptt.codegen.program import Assign

SEARCHED = 7
"""Up to so many columns all orders are tried; more are put in order one by one."""


@dataclass
class Group:
    """Statements (or terms of one statement) that may become one.

    ``rows[k]`` are the variables with a value a step that member k has at each place;
    members with equal places stand side by side in one order everywhere. A group that
    ``follows`` is not worth an order of its own: it is taken where another made one.
    """

    worth: float
    members: list[Assign]
    rows: list[tuple[Variable, ...]]
    block: int
    follows: bool = False


class Columns:
    """Variables that stand at one place of aligned arrays, and the order of these places."""

    def __init__(self, groups: Sequence[Group]) -> None:
        self.groups = sorted(groups, key=lambda g: -g.worth)
        self.parent: dict[Variable, Variable] = {}
        self.families: dict[Variable, Variable] = {}
        self.orders: list[tuple[Variable, ...]] = []
        self.found: list[set[Variable]] = []

    def find(self, v: Variable) -> Variable:
        while self.parent.setdefault(v, v) != v:
            v = self.parent[v]
        return v

    def chosen(self) -> list[Group]:
        """As many groups as there is an order for, the most useful first."""
        kept: list[Group] = []
        for candidate in sorted(self.groups, key=lambda g: g.follows):
            if candidate.follows:
                kept += self.within(candidate)
                continue
            before = self.parent, self.found
            orders = self.solved([*kept, candidate])
            if orders is None:
                self.parent, self.found = before
            else:
                kept.append(candidate)
                self.orders = orders
        return kept

    def within(self, candidate: Group) -> list[Group]:
        """What of a group stands end to end already."""
        places = {c: (n, k) for n, order in enumerate(self.orders) for k, c in enumerate(order)}
        found: dict[int, list[tuple[int, Assign, tuple[Variable, ...]]]] = {}
        for member, row in zip(candidate.members, candidate.rows, strict=True):
            standing = {self.find(v) for v in row if self.has_family(v)}
            free = all(self.has_family(v) or v[0] == "gradient" for v in row)
            if len(standing) == 1 and free and standing <= places.keys():
                order, place = places[standing.pop()]
                found.setdefault(order, []).append((place, member, row))
        runs = []
        for members in found.values():
            members.sort(key=lambda entry: entry[0])
            run = [members[0]]
            for entry in members[1:]:
                if entry[0] != run[-1][0] + 1:
                    runs.append(run)
                    run = []
                run.append(entry)
            runs.append(run)
        chosen = [
            replace(candidate, members=[m for _, m, _ in run], rows=[r for _, _, r in run])
            for run in runs
            if len(run) > 1
        ]
        for taken in chosen:
            self.settle(taken)
        return chosen

    def settle(self, taken: Group) -> None:
        """Gradients that had no place yet stand as what they are gradients of."""
        for at in range(len(taken.rows[0])):
            new = {row[at] for row in taken.rows}
            if not any(self.has_family(v) for v in new):
                self.found.append(new)
        for row in taken.rows:
            column = next(self.find(v) for v in row if v[0] != "gradient")
            for v in row:
                if v[0] == "gradient":
                    self.parent[self.find(v)] = column

    def has_family(self, v: Variable) -> bool:
        return any(v in members for members in self.found)

    def solved(self, groups: Sequence[Group]) -> list[tuple[Variable, ...]] | None:
        """The orders of all columns in which these groups are unbroken runs, or None."""
        self.parent = {}
        for found in groups:
            for row in found.rows:
                for other in row[1:]:
                    self.parent[self.find(row[0])] = self.find(other)
        families = self.family_sets(groups)
        if families is None:
            return None
        runs = [frozenset(self.find(row[0]) for row in g.rows) for g in groups if g.rows[0]]
        if any(
            len(run) < len(g.rows)
            for run, g in zip(runs, [g for g in groups if g.rows[0]], strict=True)
        ):
            return None
        orders = []
        for component in components(runs):
            order = arranged(component, [r for r in runs if r <= component])
            if order is None:
                return None
            orders.append(order)
        return orders

    def family_sets(self, groups: Sequence[Group]) -> list[set[Variable]] | None:
        """Which variables share an array; None if two of one column would."""
        sets: list[set[Variable]] = []
        for g in groups:
            for at in range(len(g.rows[0])):
                new = {row[at] for row in g.rows}
                for old in [s for s in sets if s & new]:
                    sets.remove(old)
                    new |= old
                sets.append(new)
        for members in sets:
            if len({self.find(v) for v in members}) < len(members):
                return None
        self.found = sets
        return sets

    def sorted(self, variables: Iterable[Variable]) -> list[Variable]:
        """Variables of one family in the order of their columns."""
        place = {c: k for order in self.orders for k, c in enumerate(order)}
        return sorted(variables, key=lambda v: place[self.find(v)])


def components(runs: Sequence[frozenset[Variable]]) -> list[frozenset[Variable]]:
    found: list[frozenset[Variable]] = []
    for run in runs:
        touching = [c for c in found if c & run]
        found = [c for c in found if not c & run]
        found.append(run.union(*touching))
    return found


def arranged(
    columns: frozenset[Variable], runs: Sequence[frozenset[Variable]]
) -> tuple[Variable, ...] | None:
    """An order in which every run is unbroken."""
    names = sorted(columns)
    wanted = set(runs)
    if len(names) <= SEARCHED:
        return next((o for o in permutations(names) if all(is_run(o, r) for r in wanted)), None)
    order: list[tuple[Variable, ...]] = [()]
    for run in sorted(wanted, key=len):
        new = [v for v in sorted(run) if v not in order[0]]
        order[0] = (*order[0], *new)
    order[0] = (*order[0], *(v for v in names if v not in order[0]))
    return order[0] if all(is_run(order[0], r) for r in wanted) else None


def is_run(order: Sequence[Variable], run: frozenset[Variable]) -> bool:
    places = [k for k, v in enumerate(order) if v in run]
    return places[-1] - places[0] == len(run) - 1
