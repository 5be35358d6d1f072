"""What a truncated estimate lacks, term by term.

The gradient is a double sum: over the losses, at steps s, and over the uses, at steps
t <= s. A window drops the uses at t <= s - tau, pieces those up to the last step c_s of the
piece before that of s. What is dropped is written with gradients of the parts of L, not
truncated ones.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from symbptt import algebra as al
from symbptt.calculus import forms
from symbptt.calculus.derivation import Derivation, Step
from symbptt.calculus.window import swept_quantities

BEFORE_THE_PIECE = al.Index.of("c_s")
"""The last step of the piece before that of step s; 0 in the first piece."""


@dataclass(frozen=True)
class Dropped:
    """What the estimate of one gradient lacks: gradient = estimate + ``terms``.

    Attributes
    ----------
    of : Cotangent
        A parameter, or an initial value.
    terms : Expr
        Zero where nothing is dropped, whatever T is.
    """

    of: al.Cotangent
    terms: al.Expr


def dropped(derivation: Derivation) -> tuple[Dropped, ...]:
    """What the derivation of a window or of pieces leaves out, for each of its results."""
    if derivation.estimator.kind not in ("window", "chunk"):
        return ()
    return tuple(_Dropping(derivation).found())


class _Dropping:
    def __init__(self, derivation: Derivation) -> None:
        self.derivation = derivation
        self.tau = derivation.estimator.tau
        self.own = swept_quantities(derivation).own | {"loss"}
        self.model: al.Model = derivation.normal

    def found(self) -> Iterator[Dropped]:
        for initial in self.model.initials:
            if initial.name not in self.model.integers:
                of = al.Cotangent(initial.name, initial.index, initial.shape)
                yield Dropped(of, self.of_start(of, initial.step))
        for step in self.derivation.of_kind("gradient"):
            of = al.Cotangent(step.target.name, None, step.shape)
            yield Dropped(of, self.of_parameter(step))

    def of_start(self, of: al.Cotangent, step: int) -> al.Expr:
        """A value at a step <= 0: the losses from which it is held, or of later pieces."""
        first = step + self.tau if self.derivation.estimator.kind == "window" else self.tau + 1
        return al.PartSum(replace(of, part=al.PART), al.Index(offset=max(first, 1)), al.LAST)

    def of_parameter(self, step: Step) -> al.Expr:
        result = step.result
        terms = result.terms if isinstance(result, al.Add) else (result,)
        return forms.add((self.of_term(term) for term in terms), step.shape)

    def of_term(self, term: al.Expr) -> al.Expr:
        """What is dropped of one term of a parameter's gradient."""
        if isinstance(term, al.Neg):
            return forms.neg(self.of_term(term.operand))
        cotangents = [node for node in al.walk(term) if isinstance(node, al.Cotangent)]
        if all(c.name in self.own for c in cotangents):
            return forms.zero(term.shape)
        if not isinstance(term, al.TimeSum):
            # A derived parameter, or an initial value that is a parameter.
            return al.transform(term, self.lacking)
        inside = al.transform(term.term, self.parted)
        window = self.derivation.estimator.kind == "window"
        upto = al.PART - self.tau if window else BEFORE_THE_PIECE
        uses = al.TimeSum(inside, al.FIRST, upto)
        return al.PartSum(uses, al.Index(offset=self.tau + 1), al.LAST, 0 if window else self.tau)

    def parted(self, node: al.Expr) -> al.Expr:
        """The cotangent of the part of L of step s in place of that of L."""
        if isinstance(node, al.Cotangent) and node.name not in self.own:
            return replace(node, part=al.PART)
        return node

    def lacking(self, node: al.Expr) -> al.Expr:
        """The gradient of a derived parameter or of a start is replaced by what it lacks."""
        if not isinstance(node, al.Cotangent):
            return node
        if node.index is None:
            step = self.derivation.step(node.name, "gradient")
            return self.of_parameter(step)
        return self.of_start(node, node.index.offset)
