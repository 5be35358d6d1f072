"""Statements carry out the derivation's steps, and nothing else does."""

from dataclasses import replace

import pytest

from symbptt.algebra import NOW, Add, Cotangent, Expr, TimeSum, substitute_index, transform, walk
from symbptt.binding import bind
from symbptt.calculus.derivation import Derivation
from symbptt.calculus.gradients import derive
from symbptt.codegen.lowering import lower
from symbptt.codegen.program import Program
from symbptt.codegen.render import generate
from symbptt.errors import LoweringError, UnboundFunctionError
from symbptt.language.library import load, runnable


def derivation_of(name: str) -> Derivation:
    return derive(bind(load(name)))


def statements(program: Program) -> list[tuple[str, int]]:
    blocks = (*program.backward, *program.gradients)
    return [(b.place, s.step) for b in blocks for s in b.statements]


@pytest.mark.parametrize("name", runnable())
def test_every_step_with_a_value_is_carried_out(name: str) -> None:
    derivation = derivation_of(name)
    cited = {step for _, step in statements(lower(derivation))}
    wanted = {s.number for s in derivation.of_kind("adjoint", "gradient")}
    assert cited == wanted


@pytest.mark.parametrize("name", runnable())
def test_only_the_recurrence_is_in_the_loop(name: str) -> None:
    """Products with a parameter stay in a loop only if they act on the recurrence."""
    program = lower(derivation_of(name))
    for block in (*program.forward, *program.backward):
        if block.place == "loop":
            for statement in block.statements:
                assert not any(isinstance(n, TimeSum) for n in walk(statement.value))
    after = [place for place, _ in statements(program)]
    assert "loop" not in after[after.index("static") :]


def test_a_dropped_term_changes_the_module() -> None:
    derivation = derivation_of("elman")
    step = derivation.step("h", "adjoint")
    assert isinstance(step.result, Add)
    dropped = replace(step, members=(step.result.terms[0],))
    steps = tuple(dropped if s == step else s for s in derivation.steps)
    assert generate(replace(derivation, steps=steps)) != generate(derivation)


def test_an_adjoint_of_an_earlier_step_is_refused() -> None:
    derivation = derivation_of("elman")
    step = derivation.step("h", "adjoint")
    early = replace(step, members=(moved_back(step.result),))
    steps = tuple(early if s == step else s for s in derivation.steps)
    with pytest.raises(LoweringError, match=rf"step \({step.number}\)"):
        lower(replace(derivation, steps=steps))


def moved_back(expr: Expr) -> Expr:
    def back(node: Expr) -> Expr:
        if isinstance(node, Cotangent):
            return substitute_index(node, {"t": NOW - 2})
        return node

    return transform(expr, back)


def test_an_abstract_derivation_has_no_code() -> None:
    with pytest.raises(UnboundFunctionError, match="phi_h"):
        generate(derive(load("elman")))
