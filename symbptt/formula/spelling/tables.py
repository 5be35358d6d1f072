r"""Matrices of blocks, and cases: what stands in rows and cells."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from fractions import Fraction

from symbptt import algebra as al
from symbptt.errors import FormulaError
from symbptt.formula.names import derived_form
from symbptt.formula.spelling import written as wr
from symbptt.formula.spelling.choices import WayReader, size_node
from symbptt.formula.spelling.names import Way
from symbptt.language import surface as sf
from symbptt.language.source import Place

_ENTRYWISE = frozenset(["row", "rows", "column", "columns", "entry", "entries"])
_OTHERWISE = frozenset(["otherwise", "else"])

Grid = list[list[sf.Node | None]]
"""The cells of a matrix, None where all is zero."""


class TableReader(WayReader):
    """Reads matrices and cases."""

    # --- matrices -------------------------------------------------------------------------

    def matrix(self, node: wr.Matrix) -> Iterator[Way]:
        """Blocks side by side and below each other; a column of vectors is a vector, too."""
        place, width = node.place, len(node.rows[0])
        if any(len(row) != width for row in node.rows):
            self.wrong(place, "the rows of this matrix have different numbers of cells")
        cells = [cell for row in node.rows for cell in row]
        parts = [self.ways(cell) for cell in cells if not is_zero(cell)]

        def grid(nodes: Sequence[sf.Node]) -> Grid:
            rest = iter(nodes)
            every = [None if is_zero(cell) else next(rest) for cell in cells]
            return [every[k : k + width] for k in range(0, len(cells), width)]

        yield from self.joined(parts, lambda *nodes: self.blocks(place, grid(nodes)))
        if width == 1 and len(parts) == len(cells):
            yield from self.joined(parts, lambda *nodes: sf.Apply(place, "concat", [*nodes], place))

    def blocks(self, place: Place, rows: Grid) -> sf.Node:
        """Rows below each other; zeros have the sizes of what stands around them."""
        heights: list[al.Dim | None] = [None] * len(rows)
        widths: list[al.Dim | None] = [None] * len(rows[0])
        for i, row in enumerate(rows):
            for j, cell in enumerate(row):
                shape = None if cell is None else self.shape_of(cell)
                if shape is not None:
                    heights[i], widths[j] = shape
        heights = self.completed(heights)
        for i, row in enumerate(rows):
            for j, cell in enumerate(row):
                if cell is not None and self.shape_of(cell) is None:
                    own = self.shaper.beside(self.builder.expr(cell), heights[i])
                    widths[j] = widths[j] or own
        widths = self.completed(widths)
        filled = [
            [
                cell or self.zeros(place, height, width)
                for cell, width in zip(row, widths, strict=True)
            ]
            for row, height in zip(rows, heights, strict=True)
        ]
        beside = [joined(place, "hstack", row) for row in filled]
        return joined(place, "vstack", beside)

    def shape_of(self, node: sf.Node) -> tuple[al.Dim, al.Dim] | None:
        try:
            return self.shape(Way(node))
        except FormulaError:
            return None

    def parts_of_state(self, count: int) -> tuple[al.Dim | None, ...]:
        """The lengths of what a step hands on, if it is so many values; else nothing is known."""
        state = self.names.state
        parts = () if state is None else state.parts
        return (
            tuple(al.entries(one.shape) for one in parts)
            if len(parts) == count
            else (None,) * count
        )

    def completed(self, found: list[al.Dim | None]) -> list[al.Dim | None]:
        """Sizes that blocks do not tell are those of the parts of a stacked value."""
        count = len(found)
        for sizes in (*self.told_stacks(count), self.parts_of_state(count)):
            if all(one in (None, size) for one, size in zip(found, sizes, strict=True)):
                return [*sizes]
        rest = list(self.parts_of_state(count))
        for one in found:
            if one in rest:
                rest.remove(one)
        return [rest.pop(0) if one is None and rest else one for one in found]

    def told_stacks(self, count: int) -> Iterator[tuple[al.Dim, ...]]:
        """The lengths of the parts of letters that stand for so many values below each other."""
        for letter in self.names.letters.values():
            match letter.right:
                case sf.Apply(function="vstack", args=parts) if len(parts) == count:
                    shapes = [shape for part in parts if (shape := self.shape_of(part))]
                    if len(shapes) == count:
                        yield tuple(rows for rows, _ in shapes)

    def zeros(self, place: Place, *sizes: al.Dim | None) -> sf.Node:
        nodes = [size_node(place, size) for size in sizes if size is not None]
        if len(nodes) < len(sizes):
            self.wrong(place, "the size of a block of zeros does not follow from those around it")
        return sf.Apply(place, "zeros", nodes, place)

    def end_to_end(self, place: Place, items: list[wr.Written]) -> Iterator[Way]:
        """``[u; v]``; a 0 among the parts of a state is the zero of its length."""
        lengths = self.parts_of_state(len(items))
        parts = [
            [Way(self.zeros(place, length))] if is_zero(item) and length else self.ways(item)
            for item, length in zip(items, lengths, strict=True)
        ]

        def made(*args: sf.Node) -> sf.Node:
            # Of columns in a text of rows, and the other way round, it is as they are.
            turned = [one.operand for one in args if isinstance(one, sf.Flip)]
            whole = sf.Apply(
                place, "concat", turned if len(turned) == len(args) else [*args], place
            )
            return sf.Flip(place, whole) if len(turned) == len(args) else whole

        return self.joined(parts, made)

    def block_rows(self, place: Place, number: int, count: int) -> Iterator[Way]:
        """``[0 I 0]`` takes a part out of what the model sets end to end."""
        every = derived_form(self.names.model).equations
        concats = [
            node for one in every for node in al.walk(one.rhs) if isinstance(node, al.Concat)
        ]
        every_lengths = {
            tuple(part.shape[0] if part.shape else 1 for part in one.parts): None for one in concats
        }
        fitting = [lengths for lengths in every_lengths if len(lengths) == count]
        if not fitting:
            self.wrong(place, f"the model sets no {count} vectors end to end")
        for lengths in fitting:
            cells: list[sf.Node] = [self.zeros(place, lengths[number], one) for one in lengths]
            cells[number] = sf.Named(place, "I")
            yield Way(sf.Apply(place, "hstack", cells, place))

    # --- cases ----------------------------------------------------------------------------

    def cases(self, node: wr.Alternatives) -> Iterator[Way]:
        r"""One entry in one way, the others in another: `a & \text{in row } i = y_t`."""
        if len(node.rows) != 2:
            self.wrong(node.place, "cases are one for an entry, and one for all others")
        here, others = node.rows
        opposite = others.sign == "!=" or (not others.sign and others.words.strip() in _OTHERWISE)
        if here.sign != "=" or not opposite or not self.alike(here.sides, others.sides):
            self.wrong(node.place, "cases are told by `i = j` and `i ≠ j`, or `otherwise`")
        letter, where = (self.position(side) for side in here.sides)
        if letter is None or where is None:
            self.wrong(node.place, "cases are told by indices and by integer inputs")
        entrywise = bool(_ENTRYWISE & set(here.words.split()))
        place = node.place

        def made(on: sf.Node, off: sf.Node) -> sf.Node:
            if entrywise:
                on, off = (self.without_letter(part, letter) for part in (on, off))
                is_here: sf.Node = sf.Apply(place, "onehot", [where], place)
            else:
                is_here = sf.Apply(place, "delta", [letter, where], place)
            one = sf.Literal(place, Fraction(1), "1")
            elsewhere = sf.Plus(place, [one, sf.Minus(place, is_here)])
            return sf.Plus(
                place, [sf.Times(place, [is_here, on]), sf.Times(place, [elsewhere, off])]
            )

        return self.joined([self.ways(here.value), self.ways(others.value)], made)

    def alike(self, one: list[wr.Written], two: list[wr.Written]) -> bool:
        """Whether two conditions speak of the same places; what is left out does."""
        return not two or all(
            "".join(self.shown(a.place).split()) == "".join(self.shown(b.place).split())
            for a, b in zip(one, two, strict=True)
        )

    def without_letter(self, node: sf.Node, letter: sf.Node) -> sf.Node:
        """An entry's formula as that of all entries at once."""
        name = letter.name if isinstance(letter, sf.Named) else ""
        whole = _without(node, name)
        if not name or any(
            isinstance(one, sf.Named) and one.name == name for one in sf.walk(whole)
        ):
            self.wrong(node.place, "cases are of a vector, whose entries they speak of")
        return whole


def _without(node: sf.Node, letter: str) -> sf.Node:
    match node:
        case sf.At(operand=operand, places=[sf.Named(name=name)]) if name == letter:
            return _without(operand, letter)
    return sf.map_parts(node, lambda part: _without(part, letter))


def is_zero(node: wr.Written) -> bool:
    return isinstance(node, wr.Numeral) and node.text == "0"


def joined(place: Place, function: str, cells: list[sf.Node]) -> sf.Node:
    return cells[0] if len(cells) == 1 else sf.Apply(place, function, cells, place)
