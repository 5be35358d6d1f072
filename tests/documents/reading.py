"""From the text of a document to its equations, for tests."""

from __future__ import annotations

from symbptt.documents.displays import displays
from symbptt.documents.macros import expanded
from symbptt.documents.pages import page
from symbptt.documents.rows import PrintedEquation, equations


def equations_of(text: str, file: str = "paper.tex", inline: bool = False) -> list[PrintedEquation]:
    found = displays(expanded(page(text, file)))
    return [one for display in found if inline or not display.inline for one in equations(display)]


def texts(text: str, file: str = "paper.tex", inline: bool = False) -> list[str]:
    return [one.text for one in equations_of(text, file, inline)]
