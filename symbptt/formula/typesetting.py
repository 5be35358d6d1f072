r"""A formula in LaTeX: as its author would print it.

Total derivatives of L are printed as the derivation prints them, with ∂; a total
derivative of another quantity with d, a partial one with ∂.
"""

from __future__ import annotations

import re

from symbptt.algebra import Index, Model
from symbptt.formula.meaning import SCALAR, ShapeError, Shaper, Symbols
from symbptt.formula.tree import (
    Add,
    At,
    Call,
    Chain,
    Delta,
    Diff,
    Div,
    Dot,
    Entry,
    Flip,
    Formula,
    Len,
    Mul,
    Name,
    Neg,
    Node,
    Num,
    OneHot,
    Over,
    Power,
    Row,
    Total,
    Unit,
    Whole,
    is_length,
)
from symbptt.typeset.names import Names, index_latex

SUM, SIGNED, BIG, PRODUCT, FRACTION, POWER, ATOM = range(7)
"""How tightly a piece of text holds together; a sum over an index takes all behind it."""

_SIGNS = {"<=": r"\le", ">=": r"\ge", "!=": r"\ne", "==": "="}

Text = tuple[str, int]
"""LaTeX, and how tightly it holds together."""


def formula_latex(formula: Formula, model: Model) -> str:
    """``left = right``, the conditions behind it."""
    printer = _Printer(model)
    text = f"{printer.show(formula.left)} = {printer.show(formula.right)}"
    conditions = [
        f"{printer.timed(f.name, Index(offset=f.step))} = {printer.show(f.value)}"
        for f in formula.fixed
    ]
    conditions += map(chain_latex, formula.chains)
    return rf"{text} \quad ({', '.join(conditions)})" if conditions else text


def chain_latex(chain: Chain) -> str:
    """``1 \\le t < T``"""
    text = index_latex(chain.sides[0])
    for sign, side in zip(chain.operators, chain.sides[1:], strict=True):
        text += f" {_SIGNS.get(sign, sign)} {index_latex(side)}"
    return text


class _Printer:
    def __init__(self, model: Model) -> None:
        self.names = Names(model)
        self.shaper = Shaper(Symbols.of(model))
        groups = (model.parameters, model.derived, model.inputs, model.equations)
        self.shapes = {item.name: item.shape for group in groups for item in group}

    def show(self, node: Node, level: int = SUM) -> str:
        """The text of an operand, in parentheses where its own operator is weaker."""
        text, own = self.text(node)
        if own >= level:
            return text
        return self.enclosed(text)

    def enclosed(self, text: str) -> str:
        tall = any(sign in text for sign in (r"\frac", r"\sum", r"\prod"))
        return rf"\left({text}\right)" if tall else f"({text})"

    def side_by_side(self, factors: tuple[Node, ...]) -> list[str]:
        """Factors; only the last one may be a sum over an index without parentheses."""
        *front, last = factors
        return [*(self.show(f, FRACTION) for f in front), self.show(last, BIG)]

    def timed(self, name: str, index: Index) -> str:
        return self.names.timed(name, self.shapes.get(name, ()), index)

    def index(self, index: Index) -> str:
        """Lengths of vectors by the names of their dimensions."""
        text = index_latex(index)
        for name in filter(is_length, index.names()):
            text = text.replace(name, self.length(name[4:-1]))
        return text

    def length(self, name: str) -> str:
        shape = self.shapes[name]
        return self.names.dim(shape[0]) if shape else "1"

    def symbol(self, name: str) -> str:
        return self.names.symbol(name, self.shapes.get(name, ())).at()

    def is_scalar(self, node: Node) -> bool:
        try:
            return self.shaper.shape(node) == SCALAR
        except ShapeError:
            return False

    def text(self, node: Node) -> Text:
        match node:
            case Num(value=value, text=text):
                return text or str(value), ATOM if value >= 0 and "/" not in text else SIGNED
            case Whole(index=index):
                text = self.index(index)
                return text, ATOM if text.isalnum() else SUM
            case Unit():
                return r"\mathbf{I}", ATOM
            case Total():
                return "L", ATOM
            case Name(name=name):
                return self.symbol(name), ATOM
            case At(name=name, index=index):
                return self.timed(name, index), ATOM
            case Row(table=table, row=row):
                return rf"({self.text(table)[0]})_{{{self.text(row)[0]},:}}^{{\top}}", POWER
            case Entry():
                return self.entry(node)
            case Add():
                return self.sum(node), SUM
            case Neg(operand=operand):
                return f"-{self.show(operand, BIG)}", SIGNED
            case Mul(factors=factors):
                return self.times(factors)
            case Dot(factors=factors):
                return " ".join(self.side_by_side(factors)), PRODUCT
            case Div(above=Diff(of=of, by=by) as slope, below=Whole() as below):
                sign = self.sign(slope)
                below_ = f"{self.show(below)} \\, {sign} {self.show(by)}"
                return rf"\frac{{{sign} {self.show(of)}}}{{{below_}}}", FRACTION
            case Div(above=above, below=below):
                return rf"\frac{{{self.show(above)}}}{{{self.show(below)}}}", FRACTION
            case Power():
                return self.power(node), POWER
            case Flip(operand=operand):
                return self.flipped(operand), POWER
            case Diff(of=of, by=by):
                sign = self.sign(node)
                return rf"\frac{{{sign} {self.show(of)}}}{{{sign} {self.show(by)}}}", FRACTION
            case Over():
                return self.over(node), BIG
            case Call(function="outer", args=(left, right)):
                pair = (self.show(left, FRACTION), self.show(right, FRACTION))
                return r" \otimes ".join(pair), PRODUCT
            case Call():
                return self.call(node), ATOM
            case OneHot(position=position):
                inner = self.show(position)
                return self.names.unit_vector(inner) or self.applied("onehot", [inner]), ATOM
            case Delta(left=left, right=right):
                return rf"\delta_{{{self.show(left)}, {self.show(right)}}}", ATOM
            case Len(name=name):
                return self.length(name), ATOM
        raise TypeError(f"no LaTeX for {type(node).__name__}")

    def sign(self, node: Diff) -> str:
        return r"\partial" if node.partial or isinstance(node.of, Total) else "d"

    def entry(self, node: Entry) -> Text:
        inner = ",".join(map(self.show, node.places))
        return f"{self.enclosed(self.show(node.operand))}_{{{inner}}}", ATOM

    def sum(self, node: Add) -> str:
        text = ""
        for term in node.terms:
            negative = isinstance(term, Neg) and bool(text)
            inner = term.operand if negative and isinstance(term, Neg) else term
            sign = (" - " if negative else " + ") if text else ""
            text += sign + self.show(inner, BIG if text else SIGNED)
        return text

    def times(self, factors: tuple[Node, ...]) -> Text:
        """Numbers beside what they multiply, entry by entry with a sign."""
        text, matrices = "", 0
        for factor, shown in zip(factors, self.side_by_side(factors), strict=True):
            sign = r" \odot " if matrices and not self.is_scalar(factor) else r" \, "
            text += (sign if text else "") + shown
            matrices += not self.is_scalar(factor)
        return text, PRODUCT

    def power(self, node: Power) -> str:
        entrywise = not self.is_square(node.base) and not self.is_scalar(node.base)
        exponent = self.show(node.exponent)
        sign = rf"\odot {exponent}" if entrywise else exponent
        return f"{self.raised(node.base)}^{{{sign}}}"

    def is_square(self, node: Node) -> bool:
        try:
            shape = self.shaper.shape(node)
        except ShapeError:
            return False
        return shape is None or (shape[0] == shape[1] and shape != SCALAR)

    def raised(self, base: Node) -> str:
        if isinstance(base, Flip | Power):
            return f"({self.show(base)})"
        return self.show(base, ATOM)

    def flipped(self, operand: Node) -> str:
        shown = self.raised(operand)
        return rf"{shown}^{{\!\top}}" if shown.endswith(r"\right)") else rf"{shown}^{{\top}}"

    def over(self, node: Over) -> str:
        first, last = self.index(node.first), self.index(node.last)
        body = self.show(node.body, BIG)
        if not node.product:
            return rf"\sum_{{{node.name}={first}}}^{{{last}}} {body}"
        body = self.show(node.body, FRACTION)
        if node.step > 0:
            return rf"\prod_{{{node.name}={first}}}^{{{last}}} {body}"
        return rf"\prod_{{{node.name} = {first}, \dots, {last}}} {body}"

    def call(self, node: Call) -> str:
        shown = [self.show(arg) for arg in node.args]
        match node.function:
            case "concat":
                return rf"[{'; '.join(shown)}]"
            case "softmax" | "log_softmax" | "diag" | "sum" | "mean" | "dot":
                return self.applied(node.function.replace("_", r"\_"), shown)
        known = self.shaper.symbols
        if node.function in known.losses:
            return f"{self.names.loss(node.function)}({', '.join(shown)})"
        sign = self.names.function(node.function)
        if "{0}" in sign:
            return re.sub(r"\{(\d)\}", lambda place: f"{{{shown[int(place[1])]}}}", sign)
        return f"{sign}({', '.join(shown)})"

    def applied(self, name: str, args: list[str]) -> str:
        return rf"\operatorname{{{name}}}({', '.join(args)})"
