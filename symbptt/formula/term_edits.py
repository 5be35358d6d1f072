"""One term of an author beside one of the derivation: the edits that make them one."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import chain

from symbptt import algebra as al
from symbptt.calculus.slips import Slip
from symbptt.formula.edits import Edit, edited, exchanged, is_operand, rank
from symbptt.formula.examination import Examiner
from symbptt.formula.regrouped import product_of
from symbptt.formula.sampled import SampleValues, Value, alike, turned_alike
from symbptt.formula.statement import TOTAL, Over, at_steps, parts, walk
from symbptt.formula.summands import Path, Summand, factors, products, put

TOGETHER = frozenset(Slip) - {
    Slip.MISSING, Slip.TERM, Slip.DOUBLED, Slip.INDEX, Slip.APPLIED, Slip.FUNCTION, Slip.MIXED,
    Slip.TOTAL, Slip.PARTIAL, Slip.DIVISION, Slip.REVERSED, Slip.NO_SUM,
}  # fmt: skip
"""The slips of which two are looked for in one term."""

NEXT = "the path through the next step"

Made = tuple[tuple[Edit, ...], al.Expr]
"""Edits of a term, and what they make of it."""


class TermEdits:
    """Tells terms apart by their values, and by those of their factors."""

    def __init__(self, values: SampleValues, examiner: Examiner) -> None:
        self.values = values
        self.model = examiner.model
        self.functions = examiner.functions

    def likeness(self, one: Summand, other: Summand) -> float:
        """How much two terms have in common."""
        first, second = self._factors(one), self._factors(other)
        common = sum(any(_same(a, b) for _, _, b in second) for _, _, a in first)
        names = {_name(node) for _, node, _ in first} & {_name(node) for _, node, _ in second}
        return 2 * common / max(1, len(first) + len(second)) + 0.1 * len(names - {""})

    def _factors(self, one: Summand) -> list[tuple[Path, al.Expr, Value | None]]:
        bound = tuple(n for n in walk(one.whole) if isinstance(n, Over))
        return [
            (path, node, self.values.of(node, bound))
            for path, node in factors(one.own)
            if not isinstance(node, al.Number | al.Horizon)
        ]

    def single(self, mine: Summand, target: Value | None, theirs: Summand) -> Iterator[Made]:
        """The single edits of a term that give it the other's value, the likeliest of a kind.

        First what is made of the author's own words, then what the derivation has there.
        """
        found: set[al.Expr] = set()
        for tried in (self._edited(mine.own), self._told_apart(mine, theirs)):
            kinds: set[Slip] = set()
            for edit, new in tried:
                if edit.kind in kinds or (edit.kind is Slip.OTHER_FACTOR and found):
                    continue
                if new not in found and self.values.agree(mine.around(new), target):
                    kinds.add(edit.kind)
                    found.add(new)
                    yield (edit,), new

    def double(self, mine: Summand, target: Value | None, theirs: Summand) -> Iterator[Made]:
        """Two edits of a term that give it the other's value."""
        first = chain(self._told_apart(mine, theirs), self._edited(mine.own))
        for one, between in first:
            # A part that has no value is right in no other place.
            if one.kind in TOGETHER and self.values.of(mine.around(between)) is not None:
                for other, new in self._edited(between):
                    fits = other.kind in TOGETHER and self.values.agree(mine.around(new), target)
                    if fits:
                        yield (one, other), new

    def _edited(self, node: al.Expr) -> list[tuple[Edit, al.Expr]]:
        return sorted(edited(node, self.functions), key=lambda one: rank(one[0]))

    def _told_apart(self, mine: Summand, theirs: Summand) -> Iterator[tuple[Edit, al.Expr]]:
        """Factors of the derivation's term in the place of the author's, or beside them."""
        first = self._factors(mine)
        said = _at_the_steps_of(mine, theirs)
        second = [(path, said(node), value) for path, node, value in self._factors(theirs)]
        ours = [one for one in first if not any(_same(one[2], two[2]) for two in second)]
        others = [two for two in second if not any(_same(two[2], one[2]) for one in first)]
        for path, old, _ in ours:
            for _, new, _ in others:
                inner, one, other = least(old, new)
                edit = Edit(self._kind(one, other), one, other)
                yield self._put(mine, (*path, *inner), edit)
                if sum(node == one for node in walk(mine.own)) > 1:
                    yield edit, exchanged(mine.own, {one: other}, whole=False)
        if not first and not second:  # Numbers alone.
            yield Edit(Slip.OTHER_FACTOR, mine.own, theirs.own), theirs.own
        lost = [node for _, node, _ in others]
        entrywise = [product_of(tuple(lost))] if len(lost) > 1 else []
        beside = sorted(products(mine.own), key=_far_from_the_derivative)
        for factor in (*lost, *entrywise):
            for path, node in beside:
                for new in _beside(node, factor):
                    yield self._put(mine, path, Edit(Slip.MISSING_FACTOR, node, new))
        slopes = [n for n in walk(theirs.whole) if isinstance(n, al.Derivative)]
        for path, node in products(mine.own):
            for slope in slopes:
                if not isinstance(node, al.Neg | al.Derivative):
                    later = self.model.lag(_name(slope.wrt)) > 0
                    kind, remark = (Slip.MISSING, NEXT) if later else (Slip.OTHER_FACTOR, "")
                    yield self._put(mine, path, Edit(kind, node, said(slope), None, remark))

    def _put(self, mine: Summand, path: Path, edit: Edit) -> tuple[Edit, al.Expr]:
        return edit, put(mine.own, path, edit.new)

    def _kind(self, old: al.Expr, new: al.Expr) -> Slip:
        """What it is to write one factor for another."""
        if isinstance(old, al.Derivative) and isinstance(new, al.Derivative):
            if old.output == new.output:
                return self._kind_of_names(old.wrt, new.wrt, Slip.POST, Slip.PRE)
            if old.wrt == new.wrt:
                return self._kind_of_names(old.output, new.output, Slip.POST, Slip.PRE)
        return self._kind_of_names(old, new, Slip.APPLIED, Slip.UNAPPLIED)

    def _kind_of_names(self, old: al.Expr, new: al.Expr, post: Slip, pre: Slip) -> Slip:
        """``post`` where the old name is a function of the new one, ``pre`` the other way round."""
        if isinstance(new, al.Call) and new.args == (old,):
            return Slip.UNAPPLIED
        if not (isinstance(old, al.Ref) and isinstance(new, al.Ref)):
            return Slip.NAME if isinstance(old, al.Param) else Slip.OTHER_FACTOR
        if old.name == new.name:
            ahead = new.index - old.index
            near = not ahead.names() and abs(ahead.offset) == 1
            return Slip.SHIFT if near else Slip.INDEX
        if old.index != new.index:
            return Slip.OTHER_FACTOR
        if self._is_function_of(old.name, new.name):
            return post
        return pre if self._is_function_of(new.name, old.name) else Slip.NAME

    def _is_function_of(self, name: str, argument: str) -> bool:
        """Whether a quantity is a function of another alone, entry by entry."""
        for equation in self.model.equations:
            if equation.name == name and isinstance(equation.rhs, al.Call):
                return [getattr(arg, "name", "") for arg in equation.rhs.args] == [argument]
        return False


def _at_the_steps_of(mine: Summand, theirs: Summand) -> Callable[[al.Expr], al.Expr]:
    """What says a part of the derivation's term by the author's name of a step that is summed."""
    sums = [[n for n in walk(one.whole) if isinstance(n, al.TimeSum)] for one in (mine, theirs)]
    values = {
        other.index: al.Index.of(own.index) + (other.first - own.first)
        for own, other in zip(*sums, strict=False)
    }
    return lambda node: at_steps(node, values)


def least(old: al.Expr, new: al.Expr, path: Path = ()) -> tuple[Path, al.Expr, al.Expr]:
    """The one part in which two factors differ that are made alike, where it is, and its other."""
    mine, theirs = parts(old), parts(new)
    apart = [k for k, (one, other) in enumerate(zip(mine, theirs, strict=False)) if one != other]
    made_alike = type(old) is type(new) and len(mine) == len(theirs) and len(apart) == 1
    if made_alike and not isinstance(old, al.Derivative):
        (place,) = apart
        if is_operand(old, place) and al.with_child(old, place, theirs[place]) == new:
            return least(mine[place], theirs[place], (*path, place))
    return path, old, new


def _same(one: Value | None, other: Value | None) -> bool:
    return alike(one, other) or turned_alike(one, other)


def _name(node: al.Expr) -> str:
    """Of a quantity or parameter, or of what L is differentiated by."""
    match node:
        case al.Ref(name=name) | al.Param(name=name):
            return name
        case al.Derivative(output=output, wrt=wrt) if output == TOTAL:
            return f"d{_name(wrt)}"
    return ""


def _far_from_the_derivative(place: tuple[Path, al.Expr]) -> tuple[bool, int]:
    path, node = place
    return not any(isinstance(part, al.Derivative) for part in walk(node)), -len(path)


def _beside(node: al.Expr, factor: al.Expr) -> Iterator[al.Expr]:
    yield product_of((factor, node))
    yield product_of((node, factor))
    both = (factor, al.Transpose(factor))
    yield from (al.Product(one, node) for one in both)
    yield from (al.Product(node, one) for one in both)
