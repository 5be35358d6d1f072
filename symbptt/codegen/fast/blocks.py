"""Families by blocks: in which shapes loops and chunks take arrays.

The rows of one step stand end to end. In a family by columns they are (B, G * n), a member
some columns of them; in one by blocks the same memory is read as (G, B, n), so that every
member of a step, and every run of neighbours, is without gaps. With B = 1 both are the same.

In a loop a member is then an array (B, n) like any other, and neighbours are (count, B, n).
A chunk of S steps of equally many rows is (S, count, B, n) in all that it takes.
"""

from __future__ import annotations

from dataclasses import dataclass

from symbptt.codegen.fast.buffers import Value, view
from symbptt.codegen.program import Place


@dataclass(frozen=True)
class BlockReading:
    """How one statement takes arrays: as they are, or to go with blocks.

    Attributes
    ----------
    place : Place
    count : int
        How many blocks it writes; 0 where it takes no family by blocks.
    """

    place: Place = "all"
    count: int = 0

    def plain(self, rows: Value) -> Value:
        """Rows that go with every block."""
        in_chunk = self.count and self.place == "chunk"
        return view("blocks_of_steps", rows, 1) if in_chunk else rows

    def columns(self, rows: Value) -> Value:
        """As many columns side by side as there are blocks."""
        return self.several("columns_as_blocks", rows)

    def scratch(self, rows: Value) -> Value:
        """A scratch array with as many entries as the blocks have."""
        return self.several("blocks", rows)

    def several(self, how: str, rows: Value) -> Value:
        if self.count and self.place == "chunk":
            return view(f"{how}_of_steps", rows, self.count)
        return view("step", view(how, rows, self.count)) if self.count > 1 else rows


def members_of(place: Place, rows: Value, count: int, first: int, end: int) -> Value:
    """Neighbours in a family by blocks of so many."""
    if place == "chunk":
        whole = view("blocks_of_steps", rows, count)
        return whole if end - first == count else view("members_of_steps", whole, first, end)
    whole = view("blocks", rows, count)
    if end - first == count:
        return view("step", whole)
    one = end - first == 1
    return view("member", whole, first) if one else view("members", whole, first, end)
