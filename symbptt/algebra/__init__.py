"""The vocabulary of symbptt: expressions, references in time, models.

Everything here is immutable, comparable and free of behaviour that belongs to a
stage: parsing, differentiating, printing and evaluating live in their own rooms and
meet in these types.

An expression keeps the form its author gave it. ``v + 0.05*(u - 0.9*v)`` stays that
tree of sums and products; nothing here reorders, distributes or folds.

Shapes are tuples of dimensions. A vector of shape ``("h",)`` is a column; a scalar has
shape ``()``. In sums and elementwise products scalars broadcast.
"""

from symbptt.algebra.derivatives import (
    BlockMatrix,
    BlockRow,
    Cases,
    Column,
    Derivative,
    Diag,
    Direct,
    Kronecker,
    MatrixPower,
    Ones,
    OrderedProduct,
    Outer,
    PartSum,
    Pullback,
    Stack,
    TimeSum,
    Vec,
)
from symbptt.algebra.index import (
    FIRST,
    LAST,
    NOW,
    PART,
    Dim,
    DimProduct,
    DimSum,
    Index,
    Shape,
    add_dims,
    dim_names,
    entries,
)
from symbptt.algebra.model import (
    Abstract,
    Derived,
    Equation,
    Initial,
    Input,
    Model,
    Parameter,
)
from symbptt.algebra.nodes import (
    ONE,
    ZERO,
    Add,
    Call,
    Concat,
    Constant,
    Cotangent,
    Count,
    Div,
    Expr,
    Fill,
    Held,
    Horizon,
    Identity,
    Length,
    Lookup,
    Loss,
    Mul,
    Neg,
    Number,
    OneHot,
    Param,
    Pick,
    Pow,
    Product,
    Ref,
    Slice,
    Transpose,
    Vector,
    broadcast,
)
from symbptt.algebra.totals import MEAN_FACTOR, Total
from symbptt.algebra.traversal import (
    children,
    map_children,
    mentioned,
    replaced,
    shifted,
    substitute_index,
    terms_of,
    transform,
    transposed,
    walk,
    with_child,
)
