"""A study of a recurrence as a LaTeX document."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from symbptt.algebra import Expr, Index, Model
from symbptt.calculus.normal import normalize
from symbptt.calculus.recurrence.study import Study
from symbptt.calculus.recurrence.words import Form, Letter
from symbptt.templating import environment
from symbptt.typeset.blocks import Equality
from symbptt.typeset.display import Row, aligned, chain
from symbptt.typeset.factors import LatexFactors
from symbptt.typeset.folded import Report, Section, Statement
from symbptt.typeset.names import Names as Symbols
from symbptt.typeset.names import index_latex
from symbptt.typeset.wording import LatexWording, Names


class LatexReport(Report):
    """The same in LaTeX."""

    letters: LatexWording
    comma = r",\quad "

    def span(self, low: Index, high: Index) -> str:
        return rf"${index_latex(low)} \le t \le {index_latex(high)}$"

    def between(self, name: str, low: Index, high: Index) -> str:
        return rf"${index_latex(low)} \le {name} \le {index_latex(high)}$"

    def change(self, name: str, index: Index) -> str:
        return f"with ${name} = {index_latex(index)}$"

    def column(self, blocks: Sequence[str]) -> str:
        inner = r" \\[1ex] ".join(blocks)
        return rf"\begin{{bmatrix}} {inner} \end{{bmatrix}}"

    def block(self, letter: Letter, *place: int) -> str:
        symbol = self.factors.names.symbol(  # type: ignore[union-attr]
            self.names.letters[letter.name], self.letters.shape(letter.name)
        )
        step = [] if letter.index is None else [index_latex(letter.index)]
        return str(symbol.at("".join(map(str, place)), *step))

    def index(self, index: Index) -> str:
        return f"${index_latex(index)}$"

    def blocks(self, cells: Sequence[Sequence[str]]) -> str:
        inner = r" \\ ".join(" & ".join(row) for row in cells)
        return rf"\begin{{bmatrix}} {inner} \end{{bmatrix}}"

    def in_value(self, value: str) -> str:
        return rf"\text{{in }} {value}"

    def of(self, coefficient: str, letter: str) -> str:
        return rf"{coefficient} \text{{ of }} {letter}"

    def said(self, words: str) -> str:
        return rf"\text{{{words}}}"

    @property
    def times(self) -> str:
        return " "

    def inside(self, form: Form) -> str:
        return rf"\Bigl({self.letters.form(form).text}\Bigr)"


@dataclass(frozen=True)
class Passage:
    """Words, or none, and the equation that they lead to."""

    prose: str
    display: str


@dataclass(frozen=True)
class Part:
    """A section of the document: ready strings."""

    title: str
    passages: tuple[Passage, ...]


@dataclass(frozen=True)
class Page:
    """What the template receives."""

    header: tuple[str, ...]
    title: str
    equations: str
    parts: tuple[Part, ...]
    remark: str


def equations_latex(lines: Sequence[tuple[Expr, Expr | None]], model: Model) -> str:
    """Explicit equations, one below the other."""
    factors = LatexFactors(Symbols(model))
    rows: list[Row] = []
    for left, right in lines:
        shown = r"\text{given by the caller}" if right is None else factors.show(right)
        rows += chain(Equality(factors.show(left), (shown,)))
    return aligned(rows) if rows else ""


def page(
    header: Sequence[str], title: str, equations: str, study: Study | None, model: Model,
    names: Names | None, remark: str = "",
) -> Page:  # fmt: skip
    """A page of explicit equations and, where there is one, of the study."""
    parts: tuple[Part, ...] = ()
    if study is not None and names is not None:
        report = LatexReport(study, model, names, LatexFactors(Symbols(normalize(model))))
        parts = tuple(
            Part(s.title[:1].upper() + s.title[1:], _passages(s)) for s in report.sections()
        )
    return Page(tuple(header), title, equations, parts, remark)


def page_latex(shown: Page) -> str:
    """The page as a LaTeX document."""
    return environment("latex").get_template("unrolled.tex.j2").render(page=shown)


def _passages(section: Section) -> tuple[Passage, ...]:
    """A numbered statement with its reason before it; the others in one display."""
    if not any(statement.number for statement in section.statements):
        return (Passage("", aligned(_rows(section.statements))),)
    found = []
    for statement in section.statements:
        reason = f"{statement.remark[:1].upper()}{statement.remark[1:]}:"
        found.append(Passage(reason, aligned(_rows([replace(statement, remark="")]))))
    return tuple(found)


def _rows(statements: Sequence[Statement]) -> Iterator[Row]:
    for statement in statements:
        ending = rf"\text{{({statement.remark})}}" if statement.remark else ""
        tag = str(statement.number or "")
        sign = statement.sign if statement.sign == "=" else rf"{statement.sign}\;"
        yield from chain(Equality(statement.left, (statement.right,), tag, ending, sign=sign))
