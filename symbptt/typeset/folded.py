"""A study of a recurrence as a document: text for a terminal, LaTeX, data for a program."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from symbptt.algebra import Expr, Index, Model, Number, Param, Ref, walk
from symbptt.calculus.normal import normalize
from symbptt.calculus.recurrence.folding import Coefficient
from symbptt.calculus.recurrence.induction import Line
from symbptt.calculus.recurrence.operators import Operator, Total
from symbptt.calculus.recurrence.study import Study
from symbptt.calculus.recurrence.words import Form, Letter, Run, Term
from symbptt.errors import NotAffineError
from symbptt.typeset.factors import (
    Factors,
    PlainFactors,
    operator_text,
    pieces_text,
)
from symbptt.typeset.wording import Names, Wording, is_number, is_scalar, wordings

SHOWN = 8
"""So many steps are written out."""


@dataclass(frozen=True)
class Statement:
    """``left = right`` with a remark; ``left`` is empty where it continues the one above.

    ``sign`` is what stands between the two.
    """

    left: str
    right: str
    remark: str = ""
    number: int = 0
    sign: str = "="


@dataclass(frozen=True)
class Section:
    title: str
    statements: tuple[Statement, ...]


class Report:
    """What is said of a study, in one notation."""

    comma = ", "

    def __init__(self, study: Study, model: Model, names: Names, factors: Factors) -> None:
        self.study = study
        self.model = model
        self.names = names
        self.factors = factors
        self.recurrence = study.recurrence
        self.law = study.law
        self.letters, self.spelled = wordings(names, study.recurrence, factors)

    def sections(self) -> tuple[Section, ...]:
        """What there is to say; a run too short for the recurrence has no values to show."""
        every = (
            Section(f"affine in the value of the step {self.before}", tuple(self.equation())),
            Section("unrolled", tuple(self.unrolled())),
            Section("coefficients found", tuple(self.found())),
            Section("closed form", tuple(self.closed())),
            Section("check at every step", tuple(self.checks())),
            Section("proof by induction, for all t", tuple(self.proof())),
        )
        return tuple(section for section in every if section.statements)

    @property
    def before(self) -> str:
        return "before" if self.law.direction > 0 else "behind"

    # --- the equation ------------------------------------------------------------------

    def equation(self) -> Iterator[Statement]:
        t = Index.of("t")
        value = self.letters.letter(self.law.value(t)).text
        yield Statement(value, self.letters.form(self.law.recurrence(t)).text, self.range(1))
        if self.recurrence.stacked:
            shown = [self.factors.show(block) for block in self.recurrence.stack]
            yield Statement(value, self.column(shown), "the stacked value")
        for name in self.law.sources:
            if name not in self.names.own:
                yield from self.source(self.law.letter(name, t))
        if "c" not in self.names.own:
            yield from self.coefficient(self.law.letter("c", t))
        yield from self.beginning()
        yield from self.auxiliary()

    def auxiliary(self) -> Iterator[Statement]:
        """What the names mean that only the normal form has."""
        normal = normalize(self.model)
        used = {node.name for expr in self.read() for node in walk(expr) if isinstance(node, Ref)}
        for equation in normal.equations:
            if equation.auxiliary and equation.name in used:
                yield Statement(self.factors.show(equation.ref), self.factors.show(equation.rhs))

    def read(self) -> Iterator[Expr]:
        """All expressions of the equation."""
        for row in self.recurrence.matrix:
            yield from (f for operator in row for m in operator for f in m.factors)
        for piece in (p for block in self.recurrence.source for p in block):
            yield from (*piece.monomial.factors, piece.leaf)

    def range(self, distance: int) -> str:
        low, high = Index(offset=1), Index.of("T")
        if self.law.direction > 0:
            low = self.law.start + distance
        else:
            high = self.law.start - distance
        return self.span(low, high)

    def span(self, low: Index, high: Index) -> str:
        return f"{low} <= t <= {high}"

    def column(self, blocks: Sequence[str]) -> str:
        return f"[{'; '.join(blocks)}]"

    def source(self, letter: Letter) -> Iterator[Statement]:
        blocks = [
            pieces_text(self.factors, block, is_number(value)).text
            for block, value in zip(self.recurrence.source, self.recurrence.stack, strict=True)
        ]
        name = self.letters.symbol(letter).text
        if not self.recurrence.stacked:
            yield Statement(name, blocks[0])
            return
        # A block of one quantity stands in its place, a longer one gets a name.
        long = [any(p.monomial.factors for p in b) or len(b) > 1 for b in self.recurrence.source]
        cells = [
            self.block(letter, k + 1) if named else text
            for k, (text, named) in enumerate(zip(blocks, long, strict=True))
        ]
        yield Statement(name, self.column(cells))
        for cell, text, named in zip(cells, blocks, long, strict=True):
            if named:
                yield Statement(cell, text)

    def coefficient(self, letter: Letter) -> Iterator[Statement]:
        name = self.letters.symbol(letter).text
        if not self.recurrence.stacked:
            (row,) = self.recurrence.matrix
            text = operator_text(self.factors, row[0], is_scalar(self.recurrence)).text
            yield Statement(name, text)
            return
        cells = [
            [self.cell_of(letter, i, j) for j in range(len(row))]
            for i, row in enumerate(self.recurrence.matrix)
        ]
        yield Statement(name, self.blocks(cells))
        for i, row in enumerate(self.recurrence.matrix):
            for j, operator in enumerate(row):
                if operator and not _is_short(operator):
                    yield Statement(self.block(letter, i + 1, j + 1), self.operator(i, j))

    def cell_of(self, letter: Letter, row: int, column: int) -> str:
        operator = self.recurrence.matrix[row][column]
        if not operator or _is_short(operator):
            return self.operator(row, column)
        return self.block(letter, row + 1, column + 1)

    def operator(self, row: int, column: int) -> str:
        """A block of C; between two numbers it is a number."""
        scalar = not any(_output(self.recurrence.stack[k]).shape for k in (row, column))
        return operator_text(self.factors, self.recurrence.matrix[row][column], scalar).text

    def blocks(self, cells: Sequence[Sequence[str]]) -> str:
        rows = [f"[{', '.join(row)}]" for row in cells]
        return f"[{', '.join(rows)}]"

    def block(self, letter: Letter, *place: int) -> str:
        """The name of a block of b or C, counted from 1."""
        step = "" if letter.index is None else f"[{letter.index}]"
        return f"{self.names.letters[letter.name]}{''.join(map(str, place))}{step}"

    def beginning(self) -> Iterator[Statement]:
        start = self.law.value(self.law.start)
        left = self.letters.letter(start).text
        if self.law.begins == "source":
            right = self.letters.form(self.law.beginning()).text
            yield Statement(
                left, right, f"what lies past step {self.index(self.law.start)} is absent"
            )
        elif self.law.begins == "zero":
            yield Statement(left, "0")
        elif self.recurrence.stacked or self.recurrence.begin[0][1] is not None:
            blocks = [self.begun(unknown, value) for unknown, value in self.recurrence.begin]
            text = self.column(blocks) if self.recurrence.stacked else blocks[0]
            yield Statement(left, text, "the beginning")

    def begun(self, unknown: Expr, value: Expr | None) -> str:
        known = value is not None and (isinstance(value, Number) or not isinstance(unknown, Ref))
        if value is not None and (known or not self.recurrence.stacked):
            return self.factors.show(value)
        return self.factors.show(unknown)

    def index(self, index: Index) -> str:
        return str(index)

    # --- unrolled and folded -----------------------------------------------------------

    def unrolled(self) -> Iterator[Statement]:
        for comparison in self.study.comparisons[:SHOWN]:
            left = self.letters.letter(Letter("a", Index(offset=comparison.step))).text
            yield Statement(left, self.letters.total(comparison.unrolled).text)

    def found(self) -> Iterator[Statement]:
        """What multiplies each letter, step by step, then the pattern of them all."""
        start = self.law.start.at({"T": self.study.horizon})
        rows: dict[int, list[Coefficient]] = {}
        for row in self.study.coefficients:
            rows.setdefault(row.at, []).append(row)
        for step in [c.step for c in self.study.comparisons[:SHOWN]]:
            if step != start:
                value = self.letters.letter(Letter("a", Index(offset=step))).text
                cells = self.comma.join(map(self.cell, rows.get(step, ())))
                yield Statement(self.in_value(value), cells, sign=":")
        for term in self.study.form:
            yield self.pattern(term)

    def cell(self, row: Coefficient) -> str:
        """A coefficient at one step, and of what."""
        name, step = row.letter
        letter = Letter(name, None if step is None else Index(offset=step))
        words = self.comma.join(self.letters.concrete(word).text for word in row.words)
        return self.of(words, self.letters.letter(letter).text)

    def of(self, coefficient: str, letter: str) -> str:
        return f"{coefficient} of {letter}"

    def in_value(self, value: str) -> str:
        return f"in {value}"

    def pattern(self, term: Term) -> Statement:
        *product, letter = term.word
        assert isinstance(letter, Letter)
        left = self.in_value(self.letters.letter(Letter("a", Index.of("t"))).text)
        coefficient = self.letters.word(tuple(product)).text
        right = self.of(coefficient, self.letters.letter(letter).text)
        run = next((f for f in product if isinstance(f, Run)), None)
        remarks = [self.between(term.bound, term.lower, term.upper)] if term.bound else []
        remarks += [_order(run)] if run else []
        return Statement(left, right, ", ".join(remarks), sign=":")

    def between(self, name: str, low: Index, high: Index) -> str:
        return f"{low} <= {name} <= {high}"

    def closed(self) -> Iterator[Statement]:
        form = self.study.form
        value = self.letters.letter(self.law.value(Index.of("t"))).text
        yield Statement(value, self.letters.form(form).text, self.range(0))
        spelled = self.spelled.form(form).text
        if spelled != self.letters.form(form).text:
            yield Statement("", spelled)
        if self.study.split is not None:
            yield Statement("", self.letters.form(self.study.split).text, self.range(1))
        if self.study.other is not None:
            term, index = self.study.other
            (old,) = (t for t in form if t.bound)
            other = tuple(term if t.bound else t for t in form)
            yield Statement("", self.spelled.form(other).text, self.change(old.bound, index))

    def change(self, name: str, index: Index) -> str:
        return f"with {name} = {index}"

    # --- check and proof ---------------------------------------------------------------

    def checks(self) -> Iterator[Statement]:
        for c in self.study.comparisons[: 4 * SHOWN]:
            verdict = "right" if c.right else "WRONG"
            text = self.said(f"{_count(c.unrolled.total())}, {verdict}")
            yield Statement(self.at_step(c.step), text, sign=":")
        if not self.study.comparisons:
            few = f"T = {self.study.horizon}"
            yield Statement(few, self.said("too few steps for this recurrence"), sign=":")
        rest = self.study.comparisons[4 * SHOWN :]
        if rest:
            wrong = sum(not c.right for c in rest)
            yield Statement(
                self.said("the rest"), self.said(f"{len(rest)} steps, {wrong} wrong"), sign=":"
            )

    def at_step(self, step: int) -> str:
        return f"t = {step}"

    def said(self, words: str) -> str:
        return words

    def proof(self) -> Iterator[Statement]:
        for line in self.study.proof.lines:
            left = "" if line.left is None else self.letters.letter(line.left).text
            yield Statement(left, self.right(line), self.letters.remark(line.reason), line.number)

    def right(self, line: Line) -> str:
        text = self.letters.form(line.form).text if line.form or line.factor is None else ""
        if line.factor is None:
            return text
        times = f"{self.letters.letter(line.factor).text}{self.times}{self.inside(line.inner)}"
        return f"{text} + {times}" if text else times

    @property
    def times(self) -> str:
        return self.letters.sign

    def inside(self, form: Form) -> str:
        return f"({self.letters.form(form).text})"


def _output(value: Expr) -> Expr:
    return value.output if isinstance(value, Total) else value


def _is_short(operator: Operator) -> bool:
    """Whether it is the identity or one name, so that a block needs no letter of its own."""
    if len(operator) != 1 or len(operator[0].factors) > 1:
        return False
    return all(isinstance(f, Param | Ref) for f in operator[0].factors)


def _order(run: Run) -> str:
    """In which order the factors stand."""
    if run.first is None:
        return "a power"
    return "descending" if run.step < 0 else "ascending"


def _count(words: int) -> str:
    return "1 term" if words == 1 else f"{words} terms"


# --- text ------------------------------------------------------------------------------


def folded_text(study: Study, model: Model, names: Names) -> str:
    """The study as sections of lines for a terminal."""
    report = Report(study, model, names, PlainFactors())
    lines: list[str] = []
    for section in report.sections():
        lines += ["", section.title, *_lines(section.statements)]
    if any("prod(" in line for line in lines):
        lines += ["", *_ABOUT_PRODUCTS]
    return "\n".join(lines) + "\n"


_ABOUT_PRODUCTS = (
    "prod(j, first, last, -1, x) multiplies from left to right as j descends, prod(j, first, last,",
    "x) as it ascends; a product without factors is I (1 for numbers), a sum without summands 0",
)


def _lines(statements: Sequence[Statement]) -> Iterator[str]:
    left = max(len(s.left) for s in statements)
    right = max((len(s.right) for s in statements if len(s.right) <= 60), default=0)
    for s in statements:
        number = f"{s.number}. " if s.number else ""
        text = f"  {number}{s.left.ljust(left)} {s.sign} {s.right.ljust(right)}"
        yield f"{text}  # {s.remark}" if s.remark else text.rstrip()


def refusal_text(error: NotAffineError) -> str:
    """What is not affine, with the term at fault."""
    factors = PlainFactors()
    if not isinstance(error.term, tuple):
        return str(error)
    left, term = error.term
    return (
        f"{factors.show(left)} is not affine in the values of earlier steps; the term at fault is "
        f"{factors.show(term)}"
    )


# --- data ------------------------------------------------------------------------------


def folded_data(study: Study, model: Model, names: Names) -> dict[str, Any]:
    """The study as plain lists and dicts."""
    report = Report(study, model, names, PlainFactors())
    data: dict[str, Any] = {
        "right": study.right,
        "closed_form": _closed(report, report.spelled),
        "sections": {
            s.title: [_statement(item) for item in s.statements] for s in report.sections()
        },
    }
    return data


def _closed(report: Report, wording: Wording) -> str:
    value = report.letters.letter(report.law.value(Index.of("t"))).text
    return f"{value} = {wording.form(report.study.form).text}"


def _statement(statement: Statement) -> dict[str, Any]:
    data: dict[str, Any] = {"left": statement.left, "right": statement.right}
    if statement.number:
        data["number"] = statement.number
    if statement.remark:
        data["remark"] = statement.remark
    return data
