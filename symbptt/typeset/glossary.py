"""The table of symbols, the functions that occur, and the conventions of an article."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterator, Sequence
from fractions import Fraction

from symbptt.algebra import (
    Abstract,
    Call,
    Cotangent,
    Derivative,
    DimSum,
    Dot,
    Expr,
    Index,
    Input,
    Kron,
    Loss,
    Param,
    Pow,
    Product,
    Pullback,
    Ref,
    Shape,
    walk,
)
from symbptt.algebra.letters import Delta, Letter
from symbptt.calculus.derivation import Derivation
from symbptt.functions import FUNCTIONS, definition, function
from symbptt.typeset.display import Row
from symbptt.typeset.latex import LatexPrinter, statements
from symbptt.typeset.markup import Markup
from symbptt.typeset.measure import width
from symbptt.typeset.notation import ABOUT_FUNCTIONS, CONVENTIONS, SELF_EXPLANATORY

# A space wider than this is written without the raised dimensions, which can't be broken.
_COLUMN = 120

# A row can't be broken over pages, so it holds no more characters of a comment than this.
_CELL = 240

Cells = tuple[str, str, str, str]


class Glossary:
    """Rows of symbol, role, space and meaning."""

    def __init__(
        self,
        derivation: Derivation,
        printer: LatexPrinter,
        markup: Markup,
        tags: dict[str, str],
    ) -> None:
        self.model = derivation.normal
        self.steps = derivation.steps
        self.gate = derivation.gate
        self.printer = printer
        self.names = printer.names
        self.markup = markup
        self.tags = tags

    def rows(self) -> Iterator[Cells]:
        model = self.model
        for source in model.inputs:
            yield from self.input_row(source)
        for equation in model.equations:
            if equation.name == "loss":
                symbol = self.names.timed("loss", (), equation.index)
                ends = equation.last and not self.names.clock.one_step
                words = "loss of the last step" if ends else "loss of one step"
                yield from self.row(symbol, "loss", (), equation.comment or words, "loss")
                continue
            role = "state" if equation.name in model.states else "quantity"
            role = "auxiliary" if equation.auxiliary else role
            symbol = self.names.timed(equation.name, equation.shape, equation.index)
            yield from self.row(symbol, role, equation.shape, equation.comment, equation.name)
        for derived in model.derived:
            role = "auxiliary" if derived.auxiliary else "derived"
            symbol = self.names.symbol(derived.name, derived.shape).at()
            yield from self.row(symbol, role, derived.shape, derived.comment, derived.name)
        for parameter in model.parameters:
            symbol = self.names.symbol(parameter.name, parameter.shape).at()
            yield from self.row(
                symbol, "parameter", parameter.shape, parameter.comment, parameter.name
            )
        if self.gate is not None:
            symbol = self.names.symbol(self.gate.name, ()).at("t")
            yield from self.row(symbol, "gate", (), self.gate.comment, self.gate.name)
        for name, value in model.constants:
            symbol = self.markup.math(self.names.symbol(name, ()).at())
            yield symbol, "constant", self.markup.math(f"= {_decimal(value)}"), ""
        for abstract in model.abstract:
            yield self.function_row(abstract)

    def row(self, symbol: str, role: str, shape: Shape, comment: str, name: str) -> Iterator[Cells]:
        meaning = self.meaning(comment, name)
        yield self.markup.math(symbol), role, self.space(shape), meaning[0]
        yield from (("", "", "", rest) for rest in meaning[1:])

    def meaning(self, comment: str, name: str) -> list[str]:
        """The author's words, long ones over several rows; else where the symbol stands."""
        if self.names.is_short(name):
            comment = f"{name}: {comment}" if comment else name
        parts = textwrap.wrap(comment, _CELL)
        return [self.markup.text(part) for part in parts] or [self.readers(name)]

    def input_row(self, source: Input) -> Iterator[Cells]:
        role = "target" if source.target else "input"
        ends = not source.timed or (self.names.clock.one_step and source.loss_only)
        index = Index.of("T" if ends else "t")
        symbol = self.names.timed(source.name, source.shape, index)
        meaning = self.meaning(source.comment, source.name)
        space = self.space(source.shape)
        if source.index_dim is not None:
            space = self.markup.math(rf"\{{1, \dots, {self.names.dim(source.index_dim)}\}}")
        yield self.markup.math(symbol), role, space, meaning[0]
        yield from (("", "", "", rest) for rest in meaning[1:])

    def function_row(self, abstract: Abstract) -> Cells:
        sign = (self.names.loss if abstract.loss else self.names.function)(abstract.name)
        role = "abstract loss" if abstract.loss else "function"
        meaning = "any differentiable loss" if abstract.loss else "any differentiable function"
        if abstract.default is not None:
            default = self.markup.text(abstract.default.replace("_", " "))
            meaning += f"; {default} unless another is chosen"
        return self.markup.math(sign), role, "", meaning

    def space(self, shape: Shape) -> str:
        raised = self.printer.space(shape)
        if width(raised) <= _COLUMN:
            return self.markup.math(raised)
        lengths = (
            f"({self.names.dim(d)})" if isinstance(d, DimSum) else self.names.dim(d) for d in shape
        )
        return self.markup.math(r" \times ".join(lengths))

    def readers(self, name: str) -> str:
        """Where a symbol without words stands: in equations, else in steps."""
        found = [
            f"({self.tags[item.name]})" for item in statements(self.model) if _reads(item.rhs, name)
        ]
        if any(i.value is not None and _reads(i.value, name) for i in self.model.initials):
            found.append("an initial value")
        if not found:
            found = [f"({s.number})" for s in self.steps if any(_reads(m, name) for m in s.members)]
        return f"in {', '.join(found)}" if found else ""


def _reads(expr: Expr, name: str) -> bool:
    return any(isinstance(node, Ref | Param) and node.name == name for node in walk(expr))


def _decimal(value: Fraction) -> str:
    """The shortest exact way of writing a number: 0.05, 2, or 1/3 as a fraction."""
    if value.denominator == 1:
        return str(value)
    text = repr(float(value))
    if "e" not in text and Fraction(text) == value:
        return text
    sign = "-" if value < 0 else ""
    return rf"{sign}\frac{{{abs(value.numerator)}}}{{{value.denominator}}}"


# --- functions -------------------------------------------------------------------------


def function_rows(nodes: Sequence[Expr], printer: LatexPrinter) -> Iterator[Row]:
    """The definition of every function that not everybody knows."""
    for name in _functions_to_explain(nodes):
        if name not in ABOUT_FUNCTIONS:
            yield Row(_applied(name, printer), f"= {printer.show(definition(name))}")


def function_texts(nodes: Sequence[Expr], printer: LatexPrinter, markup: Markup) -> Iterator[str]:
    """A sentence for every function that no formula defines."""
    for name in _functions_to_explain(nodes):
        if name in ABOUT_FUNCTIONS:
            text = f"${_applied(name, printer)}$ {ABOUT_FUNCTIONS[name]}."
            yield with_formulas(text, markup)


def _functions_to_explain(nodes: Sequence[Expr]) -> Iterator[str]:
    used = _with_definitions({n.function for n in nodes if isinstance(n, Call)})
    yield from (name for name in FUNCTIONS if name in used and name not in SELF_EXPLANATORY)


def _applied(name: str, printer: LatexPrinter) -> str:
    arguments = tuple(Param(a, ()) for a in function(name).arguments)
    return printer.show(Call(name, arguments))


def _with_definitions(names: set[str]) -> set[str]:
    """The functions and those that their definitions are written with."""
    found: set[str] = set()
    pending = sorted(names & set(FUNCTIONS))
    while pending:
        name = pending.pop()
        if name not in found:
            found.add(name)
            if name not in ABOUT_FUNCTIONS and name not in SELF_EXPLANATORY:
                pending += [n.function for n in walk(definition(name)) if isinstance(n, Call)]
    return found


# --- conventions -----------------------------------------------------------------------


def convention_texts(nodes: Sequence[Expr], printer: LatexPrinter, markup: Markup) -> Iterator[str]:
    """The conventions of the article; those for rare signs only where the signs occur."""
    signs = {type(node).__name__ for node in nodes}
    signs |= {node.function for node in nodes if isinstance(node, Loss)}
    if any(isinstance(node, Pow) and node.shape for node in nodes):
        signs.add("ArrayPow")
    if any(isinstance(node, Call) and node.wrt is not None for node in nodes):
        signs.add("Prime")
    held = {node.held for node in nodes if isinstance(node, Derivative | Pullback)}
    signs |= {f"Held{what.capitalize()}" for what in held - {"equation"}}
    if any(isinstance(node, Dot) and printer.is_matrix(node.left) for node in nodes):
        signs.add("MatrixDot")
    if signs & {"OneHot", "Pick", "Lookup"}:
        signs.add("Index")
    if "Entry" in signs:
        signs.add("Pick")
    if signs & {"Sum", "Mean", "Fill", "binary_cross_entropy"}:
        signs.add("Ones")
    style = printer.names.style
    signs |= {style.layout.capitalize() + sign for sign in signs}
    signs |= {style.layout, style.times, style.derivatives}
    spelled = _spelled(printer)
    for sign, text in CONVENTIONS:
        if not sign or sign in signs:
            for word, formula in spelled.items():
                text = text.replace(word, formula)
            yield with_formulas(text, markup)


def _spelled(printer: LatexPrinter) -> dict[str, str]:
    """What the words in capitals of the conventions print as."""
    names = printer.names
    vector, now = Param("v", ("n",)), Index.of("t")
    first, second = (Letter(name, "n") for name in "ij")
    gradient = printer.laid(Cotangent("v", None, vector.shape))
    output = names.timed("u", vector.shape, now)
    matrix = Param("W", ("m", "n"))
    return {
        "UNIT": names.unit_vector("i") or r"\operatorname{onehot}(i)",
        "GRADIENT": gradient,
        "JACOBIAN": printer.derivative(r"\mathbf{u}", r"\mathbf{v}").text,
        "DERIVATIVE": r"\frac{\partial L}{\partial \mathbf{v}}",
        "DELTA": printer.show(Delta(first, second)),
        "PLACES": "i = j",
        "LAST": names.clock.last,
        "WITHIN": printer.quotient(output, r"\mathbf{v}", "step").text,
        "THROUGH": printer.quotient(output, r"\mathbf{v}", "nothing").text,
        "KRON": printer.print_kron(Kron(vector, "m")).text.strip("()"),
        "PRODUCT": printer.laid(Product(matrix, vector)),
        "DIRECTLY": printer.direct(r"\mathbf{v}").text,
        "STEP": names.timed("v", vector.shape, now),
    }


def with_formulas(text: str, markup: Markup) -> str:
    """Prose of the house, its formulas between dollar signs set as the format sets them."""
    return re.sub(r"\$([^$]+)\$", lambda match: markup.math(match.group(1)), text)
