"""The array program: what is computed where, still in the algebra's expressions.

A program knows no language. A block says over which rows its statements run: once
(``static``), over all steps at once (``all``), step by step (``loop``), over the last step of
every sequence (``last``), or again and again over all steps (``sweep``). Passes rewrite
programs; a printer makes text.

The block of sweeps of a window (`symbptt.codegen.sweeping`) is the body of a loop over the
distance n = 0, 1, ... between a loss and what is differentiated. A cotangent with a
``part`` is, in it, that of the current sweep; as a target at t - k it belongs to the sweep
k later, and before the block, to sweep k. One without is what the sweeps are added to.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from symbptt.algebra import Concat, Cotangent, Derivative, Expr, Model, Param, Ref

Place = Literal["static", "all", "loop", "last", "chunk", "sweep"]
Target = Ref | Param | Cotangent | Derivative
Family = tuple[Expr, ...]


@dataclass(frozen=True)
class Assign:
    """``target = value`` or, with ``add``, ``target += value``.

    Attributes
    ----------
    target : Ref, Param or Cotangent
        At its own step t; at ``t - k`` where a reverse step hands something to k steps
        before; at T (or T - k) in a ``last`` block; without index where it has no time. In
        forward mode a Jacobian or a sensitivity.
    value : Expr
        Everything in it stands at step t (T in a ``last`` block) or before.
    step : int
        The number of the derivation's step that it carries out; 0 for a forward equation.
    formula : str
        That step, or equation, as one line of text.
    part : str
        What of it the statement does, where it does not do the whole.
    beside : tuple of Ref, Param or Cotangent
        Names that stand behind the target, end to end with it, and are written with it.
    cited : tuple of (step, formula)
        What else the statement carries out, where passes made one of several.
    """

    target: Target
    value: Expr
    add: bool = False
    step: int = 0
    formula: str = ""
    part: str = ""
    beside: tuple[Target, ...] = ()
    cited: tuple[tuple[int, str], ...] = ()

    @property
    def targets(self) -> tuple[Target, ...]:
        return (self.target, *self.beside)

    @property
    def whole(self) -> Expr:
        """All that is written, as one expression."""
        return Concat(self.targets) if self.beside else self.target


@dataclass(frozen=True)
class Block:
    """Statements that run over the same rows; ``backward`` loops go from T to 1.

    ``hoisted`` statements of a loop do not depend on what the loop computes: they run before
    it, over the rows of a whole chunk of steps at once (the place ``chunk``). A loop that
    is a ``scan`` has one statement, which adds to its target a known multiple of the step
    before (`symbptt.codegen.fast.passes.scan`).
    """

    place: Place
    statements: tuple[Assign, ...]
    backward: bool = False
    hoisted: tuple[Assign, ...] = ()
    scan: bool = False

    @property
    def in_chunks(self) -> bool:
        """Whether its steps are taken in chunks."""
        return bool(self.hoisted) or self.scan

    def run(self) -> Iterator[tuple[Place, Assign]]:
        """The statements in order, each with its place."""
        for statement in self.hoisted:
            yield "chunk", statement
        for statement in self.statements:
            yield self.place, statement


@dataclass(frozen=True)
class Program:
    """A model's forward pass, loss and backward pass.

    Attributes
    ----------
    model : Model
        In normal form.
    forward, loss, backward, gradients : tuple of Block
        ``loss`` holds what only the loss needs; ``gradients`` runs after ``backward``.
    families : tuple of tuple of Expr
        Names that stand end to end in one array, in this order.
    by_blocks : frozenset of tuple of Expr
        Those families of which a step's rows are not columns side by side but blocks end to
        end, one a member (`symbptt.codegen.fast.blocks`).
    reuse : tuple of (tuple of Expr, tuple of Expr)
        Families by columns, each with one by blocks that takes over its array step by step.
    gates : tuple of (str, int)
        Inputs of the model that are an estimator's gates, by how many steps they cross.
    """

    model: Model
    forward: tuple[Block, ...]
    loss: tuple[Block, ...]
    backward: tuple[Block, ...]
    gradients: tuple[Block, ...]
    families: tuple[Family, ...] = ()
    by_blocks: frozenset[Family] = frozenset()
    reuse: tuple[tuple[Family, Family], ...] = ()
    gates: tuple[tuple[str, int], ...] = ()

    @property
    def blocks(self) -> tuple[Block, ...]:
        """All blocks in the order in which they run."""
        return (*self.forward, *self.loss, *self.backward, *self.gradients)

    @property
    def timed(self) -> frozenset[str]:
        """The names of all values a step that are assigned."""
        return frozenset(t.name for t in self.targets if isinstance(t, Ref))

    @property
    def targets(self) -> tuple[Target, ...]:
        """All that is assigned, in order."""
        return tuple(
            target
            for block in self.blocks
            for _, statement in block.run()
            for target in statement.targets
        )

    @property
    def names(self) -> set[str]:
        """All that has a name, in the model or by being assigned."""
        return {*self.model.names, *(target.name for target in self.targets)}

    @property
    def introduced(self) -> tuple[str, ...]:
        """The names that the model does not have, in order."""
        known = {e.name for e in self.model.equations} | {i.name for i in self.model.inputs}
        known |= {p.name for p in self.model.parameters} | {d.name for d in self.model.derived}
        return tuple(dict.fromkeys(t.name for t in self.targets if t.name not in known))
