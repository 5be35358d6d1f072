"""The statements of a derivation for one sequence, each as its step is written.

What a module computes for a whole batch stands here as a reader calculates it: what has a step
is a dict by steps, ``h[t]`` a vector, a Jacobian a matrix. It serves where no module computes
the form, and where a function is left abstract.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from itertools import accumulate

from symbptt import algebra as al
from symbptt.calculus.derivation import EVERY, Derivation, Range, Step
from symbptt.calculus.order import derived_order, in_step_order
from symbptt.codegen.emission import INDENT, WIDTH, allocated
from symbptt.codegen.naming import Identifiers, ValueNames
from symbptt.codegen.numpy_printer import (
    ATOM,
    POWER,
    PRODUCT,
    SIGN,
    NumpyPrinter,
    Printed,
    Raw,
    Uses,
    is_full,
)
from symbptt.functions.losses import LOSSES, loss_formula

Statement = tuple[tuple[str, ...], str]
"""Lines, and the number of what they compute, or ""."""

WORDS = ("np", "T", "t", "size", "reduce", "first", "last", "factors")
"""What stands in the text besides a model's names."""

HEAD = "# For one sequence: what has a step is a dict by steps, h[t] a vector."


@dataclass
class StepNames:
    """Identifiers of what the steps define, as they are asked for.

    Attributes
    ----------
    timed : dict of str to None
        Those that are dicts by steps, in the order in which they are written.
    """

    names: ValueNames
    known: dict[object, str] = field(default_factory=dict)
    timed: dict[str, None] = field(default_factory=dict)

    def of(self, key: object, wish: str) -> str:
        if key not in self.known:
            self.known[key] = self.names.fresh(wish)
        return self.known[key]

    def value(self, name: str) -> str:
        """Of a value of the model, of the state that several of them are, or of a function."""
        return self.names.values.get(name) or self.of(name, name)

    def target(self, node: al.Expr) -> str:
        """What a step defines, or reads of another, as it stands in the code."""
        match node:
            case al.Ref(name=name, index=index):
                return at(self.value(name), index)
            case al.Cotangent(name=name, index=None):
                return self.names.cotangents[name]
            case al.Cotangent(name=name, index=al.Index() as index):
                return at(self.names.cotangents[name], index)
            case al.Direct():
                name = self.of(("direct", node.name), f"direct_{self.value(node.name)}")
                return at(name, node.index)
            case al.Derivative():
                return self.derivative(node)
        assert isinstance(node, al.Param)
        return self.value(node.name)

    def derivative(self, node: al.Derivative) -> str:
        """``J_h_W[t]``; by a value so many steps before, ``J_h_h1[t]``."""
        wrt = node.wrt
        assert isinstance(wrt, al.Ref | al.Stack | al.Param)
        letter, back = "S" if node.held == "nothing" else "J", ""
        if not isinstance(wrt, al.Param):
            back = str(wrt.index if node.held == "nothing" else node.index - wrt.index)
        wish = f"{letter}_{self.value(node.name)}_{self.value(wrt.name)}{back.replace('-', '_')}"
        return at(self.of((node.name, wrt.name, node.held, back), wish), node.index)


def at(name: str, index: al.Index) -> str:
    return f"{name}[{step_text(index)}]"


def step_text(index: al.Index) -> str:
    """A step as Python has it, ``t - 1``."""
    text = str(index)
    return text[0] + text[1:].replace("+", " + ").replace("-", " - ")


class SequencePrinter(NumpyPrinter):
    """Prints what has a step as the entry of a dict; nothing has an axis of rows."""

    def __init__(self, written: StepNames, abstract: Iterable[str]) -> None:
        super().__init__(written.names, "static", Uses())
        self.written = written
        self.abstract = frozenset(abstract)
        self.products: dict[str, tuple[str, ...]] = {}
        """The definitions of products over steps, by their names."""

    def of(self, expr: al.Expr) -> str:
        return self.text(self.placed(expr))

    def placed(self, expr: al.Expr) -> al.Expr:
        """The expression with text for what has a step, and so without rows."""
        match expr:
            case al.Ref() | al.Cotangent() | al.Direct() | al.Derivative():
                return self.raw(expr, self.written.target(expr))
            case al.TimeSum():
                return self.raw(expr, self.summed(expr))
            case al.OrderedProduct():
                return self.raw(expr, self.multiplied(expr))
            case al.Pullback():
                return self.raw(expr, self.pulled_back(expr))
            case al.Call(function=name) | al.Loss(function=name) if name in self.abstract:
                return self.raw(expr, self.left_open(expr))
        return al.map_children(expr, self.placed)

    def raw(self, expr: al.Expr, text: str) -> Raw:
        return Raw(text, expr.shape, False)

    def whole(self, expr: al.Expr) -> str:
        """A value in its full shape, where NumPy would be left to broadcast."""
        placed = self.placed(expr)
        if is_full(placed):
            return self.text(placed)
        if isinstance(placed, al.Fill) and placed.scalar == al.ZERO:
            return f"np.zeros({self.lengths(expr.shape)})"
        return f"np.full({self.lengths(expr.shape)}, {self.text(placed)})"

    def lengths(self, shape: al.Shape) -> str:
        texts = [*map(self.length, shape)]
        return texts[0] if len(texts) == 1 else f"({', '.join(texts)})"

    # --- through the steps -------------------------------------------------------------------

    def summed(self, expr: al.TimeSum) -> str:
        loops = []
        term: al.Expr = expr
        while isinstance(term, al.TimeSum):
            loops.append(f"for {term.index} in {steps(term.first, term.last)}")
            term = term.term
        return f"sum({self.whole(term)} {' '.join(loops)})"

    def multiplied(self, expr: al.OrderedProduct) -> str:
        """The call of a function of its first and its last step."""
        factor = expr.factor
        assert isinstance(factor, al.Derivative) and expr.step == -1
        name = self.written.of(("product", factor.name), f"P_{self.written.value(factor.name)}")
        over = "range(first, last - 1, -1)"
        self.products[name] = (
            f"def {name}(first, last):",
            f"{INDENT}factors = ({self.of(factor)} for {expr.index} in {over})",
            f"{INDENT}return reduce(np.matmul, factors, np.eye({self.length(expr.shape[0])}))",
        )
        return f"{name}({step_text(expr.first)}, {step_text(expr.last)})"

    def pulled_back(self, expr: al.Pullback) -> str:
        """The transposed Jacobian applied to a gradient, in the shape of the variable."""
        jacobian = self.of(al.Derivative(expr.output, expr.wrt, expr.held))
        given = self.inside(self.placed(expr.cotangent), POWER)
        given = given if len(expr.cotangent.shape) == 1 else f"np.ravel({given})"
        text = f"({jacobian}.T @ {given})"
        if len(expr.shape) == 1:
            return text
        if isinstance(expr.wrt, al.Param):
            return f"{text}.reshape({self.written.target(expr.wrt)}.shape)"
        return f"{text}.reshape({self.lengths(expr.shape)})" if expr.shape else f"{text}[0]"

    def left_open(self, expr: al.Call | al.Loss) -> str:
        """A call of a function without a formula, or of its derivative by an argument."""
        args = expr.args if isinstance(expr, al.Call) else (expr.prediction, expr.target)
        name = self.written.value(expr.function)
        if expr.wrt is not None:
            by = "" if len(args) == 1 or isinstance(expr, al.Loss) else expr.wrt + 1
            name = self.written.of((expr.function, expr.wrt), f"d{by}_{expr.function}")
        return f"{name}({', '.join(map(self.of, args))})"

    # --- numbers -----------------------------------------------------------------------------

    def print_number(self, expr: al.Number) -> Printed:
        return self.fraction(expr.value)

    def print_constant(self, expr: al.Constant) -> Printed:
        return self.fraction(expr.value)

    def fraction(self, value: Fraction) -> Printed:
        if value.denominator == 1:
            return str(value.numerator), ATOM if value >= 0 else SIGN
        if Fraction(repr(float(value))) == value:
            return repr(float(value)), ATOM if value >= 0 else SIGN
        return f"{value.numerator} / {value.denominator}", PRODUCT

    def exact(self, whole: str) -> str:
        return whole

    def print_horizon(self, expr: al.Horizon) -> Printed:
        return "T", ATOM

    # --- vectors and matrices ------------------------------------------------------------------

    def print_identity(self, expr: al.Identity) -> Printed:
        return f"np.eye({self.length(expr.dim)})", ATOM

    def print_ones(self, expr: al.Ones) -> Printed:
        return f"np.ones({self.length(expr.dim)})", ATOM

    def print_onehot(self, expr: al.OneHot) -> Printed:
        return f"np.eye({self.length(expr.dim)})[{self.text(expr.position)}]", ATOM

    def print_pick(self, expr: al.Pick) -> Printed:
        return f"{self.inside(expr.vector, ATOM)}[{self.text(expr.position)}]", ATOM

    def print_concat(self, expr: al.Concat) -> Printed:
        if len(expr.shape) == 2:
            return f"np.concatenate([{', '.join(map(self.text, expr.parts))}])", ATOM
        return f"np.hstack([{', '.join(map(self.whole, expr.parts))}])", ATOM

    def print_slice(self, expr: al.Slice) -> Printed:
        ends = [
            " + ".join(map(self.length, expr.blocks[:k])) for k in (expr.number, expr.number + 1)
        ]
        place = f"[{ends[0]} : {ends[1]}]" if ends[0] else f"[: {ends[1]}]"
        return f"{self.inside(expr.vector, ATOM)}{place}", ATOM

    def print_diag(self, expr: al.Diag) -> Printed:
        return f"np.diag({self.whole(expr.vector)})", ATOM

    def print_column(self, expr: al.Column) -> Printed:
        if not expr.vector.shape:
            return f"np.full((1, 1), {self.text(expr.vector)})", ATOM
        text = self.whole(expr.vector)
        return f"np.reshape({text}, (-1, 1))", ATOM

    def print_transpose(self, expr: al.Transpose) -> Printed:
        if isinstance(expr.operand, al.Column) and expr.operand.vector.shape:
            return f"np.reshape({self.whole(expr.operand.vector)}, (1, -1))", ATOM
        return super().print_transpose(expr)

    def print_vec(self, expr: al.Vec) -> Printed:
        return f"np.ravel({self.whole(expr.operand)})", ATOM

    def print_kronecker(self, expr: al.Kronecker) -> Printed:
        return f"np.kron({self.factor(expr.left)}, {self.factor(expr.right)})", ATOM

    def factor(self, expr: al.Expr) -> str:
        """Of a Kronecker product; a vector is a row."""
        if isinstance(expr, al.Transpose) and isinstance(expr.operand, al.Column):
            return self.whole(expr.operand.vector)
        return self.text(expr)

    def print_blockrow(self, expr: al.BlockRow) -> Printed:
        cells = [
            f"np.eye({self.length(dim)})" if k == expr.number else self.nothing(expr.shape[0], dim)
            for k, dim in enumerate(expr.blocks)
        ]
        return f"np.hstack([{', '.join(cells)}])", ATOM

    def print_blockmatrix(self, expr: al.BlockMatrix) -> Printed:
        rows = [
            [
                self.nothing(height, width) if cell is None else self.text(cell)
                for cell, width in zip(row, expr.widths, strict=True)
            ]
            for row, height in zip(expr.cells, expr.heights, strict=True)
        ]
        if len(rows) == 1:
            return f"np.hstack([{', '.join(rows[0])}])", ATOM
        if len(rows[0]) == 1:
            return f"np.vstack([{', '.join(row[0] for row in rows)}])", ATOM
        return f"np.block([{', '.join('[' + ', '.join(row) + ']' for row in rows)}])", ATOM

    def nothing(self, height: al.Dim, width: al.Dim) -> str:
        return f"np.zeros({self.lengths((height, width))})"

    def print_loss(self, expr: al.Loss) -> Printed:
        return self.printed(loss_formula(expr, LOSSES[expr.function].definition))

    def print_fill(self, expr: al.Fill) -> Printed:
        if len(expr.shape) == 2 and expr.scalar == al.ZERO:
            return self.nothing(*expr.shape), ATOM
        return super().print_fill(expr)


def steps(first: al.Index, last: al.Index) -> str:
    """From ``first`` to ``last``, both of them counted."""
    return f"range({step_text(first)}, {step_text(last + 1)})"


class Unbatched:
    """Parameters
    ----------
    derivation : Derivation
    tags : mapping of str to str
        The numbers of the model's equations, by what they define.
    """

    def __init__(self, derivation: Derivation, tags: Mapping[str, str]) -> None:
        self.derivation = derivation
        self.model = derivation.normal
        self.tags = tags
        letters = {
            node.index
            for step in derivation.steps
            for node in al.walk(step.result)
            if isinstance(node, al.TimeSum | al.OrderedProduct)
        }
        self.identifiers = Identifiers(self.model.text, {*WORDS, *letters})
        names = ValueNames(self.model, identifiers=self.identifiers)
        self.written = StepNames(names)
        self.printer = SequencePrinter(self.written, (a.name for a in self.model.abstract))

    def statements(self) -> Iterator[Statement]:
        """What there is to run, in this order."""
        walk = self.derivation.of_kind("seed", "adjoint", "boundary")
        carried = self.derivation.of_kind("jacobian", "start", "sensitivity")
        found = [
            *self.forward(),
            *self.loop("range(T, 0, -1)", walk),
            *self.loop("range(1, T + 1)", carried),
        ]
        results = [*map(self.once, self.derivation.of_kind("initial", "gradient")), *self.joined()]
        found += [(lines, "") for lines in self.printer.products.values()]
        yield (HEAD,), ""
        for lines, tag in (*self.dicts(), *found, *results):
            yield tuple(map(self.identifiers.settled, lines)), tag

    def dicts(self) -> Iterator[Statement]:
        """Room for what has a step and is not given."""
        given = {self.written.value(i.name) for i in self.model.initials if i.value is None}
        for line in allocated([n for n in self.written.timed if n not in given], "{}"):
            yield (line,), ""

    # --- the model ---------------------------------------------------------------------------

    def forward(self) -> Iterator[Statement]:
        for derived in derived_order(self.model):
            yield self.equation(derived.ref, derived.rhs, self.tags[derived.name])
        for initial in self.model.initials:
            if initial.value is not None:
                same = initial.value.shape == initial.shape
                value = initial.value if same else al.Fill(initial.value, initial.shape)
                yield self.equation(initial.ref, value, "")
        ordered = in_step_order(self.model)
        yield ("for t in range(1, T + 1):",), ""
        for equation in ordered:
            if not equation.last:
                yield self.equation(equation.ref, equation.rhs, self.tags[equation.name], INDENT)
        for equation in ordered:
            if equation.last:
                yield self.equation(equation.ref, equation.rhs, self.tags[equation.name])

    def equation(self, target: al.Expr, value: al.Expr, tag: str, indent: str = "") -> Statement:
        return tuple(self.assigned(target, value, indent)), tag

    def assigned(self, target: al.Expr, value: al.Expr, indent: str) -> Iterator[str]:
        left = self.written.target(target)
        if "[" in left:
            self.written.timed.setdefault(left.partition("[")[0])
        yield from broken(f"{indent}{left} = ", self.printer.whole(value), indent)

    # --- the steps ---------------------------------------------------------------------------

    def loop(self, over: str, found: Sequence[Step]) -> Iterator[Statement]:
        """One statement a step, when it holds; what is before the first step stands before."""
        early = [step for step in found if is_past(step.target.index)]
        yield from map(self.once, early)
        if len(found) > len(early):
            yield (f"for t in {over}:",), ""
            for step in found:
                if step not in early:
                    yield self.guarded(step, [*lengths_of(step), *times_of(step)], INDENT)

    def joined(self) -> Iterator[Statement]:
        """Matrices side by side: what they give, and their gradients."""
        for step in self.derivation.of_kind("joined"):
            if step.target.index is None:
                yield self.once(step)
            else:
                yield from self.loop("range(1, T + 1)", (step,))

    def once(self, step: Step) -> Statement:
        needed = [f"T >= {step.needs}"] if step.needs > 1 and not lengths_of(step) else []
        return self.guarded(step, [*lengths_of(step), *needed], "")

    def guarded(self, step: Step, conditions: Sequence[str], indent: str) -> Statement:
        lines = [f"{indent}if {' and '.join(conditions)}:"] if conditions else []
        indent += INDENT * len(lines)
        target = step.target
        if isinstance(target, al.BlockMatrix):
            lines += self.split(target, step.result, indent)
        else:
            lines += self.assigned(target, step.result, indent)
        return tuple(lines), str(step.number)

    def split(self, target: al.BlockMatrix, value: al.Expr, indent: str) -> Iterator[str]:
        """The blocks of a gradient, which stand below or beside each other."""
        axis = 0 if len(target.heights) > 1 else 1
        sizes = (target.heights, target.widths)[axis]
        cells = [cell for row in target.cells for cell in row if cell is not None]
        ends = [self.printer.length(al.add_dims(sizes[:k])) for k in range(1, len(sizes))]
        given = f"np.split({self.printer.of(value)}, [{', '.join(ends)}], axis={axis})"
        left = ", ".join(map(self.written.target, cells))
        yield from broken(f"{indent}{left} = ", given, indent)


def is_past(index: al.Index | None) -> bool:
    return index is not None and not index.terms and index.offset <= 0


def lengths_of(step: Step) -> list[str]:
    """For which lengths a step is stated, where it says so."""
    if step.holds is None or step.holds.of != al.LAST:
        return []
    return [condition(step.holds)]


def times_of(step: Step) -> list[str]:
    """When it is the turn of a step in a loop over t."""
    index = step.target.index
    assert index is not None
    if "t" not in index.names():
        return [f"t == {step_text(index)}"]
    always = step.holds is None or step.holds == EVERY or step.holds.of == al.LAST
    return [] if always or step.holds is None else [condition(step.holds)]


def condition(holds: Range) -> str:
    first, last, of = map(step_text, (holds.first, holds.last, holds.of))
    if first == last:
        return f"{of} == {first}"
    if holds.first == al.FIRST:
        return f"{of} <= {last}"
    return f"{of} >= {first}" if holds.last == al.LAST else f"{first} <= {of} <= {last}"


# --- long lines ----------------------------------------------------------------------------------

SEPARATORS = (" for ", ", ", " + ", " - ", " @ ", " * ")
"""Where an expression is parted, the first of these that it has outside of brackets."""


def broken(head: str, text: str, indent: str, tail: str = "") -> Iterator[str]:
    """``head``, an expression and ``tail``; a long one in brackets, over several lines."""
    if len(head) + len(text) + len(tail) <= WIDTH:
        yield f"{head}{text}{tail}"
        return
    opening, inside, closing = bracketed(text)
    further = indent + INDENT
    yield head + opening
    pieces = parted(inside)
    for lead, piece, comma in pieces:
        if len(pieces) > 1 or bracketed(piece)[1] != piece:
            yield from broken(further + lead, piece, further, comma)
        else:
            yield f"{further}{piece}{comma}"
    yield f"{indent}{closing}{tail}"


def bracketed(text: str) -> tuple[str, str, str]:
    """A call or a list as its head, what is inside and its end; what is neither in brackets."""
    head = re.match(r"[\w.]*[(\[]", text)
    if head and text[-1] in ")]" and min(depths(text)[head.end() - 1 : -1]) > 0:
        return head[0], text[head.end() : -1], text[-1]
    return "(", text, ")"


def depths(text: str) -> list[int]:
    """How many brackets are open behind each character."""
    return list(accumulate((c in "([{") - (c in ")]}") for c in text))


def parted(text: str) -> list[tuple[str, str, str]]:
    """The parts of an expression, each with the operator before and the comma behind it."""
    deep = depths(text)
    for separator in SEPARATORS:
        places = [m.start() for m in re.finditer(re.escape(separator), text) if not deep[m.start()]]
        if places:
            starts = [0, *(place + len(separator) for place in places)]
            pieces = [text[a:b] for a, b in zip(starts, [*places, None], strict=True)]
            if separator == ", ":
                return [("", piece, ",") for piece in pieces]
            lead = separator.lstrip()
            return [("", pieces[0], ""), *((lead, piece, "") for piece in pieces[1:])]
    return [("", text, "")]
