"""What a truncated estimate lacks, term by term.

The gradient is a double sum: over the losses, at steps s, and over the uses, at steps
t <= s. A window drops the uses at t <= s - tau, pieces those up to the last step c_s of the
piece before that of s. What is dropped is written with gradients of the parts of L, not
truncated ones.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from symbptt.algebra import (
    FIRST,
    LAST,
    PART,
    Cotangent,
    Expr,
    Index,
    Model,
    Neg,
    PartSum,
    TimeSum,
    transform,
    walk,
)
from symbptt.calculus import forms
from symbptt.calculus.derivation import Derivation, Step
from symbptt.calculus.window import swept_quantities

BEFORE_THE_PIECE = Index.of("c_s")
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

    of: Cotangent
    terms: Expr


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
        self.model: Model = derivation.normal

    def found(self) -> Iterator[Dropped]:
        integers = {i.name for i in self.model.inputs if i.index_dim is not None}
        for initial in self.model.initials:
            if initial.name not in integers:
                index = Index(offset=initial.step)
                of = Cotangent(initial.name, index, initial.shape)
                yield Dropped(of, self.of_start(of, initial.step))
        for step in self.derivation.of_kind("gradient"):
            of = Cotangent(step.target.name, None, step.shape)
            yield Dropped(of, self.of_parameter(step))

    def of_start(self, of: Cotangent, step: int) -> Expr:
        """A value at a step <= 0: the losses from which it is held, or of later pieces."""
        first = step + self.tau if self.derivation.estimator.kind == "window" else self.tau + 1
        return PartSum(replace(of, part=PART), Index(offset=max(first, 1)), LAST)

    def of_parameter(self, step: Step) -> Expr:
        result = step.result
        terms = result.terms if hasattr(result, "terms") else (result,)
        return forms.add((self.of_term(term) for term in terms), step.shape)

    def of_term(self, term: Expr) -> Expr:
        """What is dropped of one term of a parameter's gradient."""
        if isinstance(term, Neg):
            return forms.neg(self.of_term(term.operand))
        cotangents = [node for node in walk(term) if isinstance(node, Cotangent)]
        if all(c.name in self.own for c in cotangents):
            return forms.zero(term.shape)
        if not isinstance(term, TimeSum):
            # A derived parameter, or an initial value that is a parameter.
            return transform(term, self.lacking)
        inside = transform(term.term, self.parted)
        window = self.derivation.estimator.kind == "window"
        upto = PART - self.tau if window else BEFORE_THE_PIECE
        uses = TimeSum(inside, FIRST, upto)
        return PartSum(uses, Index(offset=self.tau + 1), LAST, 0 if window else self.tau)

    def parted(self, node: Expr) -> Expr:
        """The cotangent of the part of L of step s in place of that of L."""
        if isinstance(node, Cotangent) and node.name not in self.own:
            return replace(node, part=PART)
        return node

    def lacking(self, node: Expr) -> Expr:
        """The gradient of a derived parameter or of a start is replaced by what it lacks."""
        if not isinstance(node, Cotangent):
            return node
        if node.index is None:
            step = self.derivation.step(node.name, "gradient")
            return self.of_parameter(step)
        return self.of_start(node, node.index.offset)
