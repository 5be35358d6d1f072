r"""The formulas of two texts, typed from them, stand in what is printed.

"Backpropagation Through Time in Detail" (Mục 9.7.2) derives the linear network by entries;
A. Singh's "BPTT derivations" uses rows, superscripts and the operator D. Where our signs
differ the typed formula has ours, and only these differ:

- letters: their (W)_ij is our (W)_ji where they also write (W_qh)_ji, and sums have the
  letters i, k, j in this order;
- Singh's tau is T, ŷ is p, the indicator of {i = y} is a delta, o_i is (o)_i, the outer
  product u ⊗ v is the product u^T v, [u ⊙ v] of a gradient u is u diag[v], the square of a
  vector is ⊙2; sums are over t = 1 … T, also where he counts from 0.
"""

from __future__ import annotations

import re
from functools import cache

import pytest

from symbptt.calculus.gradients import derive
from symbptt.language.library import load
from symbptt.typeset.document import render
from symbptt.typeset.style import Style


def normalised(text: str) -> str:
    r"""Without what does not change the meaning: type, sizes of brackets, spaces, alignment."""
    text = re.sub(r"\\qquad \{\}|\\\\\*?|&|\\!|\\,|\s", "", text)
    text = re.sub(r"\\(left|right|[bB]igl|[bB]igr)(?![a-z])", "", text)
    text = re.sub(r"\\(mathbf|mathrm|boldsymbol|operatorname)\{([^{}]*)\}", r"\2", text)
    while (shorter := re.sub(r"(?<=[_^])\{([A-Za-z])\}", r"\1", text)) != text:
        text = shorter
    return text


@cache
def printed(name: str, layout: str, notation: str, detail: str) -> str:
    style = Style.of(layout, notation, detail)
    return normalised(render(derive(load(name)), style=style))


IN_DETAIL = {
    "2": r"\frac{\partial L}{\partial o_t} = \frac{\partial L}{\partial \ell_t} "
    r"\frac{\partial \ell_t}{\partial o_t} "
    r"= \frac{1}{T} \frac{\partial \ell(o_t, y_t)}{\partial o_t}",
    "3": r"o_t = W_{qh} h_t + b_q",
    "4": r"(o_t)_j = \sum_{i=1}^h (W_{qh})_{ji} (h_t)_i + (b_q)_j",
    "5, delta": r"\frac{\partial (o_t)_j}{\partial (W_{qh})_{mi}} "
    r"= \sum_{k=1}^h \delta_{jm} \delta_{ki} (h_t)_k = \delta_{jm} (h_t)_i",
    "5": r"\frac{\partial L}{\partial (W_{qh})_{ji}} = \sum_{t=1}^T \sum_{k=1}^q "
    r"\frac{\partial L}{\partial (o_t)_k} \frac{\partial (o_t)_k}{\partial (W_{qh})_{ji}} "
    r"= \sum_{t=1}^T \sum_{k=1}^q \frac{\partial L}{\partial (o_t)_k} \delta_{kj} (h_t)_i "
    r"= \sum_{t=1}^T \frac{\partial L}{\partial (o_t)_j} (h_t)_i",
    "6": r"= \sum_{t=1}^T \frac{\partial L}{\partial o_t} h_t^{\top} \quad "
    r"\in \mathbb{R}^{q \times h}",
    "8": r"\frac{\partial L}{\partial (h_T)_i} = \sum_{j=1}^q "
    r"\frac{\partial L}{\partial (o_T)_j} \frac{\partial (o_T)_j}{\partial (h_T)_i} "
    r"= \sum_{j=1}^q (W_{qh})_{ji} \frac{\partial L}{\partial (o_T)_j}",
    "9": r"= W_{qh}^{\top} \frac{\partial L}{\partial o_T} \quad \in \mathbb{R}^h",
    "10": r"h_t = W_{hx} x_t + W_{hh} h_{t-1} + b_h",
    "11": r"\frac{\partial L}{\partial h_t} = \left( \frac{\partial h_{t+1}}{\partial h_t} "
    r"\right)^{\top} \frac{\partial L}{\partial h_{t+1}} + \left( \frac{\partial o_t}"
    r"{\partial h_t} \right)^{\top} \frac{\partial L}{\partial o_t}",
    "12, a step earlier": r"\frac{\partial h_t}{\partial h_{t-1}} = W_{hh}",
    "12": r"\frac{\partial o_t}{\partial h_t} = W_{qh}",
    "13": r"= W_{hh}^{\top} \frac{\partial L}{\partial h_{t+1}} "
    r"+ W_{qh}^{\top} \frac{\partial L}{\partial o_t}",
    "16": r"(h_t)_j = \sum_{i=1}^d (W_{hx})_{ji} (x_t)_i "
    r"+ \sum_{k=1}^h (W_{hh})_{jk} (h_{t-1})_k + (b_h)_j",
    "17, for all rows": r"\frac{\partial (h_t)_j}{\partial (W_{hx})_{mi}} "
    r"= \sum_{k=1}^d \delta_{jm} \delta_{ki} (x_t)_k = \delta_{jm} (x_t)_i",
    "18": r"\frac{\partial L}{\partial (W_{hx})_{ji}} = \sum_{t=1}^T \sum_{k=1}^h "
    r"\frac{\partial L}{\partial (h_t)_k} \frac{\partial (h_t)_k}{\partial (W_{hx})_{ji}} "
    r"= \sum_{t=1}^T \sum_{k=1}^h \frac{\partial L}{\partial (h_t)_k} \delta_{kj} (x_t)_i "
    r"= \sum_{t=1}^T \frac{\partial L}{\partial (h_t)_j} (x_t)_i",
    "19": r"= \sum_{t=1}^T \frac{\partial L}{\partial h_t} x_t^{\top} \quad "
    r"\in \mathbb{R}^{h \times d}",
    "23, for all rows": r"\frac{\partial (h_t)_j}{\partial (W_{hh})_{mi}} "
    r"= \sum_{k=1}^h \delta_{jm} \delta_{ki} (h_{t-1})_k = \delta_{jm} (h_{t-1})_i",
    "24": r"\frac{\partial L}{\partial (W_{hh})_{ji}} = \sum_{t=1}^T \sum_{k=1}^h "
    r"\frac{\partial L}{\partial (h_t)_k} \frac{\partial (h_t)_k}{\partial (W_{hh})_{ji}} "
    r"= \sum_{t=1}^T \sum_{k=1}^h \frac{\partial L}{\partial (h_t)_k} \delta_{kj} (h_{t-1})_i "
    r"= \sum_{t=1}^T \frac{\partial L}{\partial (h_t)_j} (h_{t-1})_i",
    "25": r"= \sum_{t=1}^T \frac{\partial L}{\partial h_t} h_{t-1}^{\top} \quad "
    r"\in \mathbb{R}^{h \times h}",
    "27": r"\frac{\partial h_t}{\partial b_h} = I",
    "28": r"= \sum_{t=1}^T \frac{\partial L}{\partial h_t} \quad \in \mathbb{R}^h",
    "30": r"\frac{\partial o_t}{\partial b_q} = I",
    "31": r"= \sum_{t=1}^T \frac{\partial L}{\partial o_t} \quad \in \mathbb{R}^q",
    "32": r"\frac{\partial L}{\partial W_{qh}} "
    r"= \sum_{t=1}^T \frac{\partial L}{\partial o_t} h_t^{\top}",
    "33": r"\frac{\partial L}{\partial b_h} = \sum_{t=1}^T \frac{\partial L}{\partial h_t}",
}


@pytest.mark.parametrize("number", IN_DETAIL)
def test_the_linear_network_is_derived_entry_by_entry(number: str) -> None:
    assert normalised(IN_DETAIL[number]) in printed("linear_bias", "column", "", "index")


IN_ROWS = {
    "1.4": r"a^{(t)} = h^{(t-1)} W^{\top} + x^{(t)} U^{\top} + b",
    "1.5": r"h^{(t)} = \tanh(a^{(t)})",
    "1.6": r"o^{(t)} = h^{(t)} V^{\top} + c",
    "3.4, 4.1": r"(DL)_{(o^{(t)})_i} = (DL)_{\ell^{(t)}} (D\ell^{(t)})_{(o^{(t)})_i} "
    r"= \frac{1}{T} ((p^{(t)})_i - \delta_{i,y^{(t)}})",
    "3.5, 4.2": r"(DL)_{h^{(T)}} = (DL)_{o^{(T)}} (Do^{(T)})_{h^{(T)}} "
    r"= (DL)_{o^{(T)}} V",
    "3.6, by way of a": r"(DL)_{h^{(t)}} = (DL)_{a^{(t+1)}} (Da^{(t+1)})_{h^{(t)}} "
    r"+ (DL)_{o^{(t)}} (Do^{(t)})_{h^{(t)}}",
    "3.8, 4.3": r"(DL)_{h^{(t)}} = (DL)_{h^{(t+1)}} diag[1 - (h^{(t+1)})^{\odot 2}] W "
    r"+ (DL)_{o^{(t)}} V",
    "3.11, 4.4": r"(DL)_c = \sum_{t=1}^T (DL)_{o^{(t)}}",
    "3.12, 4.5": r"(DL)_b = \sum_{t=1}^T (DL)_{h^{(t)}} diag[1 - (h^{(t)})^{\odot 2}]",
    "3.14, 4.6": r"(DL)_V = \sum_{t=1}^T (DL)_{o^{(t)}}^{\top} h^{(t)}",
    "3.16, 4.7": r"(DL)_W = \sum_{t=1}^T "
    r"((DL)_{h^{(t)}} diag[1 - (h^{(t)})^{\odot 2}])^{\top} h^{(t-1)}",
    "3.18, 4.8": r"(DL)_U = \sum_{t=1}^T "
    r"((DL)_{h^{(t)}} diag[1 - (h^{(t)})^{\odot 2}])^{\top} x^{(t)}",
    "3.19": r"= \sum_{t=1}^T \sum_{k=1}^d "
    r"\left( \sum_{m=1}^h (DL)_{(a^{(t)})_m} (D(a^{(t)})_m)_{(x^{(t)})_k} \right) "
    r"(D(x^{(t)})_k)_{(E)_{ji}}",
    "3.20": r"(DL)_{E_{j,:}} = \sum_{t=1}^T (DL)_{x^{(t)}} (Dx^{(t)})_{E_{j,:}} "
    r"= \sum_{t=1}^T (DL)_{x^{(t)}} \delta_{j,tok^{(t)}} I",
    "3.21, 4.9": r"(DL)_E = \sum_{t=1}^T e_{tok^{(t)}}^{\top} "
    r"(DL)_{h^{(t)}} diag[1 - (h^{(t)})^{\odot 2}] U",
}


@pytest.mark.parametrize("number", IN_ROWS)
def test_the_character_model_is_derived_in_rows(number: str) -> None:
    assert normalised(IN_ROWS[number]) in printed("char_rnn", "row", "superscript,D", "index")


@pytest.mark.parametrize(
    ("number", "right", "wrong"),
    [
        ("4.3", "h^{(t+1)})^{\\odot 2}] W", "h^{(t+1)})^{\\odot 2}] W^{\\top}"),
        ("4.6", "^{\\top} h^{(t)}", " h^{(t)}"),
        ("4.7", "h^{(t-1)}", "h^{(t+1)}"),
    ],
)
def test_a_misprint_does_not_stand_there(number: str, right: str, wrong: str) -> None:
    (formula,) = (text for key, text in IN_ROWS.items() if number in key)
    assert right in formula
    misprint = normalised(formula.replace(right, wrong))
    assert misprint not in printed("char_rnn", "row", "superscript,D", "index")
