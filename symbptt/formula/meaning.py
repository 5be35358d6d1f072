"""What a formula means in the algebra: the shapes of its parts, and what they then are.

To a reader everything is a matrix, a vector a column n × 1. In the algebra a vector has one
axis and a scalar none: `Shaper.meant` says in its nodes what the author's form says.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Literal

from symbptt.algebra import (
    ONE,
    Add,
    Call,
    Column,
    Concat,
    Constant,
    Cotangent,
    Count,
    Derivative,
    Diag,
    Dim,
    DimProduct,
    DimSum,
    Div,
    Expr,
    Horizon,
    Identity,
    Index,
    Kronecker,
    Length,
    Lookup,
    Loss,
    MatrixPower,
    Model,
    Mul,
    Neg,
    Number,
    OneHot,
    Ones,
    OrderedProduct,
    Outer,
    Param,
    Pow,
    Product,
    Ref,
    Shape,
    TimeSum,
    Transpose,
    Vec,
    Vector,
    add_dims,
    entries,
)
from symbptt.algebra.letters import Delta, Entry, Slope
from symbptt.errors import FormulaError
from symbptt.formula.expressions import shapes
from symbptt.formula.statement import TOTAL, UNIT, Fixed, Formula, body, walk
from symbptt.functions.vectors import vector, vector_function
from symbptt.typeset.plain import plain

Extents = tuple[Dim, Dim]
"""Rows and columns."""

SCALAR: Extents = (1, 1)

Total = Literal["mean", "sum"]


class ShapeError(FormulaError):
    """A formula whose shapes do not fit; ``node`` is where."""

    def __init__(self, node: Expr, words: str) -> None:
        self.node = node
        self.words = words
        super().__init__(words)


def extents(shape: Shape) -> Extents:
    """Rows and columns of a value of the model."""
    first, second = (*shape, 1, 1)[:2]
    return first, second


def axes(shape: Extents) -> Shape:
    """The shape in the algebra; a row stays a matrix."""
    if shape == SCALAR:
        return ()
    return shape[:1] if shape[1] == 1 else shape


def shape_text(shape: Extents) -> str:
    return " × ".join(map(_dim_text, shape))


def _dim_text(dim: Dim) -> str:
    return f"({dim})" if isinstance(dim, DimSum) else str(dim).replace(" * ", "·")


def resolved(formula: Formula, shaper: Shaper) -> Formula:
    """The formula in the algebra: all shapes checked, a size for every ``I``.

    Raises
    ------
    ShapeError
        If the shapes do not fit.
    """
    left, right = shaper.shape(formula.left), shaper.shape(formula.right)
    whole = left or right or SCALAR
    if left is not None and right is not None and left != right:
        if left == SCALAR and is_constant(formula.left):
            whole = right
        elif not (right == SCALAR and is_constant(formula.right)):
            raise ShapeError(
                formula.right,
                f"the left side is {shape_text(left)} and the right side {shape_text(right)}",
            )
    return replace(
        formula,
        left=shaper.meant(formula.left, whole),
        right=shaper.meant(formula.right, whole),
        fixed=tuple(shaper.fixed(item) for item in formula.fixed),
    )


def is_constant(node: Expr) -> bool:
    """Whether it holds nothing but numbers and indices."""
    numbers = (Number, Constant, Count, Neg, Add, Mul, Div, Pow)
    return all(isinstance(n, numbers) for n in walk(node))


def is_unsized(node: Expr) -> bool:
    return isinstance(node, Identity) and node == UNIT


class Shaper:
    """Infers shapes; None is that of ``I``, which fits where it stands.

    ``total`` says what L is in the formula: the sum of the losses, or their mean.
    """

    def __init__(self, model: Model, total: Total = "mean") -> None:
        self.model = model
        self.total = total
        self.integers = {i.name: i.index_dim for i in model.inputs if i.index_dim is not None}
        named = {name: entries(shape) for name, shape in shapes(model)}
        self.lengths = {
            f"len({name})": dim
            for name, dim in (dict(zip(model.dims, model.dims, strict=True)) | named).items()
        }
        self._known: dict[int, tuple[Expr, Extents | None]] = {}
        self._meant: dict[tuple[int, Extents], tuple[Expr, Expr]] = {}

    def shape(self, node: Expr) -> Extents | None:
        """Rows and columns of a part.

        Raises
        ------
        ShapeError
            If its operands do not fit.
        """
        if id(node) not in self._known:
            self._known[id(node)] = (node, self._shape(node))
        return self._known[id(node)][1]

    def _shape(self, node: Expr) -> Extents | None:
        match node:
            case Number() | Constant() | Count() | Length() | Delta():
                return SCALAR
            case Identity():
                return None if is_unsized(node) else (node.dim, node.dim)
            case Ref(name=name) if name in self.integers:
                raise ShapeError(node, f"`{name}` is an integer: write `onehot({plain(node)})`")
            case Param() | Ref() | OneHot():
                return extents(node.shape)
            case Lookup():
                return self._row(node)
            case Entry():
                return self._entry(node)
            case Add(terms=terms):
                return self._together(terms, node, broadcast=False)
            case Mul(factors=terms) | Call(args=terms):
                return self._together(terms, node, broadcast=True)
            case Div(numerator=above, denominator=below):
                return self._together((above, below), node, broadcast=True)
            case Product():
                return self._product(node)
            case Neg(operand=operand):
                return self.shape(operand)
            case Transpose(operand=operand):
                inner = self.shape(operand)
                return None if inner is None else (inner[1], inner[0])
            case Pow():
                return self._power(node)
            case Derivative(output=of, wrt=by):
                return self._derivative(self.known(of), self.known(by))
            case TimeSum() | OrderedProduct():
                return self._over(node)
            case Loss():
                return self._loss(node)
            case Kronecker():
                return self._kronecker(node, None)
        return self._vector_function(node)

    def known(self, node: Expr) -> Extents:
        """The shape of what can't be ``I``."""
        found = self.shape(node)
        if found is None:
            raise ShapeError(node, "the size of `I` does not follow from where it stands")
        return found

    def _row(self, node: Lookup) -> Extents:
        assert isinstance(node.row, Ref)
        rows, columns = node.table.shape
        position = self.integers.get(node.row.name)
        if position != rows:
            raise ShapeError(
                node,
                f"`{node.row.name}` counts up to {position or 1}, and `{plain(node.table)}` has "
                f"{rows} rows",
            )
        return (columns, 1)

    def _entry(self, node: Entry) -> Extents:
        if isinstance(node.array, Derivative) and len(node.places) == 3:
            self._places(node, (*node.array.output.shape, *node.array.wrt.shape))
            return SCALAR
        rows, columns = self.known(node.array)
        wanted = 1 if 1 in (rows, columns) else 2
        if len(node.places) != wanted and len(node.places) != 2:
            raise ShapeError(
                node,
                f"`{plain(node.array)}` is {shape_text((rows, columns))}: an entry of it takes "
                f"{wanted} indices",
            )
        two = len(node.places) == 2
        self._places(node, (rows, columns) if two else (rows if columns == 1 else columns,))
        return SCALAR

    def _places(self, node: Entry, shape: Shape) -> None:
        if len(shape) != len(node.places):
            raise ShapeError(node, f"an entry of it takes {len(shape)} indices")
        for place, axis in zip(node.places, shape, strict=True):
            if isinstance(place, Ref) and self.integers[place.name] != axis:
                raise ShapeError(place, f"`{place.name}` does not count the entries here")

    def _together(self, terms: tuple[Expr, ...], node: Expr, *, broadcast: bool) -> Extents | None:
        """The common shape of terms (scalars apart) or of factors (as 2-D arrays)."""
        found: Extents = SCALAR
        unknown = []
        for term in terms:
            one = self.shape(term)
            if one is None:
                unknown.append(term)
                continue
            fits = all(1 in pair or pair[0] == pair[1] for pair in zip(found, one, strict=True))
            if not broadcast:
                fits = SCALAR in (found, one) or found == one
            if not fits:
                sign = "elementwise" if broadcast else "to be added"
                raise ShapeError(
                    term, f"{shape_text(found)} and {shape_text(one)} do not fit {sign}"
                )
            found = (_wider(found[0], one[0]), _wider(found[1], one[1]))
        if unknown and found == SCALAR:
            return None
        if any(map(is_unsized, unknown)) and found[0] != found[1]:
            raise ShapeError(node, f"`I` is square, and this is {shape_text(found)}")
        return found

    def _product(self, node: Product) -> Extents | None:
        left, right = self.shape(node.left), self.shape(node.right)
        if isinstance(node.right, Kronecker) and right is None and left is not None:
            right = self._kronecker(node.right, left[1])
        if left is None and isinstance(node.left, Kronecker):
            return None
        if left is None or right is None:
            return left or right
        if left[1] != right[0]:
            raise ShapeError(
                node.right,
                f"{shape_text(left)} times {shape_text(right)}: {_dim_text(left[1])} columns do "
                f"not meet {_dim_text(right[0])} rows{self._hint(node, left, right)}",
            )
        return (left[0], right[1])

    def _hint(self, node: Product, left: Extents, right: Extents) -> str:
        if left[0] == right[0] and left[1] != left[0]:
            return f"; `{plain(Product(Transpose(node.left), node.right))}` fits"
        return ""

    def _power(self, node: Pow) -> Extents | None:
        base = self.shape(node.base)
        square = base is None or (base[0] == base[1] and base != SCALAR)
        exponent = node.exponent
        inner = exponent.operand if isinstance(exponent, Neg) else exponent
        if square and isinstance(inner, Number | Constant) and inner.value.denominator != 1:
            raise ShapeError(exponent, "a matrix power has a whole exponent")
        return base

    def _derivative(self, of: Extents, by: Extents) -> Extents:
        return by if of == SCALAR else (entries(of), entries(by))

    def _over(self, node: TimeSum | OrderedProduct) -> Extents | None:
        found = self.shape(body(node))
        if isinstance(node, OrderedProduct) and found is not None and found[0] != found[1]:
            raise ShapeError(
                body(node),
                f"the factors of a product are square or scalar, and these are {shape_text(found)}",
            )
        return found

    def _vector_function(self, node: Expr) -> Extents:
        """Functions of vectors and matrices, and what makes matrices of vectors."""
        match node:
            case Vector(function=name, args=args, like=like):
                if not vector_function(name).takes_matrices:
                    self._length(node, name, args[0])
                if len({self.known(arg) for arg in args}) > 1:
                    self._misfit(node, name, *args)
                return SCALAR if like is None else self.known(args[like])
            case Diag(vector=along):
                length = self._length(node, "diag", along)
                return (length, length)
            case Outer(left=left, right=right):
                return (self._length(node, "outer", left), self._length(node, "outer", right))
            case Concat(parts=parts):
                return (add_dims(self._length(node, "concat", part) for part in parts), 1)
            case Vec(operand=operand):
                return (entries(self.known(operand)), 1)
        raise TypeError(f"no shape for {type(node).__name__}")

    def _length(self, node: Expr, name: str, arg: Expr) -> Dim:
        """How long a row or column is."""
        shape = self.known(arg)
        if 1 not in shape:
            self._misfit(node, name, arg)
        return entries(shape)

    def _kronecker(self, node: Kronecker, rows: Dim | None) -> Extents | None:
        """With ``I`` on one side it follows from the rows that it must have."""
        sides = [self.shape(side) for side in (node.left, node.right)]
        if None in sides and rows is None:
            return None
        other = next((side for side in sides if side is not None), None)
        if other is None:
            raise ShapeError(node, "the size of `I` does not follow from where it stands")
        size = 1 if rows is None else _quotient(rows, other[0])
        if size is None:
            raise ShapeError(node, f"`{plain(node)}` has no {rows} rows for any size of `I`")
        left, right = (side or (size, size) for side in sides)
        return (entries((left[0], right[0])), entries((left[1], right[1])))

    def _loss(self, node: Loss) -> Extents:
        prediction, target = node.prediction, node.target
        if isinstance(target, Ref) and target.name in self.integers:
            if self.known(prediction) != (self.integers[target.name], 1):
                self._misfit(node, node.function, prediction)
        elif self.known(prediction) != self.known(target):
            self._misfit(node, node.function, prediction, target)
        return SCALAR if node.wrt is None else self.known((prediction, target)[node.wrt])

    def _misfit(self, node: Expr, name: str, *args: Expr) -> None:
        found = " and ".join(shape_text(self.known(arg)) for arg in args)
        raise ShapeError(node, f"`{name}` does not take {found}")

    def fixed(self, item: Fixed) -> Fixed:
        """The value of an initial value, checked."""
        shape = next(i.shape for i in self.model.initials if i.name == item.name)
        wanted, found = extents(shape), self.shape(item.value)
        if found not in (None, wanted, SCALAR):
            raise ShapeError(
                item.value,
                f"`{item.name}[{item.step}]` is {shape_text(wanted)}, and its value "
                f"{shape_text(found or SCALAR)}",
            )
        return replace(item, value=self.meant(item.value, wanted))

    # --- in the algebra -----------------------------------------------------------------

    def meant(self, node: Expr, wanted: Extents) -> Expr:
        """The expression of the algebra; ``wanted`` is the shape of what has none of its own."""
        key = (id(node), wanted)
        if key not in self._meant:
            shape = self.shape(node)
            mine = wanted if shape is None else shape
            self._meant[key] = (node, _canonical(self._mean(node, mine), mine))
        return self._meant[key][1]

    def _mean(self, node: Expr, mine: Extents) -> Expr:
        match node:
            case Param() if node == TOTAL:
                return self._total_loss()
            case Identity():
                if mine[0] != mine[1]:
                    raise ShapeError(node, f"`I` is square, and here is {shape_text(mine)}")
                return ONE if mine == SCALAR else Identity(mine[0])
            case Add(terms=terms):
                return Add(tuple(self.meant(term, mine) for term in terms))
            case Neg(operand=operand):
                return Neg(self.meant(operand, mine))
            case Mul(factors=factors):
                return Mul(tuple(self._spread(factor, mine) for factor in factors))
            case Div(numerator=above, denominator=below):
                return Div(self._spread(above, mine), self._spread(below, mine))
            case Call(args=args):
                return replace(node, args=tuple(self._spread(arg, mine) for arg in args))
            case Pow(base=base, exponent=exponent):
                square = mine[0] == mine[1] and mine != SCALAR
                found = self.meant(base, mine)
                return MatrixPower(found, _whole(exponent)) if square else Pow(found, exponent)
            case Transpose(operand=operand):
                return _turned(self.meant(operand, (mine[1], mine[0])))
            case Product():
                return self._multiplied(node, mine)
            case TimeSum(term=term):
                return replace(node, term=self.meant(term, mine))
            case OrderedProduct(factor=factor):
                return replace(node, factor=self.meant(factor, mine))
            case Entry():
                return self._picked(node)
            case Derivative():
                return self._differentiated(node)
            case Loss(prediction=prediction, target=target):
                integer = isinstance(target, Ref) and target.name in self.integers
                other = target if integer else self._flat(target)
                return replace(node, prediction=self._flat(prediction), target=other)
            case Kronecker(left=left, right=right):
                return self._kron(left, right, mine)
        return self._function(node)

    def _function(self, node: Expr) -> Expr:
        match node:
            case Vector(function=name, args=args):
                whole = vector_function(name).takes_matrices
                return vector(name, *map(self._own if whole else self._flat, args))
            case Diag(vector=along):
                return Diag(_listed(self._own(along)))
            case Outer(left=left, right=right):
                return Outer(_listed(self._own(left)), _listed(self._own(right)))
            case Concat(parts=parts):
                return Concat(tuple(self._flat(part) for part in parts))
            case Vec(operand=operand):
                return self._own(operand)
        return node

    def _own(self, node: Expr) -> Expr:
        return self.meant(node, self.known(node))

    def _flat(self, node: Expr) -> Expr:
        """A column or a row as a vector."""
        found = self._own(node)
        return Vec(found) if len(found.shape) == 2 else found

    def _spread(self, node: Expr, mine: Extents) -> Expr:
        """An operand that meets another entry by entry; rows and columns are repeated."""
        shape = self.shape(node) or mine
        found = self.meant(node, mine)
        if shape in (mine, SCALAR):
            return found
        if shape[1] == 1:
            return Outer(found, Ones(mine[1]))
        return Outer(Ones(mine[0]), Vec(found))

    def _multiplied(self, node: Product, mine: Extents) -> Expr:
        shape = self.shape(node.right)
        left = self.meant(node.left, (mine[0], shape[0] if shape else mine[0]))
        inner = extents(left.shape)[1]
        right = self.meant(
            node.right, (inner, mine[1] if isinstance(node.right, Kronecker) else inner)
        )
        if not left.shape or (len(left.shape) == 1 and not right.shape):
            return Mul((left, right))
        return Product(Column(left) if len(left.shape) == 1 else left, right)

    def _kron(self, left: Expr, right: Expr, mine: Extents) -> Expr:
        """Both sides as matrices, ``I`` of the size that makes up the rows."""
        shapes = [self.shape(side) for side in (left, right)]
        sides = []
        for side, shape, other in zip((left, right), shapes, reversed(shapes), strict=True):
            size = _quotient(mine[0], other[0]) if other is not None else None
            own = shape or ((size, size) if size is not None else None)
            if own is None:
                raise ShapeError(side, "the size of `I` does not follow from where it stands")
            found = self.meant(side, own)
            sides.append(found if len(found.shape) == 2 else Column(found))
        made = Kronecker(*sides)
        if extents(made.shape) != mine:
            words = (
                f"`kron` gives {shape_text(extents(made.shape))}, and here is {shape_text(mine)}"
            )
            raise ShapeError(left, words)
        return made

    def _picked(self, node: Entry) -> Expr:
        if len(node.places) == 3 and isinstance(node.array, Derivative):
            array = node.array
            return Entry(Slope(array.output, array.wrt, array.held), node.places)
        found = self._own(node.array)
        if len(node.places) == 2 and len(found.shape) < 2:
            return Entry(Column(found), node.places)
        if len(node.places) == 1 and len(found.shape) != 1:
            return Entry(Vec(found), node.places)
        return Entry(found, node.places)

    def _differentiated(self, node: Derivative) -> Expr:
        """Of a scalar in the shape of what it is taken by, of a vector a Jacobian."""
        of, by = node.output, node.wrt
        array = by.array if isinstance(by, Entry) else by
        if of == TOTAL:
            assert isinstance(array, Ref | Param)
            index = array.index if isinstance(array, Ref) else None
            found: Expr = Cotangent(array.name, index, array.shape)
            return self._totalled(Entry(found, by.places) if isinstance(by, Entry) else found)
        if self.known(of) == SCALAR or isinstance(by, Entry):
            return Slope(of, by, node.held)
        return node

    def _total_loss(self) -> Expr:
        loss = self.model.equation("loss")
        if loss.last:
            return loss.ref
        return self._totalled(Mul((Div(ONE, Horizon()), TimeSum(loss.ref))))

    def _totalled(self, mean: Expr) -> Expr:
        """What is said of the mean of the losses as it is said of L."""
        summed = self.total == "sum" and not self.model.equation("loss").last
        return Mul((Horizon(), mean)) if summed else mean


def _wider(one: Dim, other: Dim) -> Dim:
    return other if one == 1 else one


def _whole(exponent: Expr) -> Index:
    """The exponent of a matrix power."""
    match exponent:
        case Count(index=index):
            return index
        case Number(value=value) | Constant(value=value):
            return Index(offset=int(value))
    raise ShapeError(exponent, "a matrix power has a whole exponent")


def _quotient(whole: Dim, part: Dim) -> Dim | None:
    """What times ``part`` is ``whole``."""
    if part == 1:
        return whole
    if whole == part:
        return 1
    rest = list(whole.parts) if isinstance(whole, DimProduct) else [whole]
    for one in part.parts if isinstance(part, DimProduct) else (part,):
        if one not in rest:
            return None
        assert not isinstance(one, DimProduct)
        rest.remove(one)
    return entries(tuple(rest))


def _canonical(expr: Expr, shape: Extents) -> Expr:
    """The same entries with the axes that such a shape has in the algebra."""
    wanted = axes(shape)
    if expr.shape == wanted:
        return expr
    if not wanted:
        return vector("sum", expr)
    return Vec(expr) if len(wanted) == 1 else Transpose(Column(expr))


def _turned(expr: Expr) -> Expr:
    if not expr.shape:
        return expr
    if len(expr.shape) == 1:
        return Transpose(Column(expr))
    return Vec(expr) if expr.shape[0] == 1 else Transpose(expr)


def _listed(expr: Expr) -> Expr:
    """Its entries as a vector, a scalar's one too."""
    return expr if len(expr.shape) == 1 else Vec(expr)
