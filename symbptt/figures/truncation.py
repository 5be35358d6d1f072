"""Figure 9.7.1 of seed 004: how far back gradients go under three strategies."""

from __future__ import annotations

import random
from collections.abc import Sequence

from symbptt.errors import AnalysisError
from symbptt.figures.svg import Drawing, Svg
from symbptt.output import MARK

CELL, LEFT, ROW = 22.0, 96.0, 92.0


def truncation_figure(
    text: str,
    *,
    characters: int = 32,
    tau: int = 8,
    pi: float = 0.8,
    seed: int = 0,
    gates: Sequence[bool] | None = None,
    how: str = "truncation_figure",
) -> Svg:
    """The first characters of a text under random, regular and no truncation, as SVG.

    Parameters
    ----------
    text : str
        Runs of white space are drawn as one space.
    characters : int
        How many of its characters are drawn.
    tau : int
        The length of a regular piece.
    pi : float
        The probability that the recurrence goes on into a step, 0 < pi <= 1.
    seed : int
        Draws the random cuts.
    gates : sequence of bool, optional
        In place of the draw: for every character whether the gradient passes into it from
        the right to the one before; the first is ignored.
    how : str
        What makes the figure again.

    Raises
    ------
    AnalysisError
        If a number is out of range, or there is no text.
    """
    shown = " ".join(text.split())[:characters]
    if not shown:
        raise AnalysisError("there is no text to draw")
    rows = (
        (
            "random", random_pieces(len(shown), pi, seed, gates),
            f"cut before a step with probability {1 - pi:.4g}; a step not cut weighs 1/{pi:.4g}",
        ),
        ("regular", regular_pieces(len(shown), tau), f"pieces of {tau} steps"),
        ("full", (len(shown),), "no cut"),
    )  # fmt: skip
    drawing = Drawing(
        LEFT + CELL * len(shown) + 24,
        ROW * len(rows) + 16,
        "Three strategies for the gradients of a recurrence: random truncation, regular "
        "truncation and full backpropagation through time",
        f"{MARK}: {how}",
        zoom=1.0,
    )
    for number, (name, pieces, words) in enumerate(rows):
        _row(drawing, 16 + ROW * number, shown, name, pieces, words)
    return drawing.svg()


def regular_pieces(length: int, tau: int) -> tuple[int, ...]:
    """The lengths of pieces of ``tau`` steps, the last one perhaps shorter."""
    if tau < 1:
        raise AnalysisError(f"tau is at least 1, not {tau}")
    return tuple(min(tau, length - start) for start in range(0, length, tau))


def random_pieces(
    length: int, pi: float, seed: int, gates: Sequence[bool] | None = None
) -> tuple[int, ...]:
    """The lengths of the pieces between random cuts."""
    if not 0 < pi <= 1:
        raise AnalysisError(f"pi lies above 0 and is at most 1, not {pi}")
    if gates is None:
        rng = random.Random(seed)
        gates = [rng.random() < pi for _ in range(length)]
    if len(gates) < length:
        raise AnalysisError(f"{length} gates are needed, not {len(gates)}")
    pieces = [1]
    for passes in gates[1:length]:
        if passes:
            pieces[-1] += 1
        else:
            pieces.append(1)
    return tuple(pieces)


def _row(
    drawing: Drawing, top: float, text: str, name: str, pieces: Sequence[int], words: str
) -> None:
    """A strategy: the text in pieces, below each the way of its gradients."""
    drawing.text((LEFT - 16, top + 19), name, anchor="end", size=15)
    drawing.text((LEFT, top + 66), words, anchor="start", kind="faint", size=11.5)
    start = 0
    for length in pieces:
        left, right = LEFT + CELL * start, LEFT + CELL * (start + length)
        middle = (left + right) / 2
        drawing.box((middle, top + 14), right - left - 4, 28, "line shade", radius=6)
        if start:
            # The state is handed on, the gradient is not.
            drawing.path((((left - 5, top + 14),), ((left + 4, top + 14),)), "dashed", arrow=False)
        if length > 1:
            start_of, end = (right - CELL / 2, top + 38), (left + CELL / 2 - 4, top + 38)
            drawing.path(((start_of,), (end,)))
        else:
            drawing.dot((middle, top + 38))
        for place in range(start, start + length):
            at = (LEFT + CELL * (place + 0.5), top + 19)
            drawing.text(at, text[place], mono=True, size=15)
        start += length
