"""From the sensitivity form to an array program: real-time recurrent learning.

What is read out of the recurrence is lowered like a backward pass, which gives the direct
derivatives of all steps at once. One loop from the first step to the last then carries the
sensitivities along and adds what they and the direct derivatives give to the gradients.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace

from symbptt import algebra as al
from symbptt.calculus import forms
from symbptt.calculus.derivation import Derivation, Step
from symbptt.codegen.broadcasting import with_matrices
from symbptt.codegen.contributions import formula_of
from symbptt.codegen.lowering import Lowering, merged
from symbptt.codegen.program import Assign, Block, Program
from symbptt.codegen.tangents import Gathered
from symbptt.errors import OptionError
from symbptt.typeset.plain import plain


def lower_forward(derivation: Derivation) -> Program:
    """The array program of a derivation in the sensitivity form.

    Raises
    ------
    LoweringError
        If a step reads what no equation can give at that step.
    """
    return with_matrices(_ForwardMode(derivation).program())


def _as_cotangent(expr: al.Expr) -> al.Expr:
    """Direct derivatives live where a backward pass keeps gradients."""
    if isinstance(expr, al.Direct):
        return al.Cotangent(expr.name, expr.index, expr.shape)
    return al.map_children(expr, _as_cotangent)


def _in_reverse(step: Step) -> Step:
    target = _as_cotangent(step.target)
    assert isinstance(target, al.Cotangent)
    return replace(step, target=target, members=tuple(map(_as_cotangent, step.members)))


def _read_at_the_end(steps: Sequence[Step]) -> Iterator[Step]:
    """What is read out at the last step alone receives nothing at the others."""
    stated = {step.target.name for step in steps if step.kind == "adjoint"}
    for step in steps:
        if step.kind == "boundary" and step.target.name not in stated:
            name, shape = step.target.name, step.shape
            nothing = (forms.zero(shape),)
            yield replace(
                step, kind="adjoint", target=al.Cotangent(name, al.NOW, shape), members=nothing
            )


class _ForwardMode:
    def __init__(self, derivation: Derivation) -> None:
        self.derivation = derivation
        self.given = derivation.of_kind("seed", "adjoint", "boundary")
        steps = tuple(map(_in_reverse, self.given))
        steps = (*steps, *_read_at_the_end(steps))
        self.lowering = Lowering(replace(derivation, steps=steps))
        self.sensitivities = derivation.of_kind("start", "sensitivity")

    def program(self) -> Program:
        lowered = self.lowering.program()
        loop = Block("loop", (*self.within(), *self.through(), *self.gathered()))
        read = frozenset(step.target.name for step in self.sensitivities)
        read_out = merged([self.lowering.last_adjoints(), *self.lowering.reverse()])
        read_out, gradients = self.lowering.needed(read_out, tuple(self.gradients()), read)
        read_out = tuple(map(self.told, read_out))
        starts = Block("static", tuple(self.assign(s) for s in self.derivation.of_kind("start")))
        blocks = merged((*read_out, starts, loop))
        return replace(lowered, backward=blocks, gradients=gradients)

    def told(self, block: Block) -> Block:
        """A block whose statements cite the steps as they are: direct derivatives."""
        formulas = {s.number: formula_of(s) for s in self.given}
        direct = {
            s.number: plain(s.target.of) for s in self.given if isinstance(s.target, al.Direct)
        }
        statements = []
        for statement in block.statements:
            name = direct.get(statement.step, "").partition("[")[0]
            part = re.sub(rf"dL/d({name}\[.*?\])", r"direct(L, \1)", statement.part) if name else ""
            formula = formulas.get(statement.step, statement.formula)
            statements.append(replace(statement, formula=formula, part=part or statement.part))
        return replace(block, statements=tuple(statements))

    def assign(self, step: Step) -> Assign:
        assert isinstance(step.target, al.Derivative)
        for node in al.walk(step.result):
            if isinstance(node, al.Derivative) and node.held == "equation":
                raise OptionError(
                    f"--mode forward has no code for {plain(node)}, which reorders the entries of "
                    "a matrix that is transposed; --mode reverse needs no such Jacobian"
                )
        return Assign(step.target, step.result, step=step.number, formula=formula_of(step))

    # --- the loop --------------------------------------------------------------------------

    def within(self) -> Iterator[Assign]:
        """The derivatives within the step that a sensitivity reads, in order."""
        steps = {step.target: step for step in self.derivation.of_kind("jacobian")}
        pending = [step.result for step in self.derivation.of_kind("sensitivity")]
        wanted: set[al.Expr] = set()
        while pending:
            for node in al.walk(pending.pop()):
                if isinstance(node, al.Derivative) and node.held == "step" and node not in wanted:
                    wanted.add(node)
                    pending.append(steps[node].result)
        return (self.assign(step) for target, step in steps.items() if target in wanted)

    def through(self) -> Iterator[Assign]:
        return map(self.assign, self.derivation.of_kind("sensitivity"))

    def gathered(self) -> Iterator[Assign]:
        """What each sensitivity gives to the gradient by what it is taken by."""
        steps = {s.target: s for s in self.derivation.of_kind("gradient", "initial")}
        given = {e.name for e in self.derivation.normal.equations}
        for sensitivity in self.derivation.of_kind("sensitivity"):
            target = sensitivity.target
            assert isinstance(target, al.Derivative)
            if target.name not in given:
                continue
            output, wrt = target.output, target.wrt
            assert isinstance(output, al.Ref) and isinstance(wrt, al.Ref | al.Param)
            index = wrt.index if isinstance(wrt, al.Ref) else None
            gradient = al.Cotangent(wrt.name, index, wrt.shape)
            value = al.Pullback(
                output, wrt, al.Cotangent(output.name, al.NOW, output.shape), "nothing"
            )
            step = steps[gradient]
            part = f"{plain(gradient)} += {plain(replace(value, cotangent=al.Direct(output)))}"
            yield Assign(gradient, value, True, step.number, formula_of(step), part)

    # --- gradients -------------------------------------------------------------------------

    def gradients(self) -> Iterator[Block]:
        """What the loop has gathered, and what does not go through the recurrence."""
        for step in self.derivation.of_kind("initial"):
            if isinstance(step.target, al.Cotangent) and self.is_gathered(step):
                yield Block("static", (self.total(step, ()),), backward=True)
        for step in self.derivation.of_kind("gradient"):
            terms = step.result.terms if isinstance(step.result, al.Add) else (step.result,)
            rest = [t for t in terms if not _is_through(t) and not forms.is_zero(t)]
            others = tuple(map(self.lowering.over_rows, rest))
            yield Block("static", (self.total(step, others),), backward=True)

    def total(self, step: Step, others: tuple[al.Expr, ...]) -> Assign:
        assert isinstance(step.target, al.Cotangent)
        found = (Gathered(step.target),) if self.is_gathered(step) else ()
        value = forms.add((*found, *others), step.shape)
        return Assign(step.target, value, step=step.number, formula=formula_of(step))

    def is_gathered(self, step: Step) -> bool:
        """Whether some sensitivity is taken by what a gradient is taken by."""
        target = step.target
        given = {e.name for e in self.derivation.normal.equations}
        for sensitivity in self.derivation.of_kind("sensitivity"):
            found = sensitivity.target
            assert isinstance(found, al.Derivative)
            wrt = found.wrt
            assert isinstance(wrt, al.Ref | al.Param)
            index = wrt.index if isinstance(wrt, al.Ref) else None
            if (wrt.name, index) == (target.name, target.index) and found.name in given:
                return True
        return False


def _is_through(term: al.Expr) -> bool:
    """Whether a term of a gradient is what the loop gathers."""
    inner = term.term if isinstance(term, al.TimeSum) else term
    return isinstance(inner, al.Pullback) and inner.held == "nothing"
