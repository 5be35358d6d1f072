"""What an author's right side lacks of the derivation's, term by term.

Both sides are sums of products. Terms of one value are one term, however they are written; those
that are left are paired by what they have in common, and each pair is told apart by one edit.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from itertools import combinations, islice, product

from symbptt import algebra as al
from symbptt.formula.edits import Edit, edited, exchanged, rank
from symbptt.formula.examination import Examiner
from symbptt.formula.regrouped import product_of
from symbptt.formula.sampled import SampleValues, Value, added, alike, turned_alike
from symbptt.formula.scenes import TooLargeError
from symbptt.formula.slips import Slip
from symbptt.formula.stated import Equations, equations, key_of
from symbptt.formula.statement import TOTAL, Formula, Over, at_steps, free_names, walk
from symbptt.formula.summands import Path, Summand, factors, products, put, summands
from symbptt.formula.vocabulary import Vocabulary

FORMS = 4
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
        return len(self.kinds)

    @property
    def words(self) -> str:
        """Each kind once, with all that is to be written."""
        told = []
        for kind in self.kinds:
            whats = dict.fromkeys(edit.what for edit in self.edits if edit.kind is kind)
            told.append(f"{kind}: {', '.join(whats)}")
        return "; ".join(told)


def repaired(formula: Formula, told: al.Expr | None, examiner: Examiner) -> list[Repaired]:
    """The author's right side mended term by term, the fewest kinds of slips first.

    Last comes a term of the derivation in the place of one of his among others that are right.

    Parameters
    ----------
    told : Expr or None
        The derivation's own right side, in the author's terms.
    """
    found = list(_other_convention(formula.right, examiner))
    try:
        for right in islice(_forms(formula, told, examiner), FORMS):
            values = SampleValues(replace(formula, right=right), examiner)
            if values.points:
                # One by one: what is found when the time is over is kept.
                for one in islice(_Beside(formula, right, values, examiner).repaired(), COMBINED):
                    found.append(one)
    except TooLargeError:
        pass
    found.sort(key=lambda one: (one.slips, len(one.edits), _ranks(one)))
    return list({one.right: one for one in reversed(found)}.values())[::-1]


def _ranks(one: Repaired) -> int:
    return sum(rank(edit) for edit in one.edits)


def _forms(formula: Formula, told: al.Expr | None, examiner: Examiner) -> Iterator[al.Expr]:
    """What the derivation says: in the author's terms, in the model's, and in its own."""
    shaper = examiner.shaper
    known = equations(examiner.model, shaper.layout, shaper.total, examiner.stages[0].estimator)
    if told is not None:
        yield from dict.fromkeys((told, _in_names_of_the_model(told, known, examiner.model)))
    _, own = next(known.fitting(formula.left, formula.chains), (None, ()))
    yield from (member.right for member in own if member.right != told)


def _in_names_of_the_model(right: al.Expr, known: Equations, model: al.Model) -> al.Expr:
    """Gradients of what the derivation introduces by what it says of them."""
    names = {equation.name for equation in model.equations if equation.auxiliary}
    said: dict[al.Expr, al.Expr] = {}
    for node in dict.fromkeys(walk(right)):
        if isinstance(node, al.Derivative) and _name(node.wrt) in names:
            _, lines = next(known.fitting(node), (None, ()))
            said.update((node, line.right) for line in lines[:1])
    return exchanged(right, said)


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
        self.model = examiner.model
        self.functions = examiner.functions
        self.vocabulary = Vocabulary(formula, examiner.model, examiner.shaper, examiner.clock)
        self.mine, self.theirs = (
            [_ValuedTerm(one, values.of(one.whole)) for one in summands(side)]
            for side in (formula.right, right)
        )
        self.told = list(self.theirs)
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
            known = [other for other in others if other.value is not None][:8]
            for count in (2, 3):
                for group in combinations(known, count):
                    whole = added(one.value for one in group if one.value is not None)
                    if term in singles and alike(term.value, whole):
                        singles.remove(term)
                        for one in group:
                            others.remove(one)
                        known = []
                        break

    # --- the whole side ------------------------------------------------------------------

    def repaired(self) -> Iterator[Repaired]:
        pairs, surplus, missing = self._paired()
        if not (pairs or surplus or missing):
            return
        options = []
        for mine, theirs in pairs:
            found = list(islice(self._edits(mine, theirs), OPTIONS))
            found += self._other_term(mine, theirs) if not found else []
            options.append(found)
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
            (id(m), id(t)): self._likeness(m.summand, t.summand) for m in mine for t in theirs
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

    def _likeness(self, one: Summand, other: Summand) -> float:
        first, second = self._factors(one), self._factors(other)
        common = sum(any(_same(a, b) for _, _, b in second) for _, _, a in first)
        names = {_name(node) for _, node, _ in first} & {_name(node) for _, node, _ in second}
        return 2 * common / (len(first) + len(second)) + 0.1 * len(names - {""})

    def _factors(self, one: Summand) -> list[tuple[Path, al.Expr, Value | None]]:
        bound = tuple(n for n in walk(one.whole) if isinstance(n, Over))
        return [
            (path, node, self.values.of(node, bound))
            for path, node in factors(one.own)
            if not isinstance(node, al.Number | al.Horizon)
        ]

    def _made(
        self,
        chosen: tuple[tuple[Edit, al.Expr], ...],
        mine: list[_ValuedTerm],
        surplus: list[_ValuedTerm],
        missing: list[_ValuedTerm],
    ) -> Repaired | None:
        """The side with the chosen edits, without what is too many, with what is missing."""
        edits = [edit for edit, _ in chosen]
        places: list[tuple[Path, al.Expr | None]] = [
            (term.summand.path, new) for term, (_, new) in zip(mine, chosen, strict=True)
        ]
        for term in surplus:
            again = any(alike(term.value, t.value) for t in self.told)
            kind = Slip.DOUBLED if again else Slip.TERM
            edits.append(Edit(kind, term.summand.whole, al.ZERO))
            places.append((term.summand.path, None))
        right: al.Expr | None = self.formula.right
        # From the last term to the first, so that those before it stay where they are.
        for path, new in sorted(places, key=lambda place: place[0], reverse=True):
            right = put(right, path, new) if right is not None else None
        added = [self._in_his_terms(term) for term in missing]
        edits += (Edit(Slip.MISSING, al.ZERO, one, one, self._path_of(one)) for one in added)
        terms = [*(() if right is None else al.terms_of(right)), *added]
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

    def _path_of(self, term: al.Expr) -> str:
        """Words for a term that reads a derivative at the next step."""
        left = self.formula.left
        here = (
            left.wrt.index
            if isinstance(left, al.Derivative) and isinstance(left.wrt, al.Ref)
            else None
        )
        for node in walk(term):
            if here and isinstance(node, al.Derivative) and isinstance(node.wrt, al.Ref):
                ahead = node.wrt.index - here
                if not ahead.names() and ahead.offset > 0:
                    return "the path through the next step"
        return ""

    # --- one term ------------------------------------------------------------------------

    def _edits(self, mine: _ValuedTerm, theirs: _ValuedTerm) -> Iterator[tuple[Edit, al.Expr]]:
        """The single edits of a term that give it the other's value, the likeliest first."""
        own = mine.summand.own
        found = sorted(edited(own, self.functions), key=lambda one: rank(one[0]))
        kinds: set[Slip] = set()
        for edit, new in (*found, *self._told_apart(mine.summand, theirs.summand)):
            if edit.kind in kinds:
                continue
            if alike(self.values.of(mine.summand.around(new)), theirs.value):
                kinds.add(edit.kind)
                yield edit, new

    def _told_apart(self, mine: Summand, theirs: Summand) -> Iterator[tuple[Edit, al.Expr]]:
        """Factors of the derivation's term in the place of the author's, or beside them."""
        first = self._factors(mine)
        said = _at_the_steps_of(mine, theirs)
        second = [(path, said(node), value) for path, node, value in self._factors(theirs)]
        ours = [one for one in first if not any(_same(one[2], two[2]) for two in second)]
        others = [two for two in second if not any(_same(two[2], one[2]) for one in first)]
        for path, old, _ in ours:
            for _, new, _ in others:
                yield self._put(mine, path, Edit(self._kind(old, new), old, new))
        lost = [node for _, node, _ in others]
        entrywise = [product_of(tuple(lost))] if len(lost) > 1 else []
        beside = sorted(products(mine.own), key=_far_from_the_derivative)
        for factor in (*lost, *entrywise):
            for path, node in beside:
                for new in _beside(node, factor):
                    yield self._put(mine, path, Edit(Slip.MISSING_FACTOR, node, new))
        if len(ours) == len(others) == 2:
            yield from self._both(mine, [one[:2] for one in ours], [two[1] for two in others])
        slopes = [said(n) for n in walk(theirs.whole) if isinstance(n, al.Derivative)]
        for path, node in products(mine.own):
            for slope in slopes:
                if slope != node and not isinstance(node, al.Neg):
                    edit = Edit(Slip.MISSING, node, slope, None, "the path through the next step")
                    yield self._put(mine, path, edit)

    def _both(
        self, mine: Summand, ours: list[tuple[Path, al.Expr]], others: list[al.Expr]
    ) -> Iterator[tuple[Edit, al.Expr]]:
        """Two factors exchanged at once."""
        for pair in (others, others[::-1]):
            own: al.Expr | None = mine.own
            for (path, _), new in zip(ours, pair, strict=True):
                own = put(own, path, new) if own is not None else None
            if own is not None:
                yield Edit(self._kind(ours[0][1], pair[0]), mine.own, own), own

    def _put(self, mine: Summand, path: Path, edit: Edit) -> tuple[Edit, al.Expr]:
        new = put(mine.own, path, edit.new)
        assert new is not None
        return edit, new

    def _other_term(self, mine: _ValuedTerm, theirs: _ValuedTerm) -> list[tuple[Edit, al.Expr]]:
        """The derivation's term in the place of the author's, where he has it by itself."""
        old, new = mine.summand.whole, theirs.summand.whole
        if mine.summand.own is not old or len(self.told) == len(self.theirs):
            return []
        return [(Edit(Slip.OTHER_TERM, old, new), new)]

    def _kind(self, old: al.Expr, new: al.Expr) -> Slip:
        """What it is to write one factor for another."""
        if isinstance(old, al.Derivative) and isinstance(new, al.Derivative):
            if old.output == new.output:
                return self._kind_of_names(old.wrt, new.wrt)
            if old.wrt == new.wrt:
                return self._kind_of_names(old.output, new.output)
        return self._kind_of_names(old, new)

    def _kind_of_names(self, old: al.Expr, new: al.Expr) -> Slip:
        if not (isinstance(old, al.Ref) and isinstance(new, al.Ref)):
            return Slip.NAME if isinstance(old, al.Param) else Slip.OTHER_FACTOR
        if old.name == new.name:
            ahead = new.index - old.index
            near = not ahead.names() and abs(ahead.offset) == 1
            return Slip.SHIFT if near else Slip.INDEX
        if old.index != new.index:
            return Slip.OTHER_FACTOR
        if self._is_function_of(old.name, new.name):
            return Slip.POST
        return Slip.PRE if self._is_function_of(new.name, old.name) else Slip.NAME

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


def _far_from_the_derivative(place: tuple[Path, al.Expr]) -> tuple[bool, int]:
    path, node = place
    return not any(isinstance(part, al.Derivative) for part in walk(node)), -len(path)


def _beside(node: al.Expr, factor: al.Expr) -> Iterator[al.Expr]:
    yield product_of((factor, node))
    yield product_of((node, factor))
    for one in (factor, al.Transpose(factor)):
        yield al.Product(one, node)
        yield al.Product(node, one)
