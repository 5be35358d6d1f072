"""The normal form: what gets a name."""

import pytest

from symbptt.algebra import NOW, Cotangent, Mul, Number, Ref, walk
from symbptt.calculus.normal import introduced, normalize
from symbptt.language.library import load, names
from symbptt.language.parser import parse
from symbptt.typeset.plain import plain

CASES = {
    "pre-activation": (
        "x: (d,)\nh[t] = tanh(W @ x[t] + U @ h[t-1] + b)",
        ["a[t] = W @ x[t] + U @ h[t-1] + b", "h[t] = tanh(a[t])"],
    ),
    "two pre-activations": (
        "x: (d,)\nf[t] = sigmoid(W @ x[t])\nh[t] = f[t] * tanh(U @ h[t-1])",
        [
            "a_f[t] = W @ x[t]",
            "f[t] = sigmoid(a_f[t])",
            "a_h[t] = U @ h[t-1]",
            "h[t] = f[t] * tanh(a_h[t])",
        ],
    ),
    "a product of a product's operand": (
        "x: (d,)\nf[t] = V @ x[t]\nh[t] = U @ (f[t] * h[t-1])",
        ["f[t] = V @ x[t]", "u[t] = f[t] * h[t-1]", "h[t] = U @ u[t]"],
    ),
    "inside a factor": (
        "x: (d,)\nr[t] = V @ x[t]\nh[t] = r[t] * (W @ h[t-1] + b)",
        ["r[t] = V @ x[t]", "u[t] = W @ h[t-1] + b", "h[t] = r[t] * u[t]"],
    ),
    "a name that is taken": (
        "x: (d,)\na[t] = tanh(W @ x[t] + U @ a[t-1])",
        ["a_a[t] = W @ x[t] + U @ a[t-1]", "a[t] = tanh(a_a[t])"],
    ),
    "what has a name keeps it": (
        "x: (d,)\nz[t] = W @ x[t] + U @ h[t-1]\nh[t] = tanh(z[t])",
        ["z[t] = W @ x[t] + U @ h[t-1]", "h[t] = tanh(z[t])"],
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_what_gets_a_name(case: str) -> None:
    text, expected = CASES[case]
    equations = normalize(parse(text)).equations
    assert [f"{plain(e.ref)} = {plain(e.rhs)}" for e in equations] == expected


def test_matrix_expressions_become_derived_parameters() -> None:
    model = normalize(parse("x: (d,)\nh[t] = tanh((W - W.T) @ h[t-1] + V @ x[t])"))
    assert [f"{d.name} = {plain(d.rhs)}" for d in model.derived] == ["A = W - W.T"]
    assert plain(model.equation("a").rhs) == "A @ h[t-1] + V @ x[t]"


@pytest.mark.parametrize("name", names())
def test_structured_nodes_act_on_references(name: str) -> None:
    for equation in normalize(load(name)).equations:
        for node in walk(equation.rhs):
            if node.structured:
                below = [n for n in walk(node) if n is not node]
                assert all(n.leaf for n in below if not n.structured)


@pytest.mark.parametrize("name", names())
def test_a_normal_form_is_its_own_normal_form(name: str) -> None:
    once = normalize(load(name))
    assert normalize(once).equations == once.equations


def test_what_a_formula_names_of_the_normal_form_is_told() -> None:
    text = "x: (d,)\nf[t] = sigmoid(W @ x[t])\nh[t] = f[t] * tanh(U @ h[t-1])"
    normal = normalize(parse(text))
    assert introduced(normal, ()) == ()
    for kind in (Ref, Cotangent):
        for wanted in ("a_f", "a_h", "f"):
            shape = normal.equation(wanted).shape
            found = introduced(normal, (Mul((Number(2), kind(wanted, NOW, shape))),))
            assert [e.name for e in found] == ([wanted] if wanted != "f" else [])


def test_a_start_that_is_a_number_gets_no_name() -> None:
    text = "p = 1/3\nh[0] = {}\nh[t] = tanh(W @ h[t-1])"
    for start, named in (("p", 0), ("0", 0), ("h_0", 0), ("tanh(h_0)", 1)):
        assert len(normalize(parse(text.format(start))).derived) == named, start
