"""Formulas as typed from the seed documents, and the models that they speak of."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

from symbptt.algebra import Model
from symbptt.language import library
from symbptt.language.parser import parse

# The joined weights of 001, w_h = [W_xh W_hh].
JOINED = """
x: (d,)
h: (h,)
o: (q,)
phi_h: function = tanh
phi_o: function = sigmoid
l: loss = squared_error
h[t] = phi_h(w_h @ concat(x[t], h[t-1]) + b_h)
o[t] = phi_o(W_hy @ h[t] + b_y)
loss[t] = l(o[t], y[t])
"""

# 003 with a name for the pre-activation and for the probabilities.
SINGH = """
tok: index
E: (n, d)
V: (n, h)
x[t] = E[tok[t]]
a[t] = W @ h[t-1] + U @ x[t] + b
h[t] = tanh(a[t])
o[t] = V @ h[t] + c
p[t] = softmax(o[t])
loss[t] = softmax_cross_entropy(o[t], y[t])
"""

# The scalar sequences of 004, 9.7.5.
SCALARS = """
a: scalar
b: scalar
c: scalar
a[t] = b[t] + c[t] * a[t-1]
"""

TEXTS = {"joined": JOINED, "scalars": SCALARS, "singh": SINGH}


@cache
def model(name: str) -> Model:
    if name in TEXTS:
        return parse(TEXTS[name], name)
    return library.load(name)


@dataclass(frozen=True)
class Row:
    """A formula as typed from a document.

    Attributes
    ----------
    id : str
        Document and equation.
    smallest : int
        The T of the smallest counterexample of a misprint; 0 where its shapes do not fit.
    mended : str
        What the answer must propose for a misprint: the correction, if one edit makes it.
    """

    id: str
    model: str
    formula: str
    smallest: int = 0
    mended: str = ""
