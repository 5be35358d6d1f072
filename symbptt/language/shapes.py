"""The shape of every expression, by unification, with both places named where it fails."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from symbptt.language import products
from symbptt.language import surface as sf
from symbptt.language.constants import ArithmeticFinding, fold
from symbptt.language.lengths import LengthSum
from symbptt.language.ranks import elementwise_operands
from symbptt.language.roles import Roles
from symbptt.language.source import Findings, Source
from symbptt.language.spelling import Tightness, spell
from symbptt.language.unification import Shapes, Sizes

MAX_POWER = 1_000


class ShapeInference(Shapes):
    """The shape of an expression from those of its parts, each expression once."""

    def __init__(self, roles: Roles, source: Source, findings: Findings) -> None:
        super().__init__(roles, source, findings)
        self._known: dict[sf.Node, Sizes | None] = {}

    # --- expressions --------------------------------------------------------------------

    def of(self, node: sf.Node) -> Sizes | None:
        if node not in self._known:
            self._set_gates_aside(node)
            # From the leaves up, so that deep expressions need no deep recursion here.
            for part in sf.upwards(node):
                if (
                    isinstance(part, sf.Plus | sf.Times | sf.Apply | sf.Chain)
                    and part not in self._known
                ):
                    self._known[part] = self._of(part)
        if node not in self._known:
            self._known[node] = self._of(node)
        return self._known[node]

    def _set_gates_aside(self, node: sf.Node) -> None:
        """``f[t] * W @ h`` is one finding; that f and W have two shapes is no second one."""
        for part in sf.walk(node):
            if (
                isinstance(part, sf.Chain)
                and part not in self._known
                and products.is_gated(self, part)
            ):
                products.report_gate(self, part)
                self._known.update(dict.fromkeys(sf.walk(part)))

    def _of(self, node: sf.Node) -> Sizes | None:
        match node:
            case sf.Literal():
                return ()
            case sf.Len():
                return self._len(node)
            case sf.Named(name="I"):
                size = self.lengths.fresh("n_I")
                return size, size
            case sf.Named(name=name):
                unclear = name in self.roles.unclear or name not in self.names
                return None if unclear else self.names[name]
            case sf.Timed():
                return self._timed(node)
            case sf.TableRow():
                return self._row(node)
            case sf.Flip():
                return self._flip(node)
            case sf.Chain():
                return products.chain(self, node)
            case sf.Apply(function=function) if not self.roles.functions.is_elementwise(function):
                return products.call(self, node)
            case sf.Power():
                self._check_power(node)
            case sf.Over():
                self._check_quotient(node)
        operands = elementwise_operands(node, self.roles.functions)
        return None if operands is None else self._elementwise(node, operands)

    def _len(self, node: sf.Len) -> Sizes | None:
        name = self.roles.names.get(node.vector.name)
        if name is None or name.name in self.roles.unclear:
            return None
        if not (name.plain or name.timed or name.definition or name.assignment):
            self.wrong(node, f"`{name.name}` is no vector of this model")
            return None
        if len(self.names[name.name]) != 1:
            what = self.words.shape(self.names[name.name])
            self.wrong(node, f"`len` takes a vector, and `{name.name}` is {what}")
            return None
        return ()

    def _timed(self, node: sf.Timed) -> Sizes | None:
        if node.name in self.roles.unclear or node.name not in self.names:
            return None
        name = self.roles.names[node.name]
        if name.index:
            place = name.index_place
            notes = (
                [(f"`{name.name}` is taken for integers here", place)]
                if place and place != node.place
                else []
            )
            self.wrong(
                node,
                f"`{name.name}` holds integers, which are not computed with: its row of a table is "
                f"`E[{name.name}[{node.index}]]`",
                *notes,
            )
            return None
        return self.names[node.name]

    def _row(self, node: sf.TableRow) -> Sizes | None:
        table = self.of(node.table)
        if table is None:
            return None
        if len(table) != 2:
            self.wrong(
                node,
                f"a row is taken of a matrix, and `{node.table.name}` is {self.words.shape(table)}",
                *self.words.notes((node.table, 0)),
            )
            return None
        row = self.roles.names.get(node.row.name)
        if row is None or not row.index or row.name in self.roles.unclear:
            return None
        self.label(row.name, table[0], node, node.table, 0)
        return (table[1],)

    def _flip(self, node: sf.Flip) -> Sizes | None:
        sizes = self.of(node.operand)
        if sizes is None:
            return None
        if len(sizes) != 2:
            inner = self.words.code(node.operand)
            message = f"`.T` transposes a matrix, and {inner} is {self.words.shape(sizes)}"
            if len(sizes) == 1:
                row = spell(node.operand, Tightness.SIGN)
                message += f"; write `{row} @ W` for a row vector, `dot(u, v)` for u.T v and "
                message += "`outer(u, v)` for the matrix u v.T"
            self.wrong(node, message)
            return None
        return sizes[1], sizes[0]

    def _elementwise(self, node: sf.Node, operands: list[sf.Node]) -> Sizes | None:
        shapes = [self.of(operand) for operand in operands]
        if any(sizes is None for sizes in shapes):
            return None
        arrays = [(one, sizes) for one, sizes in zip(operands, shapes, strict=True) if sizes]
        if not arrays:
            return ()
        if isinstance(node, sf.Times) and self._scaled_identity(node, [one for one, _ in arrays]):
            return None
        first, common = arrays[0]
        for other, sizes in arrays[1:]:
            if len(sizes) != len(common):
                self._mixed_ranks(node, first, other)
                return None
            for axis, (one, two) in enumerate(zip(common, sizes, strict=True)):
                report = partial(self._clash, first, other, axis)
                if not self.equate(one, two, other.place, report):
                    return None
        return common

    def _scaled_identity(self, node: sf.Times, arrays: list[sf.Node]) -> bool:
        if len(arrays) < 2 or not any(isinstance(a, sf.Named) and a.name == "I" for a in arrays):
            return False
        other = next(a for a in arrays if not (isinstance(a, sf.Named) and a.name == "I"))
        name = f"`{other.name}: scalar`" if isinstance(other, sf.Named) else "a scalar"
        self.wrong(
            node,
            f"the identity matrix `I` is scaled by numbers and scalars, and "
            f"{self.words.code(other)} is neither: declare {name}",
        )
        return True

    def _mixed_ranks(self, node: sf.Node, first: sf.Node, other: sf.Node) -> None:
        is_vector = len(self.of(first) or ()) == 1
        vector, matrix = (first, other) if is_vector else (other, first)
        hint = ""
        if isinstance(node, sf.Times) and any(isinstance(n, sf.Timed) for n in sf.walk(matrix)):
            hint = self._on_a_diagonal(vector, matrix)
        elif isinstance(node, sf.Times) and isinstance(vector, sf.Named | sf.Timed):
            scaled = f"`{spell(vector, Tightness.SIGN)} * ({spell(matrix, Tightness.SIGN)} @ v)`"
            hint = f"; a scaled matrix product is written {scaled}"
        elif isinstance(matrix, sf.Named | sf.Flip):
            hint = f"; a matrix product is written `{spell(matrix, Tightness.SIGN)} @ v`"
        words = self.words
        self.wrong(
            other,
            f"{self.both(first, other)}: they are combined entry by entry, so both must have one "
            f"shape{hint}",
            *words.notes((first, 0), (other, 0)),
        )

    def _on_a_diagonal(self, vector: sf.Node, matrix: sf.Node) -> str:
        """How the rows or columns of a matrix are scaled, if the vector is as long as they are."""
        words = self.words
        length = [words.length(size) for size in self.of(vector) or ()]
        rows, columns = (words.length(size) for size in self.of(matrix) or ())
        scales = f"diag({spell(vector)})"
        if length == [rows]:
            return f"; rows are scaled by `{scales} @ {spell(matrix, Tightness.SIGN)}`"
        if length == [columns]:
            return f"; columns are scaled by `{spell(matrix, Tightness.SIGN)} @ {scales}`"
        names = self.words.to_be_scalars(vector)
        if isinstance(vector, sf.Timed) and not self.roles.names[vector.name].has_shape:
            right = spell(matrix, Tightness.SIGN)
            hint = f"; rows are scaled by `{scales} @ {right}`, columns by `{right} @ {scales}`"
            return hint + (f", and a number is declared, `{vector.name}: scalar`" if names else "")
        return ""

    def _clash(self, first: sf.Node, other: sf.Node, axis: int) -> None:
        one, two = self.of(first) or (), self.of(other) or ()
        words = self.words
        hint = words.hints((first, one[axis]), (other, two[axis]))
        self.wrong(
            other,
            f"{self.both(first, other)}: they are combined entry by entry, so these must be equal"
            + hint,
            *words.notes((first, axis), (other, axis)),
        )

    def _check_power(self, node: sf.Power) -> None:
        try:
            value = fold(node.exponent, self.roles.constants)
            if fold(node.base, self.roles.constants) == 0 and value is not None and value < 0:
                self.wrong(node, "this divides by zero")
        except ArithmeticFinding as found:
            self.findings.add(found.place, found.message)
            return
        if value is None:
            names = [n for n in sf.walk(node.exponent) if isinstance(n, sf.Named)]
            clear = not any(n.name in self.roles.unclear for n in names)
            if clear and not any(isinstance(n, sf.Hole) for n in sf.walk(node.exponent)):
                self.wrong(
                    node.exponent,
                    "the exponent of `**` is a number or a constant; otherwise write "
                    "`exp(a * log(v))`",
                )
        elif abs(value) > MAX_POWER or value.denominator > MAX_POWER:
            self.wrong(node.exponent, f"an exponent is at most {MAX_POWER:,}")

    def _check_quotient(self, node: sf.Over) -> None:
        try:
            if fold(node.denominator, self.roles.constants) == 0:
                self.wrong(node.denominator, "this divides by zero")
        except ArithmeticFinding as found:
            self.findings.add(found.place, found.message)


# --- names of dimensions ------------------------------------------------------------


def name_all(shapes: Shapes) -> tuple[str, ...]:
    """Names every dimension left unnamed after the first vector that has it.

    Returns
    -------
    tuple of str
        The free dimensions: of inputs first, then states, then the rest, in file order.
    """
    order: list[str] = []
    taken = set(shapes.lengths.declared)
    named = set()
    owned = list(_owned(shapes))
    for name, length in sorted(owned, key=lambda one: len(shapes.names[one[0]]) > 1):
        for unknown in shapes.lengths.reduce(length).counts:
            if not unknown.fixed and unknown not in named:
                unknown.label = _free_label(f"n_{name}", taken)
                named.add(unknown)
                taken.add(unknown.label)
    for _, length in owned:
        for unknown in shapes.lengths.reduce(length).counts:
            if unknown.label not in order:
                order.append(unknown.label)
    return tuple(order)


def _free_label(label: str, taken: set[str]) -> str:
    """``n_x``, or ``n_x_2`` where the author calls something else ``n_x``."""
    number, free = 2, label
    while free in taken:
        free, number = f"{label}_{number}", number + 1
    return free


def _owned(shapes: Shapes) -> Iterator[tuple[str, LengthSum]]:
    """Names with their lengths, in the order in which they give names to dimensions."""
    roles = shapes.roles
    inputs = [entry.name for entry in roles.by_role("input")]
    states = [entry.name for entry in roles.states]
    first = dict.fromkeys([*inputs, *states])
    rest = [name for name in roles.names if name in shapes.names and name not in first]
    vectors = [name for name in rest if len(shapes.names[name]) == 1]
    matrices = [name for name in rest if len(shapes.names[name]) == 2]
    for name in [*first, *vectors, *matrices]:
        if name in shapes.labels:
            yield name, shapes.labels[name]
        for length in shapes.names[name]:
            yield name, length
