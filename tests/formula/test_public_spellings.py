r"""Formulas of books, courses and papers as their sources print them, with the verdict of each."""

from __future__ import annotations

from typing import Any

import pytest

from symbptt.formula.verdict import Checker
from tests.formula.test_public_formulas import model as loaded
from tests.modules import EXHAUSTIVE

SUM: dict[str, Any] = {"total": "sum"}
OF_LOSS: dict[str, Any] = {"names": "E=loss"}

PRINTED: tuple[tuple[str, str, str, dict[str, Any]], ...] = (
    ("tanh", r"\nabla_{o^{(t)}} L = \hat{y}^{(t)} - \mathbf{1}_{y^{(t)}}", "right", SUM),
    (
        "tanh",
        r"(\nabla_{\boldsymbol{o}^{(t)}} L)_i = \frac{\partial L}{\partial o^{(t)}_i}"
        r" = \hat{y}_i^{(t)} - \mathbf{1}_{i=y^{(t)}}",
        "right",
        SUM,
    ),
    (
        "tanh",
        r"\nabla_{\boldsymbol{s}^{(t)}} L = \boldsymbol{W}^\top \operatorname{diag}\left(1 -"
        r" \left(\boldsymbol{s}^{(t+1)}\right)^2\right) (\nabla_{\boldsymbol{s}^{(t+1)}} L) +"
        r" \boldsymbol{V}^\top (\nabla_{\boldsymbol{o}^{(t)}} L)",
        "right",
        SUM,
    ),
    (
        "tanh",
        r"\nabla_{s^{(t)}} L = W^\top (\nabla_{s^{(t+1)}} L) \operatorname{diag}\left(1 -"
        r" (s^{(t+1)})^2\right) + V^\top (\nabla_{o^{(t)}} L)",
        "wrong",
        SUM,
    ),
    (
        "tanh",
        r"\nabla_{W} L = \sum_t \mathrm{diag}\left(1 - (s^{(t)})^2\right) (\nabla_{s^{(t)}} L)"
        r" {s^{(t-1)}}^\top",
        "right",
        SUM,
    ),
    (
        "pascanu2",
        r"\frac{\partial x_t}{\partial x_{t-1}} = W^T \operatorname{diag}(\sigma'(x_{t-1}))",
        "wrong",
        {},
    ),
    (
        "pascanu2",
        r"\frac{\partial x_t}{\partial x_{t-1}} = W diag(σ'(x_{t-1})) \quad \text{for } 2 \le t",
        "right",
        {},
    ),
    (
        "pascanu2",
        r"\frac{\partial \mathbf{x}_t}{\partial \mathbf{x}_k} = \prod_{t \geq i > k}"
        r" \frac{\partial \mathbf{x}_i}{\partial \mathbf{x}_{i-1}} = \prod_{t \geq i > k}"
        r" \mathbf{W}^T diag(\sigma'(\mathbf{x}_{i-1})), \quad 1 \le k \le t",
        "wrong",
        {},
    ),
    (
        "pascanu2",
        r"\frac{\partial \mathbf{x}_t}{\partial \mathbf{x}_k} = \prod_{t \geq i > k}"
        r" \frac{\partial \mathbf{x}_i}{\partial \mathbf{x}_{i-1}} = \prod_{t \geq i > k}"
        r" \mathbf{W} diag(\sigma'(\mathbf{x}_{i-1})), \quad 1 \le k \le t",
        "right",
        {},
    ),
    (
        "pascanu",
        r"\frac{\partial \mathcal{E}_t}{\partial W} = \sum_{1 \leq k \leq t}"
        r" \left(\frac{\partial \mathcal{E}_t}{\partial \mathbf{x}_t}"
        r" \frac{\partial \mathbf{x}_t}{\partial \mathbf{x}_k}"
        r" \frac{\partial^+ \mathbf{x}_k}{\partial W}\right)",
        "right",
        {},
    ),
    (
        "transposed",
        r"\frac{\partial h_{t+1}}{\partial h_t} = W_{hh} \operatorname{diag}(1 - h_{t+1}^2)",
        "wrong",
        {},
    ),
    (
        "phi",
        r"\frac{d s_t}{d W} = \frac{\partial^+ s_t}{\partial W} + \frac{\partial s_t}"
        r"{\partial s_{t-1}} \frac{d s_{t-1}}{d W}, \quad t \ge 2",
        "right",
        {},
    ),
    (
        "lstm_pre",
        r"d po^{\langle t \rangle} = da^{\langle t \rangle} * \tanh(c^{\langle t \rangle}) *"
        r" o^{\langle t \rangle} * (1 - o^{\langle t \rangle})",
        "right",
        {},
    ),
    (
        "lstm_pre",
        r"dc_t = f_{t+1} * dc_{t+1} + o_t * (1 - \tanh(c_t)^2) * da_t",
        "right",
        {},
    ),
    ("lstm_pre", r"dc_t = da_t \odot o_t \odot (1 - \tanh^2(c_t))", "wrong", {}),
    (
        "peep",
        r"\delta c^t = \delta y^t \odot o^t \odot (1 - \tanh^2(c^t)) + p_o \odot \delta po^t +"
        r" p_i \odot \delta pi^{t+1} + p_f \odot \delta pf^{t+1} + \delta c^{t+1} \odot f^{t+1}",
        "right",
        {},
    ),
    ("peep", r"\delta p_i = \sum_{t=0}^{T-1} c^t \odot \delta pi^{t+1}", "right", {}),
    (
        "peep",
        r"\delta R_z = \sum_{t=0}^{T-1} \delta pz^{t+1} \otimes y^t",
        "right",
        {},
    ),
    (
        "urnn",
        r"\frac{\partial \ell_T}{\partial h_t} = \left(\prod_{k=t}^{T-1} \operatorname{diag}"
        r"(\sigma'(p_{k+1})) W^\top\right) \frac{\partial \ell_T}{\partial h_T},"
        r" \quad 1 \le t \le T",
        "wrong",
        {},
    ),
)


@pytest.mark.parametrize(
    ("name", "text", "verdict", "options"), PRINTED if EXHAUSTIVE else PRINTED[::5]
)
def test_it_is_judged_as_it_stands(
    name: str, text: str, verdict: str, options: dict[str, Any]
) -> None:
    checker = Checker(loaded(name), horizon=3, seconds=3, **options)
    found = checker.check(text)
    assert found.verdict == verdict, found
