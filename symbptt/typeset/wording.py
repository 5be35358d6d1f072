"""Words, runs and closed forms as text: with letters, or with the model's own names."""

from __future__ import annotations

from collections.abc import Sequence, Set
from dataclasses import dataclass
from itertools import chain, count

from symbptt.algebra import Expr, Index, Model, Param, Ref, substitute_index
from symbptt.calculus.recurrence.induction import Remark
from symbptt.calculus.recurrence.operators import Monomial, Total, moved_in_time
from symbptt.calculus.recurrence.system import Recurrence, pieces_at
from symbptt.calculus.recurrence.words import (
    Concrete,
    Factor,
    Form,
    Letter,
    Run,
    Sum,
    Term,
    Word,
)
from symbptt.typeset.factors import (
    Factors,
    LatexFactors,
    Text,
    operator_text,
    pieces_text,
    sum_text,
)
from symbptt.typeset.names import index_latex
from symbptt.typeset.printer import Level

_CANDIDATES = {
    "a": ("s", "S", "z", "Z", "stack"),
    "b": ("b", "B", "e", "u", "source"),
    "c": ("C", "J", "M", "K", "coefficient"),
    "scalar": ("c", "C", "r", "m", "coefficient"),
}
_INDICES = ("i", "k", "j", "m", "n", "r", "s", "p", "q")


@dataclass(frozen=True)
class Names:
    """The letters of a recurrence, none of them a name of the model.

    ``own`` holds the letters that are the model's own names and need no definition.
    """

    letters: dict[str, str]
    bound: str
    other: str
    factor: str
    own: frozenset[str]


def choose_names(model: Model, recurrence: Recurrence) -> Names:
    """Letters and indices that the model does not use, nor its normal form."""
    taken = {
        *(p.name for p in model.parameters),
        *(d.name for d in model.derived),
        *(i.name for i in model.inputs),
        *(e.name for e in model.equations),
        *(name for name, _ in model.constants),
        *(a.name for a in model.abstract),
    }
    letters = {}
    own = set()
    for letter in ("a", "b", "c"):
        name = _own_name(recurrence, letter)
        if name is not None:
            own.add(letter)
        else:
            kind = "scalar" if letter == "c" and is_scalar(recurrence) else letter
            name = _fresh(_CANDIDATES[kind], taken)
            taken.add(name)
        letters[letter] = name
    free: list[str] = []
    while len(free) < 3:
        free.append(_fresh(_INDICES, taken))
        taken.add(free[-1])
    order = (1, 0) if recurrence.law.direction < 0 else (0, 1)
    return Names(letters, free[order[0]], free[order[1]], free[2], frozenset(own))


def _fresh(candidates: Sequence[str], taken: Set[str]) -> str:
    """The first name that is not taken, nor with digits behind it (blocks are numbered)."""
    numbered = (f"{candidates[-1]}_{k}" for k in count(2))
    bases = {name.rstrip("0123456789") for name in taken}
    return next(n for n in chain(candidates, numbered) if n not in taken | bases)


def _own_name(recurrence: Recurrence, letter: str) -> str | None:
    """The model's name for what a letter stands for, if it is just that."""
    if recurrence.stacked or letter == "a":
        return None
    leaf = None
    if letter == "b" and len(recurrence.source[0]) == 1:
        (piece,) = recurrence.source[0]
        leaf = piece.leaf if piece.monomial == Monomial() else None
    elif letter == "c" and len(recurrence.matrix[0][0]) == 1:
        (monomial,) = recurrence.matrix[0][0]
        alone = len(monomial.factors) == 1 and not monomial.negative
        leaf = monomial.factors[0] if alone else None
    if isinstance(leaf, Param) or (isinstance(leaf, Ref) and leaf.index == Index.of("t")):
        return leaf.name
    return None


def is_scalar(recurrence: Recurrence) -> bool:
    """Whether the coefficient is a number, not a matrix."""
    if recurrence.stacked:
        return False
    return all(not f.shape for m in recurrence.matrix[0][0] for f in m.factors)


def is_number(value: Expr) -> bool:
    """Whether a value is a number, so that the identity on it is 1."""
    if isinstance(value, Total):
        return not value.output.shape and not value.wrt.shape
    return not value.shape


class Wording:
    """Plain text. ``spelled`` puts in what letters stand for."""

    def __init__(
        self, names: Names, recurrence: Recurrence, factors: Factors, spelled: bool = False
    ) -> None:
        self.names = names
        self.recurrence = recurrence
        self.factors = factors
        self.spelled = spelled
        self.sign = " * " if is_scalar(recurrence) else " @ "

    # --- letters -----------------------------------------------------------------------

    def letter(self, letter: Letter) -> Text:
        index = letter.index if letter.index is not None else Index.of("t")
        if letter.name == "a" and not self.recurrence.stacked:
            return self.factors.piece(substitute_index(self.recurrence.value, {"t": index}))
        if not self.spelled or self.recurrence.stacked:
            return self.symbol(letter)
        if letter.name == "b":
            moved = pieces_at(self.recurrence.source[0], index)
            return pieces_text(self.factors, moved, is_number(self.recurrence.value))
        coefficient = moved_in_time(self.recurrence.matrix[0][0], index)
        return operator_text(self.factors, coefficient, is_scalar(self.recurrence))

    def symbol(self, letter: Letter) -> Text:
        step = "" if letter.index is None else f"[{letter.index}]"
        return Text(self.names.letters[letter.name] + step)

    # --- words -------------------------------------------------------------------------

    def word(self, word: Word, alone: bool = True) -> Text:
        pieces = [self.factor(factor) for factor in word]
        if not pieces:
            return Text(self.one())
        if len(pieces) == 1:
            return pieces[0]
        level = Level.PRODUCT if self.sign == " * " else Level.MATRIX
        return Text(self.joined([self.factors.fit(p, Level.MATRIX) for p in pieces]), level)

    def one(self) -> str:
        return "1" if is_scalar(self.recurrence) else self.factors.identity

    def joined(self, texts: list[str]) -> str:
        return self.sign.join(texts)

    def factor(self, factor: Factor) -> Text:
        if isinstance(factor, Letter):
            return self.letter(factor)
        return self.power(factor) if factor.first is None else self.product(factor)

    def power(self, run: Run) -> Text:
        base = self.factors.fit(self.letter(Letter(run.name)), Level.ATOM)
        single = not run.length.terms or str(run.length).isalnum()
        exponent = str(run.length) if single else f"({run.length})"
        return Text(f"{base}**{exponent}", Level.POWER)

    def product(self, run: Run) -> Text:
        index = self.names.factor
        inner = self.letter(Letter(run.name, Index.of(index))).text
        order = "-1, " if run.step < 0 else ""
        return Text(f"prod({index}, {run.first}, {run.last}, {order}{inner})")

    def term(self, term: Term) -> Text:
        word = self.word(term.word)
        if not term.bound:
            return word
        return Text(f"sum({term.bound}, {term.lower}, {term.upper}, {word.text})")

    def form(self, form: Form) -> Text:
        return sum_text(self.factors, [self.term(term) for term in form])

    # --- at given steps ----------------------------------------------------------------

    def concrete(self, word: Concrete) -> Text:
        """A word at given steps; equal letters in a row are a power."""
        factors: list[Factor] = []
        for name, step in word:
            last = factors[-1] if factors else None
            if step is None and isinstance(last, Letter | Run) and last == Letter(name):
                factors[-1] = Run(name, Index(offset=2))
            elif step is None and isinstance(last, Run) and last.name == name:
                factors[-1] = Run(name, last.length + 1)
            else:
                factors.append(Letter(name, None if step is None else Index(offset=step)))
        return self.word(tuple(factors))

    def total(self, total: Sum) -> Text:
        """Unrolled, the latest contribution first."""
        words = sorted(total.elements(), key=len)
        return sum_text(self.factors, [self.concrete(word) for word in words])

    def index(self, index: Index) -> str:
        return str(index)

    def remark(self, remark: Remark) -> str:
        return "".join(map(self._remark, remark))

    def _remark(self, part: str | Index | Letter) -> str:
        if isinstance(part, Index):
            return self.math(self.index(part))
        return part if isinstance(part, str) else self.math(self.letter(part).text)

    def math(self, text: str) -> str:
        return text


class LatexWording(Wording):
    r"""LaTeX: products with their order written out, ``C_t C_{t-1} \cdots C_{i+1}``."""

    factors: LatexFactors

    def symbol(self, letter: Letter) -> Text:
        name = self.names.letters[letter.name]
        scalar = letter.name == "c" and is_scalar(self.recurrence)
        shape = () if scalar else self.shape(letter.name)
        symbol = self.factors.names.symbol(name, shape)
        return Text(symbol.at() if letter.index is None else symbol.at(index_latex(letter.index)))

    def shape(self, letter: str) -> tuple[str, ...]:
        if letter == "c":
            return ("h", "h")
        return ("h",) if self.recurrence.stacked else tuple(map(str, self.recurrence.value.shape))

    def joined(self, texts: list[str]) -> str:
        return self.factors.beside(*texts)

    def power(self, run: Run) -> Text:
        piece = self.letter(Letter(run.name))
        base = self.factors.fit(piece, Level.ATOM)
        return Text(f"{base}^{{{index_latex(run.length)}}}", Level.POWER)

    def product(self, run: Run) -> Text:
        assert run.first is not None
        if self.spelled and not self.recurrence.stacked:
            index = self.names.factor
            inner = self.factors.fit(self.letter(Letter(run.name, Index.of(index))), Level.ATOM)
            ends = rf"{index} = {index_latex(run.first)}, \dots, {index_latex(run.last)}"
            return Text(rf"\prod_{{{ends}}} {inner}", Level.BIG_SUM)
        behind = run.first + run.step
        shown = [self.letter(Letter(run.name, i)).text for i in (run.first, behind, run.last)]
        return Text(rf"({shown[0]} {shown[1]} \cdots {shown[2]})")

    def term(self, term: Term) -> Text:
        if not term.bound:
            return self.word(term.word)
        word = self.factors.fit(self.word(term.word), Level.BIG_SUM)
        ends = rf"_{{{term.bound}={index_latex(term.lower)}}}^{{{index_latex(term.upper)}}}"
        return Text(rf"\sum{ends} {word}", Level.BIG_SUM)

    def index(self, index: Index) -> str:
        return index_latex(index)

    def _remark(self, part: str | Index | Letter) -> str:
        return super()._remark(part).replace(" t = ", " $t$ = ")

    def math(self, text: str) -> str:
        return f"${text}$"


def wordings(names: Names, recurrence: Recurrence, factors: Factors) -> tuple[Wording, Wording]:
    """With letters, and with the model's own names."""
    kind = LatexWording if isinstance(factors, LatexFactors) else Wording
    return kind(names, recurrence, factors), kind(names, recurrence, factors, spelled=True)
