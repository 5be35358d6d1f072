"""Expressions of the array program as NumPy text.

Over rows (all steps, one step, the last step) a vector is an array (rows, n), a scalar
(rows, 1); without time a vector is (n,), a scalar (). Both broadcast against each other
as they should. A matrix times a vector over rows is therefore ``v @ W.T``.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from fractions import Fraction
from functools import cache
from typing import Literal

from symbptt import algebra as al
from symbptt.codegen.naming import ValueNames
from symbptt.codegen.program import Place
from symbptt.errors import MissingRuleError
from symbptt.functions.elementwise import function
from symbptt.functions.losses import LOSSES, loss_formula
from symbptt.functions.vectors import vector_function

SUM, PRODUCT, SIGN, POWER, ATOM = range(5)

Printed = tuple[str, int]


@dataclass(frozen=True)
class Raw(al.Expr):
    """Text that already stands for a value, such as a temporary."""

    text: str
    of_shape: al.Shape
    rowwise: bool

    @property
    def shape(self) -> al.Shape:
        return self.of_shape


@dataclass
class Uses:
    """What the printed text names, and the constants at the head of its function."""

    constants: dict[str, str] = field(default_factory=dict)
    names: set[str] = field(default_factory=set)


@cache
def names_of_call(call: str) -> frozenset[str]:
    """The names in the call of a row of functions, such as ``np.sum({0} * {1})``."""
    tree = ast.parse(call.format(*["()"] * 5), mode="eval")
    return frozenset(node.id for node in ast.walk(tree) if isinstance(node, ast.Name))


def is_rowwise(expr: al.Expr) -> bool:
    """Whether a value has an axis of rows, that is, depends on the step."""
    if isinstance(expr, al.TimeSum):
        return False
    if isinstance(expr, al.Ref | al.Cotangent | al.Derivative):
        return expr.index is not None
    if isinstance(expr, Raw):
        return expr.rowwise
    return any(map(is_rowwise, al.children(expr)))


def is_whole(expr: al.Expr) -> bool:
    """Whether a value is an integer of Python's, whose quotients would be floats."""
    match expr:
        case al.Number(value=value) | al.Constant(value=value):
            return value.denominator == 1
        case al.Length() | al.Horizon():
            return True
        case al.Add() | al.Mul() | al.Neg():
            return all(map(is_whole, al.children(expr)))
    return False


def is_full(expr: al.Expr) -> bool:
    """Whether the NumPy value has the whole shape, or is left to broadcasting."""
    if not expr.shape:
        return True
    if isinstance(expr, al.Fill):
        return False
    if isinstance(expr, al.TimeSum):
        return is_full(expr.term)
    if isinstance(expr, al.Vec):
        return is_full(expr.operand)
    if expr.pointwise:
        return any(c.shape == expr.shape and is_full(c) for c in al.children(expr))
    return True


def integer_ratio(value: Fraction, one: str = "one") -> str:
    if value.denominator == 1:
        return str(value.numerator)
    head = one if abs(value.numerator) == 1 else f"{abs(value.numerator)} * {one}"
    return f"{'-' if value < 0 else ''}{head} / {value.denominator}"


class NumpyPrinter:
    """Prints expressions for one place; ``local`` names are temporaries of the loop."""

    def __init__(
        self,
        names: ValueNames,
        place: Place,
        uses: Uses,
        local: frozenset[tuple[str, str]] = frozenset(),
        last: frozenset[str] = frozenset(),
        lag: int = 1,
    ) -> None:
        self.names = names
        self.place = place
        self.uses = uses
        self.local = local
        self.last = last
        self.lag = lag

    def text(self, expr: al.Expr) -> str:
        return self.printed(expr)[0]

    def name(self, name: str) -> str:
        """A name of the module, of its runtime or of what a function is handed, taken note of."""
        self.uses.names.add(name)
        return name

    def inside(self, expr: al.Expr, least: int) -> str:
        text, strength = self.printed(expr)
        return text if strength >= least else f"({text})"

    def printed(self, expr: al.Expr) -> Printed:
        """The text of an expression and how strongly its outermost operator binds.

        Raises
        ------
        MissingRuleError
            If there is no printer method for the node kind.
        """
        method: Callable[[al.Expr], Printed] | None = getattr(
            self, f"print_{type(expr).__name__.lower()}", None
        )
        if method is None:
            raise MissingRuleError(f"the NumPy printer has no method for {type(expr).__name__}")
        return method(expr)

    # --- arrays ----------------------------------------------------------------------------

    def array(self, how: Literal["empty", "zeros"], rows: str, shape: al.Shape) -> str:
        """A new array; a row of scalars is a column."""
        lengths = ", ".join([rows, *map(self.length, shape or (1,))])
        return f"np.{how}(({lengths}), {self.name('dtype')})"

    def zeros_like(self, array: str) -> str:
        return f"np.zeros_like({self.name(array)})"

    def row_count(self, *, last: bool) -> str:
        """How many rows there are: one a sequence, or one a step and sequence."""
        return f"{self.name('rows')}.{'sequences' if last else 'count'}"

    def length(self, dim: al.Dim) -> str:
        """The text of a length."""
        if not isinstance(dim, int):
            self.name("size")
        return self.names.length(dim)

    # --- leaves ----------------------------------------------------------------------------

    def print_raw(self, expr: Raw) -> Printed:
        return expr.text, ATOM

    def print_number(self, expr: al.Number) -> Printed:
        value = expr.value
        if value.denominator == 1:
            return str(value.numerator), ATOM if value >= 0 else SIGN
        sign = "m" if value < 0 else ""
        name = f"c_{sign}{abs(value.numerator)}_{value.denominator}"
        if len(name) > 24:
            name = f"c_{len(self.uses.constants)}"
        return self.constant(name, value), ATOM

    def print_constant(self, expr: al.Constant) -> Printed:
        if expr.value.denominator == 1:
            return str(expr.value.numerator), ATOM if expr.value >= 0 else SIGN
        return self.constant(self.names.values[expr.name], expr.value), ATOM

    def constant(self, name: str, value: Fraction) -> str:
        ratio = integer_ratio(value)
        if value.denominator > 1:
            self.name("one")
        known = {text: key for key, text in self.uses.constants.items()}
        if ratio not in known:
            self.uses.constants[name] = ratio
        return known.get(ratio, name)

    def print_length(self, expr: al.Length) -> Printed:
        text = self.length(expr.dim)
        return text, SUM if " + " in text else PRODUCT if " * " in text else ATOM

    def print_horizon(self, expr: al.Horizon) -> Printed:
        return f"{self.name('rows')}.weight", ATOM

    def print_identity(self, expr: al.Identity) -> Printed:
        return f"np.eye({self.length(expr.dim)}, dtype={self.name('dtype')})", ATOM

    def print_param(self, expr: al.Param) -> Printed:
        return self.name(self.names.values[expr.name]), ATOM

    def print_ref(self, expr: al.Ref) -> Printed:
        value, history = self.names.values[expr.name], self.names.histories[expr.name]
        if ("value", expr.name) in self.local or expr.name in self.last:
            return self.name(value), ATOM
        if not expr.index.terms:
            return self.begin(history, expr.index), ATOM
        return self.rows(value, history, -expr.index.offset), ATOM

    def begin(self, history: str, index: al.Index) -> str:
        """The rows of an initial value."""
        return f"{self.name(history)}[{self.name('rows')}.begin({index.offset})]"

    def rows(self, array: str, history: str, lag: int) -> str:
        """The rows that a place means, ``lag`` steps back."""
        name = self.name(history if lag else array)
        if self.place == "loop":
            return f"{name}[{self.back(lag) if lag else 'now'}]"
        if self.place == "last":
            return f"{name}[{self.name('rows')}.{f'ends[{lag}]' if lag else 'end'}]"
        return f"{name}[{self.name('rows')}.back[{lag}]]" if lag else name

    def back(self, lag: int) -> str:
        return "prev" if self.lag == 1 else f"prev{lag}"

    def print_cotangent(self, expr: al.Cotangent) -> Printed:
        if expr.part is not None:
            return self.name(self.names.sweeps[expr.name]), ATOM
        name = self.names.cotangents[expr.name]
        if expr.index is None or ("cotangent", expr.name) in self.local or expr.name in self.last:
            return self.name(name), ATOM
        history = self.names.cotangent_histories[expr.name]
        if not expr.index.terms:
            return self.begin(history, expr.index), ATOM
        return self.rows(name, history, -expr.index.offset), ATOM

    # --- elementwise -----------------------------------------------------------------------

    def print_add(self, expr: al.Add) -> Printed:
        text = ""
        for number, term in enumerate(expr.terms):
            if number and isinstance(term, al.Neg):
                text += f" - {self.inside(term.operand, PRODUCT)}"
            else:
                text += f"{' + ' if number else ''}{self.inside(term, PRODUCT if number else SUM)}"
        return text, SUM

    def print_neg(self, expr: al.Neg) -> Printed:
        # Beside @ and * the sign binds more strongly in Python, with the same value.
        if isinstance(expr.operand, al.Mul | al.Div | al.Product):
            text = self.inside(expr.operand, PRODUCT)
            return (f"-({text})" if text.startswith("-") else f"-{text}"), SUM
        if isinstance(expr.operand, al.Neg):
            return self.printed(expr.operand.operand)
        return f"-{self.inside(expr.operand, ATOM)}", SIGN

    def print_mul(self, expr: al.Mul) -> Printed:
        """A product; the 1/T and other unit fractions in front become divisions at the end."""
        above: list[al.Expr] = []
        below: list[al.Expr] = []
        for factor in expr.factors:
            unit = (
                isinstance(factor, al.Div) and factor.numerator == al.ONE and self.is_count(factor)
            )
            if unit and isinstance(factor, al.Div):
                below.append(factor.denominator)
            else:
                above.append(factor)
        if not above:
            above = [al.ONE]
        text = " * ".join(
            self.inside(f, PRODUCT if k == 0 and not isinstance(f, al.Product) else SIGN)
            for k, f in enumerate(above)
        )
        if below and all(map(is_whole, above)):
            text = self.exact(text)
        return "".join([text, *(f" / {self.inside(d, POWER)}" for d in below)]), PRODUCT

    def exact(self, whole: str) -> str:
        """A whole number that stays exact when it is divided."""
        one = self.name("one")
        return one if whole == "1" else f"{whole} * {one}"

    def is_count(self, factor: al.Div) -> bool:
        return isinstance(factor.denominator, al.Horizon | al.Length | al.Number)

    def print_div(self, expr: al.Div) -> Printed:
        above = self.inside(expr.numerator, PRODUCT)
        if is_whole(expr.numerator) and not is_rowwise(expr.denominator):
            above = self.exact(above)
        return f"{above} / {self.inside(expr.denominator, POWER)}", PRODUCT

    def print_pow(self, expr: al.Pow) -> Printed:
        base, exponent = self.inside(expr.base, ATOM), self.exponent(expr.exponent)
        if is_whole(expr.base) and exponent.startswith("-"):
            base = f"({self.exact(base)})"
        hugged = re.fullmatch(r"[\w.]+", base) and re.fullmatch(r"-?[\w.]+", exponent)
        return f"{base}**{exponent}" if hugged else f"{base} ** {exponent}", POWER

    def exponent(self, expr: al.Expr) -> str:
        match expr:
            case al.Number(value=value) | al.Constant(value=value):
                if value.denominator == 1:
                    return str(value.numerator)
                return repr(float(value))
            case al.Neg(operand=operand):
                text = self.exponent(operand)
                return text[1:] if text.startswith("-") else f"-{text}"
        raise MissingRuleError(f"an exponent is a number, found {expr}")

    def print_call(self, expr: al.Call) -> Printed:
        if expr.wrt is not None:
            raise MissingRuleError(f"the derivative of {expr.function} is abstract; bind it")
        template = function(expr.function).numpy
        self.uses.names |= names_of_call(template)
        whole = [*map(is_whole, expr.args)]
        if all(whole) or (any(whole) and expr.function in ("max", "min")):
            # Integers of Python's know no functions where numbers are exact.
            texts = [self.inside(arg, SIGN) for arg in expr.args]
            texts = [self.exact(t) if w else t for t, w in zip(texts, whole, strict=True)]
            brackets = "({0}" in template
            return template.format(*(t if brackets else f"({t})" for t in texts)), ATOM
        return self.called(template, *expr.args), ATOM

    # --- products --------------------------------------------------------------------------

    def print_transpose(self, expr: al.Transpose) -> Printed:
        if is_rowwise(expr.operand):
            return f"{self.inside(expr.operand, ATOM)}.swapaxes(1, 2)", ATOM
        return f"{self.inside(expr.operand, ATOM)}.T", ATOM

    def print_product(self, expr: al.Product) -> Printed:
        left, right = expr.left, expr.right
        if isinstance(left, al.Diag) or isinstance(right, al.Diag | al.Ones):
            return self.entrywise_product(left, right)
        if is_rowwise(left) and len(right.shape) == 1:
            return self.helper("_apply", left, right), ATOM
        if not is_rowwise(right) or len(right.shape) == 2:
            return f"{self.inside(left, PRODUCT)} @ {self.inside(right, POWER)}", PRODUCT
        turned = left.operand if isinstance(left, al.Transpose) else al.Transpose(left)
        return f"{self.inside(right, PRODUCT)} @ {self.inside(turned, POWER)}", PRODUCT

    def entrywise_product(self, left: al.Expr, right: al.Expr) -> Printed:
        """Rows or columns scaled, or added up: no product of NumPy's."""
        if isinstance(right, al.Ones):
            axis, matrix = (-2, left.operand) if isinstance(left, al.Transpose) else (-1, left)
            return f"{self.inside(matrix, ATOM)}.sum(axis={axis})", ATOM
        if isinstance(right, al.Diag):
            columns = f"{self.inside(right.vector, ATOM)}[..., None, :]"
            return f"{self.inside(left, PRODUCT)} * {columns}", PRODUCT
        assert isinstance(left, al.Diag)
        rows = self.inside(left.vector, ATOM) + ("[..., None]" if right.shape[1:] else "")
        return f"{rows} * {self.inside(right, SIGN)}", PRODUCT

    def print_diag(self, expr: al.Diag) -> Printed:
        return self.helper("_diagonal", expr.vector), ATOM

    def print_vec(self, expr: al.Vec) -> Printed:
        """The entries of a matrix, row by row."""
        if is_rowwise(expr):
            return self.helper("_entries", expr.operand), ATOM
        return f"{self.inside(expr.operand, ATOM)}.reshape(-1)", ATOM

    def helper(self, name: str, *args: al.Expr | str) -> str:
        """A call of a function of the runtime."""
        texts = (arg if isinstance(arg, str) else self.text(arg) for arg in args)
        return f"{self.name(name)}({', '.join(texts)})"

    def print_outer(self, expr: al.Outer) -> Printed:
        if is_rowwise(expr):
            return self.helper("_outer", expr.left, expr.right), ATOM
        return f"np.outer({self.text(expr.left)}, {self.text(expr.right)})", ATOM

    def print_lookup(self, expr: al.Lookup) -> Printed:
        return f"{self.inside(expr.table, ATOM)}[{self.text(expr.row)}]", ATOM

    def print_onehot(self, expr: al.OneHot) -> Printed:
        length, dtype = self.length(expr.dim), self.name("dtype")
        return self.helper("_one_hot", expr.position, length, dtype), ATOM

    def print_pick(self, expr: al.Pick) -> Printed:
        return self.helper("_pick", expr.vector, expr.position), ATOM

    # --- vectors ---------------------------------------------------------------------------

    def print_concat(self, expr: al.Concat) -> Printed:
        if is_rowwise(expr):
            return self.helper("_concat", *expr.parts), ATOM
        parts = ", ".join(map(self.text, expr.parts))
        return f"np.concatenate([{parts}])", ATOM

    def print_slice(self, expr: al.Slice) -> Printed:
        before = expr.blocks[: expr.number]
        start = " + ".join(map(self.length, before)) or "0"
        width = self.length(expr.blocks[expr.number])
        return self.helper("_block", expr.vector, start, width), ATOM

    def print_vector(self, expr: al.Vector) -> Printed:
        """The call of the function's row; for one vector, of its entry where it has one."""
        row = vector_function(expr.function)
        if not all(map(is_full, expr.args)):
            raise MissingRuleError(f"{row.name} of a value left to broadcasting: {expr}")
        if is_rowwise(expr) or not row.once:
            ending = "" if is_rowwise(expr) or expr.shape else "[0]"
            return self.called(row.numpy, *expr.args) + ending, ATOM
        return self.called(row.once, *expr.args), ATOM

    def called(self, template: str, *args: al.Expr) -> str:
        """A call of a table; operands of its operators in parentheses where they need them."""
        self.uses.names |= names_of_call(template)
        least = SIGN if "{0} *" in template else SUM
        return template.format(*(self.inside(arg, least) for arg in args))

    def print_loss(self, expr: al.Loss) -> Printed:
        if expr.wrt is not None:
            raise MissingRuleError(f"the gradient of {expr.function} is abstract; bind it")
        row = LOSSES[expr.function]
        if not row.numpy:
            return self.printed(loss_formula(expr, row.definition))
        return self.called(row.numpy, expr.prediction, expr.target), ATOM

    def print_fill(self, expr: al.Fill) -> Printed:
        if len(expr.of_shape) == 2 and is_rowwise(expr.scalar):
            return f"{self.inside(expr.scalar, ATOM)}[..., None]", ATOM
        return self.printed(expr.scalar)

    # --- sums over time ----------------------------------------------------------------------

    def print_timesum(self, expr: al.TimeSum) -> Printed:
        """A sum over rows: all of them, or those of one step."""
        return self.at("last" if expr.first == al.LAST else "all").row_sum(expr)

    def at(self, place: Place) -> NumpyPrinter:
        return NumpyPrinter(self.names, place, self.uses, frozenset(), self.last, self.lag)

    def row_sum(self, expr: al.TimeSum) -> Printed:
        term = expr.term
        if not is_rowwise(term):
            rows = self.row_count(last=expr.first == al.LAST)
            return f"{rows} * {self.inside(term, SIGN)}", PRODUCT
        if isinstance(term, al.Outer):
            return self.sum_of_outer(term, expr)
        if isinstance(term, al.Neg):
            return f"-{self.inside(replace(expr, term=term.operand), POWER)}", SIGN
        if isinstance(term, al.Product) and is_rowwise(term.left) and is_rowwise(term.right):
            return self.sum_of_products(term)
        if term.shape and is_full(term):
            return f"np.sum({self.text(term)}, axis=0)", ATOM
        return f"np.sum({self.text(term)})", ATOM

    def sum_of_products(self, term: al.Product) -> Printed:
        """The sum of A B over rows is one product of all of their entries."""
        left, right = term.left, term.right
        if len(right.shape) == 1 or any(isinstance(side, al.Diag) for side in (left, right)):
            return f"np.sum({self.text(term)}, axis=0)", ATOM
        axes = []
        texts = []
        for side, axis in ((left, 2), (right, 1)):
            turned = isinstance(side, al.Transpose)
            texts.append(self.text(side.operand if isinstance(side, al.Transpose) else side))
            axes.append((0, 3 - axis if turned else axis))
        return f"np.tensordot({', '.join(texts)}, {tuple(axes)})", ATOM

    def sum_of_outer(self, term: al.Outer, whole: al.TimeSum) -> Printed:
        """The sum of u v.T over rows is U.T V."""
        left, right = term.left, term.right
        if isinstance(left, al.OneHot):
            raise MissingRuleError("a sum of rows of a table is scattered, not multiplied")
        if not is_rowwise(left) or not is_rowwise(right):
            sides = (replace(whole, term=s) if is_rowwise(s) else s for s in (left, right))
            return f"np.outer({', '.join(map(self.text, sides))})", ATOM
        return f"{self.inside(left, ATOM)}.T @ {self.inside(right, POWER)}", PRODUCT
