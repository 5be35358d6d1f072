"""The functions of a module that compute in arrays made on the way.

Three functions, forward, loss and backward, each of which fetches first what its lines name.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace

from symbptt.algebra import Constant, Expr, Input, Number, Param
from symbptt.codegen.emission import WIDTH, Emitter
from symbptt.codegen.literals import literal
from symbptt.codegen.naming import ValueNames
from symbptt.codegen.numpy_printer import NumpyPrinter, Uses, integer_ratio
from symbptt.codegen.places import Places, leaves
from symbptt.codegen.program import Block, Place, Program
from symbptt.errors import UnboundFunctionError


class Unbuffered:
    """Writes the functions of one program.

    ``differentiated`` are the inputs whose gradients are results, ``emitter`` the class that
    writes statements.
    """

    def __init__(
        self,
        program: Program,
        names: ValueNames,
        differentiated: Iterable[Input],
        emitter: type[Emitter],
    ) -> None:
        self.program = program
        self.model = program.model
        self.names = names
        self.differentiated = {source.name for source in differentiated}
        self.emitter = emitter
        self.places = Places(program)
        self.pasts = self.places.pasts
        self.gates = [name for name, _ in program.gates]

    def past(self, name: str) -> str:
        """The key of the array with a quantity's past."""
        key = self.names.key(name)
        return literal(f"past of {name}") if key == literal(name) else f'"past of " + {key}'

    def emitted(self, blocks: Sequence[Block]) -> tuple[list[str], Emitter]:
        emitter = self.emitter(self.names, self.places, Uses())
        return list(emitter.blocks(blocks)), emitter

    def function(self, emitter: Emitter, lines: list[str], own: Iterable[str]) -> list[str]:
        """A body's lines, with what they name fetched first.

        ``own`` are the names that the body makes itself.
        """
        constants = [f"{name} = {ratio}" for name, ratio in emitter.uses.constants.items()]
        named, own = emitter.uses.names, set(own)
        homes = [home for home in self.homes() if home[0] in named - own]
        fetched = list(taken((name, f"{table}[{key}]") for name, table, key in homes))
        tables = {table for _, table, _ in homes}
        settings = [(name, f"call.{name}") for name in SETTINGS if name in named | tables]
        return [*taken(settings), *fetched, *constants, *lines]

    def homes(self) -> Iterator[tuple[str, str, str]]:
        """Every array's name, and where a function finds it: a dict and the key in it."""
        values, key = self.names.values, self.names.key
        yield from ((values[p.name], "params", key(p.name)) for p in self.model.parameters)
        yield from ((values[d.name], "values", key(d.name)) for d in self.model.derived)
        for source in self.model.inputs:
            if source.name not in self.pasts:
                yield values[source.name], "inputs", key(source.name)
        for name in self.pasts:
            yield self.names.histories[name], "values", self.past(name)
            yield values[name], "values", key(name)
        for equation in self.model.equations:
            if equation.name not in self.pasts:
                yield values[equation.name], "values", key(equation.name)
        yield from ((values[gate], "inputs", key(gate)) for gate in self.gates)

    def forward(self) -> list[str]:
        blocks = self.program.forward
        static = [b for b in blocks if b.place == "static"]
        before, static_emitter = self.emitted(static)
        body, emitter = self.emitted([b for b in blocks if b.place != "static"])
        emitter.uses.constants |= static_emitter.uses.constants
        emitter.uses.names |= static_emitter.uses.names
        lines = [*before, *self.begin_pasts(emitter.printer("static")), *body]
        own = {self.names.values[s.target.name] for b in blocks for s in b.statements}
        own |= {table[n] for n in self.pasts for table in (self.names.values, self.names.histories)}
        kept = [
            (key, name)
            for name, table, key in self.homes()
            if table == "values" and name in own and self.is_kept(name)
        ]
        return self.function(emitter, [*lines, *gathered("values", kept), "return values"], own)

    def is_kept(self, identifier: str) -> bool:
        local = {self.names.values[name] for kind, name in self.places.local if kind == "value"}
        return identifier not in local

    def begin_pasts(self, printer: NumpyPrinter) -> Iterator[str]:
        """Arrays whose first rows are initial values."""
        for name in self.pasts:
            history, value, key = (
                self.names.histories[name],
                self.names.values[name],
                self.names.key(name),
            )
            if name in {i.name for i in self.model.inputs}:
                begun = printer.helper("_past_of", "call", key)
            else:
                initials = [i for i in self.model.initials if i.name == name]
                fixed = [f"{i.step}: {self.start(i.value, printer)}" for i in initials if i.value]
                width = ", ".join(map(printer.length, initials[0].shape or (1,)))
                own = f"{{{', '.join(fixed)}}}"
                begun = printer.helper("_past", "call", key, own, f"({width},)")
            yield f"{history} = {begun}"
            yield f"{value} = {history}[{printer.name('rows')}.live]"

    def start(self, value: Expr, printer: NumpyPrinter) -> str:
        """An initial value that the model fixes: in normal form a name or a number."""
        match value:
            case Param(name=name):
                return printer.name(self.names.values[name])
            case Number(value=number) | Constant(value=number):
                return integer_ratio(number, "call.one")
        raise UnboundFunctionError(f"an initial value in normal form is a name, found {value}")

    def added(self, blocks: Sequence[Block]) -> list[str]:
        """What some blocks add to the values that there are."""
        body, emitter = self.emitted(blocks)
        names = dict.fromkeys(s.target.name for block in blocks for s in block.statements)
        own = [self.names.values[name] for name in names]
        kept = [(self.names.key(n), o) for n, o in zip(names, own, strict=True) if self.is_kept(o)]
        return self.function(emitter, [*body, *gathered("values", kept, "|=")], own)

    def backward(self) -> list[str]:
        body, emitter = self.emitted((*self.program.backward, *self.program.gradients))
        pasts = [name for name in self.pasts if name not in self.places.indexed]
        cotangents, histories = self.names.cotangents, self.names.cotangent_histories
        printer = emitter.printer("static")
        begin = []
        for name in pasts:
            like, key = printer.name(self.names.histories[name]), self.names.key(name)
            received = printer.helper("_received", printer.name("rows"), "carry_grad", key, like)
            if name in self.places.ahead:
                begin.append(f"{histories[name]} = {printer.zeros_like(like)}")
                ahead, count = self.names.aheads[name], str(self.places.ahead[name])
                begin.append(f"{ahead} = {received}")
                begin.append(f"{ahead} = {printer.helper('_ahead', ahead, count)}")
            else:
                begin.append(f"{histories[name]} = {received}")
            if cotangents[name] in emitter.uses.names:
                begin.append(f"{cotangents[name]} = {histories[name]}[rows.live]")
        assigned = {s.target.name for b in self.program.backward for s in b.statements}
        for source in self.model.inputs:
            name = source.name
            if name in self.differentiated and name not in assigned and name not in self.pasts:
                rows = printer.row_count(last=not source.timed)
                body.append(f"{cotangents[name]} = {printer.array('zeros', rows, source.shape)}")
        flowing = [(p.name, cotangents[p.name]) for p in self.model.learned]
        sources = [
            (i.name, f"{histories[i.name]}[rows.live]" if i.name in pasts else cotangents[i.name])
            for i in self.model.inputs
            if i.name in self.differentiated
        ]
        end = [
            *self.results("grads", [*flowing, *sources]),
            *self.results("pasts", [(n, histories[n]) for n in pasts]),
            "return grads, pasts",
        ]
        return self.function(emitter, [*begin, *body, *end], ())

    def results(self, name: str, entries: list[tuple[str, str]]) -> Iterator[str]:
        yield from gathered(name, [(self.names.key(key), value) for key, value in entries])


def making(program: Program, names: Iterable[str]) -> Program:
    """What of a forward pass makes some quantities of the states and the other quantities.

    Whatever else they need is made anew, in arrays of all rows.
    """
    present = {e.name for e in program.model.equations if not e.auxiliary} - set(names)
    present |= {i.name for i in program.model.initials}
    wanted = set(names)
    found: list[Block] = []
    statements = [(b, s) for b in program.forward for s in b.statements]
    for block, statement in reversed(statements):
        if statement.target.name in wanted:
            place: Place = "static" if block.place == "static" else "all"
            found.insert(0, Block(place, (statement,)))
            leaf_names = {getattr(leaf, "name", "") for leaf in leaves(statement.value)}
            wanted |= leaf_names - present
    return replace(program, forward=tuple(found), loss=(), backward=(), gradients=())


SETTINGS = ("params", "inputs", "rows", "size", "one", "dtype")
"""What a function takes out of a call."""


def taken(pairs: Iterable[tuple[str, str]]) -> Iterator[str]:
    """``a, b = x, y``, as many in a line as go into one."""
    for group in in_lines(pairs, lambda name, home: len(name) + len(home) + 4, 0):
        names, homes = zip(*group, strict=True)
        yield f"{', '.join(names)} = {', '.join(homes)}"


def gathered(name: str, pairs: Iterable[tuple[str, str]], operator: str = "=") -> Iterator[str]:
    """A dict of some pairs, in as many lines as it takes, the first with ``operator``."""
    groups = list(in_lines(pairs, lambda key, value: len(key) + len(value) + 4, len(name) + 6))
    for group in groups or [[]] if operator == "=" else groups:
        entries = ", ".join(f"{key}: {value}" for key, value in group)
        yield f"{name} {operator} {{{entries}}}"
        operator = "|="


def in_lines(
    pairs: Iterable[tuple[str, str]], width: Callable[[str, str], int], more: int
) -> Iterator[list[tuple[str, str]]]:
    """Neighbours in groups that go into a line."""
    group: list[tuple[str, str]] = []
    used = more
    for pair in pairs:
        if group and used + width(*pair) > WIDTH:
            yield group
            group, used = [], more
        group.append(pair)
        used += width(*pair)
    if group:
        yield group
