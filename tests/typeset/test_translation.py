"""Documents in other languages: nothing in them is left in English, and English stays as it is."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import suppress
from itertools import chain, product

import pytest

from symbptt.algebra import Model
from symbptt.calculus.gradients import FORMS, derive
from symbptt.errors import OptionError, SymbpttError, UnknownNameError
from symbptt.exercises.sheet import Sheet
from symbptt.figures.figure import graph
from symbptt.functions.losses import LOSSES
from symbptt.language import library
from symbptt.language.parser import parse
from symbptt.typeset.article import article
from symbptt.typeset.blocks import Document, Heading, Math, Paragraph, Words
from symbptt.typeset.document import FORMATS, printed, render
from symbptt.typeset.json_format import load_document
from symbptt.typeset.style import Style
from symbptt.typeset.text import lettered
from symbptt.typeset.translation import (
    ENGLISH,
    LANGUAGES,
    Catalogue,
    catalogue,
    entries,
    translated,
)
from symbptt.typeset.variants import variants
from symbptt.unrolled import answer
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


def unrolled(name: str) -> Iterator[Document]:
    """All equations, and every quantity and gradient in closed form or not."""
    model = read(name)
    quantities = [item.name for item in model.definitions]
    asked = [None, *quantities, *(f"d(L, {name}[t])" for name in quantities)]
    for what in asked:
        with suppress(SymbpttError):
            yield answer(model, what, 4).document()


def sheets(name: str) -> Iterator[Document]:
    with suppress(SymbpttError):
        derivation = derive(read(name))
        for steps, filled in product(((1,), (1, 2, 3)), (False, True)):
            yield Sheet(derivation, Style(), steps).document("", filled)


@pytest.mark.parametrize("number", some(range(len(NAMES)), 4))
def test_every_sentence_is_in_the_catalogue(number: int) -> None:
    said = in_itself()
    kinds = (documents(NAMES[number], number), unrolled(NAMES[number]), sheets(NAMES[number]))
    for document in chain.from_iterable(kinds):
        # Without sentences a catalogue leaves every one as it is.
        assert said.document(document) == Catalogue(ENGLISH, {}, {}).document(document)
    assert not said.missing


RARE = (
    "a summand is split off the sum:",
    "The beginning: at \ue000 the sum is written out:",
    "1 term, WRONG",
    "2 terms, WRONG",
    "the rest",
    "5 steps, 0 wrong",
    "too few steps for this recurrence",
    "any differentiable loss",
    *(
        f"any differentiable loss; {name.replace('_', ' ')} unless another is chosen"
        for name in LOSSES
    ),
)
"""What no model of ours says."""

FOUND = (
    (
        "joint_matrix_three_parts",
        {"estimator": "chunk:3"},
        Style("row", derivatives="delta", detail="index"),
    ),
    ("norms_and_robust_losses", {"form": "sensitivity", "of": "loss[t]"}, Style()),
    ("last_step_of_an_unread_state", {"estimator": "random:1/2"}, Style("row", "superscript", "D")),
    ("start_as_an_expression", {"estimator": "window:2"}, Style(derivatives="bar", detail="index")),
    ("elman", {"form": "joined"}, Style()),
    ("lstm", {"form": "expanded"}, Style("row", "superscript", "D")),
    ("lag_by_a_constant", {"form": "sensitivity"}, Style()),
    ("lagged_input_read_out", {}, Style(derivatives="bar", detail="index")),
    ("last_two_steps", {"form": "expanded"}, Style()),
    ("no_recurrence_at_the_end", {"estimator": "window:2"}, Style()),
    ("joint_matrix", {"form": "joined"}, Style()),
    ("product_of_matrices", {}, Style()),
    ("summed", {}, Style()),
    ("summed", {"of": "loss[t]"}, Style()),
    ("summed_over_sequences", {}, Style()),
    ("held_reservoir", {}, Style()),
    ("covariance", {"form": "expanded"}, Style()),
)
"""Derivations that say everything that derivations say."""
OPEN = """
x: (n,)
phi: function
h[t] = phi(h[t-1], x[t], x[t], x[t], x[t])
loss[t] = squared_error(h[t], x[t])
"""
UNROLLED = (
    ("rational", "a"),
    ("more_awkward_names", "d(L, grads[t])"),
    ("used_by_nobody", "d(L, past[t])"),
    ("char_rnn", None),
    ("char_rnn", "x"),
    ("char_rnn", "h"),
    ("matrix_recurrence", "a"),
)


@pytest.mark.parametrize("code", OTHERS)
def test_no_entry_is_without_use(code: str) -> None:
    said = in_language(code)
    for name, options, style in FOUND:
        said.document(article(derive(read(name), **options), "", style))
    for name, what in UNROLLED:
        said.document(answer(read(name), what, 4).document())
    for name in ("gaussian", "antisymmetric", "char_rnn", "recurrence"):
        for document in sheets(name):
            said.document(document)
    derivation, style = derive(read("linear_bias")), Style(language=code)
    said.document(article(derivation, "", style, parts=("backward",)))
    for text in RARE:
        said.text(text)
    pages = variants(derivation, style)
    render(derivation, "html", style=style, variants=pages)
    brief = Style(detail="summary", language=code)
    render(derivation, "html", style=brief, variants=variants(derivation, brief))
    for to in ("beamer", "ipynb"):
        render(derivation, to, style=style)
    render(derive(parse(OPEN, "open")), "ipynb", style=style)
    for steps, backward in product((1, 2), (False, True)):
        graph(read("linear_bias"), steps, backward=backward, language=code)
    for name in ("last_step_of_an_unread_state", "summed"):
        graph(read(name), 1, language=code)
    graph(parse("h[t] = 2\n", "given"), language=code)
    unused = entries(ENGLISH).keys() - said.used
    assert sorted(key for key in unused if not key.startswith("list.")) == []
    assert not said.missing


def in_language(code: str) -> Catalogue:
    """The catalogue that documents use, as if nothing had been said."""
    found = catalogue(code)
    for record in (found.used, found.said, found.missing):
        record.clear()
    return found


def test_a_sentence_that_is_in_no_catalogue_stays_and_is_reported() -> None:
    said = Catalogue("vi", entries(ENGLISH), entries("vi"))
    text = ("Nobody has said of ", Math("x"), " what this says.")
    assert said.block(Paragraph(text)) == Paragraph(text)
    assert list(said.missing) == ["Nobody has said of \ue000 what this says."]


def test_names_stand_where_the_language_wants_them() -> None:
    said = Catalogue("xx", {"a.b": "{x} before {y:thing}"}, {"a.b": "{y} behind {x}"})
    told = said.prose((Math("x"), " before ", Math("y")))
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


def test_a_document_is_told_in_another_language_once() -> None:
    derivation = derive(read("linear"))
    document = load_document(render(derivation, "json"))
    told = printed(document, "md", language="vi")
    assert told == render(derivation, "md", style=Style(language="vi"))
    assert "Lượt truyền ngược" in told
    with pytest.raises(OptionError, match="only one in English can be told in en"):
        printed(translated(document, "vi"), language="en")


@pytest.mark.parametrize("to", [*FORMATS, "ipynb", "json"])
def test_every_format_has_nothing_but_the_language(to: str) -> None:
    english, told = (
        render(derive(read("linear")), to, style=Style(language=code)) for code in (ENGLISH, "vi")
    )
    words = "The backward pass", "Lượt truyền ngược"
    shown = [lettered(word) if to in ("tex", "beamer") else word for word in words]
    assert shown[0] in english and shown[1] not in english
    assert shown[1] in told and shown[0] not in told


def test_formulas_are_in_no_language() -> None:
    with pytest.raises(OptionError, match="--language vi and --to formulas can't be combined"):
        render(derive(read("linear")), "formulas", style=Style(language="vi"))
