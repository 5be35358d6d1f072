"""What the letters of a text stand for: names of the model, dimensions, functions."""

from __future__ import annotations

import re
from dataclasses import replace
from functools import cached_property
from itertools import chain
from typing import NoReturn

from symbptt.formula.names import DERIVATIVES, RESERVED, FormulaNames, derived_form, finding
from symbptt.formula.spelling import written as wr
from symbptt.formula.spelling.shares import letters_of
from symbptt.formula.spelling.signs import SYNONYMS, VARIANTS
from symbptt.language import surface as sf
from symbptt.language.source import Place
from symbptt.typeset.formulas import vectors_of
from symbptt.typeset.names import Names, latin, untyped

_SIGNS = {"sigma": "sigmoid", "Phi": "normal_cdf", "varphi": "normal_pdf"}


class WordReader:
    """Knows what letters stand for; who reads builds on it."""

    def __init__(self, text: str, names: FormulaNames) -> None:
        self.text = text
        self.names = names
        self.entrywise: set[sf.Node] = set()
        self.dividing = False

    def wrong(self, place: Place, message: str) -> NoReturn:
        raise finding(self.text, place, message)

    def check_run(self, core: wr.Word) -> None:
        """A letter without a step before others may be a part of a name: ``cc_{t+1}``."""
        first, last = core.place.column, core.place.end_column
        run = re.match(r"[A-Za-z]+", self.text[last:])
        if run is None or core.text not in self.names.timed or len(core.text) != last - first:
            return
        start = re.search(r"[A-Za-z]*$", self.text[:first])
        assert start is not None
        place = replace(core.place, column=start.start(), end_column=last + run.end())
        name = self.text[place.column : place.end_column]
        if self.text[place.column - 1 : place.column] != "\\":
            self.wrong(
                place,
                f"the model {self.names.model.name} has no name `{name}`{self.names.near(name)}; "
                f"as a product of letters it lacks a step, as in `{core.text}_t`",
            )

    @cached_property
    def table(self) -> dict[str, list[str]]:
        """The names of the model by their letters alone, ``Whh`` for W_hh."""
        names = self.names
        every = {*names.timed, *names.timeless, *names.constants, *names.letters}
        if names.state is not None:
            every.add(names.state.name)
        found: dict[str, list[str]] = {}
        for name in sorted(every - {"loss"}, key=lambda one: (one in names.introduced, one)):
            for letters in _letters(name):
                if name in RESERVED or letters not in RESERVED:
                    found.setdefault(letters, []).append(name)
        found |= {letters_of(cut): [name] for name, cut in self.cut.items() if name in every}
        for alias, meant in names.aliases.items():
            found |= {letters: [meant] for letters in _letters(alias)}
        return found

    @cached_property
    def cut(self) -> dict[str, str]:
        """What names are shortened to that are too long to be printed in formulas."""
        return {name: untyped(c) for name, c in Names(derived_form(self.names.model)).cut.items()}

    @cached_property
    def aliased(self) -> frozenset[str]:
        return frozenset(chain.from_iterable(map(_letters, self.names.aliases)))

    @cached_property
    def dims(self) -> dict[str, str]:
        """What a length is called by its letters: its dimension, or a vector that is so long."""
        return {
            letters_of(said): self.vectors.get(dim, dim)
            for dim in self.names.model.dims
            for said in (latin(dim), self.cut.get(dim, dim))
        }

    @cached_property
    def vectors(self) -> dict[str, str]:
        """A vector of each length that something of another length is called as."""
        return vectors_of(derived_form(self.names.model))

    @cached_property
    def functions(self) -> dict[str, str]:
        """Functions by their letters; those of the model before those that everyone has."""
        known = {letters_of(name): name for name in self.names.words}
        own = {word: word for word in (*DERIVATIVES, "prod", "onehot", "delta")}
        signs = {sign: name for sign, name in _SIGNS.items() if sign not in self.table}
        found = {**signs, **SYNONYMS, **own, **known}
        for name in self.names.functions:
            found[letters_of(name)] = name
            if name in ("l", "loss"):
                found["ell"] = name
        for alias, meant in self.names.aliases.items():
            if meant in self.names.words:
                found |= dict.fromkeys(_letters(alias), meant)
        return found

    def called(self, text: str) -> list[str]:
        """The names that letters may stand for: a variant of a Greek letter is that letter."""
        found = self.table.get(text, [])
        if not found:
            for variant, plain in VARIANTS.items():
                if text.startswith(variant) and text != variant + "0":
                    found = found or self.table.get(plain + text.removeprefix(variant), [])
        return found

    def spelled_so(self, text: str, letters: str) -> list[str]:
        """The names that letters may stand for: what is typed to the last underscore is itself."""
        found = self.called(letters)
        exact = "_" in text and text in found and letters == letters_of(text)
        return [text] if exact else found


def _letters(name: str) -> tuple[str, ...]:
    """The letters of a name, also with its Greek ones spelled."""
    return tuple(dict.fromkeys(map(letters_of, (name, latin(name)))))
