r"""How names print: ``W_hx`` as a bold W with the subscript hx, ``h[t-1]`` as h_{t-1}.

Vectors and matrices are bold, scalars italic; names of several letters stand upright.
The parts of a name after an underscore are its subscripts, in roman type, so that the
subscript of a name and a step (in italics) can be told apart. Two names never print the
same: what can't be set in this way, or would look like another symbol of the model, is
set in typewriter type as its author wrote it.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType

from symbptt.algebra import Dim, DimProduct, DimSum, Index, Model, Shape
from symbptt.calculus.derivation import Range
from symbptt.functions.elementwise import FUNCTIONS
from symbptt.typeset.clock import StepLetters
from symbptt.typeset.followers import followers
from symbptt.typeset.notation import (
    ACCENTS,
    GREEK,
    GREEK_CHARACTERS,
    LATIN,
    LOSS_NAMES,
    MATH_COMBINING,
)
from symbptt.typeset.style import Style
from symbptt.typeset.tex import width

# Symbols wider than this (in units of 1/18 em) are shortened, dimensions sooner.
_WIDEST = 110
_WIDEST_DIM = 80
_KEPT = 8
# The widest letter, accents included.
_ONE_LETTER = 24
_LATIN_WORD = re.compile(rf"[A-Za-z{LATIN}]+")
_ENTRY_LETTERS = ("i", "j", "k", "m", "n", "r", "s", "u", "v")
_FALLBACK_LETTERS = (r"\iota", r"\kappa")


@dataclass(frozen=True)
class Symbol:
    """A letter, accents and all, and its subscripts."""

    core: str
    subscripts: tuple[str, ...] = ()
    raised: tuple[str, ...] = ()

    def at(self, *more: str) -> str:
        """LaTeX, with further subscripts (a step) behind the name's own."""
        return self.core + _script("_", (*self.subscripts, *more)) + _script("^", self.raised)

    def above(self, step: str) -> str:
        """LaTeX, with a step in parentheses above."""
        return replace(self, raised=(*self.raised, f"({step})")).at()


def _script(sign: str, parts: tuple[str, ...]) -> str:
    inside = ",".join(parts)
    if not inside:
        return ""
    return f"{sign}{inside}" if len(inside) == 1 else f"{sign}{{{inside}}}"


class Names:
    """The symbols of one model; without a model, of any name for itself.

    ``style`` says where steps in time stand and whether gradients have a sign of their own,
    ``called`` what a text calls names of the model, its last step and its loss among them.
    """

    def __init__(
        self,
        *models: Model,
        style: Style | None = None,
        called: Mapping[str, str] = MappingProxyType({}),
    ) -> None:
        self.style = style or Style()
        self.called = called
        last, loss = (_symbol(called.get(one, one), bold=False).at() for one in "TL")
        self.clock = StepLetters(last=last, loss=loss)
        self.followers = followers(*models)
        self._verbatim: set[str] = set()
        self._short: dict[str, str] = {}
        self._macros: set[str] = set()
        self._bases: set[str] = set()
        entries = (entry for model in models for entry in _entries(model))
        shapes = {called.get(name, name): shape for name, shape in entries}
        timed = {called.get(name, name) for model in models for name in _timed(model)}
        if self.style.derivatives == "bar":
            timed |= {f"{name}_bar" for name in timed}
        self._shorten(shapes, _WIDEST)
        self._shorten((dim for model in models for dim in model.dims), _WIDEST_DIM)
        seen: set[str] = {r"\ell", *self._of_gradients(shapes)}
        for name, shape in shapes.items():
            text = self.symbol(name, shape).at()
            if text in seen or _looks_timed(name, timed) or self._is_sign(name):
                self._verbatim.add(name)
            seen.add(text)
            base = name.partition("_")[0]
            self._bases.add(base)
            self._macros.add(_greek(base) or "")
        self._macros.discard("")
        self._has_delta = r"\delta" in self._macros
        self._clashing_dims = {
            dim for model in models for dim in model.dims if _symbol(dim, bold=False).at() in seen
        }

    def _of_gradients(self, shapes: Mapping[str, Shape]) -> Iterator[str]:
        """The signs that gradients have of their own: no name may look like one."""
        if self.style.derivatives in GRADIENT_SIGNS:
            for name, shape in (("loss", ()), *shapes.items()):
                yield self.gradient_symbol(name, shape).at()

    def _is_sign(self, name: str) -> bool:
        """Whether the name's letter is the sign of gradients."""
        return self.style.derivatives == "delta" and _greek(name.partition("_")[0]) == r"\delta"

    def _shorten(self, names: Iterable[str], widest: float) -> None:
        for name in names:
            if width(_symbol(name, bold=True).at()) > widest:
                number = len(self._short) + 1
                start = "".join(c for c in name if c.isascii())[:_KEPT]
                self._short[name] = f"{start}…{number}"

    # --- symbols -----------------------------------------------------------------------

    def symbol(self, name: str, shape: Shape) -> Symbol:
        name = self.called.get(name, name)
        if name in self._short:
            return Symbol(_typewriter(self._short[name]))
        if name in self._verbatim:
            return Symbol(_typewriter(name))
        return _symbol(name, bold=bool(shape))

    @property
    def cut(self) -> Mapping[str, str]:
        """Names too long to be printed in formulas, and the TeX that stands for each."""
        return {name: _typewriter(short) for name, short in self._short.items()}

    def timed(self, name: str, shape: Shape, index: Index) -> str:
        """The quantity at a step; the loss is a script l."""
        return self.at_step(self.variable_symbol(name, shape), index)

    def variable(self, name: str, shape: Shape, index: Index | None) -> str:
        """A quantity at a step, or a parameter."""
        if index is None:
            return self.symbol(name, shape).at()
        return self.timed(name, shape, index)

    def tell(self, clock: StepLetters) -> None:
        """Take the letters of a document for steps; other letters are then chosen beside."""
        self.clock = clock
        self._bases |= clock.letters

    def index(self, index: Index) -> str:
        return index_latex(self.clock.index(index))

    def range(self, steps: Range) -> str:
        first, last, of = map(self.index, (steps.first, steps.last, steps.of))
        return f"{of} = {first}" if first == last else rf"{first} \le {of} \le {last}"

    def at_step(self, symbol: Symbol, index: Index) -> str:
        """A symbol with its step, below or above."""
        step = self.index(index)
        return symbol.above(step) if self.style.times == "superscript" else symbol.at(step)

    def variable_symbol(self, name: str, shape: Shape) -> Symbol:
        """That of a quantity without its step, or of a parameter."""
        own = name != "loss" or name in self.called
        return self.symbol(name, shape) if own else Symbol(r"\ell")

    def gradient(self, name: str, shape: Shape, index: Index | None) -> str | None:
        """The gradient's own sign; None where the notation writes a derivative."""
        if self.style.derivatives not in GRADIENT_SIGNS:
            return None
        symbol = self.gradient_symbol(name, shape)
        return symbol.at() if index is None else self.at_step(symbol, index)

    def gradient_symbol(self, name: str, shape: Shape) -> Symbol:
        """The sign that the notation gives to a variable's gradient."""
        sign = GRADIENT_SIGNS[self.style.derivatives]
        return sign(self.variable_symbol(name, shape), bool(shape))

    def operator(self) -> str:
        """The operator D, or a script D where the model has a D of its own."""
        return r"\mathcal{D}" if "D" in self._bases else "D"

    def dim(self, dim: Dim) -> str:
        """A dimension, ``h`` or ``d + h``."""
        if isinstance(dim, DimSum):
            return " + ".join(self._multiple(*counted) for counted in Counter(dim.parts).items())
        if isinstance(dim, DimProduct):
            parts = (self.dim(part) for part in dim.parts)
            return r" \, ".join(f"({part})" if " + " in part else part for part in parts)
        if isinstance(dim, int):
            return str(dim)
        if dim in self._clashing_dims or dim in self._short:
            return _typewriter(self._short.get(dim, dim))
        return _symbol(dim, bold=False).at()

    def _multiple(self, part: Dim, count: int) -> str:
        if isinstance(part, int):
            return str(part * count)
        return f"{count} {self.dim(part)}" if count > 1 else self.dim(part)

    def space(self, shape: Shape) -> str:
        r"""The space of a shape: ``\mathbb{R}^{h \times d}``."""
        if not shape:
            return r"\mathbb{R}"
        exponent = r" \times ".join(
            f"({self.dim(dim)})" if len(shape) > 1 and _is_compound(dim) else self.dim(dim)
            for dim in shape
        )
        return rf"\mathbb{{R}}^{{{exponent}}}"

    def function(self, name: str) -> str:
        """The sign of a function, with ``{0}`` where the argument has a place of its own."""
        name = self.called.get(name, name)
        if name in FUNCTIONS:
            return self._known_function(name)
        if name in self._verbatim or name in self._short:
            return self.symbol(name, ()).at()
        symbol = _symbol(name, bold=False)
        core = symbol.core.replace(r"\mathrm{", r"\operatorname{")
        return Symbol(core, symbol.subscripts).at()

    def _known_function(self, name: str) -> str:
        sign = FUNCTIONS[name].latex
        macros = sign.replace("\\", " \\").split()
        taken = any(macro in self._macros for macro in macros)
        return rf"\operatorname{{{_roman(name)}}}" if taken else sign

    def loss(self, name: str) -> str:
        """The sign of an abstract loss."""
        return LOSS_NAMES.get(name) or self.function(name)

    def unit_vector(self, position: str) -> str | None:
        """e_i, or None where the model has an e of its own."""
        return None if "e" in self._bases else rf"\mathbf{{e}}_{{{position}}}"

    def letter(self, name: str) -> str:
        """The letter of a place."""
        return _symbol(name, bold=False).at()

    def has_delta(self) -> bool:
        """Whether a delta means something else than that two places are one."""
        return self._has_delta or self.style.derivatives == "delta"

    def entry_letters(self) -> tuple[str, str]:
        """Two letters for rows and columns that no name of the model begins with."""
        free = [letter for letter in _ENTRY_LETTERS if letter not in self._bases]
        first, second = (*free, *_FALLBACK_LETTERS)[:2]
        return first, second


def _barred(variable: Symbol, bold: bool) -> Symbol:
    accent = r"\overline" if width(variable.core) > _ONE_LETTER else r"\bar"
    return replace(variable, core=f"{accent}{{{variable.core}}}")


def _delta(variable: Symbol, bold: bool) -> Symbol:
    return Symbol(r"\boldsymbol{\delta}" if bold else r"\delta", raised=(variable.at(),))


GRADIENT_SIGNS: dict[str, Callable[[Symbol, bool], Symbol]] = {"bar": _barred, "delta": _delta}
"""The notations in which a gradient has a sign of its own, made from its variable's."""


def _is_compound(dim: Dim) -> bool:
    return isinstance(dim, DimSum | DimProduct) and len(dim.parts) > 1


def index_latex(index: Index) -> str:
    return str(index)


def _entries(model: Model) -> Iterator[tuple[str, Shape]]:
    """Every name of a model with its shape."""
    yield from ((p.name, p.shape) for p in model.parameters)
    yield from ((d.name, d.shape) for d in model.derived)
    yield from ((i.name, i.shape) for i in model.inputs)
    yield from ((e.name, e.shape) for e in model.equations if e.name != "loss")
    for name, _ in model.constants:
        yield name, ()
    for abstract in model.abstract:
        if not (abstract.loss and abstract.name in LOSS_NAMES):
            yield abstract.name, ()


def _timed(model: Model) -> Iterator[str]:
    yield from (source.name for source in model.inputs)
    yield from (equation.name for equation in model.equations)


def _looks_timed(name: str, timed: set[str]) -> bool:
    """Whether the name would print as another one at a step: ``h_0`` beside ``h[0]``."""
    base, _, last = name.rpartition("_")
    return base in timed and (last.isdigit() or last in ("t", "T"))


# --- one name --------------------------------------------------------------------------


def _symbol(name: str, bold: bool) -> Symbol:
    base, *parts = name.split("_")
    core = _letters(base, bold, alone=True)
    if core is None or not base or not base[0].isalpha():
        return Symbol(_typewriter(name))
    core, parts = _accented(core, base, parts)
    subscripts: list[str] = []
    while parts:
        part, *parts = parts
        letters = _letters(part, bold=False, alone=False)
        if not part or letters is None:
            return Symbol(_typewriter(name))
        letters, parts = _accented(letters, part, parts)
        subscripts.append(letters)
    return Symbol(core, tuple(subscripts))


def _accented(core: str, base: str, parts: list[str]) -> tuple[str, list[str]]:
    """The letter under the accents that follow it in the name."""
    while parts and parts[0] in ACCENTS:
        narrow, wide = ACCENTS[parts[0]]
        single = len(base) == 1 or _greek(base) is not None
        core = f"{narrow if single else wide}{{{core}}}"
        parts = parts[1:]
    return core, parts


def latin(name: str) -> str:
    """A name with its Greek letters spelled, as LaTeX spells them."""
    return "_".join(GREEK_CHARACTERS.get(part, part) for part in name.split("_"))


def _greek(part: str) -> str | None:
    spelled = GREEK_CHARACTERS.get(part, part)
    return GREEK.get(spelled)


def _letters(part: str, bold: bool, alone: bool) -> str | None:
    """One part of a name; None if it has a character that can't be set.

    ``alone`` is True for the letter itself, False for a subscript, which is roman.
    """
    macro = _greek(part)
    # In a subscript xi and nu are two letters: W_xi leads from x to i.
    if macro is not None and (alone or len(part) != 2):
        return rf"\boldsymbol{{{macro}}}" if bold else macro
    if not part.isalnum():
        return None
    text = "".join(_letter(c) or "?" for c in part)
    if "?" in text:
        return _worded(part, bold) if _LATIN_WORD.fullmatch(part) else None
    if bold:
        return rf"\mathbf{{{text}}}"
    if part.isascii() and (part.isdigit() or (alone and len(part) == 1)):
        return text
    return rf"\mathrm{{{text}}}"


def _worded(part: str, bold: bool) -> str:
    """A word with letters that fonts of mathematics lack: it is set as text, as a name."""
    return rf"\mathbf{{\textbf{{{part}}}}}" if bold else rf"\mathrm{{\text{{{part}}}}}"


def _letter(character: str) -> str | None:
    if character.isascii():
        return character
    base, *marks = list(unicodedata.normalize("NFD", character))
    if not base.isascii() or any(mark not in MATH_COMBINING for mark in marks):
        return None
    for mark in marks:
        base = f"{MATH_COMBINING[mark]}{{{base}}}"
    return base


def _typewriter(name: str) -> str:
    """The name as its author wrote it; characters outside ASCII by their number."""
    return rf"\mathtt{{{''.join(map(_typed, name))}}}"


def _typed(character: str) -> str:
    if character == "_":
        return r"\_"
    if character == "…":
        return r"{\ldots}"
    if character.isascii() and character.isalnum():
        return character
    return rf"\langle {ord(character):x}\rangle "


TYPED = re.compile(
    r"(?:\\mathtt)?\{((?:\\_|\\,|\\underline\{\\enspace\}|\\thinspace |[A-Za-z0-9]|\{\\ldots\}"
    r"|\\langle [0-9a-f]+\\rangle )+)\}"
)
"""What stands in typewriter type, or names a function."""


_UNDERSCORE = re.compile(r"\\[_,]|\\underline\{\\enspace\}|\\thinspace ")


def untyped(text: str) -> str:
    """The name that is set so."""
    named = _UNDERSCORE.sub("_", TYPED.sub(r"\1", text)).replace(r"{\ldots}", "…")
    return re.sub(r"\\langle ([0-9a-f]+)\\rangle ", lambda one: chr(int(one[1], 16)), named)


def _roman(name: str) -> str:
    return name.replace("_", r"\_")
