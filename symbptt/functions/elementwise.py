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
from typing import TYPE_CHECKING, Any

from symbptt import algebra as al
from symbptt.errors import UnknownNameError

if TYPE_CHECKING:
    import numpy as np


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
        function that a module carries, of the runtime or, below, of this file.
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
    calls: tuple[str, ...] = ()

    @property
    def arguments(self) -> tuple[str, ...]:
        return ("x",) if len(self.derivatives) == 1 else ("u", "v")


_ROWS = (
    Function(
        "tanh", "tanh(x)", r"\tanh", "np.tanh({0})", ("1 - y**2",), steepest="1", familiar=True,
    ),
    # (tanh(x/2) + 1)/2: one call that never overflows, and two cheap ones.
    Function(
        "sigmoid", "1/(1 + exp(-x))", r"\sigma", "_sigmoid({0})", ("y*(1 - y)",), steepest="0.25",
        calls=(
            "np.multiply({0}, 0.5)", "np.tanh({out})", "np.multiply({out}, 0.5)",
            "np.add({out}, 0.5)",
        ),
    ),
    Function(
        "relu", "x*step(x)", r"\operatorname{relu}", "np.maximum({0}, 0)", ("step(y)",),
        steepest="1",
    ),
    Function(
        "softplus", "log(1 + exp(x))", r"\operatorname{softplus}", "_softplus({0})",
        ("sigmoid(x)",), steepest="1", calls=("np.logaddexp({0}, 0)",),
    ),
    Function("exp", "exp(x)", r"\exp", "np.exp({0})", ("y",), familiar=True),
    Function("log", "log(x)", r"\log", "np.log({0})", ("1/x",), familiar=True),
    Function("sqrt", "sqrt(x)", r"\sqrt{0}", "np.sqrt({0})", ("1/(2*y)",), familiar=True),
    Function("sin", "sin(x)", r"\sin", "np.sin({0})", ("cos(x)",), steepest="1", familiar=True),
    Function("cos", "cos(x)", r"\cos", "np.cos({0})", ("-sin(x)",), steepest="1", familiar=True),
    Function(
        "abs", "x*sign(x)", r"\left\lvert{0}\right\rvert", "np.abs({0})", ("sign(x)",),
        steepest="1", familiar=True,
    ),
    Function(
        "erf", "erf(x)", r"\operatorname{erf}", "_erf({0})", ("2*normal_pdf(x, 1/2)",),
        steepest="1.128379167096",
        about=r"is the error function, $\frac{2}{\sqrt{\pi}} \int_0^x e^{-s^2} \, ds$",
    ),
    Function(
        "silu", "x/(1 + exp(-x))", r"\operatorname{silu}", "_silu({0})",
        ("sigmoid(x) + y*(1 - sigmoid(x))",), steepest="1.099839320129",
        calls=(
            "np.multiply({0}, 0.5)", "np.tanh({out})", "np.add({out}, 1)",
            "np.multiply({out}, 0.5)", "np.multiply({out}, {0})",
        ),
    ),
    Function(
        "gelu", "x*(1 + erf(x/sqrt(2)))/2", r"\operatorname{gelu}", "_gelu({0})",
        ("normal_cdf(x) + x*normal_pdf(x, 1)",), steepest="1.128904145186",
    ),
    Function(
        "softsign", "x/(1 + x*sign(x))", r"\operatorname{softsign}", "_softsign({0})",
        ("(1/(1 + abs(x)))**2",), steepest="1",
        calls=("np.abs({0})", "np.add({out}, 1)", "np.divide({0}, {out})"),
    ),
    Function(
        "log_sigmoid", "-log(1 + exp(-x))", r"\log\sigma", "_log_sigmoid({0})", ("sigmoid(-x)",),
        steepest="1", calls=("np.negative({0})", "np.logaddexp({out}, 0)", "np.negative({out})"),
    ),
    Function(
        "max", "v + (u - v)*beyond(u, v)", r"\max", "np.maximum({0}, {1})",
        ("beyond(u, v)", "beyond(v, u)"), familiar=True,
    ),
    Function(
        "min", "u - (u - v)*beyond(u, v)", r"\min", "np.minimum({0}, {1})",
        ("beyond(v, u)", "beyond(u, v)"), familiar=True,
    ),
    Function(
        "elu", "x*step(x) + exp(x*(1 - step(x))) - 1", r"\operatorname{elu}", "_elu({0})",
        ("exp(min(x, 0))",), steepest="1", about="is $x$ where $x > 0$ and $e^x - 1$ elsewhere",
    ),
    Function(
        "leaky_relu", "x/100 + 99/100*x*beyond(x, 0)", r"\operatorname{leaky\,relu}",
        "_leaky_relu({0})", ("1/100 + 99/100*beyond(x, 0)",), steepest="1",
        about=r"is $x$ where $x > 0$ and $\frac{x}{100}$ elsewhere",
    ),
    Function(
        "selu",
        "1.0507009873554805*(x*beyond(x, 0) + 1.6732632423543772*(exp(x*beyond(0, x)) - 1))",
        r"\operatorname{selu}", "_selu({0})",
        ("1.0507009873554805*(beyond(x, 0) + 1.6732632423543772*beyond(0, x)*exp(min(x, 0)))",),
        steepest="1.758099340848",
        about=r"is $\lambda x$ where $x > 0$ and $\lambda \alpha (e^x - 1)$ elsewhere, "
        r"$\lambda = 1.0507009873554805$ and $\alpha = 1.6732632423543772$",
    ),
    Function(
        "mish", "x*tanh(log(1 + exp(x)))", r"\operatorname{mish}", "_mish({0})",
        ("tanh(softplus(x)) + x*sigmoid(x)*(1 - tanh(softplus(x))**2)",), steepest="1.088498",
        about=r"is $x \tanh(\log(1 + e^x))$",
    ),
    Function(
        "hard_sigmoid", "(x*beyond(3, x*sign(x)) + 3*sign(x)*beyond(x*sign(x), 3) + 3)/6",
        r"\operatorname{hard\,sigmoid}", "_hard_sigmoid({0})", ("beyond(3, abs(x))/6",),
        steepest="0.166666666667",
        about=r"is $\frac{x}{6} + \frac{1}{2}$, but no less than $0$ and no more than $1$",
    ),
    Function(
        "hard_tanh", "x*beyond(1, x*sign(x)) + sign(x)*beyond(x*sign(x), 1)",
        r"\operatorname{hard\,tanh}", "_hard_tanh({0})", ("beyond(1, abs(x))",), steepest="1",
        about="is $x$, but no less than $-1$ and no more than $1$",
    ),
    Function("sinh", "sinh(x)", r"\sinh", "np.sinh({0})", ("cosh(x)",), familiar=True),
    Function("cosh", "cosh(x)", r"\cosh", "np.cosh({0})", ("sinh(x)",), familiar=True),
    Function(
        "arctan", "atan(x)", r"\arctan", "np.arctan({0})", ("arctan_slope(x)",), steepest="1",
        familiar=True,
    ),
    Function("log1p", "log(1 + x)", r"\operatorname{log1p}", "_log1p({0})", ("1/(1 + x)",)),
    Function("expm1", "exp(x) - 1", r"\operatorname{expm1}", "_expm1({0})", ("exp(x)",)),
    # What only derivatives need.
    Function(
        "step", "step(x)", r"\operatorname{step}", "_step({0})", ("0",), public=False,
        calls=("np.greater({0}, 0)",), about="is $1$ where $x > 0$ and $0$ elsewhere",
    ),
    Function(
        "sign", "sign(x)", r"\operatorname{sign}", "_sign({0})", ("0",), public=False,
        calls=("np.sign({0})",), about="is $1$, $0$ or $-1$, the sign of $x$",
    ),
    Function(
        "beyond", "beyond(u, v)", r"\operatorname{beyond}", "_beyond({0}, {1})", ("0", "0"),
        public=False, about=r"is $1$ where $u > v$, $\frac{1}{2}$ where $u = v$ and $0$ elsewhere",
    ),
    Function(
        "normal_cdf", "(1 + erf(x/sqrt(2)))/2", r"\Phi", "_normal_cdf({0})", ("normal_pdf(x, 1)",),
        public=False, about="is the distribution function of the standard normal distribution",
    ),
    # The density of a centred normal variable; the second argument is its variance.
    Function(
        "normal_pdf", "exp(-u**2/(2*v))/sqrt(2*pi*v)", r"\varphi", "_normal_pdf({0}, {1})",
        ("-u/v*y", "y*(u**2 - v)/(2*v**2)"), public=False,
        about="is the density at $u$ of the normal distribution with mean $0$ and variance $v$",
    ),
    # A root whose derivative at 0 counts as 0, and the quotient by it.
    Function(
        "root", "sqrt(x + zero(x)) - zero(x)", r"\sqrt{0}", "np.sqrt({0})", ("ratio(1, 2*y)",),
        public=False, familiar=True,
    ),
    Function(
        "ratio", "u/(v + zero(v))", r"\frac{0}{1}", "_ratio({0}, {1})",
        ("ratio(1, v)", "-ratio(ratio(u, v), v)"), public=False,
        about="counts as $0$ where the norm below is $0$",
    ),
    # 1/(1 + x**2) without its square: of two factors one is at most 1, the other is its part.
    Function(
        "arctan_slope", "1/(1 + x**2)", r"\arctan'", "_arctan_slope({0})", ("-2*x*y**2",),
        public=False,
    ),
)  # fmt: skip

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


def derivative(
    name: str, wrt: int, args: Sequence[al.Expr], value: al.Expr | None = None
) -> al.Expr:
    """The partial derivative of a function of the table, at ``args``.

    Parameters
    ----------
    value : Expr, optional
        What the forward pass calls the function's value; by default the call itself.
    """
    row = function(name)
    names: dict[str, al.Expr] = dict(zip(row.arguments, args, strict=True))
    names["y"] = al.Call(name, tuple(args)) if value is None else value

    def fill(node: al.Expr) -> al.Expr:
        return names[node.name] if isinstance(node, al.Param) else node

    return al.transform(read(row.derivatives[wrt]), fill)


def definition(name: str) -> al.Expr:
    """A function's definition in its arguments, scalar `Param`s ``x`` (or ``u``, ``v``)."""
    return read(function(name).sympy)


@cache
def read(text: str) -> al.Expr:
    """A formula of a table as an expression; its variables are scalar `Param`s.

    ``v[i]`` is the entry of a vector. Calls stay calls, whatever they name.

    Raises
    ------
    UnknownNameError
        If the text holds what no table's formula has.
    """
    return _expression(ast.parse(text, mode="eval").body)


def _expression(node: ast.expr) -> al.Expr:
    match node:
        case ast.Constant(value=int() | float() as value):
            return al.Number(Fraction(str(value)))
        case ast.Name(id=name):
            return al.Param(name, ())
        case ast.UnaryOp(op=ast.USub(), operand=operand):
            return al.Neg(_expression(operand))
        case ast.BinOp(left=left, op=ast.Add(), right=right):
            return al.Add((_expression(left), _expression(right)))
        case ast.BinOp(left=left, op=ast.Sub(), right=right):
            return al.Add((_expression(left), al.Neg(_expression(right))))
        case ast.BinOp(left=left, op=ast.Mult(), right=right):
            return al.Mul((_expression(left), _expression(right)))
        case ast.BinOp(left=left, op=ast.Div(), right=right):
            return _quotient(_expression(left), _expression(right))
        case ast.BinOp(left=left, op=ast.Pow(), right=right):
            return al.Pow(_expression(left), _expression(right))
        case ast.Call(func=ast.Name(id=name), args=args):
            return al.Call(name, tuple(map(_expression, args)))
        case ast.Subscript(value=vector, slice=position):
            return al.Pick(_expression(vector), _expression(position))
    raise UnknownNameError(f"the tables of functions do not read {ast.unparse(node)!r}")


def _quotient(above: al.Expr, below: al.Expr) -> al.Expr:
    if isinstance(above, al.Number) and isinstance(below, al.Number):
        return al.Number(above.value / below.value)
    return al.Div(above, below)


# --- NumPy for modules that name it: floats without overflow, exact numbers as they are --------


def _ratio(u: Any, v: Any) -> Any:
    """u / v, and 0 where v is 0."""
    return np.where(v == 0, 0 * u, u / np.where(v == 0, 1, v))


def _arctan_slope(x: Any) -> Any:
    """1 / (1 + x**2), without overflow for floats."""
    if x.dtype == object:
        return 1 / (1 + x * x)
    near, far = np.minimum(np.abs(x), 1), 1 / np.maximum(np.abs(x), 1)
    return far * far / (far * far + near * near)


def _elu(x: Any) -> Any:
    """x where x > 0, exp(x) - 1 elsewhere."""
    return np.maximum(x, 0) + _expm1(np.minimum(x, 0 * x))


def _leaky_relu(x: Any) -> Any:
    """x where x > 0, x / 100 elsewhere."""
    return np.maximum(x, x / 100)


def _selu(x: Any) -> Any:
    """Scaled exponential linear units."""
    exact = Fraction if x.dtype == object else float
    low = exact("1.6732632423543772") * _expm1(np.minimum(x, 0 * x))
    return exact("1.0507009873554805") * (np.maximum(x, 0) + low)


def _mish(x: Any) -> Any:
    """x tanh(softplus(x)), without overflow for floats."""
    if x.dtype == object:
        return x * np.tanh(np.log(1 + np.exp(x)))
    return x * np.tanh(np.logaddexp(x, x.dtype.type(0)))


def _hard_sigmoid(x: Any) -> Any:
    """x / 6 + 1 / 2 between 0 and 1; exact numbers stay exact."""
    end = 3 + 0 * x
    return (np.minimum(np.maximum(x, -end), end) + 3) / 6


def _hard_tanh(x: Any) -> Any:
    """x between -1 and 1; exact numbers stay exact."""
    end = 1 + 0 * x
    return np.minimum(np.maximum(x, -end), end)


def _log1p(x: Any) -> Any:
    """log(1 + x)."""
    return np.log(1 + x) if x.dtype == object else np.log1p(x)


def _expm1(x: Any) -> Any:
    """exp(x) - 1."""
    return np.exp(x) - 1 if x.dtype == object else np.expm1(x)
