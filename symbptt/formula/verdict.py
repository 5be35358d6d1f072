"""Is a formula right? The verdict, with its range, its arithmetic or a counterexample."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cache, partial
from typing import TypedDict, Unpack

from symbptt.algebra import ZERO, Cotangent, Derivative, Expr, Model, Param, Ref, Stack
from symbptt.calculus.estimators import Estimator, as_estimator, gate_of
from symbptt.calculus.gradients import one_step
from symbptt.errors import EvaluationError, FormulaError
from symbptt.formula.answer import Verdict, mend_lines
from symbptt.formula.derived import derived
from symbptt.formula.edits import Slip
from symbptt.formula.examination import FARTHEST, POINTS, Examiner, Found
from symbptt.formula.meaning import Total, resolved
from symbptt.formula.mending import WANTED, Mend, mends
from symbptt.formula.names import FormulaNames, derived_form, finding
from symbptt.formula.ranges import Free, kept, left_out_text, range_text
from symbptt.formula.reading import Reading, readings
from symbptt.formula.scenes import Clock
from symbptt.formula.shapes import Layout, ShapeError, Shaper
from symbptt.formula.statement import Formula, walk
from symbptt.formula.text import chain_text, formula_text
from symbptt.formula.trivial import is_trivial
from symbptt.formula.typesetting import formula_latex
from symbptt.language.source import Place

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
        ``sum`` where the formulas' L is the sum of the losses and not their mean, ``last``
        where it is the loss of the last step, T.
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
                total=total or "mean",
                layout=layout,
                estimator=estimated,
            )
        )
        self.layout = layout
        self.where = where
        self.names = names

    def check(self, formula: str, progress: Progress = str) -> Verdict:
        """The verdict on one; errors are those of `symbptt.formula.verdict.check`."""
        self.clock.restart()
        ways = readings(formula, self.model, self.where, self.names, self.layout)
        found: list[_Decision] = []
        for way in ways:
            found.append(self._read(way, progress))
            if found[-1].verdict.right:
                break
        best = max(found, key=lambda one: one.likelihood)
        return replace(self._explained(best, progress), formula=formula)

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

    def _read(self, way: Reading, progress: Progress) -> _Decision:
        """Of one reading: that of the first link of it that is not right."""
        found: list[_Decision] = []
        for link in way.links:
            found.append(self._link(link, progress))
            if not found[-1].verdict.right:
                break
        decision = found[0] if found[-1].verdict.right else found[-1]
        trivial = all(one.verdict.trivial for one in found)
        is_chain = len(way.links) > 1 and not decision.verdict.right
        which = formula_text(decision.tree) if is_chain else ""
        words = [way.words, *(one.verdict.reading for one in found)]
        verdict = replace(
            decision.verdict, trivial=trivial, reading="; ".join(filter(None, words)), link=which
        )
        return replace(decision, verdict=verdict, start=way.links[0].left)

    def _link(self, tree: Formula, progress: Progress) -> _Decision:
        """Of ``A = B``."""
        first, *others = _equations(tree, self.model)
        found = self._examined(tree, first, progress)
        for other in others if not found.verdict.right else ():
            again = self._examined(tree, other, str)
            if again.verdict.right:
                words = "`direct` by the model's own equations"
                found = replace(again, verdict=replace(again.verdict, reading=words))
        latex = formula_latex(tree, Shaper(first, self.layout))
        return replace(found, verdict=replace(found.verdict, latex=latex))

    def _examined(self, tree: Formula, model: Model, progress: Progress) -> _Decision:
        try:
            examiner = self.examiner(model)
            examiner.forget()
            return _decide(tree, examiner, progress)
        except EvaluationError as error:
            return _Decision(Verdict(model.name, tree.text, "undecided", reason=str(error)), tree)

    def _explained(self, decision: _Decision, progress: Progress) -> Verdict:
        """What is wrong about what is: the derivation's equation, and the edits that mend it."""
        verdict, tree, examiner = decision.verdict, decision.tree, decision.examiner
        if examiner is None or verdict.verdict != "wrong":
            return verdict
        own = derived(tree, examiner) or derived(replace(tree, left=decision.start), examiner)
        progress("wrong; looking for an edit that mends it")
        found: tuple[Mend, ...] = ()
        if decision.mendable:
            found = mends(tree, examiner, verdict.counterexample)
        if decision.nothing:
            raise NothingToCheckError(decision.nothing, found)
        if verdict.mends:
            others = [mend for mend in found if mend.kind != Slip.CONDITION]
            found = (*verdict.mends, *others)[:WANTED]
        return replace(verdict, mends=found, derived=own)


@dataclass(frozen=True)
class _Decision:
    """A verdict before it is explained.

    Attributes
    ----------
    nothing : str
        Why there was nothing to look at; "" where there was.
    mendable : bool
        Whether an edit is worth looking for.
    start : Expr
        What a chain begins with.
    """

    verdict: Verdict
    tree: Formula
    examiner: Examiner | None = None
    nothing: str = ""
    mendable: bool = True
    start: Expr = ZERO

    @property
    def likelihood(self) -> tuple[bool, bool, bool]:
        """How likely it is what was meant: right, of shapes that fit, about something."""
        verdict = self.verdict
        return verdict.right, not verdict.pointed, not self.nothing


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


def _decide(tree: Formula, examiner: Examiner, progress: Progress) -> _Decision:
    model = examiner.model
    wrong = Verdict(model.name, tree.text, "wrong")
    try:
        formula = resolved(tree, examiner.shaper)
    except ShapeError as error:
        words = f"the shapes do not fit: {error.words}"
        pointed = str(finding(tree.text, tree.place(error.node), words)).partition("\n")[2]
        return _Decision(replace(wrong, reason=words, pointed=pointed), tree, examiner)
    progress("looking at random points")
    found = examiner.examine(formula)
    if found.counterexample is not None:
        assumed = _assumed(model, everything=True)
        verdict = replace(wrong, counterexample=found.counterexample, assumed=assumed)
        return _Decision(verdict, tree, examiner)
    if not found.used:
        place = Place(1, 0, 1, len(tree.text))
        words = str(finding(tree.text, place, _nothing(found)))
        mendable = bool(found.left_out or found.past_the_end)
        return _Decision(wrong, tree, examiner, words, mendable)
    if found.broken is not None:
        return _Decision(_promised(tree, formula, found, examiner), tree, examiner)
    progress("proving it modulo a prime")
    verdict = _right(tree, formula, found, examiner)
    trivial = verdict.right and is_trivial(tree, found.used, examiner)
    return _Decision(replace(verdict, trivial=trivial), tree, examiner)


def _promised(tree: Formula, formula: Formula, found: Found, examiner: Examiner) -> Verdict:
    """The condition says more than there is: the range for which the formula is right."""
    assert found.broken is not None
    free = Free.of(formula)
    where = ", ".join(f"{name} = {value}" for name, value in found.broken.at)
    chains = kept(found.used, free)
    narrowed: tuple[Mend, ...] = ()
    if chains is not None:
        mended = replace(tree, chains=chains)
        if not examiner.examine(resolved(mended, examiner.shaper)).broken:
            said = ", ".join(map(chain_text, chains))
            narrowed = (
                Mend(f"it is right `for {said}`", Slip.RANGE, formula_text(mended), mended),
            )
    return Verdict(
        examiner.model.name,
        tree.text,
        "wrong",
        range=range_text(free, found.used, formula),
        mends=narrowed,
        reason=f"the condition holds at {where}, and there {found.broken.words}",
    )


def _nothing(found: Found) -> str:
    """Why there was nothing to look at."""
    text = f"nothing to check: for no T up to {FARTHEST} "
    reason = found.left_out[0].words if found.left_out else found.past_the_end
    if reason:
        return text + f"is every index in range and every term defined: {reason}"
    return text + "does anything meet the condition"


def _right(tree: Formula, formula: Formula, found: Found, examiner: Examiner) -> Verdict:
    model = examiner.model
    free = Free.of(formula)
    generic = tuple(a.name for a in model.abstract)
    assumed: tuple[str, ...] = ()
    bits = examiner.proved(formula, found.used, "field")
    if bits is None and generic:
        bits = examiner.proved(formula, found.used, "bound")
        assumed = _assumed(model)
        generic = tuple(a.name for a in model.abstract if a.default is None)
    unbound = [a.name for a in model.abstract if a.default is None]
    if bits is None and unbound:
        return Verdict(
            model.name,
            tree.text,
            "undecided",
            range=range_text(free, found.used, formula),
            assumed=_assumed(model, everything=True),
            reason=f"it agrees here, and is not proved for every {', '.join(unbound)}",
        )
    arithmetic = f"{POINTS} random points in {found.numbers}"
    if bits is not None:
        arithmetic += (
            f", {POINTS} modulo a prime of 127 bits: "
            f"a false formula passes with a probability below 2^-{bits}"
        )
    else:
        arithmetic += "; it rests on what the functions are, so there is no proof modulo a prime"
    return Verdict(
        model.name,
        tree.text,
        "right",
        range=range_text(free, found.used, formula),
        left_out=(
            *left_out_text(found.left_out, free),
            *(f"other entries ({words})" for words in found.shorter),
        ),
        arithmetic=arithmetic,
        bits=bits,
        assumed=assumed,
        generic=generic,
    )


def _assumed(model: Model, *, everything: bool = False) -> tuple[str, ...]:
    """What stands for the functions left abstract."""
    known = [f"{a.name} = {a.default}" for a in model.abstract if a.default is not None]
    if everything:
        known += [
            f"{a.name} = {'squared_error' if a.loss else 'a sum of sines'}"
            for a in model.abstract
            if a.default is None
        ]
    return tuple(known)
