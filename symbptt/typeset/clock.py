"""What steps in time are called in a document, and the loss that is differentiated."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from symbptt.algebra import Index, OrderedProduct, TimeSum, walk
from symbptt.calculus.derivation import Derivation
from symbptt.calculus.estimators import FULL

_RUNNING = ("k", "n", "m", "s", "r", "u")
# Entries have the letters of the others, where they are written out (calculus.indices).
_BESIDE_ENTRIES = ("p", "q", "l", "w")
LOSS_STEPS = ("s", "r", "u", "q", "p", "l")
"""Letters for the step of a loss, of which the model's part of L is spoken."""


@dataclass(frozen=True)
class StepLetters:
    """Letters for steps.

    Attributes
    ----------
    now, last, lag, part : str
        A step, the last one, a number of steps, and the step of a loss of which the part of L is
        spoken.
    loss : str
        LaTeX of what is differentiated.
    bound : frozenset of str
        The letters that sums and products over steps use.
    """

    now: str = "t"
    last: str = "T"
    lag: str = "k"
    part: str = "s"
    loss: str = "L"
    bound: frozenset[str] = frozenset()

    @classmethod
    def of(cls, derivation: Derivation, by_entries: bool = False) -> StepLetters:
        """The usual letters; where one step's loss is differentiated, that step is t.

        ``by_entries``: letters of entries stand beside those of steps.
        """
        bound = frozenset(_bound(derivation)) - {"t", "T"}
        if derivation.of == "L":
            full = derivation.estimator == FULL
            part = "s" if full else next(derivation.normal.free_letters(LOSS_STEPS))
            return cls(part=part, bound=bound)
        taken = bound | derivation.normal.letters
        letters = _BESIDE_ENTRIES if by_entries else _RUNNING
        free = [letter for letter in letters if letter not in taken]
        now, lag = [*free, *letters][:2]
        return cls(now, "t", lag, loss=r"\ell_t", bound=bound)

    @property
    def one_step(self) -> bool:
        """Whether it is one step's loss that is differentiated."""
        return self.loss != "L"

    @property
    def letters(self) -> frozenset[str]:
        """All that stand for steps in a document."""
        return self.bound | {self.now, self.last, self.part}

    def index(self, index: Index) -> Index:
        """An index with the letters of this clock."""
        letters = {"t": self.now, "T": self.last, "s": self.part, "c_s": f"c_{self.part}"}
        return index.substitute({name: Index.of(letter) for name, letter in letters.items()})

    def letter(self, name: str) -> str:
        """The letter that stands for the name of an index."""
        return {"t": self.now, "T": self.last, "s": self.part}.get(name, name)


def _bound(derivation: Derivation) -> Iterable[str]:
    for step in derivation.steps:
        for member in step.members:
            for node in walk(member):
                if isinstance(node, TimeSum | OrderedProduct):
                    yield node.index
