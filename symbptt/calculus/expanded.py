"""The expanded form of the gradient: a sum over steps of ordered products of Jacobians.

dL/dw = sum_t sum_{i <= t} (direct derivative at t) (product of the Jacobians of the steps
t, t-1, ..., i+1, in this order) (immediate partial derivative at i). (Zhang et al., Dive
into Deep Learning, equation 9.7.7, with the order that matrices need.) Several states,
and states read with lags above 1, are one stacked state.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cached_property

from symbptt import algebra as al
from symbptt.calculus import forms
from symbptt.calculus.adjoint import normal_form
from symbptt.calculus.derivation import (
    EVERY,
    Derivation,
    Range,
    Reason,
    Step,
    listed,
)
from symbptt.calculus.linear import unit
from symbptt.calculus.within import Within

LETTERS = ("i", "j", "k", "m", "n", "r", "s", "u", "v", "l", "p", "q")
LATER = Range(al.Index(offset=2), al.LAST)
STACKS = ("z", "s", "Z", "S")


def derive_expanded(model: al.Model) -> Derivation:
    """The gradient as a sum over steps, for every parameter and initial value."""
    normal = normal_form(model)
    return Derivation(model, normal, tuple(_Expansion(normal).steps()), form="expanded")


def stacked_state(normal: al.Model) -> al.Stack | None:
    """The state at step t of a model in normal form, where it is several values."""
    expansion = _Expansion(normal)
    state = expansion.state(al.NOW) if expansion.is_stacked else None
    return state if isinstance(state, al.Stack) else None


class _Expansion(Within):
    def __init__(self, model: al.Model) -> None:
        super().__init__(model)
        letters = model.free_letters(LETTERS)
        self.early, self.factor = next(letters), next(letters)
        self.stack_name = next(model.free_letters(STACKS))

    def steps(self) -> Iterator[Step]:
        yield from self.read_out()
        if self.is_stacked:
            yield self.direct_of_state()
        for value in self.past:
            yield from self.derivatives(value)
        if self.is_stacked:
            yield from self.stacked()
        elif self.places and not self.hands_on():
            yield self.hands_nothing_on()
        for leaf in self.leaves:
            yield from self.derivatives(leaf)
            if self.is_stacked and self.reaches(leaf):
                yield self.column(leaf)
        for initial in self.carried:
            through = self.from_the_start(initial)
            early = map(_at, self.entries_of(initial))
            yield self.initial_gradient(initial, through, self.reason(initial.ref, *early))
        for leaf in self.static():
            through = self.through(leaf) if self.reaches(leaf) else None
            yield self.gradients(leaf, through, self.reason(leaf, al.Index.of(self.early)))

    # --- the state -------------------------------------------------------------------------

    @cached_property
    def places(self) -> tuple[al.Ref, ...]:
        """What the state at step t holds: every quantity, as far back as it is read."""
        found = []
        for equation in self.wanted:
            lags = [-v.index.offset for v in self.past if v.name == equation.name]
            for back in range(max([1, *lags])):
                found.append(al.Ref(equation.name, al.NOW - back, equation.shape))
        return tuple(found) if self.read_directly() else ()

    @property
    def is_stacked(self) -> bool:
        """Whether the state is more than one value at one step, or a matrix."""
        return len(self.places) > 1 or any(len(place.shape) > 1 for place in self.places)

    def state(self, index: al.Index) -> al.Expr:
        if not self.is_stacked:
            return al.substitute_index(self.places[0], {"t": index})
        return al.substitute_index(al.Stack(self.stack_name, al.NOW, self.places), {"t": index})

    def hands_on(self) -> bool:
        """Whether the one value that is the state depends on the value before."""
        (place,) = self.places
        return any(v.name == place.name and self.depends(place.name, v) for v in self.past)

    def hands_nothing_on(self) -> Step:
        """A value that only later steps' losses read has no recurrence: its Jacobian is 0."""
        now, before = self.state(al.NOW), self.state(al.NOW - 1)
        target = al.Derivative(now, before, "step")
        reason: Reason = (now, " does not depend on ", before)
        return self.make("jacobian", target, [(forms.zero(target.shape),)], reason, LATER, 2)

    def reaches(self, leaf: al.Expr) -> bool:
        """Whether a parameter enters the state within a step."""
        return any(self.depends(p.name, leaf) for p in self.places if p.index == al.NOW)

    def cell(self, place: al.Ref, wrt: al.Ref | al.Param) -> al.Expr | None:
        """The block of the step's Jacobian of one part of the state by what the step reads."""
        if place == wrt:
            return unit((al.entries(place.shape), al.entries(place.shape)))
        read = isinstance(wrt, al.Param) or wrt in self.past
        if place.index != al.NOW or not read or not self.depends(place.name, wrt):
            return None
        return al.Derivative(place, wrt, "step")

    def stacked(self) -> Iterator[Step]:
        """The Jacobian of the state by the one before, and by the values it starts from."""
        before = [al.substitute_index(place, {"t": al.NOW - 1}) for place in self.places]
        columns = [ref for ref in before if isinstance(ref, al.Ref)]
        target = al.Derivative(self.state(al.NOW), self.state(al.NOW - 1), "step")
        yield self.blocks(target, columns, LATER, 2)
        for initial in self.carried:
            yield from self.start_columns(initial)

    def blocks(
        self,
        target: al.Derivative,
        columns: Sequence[al.Ref | al.Param],
        holds: Range | None,
        needs: int = 1,
    ) -> Step:
        """A Jacobian of the state at a step, from those of its parts."""
        cells = tuple(tuple(self.cell(p, c) for c in columns) for p in self.places)
        sizes, widths = ([al.entries(one.shape) for one in some] for some in (self.places, columns))
        matrix: al.Expr = al.BlockMatrix(cells, tuple(sizes), tuple(widths))
        if len(cells) == 1 and len(cells[0]) == 1 and cells[0][0] is not None:
            matrix = cells[0][0]
        moved = al.substitute_index(matrix, {"t": target.index})
        return self.make("jacobian", target, [(moved,)], self.parts(target.index), holds, needs)

    def parts(self, index: al.Index) -> Reason:
        held = [(al.substitute_index(place, {"t": index}),) for place in self.places]
        return (self.state(index), " holds ", *listed(held))

    def direct_of_state(self) -> Step:
        read = self.read_directly()
        index = self.end()
        parts = tuple(
            _laid(al.Direct(al.substitute_index(place, {"t": index})))
            if place.index == al.NOW and place.name in read
            else forms.zero((al.entries(place.shape),) if place.shape else ())
            for place in self.places
        )
        holds = EVERY if index == al.NOW else None
        target = al.Direct(self.state(index))
        whole = al.Concat(parts) if len(parts) > 1 else parts[0]
        return self.make("adjoint", target, [(whole,)], self.parts(index), holds)

    def end(self) -> al.Index:
        """Where the state is read out: at every step, or at the last alone."""
        return al.LAST if self.ends_alone() else al.NOW

    def column(self, leaf: al.Param) -> Step:
        """The immediate partial derivative of the stacked state."""
        return self.blocks(al.Derivative(self.state(al.NOW), leaf, "step"), [leaf], EVERY)

    def reason(self, leaf: al.Expr, *early: al.Index) -> Reason:
        """ "W enters at step i, the steps up to t hand it on, and at step t it is read out"."""
        steps, last = listed([(step,) for step in early]), self.end()
        return (
            leaf, " enters at step ", *steps, ", the steps up to ", last,
            " hand it on, and at step ", last, " it is read out",
        )  # fmt: skip

    # --- gradients -------------------------------------------------------------------------

    def handed_back(self, first: al.Index, last: al.Index) -> al.Expr:
        """What the read-out at step ``first`` gives to the state at step ``last``."""
        step = al.Index.of(self.factor)
        jacobian = al.Derivative(self.state(step), self.state(step - 1), "step")
        product = al.OrderedProduct(jacobian, first, last + 1, -1, self.factor)
        read = al.Direct(self.state(first))
        return al.Product(al.Transpose(product), read) if read.shape else al.Mul((product, read))

    def over_ends(self, term: al.Expr, first: al.Index) -> al.Expr:
        """The sum over the steps t at which the state is read out."""
        if self.end() == al.LAST:
            return al.substitute_index(term, {"t": al.LAST})
        return al.TimeSum(term, first, al.LAST)

    def through(self, leaf: al.Param) -> al.Expr:
        early = al.Index.of(self.early)
        pulled = al.Pullback(self.state(early), leaf, self.handed_back(al.NOW, early), "step")
        return self.over_ends(al.TimeSum(pulled, al.FIRST, al.NOW, self.early), al.FIRST)

    def entries_of(self, initial: al.Initial) -> list[int]:
        """The steps at which a given value enters the state."""
        name, step = initial.name, initial.step
        if any(p.name == name for p in self.places):
            deep = any(p.name == name and p.index.offset == step for p in self.places)
            return [1] if deep and any(v.name == name for v in self.past) else []
        lags = sorted(-v.index.offset for v in self.past if v.name == name)
        return [step + lag for lag in lags if step + lag >= 1]

    def start_columns(self, initial: al.Initial) -> Iterator[Step]:
        """The derivative of the state by a given value, at the steps where it enters."""
        for step in self.entries_of(initial):
            value = al.Ref(initial.name, al.NOW + (initial.step - step), initial.shape)
            target = al.Derivative(self.state(_at(step)), initial.ref, "step")
            # By the state before the first step there are the columns that have a value.
            yield self.blocks(target, [value], None, step)

    def from_the_start(self, initial: al.Initial) -> al.Expr | None:
        if not self.places:
            return None
        value = initial.ref
        terms: list[al.Expr] = []
        for step in self.entries_of(initial):
            at = _at(step)
            pulled = al.Pullback(self.state(at), value, self.handed_back(al.NOW, at), "step")
            terms.append(self.over_ends(pulled, at))
        return forms.add(terms, value.shape) if terms else None


def _laid(value: al.Expr) -> al.Expr:
    """A part of a stacked state: the entries of a matrix end to end."""
    return al.Vec(value) if len(value.shape) > 1 else value


def _at(step: int) -> al.Index:
    return al.Index(offset=step)
