"""Layouts, notations and levels of detail: what they print, alone and together."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from itertools import combinations, product

import pytest

from symbptt.algebra import Index, Model
from symbptt.calculus.gradients import derive
from symbptt.errors import UnknownNameError
from symbptt.language.library import differentiable, load
from symbptt.language.parser import parse
from symbptt.typeset.document import FORMATS, render
from symbptt.typeset.fragment import Fragment
from symbptt.typeset.latex import PRINTERS
from symbptt.typeset.names import GRADIENT_SIGNS, Names
from symbptt.typeset.style import DETAILS, LAYOUTS, NOTATIONS, Style
from tests.cells import NAMES, cell
from tests.typeset.hostile import HOSTILE
from tests.typeset.numbers import told

KINDS = {choice.kind for choice in NOTATIONS.values()}
OF_KIND = {kind: [c.name for c in NOTATIONS.values() if c.kind == kind] for kind in sorted(KINDS)}
TOGETHER = [",".join(names) for names in product(*OF_KIND.values())]
STYLES = [
    Style.of(layout, notation, detail)
    for layout, notation, detail in product(LAYOUTS, TOGETHER, DETAILS)
]


def words(style: Style) -> str:
    return f"{style.layout}-{style.times}-{style.derivatives}-{style.detail}"


# --- choosing ----------------------------------------------------------------------------------


def test_the_first_layout_and_notation_of_each_kind_is_the_default() -> None:
    usual = Style()
    assert usual.layout == next(iter(LAYOUTS))
    assert usual.detail in DETAILS
    assert list(usual.notation) == [OF_KIND[kind][0] for kind in ("times", "derivatives")]
    assert Style.of() == Style.of("column", "subscript, leibniz", "steps") == usual


@pytest.mark.parametrize(
    ("notation", "kind"),
    [(f"{a},{b}", kind) for kind, names in OF_KIND.items() for a, b in combinations(names, 2)],
)
def test_two_of_one_kind_are_refused_by_name(notation: str, kind: str) -> None:
    with pytest.raises(UnknownNameError) as error:
        Style.of(notation=notation)
    assert all(name in str(error.value) for name in (*notation.split(","), *OF_KIND[kind]))
    assert "can't be combined" in str(error.value)


@pytest.mark.parametrize(
    ("wrong", "table"),
    [
        ({"layout": "diagonal"}, LAYOUTS),
        ({"notation": "newton"}, NOTATIONS),
        ({"notation": "bar,newton"}, NOTATIONS),
        ({"detail": "everything"}, DETAILS),
    ],
)
def test_an_unknown_name_is_refused_with_the_known_ones(
    wrong: dict[str, str], table: dict[str, object]
) -> None:
    with pytest.raises(UnknownNameError) as error:
        Style.of(**wrong)
    assert all(name in str(error.value) for name in table)


@pytest.mark.parametrize("style", STYLES, ids=words)
def test_the_header_makes_the_document_again(style: Style) -> None:
    derivation = derive(load("linear"))
    for to, fragment in product(FORMATS, (None, Fragment())):
        text = render(derivation, to, fragment, style).replace(" \\\n    ", " ")
        (command,) = re.findall(r"it again: symbptt derive linear(.*?)(?: -->)?\n", text)
        options = dict(re.findall(r"--(layout|notation|detail) (\S+)", command))
        assert Style.of(**options) == style
        assert ("--fragment" in command) == bool(fragment)


def test_every_layout_has_a_printer() -> None:
    assert set(PRINTERS) == set(LAYOUTS)
    assert set(GRADIENT_SIGNS) < set(NOTATIONS)


# --- documents ---------------------------------------------------------------------------------


@pytest.mark.parametrize("style", STYLES, ids=words)
def test_every_step_stands_in_every_document(style: Style) -> None:
    derivation = derive(load("linear"))
    for to in FORMATS:
        sections, summary = told(render(derivation, to, style=style), to)
        numbers = [str(step.number) for step in derivation.steps]
        assert {sections.count(n) for n in numbers} == {0 if style.detail == "summary" else 1}
        assert set(numbers) <= set(summary)


@pytest.mark.parametrize("name", [*differentiable(), *NAMES])
def test_every_model_is_told_in_rows_and_entries(name: str) -> None:
    derivation = derive(cell(name) if name in NAMES else load(name))
    text = render(derivation, style=Style.of("row", "superscript,D", "index"))
    assert "Vectors are rows" in text
    assert "Entry by entry" in text
    assert r"\frac{\partial" not in text.replace(r"\frac{\partial L}{\partial \mathbf{v}}", "")


def test_what_the_conventions_say_is_what_is_used() -> None:
    derivation = derive(load("linear"))
    said = {
        "column": "Vectors are columns.",
        "row": "Vectors are rows,",
        "superscript": "The step is written above:",
        "D": "The operator of differentiation comes first",
        "bar": "A bar marks a gradient:",
        "delta": "A gradient is a delta with its variable above:",
        "index": r"$\delta_{ij}$ is $1$ where $i = j$",
    }
    for style in STYLES:
        text = render(derivation, style=style)
        used = {style.layout, *style.notation, style.detail} & set(said)
        for name, sentence in said.items():
            if name == "index" and style.derivatives == "delta":
                continue
            assert (sentence in text) == (name in used), (name, style)


def test_a_kronecker_delta_beside_gradients_called_delta_is_a_bracket() -> None:
    text = render(derive(load("linear")), style=Style.of(notation="delta", detail="index"))
    assert r"[k = j]" in text
    assert r"\delta_{kj}" not in text


def test_diagonals_stand_between_a_row_and_a_matrix() -> None:
    text = render(derive(load("gru_v1")), style=Style.of("row", "D"))
    assert (
        r"(DL)_{\mathbf{n}_t} \operatorname{diag}[1 - \mathbf{n}_t^{\odot 2}] "
        r"\mathbf{W}_{\mathrm{hn}} \operatorname{diag}[\mathbf{h}_{t-1}]"
    ) in text


# --- names -------------------------------------------------------------------------------------


def symbols(model: Model, style: Style) -> Iterator[tuple[str, str]]:
    """What each variable and each gradient prints as, at step t."""
    names = Names(model, style=style)
    now = Index.of("t")
    yield "loss", names.timed("loss", (), now)
    timed = [*model.inputs, *(e for e in model.equations if e.name != "loss")]
    for item in timed:
        yield item.name, names.variable(item.name, item.shape, now)
        yield f"dL/d{item.name}", names.gradient(item.name, item.shape, now) or ""
    for parameter in (*model.parameters, *model.derived):
        yield parameter.name, names.variable(parameter.name, parameter.shape, None)
        yield f"dL/d{parameter.name}", names.gradient(parameter.name, parameter.shape, None) or ""
    for name, _ in model.constants:
        yield name, names.symbol(name, ()).at()


CLASHING = """
x: (d,)
h_bar[t] = tanh(W @ h_bar[t-1] + W_bar @ x[t] + δ_u)
h[t] = tanh(D @ h_bar[t] + L_bar * h[t-1])
delta_h[t] = V @ h[t] + b_bar * b
loss_bar[t] = delta_h[t] * h_hat
loss[t] = squared_error(loss_bar[t], y[t])
"""


@cache
def normal_models() -> tuple[Model, ...]:
    found = [*map(load, differentiable()), *map(cell, NAMES)]
    found += [parse(text, name) for name, text in HOSTILE.items()]
    return tuple(derive(model).normal for model in (*found, parse(CLASHING, "clashing")))


@pytest.mark.parametrize("notation", TOGETHER)
def test_no_two_symbols_print_the_same(notation: str) -> None:
    style = Style.of(notation=notation)
    for model in normal_models():
        seen: dict[str, str] = {}
        for what, text in symbols(model, style):
            if text:
                assert seen.setdefault(text, what) == what, (model.name, text)


def test_a_clash_is_resolved_visibly() -> None:
    model = parse(CLASHING, "clashing")
    text = render(derive(model), style=Style.of(notation="bar"))
    assert r"\bar{\mathbf{h}}_t &=" in text
    assert r"\mathtt{h\_bar}_t &=" in text
    text = render(derive(model), style=Style.of(notation="delta"))
    assert r"\mathtt{delta\_h}_t" in text
    text = render(derive(model), style=Style.of(notation="D"))
    assert r"(\mathcal{D}L)_{\mathbf{h}_t}" in text
    assert r"(DL)_{\mathbf{h}_t}" in render(derive(load("linear")), style=Style.of(notation="D"))


def test_a_name_does_not_look_like_a_gradient_at_a_step() -> None:
    text = "x: (d,)\nh[t] = tanh(W @ h[t-1] + U @ x[t] + h_bar_0)\n"
    model = parse(text + "loss[t] = squared_error(h[t], y[t])\n", "m")
    names = Names(model, style=Style.of(notation="bar"))
    assert names.gradient("h", ("h",), Index(offset=0)) == r"\bar{\mathbf{h}}_0"
    assert names.variable("h_bar_0", ("h",), None) == r"\mathtt{h\_bar\_0}"
    assert Names(model).variable("h_bar_0", ("h",), None) == r"\bar{\mathbf{h}}_0"


def test_a_name_that_clashes_with_nothing_keeps_its_accent() -> None:
    text = render(derive(parse(CLASHING, "clashing")))
    assert r"\bar{\mathbf{h}}_t &=" in text


def test_letters_of_places_are_no_names_of_the_model() -> None:
    text = render(derive(load("lstm")), style=Style.of(detail="index"))
    letters = set(re.findall(r"\\sum_\{(\w+)=1\}\^\{", text))
    assert letters
    assert letters.isdisjoint({"i", "f", "o", "g", "c", "h", "s", "d", "q", "t"})
