"""What is said about a closed form and the way to it: sections of statements."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from symbptt import algebra
from symbptt import algebra as al
from symbptt.calculus.normal import introduced, normalize
from symbptt.calculus.recurrence.closed import ClosedForm
from symbptt.calculus.recurrence.folding import Coefficient
from symbptt.calculus.recurrence.induction import ProofLine, Remark
from symbptt.calculus.recurrence.words import (
    COEFFICIENT,
    SOURCE,
    Indeterminate,
    Relation,
    Run,
    Term,
    word_of,
)

CLOSED_FORM = "closed form"
"""The section with what is found."""

SHOWN = 8
"""So many steps are written out."""

Part = str | al.Expr | al.Index | Relation
Text = tuple[Part, ...]
"""Words and, between them, mathematics."""


@dataclass(frozen=True)
class Claim:
    """``left = right`` with a remark; ``left`` is empty where it continues the one above.

    ``sign`` is what stands between the two; ``holds`` says at which steps, None at those of the
    equation that it continues.
    """

    left: Text
    right: Text
    remark: Text = ()
    number: int = 0
    sign: str = "="
    holds: Relation | None = None


@dataclass(frozen=True)
class Section:
    title: str
    statements: tuple[Claim, ...]


# --- what is said ------------------------------------------------------------------------


def sections(closed: ClosedForm) -> tuple[Section, ...]:
    """What there is to say; a run too short for the recurrence has no values to show."""
    return _Account(closed).sections()


class _Account:
    def __init__(self, closed: ClosedForm) -> None:
        self.closed = closed
        self.letters = closed.letters
        self.recurrence = closed.recurrence
        self.law = closed.law

    def sections(self) -> tuple[Section, ...]:
        before = "before" if self.law.direction > 0 else "behind"
        every = (
            Section(f"affine in the value of the step {before}", tuple(self.equation())),
            Section("unrolled", tuple(self.unrolled())),
            Section("coefficients found", tuple(self.found())),
            Section(CLOSED_FORM, tuple(self.closed_form())),
            Section("check at every step", tuple(self.checks())),
            Section("proof by induction, for all t", tuple(self.proof())),
        )
        return tuple(section for section in every if section.statements)

    def value(self, index: al.Index) -> al.Expr:
        return self.letters.symbol(self.law.value(index))

    def range(self, distance: int) -> Relation:
        low, high = self.closed.range(distance)
        return Relation((low, al.NOW, high), "<=")

    # --- the equation ------------------------------------------------------------------

    def equation(self) -> Iterator[Claim]:
        value = (self.value(al.NOW),)
        right = self.letters.expr(self.law.recurrence(al.NOW))
        yield Claim(value, (right,), holds=self.range(1))
        if self.recurrence.stacked:
            stack = self.letters.column(self.recurrence.stack)
            yield Claim(value, (stack,), ("the stacked value",))
        for name in self.law.sources:
            if name not in self.letters.own:
                yield from self.source(self.law.letter(name, al.NOW))
        if COEFFICIENT not in self.letters.own:
            yield from self.coefficient(self.law.letter(COEFFICIENT, al.NOW))
        yield from self.beginning()
        yield from self.auxiliary()

    def auxiliary(self) -> Iterator[Claim]:
        """What the names mean that only the normal form has."""
        normal = normalize(self.closed.model)
        for equation in introduced(normal, self.recurrence.expressions()):
            yield Claim((equation.ref,), (equation.rhs,))

    def source(self, letter: Indeterminate) -> Iterator[Claim]:
        symbol = (self.letters.symbol(letter),)
        if not self.recurrence.stacked:
            yield Claim(symbol, (self.letters.meaning(SOURCE),))
            return
        blocks = self.recurrence.source
        names = [
            block if block is None or _is_one_term(block) else self.letters.block_name(letter, k)
            for k, block in enumerate(blocks, start=1)
        ]
        yield Claim(symbol, (self.letters.column(names),))
        yield from self.definitions(names, blocks)

    def coefficient(self, letter: Indeterminate) -> Iterator[Claim]:
        symbol = (self.letters.symbol(letter),)
        if not self.recurrence.stacked:
            yield Claim(symbol, (self.letters.meaning(COEFFICIENT),))
            return
        rows = self.recurrence.matrix
        names = [
            [
                block if block is None or _is_name(block) else self.letters.block_name(letter, i, j)
                for j, block in enumerate(row, start=1)
            ]
            for i, row in enumerate(rows, start=1)
        ]
        yield Claim(symbol, (self.letters.matrix(names),))
        for named_row, row in zip(names, rows, strict=True):
            yield from self.definitions(named_row, row)

    def definitions(
        self, names: Iterable[al.Expr | None], blocks: Iterable[al.Expr | None]
    ) -> Iterator[Claim]:
        for name, block in zip(names, blocks, strict=True):
            if name is not None and block is not None and name is not block:
                yield Claim((name,), (block,))

    def beginning(self) -> Iterator[Claim]:
        start = (self.value(self.law.start),)
        if self.law.begins == "source":
            right = self.letters.expr(self.law.beginning())
            remark = ("what lies past step ", self.law.start, " is absent")
            yield Claim(start, (right,), remark)
        elif self.law.begins == "zero":
            yield Claim(start, (al.ZERO,))
        elif self.recurrence.stacked or self.recurrence.begin[0][1] is not None:
            blocks = [self.begun(unknown, value) for unknown, value in self.recurrence.begin]
            right = self.letters.column(blocks) if self.recurrence.stacked else blocks[0]
            yield Claim(start, (right,), ("the beginning",))

    def begun(self, unknown: al.Expr, value: al.Expr | None) -> al.Expr:
        known = isinstance(value, al.Number) or not isinstance(unknown, al.Ref)
        return value if value is not None and (known or not self.recurrence.stacked) else unknown

    # --- unrolled and folded -----------------------------------------------------------

    def unrolled(self) -> Iterator[Claim]:
        """The latest contribution first; what counts from T is said of one T."""
        horizon = Relation((al.LAST, al.Index(offset=self.closed.horizon)))
        holds = horizon if self.law.direction < 0 else None
        for comparison in self.closed.comparisons[:SHOWN]:
            words = sorted(comparison.unrolled.elements(), key=len)
            right = self.letters.expr(tuple(Term(word_of(word)) for word in words))
            value = self.value(al.Index(offset=comparison.step))
            yield Claim((value,), (right,), holds=holds)

    def found(self) -> Iterator[Claim]:
        """What multiplies each letter, step by step, then the pattern of them all."""
        start = self.law.start.at({"T": self.closed.horizon})
        rows: dict[int, list[Coefficient]] = {}
        for row in self.closed.coefficients:
            rows.setdefault(row.at, []).append(row)
        for step in [c.step for c in self.closed.comparisons[:SHOWN]]:
            if step != start:
                cells = [self.cell(row) for row in rows.get(step, ())]
                left = ("in ", self.value(al.Index(offset=step)))
                yield Claim(left, _listed(cells), sign=":")
        for term in self.closed.form:
            yield self.pattern(term)

    def cell(self, row: Coefficient) -> Text:
        """A coefficient at one step, and of what."""
        (letter,) = word_of((row.letter,))
        assert isinstance(letter, Indeterminate)
        words = _listed([(self.letters.word(word_of(word)),) for word in row.words])
        return (*words, " of ", self.letters.symbol(letter))

    def pattern(self, term: Term) -> Claim:
        *product, letter = term.word
        assert isinstance(letter, Indeterminate)
        right = (self.letters.word(tuple(product)), " of ", self.letters.symbol(letter))
        run = next((f for f in product if isinstance(f, Run)), None)
        steps = Relation((term.lower, al.Index.of(term.bound), term.upper), "<=")
        remarks: list[Text] = [(steps,)] if term.bound else []
        remarks += [(_order(run),)] if run else []
        return Claim(("in ", self.value(al.NOW)), right, _listed(remarks), sign=":")

    def closed_form(self) -> Iterator[Claim]:
        closed, form = self.closed, self.closed.form
        in_letters = self.letters.expr(form)
        yield Claim((closed.value,), (in_letters,), holds=self.range(0))
        if closed.expr != in_letters:
            yield Claim((), (closed.expr,))
        if closed.split is not None:
            yield Claim((), (self.letters.expr(closed.split),), holds=self.range(1))
        if closed.other is not None:
            term, index = closed.other
            (old,) = (t for t in form if t.bound)
            other = self.letters.expr(tuple(term if t.bound else t for t in form), spelled=True)
            yield Claim((), (other,), ("with ", Relation((al.Index.of(old.bound), index))))

    # --- check and proof ---------------------------------------------------------------

    def checks(self) -> Iterator[Claim]:
        comparisons = self.closed.comparisons
        for c in comparisons[: 4 * SHOWN]:
            verdict = "right" if c.right else "WRONG"
            at = Relation((al.NOW, al.Index(offset=c.step)))
            yield Claim((at,), (f"{_count(c.unrolled.total())}, {verdict}",), sign=":")
        if not comparisons:
            few = Relation((al.Index.of("T"), al.Index(offset=self.closed.horizon)))
            yield Claim((few,), ("too few steps for this recurrence",), sign=":")
        rest = comparisons[4 * SHOWN :]
        if rest:
            wrong = sum(not c.right for c in rest)
            yield Claim(("the rest",), (f"{len(rest)} steps, {wrong} wrong",), sign=":")

    def proof(self) -> Iterator[Claim]:
        for line in self.closed.proof.lines:
            left = () if line.left is None else (self.letters.symbol(line.left),)
            holds = self.range(1) if left and line.number > 1 else None
            reason = self.remark(line.reason)
            yield Claim(left, (self.right(line),), reason, line.number, holds=holds)

    def right(self, line: ProofLine) -> al.Expr:
        form = self.letters.expr(line.form)
        if line.factor is None:
            return form
        factor, inner = self.letters.symbol(line.factor), self.letters.expr(line.inner)
        behind = al.Product(factor, inner) if factor.shape else al.Mul((factor, inner))
        if not line.form:
            return behind
        return al.Add((*al.terms_of(form), behind))

    def remark(self, remark: Remark) -> Text:
        return tuple(self.letters.symbol(p) if isinstance(p, Indeterminate) else p for p in remark)


def _is_one_term(block: al.Expr) -> bool:
    """Whether a block of b stands in its place: one term that no matrix was put before."""
    return not isinstance(block, al.Add) and not any(
        isinstance(node, al.Column | al.Diag | al.Kronecker | algebra.BlockRow)
        for node in al.walk(block)
    )


def _is_name(block: al.Expr) -> bool:
    """Whether a block of C stands in its place: it is one name, or the identity."""
    inner = block.operand if isinstance(block, al.Neg) else block
    return isinstance(inner, al.Param | al.Ref | al.Identity) or inner == al.Column(al.ONE)


def _listed(texts: Sequence[Text]) -> Text:
    """The texts with commas between them."""
    return tuple(part for text in texts for part in (", ", *text))[1:]


def _order(run: Run) -> str:
    """In which order the factors stand."""
    if run.first is None:
        return "a power"
    return "descending" if run.step < 0 else "ascending"


def _count(words: int) -> str:
    return "1 term" if words == 1 else f"{words} terms"
