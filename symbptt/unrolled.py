"""What `unroll` answers: the explicit equations and the closed form that they fold into."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from symbptt.algebra import Model
from symbptt.calculus.adjoint import derive
from symbptt.calculus.recurrence.study import Question, Study, examine, recognise
from symbptt.calculus.unrolling import Line, Query, unroll, unroll_derivative
from symbptt.errors import FormulaError, NotAffineError
from symbptt.formula.expressions import derived_form
from symbptt.formula.meaning import Shaper, resolved
from symbptt.formula.reading import read
from symbptt.listing import lines_data, lines_text
from symbptt.typeset.folded import folded_data, folded_text, refusal_text
from symbptt.typeset.formulas import WHY_NOT, WHY_NOT_BLOCKS, candidates, is_one_quantity
from symbptt.typeset.wording import Names, choose_names


@dataclass(frozen=True)
class Answer:
    """What was asked, and what was found.

    Attributes
    ----------
    lines : tuple of Line
        The explicit equations; none for a sensitivity, whose unrolled values the study has.
    study : Study or None
        Of the recurrence, where one was asked for and is affine.
    refusal : str
        Why there is no closed form, with the term at fault.
    """

    model: Model
    what: str | None
    horizon: int
    lines: tuple[Line, ...]
    normal: Model | None = None
    study: Study | None = None
    names: Names | None = None
    refusal: str = ""

    @property
    def formula(self) -> str | None:
        """The closed form in the language of `check`, if that language can say it."""
        if self.study is None or self.names is None:
            return None
        shaper = Shaper(derived_form(self.model))
        for text in candidates(self.study, self.model, self.names):
            try:
                resolved(read(text, self.model), shaper)
            except FormulaError:
                continue
            return text
        return None

    @property
    def no_formula(self) -> str:
        """Why there is no formula; "" where there is one."""
        if self.study is None or self.formula is not None:
            return ""
        recurrence = self.study.recurrence
        blocks = recurrence.stacked and not is_one_quantity(recurrence)
        return f"none: {WHY_NOT_BLOCKS if blocks else WHY_NOT}"

    def text(self) -> str:
        parts = [lines_text(self.lines, self.normal)] if self.lines else []
        if self.study is not None and self.names is not None:
            parts.append(folded_text(self.study, self.model, self.names).lstrip("\n"))
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
        if self.study is not None and self.names is not None:
            data["folded"] = {
                **folded_data(self.study, self.model, self.names),
                "formula": self.formula,
                "no_formula": self.no_formula,
            }
        elif self.refusal:
            data["no_closed_form"] = self.refusal
        return data

    def latex(self, header: Sequence[str]) -> str:
        from symbptt.typeset.folded_latex import equations_latex, page, page_latex
        from symbptt.typeset.text import latex_text

        model = self.model if self.normal is None else self.normal
        equations = equations_latex([(line.left, line.right) for line in self.lines], model)
        title = latex_text(f"{self.model.name}: {self.what or 'all equations'}")
        remark = latex_text(f"No closed form: {self.refusal}.") if self.refusal else ""
        shown = page(header, title, equations, self.study, self.model, self.names, remark)
        return page_latex(shown)


def answer(model: Model, what: str | None, horizon: int) -> Answer:
    """Unroll, and fold where a recurrence over all steps is asked for.

    Raises
    ------
    FormulaError, UnknownNameError
        If the question can't be read or names what is not there.
    MissingLossError
        If a derivative of a model without a loss is asked for.
    """
    question = None if what is None else Question.read(what)
    normal = None
    lines: tuple[Line, ...] = ()
    if question is None or not question.wrt:
        query = None if what is None else Query.read(what)
        if query is not None and query.derivative:
            derivation = derive(model)
            normal = derivation.normal
            lines = unroll_derivative(derivation, horizon, query)
        else:
            lines = unroll(model, horizon, query)
    found = Answer(model, what, horizon, lines, normal)
    return found if question is None else _folded(found, question)


def _folded(found: Answer, question: Question) -> Answer:
    try:
        recurrence = recognise(found.model, question)
    except NotAffineError as error:
        return replace(found, refusal=refusal_text(error))
    names = choose_names(found.model, recurrence)
    study = examine(recurrence, found.horizon, (names.bound, names.other))
    return replace(found, study=study, names=names)
