"""What `unroll` answers: the explicit equations and the closed form that they fold into."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

from symbptt.algebra import Model
from symbptt.calculus.gradients import derive
from symbptt.calculus.normal import normalize
from symbptt.calculus.recurrence.closed import ClosedForm, fold
from symbptt.calculus.recurrence.formulas import formula, why_not
from symbptt.calculus.unrolling import ExplicitLine, Query, unroll, unroll_derivative
from symbptt.errors import NotAffineError
from symbptt.listing import lines_data, lines_text
from symbptt.typeset.blocks import Block, Document, Heading, Paragraph, Words
from symbptt.typeset.folded import (
    equations_display,
    folded_blocks,
    folded_data,
    folded_text,
    formula_text,
    refusal_text,
    refused,
    told_names,
)
from symbptt.typeset.names import Names
from symbptt.typeset.translation import ENGLISH, translated

FORMATS = {"text": ".txt", "tex": ".tex", "md": ".md", "sympy": ".py"}
"""What `unroll` is written in, and how files of it end; SymPy's script is
`symbptt.sympy_script`."""


@dataclass(frozen=True)
class Answer:
    """What was asked, and what was found.

    Attributes
    ----------
    lines : tuple of ExplicitLine
        The explicit equations; none for a sensitivity, whose unrolled values the closed form has.
    closed : ClosedForm or None
        Of the recurrence, where one was asked for and is affine.
    refusal : str
        Why there is no closed form, with the term at fault.
    """

    model: Model
    what: str | None
    horizon: int
    lines: tuple[ExplicitLine, ...]
    normal: Model | None = None
    closed: ClosedForm | None = None
    refusal: str = ""

    @cached_property
    def formula(self) -> str | None:
        """The closed form in the language of `check`, if that language can say it."""
        found = None if self.closed is None else formula(self.closed)
        return None if found is None else formula_text(found)

    @property
    def no_formula(self) -> str:
        """Why there is no formula; "" where there is one."""
        if self.closed is None or self.formula is not None:
            return ""
        return f"none: {why_not(self.closed)}"

    def text(self) -> str:
        parts = [lines_text(self.lines, self.horizon, self.normal)] if self.lines else []
        if self.closed is not None:
            parts.append(folded_text(self.closed).lstrip("\n"))
            parts.append(f"as a formula, for check\n  {self.formula or self.no_formula}\n")
        elif self.refusal:
            parts.append(f"no closed form: {self.refusal}\n")
        return "\n".join(parts)

    def data(self) -> dict[str, Any]:
        data: dict[str, Any] = {
            "model": self.model.name,
            "what": self.what,
            "T": self.horizon,
            "equations": lines_data(self.lines),
        }
        if self.closed is not None:
            data["folded"] = {
                **folded_data(self.closed),
                "formula": self.formula,
                "no_formula": self.no_formula,
            }
        elif self.refusal:
            data["no_closed_form"] = self.refusal
        return data

    def document(
        self,
        made: tuple[str, ...] = (),
        title: str = "",
        author: str = "",
        language: str = ENGLISH,
    ) -> Document:
        """The answer as a document; ``made`` says what made it."""
        asked = Words(self.what) if self.what else "all equations"
        shown = (Words(title),) if title else (Words(self.model.name), ": ", asked)
        blocks = tuple(self._blocks())
        found = Document(made, shown, "Unrolled, and in closed form", blocks, author)
        return translated(found, language)

    def _blocks(self) -> Iterator[Block]:
        names = Names(self.normal or normalize(self.model))
        yield from told_names(names)
        if self.lines:
            yield Heading(("Step by step",))
            yield equations_display(self.lines, self.horizon, names)
        if self.refusal:
            yield Paragraph(("No closed form: ", *refused(self.refusal), "."))
        if self.closed is not None:
            yield from folded_blocks(self.closed, names)


def answer(model: Model, what: str | None, horizon: int) -> Answer:
    """Unroll, and fold where a recurrence over all steps is asked for.

    Raises
    ------
    FormulaError, UnknownNameError
        If the question can't be read or names what is not there.
    MissingLossError
        If a derivative of a model without a loss is asked for.
    """
    query = None if what is None else Query.read(what)
    normal = None
    lines: tuple[ExplicitLine, ...] = ()
    if query is not None and query.of == "L":
        derivation = derive(model)
        normal = derivation.normal
        lines = unroll_derivative(derivation, horizon, query)
    elif query is None or not query.of:
        lines = unroll(model, horizon, query)
    found = Answer(model, what, horizon, lines, normal)
    if query is None or not query.recurs:
        return found
    try:
        return replace(found, closed=fold(model, query, horizon))
    except NotAffineError as error:
        return replace(found, refusal=refusal_text(error))
