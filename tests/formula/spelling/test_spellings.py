r"""What people type means what the plain form means."""

from __future__ import annotations

import pytest

from symbptt.algebra import Model
from symbptt.errors import FormulaError
from symbptt.formula.reading import readings
from symbptt.formula.text import formula_text
from symbptt.language import library
from tests import cells
from tests.formula.catalogue import model as of_catalogue

SAME = (
    ("linear", "h[t] = W_hx @ x[t] + W_hh @ h[t-1]", (
        "h_t = W_hx x_t + W_hh h_{t-1}",
        r"\mathbf{h}_t &= \mathbf{W}_{hx}\, \mathbf{x}_t + \bm W_{\mathrm{hh}} {\bf h}_{t-1},"
        r"\tag{1}",
        r"h^{(t)} = W_{hx} x^{(t)} + W^{hh} h^{(t-1)}",
        r"h^{<t>} = W_{hx} \cdot x^{<t>} + W_{hh} \cdot h^{<t-1>}",
        r"h^{\langle t\rangle} = W_{hx} \times x^{\langle t \rangle}"
        r" + W_{hh} h^{\langle t-1 \rangle}",
        "h(t) = W_hx x(t) + W_hh h(t-1)",
        "hₜ = W_hx·xₜ + W_hh·hₜ₋₁",
        r"\begin{equation} \label{eq:h} \boldsymbol{h}_{t} = W_{hx} x_t + W_{hh} h_{t - 1}"
        r" \quad \in \mathbb{R}^{h} \end{equation}",
        "h[t] = W_hx x[t] + W_hh @ h_{t-1}",
    )),
    ("linear", "d(L, h[t]) = W_hh.T @ d(L, h[t+1]) + W_qh.T @ d(L, o[t])", (
        "∂L/∂h_t = W_hhᵀ ∂L/∂h_{t+1} + W_qh^⊤ ∂L/∂o_t",
        "dL/dh_t = W_hh^T dL/dh_{t+1} + W_qh^T dL/do_t",
        r"\frac{\partial L}{\partial \mathbf{h}_t} = \mathbf{W}_{hh}^\top \frac{\partial L}"
        r"{\partial \mathbf{h}_{t+1}} + \mathbf{W}_{qh}^\top"
        r" \dfrac{\partial L}{\partial \mathbf{o}_t}",
        r"\dfrac{\mathrm d \mathcal{L}}{\mathrm d h_t} = W_{hh}^{\intercal}"
        r" \frac{\mathrm{d}\mathcal L}{\mathrm{d}h_{t+1}} + W_{qh}^{\top} \frac{d L}{d o_t}",
        r"\delta L/\delta h_t = W_{hh}^\top \delta L/\delta h_{t+1}"
        r" + W_{qh}^\top \delta L/\delta o_t",
        r"\nabla_{h_t} L = W_{hh}^\top \nabla_{h_{t+1}} L + W_{qh}^{\!\top} \nabla_{o_t} L",
        r"\bar{h}_t = W_{hh}^\top \bar{\mathbf h}_{t+1} + W_{qh}^\top \bar{o}_t",
        r"\delta h_t = W_{hh}^\top \delta h_{t+1} + W_{qh}^\top \delta o_t",
        "dL/dh[t] = W_hh.T dL/dh_{t+1} + W_qh^T @ d(L, o_t)",
    )),
    ("linear", "d(L, W_qh) = sum(t, 1, T, d(L, o[t]) @ h[t].T)", (
        r"\frac{\partial L}{\partial W_{qh}} = \sum_{t=1}^{T}"
        r" \frac{\partial L}{\partial o_t} h_t^\top",
        r"\frac{\partial L}{\partial W_{qh}} = \sum\limits_{t}"
        r" \frac{\partial L}{\partial o_t} h_t^\top",
        "∂L/∂W_qh = ∑_{t=1}^T ∂L/∂o_t h_tᵀ",
        "∂L/∂W_qh = Σ_{1≤t≤T} ∂L/∂o_t h_tᵀ",
        "∂L/∂W_qh = sum_{t=1}^T ∂L/∂o_t h_tᵀ",
    )),
    ("linear", "d(L, h[t]) = sum(i, t, T, (W_hh.T)**(T-i) @ W_qh.T @ d(L, o[T+t-i]))", (
        r"\frac{\partial L}{\partial h_t} = \sum_{i=t}^T (W_{hh}^\top)^{T-i} W_{qh}^\top"
        r" \frac{\partial L}{\partial o_{T+t-i}}",
        r"\frac{\partial L}{\partial h_t} = \sum_{i=t}^T {\left(W_{hh}^T\right)}^{T-i} W_{qh}^T"
        r" \frac{\partial L}{\partial o_{T+t-i}}",
    )),
    ("linear", "d(L, h[t][i]) = sum(j, 1, len(q), W_qh[j, i] * d(L, o[t][j])) + "
     "sum(j, 1, len(h), W_hh[j, i] * d(L, h[t+1][j]))", (
        r"\frac{\partial L}{\partial (h_t)_i} = \sum_j (W_{qh})_{ji}"
        r" \frac{\partial L}{\partial (o_t)_j} + \sum_{j=1}^{h} (W_{hh})_{ji}"
        r" \frac{\partial L}{\partial (h_{t+1})_j}",
        r"\frac{\partial L}{\partial h_{t,i}} = \sum_j W_{qh,ji}"
        r" \frac{\partial L}{\partial o_{t,j}} + \sum_{j} W_{hh,ji}"
        r" \frac{\partial L}{\partial h_{t+1,j}}",
    )),
    ("linear", "d(L, o[t]) = direct(loss[t], o[t]) / T", (
        r"\frac{\partial L}{\partial o_t} = \frac{\partial l(o_t, y_t)}{T \cdot \partial o_t}",
        r"\frac{\partial L}{\partial o_t} = \frac{\partial l(y_t, o_t)}{\partial o_t} / T",
    )),
    # A scalar of the model in parentheses behind a name is no step.
    ("learned_scalars", "o[t] = h[t] * (1 - zeta) + h[t] * (2 * nu)", (
        r"\mathbf{o}_t = \mathbf{h}_t (1 - \zeta) + \mathbf{h}_t (2 \nu)",
        r"o_t = h_{t} (1-\zeta) + h_t (2\nu)",
    )),
    # A row of ones before scalars and a vector.
    ("linear", "d(L, x[t]) = 0.5 * (1 / T) * sum(h[t]) * x[t]", (
        r"\frac{\partial L}{\partial x_t} = 0.5 \cdot \frac{1}{T} (\mathbf{1}^\top h_t) x_t",
    )),
    ("linear", "d(L, h[t]) = W_hh.T @ d(L, h[t+1]) + W_qh.T @ d(L, o[t])", (
        r"(DL)_{h_t} = W_{hh}^\top (DL)_{h_{t+1}} + W_{qh}^\top (DL)_{o_t}",
        r"\delta^{h}_t = W_{hh}^\top \delta^h_{t+1} + W_{qh}^\top \delta^{o}_t",
        r"\boldsymbol{\delta}_t^{\mathbf{h}} = W_{hh}^\top \boldsymbol{\delta}^{\mathbf{h}}_{t+1}"
        r" + W_{qh}^\top \delta^{o}_t",
    )),
    ("linear", "d(L, W_hx) = sum(t, 1, T, d(h[t], W_hx).T @ d(L, h[t]))", (
        r"\frac{\partial L}{\partial W_{hx}} = \sum_{t=1}^T \textrm{prod}\left(\frac{\partial L}"
        r"{\partial \mathbf{h}_t}, \frac{\partial \mathbf{h}_t}{\partial \mathbf{W}_{hx}}\right)",
    )),
    ("linear", "d(h[t], h[k]) = prod(j, t, k+1, -1, direct(h[j], h[j-1]))", (
        r"\frac{\partial h_t}{\partial h_k} = \frac{\partial h_t}{\partial h_{t-1}}"
        r" \frac{\partial h_{t-1}}{\partial h_{t-2}} \cdots \frac{\partial h_{k+1}}{\partial h_k}",
        r"\frac{\partial h_t}{\partial h_k} = \prod_{t \ge j > k}"
        r" \frac{\partial h_j}{\partial h_{j-1}}",
        r"\frac{\partial h_t}{\partial h_k} = \prod_{j=t}^{k+1}"
        r" \frac{\partial h_j}{\partial h_{j-1}}",
    )),
    ("recurrence", "d(h[t], w) = direct(h[t], w) + direct(h[t], h[t-1]) * d(h[t-1], w)", (
        r"\frac{\partial h_t}{\partial w} = \frac{\partial f(x_{t},h_{t-1},w)}{\partial w} + "
        r"\frac{\partial f(x_{t},h_{t-1},w)}{\partial h_{t-1}} \frac{\partial h_{t-1}}{\partial w}",
    )),
    ("linear", "L = 1 / T * sum(j, 1, T, loss[j])", (
        r"L = \frac{1}{T} (l_1 + l_2 + \dots + l_T)",
        r"L = \frac{1}{T} (l_1 + l_2 + \dots + l_t \dots + l_T)",
        r"L = \frac{1}{T} (L_1 + ... + L_T)",
    )),
    ("linear", "d(L, W_hh) = 1 / T * sum(j, 1, T, d(loss[j], W_hh))", (
        r"\frac{\partial L}{\partial W_{hh}} = \frac{1}{T} \left( \frac{\partial l_1}"
        r"{\partial W_{hh}} + \dots + \frac{\partial l_t}{\partial W_{hh}} + \dots"
        r" + \frac{\partial l_T}{\partial W_{hh}} \right)",
    )),
    ("linear", "d(h[t], W_hh) = sum(k1, 1, t, prod(j1, t, k1+1, -1, direct(h[j1], h[j1-1])) @ "
     "partial(h[k1], W_hh))", (
        r"\frac{\partial h_t}{\partial W_{hh}} = \frac{\partial^+ h_t}{\partial W_{hh}} + ("
        r"\frac{\partial h_t}{\partial h_{t-1}} \frac{\partial^+ h_{t-1}}{\partial W_{hh}}) + ("
        r"\frac{\partial h_t}{\partial h_{t-1}} \frac{\partial h_{t-1}}{\partial h_{t-2}}"
        r" \frac{\partial^+ h_{t-2}}{\partial W_{hh}}) + ...",
    )),
    ("linear", "d(h[t], h[k]) = prod(j, t, k+1, -1, direct(h[j], h[j-1]))", (
        r"\frac{\partial h_t}{\partial h_k} = \frac{\partial h_t}{\partial h_{t-1}} ..."
        r" \frac{\partial h_{k+2}}{\partial h_{k+1}} \frac{\partial h_{k+1}}{\partial h_k}",
    )),
    ("linear", "d(h[t], W_hh) = sum(k, 1, t, prod(j, t, k+1, -1, direct(h[j], h[j-1])) @ "
     "partial(h[k], W_hh))", (
        r"\frac{\partial h_t}{\partial W_{hh}} = \sum_{k=1}^t \prod_{j=t}^{k+1}"
        r" \frac{\partial h_j}{\partial h_{j-1}} \frac{\partial^+ h_k}{\partial W_{hh}}",
        r"\frac{\partial h_t}{\partial W_{hh}} = \sum_{k=1}^t \left(\prod_{j=t}^{k+1}"
        r" \frac{\partial h_j}{\partial h_{j-1}}\right) \frac{\partial^+ h_k}{\partial W_{hh}}",
    )),
    ("linear", "d(L, W_hh) = sum(t, 1, T, direct(h[t], W_hh).T @ d(L, h[t]))", (
        r"\frac{\partial L}{\partial W_{hh}} = \sum_t"
        r" \left( \frac{\partial h_t}{\partial W_{hh}^{(t)}} \right)^\top"
        r" \frac{\partial L}{\partial h_t}",
    )),
    ("linear", "d(L, W_hh) = 1 / T * sum(t, 1, T, d(loss[t], W_hh))", (
        r"\frac{\partial L}{\partial W_{hh}} = \frac{1}{T} \sum_t"
        r" \frac{\partial l(o_t, y_t)}{\partial W_{hh}}",
    )),
    ("linear", "norm(vec(d(L, W_hx)))**2 + norm(vec(d(L, W_hh)))**2 + norm(vec(d(L, W_qh)))**2"
     " = 1", (
        r"\lVert \nabla L \rVert^2 = 1",
    )),
    ("gru", "h[t] = z[t] * h[t-1] + (1 - z[t]) * n[t]", (
        r"h_t = z_t \odot h_{t-1} + (1 - z_t) \odot \tilde{h}_t",
        "h_t = z_t ∘ h_{t-1} + (1 − z_t) ⊙ n_t",
        "h_t = z_t * h_{t-1} + (1 - z_t) n_t",
    )),
    ("char_rnn", "d(L, o[t]) = 1 / T * (p[t] - onehot(y[t]))", (
        r"\frac{\partial L}{\partial o_t} = \frac{1}{T} (\hat{y}_t - \mathbf{1}_{y_t})",
        r"\frac{\partial L}{\partial o_t} = \frac{1}{T} (\mathbf{p}_t - \mathbf{y}_t)",
        "∂L/∂oₜ = 1/T (ŷₜ − yₜ)",
    )),
    ("lstm", "d(L, c[t]) = d(L, h[t]) * o[t] * (1 - tanh(c[t])**2) + d(L, c[t+1]) * f[t+1]", (
        r"\frac{\partial L}{\partial c_t} = \frac{\partial L}{\partial h_t} \odot o_t \odot"
        r" (1 - \tanh^2(c_t)) + \frac{\partial L}{\partial c_{t+1}} \odot f_{t+1}",
        r"dc_t = dh_t \circ o_t \circ (1 - \tanh(c_t)^{\odot 2}) + dc_{t+1} \circ f_{t+1}",
        "dc_t = dh_t * o_t * (1 - tanh(c_t)^2) + dc_{t+1} * f_{t+1}",
    )),
    ("linear", "L = 1 / T * sum(t, 1, T, l(o[t], y[t]))", (
        r"L = \frac{1}{T} \sum_{t=1}^T \ell(\mathbf{o}_t, \mathbf{y}_t)",
        r"\mathcal{L} = \frac1T \sum_{t=1}^T l(o_t, y_t)",
    )),
    # An index beside a vector of the same letter.
    ("lstm", "d(L, b_i) = sum(n, 1, T, d(L, a_i[n]))", (
        r"\frac{\partial L}{\partial \mathbf{b}_i} = \sum_{s=1}^T"
        r" \frac{\partial L}{\partial \mathbf{a}_{i,s}}",
    )),
    # What is no step and no entries of what stands before it.
    ("linear", "d(L, W_qh) = sum(t, 1, T, (h[t] @ d(L, o[t]).T).T)", (
        r"(DL)_{W_{qh}} = \sum_{t=1}^T (h_t (DL)_{o_t}^\top)^\top",
    )),
    ("char_rnn", "d(L, o[t][k]) = 1 / T * p[t][k] - 1 / T * delta(k, y[t])", (
        r"\frac{\partial L}{\partial (o_t)_k} = \frac1T (p_t)_k - \frac1T [k = y_t]",
    )),
    ("norms_and_robust_losses", "h[t] = hard_tanh(h[t]) + hard_sigmoid(h[t])", (
        r"h_t = \operatorname{hard\,tanh}(h_t) + \operatorname{hard\,sigmoid}(h_t)",
    )),
)  # fmt: skip


def named(name: str) -> Model:
    if name in library.names():
        return library.load(name)
    return cells.cell(name) if name in cells.NAMES else of_catalogue(name)


@pytest.mark.parametrize(
    ("name", "plain", "text"),
    [(name, plain, text) for name, plain, texts in SAME for text in texts],
)
def test_it_means_the_same(name: str, plain: str, text: str) -> None:
    (wanted,) = readings(plain, named(name))[0].links
    (link,) = readings(text, named(name))[0].links
    assert formula_text(link) == formula_text(wanted)


BAD = {
    r"h_t = \frac{W_{hh}": "never closed",
    r"h_t = \left( W_{hh} h_{t-1}": "this `(` is never closed",
    r"h_t = W_{hh} h_{t-1})": "closes no bracket",
    r"h_t = W_{hh} h_{t-1} +": "missing at the end",
    r"h_t = W_{hh} Q_{t-1}": "no name `Q`",
    r"h_t = \foo h_{t-1}": r"`\foo` has no meaning",
    r"h_t = W_{hh}^{-1} h_{t-1}": "the inverse of a matrix",
    r"h_t = W_{hh,t} h_{t-1}": "parameters have no step",
    r"\frac{\partial L}{\partial W_{hh,t}} = 1": "parameters have no step",
    r"\frac{\partial h_t}{\partial W_{hh}^{(t+1)}} = 1": "parameters have no step",
    r"L = l_1 + o_2 + \dots + l_T": "do not go on in one way",
    r"L = l_1 + l_3 + \dots + l_T": "do not go on in one way",
    r"L = l_1 - l_2 + \dots - l_T": "do not go on in one way",
    r"L = l_1 + \dots": "do not go on in one way",
    r"L = \dots + l_T": "do not go on in one way",
    r"h_t = W_{hh} h": "has a value at every step",
    r"h_t = W_{gh} h_{t-1}": "did you mean `W_qh`",
    r"h_t = " + "{" * 10_000 + "x" + "}" * 10_000: "at most 16,000 characters",
    r"h_t = " + "{" * 3_000 + "x" + "}" * 3_000: "nest at most",
    r"h_t = " + r"\hat{" * 2_000 + "x" + "}" * 2_000: "too many",
    r"h_t = " + r"\frac" * 2_000: "nests at most",
    r"h_t = " + r"\sqrt" * 2_000 + "2": "nests at most",
    r"h_t = " + r"\sum_i " * 1_000 + "2": "nests at most",
    r"h_t = " + "x_{" * 1_000 + "t" + "}" * 1_000: "nest at most",
    r"h_t = " + "+".join(["x_t"] * 1_001): "terms in a row",
    r"h_t = " + "x_t " * 1_001: "factors in a row",
    "h_t = \x00": "U+0000",
    "h_t = " + "\\" * 5_000: "missing",
    "h_t = x_t, \\quad y_t = 2": "an initial value has a number for its step",
    "h_t = x_t \\text{ otherwise}": "`otherwise`",
}


@pytest.mark.parametrize(("text", "words"), BAD.items(), ids=lambda text: text[:40])
def test_what_can_not_be_read_is_told(text: str, words: str) -> None:
    with pytest.raises(FormulaError) as error:
        readings(text, library.load("linear"))
    assert words in str(error.value)
    assert len(str(error.value)) < 1_000


@pytest.mark.parametrize(
    ("text", "conditions"),
    [
        (
            r"\begin{align*} h_t &= W_{hx} x_t + W_{hh} h_{t-1} \quad (1 \le t \le T), \\"
            r" &= h_t + 0 \quad \text{($0 \le t$, the beginning)} \\* &= h_t - 0 \\ \end{align*}",
            ["1 <= t <= T", "0 <= t", "0 <= t"],
        ),
        (
            r"h_t &= W_{hx} x_t \\ & \qquad + W_{hh} h_{t-1} \\[1ex]"
            r" &\quad = h_t \text{ for } t \ge 1",
            ["t >= 1", "t >= 1"],
        ),
        (r"h_t = W_{hx} x_t + W_{hh} h_{t-1} \quad \text{(what $h$ is, by (1))}", [""]),
        (r"h_t = h_t = h_t \quad \text{($t < T$)}", ["t < T", "t < T"]),
        (
            r"h_t &= h_t \quad \text{($t < T$)} \\ &= (2)^{1} \\ &\qquad {} \tfrac{1}{2} h_t",
            ["t < T", "t < T"],
        ),
    ],
)
def test_a_line_of_a_chain_has_its_condition_or_that_of_a_line_before(
    text: str, conditions: list[str]
) -> None:
    (found, *_) = readings(text, library.load("linear"))
    said = [formula_text(link).partition(" for ")[2] for link in found.links]
    assert said == conditions
