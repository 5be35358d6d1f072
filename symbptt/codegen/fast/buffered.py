"""The parts of a module that computes in buffers, from a program.

Two functions, forward and backward, run over arrays of a workspace. Straight code takes
whole arrays; a loop takes the views of its step from a list that is made once for a size
of call (see `symbptt.codegen.fast.scope`).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import TypeGuard

from symbptt.algebra import (
    Add,
    Cotangent,
    Expr,
    Loss,
    Neg,
    Number,
    Param,
    TimeSum,
    Vector,
    add_dims,
)
from symbptt.calculus.forms import is_zero
from symbptt.codegen.emission import comment, is_start, scattered_rows
from symbptt.codegen.fast import scanning
from symbptt.codegen.fast.arrays import Arrays
from symbptt.codegen.fast.beginnings import Beginnings
from symbptt.codegen.fast.calls import Compiler
from symbptt.codegen.fast.fallback import Fallback
from symbptt.codegen.fast.handing import handed, loop_head, tuple_lines
from symbptt.codegen.fast.layout import Layout
from symbptt.codegen.fast.scope import (
    INDENT,
    Scope,
    Section,
    call_lines,
    exact,
    row_shape,
    unpacked,
)
from symbptt.codegen.fast.segments import apart, in_two_parts, kept_apart
from symbptt.codegen.naming import Names, words_of
from symbptt.codegen.numpy_printer import Uses, is_rowwise
from symbptt.codegen.places import Places, Variable, leaves, variable
from symbptt.codegen.program import Assign, Block, Program


@dataclass(frozen=True)
class BufferedText:
    """What the template sets of a module with buffers: ready lines."""

    aliases: tuple[str, ...]
    functions: tuple[str, ...]
    buffers: tuple[str, ...]
    views: tuple[str, ...]
    kept: tuple[str, ...]
    sums: tuple[str, ...]
    forward: tuple[str, ...]
    backward: tuple[str, ...]
    shared_extents: tuple[str, ...]
    kept_extents: tuple[str, ...]

    @property
    def lines(self) -> list[str]:
        """All of them."""
        return [line for part in vars(self).values() for line in part]


class Buffered:
    """Writes the functions of one program."""

    def __init__(self, program: Program, names: Names, wrt_inputs: bool) -> None:
        self.program = program
        self.model = program.model
        self.names = names
        self.wrt_inputs = wrt_inputs
        self.places = Places(program)
        self.layout = Layout(self.places, names, self.given())
        self.arrays = Arrays(self.layout, names)
        self.adjoints = Beginnings(program.model, self.layout, names, wrt_inputs)
        self.uses = Uses()
        self.loops: list[str] = []
        self.counted = 0
        self.fallback = Fallback(names, self.places, self.uses)

    def text(self) -> BufferedText:
        forward, backward = Section("forward"), Section("backward")
        self.adjoints.received()
        self.adjoints.unread()
        first, waiting = in_two_parts(self.program)
        bodies = [
            (forward, self.forward(forward, first)),
            (backward, self.backward(backward, waiting)),
        ]
        text = {section.name: tuple(self.body(section, lines)) for section, lines in bodies}
        self.arrays.assign(kept_apart(self.program, self.places), self.places.gradients())
        return BufferedText(
            aliases=tuple(f"{a} = np.{name}" for a, name in sorted(self.layout.aliases.items())),
            functions=tuple(self.fallback.functions),
            buffers=tuple(self.arrays.buffer_lines("buffers")),
            kept=tuple(self.arrays.buffer_lines("kept")),
            sums=tuple(self.arrays.buffer_lines("sums")),
            views=tuple(self.view_lines(bodies)),
            forward=text["forward"],
            backward=text["backward"],
            shared_extents=tuple(self.arrays.extent_lines("buffers")),
            kept_extents=tuple(self.arrays.extent_lines("kept")),
        )

    # --- the two functions -----------------------------------------------------------------

    def forward(self, section: Section, first: Iterable[Block]) -> list[str]:
        """The first part of the forward pass, inputs and initial values laid down before it."""
        for block in first:
            if block.place == "static":
                self.straight(block, section, INDENT)
        static, section.lines = section.lines, []
        self.blocks((b for b in first if b.place != "static"), section)
        starts = list(self.starts(section))
        once, named = apart(section)
        return [*at_first([*static, *once]), *named, *self.inputs(), *starts, *section.lines]

    def backward(self, section: Section, waiting: Iterable[Block]) -> list[str]:
        """The rest of the forward pass, what adjoints start from, and all else."""
        self.blocks(waiting, section)
        loss = self.program.model.equation("loss")
        scope = Scope(self.layout, "last" if loss.last else "all", section, section)
        section.lines.append(f"total = np.add.reduce({scope.leaf(loss.ref)}, None)")
        section.lines += self.adjoints.lines()
        self.blocks([*self.program.backward, *self.program.gradients], section)
        once, named = apart(section)
        return [*at_first(once), *named, *section.lines, *self.results(section)]

    def inputs(self) -> Iterator[str]:
        """Inputs that a loop reads get an array whose views can be kept."""
        for source in self.model.inputs:
            found: Variable = ("value", source.name)
            if found in self.places.kinds and not self.is_direct(found):
                self.layout.declare(found)
                yield f"_copyto({self.layout.name(found)}, inputs[{self.names.key(source.name)}])"

    def given(self) -> Iterator[Variable]:
        """Parameters, and inputs that are read as the caller gave them."""
        yield from (("value", p.name) for p in self.model.parameters)
        for source in self.model.inputs:
            if self.is_direct(("value", source.name)):
                yield "value", source.name

    def is_direct(self, found: Variable) -> bool:
        """Whether only straight code reads an input, so that no view of it is kept."""
        if found[1] in self.places.pasts:
            return False
        return all(place != "loop" and place != "chunk" for _, place in self.places.readers[found])

    def starts(self, section: Section) -> Iterator[str]:
        """The initial values: the caller's, or the model's own."""
        own: list[str] = []
        given: list[str] = []
        scope = Scope(self.layout, "all", section, section)
        for initial in self.model.initials:
            found: Variable = ("value", initial.name)
            self.places.declare(found, initial.shape, "past")
            self.layout.declare(found)
            view = scope.at_start(self.layout.history(found), initial.step, self.layout.name(found))
            if isinstance(initial.value, Param):
                own.append(f"{INDENT}_copyto({view}, {self.names.values[initial.value.name]})")
            elif initial.value is not None:
                value = scope.number(Number(exact(initial.value)))
                own.append(f"{INDENT}_copyto({view}, {value})")
            else:
                own.append(f"{INDENT}{view}.fill(0)")
            given.append(f"{INDENT}_copyto({view}, start[{self.names.key(initial.key)}])")
        if own:
            yield from ["if start is None:", *own, "else:", *given]

    def results(self, section: Section) -> Iterator[str]:
        yield "grads = {"
        for parameter in self.model.parameters:
            found: Variable = ("gradient", parameter.name)
            self.layout.declare(found)
            yield f"    {self.names.key(parameter.name)}: {self.layout.name(found)},"
        yield "}"
        sources = []
        for source in self.places.sources(self.wrt_inputs):
            v: Variable = ("cotangent", source.name)
            if v in self.places.kinds:
                self.layout.declare(v)
                sources.append(f"    {self.names.key(source.name)}: {self.layout.name(v)},")
        given = ["sources = {", *sources, "}"] if sources else ["sources = {}"]
        yield from [*given, "return total, grads, sources"]

    # --- blocks ------------------------------------------------------------------------------

    def blocks(self, blocks: Iterable[Block], section: Section) -> None:
        for block in blocks:
            if block.place == "loop":
                self.loop(block, section)
            else:
                self.straight(block, section)

    def straight(self, block: Block, section: Section, indent: str = "") -> None:
        scope = self.scope(block, section, section, indent)
        softmax = {s.value.args[0]: s for s in block.statements if _is_softmax(s.value)}
        losses = {
            s.value.prediction: s
            for s in block.statements
            if isinstance(s.value, Loss) and s.value.function == "softmax_cross_entropy"
        }
        both = {
            v: s
            for v, s in softmax.items()
            if v in losses and is_rowwise(v) and not scope.has_gaps(s.whole)
        }
        for statement in block.statements:
            section.lines += comment(statement, indent)
            value = statement.value
            if _is_softmax(value) and value.args[0] in both:
                continue
            if isinstance(value, Loss) and value.prediction in both and is_rowwise(value.target):
                # The softmax and the loss share the exponentials: both at once.
                compiler = Compiler(scope)
                out = compiler.target(statement.target)
                other = compiler.target(both[value.prediction].target)
                compiler.softmax_and_loss(value, other, out)
                continue
            self.statement(statement, scope)

    def scope(self, block: Block, straight: Section, own: Section, indent: str = "") -> Scope:
        return Scope(self.layout, block.place, straight, own, indent, self.fallback.by_rows)

    def loop(self, block: Block, straight: Section) -> None:
        self.counted += 1
        name = f"loop_{self.counted}"
        own = Section(name)
        indent = INDENT * (2 if block.in_chunks else 1)
        scope = self.scope(block, straight, own, indent)
        for statement in block.statements:
            own.lines += comment(statement, indent)
            self.statement(statement, scope)
        chunk = Section(f"chunk_{self.counted}")
        if block.in_chunks:
            self.layout.chunk_widths.append(self.touched(block))
            before = self.scope(replace(block, place="chunk"), straight, chunk, INDENT)
            for statement in block.hoisted:
                chunk.lines += comment(statement, INDENT)
                self.statement(statement, before)
        for section in (own, chunk):
            known = words_of(section.lines)
            section.views = {text: view for text, view in section.views.items() if view in known}
        straight.views[name] = name
        self.loops += self.loop_views(name, block, own, chunk)
        handed = list(own.views.values())
        if block.in_chunks:
            views = list(chunk.views.values())
            plan = "plan, " if block.scan else ""
            straight.lines.append(f"for {'chunk' if views else '_'}, {plan}steps in {name}:")
            straight.lines += unpacked(views, "chunk", INDENT) if views else []
            straight.lines += chunk.lines
            straight.lines += [f"{INDENT}_scan(plan)"] if block.scan else []
            straight.lines += loop_head(handed, "steps", INDENT)
        else:
            straight.lines += loop_head(handed, name, "")
        straight.lines += own.lines

    def touched(self, block: Block) -> str:
        """How many numbers a row of a chunk has in all that its coefficients touch."""
        found: dict[Variable, None] = {}
        for statement in block.hoisted:
            for leaf in (*statement.targets, *leaves(statement.value)):
                v = variable(leaf)
                if v is not None and self.places.has_rows(v):
                    found.setdefault(v)
        plain = [self.places.shapes[v] for v in found]
        dims = add_dims(shape[0] for shape in plain if len(shape) == 1)
        return row_shape(self.names, (dims,)) if dims != 0 else "1"

    def loop_views(self, name: str, block: Block, own: Section, chunk: Section) -> list[str]:
        """The lines that make the views of a loop's steps."""
        backs = ["prev" if k == 1 else f"prev{k}" for k in range(1, self.places.lag + 1)]
        steps = ", ".join(["top", "now", *backs])
        if block.scan:
            (statement,) = block.statements
            views = tuple_lines(own.views, INDENT * 3), tuple_lines(chunk.views, INDENT * 2, ",")
            return scanning.scan_views(name, statement, backs, views, self.layout, block.backward)
        if not block.hoisted:
            source = "reversed(steps)" if block.backward else "steps"
            return [
                f"{name} = [",
                *tuple_lines(own.views, INDENT),
                f"{INDENT}for {steps} in {source}",
                "]",
            ]
        run = "reversed(run)" if block.backward else "run"
        chunks = "reversed(chunks)" if block.backward else "chunks"
        return [
            f"{name} = [",
            f"{INDENT}(",
            *tuple_lines(chunk.views, INDENT * 2, ","),
            f"{INDENT * 2}[",
            *tuple_lines(own.views, INDENT * 3),
            f"{INDENT * 3}for here, {steps} in {run}",
            f"{INDENT * 2}],",
            f"{INDENT})",
            f"{INDENT}for {', '.join(['now', *backs])}, whole, run in {chunks}",
            "]",
        ]

    # --- statements --------------------------------------------------------------------------

    def statement(self, statement: Assign, scope: Scope) -> None:
        target = statement.target
        if isinstance(target, Cotangent) and target.index is None:
            self.gradient(statement, scope)
            return
        first = statement.add and self.adjoints.is_first(statement)
        Compiler(scope).assign(statement.whole, statement.value, add=statement.add and not first)
        found = variable(target)
        assert found is not None
        if (
            first
            and self.places.kinds[found] == "past"
            and self.adjoints.first_rows(found) == "all"
        ):
            scope.own.lines += self.adjoints.receive(found, "+=")

    def gradient(self, statement: Assign, scope: Scope) -> None:
        """dL/d(parameter): products first; rows of tables and own starts are added."""
        value = statement.value
        terms = () if is_zero(value) else value.terms if isinstance(value, Add) else (value,)
        out = Compiler(scope).target(statement.whole)
        compiler = Compiler(scope)
        plain = [t for t in terms if scattered_rows(t) is None and not is_start(t)]
        if not plain:
            scope.emit("copyto", out, "0")
        for number, term in enumerate(plain):
            if number == 0:
                compiler.into(term, out, statement.whole)
            else:
                compiler.assign(statement.whole, term, add=True)
        for term in terms:
            scattered = scattered_rows(term)
            if scattered is not None:
                place, position, added = scattered
                inside = Scope(
                    scope.layout,
                    place,
                    scope.straight,
                    scope.own,
                    scope.indent,
                    self.fallback.by_rows,
                )
                with Compiler(inside).operands((position, added)) as (where, rows):
                    scope.line(f"np.add.at({out}, {where}, {rows})")
            elif is_start(term):
                self.own_start(term, out, scope)

    def own_start(self, term: Expr, out: str, scope: Scope) -> None:
        """What the model's own initial value received, if this call started from it."""
        sign = "-=" if isinstance(term, Neg) else "+="
        summed = term.operand if isinstance(term, Neg) else term
        assert isinstance(summed, TimeSum)
        view = scope.leaf(summed.term) if isinstance(summed.term, Cotangent) else None
        if view is None:
            (inner,) = (leaf for leaf in leaves(summed.term) if isinstance(leaf, Cotangent))
            view = scope.leaf(inner)
        axis = "axis=0" if summed.shape else "axis=None"
        scope.line("if start is None:")
        scope.line(f"{INDENT}{out} {sign} np.add.reduce({view}, {axis})")

    # --- the module's parts --------------------------------------------------------------------

    def body(self, section: Section, lines: list[str]) -> list[str]:
        """A function's lines, what they mention fetched first."""
        known = words_of(lines)
        handed = [*self.own_views(known), *self.registered(section, known).values()]
        fetched = unpacked(handed, f"w.views.{section.name}", "") if handed else []
        params = [
            f"{self.names.values[p.name]} = params[{self.names.key(p.name)}]"
            for p in self.model.parameters
            if self.names.values[p.name] in known
        ]
        inputs = [
            f"{self.names.values[i.name]} = inputs[{self.names.key(i.name)}]"
            for i in self.model.inputs
            if ("value", i.name) in self.places.shapes
            and self.is_direct(("value", i.name))
            and self.names.values[i.name] in known
        ]
        settings = [f"{n} = w.{n}" for n in ("rows", "size", "dtype", "weight") if n in known]
        return [*fetched, *settings, *params, *inputs, *lines]

    def registered(self, section: Section, known: set[str]) -> dict[str, str]:
        """The views that a function's lines asked for."""
        return {
            text: name
            for text, name in section.views.items()
            if not text.startswith(("gathered ", "once "))
        }

    def own_views(self, known: set[str]) -> list[str]:
        """The arrays that some lines mention, in the order of the buffers."""
        return [name for name in self.arrays.homes() if name in known]

    def view_lines(self, bodies: Iterable[tuple[Section, list[str]]]) -> Iterator[str]:
        homes = self.arrays.homes()
        tuples: list[str] = []
        pasts = {n: self.layout.history(("value", n)) for n in self.places.pasts}
        adjoints = {v[1]: self.layout.history(v) for v in self.adjoints.received()}
        for section, lines in bodies:
            known = words_of(lines)
            views = {name: name for name in self.own_views(known)}
            views |= self.registered(section, known)
            tuples += handed(section.name, views)
        mentioned = words_of([*self.loops, *tuples, *pasts.values(), *adjoints.values()])
        needed: list[str] = []
        for name in reversed(list(homes)):
            if name in mentioned or name in words_of(needed):
                callee, _, rest = f"{name} = {homes[name]}".partition("(")
                arguments = rest.removesuffix(")").split(", ")
                needed[:0] = call_lines(callee, arguments, "") if rest else [callee]
        yield from needed
        text = words_of([*self.loops])
        if "steps" in text or "chunks" in text:
            yield "steps = _steps(rows)"
        if "chunks" in text:
            yield from self.arrays.chunk_lines()
            even = ", even=True" if self.places.by_blocks else ""
            yield f"chunks = _chunks(steps, chunk{even})"
        for setting, name in self.layout.settings.items():
            callee, _, rest = f"{name} = {setting}".partition("(")
            yield from call_lines(callee, rest.removesuffix(")").split(", "), "")
        yield from self.loops
        yield "return SimpleNamespace("
        yield from (f"{INDENT}{line}" for line in tuples)
        for title, table in (("pasts", pasts), ("adjoints", adjoints)):
            entries = [f"{INDENT * 2}{self.names.key(k)}: {v}," for k, v in table.items()]
            yield from (
                [f"{INDENT}{title}={{", *entries, f"{INDENT}}},"]
                if entries
                else [f"{INDENT}{title}={{}},"]
            )
        yield ")"


def at_first(lines: list[str]) -> list[str]:
    """Lines, one level in, that the first segment of a call runs for all of them."""
    return ["if first:", *lines] if lines else []


def _is_softmax(value: Expr) -> TypeGuard[Vector]:
    return isinstance(value, Vector) and value.function == "softmax"
