"""Families by blocks: in which shapes loops and chunks take arrays.

The rows of one step stand end to end. In a family by columns they are (B, G * n), a member
some columns of them; in one by blocks the same memory is read as (G, B, n), so that every
member of a step, and every run of neighbours, is without gaps. With B = 1 both are the same.

In a loop a member is then an array (B, n) like any other, and neighbours are (count, B, n).
A chunk of S steps of equally many rows is (S, count, B, n) in all that it takes.
"""

from __future__ import annotations

from dataclasses import dataclass

from symbptt.codegen.program import Place


@dataclass(frozen=True)
class Reading:
    """How one statement takes arrays: as they are, or to go with blocks.

    Attributes
    ----------
    place : Place
    count : int
        How many blocks it writes; 0 where it takes no family by blocks.
    """

    place: Place = "all"
    count: int = 0

    @property
    def plain(self) -> str:
        """The shape of rows that go with every block."""
        if self.count and self.place == "chunk":
            return "_by_blocks({}, 1, len(run))"
        return "{}"

    @property
    def columns(self) -> str:
        """The shape of as many columns side by side as there are blocks."""
        if self.count and self.place == "chunk":
            return f"_by_columns({{}}, {self.count}, len(run))"
        return f"_by_columns({{}}, {self.count})[0]" if self.count > 1 else "{}"

    @property
    def scratch(self) -> str:
        """The shape of a scratch array with as many entries as the blocks have."""
        if self.count and self.place == "chunk":
            return f"_by_blocks({{}}, {self.count}, len(run))"
        return f"_by_blocks({{}}, {self.count})[0]" if self.count > 1 else "{}"


def taken_blocks(place: Place, count: int, first: int, end: int) -> str:
    """The shape of neighbours in a family by blocks of so many."""
    if place == "chunk":
        whole = f"_by_blocks({{}}, {count}, len(run))"
        return whole if end - first == count else f"{whole}[:, {first}:{end}]"
    where = f"{first}" if end - first == 1 else f"{first}:{end}"
    where = "0" if end - first == count else f"0, {where}"
    return f"_by_blocks({{}}, {count})[{where}]"
