"""Which names are scalars, vectors and matrices.

First the scalars. A number broadcasts over anything, so what an elementwise expression
is follows from the largest of its operands: number < scalar < array. Undeclared
parameters and inputs are arrays, but for those that `symbptt.language.scalars` finds to be
scalars; what a definition yields is the least solution of all
definitions together, and a recurrence that nothing settles (``h[t] = tanh(h[t-1] + 1)``)
is a vector.

Then the arrays. All arrays in an elementwise expression have one rank, quantities and
undeclared inputs are vectors, and ``@`` has a matrix on one side at least; parameters
follow.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import IntEnum
from functools import cached_property, partial

from symbptt.language import surface as sf
from symbptt.language.calls import Functions
from symbptt.language.names import MATRICES, Name
from symbptt.language.roles import Roles
from symbptt.language.scalars import ElementwiseParts, ScalarDecision


class Broadcast(IntEnum):
    """How an expression takes part in broadcasting; OPEN is not known yet."""

    OPEN = 0
    NUMBER = 1
    SCALAR = 2
    ARRAY = 3


def elementwise_operands(node: sf.Node, functions: Functions) -> list[sf.Node] | None:
    """The operands of an elementwise operation; None if the node is something else."""
    match node:
        case sf.Plus(terms=operands) | sf.Times(factors=operands):
            return operands
        case sf.Minus(operand=operand) | sf.Power(base=operand):
            return [operand]
        case sf.Over(numerator=numerator, denominator=denominator):
            return [numerator, denominator]
        case sf.Apply(function=function, args=args) if functions.is_elementwise(function):
            return args
    return None


class Levels:
    """The level of every name, and with it that of every expression."""

    def __init__(self, roles: Roles) -> None:
        self.roles = roles
        self.names: dict[str, Broadcast] = {"I": Broadcast.ARRAY}
        self.predictions = _predictions(roles)
        self.yields: dict[str, list[sf.Node]] = {}
        self.undeclared: list[str] = []
        for name in roles.names.values():
            if name.role != "function":
                self._enter(name)
        self.names |= dict.fromkeys(self.undeclared, Broadcast.ARRAY) | self._decided()
        self._settle(list(self.yields))
        self._default()

    def of(self, node: sf.Node) -> Broadcast:
        match node:
            case sf.Literal() | sf.Len():
                return Broadcast.NUMBER
            case sf.Named(name=name) | sf.Timed(name=name):
                return self.names.get(name, Broadcast.OPEN)
            case sf.TableRow() | sf.Chain() | sf.Flip():
                return Broadcast.ARRAY
        operands = elementwise_operands(node, self.roles.functions)
        if operands is not None:
            return max([self.of(operand) for operand in operands], default=Broadcast.OPEN)
        if isinstance(node, sf.Apply):
            row = self.roles.functions.vector(node.function)
            made = node.function in ("concat", *MATRICES)
            array = made or (row is not None and row.like is not None)
            return Broadcast.ARRAY if array else Broadcast.SCALAR
        return Broadcast.OPEN

    def _enter(self, name: Name) -> None:
        """What is known of a name at once, or else the expressions that decide it."""
        if name.role == "constant":
            self.names[name.name] = Broadcast.NUMBER
        elif name.is_scalar or name.index:
            self.names[name.name] = Broadcast.SCALAR
        elif name.has_shape:
            self.names[name.name] = Broadcast.ARRAY
        elif name.role in ("quantity", "derived"):
            said = name.definition or name.assignment
            self.yields[name.name] = [said.rhs] if said is not None else []
        else:
            deciding = self.predictions.get(name.name) or self._started(name)
            if deciding:
                self.yields[name.name] = deciding
            else:
                self.undeclared.append(name.name)

    def _decided(self) -> dict[str, Broadcast]:
        """What undeclared names are that are combined with scalars."""
        functions, before = self.roles.functions, self.names
        stretches = ElementwiseParts(self.roles, partial(elementwise_operands, functions=functions))
        made = {
            name: {leaf.name for node in nodes for leaf in stretches.named(node)}
            for name, nodes in self.yields.items()
        }
        self.names = dict(before)
        self._settle(list(self.yields))
        kinds = {"array": Broadcast.ARRAY, "scalar": Broadcast.SCALAR}
        words = {level: word for word, level in kinds.items()}

        def rise(new: Mapping[str, str]) -> dict[str, str]:
            """With more names decided: what is an array, and what a scalar as far as is known."""
            self.names |= {name: kinds[word] for name, word in new.items()}
            self._settle(list({n for name in new for n in self.readers.get(name, ())}))
            return {name: words[level] for name, level in self.names.items() if level in words}

        found = ScalarDecision(stretches, self.undeclared, made, rise).all()
        self.names = before
        return {name: kinds[word] for name, word in found.items()}

    def _started(self, name: Name) -> list[sf.Node]:
        """The states whose initial value a parameter is, if it is nothing else."""
        states: list[sf.Node] = []
        for use in name.plain:
            if use.item.rhs is not use.node or isinstance(use.item, sf.Assignment | sf.Definition):
                return []
            item = use.item
            state = self.roles.names.get(item.name)
            states += [one.node for one in (state.timed if state else ())][:1]
        return states

    def _settle(self, waiting: list[str]) -> None:
        """The least solution: levels only rise, and only what reads a risen name is redone."""
        readers = self.readers
        queued = set(waiting)
        while waiting:
            again: list[str] = []
            for name in waiting:
                queued.discard(name)
                level = max([self.of(node) for node in self.yields[name]], default=Broadcast.OPEN)
                if level > self.names.get(name, Broadcast.OPEN):
                    self.names[name] = level
                    again += [n for n in readers.get(name, ()) if n not in queued]
                    queued.update(again)
            waiting = list(dict.fromkeys(again))

    @cached_property
    def readers(self) -> dict[str, list[str]]:
        """The names that an expression decides, by what it reads."""
        readers: dict[str, list[str]] = {}
        for name, nodes in self.yields.items():
            for node in nodes:
                for part in sf.walk(node):
                    if isinstance(part, sf.Named | sf.Timed):
                        readers.setdefault(part.name, []).append(name)
        return readers

    def _default(self) -> None:
        """A name that equals a number is a scalar; what nothing else settles is a vector."""
        readers = self.readers
        for least, level in ((False, Broadcast.SCALAR), (True, Broadcast.ARRAY)):
            risen = []
            for name, nodes in self.yields.items():
                reads = any(isinstance(part, sf.Timed) for node in nodes for part in sf.walk(node))
                if self.names.get(name, Broadcast.OPEN) < Broadcast.SCALAR and (least or not reads):
                    self.names[name] = level
                    risen.append(name)
            again = {reader for name in risen for reader in readers.get(name, ())}
            self._settle([name for name in self.yields if name in again])


def _predictions(roles: Roles) -> dict[str, list[sf.Node]]:
    """What inputs are compared with by losses: they are scalars where that is one."""
    found: dict[str, list[sf.Node]] = {}
    for call in roles.losses:
        target = call.args[1]
        if isinstance(target, sf.Timed):
            found.setdefault(target.name, []).append(call.args[0])
    return found


class Ranks:
    """The rank of every name: 0, 1 or 2. Names that are unclear have none."""

    def __init__(self, roles: Roles, levels: Levels) -> None:
        self.roles = roles
        self.functions = roles.functions
        self.names: dict[str, int] = {"I": 2}
        self.open: dict[str, None] = {}
        self.settled: list[str] = []
        self.matrices = _matrix_quantities(roles)
        for name in roles.names.values():
            if name.role != "function":
                self._enter(name, levels)
        self._solve()

    def of(self, node: sf.Node) -> int | None:
        return self._visit(node, None)

    def _enter(self, name: Name, levels: Levels) -> None:
        if levels.names.get(name.name, Broadcast.OPEN) < Broadcast.ARRAY:
            self.names[name.name] = 0
        elif name.has_shape and name.declaration is not None:
            self.names[name.name] = len(name.declaration.dims)
        elif name.role in ("quantity", "input"):
            self.names[name.name] = 2 if name.name in self.matrices else 1
        else:
            self.open[name.name] = None

    def _solve(self) -> None:
        """Visits the equations that mention open names until nothing is open."""
        equations = [item for item in self.roles.items if not isinstance(item, sf.Declaration)]
        mentions: dict[str, list[int]] = {}
        for number, item in enumerate(equations):
            for part in sf.walk(item.rhs):
                if isinstance(part, sf.Named):
                    mentions.setdefault(part.name, []).append(number)
            if isinstance(item, sf.Assignment):
                mentions.setdefault(item.name, []).append(number)
        self._propagate(equations, mentions, list(range(len(equations))))
        left_of_products = [name for item in equations for name in self._matrices(item.rhs)]
        for names, rank in ((left_of_products, 2), (list(self.open), 1)):
            self.settled.clear()
            for name in names:
                self._settle(name, rank)
            again = [number for name in self.settled for number in mentions.get(name, ())]
            self._propagate(equations, mentions, again)

    def _propagate(
        self, equations: list[sf.Stated], mentions: dict[str, list[int]], numbers: list[int]
    ) -> None:
        waiting = dict.fromkeys(numbers)
        while waiting:
            number = next(iter(waiting))
            del waiting[number]
            self.settled.clear()
            item = equations[number]
            rank = self._visit(item.rhs, self.names.get(item.name))
            if isinstance(item, sf.Assignment):
                self._settle(item.name, rank)
            for name in self.settled:
                waiting.update(dict.fromkeys(mentions.get(name, ())))

    def _matrices(self, expression: sf.Node) -> list[str]:
        """Names that stand before a ``@``, in the order written."""
        return [
            name
            for node in sf.walk(expression)
            if isinstance(node, sf.Chain) and not node.loose
            for operand in node.operands[:-1]
            for name in self._names_in(operand)
        ]

    def _names_in(self, node: sf.Node) -> list[str]:
        match node:
            case sf.Named(name=name):
                return [name]
            case sf.Flip(operand=operand):
                return self._names_in(operand)
        operands = elementwise_operands(node, self.functions) or []
        return [name for operand in operands for name in self._names_in(operand)]

    def _settle(self, name: str, rank: int | None) -> int | None:
        if name in self.open and rank:
            del self.open[name]
            self.names[name] = rank
            self.settled.append(name)
        return self.names.get(name)

    def _visit(self, node: sf.Node, want: int | None) -> int | None:
        """The rank of an expression; open names in it take the rank that is wanted."""
        match node:
            case sf.Literal() | sf.Len():
                return 0
            case sf.Named(name=name):
                return self._settle(name, want)
            case sf.Timed(name=name):
                return self.names.get(name)
            case sf.TableRow(table=table):
                self._settle(table.name, 2)
                return 1
            case sf.Flip(operand=operand):
                self._visit(operand, 2)
                return 2
            case sf.Chain():
                return self._chain(node, want)
            case sf.Apply(function=function) if not self.functions.is_elementwise(function):
                return self._call(node)
        operands = elementwise_operands(node, self.functions)
        return None if operands is None else self._common(operands, want)

    def _common(self, operands: list[sf.Node], want: int | None) -> int | None:
        """The one rank of all arrays among the operands."""
        ranks = [self._visit(operand, want) for operand in operands]
        arrays = [rank for rank in ranks if rank]
        if arrays and None in ranks:
            for operand, rank in zip(operands, ranks, strict=True):
                if rank is None:
                    self._visit(operand, arrays[0])
        if arrays:
            return arrays[0]
        return None if None in ranks else 0

    def _chain(self, chain: sf.Chain, want: int | None) -> int | None:
        operands = chain.operands
        for operand in operands[1:-1]:
            self._visit(operand, 2)
        first, last = self._first(chain, None), self._visit(operands[-1], None)
        if want == 2 or last == 1:
            first = self._first(chain, 2)
        if want == 2 or first == 1:
            last = self._visit(operands[-1], 2) if last != 1 else last
        if want == 1 and first == 2:
            last = self._visit(operands[-1], 1)
        if want == 1 and last == 2:
            first = self._first(chain, 1)
        if 1 in (first, last):
            return 1
        return last if first == 2 else None

    def _first(self, chain: sf.Chain, want: int | None) -> int | None:
        """Of ``f * W`` before ``@`` only the W is taken for a matrix."""
        first = chain.operands[0]
        if chain.loose and isinstance(first, sf.Times):
            for factor in first.factors[:-1]:
                self._visit(factor, None)
            return self._visit(first.factors[-1], want)
        return self._visit(first, want)

    def _call(self, call: sf.Apply) -> int:
        row = self.functions.vector(call.function)
        of_vectors = call.function in ("concat", *MATRICES)
        if of_vectors or (row is not None and not row.takes_matrices):
            for arg in call.args:
                self._visit(arg, 1)
            if call.function in MATRICES:
                return 2
            return 0 if row is not None and row.like is None else 1
        self._common(call.args, None)
        return 0


def _matrix_quantities(roles: Roles) -> frozenset[str]:
    """What has steps and is a matrix: declared so, or made of ``outer`` and of each other."""
    timed = [name for name in roles.names.values() if name.role in ("quantity", "input")]
    found = {
        name.name
        for name in roles.names.values()
        if name.declaration is not None and len(name.declaration.dims) == 2
    }
    free = {
        name.name: name.definition.rhs
        for name in timed
        if name.declaration is None and name.definition is not None
    }
    readers: dict[str, list[str]] = {}
    for name, rhs in free.items():
        for part in sf.walk(rhs):
            if isinstance(part, sf.Timed):
                readers.setdefault(part.name, []).append(name)
    waiting = list(free)
    while waiting:
        name = waiting.pop()
        if name not in found and _is_matrix(free[name], found, roles.functions):
            found.add(name)
            waiting += [reader for reader in readers.get(name, ()) if reader not in found]
    return frozenset(found)


def _is_matrix(node: sf.Node, known: set[str], functions: Functions) -> bool:
    """Whether an expression can only be a matrix."""
    match node:
        case sf.Timed(name=name):
            return name in known
        case sf.Apply(function=function) if function in MATRICES:
            return True
        case sf.Flip(operand=operand):
            return _is_matrix(operand, known, functions)
        case sf.Chain(operands=[first, *_, last]):
            stepped = any(_is_matrix(side, known, functions) for side in (first, last))
            return stepped and all(_is_array(side, known, functions) for side in (first, last))
    operands = elementwise_operands(node, functions) or []
    return any(_is_matrix(operand, known, functions) for operand in operands)


def _is_array(node: sf.Node, known: set[str], functions: Functions) -> bool:
    """Whether a side of ``@`` is a matrix for sure, of parameters or a step."""
    if isinstance(node, sf.Named):
        return node.name in known
    return isinstance(node, sf.Flip) or _is_matrix(node, known, functions)
