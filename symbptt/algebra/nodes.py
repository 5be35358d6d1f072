"""The node kinds of expressions: one frozen class each, with its shape."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from fractions import Fraction
from operator import attrgetter
from typing import ClassVar, Literal

from symbptt.algebra.index import LAST, Dim, Index, Shape, add_dims

Held = Literal["equation", "step", "nothing", "total"]
"""What a derivative of a quantity at a step holds fixed.

``equation``: all that the one equation which defines it reads, but the one thing asked
for. ``step``: the values of all earlier steps, but the one asked for; what is computed
within the step follows. ``nothing``: everything follows, through all steps. A derived
parameter is a parameter of its own: it does not follow. ``total``: it follows, too.
"""


@dataclass(frozen=True)
class Expr:
    """A node. Children are the fields whose type holds expressions.

    What is true of a kind stands at the kind, and nowhere else.

    Attributes
    ----------
    leaf : bool
        A name or a number: nothing is read below it.
    pointwise : bool
        Each entry depends on the same entry of the operands, scalars broadcast.
    structured : bool
        It has an adjoint rule of its own; in normal form its operands are names.
    linear : bool
        It is linear in all its operands together.
    free : bool
        It costs nothing beside its operands: a name, a number, a view.
    opaque : bool
        It names its variables and does not read their values: it has no children.
    """

    leaf: ClassVar[bool] = False
    pointwise: ClassVar[bool] = False
    structured: ClassVar[bool] = False
    linear: ClassVar[bool] = False
    free: ClassVar[bool] = False
    opaque: ClassVar[bool] = False

    def __init_subclass__(cls, shape: str = "", **facts: bool) -> None:
        """A kind's facts; ``shape`` is where its shape stands, ``operand.shape``."""
        stated: dict[str, object] = dict(facts)
        if shape:
            stated["shape"] = property(attrgetter(shape))
        for fact, holds in stated.items():
            setattr(cls, fact, holds)

    @property
    def shape(self) -> Shape:
        raise TypeError(f"{type(self).__name__} states no shape")


class Scalar(Expr):
    """A node without axes."""

    @property
    def shape(self) -> Shape:
        return ()


@dataclass(frozen=True)
class Number(Scalar, leaf=True, free=True):
    """An exact number; ``text`` is the author's spelling, ``0.05`` for 1/20."""

    value: Fraction
    text: str = field(default="", compare=False)


@dataclass(frozen=True)
class Constant(Scalar, leaf=True, free=True):
    """A named exact number of the model, ``dt = 0.05``."""

    name: str
    value: Fraction


@dataclass(frozen=True)
class Length(Scalar, leaf=True, free=True):
    """``len(h)``: the length of a dimension where a number is wanted; ``of`` is its author's h."""

    dim: Dim
    of: str = field(default="", compare=False)


@dataclass(frozen=True)
class Count(Scalar, leaf=True, free=True):
    """An index as a number: ``T - i`` in an exponent, ``i`` as the place of an entry."""

    index: Index


@dataclass(frozen=True)
class Horizon(Count, leaf=True, free=True):
    """T as a number: what the total loss is divided by."""

    index: Index = LAST


@dataclass(frozen=True)
class Param(Expr, leaf=True, free=True, shape="of_shape"):
    """A parameter, or a derived parameter: it has no time."""

    name: str
    of_shape: Shape


@dataclass(frozen=True)
class Ref(Expr, leaf=True, free=True, shape="of_shape"):
    """A quantity, an input or the loss at a step: ``h[t-1]``, ``y[T]``, ``h[0]``."""

    name: str
    index: Index
    of_shape: Shape


@dataclass(frozen=True)
class Cotangent(Expr, leaf=True, free=True, shape="of_shape"):
    """dL/d(variable), in the variable's shape.

    ``index`` is None for a parameter or derived parameter. For the loss itself the name
    is ``loss``. With ``part`` it is d(the part of L that the loss of that step
    gives)/d(variable).
    """

    name: str
    index: Index | None
    of_shape: Shape
    part: Index | None = None


@dataclass(frozen=True)
class Identity(Expr, leaf=True, free=True):
    dim: Dim

    @property
    def shape(self) -> Shape:
        return (self.dim, self.dim)


def broadcast(parts: Iterable[Expr]) -> Shape:
    """The common shape of elementwise operands: scalars take the others' shape."""
    shapes = [part.shape for part in parts]
    return max(shapes, key=len, default=())


@dataclass(frozen=True)
class Add(Expr, pointwise=True, linear=True):
    """A sum in the author's order; a difference has a `Neg` among the terms."""

    terms: tuple[Expr, ...]

    @property
    def shape(self) -> Shape:
        return broadcast(self.terms)


@dataclass(frozen=True)
class Neg(Expr, pointwise=True, linear=True, shape="operand.shape"):
    operand: Expr


@dataclass(frozen=True)
class Mul(Expr, pointwise=True):
    """An elementwise product; numbers and scalars scale vectors and matrices."""

    factors: tuple[Expr, ...]

    @property
    def shape(self) -> Shape:
        return broadcast(self.factors)


@dataclass(frozen=True)
class Div(Expr, pointwise=True):
    numerator: Expr
    denominator: Expr

    @property
    def shape(self) -> Shape:
        return broadcast((self.numerator, self.denominator))


@dataclass(frozen=True)
class Pow(Expr, pointwise=True, shape="base.shape"):
    """An elementwise power; the exponent is a `Number`, a `Constant` or their negative."""

    base: Expr
    exponent: Expr


@dataclass(frozen=True)
class Call(Expr, pointwise=True):
    """An elementwise function, a row of `symbptt.functions.elementwise` or an abstract one.

    ``wrt`` is None for the function itself and the argument's number (from 0) for a
    partial derivative of an abstract function, ``phi'``.
    """

    function: str
    args: tuple[Expr, ...]
    wrt: int | None = None

    @property
    def shape(self) -> Shape:
        return broadcast(self.args)


@dataclass(frozen=True)
class Transpose(Expr, structured=True, linear=True, free=True):
    """The transpose of a matrix expression."""

    operand: Expr

    @property
    def shape(self) -> Shape:
        rows, columns = self.operand.shape
        return (columns, rows)


@dataclass(frozen=True)
class Product(Expr, structured=True):
    """A matrix times a vector (a vector results) or times a matrix."""

    left: Expr
    right: Expr

    @property
    def shape(self) -> Shape:
        return (self.left.shape[0], *self.right.shape[1:])


@dataclass(frozen=True)
class Lookup(Expr, structured=True):
    """A row of a matrix parameter, ``E[tok[t]]``; ``row`` is an integer `Ref`."""

    table: Expr
    row: Expr

    @property
    def shape(self) -> Shape:
        return (self.table.shape[1],)


@dataclass(frozen=True)
class OneHot(Expr):
    """The unit vector e_i; ``position`` is an integer `Ref`, ``dim`` the length."""

    position: Expr
    dim: Dim

    @property
    def shape(self) -> Shape:
        return (self.dim,)


@dataclass(frozen=True)
class Pick(Scalar, structured=True):
    """The entry v_i of a vector; ``position`` is an integer `Ref`."""

    vector: Expr
    position: Expr


@dataclass(frozen=True)
class Concat(Expr, structured=True, linear=True, free=True):
    """Vectors end to end, columns or rows, a scalar being one entry; in array programs also
    matrices, one below the other."""

    parts: tuple[Expr, ...]

    @property
    def shape(self) -> Shape:
        shapes = [part.shape for part in self.parts]
        if all(len(shape) == 2 and shape[0] == 1 for shape in shapes):
            return (1, add_dims(shape[1] for shape in shapes))
        return (add_dims(shape[0] if shape else 1 for shape in shapes), *shapes[0][1:])


@dataclass(frozen=True)
class Slice(Expr, linear=True, free=True):
    """Block ``number`` (from 0) of a vector whose blocks have the given lengths."""

    vector: Expr
    blocks: tuple[Dim, ...]
    number: int

    @property
    def shape(self) -> Shape:
        return (*self.vector.shape[:-1], self.blocks[self.number])


@dataclass(frozen=True)
class Vector(Expr, structured=True):
    """A function of whole vectors, a row of `symbptt.functions.vectors`: softmax, sum, dot.

    ``like`` is the number of the argument whose shape the value has; None for a scalar.
    """

    function: str
    args: tuple[Expr, ...]
    like: int | None = None

    @property
    def shape(self) -> Shape:
        return () if self.like is None else self.args[self.like].shape


@dataclass(frozen=True)
class Loss(Expr, structured=True):
    """A loss of two arguments: a row of `symbptt.functions.losses`, or an abstract one.

    ``wrt`` is None for its value (a scalar), 0 or 1 for its gradient with respect to
    that argument (in the argument's shape).
    """

    function: str
    prediction: Expr
    target: Expr
    wrt: int | None = None

    @property
    def shape(self) -> Shape:
        if self.wrt is None:
            return ()
        return (self.prediction, self.target)[self.wrt].shape


@dataclass(frozen=True)
class Fill(Expr, linear=True, free=True, shape="of_shape"):
    """A scalar in every entry of the given shape: s times the vector of ones."""

    scalar: Expr
    of_shape: Shape


ZERO = Number(Fraction(0))
ONE = Number(Fraction(1))
