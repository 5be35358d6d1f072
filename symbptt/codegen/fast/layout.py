"""The arrays of a module with buffers, and the names by which they go."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from symbptt.algebra import Shape, add_dims
from symbptt.codegen.naming import Names
from symbptt.codegen.places import Kind, Places, Variable


@dataclass
class Buffer:
    """An array of the workspace: over which rows it goes, and the shape of a row."""

    kind: Kind
    shape: Shape
    integer: bool = False


class Layout:
    """All arrays of a module, and the names by which they go."""

    def __init__(self, places: Places, names: Names, given: Iterable[Variable]) -> None:
        self.places = places
        self.given = frozenset(given)
        self.names = names
        self.buffers: dict[str, Buffer] = {}
        self.ranges: dict[tuple[Variable, ...], str] = {}
        self.family_names: dict[tuple[Variable, ...], str] = {}
        self.guests: dict[str, str] = {}
        self.views: dict[tuple[str, str, int], str] = {}
        self.fixed = 0
        self.settings: dict[str, str] = {}
        self.aliases = {"_copyto": "copyto"}
        self.chunk_widths: list[str] = []
        self.local: dict[str, str] = {}
        # What products of a step take, and the lengths of its axes.
        self.matrices: dict[str, str] = {}

    def function(self, name: str) -> str:
        """The module's name for a function of NumPy."""
        if "." in name or name in ("sign", "greater"):
            return f"np.{name}"
        alias = "_product" if name == "dot" else f"_{name}"
        self.aliases[alias] = name
        return alias

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
        members = self.places.family.get(found)
        if members is not None:
            self.family(members)
        elif kind == "past":
            self.buffers.setdefault(
                self.history(found), Buffer(kind, shape, self.places.is_integer(found))
            )
        else:
            self.buffers.setdefault(
                self.name(found), Buffer(kind, shape, self.places.is_integer(found))
            )

    def family(self, members: tuple[Variable, ...]) -> str:
        if members not in self.family_names:
            name = self.names.fresh(f"{self.name(members[0])}_etc")
            self.family_names[members] = name
            if members in self.places.reuse:
                self.guests[name] = self.family(self.places.reuse[members])
                return name
            shapes = [self.places.shapes[m] for m in members]
            width = add_dims(shape[0] for shape in shapes)
            self.buffers[name] = Buffer(self.places.kinds[members[0]], (width, *shapes[0][1:]))
        return self.family_names[members]

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

    def view_name(self, views: dict[str, str], extent: str, wish: str) -> str:
        """A name for a view; other functions and other loops have the same for theirs."""
        number = 0
        while (name := self.views.get((extent, wish, number))) in views.values():
            number += 1
        if name is None:
            name = self.views[extent, wish, number] = self.names.fresh(wish)
        return name

    def setting(self, text: str, wish: str) -> str:
        """The name of what is decided when the size of a call is known."""
        if text not in self.settings:
            self.settings[text] = self.names.fresh(f"{wish}{len(self.settings) + 1}")
        return self.settings[text]

    def count_fixed(self) -> int:
        self.fixed += 1
        return self.fixed

    def scratch(self, kind: Kind, shape: Shape, used: Iterable[str], integer: bool) -> str:
        """A scratch array of that kind and shape that is not in use."""
        taken = set(used)
        for name, buffer in self.buffers.items():
            fits = (buffer.kind, buffer.shape, buffer.integer) == (kind, shape, integer)
            if name in self.local and fits and name not in taken:
                return name
        name = self.names.fresh(f"part{len(self.local) + 1}")
        self.local[name] = name
        self.buffers[name] = Buffer(kind, shape, integer)
        return name
