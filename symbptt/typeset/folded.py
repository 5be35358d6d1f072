"""A study of a recurrence as a document: text for a terminal, LaTeX, data for a program."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from symbptt.algebra import Expr, Index, Model, Number, Ref
from symbptt.calculus.recurrence.folding import Coefficient
from symbptt.calculus.recurrence.induction import Line
from symbptt.calculus.recurrence.study import Study
from symbptt.calculus.recurrence.words import Form, Letter, Run, Term
from symbptt.errors import NotAffineError
from symbptt.templating import environment
from symbptt.typeset.display import Row, aligned, chain
from symbptt.typeset.factors import (
    Factors,
    LatexFactors,
    PlainFactors,
    operator_text,
    pieces_text,
)
from symbptt.typeset.names import Names as Symbols
from symbptt.typeset.names import index_latex
from symbptt.typeset.wording import LatexWording, Names, wordings

SHOWN = 8
"""So many steps are written out."""


@dataclass(frozen=True)
class Statement:
    """``left = right`` with a remark; ``left`` is empty where it continues the one above."""

    left: str
    right: str
    remark: str = ""
    number: int = 0


@dataclass(frozen=True)
class Section:
    title: str
    statements: tuple[Statement, ...]


class Report:
    """What is said of a study, in one notation."""

    def __init__(self, study: Study, model: Model, names: Names, factors: Factors) -> None:
        self.study = study
        self.model = model
        self.names = names
        self.factors = factors
        self.recurrence = study.recurrence
        self.law = study.law
        self.letters, self.spelled = wordings(names, study.recurrence, factors)

    def sections(self) -> tuple[Section, ...]:
        return (
            Section(f"affine in the value of the step {self.before}", tuple(self.equation())),
            Section("unrolled", tuple(self.unrolled())),
            Section("coefficients found", tuple(self.found())),
            Section("closed form", tuple(self.closed())),
            Section("check at every step", tuple(self.checks())),
            Section("proof by induction, for all t", tuple(self.proof())),
        )

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
        blocks = [pieces_text(self.factors, block).text for block in self.recurrence.source]
        text = self.column(blocks) if self.recurrence.stacked else blocks[0]
        yield Statement(self.letters.symbol(letter).text, text)

    def coefficient(self, letter: Letter) -> Iterator[Statement]:
        name = self.letters.symbol(letter).text
        if not self.recurrence.stacked:
            (row,) = self.recurrence.matrix
            yield Statement(name, operator_text(self.factors, row[0]).text)
            return
        size = len(self.recurrence.stack)
        yield Statement(name, self.block_matrix(size), "blocks; the others are 0")
        for i, row in enumerate(self.recurrence.matrix):
            for j, operator in enumerate(row):
                if operator:
                    text = operator_text(self.factors, operator).text
                    yield Statement(self.block(letter, i, j), text)

    def block_matrix(self, size: int) -> str:
        return f"{size} x {size} blocks"

    def block(self, letter: Letter, row: int, column: int) -> str:
        step = "" if letter.index is None else f"[{letter.index}]"
        return f"{self.names.letters['c']}{row + 1}{column + 1}{step}"

    def beginning(self) -> Iterator[Statement]:
        start = self.law.value(self.law.start)
        left = self.letters.letter(start).text
        if self.law.begins == "source":
            right = self.letters.form(self.law.beginning()).text
            yield Statement(left, right, f"nothing lies behind step {self.index(self.law.start)}")
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
        shown = {c.step for c in self.study.comparisons[:SHOWN]}
        for row in self.study.coefficients:
            if row.at in shown and row.at != self.law.start.at({"T": self.study.horizon}):
                yield Statement(self.of(row), self.product_of(row))
        for term in self.study.form:
            yield self.pattern(term)

    def of(self, row: Coefficient) -> str:
        name, step = row.letter
        letter = Letter(name, None if step is None else Index(offset=step))
        value = Letter("a", Index(offset=row.at))
        return self.in_value(self.letters.letter(letter).text, self.letters.letter(value).text)

    def in_value(self, letter: str, value: str) -> str:
        return f"of {letter} in {value}"

    def product_of(self, row: Coefficient) -> str:
        return ", ".join(self.letters.concrete(word).text for word in row.words)

    def pattern(self, term: Term) -> Statement:
        *product, letter = term.word
        assert isinstance(letter, Letter)
        left = self.in_value(
            self.letters.letter(letter).text, self.letters.letter(Letter("a", Index.of("t"))).text
        )
        right = self.letters.word(tuple(product)).text
        run = next((f for f in product if isinstance(f, Run)), None)
        order = _order(run) if run else ""
        if not term.bound:
            return Statement(left, right, order)
        ends = self.between(term.bound, term.lower, term.upper)
        return Statement(left, right, f"{ends}, {order}" if order else ends)

    def between(self, name: str, low: Index, high: Index) -> str:
        return f"{low} <= {name} <= {high}"

    def closed(self) -> Iterator[Statement]:
        form = self.study.form
        value = self.letters.letter(self.law.value(Index.of("t"))).text
        yield Statement(value, self.letters.form(form).text, self.range(0))
        if not self.recurrence.stacked:
            yield Statement("", self.spelled.form(form).text)
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
            yield Statement(self.at_step(c.step), f"{_count(c.unrolled.total())}, {verdict}")
        rest = self.study.comparisons[4 * SHOWN :]
        if rest:
            wrong = sum(not c.right for c in rest)
            yield Statement("the rest", f"{len(rest)} further steps, {wrong} wrong")

    def at_step(self, step: int) -> str:
        return f"t = {step}"

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


def _order(run: Run) -> str:
    """In which order the factors stand."""
    if run.first is None:
        return "a power"
    return "descending" if run.step < 0 else "ascending"


def _count(words: int) -> str:
    return "1 term" if words == 1 else f"{words} terms"


class LatexReport(Report):
    """The same in LaTeX."""

    letters: LatexWording

    def span(self, low: Index, high: Index) -> str:
        return rf"${index_latex(low)} \le t \le {index_latex(high)}$"

    def between(self, name: str, low: Index, high: Index) -> str:
        return rf"${index_latex(low)} \le {name} \le {index_latex(high)}$"

    def change(self, name: str, index: Index) -> str:
        return f"with ${name} = {index_latex(index)}$"

    def column(self, blocks: Sequence[str]) -> str:
        return rf"\begin{{bmatrix}} {r' \\[1ex] '.join(blocks)} \end{{bmatrix}}"

    def block(self, letter: Letter, row: int, column: int) -> str:
        symbol = self.factors.names.symbol(self.names.letters["c"], ("h", "h"))  # type: ignore[union-attr]
        step = [] if letter.index is None else [index_latex(letter.index)]
        return str(symbol.at(f"{row + 1}{column + 1}", *step))

    def index(self, index: Index) -> str:
        return f"${index_latex(index)}$"

    def block_matrix(self, size: int) -> str:
        return rf"\text{{{size} by {size} blocks}}"

    def in_value(self, letter: str, value: str) -> str:
        return rf"\text{{of }} {letter} \text{{ in }} {value}"

    def at_step(self, step: int) -> str:
        return f"t = {step}"

    @property
    def times(self) -> str:
        return " "

    def inside(self, form: Form) -> str:
        return rf"\Bigl({self.letters.form(form).text}\Bigr)"


# --- text ------------------------------------------------------------------------------


def folded_text(study: Study, model: Model, names: Names) -> str:
    """The study as sections of lines for a terminal."""
    report = Report(study, model, names, PlainFactors())
    lines: list[str] = []
    for section in report.sections():
        lines += ["", section.title, *_lines(section.statements)]
    return "\n".join(lines) + "\n"


def _lines(statements: Sequence[Statement]) -> Iterator[str]:
    left = max(len(s.left) for s in statements)
    right = max((len(s.right) for s in statements if len(s.right) <= 60), default=0)
    for s in statements:
        number = f"{s.number}. " if s.number else ""
        text = f"  {number}{s.left.ljust(left)} = {s.right.ljust(right)}"
        yield f"{text}  # {s.remark}" if s.remark else text.rstrip()


def refusal_text(error: NotAffineError) -> str:
    """What is not affine, with the term at fault."""
    return _refusal(error, PlainFactors())


def _refusal(error: NotAffineError, factors: PlainFactors) -> str:
    if not isinstance(error.term, tuple):
        return f"{error}; no closed form"
    left, term = error.term
    return (
        f"{factors.show(left)} is not affine in the values of earlier steps, so it has no closed "
        f"form; the term at fault: {factors.show(term)}"
    )


# --- data ------------------------------------------------------------------------------


def folded_data(study: Study, model: Model, names: Names) -> dict[str, Any]:
    """The study as plain lists and dicts."""
    report = Report(study, model, names, PlainFactors())
    data: dict[str, Any] = {
        "right": study.right,
        "closed_form": _closed(report),
        "sections": {
            s.title: [_statement(item) for item in s.statements] for s in report.sections()
        },
    }
    return data


def _closed(report: Report) -> str:
    value = report.letters.letter(report.law.value(Index.of("t"))).text
    return f"{value} = {report.spelled.form(report.study.form).text}"


def _statement(statement: Statement) -> dict[str, Any]:
    data: dict[str, Any] = {"left": statement.left, "right": statement.right}
    if statement.number:
        data["number"] = statement.number
    if statement.remark:
        data["remark"] = statement.remark
    return data


# --- LaTeX -----------------------------------------------------------------------------


@dataclass(frozen=True)
class Part:
    """A section of the document: ready strings."""

    title: str
    display: str


@dataclass(frozen=True)
class Page:
    """What the template receives."""

    header: tuple[str, ...]
    title: str
    equations: str
    parts: tuple[Part, ...]
    remark: str


def folded_latex(
    study: Study | None, model: Model, names: Names | None, page: Page, fragment: bool = False
) -> str:
    """The page with the study's sections set."""
    template = "unrolled_body.tex.j2" if fragment else "unrolled.tex.j2"
    parts: tuple[Part, ...] = ()
    if study is not None and names is not None:
        report = LatexReport(study, model, names, LatexFactors(Symbols(model)))
        parts = tuple(Part(s.title.capitalize(), _display(s)) for s in report.sections())
    shown = Page(page.header, page.title, page.equations, parts, page.remark)
    return environment("latex").get_template(template).render(page=shown)


def _display(section: Section) -> str:
    rows: list[Row] = []
    for statement in section.statements:
        remark = rf"\text{{({statement.remark})}}" if statement.remark else ""
        tag = str(statement.number) if statement.number else ""
        found = chain(statement.left, [statement.right], tag=tag, ending=remark)
        rows += found
    return aligned(rows)
