"""The elementwise functions: one row each, read by every room.

Adding a function is adding a row. ``derivatives`` are written in the arguments ``x``
(or ``u``, ``v``) and in the function's own value ``y``, because the forward pass has y
already: for tanh it is ``1 - y**2``. A test compares each with SymPy's derivative of
the ``sympy`` form.
"""

from __future__ import annotations

import ast
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cache

from symbptt.algebra import (
    Add,
    Call,
    Div,
    Expr,
    Mul,
    Neg,
    Number,
    Param,
    Pick,
    Pow,
    transform,
)
from symbptt.errors import UnknownNameError


@dataclass(frozen=True)
class Function:
    """An elementwise function.

    Attributes
    ----------
    name : str
    sympy : str
        Its definition in SymPy's syntax. Names that SymPy lacks (``step``, ``sign``,
        ``beyond``, ``zero``) are piecewise constant: their derivative is 0 wherever it exists.
    latex : str
        The function's sign, set before its arguments in parentheses, or around them
        where it has a place for them, as in ``\\sqrt{0}``.
    numpy : str
        The call, with ``{0}``, ``{1}`` for the arguments; a leading underscore names a
        helper that the generated module defines.
    derivatives : tuple of str
        One per argument, in ``x`` (or ``u``, ``v``) and ``y``.
    public : bool
        Whether a model may call it; the others only occur in derivatives.
    steepest : str
        The largest modulus of its derivative, a decimal rounded up; empty where there is
        none (or more than one argument).
    about : str
        What it is, in words (LaTeX), where its definition by others would not tell a reader.
    familiar : bool
        Whether every reader knows it: an article does not define it.
    helper : str
        The body of ``_name``, a NumPy function of the arguments, where the runtime of modules
        has none.
    calls : tuple of str
        For floats, the function as ufuncs one after the other, each of which writes into
        ``{out}``; where there are none and ``numpy`` is no ufunc, it is computed a few rows
        at a time.
    """

    name: str
    sympy: str
    latex: str
    numpy: str
    derivatives: tuple[str, ...]
    public: bool = True
    steepest: str = ""
    about: str = ""
    familiar: bool = False
    helper: str = ""
    calls: tuple[str, ...] = ()

    @property
    def arguments(self) -> tuple[str, ...]:
        return ("x",) if len(self.derivatives) == 1 else ("u", "v")


_ROWS = (
    Function(
        "tanh", "tanh(x)", r"\tanh", "np.tanh({0})", ("1 - y**2",), steepest="1", familiar=True
    ),
    Function(
        "sigmoid",
        "1/(1 + exp(-x))",
        r"\sigma",
        "_sigmoid({0})",
        ("y*(1 - y)",),
        steepest="0.25",
        # (tanh(x/2) + 1)/2: one call that never overflows, and two cheap ones.
        calls=(
            "np.multiply({0}, 0.5)",
            "np.tanh({out})",
            "np.multiply({out}, 0.5)",
            "np.add({out}, 0.5)",
        ),
    ),
    Function(
        "relu",
        "x*step(x)",
        r"\operatorname{relu}",
        "np.maximum({0}, 0)",
        ("step(y)",),
        steepest="1",
    ),
    Function(
        "softplus",
        "log(1 + exp(x))",
        r"\operatorname{softplus}",
        "_softplus({0})",
        ("sigmoid(x)",),
        steepest="1",
        calls=("np.logaddexp({0}, 0)",),
    ),
    Function("exp", "exp(x)", r"\exp", "np.exp({0})", ("y",), familiar=True),
    Function("log", "log(x)", r"\log", "np.log({0})", ("1/x",), familiar=True),
    Function("sqrt", "sqrt(x)", r"\sqrt{0}", "np.sqrt({0})", ("1/(2*y)",), familiar=True),
    Function("sin", "sin(x)", r"\sin", "np.sin({0})", ("cos(x)",), steepest="1", familiar=True),
    Function("cos", "cos(x)", r"\cos", "np.cos({0})", ("-sin(x)",), steepest="1", familiar=True),
    Function(
        "abs",
        "x*sign(x)",
        r"\left\lvert{0}\right\rvert",
        "np.abs({0})",
        ("sign(x)",),
        steepest="1",
        familiar=True,
    ),
    Function(
        "erf",
        "erf(x)",
        r"\operatorname{erf}",
        "_erf({0})",
        ("2*normal_pdf(x, 1/2)",),
        steepest="1.128379167096",
        about=r"is the error function, $\frac{2}{\sqrt{\pi}} \int_0^x e^{-s^2} \, ds$",
    ),
    Function(
        "silu",
        "x/(1 + exp(-x))",
        r"\operatorname{silu}",
        "_silu({0})",
        ("sigmoid(x) + y*(1 - sigmoid(x))",),
        steepest="1.099839320129",
        calls=(
            "np.multiply({0}, 0.5)",
            "np.tanh({out})",
            "np.add({out}, 1)",
            "np.multiply({out}, 0.5)",
            "np.multiply({out}, {0})",
        ),
    ),
    Function(
        "gelu",
        "x*(1 + erf(x/sqrt(2)))/2",
        r"\operatorname{gelu}",
        "_gelu({0})",
        ("normal_cdf(x) + x*normal_pdf(x, 1)",),
        steepest="1.128904145186",
    ),
    Function(
        "softsign",
        "x/(1 + x*sign(x))",
        r"\operatorname{softsign}",
        "_softsign({0})",
        ("(1/(1 + abs(x)))**2",),
        steepest="1",
        calls=("np.abs({0})", "np.add({out}, 1)", "np.divide({0}, {out})"),
    ),
    Function(
        "log_sigmoid",
        "-log(1 + exp(-x))",
        r"\log\sigma",
        "_log_sigmoid({0})",
        ("sigmoid(-x)",),
        steepest="1",
        calls=("np.negative({0})", "np.logaddexp({out}, 0)", "np.negative({out})"),
    ),
    Function(
        "max",
        "v + (u - v)*beyond(u, v)",
        r"\max",
        "np.maximum({0}, {1})",
        ("beyond(u, v)", "beyond(v, u)"),
        familiar=True,
    ),
    Function(
        "min",
        "u - (u - v)*beyond(u, v)",
        r"\min",
        "np.minimum({0}, {1})",
        ("beyond(v, u)", "beyond(u, v)"),
        familiar=True,
    ),
    # What only derivatives need.
    Function(
        "step",
        "step(x)",
        r"\operatorname{step}",
        "_step({0})",
        ("0",),
        public=False,
        calls=("np.greater({0}, 0)",),
        about="is $1$ where $x > 0$ and $0$ elsewhere",
    ),
    Function(
        "sign",
        "sign(x)",
        r"\operatorname{sign}",
        "_sign({0})",
        ("0",),
        public=False,
        calls=("np.sign({0})",),
        about="is $1$, $0$ or $-1$, the sign of $x$",
    ),
    Function(
        "beyond",
        "beyond(u, v)",
        r"\operatorname{beyond}",
        "_beyond({0}, {1})",
        ("0", "0"),
        public=False,
        about=r"is $1$ where $u > v$, $\frac{1}{2}$ where $u = v$ and $0$ elsewhere",
    ),
    Function(
        "normal_cdf",
        "(1 + erf(x/sqrt(2)))/2",
        r"\Phi",
        "_normal_cdf({0})",
        ("normal_pdf(x, 1)",),
        public=False,
        about="is the distribution function of the standard normal distribution",
    ),
    # The density of a centred normal variable; the second argument is its variance.
    Function(
        "normal_pdf",
        "exp(-u**2/(2*v))/sqrt(2*pi*v)",
        r"\varphi",
        "_normal_pdf({0}, {1})",
        ("-u/v*y", "y*(u**2 - v)/(2*v**2)"),
        public=False,
        about="is the density at $u$ of the normal distribution with mean $0$ and variance $v$",
    ),
)

FUNCTIONS: dict[str, Function] = {row.name: row for row in _ROWS}


def function(name: str) -> Function:
    """The row of an elementwise function.

    Raises
    ------
    UnknownNameError
        If the table has no such row.
    """
    try:
        return FUNCTIONS[name]
    except KeyError:
        raise UnknownNameError(f"no elementwise function is called {name!r}") from None


def derivative(name: str, wrt: int, args: Sequence[Expr], value: Expr | None = None) -> Expr:
    """The partial derivative of a function of the table, at ``args``.

    Parameters
    ----------
    value : Expr, optional
        What the forward pass calls the function's value; by default the call itself.
    """
    row = function(name)
    names: dict[str, Expr] = dict(zip(row.arguments, args, strict=True))
    names["y"] = Call(name, tuple(args)) if value is None else value

    def fill(node: Expr) -> Expr:
        return names[node.name] if isinstance(node, Param) else node

    return transform(read(row.derivatives[wrt]), fill)


def definition(name: str) -> Expr:
    """A function's definition in its arguments, scalar `Param`s ``x`` (or ``u``, ``v``)."""
    return read(function(name).sympy)


@cache
def read(text: str) -> Expr:
    """A formula of a table as an expression; its variables are scalar `Param`s.

    ``v[i]`` is the entry of a vector. Calls stay calls, whatever they name.

    Raises
    ------
    UnknownNameError
        If the text holds what no table's formula has.
    """
    return _expression(ast.parse(text, mode="eval").body)


def _expression(node: ast.expr) -> Expr:
    match node:
        case ast.Constant(value=int() | float() as value):
            return Number(Fraction(str(value)))
        case ast.Name(id=name):
            return Param(name, ())
        case ast.UnaryOp(op=ast.USub(), operand=operand):
            return Neg(_expression(operand))
        case ast.BinOp(left=left, op=ast.Add(), right=right):
            return Add((_expression(left), _expression(right)))
        case ast.BinOp(left=left, op=ast.Sub(), right=right):
            return Add((_expression(left), Neg(_expression(right))))
        case ast.BinOp(left=left, op=ast.Mult(), right=right):
            return Mul((_expression(left), _expression(right)))
        case ast.BinOp(left=left, op=ast.Div(), right=right):
            return _quotient(_expression(left), _expression(right))
        case ast.BinOp(left=left, op=ast.Pow(), right=right):
            return Pow(_expression(left), _expression(right))
        case ast.Call(func=ast.Name(id=name), args=args):
            return Call(name, tuple(map(_expression, args)))
        case ast.Subscript(value=vector, slice=position):
            return Pick(_expression(vector), _expression(position))
    raise UnknownNameError(f"the tables of functions do not read {ast.unparse(node)!r}")


def _quotient(above: Expr, below: Expr) -> Expr:
    if isinstance(above, Number) and isinstance(below, Number):
        return Number(above.value / below.value)
    return Div(above, below)
