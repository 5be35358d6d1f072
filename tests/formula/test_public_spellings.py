r"""Formulas of books, courses and papers as their sources print them, with the verdict of each."""

from __future__ import annotations

from typing import Any

import pytest

from symbptt.formula.verdict import Checker
from tests.formula.test_public_formulas import model as loaded
from tests.modules import EXHAUSTIVE

SUM: dict[str, Any] = {"total": "sum"}
COURSE: dict[str, Any] = {"names": "Gamma_u=u, Gamma_o=o, Gamma_f=f, c_tilde=g"}

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
        "tanh",
        r"\frac{\partial h^{(t+1)}}{\partial h^{(t)}} = \operatorname{diag}\left(1 -"
        r" \left(h^{(t+1)}\right)^2\right) W",
        "right",
        {"names": "h=s"},
    ),
    (
        "transposed",
        r"\nabla_{h_t} J = W_{ho} \delta_t + W_{hh} \operatorname{diag}(\tanh'(z_{t+1}))"
        r" \nabla_{h_{t+1}} J",
        "right",
        {"names": "z=a", "where": (r"\delta_t = \nabla_{o_t} J",)},
    ),
    (
        "phi",
        r"\vartheta_j(\tau) = f_j'(net_j(\tau)) \sum_i w_{ij} \vartheta_i(\tau+1)",
        "right",
        {
            "names": "net=a, f=phi, w=W",
            "total": "last",
            "where": (r"\vartheta_\tau = \frac{\partial E}{\partial a_\tau}",),
        },
    ),
    (
        "phi",
        "J_t = I_t + D_t J_{t-1}",
        "right",
        {
            "where": (
                r"J_t = \frac{d s_t}{d U}",
                r"I_t = \frac{\partial^+ s_t}{\partial U}",
                r"D_t = \frac{\partial s_t}{\partial s_{t-1}}",
            )
        },
    ),
    (
        "phi",
        r"\frac{\partial s_j(t)}{\partial w_{kl}} = \phi'(a_j(t)) \Bigl[\sum_i w_{ji}"
        r" \frac{\partial s_i(t-1)}{\partial w_{kl}} + \delta_{kj} s_l(t-1)\Bigr]",
        "right",
        {"names": "w=W"},
    ),
    (
        "tanh",
        "dh_t = W_{hy}^T dy_t + W_{hh}^T ((1 - h_{t+1} * h_{t+1}) * dh_{t+1})",
        "right",
        {"names": "h=s, W_hy=V, W_hh=W, y=o", "total": "sum"},
    ),
    (
        "tanh",
        r"dW_{hh} = \sum_t ((1 - h_t * h_t) * dh_t) h_{t-1}^T",
        "right",
        {"names": "h=s, W_hh=W", "total": "sum"},
    ),
    (
        "tanh",
        "dh_{t-1} = W_{hh}^T dh_t + W_{hy}^T dy_{t-1}",
        "wrong",
        {"names": "h=s, W_hy=V, W_hh=W, y=o", "total": "sum"},
    ),
    (
        "lstm_pre",
        r"dp_g^{\langle t \rangle} = \Gamma_f^{\langle t+1 \rangle} * dc^{\langle t+1 \rangle} *"
        r" \Gamma_u^{\langle t \rangle} + \Gamma_o^{\langle t \rangle} (1-\tanh(c^{\langle t"
        r" \rangle})^2) * \Gamma_u^{\langle t \rangle} * da^{\langle t \rangle} *"
        r" \tilde c^{\langle t \rangle} * (1-\tanh(\tilde c^{\langle t \rangle})^2)",
        "wrong",
        COURSE,
    ),
    (
        "lstm_pre",
        r"dp_g^{\langle t \rangle} = \left(\Gamma_f^{\langle t+1 \rangle} * dc^{\langle t+1"
        r" \rangle} * \Gamma_u^{\langle t \rangle} + \Gamma_o^{\langle t \rangle} *"
        r" (1-\tanh^2(c^{\langle t \rangle})) * \Gamma_u^{\langle t \rangle} *"
        r" da^{\langle t \rangle}\right) * \left(1-\left(\tilde c^{\langle t \rangle}\right)^2"
        r"\right)",
        "right",
        COURSE,
    ),
    (
        "lstm_pre",
        r"\delta c_t = \delta a_t \cdot o_t \cdot \tanh'(\tanh(c_t)) \cdot f_{t+1} \cdot"
        r" \delta c_{t+1}",
        "wrong",
        {},
    ),
    (
        "gru_pre",
        r"dpz_t = dh_t \, (\tilde h_t - h_{t-1}) \, z_t (1 - z_t)",
        "right",
        {},
    ),
    (
        "gru_pre",
        r"dh_t = \frac{\partial \ell_t}{\partial h_t} + (dpg_{t+1} W_g) * r_{t+1} + dpz_{t+1} W_z"
        r" + dh_{t+1} * (1 - z_{t+1}) + dpr_{t+1} W_r",
        "right",
        {"total": "sum", "layout": "row"},
    ),
    (
        "peep",
        r"\delta \mathbf{p}_o = \sum_{t=1}^{T} \mathbf{c}^t \odot \delta \bar{\mathbf{o}}^t",
        "right",
        {"names": "o_bar=po"},
    ),
    (
        "peep",
        r"\delta \mathbf{R}_z = \sum_{t=0}^{T-1} \langle \delta \bar{\mathbf{z}}^{t+1},"
        r" \mathbf{y}^t \rangle",
        "right",
        {"names": "z_bar=pz"},
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
    assert found.right or found.mends or found.derived, found
