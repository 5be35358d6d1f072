"""The parts of a module that computes in buffers, from a program.

Two functions, forward and backward, run over arrays of a workspace. Straight code takes
whole arrays; a loop takes the views of its step from a list that is made once for a size
of call (see `symbptt.codegen.fast.scope`).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TypeGuard

from symbptt import algebra as al
from symbptt.calculus.forms import exact, terms_of
from symbptt.codegen.emission import is_start, scattered_rows
from symbptt.codegen.fast.adjoints import AdjointStarts, zeros
from symbptt.codegen.fast.buffers import (
    Body,
    Change,
    Comment,
    Entries,
    If,
    KernelCall,
    Key,
    Let,
    LocalName,
    Loop,
    Return,
    Statement,
    Value,
    calls,
    view,
)
from symbptt.codegen.fast.calls import Compiler
from symbptt.codegen.fast.fallback import Fallback
from symbptt.codegen.fast.layout import Arrays
from symbptt.codegen.fast.printing import FastPrinter
from symbptt.codegen.fast.scope import PlaceScope
from symbptt.codegen.fast.segments import in_two_parts, kept_apart
from symbptt.codegen.fast.views import aliases, exact_kernels, mentioned, names_in
from symbptt.codegen.naming import ValueNames
from symbptt.codegen.numpy_printer import is_rowwise
from symbptt.codegen.places import Places, Variable, leaves, variable
from symbptt.codegen.program import Assign, Block, Place, Program
from symbptt.codegen.unbuffered import taken


@dataclass(frozen=True)
class BufferedText:
    """What a module with buffers is made of: ready lines.

    ``missing`` are the quantities that the forward pass leaves in no array of all rows.
    """

    aliases: tuple[str, ...]
    functions: tuple[str, ...]
    arrays: tuple[str, ...]
    forward_views: tuple[str, ...]
    backward_views: tuple[str, ...]
    forward: tuple[str, ...]
    loss: tuple[str, ...]
    backward: tuple[str, ...]
    quantities: tuple[str, ...]
    missing: tuple[str, ...]

    @property
    def lines(self) -> list[str]:
        """All of them."""
        return [line for part in vars(self).values() for line in part]


class Buffered:
    """Compiles the functions of one program, and has them printed."""

    def __init__(self, program: Program, names: ValueNames, wrt_inputs: bool) -> None:
        self.program = program
        self.model = program.model
        self.names = names
        self.wrt_inputs = wrt_inputs
        self.places = Places(program)
        self.layout = Arrays(self.places, names, self.places.given())
        self.adjoints = AdjointStarts(self.layout, wrt_inputs)
        self.fallback = Fallback(names, self.places)
        self.loops = 0
        # The names of what the views of a section before have made.
        self.made: set[str] = set()
        self.lines = FastPrinter(names)

    def text(self) -> BufferedText:
        forward, loss, backward = Body("forward"), Body("loss"), Body("backward")
        first, waiting = in_two_parts(self.program)
        forward.statements = self.forward(forward, first)
        loss.statements = self.loss(loss, waiting)
        backward.statements = self.backward(backward, waiting)
        self.layout.own(kept_apart(self.program, self.places), self.places.gradients())
        quantities = self.quantities()
        every = [*forward.statements, *loss.statements, *backward.statements]
        present = {*self.places.pasts, *(key.name for key, _ in quantities)}
        return BufferedText(
            aliases=tuple(aliases(calls(every))),
            functions=tuple(self.fallback.functions),
            arrays=tuple(self.buffers()),
            forward_views=tuple(self.forward_views((forward, loss), quantities)),
            backward_views=tuple(self.backward_views(backward)),
            forward=tuple(self.body(forward)),
            loss=tuple(self.body(loss)),
            backward=tuple(self.body(backward)),
            quantities=tuple(
                self.body(Body("quantities", statements=[Return((("found", quantities),))]))
            ),
            missing=tuple(e.name for e in self.authored if e.name not in present),
        )

    @property
    def authored(self) -> Iterator[al.Equation]:
        """The equations of quantities that a call returns."""
        yield from (e for e in self.model.equations if not e.auxiliary and e.name != "loss")

    # --- the three functions ---------------------------------------------------------------

    def forward(self, section: Body, first: Program) -> list[Statement]:
        """The first part of the forward pass, inputs and initial values laid down before it."""
        static = self.blocks([b for b in first.blocks if b.place == "static"], section)
        rows = self.blocks([b for b in first.forward if b.place != "static"], section)
        loss = self.blocks([b for b in first.loss if b.place != "static"], section)
        rows += [If("all(name in inputs for name in _LOSS_ONLY)", tuple(loss))] if loss else []
        return [*before(section, static), *self.inputs(), *self.starts(section), *rows]

    def loss(self, section: Body, waiting: Program) -> list[Statement]:
        """The rest of the forward pass, and what only the loss needs."""
        rest = self.blocks(waiting.forward, section)
        loss = self.blocks(waiting.loss, section)
        return [*before(section, []), *rest, If("not targets", (Return(()),)), *loss]

    def backward(self, section: Body, program: Program) -> list[Statement]:
        """What adjoints start from, and the backward pass."""
        starts = list(self.adjoints.starts())
        rest = self.blocks([*program.backward, *program.gradients], section)
        return [*before(section, []), *starts, *rest, self.results()]

    def inputs(self) -> Iterator[Statement]:
        """Inputs that a loop reads, or a carry keeps, get an array whose views can be kept."""
        gates = {name for name, _ in self.program.gates}
        for source in self.model.inputs:
            found: Variable = ("value", source.name)
            if source.name in self.places.pasts:
                self.places.declare(found, source.shape, "past")
            if found in self.places.kinds and not self.places.is_direct(source.name):
                self.layout.declare(found)
                given = view("at", LocalName("inputs"), Key(source.name))
                copy = KernelCall("copyto", (given,), LocalName(self.layout.name(found)))
                optional = source.name in gates or source.loss_only
                key = self.names.key(source.name)
                yield If(f"{key} in inputs", (copy,)) if optional else copy

    def starts(self, section: Body) -> Iterator[Statement]:
        """The initial values: the caller's, or the model's own."""
        own: list[Statement] = []
        given: list[Statement] = []
        scope = self.scope("all", section, section)
        for initial in self.model.initials:
            found: Variable = ("value", initial.name)
            self.places.declare(found, initial.shape, "past")
            self.layout.declare(found)
            rows = scope.at_start(found, initial.step)
            if isinstance(initial.value, al.Param):
                own.append(
                    KernelCall("copyto", (LocalName(self.names.values[initial.value.name]),), rows)
                )
            elif initial.value is not None:
                own.append(
                    KernelCall("copyto", (scope.number(al.Number(exact(initial.value))),), rows)
                )
            else:
                own.append(zeros(rows))
            given.append(
                KernelCall("copyto", (view("at", LocalName("start"), Key(initial.key)),), rows)
            )
        if own:
            yield If("start is None", tuple(own), tuple(given))

    def results(self) -> Return:
        sources = self.places.sources(self.wrt_inputs)
        grads = tuple(self.result(("gradient", p.name)) for p in self.model.learned)
        found = tuple(self.result(("cotangent", source.name)) for source in sources)
        return Return((("grads", (*grads, *found)),))

    def quantities(self) -> Entries:
        """What the forward pass leaves in arrays of all rows, but for the states."""
        guests = {v for members in self.places.reuse for v in members}
        found: list[tuple[Key, Value]] = []
        for equation in self.authored:
            v: Variable = ("value", equation.name)
            homes = [block for block, _, _ in self.places.writers[v]]
            here = homes and all(block in self.program.forward for block in homes)
            if here and self.places.kinds[v] == "rows" and v not in guests:
                self.layout.declare(v)
                array: Value = LocalName(self.layout.name(v))
                if v in self.places.by_blocks:
                    family = self.places.family[v]
                    blocks = LocalName(self.layout.family(family))
                    array = view("rows_of_member", blocks, len(family), family.index(v))
                found.append((Key(equation.name), array))
        return tuple(found)

    def result(self, found: Variable) -> tuple[Key, Value]:
        """A gradient by the name of what it is the gradient of."""
        self.layout.declare(found)
        return Key(found[1]), LocalName(self.layout.name(found))

    # --- blocks ------------------------------------------------------------------------------

    def blocks(self, blocks: Iterable[Block], section: Body) -> list[Statement]:
        """The statements of some blocks, which are not yet the section's."""
        for block in blocks:
            if block.place == "loop":
                self.loop(block, section)
            else:
                self.straight(block, section)
        found, section.statements = section.statements, []
        return found

    def straight(self, block: Block, section: Body) -> None:
        scope = self.scope(block.place, section, section)
        softmax = {s.value.args[0]: s for s in block.statements if is_softmax(s.value)}
        losses = {
            s.value.prediction: s
            for s in block.statements
            if isinstance(s.value, al.Loss) and s.value.function == "softmax_cross_entropy"
        }
        both = {
            v: s
            for v, s in softmax.items()
            if v in losses and is_rowwise(v) and not scope.has_gaps(s.whole)
        }
        for statement in block.statements:
            section.statements.append(Comment(statement))
            value = statement.value
            if is_softmax(value) and value.args[0] in both:
                continue
            if isinstance(value, al.Loss) and value.prediction in both and is_rowwise(value.target):
                # The softmax and the loss share the exponentials: both at once.
                compiler = Compiler(scope)
                out = compiler.target(statement.target)
                other = compiler.target(both[value.prediction].target)
                compiler.softmax_and_loss(value, other, out)
                continue
            self.statement(statement, scope)

    def scope(self, place: Place, straight: Body, own: Body) -> PlaceScope:
        return PlaceScope(self.layout, place, straight, own, compute, self.fallback.by_rows)

    def loop(self, block: Block, straight: Body) -> None:
        self.loops += 1
        own, chunk = Body(f"loop_{self.loops}"), Body(f"chunk_{self.loops}")
        self.compiled(block.statements, self.scope(block.place, straight, own))
        if block.in_chunks:
            self.layout.chunk_widths.append(self.touched(block))
            self.compiled(block.hoisted, self.scope("chunk", straight, chunk))
        made = Loop(
            self.names.fresh(own.name), own, chunk if block.in_chunks else None, block.backward
        )
        if block.scan:
            width = al.add_dims(block.statements[0].target.shape) or 1
            made = replace(made, plan=self.plan(block), width=width)
        straight.statements.append(made)

    def compiled(self, statements: Iterable[Assign], scope: PlaceScope) -> None:
        for statement in statements:
            scope.own.statements.append(Comment(statement))
            self.statement(statement, scope)

    def plan(self, block: Block) -> tuple[Value, ...]:
        """The rows of a chunk of what multiplies, of what it multiplies and of the target."""
        own = Body("plan")
        scope = self.scope("chunk", own, own)
        (statement,) = block.statements
        rate, source = leaves(statement.value)
        return tuple(scope.leaf(leaf) for leaf in (rate, source, statement.target))

    def touched(self, block: Block) -> al.Dim:
        """How many numbers a row of a chunk has in all that is hoisted out of its steps."""
        mentioned = [e for s in block.hoisted for e in (*s.targets, *leaves(s.value))]
        found = dict.fromkeys(v for e in mentioned if (v := variable(e)) is not None)
        plain = [self.places.shapes[v] for v in found if self.places.has_rows(v)]
        return al.add_dims(shape[0] for shape in plain if len(shape) == 1) or 1

    # --- statements --------------------------------------------------------------------------

    def statement(self, statement: Assign, scope: PlaceScope) -> None:
        target = statement.target
        if isinstance(target, al.Cotangent) and target.index is None:
            self.gradient(statement, scope)
            return
        first = statement.add and self.places.is_first(statement)
        Compiler(scope).assign(statement.whole, statement.value, add=statement.add and not first)
        found = variable(target)
        assert found is not None
        past = self.places.kinds[found] == "past"
        if first and past and self.places.first_rows(found) == "all":
            scope.own.statements.append(self.adjoints.added(found))

    def gradient(self, statement: Assign, scope: PlaceScope) -> None:
        """dL/d(parameter): products first; rows of tables and own starts are added."""
        terms = terms_of(statement.value)
        compiler = Compiler(scope)
        out = compiler.target(statement.whole)
        plain = [t for t in terms if scattered_rows(t) is None and not is_start(t)]
        if not plain:
            scope.emit("copyto", 0, out=out)
        for number, term in enumerate(plain):
            if number == 0:
                compiler.into(term, out, statement.whole)
            else:
                compiler.assign(statement.whole, term, add=True)
        for term in terms:
            scattered = scattered_rows(term)
            if scattered is not None:
                place, position, added = scattered
                with Compiler(scope.at(place)).operands((position, added)) as (where, rows):
                    scope.emit("add.at", where, rows, out=out)
            elif is_start(term):
                scope.own.statements.append(self.own_start(term, out, scope))

    def own_start(self, term: al.Expr, out: Value, scope: PlaceScope) -> Statement:
        """What the model's own initial value received, if this call started from it."""
        sign = "-=" if isinstance(term, al.Neg) else "+="
        summed = term.operand if isinstance(term, al.Neg) else term
        assert isinstance(summed, al.TimeSum)
        (inner,) = (leaf for leaf in leaves(summed.term) if isinstance(leaf, al.Cotangent))
        how = "sum_over_rows" if summed.shape else "sum_of_scalars"
        return If("start is None", (Change(out, sign, view(how, scope.leaf(inner))),))

    # --- the module's parts --------------------------------------------------------------------

    def buffers(self) -> Iterator[str]:
        """The lines of the function that says which arrays there are."""
        buffers = self.layout.buffers
        if any(buffer.kind == "chunk" for buffer in buffers.values()):
            yield from self.lines.chunk(self.layout.chunk_widths)
        yield "return {"
        for name, buffer in buffers.items():
            yield from self.lines.buffer(name, self.layout.owners.get(name, "shared"), buffer)
        yield "}"

    def body(self, section: Body) -> Iterator[str]:
        """A function's lines; what loops take has a name of its own before them."""
        homes = self.homes()
        looped = {n for loop in section.loops for n in names_in([loop], section.views)}
        known: dict[Value, str] = {LocalName(n): t for n, t in homes.items() if n not in looped}
        for value, name in self.layout.whole.items():
            known[value] = name if name in looped else homes[name]
        names = names_in(section.statements, section.views)
        arrays = any(homes.get(name, "").startswith("v.") for name in names)
        yield from settings(names | ({"v"} if arrays or section.loops else set()))
        yield from exact_kernels(calls(section.statements))
        yield from taken((n, home) for n, home in homes.items() if n in looped)
        yield from self.lines.statements(section.statements, known)

    def homes(self) -> dict[str, str]:
        """Where a function finds what has a name: arrays and views, parameters, inputs."""
        arrays = (*self.layout.buffers, *self.layout.parts(), *self.layout.whole.values())
        homes = {name: f"v.{name}" for name in arrays}
        values, key = self.names.values, self.names.key
        for parameter in self.model.parameters:
            homes[values[parameter.name]] = f"params[{key(parameter.name)}]"
        for source in self.model.inputs:
            found: Variable = ("value", source.name)
            if found in self.places.shapes and self.places.is_direct(source.name):
                homes[values[source.name]] = f"inputs[{key(source.name)}]"
        return homes | {"weight": "w.weight"}

    def forward_views(self, sections: Sequence[Body], quantities: Entries) -> Iterator[str]:
        """The views that a forward pass takes, and where its results are."""
        pasts = [(Key(n), self.layout.history(("value", n))) for n in self.places.pasts]
        loss = self.layout.name(("value", "loss"))
        also = [*(value for _, value in quantities), LocalName(loss)]
        yield from self.views(sections, also, "w.pasts", pasts)
        yield f"w.loss = v.{loss}"

    def backward_views(self, section: Body) -> Iterator[str]:
        """The views that only a backward pass takes, and where what it hands back is."""
        received = [(Key(v[1]), self.layout.history(v)) for v in self.adjoints.received]
        yield from self.views([section], [], "w.adjoints", received)

    def views(
        self,
        sections: Sequence[Body],
        also: Sequence[Value],
        title: str,
        pasts: Sequence[tuple[Key, str]],
    ) -> Iterator[str]:
        """The lines that make the views of some sections, those made before left out."""
        every = {v: n for section in sections for v, n in section.views.items()}
        views = {v: n for v, n in every.items() if n not in self.made}
        loops = [loop for section in sections for loop in section.loops]
        wanted = [*views, *also, *(v for loop in loops for v in loop.views)]
        names = mentioned(wanted, {}).union(*(names_in(s.statements, every) for s in sections))
        parts = self.needed({*names, *(array for _, array in pasts)})
        arrays = (*self.layout.buffers, *self.layout.parts())
        known: dict[Value, str] = {LocalName(name): f"v.{name}" for name in arrays}
        made = [v for v, setting in self.layout.settings.items() if setting.name in names]
        found = mentioned([*parts.values(), *made, *wanted], {})
        found |= {"rows"} if loops else set()
        found |= {"size", "dtype"} if any(loop.chunk is not None for loop in loops) else set()
        yield from settings(found | ({"v"} if also or parts or loops or views or pasts else set()))
        yield from self.lines.named(parts.items(), self.layout.buffers, known)
        if loops:
            yield "steps = _steps(rows)"
        if any(loop.chunk is not None for loop in loops):
            yield from self.lines.chunk(self.layout.chunk_widths)
            yield f"chunks = _chunks(steps, chunk{', even=True' if self.places.by_blocks else ''})"
        for value in made:
            yield from self.lines.ended(f"{self.layout.settings[value].name} = ", value, "", known)
        backs = ["prev" if k == 1 else f"prev{k}" for k in range(1, self.places.lag + 1)]
        for loop in loops:
            yield from self.lines.views_of(loop, backs, known)
        named = [(name, value) for value, name in views.items()]
        yield from self.lines.named(named, self.layout.buffers, known)
        table = [(key, LocalName(array)) for key, array in pasts]
        yield from self.lines.table(title, table, known)
        self.made |= {*parts, *views.values()}

    def needed(self, names: set[str]) -> dict[str, Value]:
        """The parts of buffers of some names, and those that they are parts of, in order."""
        found: dict[str, Value] = {}
        for name, home in reversed(self.layout.parts().items()):
            if name in names and name not in self.made:
                found[name] = home
                names = names | mentioned([home], {})
        return dict(reversed(found.items()))


def compute(scope: PlaceScope, expr: al.Expr, out: Value) -> None:
    """Write the calls that leave the value of an expression in an array."""
    Compiler(scope).compute(expr, out)


def settings(names: set[str]) -> Iterator[str]:
    """The line that takes what some names are out of a segment."""
    homes = {"v": "w.views", "rows": "w.rows", "size": "w.size", "dtype": "w.dtype"}
    yield from taken((name, home) for name, home in homes.items() if name in names)


def before(section: Body, static: list[Statement]) -> Iterator[Statement]:
    """What the first segment of a call does for all of them, and what each function names."""
    once = [s for s in section.prologue if not isinstance(s, Let)]
    if static or once:
        yield If("first", (*static, *once))
    yield from (s for s in section.prologue if isinstance(s, Let))


def is_softmax(value: al.Expr) -> TypeGuard[al.Vector]:
    return isinstance(value, al.Vector) and value.function == "softmax"
