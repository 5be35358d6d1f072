"""Equations are taken whole out of documents."""

from __future__ import annotations

import pytest

from tests.catalogue.output import Equation, derived, equations, with_left
from tests.catalogue.printing import derivation

DOCUMENT = r"""
Words about $a$:

\begin{align*}
a_t &= b_t \\
&= c_t \quad \in \mathbb{R}^{h}. \tag{1} \\
d &= \begin{cases} 1 & \text{if } x, \\ 0 & \text{else} \end{cases} && \text{(words)} \tag{F1} \\
e &= f \\
&\qquad {} + g \\
&= h
\end{align*}

\begin{align*}
a_t &= c_t \quad \quad (1 \le t \le T-1) \tag{1} \\
k &= 0 \tag{2}
\end{align*}
"""  # fmt: skip


def test_chains_of_equals() -> None:
    assert [equation.text for equation in equations(DOCUMENT)] == [
        "a_t = b_t = c_t",
        r"d = \begin{cases} 1 & \text{if } x, \\ 0 & \text{else} \end{cases}",
        "e = f + g = h",
        "a_t = c_t",
        "k = 0",
    ]


def test_what_repeats_the_end_of_another_is_left_out() -> None:
    found = tuple(equations(DOCUMENT))
    assert with_left(found, "a_t") == (Equation("a_t", ("b_t", "c_t")),)
    with pytest.raises(AssertionError, match="no equation for z"):
        with_left(found, "z")


def test_a_derivation_as_it_is_printed() -> None:
    found = derived("linear", ())
    assert found is not None
    (one,) = with_left(found, r"\frac{\partial L}{\partial \mathbf{W}_{\mathrm{qh}}}")
    assert len(one.members) == len(derivation("linear").step("W_qh", "gradient").members)
    assert one.members[-1].endswith(r"\mathbf{h}_t^{\top}")


def test_an_option_that_is_not_there() -> None:
    assert derived("linear", ("--no-such-option", "x")) is None
    with pytest.raises(AssertionError):
        derived("nobody", ())
