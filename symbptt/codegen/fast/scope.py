"""The places of a module with buffers: what a name is there, and what is written down.

Straight code knows whole arrays. Inside a loop every array is known by the view of one
step; these views are made once, when the size of a call is known, and handed to the loop
as a tuple a step. So a loop indexes nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from fractions import Fraction

from symbptt.algebra import (
    Concat,
    Constant,
    Cotangent,
    Dim,
    DimSum,
    Expr,
    Horizon,
    Identity,
    Length,
    Neg,
    Number,
    Param,
    Ref,
    Shape,
    Transpose,
    add_dims,
)
from symbptt.codegen.fast.blocks import Reading, taken_blocks
from symbptt.codegen.fast.layout import Buffer, Layout
from symbptt.codegen.literals import literal
from symbptt.codegen.naming import Names
from symbptt.codegen.places import Kind, Variable, leaves, variable
from symbptt.codegen.program import Place

INDENT = "    "
# Formatters allow 88 columns; a function's body stands one level in.
WIDTH = 88 - len(INDENT)


def call_lines(callee: str, args: Sequence[str], indent: str) -> list[str]:
    """A call, an argument a line where one line would be too long."""
    line = f"{indent}{callee}({', '.join(args)})"
    if len(line) <= WIDTH:
        return [line]
    return [f"{indent}{callee}(", *(f"{indent}{INDENT}{arg}," for arg in args), f"{indent})"]


def unpacked(names: Sequence[str], source: str, indent: str) -> list[str]:
    """``a, b = source``, a name a line where one line would be too long."""
    listed = f"{names[0]}," if len(names) == 1 else ", ".join(names)
    line = f"{indent}{f'({listed})' if len(names) == 1 else listed} = {source}"
    if len(line) <= WIDTH:
        return [line]
    return [f"{indent}(", *(f"{indent}{INDENT}{name}," for name in names), f"{indent}) = {source}"]


@dataclass
class Section:
    """One function, or one loop in it: its lines and the views that it is handed."""

    name: str
    views: dict[str, str] = field(default_factory=dict)
    prologue: list[str] = field(default_factory=list)
    lines: list[str] = field(default_factory=list)


SCRATCH: dict[Place, Kind] = {
    "static": "static",
    "all": "rows",
    "loop": "step",
    "last": "last",
    "chunk": "chunk",
}
"""How many rows a scratch array needs in a place."""


class Scope:
    """One place of one function: resolves names, gives scratch arrays, collects lines."""

    def __init__(
        self,
        layout: Layout,
        place: Place,
        straight: Section,
        own: Section,
        indent: str = "",
        fallback: Callable[[Scope, str, Expr], list[str]] | None = None,
    ) -> None:
        self.layout = layout
        self.place = place
        self.straight = straight
        self.own = own
        self.indent = indent
        self.fallback = fallback
        self.used: dict[str, str] = {}
        self.gapped: set[str] = set()
        self.shape = Reading()

    def at(self, place: Place) -> Scope:
        """Another place, whose lines go where those of this one go."""
        other = Scope(self.layout, place, self.straight, self.own, self.indent, self.fallback)
        other.used = self.used
        return other

    def ones(self) -> str:
        """A one for every row of this place, to add rows up by a product."""
        count = "rows.sequences" if self.place == "last" else "rows.count"
        return self.shared(f"np.ones({count}, dtype)", "ones")

    def column_of_ones(self, dim: Dim) -> str:
        """A one for every entry of a row, to add these up by a product."""
        count = length(self.layout.names, dim)
        return self.shared(f"np.ones(({count}, 1), dtype)", "column_of_ones")

    def line(self, text: str) -> None:
        self.own.lines.append(f"{self.indent}{text}")

    def emit(self, callee: str, *args: str) -> None:
        known = callee if callee.startswith("_") else self.layout.function(callee)
        if callee in ("maximum", "minimum"):
            # A third argument by position is deprecated for these two.
            args = (*args[:-1], f"out={args[-1]}")
        self.own.lines += call_lines(known, args, self.indent)

    # --- names -----------------------------------------------------------------------------

    def view(self, text: str, wish: str) -> str:
        """The name of a view that the loop is handed."""
        if text not in self.own.views:
            self.own.views[text] = self.layout.view_name(self.own.views, "step", wish)
        return self.own.views[text]

    def leaf(self, expr: Expr) -> str:
        found = variable(expr)
        assert found is not None
        kind = self.layout.places.kinds[found]
        index = getattr(expr, "index", None)
        self.layout.declare(found)
        name = self.layout.name(found)
        if kind == "static":
            return name
        lag = 0 if index is None else -index.offset
        if index is not None and not index.terms:
            return self.at_start(self.layout.history(found), index.offset, name)
        if self.is_by_blocks(found):
            return self.blocks((found,))
        history = self.layout.history(found) if kind == "past" else name
        return self.rows(name, history, kind, lag, self.shape.plain)

    def is_by_blocks(self, found: Variable) -> bool:
        return self.place in ("loop", "chunk") and found in self.layout.places.by_blocks

    def blocks(self, members: tuple[Variable, ...]) -> str:
        """The blocks of neighbours in a family by blocks."""
        family = self.layout.places.family[members[0]]
        array = self.layout.family(family)
        first = family.index(members[0])
        how = taken_blocks(self.place, len(family), first, first + len(members))
        name = self.layout.range_of(members) if len(members) > 1 else self.layout.name(members[0])
        assert name is not None
        return self.rows(array, array, self.layout.places.kinds[family[0]], 0, how, name)

    @contextmanager
    def shaped(self, target: Expr, value: Expr) -> Iterator[None]:
        """While a statement is compiled, the shape in which it takes arrays."""
        found = {variable(leaf) for leaf in (*leaves(target), *leaves(value))}
        if any(v is not None and self.is_by_blocks(v) for v in found):
            count = len(target.parts) if isinstance(target, Concat) else 1
            self.shape = Reading(self.place, count)
        yield
        self.shape = Reading()

    def spread(self, expr: Expr, array: str) -> str:
        """A vector for all rows, where blocks are taken an entry for each of theirs."""
        if self.shape.count < 2 or not expr.shape:
            return array
        return self.shared(f"{array}.reshape({self.shape.count}, 1, -1)", f"{array}_by")

    def at_start(self, history: str, step: int, name: str) -> str:
        """The rows of the initial values of a step <= 0."""
        wish = f"{name}_{-step}"
        text = f"{history}[rows.begin({step})]"
        if text not in self.straight.views:
            self.straight.views[text] = self.layout.view_name(self.straight.views, "whole", wish)
        return self.straight.views[text]

    def rows(
        self, name: str, history: str, kind: Kind, lag: int, how: str = "{}", wish: str = ""
    ) -> str:
        """The rows that a place means, ``lag`` steps back, in the shape that is told."""
        wish = wish or name
        back = "prev" if lag == 1 else f"prev{lag}"
        match self.place:
            case "loop" if kind == "step":
                return self.view(how.format(f"{name}[top]"), f"{wish}_now")
            case "loop" if kind == "chunk":
                return self.view(how.format(f"{name}[here]"), f"{wish}_now")
            case "loop" if lag:
                return self.view(how.format(f"{history}[{back}]"), f"{wish}_{back}")
            case "loop":
                return self.view(how.format(f"{name}[now]"), f"{wish}_now")
            case "chunk" if kind == "chunk":
                return self.view(how.format(f"{name}[whole]"), f"{wish}_part")
            case "chunk" if lag:
                return self.view(how.format(f"{history}[{back}]"), f"{wish}_{back}")
            case "chunk":
                return self.view(how.format(f"{name}[now]"), f"{wish}_part")
            case "last" if kind != "last":
                where = f"rows.ends[{lag}]" if kind == "past" else "rows.end"
                return self.gathered(history if kind == "past" else name, where, f"{name}_end{lag}")
            case "all" if lag:
                return self.gathered(history, f"rows.back[{lag}]", f"{name}_back{lag}")
        return name

    def scattered(self, target: Expr) -> tuple[str, str] | None:
        """Array and rows of what is added to rows that need not stand end to end."""
        found = variable(target)
        if found is None or not isinstance(target, Ref | Cotangent) or target.index is None:
            return None
        kind = self.layout.places.kinds[found]
        lag = -target.index.offset
        self.layout.declare(found)
        name = self.layout.name(found)
        history = self.layout.history(found) if kind == "past" else name
        if self.place == "last" and kind == "past":
            return history, f"rows.ends[{lag}]"
        if self.place == "last" and kind == "rows":
            return name, "rows.end"
        if self.place == "all" and lag:
            return history, f"rows.back[{lag}]"
        return None

    def gathered(self, array: str, where: str, wish: str) -> str:
        """Rows that stand end to end only where all sequences are of one length."""
        key = f"gathered {array}[{where}]"
        if key not in self.straight.views:
            self.straight.views[key] = self.layout.view_name(self.straight.views, "whole", wish)
        name = self.straight.views[key]
        line = f"{name} = w.gathered({literal(name)}, {array}, {where})"
        if line not in self.straight.lines:
            self.line(line)
        return name

    def joined(self, parts: tuple[Expr, ...]) -> str | None:
        """The text of neighbours in one array; None where they stand apart."""
        members = tuple(v for part in parts if (v := variable(part)) is not None)
        indices = {getattr(part, "index", None) for part in parts}
        if len(members) < len(parts) or len(indices) > 1:
            return None
        text = self.layout.range_of(members)
        if text is None:
            return None
        kind = self.layout.places.kinds[members[0]]
        if self.is_by_blocks(members[0]):
            return self.blocks(members)
        return text if kind == "static" else self.rows(text, text, kind, 0, self.shape.columns)

    def same_rows(self, left: Expr, right: Expr) -> bool:
        """Whether two leaves share memory: in a loop, those of different steps do not."""
        if variable(left) is None or variable(left) != variable(right):
            return False
        steps = {getattr(left, "index", None), getattr(right, "index", None)}
        return len(steps) == 1 or self.place != "loop"

    def has_gaps(self, target: Expr) -> bool:
        """Whether a target is only some columns of an array."""
        parts = target.parts if isinstance(target, Concat) else (target,)
        members = tuple(variable(part) for part in parts)
        first = members[0]
        if first is not None and self.is_by_blocks(first):
            return False
        family = self.layout.places.family.get(first) if first is not None else None
        if family is None or first is None or self.layout.places.kinds[first] == "static":
            return False
        return family != members

    # --- numbers ---------------------------------------------------------------------------

    def number(self, expr: Expr) -> str:
        """A number as an array without axes, which ufuncs take at once."""
        if isinstance(expr, Horizon):
            return "weight"
        if isinstance(expr, Length):
            return self.constant(length(self.layout.names, expr.dim), "length")
        value = exact(expr)
        sign = "m" if value < 0 else ""
        wish = f"c_{sign}{abs(value.numerator)}_{value.denominator}"
        return self.constant(str(value).replace("/", " / "), wish if len(wish) < 24 else "c")

    def constant(self, text: str, wish: str) -> str:
        key = f"np.asarray({text}, dtype)"
        if key not in self.straight.views:
            self.straight.views[key] = self.layout.view_name(self.straight.views, "whole", wish)
        return self.straight.views[key]

    # --- what has no rows ------------------------------------------------------------------

    def once(self, expr: Expr, *, anew: bool = False) -> str:
        """The value of an expression without rows, computed before all else.

        ``anew``: a transposed matrix is laid out anew, since a view is slow to multiply.
        """
        if isinstance(expr, Identity):
            n = length(self.layout.names, expr.dim)
            return self.shared(f"np.eye({n}, dtype=dtype)", "identity")
        turns = isinstance(expr, Transpose) and isinstance(expr.operand, Param | Cotangent)
        if isinstance(expr, Transpose) and turns and not anew:
            return f"{self.leaf(expr.operand)}.T"
        if self.place == "static":
            raise TypeError(f"computed where it stands: {expr}")
        key = f"once {expr!r}"
        if key not in self.straight.views:
            name = self.layout.names.fresh(f"fixed{self.layout.count_fixed()}")
            self.layout.buffers[name] = Buffer("static", expr.shape)
            self.straight.views[key] = name
            self.prologue(expr, name)
        return self.straight.views[key]

    def shared(self, text: str, wish: str) -> str:
        if text not in self.straight.views:
            self.straight.views[text] = self.layout.view_name(self.straight.views, "whole", wish)
        return self.straight.views[text]

    def prologue(self, expr: Expr, name: str) -> None:
        from symbptt.codegen.fast.calls import Compiler

        before = Section("prologue", self.straight.views)
        place = Scope(self.layout, "static", self.straight, before, INDENT, self.fallback)
        Compiler(place).compute(expr, name)
        self.straight.prologue += before.lines

    def turned(self, left: Expr) -> str:
        """The transposed matrix that rows are multiplied by from the right."""
        if isinstance(left, Transpose) and isinstance(left.operand, Param):
            return self.leaf(left.operand)
        if self.place == "loop" or not isinstance(left, Param):
            return self.once(Transpose(left), anew=True)
        return f"{self.leaf(left)}.T"

    def product_in_blocks(
        self, rows: str, matrix: str, out: str, shape: Shape, *, gaps: bool
    ) -> None:
        """A product a step, by blocks where these are faster: that depends on the sizes."""
        layout = self.layout
        columns, inner = (length(layout.names, dim) for dim in shape)
        how = layout.setting(f'_blocking(size["B"], {inner}, {columns}, dtype)', "blocks")
        product = self.shared(f"_product_in({how}, {gaps})", "product")
        given = matrix not in layout.buffers
        if not given:
            layout.matrices[matrix] = f"{inner}, {columns}"
        sizes = f"{how}, {inner}, {columns}, dtype, {given}"
        blocks = self.shared(f'_columns_for(buffers, "{matrix} by columns", {sizes})', "columns")
        key = f"gathered {matrix} {blocks}"
        if key not in self.straight.views:
            name = layout.view_name(self.straight.views, "whole", "matrix")
            self.straight.views[key] = name
            self.straight.prologue.append(f"{name} = _in_columns({matrix}, {blocks}, first)")
        left = self.reshaped(rows, f"_rows_in({{}}, {how})")
        right = self.reshaped(out, f"_out_in({{}}, {how})")
        self.line(f"{product}({left}, {self.straight.views[key]}, {right})")

    # --- scratch arrays --------------------------------------------------------------------

    def take(self, shape: Shape, *, integer: bool = False) -> str:
        name = self.layout.scratch(SCRATCH[self.place], shape, self.used.values(), integer)
        text = name
        how = self.shape.scratch if shape else self.shape.plain
        if self.place == "loop":
            text = self.view(how.format(f"{name}[top]"), name)
        elif self.place == "chunk":
            text = self.view(how.format(f"{name}[whole]"), name)
        self.used[text] = name
        return text

    def row_starts(self, dim: Dim) -> str:
        """Where rows of that length begin in an array of them end to end."""
        count = {
            "all": "rows.count",
            "loop": "top.stop",
            "chunk": "whole.stop",
            "last": "rows.sequences",
            "static": "1",
        }[self.place]
        text = f"np.arange({count}) * {in_brackets(length(self.layout.names, dim))}"
        inside = self.place in ("loop", "chunk")
        return self.view(text, "row_starts") if inside else self.shared(text, "row_starts")

    def give(self, text: str) -> None:
        del self.used[text]

    def block(self, vector: str, blocks: Sequence[Dim], number: int) -> str:
        start = add_dims(blocks[:number]) if number else 0
        width = length(self.layout.names, blocks[number])
        known = {name: text for text, name in self.own.views.items()}
        array = known.get(vector, vector)
        text = f"_block({array}, {length(self.layout.names, start)}, {width})"
        return self.view(text, "block") if vector in known else text

    def in_blocks(self, array: str, count: int) -> str:
        """Columns of an array by blocks, (rows, blocks, n)."""
        return self.reshaped(array, f"_in_blocks({{}}, {count})")

    def for_each_block(self, array: str) -> str:
        return self.reshaped(array, "{}[:, None]")

    def reshaped(self, array: str, how: str) -> str:
        known = {name: text for text, name in self.own.views.items()}
        if array not in known:
            return how.format(array)
        return self.view(how.format(known[array]), f"{array}_by")

    def rows_of(self, array: str, blocks: Sequence[Dim], number: int) -> str:
        """Rows of a stack of matrices, or entries of biases end to end."""
        return self.piece("_rows_of", array, blocks, number)

    def columns_of(self, array: str, blocks: Sequence[Dim], number: int) -> str:
        """Columns of a stack of matrices that is laid out transposed."""
        return self.piece("_block", array, blocks, number)

    def piece(self, callee: str, array: str, blocks: Sequence[Dim], number: int) -> str:
        start = length(self.layout.names, add_dims(blocks[:number])) if number else "0"
        width = length(self.layout.names, blocks[number])
        return self.shared(f"{callee}({array}, {start}, {width})", f"{array}_{number + 1}")

    def by_rows(self, out: str, expr: Expr) -> None:
        assert self.fallback is not None
        self.own.lines += self.fallback(self, out, expr)


def exact(expr: Expr) -> Fraction:
    match expr:
        case Number(value=value) | Constant(value=value):
            return value
        case Neg(operand=operand):
            return -exact(operand)
    raise TypeError(f"not a number: {expr}")


def length(names: Names, dim: Dim) -> str:
    """The text of a length, equal dimensions counted."""
    if isinstance(dim, int):
        return str(dim)
    if isinstance(dim, str):
        return f"size[{names.key(dim)}]"
    assert isinstance(dim, DimSum)
    counted: dict[str, int] = {}
    literal_part = 0
    for part in dim.parts:
        if isinstance(part, int):
            literal_part += part
        else:
            counted[part] = counted.get(part, 0) + 1
    texts = [
        f"{count} * size[{names.key(part)}]" if count > 1 else f"size[{names.key(part)}]"
        for part, count in counted.items()
    ]
    return " + ".join([*texts, *([str(literal_part)] if literal_part else [])])


def in_brackets(text: str) -> str:
    return f"({text})" if " + " in text else text


def row_shape(names: Names, shape: Shape) -> str:
    return ", ".join(length(names, dim) for dim in shape) if shape else "1"
