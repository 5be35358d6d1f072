r"""What is said of what can't be read, as a student reads it: the place, and what to write.

Unknown names near and far, half-typed LaTeX, what is pasted from Python or from a page. The
characters above the carets are compared, and what a text has that one doesn't see is no matter.
"""

from __future__ import annotations

import pytest

from symbptt.errors import FormulaError
from symbptt.formula.reading import readings
from symbptt.formula.text import formula_text
from tests.modules import model_of

SAID = {
    "d(L, h[t]) = Wqh.T @ d(L, o[t])": ("Wqh", "did you mean `W_qh`?"),
    "d(L, h[t]) = Whq.T @ d(L, o[t])": ("Whq", "did you mean `W_qh`"),
    "d(L, h[t]) = W_hq.T @ d(L, o[t])": ("W_hq", "did you mean `W_qh`"),
    "d(L, h[t]) = w_QH.T @ d(L, o[t])": ("w_QH", "did you mean `W_qh`?"),
    "d(L, h[t]) = W.T @ d(L, o[t])": ("W", "did you mean `W_"),
    r"\frac{\partial L}{\partial h_t} = W_{hq}^\top \frac{\partial L}{\partial o_t}": (
        r"W_{hq}^\top",
        "did you mean `W_qh`",
    ),
    "oo_{t+1} = W_{qh} h_t": ("oo", "no name `oo`; did you mean `o`?"),
    r"\frac{\partial L}{\partial hh_{t+1}} = 1": ("hh", "no name `hh`; did you mean `h` or"),
    r"h_t = W_{hh} hh_{t-1}": ("hh", "no name `hh`; did you mean `h` or"),
    "h_t = W_{hx} x + W_{hh} h_{t-1}": ("x", "`x` has a value at every step: write `x_t`"),
    r"\frac{\partial L}{\partial W_{hh,t}} = 1": ("W_{hh,t}", "parameters have no step"),
    r"h_t = W_{hh}^{(t)} h_{t-1}": (
        "W_{hh}^{(t)}",
        "parameters have no step",
    ),
    "d(L, W_hh[t]) = 1": ("W_hh[t]", "parameters have no step"),
    "h[t] = Tanh(x[t])": ("Tanh", "did you mean `tanh`?"),
    "h[t] = thanh(x[t])": ("thanh", "did you mean `tanh`"),
    r"h_t = \thanh(x_t)": (r"\thanh", r"did you mean `\tanh`"),
    r"h_t = \operatorname{thanh}(x_t)": (r"\operatorname{thanh}", "did you mean `tanh`"),
    r"h_t = \fra": (r"\fra", r"did you mean `\frac`"),
    r"h_t = \begin{pmatrix} 1 & 2 \\ 3": (r"\begin{pmatrix}", r"this `\begin{pmatrix}` is never"),
    r"\frac{\partial L}{\partial h_t = 1": ("{", "never closed"),
    r"h_t = W_{hh h_{t-1}": ("{", "never closed"),
    r"h_t = \left( h_t": ("(", "never closed"),
    r"h_t = h_t)": (")", "closes no bracket"),
    "h[t] = np.tanh(x[t])": ("np.tanh", "write `tanh(…)`"),
    "h[t] == x[t]": ("==", "write one `=`"),
    "d(L h[t]) = h[t]": ("d(L h[t])", "or `d(L, h[t])`"),
    "h[t] = Q.T x[t]": ("Q", "`Q` is neither a name of the model"),
    "h_t = W_{hh}' h_{t-1}": ("W_{hh}'", r"a transpose is `W.T` or `W^\top`"),
    "δ_t = h_t": ("δ_t", "said by `--where`"),
    "h[t] = \N{CYRILLIC SMALL LETTER HA}[t]": ("\u0445", "a Cyrillic letter"),
    "h\u0302_t + ĥ_t = \\foo": (r"\foo", "no meaning"),
    "h_t\t=\tW_{hh}\n\t\\foo": (r"\foo", "no meaning"),
}

COPIED = {
    "with soft hyphens and spaces of no width": "h_t = W_{h\u00adh}\u200b h_{t-1}\ufeff",
    "with ligatures and thin spaces": "h_t = di\ufb00\u2009x_t",
    "with minus signs": "h_t = W_{hh} h_{t\u22121}",
    "wide": "h_t\uff1dW_{hh} h_\uff5bt\uff0d1\uff5d",
    "bounds in words": "h[t] = W_hh @ h[t-1] for all t",
    "two bounds": "h[t] = W_hh @ h[t-1] for t > 1 and t < T",
}


@pytest.mark.parametrize("text", SAID)
def test_the_place_and_what_to_write(text: str) -> None:
    with pytest.raises(FormulaError) as error:
        readings(text, model_of("linear"))
    message, shown, carets = str(error.value).splitlines()
    pointed, words = SAID[text]
    assert words in message
    start = len(carets) - len(carets.lstrip())
    under = "".join(one for one in shown if one != "\u0302")[start : len(carets)]
    assert under == pointed


@pytest.mark.parametrize("kind", COPIED)
def test_what_is_copied_from_a_page_is_read(kind: str) -> None:
    text = COPIED[kind].replace("di\ufb00", "W_{hx}")
    (found, *_) = readings(text, model_of("linear"))
    assert formula_text(found.links[0]).startswith("h[t] = W_h")
