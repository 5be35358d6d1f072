"""Every name that generated code uses, in one place.

A model's names are anybody's text, so each gets a Python identifier that clashes with
nothing else: a parameter called ``np`` becomes ``np_``. Long names are cut, because code
that is to be read (and formatted) has short lines.

What else a module names is known only when it stands: frames, runtime and emitted lines all
have words of their own. So until then the first letter of what stands for a value of the
model is one of a script that neither the module nor the model uses, and is replaced at the
end, when the words of the same functions can be read off the text.
"""

from __future__ import annotations

import builtins
import keyword
import re
from collections import Counter
from collections.abc import Iterable
from itertools import count
from typing import Literal

from symbptt.algebra import Dim, DimProduct, DimSum, Model
from symbptt.codegen.literals import literal

LONGEST = 20

OWN = frozenset([*dir(builtins), *keyword.kwlist, *keyword.softkwlist])
"""Words of Python itself, which no value goes by."""

SCRIPT = range(0x20000, 0x2A6E0)
"""Letters of identifiers (CJK Extension B) that normalise to themselves."""

Scope = Literal["plain", "buffered"]
"""Functions that compute in arrays of their own, and in buffers: they share no local name."""

WORD = re.compile(r"(?<![\w.])[^\W\d]\w*")
STRING = re.compile(r'"""[\s\S]*?"""|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\'|#.*')


def fresh(wish: str, taken: set[str]) -> str:
    """A name like ``wish`` that nothing has yet; one with braces is counted from 1."""
    wishes = map(wish.format, count(1)) if "{}" in wish else (wish + "_" * n for n in count())
    name = next(name for name in wishes if name not in taken)
    taken.add(name)
    return name


class Identifiers:
    """The identifiers of a module's values, and the constants that stand for long keys.

    Parameters
    ----------
    text : str
        The model's: its letters are not taken for marks.
    avoided : iterable of str
        Words that the module was found to have.
    """

    def __init__(self, text: str = "", avoided: Iterable[str] = ()) -> None:
        self.avoided = OWN | frozenset(avoided)
        self.marks = (letter for code in SCRIPT if (letter := chr(code)) not in text)
        self.letters: dict[int, str] = {}
        self.marked: dict[tuple[Scope, str], str] = {}
        self.given: dict[str, tuple[Scope, str]] = {}
        self.keys: dict[str, str] = {}

    def fresh(self, scope: Scope, wish: str) -> str:
        """What stands, until the module does, for an identifier like ``wish``."""
        name = self.settled(wish)
        name = f"v{name}" if name.startswith("_") else name
        while name in self.avoided or self.mark(scope, name) in self.given:
            name += "_"
        self.given[self.mark(scope, name)] = scope, name
        return self.mark(scope, name)

    def mark(self, scope: Scope, name: str) -> str:
        first = scope, name[0]
        if first not in self.marked:
            self.marked[first] = next(self.marks)
            self.letters[ord(self.marked[first])] = name[0]
        return self.marked[first] + name[1:]

    def settled(self, text: str) -> str:
        """A text with every first letter in its place."""
        return text.translate(self.letters)

    def clashes(self, module: str) -> set[str]:
        """The names of values that the functions in which these stand give something else."""
        said: dict[Scope, set[str]] = {}
        for function in functions(module):
            words = words_of([function])
            for scope in {self.given[word][0] for word in words & self.given.keys()}:
                said.setdefault(scope, set()).update(words)
        return {name for scope, name in self.given.values() if name in said.get(scope, ())}


def functions(module: str) -> list[str]:
    """A module's functions and classes, and what stands in front of them."""
    return re.split(r"^(?=def |class )", module, flags=re.MULTILINE)


def words_of(code: Iterable[str]) -> set[str]:
    """The words of some code, strings, comments and attributes left out."""
    return set(WORD.findall(STRING.sub("", "\n".join(code))))


class ValueNames:
    """Identifiers of a model's values and cotangents, given out in a fixed order."""

    def __init__(
        self,
        model: Model,
        extra: Iterable[str] = (),
        identifiers: Identifiers | None = None,
        scope: Scope = "plain",
    ) -> None:
        self.identifiers = identifiers or Identifiers(model.text)
        self.scope = scope
        self.temporaries = 0
        self.values: dict[str, str] = {}
        names = [
            *(p.name for p in model.parameters),
            *(d.name for d in model.derived),
            *(i.name for i in model.inputs),
            *(e.name for e in model.equations),
            *(name for name, _ in model.constants),
            *extra,
        ]
        for name in dict.fromkeys(names):
            self.values[name] = self.fresh(name[:LONGEST])
        self.cotangents = {name: self.fresh(f"d_{text}") for name, text in self.values.items()}
        self.histories = {name: self.fresh(f"{text}_all") for name, text in self.values.items()}
        self.cotangent_histories = {
            name: self.fresh(f"{text}_all") for name, text in self.cotangents.items()
        }
        # Of the sweeps of a window: the current one, with its past, and those ahead.
        self.sweeps = {name: self.fresh(f"s_{text}") for name, text in self.values.items()}
        self.sweep_histories = {n: self.fresh(f"{text}_all") for n, text in self.sweeps.items()}
        self.aheads = {name: self.fresh(f"{text}_ahead") for name, text in self.sweeps.items()}

    def key(self, name: str) -> str:
        """A name as a dict's key in code: a literal, or a constant that stands for a long one."""
        if len(name) <= LONGEST:
            return literal(name)
        keys = self.identifiers.keys
        return keys.setdefault(name, f"_NAME_{len(keys) + 1}")

    def length(self, dim: Dim) -> str:
        """The text of a length, equal dimensions of a sum counted."""
        match dim:
            case int():
                return str(dim)
            case str():
                return f"size[{self.key(dim)}]"
            case DimProduct(parts=parts):
                factors = map(self.length, parts)
                return " * ".join(f"({text})" if " + " in text else text for text in factors)
            case DimSum(parts=parts):
                counts = Counter(part for part in parts if not isinstance(part, int))
                rest = sum(part for part in parts if isinstance(part, int))
                texts = (
                    self.length(part) if times == 1 else f"{times} * {self.length(part)}"
                    for part, times in counts.items()
                )
                return " + ".join([*texts, *([str(rest)] if rest else [])])

    def fresh(self, wish: str) -> str:
        """An identifier like ``wish`` that nothing has yet."""
        return self.identifiers.fresh(self.scope, wish)

    def temporary(self) -> str:
        """A new name for a part of a long line."""
        self.temporaries += 1
        return self.fresh(f"part{self.temporaries}")
