"""The gates of an estimator in a program: one scalar a step for each lag that is crossed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from symbptt.algebra import Expr, Input, Model, Mul, Ref, map_children
from symbptt.codegen.program import Assign, Block, Program


def with_gates(program: Program, gate: str) -> Program:
    """The program with the gates that a term crosses as one factor, an input of the model.

    xi_{t-k+1} ... xi_t stand beside each other where an equation reads k steps back; their
    product is a value of step t, so that nothing reads an earlier gate.
    """
    joint = _Joint(program.model, gate)

    def statement(found: Assign) -> Assign:
        return replace(found, value=joint.joined(found.value))

    def block(found: Block) -> Block:
        return replace(found, statements=tuple(map(statement, found.statements)))

    backward = tuple(map(block, program.backward))
    names = sorted(joint.lags, key=lambda name: joint.lags[name])
    inputs = tuple(Input(name, ()) for name in names)
    model = replace(program.model, inputs=(*program.model.inputs, *inputs))
    gates = tuple((name, joint.lags[name]) for name in names)
    return replace(program, model=model, backward=backward, gates=gates)


class _Joint:
    def __init__(self, model: Model, gate: str) -> None:
        self.gate = gate
        self.taken = {gate, *model.names}
        self.names: dict[int, str] = {}

    @property
    def lags(self) -> dict[str, int]:
        return {name: lag for lag, name in self.names.items()}

    def joined(self, expr: Expr) -> Expr:
        """Every product with its gates as one factor in front."""
        visit: Callable[[Expr], Expr] = self.joined
        expr = map_children(expr, visit)
        if not isinstance(expr, Mul):
            return expr
        gates = [f for f in expr.factors if isinstance(f, Ref) and f.name == self.gate]
        if not gates:
            return expr
        rest = tuple(f for f in expr.factors if f not in gates)
        return Mul((self.factor(gates), *rest))

    def factor(self, gates: list[Ref]) -> Ref:
        """The product of neighbouring gates, known by that of the last step."""
        lag = len(gates)
        if lag not in self.names:
            name = self.gate if lag == 1 else f"{self.gate}_{lag}"
            while lag > 1 and name in self.taken:
                name += "_"
            self.taken.add(name)
            self.names[lag] = name
        return replace(gates[-1], name=self.names[lag])
