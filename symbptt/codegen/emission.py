"""Statements of the array program as lines of Python, each short enough to be read.

Which arrays are kept and which are temporaries of a loop is decided here, from who
reads them: a quantity of the loop that nothing outside it needs has no array.
"""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterable, Iterator
from dataclasses import replace
from functools import partial

from symbptt import algebra as al
from symbptt.calculus.forms import terms_of
from symbptt.codegen.naming import ValueNames
from symbptt.codegen.numpy_printer import NumpyPrinter, Raw, Uses, is_full, is_rowwise
from symbptt.codegen.places import Places, Variable, variable
from symbptt.codegen.program import Assign, Block, Place

INDENT = "    "
# Formatters allow 88 columns; a function's body stands one level in.
WIDTH = 88 - len(INDENT)


class Emitter:
    """The lines of one function's body."""

    def __init__(self, names: ValueNames, places: Places, uses: Uses) -> None:
        self.names = names
        self.places = places
        self.uses = uses
        self.lag = max(places.lag, 1)
        self.allocated: set[Variable] = set()
        self.cited: set[int] = set()

    def printer(self, place: Place) -> NumpyPrinter:
        return NumpyPrinter(
            self.names, place, self.uses, self.places.local, self.places.last, self.lag
        )

    def blocks(self, blocks: Iterable[Block]) -> Iterator[str]:
        for block in blocks:
            yield from self.allocations(block)
            if block.place == "loop":
                yield from self.loop(block)
            elif block.place == "sweep":
                yield from self.sweeps(block)
            else:
                for statement in block.statements:
                    yield from self.statement(statement, block, "")

    def loop(self, block: Block) -> Iterator[str]:
        backs = ["prev"] if self.lag == 1 else [f"prev{k}" for k in range(1, self.lag + 1)]
        names = ", ".join(["now", *backs])
        steps = f"{self.printer('loop').name('rows')}.steps"
        steps = f"reversed({steps})" if block.backward else steps
        yield f"for {names} in {steps}:"
        for statement in block.statements:
            yield from self.statement(statement, block, INDENT)

    def sweeps(self, block: Block) -> Iterator[str]:
        """The loop over sweeps: no step is further from a loss than T and the longest lag."""
        names = self.names
        self.uses.names |= {"rows", "_turned"}
        yield "for _ in range(min(TAU, rows.T + _LAG)):"
        body = [line for s in block.statements for line in self.statement(s, block, INDENT)]
        for name in self.places.ahead:
            if name in self.places.pasts:
                yield f"{INDENT}{names.sweep_histories[name]} = {names.aheads[name]}[0]"
                live = f"{names.sweep_histories[name]}[rows.live]"
                if names.sweeps[name] in self.uses.names:
                    yield f"{INDENT}{names.sweeps[name]} = {live}"
            else:
                yield f"{INDENT}{names.sweeps[name]} = {names.aheads[name]}[0]"
        yield from body
        for name in self.places.ahead:
            yield f"{INDENT}{names.aheads[name]} = _turned({names.aheads[name]})"

    def swept(self, target: al.Cotangent, place: Place) -> str:
        """What belongs to a sweep, as the target of a statement."""
        assert target.index is not None
        lag = -target.index.offset
        if place == "sweep" and lag == 0:
            return self.printer(place).name(self.names.sweeps[target.name])
        self.uses.names.add("rows")
        ahead = f"{self.names.aheads[target.name]}[{lag}]"
        if target.name not in self.places.pasts:
            return f"{ahead}[rows.end]" if place == "last" else ahead
        if place == "last":
            return f"{ahead}[rows.ends[{lag}]]"
        return f"{ahead}[rows.back[{lag}]]" if lag else f"{ahead}[rows.live]"

    # --- arrays ------------------------------------------------------------------------------

    def allocations(self, block: Block) -> Iterator[str]:
        """Room for what a block writes, arrays of one shape in one line."""
        made: dict[str, list[str]] = {}
        for statement in block.statements:
            for target in (statement.target, *al.walk(statement.value)):
                for name, text in self.allocation(target, block, target is statement.target):
                    made.setdefault(text, []).append(name)
        for text, names in made.items():
            yield from allocated(names, text)

    def allocation(self, target: al.Expr, block: Block, written: bool) -> Iterator[tuple[str, str]]:
        found = variable(target)
        if found is None or found in self.allocated or found in self.places.local:
            return
        if found[0] == "gradient":
            return
        kind, name = found
        if kind == "sweep":
            yield from self.begun(target, found)
            return
        if name in self.places.pasts or (kind == "value" and not written):
            return
        printer = self.printer(block.place)
        rows = partial(printer.row_count, last=name in self.places.last)
        if kind == "cotangent" and found in self.places.filled:
            self.allocated.add(found)
            yield self.names.cotangents[name], printer.array("zeros", rows(), target.shape)
        elif written and block.place == "loop":
            self.allocated.add(found)
            table = self.names.values if kind == "value" else self.names.cotangents
            yield table[name], printer.array("empty", rows(), target.shape)

    def begun(self, target: al.Expr, found: Variable) -> Iterator[tuple[str, str]]:
        """The room of what a sweep finds begun; with a past it begins with the carry's."""
        name = found[1]
        if name in self.places.ahead and name not in self.places.pasts:
            self.allocated.add(found)
            printer = self.printer("static")
            zeros = printer.array("zeros", printer.row_count(last=False), target.shape)
            yield (
                self.names.aheads[name],
                printer.helper("_ahead", zeros, str(self.places.ahead[name])),
            )

    # --- statements --------------------------------------------------------------------------

    def statement(self, statement: Assign, block: Block, indent: str) -> Iterator[str]:
        yield from self.comment(statement, indent)
        printer = self.printer(block.place)
        target, value = statement.target, statement.value
        if isinstance(target, al.Cotangent) and target.index is None:
            yield from self.gradient(target, value, printer, indent)
            return
        found = variable(target)
        if block.place == "sweep" and self.has_past(target) and is_total(statement):
            name = target.name
            total, part = self.names.cotangent_histories[name], self.names.sweep_histories[name]
            yield f"{indent}{total} += {part}"
            return
        if isinstance(target, al.Cotangent) and is_swept(target):
            text = self.swept(target, block.place)
        else:
            text = printer.text(target)
        owned = found in self.places.filled or self.has_past(target)
        owned = owned or (is_swept(target) and target.name in self.places.ahead)
        adds = statement.add and owned
        bare = text.isidentifier() and not owned
        timed = found is not None and found not in self.places.local and self.places.has_rows(found)
        if text.isidentifier() and owned and not adds:
            text += "[:]"
        if bare and timed and must_spread(value):
            rows = printer.row_count(last=target.name in self.places.last)
            made = printer.array("empty", rows, target.shape)
            yield f"{indent}{text} = {made}"
            text, bare = f"{text}[:]", False
        yield from self.lines(text, "+=" if adds else "=", value, printer, indent, bare)

    def comment(self, statement: Assign, indent: str) -> Iterator[str]:
        """The step that a statement carries out, in full where it is first met."""
        number = f"({statement.step}) " if statement.step else ""
        if statement.part and statement.step in self.cited:
            yield from wrapped(number + statement.part, indent)
            return
        self.cited.add(statement.step)
        yield from comment(statement, indent)

    def has_past(self, target: al.Expr) -> bool:
        found = variable(target)
        return found is not None and found[1] in self.places.pasts

    # --- gradients ---------------------------------------------------------------------------

    def gradient(
        self, target: al.Cotangent, value: al.Expr, printer: NumpyPrinter, indent: str
    ) -> Iterator[str]:
        """dL/d(parameter): products first; rows of tables and own starts are added."""
        name = self.names.cotangents[target.name]
        terms = terms_of(value)
        scattered = [found for t in terms if (found := scattered_rows(t)) is not None]
        starts = [t for t in terms if is_start(t)]
        plain = tuple(t for t in terms if scattered_rows(t) is None and not is_start(t))
        total = al.Add(plain)
        if plain and is_full(total):
            yield from self.lines(
                name, "=", total if len(plain) > 1 else plain[0], printer, indent, True
            )
        else:
            yield f"{indent}{name} = {printer.zeros_like(self.names.values[target.name])}"
            for term in plain:
                yield from self.lines(f"{name}[...]", "+=", term, printer, indent, False)
        for place, position, added in scattered:
            over = printer.at(place)
            yield f"{indent}np.add.at({name}, {over.text(position)}, {over.text(added)})"
        for term in starts:
            yield f"{indent}if call.start is None:"
            both = al.Add((Raw(name, target.shape, False), term))
            yield from self.lines(name, "=", both, printer, indent + INDENT, True)

    # --- lines -------------------------------------------------------------------------------

    def lines(
        self,
        target: str,
        operator: str,
        value: al.Expr,
        printer: NumpyPrinter,
        indent: str,
        bare: bool,
    ) -> Iterator[str]:
        """``target operator value``, in as many lines as it takes to keep them short."""
        if operator == "+=" and isinstance(value, al.Neg):
            operator, value = "-=", value.operand
        line = f"{indent}{target} {operator} {printer.text(value)}"
        if len(line) <= WIDTH:
            yield line
        elif not al.children(value):
            yield from exploded(line, indent)
        elif isinstance(value, al.Add):
            yield from self.term_by_term(target, operator, value, printer, indent, bare)
        else:
            before: list[str] = []
            shorter = self.shorter(value, printer, indent, before)
            yield from before
            if shorter == value:
                yield from exploded(line, indent)
            else:
                yield from self.lines(target, operator, shorter, printer, indent, bare)

    def shorter(
        self, value: al.Expr, printer: NumpyPrinter, indent: str, before: list[str]
    ) -> al.Expr:
        """The same value with its longer parts as temporaries, whose lines go ``before``."""
        if isinstance(value, al.TimeSum):
            inside = printer.at("last" if value.first == al.LAST else "all")
            return replace(value, term=self.shorter(value.term, inside, indent, before))
        for least in (24, 12, 0):
            hoist = partial(self.hoisted, least, printer, indent, before)
            found = al.map_children(value, hoist)
            if found != value:
                return found
        if isinstance(value, al.Mul) and len(value.factors) > 2:
            half = max(2, len(value.factors) // 2)
            first = self.hoisted(0, printer, indent, before, al.Mul(value.factors[:half]))
            return al.Mul((first, *value.factors[half:]))
        return al.map_children(value, partial(self.taken, printer, indent, before))

    def term_by_term(
        self,
        target: str,
        operator: str,
        value: al.Add,
        printer: NumpyPrinter,
        indent: str,
        bare: bool,
    ) -> Iterator[str]:
        # A bare name may be another array's second name, so it is never added to in place.
        terms = (
            sorted(value.terms, key=lambda t: t.shape != value.shape or not is_full(t))
            if bare
            else value.terms
        )
        for number, term in enumerate(terms):
            if number == 0:
                yield from self.lines(target, operator, term, printer, indent, bare)
            elif bare:
                both = al.Add((Raw(target, value.shape, True), term))
                text = f"{indent}{target} = {printer.text(both)}"
                if len(text) > WIDTH:
                    before: list[str] = []
                    short = self.hoisted(0, printer, indent, before, term)
                    yield from before
                    both = al.Add((Raw(target, value.shape, True), short))
                    text = f"{indent}{target} = {printer.text(both)}"
                yield text
            else:
                sign = "-=" if operator == "-=" else "+="
                yield from self.lines(target, sign, term, printer, indent, bare)

    def taken(
        self, printer: NumpyPrinter, indent: str, before: list[str], leaf: al.Expr
    ) -> al.Expr:
        """Rows of an array as a temporary of their own."""
        if "[" not in printer.text(leaf):
            return leaf
        return self.named(leaf, printer, indent, before)

    def hoisted(
        self, least: int, printer: NumpyPrinter, indent: str, before: list[str], expr: al.Expr
    ) -> al.Expr:
        """A part of a long line as a temporary of its own, if it is longer than ``least``."""
        if isinstance(expr, al.Transpose) and isinstance(expr.operand, al.Column):
            # The row of a Kronecker product: the printer of the product takes its vector.
            vector = self.hoisted(least, printer, indent, before, expr.operand.vector)
            return al.Transpose(al.Column(vector))
        if not al.children(expr) or len(printer.text(expr)) <= least:
            return expr
        return self.named(expr, printer, indent, before)

    def named(
        self, expr: al.Expr, printer: NumpyPrinter, indent: str, before: list[str]
    ) -> al.Expr:
        name = self.names.temporary()
        before.extend(self.lines(name, "=", expr, printer, indent, True))
        return Raw(name, expr.shape, is_rowwise(expr))


def allocated(names: list[str], text: str) -> Iterator[str]:
    """``a, b = (text for _ in range(2))``, as many names as go into a line."""
    while names:
        count = len(names)
        while count > 1 and len(several(names[:count], text)) > WIDTH:
            count -= 1
        yield several(names[:count], text) if count > 1 else f"{names[0]} = {text}"
        names = names[count:]


def several(names: list[str], text: str) -> str:
    return f"{', '.join(names)} = ({text} for _ in range({len(names)}))"


def is_swept(target: al.Expr) -> bool:
    """Whether a target is a cotangent of one sweep."""
    return isinstance(target, al.Cotangent) and target.part is not None


def is_total(statement: Assign) -> bool:
    """Whether a statement adds a sweep to the sum of the sweeps."""
    target = statement.target
    return isinstance(target, al.Cotangent) and target.part is None


CALL = re.compile(r"(.* = \w+)\(([^()]*)\)(\.T)?")


def exploded(line: str, indent: str) -> list[str]:
    """A call that can't be made shorter, an argument a line."""
    match = CALL.fullmatch(line)
    if match is None:
        return [line]
    arguments = [f"{indent}{INDENT}{argument}," for argument in match[2].split(", ")]
    return [f"{match[1]}(", *arguments, f"{indent}){match[3] or ''}"]


def comment(statement: Assign, indent: str) -> Iterator[str]:
    """The number and the formula of the step that a statement carries out."""
    number = f"({statement.step}) " if statement.step else ""
    yield from wrapped(number + statement.formula, indent)
    if statement.part:
        yield from wrapped(f"    here {statement.part}", indent)
    for step, formula in statement.cited:
        yield from wrapped(f"({step}) {formula}" if step else formula, indent)


def wrapped(text: str, indent: str) -> list[str]:
    return textwrap.wrap(
        text,
        WIDTH,
        initial_indent=f"{indent}# ",
        subsequent_indent=f"{indent}#     ",
        break_long_words=False,
        break_on_hyphens=False,
        drop_whitespace=True,
    )


def must_spread(value: al.Expr) -> bool:
    """Whether NumPy would make a smaller array of it than the target is."""
    return not is_full(value) or not is_rowwise(value)


def scattered_rows(term: al.Expr, sign: int = 1) -> tuple[Place, al.Expr, al.Expr] | None:
    """Place, index and rows of a sum of outer products with unit vectors, else None."""
    if isinstance(term, al.Neg):
        return scattered_rows(term.operand, -sign)
    if isinstance(term, al.TimeSum) and isinstance(term.term, al.Outer):
        left, right = term.term.left, term.term.right
        if isinstance(left, al.OneHot):
            place: Place = "last" if term.first == al.LAST else "all"
            return place, left.position, right if sign > 0 else al.Neg(right)
    return None


def is_start(term: al.Expr) -> bool:
    """Whether a term is what the initial value of this call received."""
    return isinstance(term, al.TimeSum) and not term.first.terms and term.first == term.last
