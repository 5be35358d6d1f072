"""Derivations as documents: one printer of markup and one template for each format."""

from __future__ import annotations

import shlex
from dataclasses import dataclass

from symbptt.calculus.derivation import Derivation
from symbptt.calculus.estimators import FULL
from symbptt.errors import OptionError, UnknownNameError
from symbptt.templating import environment
from symbptt.typeset.article import write_article
from symbptt.typeset.markup import LatexMarkup, MarkdownMarkup, Markup
from symbptt.typeset.style import Style


@dataclass(frozen=True)
class Format:
    """A document format.

    Attributes
    ----------
    markup : Markup
        Sets text, formulas and displays.
    fragment : str
        The template, in templates/latex, of what ``fragment=True`` gives: a header and
        the body.
    frame : str
        The template of the whole document.
    suffix : str
        Of files of this format.
    words : str
        What it is, for a list of formats.
    """

    markup: Markup
    fragment: str
    frame: str
    suffix: str
    words: str


FORMATS: dict[str, Format] = {
    "tex": Format(LatexMarkup(), "fragment.tex.j2", "article.tex.j2", ".tex", "LaTeX article"),
    "md": Format(
        MarkdownMarkup(), "fragment.md.j2", "article.md.j2", ".md", "Markdown with TeX formulas"
    ),
}


def render(
    derivation: Derivation, to: str = "tex", fragment: bool = False, style: Style | None = None
) -> str:
    """The derivation as a document.

    Parameters
    ----------
    to : str
        A key of `FORMATS`.
    fragment : bool
        Leave out preamble and title, for pasting into another document.
    style : Style, optional
        Layout, notation and level of detail; columns, fractions and steps without it.

    Raises
    ------
    UnknownNameError
        If there is no such format.
    """
    if to not in FORMATS:
        raise UnknownNameError(
            f"no document format is called {to!r}; formats: {', '.join(FORMATS)}"
        )
    chosen = FORMATS[to]
    style = style or Style()
    refuse_together(derivation, style)
    command = _command(derivation, to, fragment, style)
    template = environment("latex").get_template(chosen.fragment if fragment else chosen.frame)
    return template.render(article=write_article(derivation, chosen.markup, command, style))


def refuse_together(derivation: Derivation, style: Style) -> None:
    """Refuse a form in a style in which it can't be shown.

    Raises
    ------
    OptionError
    """
    if style.detail == "index" and derivation.form != "adjoint":
        raise OptionError(
            f"--detail index can't be combined with --form {derivation.form}: entry by entry "
            "there is the adjoint form"
        )


def _command(derivation: Derivation, to: str, fragment: bool, style: Style) -> str:
    words = ["symbptt", "derive", derivation.model.name]
    words += [] if to == "tex" else ["--to", to]
    words += ["--fragment"] if fragment else []
    words += [] if derivation.form == "adjoint" else ["--form", derivation.form]
    words += [] if derivation.of == "L" else ["--of", derivation.of]
    words += ["--only", ",".join(derivation.only)] if derivation.only else []
    words += [] if derivation.estimator == FULL else ["--estimator", str(derivation.estimator)]
    return shlex.join(words) + style.options
