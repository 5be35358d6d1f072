"""The node kinds of derivations: the chain rule, sums and products over time, Jacobians.

A Jacobian is a matrix with a row for each entry of the output and a column for each
entry of what it is taken by; a matrix counts row by row, a scalar as one entry.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from symbptt.algebra.index import FIRST, LAST, Dim, Index, Shape, add_dims, entries
from symbptt.algebra.nodes import Cotangent, Expr, Held, Param, Ref


@dataclass(frozen=True)
class Outer(Expr, structured=True):
    """u v.T, a matrix."""

    left: Expr
    right: Expr

    @property
    def shape(self) -> Shape:
        return (self.left.shape[0], self.right.shape[0])


@dataclass(frozen=True)
class Pullback(Expr, shape="wrt.shape"):
    """(d output / d wrt).T cotangent: the chain rule before anything is worked out.

    ``held`` says what the derivative is (`Held`): by default that of the one equation
    which defines ``output``. ``output`` and ``cotangent`` have the same shape; the result
    has the shape of ``wrt`` (a `Ref` at a step, or a `Param`).
    """

    output: Expr
    wrt: Expr
    cotangent: Expr
    held: Held = "equation"


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
class TimeSum(Expr, shape="term.shape"):
    """The sum over steps t = ``first`` … ``last`` of a term written for step t.

    ``index`` is the name of the step that is summed over.
    """

    term: Expr
    first: Index = FIRST
    last: Index = LAST
    index: str = "t"


@dataclass(frozen=True)
class PartSum(Expr, shape="term.shape"):
    """The sum over the parts of L that the losses of steps s = ``first`` … ``last`` give.

    ``term`` is written for the loss of step s; what lies past T is absent. In pieces of
    ``tau`` steps (0: there are none) the index c_s means the last step of the piece before
    that of s.
    """

    term: Expr
    first: Index
    last: Index
    tau: int = 0


@dataclass(frozen=True)
class Stack(Expr, opaque=True):
    """Values end to end under one name: the state of a recurrence at a step.

    ``parts`` are quantities at this step or before it.
    """

    name: str
    index: Index
    parts: tuple[Ref, ...]

    @property
    def shape(self) -> Shape:
        return (add_dims(entries(part.shape) for part in self.parts),)

    def moved(self, to: Index, parts: tuple[Ref, ...]) -> Stack:
        return replace(self, index=to, parts=parts)


@dataclass(frozen=True)
class Derivative(Expr, opaque=True):
    """The Jacobian of ``output`` (a `Ref`, a `Stack` or a derived parameter) by ``wrt``."""

    output: Expr
    wrt: Expr
    held: Held = "equation"

    @property
    def shape(self) -> Shape:
        return (entries(self.output.shape), entries(self.wrt.shape))

    @property
    def name(self) -> str:
        assert isinstance(self.output, Ref | Stack | Param)
        return self.output.name

    @property
    def index(self) -> Index:
        assert isinstance(self.output, Ref | Stack)
        return self.output.index


@dataclass(frozen=True)
class Direct(Expr, opaque=True, shape="of.shape"):
    """What L gives to a value of the recurrence without going through the recurrence.

    The derivative of L by ``of`` (a `Ref` or a `Stack`) with all other values of the
    recurrence held: only what is read out of it follows.
    """

    of: Expr

    @property
    def name(self) -> str:
        assert isinstance(self.of, Ref | Stack)
        return self.of.name

    @property
    def index(self) -> Index:
        assert isinstance(self.of, Ref | Stack)
        return self.of.index


@dataclass(frozen=True)
class OrderedProduct(Expr, shape="factor.shape"):
    """A product of square matrices over steps, in the order in which it is written.

    The factor at ``first`` stands on the left; the steps go on by ``step`` (1 or -1) to
    ``last``. Without a step the product is the identity.
    """

    factor: Expr
    first: Index
    last: Index
    step: int = -1
    index: str = "j"


@dataclass(frozen=True)
class MatrixPower(Expr, shape="base.shape"):
    """So many factors of a square matrix, or of a number; none is the identity."""

    base: Expr
    exponent: Index


@dataclass(frozen=True)
class BlockMatrix(Expr):
    """A matrix of blocks, row by row; where there is none it is zero.

    ``heights`` and ``widths`` are the dimensions of the blocks.
    """

    cells: tuple[tuple[Expr | None, ...], ...]
    heights: tuple[Dim, ...]
    widths: tuple[Dim, ...]

    @property
    def name(self) -> str:
        """The names of the gradients that are its blocks, side by side."""
        found = (cell for row in self.cells for cell in row)
        return " ".join(cell.name for cell in found if isinstance(cell, Cotangent))

    @property
    def index(self) -> None:
        return None

    @property
    def shape(self) -> Shape:
        return (add_dims(self.heights), _added(self.widths))


def _added(dims: tuple[Dim, ...]) -> Dim:
    return dims[0] if len(dims) == 1 else add_dims(dims)


# --- what Jacobians are made of --------------------------------------------------------


@dataclass(frozen=True)
class Diag(Expr, structured=True, linear=True):
    """The diagonal matrix with a vector's entries."""

    vector: Expr

    @property
    def shape(self) -> Shape:
        return (self.vector.shape[-1], self.vector.shape[-1])


@dataclass(frozen=True)
class Column(Expr):
    """A vector, or a scalar, as a matrix of one column: it takes a scalar to a vector."""

    vector: Expr

    @property
    def shape(self) -> Shape:
        return (entries(self.vector.shape), 1)


@dataclass(frozen=True)
class Vec(Expr):
    """The entries of a matrix, row by row, as a vector."""

    operand: Expr

    @property
    def shape(self) -> Shape:
        return (entries(self.operand.shape),)


@dataclass(frozen=True)
class Ones(Expr):
    """The vector of ones."""

    dim: Dim

    @property
    def shape(self) -> Shape:
        return (self.dim,)


@dataclass(frozen=True)
class BlockRow(Expr):
    """The matrix that picks block ``number`` of vectors set end to end."""

    blocks: tuple[Dim, ...]
    number: int

    @property
    def shape(self) -> Shape:
        return (self.blocks[self.number], add_dims(self.blocks))


@dataclass(frozen=True)
class Kronecker(Expr):
    """``A ⊗ B`` of two matrices; ``I ⊗ v.T`` is the derivative of ``W @ v`` by W.

    W is flattened row by row; ``v.T ⊗ I`` is for ``W.T @ v`` and for rows of a table.
    """

    left: Expr
    right: Expr

    @property
    def shape(self) -> Shape:
        pairs = zip(self.left.shape, self.right.shape, strict=True)
        rows, columns = (entries(pair) for pair in pairs)
        return (rows, columns)
