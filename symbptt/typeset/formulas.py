"""Closed forms in the language of formulas, so that a checker can read them.

What that language lacks, a Kronecker product or the derivative of a function left abstract,
is written as the derivative that it is: ``partial(h[t], W)``.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Set
from itertools import product

from symbptt.algebra import NOW, Cotangent, Expr, Index, Model, Ref, substitute_index, walk
from symbptt.calculus.normal import normalize
from symbptt.calculus.recurrence.operators import Piece, Total
from symbptt.calculus.recurrence.study import Study
from symbptt.calculus.recurrence.system import Recurrence, pieces_at, spelled_out
from symbptt.calculus.recurrence.words import Letter
from symbptt.typeset.factors import PlainFactors, Text, pieces_text
from symbptt.typeset.folded import Report
from symbptt.typeset.printer import Level
from symbptt.typeset.wording import Names, Wording, is_number

WHY_NOT_BLOCKS = (
    "the value is a stack of several quantities under a matrix of blocks, and formulas have no "
    "matrices of blocks"
)
WHY_NOT = (
    "what is added at a step has a term that is absent at T, a sign that formulas do not have (the "
    "vector of ones, a name of the derivation's own) or several derivatives at once"
)


def candidates(study: Study, model: Model, names: Names) -> Iterator[str]:
    """Ways to write the closed form, the most explicit first; not all can be read."""
    report = Report(study, model, names, PlainFactors())
    recurrence = spelled_out(study.recurrence, normalize(model))
    if any(_is_ahead(c) for block in recurrence.source for c in _cotangents(block)):
        return
    for derived in product(("", "c"), ("", "b")):
        wording = _Derived(report, recurrence, "".join(derived), set(model.states))
        if recurrence.stacked and "c" in derived and is_one_quantity(recurrence):
            yield f"{wording.lagged()} for {report.range(0)}"
        elif not recurrence.stacked and wording.possible:
            left = report.letters.letter(study.law.value(NOW)).text
            yield f"{left} = {wording.form(study.form).text} for {report.range(0)}"


def is_one_quantity(recurrence: Recurrence) -> bool:
    """Whether the stacked value is one quantity with its predecessors."""
    return len({_quantity(block) for block in recurrence.stack}) == 1


def _quantity(value: Expr) -> str:
    """The name of what is at a step of a recurrence."""
    inner = value.output if isinstance(value, Total) else value
    assert isinstance(inner, Ref | Cotangent)
    return inner.name


def _cotangents(pieces: Iterable[Piece]) -> set[Cotangent]:
    """All derivatives of L in what is added."""
    read = (part for p in pieces for part in (*p.monomial.factors, p.leaf))
    return {node for part in read for node in walk(part) if isinstance(node, Cotangent)}


def _is_ahead(cotangent: Cotangent) -> bool:
    """Whether it lies past T where t is T."""
    return cotangent.index is not None and cotangent.index.offset > 0


class _Derived(Wording):
    """The letters in ``derived`` as derivatives, the others spelled out."""

    def __init__(
        self, report: Report, recurrence: Recurrence, derived: str, states: Set[str]
    ) -> None:
        super().__init__(report.names, recurrence, PlainFactors(), spelled=True)
        self.law = report.law
        self.derived = derived
        self.value = recurrence.value
        self.quantity = _quantity(recurrence.value)
        # Held at earlier steps are the values that are read from there.
        self.read = self.quantity in states

    @property
    def possible(self) -> bool:
        """Whether these letters are derivatives, and not the same at all steps."""
        if self.derived and isinstance(self.value, Ref):
            return False
        if "c" in self.derived and "c" in self.law.constant:
            return False
        return "b" not in self.derived or self.derivative(NOW) is not None

    def letter(self, letter: Letter) -> Text:
        index = letter.index if letter.index is not None else NOW
        if letter.name == "b":
            return self.source(index)
        if letter.name not in self.derived:
            return super().letter(letter)
        step = f"d({self.quantity}[{index}], {self.quantity}[{index + -1}])"
        return Text(f"{step}.T" if isinstance(self.value, Cotangent) else step)

    def source(self, index: Index) -> Text:
        """What is added at a step."""
        found = self.derivative(index) if "b" in self.derived else None
        if found is not None:
            return Text(found, Level.MATRIX if " @ " in found else Level.ATOM)
        pieces = pieces_at(self.recurrence.source[0], index)
        return pieces_text(self.factors, pieces, is_number(self.value))

    def derivative(self, index: Index) -> str | None:
        """The same as one derivative; None where it is a sum of several."""
        leaves = {piece.leaf for piece in self.recurrence.source[0]}
        here = f"{self.quantity}[{index}]"
        if isinstance(self.value, Total):
            if any(isinstance(leaf, Total) for leaf in leaves) or not self.read:
                return None
            return f"partial({here}, {self.factors.show(self.value.wrt)})"
        found = {frozenset(_cotangents([piece])) for piece in self.recurrence.source[0]}
        if len(found) != 1 or len(cotangents := found.pop()) != 1:
            return None
        (cotangent,) = cotangents
        moved = substitute_index(cotangent, {"t": index})
        assert isinstance(moved, Cotangent)
        read = f"{moved.name}[{moved.index}]"
        return f"partial({read}, {here}).T @ d(L, {read})"

    def lagged(self) -> str:
        """One quantity with lags: the first row of the products of C is d(h[t], h[i])."""
        name, bound = self.quantity, self.names.bound
        left, source = self.factors.show(self.value), self.source(Index.of(bound))
        added = self.factors.fit(source, Level.MATRIX)
        if isinstance(self.value, Cotangent):
            step = f"d({name}[{bound}], {name}[t]).T"
            return f"{left} = sum({bound}, t, T, {step} @ {added})"
        terms = []
        if self.law.begins == "value":
            for back, (block, _) in enumerate(self.recurrence.begin):
                terms.append(f"d({name}[t], {name}[{-back}]) @ {self.factors.show(block)}")
        if self.recurrence.source[0]:
            terms.append(f"sum({bound}, 1, t, d({name}[t], {name}[{bound}]) @ {added})")
        return f"{left} = {' + '.join(terms) or '0'}"
