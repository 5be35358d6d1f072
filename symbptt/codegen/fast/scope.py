"""The places of a module with buffers: what a name is there, and what is written down.

Straight code knows whole arrays. Inside a loop every array is known by the view of one
step; these views are made once, when the size of a call is known, and handed to the loop
as a tuple a step. So a loop indexes nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace

from symbptt import algebra as al
from symbptt.calculus.forms import exact
from symbptt.codegen.fast.blocks import BlockReading, members_of
from symbptt.codegen.fast.buffers import (
    Body,
    Extent,
    KernelCall,
    Let,
    LocalName,
    Operand,
    Quoted,
    Value,
    View,
    view,
)
from symbptt.codegen.fast.layout import Arrays
from symbptt.codegen.places import Kind, Variable, leaves, variable
from symbptt.codegen.program import Place

SCRATCH: dict[Place, Kind] = {
    "static": "static",
    "all": "rows",
    "loop": "step",
    "last": "last",
    "chunk": "chunk",
}
"""How many rows a scratch array needs in a place."""

COUNTS: dict[Place, Operand] = {
    "all": LocalName("rows.count"),
    "loop": LocalName("top.stop"),
    "chunk": LocalName("whole.stop"),
    "last": LocalName("rows.sequences"),
    "static": 1,
}
"""How many rows there are in a place."""

Compile = Callable[["PlaceScope", al.Expr, Value], None]
"""Writes the calls that leave the value of an expression in an array."""


class PlaceScope:
    """One place of one function: resolves names, gives scratch arrays, collects calls.

    ``compute`` compiles an expression in a scope, ``by_rows`` what has no calls of its own.
    """

    def __init__(
        self,
        layout: Arrays,
        place: Place,
        straight: Body,
        own: Body,
        compute: Compile,
        by_rows: Compile,
    ) -> None:
        self.layout = layout
        self.place = place
        self.straight = straight
        self.own = own
        self.compute = compute
        self.fallback = by_rows
        self.used: dict[Value, str] = {}
        self.gapped: set[Value] = set()
        self.shape = BlockReading()

    def at(self, place: Place) -> PlaceScope:
        """Another place, whose calls go where those of this one go."""
        other = self.before(place, self.own)
        other.used = self.used
        return other

    def before(self, place: Place, own: Body) -> PlaceScope:
        """A place whose calls run before or after all of this one."""
        return PlaceScope(self.layout, place, self.straight, own, self.compute, self.fallback)

    def emit(
        self, function: str | Value, *operands: Operand, out: Value, options: Sequence[Operand] = ()
    ) -> None:
        self.own.statements.append(KernelCall(function, operands, out, tuple(options)))

    def by_rows(self, out: Value, expr: al.Expr) -> None:
        self.fallback(self, expr, out)

    # --- names -----------------------------------------------------------------------------

    def view(self, value: Value, wish: str) -> Value:
        """A view that the loop is handed, and its name."""
        if value not in self.own.views:
            self.own.views[value] = self.layout.view_name(self.own.taken, "step", wish)
        return value

    def shared(self, value: Value, wish: str) -> Value:
        """A view that is made before the function runs, for all functions."""
        if value not in self.layout.whole:
            self.layout.whole[value] = self.layout.names.fresh(wish)
        self.straight.views[value] = self.layout.whole[value]
        return value

    def local(self, value: Value, wish: str) -> tuple[LocalName, bool]:
        """What the function itself names, and whether it had no name yet."""
        known = self.straight.local
        new = value not in known
        if new:
            known[value] = LocalName(self.layout.view_name(self.straight.taken, "local", wish))
        return known[value], new

    def ones(self) -> Value:
        """A one for every row of this place, to add rows up by a product."""
        count = COUNTS["last" if self.place == "last" else "all"]
        return self.shared(view("ones", count), "ones")

    def column_of_ones(self, dim: al.Dim) -> Value:
        """A one for every entry of a row, to add these up by a product."""
        return self.shared(view("column_of_ones", Extent(dim)), "column_of_ones")

    def leaf(self, expr: al.Expr) -> Value:
        found = variable(expr)
        assert found is not None
        kind = self.layout.places.kinds[found]
        index = getattr(expr, "index", None)
        self.layout.declare(found)
        name = self.layout.name(found)
        if kind == "static":
            return LocalName(name)
        lag = 0 if index is None else -index.offset
        if index is not None and not index.terms:
            return self.at_start(found, index.offset)
        if self.is_by_blocks(found):
            return self.blocks((found,))
        history = self.layout.history(found) if kind == "past" else name
        return self.rows(name, history, kind, lag, self.shape.plain)

    def is_by_blocks(self, found: Variable) -> bool:
        return self.place in ("loop", "chunk") and found in self.layout.places.by_blocks

    def blocks(self, members: tuple[Variable, ...]) -> Value:
        """The blocks of neighbours in a family by blocks."""
        family = self.layout.places.family[members[0]]
        array = self.layout.family(family)
        first = family.index(members[0])
        name = self.layout.range_of(members) if len(members) > 1 else self.layout.name(members[0])
        assert name is not None

        def how(rows: Value) -> Value:
            return members_of(self.place, rows, len(family), first, first + len(members))

        return self.rows(array, array, self.layout.places.kinds[family[0]], 0, how, name)

    @contextmanager
    def shaped(self, target: al.Expr, value: al.Expr) -> Iterator[None]:
        """While a statement is compiled, the shape in which it takes arrays."""
        found = {variable(leaf) for leaf in (*leaves(target), *leaves(value))}
        if any(v is not None and self.is_by_blocks(v) for v in found):
            count = len(target.parts) if isinstance(target, al.Concat) else 1
            self.shape = BlockReading(self.place, count)
        yield
        self.shape = BlockReading()

    def spread(self, expr: al.Expr, array: Value) -> Value:
        """A vector for all rows, where blocks are taken an entry for each of theirs."""
        if self.shape.count < 2 or not expr.shape:
            return array
        wish = f"{array.name}_by" if isinstance(array, LocalName) else "spread"
        return self.shared(view("spread", array, self.shape.count), wish)

    def at_start(self, found: Variable, step: int) -> Value:
        """The rows of the initial values of a step <= 0."""
        rows = view("begin", LocalName(self.layout.history(found)), step)
        return self.shared(rows, f"{self.layout.name(found)}_{-step}")

    def rows(
        self,
        name: str,
        history: str,
        kind: Kind,
        lag: int,
        how: Callable[[Value], Value],
        wish: str = "",
    ) -> Value:
        """The rows that a place means, ``lag`` steps back, in the shape that is told."""
        back = "prev" if lag == 1 else f"prev{lag}"

        def taken(array: str, rows: str, ending: str) -> Value:
            here = view("at", LocalName(array), LocalName(rows))
            return self.view(how(here), f"{wish or name}_{ending}")

        match self.place:
            case "loop" if kind in ("step", "chunk"):
                return taken(name, "top" if kind == "step" else "here", "now")
            case "chunk" if kind == "chunk":
                return taken(name, "whole", "part")
            case "loop" | "chunk" if lag:
                return taken(history, back, back)
            case "loop" | "chunk":
                return taken(name, "now", "now" if self.place == "loop" else "part")
            case "last" if kind != "last":
                array, where = (history, view("ends", lag)) if kind == "past" else (name, END)
                return self.gathered(array, where, f"{name}_end{lag}")
            case "all" if lag:
                return self.gathered(history, view("back", lag), f"{name}_back{lag}")
        return LocalName(name)

    def scattered(self, target: al.Expr) -> tuple[Value, Value] | None:
        """Array and rows of what is added to rows that need not stand end to end."""
        found = variable(target)
        if found is None or not isinstance(target, al.Ref | al.Cotangent) or target.index is None:
            return None
        kind = self.layout.places.kinds[found]
        lag = -target.index.offset
        self.layout.declare(found)
        name = self.layout.name(found)
        history = self.layout.history(found) if kind == "past" else name
        if self.place == "last" and kind == "past":
            return LocalName(history), view("ends", lag)
        if self.place == "last" and kind == "rows":
            return LocalName(name), END
        if self.place == "all" and lag:
            return LocalName(history), view("back", lag)
        return None

    def gathered(self, array: str, where: Value, wish: str) -> Value:
        """Rows that stand end to end only where all sequences are of one length."""
        name, new = self.local(view("gathered", LocalName(array), where), wish)
        if new:
            copy = view("gathered", Quoted(name.name), LocalName(array), where)
            self.own.statements.append(Let(name.name, copy))
        return name

    def joined(self, parts: tuple[al.Expr, ...]) -> Value | None:
        """The array of neighbours; None where they stand apart."""
        members = tuple(v for part in parts if (v := variable(part)) is not None)
        indices = {getattr(part, "index", None) for part in parts}
        if len(members) < len(parts) or len(indices) > 1:
            return None
        name = self.layout.range_of(members)
        if name is None:
            return None
        kind = self.layout.places.kinds[members[0]]
        if self.is_by_blocks(members[0]):
            return self.blocks(members)
        if kind == "static":
            return LocalName(name)
        return self.rows(name, name, kind, 0, self.shape.columns)

    def same_rows(self, left: al.Expr, right: al.Expr) -> bool:
        """Whether two leaves share memory: in a loop, those of different steps do not."""
        if variable(left) is None or variable(left) != variable(right):
            return False
        steps = {getattr(left, "index", None), getattr(right, "index", None)}
        return len(steps) == 1 or self.place != "loop"

    def has_gaps(self, target: al.Expr) -> bool:
        """Whether a target is only some columns of an array."""
        parts = target.parts if isinstance(target, al.Concat) else (target,)
        members = tuple(variable(part) for part in parts)
        first = members[0]
        if first is not None and self.is_by_blocks(first):
            return False
        family = self.layout.places.family.get(first) if first is not None else None
        if family is None or first is None or self.layout.places.kinds[first] == "static":
            return False
        return family != members

    # --- numbers ---------------------------------------------------------------------------

    def number(self, expr: al.Expr) -> Value:
        """A number as an array without axes, which ufuncs take at once."""
        if isinstance(expr, al.Horizon):
            return LocalName("weight")
        if isinstance(expr, al.Length):
            return self.shared(view("number", Extent(expr.dim)), "length")
        value = exact(expr)
        sign = "m" if value < 0 else ""
        wish = f"c_{sign}{abs(value.numerator)}_{value.denominator}"
        return self.shared(view("number", value), wish if len(wish) < 24 else "c")

    # --- what has no rows ------------------------------------------------------------------

    def once(self, expr: al.Expr, *, anew: bool = False) -> Value:
        """The value of an expression without rows, computed before all else.

        ``anew``: a transposed matrix is laid out anew, since a view is slow to multiply.
        """
        if isinstance(expr, al.Identity):
            return self.shared(view("identity", Extent(expr.dim)), "identity")
        turns = isinstance(expr, al.Transpose) and isinstance(expr.operand, al.Param | al.Cotangent)
        if isinstance(expr, al.Transpose) and turns and not anew:
            return view("transposed", self.leaf(expr.operand))
        if self.place == "static":
            raise TypeError(f"computed where it stands: {expr}")
        known = self.straight.once
        if expr not in known:
            known[expr] = self.layout.once(expr.shape)
            prologue = replace(self.straight, name="prologue", statements=[])
            self.compute(self.before("static", prologue), expr, known[expr])
            self.straight.prologue += prologue.statements
        return known[expr]

    def turned(self, left: al.Expr) -> Value:
        """The transposed matrix that rows are multiplied by from the right."""
        if isinstance(left, al.Transpose) and isinstance(left.operand, al.Param):
            return self.leaf(left.operand)
        if self.place == "loop" or not isinstance(left, al.Param):
            return self.once(al.Transpose(left), anew=True)
        return view("transposed", self.leaf(left))

    def product_in_blocks(
        self, rows: Value, matrix: Value, out: Value, shape: al.Shape, *, gaps: bool
    ) -> None:
        """A product a step, by blocks where these are faster: that depends on the sizes."""
        layout = self.layout
        columns, inner = shape
        sides = Extent(inner), Extent(columns)
        how = layout.setting(view("blocking", *sides), "blocks")
        product = self.shared(view("product_in", how, gaps), "product")
        assert isinstance(matrix, LocalName)
        given = matrix.name not in layout.buffers
        if not given:
            buffer = layout.buffers[matrix.name]
            layout.buffers[matrix.name] = replace(buffer, sides=(inner, columns))
        label = Quoted(f"{matrix.name} by columns")
        room = "columns_for_given" if given else "columns_for"
        blocks = self.shared(view(room, label, how, *sides), "columns")
        laid = view("in_columns", matrix, blocks)
        name, new = self.local(laid, "matrix")
        if new:
            self.straight.prologue.append(Let(name.name, laid))
        left = self.reshaped("rows_in", rows, how)
        self.emit(product, left, name, out=self.reshaped("out_in", out, how))

    # --- scratch arrays --------------------------------------------------------------------

    def take(self, shape: al.Shape, *, integer: bool = False) -> Value:
        name = self.layout.scratch(SCRATCH[self.place], shape, self.used.values(), integer)
        array: Value = LocalName(name)
        how = self.shape.scratch if shape else self.shape.plain
        if self.place in ("loop", "chunk"):
            rows = "top" if self.place == "loop" else "whole"
            array = self.view(how(view("at", array, LocalName(rows))), name)
        self.used[array] = name
        return array

    def give(self, array: Value) -> None:
        del self.used[array]

    def row_starts(self, dim: al.Dim) -> Value:
        """Where rows of that length begin in an array of them end to end."""
        starts = view("row_starts", COUNTS[self.place], Extent(dim))
        inside = self.place in ("loop", "chunk")
        return self.view(starts, "row_starts") if inside else self.shared(starts, "row_starts")

    def reshaped(self, how: str, array: Value, *more: Operand, wish: str = "") -> Value:
        """A view of a view: in a loop handed to it, else taken where it stands."""
        found = View(how, (array, *more))
        if array not in self.own.views:
            return found
        return self.view(found, wish or f"{self.own.views[array]}_by")

    def block(self, vector: Value, blocks: Sequence[al.Dim], number: int) -> Value:
        """One block of the columns of an array."""
        return self.reshaped("columns", vector, *span(blocks, number), wish="block")

    def piece(self, how: str, array: Value, blocks: Sequence[al.Dim], number: int) -> Value:
        """Rows of a stack of matrices (or of biases end to end), or columns of a turned one."""
        wish = f"{array.name}_{number + 1}" if isinstance(array, LocalName) else "piece"
        return self.shared(View(how, (array, *span(blocks, number))), wish)


END = LocalName("rows.end")


def span(blocks: Sequence[al.Dim], number: int) -> tuple[Extent, Extent]:
    """Where a block begins, and how long it is."""
    return Extent(al.add_dims(blocks[:number])), Extent(blocks[number])
