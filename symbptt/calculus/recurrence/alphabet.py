"""The letters of a recurrence: their names, and the expressions that they stand for."""

from __future__ import annotations

from collections.abc import Sequence, Set
from dataclasses import dataclass
from functools import cached_property
from itertools import chain, count

from symbptt import algebra as al
from symbptt.calculus.normal import normalize
from symbptt.calculus.recurrence.system import AffineRecurrence, Block
from symbptt.calculus.recurrence.words import (
    COEFFICIENT,
    SOURCE,
    VALUE,
    Form,
    Indeterminate,
    Word,
    form_expr,
    word_expr,
)

_CANDIDATES = {
    "a": ("s", "S", "z", "Z", "stack"),
    "b": ("b", "B", "e", "u", "source"),
    "c": ("C", "J", "M", "K", "coefficient"),
    "scalar": ("c", "C", "r", "m", "coefficient"),
}
_INDICES = ("i", "k", "j", "m", "n", "r", "s", "p", "q")


@dataclass(frozen=True)
class Alphabet:
    """The letters of a recurrence, none of them a name of the model.

    Attributes
    ----------
    names : dict
        The name of each letter of the law.
    own : frozenset of str
        The letters that are the model's own names and need no definition.
    bound, other, factor : str
        Indices of a sum, of the same sum from its other end, and of a product.
    """

    recurrence: AffineRecurrence
    names: dict[str, str]
    own: frozenset[str]
    bound: str
    other: str
    factor: str

    @classmethod
    def of(cls, model: al.Model, recurrence: AffineRecurrence) -> Alphabet:
        """Letters and indices that neither the model nor its derivation uses."""
        taken = {*model.names, *normalize(model).names}
        names = {}
        own = set()
        for letter in (VALUE, SOURCE, COEFFICIENT):
            name = _own_name(recurrence, letter)
            if name is not None:
                own.add(letter)
            else:
                scalar = letter == COEFFICIENT and recurrence.scalar is not None
                name = _fresh(_CANDIDATES["scalar" if scalar else letter], taken)
                taken.add(name)
            names[letter] = name
        free: list[str] = []
        while len(free) < 3:
            free.append(_fresh(_INDICES, taken))
            taken.add(free[-1])
        bound, other = free[:2] if recurrence.law.direction > 0 else free[1::-1]
        return cls(recurrence, names, frozenset(own), bound, other, free[2])

    # --- shapes ------------------------------------------------------------------------

    @cached_property
    def heights(self) -> tuple[al.Dim, ...]:
        """The lengths of the blocks of the value."""
        return self.recurrence.heights

    @property
    def size(self) -> al.Dim:
        return self.heights[0] if len(self.heights) == 1 else al.add_dims(self.heights)

    @property
    def columns(self) -> al.Shape:
        """The second dimension of a sensitivity; a value and an adjoint have none."""
        return self.recurrence.value.shape[1:]

    def shape(self, letter: str) -> al.Shape:
        if letter == COEFFICIENT:
            return () if self.recurrence.scalar is not None else (self.size, self.size)
        if self.recurrence.stacked:
            return (self.size, *self.columns)
        shape = self.recurrence.value.shape
        return shape if al.entries(shape) != 1 else ()

    @property
    def one(self) -> al.Expr:
        """A product of coefficients that has no factor."""
        return al.ONE if self.recurrence.scalar is not None else al.Identity(self.size)

    # --- letters -----------------------------------------------------------------------

    def symbol(self, letter: Indeterminate) -> al.Expr:
        """The letter by its name; the value by the model's own, where it is one."""
        if letter.name == VALUE and not self.recurrence.stacked:
            assert letter.index is not None
            return al.substitute_index(self.recurrence.value, {"t": letter.index})
        return self.named(self.names[letter.name], letter.index, self.shape(letter.name))

    def named(self, name: str, index: al.Index | None, shape: al.Shape) -> al.Expr:
        return al.Param(name, shape) if index is None else al.Ref(name, index, shape)

    def spelled(self, letter: Indeterminate) -> al.Expr:
        """What the letter stands for; one that stands for blocks by its name."""
        if letter.name == VALUE or self.recurrence.stacked:
            return self.symbol(letter)
        index = {"t": al.NOW if letter.index is None else letter.index}
        return al.substitute_index(self.meaning(letter.name), index)

    def meaning(self, letter: str) -> al.Expr:
        """What a letter that stands for no blocks is at step t."""
        if letter == SOURCE:
            return self.recurrence.source[0] or al.ZERO
        scalar = self.recurrence.scalar
        return scalar if scalar is not None else self.recurrence.matrix[0][0] or al.ZERO

    # --- words and forms ---------------------------------------------------------------

    def word(self, word: Word) -> al.Expr:
        return word_expr(word, self.symbol, self.one, self.factor)

    def expr(self, form: Form, spelled: bool = False) -> al.Expr:
        """A form in letters, or with what they stand for put in."""
        meaning = self.spelled if spelled else self.symbol
        return form_expr(form, meaning, self.one, self.factor)

    # --- blocks ------------------------------------------------------------------------

    def block_name(self, letter: Indeterminate, *place: int) -> al.Expr:
        """The name of a block of b or C, counted from 1."""
        height = self.heights[place[0] - 1]
        width = (self.heights[place[1] - 1],) if len(place) > 1 else self.columns
        name = f"{self.names[letter.name]}_{''.join(map(str, place))}"
        return self.named(name, letter.index, (height, *width))

    def column(self, blocks: Sequence[Block]) -> al.BlockMatrix:
        """Blocks below each other."""
        width = self.columns[0] if self.columns else 1
        return al.BlockMatrix(tuple((block,) for block in blocks), self.heights, (width,))

    def matrix(self, rows: Sequence[Sequence[Block]]) -> al.BlockMatrix:
        return al.BlockMatrix(tuple(map(tuple, rows)), self.heights, self.heights)


def _fresh(candidates: Sequence[str], taken: Set[str]) -> str:
    """The first name that is not taken, nor with digits behind it (blocks are numbered)."""
    numbered = (f"{candidates[-1]}_{k}" for k in count(2))
    bases = {name.rstrip("0123456789").removesuffix("_") for name in taken}
    return next(n for n in chain(candidates, numbered) if n not in taken | bases)


def _own_name(recurrence: AffineRecurrence, letter: str) -> str | None:
    """The model's name for what a letter stands for, if it is just that."""
    if recurrence.stacked or letter == VALUE:
        return None
    found = recurrence.source[0]
    if letter == COEFFICIENT:
        scalar = recurrence.scalar
        found = scalar if scalar is not None else recurrence.matrix[0][0]
    if isinstance(found, al.Param) or (isinstance(found, al.Ref) and found.index == al.NOW):
        return found.name
    return None
