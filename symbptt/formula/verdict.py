"""Is a formula right? The verdict, with its range, its arithmetic or a counterexample."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cache, partial
from typing import Any, TypedDict, Unpack

from symbptt.algebra import Cotangent, Derivative, Model, Param, Ref, Stack
from symbptt.calculus.estimators import Estimator, as_estimator, gate_of
from symbptt.calculus.gradients import one_step
from symbptt.errors import EvaluationError, FormulaError
from symbptt.formula.edits import Slip
from symbptt.formula.examination import FARTHEST, POINTS, Counterexample, Examiner, Found
from symbptt.formula.meaning import Total, is_constant, resolved
from symbptt.formula.mending import WANTED, Mend, mends
from symbptt.formula.names import FormulaNames, derived_form, finding
from symbptt.formula.ranges import Free, kept, left_out_text, range_text
from symbptt.formula.reading import Reading, readings
from symbptt.formula.scenes import Clock
from symbptt.formula.shapes import Layout, ShapeError, Shaper
from symbptt.formula.statement import Formula, walk
from symbptt.formula.text import chain_text, formula_text
from symbptt.formula.typesetting import formula_latex
from symbptt.language.source import Place

Progress = Callable[[str], object]

HORIZON = 5
SECONDS = 10.0


@dataclass(frozen=True)
class Verdict:
    """What `check` found.

    Attributes
    ----------
    formula : str
        As it was read.
    verdict : str
        ``right``, ``wrong`` or ``undecided``.
    range : str
        The values of T and of the free indices that were looked at.
    left_out : tuple of str
        Values at which the formula has no meaning, and because of which index.
    arithmetic : str
        What was calculated with, and at how many points.
    bits : int or None
        A false formula would pass with probability below 2 to the minus this many, where
        it was decided exactly; None where it agrees to many digits.
    assumed : tuple of str
        What was taken for the functions left abstract, ``l = squared_error``.
    generic : tuple of str
        The functions left abstract for every choice of which it holds.
    reason : str
        Of a shape error, or why it is undecided.
    latex : str
        The formula as it was read, in LaTeX.
    reading : str
        In which of several ways it was understood; "" where there is one.
    trivial : bool
        One side stands in the other, or both are numbers: it says nothing of this model.
    """

    model: str
    formula: str
    verdict: str
    range: str = ""
    left_out: tuple[str, ...] = ()
    arithmetic: str = ""
    bits: int | None = None
    assumed: tuple[str, ...] = ()
    generic: tuple[str, ...] = ()
    counterexample: Counterexample | None = None
    mends: tuple[Mend, ...] = ()
    reason: str = ""
    latex: str = ""
    reading: str = ""
    trivial: bool = False

    def _repr_latex_(self) -> str:
        return rf"$$\text{{{self.verdict}: }} {self.latex}$$"

    @property
    def right(self) -> bool:
        return self.verdict == "right"

    @property
    def status(self) -> int:
        """The exit status that says the same."""
        return {"right": 0, "wrong": 1, "undecided": 4}[self.verdict]

    def __str__(self) -> str:
        return "\n".join([f"{self.verdict}: {self.formula}", *self._details()])

    def _details(self) -> list[str]:
        point: tuple[str, ...] = ()
        if self.counterexample is not None:
            sizes = ", ".join(f"{name} = {size}" for name, size in self.counterexample.sizes)
            given = f" at sizes {sizes}" if sizes else ""
            numbers = self.counterexample.numbers
            point = (str(self.counterexample), f"a random point{given}, {numbers}")
        lines = [
            self.reading and f"read as: {self.reading}",
            self.trivial and "trivial: it says nothing of this model",
            self.reason,
            *point,
            self.range and f"looked at: {self.range}",
            *(f"left out: {words}" for words in self.left_out),
            self.generic and f"for every {', '.join(self.generic)}",
            self.assumed and f"with {', '.join(self.assumed)}",
            self.arithmetic,
        ]
        return [*(f"  {line}" for line in lines if line), *_mend_lines(self.mends)]

    def data(self) -> dict[str, Any]:
        """For a program to read."""
        found = self.counterexample
        return {
            "model": self.model,
            "formula": self.formula,
            "latex": self.latex,
            "verdict": self.verdict,
            "range": self.range,
            "left_out": list(self.left_out),
            "arithmetic": self.arithmetic,
            "error_below_two_to_the_minus": self.bits,
            "assumed": list(self.assumed),
            "for_every": list(self.generic),
            "reading": self.reading,
            "trivial": self.trivial,
            "reason": self.reason,
            "counterexample": None
            if found is None
            else {
                "indices": dict(found.at),
                "entry": list(found.entry),
                "left": found.left,
                "right": found.right,
                "sizes": dict(found.sizes),
                "numbers": found.numbers,
            },
            "mends": [{"edit": m.words, "kind": m.kind, "formula": m.text} for m in self.mends],
        }


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
        With a caret: if the formula can't be read, names what the model lacks, has shapes
        that do not fit and that no single edit mends, or if nothing meets its condition.
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
        verdicts: list[Verdict] = []
        errors: list[FormulaError] = []
        for way in ways:
            try:
                found = replace(self._read(way, progress), formula=formula)
            except FormulaError as error:
                errors.append(error)
                continue
            verdicts.append(found)
            if found.right:
                return found
        if not verdicts:
            raise errors[0]
        return verdicts[0]

    def _read(self, way: Reading, progress: Progress) -> Verdict:
        """The verdict on one reading: on the first link of it that is not right."""
        verdicts: list[Verdict] = []
        for link in way.links:
            verdicts.append(self._link(link, progress))
            if not verdicts[-1].right:
                break
        found = verdicts[0] if verdicts[-1].right else verdicts[-1]
        trivial = all(one.trivial for one in verdicts)
        words = "; ".join(filter(None, [way.words, *(one.reading for one in verdicts)]))
        return replace(found, trivial=trivial, reading=words)

    def _link(self, tree: Formula, progress: Progress) -> Verdict:
        """The verdict on ``A = B``."""
        first, *others = _equations(tree, self.model)
        verdict = self._examined(tree, first, progress)
        for other in others if not verdict.right else ():
            again = self._examined(tree, other, str)
            if again.right:
                verdict = replace(again, reading="`direct` by the model's own equations")
        trivial = verdict.right and is_trivial(tree)
        latex = formula_latex(tree, Shaper(first, self.layout))
        return replace(verdict, latex=latex, trivial=trivial)

    def _examined(self, tree: Formula, model: Model, progress: Progress) -> Verdict:
        try:
            examiner = self.examiner(model)
            examiner.forget()
            return _decide(tree, examiner, progress)
        except EvaluationError as error:
            return Verdict(model.name, tree.text, "undecided", reason=str(error))


def is_trivial(formula: Formula) -> bool:
    """Whether one side stands in the other, or both are numbers."""
    left, right = formula.sides
    numbers = all(is_constant(side) for side in formula.sides)
    return numbers or left in walk(right) or right in walk(left)


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
        self.mends = mends
        super().__init__("\n".join([words, *_mend_lines(mends)]))


def _mend_lines(mends: tuple[Mend, ...]) -> list[str]:
    lines = []
    for number, mend in enumerate(mends):
        lines.append(f"  {'or' if number else 'one edit mends it'}: {mend.words}")
        lines.append(f"    {mend.text}")
    return lines


def _decide(tree: Formula, examiner: Examiner, progress: Progress) -> Verdict:
    model = examiner.model
    try:
        formula = resolved(tree, examiner.shaper)
    except ShapeError as error:
        progress("the shapes do not fit; looking for an edit that mends them")
        found_mends = mends(tree, examiner, None)
        if not found_mends:
            raise finding(
                tree.text, tree.place(error.node), f"the shapes do not fit: {error.words}"
            ) from None
        return Verdict(
            model.name,
            tree.text,
            "wrong",
            mends=found_mends,
            reason=f"the shapes do not fit: {error.words}",
        )
    progress("looking at random points")
    found = examiner.examine(formula)
    if found.counterexample is not None:
        progress("wrong; looking for an edit that mends it")
        return Verdict(
            model.name,
            tree.text,
            "wrong",
            counterexample=found.counterexample,
            assumed=_assumed(model, everything=True),
            mends=mends(tree, examiner, found.counterexample),
        )
    if not found.used:
        raise NothingToCheckError(
            str(finding(tree.text, Place(1, 0, 1, len(tree.text)), _nothing(found))),
            mends(tree, examiner, None) if found.left_out or found.past_the_end else (),
        )
    if found.broken is not None:
        return _promised(tree, formula, found, examiner)
    progress("proving it modulo a prime")
    return _right(tree, formula, found, examiner)


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
    others = [mend for mend in mends(tree, examiner, None) if mend.kind != Slip.CONDITION]
    return Verdict(
        examiner.model.name,
        tree.text,
        "wrong",
        range=range_text(free, found.used, formula),
        mends=(*narrowed, *others)[:WANTED],
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


__all__ = ["FormulaError", "Verdict", "check"]
