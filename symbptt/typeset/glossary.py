"""The table of symbols, the functions that occur, and the conventions of an article."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Mapping, Sequence
from fractions import Fraction
from itertools import chain

from symbptt import algebra as al
from symbptt.algebra.letters import Delta, Letter
from symbptt.calculus.derivation import Derivation
from symbptt.functions.elementwise import FUNCTIONS, definition, function
from symbptt.functions.losses import LOSSES
from symbptt.functions.vectors import VECTORS, vector
from symbptt.typeset.blocks import Equality, Math, Prose, Reference, Sign, Table, Words, prose
from symbptt.typeset.followers import shares
from symbptt.typeset.formula import LatexPrinter
from symbptt.typeset.notation import CONVENTIONS
from symbptt.typeset.tex import width
from symbptt.typeset.uses import READ, shared, use

# A space wider than this is written without the raised dimensions, which can't be broken.
_COLUMN = 120

# A row can't be broken over pages, so it holds no more characters of a comment than this.
_CELL = 240

Cells = tuple[Prose, Prose, Prose, Prose]


class Glossary:
    """Rows of symbol, role, space and meaning."""

    def __init__(
        self,
        derivation: Derivation,
        printer: LatexPrinter,
        cited: Mapping[str, Reference],
    ) -> None:
        self.model = derivation.normal
        self.steps = derivation.steps
        self.gate = derivation.gate
        self.printer = printer
        self.names = printer.names
        self.cited = cited

    def table(self) -> Table:
        head = ("symbol", "role", "shape", "meaning")
        return Table(head, tuple(self.rows()), widths=(3.1, 2.5, 3.4, 5.7))

    def rows(self) -> Iterator[Cells]:
        return chain.from_iterable(rows for _, _, rows in self.entries())

    def signs(self) -> Iterator[Sign]:
        """What has a symbol, with what its row says."""
        total = (Reference("L", ("the total loss",)),)
        yield Sign("L", (), "L", ("total loss",), (self.space(()),), (), total)
        for name, shape, rows in self.entries():
            symbol = self.names.variable_symbol(name, shape)
            _, role, space, _ = rows[0]
            meaning = tuple(chain.from_iterable(row[3] for row in rows))
            defined = (self.cited[name],) if name in self.cited else ()
            yield Sign(symbol.core, symbol.subscripts, name, role, space, meaning, defined)

    def entries(self) -> Iterator[tuple[str, al.Shape, list[Cells]]]:
        """Names with their shapes and rows."""
        model = self.model
        for source in model.inputs:
            yield source.name, source.shape, list(self.input_row(source))
        for equation in model.equations:
            symbol = self.names.timed(equation.name, equation.shape, equation.index)
            words = ""
            if equation.name == "loss":
                ends = equation.last and not self.names.clock.one_step
                words = f"loss of {'the last' if ends else 'one'} step"
            comment, role = equation.comment, model.role(equation.name)
            row = self.row(symbol, role, equation.shape, comment, equation.name, words=words)
            yield equation.name, equation.shape, list(row)
        for derived in model.derived:
            role = "auxiliary" if derived.auxiliary else "derived"
            symbol = self.names.symbol(derived.name, derived.shape).at()
            row = self.row(symbol, role, derived.shape, derived.comment, derived.name)
            yield derived.name, derived.shape, list(row)
        for parameter in model.parameters:
            symbol = self.names.symbol(parameter.name, parameter.shape).at()
            name, shape = parameter.name, parameter.shape
            role = "held parameter" if parameter.fixed else "parameter"
            yield name, shape, [*self.row(symbol, role, shape, parameter.comment, name)]
        if self.gate is not None:
            symbol = self.names.symbol(self.gate.name, ()).at("t")
            row = self.row(symbol, "gate", (), self.gate.comment, self.gate.name)
            yield self.gate.name, (), list(row)
        for name, value in model.constants:
            symbol = self.names.symbol(name, ()).at()
            cells = (Math(symbol),), ("constant",), (Math(f"= {_decimal(value)}"),), ()
            yield name, (), [cells]
        for abstract in model.abstract:
            yield abstract.name, (), [self.function_row(abstract)]

    def row(
        self,
        symbol: str,
        role: str,
        shape: al.Shape,
        comment: str,
        name: str,
        space: str = "",
        words: str = "",
    ) -> Iterator[Cells]:
        meaning = self.meaning(comment, name, words)
        yield (Math(symbol),), (role,), (Math(space) if space else self.space(shape),), meaning[0]
        yield from (((), (), (), rest) for rest in meaning[1:])

    def meaning(self, comment: str, name: str, words: str = "") -> list[Prose]:
        """The author's words, long ones over several rows; else ours, or where the symbol is."""
        if words and not comment:
            return [(words,)]
        if name in self.names.cut:
            comment = f"{name}: {comment}" if comment else name
        parts = textwrap.wrap(comment, _CELL)
        return [(Words(part),) for part in parts] or [self.readers(name)]

    def input_row(self, source: al.Input) -> Iterator[Cells]:
        role = "target" if source.target else "input"
        ends = not source.timed or (self.names.clock.one_step and source.loss_only)
        index = al.Index.of("T" if ends else "t")
        symbol = self.names.timed(source.name, source.shape, index)
        space = ""
        if source.index_dim is not None:
            space = rf"\{{1, \dots, {self.names.dim(source.index_dim)}\}}"
        yield from self.row(symbol, role, source.shape, source.comment, source.name, space)

    def function_row(self, abstract: al.Abstract) -> Cells:
        sign = (self.names.loss if abstract.loss else self.names.function)(abstract.name)
        role = "abstract loss" if abstract.loss else "function"
        meaning: Prose = (
            "any differentiable loss" if abstract.loss else "any differentiable function",
        )
        if abstract.default is not None:
            name = abstract.default.replace("_", " ")
            default = name if abstract.loss else Words(name)
            meaning = (*meaning, "; ", default, " unless another is chosen")
        return (Math(sign),), (role,), (), meaning

    def space(self, shape: al.Shape) -> Math:
        raised = self.printer.space(shape)
        if width(raised) <= _COLUMN:
            return Math(raised)
        lengths = (
            f"({self.names.dim(d)})" if isinstance(d, al.DimSum) else self.names.dim(d)
            for d in shape
        )
        return Math(r" \times ".join(lengths))

    def readers(self, name: str) -> Prose:
        """What a symbol without words is for, and where: in equations, else in steps."""
        reading = [item for item in self.model.definitions if _reads(item.rhs, name)]
        found: list[Prose] = [(self.cited[item.name],) for item in reading]
        ways = {use(name, item.rhs, self.printer) for item in reading}
        if any(i.value is not None and _reads(i.value, name) for i in self.model.initials):
            found.append(("an initial value",))
            ways.add(READ)
        if not found:
            steps = (s for s in self.steps if any(_reads(m, name) for m in s.members))
            found = [
                (Reference(str(s.number), (Math(self.printer.laid(s.target)),)),) for s in steps
            ]
        commas: list[Prose] = [(", ", *one) for one in found]
        places = (*found[0], *chain.from_iterable(commas[1:])) if found else ()
        return (*_joined(shared(ways or {READ})), *places) if found else ()


def _joined(words: Prose) -> Prose:
    """Words with ``in`` behind them."""
    *before, last = words
    return (*before, f"{last} in ") if isinstance(last, str) else (*words, " in ")


def _reads(expr: al.Expr, name: str) -> bool:
    return any(isinstance(node, al.Ref | al.Param) and node.name == name for node in al.walk(expr))


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


def function_lines(nodes: Sequence[al.Expr], printer: LatexPrinter) -> Iterator[Equality]:
    """The definition of every function that not everybody knows."""
    for name in _functions_to_explain(nodes):
        if not function(name).about:
            yield Equality(_applied(name, printer), (printer.show(definition(name)),))


def function_texts(nodes: Sequence[al.Expr], printer: LatexPrinter) -> Iterator[str]:
    """A sentence for every function that no formula defines."""
    for name in _functions_to_explain(nodes):
        if about := function(name).about:
            yield f"${_applied(name, printer)}$ {about}."
    yield from _texts_of_tables(nodes, printer)


def _texts_of_tables(nodes: Sequence[al.Expr], printer: LatexPrinter) -> Iterator[str]:
    """A sentence for every function of vectors and loss that not everybody knows."""
    vectors = {node.function for node in nodes if isinstance(node, al.Vector)}
    losses = {node.function for node in nodes if isinstance(node, al.Loss)}
    for name, vector_row in VECTORS.items():
        if name in vectors and vector_row.about:
            arguments = (al.Param(a, ("n",)) for a in vector_row.arguments)
            yield f"${printer.laid(vector(name, *arguments))}$ {vector_row.about}."
    for name, loss_row in LOSSES.items():
        if name in losses and loss_row.about:
            loss = al.Loss(name, al.Param("o", ("n",)), al.Param("y", ("n",)))
            yield f"${printer.laid(loss)}$ {loss_row.about}."


def _functions_to_explain(nodes: Sequence[al.Expr]) -> Iterator[str]:
    used = _with_definitions({n.function for n in nodes if isinstance(n, al.Call)})
    yield from (name for name in FUNCTIONS if name in used and not function(name).familiar)


def _applied(name: str, printer: LatexPrinter) -> str:
    arguments = tuple(al.Param(a, ()) for a in function(name).arguments)
    return printer.show(al.Call(name, arguments))


def _with_definitions(names: set[str]) -> set[str]:
    """The functions and those that their definitions are written with."""
    found: set[str] = set()
    pending = sorted(names & set(FUNCTIONS))
    while pending:
        name = pending.pop()
        if name not in found:
            found.add(name)
            if not function(name).about and not function(name).familiar:
                pending += [n.function for n in al.walk(definition(name)) if isinstance(n, al.Call)]
    return found


# --- conventions -----------------------------------------------------------------------


def convention_texts(nodes: Sequence[al.Expr], printer: LatexPrinter) -> Iterator[Prose]:
    """The conventions of the article; those for rare signs only where the signs occur."""
    signs = {type(node).__name__ for node in nodes}
    signs |= {node.function for node in nodes if isinstance(node, al.Loss | al.Vector)}
    if any(isinstance(node, al.Pow) and node.shape for node in nodes):
        signs.add("ArrayPow")
    if any(isinstance(node, al.Call) and node.wrt is not None for node in nodes):
        signs.add("Prime")
    held = {node.held for node in nodes if isinstance(node, al.Derivative | al.Pullback)}
    signs |= {f"Held{what.capitalize()}" for what in held - {"equation"}}
    slopes = (node for node in nodes if isinstance(node, al.Derivative | al.Pullback))
    if any(shares(node, printer.names.followers) for node in slopes):
        signs.add("Followers")
    if any(
        isinstance(node, al.Vector) and node.function == "dot" and printer.is_matrix(node.args[0])
        for node in nodes
    ):
        signs.add("MatrixDot")
    if signs & {"OneHot", "Pick", "Lookup"}:
        signs.add("Index")
    if "Entry" in signs:
        signs.add("Pick")
    if signs & {"sum", "mean", "Fill"}:
        signs.add("Ones")
    style = printer.names.style
    signs |= {style.layout.capitalize() + sign for sign in signs}
    signs |= {style.layout, style.times, style.derivatives}
    spelled = _spelled(printer)
    for sign, text in CONVENTIONS:
        if not sign or sign in signs:
            for word, formula in spelled.items():
                text = text.replace(word, formula)
            yield prose(text)


def _spelled(printer: LatexPrinter) -> dict[str, str]:
    """What the words in capitals of the conventions print as."""
    names = printer.names
    vector, now = al.Param("v", ("n",)), al.Index.of("t")
    first, second = (Letter(name, "n") for name in "ij")
    gradient = printer.laid(al.Cotangent("v", None, vector.shape))
    output = names.timed("u", vector.shape, now)
    matrix = al.Param("W", ("m", "n"))
    return {
        "UNIT": names.unit_vector("i") or r"\operatorname{onehot}(i)",
        "GRADIENT": gradient,
        "JACOBIAN": printer.derivative(r"\mathbf{u}", r"\mathbf{v}").text,
        "DERIVATIVE": r"\frac{\partial L}{\partial \mathbf{v}}",
        "DELTA": printer.show(Delta(first, second)),
        "PLACES": "i = j",
        "LAST": names.clock.last,
        "NOW": names.clock.now,
        "WITHIN": printer.quotient(output, r"\mathbf{v}", "step").text,
        "THROUGH": printer.quotient(output, r"\mathbf{v}", "nothing").text,
        "KRON": printer.show(al.Kronecker(al.Identity("m"), al.Transpose(vector))).strip("()"),
        "PRODUCT": printer.laid(al.Product(matrix, vector)),
        "DIRECTLY": printer.direct(r"\mathbf{v}").text,
        "STEP": names.timed("v", vector.shape, now),
    }
