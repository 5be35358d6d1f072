"""Documents in a format, a row of a table each: a printer of blocks and a frame."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from symbptt.calculus.derivation import Derivation
from symbptt.calculus.estimators import FULL
from symbptt.errors import OptionError, known_as
from symbptt.output import signed
from symbptt.templating import environment
from symbptt.typeset.article import article, made
from symbptt.typeset.beamer_format import Beamer
from symbptt.typeset.blocks import Block, Document, Figure, Version, Words
from symbptt.typeset.chapters import PARTS
from symbptt.typeset.format import Format, Markdown, Tex
from symbptt.typeset.formulas import formulas_text
from symbptt.typeset.fragment import Fragment, FragmentTex
from symbptt.typeset.html_format import Html
from symbptt.typeset.json_format import json_text
from symbptt.typeset.notebook_format import notebook_text
from symbptt.typeset.style import Style
from symbptt.typeset.text_format import TextFormat
from symbptt.typeset.translation import ENGLISH, translated
from symbptt.typeset.typst_format import Typst


@dataclass(frozen=True)
class Output:
    """A format that documents are written in.

    Attributes
    ----------
    printer : Format
        Prints blocks.
    frame : str
        The template of what stands around them.
    suffix : str
        Of files of this format.
    words : str
        What it is, for a list of formats.
    kind : str
        The folder of the template.
    """

    printer: Format
    frame: str
    suffix: str
    words: str
    kind: str = "latex"


FORMATS: dict[str, Output] = {
    "tex": Output(Tex(), "article.tex.j2", ".tex", "LaTeX article"),
    "md": Output(Markdown(), "article.md.j2", ".md", "Markdown with TeX formulas"),
    "text": Output(TextFormat(), "article.txt.j2", ".txt", "text of 80 columns, Unicode formulas"),
    "html": Output(Html(), "page.html.j2", ".html", "page for a browser, one file", "html"),
    "beamer": Output(Beamer(), "slides.tex.j2", ".tex", "slides in LaTeX, an idea each"),
    "typst": Output(Typst(), "article.typ.j2", ".typ", "Typst article"),
}

WHOLE: dict[str, str] = {"ipynb": "a notebook", "json": "data", "pdf": "a PDF"}
"""Formats without fragments: a file is one thing, and what it is."""

SUFFIXES: dict[str, str] = {name: chosen.suffix for name, chosen in FORMATS.items()}
SUFFIXES |= {"formulas": ".formulas", "ipynb": ".ipynb", "json": ".json", "pdf": ".pdf"}
"""What a derivation is written as, and how files of it end; `symbptt.typeset.pdf` sets a PDF."""


@dataclass(frozen=True)
class Framed:
    """What a frame receives: ready strings."""

    made: tuple[str, ...]
    title: str
    subtitle: str
    author: str
    subject: str
    body: str
    whole: bool
    language: str
    parts: Mapping[str, str]


def printed(
    document: Document, to: str = "tex", fragment: Fragment | None = None, language: str = ""
) -> str:
    """A document in a format.

    Parameters
    ----------
    to : str
        A key of `FORMATS`.
    fragment : Fragment, optional
        Leave out preamble and title, for pasting into another document.
    language : str
        What an English document is told in, `en` or `vi`; its own if not given.

    Raises
    ------
    UnknownNameError
        If there is no such format or language.
    OptionError
        If a document that is not in English is asked for in another language.
    """
    known_as("format", to, FORMATS)
    if language and language != document.language:
        made = tuple(
            f"{line} --language {language}" if ": symbptt " in line else line
            for line in document.made
        )
        document = replace(translated(document, language), made=made)
    chosen = FORMATS[to]
    if fragment and to == "tex":
        chosen = replace(chosen, printer=FragmentTex(fragment))
    # What was read as data is made again in this format by the command with its name.
    option = "" if to == "tex" else f" --to {to}"
    made_so = tuple(line.replace(" --to json", option, 1) for line in document.made)
    return framed(replace(document, made=made_so), chosen, whole=fragment is None)


def framed(document: Document, chosen: Output, whole: bool = True) -> str:
    """What the printer of a format prints, in its frame if it is to be ``whole``."""
    printer = chosen.printer.speaking(document.language)
    title, author = printer.title(document.title), printer.words(document.author)
    subject = document.subtitle[:1].lower() + document.subtitle[1:]
    subtitle, subject = map(printer.plain, (document.subtitle, subject))
    body = printer.body(document.blocks)
    page = Framed(
        tuple(map(printer.comment, document.made)),
        title,
        subtitle,
        author,
        subject,
        body,
        whole=whole,
        language=document.language,
        parts=printer.parts(document, title + subtitle + author + body) if whole else {},
    )
    return signed(environment(chosen.kind).get_template(chosen.frame).render(page=page))


def render(
    derivation: Derivation,
    to: str = "tex",
    fragment: Fragment | None = None,
    style: Style | None = None,
    parts: Sequence[str] = (),
    title: str = "",
    author: str = "",
    beside: Iterable[Block] = (),
    variants: Iterable[Version] = (),
    figure: Figure | None = None,
) -> str:
    """The derivation as a document.

    Parameters
    ----------
    to : str
        A key of `SUFFIXES`.
    fragment : Fragment, optional
        Leave out preamble and title, for pasting into another document.
    style : Style, optional
        Layout, notation and level of detail; columns, fractions and steps without it.
    parts : sequence of str
        Of `PARTS`; all of them if none are given.
    title, author : str
        What stands on top; without a title that of the model.
    beside : iterable of Block
        What stands at the end of it, its code for instance.
    variants : iterable of Version
        What a page lets its reader switch to, itself first.
    figure : Figure, optional
        The model's graph, to stand before the model.

    Raises
    ------
    UnknownNameError
        If there is no such format or part.
    OptionError
        If these can't be combined.
    """
    style = style or Style()
    for part in parts:
        known_as("part", part, PARTS)
    refuse_together(derivation, style, to, fragment, parts)
    refuse_signed(to, fragment, {"--title": title, "--author": author})
    refuse_language(to, style.language)
    command = _command(derivation, to, fragment, style, parts, title, author)
    command += " --graph" if figure else ""
    if figure and to == "formulas":
        raise OptionError("--graph and --to formulas can't be combined: formulas have no pictures")
    if to == "formulas":
        return formulas_text(derivation, made(derivation, command), style)
    ahead, parts = (figure,) if figure else (), parts or tuple(PARTS)
    told = article(derivation, command, style, parts=parts, beside=beside, ahead=ahead)
    told = replace(
        told,
        title=(Words(title),) if title else told.title,
        author=author,
        variants=tuple(variants),
    )
    told = translated(told, style.language)
    if to == "ipynb":
        return notebook_text(told, derivation.model)
    if to == "json":
        return json_text(told)
    return printed(told, to, fragment and fragment.named(derivation.model.name))


def refuse_together(
    derivation: Derivation,
    style: Style,
    to: str = "tex",
    fragment: Fragment | None = None,
    parts: Sequence[str] = (),
) -> None:
    """Refuse what can't be shown together.

    Raises
    ------
    OptionError
    """
    if style.detail == "index" and derivation.form != "adjoint":
        raise OptionError(
            f"--detail index can't be combined with --form {derivation.form}: entry by entry "
            "there is the adjoint form"
        )
    if style.detail == "summary" and set(parts) & {"backward", "gradients"}:
        raise OptionError(
            f"--detail summary and --parts {','.join(parts)} can't be combined: a summary "
            "leaves the steps out"
        )
    if parts and to == "formulas":
        raise OptionError("--parts and --to formulas can't be combined: formulas are all steps")
    if fragment and to in WHOLE:
        raise OptionError(
            f"--fragment and --to {to} can't be combined: {WHOLE[to]} is a whole file"
        )
    refuse_landing(to, fragment)


def refuse_landing(to: str, fragment: Fragment | None) -> None:
    """Refuse options of a fragment where there are no labels.

    Raises
    ------
    OptionError
    """
    if fragment and to != "tex" and fragment.options:
        raise OptionError(
            f"{fragment.options[0]} and --to {to} can't be combined: it is about LaTeX"
        )


def refuse_signed(
    to: str,
    fragment: Fragment | None,
    given: Mapping[str, str],
    bare: Sequence[str] = ("formulas",),
) -> None:
    """Refuse a title or an author where there is no place for one, as in the ``bare`` formats.

    Raises
    ------
    OptionError
    """
    place = "--fragment" if fragment else f"--to {to}" if to in bare else ""
    for option in (option for option, text in given.items() if text and place):
        raise OptionError(f"{option} and {place} can't be combined: there is no place for it")


def refuse_language(to: str, language: str, bare: Sequence[str] = ("formulas",)) -> None:
    """Refuse a language where there are no sentences, as in the ``bare`` formats.

    Raises
    ------
    OptionError
    """
    if language != ENGLISH and to in bare:
        raise OptionError(
            f"--language {language} and --to {to} can't be combined: that is no document"
        )


def _command(
    derivation: Derivation,
    to: str,
    fragment: Fragment | None,
    style: Style,
    parts: Sequence[str],
    title: str,
    author: str,
) -> str:
    words = ["symbptt", "derive", derivation.model.argument]
    words += [] if to == "tex" else ["--to", to]
    words += ["--fragment", *fragment.options] if fragment else []
    words += ["--parts", ",".join(parts)] if parts else []
    words += ["--title", title] if title else []
    words += ["--author", author] if author else []
    words += [] if derivation.form == "adjoint" else ["--form", derivation.form]
    words += [] if derivation.of == "L" else ["--of", derivation.of]
    words += ["--only", ",".join(derivation.only)] if derivation.only else []
    words += [] if derivation.estimator == FULL else ["--estimator", str(derivation.estimator)]
    return " ".join(map(_quoted, words)) + style.options


def _quoted(word: str) -> str:
    """As a shell reads it, in ASCII."""
    if word.isascii():
        return shlex.quote(word)
    return "$'" + re.sub(r"[^ -~]|['\\\\]", lambda m: rf"\U{ord(m[0]):08x}", word) + "'"
