"""A closed form and the way to it: in text, in LaTeX, as data."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

from symbptt import algebra as al
from symbptt.calculus.recurrence.closed import ClosedForm
from symbptt.calculus.recurrence.formulas import ClosedFormula
from symbptt.calculus.recurrence.words import Relation
from symbptt.calculus.unrolling import ExplicitLine
from symbptt.errors import NotAffineError
from symbptt.typeset.account import CLOSED_FORM, Claim, Part, Text, sections
from symbptt.typeset.blocks import (
    Block,
    Box,
    Display,
    Equality,
    Heading,
    Math,
    Paragraph,
    Points,
    Prose,
    Words,
)
from symbptt.typeset.formula import LatexPrinter
from symbptt.typeset.names import Names, index_latex
from symbptt.typeset.plain import FormulaPrinter

# --- text --------------------------------------------------------------------------------

_PRINTER = FormulaPrinter()


def _plain(text: Text) -> str:
    return "".join(map(_plain_part, text))


def _plain_part(part: Part) -> str:
    match part:
        case Relation(sides=sides, sign=sign):
            return f" {sign} ".join(map(str, sides))
        case al.Expr():
            return _PRINTER.show(part)
    return str(part)


def folded_text(closed: ClosedForm) -> str:
    """The closed form and the way to it as sections of lines for a terminal."""
    lines: list[str] = []
    for section in sections(closed):
        lines += ["", section.title, *_lines(section.statements)]
    if any("prod(" in line for line in lines):
        lines += ["", *_ABOUT_PRODUCTS]
    return "\n".join(lines) + "\n"


_ABOUT_PRODUCTS = (
    "prod(j, first, last, -1, x) multiplies from left to right as j descends, prod(j, first, last,",
    "x) as it ascends; a product without factors is I (1 for numbers), a sum without summands 0",
)


def _lines(statements: Sequence[Claim]) -> Iterator[str]:
    sides = [(_plain(s.left), _plain(s.right) + _condition(s)) for s in statements]
    width = max(len(left) for left, _ in sides)
    wide = max((len(right) for _, right in sides if len(right) <= 60), default=0)
    for s, (left, right) in zip(statements, sides, strict=True):
        number = f"{s.number}. " if s.number else ""
        text = f"  {number}{left.ljust(width)} {s.sign} {right.ljust(wide)}"
        yield f"{text}  # {_plain(s.remark)}" if s.remark else text.rstrip()


def _condition(statement: Claim) -> str:
    return f" for {_plain_part(statement.holds)}" if statement.holds else ""


def formula_text(formula: ClosedFormula) -> str:
    """A closed form as `check` reads it."""
    left, right = map(_PRINTER.show, (formula.left, formula.right))
    return f"{left} = {right} for {formula.first} <= t <= {formula.last}"


def refusal_text(error: NotAffineError) -> str:
    """What is not affine, with the term at fault."""
    if not isinstance(error.term, tuple):
        return str(error)
    left, term = map(_PRINTER.show, error.term)
    return f"{left}{_NOT_AFFINE}{term}"


_NOT_AFFINE = " is not affine in the values of earlier steps; the term at fault is "


def refused(text: str) -> Prose:
    """A refusal for a document: the formulas that it names, and the words between them."""
    left, words, term = text.partition(_NOT_AFFINE)
    return (Words(left), words, Words(term)) if words else (Words(text),)


# --- data --------------------------------------------------------------------------------


def folded_data(closed: ClosedForm) -> dict[str, Any]:
    """The same as plain lists and dicts."""
    return {
        "right": closed.right,
        "closed_form": f"{_plain((closed.value,))} = {_plain((closed.expr,))}",
        "sections": {s.title: [_data(item) for item in s.statements] for s in sections(closed)},
    }


def _data(statement: Claim) -> dict[str, Any]:
    data: dict[str, Any] = {"left": _plain(statement.left), "right": _plain(statement.right)}
    if statement.number:
        data["number"] = statement.number
    if statement.holds:
        data["holds"] = _plain_part(statement.holds)
    if statement.remark:
        data["remark"] = _plain(statement.remark)
    return data


# --- documents ---------------------------------------------------------------------------


def told_names(names: Names) -> Iterator[Block]:
    """What stands for names that are too long to be printed."""
    if names.cut:
        yield Paragraph(("Names too long to be printed are cut:",))
        yield Points(tuple((Math(tex), " is ", Words(name)) for name, tex in names.cut.items()))


def equations_display(lines: Sequence[ExplicitLine], horizon: int, names: Names) -> Display:
    """Explicit equations, one below the other; what is said of L is said for one T alone."""
    printer = LatexPrinter(names)
    given = r"\text{given by the caller}"
    return Display(
        tuple(
            Equality(
                printer.show(line.left),
                (given if line.right is None else printer.show(line.right),),
                ending=rf"\text{{($T = {horizon}$)}}" if line.of_total else "",
            )
            for line in lines
        )
    )


def folded_blocks(closed: ClosedForm, names: Names) -> Iterator[Block]:
    """The sections; a numbered statement stands below its reason, what is found in a box."""
    setter = Setter(names)
    for section in sections(closed):
        yield Heading((section.title[:1].upper() + section.title[1:],))
        if not any(statement.number for statement in section.statements):
            lines = tuple(map(setter.equality, section.statements))
            if section.title == CLOSED_FORM:
                yield from (Paragraph(("The terms fold into",)), Box(lines))
            else:
                yield Display(lines)
            continue
        for statement in section.statements:
            yield Paragraph((*setter.reason(statement.remark), ":"))
            yield Display((setter.equality(replace(statement, remark=())),))


class Setter:
    """Sets statements in TeX."""

    def __init__(self, names: Names) -> None:
        self.printer = LatexPrinter(names)

    def equality(self, statement: Claim) -> Equality:
        texts = ((statement.holds,) if statement.holds else (), statement.remark)
        remark = ", ".join("".join(map(self.line, text)) for text in texts if text)
        return Equality(
            self.math(statement.left),
            (self.math(statement.right),),
            tag=str(statement.number or ""),
            ending=rf"\text{{({remark})}}" if remark else "",
            sign=statement.sign if statement.sign == "=" else rf"{statement.sign}\;",
        )

    def math(self, text: Text) -> str:
        """Mathematics with words in it."""
        return "".join(_words(p) if isinstance(p, str) else self.part(p) for p in text)

    def line(self, part: Part) -> str:
        return part if isinstance(part, str) else f"${self.part(part)}$"

    def reason(self, text: Text) -> Prose:
        """Words with mathematics in them, as a sentence begins."""
        parts = [part if isinstance(part, str) else Math(self.part(part)) for part in text]
        if isinstance(parts[0], str):
            parts[0] = parts[0][:1].upper() + parts[0][1:]
        return tuple(parts)

    def part(self, part: al.Expr | al.Index | Relation) -> str:
        match part:
            case al.Index():
                return index_latex(part)
            case Relation(sides=sides, sign=sign):
                return f" {_SIGNS.get(sign, sign)} ".join(map(index_latex, sides))
        return self.printer.show(part)


_SIGNS = {"<=": r"\le"}


def _words(words: str) -> str:
    return r",\quad " if words == ", " else rf"\text{{{words}}} "
