"""Parameters of which a program keeps several in one array: the gates of a cell above all."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import permutations
from typing import Any

import numpy as np

from symbptt import algebra as al
from symbptt.handwritten.forms import ArrayForm
from symbptt.typeset.plain import plain

MATRICES = re.compile(
    r"(?:W|U|R|w|[Ww]eights?|[Kk]ernel)(?:_?(?:x|h|i|xh|hh|ih|ix|hx|in|rec|all))?"
)
VECTORS = re.compile(r"[bB](?:ias(?:es)?)?(?:_?(?:h|all|ih|hh))?|bs")
"""What a program calls its stacks."""
OF_STATES = re.compile(r"U|R|.*(?:hh|rec)|W_?h|w_?h")


@dataclass(frozen=True)
class StackedArray:
    """One array of several parameters, in the model's orientation.

    Attributes
    ----------
    name : str
        What the program calls it.
    rows : tuple of tuple of str
        Blocks, row below row. Those that fit together in no matrix stand one behind the other,
        each of them flat.
    """

    name: str
    rows: tuple[tuple[str, ...], ...]

    def __str__(self) -> str:
        return f"{self.name} = [{'; '.join(' '.join(row) for row in self.rows)}]"

    def array(self, params: Mapping[str, Any], form: ArrayForm) -> Any:
        blocks = [[params[name] for name in row] for row in self.rows]
        ranks = {np.ndim(block) for row in blocks for block in row}
        if ranks == {1}:
            return form.param(np.concatenate([block for row in blocks for block in row]), False)
        heights = [{np.shape(block)[:1] for block in row} for row in blocks]
        widths = {sum(np.shape(block)[-1] for block in row if np.ndim(block)) for row in blocks}
        if ranks == {2} and all(len(each) == 1 for each in heights) and len(widths) == 1:
            return form.param(np.block(blocks), False)
        flat = [np.ravel(form.param(block, False)) for row in blocks for block in row]
        return np.concatenate(flat)

    def parts(
        self, array: Any, params: Mapping[str, Any], form: ArrayForm
    ) -> Iterator[tuple[str, Any]]:
        """The parts of a gradient, each as the parameter itself is handed in."""
        places = {name: np.zeros_like(value) for name, value in params.items()}
        count = 0
        for row in self.rows:
            for name in row:
                size = np.size(params[name])
                places[name] = np.reshape(np.arange(count, count + size), np.shape(params[name]))
                count += size
        # Where each number went is where its derivative comes from.
        where = np.argsort(np.ravel(self.array(places, form)))
        sorted_ = np.ravel(array)[where]
        for row in self.rows:
            for name in row:
                yield name, form.param(sorted_[places[name]], False)


Stacks = tuple[StackedArray, ...]
Family = Mapping[str, str]
"""Parameters that do the same in several equations: from the equation to the parameter."""


def families(model: al.Model) -> tuple[tuple[Family, ...], Family]:
    """Matrices that multiply the same vector, and vectors that are added, one an equation."""
    matrices: dict[tuple[str, al.Shape], dict[str, str]] = {}
    vectors: dict[al.Shape, dict[str, str]] = {}
    for equation in model.equations:
        for node in al.walk(equation.rhs):
            if isinstance(node, al.Product) and isinstance(node.left, al.Param):
                key = (plain(node.right), node.left.shape)
                matrices.setdefault(key, {})[equation.name] = node.left.name
            elif isinstance(node, al.Add):
                for term in node.terms:
                    if isinstance(term, al.Param) and len(term.shape) == 1:
                        vectors.setdefault(term.shape, {})[equation.name] = term.name
    several = [family for family in matrices.values() if len(family) > 1]
    gates = max(several, key=len, default={})
    alike = tuple(family for family in several if family.keys() == gates.keys())
    added = next((family for family in vectors.values() if family.keys() >= gates.keys()), {})
    return alike, {gate: added[gate] for gate in gates if gate in added}


def guesses(model: al.Model, words: Sequence[str]) -> tuple[tuple[Stacks, ...], ...]:
    """What a program's arrays may be stacks of: arrangements, each in every order of the gates.

    Parameters
    ----------
    words : sequence of str
        Names of the program that say nothing else.
    """
    matrices, added = families(model)
    called = [word for word in words if MATRICES.fullmatch(word)]
    biases = [word for word in words if VECTORS.fullmatch(word)]
    if not matrices:
        return ()
    gates = tuple(matrices[0])
    found = [*_gate_by_gate(matrices, added, words)]
    if found or len(called) > len(matrices) or len(biases) > 1:
        return tuple(found)
    for chosen in permutations(matrices) if called else ():
        if len(called) == 1:
            columns = {called[0]: chosen}
        else:
            ordered = sorted(called, key=lambda word: bool(OF_STATES.fullmatch(word)))
            columns = {word: (one,) for word, one in zip(ordered, chosen, strict=False)}
        orders = []
        for order in permutations(gates):
            stacks = [
                StackedArray(word, tuple(tuple(each[gate] for each in side) for gate in order))
                for word, side in columns.items()
            ]
            if biases and added:
                stacks.append(StackedArray(biases[0], tuple((added[gate],) for gate in order)))
            orders.append(tuple(stacks))
        found.append(tuple(orders))
    return tuple(found)


def _gate_by_gate(
    matrices: Sequence[Family], added: Family, words: Sequence[str]
) -> Iterator[tuple[Stacks, ...]]:
    """``Wf`` of [h, x] in the place of two matrices for each gate; one may have another name."""
    gates = tuple(matrices[0])
    if len(matrices) < 2 or len(gates) < 3:
        return
    called = {gate: [w for w in words if re.fullmatch(f"W_?{gate}", w)] for gate in gates}
    known = {gate: found[0] for gate, found in called.items() if found}
    others = [w for w in words if re.fullmatch("W_?[cguanz]", w) and w not in known.values()]
    left = [gate for gate in gates if gate not in known]
    if len(left) > 1 or (left and len(others) != 1):
        return
    known |= {gate: others[0] for gate in left}
    renamed = [
        StackedArray(word, ((added[gate],),))
        for gate in left
        if gate in added
        for word in words
        if word == known[gate].replace("W", "b", 1)
    ]
    for side in permutations(matrices):
        stacks = (StackedArray(w, (tuple(each[g] for each in side),)) for g, w in known.items())
        yield ((*stacks, *renamed),)
