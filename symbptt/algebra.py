"""The vocabulary of symbptt: expressions, references in time, models.

Everything here is immutable, comparable and free of behaviour that belongs to a
stage: parsing, differentiating, printing and evaluating live in their own rooms and
meet in these types.

An expression keeps the form its author gave it. ``v + 0.05*(u - 0.9*v)`` stays that
tree of sums and products; nothing here reorders, distributes or folds.

Shapes are tuples of dimensions. A vector of shape ``("h",)`` is a column; a scalar has
shape ``()``. In sums and elementwise products scalars broadcast.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, fields, replace
from fractions import Fraction
from functools import lru_cache
from typing import Any, TypeVar


@dataclass(frozen=True)
class DimSum:
    """The length of vectors set end to end; ``parts`` are names or literal lengths."""

    parts: tuple[str | int, ...]

    def __str__(self) -> str:
        return " + ".join(map(str, self.parts))


Dim = str | int | DimSum
Shape = tuple[Dim, ...]


def add_dims(dims: Iterable[Dim]) -> Dim:
    """The length of a concatenation: literal if all parts are, else a `DimSum`."""
    parts: list[str | int] = []
    for dim in dims:
        parts.extend(dim.parts if isinstance(dim, DimSum) else (dim,))
    literals = [part for part in parts if isinstance(part, int)]
    if len(literals) == len(parts):
        return sum(literals)
    return parts[0] if len(parts) == 1 else DimSum(tuple(parts))


# --- indices ---------------------------------------------------------------------------


@dataclass(frozen=True)
class Index:
    """An integer linear form in index names, such as ``t - 1`` or ``T + t - i``.

    Attributes
    ----------
    terms : tuple of (name, coefficient)
        In the order written; no name twice, no coefficient zero.
    offset : int
    """

    terms: tuple[tuple[str, int], ...] = ()
    offset: int = 0

    @classmethod
    def of(cls, name: str, offset: int = 0) -> Index:
        return cls(((name, 1),), offset)

    def __add__(self, other: Index | int) -> Index:
        if isinstance(other, int):
            return Index(self.terms, self.offset + other)
        total: dict[str, int] = dict(self.terms)
        for name, coefficient in other.terms:
            total[name] = total.get(name, 0) + coefficient
        terms = tuple((name, c) for name, c in total.items() if c)
        return Index(terms, self.offset + other.offset)

    def __neg__(self) -> Index:
        return Index(tuple((name, -c) for name, c in self.terms), -self.offset)

    def __sub__(self, other: Index | int) -> Index:
        return self + (-other)

    def names(self) -> tuple[str, ...]:
        return tuple(name for name, _ in self.terms)

    def substitute(self, values: Mapping[str, Index]) -> Index:
        result = Index(offset=self.offset)
        for name, coefficient in self.terms:
            value = values.get(name, Index.of(name))
            scaled = Index(
                tuple((n, c * coefficient) for n, c in value.terms),
                value.offset * coefficient,
            )
            result = result + scaled
        return result

    def at(self, values: Mapping[str, int]) -> int:
        """The step that this index means for the given values of its names."""
        return self.offset + sum(c * values[name] for name, c in self.terms)

    def __str__(self) -> str:
        text = ""
        for name, c in self.terms:
            sign = "-" if c < 0 else "+" if text else ""
            text += f"{sign}{'' if abs(c) == 1 else abs(c)}{name}"
        if self.offset or not text:
            text += f"{self.offset:+d}" if text else str(self.offset)
        return text


NOW = Index.of("t")
LAST = Index.of("T")


# --- expressions -----------------------------------------------------------------------


@dataclass(frozen=True)
class Expr:
    """A node. Children are the fields that are expressions or tuples of expressions."""

    @property
    def shape(self) -> Shape:
        raise TypeError(f"{type(self).__name__} states no shape")


@dataclass(frozen=True)
class Number(Expr):
    """An exact number; ``text`` is the author's spelling, ``0.05`` for 1/20."""

    value: Fraction
    text: str = field(default="", compare=False)

    @property
    def shape(self) -> Shape:
        return ()


@dataclass(frozen=True)
class Constant(Expr):
    """A named exact number of the model, ``dt = 0.05``."""

    name: str
    value: Fraction

    @property
    def shape(self) -> Shape:
        return ()


@dataclass(frozen=True)
class Length(Expr):
    """``len(h)``: the length of a dimension where a number is wanted."""

    dim: Dim

    @property
    def shape(self) -> Shape:
        return ()


@dataclass(frozen=True)
class Horizon(Expr):
    """T as a number: what the total loss is divided by."""

    @property
    def shape(self) -> Shape:
        return ()


@dataclass(frozen=True)
class Param(Expr):
    """A parameter, or a derived parameter: it has no time."""

    name: str
    of_shape: Shape

    @property
    def shape(self) -> Shape:
        return self.of_shape


@dataclass(frozen=True)
class Ref(Expr):
    """A quantity, an input or the loss at a step: ``h[t-1]``, ``y[T]``, ``h[0]``."""

    name: str
    index: Index
    of_shape: Shape

    @property
    def shape(self) -> Shape:
        return self.of_shape


@dataclass(frozen=True)
class Cotangent(Expr):
    """dL/d(variable), in the variable's shape.

    ``index`` is None for a parameter or derived parameter. For the loss itself the name
    is ``loss``.
    """

    name: str
    index: Index | None
    of_shape: Shape

    @property
    def shape(self) -> Shape:
        return self.of_shape


@dataclass(frozen=True)
class Identity(Expr):
    dim: Dim

    @property
    def shape(self) -> Shape:
        return (self.dim, self.dim)


def broadcast(parts: Iterable[Expr]) -> Shape:
    """The common shape of elementwise operands: scalars take the others' shape."""
    shapes = [part.shape for part in parts]
    return max(shapes, key=len, default=())


@dataclass(frozen=True)
class Add(Expr):
    """A sum in the author's order; a difference has a `Neg` among the terms."""

    terms: tuple[Expr, ...]

    @property
    def shape(self) -> Shape:
        return broadcast(self.terms)


@dataclass(frozen=True)
class Neg(Expr):
    operand: Expr

    @property
    def shape(self) -> Shape:
        return self.operand.shape


@dataclass(frozen=True)
class Mul(Expr):
    """An elementwise product; numbers and scalars scale vectors and matrices."""

    factors: tuple[Expr, ...]

    @property
    def shape(self) -> Shape:
        return broadcast(self.factors)


@dataclass(frozen=True)
class Div(Expr):
    numerator: Expr
    denominator: Expr

    @property
    def shape(self) -> Shape:
        return broadcast((self.numerator, self.denominator))


@dataclass(frozen=True)
class Pow(Expr):
    """An elementwise power; the exponent is a `Number`, a `Constant` or their negative."""

    base: Expr
    exponent: Expr

    @property
    def shape(self) -> Shape:
        return self.base.shape


@dataclass(frozen=True)
class Call(Expr):
    """An elementwise function, a row of `symbptt.functions` or an abstract one.

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
class Transpose(Expr):
    """The transpose of a matrix expression."""

    operand: Expr

    @property
    def shape(self) -> Shape:
        rows, columns = self.operand.shape
        return (columns, rows)


@dataclass(frozen=True)
class Product(Expr):
    """A matrix times a vector (a vector results) or times a matrix."""

    left: Expr
    right: Expr

    @property
    def shape(self) -> Shape:
        return (self.left.shape[0], *self.right.shape[1:])


@dataclass(frozen=True)
class Lookup(Expr):
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
class Pick(Expr):
    """The entry v_i of a vector; ``position`` is an integer `Ref`."""

    vector: Expr
    position: Expr

    @property
    def shape(self) -> Shape:
        return ()


@dataclass(frozen=True)
class Concat(Expr):
    parts: tuple[Expr, ...]

    @property
    def shape(self) -> Shape:
        return (add_dims(part.shape[0] for part in self.parts),)


@dataclass(frozen=True)
class Slice(Expr):
    """Block ``number`` (from 0) of a vector whose blocks have the given lengths."""

    vector: Expr
    blocks: tuple[Dim, ...]
    number: int

    @property
    def shape(self) -> Shape:
        return (self.blocks[self.number],)


@dataclass(frozen=True)
class Softmax(Expr):
    vector: Expr

    @property
    def shape(self) -> Shape:
        return self.vector.shape


@dataclass(frozen=True)
class LogSoftmax(Expr):
    vector: Expr

    @property
    def shape(self) -> Shape:
        return self.vector.shape


@dataclass(frozen=True)
class Sum(Expr):
    """The sum of all entries of a vector or matrix."""

    operand: Expr

    @property
    def shape(self) -> Shape:
        return ()


@dataclass(frozen=True)
class Mean(Expr):
    operand: Expr

    @property
    def shape(self) -> Shape:
        return ()


@dataclass(frozen=True)
class Dot(Expr):
    """The inner product of two vectors, or of two matrices entry by entry."""

    left: Expr
    right: Expr

    @property
    def shape(self) -> Shape:
        return ()


@dataclass(frozen=True)
class Loss(Expr):
    """A loss of two arguments: a row of `symbptt.functions.LOSSES`, or an abstract one.

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
class Fill(Expr):
    """A scalar in every entry of the given shape: s times the vector of ones."""

    scalar: Expr
    of_shape: Shape

    @property
    def shape(self) -> Shape:
        return self.of_shape


@dataclass(frozen=True)
class Outer(Expr):
    """u v.T, a matrix."""

    left: Expr
    right: Expr

    @property
    def shape(self) -> Shape:
        return (self.left.shape[0], self.right.shape[0])


@dataclass(frozen=True)
class Pullback(Expr):
    """(d output / d wrt).T cotangent: the chain rule before anything is worked out.

    The partial derivative is that of the one equation which defines ``output``, with
    all else that it reads held. ``output`` and ``cotangent`` have the same name, index
    and shape; the result has the shape of ``wrt`` (a `Ref` at a step, or a `Param`).
    """

    output: Expr
    wrt: Expr
    cotangent: Expr

    @property
    def shape(self) -> Shape:
        return self.wrt.shape


@dataclass(frozen=True)
class Cases(Expr):
    """A vector by entries: ``on`` at the entry ``position``, ``off`` at the others.

    ``on`` and ``off`` are vectors or scalars, read at the entry in question.
    """

    position: Expr
    on: Expr
    off: Expr
    dim: Dim

    @property
    def shape(self) -> Shape:
        return (self.dim,)


@dataclass(frozen=True)
class TimeSum(Expr):
    """The sum over steps t = ``first`` … ``last`` of a term written for step t."""

    term: Expr
    first: Index = Index(offset=1)
    last: Index = LAST

    @property
    def shape(self) -> Shape:
        return self.term.shape


ZERO = Number(Fraction(0))
ONE = Number(Fraction(1))


@lru_cache(maxsize=None)
def _child_fields(kind: type[Expr]) -> tuple[str, ...]:
    plain = {
        "Number",
        "Constant",
        "Length",
        "Horizon",
        "Param",
        "Ref",
        "Cotangent",
        "Identity",
    }
    if kind.__name__ in plain:
        return ()
    skip = {
        "dim",
        "of_shape",
        "blocks",
        "number",
        "function",
        "wrt_argument",
        "first",
        "last",
    }
    return tuple(f.name for f in fields(kind) if f.name not in skip)


def children(expr: Expr) -> tuple[Expr, ...]:
    """The direct subexpressions, in the order of the node's fields."""
    found: list[Expr] = []
    for name in _child_fields(type(expr)):
        value = getattr(expr, name)
        if isinstance(value, Expr):
            found.append(value)
        elif isinstance(value, tuple):
            found.extend(value)
    return tuple(found)


Node = TypeVar("Node", bound=Expr)


def map_children(expr: Node, change: Callable[[Expr], Expr]) -> Node:
    """The same node with every direct subexpression replaced by ``change`` of it."""
    changed: dict[str, Any] = {}
    for name in _child_fields(type(expr)):
        value = getattr(expr, name)
        new: Any = value
        if isinstance(value, Expr):
            new = change(value)
        elif isinstance(value, tuple):
            new = tuple(change(item) for item in value)
        if new != value:
            changed[name] = new
    return replace(expr, **changed) if changed else expr


def transform(expr: Expr, change: Callable[[Expr], Expr]) -> Expr:
    """``change`` applied to every node, from the leaves up."""
    return change(map_children(expr, lambda child: transform(child, change)))


def walk(expr: Expr) -> Iterator[Expr]:
    """The node and all below it, parents first, left to right."""
    yield expr
    for child in children(expr):
        yield from walk(child)


def substitute_index(expr: Expr, values: Mapping[str, Index]) -> Expr:
    """The expression at other steps: ``{"t": t + 1}`` moves all of it one step on."""

    def move(node: Expr) -> Expr:
        if isinstance(node, Ref | Cotangent) and node.index is not None:
            return replace(node, index=node.index.substitute(values))
        return node

    return transform(expr, move)


def shifted(expr: Expr, steps: int) -> Expr:
    """The expression with t replaced by t + steps."""
    return substitute_index(expr, {"t": NOW + steps}) if steps else expr


# --- models ----------------------------------------------------------------------------


@dataclass(frozen=True)
class Parameter:
    name: str
    shape: Shape
    comment: str = ""
    line: int = 0


@dataclass(frozen=True)
class Derived:
    """A derived parameter: a name for an expression of parameters and constants."""

    name: str
    rhs: Expr
    comment: str = ""
    line: int = 0
    auxiliary: bool = False

    @property
    def shape(self) -> Shape:
        return self.rhs.shape


@dataclass(frozen=True)
class Input:
    """What has a time index and is never defined.

    Attributes
    ----------
    shape : Shape
        Without time and batch; ``()`` for integers and scalars.
    index_dim : Dim or None
        For integer inputs, the dimension that they index; None for real ones.
    timed : bool
        False where it is read only at ``[T]`` (or ``[T-k]``) and so has no time axis.
    target : bool
        True where it stands as second argument of a loss.
    loss_only : bool
        True where nothing but the loss reads it.
    """

    name: str
    shape: Shape
    index_dim: Dim | None = None
    timed: bool = True
    target: bool = False
    loss_only: bool = False
    comment: str = ""


@dataclass(frozen=True)
class Equation:
    """``name[t] = rhs``; ``last`` is True for ``loss[T] = …`` and what only it needs.

    ``auxiliary`` marks what the normal form introduced (a pre-activation, say); the
    author's own equations have it False.
    """

    name: str
    rhs: Expr
    shape: Shape
    comment: str = ""
    line: int = 0
    last: bool = False
    auxiliary: bool = False

    @property
    def index(self) -> Index:
        return LAST if self.last else NOW

    @property
    def ref(self) -> Ref:
        return Ref(self.name, self.index, self.shape)


@dataclass(frozen=True)
class Initial:
    """The value of a state or lagged input at a step <= 0.

    ``value`` is None where the caller gives it, else an expression of parameters and
    numbers (a scalar number fills the shape).
    """

    name: str
    step: int
    shape: Shape
    value: Expr | None = None
    line: int = 0

    @property
    def key(self) -> str:
        """Its name in CARRY: ``h[0]``, ``h[-1]``."""
        return f"{self.name}[{self.step}]"


@dataclass(frozen=True)
class Abstract:
    """An elementwise function (or a loss) left abstract, with its default if any."""

    name: str
    arity: int
    default: str | None = None
    loss: bool = False


@dataclass(frozen=True)
class Model:
    """A recurrence, parsed and with all shapes known.

    Attributes
    ----------
    name : str
        The file's stem.
    text : str
        The source, as read.
    dims : tuple of str
        The free dimensions: of inputs first, then states, then the rest, in file order.
    parameters, derived, inputs, equations : tuples
        In file order of first appearance (parameters, inputs) or of definition.
        ``equations`` has the loss last where there is one; it is called ``loss``.
    constants : tuple of (name, value)
    initials : tuple of Initial
        For every state and every input read with a lag, steps 0, -1, …, as far as the
        longest lag reaches.
    abstract : tuple of Abstract
    """

    name: str
    text: str
    dims: tuple[str, ...]
    parameters: tuple[Parameter, ...]
    inputs: tuple[Input, ...]
    equations: tuple[Equation, ...]
    derived: tuple[Derived, ...] = ()
    constants: tuple[tuple[str, Fraction], ...] = ()
    initials: tuple[Initial, ...] = ()
    abstract: tuple[Abstract, ...] = ()
    path: str = field(default="", compare=False)

    def equation(self, name: str) -> Equation:
        return next(e for e in self.equations if e.name == name)

    def input(self, name: str) -> Input:
        return next(i for i in self.inputs if i.name == name)

    @property
    def loss(self) -> Equation | None:
        return next((e for e in self.equations if e.name == "loss"), None)

    @property
    def states(self) -> tuple[str, ...]:
        """The defined quantities that are also read at an earlier step, in file order."""
        lagged = {initial.name for initial in self.initials}
        return tuple(e.name for e in self.equations if e.name in lagged)

    def lag(self, name: str) -> int:
        """The longest lag with which ``name`` is read; 0 if only at its own step."""
        return max((1 - i.step for i in self.initials if i.name == name), default=0)

    def _repr_latex_(self) -> str:
        from symbptt.typeset.latex import model_latex

        return model_latex(self)
