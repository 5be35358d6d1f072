"""Blocks as a notebook: Markdown between cells of code, which make and try the module."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence

from symbptt.algebra import Abstract, Model
from symbptt.functions.elementwise import FUNCTIONS
from symbptt.functions.losses import LOSSES
from symbptt.typeset.blocks import Block, Code, Heading, Paragraph, Prose, Words, prose
from symbptt.typeset.format import Markdown


class Notebook(Markdown):
    """Each heading begins a cell, each piece of code is one."""

    def body(self, blocks: Sequence[Block]) -> str:
        cells = enumerate(_cells(blocks), 1)
        return ",\n".join(self.cell(number, cell) for number, cell in cells) + "\n"

    def cell(self, number: int, blocks: Sequence[Block]) -> str:
        cell: dict[str, object] = {"id": f"cell-{number}", "metadata": {}}
        if isinstance(blocks[0], Code):
            text = blocks[0].text
            cell |= {"cell_type": "code", "execution_count": None, "outputs": []}
        else:
            text = "\n\n".join(map(self.block, blocks))
            cell["cell_type"] = "markdown"
        cell["source"] = text.splitlines(keepends=True)
        lines = json.dumps(cell, indent=1, ensure_ascii=False).splitlines()
        return "\n".join(f"  {line}" for line in lines)

    def comment(self, text: str) -> str:
        return _within_quotes(super().comment(text))

    def title(self, text: Prose) -> str:
        return _within_quotes(super().title(text))


def _within_quotes(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)[1:-1]


def _cells(blocks: Sequence[Block]) -> Iterator[list[Block]]:
    cell: list[Block] = []
    for block in blocks:
        if cell and (isinstance(block, Heading | Code) or isinstance(cell[0], Code)):
            yield cell
            cell = []
        cell.append(block)
    yield cell


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


def with_code(model: Model, blocks: Sequence[Block]) -> tuple[Block, ...]:
    """A document about a model, between the model's text and a trial of its module."""
    return (Code(_reading(model)), *blocks, *_trial(model))


def _reading(model: Model) -> str:
    text = model.text.rstrip("\n") + "\n"
    quoted = repr(text) if "'''" in text or "\\" in text else f"'''\\\n{text}'''"
    return (
        "import numpy as np\nimport symbptt\n\n"
        f"model = symbptt.parse({quoted}, {model.name!r})\nprint(symbptt.show(model))"
    )


def _trial(model: Model) -> Iterator[Block]:
    steps = "" if any(source.timed for source in model.inputs) else ", steps=T"
    fitting = {one.name: _fitting(one) for one in model.abstract if one.default is None}
    yield Heading(("The same in NumPy",))
    if "" in fitting.values():
        name = next(name for name, function in fitting.items() if not function)
        yield Paragraph(("No function that symbptt knows can stand for ", Words(name), "."))
        return
    bound = f", bind={fitting!r}" if fitting else ""
    yield Paragraph(prose("A module computes the last member of every chain above."))
    yield Code(f"module = symbptt.module(model{bound})\nmodule.PARAMS")
    yield Paragraph(prose("A call with random numbers, two sequences of five steps:"))
    yield Code(_CALL % steps)
    yield Paragraph(prose("The derivative along a random direction, beside a difference:"))
    yield Code(_DIFFERENCE % steps)
    yield Paragraph(prose("Every proof and every test, a row each:"))
    yield Code("symbptt.verify(model)")


def _fitting(abstract: Abstract) -> str:
    """A function that can stand for an abstract one, or ""."""
    fitting = (
        iter(LOSSES)
        if abstract.loss
        else (f.name for f in FUNCTIONS.values() if len(f.derivatives) == abstract.arity)
    )
    return next(fitting, "")
