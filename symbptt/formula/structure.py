"""What an author's right side lacks of the derivation's, term by term.

Both sides are sums of products. Terms of one value are one term, however they are written; those
that are left are paired by what they have in common, and each pair is told apart by one edit.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import combinations, islice, product

from symbptt import algebra as al
from symbptt.calculus.forms import is_zero
from symbptt.calculus.slips import Slip
from symbptt.formula.edits import Edit, exchanged, rank
from symbptt.formula.examination import Examiner
from symbptt.formula.regrouped import product_of
from symbptt.formula.sampled import SampleValues, Value, added, alike, of_one_shape
from symbptt.formula.scenes import TooLargeError
from symbptt.formula.stated import Equations, equations, key_of
from symbptt.formula.statement import TOTAL, Formula, free_names, walk
from symbptt.formula.summands import ABSENT, Summand, put, summands, whole, without_absent
from symbptt.formula.term_edits import NEXT, Made, TermEdits
from symbptt.formula.vocabulary import Vocabulary

FORMS = 5
"""Of so many ways in which the derivation can say the left side."""

OPTIONS = 2
DIFFERENT = 3
COMBINED = 8
COPIES = 600
"""How many edits are looked for at a term, kinds in one mend, mends of one form, and copies of a
term with other names."""


@dataclass(frozen=True)
class Repaired:
    """A right side with the edits that make it the derivation's."""

    edits: tuple[Edit, ...]
    right: al.Expr

    @property
    def kinds(self) -> tuple[Slip, ...]:
        return tuple(dict.fromkeys(edit.kind for edit in self.edits))

    @property
    def kind(self) -> str:
        return "; ".join(self.kinds)

    @property
    def slips(self) -> int:
        """A value and its complement exchanged are one."""
        return len(self.kinds) - ({Slip.COMPLEMENT, Slip.NO_COMPLEMENT} <= set(self.kinds))

    @property
    def words(self) -> str:
        """Each kind once, with all that is to be written."""
        told = []
        for kind in self.kinds:
            whats = dict.fromkeys(edit.what for edit in self.edits if edit.kind is kind)
            told.append(f"{kind}: {', '.join(whats)}")
        return "; ".join(told)


def repaired(
    formula: Formula, told: al.Expr | None, examiner: Examiner, *, deep: bool = False
) -> list[Repaired]:
    """The author's right side mended term by term, the fewest kinds of slips first.

    Last comes a term of the derivation in the place of one of his among others that are right.

    Parameters
    ----------
    told : Expr or None
        The derivation's own right side, in the author's terms.
    deep : bool
        Whether two edits are looked for in one term; then the first ones found are enough.
    """
    found = [] if deep else list(_other_convention(formula.right, examiner))
    try:
        for right in islice(_forms(formula, told, examiner), FORMS):
            values = SampleValues(replace(formula, right=right), examiner)
            if values.points:
                # One by one: what is found when the time is over is kept.
                beside = _Beside(formula, right, values, examiner).repaired(deep=deep)
                for one in islice(beside, COMBINED):
                    found.append(one)
                    if deep:
                        return found
    except TooLargeError:
        pass
    found.sort(key=lambda one: (one.slips, len(one.edits), _ranks(one)))
    return list({one.right: one for one in reversed(found)}.values())[::-1]


def _ranks(one: Repaired) -> int:
    return sum(rank(edit)[0] for edit in one.edits)


def _forms(formula: Formula, told: al.Expr | None, examiner: Examiner) -> Iterator[al.Expr]:
    """What the derivation says: in the author's terms, in the model's, and in its own."""
    shaper = examiner.shaper
    known = equations(examiner.model, shaper.layout, examiner.stages[0].estimator)
    _, own = next(known.fitting(formula.left, formula.chains), (None, ()))
    said = [*(() if told is None else (told,)), *(member.right for member in own)]
    plain = ((one, _in_names_of_the_model(one, known, examiner.model)) for one in said)
    yield from dict.fromkeys(right for pair in plain for right in pair)


def _in_names_of_the_model(right: al.Expr, known: Equations, model: al.Model) -> al.Expr:
    """Gradients of what the derivation introduces by what it says of them."""
    names = {item.name for item in model.definitions if item.auxiliary}
    said: dict[al.Expr, al.Expr] = {}
    for node in dict.fromkeys(walk(right)):
        named = node.wrt if isinstance(node, al.Derivative) else node
        if isinstance(named, al.Ref | al.Param) and named.name in names:
            _, lines = next(known.fitting(node), (None, ()))
            said.update((node, line.right) for line in lines[:1])
    return exchanged(right, said, whole=False)


def _other_convention(right: al.Expr, examiner: Examiner) -> Iterator[Repaired]:
    """Gradients of values as those of the pre-activations, and the other way round."""
    pairs = {
        equation.name: equation.rhs.args[0].name
        for equation in examiner.model.equations
        if isinstance(equation.rhs, al.Call)
        and len(equation.rhs.args) == 1
        and isinstance(equation.rhs.args[0], al.Ref)
    }
    back = {argument: value for value, argument in pairs.items()}
    for kind, names in ((Slip.POST, pairs), (Slip.PRE, back)):
        edits = tuple(
            Edit(kind, node, replace(node, wrt=replace(node.wrt, name=names[node.wrt.name])))
            for node in dict.fromkeys(walk(right))
            if isinstance(node, al.Derivative)
            and isinstance(node.wrt, al.Ref)
            and node.wrt.name in names
        )
        if edits:
            yield Repaired(edits, exchanged(right, {edit.old: edit.new for edit in edits}))


@dataclass(frozen=True)
class _ValuedTerm:
    summand: Summand
    value: Value | None


_Pair = tuple[_ValuedTerm, _ValuedTerm]


class _Beside:
    """An author's side beside the derivation's."""

    def __init__(
        self, formula: Formula, right: al.Expr, values: SampleValues, examiner: Examiner
    ) -> None:
        self.formula = formula
        self.values = values
        self.terms = TermEdits(values, examiner)
        self.vocabulary = Vocabulary(formula, examiner.model, examiner.shaper, examiner.clock)
        theirs = summands(right)
        mine = [] if is_zero(formula.right) else summands(formula.right)
        if mine and all(map(_differentiates, theirs)) and not any(map(_differentiates, mine)):
            mine = [whole(formula.right)]  # A slope alone: what is left of a term.
        self.mine, self.theirs = (
            [_ValuedTerm(one, values.of(one.whole)) for one in side] for side in (mine, theirs)
        )
        self.said, self.told = list(self.mine), list(self.theirs)
        self._leave_out_equals()
        self._leave_out_sums(self.mine, self.theirs)
        self._leave_out_sums(self.theirs, self.mine)

    def _leave_out_equals(self) -> None:
        for term in list(self.mine):
            equal = next((t for t in self.theirs if alike(term.value, t.value)), None)
            if equal is not None:
                self.mine.remove(term)
                self.theirs.remove(equal)

    @staticmethod
    def _leave_out_sums(singles: list[_ValuedTerm], others: list[_ValuedTerm]) -> None:
        """What one side has in one term, the other in two or three."""
        for term in list(singles):
            known = [other for other in others if of_one_shape(term.value, other.value)][:8]
            for count in (2, 3):
                for group in combinations(known, count):
                    value = added(one.value for one in group if one.value is not None)
                    if term in singles and alike(term.value, value):
                        singles.remove(term)
                        for one in group:
                            others.remove(one)
                        known = []
                        break

    # --- the whole side ------------------------------------------------------------------

    def repaired(self, *, deep: bool) -> Iterator[Repaired]:
        pairs, surplus, missing = self._paired()
        # What has nothing in common with the derivation's side is no slip in it.
        foreign = self.said and len(surplus) == len(self.mine) == len(self.said)
        if foreign or not (pairs or surplus or missing):
            return
        options = []
        for mine, theirs in pairs:
            both = mine.summand, theirs.value, theirs.summand
            found = list(islice(self.terms.single(*both), OPTIONS))
            if not found and deep:
                found = list(islice(self.terms.double(*both), 1))
            options.append(found or self._other_term(mine, theirs))
        for chosen in product(*options):
            made = self._made(tuple(chosen), [m for m, _ in pairs], surplus, missing)
            if made is not None and len(made.kinds) <= DIFFERENT:
                yield made

    def _paired(
        self,
    ) -> tuple[list[tuple[_ValuedTerm, _ValuedTerm]], list[_ValuedTerm], list[_ValuedTerm]]:
        """The terms that are likest, and those that are alone."""
        mine, theirs = list(self.mine), list(self.theirs)
        likeness = {
            (id(m), id(t)): self.terms.likeness(m.summand, t.summand) for m in mine for t in theirs
        }
        pairs: list[_Pair] = []
        while mine and theirs:
            best = max(product(mine, theirs), key=lambda two: likeness[id(two[0]), id(two[1])])
            if likeness[id(best[0]), id(best[1])] <= 0:
                break
            pairs.append(best)
            mine.remove(best[0])
            theirs.remove(best[1])
        if len(mine) == len(theirs) == 1:
            pairs.append((mine.pop(), theirs.pop()))
        return pairs, mine, theirs

    def _made(
        self,
        chosen: tuple[Made, ...],
        mine: list[_ValuedTerm],
        surplus: list[_ValuedTerm],
        missing: list[_ValuedTerm],
    ) -> Repaired | None:
        """The side with the chosen edits, without what is too many, with what is missing."""
        edits = [edit for some, _ in chosen for edit in some]
        places = [(term.summand.path, new) for term, (_, new) in zip(mine, chosen, strict=True)]
        for term in surplus:
            again = any(alike(term.value, t.value) for t in self.told)
            kind = Slip.DOUBLED if again else Slip.TERM
            edits.append(Edit(kind, term.summand.whole, al.ZERO))
            places.append((term.summand.path, ABSENT))
        right = self.formula.right
        for path, new in places:
            right = put(right, path, new)
        right = without_absent(right)
        added = [self._in_his_terms(term) for term in missing]
        left = self.formula.left
        edits += (Edit(Slip.MISSING, al.ZERO, one, one, path_of(one, left)) for one in added)
        terms = [*(() if right == ABSENT or is_zero(right) else al.terms_of(right)), *added]
        if not terms:
            return None
        return Repaired(tuple(edits), terms[0] if len(terms) == 1 else al.Add(tuple(terms)))

    def _in_his_terms(self, missing: _ValuedTerm) -> al.Expr:
        """A missing term as one of the author's with other names, if it can be said so."""
        term = missing.summand.whole
        if not any(isinstance(node, al.Diag) for node in walk(self.formula.right)):
            term = _entrywise(term)
        said = {key_of(node) for node in walk(self.formula.right)}
        if all(key in said for node in walk(term) if (key := key_of(node)) and key[0] != "value"):
            return term
        near = tuple(one.whole for one in summands(self.formula.right))
        copies = self.vocabulary.copies(near, frozenset(free_names(self.formula.left)))
        for copy in islice(copies, COPIES):
            if alike(self.values.of(copy), missing.value):
                return copy
        return term

    def _other_term(self, mine: _ValuedTerm, theirs: _ValuedTerm) -> list[Made]:
        """The derivation's term in the place of the author's, where he has it by itself."""
        old, new = mine.summand.whole, theirs.summand.whole
        if mine.summand.own is not old or len(self.told) == len(self.theirs):
            return []
        return [((Edit(Slip.OTHER_TERM, old, new),), new)]


def path_of(term: al.Expr, left: al.Expr) -> str:
    """Words for a term that reads a derivative at the next step."""
    if isinstance(left, al.Derivative) and isinstance(left.wrt, al.Ref):
        for node in walk(term):
            if isinstance(node, al.Derivative) and isinstance(node.wrt, al.Ref):
                ahead = node.wrt.index - left.wrt.index
                if not ahead.names() and ahead.offset > 0:
                    return NEXT
    return ""


def _differentiates(term: Summand) -> bool:
    return any(isinstance(node, al.Derivative) for node in walk(term.whole))


def _entrywise(node: al.Expr) -> al.Expr:
    """``f * d`` for ``diag(f) @ d``"""
    match node:
        case al.Product(left=al.Diag(vector=vector), right=other) if _is_gradient(other):
            return product_of((vector, _entrywise(other)))
        case al.Product(left=other, right=al.Diag(vector=vector)) if _is_gradient(other):
            return product_of((vector, _entrywise(other)))
        case al.Product(left=left, right=right):
            return al.Product(_entrywise(left), _entrywise(right))
        case al.TimeSum(term=term):
            return replace(node, term=_entrywise(term))
    return node


def _is_gradient(node: al.Expr) -> bool:
    """Whether it is a vector for sure: a derivative of L by a quantity, scaled."""
    match node:
        case al.Derivative(output=output, wrt=al.Ref()):
            return output == TOTAL
        case al.Product(left=al.Diag(), right=other) | al.Product(left=other, right=al.Diag()):
            return _is_gradient(other)
    return False
