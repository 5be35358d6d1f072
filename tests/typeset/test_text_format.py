"""The document as text: 80 columns, Unicode mathematics, nothing of TeX."""

from __future__ import annotations

import re

import pytest

from symbptt import derive, load
from symbptt.algebra import Model
from symbptt.language.parser import parse
from symbptt.typeset.blocks import Box, Display, Equality, Heading, Math, Table, prose
from symbptt.typeset.breaking import broken_text
from symbptt.typeset.document import render
from symbptt.typeset.style import Style
from symbptt.typeset.text_format import WIDTH, TextFormat
from symbptt.typeset.unicode import columns, unicode
from tests.typeset.hostile import HOSTILE


def wrong_lines(text: str) -> list[str]:
    """Lines that are too wide, or on which something of TeX is left."""
    return [
        line
        for line in text.splitlines()
        if columns(line) > WIDTH or re.search(r"\\|\$|[_^]\{|  \S.*[&~]", line) or "\t" in line
    ]


@pytest.mark.parametrize("name", HOSTILE)
def test_anybodys_words_stay_words_and_within_the_width(name: str) -> None:
    text = render(derive(parse(HOSTILE[name], name)), "text")
    assert all(columns(line) <= WIDTH for line in text.splitlines())
    assert all(character.isprintable() or character == "\n" for character in text)


def model(text: str) -> Model:
    return parse(f"x: (d,)\n{text}\nloss[t] = squared_error(h[t], y[t])\n", "m")


@pytest.mark.parametrize("style", [Style(), Style("row", "superscript", "D", "index")])
def test_a_document_is_text_of_80_columns(style: Style) -> None:
    assert not wrong_lines(render(derive(load("linear")), "text", style=style).partition("\n\n")[2])


def test_a_long_name_is_cut_and_not_let_out() -> None:
    long = "h" * 200
    text = render(derive(model(f"h[t] = tanh({long} @ h[t-1] + U @ x[t])")), "text")
    assert not wrong_lines(text.partition("\n\n")[2])


@pytest.mark.parametrize(
    ("tex", "text"),
    [
        (r"\mathbf{W}_{\mathrm{hh}}^{\top} \frac{\partial L}{\partial \mathbf{a}_{\mathrm{h},t+1}}",
         "W_hhᵀ ∂L/∂a_h[t+1]"),
        (r"\frac{1}{T} \sum_{t=1}^T \ell_t", "1/T · Σ(t=1…T) ℓ[t]"),
        (r"\left(\frac{\partial \mathbf{o}_T}{\partial \mathbf{h}_T}\right)^{\!\top} \mathbf{x}",
         "(∂o[T]/∂h[T])ᵀ x"),
        (r"\bigl(1 - \mathbf{h}_t^{\odot 2}\bigr) \odot \mathbf{f}_t", "(1 - h[t]⊙²) ⊙ f[t]"),
        (r"\frac{\partial^{+} \mathbf{h}_t}{\partial \mathbf{h}_{t-1}}", "∂⁺h[t]/∂h[t-1]"),
        (r"\frac{\mathrm{d} \mathbf{h}_t}{\mathrm{d} \mathbf{W}}", "dh[t]/dW"),
        (r"\frac{a + b}{c d}", "(a + b)/(c d)"),
        (r"\prod_{j = t, \dots, i+1} \mathbf{C}_j", "Π(j=t,…,i+1) C[j]"),
        (r"(\mathbf{W}_{\mathrm{hh}})_{ji} (\mathbf{h}_{t-1})_i", "W_hh[j,i] h[t-1][i]"),
        (r"\mathbf{E}_{i,:}^{\top}", "E[i,:]ᵀ"),
        (r"-\log\operatorname{softmax}(\mathbf{s}_t)_{y_t}", "-log softmax(s[t])[y[t]]"),
        (r"\sigma(\mathbf{a}_t)", "σ(a[t])"),
        (r"\bar{\mathbf{h}}^{(t)}", "h̄^(t)"),
        (r"\begin{pmatrix} a & b \\[2.5ex] c & d \end{pmatrix}", "[a, b; c, d]"),
        (r"\begin{cases} 1 & \text{if } s < t, \\ 0 & \text{otherwise} \end{cases}",
         "{1 if s < t; 0 otherwise}"),
        (r"\mathbb{R}^{h \times (d + 1)}", "ℝ^(h×(d+1))"),
        (r"\mathbb{R}^{h \times (h \, d)}", "ℝ^(h×(h·d))"),
        (r"\mathbb{R}^{h \, \; d}", "ℝ^(h·d)"),
        (r"\Bigl\lVert \nabla L \Bigr\rVert^2", "‖∇L‖²"),
        (r"\mathtt{h\_bar\_0}", "h_bar_0"),
        (r"\mathbf{1}^{\top} \mathbf{v}", "𝟏ᵀ v"),
        (r"2 \cdot 10^{-3}", "2 · 10⁻³"),
        (r"\partial_1 \phi(u, v)", "∂₁φ(u, v)"),
        (r"\mathbf{total}_0 + \mathbf{total}_t", "total[0] + total[t]"),
        (r"\mathbf{W}_2 \mathbf{h}_{2,t-1}", "W₂ h₂[t-1]"),
        (r"\mathbf{a}_{\gamma,t} \in \mathbb{R}^{n_{\zeta}}", "a_γ[t] ∈ ℝ^(n_ζ)"),
        (r"(\mathbf{a}_{\gamma})_{\iota}", "a_γ[ι]"),
    ],
)  # fmt: skip
def test_formulas_in_unicode(tex: str, text: str) -> None:
    assert unicode(tex) == text


def test_what_stands_where() -> None:
    lines = (
        Equality("a", ("b", "c"), "1", r"\in \mathbb{R}"),
        Equality(r"\mathbf{long}", ("d",), "12", words="words of the author"),
    )
    printed = TextFormat().body(
        [
            Heading(prose("About $a$")),
            Display(lines),
            Box(lines[:1]),
            Table(("what", "why"), (((Math("x"),), ("because it is so " * 8,)),), (1.0, 2.0)),
        ]
    )
    assert printed == (
        "About a\n=======\n\n"
        "   (1)     a = b\n"
        "             = c   ∈ ℝ\n"
        "  (12)  long = d   words of the author\n\n"
        f"{'─' * 80}\n  (1)  a = b\n         = c   ∈ ℝ\n{'─' * 80}\n\n"
        f"what  why\n{'─' * 80}\n"
        "x     because it is so because it is so because it is so because it is so\n"
        "      because it is so because it is so because it is so because it is so\n"
    )


def test_a_line_breaks_where_it_binds_least() -> None:
    text = "aaaa[t] + (bbbb - cccc) ⊙ dddd - ffff"
    assert broken_text(text, 20, 20) == ["aaaa[t]", "+ (bbbb - cccc)", "⊙ dddd - ffff"]
    assert broken_text("x" * 50, 20, 20) == ["x" * 20, "x" * 20, "x" * 10]
    assert broken_text("[a, b; c, d]", 8, 8) == ["[a, b;", "c, d]"]
