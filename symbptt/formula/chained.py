"""Derivatives by the chain rule from equation to equation, where no derivation states them.

A value is moved by all that its own equation reads: du/dv is the sum of direct(u, r) dr/dv. What
is read at the same step is put in where it is short; what lies a step back is the recursion.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property, lru_cache

from symbptt import algebra as al
from symbptt.calculus import forms
from symbptt.calculus.linear import Local, local_jacobians, times
from symbptt.calculus.within import Within

Wrt = al.Ref | al.Param

HELD: tuple[al.Held, ...] = ("step", "nothing")

FACTOR = "j"
"""The letter that a product of Jacobians binds."""


@dataclass(frozen=True)
class Chained:
    """A target with all that it equals, and between which steps."""

    target: al.Expr
    members: tuple[al.Expr, ...]
    where: str
    reason: str


@lru_cache(maxsize=16)
def chain_rule(normal: al.Model) -> ChainRule:
    return ChainRule(normal)


class ChainRule:
    """The chain rule over the equations of a model in normal form."""

    def __init__(self, normal: al.Model) -> None:
        self.model = normal
        names = [equation.name for equation in normal.equations if not equation.last]
        self.local = local_jacobians(normal, names)
        self.introduced = {equation.name for equation in normal.equations if equation.auxiliary}
        self._moved: dict[tuple[str, str, int], bool] = {}

    # --- what depends on what ---------------------------------------------------------------

    @cached_property
    def movers(self) -> dict[str, frozenset[str]]:
        """All that a quantity depends on, at whatever steps."""
        found = {name: {read.operand.name for read in reads if isinstance(read.operand, Wrt)}
                 for name, reads in self.local.items()}  # fmt: skip
        size = -1
        while size != (size := sum(map(len, found.values()))):
            for names in found.values():
                names |= {far for name in names for far in found.get(name, ())}
        return {name: frozenset(names) for name, names in found.items()}

    def is_moved(self, output: al.Ref, wrt: Wrt) -> bool:
        """Whether a value at its step can depend on another one at its own."""
        if output == wrt:
            return True
        if wrt.name not in self.movers.get(output.name, ()):
            return False
        gap = output.index - wrt.index if isinstance(wrt, al.Ref) else al.Index.of("t")
        return bool(gap.names()) or self._is_moved(output.name, wrt.name, gap.offset)

    def _is_moved(self, name: str, other: str, gap: int) -> bool:
        if gap <= 0 and name == other:
            return gap == 0
        key = (name, other, gap)
        if key not in self._moved:
            lags = [
                (local.operand.name, -local.operand.index.offset)
                for local in self.local.get(name, ())
                if isinstance(local.operand, al.Ref)
            ]
            self._moved[key] = any(
                lag <= gap and self._is_moved(read, other, gap - lag) for read, lag in lags
            )
        return self._moved[key]

    # --- Jacobians --------------------------------------------------------------------------

    def jacobian(self, target: al.Derivative) -> Chained | None:
        """du/dv of two values, or of one by a parameter; None where nothing can be said."""
        output, wrt = target.output, target.wrt
        if not (isinstance(output, al.Ref) and isinstance(wrt, Wrt) and output.name in self.local):
            return None
        if output == wrt or (isinstance(wrt, al.Param) and self.model.derived):
            return None
        somewhere = isinstance(wrt, al.Ref) and (output.index - wrt.index).names()
        if somewhere and target.held != "nothing":
            return None  # It is 0 but at the one step that the equation reads.
        members = (*self.products(target), *self.by_steps(target), *self.by_equations(target))
        reads = [local.operand for local, _ in self._terms(target)]
        reason = f"nothing that {_at(output)} is computed from depends on {_at(wrt)}"
        if reads:
            reason = (
                f"{_at(output)} is computed from {_listed(reads)} in the equation of {output.name}"
            )
        distinct = forms.distinct(members)
        return Chained(target, distinct, self.range(output, wrt), reason)

    def is_of_one_equation(self, target: al.Derivative) -> bool:
        """Whether the one equation that defines a value is all through which it is moved."""
        output, wrt = target.output, target.wrt
        if not (isinstance(output, al.Ref) and isinstance(wrt, Wrt) and output.name in self.local):
            return False
        terms = list(self._terms(target))
        return bool(terms) and all(inner is None for _, inner in terms)

    def by_equations(self, target: al.Derivative) -> tuple[al.Expr, ...]:
        """The chain rule with Jacobians of single equations, then these worked out."""
        terms = list(self._terms(target))
        if not terms:
            return (forms.zero(target.shape),)
        first = [(local.chain[0], inner) for local, inner in terms]
        last = [(local.chain[-1], inner and self.put_in(inner, target)) for local, inner in terms]
        return tuple(
            forms.add((j if inner is None else times(j, inner) for j, inner in each), target.shape)
            for each in (first, last)
        )

    def _terms(self, target: al.Derivative) -> Iterator[tuple[Local, al.Derivative | None]]:
        """Each Jacobian of the output's equation with what it is to be multiplied by.

        An equation that does not read what is differentiated by may be the model's own, which
        does so by way of names that are the derivation's.
        """
        output, wrt = target.output, target.wrt
        assert isinstance(output, al.Ref) and isinstance(wrt, Wrt)
        is_own = target.held == "equation" and not self._reads(output, wrt)
        for local in self.local[output.name]:
            at = Local(
                al.substitute_index(local.operand, {"t": output.index}),
                tuple(al.substitute_index(j, {"t": output.index}) for j in local.chain),
            )
            read = at.operand
            if read == wrt:
                yield at, None
            elif isinstance(read, al.Ref) and target.held != "equation":
                held = target.held == "step" and read.index != output.index
                if not held and self.is_moved(read, wrt):
                    yield at, al.Derivative(read, wrt, target.held)
            elif is_own and isinstance(read, al.Ref) and read.name in self.introduced:
                inner = al.Derivative(read, wrt, "equation")
                if any(True for _ in self._terms(inner)):
                    yield at, inner

    def _reads(self, output: al.Ref, wrt: Wrt) -> bool:
        reads = (local.operand for local in self.local[output.name])
        return any(al.substitute_index(read, {"t": output.index}) == wrt for read in reads)

    def put_in(self, inner: al.Derivative, target: al.Derivative) -> al.Expr:
        """What stands at the same step by its own result, if that is short and holds as far."""
        if inner.index != target.index or inner.name not in self.local:
            return inner
        ranges = {self.range(one.output, one.wrt) for one in (inner, target)
                  if isinstance(one.output, al.Ref) and isinstance(one.wrt, Wrt)}  # fmt: skip
        if len(ranges) > 1:
            return inner
        result = self.by_equations(inner)[-1]
        return inner if isinstance(result, al.Add) else result

    def by_steps(self, target: al.Derivative) -> tuple[al.Expr, ...]:
        """The sum over what a step hands on: partial(u, s) ds/dv."""
        output, wrt = target.output, target.wrt
        assert isinstance(output, al.Ref) and isinstance(wrt, Wrt)
        if target.held != "nothing":
            return ()
        terms: list[al.Expr] = []
        if isinstance(wrt, al.Param) and any(True for _ in self._terms(_within(target))):
            terms.append(_within(target))
        for value in self.within.past:
            read = al.substitute_index(value, {"t": output.index})
            assert isinstance(read, al.Ref)
            whole = al.Derivative(output, read, "step")
            if not self.is_moved(read, wrt) or not any(True for _ in self._terms(whole)):
                continue
            inner = al.Derivative(read, wrt, "nothing")
            terms.append(whole if read == wrt else times(whole, inner))
        # partial(u, v) alone would say the left side in another word.
        restated = terms == [_within(target)]
        return (forms.add(terms, target.shape),) if terms and not restated else ()

    @cached_property
    def within(self) -> Within:
        return Within(self.model)

    @property
    def state(self) -> al.Ref | None:
        """What one step hands on to the next, if that is one value."""
        past = self.within.past
        return past[0] if len(past) == 1 and past[0].index == al.NOW - 1 else None

    def products(self, target: al.Derivative) -> tuple[al.Expr, ...]:
        """The Jacobians of the steps between, the last one first, of a state that is one value."""
        output, wrt, state = target.output, target.wrt, self.state
        if not (isinstance(output, al.Ref) and isinstance(wrt, al.Ref) and state is not None):
            return ()
        names = {output.name, wrt.name, state.name}
        if len(names) > 1 or target.held != "nothing" or not (output.index - wrt.index).names():
            return ()
        if not state.shape:
            return ()
        at = al.Index.of(FACTOR)
        now = al.Ref(state.name, at, state.shape)
        factor = al.Derivative(now, al.Ref(state.name, at - 1, state.shape), "step")
        return tuple(
            al.OrderedProduct(one, output.index, wrt.index + 1, -1, FACTOR)
            for one in (factor, self.by_equations(factor)[-1])
        )

    def range(self, output: al.Ref, wrt: Wrt) -> str:
        """Between which steps the chain rule holds; "" where the indices are numbers."""
        if not isinstance(wrt, al.Ref):
            return _between(1, output.index)
        first = min((i.step for i in self.model.initials if i.name == wrt.name), default=1)
        gap = output.index - wrt.index
        if not gap.names():
            return _between(max(1, first + gap.offset), output.index)
        # What v moves at its own step, d(v[t], v[k]) for k = t, is not among the terms.
        itself = wrt.name in self.movers.get(wrt.name, ())
        strictly = output.name == wrt.name or (
            not itself and self.is_moved(output, al.Ref(wrt.name, output.index, wrt.shape))
        )
        last = wrt.index + 1 if strictly else wrt.index
        parts = (_between(1, output.index), f"{first} <= {wrt.index}", f"{last} <= {output.index}")
        return ", ".join(filter(None, parts))

    # --- gradients through Jacobians ---------------------------------------------------------

    def gradient(self, name: str) -> Iterator[Chained]:
        """dL/dh of the one value that steps hand on, through Jacobians from step to step."""
        state = self.state
        if state is None or state.name != name or name not in self.local or self._is_early(name):
            return
        now = al.Ref(name, al.NOW, state.shape)
        then = al.Ref(name, al.NOW + 1, state.shape)
        for readers in self._read_outs(now):
            for held in HELD:
                pulled = [
                    al.Pullback(one, now, al.Cotangent(one.name, one.index, one.shape), held)
                    for one in (then, *readers)
                ]
                reason = f"{_at(now)} moves {_listed([then, *readers])}"
                target = al.Cotangent(name, al.NOW, state.shape)
                yield Chained(target, (forms.add(pulled, now.shape),), "1 <= t <= T-1", reason)

    def _is_early(self, name: str) -> bool:
        """Whether something outside the recurrence reads an earlier value."""
        return any(edge.lag for edge in self.within.readers(name))

    def _read_outs(self, now: al.Ref) -> Iterator[list[al.Ref]]:
        """The equations that read it out, then what these alone are read by."""
        edges = self.within.readers(now.name)
        equations = [e.reader for e in edges if isinstance(e.reader, al.Equation)]
        if any(equation.last for equation in equations):
            return
        found = [equation.ref for equation in equations]
        while True:
            yield found
            further = [self._only_reader(one) for one in found]
            if not any(further):
                return
            found = [after or one for one, after in zip(found, further, strict=True)]

    def _only_reader(self, value: al.Ref) -> al.Ref | None:
        readers = [edge.reader for edge in self.within.readers(value.name)]
        match readers:
            case [al.Equation(auxiliary=_, last=False) as only] if only.name != "loss":
                return only.ref
        return None


def _within(target: al.Derivative) -> al.Derivative:
    return al.Derivative(target.output, target.wrt, "step")


def _between(first: int, index: al.Index) -> str:
    """``0 <= t <= T-1`` of t+1 from 1 on."""
    names = [name for name in index.names() if name != "T"]
    if len(names) != 1 or index.terms != ((names[0], 1),):
        return f"{first} <= {index} <= T" if names else ""
    last = al.LAST - index.offset
    return f"{first - index.offset} <= {names[0]} <= {last}"


def _at(value: Wrt) -> str:
    return f"{value.name}[{value.index}]" if isinstance(value, al.Ref) else value.name


def _listed(reads: list[al.Expr]) -> str:
    names = dict.fromkeys(_at(read) for read in reads if isinstance(read, Wrt))
    *first, last = names
    return f"{', '.join(first)} and {last}" if first else last
