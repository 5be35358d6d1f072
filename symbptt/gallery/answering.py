"""What a playground asks, answered: a model's text to a page, a document, a module.

To derive loads neither NumPy nor SymPy. No file is opened that a request names, and nothing is run
that it holds.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from symbptt.algebra import Model
from symbptt.calculus.gradients import FORMS
from symbptt.codegen.render import generate
from symbptt.errors import Diagnostic, ModelError, OptionError, SymbpttError, known_as
from symbptt.figures.figure import graph
from symbptt.gallery.linked import Linked
from symbptt.gallery.telling import derivation_of, document_of
from symbptt.language.parser import parse
from symbptt.listing import model_text
from symbptt.typeset.document import FORMATS, SUFFIXES, framed, render
from symbptt.typeset.style import DETAILS, LAYOUTS, NOTATIONS, Style

Answer = dict[str, Any]
NAME = "model"
"""What a model is called that has no file."""

DOCUMENTS = tuple(name for name in SUFFIXES if name != "pdf")
"""What is written of a derivation; a PDF is set by another program, where a server answers."""


@dataclass(frozen=True)
class Asked:
    """A request, each part of it looked at.

    Attributes
    ----------
    want : str
        A key of `WANTED`, or one of `DOCUMENTS`.
    """

    model: Model
    want: str = "page"
    form: str = "adjoint"
    layout: str = "column"
    notation: str = ""
    detail: str = "steps"

    @property
    def style(self) -> Style:
        return Style.of(self.layout, self.notation, self.detail)

    @classmethod
    def of(cls, request: Mapping[str, Any]) -> Asked:
        """What is asked.

        Raises
        ------
        ModelError
            If the model is in error.
        OptionError, UnknownNameError
            If something else is asked for than there is.
        """
        if not all(isinstance(value, str) for value in request.values()):
            raise OptionError("a request holds texts alone")
        if unknown := sorted(request.keys() - {"model", "want", *_CHOICES, "notation"}):
            raise OptionError(f"a request has no {unknown[0]!r}")
        given = {name: str(value) for name, value in request.items() if name != "model"}
        for name in given.keys() & _CHOICES.keys():
            known_as(name, given[name], _CHOICES[name])
        for name in filter(None, given.get("notation", "").split(",")):
            known_as("notation", name, NOTATIONS)
        known_as("wish", given.get("want", "page"), (*WANTED, *DOCUMENTS))
        return cls(parse(request.get("model", ""), NAME, f"./{NAME}.rnn"), **given)


_CHOICES: dict[str, Any] = {"form": FORMS, "layout": LAYOUTS, "detail": DETAILS}


def answer(request: Mapping[str, Any]) -> Answer:
    """The answer to a request, of texts as it is.

    Parameters
    ----------
    request : mapping of str to str
        ``model``, the text of a model; ``want``, a key of `WANTED` or one of
        `DOCUMENTS`; ``form``, ``layout``, ``notation``, ``detail`` as
        `symbptt derive` has them.

    Returns
    -------
    dict
        What is wanted by its name (a page with ``shapes``), or ``errors``: of each the message and
        its place in the text, ``line`` from 1 (0: the whole), ``column`` from 0, ``width``.
    """
    try:
        asked = Asked.of(request)
        if asked.want in WANTED:
            return WANTED[asked.want](asked)
        return {asked.want: document(asked, asked.want)}
    except SymbpttError as error:
        return refused(error)


def refused(error: SymbpttError) -> Answer:
    """The answer that an error is."""
    found = error.diagnostics if isinstance(error, ModelError) else (Diagnostic(str(error)),)
    return {"errors": list(map(_place, found))}


def _place(found: Diagnostic) -> Answer:
    notes = (f"{message} (line {line})" for message, line, _ in found.notes)
    return {
        "message": "; ".join((found.message, *notes)),
        "line": found.line,
        "column": found.column,
        "width": found.width,
    }


def _page(asked: Asked) -> Answer:
    derivation = derivation_of(asked.model, asked.form)
    how = f"symbptt derive {asked.model.argument} --to html"
    document = document_of(asked.model, derivation, how, asked.style)
    printer = Linked(above="", below="", root="")
    page = framed(document, replace(FORMATS["html"], printer=printer))
    return {"page": page, "shapes": model_text(asked.model)}


def document(asked: Asked, to: str) -> str:
    """The derivation in a format.

    Raises
    ------
    OptionError
        If there is none, or it can't be told so.
    """
    derivation = derivation_of(asked.model, asked.form)
    if derivation is None:
        raise OptionError(f"there is no derivation to be written as {to}: no loss")
    return render(derivation, to, style=asked.style)


def _module(asked: Asked) -> Answer:
    return {"module": generate(asked.model)}


def _graph(asked: Asked) -> Answer:
    backward = asked.model.loss is not None
    return {"graph": graph(asked.model, backward=backward, notation=asked.notation)}


WANTED: Mapping[str, Callable[[Asked], Answer]] = {
    "page": _page,
    "module": _module,
    "graph": _graph,
}
"""Besides documents."""
