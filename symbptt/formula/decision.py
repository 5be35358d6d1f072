"""Whether one formula, in one reading, holds at all that it speaks of.

What it speaks of is what its condition promises, or where it says nothing all steps at which
it has a value; a Jacobian ``d(h[t], h[k])`` speaks of k <= t.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from symbptt.algebra import Derivative, Expr, Index, Model, Ref
from symbptt.calculus.slips import Slip
from symbptt.errors import EvaluationError
from symbptt.formula.answer import Verdict
from symbptt.formula.derived import DerivedEquation, derived
from symbptt.formula.examination import FARTHEST, POINTS, Counterexample, Examiner, Found
from symbptt.formula.meaning import resolved
from symbptt.formula.mending import Mend
from symbptt.formula.names import finding
from symbptt.formula.ranges import Free, holds, kept, left_out_text, range_text
from symbptt.formula.shapes import ShapeError
from symbptt.formula.statement import Formula, Inequalities, indices, walk, with_bound
from symbptt.formula.text import chain_text, formula_text
from symbptt.formula.trivial import is_trivial
from symbptt.language.source import Place
from symbptt.typeset.plain import index_text

Progress = Callable[[str], object]


@dataclass(frozen=True)
class Decision:
    """A verdict before the edits are sought that mend what is wrong.

    Attributes
    ----------
    nothing : str
        Why there was nothing to look at; "" where there was.
    mendable : bool
        Whether an edit is worth looking for.
    held : int
        How many links of its chain before it are right.
    """

    verdict: Verdict
    tree: Formula
    examiner: Examiner | None = None
    nothing: str = ""
    mendable: bool = True
    held: int = 0

    @property
    def likelihood(self) -> tuple[bool, bool, bool, bool, int]:
        """How likely it is what was meant: right, perhaps right, of shapes that fit, about
        something, and right for longest."""
        verdict = self.verdict
        is_open = verdict.verdict == "undecided"
        return verdict.right, is_open, not verdict.pointed, not self.nothing, self.held

    def explained(self, start: Expr) -> Decision:
        """With what the derivation says of the left side of what is wrong, in the time left.

        Parameters
        ----------
        start : Expr
            What the chain begins with in which the formula stands: its own left side, mostly.

        Raises
        ------
        EvaluationError
            If the time is over.
        """
        if self.examiner is None or self.verdict.verdict != "wrong":
            return self
        tree, examiner = self.tree, self.examiner
        own = derived(tree, examiner) or derived(replace(tree, left=start), examiner)
        verdict = replace(self.verdict, derived=own)
        if verdict.counterexample is not None:
            found = _off_the_edges(tree, own, verdict.counterexample, examiner)
            verdict = replace(verdict, counterexample=found)
        return replace(self, verdict=verdict)


def decide(tree: Formula, examiner: Examiner, progress: Progress) -> Decision:
    """The verdict on a formula.

    Raises
    ------
    EvaluationError
        If it has no value at any point, or the time is over.
    """
    model = examiner.model
    wrong = Verdict(model.name, tree.text, "wrong")
    try:
        formula = resolved(tree, examiner.shaper)
    except ShapeError as error:
        words = f"the shapes do not fit: {error.words}"
        pointed = str(finding(tree.text, tree.place(error.node), words)).partition("\n")[2]
        return Decision(replace(wrong, reason=words, pointed=pointed), tree, examiner)
    progress("looking at random points")
    found = examiner.examine(formula)
    if found.counterexample is not None:
        order = _in_order(tree)
        if order and not holds(order, dict(found.counterexample.at)):
            inside = decide(replace(tree, chains=order), examiner, progress)
            left_out = (*inside.verdict.left_out, *map(_after, order))
            return replace(inside, verdict=replace(inside.verdict, left_out=left_out))
        assumed = _assumed(model, everything=True)
        verdict = replace(wrong, counterexample=found.counterexample, assumed=assumed)
        return Decision(verdict, tree, examiner)
    if not found.used and found.beyond:
        words = f"for no T up to {FARTHEST} do its sums and products stay in range: {found.beyond}"
        return Decision(replace(wrong, reason=words), tree, examiner)
    if not found.used:
        place = Place(1, 0, 1, len(tree.text))
        words = str(finding(tree.text, place, _nothing(found)))
        mendable = bool(found.left_out or found.past_the_end)
        return Decision(wrong, tree, examiner, words, mendable)
    if found.broken is not None:
        return Decision(_promised(tree, formula, found, examiner), tree, examiner)
    progress("proving it modulo a prime")
    verdict = _right(tree, formula, found, examiner)
    trivial = verdict.right and is_trivial(tree, found.used, examiner)
    return Decision(replace(verdict, trivial=trivial), tree, examiner)


def _in_order(tree: Formula) -> tuple[Inequalities, ...]:
    """``k <= t`` of ``d(h[t], h[k])``, where no condition says at which steps it is looked at."""
    found: dict[Inequalities, None] = {}
    for node, bound, _ in (one for side in tree.sides for one in with_bound(side)):
        match node:
            case Derivative(output=Ref(index=later), wrt=Ref(index=earlier), held="nothing"):
                steps = [set(index.names()) - {"T"} for index in (later, earlier)]
                is_free = not bound & (steps[0] | steps[1])
                if is_free and steps[0] and steps[1] and steps[0] != steps[1]:
                    found[Inequalities((earlier, later), ("<=",))] = None
    return () if tree.chains else tuple(found)


def _after(order: Inequalities) -> str:
    earlier, later = map(index_text, order.sides)
    return f"{earlier} > {later} (what comes later moves nothing before: the derivative is 0)"


def _off_the_edges(
    tree: Formula, own: DerivedEquation | None, found: Counterexample, examiner: Examiner
) -> Counterexample:
    """The smallest counterexample that not an edge alone makes, where there is one.

    An edge is where the derivation's own equation does not hold, and a step before the first.
    """
    first = Index(offset=1)
    steps = dict.fromkeys(index for node in walk(tree.left) for index in indices(node))
    named = {name for step in steps for name in step.names()}
    steps |= {Index.of(name): None for name in Free.of(tree).steps if name not in named}
    known = {name for name, _ in found.at}
    # A step that a sum or product on the left binds has no value outside it.
    started = tuple(
        Inequalities((first, step), ("<=",)) for step in steps if set(step.names()) <= known
    )
    stated = tuple(
        chain
        for chain in (own.formula.chains if own else ())
        if all(set(side.names()) <= known for side in chain.sides)
    )
    for chains in ((*started, *stated), started):
        if holds(chains, dict(found.at)):
            return found
        formula = resolved(replace(tree, chains=(*tree.chains, *chains)), examiner.shaper)
        try:
            other = examiner.examine(formula).counterexample
        except EvaluationError:
            return found
        if other is not None:
            return other
    return found


def _promised(tree: Formula, formula: Formula, found: Found, examiner: Examiner) -> Verdict:
    """The condition says more than there is: the range for which the formula is right."""
    assert found.broken is not None
    free = Free.of(formula)
    where = ", ".join(f"{name} = {value}" for name, value in found.broken.at)
    chains = kept(found.used, free)
    of_length = tuple(chain for chain in tree.chains if _is_of_length(chain))
    narrowed: tuple[Mend, ...] = ()
    if chains is not None:
        chains = (*chains, *of_length)
        mended = replace(tree, chains=chains)
        again = examiner.examine(resolved(mended, examiner.shaper))
        if again.broken is None and again.counterexample is None:
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


def _is_of_length(chain: Inequalities) -> bool:
    """Whether a condition speaks of T alone."""
    return {name for side in chain.sides for name in side.names()} == {"T"}


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
