"""Is a formula right? The verdict, with its range, its arithmetic or a counterexample."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import replace
from functools import cache, cached_property, partial
from typing import TypedDict, Unpack

from symbptt.algebra import Cotangent, Derivative, Expr, Model, Param, Ref, Stack
from symbptt.calculus.estimators import Estimator, as_estimator, gate_of
from symbptt.calculus.gradients import one_step
from symbptt.calculus.slips import Slip
from symbptt.errors import EvaluationError, FormulaError
from symbptt.formula.answer import Verdict, mend_lines
from symbptt.formula.decision import Decision, decide
from symbptt.formula.derived import derived
from symbptt.formula.examination import Examiner
from symbptt.formula.meaning import Total
from symbptt.formula.mending import WANTED, Mend, mends
from symbptt.formula.names import FormulaNames, derived_form
from symbptt.formula.reading import Lost, Reading, aliases, readings
from symbptt.formula.scenes import Clock, TooLargeError
from symbptt.formula.shapes import Layout, Shaper
from symbptt.formula.statement import Formula, walk
from symbptt.formula.text import formula_text, links_text
from symbptt.formula.typesetting import formula_latex
from symbptt.formula.vanishing import is_read

Progress = Callable[[str], object]

HORIZON = 5
SECONDS = 10.0


def check(
    model: Model, formula: str, *, progress: Progress = str, **options: Unpack[Options]
) -> Verdict:
    """Whether a formula about a model is right.

    Parameters
    ----------
    model : Model
    formula : str
        ``left = right``, optionally ``for CONDITION``.
    options
        Those of `Checker`, which answers for many formulas about one model.

    Returns
    -------
    Verdict

    Raises
    ------
    EstimatorError
        If the text names no estimator.
    FormulaError
        With a caret: if the formula can't be read, names what the model lacks, or if nothing
        meets its condition.
    """
    return Checker(model, **options).check(formula, progress)


class Options(TypedDict, total=False):
    """How formulas are meant, and how they are looked at; see `Checker`."""

    horizon: int
    seconds: float
    seed: int
    layout: Layout
    total: Total | None
    estimator: Estimator | str | None
    where: Sequence[str]
    names: str


class Checker:
    """Answers for formulas about one model, at points that are drawn once.

    Parameters
    ----------
    horizon : int
        The largest T that is looked at.
    seconds : float
        How long a formula may take; past it the verdict is ``undecided``.
    layout : str
        ``row`` where the formulas' vectors are rows.
    total : str, optional
        ``sum`` where the formulas' L is the sum of the losses, ``mean`` where it is their mean,
        ``last`` where it is the loss of the last step, T; what the model says without one.
    estimator : Estimator or str, optional
        What derivatives of L stand for in the formulas, as ``window:8``; those of a part of L,
        ``dL[s]/dh[t]``, are exact.
    where : sequence of str
        What other letters in the formulas stand for, as ``b[t] = W @ x[t]``.
    names : str
        What the formulas call the names of the model, as ``U=W_qh, V=W_hx``.
    """

    def __init__(
        self,
        model: Model,
        *,
        horizon: int = HORIZON,
        seconds: float = SECONDS,
        seed: int = 0,
        layout: Layout = "column",
        total: Total | None = None,
        estimator: Estimator | str | None = None,
        where: Sequence[str] = (),
        names: str = "",
    ) -> None:
        if total == "last" and model.loss is not None and not model.loss.last:
            model = one_step(model)
        elif total in ("mean", "sum"):
            model = replace(model, summed=total == "sum")
        estimated = as_estimator(estimator)
        if estimated.gated:
            model = replace(model, inputs=(*model.inputs, gate_of(derived_form(model))))
        self.model = model
        self.clock = Clock(seconds)
        self.examiner = cache(
            partial(
                Examiner,
                horizon=horizon,
                seed=seed,
                clock=self.clock,
                layout=layout,
                estimator=estimated,
            )
        )
        self.layout = layout
        self.where = where
        self.names = names
        self.decided: dict[tuple[Formula, int], Decision] = {}

    @cached_property
    def called(self) -> dict[str, str]:
        """What the formulas call names of the model: the first of several."""
        found = aliases(self.names, FormulaNames.of(self.model))
        return {meant: name for name, meant in reversed(found.items())}

    def check(self, formula: str, progress: Progress = str, *, mended: bool = True) -> Verdict:
        """The verdict on one; errors are those of `symbptt.formula.verdict.check`.

        With ``mended`` false no edits are sought that mend it, nor what the derivation says.
        """
        self.clock.restart()
        self.decided.clear()
        ways = readings(formula, self.model, self.where, self.names, self.layout)
        lost = [way.lost for way in ways if way.lost is not None]
        if lost:
            verdict = replace(self._by_nothing(lost, progress), formula=formula)
            return verdict.in_names(self.called, Shaper(self.model, self.layout))
        found: list[tuple[Decision, Expr]] = []
        for way in _meant(ways, self.model):
            found.append((self._read(way, progress), way.links[0].left))
            if found[-1][0].verdict.right:
                break
        best, start = max(
            found, key=lambda one: (one[0].likelihood, not _says_more(one[0].tree, self.model))
        )
        verdict = best.verdict
        if mended:
            with suppress(EvaluationError):  # no time is left
                best = best.explained(start)
            verdict = self._mended(best, progress)
        verdict = replace(verdict, formula=formula)
        about = best.examiner.model if best.examiner else self.model
        return verdict.in_names(self.called, Shaper(about, self.layout))

    def answer(self, formula: str, progress: Progress = str) -> Verdict:
        """The same, ``unreadable`` in the place of an error."""
        try:
            return self.check(formula, progress)
        except FormulaError as error:
            found = error.mends if isinstance(error, NothingToCheckError) else ()
            reason = error.words if isinstance(error, NothingToCheckError) else str(error)
            return Verdict(self.model.name, formula, "unreadable", mends=found, reason=reason)

    def answers(self, lines: Iterable[str]) -> Iterator[tuple[int, Verdict]]:
        """Of a formula a line, with its number; empty lines and those behind ``#`` are none."""
        for number, line in enumerate(lines, 1):
            formula = line.strip()
            if formula and not formula.startswith("#"):
                yield number, self.answer(formula)

    def _read(self, way: Reading, progress: Progress) -> Decision:
        """Of one reading: that of the first link of it that is not right."""
        found: list[Decision] = []
        for link in way.links:
            found.append(self.link(link, progress))
            if not found[-1].verdict.right:
                break
        decision = found[0] if found[-1].verdict.right else found[-1]
        trivial = all(one.verdict.trivial for one in found)
        is_chain = len(way.links) > 1 and not decision.verdict.right
        which = formula_text(decision.tree) if is_chain else ""
        words = [way.words, *(one.verdict.reading for one in found)]
        reading = "; ".join(filter(None, words))
        verdict = replace(
            decision.verdict,
            trivial=trivial,
            reading=reading,
            link=which,
            read=links_text(way.links),
        )
        return replace(decision, verdict=verdict, held=len(found) - 1)

    def _by_nothing(self, lost: list[Lost], progress: Progress) -> Verdict:
        """Wrong, where a derivative is taken by nothing, and by something the formula is right.

        Raises
        ------
        FormulaError
            If it is right by nothing that fits.
        """
        reason = f"`{lost[0].derivative}` is taken by a step, and by no quantity of it"
        for one in lost:
            found = self.link(one.link, progress)
            if found.verdict.right and found.examiner is not None:
                kind, text = Slip.LOST_NAME, formula_text(one.link)
                mend = Mend(f"{kind}: it is taken by {one.by}", kind, text, one.link)
                own = derived(one.link, found.examiner)
                name = self.model.name
                return Verdict(name, text, "wrong", reason=reason, mends=(mend,), derived=own)
        raise FormulaError(reason)

    def link(self, tree: Formula, progress: Progress) -> Decision:
        """Of ``A = B``."""
        first, *others = spoken_of(tree, self.model) or _equations(tree, self.model)
        found = self._examined(tree, first, progress)
        for other in others if not found.verdict.right else ():
            again = self._examined(tree, other, str)
            if again.verdict.right:
                words = "`direct` by the model's own equations"
                found = replace(again, verdict=replace(again.verdict, reading=words))
        latex = formula_latex(tree, Shaper(first, self.layout), called=self.called)
        return replace(found, verdict=replace(found.verdict, latex=latex))

    def _examined(self, tree: Formula, model: Model, progress: Progress) -> Decision:
        """Of a link about one form of the model; readings of a chain have links in common."""
        key = tree, id(model)
        if key not in self.decided:
            self.decided[key] = self._decided(tree, model, progress)
        return self.decided[key]

    def _decided(self, tree: Formula, model: Model, progress: Progress) -> Decision:
        try:
            examiner = self.examiner(model)
            examiner.forget()
            return decide(tree, examiner, progress)
        except EvaluationError as error:
            return Decision(Verdict(model.name, tree.text, "undecided", reason=str(error)), tree)

    def _mended(self, decision: Decision, progress: Progress) -> Verdict:
        """With the edits that mend what is wrong, sought in the time that is left."""
        verdict, tree, examiner = decision.verdict, decision.tree, decision.examiner
        if examiner is None or verdict.verdict != "wrong":
            return verdict
        progress("wrong; looking for an edit that mends it")
        found: tuple[Mend, ...] = ()
        if decision.mendable:
            told = verdict.derived.right if verdict.derived is not None else None
            with suppress(TooLargeError):  # no time is left
                found = mends(tree, examiner, verdict.counterexample, told)
        if decision.nothing:
            own = tuple(mend.in_names(self.called) for mend in found)
            raise NothingToCheckError(decision.nothing, own)
        if verdict.mends:
            # What holds on a narrower range alone is what is right there, written anew.
            others = [mend for mend in found if mend.formula.chains == tree.chains]
            found = (*verdict.mends, *others)[:WANTED]
        shaper = Shaper(examiner.model, self.layout)
        called = self.called
        typeset = (replace(m, latex=formula_latex(m.formula, shaper, called=called)) for m in found)
        return replace(verdict, mends=tuple(typeset))


def _equations(formula: Formula, model: Model) -> tuple[Model, ...]:
    """The equations that a formula speaks of: the model's, or those that a derivation has.

    ``direct`` is of an equation of the derivation, where an activation reads its
    pre-activation; without one named, it may be meant of the model's own.
    """
    nodes = [node for side in formula.sides for node in walk(side)]
    normal = derived_form(model)
    introduced = FormulaNames.of(model).introduced
    if any(
        isinstance(node, Stack)
        or (isinstance(node, Cotangent | Param | Ref) and node.name in introduced)
        for node in nodes
    ):
        return (normal,)
    if any(isinstance(node, Derivative) and node.held == "equation" for node in nodes):
        return (normal, model)
    return (model,)


def spoken_of(formula: Formula, model: Model) -> tuple[Model, ...]:
    """Those of them in which no derivative of one equation is 0 because it does not read that."""
    slopes = [n for side in formula.sides for n in walk(side) if isinstance(n, Derivative)]
    return tuple(
        one for one in _equations(formula, model) if all(is_read(slope, one) for slope in slopes)
    )


def _says_more(formula: Formula, model: Model) -> bool:
    """Whether a slope of one equation is said to hold parameters that this equation lacks."""
    slopes = (n for n in walk(formula.left) if isinstance(n, Derivative) and n.held == "equation")
    own = [
        {part.name for part in walk(equation.rhs) if isinstance(part, Param)}
        for slope in slopes
        for of in (model, derived_form(model))
        for equation in of.equations
        if isinstance(slope.output, Ref) and equation.name == slope.output.name
    ]
    named = {part.name for part in walk(formula.right) if isinstance(part, Param)}
    return bool(own) and not any(named <= names for names in own)


def _meant(ways: tuple[Reading, ...], model: Model) -> tuple[Reading, ...]:
    """Of several readings those in which every derivative can be other than 0."""
    if len(ways) == 1:
        return ways
    return (
        tuple(way for way in ways if all(spoken_of(link, model) for link in way.links)) or ways[:1]
    )


class NothingToCheckError(FormulaError):
    """No index is ever in range, or nothing meets the condition.

    Attributes
    ----------
    mends : tuple of Mend
        The single edits that bring the indices in range and make the formula right.
    """

    def __init__(self, words: str, mends: tuple[Mend, ...]) -> None:
        self.words = words
        self.mends = mends
        super().__init__("\n".join([words, *mend_lines(mends)]))
