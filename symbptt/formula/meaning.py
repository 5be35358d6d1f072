"""The shapes of a formula's parts: everything is a matrix, a vector a column n × 1.

An extent is a product of dimensions: ``()`` is 1, ``("h", "d")`` the number of entries of
a matrix that a Jacobian flattens.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from symbptt.algebra import Dim, DimSum, Model, Shape, add_dims
from symbptt.errors import FormulaError
from symbptt.formula.printing import node_text
from symbptt.formula.scenes import shapes
from symbptt.formula.tree import (
    Add,
    At,
    Call,
    Delta,
    Diff,
    Div,
    Dot,
    Entry,
    Fixed,
    Flip,
    Formula,
    Len,
    Mul,
    Name,
    Neg,
    Node,
    Num,
    OneHot,
    Over,
    Power,
    Row,
    Span,
    Total,
    Unit,
    Whole,
    walk,
)
from symbptt.functions.elementwise import FUNCTIONS
from symbptt.functions.losses import LOSSES

Extent = tuple[Dim, ...]
Extents = tuple[Extent, Extent]
"""Rows and columns."""

ONE: Extent = ()
SCALAR: Extents = (ONE, ONE)


class ShapeError(FormulaError):
    """A formula whose shapes do not fit; ``span`` is where."""

    def __init__(self, span: Span, words: str) -> None:
        self.span = span
        self.words = words
        super().__init__(words)


def extents(shape: Shape) -> Extents:
    """Rows and columns of a value of the model."""
    dims: list[Extent] = [() if dim == 1 else (dim,) for dim in shape]
    first, second = [*dims, ONE, ONE][:2]
    return first, second


def shape_text(shape: Extents) -> str:
    return " × ".join("·".join(map(_dim_text, extent)) or "1" for extent in shape)


def _dim_text(dim: Dim) -> str:
    return f"({dim})" if isinstance(dim, DimSum) else str(dim)


@dataclass(frozen=True)
class Symbols:
    """The shapes of a model's names."""

    shapes: dict[str, Extents]
    integers: dict[str, Extent]
    losses: frozenset[str]
    abstract: frozenset[str]

    @classmethod
    def of(cls, model: Model) -> Symbols:
        return cls(
            {name: extents(shape) for name, shape in shapes(model)},
            {i.name: (i.index_dim,) for i in model.inputs if i.index_dim is not None},
            frozenset([*LOSSES, *(a.name for a in model.abstract if a.loss)]),
            frozenset(a.name for a in model.abstract if not a.loss),
        )


@dataclass(frozen=True)
class Sized(Node):
    """The identity of a known size; what `resolved` puts in the place of ``I``."""

    extent: Extent = ONE


def resolved(formula: Formula, shaper: Shaper) -> Formula:
    """The formula with all shapes checked and a size for every ``I``.

    Raises
    ------
    ShapeError
        If the shapes do not fit.
    """
    left, right = shaper.shape(formula.left), shaper.shape(formula.right)
    whole = left if left is not None else right
    if left is not None and right is not None and left != right:
        if right == SCALAR and is_constant(formula.right):
            right = left
        elif left == SCALAR and is_constant(formula.left):
            whole = right
        else:
            raise ShapeError(
                formula.right.span,
                f"the left side is {shape_text(left)} and the right side {shape_text(right)}",
            )
    whole = whole or SCALAR
    formula = replace(formula, fixed=tuple(_fixed(item, shaper) for item in formula.fixed))
    if not any(isinstance(n, Unit) for s in (formula.left, formula.right) for n in walk(s)):
        return formula
    return replace(
        formula, left=shaper.settle(formula.left, whole), right=shaper.settle(formula.right, whole)
    )


def _fixed(item: Fixed, shaper: Shaper) -> Fixed:
    wanted = shaper.symbols.shapes[item.name]
    found = shaper.shape(item.value)
    if found not in (None, wanted, SCALAR):
        raise ShapeError(
            item.span,
            f"`{item.name}[{item.step}]` is {shape_text(wanted)}, "
            f"and its value {shape_text(found or SCALAR)}",
        )
    return replace(item, value=shaper.settle(item.value, wanted))


def is_constant(node: Node) -> bool:
    """Whether it holds nothing but numbers and indices."""
    return all(isinstance(n, Num | Whole | Neg | Add | Mul | Div | Power) for n in walk(node))


class Shaper:
    """Infers shapes; None is that of ``I``, which fits where it stands."""

    def __init__(self, symbols: Symbols) -> None:
        self.symbols = symbols
        self._known: dict[int, tuple[Node, Extents | None]] = {}

    def shape(self, node: Node) -> Extents | None:
        """Rows and columns of a part.

        Raises
        ------
        ShapeError
            If its operands do not fit.
        """
        if id(node) not in self._known:
            self._known[id(node)] = (node, self._shape(node))
        return self._known[id(node)][1]

    def _shape(self, node: Node) -> Extents | None:
        match node:
            case Num() | Whole() | Total() | Delta() | Len():
                return SCALAR
            case Unit():
                return None
            case Sized(extent=extent):
                return (extent, extent)
            case Name(name=name):
                return self.symbols.shapes[name]
            case At(name=name):
                if name in self.symbols.integers:
                    raise ShapeError(
                        node.span, f"`{name}` is an integer: write `onehot({node_text(node)})`"
                    )
                return self.symbols.shapes[name]
            case Row():
                return self._row(node)
            case Entry():
                return self._entry(node)
            case Add(terms=terms):
                return self._together(terms, node, broadcast=False)
            case Mul(factors=terms):
                return self._together(terms, node, broadcast=True)
            case Div(above=above, below=below):
                return self._together((above, below), node, broadcast=True)
            case Dot(factors=factors):
                return self._product(factors)
            case Neg(operand=operand):
                return self.shape(operand)
            case Flip(operand=operand):
                inner = self.shape(operand)
                return None if inner is None else (inner[1], inner[0])
            case Power(base=base):
                return self._power(node, self.shape(base))
            case Diff(of=of, by=by):
                return self._derivative(self.known(of), self.known(by))
            case Over():
                return self._over(node)
            case OneHot(position=position):
                return (self.symbols.integers[position.name], ONE)
            case Call():
                return self._call(node)
        raise TypeError(f"no shape for {type(node).__name__}")

    def known(self, node: Node) -> Extents:
        """The shape of what can't be ``I``."""
        found = self.shape(node)
        if found is None:
            raise ShapeError(node.span, "the size of `I` does not follow from where it stands")
        return found

    def _row(self, node: Row) -> Extents:
        rows, columns = self.symbols.shapes[node.table.name]
        position = self.symbols.integers.get(node.row.name)
        if position != rows:
            raise ShapeError(
                node.span,
                f"`{node.row.name}` counts up to {shape_text((position or ONE, ONE))[:-4]}, and "
                f"`{node.table.name}` has {'·'.join(map(str, rows))} rows",
            )
        return (columns, ONE)

    def _entry(self, node: Entry) -> Extents:
        rows, columns = self.known(node.operand)
        wanted = 1 if ONE in (rows, columns) else 2
        if len(node.places) != wanted and len(node.places) != 2:
            raise ShapeError(
                node.span,
                f"`{node_text(node.operand)}` is {shape_text((rows, columns))}: "
                f"an entry of it takes {wanted} indices",
            )
        axes = (rows, columns) if len(node.places) == 2 else (rows if columns == ONE else columns,)
        for place, axis in zip(node.places, axes, strict=True):
            if isinstance(place, At) and self.symbols.integers[place.name] != axis:
                raise ShapeError(place.span, f"`{place.name}` does not count the entries here")
        return SCALAR

    def _together(self, terms: tuple[Node, ...], node: Node, *, broadcast: bool) -> Extents | None:
        """The common shape of terms (scalars apart) or of factors (as 2-D arrays)."""
        found: Extents | None = SCALAR
        unknown = False
        for term in terms:
            one = self.shape(term)
            if one is None:
                unknown = True
                continue
            assert found is not None
            fits = all(ONE in pair or pair[0] == pair[1] for pair in zip(found, one, strict=True))
            if not broadcast:
                fits = SCALAR in (found, one) or found == one
            if not fits:
                sign = "elementwise" if broadcast else "be added"
                raise ShapeError(
                    term.span,
                    f"{shape_text(found)} and {shape_text(one)} do not fit to {sign}"
                    if not broadcast
                    else f"{shape_text(found)} and {shape_text(one)} do not fit {sign}",
                )
            found = (found[0] or one[0], found[1] or one[1])
        if unknown and found == SCALAR:
            return None
        if unknown and found is not None and found[0] != found[1]:
            raise ShapeError(node.span, f"`I` is square, and this is {shape_text(found)}")
        return found

    def _product(self, factors: tuple[Node, ...]) -> Extents | None:
        found = self.shape(factors[0])
        for factor in factors[1:]:
            one = self.shape(factor)
            if one is None or found is None:
                found = one if found is None else found
                continue
            if found[1] != one[0]:
                raise ShapeError(
                    factor.span,
                    f"{shape_text(found)} times {shape_text(one)}: "
                    f"{shape_text((found[1], ONE))[:-4]} columns do not meet "
                    f"{shape_text((one[0], ONE))[:-4]} rows",
                )
            found = (found[0], one[1])
        return found

    def _power(self, node: Power, base: Extents | None) -> Extents | None:
        square = base is None or (base[0] == base[1] and base != SCALAR)
        exponent = node.exponent
        inner = exponent.operand if isinstance(exponent, Neg) else exponent
        if square and isinstance(inner, Num) and inner.value.denominator != 1:
            raise ShapeError(exponent.span, "a matrix power has a whole exponent")
        return base

    def _derivative(self, of: Extents, by: Extents) -> Extents:
        if of == SCALAR:
            return by
        return (of[0] + of[1], by[0] + by[1])

    def _over(self, node: Over) -> Extents | None:
        found = self.shape(node.body)
        if node.product and found is not None and found[0] != found[1]:
            raise ShapeError(
                node.body.span,
                f"the factors of a product are square or scalar, and these are {shape_text(found)}",
            )
        return found

    def _call(self, node: Call) -> Extents:
        if node.function in self.symbols.losses:
            return self._loss(node)
        shapes = [self.known(arg) for arg in node.args]
        flat = [rows + columns for rows, columns in shapes]
        vectors = all(ONE in shape for shape in shapes)
        match node.function:
            case "sum" | "mean":
                return SCALAR
            case "dot":
                if shapes[0] != shapes[1]:
                    self._misfit(node, shapes)
                return SCALAR
            case "softmax" | "log_softmax" | "diag" | "outer" | "concat" if not vectors:
                self._misfit(node, shapes)
            case "softmax" | "log_softmax":
                return shapes[0]
            case "diag":
                return (flat[0], flat[0])
            case "outer":
                return (flat[0], flat[1])
            case "concat":
                return ((add_dims(e[0] if e else 1 for e in flat),), ONE)
        assert node.function in FUNCTIONS or node.function in self.symbols.abstract
        return self._together(node.args, node, broadcast=True) or SCALAR

    def _loss(self, node: Call) -> Extents:
        prediction, target = node.args
        if isinstance(target, At) and target.name in self.symbols.integers:
            if self.known(prediction) != (self.symbols.integers[target.name], ONE):
                self._misfit(node, [self.known(prediction)])
            return SCALAR
        shapes = [self.known(prediction), self.known(target)]
        if shapes[0] != shapes[1]:
            self._misfit(node, shapes)
        return SCALAR

    def _misfit(self, node: Call, shapes: list[Extents]) -> None:
        found = " and ".join(map(shape_text, shapes))
        raise ShapeError(node.span, f"`{node.function}` does not take {found}")

    # --- a size for I -------------------------------------------------------------------

    def settle(self, node: Node, wanted: Extents) -> Node:
        """The node with ``I`` of the size that it must have."""
        shape = self.shape(node)
        mine = wanted if shape is None else shape
        match node:
            case Unit():
                if mine[0] != mine[1]:
                    raise ShapeError(node.span, f"`I` is square, and here is {shape_text(mine)}")
                return Sized(mine[0], span=node.span)
            case Add(terms=terms):
                return replace(node, terms=self._each(terms, mine))
            case Mul(factors=factors):
                return replace(node, factors=self._each(factors, mine))
            case Div(above=above, below=below):
                return replace(
                    node, above=self.settle(above, mine), below=self.settle(below, SCALAR)
                )
            case Neg(operand=operand):
                return replace(node, operand=self.settle(operand, mine))
            case Flip(operand=operand):
                return replace(node, operand=self.settle(operand, (mine[1], mine[0])))
            case Power(base=base):
                return replace(node, base=self.settle(base, mine))
            case Over(body=body):
                return replace(node, body=self.settle(body, mine))
            case Dot(factors=factors):
                return replace(node, factors=self._chain(factors, mine))
            case Call(args=args):
                return replace(node, args=tuple(self.settle(a, SCALAR) for a in args))
            case Entry(operand=operand):
                return replace(node, operand=self.settle(operand, self.known(operand)))
        return node

    def _each(self, terms: tuple[Node, ...], mine: Extents) -> tuple[Node, ...]:
        return tuple(self.settle(term, mine) for term in terms)

    def _chain(self, factors: tuple[Node, ...], mine: Extents) -> tuple[Node, ...]:
        """An ``I`` among factors has as many rows as what stands before it has columns."""
        columns = mine[0]
        settled = []
        for place, factor in enumerate(factors):
            shape = self.shape(factor)
            if shape is None and place == 0:
                after = (self.shape(f) for f in factors[1:])
                columns = next((s[0] for s in after if s is not None), columns)
            settled.append(self.settle(factor, (columns, columns)))
            columns = columns if shape is None else shape[1]
        return tuple(settled)
