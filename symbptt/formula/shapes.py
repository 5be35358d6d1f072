"""The shapes of a formula's parts: to a reader all is a matrix, a vector a column n × 1."""

from __future__ import annotations

from typing import Literal

from symbptt import algebra as al
from symbptt.algebra.letters import Delta, Entry, RowOf
from symbptt.errors import FormulaError, MissingRuleError
from symbptt.formula.statement import UNIT, body, walk
from symbptt.formula.text import text_of
from symbptt.functions.vectors import vector_function

Extents = tuple[al.Dim, al.Dim]
"""Rows and columns."""

SCALAR: Extents = (1, 1)


class ShapeError(FormulaError):
    """A formula whose shapes do not fit; ``node`` is where."""

    def __init__(self, node: al.Expr, words: str) -> None:
        self.node = node
        self.words = words
        super().__init__(words)


def extents(shape: al.Shape) -> Extents:
    """Rows and columns of a value of the model."""
    first, second = (*shape, 1, 1)[:2]
    return first, second


def axes(shape: Extents) -> al.Shape:
    """The shape in the algebra; a row stays a matrix."""
    if shape == SCALAR:
        return ()
    return shape[:1] if shape[1] == 1 else shape


def shape_text(shape: Extents) -> str:
    return " × ".join(map(_dim_text, shape))


def _dim_text(dim: al.Dim) -> str:
    return f"({dim})" if isinstance(dim, al.DimSum) else str(dim).replace(" * ", "·")


def is_unsized(node: al.Expr) -> bool:
    return isinstance(node, al.Identity) and node == UNIT


def scaled_kronecker(node: al.Expr) -> al.Kronecker | None:
    """The Kronecker product that a factor is, but for the scalars that scale it."""
    match node:
        case al.Kronecker():
            return node
        case al.Neg(operand=scaled) | al.Div(numerator=scaled):
            return scaled_kronecker(scaled)
        case al.Mul(factors=factors):
            found = [inner for factor in factors if (inner := scaled_kronecker(factor)) is not None]
            return found[0] if len(found) == 1 else None
    return None


Layout = Literal["column", "row"]


class Shaper:
    """Infers shapes; None is that of ``I``, which fits where it stands.

    ``layout`` says whether the formula's vectors are columns or rows; Jacobians are the same.
    """

    def __init__(self, model: al.Model, layout: Layout = "column") -> None:
        self.model = model
        self.layout = layout
        self.integers = {i.name: i.index_dim for i in model.inputs if i.index_dim is not None}
        named = {name: al.entries(shape) for name, shape in model.shapes.items()}
        self.lengths = {
            f"len({name})": dim
            for name, dim in (dict(zip(model.dims, model.dims, strict=True)) | named).items()
        }
        self._known: dict[int, tuple[al.Expr, Extents | None]] = {}

    def shape(self, node: al.Expr) -> Extents | None:
        """Rows and columns of a part.

        Raises
        ------
        ShapeError
            If its operands do not fit.
        """
        if id(node) not in self._known:
            self._known[id(node)] = (node, self._shape(node))
        return self._known[id(node)][1]

    def _shape(self, node: al.Expr) -> Extents | None:
        match node:
            case al.Number() | al.Constant() | al.Count() | al.Length() | Delta():
                return SCALAR
            case al.Ones(dim=dim):
                return self.laid((dim,)) if dim else None
            case al.Fill():
                return self.laid(node.of_shape)
            case al.BlockMatrix():
                sizes = self.block_sizes(node)
                return None if sizes is None else (_whole(sizes[0]), _whole(sizes[1]))
            case al.Identity():
                return None if is_unsized(node) else (node.dim, node.dim)
            case al.Ref(name=name) if name in self.integers:
                raise ShapeError(node, f"`{name}` is an integer: write `onehot({text_of(node)})`")
            case al.Param() | al.Ref() | al.OneHot() | al.Cotangent() | al.Stack():
                return self.laid(node.shape)
            case al.Lookup():
                return self._row(node)
            case Entry():
                return self._entry(node)
            case al.Add(terms=terms):
                return self._together(terms, node, broadcast=False)
            case al.Mul(factors=terms) | al.Call(args=terms):
                return self._together(terms, node, broadcast=True)
            case al.Div(numerator=above, denominator=below):
                return self._together((above, below), node, broadcast=True)
            case al.Product():
                return self._product(node)
            case al.Neg(operand=operand):
                return self.shape(operand)
            case al.Transpose(operand=operand):
                inner = self.shape(operand)
                return None if inner is None else (inner[1], inner[0])
            case al.Pow():
                return self._power(node)
            case al.Derivative(output=of, wrt=by):
                return self._derivative(self.known(of), self.known(by))
            case al.TimeSum() | al.OrderedProduct():
                return self._over(node)
            case al.Loss():
                return self._loss(node)
            case al.Kronecker():
                return self._kronecker(node, None)
        return self._vector_function(node)

    def laid(self, shape: al.Shape) -> Extents:
        """Rows and columns of a value of the model, in the layout of the formula."""
        rows, columns = extents(shape)
        return (columns, rows) if len(shape) == 1 and self.layout == "row" else (rows, columns)

    def known(self, node: al.Expr) -> Extents:
        """The shape of what can't be ``I``."""
        found = self.shape(node)
        if found is None:
            raise ShapeError(node, "the size of `I` does not follow from where it stands")
        return found

    def _row(self, node: al.Lookup) -> Extents:
        assert isinstance(node.row, al.Ref)
        rows, columns = node.table.shape
        position = self.integers.get(node.row.name)
        if position != rows:
            raise ShapeError(
                node,
                f"`{node.row.name}` counts up to {position or 1}, and `{text_of(node.table)}` has "
                f"{rows} rows",
            )
        return self.laid((columns,))

    def _entry(self, node: Entry) -> Extents:
        if isinstance(node.array, al.Derivative) and len(node.places) == 3:
            self._places(node, (*node.array.output.shape, *node.array.wrt.shape))
            return SCALAR
        rows, columns = self.known(node.array)
        wanted = 1 if 1 in (rows, columns) else 2
        if len(node.places) != wanted and len(node.places) != 2:
            raise ShapeError(
                node,
                f"`{text_of(node.array)}` is {shape_text((rows, columns))}: an entry of it takes "
                f"{wanted} indices",
            )
        two = len(node.places) == 2
        self._places(node, (rows, columns) if two else (rows if columns == 1 else columns,))
        return SCALAR

    def _places(self, node: Entry, shape: al.Shape) -> None:
        if len(shape) != len(node.places):
            raise ShapeError(node, f"an entry of it takes {len(shape)} indices")
        for place, axis in zip(node.places, shape, strict=True):
            if isinstance(place, al.Ref) and self.integers[place.name] != axis:
                raise ShapeError(place, f"`{place.name}` does not count the entries here")

    def _together(
        self, terms: tuple[al.Expr, ...], node: al.Expr, *, broadcast: bool
    ) -> Extents | None:
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
                if SCALAR not in (found, one) and self.is_flat(one, found):
                    found = one
                flat = self.is_flat(found, one)
                one = found if flat else one
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

    def is_flat(self, shape: Extents, matrix: Extents) -> bool:
        """Whether it is that of the entries of a matrix, as Jacobians count them."""
        return 1 not in matrix and shape == self.laid((al.entries(matrix),))

    def block_sizes(
        self, node: al.BlockMatrix, whole: Extents | None = None
    ) -> tuple[list[al.Dim], list[al.Dim]] | None:
        """The heights and widths of blocks; zeros are of their own size.

        One that no block tells is what the others leave of the whole; without it, None.
        """
        heights, widths = self._sizes_told(node)
        told = _told(heights, whole and whole[0]), _told(widths, whole and whole[1])
        if whole is not None and None in told:
            raise ShapeError(node, "the size of `I` does not follow from the blocks around it")
        return None if told[0] is None or told[1] is None else (told[0], told[1])

    def _sizes_told(self, node: al.BlockMatrix) -> tuple[list[al.Dim | None], list[al.Dim | None]]:
        """What the blocks tell of each other's heights and widths."""
        heights: list[al.Dim | None] = [None] * len(node.cells)
        widths: list[al.Dim | None] = [None] * len(node.cells[0])
        cells = [(i, j, c) for i, row in enumerate(node.cells) for j, c in enumerate(row) if c]
        for i, j, cell in cells:
            shape = self.shape(cell)
            if shape is None:
                continue
            if (heights[i] or shape[0], widths[j] or shape[1]) != shape:
                size = f"{shape_text(shape)} beside or below others"
                raise ShapeError(cell, f"the blocks do not fit: here is {size}")
            heights[i], widths[j] = shape
        for i, j, cell in cells:
            if self.shape(cell) is None:
                widths[j] = widths[j] or self.beside(cell, heights[i])
                heights[i] = heights[i] or self.beside(cell, widths[j], axis=1)
        return heights, widths

    def beside(self, node: al.Expr, known: al.Dim | None, axis: Literal[0, 1] = 0) -> al.Dim | None:
        """The other size of a block of which neighbours tell one: ``I`` is square."""
        if isinstance(node, al.Add):
            return self.beside(node.terms[0], known, axis)
        if (stands := self.stood(node)) is not None:
            return 1 if stands == ("column", "row")[axis] else None
        inner = scaled_kronecker(node)
        if inner is None or known is None:
            return known
        shape = self._kronecker(inner, known, axis)
        return shape and shape[1 - axis]

    def _product(self, node: al.Product) -> Extents | None:
        left, right = self.shape(node.left), self.shape(node.right)
        inner = scaled_kronecker(node.right)
        if inner is not None and right is None and left is not None:
            right = self._kronecker(inner, left[1])
        if left is None and scaled_kronecker(node.left) is not None:
            return None
        stood = self.stood(node.left), self.stood(node.right)
        if left is None and right is not None and stood[0]:
            return None if stood[0] == "column" else (1, right[1])
        if right is None and left is not None and stood[1]:
            return None if stood[1] == "row" else (left[0], 1)
        if left is None and right is not None:
            return (self.side(node.left, 0) or right[0], right[1])
        if left is None or right is None:
            return left and (left[0], self.side(node.right, 1) or left[1])
        if is_turned(left, right) and is_matrix_of_values(node.right):
            return (right[1], 1)
        if left[1] != right[0]:
            raise ShapeError(
                node.right,
                f"{shape_text(left)} times {shape_text(right)}: {_dim_text(left[1])} columns do "
                f"not meet {_dim_text(right[0])} rows{self._hint(node, left, right)}",
            )
        return (left[0], right[1])

    def stood(self, node: al.Expr) -> Layout | None:
        """How a vector of ones, or numbers times it, stands whose length the others tell."""
        match node:
            case al.Ones(dim=""):
                return self.layout
            case al.Transpose(operand=operand):
                stands = self.stood(operand)
                return None if stands is None else "column" if stands == "row" else "row"
            case al.Neg(operand=operand) | al.Div(numerator=operand):
                return self.stood(operand)
            case al.Mul(factors=factors):
                return next(filter(None, map(self.stood, factors)), None)
        return None

    def side(self, node: al.Expr, which: Literal[0, 1]) -> al.Dim | None:
        """The rows, or columns, of a product whose other side only its neighbours tell."""
        match node:
            case al.Product(left=left, right=right):
                outer = right if which else left
                found = self.shape(outer)
                return self.side(outer, which) if found is None else found[which]
            case al.BlockMatrix():
                told = _told(self._sizes_told(node)[which], None)
                return None if told is None else _whole(told)
            case al.Transpose(operand=operand):
                return self.side(operand, 0 if which else 1)
            case al.Neg(operand=operand) | al.Div(numerator=operand):
                return self.side(operand, which)
            case al.Mul(factors=factors):
                sides = (self.side(each, which) for each in factors)
                return next((side for side in sides if side is not None), None)
        return None

    def _hint(self, node: al.Product, left: Extents, right: Extents) -> str:
        if left[0] == right[0] and left[1] != left[0]:
            return f"; `{text_of(al.Product(al.Transpose(node.left), node.right))}` fits"
        return ""

    def _power(self, node: al.Pow) -> Extents | None:
        base = self.shape(node.base)
        square = base is None or (base[0] == base[1] and base != SCALAR)
        exponent = node.exponent
        inner = exponent.operand if isinstance(exponent, al.Neg) else exponent
        if square and isinstance(inner, al.Number | al.Constant) and inner.value.denominator != 1:
            raise ShapeError(exponent, "a matrix power has a whole exponent")
        return base

    def _derivative(self, of: Extents, by: Extents) -> Extents:
        return by if of == SCALAR else (al.entries(of), al.entries(by))

    def _over(self, node: al.TimeSum | al.OrderedProduct) -> Extents | None:
        found = self.shape(body(node))
        if isinstance(node, al.OrderedProduct) and found is not None and found[0] != found[1]:
            raise ShapeError(
                body(node),
                f"the factors of a product are square or scalar, and these are {shape_text(found)}",
            )
        return found

    def _vector_function(self, node: al.Expr) -> Extents:
        """Functions of vectors and matrices, and what makes matrices of vectors."""
        match node:
            case al.Vector(function=name, args=args, like=like):
                if not vector_function(name).takes_matrices:
                    self._length(node, name, args[0])
                found = {shape for arg in args if (shape := self.shape(arg)) is not None}
                if len(found) != 1:
                    self._misfit(node, name, *args)
                return SCALAR if like is None else found.pop()
            case al.Diag(vector=along):
                length = self._length(node, "diag", along)
                return (length, length)
            case al.Outer(left=left, right=right):
                return (self._length(node, "outer", left), self._length(node, "outer", right))
            case al.Concat(parts=parts):
                return self.laid(
                    (al.add_dims(self._length(node, "concat", part) for part in parts),)
                )
            case al.Vec(operand=operand):
                return self.laid((al.entries(self.known(operand)),))
            case RowOf(matrix=matrix):
                return self.laid((self.known(matrix)[1],))
            case al.Slice(number=number):
                return self.laid((self.blocks(node)[number],))
        raise MissingRuleError(f"no shape for {type(node).__name__} in a formula")

    def blocks(self, node: al.Slice) -> tuple[al.Dim, ...]:
        """The lengths of a vector's blocks; the last one is what the others leave of it."""
        whole = self._length(node, "a slice", node.vector)
        *before, last = node.blocks
        rest = difference(whole, al.add_dims(before)) if last == UNIT.dim else last
        found = tuple(before) if rest in (None, 0) else (*before, rest)
        empty = node.number >= len(found)
        if rest is None or empty or al.add_dims(found) != whole:
            words = f"`{text_of(node.vector)}` of length {_dim_text(whole)} has no such block"
            raise ShapeError(node, words)
        return found

    def _length(self, node: al.Expr, name: str, arg: al.Expr) -> al.Dim:
        """How long a row or column is."""
        shape = self.known(arg)
        if 1 not in shape:
            self._misfit(node, name, arg)
        return al.entries(shape)

    def _kronecker(
        self, node: al.Kronecker, known: al.Dim | None, axis: Literal[0, 1] = 0
    ) -> Extents | None:
        """With ``I`` on one side it follows from the rows, or columns, that it must have."""
        sides = [self.shape(side) for side in (node.left, node.right)]
        if None in sides and known is None:
            return None
        other = next((side for side in sides if side is not None), None)
        if other is None:
            raise ShapeError(node, "the size of `I` does not follow from where it stands")
        size = 1 if known is None else quotient(known, other[axis])
        if size is None:
            what = ("rows", "columns")[axis]
            raise ShapeError(node, f"`{text_of(node)}` has no {known} {what} for any size of `I`")
        left, right = (side or (size, size) for side in sides)
        return (al.entries((left[0], right[0])), al.entries((left[1], right[1])))

    def _loss(self, node: al.Loss) -> Extents:
        prediction, target = node.prediction, node.target
        if isinstance(target, al.Ref) and target.name in self.integers:
            if al.entries(self.known(prediction)) != self.integers[target.name]:
                self._misfit(node, node.function, prediction)
        elif self.known(prediction) != self.known(target):
            self._misfit(node, node.function, prediction, target)
        return SCALAR if node.wrt is None else self.known((prediction, target)[node.wrt])

    def _misfit(self, node: al.Expr, name: str, *args: al.Expr) -> None:
        found = " and ".join(shape_text(self.known(arg)) for arg in args)
        raise ShapeError(node, f"`{name}` does not take {found}")


def _whole(sizes: list[al.Dim]) -> al.Dim:
    return sizes[0] if len(sizes) == 1 else al.add_dims(sizes)


def is_turned(left: Extents, right: Extents) -> bool:
    """Whether a product is ``v @ W`` of a column, that is ``W.T @ v``."""
    return left[1] == 1 != right[1] and left[0] == right[0] != 1


def is_matrix_of_values(node: al.Expr) -> bool:
    """Whether no derivative stands in it: a Jacobian is not multiplied from the left."""
    return not any(isinstance(part, al.Derivative) for part in walk(node))


def _wider(one: al.Dim, other: al.Dim) -> al.Dim:
    return other if one == 1 else one


def quotient(whole: al.Dim, part: al.Dim) -> al.Dim | None:
    """What times ``part`` is ``whole``."""
    if part == 1:
        return whole
    if whole == part:
        return 1
    rest = list(whole.parts) if isinstance(whole, al.DimProduct) else [whole]
    for one in part.parts if isinstance(part, al.DimProduct) else (part,):
        if one not in rest:
            return None
        assert not isinstance(one, al.DimProduct)
        rest.remove(one)
    return al.entries(tuple(rest))


def _told(sizes: list[al.Dim | None], whole: al.Dim | None) -> list[al.Dim] | None:
    """The sizes, one unknown being what the others leave of the whole."""
    known = [size for size in sizes if size is not None]
    if len(known) == len(sizes):
        return known
    rest = None if whole is None else difference(whole, al.add_dims(known) if known else 0)
    if len(known) + 1 < len(sizes) or rest is None:
        return None
    return [rest if size is None else size for size in sizes]


def difference(whole: al.Dim, part: al.Dim) -> al.Dim | None:
    """What and ``part`` are ``whole``, in names and in numbers; nothing is 0."""
    rest = _terms(whole)
    for name, count in _terms(part).items():
        rest[name] = rest.get(name, 0) - count
    if any(count < 0 for count in rest.values()):
        return None
    number = rest.pop("", 0)
    names = tuple(name for name, count in rest.items() for _ in range(count))
    return al.add_dims((*names, number) if number else names)


def _terms(dim: al.Dim) -> dict[al.Dim, int]:
    """How often each name or product stands in a sum of lengths; under "" the number."""
    found: dict[al.Dim, int] = {}
    for part in dim.parts if isinstance(dim, al.DimSum) else (dim,):
        name, count = ("", part) if isinstance(part, int) else (part, 1)
        found[name] = found.get(name, 0) + count
    return found
