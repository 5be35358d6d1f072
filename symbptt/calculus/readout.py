"""The part of the chain rule that does not enter the recurrence, for the forms that do not
walk it backwards.

What is read out of the recurrence (the logits, the loss) is visited in reverse, as in the
adjoint form; it gives to every value of the recurrence that it reads a direct derivative.
"""

from __future__ import annotations

from collections.abc import Iterator

from symbptt import algebra as al
from symbptt.calculus.adjoint import Edge, Walk, over_time, shared
from symbptt.calculus.derivation import EquationName, Reason, Step, Target, TotalLoss, listed
from symbptt.calculus.order import in_step_order, recurrent_quantities


class ReadOut(Walk):
    """Walks what no state depends on, and hands out numbers for the rest."""

    def __init__(self, model: al.Model) -> None:
        super().__init__(model, wrt_inputs=False)
        self.recurrent = recurrent_quantities(model)
        self.carried = tuple(i for i in model.initials if i.name not in model.integers)

    def target(self, name: str, index: al.Index, shape: al.Shape) -> Target:
        given = {initial.name for initial in self.carried}
        if name in self.recurrent or name in given:
            return al.Direct(al.Ref(name, index, shape))
        return al.Cotangent(name, index, shape)

    def readers(self, name: str) -> list[Edge]:
        return [r for r in super().readers(name) if r.reader.name not in self.recurrent]

    def read_out(self) -> Iterator[Step]:
        """The seed, what the loss gives to what is read out, and that to the recurrence."""
        yield self.seed()
        for equation in reversed(in_step_order(self.model)):
            if equation.name == "loss" or self.only_names(equation):
                continue
            if equation.name not in self.recurrent:
                yield from self.adjoint(equation.name, equation.shape, equation.last)
            elif self.readers(equation.name):
                yield from self.direct(equation.name, equation.shape)
        for source in self.model.inputs:
            given = any(initial.name == source.name for initial in self.carried)
            if given and self.readers(source.name):
                yield from self.adjoint(source.name, source.shape, not source.timed)
        for initial in self.carried:
            if any(initial.step + r.lag >= 1 for r in self.readers(initial.name)):
                yield from self.initials(initial)

    def direct(self, name: str, shape: al.Shape) -> Iterator[Step]:
        steps = list(self.adjoint(name, shape, last=False))
        # Read at T alone, it has a direct derivative there and nowhere else.
        if self.ends_alone():
            steps = [step for step in steps if step.kind == "boundary"]
            self.number -= 1
        yield from steps

    def ends_alone(self) -> bool:
        """Whether the recurrence is read out at the last step T and at no other."""
        found = (r for name in self.read_directly() for r in self.readers(name))
        return all(r.last and r.lag == 0 for r in found)

    def read_directly(self) -> tuple[str, ...]:
        """The quantities of the recurrence that something outside it reads, in order."""
        order = (e.name for e in in_step_order(self.model))
        return tuple(n for n in order if n in self.recurrent and self.readers(n))

    # --- gradients -------------------------------------------------------------------------

    def outside(self, operand: al.Param) -> tuple[list[tuple[al.Expr, ...]], Reason]:
        """What a parameter receives without the recurrence, and where it stands there."""
        chains, readers = [], []
        for reading in self.readings:
            name = reading.reader.name
            if reading.operand == operand and name in self.live and name not in self.recurrent:
                chains.append(over_time(reading))
                readers.append(reading.reader)
        starts = [i for i in self.model.initials if i.value == operand]
        chains += [(self.start(initial, operand.shape),) for initial in starts]
        return chains, shared(operand, readers, starts) if chains else ()

    def gradients(self, operand: al.Param, through: al.Expr | None, why: Reason) -> Step:
        """dL/d(parameter): through the recurrence, and what else it receives."""
        chains, reason = self.outside(operand)
        if through is not None:
            chains.insert(0, (through,))
            reason = (*why, *(("; ", *reason) if reason else ()))
        reason = reason or (TotalLoss(), " does not depend on ", operand)
        return self.make(
            "gradient", al.Cotangent(operand.name, None, operand.shape), chains, reason
        )

    def initial_gradient(self, initial: al.Initial, through: al.Expr | None, why: Reason) -> Step:
        """dL/d(value at a step <= 0)."""
        value = initial.ref
        target = al.Cotangent(initial.name, value.index, initial.shape)
        parts = [] if through is None else [through]
        reason = why
        if any(initial.step + r.lag >= 1 for r in self.readers(initial.name)):
            parts.append(al.Direct(value))
            reason = (*why, "; it is read out itself, too") if through is not None else (
                value, " does not enter the recurrence, but is read out itself",
            )  # fmt: skip
        if not parts:
            reason = ("nothing that ", TotalLoss(), " depends on reads ", value)
        return self.make("initial", target, [(part,) for part in parts], reason)


def computed_from(output: al.Ref, operands: list[al.Expr]) -> Reason:
    """ "h_t is computed from a_t in (F2)"."""
    read = listed([(operand,) for operand in operands])
    return (output, " is computed from ", *read, " in ", EquationName(output.name))
