"""A model's page in a gallery, with the files that it links to."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from hashlib import sha256
from html import escape
from urllib.parse import quote

from symbptt.algebra import Model
from symbptt.analysis.report import analyze
from symbptt.calculus.derivation import Derivation
from symbptt.errors import AnalysisError, MissingLossError, UnboundFunctionError
from symbptt.figures.figure import graph
from symbptt.gallery.features import family, features
from symbptt.gallery.linked import Linked
from symbptt.gallery.telling import derivation_of, document_of
from symbptt.listing import model_text
from symbptt.output import MARK, signed
from symbptt.plots.drawing import svg_text
from symbptt.proof.report import verify
from symbptt.proof.trial import generate
from symbptt.templating import environment
from symbptt.typeset.blocks import Display, Document, Equality
from symbptt.typeset.document import FORMATS, SUFFIXES, framed, render
from symbptt.typeset.html_format import Html
from symbptt.typeset.plain import plain
from symbptt.typeset.text_format import TextFormat

FOLDER = "models"

TEXTS = {"tex": "LaTeX", "md": "Markdown", "ipynb": "notebook", "text": "text", "json": "data"}
"""The documents that a page offers besides itself."""


@dataclass(frozen=True)
class Hit:
    """What a search finds: a place of a page, and the words by which it is found."""

    at: str
    says: str
    words: str


@dataclass(frozen=True)
class ModelPage:
    """A page as an index sees it.

    Attributes
    ----------
    equations : tuple of str
        Of the model, in TeX.
    found : tuple of Found
    files : dict of str to bytes
        By their paths within the site, the page first.
    """

    name: str
    href: str
    title: str
    family: str
    features: tuple[str, ...]
    equations: tuple[str, ...]
    found: tuple[Hit, ...]
    files: dict[str, bytes]


@dataclass(frozen=True)
class More:
    """What the template of a page's further parts receives: ready strings."""

    proof: str
    analysis: str
    drawn: str
    citation: str
    family: str
    features: tuple[str, ...]
    files: tuple[tuple[str, str], ...]
    playground: str


def page_of(model: Model, how: str, proved: bool = True, played: bool = False) -> ModelPage:
    """The page of a model.

    Parameters
    ----------
    how : str
        The command that makes the site.
    proved : bool
        With the report of `verify`, which takes most of the time.
    played : bool
        With a link to the playground.
    """
    derivation = derivation_of(model)
    document = document_of(model, derivation, how, switched=True)
    title = TextFormat().prose(document.title) if derivation else _title(model)
    files = dict(_files(model, derivation, how))
    drawn, numbers = _analysed(model, how)
    if drawn:
        files[f"{model.name}-spectra.svg"] = (drawn, "spectra")
    below = More(
        _proof(model) if proved and derivation else "",
        escape(numbers),
        quote(f"{model.name}-spectra.svg") if drawn else "",
        escape(citation(model, title)),
        escape(family(model)),
        tuple(map(escape, features(model))),
        tuple((quote(name), escape(words)) for name, (_, words) in files.items()),
        f"../playground.html#model={quote(model.name)}" if played else "",
    )
    templates = environment("gallery")
    printer = Linked(
        templates.get_template("above.html.j2").render(page=below),
        templates.get_template("below.html.j2").render(page=below),
    )
    whole = framed(document, replace(FORMATS["html"], printer=printer))
    href = f"{FOLDER}/{quote(model.name)}.html"
    return ModelPage(
        model.name,
        href,
        title,
        family(model),
        features(model),
        tuple(map(_set, _equations(document))),
        tuple(_findings(model, derivation, document, title, href)),
        {f"{FOLDER}/{model.name}.html": whole.encode()}
        | {f"{FOLDER}/{name}": text.encode() for name, (text, _) in files.items()},
    )


def _title(model: Model) -> str:
    first = model.text.lstrip().partition("\n")[0]
    return first.lstrip("# ").rstrip() if first.startswith("#") else model.name


def _files(
    model: Model, derivation: Derivation | None, how: str
) -> Iterator[tuple[str, tuple[str, str]]]:
    """Names of files, their texts, and what they are in words."""
    yield f"{model.name}.rnn", (model.text, "model")
    yield f"{model.name}-shapes.txt", (signed(f"# {MARK}: {how}\n{model_text(model)}"), "shapes")
    yield f"{model.name}.svg", (graph(model, backward=derivation is not None), "graph")
    if derivation is None:
        return
    for to, words in TEXTS.items():
        yield f"{model.name}{SUFFIXES[to]}", (render(derivation, to), words)
    try:
        yield f"{model.name}.py", (generate(model), "NumPy, fast")
        yield f"{model.name}-plain.py", (generate(model, level=0), "NumPy, to be read")
    except UnboundFunctionError:
        # A function left open has a derivation and no code: the page has no link to any.
        return


def _analysed(model: Model, how: str) -> tuple[str, str]:
    """The figure and the tables of what happens to gradients, or "" and why there are none."""
    try:
        found = analyze(model)
    except (AnalysisError, UnboundFunctionError, MissingLossError) as error:
        return "", str(error)
    return svg_text(found.chart(), how), str(found)


def _proof(model: Model) -> str:
    return verify(model)._repr_html_()


def citation(model: Model, title: str) -> str:
    """For BibTeX; an equation is cited by its number, which is that of its link."""
    digest = sha256(model.text.encode()).hexdigest()[:16]
    return (
        f"@misc{{symbptt:{model.name},\n"
        f"  title        = {{{title}: its backpropagation through time, derived and proved}},\n"
        f"  author       = {{{{symbptt}}}},\n"
        f"  howpublished = {{symbptt derive {model.argument}}},\n"
        f"  note         = {{SHA-256 of the model: {digest}}},\n"
        f"}}"
    )


def _equations(document: Document) -> Iterator[Equality]:
    """The first that a document displays, which are the model's."""
    display = next(block for block in document.blocks if isinstance(block, Display))
    yield from display.lines


def _set(line: Equality) -> str:
    return Html().formula(f" {line.sign} ".join((line.left, *line.members)))


def _findings(
    model: Model, derivation: Derivation | None, document: Document, title: str, href: str
) -> Iterator[Hit]:
    yield Hit(href, title, " ".join((model.name, family(model), *features(model))))
    if derivation is None:
        return
    for item, line in zip(model.definitions, _equations(document), strict=True):
        says = f"{plain(item.ref)} = {plain(item.rhs)}"
        yield Hit(f"{href}#eq-{line.tag}", says, f"{item.comment} {title}")
    for step in derivation.steps:
        yield Hit(f"{href}#eq-{step.number}", f"({step.number}) {plain(step.target)}", title)
