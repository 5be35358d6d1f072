"""The arrays of a module with buffers, and the views that go by the values' names."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Literal

from symbptt.algebra import add_dims
from symbptt.codegen.fast.layout import Buffer, Layout
from symbptt.codegen.fast.scope import call_lines, length, row_shape
from symbptt.codegen.literals import literal
from symbptt.codegen.naming import Names
from symbptt.codegen.places import Variable

Owner = Literal["buffers", "kept", "sums"]
"""Who has an array: all segments of a call, each one, or all as what they add up to."""

EXTENTS = {
    "rows": "count",
    "past": "past + count",
    "step": 'size["B"]',
    "chunk": "chunk",
    "last": 'size["B"]',
}


class Arrays:
    """Writes what a workspace makes for the buffers of a layout."""

    def __init__(self, layout: Layout, names: Names) -> None:
        self.layout = layout
        self.names = names
        self.places = layout.places
        # Whose they are, by their names; all others are shared by all segments.
        self.owners: dict[str, Owner] = {}

    def assign(self, kept: Iterable[Variable], sums: Iterable[Variable]) -> None:
        """Say what each segment has for itself, and what is added up over all."""
        self.owners |= {self.layout.array(v): "sums" for v in sums}
        self.owners |= {self.layout.array(v): "kept" for v in kept}

    def homes(self) -> dict[str, str]:
        """Every array's name and the view of its buffer that it is."""
        layout = self.layout
        found: dict[str, str] = {}
        for name, buffer in layout.buffers.items():
            found[name] = viewed(self.owners.get(name, "buffers"), name, buffer)
        found |= layout.guests
        for members, name in layout.family_names.items():
            for number, member in enumerate(members):
                found[layout.name(member)] = self.taken(name, members, number, number + 1)
        for members, name in layout.ranges.items():
            family = layout.places.family[members[0]]
            first = family.index(members[0])
            whole = layout.family_names[family]
            found[name] = self.taken(whole, family, first, first + len(members))
        for v, kind in layout.places.kinds.items():
            history = layout.history(v) if kind == "past" else ""
            if history in layout.buffers:
                found[layout.name(v)] = f"{history}[rows.live]"
        return found

    def taken(self, array: str, family: tuple[Variable, ...], first: int, end: int) -> str:
        """Neighbours in a family, out of the array of all."""
        dims = [self.places.shapes[member][0] for member in family]
        start = length(self.names, add_dims(dims[:first])) if first else "0"
        width = length(self.names, add_dims(dims[first:end]))
        return f"{self.part(family[first])}({array}, {start}, {width})"

    def part(self, member: Variable) -> str:
        """What takes a member out of its family: columns of rows, rows of a matrix."""
        if self.places.kinds[member] == "static":
            return "_rows_of"
        return "_block"

    def buffer_lines(self, owner: Owner) -> Iterator[str]:
        for name, buffer in self.chosen(owner):
            shape = f"({', '.join(extents(self.names, buffer))})"
            if shape.count(",") == 0 and shape != "()":
                shape = f"({shape[1:-1]},)"
            kind = "np.intp" if buffer.integer else "dtype"
            arguments = [shape, kind]
            if name in self.layout.matrices:
                arguments = ["size", *self.layout.matrices[name].split(", "), kind]
            made = "_matrix" if name in self.layout.matrices else "_zeros"
            # The lines stand two levels in, and end in a comma.
            lines = call_lines(f"{literal(name)}: {made}", arguments, " " * 5)
            lines[-1] += ","
            yield from (line[5:] for line in lines)

    def chosen(self, owner: Owner) -> Iterator[tuple[str, Buffer]]:
        for name, buffer in self.layout.buffers.items():
            if self.owners.get(name, "buffers") == owner:
                yield name, buffer

    def extent_lines(self, owner: Owner) -> Iterator[str]:
        """How many rows the arrays have."""
        kinds = {buffer.kind for _, buffer in self.chosen(owner)}
        if kinds & {"rows", "past"}:
            yield 'count = size["T"] * size["B"]'
        if "past" in kinds:
            yield 'past = _LAG * size["B"]'
        if "chunk" in kinds:
            yield from self.chunk_lines()

    def chunk_lines(self) -> Iterator[str]:
        """How many rows a chunk has, so that what it touches stays in the cache."""
        widths = list(dict.fromkeys(self.layout.chunk_widths))
        if widths:
            width = widths[0] if len(widths) == 1 else f"max({', '.join(widths)})"
            yield f"width = {width}"
            yield "chunk = _chunk_rows(size, width, dtype)"


def extents(names: Names, buffer: Buffer) -> list[str]:
    """The lengths of a buffer's axes; a scalar a row is a column, an index a row is none."""
    inner = [row_shape(names, (dim,)) for dim in buffer.shape]
    if buffer.kind == "static":
        return inner
    column = [] if inner or buffer.integer else ["1"]
    return [EXTENTS[buffer.kind], *inner, *column]


def viewed(source: str, name: str, buffer: Buffer) -> str:
    array = f"{source}[{literal(name)}]"
    match buffer.kind:
        case "rows":
            return f"{array}[: rows.count]"
        case "past":
            return f"{array}[: rows.live.stop]"
        case "last":
            return f"{array}[: rows.sequences]"
    return array
