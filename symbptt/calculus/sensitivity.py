"""The forward form of the gradient: the sensitivities of the states, step by step.

dh_t/dw = (immediate partial) + (Jacobian of the step) dh_{t-1}/dw, from the start to the
end, and dL/dw is read off them. (Zhang et al., Dive into Deep Learning, equation 9.7.4;
Williams and Zipser, A learning algorithm for continually running fully recurrent neural
networks, Neural Computation 1 (1989) 270-280: real-time recurrent learning.)
"""

from __future__ import annotations

from collections.abc import Iterator

from symbptt import algebra as al
from symbptt.calculus import forms
from symbptt.calculus.adjoint import normal_form
from symbptt.calculus.derivation import EVERY, Derivation, Reason, Step, TotalLoss, listed
from symbptt.calculus.linear import times, unit
from symbptt.calculus.within import Within


def derive_sensitivity(model: al.Model) -> Derivation:
    """The gradient by forward recursion, for every parameter and initial value."""
    normal = normal_form(model)
    return Derivation(model, normal, tuple(_Forward(normal).steps()), form="sensitivity")


class _Forward(Within):
    def steps(self) -> Iterator[Step]:
        yield from self.read_out()
        for value in self.past:
            yield from self.derivatives(value)
        for leaf in self.leaves:
            yield from self.derivatives(leaf)
            yield from self.sensitivities(leaf)
        for initial in self.carried:
            yield from self.sensitivities(initial.ref)
        for initial in self.carried:
            through = self.through(initial.ref)
            yield self.initial_gradient(initial, through, _reading(initial.ref))
        for leaf in self.static():
            through = self.through(leaf) if leaf in self.leaves else None
            yield self.gradients(leaf, through, _reading(leaf))

    # --- what depends on what through time -------------------------------------------------

    def carriers(self, leaf: al.Expr) -> frozenset[str]:
        """The names whose values depend on a leaf, at some step."""
        sources = self.sources(leaf)
        found = {e.name for e in self.order if any(self.depends(e.name, s) for s in sources)}
        size = -1
        while size != len(found):
            size = len(found)
            for value in self.past:
                if value.name in found:
                    found |= {e.name for e in self.order if self.depends(e.name, value)}
        return frozenset(found)

    def sources(self, leaf: al.Expr) -> list[al.Expr]:
        """Where a leaf enters a step: a parameter as such, a given value as it is read.

        One at step s <= 0 is read by step 1 and later ones, with lags of 1 - s and more.
        """
        if not isinstance(leaf, al.Ref):
            return [leaf]
        return [v for v in self.past if v.name == leaf.name and v.index.offset < leaf.index.offset]

    def sensitivities(self, leaf: al.Expr) -> Iterator[Step]:
        carriers = self.carriers(leaf)
        sources = self.sources(leaf)
        read = [v for v in self.past if v.name in carriers or v in sources]
        for initial in self.carried:
            if any(v.name == initial.name for v in read):
                yield self.begin(initial, leaf)
        for name in dict.fromkeys(v.name for v in read if v.name not in carriers):
            yield self.nothing(next(v for v in read if v.name == name), leaf)
        for equation in self.wanted:
            if equation.name in carriers:
                yield self.sensitivity(equation, leaf, read)

    def begin(self, initial: al.Initial, leaf: al.Expr) -> Step:
        """The derivative of an initial value: by itself 1, by all else 0."""
        value = initial.ref
        target = al.Derivative(value, leaf, "nothing")
        same = value == leaf
        result = unit(target.shape) if same else forms.zero(target.shape)
        words: Reason = (value, " is a value of its own, which does not depend on ", leaf)
        if same:
            words = ("every value is its own derivative by itself times 1",)
        return self.make("start", target, [(result,)], words)

    def nothing(self, value: al.Ref, leaf: al.Expr) -> Step:
        target = al.Derivative(al.Ref(value.name, al.NOW, value.shape), leaf, "nothing")
        words: Reason = (target.output, " does not depend on ", leaf)
        return self.make("sensitivity", target, [(forms.zero(target.shape),)], words, EVERY)

    def sensitivity(self, equation: al.Equation, leaf: al.Expr, read: list[al.Ref]) -> Step:
        target = al.Derivative(equation.ref, leaf, "nothing")
        terms: list[al.Expr] = []
        short: list[al.Expr] = []
        if isinstance(leaf, al.Param) and self.depends(equation.name, leaf):
            immediate = al.Derivative(equation.ref, leaf, "step")
            terms.append(immediate)
            short.append(self.put_in(immediate))
        for value in read:
            if self.depends(equation.name, value):
                jacobian = al.Derivative(equation.ref, value, "step")
                before = al.Derivative(value, leaf, "nothing")
                terms.append(times(jacobian, before))
                short.append(times(self.put_in(jacobian), before))
        chain = (forms.add(terms, target.shape), forms.add(short, target.shape))
        return self.make("sensitivity", target, [chain], self.why(equation, leaf, read), EVERY)

    def why(self, equation: al.Equation, leaf: al.Expr, read: list[al.Ref]) -> Reason:
        used = [v for v in read if self.depends(equation.name, v)]
        ways: list[Reason] = [("through ", value) for value in used]
        if isinstance(leaf, al.Param) and self.depends(equation.name, leaf):
            ways.insert(0, ("at step ", al.NOW, " itself"))
        return (leaf, " moves ", equation.ref, " ", *listed(ways))

    # --- gradients -------------------------------------------------------------------------

    def through(self, leaf: al.Expr) -> al.Expr | None:
        """What L receives of a leaf through the recurrence: its direct derivatives."""
        carriers = self.carriers(leaf)
        terms: list[al.Expr] = []
        for name in self.read_directly():
            if name in carriers:
                ref = self.model.equation(name).ref
                term: al.Expr = al.Pullback(ref, leaf, al.Direct(ref), "nothing")
                if self.ends_alone():
                    terms.append(al.substitute_index(term, {"t": al.LAST}))
                else:
                    terms.append(al.TimeSum(term))
        return forms.add(terms, leaf.shape) if terms else None


def _reading(leaf: al.Expr) -> Reason:
    return (TotalLoss(), " depends on ", leaf, " through all that is read out of the recurrence")
