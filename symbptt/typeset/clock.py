"""What steps in time are called in a document, and the loss that is differentiated."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from symbptt.algebra import Index, OrderedProduct, TimeSum, walk
from symbptt.calculus.derivation import Derivation

_RUNNING = ("k", "n", "m", "s", "r", "u")
# Entries have the letters of the others, where they are written out (calculus.indices).
_BESIDE_ENTRIES = ("p", "q", "l", "w")


@dataclass(frozen=True)
class StepLetters:
    """Letters for steps.

    Attributes
    ----------
    now, last, lag : str
        A step, the last one, and a number of steps.
    loss : str
        LaTeX of what is differentiated.
    bound : frozenset of str
        The letters that sums and products over steps use.
    """

    now: str = "t"
    last: str = "T"
    lag: str = "k"
    loss: str = "L"
    bound: frozenset[str] = frozenset()

    @classmethod
    def of(cls, derivation: Derivation, by_entries: bool = False) -> StepLetters:
        """The usual letters; where one step's loss is differentiated, that step is t.

        ``by_entries``: letters of entries stand beside those of steps.
        """
        bound = frozenset(_bound(derivation)) - {"t", "T"}
        if derivation.of == "L":
            return cls(bound=bound)
        taken = bound | derivation.normal.letters
        letters = _BESIDE_ENTRIES if by_entries else _RUNNING
        free = [letter for letter in letters if letter not in taken]
        now, lag = [*free, *letters][:2]
        return cls(now, "t", lag, r"\ell_t", bound)

    @property
    def one_step(self) -> bool:
        """Whether it is one step's loss that is differentiated."""
        return self.loss != "L"

    def index(self, index: Index) -> Index:
        """An index with the letters of this clock."""
        return index.substitute({"t": Index.of(self.now), "T": Index.of(self.last)})

    def letter(self, name: str) -> str:
        """The letter that stands for the name of an index."""
        return {"t": self.now, "T": self.last}.get(name, name)


def _bound(derivation: Derivation) -> Iterable[str]:
    for step in derivation.steps:
        for member in step.members:
            for node in walk(member):
                if isinstance(node, TimeSum | OrderedProduct):
                    yield node.index
