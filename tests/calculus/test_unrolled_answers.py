"""What `unroll` answers: the seeds' closed forms, as text, as data and in LaTeX."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from symbptt.algebra import Model
from symbptt.cli import main
from symbptt.formula.verdict import check
from symbptt.language import library
from symbptt.language.parser import parse
from symbptt.output import unsigned
from symbptt.typeset.document import printed
from symbptt.unrolled import Answer, answer

SCALARS = "a: scalar\nb: scalar\nc: scalar\na[t] = b[t] + c[t]*a[t-1]\n"
MATRICES = "C: (n, n)\na: (n,)\na[t] = b[t] + C[t] @ a[t-1]\n"
ABSTRACT = "x: scalar\nw_h: scalar\nh: scalar\nf: function\nh[t] = f(x[t], h[t-1], w_h)\nh[0] = 0\n"
LEAKY = (
    "dt = 0.05\nx: (d,)\nv[t] = v[t-1] + dt * (W @ tanh(v[t-1]) + U @ x[t] + b - 0.9 * v[t-1])\n"
    "loss[t] = dot(v[t], v[t])\n"
)
LAG_TWO = "x: (d,)\nh[t] = A @ h[t-1] + B @ h[t-2] + U @ x[t]\n"

ANSWERS = [
    # 9.7.5-6, with and without a_0 = 0
    (SCALARS + "a[0] = 0\n", "a", "a[t] = sum(i, 1, t, prod(j, t, i+1, -1, c[j]) * b[i])"),
    (SCALARS + "a[0] = 0\n", "a", "= b[t] + sum(i, 1, t-1, prod(j, t, i+1, -1, c[j]) * b[i])"),
    (
        SCALARS,
        "a",
        "a[t] = prod(j, t, 1, -1, c[j]) * a[0] + sum(i, 1, t, prod(j, t, i+1, -1, c[j]) * b[i])",
    ),
    # the same for matrices, in descending order
    (
        MATRICES,
        "a",
        "a[t] = prod(j, t, 1, -1, C[j]) @ a[0] + sum(i, 1, t, prod(j, t, i+1, -1, C[j]) @ b[i])",
    ),
    # 9.7.4 and 9.7.7
    (ABSTRACT, "d(h[t], w_h)", "d(h[t], w_h) = b[t] + c[t] * d(h[t-1], w_h)"),
    (ABSTRACT, "d(h[t], w_h)", "b[t] = f'3(x[t], h[t-1], w_h)"),
    (ABSTRACT, "d(h[t], w_h)", "c[t] = f'2(x[t], h[t-1], w_h)"),
    (
        ABSTRACT,
        "d(h[t], w_h)",
        "= sum(i, 1, t, prod(j, t, i+1, -1, f'2(x[j], h[j-1], w_h)) * f'3(x[i], h[i-1], w_h))",
    ),
    # 9.7.14 and 9.7.15, in both forms
    ("linear", "d(L, h[t])", "d(L, h[t]) = b[t] + C @ d(L, h[t+1])"),
    ("linear", "d(L, h[t])", "C = W_hh.T"),
    ("linear", "d(L, h[t])", "b[t] = W_qh.T @ d(L, o[t])"),
    ("linear", "d(L, h[t])", "= sum(k, t, T, W_hh.T**(k-t) @ W_qh.T @ d(L, o[k]))"),
    (
        "linear",
        "d(L, h[t])",
        "= sum(i, t, T, W_hh.T**(T-i) @ W_qh.T @ d(L, o[T+t-i])) # with k = T+t-i",
    ),
    # the linear state itself
    ("linear", "h", "= W_hh**t @ h[0] + sum(i, 1, t, W_hh**(t-i) @ W_hx @ x[i])"),
    # two terms, one of them constant
    (
        "linear_bias",
        "h",
        "= W_hh**t @ h[0] + sum(i, 1, t, W_hh**(t-i) @ (W_hx @ x[i] + b_h))",
    ),
    # constant b
    (
        "h[t] = W @ h[t-1] + b\n",
        "h",
        "h[t] = W**t @ h[0] + sum(i, 1, t, W**(t-i) @ b)",
    ),
    # 001
    (
        "elman",
        "d(h[t], W_hh)",
        "= sum(i, 1, t, prod(j, t, i+1, -1, diag(phi_h'(a_h[j])) @ W_hh) "
        "@ diag(phi_h'(a_h[i])) @ kron(I, h[i-1].T))",
    ),
    # 002
    (
        "notes_elman",
        "d(h[t], W)",
        "= sum(i, 1, t, prod(j, t, i+1, -1, diag(f_h'(a_h[j])) @ W) "
        "@ diag(f_h'(a_h[i])) @ kron(I, h[i-1].T))",
    ),
    (
        "notes_elman",
        "d(h[t], V)",
        "= sum(i, 1, t, prod(j, t, i+1, -1, diag(f_h'(a_h[j])) @ W) "
        "@ diag(f_h'(a_h[i])) @ kron(I, x[i].T))",
    ),
    # 003: c is (diag(1 - h^2) W).T
    ("char_rnn", "d(L, h[t])", "C[t] = W.T @ diag(1 - h[t]**2)"),
    (
        "char_rnn",
        "d(L, h[t])",
        "= sum(k, t, T, prod(j, t+1, k, W.T @ diag(1 - h[j]**2)) @ V.T @ d(L, o[k]))",
    ),
    # lags above 1 and several states
    (LAG_TWO, "h", "C = vstack(hstack(A, B), hstack(I, zeros(n_h, n_h)))"),
    (LAG_TWO, "h", "s[t] = C**t @ s[0] + sum(i, 1, t, C**(t-i) @ b[i])"),
    (LAG_TWO, "h", "s[0] = vstack(h[0], h[-1])"),
    ("lstm", "d(L, c[t])", "S[t] = vstack(d(L, c[t]), d(L, h[t]))"),
    ("lstm", "d(L, h[t])", "S[t] = sum(j, t, T, prod(m, t+1, j, C[m]) @ b[j])"),
    ("lstm", "d(h[t], W_hi)", "C_22[t] = diag(f[t])"),
    # what is not affine
    ("elman", "h", "the term at fault is phi_h(W_xh @ x[t] + W_hh @ h[t-1] + b_h)"),
    ("lstm", "c", "the term at fault is f[t] * c[t-1]"),
    ("linear", "o", "o[t] depends on no earlier value of its own"),
    ("linear", "d(L, o[t])", "there is nothing to fold"),
    ("char_rnn", "d(L, x[t])", "it is read off that of d(L, h[t])"),
]


def model_of(name: str) -> Model:
    return parse(name) if "\n" in name else library.load(name)


def squeezed(text: str) -> str:
    return re.sub(r"\s+", " ", text)


@pytest.mark.parametrize(("name", "what", "expected"), ANSWERS)
def test_the_text_says(name: str, what: str, expected: str) -> None:
    assert expected in squeezed(answer(model_of(name), what, 4).text())


@pytest.mark.parametrize("what", [None, "h", "d(L, h[t])"])
@pytest.mark.parametrize("to", ["tex", "md"])
def test_a_document_says_what_its_cut_names_stand_for(what: str | None, to: str) -> None:
    long = "the_weight_of_what_was_before"
    text = f"x: (d,)\nh[t] = {long} @ h[t-1] + x[t]\nloss[t] = squared_error(h[t], y[t])\n"
    shown = printed(answer(parse(text, "long"), what, 2).document(), to)
    shown = shown.replace(r"\underline{\enspace}", r"\_")
    assert re.search(r"the.{0,4}weig.{0,4}ldots.{0,3}1", shown)
    assert f" is {long}" in shown.replace("\\_", "_").replace(r"\allowbreak{}", "")
    assert "are cut" not in printed(answer(model_of("linear"), what, 2).document(), to)


def found(name: str, what: str, horizon: int = 4) -> Answer:
    return answer(model_of(name), what, horizon)


def latex(answered: Answer) -> str:
    return printed(answered.document())


def test_the_sections_and_the_proof() -> None:
    data = found("linear", "d(L, h[t])").data()
    folded = data["folded"]
    assert folded["right"] is True
    assert folded["closed_form"] == (
        "d(L, h[t]) = sum(k, t, T, W_hh.T**(k-t) @ W_qh.T @ d(L, o[k]))"
    )
    assert list(folded["sections"]) == [
        "affine in the value of the step behind",
        "unrolled",
        "coefficients found",
        "closed form",
        "check at every step",
        "proof by induction, for all t",
    ]
    proof = folded["sections"]["proof by induction, for all t"]
    assert [line["number"] for line in proof] == [1, 2, 3, 4, 5, 6]
    assert [line["right"] for line in proof] == [
        "b[T]",
        "b[t] + C @ d(L, h[t+1])",
        "b[t] + C @ sum(k, t+1, T, C**(k-t-1) @ b[k])",
        "b[t] + sum(k, t+1, T, C @ C**(k-t-1) @ b[k])",
        "b[t] + sum(k, t+1, T, C**(k-t) @ b[k])",
        "sum(k, t, T, C**(k-t) @ b[k])",
    ]
    assert "the statement at t+1, assumed" in proof[2]["remark"]
    checks = folded["sections"]["check at every step"]
    assert [check["left"] for check in checks] == ["t = 4", "t = 3", "t = 2", "t = 1"]
    assert all(check["right"].endswith("right") for check in checks)
    json.dumps(data)


def test_data_of_what_does_not_fold() -> None:
    data = found("elman", "h").data()
    assert "folded" not in data
    assert "phi_h(" in data["no_closed_form"]


@pytest.mark.parametrize("what", [None, "h[3]", "d(L, h[2])", "d(L, W_hh)"])
def test_no_recurrence_is_asked_for(what: str | None) -> None:
    data = answer(library.load("linear"), what, 3).data()
    assert set(data) == {"model", "what", "T", "equations"}


def test_letters_and_indices_are_never_names_of_the_model() -> None:
    text = "i: (n,)\nb: (n,)\nh[t] = C @ h[t-1] + j * i[t] + b + k\ns[t] = J @ h[t] + c + B\n"
    shown = found(text, "h").text()
    assert "e[t] = j * i[t] + b + k" in squeezed(shown)
    assert "sum(m, 1, t, C**(t-m) @ e[m])" in shown


def test_letters_when_all_are_taken() -> None:
    """Every candidate is a parameter, so names are made up; none of them is the model's."""
    words = "b B e u source C J M K coefficient s S z Z stack i k j m n r p q b2 C11"
    names = re.findall(r"\w+", words)
    total = " + ".join(f"dot({name}, h[t-1])" for name in names)
    model = parse(f"x: (n_x,)\nh[t] = A @ h[t-1] + D @ h[t-2] + ({total}) * x[t]\n")
    shown = squeezed(answer(model, "h", 2).text())
    assert "stack_2[t] = coefficient_2[t] @ stack_2[t-1]" in shown
    assert "prod(q_4, t, 1, -1, coefficient_2[q_4]) @ stack_2[0]" in shown


@pytest.mark.parametrize(
    ("name", "what"),
    [
        ("linear", "d(L, h[t])"),
        ("lstm", "d(L, h[t])"),
        ("elman", "d(h[t], W_hh)"),
        (LAG_TWO, "h"),
        (SCALARS, "a"),
        ("elman", "h"),
        ("linear", "h[2]"),
    ],
)
def test_latex(name: str, what: str) -> None:
    text = printed(found(name, what).document(("header",)))
    assert text.startswith("% header\n\\documentclass")
    assert text.count("{") == text.count("}")
    assert text.count("\\begin{align*}") == text.count("\\end{align*}") >= 1
    assert not re.search(r"symbptt\.|<|None", text.replace("\\textless{}", ""))


def test_latex_of_both_forms_of_9_7_15() -> None:
    text = latex(found("linear", "d(L, h[t])"))
    assert r"\sum_{k=t}^T (\mathbf{W}_{\mathrm{hh}}^{\top})^{k-t}" in text
    assert r"\sum_{i=t}^T (\mathbf{W}_{\mathrm{hh}}^{\top})^{T-i}" in text
    assert r"\partial \mathbf{o}_{T+t-i}" in text
    assert r"with $k = T+t-i$" in text


def test_latex_writes_the_order_of_products_out() -> None:
    text = latex(found(MATRICES, "a"))
    assert r"\mathbf{C}_t \mathbf{C}_{t-1} \cdots \mathbf{C}_{i+1}" in text
    ascending = latex(found("char_rnn", "d(L, h[t])"))
    assert r"\mathbf{C}_{t+1} \mathbf{C}_{t+2} \cdots \mathbf{C}_k" in ascending


def test_a_run_too_short_for_the_recurrence() -> None:
    model = parse("h[t] = W @ h[t-1]\nloss[T] = dot(h[T], h[T-2])\n")
    for horizon, right in ((1, None), (2, None), (3, True)):
        folded = answer(model, "d(L, h[t])", horizon).data()["folded"]
        assert folded["right"] is right
        latex(answer(model, "d(L, h[t])", horizon))


def test_many_steps_cost_little() -> None:
    data = found("lstm", "d(L, h[t])", 100).data()
    checks = data["folded"]["sections"]["check at every step"]
    assert checks[-1]["right"] == "8 steps, 0 wrong"


# --- the checker agrees ----------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "what"),
    [
        ("linear", "h"),
        ("linear", "d(L, h[t])"),
        ("char_rnn", "d(L, h[t])"),
        ("char_rnn", "d(h[t], b)"),
        (LEAKY, "d(L, v[t])"),
        (LEAKY, "d(v[t], b)"),
        (SCALARS, "a"),
        (MATRICES, "a"),
    ],
)
def test_the_checker_accepts_the_closed_form(name: str, what: str) -> None:
    model = model_of(name)
    formula = answer(model, what, 4).data()["folded"]["formula"]
    assert check(model, formula).status == 0
    # Its last limit moved by one, it is another formula.
    wrong = formula.replace("(i, 1, t,", "(i, 2, t,").replace("(k, t, T,", "(k, t+1, T,")
    assert wrong != formula
    assert check(model, wrong).status == 1


# --- the verb --------------------------------------------------------------------------


def run(*arguments: str) -> Result:
    return CliRunner().invoke(main, ["unroll", *arguments])


def test_the_verb_writes_text_data_and_latex(tmp_path: Path) -> None:
    question = ("linear", "d(h[t], W_hh)", "-T", "3")
    text = run(*question)
    assert text.exit_code == 0
    head = "# made by symbptt: symbptt unroll linear 'd(h[t], W_hh)' -T 3\n"
    assert unsigned(text.stdout).startswith(head)
    assert json.loads(run(*question, "--json").stdout)["folded"]["right"] is True
    markdown = run(*question, "--to", "md").stdout
    assert "\n## Closed form\n\nThe terms fold into\n\n$$\n\\begin{aligned}\n" in markdown
    path = tmp_path / "w.tex"
    for _ in range(2):  # it may replace what it wrote itself
        assert run(*question, "--to", "tex", "-o", str(path)).exit_code == 0
    written = unsigned(path.read_text(encoding="utf-8"))
    assert written.startswith("% made by symbptt: symbptt unroll linear")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("linear", "h", "--json", "--to", "tex"), "--json"),
        (("linear", "d(h[t], nobody)"), "nobody"),
        (("linear", "d(nobody[t], W_hh)"), "nobody"),
        (("linear", "d(h, W_hh)"), "d(L, h[t])"),
        (("linear", "h", "--to", "pdf"), "tex"),
    ],
)
def test_the_verb_refuses(arguments: tuple[str, ...], said: str) -> None:
    result = run(*arguments)
    assert result.exit_code == 2
    assert said in result.stderr
    assert result.stdout == ""
