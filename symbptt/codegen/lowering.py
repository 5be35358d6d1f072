"""From a derivation to an array program: every statement carries out one step.

The last member of a step's chain is taken apart into its terms. A term with a cotangent
at t + k is what the reader gives at its own step t to the variable k steps before; so
read, nothing past T is ever touched. What does not depend on the recurrence leaves the
loop over time and becomes one statement for all steps.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

from symbptt import algebra as al
from symbptt.calculus import forms
from symbptt.calculus.adjoint import with_seed
from symbptt.calculus.derivation import Derivation, Step
from symbptt.calculus.order import derived_order, in_step_order, live_quantities
from symbptt.calculus.window import swept_quantities
from symbptt.codegen.broadcasting import with_matrices
from symbptt.codegen.contributions import Contribution, formula_of
from symbptt.codegen.gates import with_gates
from symbptt.codegen.naming import fresh
from symbptt.codegen.placement import components, is_recurrent, references
from symbptt.codegen.program import Assign, Block, Program
from symbptt.codegen.sweeping import Sweeps
from symbptt.errors import LoweringError
from symbptt.typeset.plain import plain


def lower(derivation: Derivation) -> Program:
    """The array program of a derivation.

    Raises
    ------
    LoweringError
        If a step reads what no equation can give at that step.
    """
    program = Lowering(derivation).program()
    if derivation.gate is not None:
        program = with_gates(program, derivation.gate.name)
    return with_matrices(program)


class Lowering:
    """The parts of a program, each from the steps that say it."""

    def __init__(self, derivation: Derivation) -> None:
        self.derivation = derivation
        self.model = derivation.normal
        self.last = {e.name for e in self.model.equations if e.last}
        self.components = components(self.model)
        self.home = {name: c for c in self.components for name in c}
        self.loops = {c for c in self.components if is_recurrent(self.model, c)}
        self.live = live_quantities(self.model)
        adjoints = derivation.of_kind("adjoint")
        self.steps = {s.target.name: s for s in adjoints if s.part is None}

    def program(self) -> Program:
        loss_side = loss_side_quantities(self.model)
        forward = [self.static()]
        loss: list[Block] = []
        for component in self.components:
            side = loss if component[0] in loss_side else forward
            side.extend(self.forward(component))
        ordered = [e for e in in_step_order(self.model) if e.last]
        loss.append(Block("last", tuple(self.equation(e, e.rhs) for e in ordered)))
        return Program(
            self.model,
            merged(forward),
            merged(loss),
            *self.needed(merged([self.last_adjoints(), *self.reverse()]), merged(self.gradients())),
        )

    def needed(
        self,
        backward: tuple[Block, ...],
        gradients: tuple[Block, ...],
        besides: frozenset[str] = frozenset(),
    ) -> tuple[tuple[Block, ...], tuple[Block, ...]]:
        """Without the adjoints that no result needs, such as that of an input.

        ``besides`` are the names of those that are needed elsewhere.
        """
        results = {(p.name, True) for p in self.model.learned}
        results |= {(i.name, True) for i in self.model.initials}
        results |= {(name, True) for name in besides}
        if self.derivation.wrt_inputs:
            results |= {(i.name, True) for i in self.model.inputs}
        while True:
            blocks = (*backward, *gradients)
            statements = [s for block in blocks for s in block.statements]
            read = {
                _adjoint(node)
                for statement in statements
                for node in al.walk(statement.value)
                if isinstance(node, al.Cotangent) and _adjoint(node) != _adjoint(statement.target)
            }
            wanted = results | read
            if all(_adjoint(s.target) in wanted for s in statements):
                return backward, gradients
            backward, gradients = _only(backward, wanted), _only(gradients, wanted)

    # --- forward ---------------------------------------------------------------------------

    def static(self) -> Block:
        statements = [
            Assign(al.Param(d.name, d.shape), d.rhs, formula=f"{d.name} = {plain(d.rhs)}")
            for d in derived_order(self.model)
        ]
        return Block("static", tuple(statements))

    def equation(self, equation: al.Equation, rhs: al.Expr) -> Assign:
        formula = f"{plain(equation.ref)} = {plain(equation.rhs)}"
        return Assign(equation.ref, rhs, formula=formula)

    def forward(self, component: tuple[str, ...]) -> Iterator[Block]:
        equations = [self.model.equation(name) for name in component]
        if component not in self.loops:
            yield Block("all", tuple(self.equation(e, e.rhs) for e in equations))
            return
        outside: list[Assign] = []
        inside: list[Assign] = []
        for equation in equations:
            hoisted, kept = self.split(equation.rhs, component)
            if hoisted is None:
                inside.append(self.equation(equation, equation.rhs))
                continue
            name = fresh(f"{equation.name}_in", {*self.model.names})
            part = al.Ref(name, al.NOW, equation.shape)
            outside.append(Assign(part, hoisted, formula=f"{name}[t] = {plain(hoisted)}"))
            inside.append(self.equation(equation, forms.add((part, *kept))))
        yield Block("all", tuple(outside))
        yield Block("loop", tuple(inside))

    def split(
        self, rhs: al.Expr, component: tuple[str, ...]
    ) -> tuple[al.Expr | None, list[al.Expr]]:
        """The terms that the recurrence does not touch, and the others.

        What has no time at all stays in the loop unless it has company: a bias is not
        worth an array. Nor is a matrix a step that is no product of matrices: an outer product
        is written where it is added.
        """
        if not isinstance(rhs, al.Add):
            return None, [rhs]
        inside = [
            term
            for term in rhs.terms
            if set(references(term)) & set(component) or _is_cheap_matrix(term)
        ]
        outside = [t for t in rhs.terms if t not in inside]
        moved = forms.add(outside, rhs.shape)
        if not any(map(references, outside)) or moved.shape != rhs.shape:
            return None, list(rhs.terms)
        return moved, inside

    # --- backward --------------------------------------------------------------------------

    def contributions(self, name: str) -> tuple[Contribution, ...]:
        """What the readers of a quantity give it, from its steps."""
        if name not in self.steps:
            return ()
        found = [
            self.contribution(self.steps[name], t) for t in forms.terms_of(self.steps[name].result)
        ]
        for step in self.derivation.of_kind("boundary"):
            if step.target.name == name:
                found.extend(self.at_the_end(step))
        return tuple(found)

    def contribution(self, step: Step, term: al.Expr) -> Contribution:
        reader, lag = self.reader(step, term)
        if step.target.index == al.LAST:
            return Contribution(reader, 0, self.weighted(term), last=True)
        own = al.shifted(term, -lag)
        _check_reads(step, own)
        return Contribution(reader, lag, own, last=False)

    def reader(self, step: Step, term: al.Expr) -> tuple[str, int]:
        cotangents = [n for n in al.walk(term) if isinstance(n, al.Cotangent)]
        names = sorted({c.name for c in cotangents})
        indices = {c.index for c in cotangents}
        if not cotangents:
            return "loss", 0
        index = indices.pop()
        if len(names) > 1 or indices or index is None or step.target.index is None:
            raise LoweringError(f"step ({step.number}): the term {plain(term)} has two readers")
        lead = index - step.target.index
        if lead.terms or lead.offset < 0:
            raise LoweringError(
                f"step ({step.number}): {plain(term)} reads an adjoint of step {index} "
                f"for step {step.target.index}"
            )
        return names[0], lead.offset

    def at_the_end(self, step: Step) -> Iterator[Contribution]:
        """The terms of a boundary that come from ``loss[T]`` or what only it reads."""
        loss_is_last = "loss" in self.last
        assert step.target.index is not None
        before = (al.LAST - step.target.index).offset
        for term in forms.terms_of(step.result):
            named = [n.name for n in al.walk(term) if isinstance(n, al.Cotangent)]
            if (named and named[0] in self.last) or (not named and loss_is_last):
                reader = named[0] if named else "loss"
                yield Contribution(reader, before, self.weighted(term), last=True)

    def last_adjoints(self) -> Block:
        """The adjoints of what ``loss[T]`` needs, then what it gives to the steps."""
        statements: list[Assign] = []
        for equation in reversed(in_step_order(self.model)):
            if equation.last and equation.name in self.steps:
                step = self.steps[equation.name]
                value = forms.add(map(self.weighted, forms.terms_of(step.result)), step.shape)
                assert isinstance(step.target, al.Cotangent)
                statements.append(
                    Assign(step.target, value, step=step.number, formula=formula_of(step))
                )
        return Block("last", tuple(statements), backward=True)

    def reverse(self) -> Iterator[Block]:
        """The whole walk; the sweeps of a window between what they need and what needs them."""
        if self.derivation.estimator.kind != "window":
            yield from self.backward(frozenset(self.steps))
            return
        sweeps = Sweeps(self.derivation, self.contribution, self.weighted)
        before = swept_quantities(self.derivation).own
        yield from self.backward(before)
        yield from sweeps.blocks()
        yield from self.backward(frozenset(self.steps) - before)

    def backward(self, wanted: frozenset[str]) -> Iterator[Block]:
        sources = [i.name for i in self.model.inputs if i.name in self.steps]
        for component in [*reversed(self.components), *((name,) for name in sources)]:
            names = [n for n in reversed(component) if n in self.steps and n in self.live]
            names += [n for n in component if n in sources]
            names = [n for n in names if n in wanted]
            looped = component in self.loops
            ends: list[Assign] = []
            outside: list[Assign] = []
            inside: list[Assign] = []
            handed: list[Assign] = []
            for name in names:
                gathered = self.contributions(name)
                ends += self.gather(name, [c for c in gathered if c.last])
                inner = [c for c in gathered if looped and c.reader in component and not c.last]
                outer = [c for c in gathered if c not in inner and not c.last]
                outside += self.gather(name, outer)
                inside += self.gather(name, [c for c in inner if c.lag == 0])
                handed += self.gather(name, [c for c in inner if c.lag > 0])
            yield Block("last", tuple(ends), backward=True)
            yield Block("all", tuple(outside), backward=True)
            yield Block("loop", tuple(inside + handed), backward=True)

    def gather(self, name: str, given: list[Contribution]) -> Iterator[Assign]:
        """One statement for each lag, the sum of what comes from that far ahead."""
        step = self.steps[name]
        for lag in sorted({c.lag for c in given}):
            terms = [c.term for c in given if c.lag == lag]
            index = (al.LAST if given[0].last else al.NOW) - lag
            target = al.Cotangent(name, index, step.target.shape)
            value = forms.add(terms, step.target.shape)
            part = "" if value == step.result else f"{plain(target)} += {plain(value)}"
            value = self.seeded(value)
            yield Assign(target, value, True, step.number, formula_of(step), part)

    # --- gradients -------------------------------------------------------------------------

    def gradients(self) -> Iterator[Block]:
        for step in self.derivation.of_kind("gradient"):
            terms = (self.over_rows(term) for term in forms.terms_of(step.result))
            value = forms.add(terms, step.shape)
            assert isinstance(step.target, al.Cotangent)
            assign = Assign(step.target, value, step=step.number, formula=formula_of(step))
            yield Block("static", (assign,), backward=True)

    def over_rows(self, term: al.Expr) -> al.Expr:
        """A term of a gradient, summed over the sequences too where it has only one step."""
        if isinstance(term, al.Neg):
            return al.Neg(self.over_rows(term.operand))
        cotangents = [n for n in al.walk(term) if isinstance(n, al.Cotangent)]
        if isinstance(term, al.TimeSum) or any(c.index is None for c in cotangents):
            return term
        index = cotangents[0].index if cotangents else al.LAST
        assert index is not None
        if index.terms:
            return al.TimeSum(self.weighted(term), al.LAST, al.LAST)
        return al.TimeSum(term, index, index)

    def weighted(self, term: al.Expr) -> al.Expr:
        """A mean of losses at T is one over the sequences, which one sequence's text can't say."""
        if "loss" not in self.last or any(isinstance(n, al.Cotangent) for n in al.walk(term)):
            return self.seeded(term)
        return forms.mul((self.model.total.factor, term))

    def seeded(self, expr: al.Expr) -> al.Expr:
        """With what the derivative of L by a loss is in a batch."""
        loss = self.model.loss
        if loss is None:
            return expr
        cotangent = al.Cotangent("loss", loss.index, ())
        return with_seed(expr, cotangent, self.model.total.factor)


def _adjoint(target: al.Expr) -> tuple[str, bool]:
    """Which adjoint it is: a name, and whether that of all of L (or of one sweep)."""
    assert isinstance(target, al.Ref | al.Param | al.Cotangent)
    return target.name, not (isinstance(target, al.Cotangent) and target.part is not None)


def _only(blocks: tuple[Block, ...], wanted: set[tuple[str, bool]]) -> tuple[Block, ...]:
    kept = (
        replace(b, statements=tuple(s for s in b.statements if _adjoint(s.target) in wanted))
        for b in blocks
    )
    return merged(kept)


def _is_cheap_matrix(term: al.Expr) -> bool:
    """Whether a matrix a step takes no more time than writing it."""
    products = (n for n in al.walk(term) if isinstance(n, al.Product) and n.right.shape[1:])
    return len(term.shape) > 1 and not any(products)


def loss_side_quantities(model: al.Model) -> frozenset[str]:
    """What only the loss needs: the loss, and auxiliaries that nothing else reads."""
    readers: dict[str, set[str]] = {e.name: set() for e in model.equations}
    for equation in model.equations:
        for name in references(equation.rhs):
            readers.get(name, set()).add(equation.name)
    side = {e.name for e in model.equations if e.last or e.name == "loss"}
    for equation in reversed(in_step_order(model)):
        if equation.auxiliary and readers[equation.name] <= side:
            side.add(equation.name)
    return frozenset(side)


def _check_reads(step: Step, own: al.Expr) -> None:
    for node in al.walk(own):
        if isinstance(node, al.Ref) and node.index.names() == ("t",) and node.index.offset > 0:
            raise LoweringError(
                f"step ({step.number}): {plain(own)} reads {plain(node)} before it is computed"
            )


def merged(blocks: Iterable[Block]) -> tuple[Block, ...]:
    """Neighbouring blocks over the same rows become one; empty ones vanish."""
    merged: list[Block] = []
    for block in blocks:
        if not block.statements:
            continue
        previous = merged[-1] if merged else None
        same = previous is not None and (previous.place, previous.backward) == (
            block.place,
            block.backward,
        )
        if previous is not None and same and block.place != "loop":
            merged[-1] = Block(block.place, previous.statements + block.statements, block.backward)
        else:
            merged.append(block)
    return tuple(merged)
