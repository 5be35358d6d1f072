"""The one edit that mends a wrong formula.

Every candidate is first tried in floating point where the formula failed, which nearly
all fail again; what is left is decided as any formula is.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from fractions import Fraction
from itertools import chain, combinations

from symbptt.algebra import ZERO, Expr, Index, OrderedProduct, Ref, TimeSum
from symbptt.errors import EvaluationError
from symbptt.formula.edits import Edit, Slip, edited
from symbptt.formula.examination import Counterexample, Examiner, first_difference, points_at
from symbptt.formula.meaning import resolved
from symbptt.formula.ranges import Free, cases, holds
from symbptt.formula.scenes import Scene, TooLargeError
from symbptt.formula.shapes import ShapeError
from symbptt.formula.statement import Fixed, Formula, Inequalities, free_names, parts
from symbptt.formula.text import canonical, chain_text, formula_text
from symbptt.formula.vocabulary import Vocabulary, added

CONFIRMED = 8
OF_A_KIND = 3
WANTED = 4
"""How many mends are looked for, said of a kind, and said."""

PROBED = 3
"""Up to this T candidates are tried in floating point."""

KEPT = Fraction(1, 2)
"""The part of the steps at which a formula has a value that its mend must keep: an index out
of range everywhere mends nothing."""


@dataclass(frozen=True)
class Mend:
    """An edit and the formula that it makes.

    Attributes
    ----------
    words : str
        What was wrong, what to write, and in the place of what.
    kind : str
        What was wrong.
    text : str
        The formula with the edit.
    """

    words: str
    kind: str
    text: str
    formula: Formula


def mends(
    formula: Formula, examiner: Examiner, counterexample: Counterexample | None
) -> tuple[Mend, ...]:
    """The single edits that make a formula right, the likeliest first.

    Parameters
    ----------
    counterexample : Counterexample or None
        Where it fails; None if its shapes do not fit.
    """
    found: list[Mend] = []
    for tier, seconds, enough in ((_small, 3.0, CONFIRMED), (_large, 3.0, WANTED)):
        try:
            with examiner.clock.within(seconds):
                for mend in _mending(formula, tier(formula, examiner), examiner, counterexample):
                    found.append(mend)
                    if len(found) == enough:
                        break
        except TooLargeError:
            pass  # What was found in the time is said; that there is no other is not claimed.
        if found:
            break
    return _chosen(found, examiner)


def _chosen(found: list[Mend], examiner: Examiner) -> tuple[Mend, ...]:
    """Those that hold for every function left abstract before the others, few of a kind."""
    try:
        generic = {m.text: _is_generic(m.formula, examiner) for m in found[: CONFIRMED // 2]}
    except TooLargeError:
        generic = {}
    ordered = sorted(found, key=lambda mend: not generic.get(mend.text, True))
    count: dict[str, int] = {}
    chosen = []
    for mend in ordered:
        count[mend.kind] = count.get(mend.kind, 0) + 1
        if count[mend.kind] <= OF_A_KIND:
            chosen.append(mend)
    return tuple(chosen[:WANTED])


def _is_generic(formula: Formula, examiner: Examiner) -> bool:
    if not examiner.model.abstract:
        return True
    formula = resolved(formula, examiner.shaper)
    found = examiner.examine(formula)
    return examiner.proved(formula, found.used, "field") is not None


Candidate = tuple[str, str, Formula]


def _small(formula: Formula, examiner: Examiner) -> Iterator[Candidate]:
    """Edits of what stands there: first on the right, then on the left."""
    right = sorted(edited(formula.right), key=_rank)
    left = sorted(edited(formula.left), key=_rank)
    return chain(
        _named((edit, replace(formula, right=side)) for edit, side in right),
        _conditions(formula, examiner),
        _named((edit, replace(formula, left=side)) for edit, side in left),
    )


def _rank(item: tuple[Edit, Expr]) -> int:
    return list(Slip).index(item[0].kind)


def _large(formula: Formula, examiner: Examiner) -> Iterator[Candidate]:
    """Other names, and terms and factors that do not stand there."""
    vocabulary = Vocabulary(formula, examiner.model, examiner.shaper, examiner.clock)
    edits = added(formula.right, vocabulary)
    return _named((edit, replace(formula, right=side)) for edit, side in edits)


def _named(edits: Iterator[tuple[Edit, Formula]]) -> Iterator[Candidate]:
    return ((edit.words, edit.kind, formula) for edit, formula in edits)


def _conditions(formula: Formula, examiner: Examiner) -> Iterator[Candidate]:
    """The initial steps or the last step left out, steps in order, initial values fixed at 0."""
    steps = [Index.of(name) for name in Free.of(formula).steps]
    pairs = [(step, sign, side) for step in steps for sign, side in _ENDS]
    pairs += [(one, sign, two) for one, two in combinations(steps, 2) for sign in ("<=", ">=")]
    for left, sign, right in pairs:
        added = Inequalities((left, right), (sign,))
        words = f"{Slip.CONDITION}: `for {chain_text(added)}`"
        yield words, Slip.CONDITION, replace(formula, chains=(*formula.chains, added))
    fixed = {(item.name, item.step) for item in formula.fixed}
    for initial in examiner.model.initials:
        if initial.value is None and (initial.name, initial.step) not in fixed:
            item = Fixed(initial.name, initial.step, ZERO)
            words = f"{Slip.CONDITION}: `for {initial.key} = 0`"
            yield words, Slip.CONDITION, replace(formula, fixed=(*formula.fixed, item))


_ENDS = ((">=", Index(offset=1)), ("<", Index.of("T")))


def _mending(
    formula: Formula,
    candidates: Iterator[Candidate],
    examiner: Examiner,
    counterexample: Counterexample | None,
) -> Iterator[Mend]:
    probe = _Probe(examiner, counterexample, formula)
    seen = {canonical(formula)}
    for words, kind, candidate in candidates:
        form = canonical(candidate)
        if candidate.left == candidate.right or form in seen:
            continue
        seen.add(form)
        if probe.passes(candidate) and probe.keeps(candidate) and _is_right(candidate, examiner):
            yield Mend(words, kind, formula_text(candidate), candidate)


def _is_right(formula: Formula, examiner: Examiner) -> bool:
    try:
        formula = resolved(formula, examiner.shaper)
        found = examiner.examine(formula)
    except TooLargeError:
        raise
    except EvaluationError:
        return False
    if found.counterexample is not None or found.broken is not None or not found.used:
        return False
    if all(a.default is not None for a in examiner.model.abstract):
        return True
    return examiner.proved(formula, found.used, "bound") is not None


class _Probe:
    """Tries candidates in floating point, first where the formula failed."""

    def __init__(
        self, examiner: Examiner, counterexample: Counterexample | None, formula: Formula
    ) -> None:
        self.examiner = examiner
        self.failed = None if counterexample is None else dict(counterexample.at)
        # What has no meaning before fails later than the horizon.
        self.steps = max(examiner.horizon, PROBED, counterexample.T if counterexample else 0)
        self._scenes: dict[tuple[Fixed, ...], list[Scene]] = {}
        self._reached = self._reach(formula)

    def _points(self, formula: Formula) -> list[Scene]:
        if formula.fixed not in self._scenes:
            points = list(self.examiner.points("floats", self.steps, formula))
            every = points_at(self.examiner.stages)
            self._scenes[formula.fixed] = points[::every]
        return self._scenes[formula.fixed]

    def passes(self, formula: Formula) -> bool:
        """Whether both sides agree, as far as doubles tell, at small T."""
        self.examiner.clock.check()
        try:
            formula = resolved(formula, self.examiner.shaper)
            scenes = self._points(formula)
        except TooLargeError:
            raise
        except (ShapeError, EvaluationError):
            return False
        failed = self.failed
        tried = failed is not None and _index_names(formula) <= set(failed)
        tried = tried and failed is not None and holds(formula.chains, failed)
        if failed is not None and tried and self._agrees(formula, failed, scenes) is False:
            return False
        agreed = 0
        free, start = Free.of(formula), self.examiner.start(formula)
        for horizon in range(1, PROBED + 1):
            for at in cases(formula, free, horizon, start, self.examiner.longest(formula)):
                agrees = self._agrees(formula, at, scenes)
                if agrees is False:
                    return False
                agreed += bool(agrees)
        return agreed > 0

    def keeps(self, formula: Formula) -> bool:
        """Whether it has a value at most of the steps at which the wrong formula has one."""
        return self._reach(formula) >= KEPT * self._reached

    def _reach(self, formula: Formula) -> int:
        """At how many steps it has a value in the longest run."""
        try:
            formula = resolved(formula, self.examiner.shaper)
            scenes = self._points(formula)
        except ShapeError:
            return self._span(formula)
        except EvaluationError:
            return 0
        found = set()
        for steps, at in self._longest(formula):
            if steps not in found and self._agrees(formula, at, scenes) is not None:
                found.add(steps)
        return len(found)

    def _span(self, formula: Formula) -> int:
        """At how many steps the references outside sums are in range, whatever their shapes."""
        scene = self._points(formula)[0]
        references = [n for side in formula.sides for n in _outside_sums(side)]
        found = set()
        for steps, at in self._longest(formula):
            try:
                for reference in references:
                    scene.variable(reference, {**scene.lengths, **at})
            except EvaluationError:
                continue
            found.add(steps)
        return len(found)

    def _longest(self, formula: Formula) -> Iterator[tuple[tuple[int, ...], dict[str, int]]]:
        free, start = Free.of(formula), self.examiner.start(formula)
        for at in cases(formula, free, self.steps, start, self.examiner.longest(formula)):
            yield tuple(at[name] for name in free.steps), at

    def _agrees(self, formula: Formula, at: dict[str, int], scenes: list[Scene]) -> bool | None:
        """None where the formula has no value."""
        agrees: bool | None = None
        for scene in scenes:
            try:
                left, right = scene.sides(formula, at)
            except TooLargeError:
                raise
            except (EvaluationError, ZeroDivisionError, OverflowError):
                continue
            if first_difference(left, right, scene.domain) is not None:
                return False
            agrees = True
        return agrees


def _index_names(formula: Formula) -> set[str]:
    return set(free_names(formula.left) | free_names(formula.right)) - {"T"}


def _outside_sums(node: Expr) -> Iterator[Ref]:
    if isinstance(node, Ref):
        yield node
    elif not isinstance(node, TimeSum | OrderedProduct):
        for part in parts(node):
            yield from _outside_sums(part)
