"""What a formula means in the algebra, where a vector has one axis and a scalar none."""

from __future__ import annotations

from dataclasses import replace
from typing import Literal

from symbptt import algebra as al
from symbptt.algebra.letters import Entry, RowOf, Slope
from symbptt.formula.shapes import (
    SCALAR,
    Extents,
    Layout,
    ShapeError,
    Shaper,
    axes,
    extents,
    is_turned,
    quotient,
    scaled_kronecker,
    shape_text,
)
from symbptt.formula.statement import TOTAL, Fixed, Formula, walk
from symbptt.formula.text import text_of
from symbptt.functions.vectors import vector, vector_function

Total = Literal["mean", "sum", "last"]


def resolved(formula: Formula, shaper: Meaning) -> Formula:
    """The formula in the algebra: all shapes checked, a size for every ``I``.

    Raises
    ------
    ShapeError
        If the shapes do not fit.
    """
    left, right = shaper.shape(formula.left), shaper.shape(formula.right)
    whole = left or right or (formula.head and shaper.shape(formula.head)) or SCALAR
    if left is not None and right is not None and left != right:
        if left == SCALAR and is_constant(formula.left):
            whole = right
        elif shaper.is_flat(right, left):
            # A matrix that a Jacobian flattens row by row.
            formula = replace(formula, left=al.Vec(formula.left))
            whole = right
        elif shaper.is_flat(left, right):
            formula = replace(formula, right=al.Vec(formula.right))
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


def is_constant(node: al.Expr) -> bool:
    """Whether it holds nothing but numbers and indices."""
    numbers = (al.Number, al.Constant, al.Count, al.Neg, al.Add, al.Mul, al.Div, al.Pow)
    return all(isinstance(n, numbers) for n in walk(node))


class Meaning(Shaper):
    """What the parts of a formula are in the algebra."""

    def __init__(self, model: al.Model, layout: Layout = "column") -> None:
        super().__init__(model, layout)
        self._meant: dict[tuple[int, Extents], tuple[al.Expr, al.Expr]] = {}

    def fixed(self, item: Fixed) -> Fixed:
        """The value of an initial value, checked."""
        shape = next(i.shape for i in self.model.initials if i.name == item.name)
        wanted, found = self.laid(shape), self.shape(item.value)
        if found not in (None, wanted, SCALAR):
            raise ShapeError(
                item.value,
                f"`{item.name}[{item.step}]` is {shape_text(wanted)}, and its value "
                f"{shape_text(found or SCALAR)}",
            )
        return replace(item, value=self.meant(item.value, wanted))

    def meant(self, node: al.Expr, wanted: Extents) -> al.Expr:
        """The expression of the algebra; ``wanted`` is the shape of what has none of its own."""
        key = (id(node), wanted)
        if key not in self._meant:
            shape = self.shape(node)
            mine = wanted if shape is None else shape
            self._meant[key] = (node, _canonical(self._mean(node, mine), mine))
        return self._meant[key][1]

    def _mean(self, node: al.Expr, mine: Extents) -> al.Expr:
        match node:
            case al.Param() if node == TOTAL:
                return self._total_loss()
            case al.Ones():
                return al.Fill(al.ONE, axes(mine))
            case al.Fill(scalar=scalar):
                return al.Fill(scalar, axes(mine))
            case al.BlockMatrix():
                return self._blocks(node, mine)
            case al.Identity():
                if mine[0] != mine[1]:
                    raise ShapeError(node, f"`I` is square, and here is {shape_text(mine)}")
                return al.ONE if mine == SCALAR else al.Identity(mine[0])
            case al.Add(terms=terms):
                return al.Add(tuple(self._added(term, mine) for term in terms))
            case al.Neg(operand=operand):
                return al.Neg(self.meant(operand, mine))
            case al.Mul(factors=factors):
                return al.Mul(tuple(self._spread(factor, mine) for factor in factors))
            case al.Div(numerator=above, denominator=below):
                return al.Div(self._spread(above, mine), self._spread(below, mine))
            case al.Call(args=args):
                return replace(node, args=tuple(self._spread(arg, mine) for arg in args))
            case al.Pow(base=base, exponent=exponent):
                square = mine[0] == mine[1] and mine != SCALAR
                found = self.meant(base, mine)
                return (
                    al.MatrixPower(found, _whole(exponent)) if square else al.Pow(found, exponent)
                )
            case al.Transpose(operand=operand):
                return _turned(self.meant(operand, (mine[1], mine[0])))
            case al.Product():
                return self._multiplied(node, mine)
            case al.TimeSum(term=term):
                return replace(node, term=self.meant(term, mine))
            case al.OrderedProduct(factor=factor):
                return replace(node, factor=self.meant(factor, mine))
            case Entry():
                return self._picked(node)
            case al.Derivative():
                return self._differentiated(node)
            case al.Loss(prediction=prediction, target=target):
                integer = isinstance(target, al.Ref) and target.name in self.integers
                other = target if integer else self._flat(target)
                return replace(node, prediction=self._flat(prediction), target=other)
            case al.Kronecker(left=left, right=right):
                return self._kron(left, right, mine)
        return self._function(node)

    def _added(self, term: al.Expr, mine: Extents) -> al.Expr:
        """A term; a matrix beside the entries of one, row by row."""
        found = self.meant(term, mine)
        flat = self.is_flat(mine, self.shape(term) or SCALAR)
        return _canonical(al.Vec(found), mine) if flat else found

    def _blocks(self, node: al.BlockMatrix, mine: Extents) -> al.Expr:
        sizes = self.block_sizes(node, mine)
        assert sizes is not None
        heights, widths = sizes
        cells = [
            [None if c is None else self.meant(c, (h, w)) for c, w in zip(row, widths, strict=True)]
            for row, h in zip(node.cells, heights, strict=True)
        ]
        matrices = tuple(
            tuple(c if c is None or len(c.shape) == 2 else al.Column(c) for c in row)
            for row in cells
        )
        return al.BlockMatrix(matrices, tuple(heights), tuple(widths))

    def _function(self, node: al.Expr) -> al.Expr:
        match node:
            case al.Vector(function=name, args=args):
                if not vector_function(name).takes_matrices:
                    return vector(name, *map(self._flat, args))
                common = next(shape for arg in args if (shape := self.shape(arg)) is not None)
                return vector(name, *(self.meant(arg, common) for arg in args))
            case al.Diag(vector=along):
                return al.Diag(_listed(self._own(along)))
            case al.Outer(left=left, right=right):
                return al.Outer(_listed(self._own(left)), _listed(self._own(right)))
            case al.Concat(parts=parts):
                return al.Concat(tuple(self._flat(part) for part in parts))
            case al.Vec(operand=operand):
                return self._own(operand)
            case RowOf(matrix=matrix, place=place):
                return RowOf(self._own(matrix), place)
            case al.Slice(vector=whole, number=number):
                return al.Slice(self._flat(whole), self.blocks(node), number)
        return node

    def _own(self, node: al.Expr) -> al.Expr:
        return self.meant(node, self.known(node))

    def _flat(self, node: al.Expr) -> al.Expr:
        """A column or a row as a vector."""
        found = self._own(node)
        return al.Vec(found) if len(found.shape) == 2 else found

    def _spread(self, node: al.Expr, mine: Extents) -> al.Expr:
        """An operand that meets another entry by entry; rows and columns are repeated."""
        shape = self.shape(node) or mine
        found = self.meant(node, mine)
        if shape in (mine, SCALAR):
            return found
        if shape[1] == 1:
            return al.Outer(found, al.Ones(mine[1]))
        return al.Outer(al.Ones(mine[0]), al.Vec(found))

    def _multiplied(self, node: al.Product, mine: Extents) -> al.Expr:
        shape = self.shape(node.right)
        left = self.meant(node.left, (mine[0], shape[0] if shape else mine[0]))
        inner = extents(left.shape)[1]
        is_wide = scaled_kronecker(node.right) is not None or self.stood(node.right) is not None
        width = self.side(node.right, 1) or (mine[1] if is_wide else inner)
        right = self.meant(node.right, (inner, width))
        if shape is not None and is_turned(extents(left.shape), shape):
            return al.Product(al.Transpose(self.meant(node.right, shape)), left)
        size = (extents(left.shape)[0], extents(right.shape)[1])
        if self.shape(node) is None and size != mine:
            words = f"`{text_of(node)}` is {shape_text(size)}, and here is {shape_text(mine)}"
            raise ShapeError(node, words)
        if not left.shape or (len(left.shape) == 1 and not right.shape):
            return al.Mul((left, right))
        return al.Product(al.Column(left) if len(left.shape) == 1 else left, right)

    def _kron(self, left: al.Expr, right: al.Expr, mine: Extents) -> al.Expr:
        """Both sides as matrices, ``I`` of the size that makes up the rows."""
        shapes = [self.shape(side) for side in (left, right)]
        sides = []
        for side, shape, other in zip((left, right), shapes, reversed(shapes), strict=True):
            size = quotient(mine[0], other[0]) if other is not None else None
            own = shape or ((size, size) if size is not None else None)
            if own is None:
                raise ShapeError(side, "the size of `I` does not follow from where it stands")
            found = self.meant(side, own)
            sides.append(found if len(found.shape) == 2 else al.Column(found))
        made = al.Kronecker(*sides)
        if extents(made.shape) != mine:
            words = (
                f"`kron` gives {shape_text(extents(made.shape))}, and here is {shape_text(mine)}"
            )
            raise ShapeError(left, words)
        return made

    def _picked(self, node: Entry) -> al.Expr:
        if len(node.places) == 3 and isinstance(node.array, al.Derivative):
            array = node.array
            return Entry(Slope(array.output, array.wrt, array.held), node.places)
        found = self._own(node.array)
        if len(node.places) == 2 and len(found.shape) < 2:
            return Entry(al.Column(found), node.places)
        if len(node.places) == 1 and len(found.shape) != 1:
            return Entry(al.Vec(found), node.places)
        return Entry(found, node.places)

    def _differentiated(self, node: al.Derivative) -> al.Expr:
        """Of a scalar in the shape of what it is taken by, of a vector a Jacobian."""
        of, by = node.output, node.wrt
        array = by.array if isinstance(by, Entry) else by.matrix if isinstance(by, RowOf) else by
        if of == TOTAL:
            assert isinstance(array, al.Ref | al.Param | al.Stack)
            if node.held == "equation":
                return al.Direct(array)
            index = array.index if isinstance(array, al.Ref) else None
            found: al.Expr = al.Cotangent(array.name, index, array.shape)
            if isinstance(by, Entry):
                found = Entry(found, by.places)
            elif isinstance(by, RowOf):
                found = RowOf(found, by.place)
            return found
        if self.known(of) == SCALAR or isinstance(by, Entry | RowOf):
            return Slope(of, by, node.held)
        return node

    def _total_loss(self) -> al.Expr:
        return self.model.total.formula


def _whole(exponent: al.Expr) -> al.Index:
    """The exponent of a matrix power."""
    match exponent:
        case al.Count(index=index):
            return index
        case al.Number(value=value) | al.Constant(value=value):
            return al.Index(offset=int(value))
    raise ShapeError(exponent, "a matrix power has a whole exponent")


def _canonical(expr: al.Expr, shape: Extents) -> al.Expr:
    """The same entries with the axes that such a shape has in the algebra."""
    wanted = axes(shape)
    if expr.shape == wanted:
        return expr
    if not wanted:
        return vector("sum", expr)
    return al.Vec(expr) if len(wanted) == 1 else al.Transpose(al.Column(expr))


def _turned(expr: al.Expr) -> al.Expr:
    if not expr.shape:
        return expr
    if len(expr.shape) == 1:
        return al.Transpose(al.Column(expr))
    return al.Vec(expr) if expr.shape[0] == 1 else al.Transpose(expr)


def _listed(expr: al.Expr) -> al.Expr:
    """Its entries as a vector, a scalar's one too."""
    return expr if len(expr.shape) == 1 else al.Vec(expr)
