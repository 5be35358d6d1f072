"""The arrays of a module with buffers, and the names by which they go."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal

from symbptt.algebra import Dim, Shape, add_dims
from symbptt.codegen.fast.buffers import Buffer, Extent, LocalName, Value, View, view
from symbptt.codegen.naming import ValueNames
from symbptt.codegen.places import Kind, Places, Variable

Owner = Literal["shared", "kept", "sum"]
"""Who has an array: all segments of a call, each one, or all as what they add up to."""


class Arrays:
    """All arrays of a module, and the names by which they go."""

    def __init__(self, places: Places, names: ValueNames, given: Iterable[Variable]) -> None:
        self.places = places
        self.given = frozenset(given)
        self.names = names
        self.buffers: dict[str, Buffer] = {}
        self.ranges: dict[tuple[Variable, ...], str] = {}
        self.families: dict[tuple[Variable, ...], str] = {}
        self.guests: dict[str, str] = {}
        self.views: dict[tuple[str, str, int], str] = {}
        # What all functions find made, and what is decided when the size of a call is known.
        self.whole: dict[Value, str] = {}
        self.settings: dict[Value, LocalName] = {}
        # For each loop in chunks how many numbers a row has in all that a chunk touches.
        self.chunk_widths: list[Dim] = []
        self.scratches: list[str] = []
        self.fixed = 0
        # Whose arrays are, by their names; all others are shared by all segments.
        self.owners: dict[str, Owner] = {}

    # --- names -----------------------------------------------------------------------------

    def name(self, found: Variable) -> str:
        role, name = found
        return self.names.values[name] if role == "value" else self.names.cotangents[name]

    def history(self, found: Variable) -> str:
        role, name = found
        table = self.names.histories if role == "value" else self.names.cotangent_histories
        return table[name]

    def declare(self, found: Variable) -> None:
        """See to it that the variable has an array; what the caller gives has one."""
        if found in self.given:
            return
        kind, shape = self.places.kinds[found], self.places.shapes[found]
        if found in self.places.family:
            self.family(self.places.family[found])
        else:
            buffer = Buffer(kind, shape, self.places.is_integer(found))
            self.buffers.setdefault(self.array(found), buffer)

    def family(self, members: tuple[Variable, ...]) -> str:
        if members not in self.families:
            name = self.names.fresh(f"{self.name(members[0])}_etc")
            self.families[members] = name
            if members in self.places.reuse:
                self.guests[name] = self.family(self.places.reuse[members])
                return name
            shapes = [self.places.shapes[m] for m in members]
            width = add_dims(shape[0] for shape in shapes)
            self.buffers[name] = Buffer(self.places.kinds[members[0]], (width, *shapes[0][1:]))
        return self.families[members]

    def array(self, found: Variable) -> str:
        """The name of the array that a variable is in."""
        members = self.places.family.get(found)
        if members is not None:
            return self.family(members)
        past = self.places.kinds.get(found) == "past"
        return self.history(found) if past else self.name(found)

    def range_of(self, members: tuple[Variable, ...]) -> str | None:
        """The name of neighbours in a family; None if they are none."""
        family = self.places.family.get(members[0])
        if family is None:
            return None
        start = family.index(members[0])
        if family[start : start + len(members)] != members:
            return None
        if members == family:
            return self.family(family)
        if members not in self.ranges:
            self.family(family)
            self.ranges[members] = self.names.fresh(
                f"{self.name(members[0])}_to_{self.name(members[-1])}"
            )
        return self.ranges[members]

    def view_name(self, taken: set[str], extent: str, wish: str) -> str:
        """A name for a view; other functions and other loops have the same for theirs."""
        number = 0
        while (name := self.views.get((extent, wish, number))) in taken:
            number += 1
        if name is None:
            name = self.views[extent, wish, number] = self.names.fresh(wish)
        return name

    def setting(self, value: Value, wish: str) -> LocalName:
        """The name of what is decided when the size of a call is known."""
        if value not in self.settings:
            self.settings[value] = LocalName(self.names.fresh(f"{wish}{len(self.settings) + 1}"))
        return self.settings[value]

    def once(self, shape: Shape) -> LocalName:
        """A buffer for what has no rows and is computed before all else."""
        self.fixed += 1
        name = self.names.fresh(f"fixed{self.fixed}")
        self.buffers[name] = Buffer("static", shape)
        return LocalName(name)

    def scratch(self, kind: Kind, shape: Shape, used: Iterable[str], integer: bool) -> str:
        """A scratch array of that kind and shape that is not in use."""
        taken, wanted = set(used), Buffer(kind, shape, integer)
        for name in self.scratches:
            if self.buffers[name] == wanted and name not in taken:
                return name
        name = self.names.fresh(f"part{len(self.scratches) + 1}")
        self.scratches.append(name)
        self.buffers[name] = wanted
        return name

    # --- where arrays are ------------------------------------------------------------------

    def own(self, kept: Iterable[Variable], sums: Iterable[Variable]) -> None:
        """Say what each segment has for itself, and what is added up over all."""
        self.owners |= {self.array(v): "sum" for v in sums}
        self.owners |= {self.array(v): "kept" for v in kept}

    def parts(self) -> dict[str, Value]:
        """The names of what is part of a buffer, or all of one, and the view that each is."""
        found: dict[str, Value] = {guest: LocalName(host) for guest, host in self.guests.items()}
        for family, name in self.families.items():
            for member in family:
                found[self.name(member)] = self.neighbours(LocalName(name), family, (member,))
        for members, name in self.ranges.items():
            family = self.places.family[members[0]]
            found[name] = self.neighbours(LocalName(self.families[family]), family, members)
        for v, kind in self.places.kinds.items():
            if kind == "past" and self.history(v) in self.buffers:
                found[self.name(v)] = view("live", LocalName(self.history(v)))
        return found

    def neighbours(
        self, array: LocalName, family: tuple[Variable, ...], members: tuple[Variable, ...]
    ) -> View:
        """Neighbours in a family: columns of its rows, or rows of a matrix or of biases."""
        first = family.index(members[0])
        dims = [self.places.shapes[member][0] for member in family]
        start, width = add_dims(dims[:first]), add_dims(dims[first : first + len(members)])
        how = "rows" if self.places.kinds[members[0]] == "static" else "columns"
        return view(how, array, Extent(start), Extent(width))
