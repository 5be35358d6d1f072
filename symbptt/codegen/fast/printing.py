"""The one printer of fast code: buffers, views and calls as lines of NumPy.

A line is broken as a formatter breaks it: a call that is too long has an argument a line.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from fractions import Fraction

from symbptt.algebra import Dim, add_dims
from symbptt.codegen.emission import INDENT, WIDTH, comment
from symbptt.codegen.fast.buffers import (
    Buffer,
    Change,
    Comment,
    Extent,
    If,
    KernelCall,
    Key,
    Let,
    LocalName,
    Loop,
    Operand,
    Quoted,
    Return,
    Statement,
    Value,
    View,
    view,
)
from symbptt.codegen.fast.views import VIEWS, Known, alias
from symbptt.codegen.literals import literal, tuple_literal
from symbptt.codegen.naming import ValueNames
from symbptt.codegen.numpy_printer import integer_ratio
from symbptt.codegen.unbuffered import gathered

MOST_PARTS = 13
"""More parts of an array have no line of their own."""

SCANNED = '_THRESHOLDS["numbers a step of a scan"]'
"""Up to how many numbers a step has a scan is faster than the loop."""

OUT_FIRST = ("copyto", "add.at", "subtract.at", "_by_rows", "_sum_by_rows")
"""Functions that take what they fill before what they read."""

OUT_BY_NAME = ("maximum", "minimum")
"""Functions for which a third argument by position is deprecated."""


class FastPrinter:
    """Writes values, calls and statements."""

    def __init__(self, names: ValueNames) -> None:
        self.names = names

    # --- values ----------------------------------------------------------------------------

    def text(self, value: Operand, known: Known) -> str:
        if isinstance(value, Value) and value in known:
            return known[value]
        match value:
            case LocalName(name):
                return name
            case Extent(dim):
                return self.names.length(dim)
            case Key(name):
                return self.names.key(name)
            case Quoted(words):
                return literal(words)
            case View(how="listed", of=of):
                return tuple_literal([self.text(each, known) for each in of])
            case View():
                parts = self.parts(value, known)
                return parts if isinstance(parts, str) else f"{parts[0]}({', '.join(parts[1])})"
            case Fraction():
                return str(value).replace("/", " / ")
        return str(value)

    def parts(self, value: View, known: Known) -> str | tuple[str, list[str]]:
        """A view as it is written, a call as its function and arguments."""
        texts = [self.text(each, known) for each in value.of]
        if value.how == "number":
            texts = [times_one(value.of[0], texts[0])]
        if value.how == "applied":
            return texts[0], texts[1:]
        row = VIEWS[value.how]
        if isinstance(row, str):
            return row.format(*map(in_brackets, texts))
        function, *arguments = (part.format(*texts) for part in row)
        return function, arguments

    def ended(self, head: str, value: Value, ending: str, known: Known) -> Iterator[str]:
        """A line that ends in a value; one that is too long has an argument a line."""
        line = f"{head}{self.text(value, known)}{ending}"
        parts = self.parts(value, known) if isinstance(value, View) and value not in known else ""
        if len(line) <= WIDTH or isinstance(parts, str):
            yield line
        else:
            yield from broken(head + parts[0], parts[1], ending)

    def named(
        self, pairs: Iterable[tuple[str, Value]], buffers: Mapping[str, Buffer], known: Known
    ) -> Iterator[str]:
        """Values and their names; equal parts that make up an array have theirs in one line."""
        alike: dict[tuple[Value, ...], list[tuple[str, Value]]] = {}
        for name, value in pairs:
            alike.setdefault(equal_parts(value, buffers), []).append((name, value))
        for parts, group in alike.items():
            match parts:
                # Parts of a length may overlap, or have another order than their names.
                case (View(how, (array, *_)), _, *_) if parts == tuple(v for _, v in group):
                    names = ", ".join(f"v.{name}" for name, _ in group)
                    line = f"{names} = {self.text(view(f'{how} of', array, len(parts)), known)}"
                    if len(line) <= WIDTH:
                        yield line
                        continue
            for name, value in group:
                yield from self.ended(f"v.{name} = ", value, "", known)

    def items(self, head: str, views: Iterable[Value], ending: str, known: Known) -> Iterator[str]:
        """A tuple of views, an item a line."""
        indent = indent_of(head)
        yield f"{head}("
        for value in views:
            yield from self.ended(f"{indent}{INDENT}", value, ",", known)
        yield f"{indent}){ending}"

    # --- statements ------------------------------------------------------------------------

    def statements(
        self, found: Iterable[Statement], known: Known, indent: str = ""
    ) -> Iterator[str]:
        for statement in found:
            match statement:
                case KernelCall():
                    yield from self.call(statement, known, indent)
                case Comment(cited):
                    yield from comment(cited, indent)
                case Let(name, value):
                    yield from self.ended(f"{indent}{name} = ", value, "", known)
                case Change(target, operator, value):
                    left, right = self.text(target, known), self.text(value, known)
                    yield f"{indent}{left} {operator} {right}"
                case If(condition, then, otherwise):
                    yield f"{indent}if {condition}:"
                    yield from self.statements(then, known, indent + INDENT)
                    yield from [f"{indent}else:"] if otherwise else []
                    yield from self.statements(otherwise, known, indent + INDENT)
                case Loop():
                    yield from self.loop(statement, known, indent)
                case Return(tables):
                    for name, entries in tables:
                        yield from self.table(name, entries, known, indent)
                    yield f"{indent}return {', '.join(name for name, _ in tables)}".rstrip()

    def call(self, call: KernelCall, known: Known, indent: str) -> Iterator[str]:
        operands, options = (
            [self.text(each, known) for each in part] for part in (call.operands, call.options)
        )
        out = [] if call.out is None else [self.text(call.out, known)]
        if call.function == "fill":
            yield f"{indent}{out[0]}.fill(w.zero)"
            return
        if call.function in OUT_BY_NAME:
            out = [f"out={out[0]}"]
        arguments = [*operands, *out, *options]
        if call.function in OUT_FIRST:
            arguments = [*out, *operands]
        function = self.function(call.function, known)
        line = f"{indent}{function}({', '.join(arguments)})"
        yield from [line] if len(line) <= WIDTH else broken(indent + function, arguments, "")

    def function(self, function: str | Value, known: Known) -> str:
        """What the module calls a function: NumPy's are looked up once."""
        if isinstance(function, Value):
            return self.text(function, known)
        if function.startswith("_"):
            return function
        return alias(function) or f"np.{function}"

    def table(
        self, name: str, found: Iterable[tuple[Key, Value]], known: Known, indent: str = ""
    ) -> Iterator[str]:
        """A dict of arrays by the model's names, as many in a line as go into one."""
        pairs = [(self.text(key, {}), self.text(value, known)) for key, value in found]
        yield from (indent + line for line in gathered(name, pairs))

    def loop(self, loop: Loop, known: Known, indent: str) -> Iterator[str]:
        source, inner = f"v.{loop.name}", indent
        if loop.chunk is not None:
            views, inner = loop.chunk.handed, indent + INDENT
            plan = "plan, " if loop.plan else ""
            yield f"{indent}for {'chunk' if views else '_'}, {plan}steps in {source}:"
            yield from unpacked(list(views.values()), "chunk", inner) if views else []
            yield from self.statements(loop.chunk.statements, {**known, **loop.chunk.views}, inner)
            yield from [f"{inner}_scan(plan)"] if loop.plan else []
            source = "steps"
        yield from loop_head(list(loop.steps.handed.values()), source, inner)
        body = {**known, **loop.steps.views}
        yield from self.statements(loop.steps.statements, body, inner + INDENT)

    # --- views of loops ----------------------------------------------------------------------

    def views_of(self, loop: Loop, backs: Sequence[str], known: Known) -> Iterator[str]:
        """The lines that make the views of a loop's steps."""
        places = ", ".join(["now", *backs])
        if loop.chunk is None:
            source = "reversed(steps)" if loop.backward else "steps"
            yield f"v.{loop.name} = ["
            yield from self.items(INDENT, loop.steps.handed, "", known)
            yield from [f"{INDENT}for top, {places} in {source}", "]"]
            return
        run, chunks, others = "run", "chunks", places
        number = loop.steps.name.removeprefix("loop_")
        scan = f"scan_{number}"
        if loop.plan:
            yield f'{scan} = size["B"] * {self.factor(loop.width)} <= {SCANNED}'
            run, chunks = f"_stepwise(run, {scan})", f"_uniform(chunks, {scan})"
            # A scan is of what reads one step back; its chunks may read further.
            others = "now, prev, *_" if len(backs) > 1 else "now, prev"
        if loop.backward:
            run, chunks = f"reversed({run})", f"reversed({chunks})"
        if loop.plan:
            yield f"chunks_{number} = {chunks}"
            chunks = f"chunks_{number}"
        yield from [f"v.{loop.name} = [", f"{INDENT}("]
        chunk = list(self.items(INDENT * 2, loop.chunk.handed, ",", known))
        yield from shortened(chunk) if loop.plan else chunk
        yield from self.plan(loop, scan, known) if loop.plan else []
        yield f"{INDENT * 2}["
        yield from self.items(INDENT * 3, loop.steps.handed, "", known)
        yield f"{INDENT * 3}for here, top, {others} in {run}"
        yield from [f"{INDENT * 2}],", f"{INDENT})"]
        yield from [f"{INDENT}for {places}, whole, run in {chunks}", "]"]

    def plan(self, loop: Loop, scan: str, known: Known) -> Iterator[str]:
        """What a scan does for few numbers a step, in place of the steps."""
        arrays = [self.text(value, known) for value in loop.plan]
        arguments = [scan, "run", *arrays, str(loop.backward), "w.buffers", "size"]
        yield from broken(f"{INDENT * 2}_scan_plan", arguments, ",")

    def factor(self, dim: Dim) -> str:
        return in_brackets(self.names.length(dim))

    # --- buffers -----------------------------------------------------------------------------

    def buffer(self, name: str, owner: str, buffer: Buffer) -> Iterator[str]:
        """An entry of the table of buffers: owner, kind of rows, lengths of a row's axes."""
        kind = "chunk" if buffer.kind == "chunk" else literal(buffer.kind)
        shape, kind = (buffer.sides, '"matrix"') if buffer.sides else (buffer.shape, kind)
        row = ['"index"'] if buffer.integer else [self.names.length(dim) for dim in shape]
        parts = [literal(owner), kind, *row]
        line = f"{INDENT}{literal(name)}: {tuple_literal(parts)},"
        fits = len(line) <= WIDTH
        yield from [line] if fits else broken(f"{INDENT}{literal(name)}: ", parts, ",")

    def chunk(self, widths: Iterable[Dim]) -> Iterator[str]:
        """How many rows a chunk has, so that what it touches stays in the cache."""
        texts = list(dict.fromkeys(self.names.length(dim) for dim in widths))
        widest = texts[0] if len(texts) == 1 else f"max({', '.join(texts)})"
        line = f"chunk = _chunk_rows(size, {widest}, dtype)"
        long = [f"width = {widest}", "chunk = _chunk_rows(size, width, dtype)"]
        yield from [line] if len(line) <= WIDTH else long


def equal_parts(value: Value, buffers: Mapping[str, Buffer]) -> tuple[Value, ...]:
    """The parts that make up an array, in order, if a value is as long as one; else the value."""
    match value:
        case View(how="rows" | "columns" as how, of=(LocalName(name) as array, _, Extent(width))):
            if name in buffers:
                length = buffers[name].shape[0 if how == "rows" else -1]
                for count in range(2, MOST_PARTS):
                    if add_dims([width] * count) == length:
                        starts = (Extent(add_dims([width] * before)) for before in range(count))
                        return tuple(view(how, array, start, Extent(width)) for start in starts)
    return (value,)


def times_one(number: Operand, text: str) -> str:
    """A number as a multiple of the module's one, so that it is exact where that is."""
    if isinstance(number, Fraction):
        ratio = integer_ratio(number)
        ratio = ratio.replace("one", "w.one")
        return ratio if number.denominator > 1 else "w.one" if number == 1 else f"{ratio} * w.one"
    return f"{in_brackets(text)} * w.one"


# --- lines -------------------------------------------------------------------------------


def broken(head: str, arguments: Iterable[str], ending: str) -> list[str]:
    """A call with an argument a line."""
    indent = indent_of(head)
    return [f"{head}(", *(f"{indent}{INDENT}{each}," for each in arguments), f"{indent}){ending}"]


def indent_of(line: str) -> str:
    return line[: len(line) - len(line.lstrip())]


def unpacked(names: Sequence[str], source: str, indent: str) -> list[str]:
    """``a, b = source``, a name a line where one line would be too long."""
    line = f"{indent}{f'({names[0]},)' if len(names) == 1 else ', '.join(names)} = {source}"
    if len(line) <= WIDTH:
        return [line]
    return [f"{indent}(", *(f"{indent}{INDENT}{name}," for name in names), f"{indent}) = {source}"]


def loop_head(names: Sequence[str], source: str, indent: str) -> list[str]:
    line = f"{indent}for {', '.join(names)} in {source}:"
    if len(names) > 1 and len(line) <= WIDTH:
        return [line]
    return [f"{indent}for step in {source}:", *unpacked(names, "step", indent + INDENT)]


def shortened(lines: list[str]) -> list[str]:
    """A tuple of one item, or of none, on one line."""
    if len(lines) > 3:
        return lines
    first, *items, last = lines
    return [first + "".join(item.strip() for item in items) + last.strip()]


def in_brackets(text: str) -> str:
    return f"({text})" if " + " in text else text
