"""The slip behind wrong gradients: edits of a derivation are named back by their numbers."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from symbptt.binding import bind
from symbptt.calculus.gradients import derive
from symbptt.calculus.variants import Variant
from symbptt.codegen.render import generate
from symbptt.errors import SymbpttError
from symbptt.proof.backward import OneSequence, Passes
from symbptt.proof.loaded import load_module
from symbptt.proof.module_slips import sequences, slip_rows
from symbptt.proof.other_models import other_models
from symbptt.proof.report import verify
from symbptt.proof.slips import Inquiry, agree
from symbptt.proof.suspects import Suspect, kept_of_another, left_out, of_step
from tests.modules import EXHAUSTIVE, model_of, some
from tests.proof.module_edits import Module, answered

MODELS = ("char_rnn", "gru", "joint_matrix", "lag_two", "last_step", "attention_inside")


def inquiry(name: str) -> Inquiry:
    model = bind(model_of(name))
    derivation = derive(model)
    module = load_module(generate(derivation, level=0), f"<{name}>", model)
    return Inquiry(derivation, tuple(sequences(module, model)))


def returned(asked: Inquiry, variant: Variant) -> tuple[OneSequence, ...]:
    """The sequences with the gradients of a derivation with one edit."""
    gradient = of_step(variant).gradient
    return tuple(
        replace(s.sequence, found={n: gradient(s, n) for n in asked.names}) for s in asked.scenes
    )


@pytest.mark.parametrize("name", MODELS)
def test_right_gradients_have_no_slip(name: str) -> None:
    asked = inquiry(name)
    assert asked.run() == ()
    assert asked.factor[0] == ""


@pytest.mark.parametrize("name", some(MODELS, 3))
def test_edits_are_named_back(name: str) -> None:
    asked = inquiry(name)
    tried, unnamed = 0, []
    for variant in some(asked._variants, 40):
        try:
            wrong = returned(asked, variant)
        except (SymbpttError, ValueError, KeyError, ZeroDivisionError):
            continue
        one = Inquiry(asked.derivation, wrong)
        found = one.run()
        if found:
            named = {each for slip in found for each in slip.names}
            assert named == {n for n in asked.names if not is_right(one, n)}
        elif not all(is_right(one, n) for n in asked.names):
            unnamed.append((variant.kind, variant.step.number))
        tried += 1
    assert tried > 3
    assert len(unnamed) <= tried / 20, unnamed


def is_right(asked: Inquiry, name: str) -> bool:
    return all(
        agree(
            scene.sequence.found[name],
            scene.true.gradient(name) * asked.factor[1](scene.sequence.steps),
        )
        for scene in asked.scenes
    )


def negative(scene: Passes, name: str) -> Any:
    return -scene.true.gradient(name)


def test_what_a_program_does_to_all_gradients_is_told() -> None:
    asked = inquiry("char_rnn")
    turned = Suspect("a wrong sign of all gradients: they are those of -L", negative)
    for suspect in (*left_out(3), *kept_of_another(asked.derivation), turned):
        wrong = tuple(
            replace(s.sequence, found={n: suspect.gradient(s, n) for n in asked.names})
            for s in asked.scenes
        )
        (found,) = Inquiry(asked.derivation, wrong).run()
        assert found.suspect.kind == suspect.kind
    # The last one: where the sign may have been turned, the first step that it enters.
    assert "step (2)" in found.suspect.words
    assert "dL/do[t] = -1 / T * (p[t] - onehot(y[t]))" in found.suspect.words


EDITED = (("lstm", 0), ("lag_two", 2), ("gru", 2), ("stacked", 0))


@pytest.mark.parametrize(("name", "level"), EDITED[:2] if not EXHAUSTIVE else EDITED)
def test_edits_of_a_modules_text_are_named(name: str, level: int) -> None:
    """A sample; `python -m tests.proof.module_edits` makes the whole table."""
    answers = list(answered(Module(name, level), 9))
    unnamed = [one for one in answers if not one.named]
    assert answers and len(unnamed) <= len(answers) / 10, unnamed


def edited(right: str, wrong: str, name: str = "char_rnn") -> str:
    text = generate(model_of(name), level=0)
    assert text.count(right) == 1
    return text.replace(right, wrong)


@pytest.mark.parametrize(
    ("right", "wrong", "kind", "step"),
    [
        ("d_a[now] @ W", "d_a[now] @ W.T", "a missing transpose", 4),
        ("(1 - h[now] ** 2) * d_h", "(1 - h[now]) * d_h", "a wrong exponent", 5),
        ("d_h_all[prev] += d_a", "d_h_all[prev] = d_a", "a missing term, at all steps but", 4),
        ("d_a.T @ h_all[rows.back[1]]", "d_a.T @ h", "a shifted index", 9),
    ],
)
def test_the_slip_of_a_module_is_named(right: str, wrong: str, kind: str, step: int) -> None:
    model = model_of("char_rnn")
    module = load_module(edited(right, wrong), "<edited>", model)
    rows = tuple(slip_rows(module, model, derive(model)))
    assert rows
    assert all(kind in row.detail and f"step ({step})" in row.detail for row in rows)


@pytest.mark.parametrize(
    ("name", "right", "wrong", "kind", "step"),
    [
        ("lag_two", "d_h_all[prev2] +=", "d_h_all[prev2] =", "at all steps but the last 2", 5),
        ("lstm", "+= o[now] * (1 - np.tanh(c[now]) ** 2) *", "+=", "missing factors", 6),
        (
            "lstm",
            "(1 - np.tanh(c[now]) ** 2)",
            "np.tanh(c[now]) * (1 - np.tanh(c[now]))",
            "the slope of another function, of the same value",
            6,
        ),
    ],
)
def test_slips_of_several_steps_and_factors_are_named(
    name: str, right: str, wrong: str, kind: str, step: int
) -> None:
    model = model_of(name)
    module = load_module(edited(right, wrong, name), "<edited>", model)
    rows = tuple(slip_rows(module, model, derive(model)))
    assert rows
    assert all(kind in row.detail and f"step ({step})" in row.detail for row in rows)


def test_a_module_that_raises_has_no_slip() -> None:
    model = model_of("char_rnn")
    module = load_module(edited("d_b = np.sum(d_a, axis=0)", "d_b = d_a + x[:, 0]"), "<e>", model)
    assert tuple(slip_rows(module, model, derive(model))) == ()


def test_verify_names_the_slip_of_a_module(tmp_path: Path) -> None:
    path = tmp_path / "edited.py"
    path.write_text(edited("d_a.T @ x", "2 * d_a.T @ x"), encoding="utf-8")
    (row,) = verify(model_of("char_rnn"), module=path).of("slip")
    assert "a factor 2 too many; step (10)" in row.detail


def test_other_models_read_what_they_define() -> None:
    """A name that the derivation gave, p of softmax, is not the model's: it would be a circle."""
    derivation = derive(bind(model_of("char_rnn")))
    assert derivation.normal.equation("p").auxiliary
    found = [suspect.words for suspect in other_models(derivation, 12)]
    assert len(found) > 20
    assert not [words for words in found if "p[t]" in words]


def test_a_factor_that_all_gradients_have_is_told() -> None:
    model = model_of("char_rnn")
    source = generate(model, level=0)
    assert source.count(" / rows.weight") > 1
    module = load_module(source.replace(" / rows.weight", ""), "<summed>", model)
    (row,) = slip_rows(module, model, derive(model))
    assert row.detail == "right but for one factor: of the sum of the losses"
