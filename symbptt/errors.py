"""The named errors of symbptt: what was expected, what was found, where, what to do."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from difflib import get_close_matches
from itertools import takewhile
from pathlib import Path
from traceback import FrameSummary, extract_tb, format_list


def visible(text: str) -> str:
    """The text with what a terminal obeys or hides escaped: controls, marks of direction."""
    hidden = {
        ord(c): c.encode("unicode_escape").decode()
        for c in set(text) - {"\n", "\t"}
        if unicodedata.category(c) in ("Cc", "Cf", "Cs", "Zl", "Zp")
    }
    return text.translate(hidden)


class SymbpttError(Exception):
    """Any error that symbptt raises on purpose."""

    def __str__(self) -> str:
        return visible(super().__str__())

    def _render_traceback_(self) -> list[str]:
        """What a notebook shows: what is wrong, and the reader's own line, not symbptt's."""
        own = takewhile(lambda frame: not _is_inside(frame), extract_tb(self.__traceback__))
        return [f"{type(self).__name__}: {self}", *format_list([*own][-1:])]


def _is_inside(frame: FrameSummary) -> bool:
    return Path(frame.filename).is_relative_to(Path(__file__).parent)


@dataclass(frozen=True)
class Diagnostic:
    """One finding in a model's text.

    Attributes
    ----------
    message : str
        What was expected, what was found, and what to do.
    line : int
        From 1; 0 where the finding is about the whole file.
    column : int
        From 0, in characters of ``source``.
    source : str
        The text of the line.
    width : int
        How many characters the caret underlines.
    notes : tuple of (str, int, str)
        Further places: what was stated there, its line, that line's text.
    """

    message: str
    line: int = 0
    column: int = 0
    source: str = ""
    width: int = 1
    notes: tuple[tuple[str, int, str], ...] = ()

    def render(self, file: str) -> str:
        where = f"{file}:{self.line}" if self.line else file
        text = f"{where}: {self.message}"
        if self.line:
            before, end = cells(self.source[: self.column]), self.column + max(1, self.width)
            carets = "^" * max(1, cells(self.source[self.column : end]))
            text += f"\n    {self.source}\n    {' ' * before}{carets}"
        for message, line, source in self.notes:
            text += f"\n  {file}:{line}: {message}\n    {source}"
        return text


def cells(text: str) -> int:
    """How many places a terminal gives a text: accents have none, wide characters two."""
    return sum(
        (not unicodedata.combining(one)) * (1 + (unicodedata.east_asian_width(one) in "WF"))
        for one in text
    )


class ModelError(SymbpttError):
    """A model that can't be read, with every finding that does not follow from another."""

    def __init__(self, file: str, diagnostics: tuple[Diagnostic, ...]) -> None:
        self.file = file
        self.diagnostics = diagnostics
        super().__init__("\n".join(d.render(file) for d in diagnostics))


class MissingLossError(SymbpttError):
    """A model without a loss was to be differentiated."""


class UnboundFunctionError(SymbpttError):
    """Code or numbers were wanted of a model with a function left abstract."""


class MissingRuleError(SymbpttError):
    """A node kind has no adjoint rule, or a printer no method for it."""


class UnknownNameError(SymbpttError):
    """A name (of a model, a function, a format, a variable) that does not exist."""


def meant(name: str, known: Iterable[str], otherwise: str = "", likeness: float = 0.6) -> str:
    """``did you mean `tanh`?``, or what is said where no known name is near."""
    close = get_close_matches(name, list(known), 2, likeness)
    return f"did you mean {' or '.join(f'`{one}`' for one in close)}?" if close else otherwise


def known_as(what: str, name: str, names: Iterable[str]) -> None:
    """Refuse a name that is not among those of its kind.

    Raises
    ------
    UnknownNameError
    """
    known = tuple(names)
    if name not in known:
        raise UnknownNameError(f"no {what} is called {name!r}; expected one of: {', '.join(known)}")


class OptionError(SymbpttError):
    """Options that do not go together, or one that does not apply."""


class InterfaceError(SymbpttError):
    """A module does not offer what generated-module.md describes."""


class ProgramError(SymbpttError):
    """A person's own code can't be read, or not be called."""


class TrialError(SymbpttError):
    """A module that was made failed when it was tried: it is not handed out."""


class LoweringError(SymbpttError):
    """A derivation's step can't be turned into code: it reads what is not there yet."""


class EvaluationError(SymbpttError):
    """An expression has no value at a point: undefined there, or its shapes do not fit."""


class NotAffineError(SymbpttError):
    """A recurrence is not affine in its previous values; ``term`` is the expression at fault."""

    def __init__(self, message: str, term: object = None) -> None:
        super().__init__(message)
        self.term = term


class NotFoldedError(SymbpttError):
    """Unrolled values follow no closed form that could be found."""


class NotProvedError(SymbpttError):
    """A statement could not be proved; the message says where the two sides differ."""


class EstimatorError(SymbpttError):
    """An estimator that does not exist, or not with that argument."""


class FormulaError(SymbpttError):
    """A formula, such as ``d(L, h[t])``, that can't be read or does not apply."""


class DocumentError(SymbpttError):
    """A document that can't be proofread as a whole; it says in which line, and why."""


class DataError(SymbpttError):
    """A document written as data that can't be read back; it says at which place, and why."""


class TypesettingError(SymbpttError):
    """A document can't be made a PDF: nothing that sets it is there, or it failed."""


class SheetError(SymbpttError):
    """An exercise sheet, or the answers to it, that can't be read."""


class AnalysisError(SymbpttError):
    """What is to be analyzed is not there, or the numbers given do not fit the model."""


class OutputError(SymbpttError):
    """A result can't be written where it was to go."""
