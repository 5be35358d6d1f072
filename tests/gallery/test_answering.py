"""A playground's questions: what is answered is what the command line says, or why not."""

from __future__ import annotations

from typing import Any

import pytest

from symbptt.calculus.gradients import derive
from symbptt.figures.figure import graph
from symbptt.gallery.answering import DOCUMENTS, WANTED, answer
from symbptt.language import library
from symbptt.language.parser import parse
from symbptt.typeset.document import render
from tests.modules import some

TEXT = library.load("linear").text
WISHES = (*WANTED, *DOCUMENTS)


@pytest.mark.parametrize("wish", WISHES)
@pytest.mark.parametrize("name", some(library.runnable(), 3))
def test_every_wish_is_answered(name: str, wish: str) -> None:
    found = answer({"model": library.load(name).text, "want": wish})
    assert "errors" not in found
    assert "made by symbptt" in found[wish].lower() or wish in ("json", "ipynb")


def test_a_document_is_that_of_the_command_line() -> None:
    found = answer({"model": TEXT, "want": "tex", "form": "expanded"})
    derivation = derive(parse(TEXT, "model", "./model.rnn"), form="expanded")
    assert found["tex"] == render(derivation)


def test_options_are_heeded() -> None:
    plain = answer({"model": TEXT})["page"]
    for option in ({"layout": "row"}, {"notation": "superscript,D"}, {"detail": "index"}):
        assert answer({"model": TEXT, **option})["page"] != plain
    drawn = graph(parse(TEXT, "model", "./model.rnn"), backward=True, notation="superscript")
    assert answer({"model": TEXT, "want": "graph", "notation": "superscript"})["graph"] == drawn


def test_a_model_without_a_loss_is_shown() -> None:
    text = "\n".join(line for line in TEXT.splitlines() if not line.startswith(("l:", "loss")))
    found = answer({"model": f"{text}\n"})
    assert "Step by step" in found["page"]
    assert "no loss" in answer({"model": f"{text}\n", "want": "tex"})["errors"][0]["message"]


def test_an_error_has_its_place() -> None:
    (error,) = answer({"model": TEXT.replace("h[t-1]", "h[t-1")})["errors"]
    line = TEXT.splitlines()[error["line"] - 1]
    assert line[error["column"] :].startswith("[t-1]")


REFUSED: dict[str, dict[str, Any]] = {
    "nothing": {},
    "no text": {"model": 3},
    "no model": {"model": ""},
    "a file": {"model": "./linear.rnn"},
    "too long": {"model": "# a\n" * 1_000_000},
    "unknown wish": {"model": TEXT, "want": "__class__"},
    "another program": {"model": TEXT, "want": "pdf"},
    "unknown option": {"model": TEXT, "bind": "l=huber"},
    "unknown form": {"model": TEXT, "form": "sideways"},
    "unknown notation": {"model": TEXT, "notation": "subscript,newton"},
    "two notations": {"model": TEXT, "notation": "bar,delta"},
    "combined": {"model": TEXT, "form": "expanded", "detail": "index"},
    "surrogate": {"model": f"{TEXT}# \ud800\n"},
    "nul": {"model": f"{TEXT}\0"},
}


@pytest.mark.parametrize("what", REFUSED)
def test_what_can_not_be_answered_is_told(what: str) -> None:
    found = answer(REFUSED[what])
    assert list(found) == ["errors"]
    assert all(error["message"] for error in found["errors"])
