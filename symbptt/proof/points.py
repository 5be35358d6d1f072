"""Sizes and random points at which a model is examined.

All dimensions differ, so that a transposed factor does not conform; tokens and labels
repeat, so that what they share must add up.
"""

from __future__ import annotations

import random
from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from symbptt.algebra import Input, Model
from symbptt.proof.place import length, lengths, unit

if TYPE_CHECKING:
    from symbptt.proof.domain import Array, Domain
    from symbptt.proof.unrolled import Variable


def size_sets(model: Model) -> tuple[dict[str, int], ...]:
    """Two choices of small sizes: 2, 3, 4, … over the dimensions, and the same reversed."""
    taken = {dim for shape in model.shapes.values() for dim in shape if isinstance(dim, int)}
    free = [size for size in range(2, 3 + len(model.dims) + len(taken)) if size not in taken]
    chosen = free[: max(2, len(model.dims))]
    up = dict(zip(model.dims, chosen, strict=False))
    down = dict(zip(model.dims, reversed(chosen), strict=False))
    return (up, down) if model.dims else ({},)


def draw(
    model: Model, sizes: Mapping[str, int], steps: int, domain: Domain, rng: random.Random
) -> dict[Variable, Array]:
    """Random values for all that a run of ``steps`` steps is given."""
    given: dict[Variable, Array] = {}
    for parameter in model.parameters:
        given[parameter.name, None] = _random(lengths(parameter.shape, sizes), domain, rng)
    for initial in model.initials:
        if initial.value is None:
            source = next((i for i in model.inputs if i.name == initial.name), None)
            given[initial.name, initial.step] = (
                _random(lengths(initial.shape, sizes), domain, rng)
                if source is None
                else draw_input(source, sizes, 1, domain, rng)[0]
            )
    for source in model.inputs:
        if source.timed:
            for step, value in enumerate(draw_input(source, sizes, steps, domain, rng), 1):
                given[source.name, step] = value
        else:
            given[source.name, None] = draw_input(source, sizes, 1, domain, rng)[0]
    return given


def draw_input(
    source: Input, sizes: Mapping[str, int], steps: int, domain: Domain, rng: random.Random
) -> list[Array]:
    """An input's values at ``steps`` steps; the second integer repeats the first."""
    if source.index_dim is None:
        shape = lengths(source.shape, sizes)
        return [_random(shape, domain, rng) for _ in range(steps)]
    size = length(source.index_dim, sizes)
    labels = [rng.randrange(size) for _ in range(steps)]
    return [unit(label, size, domain) for label in [*labels[:1], *labels][:steps]]


def _random(shape: tuple[int, ...], domain: Domain, rng: random.Random) -> Array:
    values = np.empty(shape, dtype=object)
    for entry in np.ndindex(*shape):
        values[entry] = domain.random(rng)
    return values
