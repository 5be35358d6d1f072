"""What the seed documents print and is not so, with the correction where one edit makes it."""

from __future__ import annotations

from tests.formula.documents import Row
from tests.formula.equations import SUM_OF_PRODUCTS

MISPRINTS = (
    Row(
        "004 9.7.5 ascending",
        "matrix_recurrence",
        "a[t] = b[t] + sum(i, 1, t-1, prod(j, i+1, t, C[j]) @ b[i]) for a[0] = 0",
        3,
        f"a[t] = b[t] + {SUM_OF_PRODUCTS} for a[0] = 0",
    ),
    Row(
        "004 9.7.5 without a_0 = 0",
        "matrix_recurrence",
        f"a[t] = b[t] + {SUM_OF_PRODUCTS}",
        1,
        f"a[t] = b[t] + {SUM_OF_PRODUCTS} for a[0] = 0",
    ),
    Row(
        "004 9.7.7 ascending",
        "elman",
        "d(h[t], W_hh) = partial(h[t], W_hh) + sum(i, 1, t-1, "
        "prod(j, i+1, t, partial(h[j], h[j-1])) @ partial(h[i], W_hh))",
        3,
        "d(h[t], W_hh) = partial(h[t], W_hh) + sum(i, 1, t-1, "
        "prod(j, t, i+1, -1, partial(h[j], h[j-1])) @ partial(h[i], W_hh))",
    ),
    Row(
        "004 note on 9.7.15",
        "linear",
        "d(L, h[t]) = sum(i, t, T, W_hh.T**(T-i) @ W_qh.T @ d(L, o[i]))",
        2,
        "d(L, h[t]) = sum(i, t, T, W_hh.T**(T-i) @ W_qh.T @ d(L, o[T+t-i]))",
    ),
    Row(
        "000 (28) column",
        "linear_bias",
        "d(L, b_h) = sum(t, 1, T, d(L, h[t]) @ partial(h[t], b_h))",
        0,
        "d(L, b_h) = sum(t, 1, T, partial(h[t], b_h) @ d(L, h[t]))",
    ),
    Row(
        "000 (31) column",
        "linear_bias",
        "d(L, b_q) = sum(t, 1, T, d(L, o[t]) @ partial(o[t], b_q))",
        0,
        "d(L, b_q) = sum(t, 1, T, partial(o[t], b_q) @ d(L, o[t]))",
    ),
    Row(
        "001 w_h transposed",
        "joined",
        "h[t] = phi_h(w_h.T @ concat(x[t], h[t-1]) + b_h)",
        0,
        "h[t] = phi_h(w_h @ concat(x[t], h[t-1]) + b_h)",
    ),
    Row(
        "001 (10) total",
        "elman",
        "d(h[t], W_hh) = d(h[t], W_hh) + d(h[t], h[t-1]) @ d(h[t-1], W_hh) "
        "+ d(h[t], h[t-1]) @ d(h[t-1], h[t-2]) @ d(h[t-2], W_hh)",
        2,
    ),
    Row(
        "001 boxed",
        "elman",
        "d(h[t], W_hh) = d(h[t], W_hh) + sum(i, 1, t-1, "
        "prod(j, t+1, i+1, -1, d(h[j], h[j-1])) @ d(h[i], W_hh))",
        3,
    ),
    Row(
        "001 boxed, total on both sides",
        "elman",
        "d(h[t], W_hh) = d(h[t], W_hh) + sum(i, 1, t-1, "
        "prod(j, t, i+1, -1, partial(h[j], h[j-1])) @ partial(h[i], W_hh))",
        2,
        "d(h[t], W_hh) = partial(h[t], W_hh) + sum(i, 1, t-1, "
        "prod(j, t, i+1, -1, partial(h[j], h[j-1])) @ partial(h[i], W_hh))",
    ),
    Row(
        "002 dU over steps 1 to T", "notes_elman", "d(loss[t], U) = sum(i, 1, T, d(loss[i], U))", 2
    ),
    Row(
        "002 dW without a real first step",
        "notes_elman",
        "d(loss[t], W[j, i]) = d(loss[t], y_hat[t]).T @ d(y_hat[t], h[t]) @ sum(k, 2, t, "
        "prod(m, t, k+1, -1, d(h[m], h[m-1])) @ partial(h[k], W[j, i]))",
        1,
        "d(loss[t], W[j, i]) = d(loss[t], y_hat[t]).T @ d(y_hat[t], h[t]) @ sum(k, 1, t, "
        "prod(m, t, k+1, -1, d(h[m], h[m-1])) @ partial(h[k], W[j, i]))",
    ),
    Row(
        "002 dy/dL",
        "notes_elman",
        "d(loss[t], W[j, i]) = d(loss[t], y_hat[t]).T @ d(y_hat[t], loss[t]) @ sum(k, 0, t, "
        "prod(m, t, k+1, -1, d(h[m], h[m-1])) @ partial(h[k], W[j, i]))",
        0,
        "d(loss[t], W[j, i]) = d(loss[t], y_hat[t]).T @ d(y_hat[t], h[t]) @ sum(k, 0, t, "
        "prod(m, t, k+1, -1, d(h[m], h[m-1])) @ partial(h[k], W[j, i]))",
    ),
    Row(
        "002 dh/dW total",
        "notes_elman",
        "d(loss[t], W[j, i]) = d(loss[t], y_hat[t]).T @ d(y_hat[t], h[t]) @ sum(k, 0, t, "
        "prod(m, t, k+1, -1, d(h[m], h[m-1])) @ d(h[k], W[j, i]))",
        2,
        "d(loss[t], W[j, i]) = d(loss[t], y_hat[t]).T @ d(y_hat[t], h[t]) @ sum(k, 0, t, "
        "prod(m, t, k+1, -1, d(h[m], h[m-1])) @ partial(h[k], W[j, i]))",
    ),
    Row(
        "003 (3.8) row",
        "char_rnn",
        "d(L, h[t]).T = d(L, h[t+1]).T @ ((1 - h[t+1]**2).T * W) + d(L, o[t]).T @ V",
        2,
        "d(L, h[t]).T = d(L, h[t+1]).T @ ((1 - h[t+1]**2) * W) + d(L, o[t]).T @ V",
    ),
    Row(
        "003 before (3.15)",
        "singh",
        "a[t+1][i] = sum(j, 1, len(h), W[j, i] * h[t][j]) "
        "+ sum(j, 1, len(x), U[i, j] * x[t+1][j]) + b[i]",
        1,
        "a[t+1][i] = sum(j, 1, len(h), W[i, j] * h[t][j]) "
        "+ sum(j, 1, len(x), U[i, j] * x[t+1][j]) + b[i]",
    ),
    Row(
        "003 before (3.16)",
        "char_rnn",
        "d(L, W) = sum(t, 0, T-1, outer(d(L, h[t+1]) * (1 - h[t+1])**2, h[t]))",
        1,
        "d(L, W) = sum(t, 0, T-1, outer(d(L, h[t+1]) * (1 - h[t+1]**2), h[t]))",
    ),
    Row(
        "003 words on (3.21)",
        "char_rnn",
        "d(L, E)[tok[t], k] = ((d(L, h[t]).T * (1 - h[t]**2).T) @ U)[k]",
        2,
    ),
)
"""What the documents print; rows without a correction are not one edit away from it."""

UNREADABLE = (
    Row(
        "000 (19) misprinted",
        "linear_bias",
        "d(L, W_hx) = sum(t, 1, T, (paramfracL h[t]) @ x[t].T)",
    ),
    Row(
        "003 (3.17) without U",
        "singh",
        "d(L, [t]) = sum(t, 1, T, sum(i, 1, len(h), d(L, h[t][i]) * d(h[t][i], a[t][i]) "
        "* partial(a[t][i], U[r, c])))",
    ),
)
"""Misprints that are no formulas."""
