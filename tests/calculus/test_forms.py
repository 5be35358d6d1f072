"""Forms of the gradient: what they state, of which loss, and which of it is wanted."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from symbptt import derive, load
from symbptt.algebra import (
    Concat,
    Cotangent,
    Derivative,
    Direct,
    Expr,
    Model,
    OrderedProduct,
    Pullback,
    Ref,
    TimeSum,
    walk,
)
from symbptt.calculus.derivation import Derivation, Step
from symbptt.calculus.gradients import FORMS, one_step
from symbptt.errors import MissingLossError, OptionError, UnknownNameError
from symbptt.typeset.plain import plain
from tests.modules import BUILT_IN, model_of

SUBJECTS = (
    *BUILT_IN,
    "recurrence",
    "last_two_steps",
    "lag_two",
    "loss_reads_the_past",
    "stacked_with_a_way_back",
    "start_as_an_expression",
    "only_a_read_out",
    "matrix_input_transposed",
    "derived_of_derived",
    "lagged_token",
)


def model(name: str) -> Model:
    return load(name) if name == "recurrence" else model_of(name)


def named(derivation: Derivation, kind: str) -> list[str]:
    return [plain(step.target) for step in derivation.steps if step.kind == kind]


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("name", SUBJECTS)
def test_every_form_states_every_gradient_once(name: str, form: str) -> None:
    subject = model(name)
    derivation = derive(subject, form=form)
    assert derivation.form == form
    stated = named(derivation, "gradient")
    assert sorted(stated) == sorted(
        f"dL/d{item.name}" for item in (*derivation.normal.derived, *subject.learned)
    )
    integers = {i.name for i in subject.inputs if i.index_dim is not None}
    starts = {f"dL/d{i.key}" for i in subject.initials if i.name not in integers}
    assert starts <= set(named(derivation, "initial"))
    assert [step.number for step in derivation.steps] == list(range(1, len(derivation.steps) + 1))


def test_the_expanded_form_of_one_state_is_a_double_sum_in_descending_order() -> None:
    step = derive(load("linear"), form="expanded").step("W_hh", "gradient")
    (result,) = step.members
    assert plain(result) == (
        "sum(t, 1, T, sum(i, 1, t, partial(h[i], W_hh).T @ "
        "prod(j, t, i+1, -1, partial(h[j], h[j-1])).T @ direct(L, h[t])))"
    )


def test_several_states_are_stacked() -> None:
    derivation = derive(load("lstm"), form="expanded")
    texts = [f"{plain(s.target)} = {plain(s.result)}" for s in derivation.steps]
    assert (
        "partial(z[t], z[t-1]) = vstack(hstack(partial(c[t], c[t-1]), partial(c[t], h[t-1])), "
        "hstack(partial(h[t], c[t-1]), partial(h[t], h[t-1])))" in texts
    )
    assert "direct(L, z[t]) = concat(zeros(h), direct(L, h[t]))" in texts


def test_a_lag_of_two_is_stacked() -> None:
    derivation = derive(model_of("lag_two"), form="expanded")
    texts = [f"{plain(s.target)} = {plain(s.result)}" for s in derivation.steps]
    assert (
        "partial(z[t], z[t-1]) = vstack(hstack(partial(h[t], h[t-1]), partial(h[t], h[t-2])), "
        "hstack(I, zeros(n_h, n_h)))" in texts
    )


def test_letters_of_steps_are_not_names_of_the_model() -> None:
    for name in SUBJECTS:
        derivation = derive(model(name), form="expanded")
        letters = {
            node.index
            for step in derivation.steps
            for member in step.members
            for node in walk(member)
            if isinstance(node, TimeSum | OrderedProduct)
        } - {"t"}
        names = {e.name for e in derivation.normal.equations}
        names |= {p.name for p in derivation.normal.learned}
        assert not letters & names


def test_the_sensitivity_is_the_immediate_partial_and_what_the_jacobian_hands_on() -> None:
    step = derive(load("linear"), form="sensitivity").step("h", "sensitivity")
    assert [plain(member) for member in step.members] == [
        "partial(h[t], W_hx) + partial(h[t], h[t-1]) @ d(h[t-1], W_hx)",
        "kron(I, x[t].T) + W_hh @ d(h[t-1], W_hx)",
    ]


# --- nothing is used that no step gives ------------------------------------------------------


def used(step: Step) -> Iterator[Expr]:
    for member in step.members:
        for node in walk(member):
            if isinstance(node, Pullback) and node.held != "equation":
                yield Derivative(node.output, node.wrt, node.held)
            if isinstance(node, Derivative) and node.held != "equation":
                yield node
            if isinstance(node, Direct):
                yield node


def general(node: Any) -> tuple[str, ...]:
    """A derivative without the step that it is at."""
    if isinstance(node, Direct):
        return ("direct", node.name)
    by = node.wrt.name
    if node.held == "step" and not isinstance(node.wrt, Ref):
        return ("step", node.name, by)
    return (node.held, node.name, by)


@pytest.mark.parametrize("form", ["expanded", "sensitivity"])
@pytest.mark.parametrize("name", SUBJECTS)
def test_every_derivative_that_is_used_has_a_step(name: str, form: str) -> None:
    derivation = derive(model(name), form=form)
    given = {
        general(step.target)
        for step in derivation.steps
        if isinstance(step.target, Direct | Derivative)
    }
    for step in derivation.steps:
        for node in used(step):
            assert general(node) in given, (step.number, plain(node))


# --- of one step's loss ----------------------------------------------------------------------


@pytest.mark.parametrize("form", FORMS)
def test_the_loss_of_one_step_is_the_loss_at_the_last(form: str) -> None:
    derivation = derive(load("linear"), form=form, of="loss[t]")
    assert derivation.of == "loss[t]"
    assert plain(derivation.steps[0].target) == "dL/dloss[T]"
    assert plain(derivation.steps[0].result) == "1"
    assert plain(derivation.step("o", "adjoint").target) == "dL/do[T]"
    assert [e.last for e in one_step(load("linear")).equations] == [False, True, True]


def test_a_loss_at_the_last_step_is_one_step_already() -> None:
    with pytest.raises(UnknownNameError, match="last_step has no loss"):
        derive(model_of("last_step"), of="loss[t]")


def test_what_can_be_differentiated_is_said() -> None:
    with pytest.raises(UnknownNameError, match=r"no loss is called 'o\[t\]'; .* L, loss"):
        derive(load("linear"), of="o[t]")
    with pytest.raises(
        UnknownNameError, match="no form is called 'tree'; expected one of: adjoint"
    ):
        derive(load("linear"), form="tree")
    with pytest.raises(OptionError, match="expanded gives no gradients by inputs"):
        derive(load("linear"), form="expanded", wrt_inputs=True)
    for form in FORMS:
        with pytest.raises(MissingLossError):
            derive(load("matrix_recurrence"), form=form)


# --- only some ---------------------------------------------------------------------------------


def test_only_the_steps_that_a_gradient_needs() -> None:
    derivation = derive(load("linear"), only=["W_qh"])
    assert [plain(step.target) for step in derivation.steps] == [
        "dL/dloss[t]",
        "dL/do[t]",
        "dL/dW_qh",
    ]
    assert derivation.only == ("W_qh",)


@pytest.mark.parametrize("form", FORMS)
def test_what_is_left_is_the_same_as_before(form: str) -> None:
    whole = derive(load("lstm"), form=form)
    part = derive(load("lstm"), form=form, only=["W_hf", "c[0]"])
    before = [(step.target, step.members) for step in whole.steps]
    kept = [(step.target, step.members) for step in part.steps]
    assert len(kept) < len(before)
    positions = [before.index(step) for step in kept]
    assert positions == sorted(positions)
    assert [step.number for step in part.steps] == list(range(1, len(kept) + 1))
    results = set(named(part, "gradient")) | set(named(part, "initial"))
    assert {"dL/dW_hf", "dL/dc[0]"} <= results
    assert "dL/dW_qh" not in results


def test_a_derived_parameter_and_what_it_is_made_of() -> None:
    derivation = derive(model_of("derived_of_derived"), only=["S"])
    assert named(derivation, "gradient") == ["dL/dB_2", "dL/dA", "dL/dS"]
    derivation = derive(model_of("derived_of_derived"), only=["A"])
    assert named(derivation, "gradient") == ["dL/dB_2", "dL/dA"]


def test_an_unknown_gradient_names_the_others() -> None:
    with pytest.raises(UnknownNameError, match=r"linear has no gradient by 'W'.* h\[0\], W_hx"):
        derive(load("linear"), only=["W"])


# --- joined weights ------------------------------------------------------------------------------


def test_matrices_of_one_sum_are_joined() -> None:
    value, gradient = derive(load("linear"), form="joined").of_kind("joined")
    assert plain(value.result) == "hstack(W_hx, W_hh) @ concat(x[t], h[t-1])"
    assert plain(gradient.target) == "hstack(dL/dW_hx, dL/dW_hh)"
    assert plain(gradient.result) == "sum(t, 1, T, outer(dL/dh[t], concat(x[t], h[t-1])))"


def test_the_gradient_of_an_authors_joined_matrix_has_blocks() -> None:
    (step,) = derive(model_of("joint_matrix"), form="joined").of_kind("joined")
    assert step.target == Cotangent("W", None, step.shape)
    assert any(isinstance(node, Concat) for node in walk(step.members[0]))
    assert plain(step.result) == (
        "hstack(sum(t, 1, T, outer(dL/da[t], x[t])), sum(t, 1, T, outer(dL/da[t], h[t-1])))"
    )


def test_a_matrix_that_stands_elsewhere_too_is_not_joined() -> None:
    shown = {
        name
        for step in derive(model_of("transposed"), form="joined").of_kind("joined")
        for name in step.target.name.split()
    }
    assert "W" not in shown
