"""The one edit that mends a wrong formula.

Every candidate is first tried in floating point where the formula failed, which nearly
all fail again; what is left is decided as any formula is.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from fractions import Fraction
from itertools import chain, combinations
from typing import Protocol

from symbptt.algebra import (
    ZERO,
    Derivative,
    Expr,
    Index,
    Model,
    OrderedProduct,
    Ref,
    TimeSum,
)
from symbptt.calculus.forms import is_zero
from symbptt.calculus.program_slips import LAST
from symbptt.calculus.slips import Slip
from symbptt.errors import EvaluationError
from symbptt.formula.canonical import canonical
from symbptt.formula.edits import edited, rank
from symbptt.formula.examination import Counterexample, Examiner, first_difference, points_at
from symbptt.formula.meaning import resolved
from symbptt.formula.ranges import Free, cases, holds, kept
from symbptt.formula.scenes import Scene, TooLargeError
from symbptt.formula.shapes import ShapeError
from symbptt.formula.stated import key_of
from symbptt.formula.statement import Fixed, Formula, Inequalities, free_names, parts, repeats, walk
from symbptt.formula.structure import repaired
from symbptt.formula.text import chain_text, formula_text, in_names, words_in_names
from symbptt.formula.vanishing import vanishes
from symbptt.formula.varied import varied
from symbptt.formula.vocabulary import Vocabulary, added

CONFIRMED = 8
OF_A_KIND = 2
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
    slips : int
        How many kinds of slips it mends.
    latex : str
        The formula in LaTeX.
    """

    words: str
    kind: str
    text: str
    formula: Formula
    slips: int = 1
    latex: str = ""

    def in_names(self, called: Mapping[str, str]) -> Mend:
        """In the names that its author has for those of the model."""
        return replace(
            self, words=words_in_names(self.words, called), text=in_names(self.text, called)
        )


def mends(
    formula: Formula,
    examiner: Examiner,
    counterexample: Counterexample | None,
    told: Expr | None = None,
) -> tuple[Mend, ...]:
    """The single edits that make a formula right, the likeliest first.

    Parameters
    ----------
    counterexample : Counterexample or None
        Where it fails; None if its shapes do not fit.
    told : Expr or None
        What the derivation says in the place of its right side.
    """
    # The names that a derivation introduces may be what is missing.
    examiner = examiner if _speaks_of_one_equation(formula) else examiner.normal
    probe = _Probe(examiner, counterexample, formula)
    own = _of_a_tier(_Tier(varied(formula, examiner), 0.2), probe, [])
    if any(mend.kind not in LAST and not probe.distance(mend) for mend in own):
        return _chosen(own, examiner)
    near, far = _laid_beside(formula, told, examiner)
    tiers = (
        _Tier(near, 0.2),
        _Tier(_small(formula, examiner), 0.2, after=0.1),
        _Tier(_doubled(formula, told, examiner), 0.2, alone=True),
        _Tier(_large(formula, examiner), 0.3, enough=WANTED),
        _Tier(far, 0.2, enough=1, alone=True),
    )
    found: list[Mend] = []
    for tier in tiers:
        found += _of_a_tier(tier, probe, found)
    found += (mend for mend in own if all(mend.text != one.text for one in found))
    return _chosen(_nearest(found, probe), examiner)


@dataclass(frozen=True)
class _Tier:
    """Candidates of a kind.

    Attributes
    ----------
    share, after : float
        For which part of the time of a formula they are tried, and for which where something
        near was found before.
    enough : int
        How many mends are enough.
    alone : bool
        Whether they are tried only where nothing was found before.
    """

    candidates: Iterator[Candidate]
    share: float
    after: float = 0.0
    enough: int = CONFIRMED
    alone: bool = False


def _nearest(found: list[Mend], probe: _Probe) -> list[Mend]:
    """What is said in the author's own words; if nothing is, the nearest of each kind.

    Of a kind what is shortest comes first.
    """
    distances = {mend.text: probe.distance(mend) for mend in found}
    kinds = list(dict.fromkeys(mend.kind for mend in found))
    ordered = sorted(
        found, key=lambda mend: (distances[mend.text], kinds.index(mend.kind), len(mend.text))
    )
    least: dict[str, int] = {}
    for mend in ordered:
        least.setdefault(mend.kind if distances[ordered[0].text] else "", distances[mend.text])
    return [m for m in ordered if distances[m.text] == least.get(m.kind, least.get("", -1))]


def _of_a_tier(tier: _Tier, probe: _Probe, before: list[Mend]) -> list[Mend]:
    """What mends, until enough of it is near what the author wrote."""
    found: list[Mend] = []
    share = tier.share if all(map(probe.distance, before)) else tier.after
    if not share or (tier.alone and before):
        return found
    clock = probe.examiner.clock
    try:
        with clock.within(share * clock.seconds):
            for mend in _mending(tier.candidates, probe):
                if all(mend.text != one.text for one in before):
                    found.append(mend)
                if sum(not probe.distance(mend) for mend in found) == tier.enough:
                    break
    except TooLargeError:
        pass  # What was found in the time is said; that there is no other is not claimed.
    return found


def _speaks_of_one_equation(formula: Formula) -> bool:
    nodes = (node for side in formula.sides for node in walk(side))
    return any(isinstance(node, Derivative) and node.held == "equation" for node in nodes)


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


class Said(Protocol):
    """What was wrong; told of the few that mend."""

    @property
    def words(self) -> str: ...

    @property
    def kind(self) -> str: ...

    @property
    def slips(self) -> int: ...


Candidate = tuple[Said, Formula]


@dataclass(frozen=True)
class _MissingCondition:
    """A condition that is missing."""

    text: str
    kind = Slip.CONDITION
    slips = 1

    @property
    def words(self) -> str:
        return f"{self.kind}: `for {self.text}`"


def _laid_beside(
    formula: Formula, told: Expr | None, examiner: Examiner
) -> tuple[Iterator[Candidate], Iterator[Candidate]]:
    """What the derivation has and the formula has not; terms in the place of others."""
    with examiner.clock.within(2.0):
        found = repaired(formula, told, examiner)
    pairs = [(one, replace(formula, right=one.right)) for one in found]
    replaced = [Slip.OTHER_TERM in one.kinds for one in found]
    near, far = ([p for p, r in zip(pairs, replaced, strict=True) if r is w] for w in (False, True))
    return iter(near), iter(far)


def _doubled(formula: Formula, told: Expr | None, examiner: Examiner) -> Iterator[Candidate]:
    """Two slips in one term."""
    for one in repaired(formula, told, examiner, deep=True):
        if Slip.OTHER_TERM not in one.kinds:
            yield one, replace(formula, right=one.right)


def _small(formula: Formula, examiner: Examiner) -> Iterator[Candidate]:
    """Edits of what stands there: first on the right, then on the left."""
    right, left = (
        sorted(edited(side, examiner.functions), key=lambda one: rank(one[0]))
        for side in (formula.right, formula.left)
    )
    return chain(
        ((edit, replace(formula, right=side)) for edit, side in right),
        _conditions(formula, examiner),
        ((edit, replace(formula, left=side)) for edit, side in left),
    )


def _large(formula: Formula, examiner: Examiner) -> Iterator[Candidate]:
    """Other names, and terms and factors that do not stand there."""
    vocabulary = Vocabulary(formula, examiner.model, examiner.shaper, examiner.clock)
    edits = added(formula.right, vocabulary)
    return ((edit, replace(formula, right=side)) for edit, side in edits)


def _conditions(formula: Formula, examiner: Examiner) -> Iterator[Candidate]:
    """The initial steps or the last step left out, steps in order, initial values fixed at 0."""
    steps = [Index.of(name) for name in Free.of(formula).steps]
    pairs = [(step, sign, side) for step in steps for sign, side in _ENDS]
    pairs += [(one, sign, two) for one, two in combinations(steps, 2) for sign in ("<=", ">=")]
    for left, sign, right in pairs:
        added = Inequalities((left, right), (sign,))
        yield (
            _MissingCondition(chain_text(added)),
            replace(formula, chains=(*formula.chains, added)),
        )
    fixed = {(item.name, item.step) for item in formula.fixed}
    for initial in examiner.model.initials:
        if initial.value is None and (initial.name, initial.step) not in fixed:
            item = Fixed(initial.name, initial.step, ZERO)
            zero = _MissingCondition(f"{initial.key} = 0")
            yield zero, replace(formula, fixed=(*formula.fixed, item))


_ENDS = ((">=", Index(offset=1)), ("<", Index.of("T")))


def _mending(candidates: Iterator[Candidate], probe: _Probe) -> Iterator[Mend]:
    seen = {canonical(probe.formula)}
    for said, candidate in candidates:
        form = canonical(candidate)
        if form in seen or _is_empty(candidate, probe.examiner.model):
            continue
        seen.add(form)
        if probe.passes(candidate) and probe.keeps(candidate):
            righted = _righted(candidate, probe.examiner)
            if righted is not None:
                text = formula_text(righted)
                yield Mend(said.words, said.kind, text, righted, said.slips)


def _is_empty(formula: Formula, model: Model) -> bool:
    """What says nothing of the model mends nothing."""
    return repeats(formula) or vanishes(formula, model)


def _righted(formula: Formula, examiner: Examiner) -> Formula | None:
    """The formula if it is right, for the steps at which it has a meaning; None if it is wrong."""
    try:
        found_formula = resolved(formula, examiner.shaper)
        found = examiner.examine(found_formula)
    except TooLargeError:
        raise
    except EvaluationError:
        return None
    if found.counterexample is not None or not found.used:
        return None
    known = all(a.default is not None for a in examiner.model.abstract)
    if not known and examiner.proved(found_formula, found.used, "bound") is None:
        return None
    if found.broken is None:
        return formula
    chains = kept(found.used, Free.of(formula))
    if chains is None or chains == formula.chains:
        return None
    return _righted(replace(formula, chains=chains), examiner)


class _Probe:
    """Tries candidates in floating point, first where the formula failed."""

    def __init__(
        self, examiner: Examiner, counterexample: Counterexample | None, formula: Formula
    ) -> None:
        self.examiner = examiner
        self.formula = formula
        self.failed = None if counterexample is None else dict(counterexample.at)
        # What has no meaning before fails later than the horizon.
        self.steps = max(examiner.horizon, PROBED, counterexample.T if counterexample else 0)
        self._scenes: dict[tuple[Fixed, ...], list[Scene]] = {}
        self._reached = self._reach(formula)
        self.stepped = self.steps_of(formula)

    def steps_of(self, formula: Formula) -> tuple[str, ...]:
        return Free.of(formula).steps

    def distance(self, mend: Mend) -> int:
        """How far it is from what the author wrote: kinds of slips, other ways to speak."""
        said = {key_of(node) for side in self.formula.sides for node in walk(side)}
        used = {key for node in walk(mend.formula.right) if (key := key_of(node)) is not None}
        introduced = {item.name for item in self.examiner.model.equations if item.auxiliary}
        spoken = any(key is not None and key[-1] in introduced for key in said)
        if spoken or is_zero(self.formula.right):
            introduced = set()  # He speaks of what the derivation introduces, or of nothing.
        # The derivative that he takes, otherwise held, is no other way to speak.
        known = {key[1:] for key in said if key is not None}
        foreign = [
            key
            for key in used - said
            if (key[0] in ("step", "equation") and key[1:] not in known) or key[-1] in introduced
        ]
        return 10 * (mend.slips - 1) + (0 if mend.kind == Slip.POST else len(foreign))

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
        if self.steps_of(formula) != self.stepped:  # A sum was lost, or a step was too many.
            return self._reach(formula) > 0
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
