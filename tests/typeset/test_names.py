"""Names as symbols: conventions, distinctness, nothing that breaks out."""

from __future__ import annotations

import itertools
import re

import pytest

from symbptt.algebra import NOW, DimSum, Equation, Input, Model, Parameter, Ref, Shape
from symbptt.calculus.gradients import derive
from symbptt.language import library
from symbptt.typeset.document import render
from symbptt.typeset.names import Names
from tests import cells
from tests.modules import EXHAUSTIVE, model_of

SCALAR: Shape = ()
VECTOR: Shape = ("h",)
MATRIX: Shape = ("h", "d")


@pytest.mark.parametrize(
    ("name", "shape", "latex"),
    [
        ("W", MATRIX, r"\mathbf{W}"),
        ("W_hx", MATRIX, r"\mathbf{W}_{\mathrm{hx}}"),
        ("W_h_x", MATRIX, r"\mathbf{W}_{\mathrm{h},\mathrm{x}}"),
        # From x to i, not the letter xi.
        ("W_xi", MATRIX, r"\mathbf{W}_{\mathrm{xi}}"),
        ("b_phi", VECTOR, r"\mathbf{b}_{\phi}"),
        ("W_1", MATRIX, r"\mathbf{W}_1"),
        ("W_12", MATRIX, r"\mathbf{W}_{12}"),
        ("h1", VECTOR, r"\mathbf{h1}"),
        ("tok", SCALAR, r"\mathrm{tok}"),
        ("v", SCALAR, "v"),
        ("v_th", SCALAR, r"v_{\mathrm{th}}"),
        ("zeta", SCALAR, r"\zeta"),
        ("alpha", VECTOR, r"\boldsymbol{\alpha}"),
        ("α", VECTOR, r"\boldsymbol{\alpha}"),
        ("Omega", MATRIX, r"\boldsymbol{\Omega}"),
        ("g_hat", VECTOR, r"\hat{\mathbf{g}}"),
        ("g_tilde", SCALAR, r"\tilde{g}"),
        ("y_bar_hat", VECTOR, r"\hat{\bar{\mathbf{y}}}"),
        ("tok_hat", SCALAR, r"\widehat{\mathrm{tok}}"),
        ("b_y_hat", VECTOR, r"\mathbf{b}_{\hat{\mathrm{y}}}"),
        ("é", VECTOR, r"\mathbf{\acute{e}}"),
        ("entrée", SCALAR, r"\mathrm{entr\acute{e}e}"),
        ("ẩn", VECTOR, r"\mathbf{\textbf{ẩn}}"),
        ("đầu_ra", SCALAR, r"\mathrm{\text{đầu}}_{\mathrm{ra}}"),
        ("W_ẩn", MATRIX, r"\mathbf{W}_{\mathrm{\text{ẩn}}}"),
        ("_", VECTOR, r"\mathtt{\_}"),
        ("lambda_", VECTOR, r"\mathtt{lambda\_}"),
        ("a__b", VECTOR, r"\mathtt{a\_\_b}"),
        ("_x", SCALAR, r"\mathtt{\_x}"),
        ("中文", VECTOR, r"\mathtt{\langle 4e2d\rangle \langle 6587\rangle }"),
    ],
)
def test_a_name_prints_by_convention(name: str, shape: Shape, latex: str) -> None:
    assert Names().symbol(name, shape).at() == latex


def test_steps_stand_behind_the_subscripts_of_a_name() -> None:
    names = Names()
    assert names.timed("h_1", VECTOR, NOW - 1) == r"\mathbf{h}_{1,t-1}"
    assert names.timed("g_hat", VECTOR, NOW) == r"\hat{\mathbf{g}}_t"
    assert names.timed("loss", SCALAR, NOW) == r"\ell_t"


def test_spaces() -> None:
    names = Names()
    assert names.space(()) == r"\mathbb{R}"
    assert names.space(("h", "n_x")) == r"\mathbb{R}^{h \times n_{\mathrm{x}}}"
    assert names.space(("h", DimSum(("d", 2)))) == r"\mathbb{R}^{h \times (d + 2)}"


def model(parameters: dict[str, Shape], quantities: dict[str, Shape], dims: str = "h") -> Model:
    return Model(
        name="m",
        text="",
        dims=tuple(dims.split()),
        parameters=tuple(Parameter(name, shape) for name, shape in parameters.items()),
        inputs=(Input("x", ("d",)),),
        equations=tuple(Equation(n, Ref("x", NOW, s), s) for n, s in quantities.items()),
    )


ALIKE = {
    "h_0": VECTOR, "h_t": VECTOR, "h_T": VECTOR, "alpha": VECTOR, "α": VECTOR, "hx": VECTOR,
    "h_x": VECTOR, "W_hx": MATRIX, "W_h_x": MATRIX, "W_h__x": MATRIX, "W_hx_": MATRIX,
    "phi": VECTOR, "ϕ": VECTOR, "φ": VECTOR, "g_hat": VECTOR, "hat": VECTOR, "g_hat_hat": VECTOR,
    "µ": SCALAR, "mu": SCALAR, "x1": VECTOR, "x_1": VECTOR, "x_11": VECTOR, "x_1_1": VECTOR,
    "averyveryverylongname_one": VECTOR, "averyveryverylongname_two": VECTOR,
    "W" * 300: VECTOR, "W" * 301: VECTOR,
}  # fmt: skip


def test_no_two_names_of_a_model_print_the_same() -> None:
    """Symbols without a step, quantities at steps, in every combination."""
    names = Names(model(ALIKE, {"h": VECTOR}))
    shown = [names.symbol(name, shape).at() for name, shape in ALIKE.items()]
    shown += [names.timed("h", VECTOR, i) for i in (NOW, NOW - 1, NOW - 99)]
    shown += [names.timed("h", VECTOR, NOW - NOW), names.timed("h", VECTOR, NOW - NOW + 1)]
    for one, other in itertools.combinations(shown, 2):
        assert one != other


def test_a_dimension_that_looks_like_a_scalar_is_set_apart() -> None:
    names = Names(model({"d": SCALAR}, {"h": VECTOR}, dims="h d"))
    assert names.dim("h") == "h"
    assert names.dim("d") == r"\mathtt{d}"


def test_long_names_are_shortened_to_something_that_fits_in_a_table() -> None:
    names = Names(model(ALIKE, {}))
    shown = names.symbol("W" * 300, VECTOR).at()
    assert len(shown) < 60
    assert shown != names.symbol("W" * 301, VECTOR).at()


def test_a_sign_that_a_model_uses_for_itself_is_not_used_for_a_function() -> None:
    names = Names(model({"sigma": VECTOR, "e": VECTOR}, {}))
    assert names.function("sigmoid") == r"\operatorname{sigmoid}"
    assert names.function("log_sigmoid") == r"\operatorname{log\_sigmoid}"
    assert names.unit_vector("i") is None
    assert Names().function("sigmoid") == r"\sigma"
    assert Names().unit_vector("i") == r"\mathbf{e}_{i}"


def test_letters_for_entries_avoid_the_letters_of_the_model() -> None:
    assert Names(model({"i": VECTOR, "j_1": VECTOR}, {})).entry_letters() == ("k", "m")
    assert Names().entry_letters() == ("i", "j")


@pytest.mark.parametrize("name", ["input", "end", "label", "мир", "a中", "𝐱", "x²", "ﬁ"])
def test_a_name_gives_only_commands_of_ours(name: str) -> None:
    shown = Names().symbol(name, VECTOR).at()
    commands = set(re.findall(r"\\[a-zA-Z]+", shown))
    assert commands <= {r"\mathbf", r"\mathtt", r"\langle", r"\rangle", r"\mathrm"}
    assert shown.isascii()
    assert shown.count("{") == shown.count("}")


LETTERS = {
    "one loss, all steps before it": {"form": "expanded", "of": "loss[t]"},
    "a window": {"estimator": "window:2"},
}
CLASHING = ("joint_matrix_three_parts", "awkward_names", "derived_scalar", "lstm", "elman", "gru")


@pytest.mark.parametrize("asked", LETTERS.values(), ids=LETTERS)
@pytest.mark.parametrize(
    "name", [*library.differentiable(), *cells.NAMES] if EXHAUSTIVE else CLASHING
)
def test_no_letter_of_a_line_stands_for_two_things(name: str, asked: dict[str, str]) -> None:
    """Neither for a step and an entry, nor for a step and a name of the model."""
    model = model_of(name)
    if (model.loss is None or model.loss.last) and "of" in asked:
        return
    text = render(derive(model, **asked), "tex")
    scalars = {one for one in model.names if len(one) == 1 and model.shapes.get(one) == ()}
    found = 0
    for line in re.findall(r"(?:^|&= ).*", text, re.MULTILINE):
        steps = set(re.findall(r"\\(?:sum|prod)_\{(\w) ?=", line))
        entries = set(re.findall(r"\\sum_(\w) ", line))
        assert not steps & (entries | scalars), line
        found += bool(steps)
    assert found
