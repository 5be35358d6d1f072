"""Documents in other languages: nothing in them is left in English, and English stays as it is."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest

from symbptt.algebra import Model
from symbptt.calculus.gradients import FORMS, derive
from symbptt.errors import SymbpttError, UnknownNameError
from symbptt.language import library
from symbptt.typeset.article import article
from symbptt.typeset.blocks import Document, Heading, Math, Paragraph, Words
from symbptt.typeset.style import Style
from symbptt.typeset.translation import ENGLISH, LANGUAGES, Catalogue, entries, translated
from tests import cells
from tests.modules import in_turn, some

NAMES = (*library.differentiable(), *cells.NAMES)
STYLES = (
    Style(),
    Style("row", "superscript", "D"),
    Style("column", "subscript", "bar", "index"),
    Style("row", "subscript", "delta", "index"),
)
OTHERS = tuple(code for code in LANGUAGES if code != ENGLISH)
NAMED = re.compile(r"\{(\w+)(?::\w+)?\}")


def in_itself() -> Catalogue:
    """From English into English: what it changes or lacks is at fault."""
    return Catalogue(ENGLISH, entries(ENGLISH), entries(ENGLISH))


def read(name: str) -> Model:
    return cells.cell(name) if name in cells.NAMES else library.load(name)


def documents(name: str, number: int) -> Iterator[Document]:
    """Of every form, of one step's loss, of the estimators, in all styles or one in turn."""
    asked = [{"form": form, "of": of} for form in FORMS for of in ("L", "loss[t]")]
    asked += [{"estimator": one} for one in ("window:2", "chunk:3", "random:1/2")]
    for k, options in enumerate(in_turn(number, asked)):
        try:
            derivation = derive(read(name), **options)
        except SymbpttError:
            continue
        for style in in_turn(number + k, STYLES):
            if style.detail != "index" or derivation.form == "adjoint":
                yield article(derivation, "", style)


@pytest.mark.parametrize("code", OTHERS)
def test_a_language_says_everything_with_the_same_names(code: str) -> None:
    english, other = entries(ENGLISH), entries(code)
    assert english.keys() == other.keys()
    for key, text in english.items():
        assert sorted(NAMED.findall(text)) == sorted(NAMED.findall(other[key])), key


@pytest.mark.parametrize("number", some(range(len(NAMES)), 4))
def test_every_sentence_is_in_the_catalogue(number: int) -> None:
    catalogue = in_itself()
    for document in documents(NAMES[number], number):
        # Without sentences a catalogue leaves every one as it is.
        assert catalogue.document(document) == Catalogue(ENGLISH, {}, {}).document(document)
    assert not catalogue.missing


def test_a_sentence_that_is_in_no_catalogue_stays_and_is_reported() -> None:
    catalogue = Catalogue("vi", entries(ENGLISH), entries("vi"))
    text = ("Nobody has said of ", Math("x"), " what this says.")
    assert catalogue.block(Paragraph(text)) == Paragraph(text)
    assert list(catalogue.missing) == ["Nobody has said of \ue000 what this says."]


def test_names_stand_where_the_language_wants_them() -> None:
    catalogue = Catalogue("xx", {"a.b": "{x} before {y:thing}"}, {"a.b": "{y} behind {x}"})
    told = catalogue.prose((Math("x"), " before ", Math("y")))
    assert told == (Math("y"), " behind ", Math("x"))


def test_what_the_author_wrote_stays() -> None:
    words = Words("The model")
    document = Document((), (words,), "Real-time recurrent learning", (Heading((words,)),))
    told = translated(document, "vi")
    assert told.title == (words,)
    assert told.blocks == document.blocks
    assert told.subtitle == "Học hồi quy thời gian thực"
    assert told.language == "vi"


def test_an_unknown_language_names_those_that_there_are() -> None:
    with pytest.raises(UnknownNameError, match="expected one of: en, vi"):
        Style.of(language="xx")
