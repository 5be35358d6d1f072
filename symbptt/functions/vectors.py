"""The functions of whole vectors: one row each, read by every room.

Adding a function is adding a row. A definition and an adjoint are written in the arguments
``x`` (or ``u``, ``v``); an adjoint also in the value ``y`` and in its cotangent ``dy``. They
are made of elementwise functions, of each other, of ``len(x)``, the number of entries, and of
``inner(u, v)``, the inner product of vectors and the product of scalars. A test compares each
adjoint with the derivative of the definition.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from symbptt import algebra as al
from symbptt.errors import UnknownNameError
from symbptt.functions.elementwise import read

if TYPE_CHECKING:
    import numpy as np


@dataclass(frozen=True)
class VectorFunction:
    """A function of whole vectors.

    Attributes
    ----------
    name : str
    shapes : str
        What it takes and gives, ``(n) -> (n)``; ``(...)`` is a vector or a matrix. All
        arguments have one shape.
    definition : str
        Empty for the sum, which all others are made of.
    adjoint : tuple of str
        What each argument receives; a scalar goes to all entries.
    latex : str
        The function's sign, set before its arguments in parentheses, or a formula with its
        parts between angle brackets. Empty for the sum and the inner product, which print as
        products of matrices.
    numpy : str
        The call for the rows of an array, with ``{0}``, ``{1}`` for the arguments; a leading
        underscore names a function that a module carries, of the runtime or of this file.
    once : str
        The call for one vector where ``numpy`` does not serve.
    slope : str
        The derivative of the entry ``j`` of the value by the entry ``i`` of the argument,
        where it is shorter than that of the definition.
    graph : str
        The sign in a computational graph (LaTeX); the name where it is empty.
    about : str
        What it is, in words (LaTeX), where not everybody knows it.
    linear : bool
        Whether it is linear in its arguments taken together.
    """

    name: str
    shapes: str
    definition: str
    adjoint: tuple[str, ...]
    latex: str
    numpy: str
    once: str = ""
    slope: str = ""
    graph: str = ""
    about: str = ""
    linear: bool = False

    @property
    def arguments(self) -> tuple[str, ...]:
        return ("x",) if len(self.adjoint) == 1 else ("u", "v")

    @property
    def like(self) -> int | None:
        """The argument whose shape the value has; None for a scalar."""
        return None if self.shapes.endswith("-> ()") else 0

    @property
    def takes_matrices(self) -> bool:
        return self.shapes.startswith("(...)")


_ROWS = (
    VectorFunction(
        "softmax", "(n) -> (n)", "exp(x)/sum(exp(x))", ("y*(dy - dot(y, dy))",),
        r"\operatorname{softmax}", "_softmax({0})", slope="y[j]*(delta(j, i) - y[i])",
    ),
    VectorFunction(
        "log_softmax", "(n) -> (n)", "log(softmax(x))", ("dy - exp(y)*sum(dy)",),
        r"\log\operatorname{softmax}", "_log_softmax({0})", slope="delta(j, i) - exp(y[i])",
        graph=r"\log\operatorname{softmax}",
    ),
    VectorFunction(
        "sum", "(...) -> ()", "", ("dy",), "", "_total({0})", once="np.sum({0})", graph=r"\sum",
        linear=True,
    ),
    VectorFunction(
        "mean", "(...) -> ()", "1/len(x)*sum(x)", ("dy/len(x)",), r"\frac{1}{<len(x)>} <sum(x)>",
        "_mean({0})", once="np.mean({0})", linear=True,
    ),
    VectorFunction(
        "dot", "(...), (...) -> ()", "sum(u*v)", ("dy*v", "dy*u"), "", "_dot({0}, {1})",
        once="np.sum({0} * {1})", graph=r"\cdot",
    ),
    VectorFunction(
        "norm", "(n) -> ()", "root(sum(x**2))", ("dy*ratio(x, y)",),
        r"\left\lVert <x> \right\rVert", "_norm({0})", slope="ratio(x[i], y)",
        graph=r"\lVert\,\cdot\,\rVert",
    ),
    VectorFunction(
        "logsumexp", "(n) -> ()", "log(sum(exp(x)))", ("dy*softmax(x)",),
        r"\operatorname{logsumexp}", "_logsumexp({0})", slope="softmax(x)[i]",
        about=r"is $\log \sum_k e^{x_k}$",
    ),
)  # fmt: skip

VECTORS: dict[str, VectorFunction] = {row.name: row for row in _ROWS}


def vector_function(name: str) -> VectorFunction:
    """The row of a function of vectors.

    Raises
    ------
    UnknownNameError
        If the table has no such row.
    """
    try:
        return VECTORS[name]
    except KeyError:
        raise UnknownNameError(f"no function of vectors is called {name!r}") from None


def vector(name: str, *args: al.Expr) -> al.Vector:
    """A function of the table, applied."""
    return al.Vector(name, args, vector_function(name).like)


def definition(expr: al.Vector) -> al.Expr:
    """What a function of the table is, at the arguments of ``expr``."""
    return formula_at(expr, vector_function(expr.function).definition)


def formula_at(expr: al.Vector, text: str) -> al.Expr:
    """A formula of a function's row, at the arguments of ``expr``."""
    row = vector_function(expr.function)
    return stated(text, dict(zip(row.arguments, expr.args, strict=True)))


def stated(
    text: str, names: Mapping[str, al.Expr], tidy: Callable[[al.Expr], al.Expr] = lambda node: node
) -> al.Expr:
    """A formula of a table with expressions for its names.

    Parameters
    ----------
    tidy : callable, optional
        Applied to every node of the formula, from the leaves up.
    """

    def fill(node: al.Expr) -> al.Expr:
        match node:
            case al.Param(name=name):
                return names[name]
            case al.Call(function="len", args=(array,)):
                return size(array.shape)
            case al.Call(function="inner", args=args):
                return vector("dot", *args) if args[1].shape else al.Mul(args)
            case al.Call(function=name, args=args) if name in VECTORS:
                return vector(name, *args)
            case al.Mul(factors=(left, right)) if left == right and left.shape:
                return al.Pow(left, al.Number(Fraction(2)))
        return tidy(node)

    return al.transform(read(text), fill)


def size(shape: al.Shape) -> al.Expr:
    """The number of entries of a shape; of a row laid as a matrix, that of the row."""
    row = al.DimSum((1,))
    lengths = [
        al.Number(Fraction(d)) if isinstance(d, int) else al.Length(d) for d in shape if d != row
    ]
    return lengths[0] if len(lengths) == 1 else al.Mul(tuple(lengths))


# --- NumPy for modules that name it: floats without overflow, exact numbers as they are --------


def _norm(x: Any) -> Any:
    """The length of each row, scaled for floats by the largest entry."""
    if x.dtype == object:
        return np.sqrt((x * x).sum(axis=-1, keepdims=True))
    largest = np.abs(x).max(axis=-1, keepdims=True, initial=0)
    scaled = x / np.where(largest > 0, largest, 1)
    return largest * np.sqrt((scaled * scaled).sum(axis=-1, keepdims=True))


def _logsumexp(x: Any) -> Any:
    """log(sum(exp(x))) of each row, shifted by the maximum for floats."""
    if x.dtype == object:
        return np.log(np.exp(x).sum(axis=-1, keepdims=True))
    largest = x.max(axis=-1, keepdims=True)
    # What is that much smaller counts as 0, and its distance might overflow.
    near = np.maximum(x, largest - 1e4)
    return largest + np.log(np.exp(near - largest).sum(axis=-1, keepdims=True))
