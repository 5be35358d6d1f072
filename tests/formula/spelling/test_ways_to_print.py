r"""How papers and courses print what the plain form says: kinds of signs, each in a model.

One of the readings is the plain form.
"""

from __future__ import annotations

import pytest

from symbptt.errors import FormulaError
from symbptt.formula.reading import readings
from symbptt.formula.text import formula_text
from tests.formula.test_public_formulas import model

PRINTED = (
    # A parameter at a step, below a derivative of that step: the copy that the step reads.
    (
        "tanh",
        r"\nabla_b L = \sum_t \left(\frac{\partial s^{(t)}}{\partial b^{(t)}}\right)^\top"
        r" \nabla_{s^{(t)}} L",
        "d(L, b) = sum(t, 1, T, partial(s[t], b).T @ d(L, s[t]))",
    ),
    # By such a copy itself: what goes through the equations of that step, or of the next.
    (
        "tanh",
        r"\nabla_b L = \sum_t (DL)_{b(t)}",
        "d(L, b) = sum(t, 1, T, sum(i, 1, len(n_s), d(L, a[t][i]) * direct(a[t][i], b)))",
    ),
    (
        "tanh",
        r"\frac{\partial L}{\partial W} = \sum_{t=0}^{T-1} \frac{\partial L}{\partial W^{(t)}}",
        "d(L, W) = sum(t, 0, T-1, sum(i, 1, len(n_s), d(L, a[t+1][i]) * direct(a[t+1][i], W)))",
    ),
    # One letter stands below a name where there are no braces, and a dot is a product.
    ("tanh", r"a_t=b+Ws_{t-1}+Ux_t", "a[t] = b + W @ s[t-1] + U @ x[t]"),
    ("lstm_pre", r"pf_t=W_fa_{t-1}+U_fx_t", "pf[t] = W_f @ a[t-1] + U_f @ x[t]"),
    ("tanh", r"a_t=b+W.s_{t-1}+U.x_t", "a[t] = b + W @ s[t-1] + U @ x[t]"),
    # Bars around a vector are its norm, if that fits.
    ("tanh", r"|s_t|^2 = s_t^\top s_t", "norm(s[t])**2 = s[t].T @ s[t]"),
    # The entries of a matrix in small letters.
    (
        "tanh",
        r"a_i^{(t)} = \sum_j w_{ij} s_j^{(t-1)} + \sum_k u_{ik} x_k^{(t)} + b_i",
        "a[t][i] = sum(j, 1, len(n_s), W[i, j] * s[t-1][j]) + sum(k, 1, len(d), U[i, k] * x[t][k])"
        " + b[i]",
    ),
    # A sum that takes the index of the left side: it is claimed for every j.
    (
        "tanh",
        r"a_i^{(t)} = \sum_i W_{ij} s_i^{(t-1)}",
        "a[t][i] = sum(i, 1, len(n_s), W[i, j] * s[t-1][i])",
    ),
    # A transpose that is raised within the brackets of a step.
    (
        "tanh",
        r"\nabla_V L = \sum_t (\nabla_{o^{(t)}} L) \boldsymbol{s}^{(t)^\top}",
        "d(L, V) = sum(t, 1, T, d(L, o[t]) @ s[t].T)",
    ),
    ("tanh", r"s^{(t)^T} s_t = s_{t}^T s^{(t)}", "s[t].T @ s[t] = s[t].T @ s[t]"),
    # The loss of a step in parentheses, as below.
    ("tanh", r"\frac{\partial \mathcal L(t+1)}{\partial o_{t+1}} = p_{t+1} - onehot(y_{t+1})",
     "d(loss[t+1], o[t+1]) = p[t+1] - onehot(y[t+1])"),
    # An entry of a quantity whose step stands in parentheses.
    (
        "phi",
        r"\frac{\partial s_j(t)}{\partial W_{kl}} = \phi'(a_j(t)) \frac{\partial a_j(t)}"
        r"{\partial W_{kl}}",
        "d(s[t][j], W[k, l]) = phi'(a[t][j]) * d(a[t][j], W[k, l])",
    ),
    # A function with the letter of its entry.
    ("phi", r"s_{t,j} = \phi_j(a_{t,j})", "s[t][j] = phi(a[t][j])"),
    # Numbers for limits leave the order of a product open.
    (
        "phi",
        r"\frac{d s_3}{d s_1} = \prod_{j=k+1}^{3} \frac{d s_j}{d s_{j-1}}, \quad k = 1",
        "d(s[3], s[1]) = prod(j, 3, k+1, -1, d(s[j], s[j-1])) for k = 1",
    ),
    # A product of vectors is one of their entries.
    (
        "lstm_pre",
        r"\frac{\partial L}{\partial c_k} = (\prod_{j=k+1}^{t} f_j) \odot \frac{\partial L}"
        r"{\partial c_t}",
        "d(L, c[k]) = (prod(j, k+1, t, diag(f[j])) @ ones(n_v)) * d(L, c[t])",
    ),
    # Angular brackets are a product of either kind, as shapes say.
    (
        "peep",
        r"\frac{\partial L}{\partial R_z} = \sum_{t=1}^{T} \langle \frac{\partial L}"
        r"{\partial pz^t}, y^{t-1} \rangle",
        "d(L, R_z) = sum(t, 1, T, outer(d(L, pz[t]), y[t-1]))",
    ),
)  # fmt: skip


@pytest.mark.parametrize(("name", "text", "plain"), PRINTED)
def test_one_reading_is_the_plain_form(name: str, text: str, plain: str) -> None:
    found = {formula_text(way.links[0]) for way in readings(text, model(name))}
    (wanted,) = readings(plain, model(name))[0].links
    assert formula_text(wanted) in found, found


@pytest.mark.parametrize(
    ("text", "names", "where"),
    [
        (r"s_t = f(a_t)", "f=phi", ()),
        (r"\Omega_t = W s_{t-1} + U x_t", "", ("Omega[t] = a[t]",)),
        (r"lambda[t] = \phi'(a_t) \odot d(L, s[t])", "", ("lambda[t] = d(L, a[t])",)),
        (
            "J_t = I_t + D_t J_{t-1}",
            "",
            (r"J_t = ds_t/dU", r"I_t = \frac{\partial^+ s_t}{\partial U}",
             r"D_t = \frac{\partial s_t}{\partial s_{t-1}}"),
        ),
    ],
)  # fmt: skip
def test_letters_and_other_names(text: str, names: str, where: tuple[str, ...]) -> None:
    assert readings(text, model("phi"), where, names)


def test_a_letter_is_a_derivative_that_says_something() -> None:
    """With a pre-activation between them no equation of s reads the s before."""
    (way, *_) = readings("d(s[t], s[t-1]) = D_t", model("phi"), (r"D_t = ∂s_t/∂s_{t-1}",))
    assert "direct" not in formula_text(way.links[0])


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (r"\frac{\partial L}{\partial W_t} = 0", "parameters have no step"),
        (r"\frac{\partial s_{t+2}}{\partial W_t} = 0", "parameters have no step"),
        (
            r"\frac{\partial a_t}{\partial W^{(t)}} = \frac{\partial a_{t+1}}{\partial W^{(t)}}",
            "contradict",
        ),
        (r"\frac{\partial L}{\partial s_t = W^\top", "this `{` is never closed"),
    ],
)
def test_what_is_no_such_sign_is_told(text: str, words: str) -> None:
    with pytest.raises(FormulaError) as error:
        readings(text, model("phi"))
    assert words in str(error.value)
