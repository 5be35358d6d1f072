"""What is given bad input: the readers of models, formulas and documents, and modules' functions.

A subject draws an input and takes it. What it refuses by a documented error, or takes, is well.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np

from symbptt.algebra import Model
from symbptt.calculus.gradients import derive
from symbptt.codegen.render import generate
from symbptt.documents.displays import displays
from symbptt.documents.macros import expanded
from symbptt.documents.pages import decode, page
from symbptt.documents.proofreading import proofread
from symbptt.documents.rows import equations
from symbptt.errors import (
    DocumentError,
    FormulaError,
    MissingLossError,
    ModelError,
    UnboundFunctionError,
)
from symbptt.formula.names import derived_form
from symbptt.formula.reading import read, readings
from symbptt.formula.shapes import Shaper
from symbptt.formula.text import formula_text
from symbptt.formula.typesetting import formula_latex
from symbptt.formula.verdict import check
from symbptt.language import library
from symbptt.language.parser import parse
from symbptt.listing import model_text
from tests import cells
from tests.formula.catalogue import MISPRINTS, RIGHT, TEXTS, UNREADABLE
from tests.formula.catalogue import model as model_of_row
from tests.formula.spelling.test_spellings import SAME
from tests.fuzz import arguments
from tests.fuzz.documents import documents
from tests.fuzz.formulas import drawn_formula
from tests.fuzz.mutation import WORDS, mutated
from tests.grammar import drawn_model, random_model

DEEPLY = 1 / 200
"""How many of the texts that are read go on to what is made of them."""


@dataclass(frozen=True)
class Subject:
    """Something that takes input.

    Attributes
    ----------
    draw : callable
        An input, from a source of random choices.
    take : callable
        Takes it; gives a word for what became of it, or raises.
    prepare : callable
        Makes once what all inputs share.
    """

    draw: Callable[[random.Random], Any]
    take: Callable[[Any], str]
    prepare: Callable[[], object] = lambda: None


# --- models ------------------------------------------------------------------------------


@cache
def model_texts() -> tuple[str, ...]:
    """Models as they stand, and statements of them by themselves, which are read faster."""
    whole = [library.load(name).text for name in library.names()]
    whole += [cells.cell(name).text for name in cells.NAMES]
    whole += [random_model(seed) for seed in range(20)]
    lines = {line for text in whole for line in text.splitlines() if line.strip()}
    return (*whole, *sorted(lines) * 4)


def draw_model(rng: random.Random) -> tuple[str, bool]:
    """A text, and whether it is to be derived and generated where it is a model."""
    kind = rng.random()
    if kind < 0.02:
        text = drawn_model(rng)
    elif kind < 0.1:
        text = rng.choice((" ", "")).join(rng.choices(WORDS, k=rng.randrange(1, 20)))
    else:
        text = mutated(rng, rng.choice(model_texts()), model_texts())
    return text, rng.random() < DEEPLY


def take_model(given: tuple[str, bool]) -> str:
    text, deeply = given
    try:
        model = parse(text)
    except ModelError as error:
        assert (error.diagnostics and str(error).isprintable()) or "\n" in str(error)
        return "refused"
    if not deeply:
        return "read"
    assert model_text(model)
    try:
        derive(model)
        generate(model, wrt_inputs=True)
    except (MissingLossError, UnboundFunctionError):
        return "refused later"
    return "made"


# --- formulas ----------------------------------------------------------------------------


@cache
def formula_texts() -> tuple[tuple[Model, tuple[str, ...]], ...]:
    """The formulas of the catalogue by their models, and as people type them."""
    found: dict[str, list[str]] = {}
    for row in (*RIGHT, *MISPRINTS, *UNREADABLE):
        found.setdefault(row.model, []).append(row.formula)
    for name in (*TEXTS, "lstm", "gru"):
        found.setdefault(name, ["d(L, h[t]) = 0"])
    for name, plain, texts in SAME:
        if name in found:
            found[name] += [plain, *texts]
    models = {name: model_of_row(name) for name in found}
    return tuple(
        (models[name], (*texts, *in_latex(models[name], texts))) for name, texts in found.items()
    )


def prepare_formulas() -> None:
    """Each model is asked about once: its derivation is no input's time."""
    for model, _ in formula_texts():
        for first in model.equations[:1]:
            of = "L" if any(e.name == "loss" for e in model.equations) else f"{first.name}[2]"
            check(model, f"d({of}, {first.name}[1]) = 0", horizon=2, seconds=0.5)


def in_latex(model: Model, texts: Sequence[str]) -> Iterator[str]:
    """What can be read of them, as it is printed in LaTeX, and some of it in Unicode."""
    shaper = Shaper(derived_form(model))
    for text in texts:
        try:
            printed = formula_latex(read(text, model), shaper)
        except FormulaError:
            continue
        yield printed
        yield printed.replace(r"\partial", "∂").replace(r"\odot", "⊙").replace(r"^{\top}", "ᵀ")


def draw_formula(rng: random.Random) -> tuple[Model, str, bool]:
    model, texts = rng.choice(formula_texts())
    if rng.random() < 0.1:
        text = drawn_formula(rng, model)
    else:
        text = mutated(rng, rng.choice(texts), texts)
    return model, text, rng.random() < 4 * DEEPLY


def take_formula(given: tuple[Model, str, bool]) -> str:
    model, text, deeply = given
    try:
        for reading in readings(text, model):
            assert all(map(formula_text, reading.links))
        if not deeply:
            return "read"
        check(model, text, horizon=2, seconds=0.2)
    except FormulaError as error:
        assert str(error)
        return "refused"
    return "judged"


# --- documents ---------------------------------------------------------------------------


def prepare_documents() -> None:
    proofread(library.load("linear"), "".join(documents()[:3]), seconds=0.5)


def draw_document(rng: random.Random) -> tuple[str, str, bool]:
    texts = documents()
    text = mutated(rng, rng.choice(texts), texts)
    return text, rng.choice(("paper.tex", "notes.md", "paper")), rng.random() < DEEPLY


def take_document(given: tuple[str, str, bool]) -> str:
    text, file, deeply = given
    try:
        whole = expanded(page(decode(text.encode("utf-8", "replace"), file), file))
        found = [one for display in displays(whole) for one in equations(display)]
        if not deeply:
            return "read" if found else "empty"
        assert str(proofread(library.load("linear"), text, file, inline=True, seconds=0.2))
    except DocumentError as error:
        assert str(error).startswith(file)
        return "refused"
    return "proofread"


# --- arguments ---------------------------------------------------------------------------


def take_call(given: arguments.Call) -> str:
    with np.errstate(all="ignore"):
        try:
            given.run()
        except ValueError as error:
            assert str(error)
            return "refused"
        except MemoryError:
            if not given.asks_for_much:
                raise
            return "too large"
    return "taken"


SUBJECTS = {
    "models": Subject(draw_model, take_model),
    "formulas": Subject(draw_formula, take_formula, prepare_formulas),
    "documents": Subject(draw_document, take_document, prepare_documents),
    "arguments": Subject(arguments.draw_call, take_call),
}
