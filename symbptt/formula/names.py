"""What the names in a formula are: those of a model, and of the quantities of its derivation."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from difflib import get_close_matches
from fractions import Fraction
from functools import cached_property, lru_cache
from typing import NoReturn

from symbptt.algebra import Held, Model, Shape, Stack
from symbptt.calculus.expanded import stacked_state
from symbptt.calculus.normal import normalize
from symbptt.errors import FormulaError, meant
from symbptt.formula.statement import NOWHERE
from symbptt.functions.elementwise import FUNCTIONS
from symbptt.functions.losses import LOSSES
from symbptt.functions.vectors import VECTORS
from symbptt.language.calls import arity
from symbptt.language.source import Findings, Note, Place, Source
from symbptt.language.surface import Apply, Len, Named, Node, walk

DERIVATIVES: dict[str, Held] = {"d": "nothing", "partial": "step", "direct": "equation"}

_MATRICES = {
    "outer": 2, "diag": 1, "kron": 2, "vec": 1, "len": 1, "ones": 1, "zeros": None,
    "hstack": None, "vstack": None,
}  # fmt: skip
_TABLES = (*FUNCTIONS, *LOSSES, *VECTORS, "concat")

CALLS = (*_TABLES, *_MATRICES)
"""The functions that every formula may call."""

RESERVED = frozenset(
    ["T", "L", "I", "loss", "concat", "prod", "onehot", "delta", *DERIVATIVES, *_MATRICES]
)


@lru_cache(maxsize=16)
def derived_form(model: Model) -> Model:
    """The normal form: the equations that a derivation differentiates, its own names included."""
    return normalize(model)


@lru_cache(maxsize=16)
def _state(model: Model) -> Stack | None:
    return stacked_state(derived_form(model))


@dataclass(frozen=True)
class LetterMeaning:
    """What a letter that the model does not have stands for; ``index`` is "" without a step."""

    name: str
    index: str
    right: Node
    text: str


@dataclass(frozen=True)
class FormulaNames:
    """What the names of a model are, of what its derivation introduces, and of other letters.

    Attributes
    ----------
    aliases : mapping
        What a text calls some of the names.
    """

    model: Model
    shapes: dict[str, Shape]
    timed: frozenset[str]
    integers: frozenset[str]
    timeless: frozenset[str]
    constants: dict[str, Fraction]
    introduced: frozenset[str]
    letters: Mapping[str, LetterMeaning] = field(default_factory=dict)
    aliases: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, model: Model) -> FormulaNames:
        normal = derived_form(model)
        return cls(
            model,
            normal.shapes,
            frozenset([*(e.name for e in normal.equations), *(i.name for i in normal.inputs)]),
            frozenset(i.name for i in model.inputs if i.index_dim is not None),
            frozenset([*(p.name for p in normal.parameters), *(d.name for d in normal.derived)]),
            dict(model.constants),
            normal.names - model.names,
        )

    def without(self, letter: LetterMeaning) -> FormulaNames:
        """Where a letter's meaning is read: it can't stand for itself."""
        others = {name: one for name, one in self.letters.items() if one is not letter}
        return replace(self, letters=others)

    def renamed(self, tree: Node) -> Node:
        """A surface tree that speaks of the names that the model has."""
        for node in walk(tree) if self.aliases else ():
            match node:
                case Named(name=name):
                    node.name = self._meant(name)
                case Len(vector=vector):
                    vector.name = self._meant(vector.name)
                case Apply(function=name):
                    function, *slope = re.split("(?=\N{MODIFIER LETTER PRIME})", name)
                    node.function = "".join([self.aliases.get(function, function), *slope])
        return tree

    def _meant(self, name: str) -> str:
        """A name, or the differential of one, by what the text calls it."""
        if name[:1] == "d" and name not in self.aliases and name[1:] in self.aliases:
            return "d" + self.aliases[name[1:]]
        return self.aliases.get(name, name)

    @cached_property
    def state(self) -> Stack | None:
        """All that a step hands on, where the expanded form has a name for it."""
        return _state(self.model) if self.model.loss else None

    @property
    def functions(self) -> frozenset[str]:
        return frozenset(a.name for a in self.model.abstract)

    @property
    def words(self) -> frozenset[str]:
        """The functions that can be called."""
        return frozenset(CALLS) | self.functions

    def arity(self, function: str) -> int | None:
        """How many arguments a function takes; None if any number."""
        for abstract in self.model.abstract:
            if abstract.name == function:
                return 2 if abstract.loss else abstract.arity
        return _MATRICES[function] if function in _MATRICES else arity(function)

    def __contains__(self, name: str) -> bool:
        """Whether the model itself has the name."""
        return name in self.every - self.introduced

    @property
    def every(self) -> frozenset[str]:
        """The names of the model, and those that its derivation introduces."""
        return self.timed | self.timeless | self.functions | frozenset(self.constants)

    def near(self, name: str) -> str:
        """What may be meant by an unknown name, for the end of a message.

        That is what has its letters, what it is the beginning of, and else what looks like it.
        """
        known = sorted(self.every)
        words = sorted(self.words)
        alike = [one for one in (*known, *words) if _bare(one) == _bare(name)]
        alike = alike or [one for one in known if one.partition("_")[0] == name]
        for names, likeness in ((known, 0.6), (words, 0.75)):
            bare = {_bare(one): one for one in names}
            close = get_close_matches(_bare(name), bare, 2, likeness)
            alike = alike or [bare[one] for one in close]
        hint = meant(name, alike, likeness=0)
        return f"; {hint}" if hint else ""


def _bare(name: str) -> str:
    return name.replace("_", "").lower()


class FirstFinding(Findings):
    """Raises what is wrong with a formula as soon as it is found."""

    def add(self, place: Place | None, message: str, *notes: Note) -> NoReturn:
        raise finding(self.source.text, place or NOWHERE, message)


def finding(text: str, place: Place, message: str) -> FormulaError:
    """An error that points at a place in a formula."""
    source = Source(text, "formula")
    return FormulaError(source.diagnostic(place, message).render(source.file))
