"""The array program: what is computed where, still in the algebra's expressions.

A program knows no language. A block says over which rows its statements run: once
(``static``), over all steps at once (``all``), step by step (``loop``), or over the last
step of every sequence (``last``). Passes may rewrite programs; a printer makes text.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from symbptt.algebra import Cotangent, Expr, Model, Param, Ref

Place = Literal["static", "all", "loop", "last"]


@dataclass(frozen=True)
class Assign:
    """``target = value`` or, with ``add``, ``target += value``.

    Attributes
    ----------
    target : Ref, Param or Cotangent
        At its own step t; at ``t - k`` where a reverse step hands something to k steps
        before; at T (or T - k) in a ``last`` block; without index where it has no time.
    value : Expr
        Everything in it stands at step t (T in a ``last`` block) or before.
    step : int
        The number of the derivation's step that it carries out; 0 for a forward equation.
    formula : str
        That step, or equation, as one line of text.
    part : str
        What of it the statement does, where it does not do the whole.
    """

    target: Ref | Param | Cotangent
    value: Expr
    add: bool = False
    step: int = 0
    formula: str = ""
    part: str = ""


@dataclass(frozen=True)
class Block:
    """Statements that run over the same rows; ``backward`` loops go from T to 1."""

    place: Place
    statements: tuple[Assign, ...]
    backward: bool = False


@dataclass(frozen=True)
class Program:
    """A model's forward pass, loss and backward pass.

    Attributes
    ----------
    model : Model
        In normal form.
    forward, loss, backward, gradients : tuple of Block
        ``loss`` holds what only the loss needs; ``gradients`` runs after ``backward``.
    """

    model: Model
    forward: tuple[Block, ...]
    loss: tuple[Block, ...]
    backward: tuple[Block, ...]
    gradients: tuple[Block, ...]
