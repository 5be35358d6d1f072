"""A derivation as a notebook that runs: its document between cells that make and try the module."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence

from symbptt.algebra import Model
from symbptt.binding import fitting
from symbptt.output import signed
from symbptt.typeset.blocks import Block, Document, Heading
from symbptt.typeset.format import Markdown
from symbptt.typeset.translation import said

Cell = tuple[str, str]
"""``markdown`` or ``code``, and its text."""


def notebook_text(document: Document, model: Model) -> str:
    """The notebook as JSON, in version 4.5 of Jupyter's format.

    Every heading begins a cell. Outputs are empty: they come where it is run.
    """
    trial = ((kind, _said(kind, text, document.language)) for kind, text in _trial(model))
    cells = enumerate((*_told(document), *trial), 1)
    notebook = {
        "metadata": {
            "made": document.made,
            "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
            "language_info": {"name": "python"},
        },
        "nbformat": 4,
        "nbformat_minor": 5,
        "cells": [_cell(number, *cell) for number, cell in cells],
    }
    return signed(json.dumps(notebook, indent=1, ensure_ascii=False) + "\n")


def _cell(number: int, kind: str, text: str) -> dict[str, object]:
    cell: dict[str, object] = {"cell_type": kind, "id": f"cell-{number}", "metadata": {}}
    if kind == "code":
        cell |= {"execution_count": None, "outputs": []}
    return cell | {"source": text.splitlines(keepends=True)}


def _said(kind: str, text: str, language: str) -> str:
    """Words in the document's language; code as it is."""
    if kind == "code":
        return text
    words = text.lstrip("# ")
    return text.removesuffix(words) + said(words, language)


def _told(document: Document) -> Iterator[Cell]:
    printer = Markdown()
    author = [printer.words(document.author)] if document.author else []
    lines = (f"# {printer.title(document.title)}", document.subtitle, *author)
    yield "markdown", "\n\n".join(lines)
    for blocks in _sections(document.blocks):
        yield "markdown", "\n\n".join(map(printer.block, blocks))


def _sections(blocks: Sequence[Block]) -> Iterator[list[Block]]:
    section: list[Block] = []
    for block in blocks:
        if section and isinstance(block, Heading):
            yield section
            section = []
        section.append(block)
    yield section


# --- code ------------------------------------------------------------------------------

_CALL = """\
T, B = 5, 2
rng = np.random.default_rng(0)
sizes = dict.fromkeys(module.DIMS, 3)
lengths = sizes | {"T": T, "B": B}


def drawn(name):
    shape = [lengths.get(axis, axis) for axis in module.INPUTS[name]]
    if name not in module.INDEX_INPUTS:
        return rng.normal(size=shape)
    among = module.INDEX_INPUTS[name]
    return rng.integers(lengths.get(among, among), size=shape)


params = module.init_params(sizes, dtype=np.float64)
inputs = {name: drawn(name) for name in module.INPUTS}
loss, grads, carry = module.loss_and_grads(params, inputs%s)
loss"""

_DIFFERENCE = """\
direction = {name: rng.normal(size=value.shape) for name, value in params.items()}


def loss_at(step):
    moved = {name: value + step * direction[name] for name, value in params.items()}
    return module.loss_and_grads(moved, inputs%s)[0]


by_derivation = sum(np.sum(grads[name] * direction[name]) for name in params)
by_difference = (loss_at(1e-5) - loss_at(-1e-5)) / 2e-5
by_derivation, by_difference"""


def _reading(model: Model) -> str:
    text = model.text.rstrip("\n") + "\n"
    quoted = repr(text) if "'''" in text or "\\" in text else f"'''\\\n{text}'''"
    return (
        "import numpy as np\nimport symbptt\n\n"
        f"model = symbptt.parse({quoted}, {model.name!r})\nprint(symbptt.show(model))"
    )


def _trial(model: Model) -> Iterator[Cell]:
    """The model read, its module made, called with random numbers, and its gradient tried."""
    yield "markdown", "## The same in NumPy"
    yield "code", _reading(model)
    open_ones = [one for one in model.abstract if one.default is None]
    chosen = {one.name: next(iter(fitting(one)), "") for one in open_ones}
    if "" in chosen.values():
        name = next(name for name, function in chosen.items() if not function)
        yield "markdown", f"No function that symbptt knows can stand for `{name}`."
        return
    bound = f", bind={chosen!r}" if chosen else ""
    steps = "" if any(source.timed for source in model.inputs) else ", steps=T"
    yield "markdown", "A module computes the last member of every chain above."
    yield "code", f"module = symbptt.module(model{bound})\nmodule.PARAMS"
    yield "markdown", "A call with random numbers, two sequences of five steps:"
    yield "code", _CALL % steps
    yield "markdown", "The derivative along a random direction, beside a difference of losses:"
    yield "code", _DIFFERENCE % steps
    yield "markdown", "Every proof and every test, a row each:"
    yield "code", "symbptt.verify(model)"
