r"""How a derivation is shown: its layout, its notation, its level of detail.

Each choice is a row of a table, independent of the others: vectors as columns or rows,
steps in time below or above, derivatives as fractions, with an operator or with a sign of
their own for the gradient.
"""

from __future__ import annotations

from dataclasses import dataclass

from symbptt.errors import UnknownNameError, known_as
from symbptt.typeset.translation import ENGLISH, LANGUAGES


@dataclass(frozen=True)
class Layout:
    """Vectors as columns or as rows.

    Attributes
    ----------
    name : str
    receives : str
        How a quantity's gradient comes from an equation that reads it, in words.
    put_in : bool
        Whether the summary also stands with the gradients of auxiliary quantities put in:
        with rows they are products of matrices from left to right.
    """

    name: str
    receives: str
    put_in: bool = False


@dataclass(frozen=True)
class Choice:
    """A row of a notation's table.

    Attributes
    ----------
    name : str
    kind : str
        What it is a choice of; of each kind there is one at a time.
    words : str
        What it looks like.
    """

    name: str
    kind: str
    words: str


LAYOUTS: dict[str, Layout] = {
    layout.name: layout
    for layout in (
        Layout(
            "column",
            "the transposed Jacobian of that equation applied to the gradient with respect to "
            "what it defines",
        ),
        Layout(
            "row",
            "the gradient with respect to what it defines times the Jacobian of that equation",
            put_in=True,
        ),
    )
}

NOTATIONS: dict[str, Choice] = {
    choice.name: choice
    for choice in (
        Choice("subscript", "times", "steps in time below: h_t"),
        Choice("superscript", "times", "steps in time above: h^(t)"),
        Choice("leibniz", "derivatives", "fractions: dL/dh"),
        Choice("D", "derivatives", "the operator D: (DL)_h"),
        Choice("bar", "derivatives", "a bar on the variable: h with a bar"),
        Choice("delta", "derivatives", "delta with the variable above: delta^h"),
    )
}
"""The first one of each kind is the default."""

DETAILS: dict[str, str] = {
    "summary": "the results of all steps and nothing else",
    "steps": "every step with its chain of equals",
    "index": "every step entry by entry, too",
}


@dataclass(frozen=True)
class Style:
    """How a derivation is shown.

    Attributes
    ----------
    layout : str
        A key of `LAYOUTS`.
    times, derivatives : str
        Keys of `NOTATIONS`, one of each kind.
    detail : str
        A key of `DETAILS`.
    language : str
        One of `symbptt.typeset.translation.LANGUAGES`.
    """

    layout: str = "column"
    times: str = "subscript"
    derivatives: str = "leibniz"
    detail: str = "steps"
    language: str = ENGLISH

    @classmethod
    def of(
        cls,
        layout: str = "column",
        notation: str = "",
        detail: str = "steps",
        language: str = ENGLISH,
    ) -> Style:
        """The style of four options; ``notation`` is a list with commas, ``superscript,D``.

        Raises
        ------
        UnknownNameError
            If a name is in none of the tables, or two of one kind are asked for.
        """
        known_as("layout", layout, LAYOUTS)
        known_as("detail", detail, DETAILS)
        known_as("language", language, LANGUAGES)
        return cls(layout=layout, detail=detail, language=language, **_chosen(notation))

    @property
    def options(self) -> str:
        """The options of the command line that ask for this style, "" for the default."""
        usual = Style()
        notation = [n for n in (self.times, self.derivatives) if n not in usual.notation]
        parts = (
            f" --layout {self.layout}" if self.layout != usual.layout else "",
            f" --notation {','.join(notation)}" if notation else "",
            f" --detail {self.detail}" if self.detail != usual.detail else "",
            f" --language {self.language}" if self.language != usual.language else "",
        )
        return "".join(parts)

    @property
    def notation(self) -> tuple[str, str]:
        return self.times, self.derivatives


def _chosen(notation: str) -> dict[str, str]:
    """The choice of each kind that a list names."""
    chosen: dict[str, str] = {}
    for name in filter(None, (part.strip() for part in notation.split(","))):
        known_as("notation", name, NOTATIONS)
        kind = NOTATIONS[name].kind
        if kind in chosen:
            same = [choice.name for choice in NOTATIONS.values() if choice.kind == kind]
            raise UnknownNameError(
                f"the notations {chosen[kind]} and {name} can't be combined: "
                f"choose one of {', '.join(same)}"
            )
        chosen[kind] = name
    return chosen
