"""The rows of the catalogue: what is printed, how it is proved, what the documents print.

A row names formulas of `tests.formula.catalogue`, which are typed from the documents.
"""

from __future__ import annotations

from dataclasses import dataclass

from tests.catalogue.printing import Printer
from tests.catalogue.proofs import Proof


@dataclass(frozen=True)
class Entry:
    """One row.

    Attributes
    ----------
    id : str
        The equation's number or name in its document.
    shown : tuple of Printer
    right, wrong, unreadable : tuple of str
        Formulas as the document prints them, by their ids.
    proved : tuple of Proof
    words : str
        What else is to be said of the printed form.
    figure : str
        A key of `tests.catalogue.figures.FIGURES`.
    """

    id: str
    shown: tuple[Printer, ...] = ()
    right: tuple[str, ...] = ()
    proved: tuple[Proof, ...] = ()
    wrong: tuple[str, ...] = ()
    unreadable: tuple[str, ...] = ()
    words: str = ""
    figure: str = ""


@dataclass(frozen=True)
class Document:
    """One of the seed documents."""

    title: str
    entries: tuple[Entry, ...]
