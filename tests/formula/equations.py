"""The equations of the seed documents that are right, typed from the documents."""

from __future__ import annotations

from tests.formula.documents import Row

SUM_OF_PRODUCTS = "sum(i, 1, t-1, prod(j, t, i+1, -1, C[j]) @ b[i])"

RIGHT = (
    Row("004 9.7.1 h", "recurrence", "h[t] = f(x[t], h[t-1], w)"),
    Row("004 9.7.1 o", "recurrence", "o[t] = g(h[t], w_o)"),
    Row("004 9.7.2", "recurrence", "L = 1/T * sum(t, 1, T, l(o[t], y[t]))"),
    Row("004 9.7.3 a", "recurrence", "d(L, w) = 1/T * sum(t, 1, T, d(loss[t], w))"),
    Row(
        "004 9.7.3 b",
        "recurrence",
        "d(L, w) = 1/T * sum(t, 1, T, partial(loss[t], o[t]) * partial(o[t], h[t]) * d(h[t], w))",
    ),
    Row(
        "004 9.7.4",
        "recurrence",
        "d(h[t], w) = partial(h[t], w) + partial(h[t], h[t-1]) * d(h[t-1], w)",
    ),
    Row(
        "004 9.7.4 matrices",
        "elman",
        "d(h[t], W_hh) = partial(h[t], W_hh) + partial(h[t], h[t-1]) @ d(h[t-1], W_hh)",
    ),
    Row("004 9.7.5", "matrix_recurrence", f"a[t] = b[t] + {SUM_OF_PRODUCTS} for a[0] = 0"),
    Row(
        "004 9.7.5 scalars",
        "scalars",
        "a[t] = b[t] + sum(i, 1, t-1, prod(j, i+1, t, c[j]) * b[i]) for a[0] = 0",
    ),
    Row(
        "004 9.7.5 with a_0",
        "matrix_recurrence",
        f"a[t] = prod(j, t, 1, -1, C[j]) @ a[0] + b[t] + {SUM_OF_PRODUCTS} for 1 <= t <= T",
    ),
    Row("004 9.7.6", "matrix_recurrence", "a[t] = b[t] + C[t] @ a[t-1]"),
    Row(
        "004 9.7.7",
        "recurrence",
        "d(h[t], w) = partial(h[t], w) + sum(i, 1, t-1, "
        "prod(j, i+1, t, partial(h[j], h[j-1])) * partial(h[i], w))",
    ),
    Row(
        "004 9.7.7 matrices",
        "elman",
        "d(h[t], W_hh) = partial(h[t], W_hh) + sum(i, 1, t-1, "
        "prod(j, t, i+1, -1, partial(h[j], h[j-1])) @ partial(h[i], W_hh))",
    ),
    Row(
        "004 truncation after 2 steps",
        "elman",
        "d(h[t], W_hh) = sum(i, t-1, t, prod(j, t, i+1, -1, partial(h[j], h[j-1])) "
        "@ partial(h[i], W_hh)) + partial(h[t], h[t-1]) @ partial(h[t-1], h[t-2]) "
        "@ d(h[t-2], W_hh)",
    ),
    Row("004 9.7.9 h", "linear", "h[t] = W_hx @ x[t] + W_hh @ h[t-1]"),
    Row("004 9.7.9 o", "linear", "o[t] = W_qh @ h[t]"),
    Row("004 9.7.10", "linear", "L = 1/T * sum(t, 1, T, l(o[t], y[t]))"),
    Row("004 9.7.11", "linear", "d(L, o[t]) = d(loss[t], o[t])/T"),
    Row("004 9.7.12", "linear", "d(L, W_qh) = sum(t, 1, T, d(L, o[t]) @ h[t].T)"),
    Row("004 9.7.13", "linear", "d(L, h[T]) = W_qh.T @ d(L, o[T])"),
    Row("004 9.7.14", "linear", "d(L, h[t]) = W_hh.T @ d(L, h[t+1]) + W_qh.T @ d(L, o[t])"),
    Row(
        "004 9.7.15",
        "linear",
        "d(L, h[t]) = sum(i, t, T, W_hh.T**(T-i) @ W_qh.T @ d(L, o[T+t-i]))",
    ),
    Row(
        "004 9.7.15 by k",
        "linear",
        "d(L, h[t]) = sum(k, t, T, W_hh.T**(k-t) @ W_qh.T @ d(L, o[k]))",
    ),
    Row("004 9.7.16 hx", "linear", "d(L, W_hx) = sum(t, 1, T, d(L, h[t]) @ x[t].T)"),
    Row("004 9.7.16 hh", "linear", "d(L, W_hh) = sum(t, 1, T, d(L, h[t]) @ h[t-1].T)"),
    Row("000 (1)", "linear_bias", "h[t] = W_hx @ x[t] + W_hh @ h[t-1] + b_h"),
    Row("000 (2)", "linear_bias", "o[t] = W_qh @ h[t] + b_q"),
    Row("000 (3)", "linear_bias", "L = 1/T * sum(t, 1, T, l(o[t], y[t]))"),
    Row("000 (2) gradient", "linear_bias", "d(L, o[t]) = 1/T * d(loss[t], o[t])"),
    Row("000 (4)", "linear_bias", "o[t][j] = sum(i, 1, len(h), W_qh[j, i] * h[t][i]) + b_q[j]"),
    Row(
        "000 (5) chain",
        "linear_bias",
        "d(L, W_qh[j, i]) = sum(t, 1, T, sum(k, 1, len(o), "
        "d(L, o[t][k]) * partial(o[t][k], W_qh[j, i])))",
    ),
    Row("000 (5)", "linear_bias", "d(L, W_qh[j, i]) = sum(t, 1, T, d(L, o[t][j]) * h[t][i])"),
    Row("000 (6)", "linear_bias", "d(L, W_qh) = sum(t, 1, T, d(L, o[t]) @ h[t].T)"),
    Row("000 (7)", "linear_bias", "o[T] = W_qh @ h[T] + b_q"),
    Row(
        "000 (8) chain",
        "linear_bias",
        "d(L, h[T][i]) = sum(j, 1, len(o), d(L, o[T][j]) * d(o[T][j], h[T][i]))",
    ),
    Row(
        "000 (8)",
        "linear_bias",
        "d(L, h[T][i]) = sum(j, 1, len(o), W_qh[j, i] * d(L, o[T][j]))",
    ),
    Row("000 (9)", "linear_bias", "d(L, h[T]) = W_qh.T @ d(L, o[T])"),
    Row("000 (10)", "linear_bias", "h[t+1] = W_hx @ x[t+1] + W_hh @ h[t] + b_h"),
    Row(
        "000 (11)",
        "linear_bias",
        "d(L, h[t]) = d(h[t+1], h[t]).T @ d(L, h[t+1]) + d(o[t], h[t]).T @ d(L, o[t]) for t < T",
    ),
    Row("000 (12) h", "linear_bias", "d(h[t+1], h[t]) = W_hh"),
    Row("000 (12) o", "linear_bias", "d(o[t], h[t]) = W_qh"),
    Row("000 (13)", "linear_bias", "d(L, h[t]) = W_hh.T @ d(L, h[t+1]) + W_qh.T @ d(L, o[t])"),
    Row(
        "000 (15)",
        "linear_bias",
        "d(L, W_hx[i, j]) = sum(t, 1, T, d(L, h[t]).T @ partial(h[t], W_hx[i, j]))",
    ),
    Row(
        "000 (16)",
        "linear_bias",
        "h[t][i] = sum(j, 1, len(x), W_hx[i, j] * x[t][j]) "
        "+ sum(k, 1, len(h), W_hh[i, k] * h[t-1][k]) + b_h[i]",
    ),
    Row("000 (17)", "linear_bias", "partial(h[t][i], W_hx[i, j]) = x[t][j]"),
    Row(
        "000 (18) chain",
        "linear_bias",
        "d(L, W_hx[i, j]) = sum(t, 1, T, d(L, h[t][i]) * partial(h[t][i], W_hx[i, j]))",
    ),
    Row("000 (18)", "linear_bias", "d(L, W_hx[i, j]) = sum(t, 1, T, d(L, h[t][i]) * x[t][j])"),
    Row("000 (19)", "linear_bias", "d(L, W_hx) = sum(t, 1, T, d(L, h[t]) @ x[t].T)"),
    Row(
        "000 (21)",
        "linear_bias",
        "d(L, W_hh[i, k]) = sum(t, 1, T, d(L, h[t]).T @ partial(h[t], W_hh[i, k]))",
    ),
    Row("000 (23)", "linear_bias", "partial(h[t][i], W_hh[i, k]) = h[t-1][k]"),
    Row(
        "000 (24) chain",
        "linear_bias",
        "d(L, W_hh[i, k]) = sum(t, 1, T, d(L, h[t][i]) * partial(h[t][i], W_hh[i, k]))",
    ),
    Row("000 (24)", "linear_bias", "d(L, W_hh[i, k]) = sum(t, 1, T, d(L, h[t][i]) * h[t-1][k])"),
    Row("000 (25)", "linear_bias", "d(L, W_hh) = sum(t, 1, T, d(L, h[t]) @ h[t-1].T)"),
    Row("000 (27)", "linear_bias", "partial(h[t], b_h) = I for t >= 1"),
    Row(
        "000 (28) chain",
        "linear_bias",
        "d(L, b_h).T = sum(t, 1, T, d(L, h[t]).T @ partial(h[t], b_h))",
    ),
    Row("000 (28)", "linear_bias", "d(L, b_h) = sum(t, 1, T, d(L, h[t]))"),
    Row("000 (30)", "linear_bias", "d(o[t], b_q) = I"),
    Row(
        "000 (31) chain",
        "linear_bias",
        "d(L, b_q).T = sum(t, 1, T, d(L, o[t]).T @ d(o[t], b_q))",
    ),
    Row("000 (31)", "linear_bias", "d(L, b_q) = sum(t, 1, T, d(L, o[t]))"),
    Row("001 (1)", "elman", "L = 1/T * sum(t, 1, T, loss[t])"),
    Row("001 (2)", "elman", "h[t] = phi_h(W_xh @ x[t] + W_hh @ h[t-1] + b_h)"),
    Row("001 (3)", "elman", "o[t] = phi_o(W_hy @ h[t] + b_y)"),
    Row("001 w_h", "joined", "h[t] = phi_h(w_h @ concat(x[t], h[t-1]) + b_h)"),
    Row(
        "001 w_h, block of x",
        "joined",
        "d(L, w_h[j, i]) = sum(t, 1, T, d(L, h[t][j]) * partial(h[t][j], b_h[j]) * x[t][i])",
    ),
    Row(
        "001 w_h, block of h",
        "joined",
        "d(L, w_h[j, len(x)+k]) = sum(t, 1, T, "
        "d(L, h[t][j]) * partial(h[t][j], b_h[j]) * h[t-1][k])",
    ),
    Row("001 (4)", "joined", "d(L, w_h) = 1/T * sum(t, 1, T, d(loss[t], w_h))"),
    Row(
        "001 (5)",
        "joined",
        "d(loss[t], w_h[j, i]) = d(loss[t], o[t]).T @ d(o[t], h[t]) @ d(h[t], w_h[j, i])",
    ),
    Row(
        "001 (6)",
        "joined",
        "d(h[t], w_h) = partial(h[t], w_h) + partial(h[t], h[t-1]) @ d(h[t-1], w_h)",
    ),
    Row(
        "001 (7)",
        "joined",
        "d(h[t-1], w_h) = partial(h[t-1], w_h) + partial(h[t-1], h[t-2]) @ d(h[t-2], w_h)",
    ),
    Row(
        "001 (8)",
        "joined",
        "d(h[t-2], w_h) = partial(h[t-2], w_h) + partial(h[t-2], h[t-3]) @ d(h[t-3], w_h)",
    ),
    Row(
        "001 (9)",
        "elman",
        "d(h[t], W_hh) = partial(h[t], W_hh) + partial(h[t], h[t-1]) "
        "@ (partial(h[t-1], W_hh) + partial(h[t-1], h[t-2]) @ d(h[t-2], W_hh))",
    ),
    Row(
        "001 (10)",
        "elman",
        "d(h[t], W_hh) = partial(h[t], W_hh) + partial(h[t], h[t-1]) @ partial(h[t-1], W_hh) "
        "+ partial(h[t], h[t-1]) @ partial(h[t-1], h[t-2]) @ d(h[t-2], W_hh)",
    ),
    Row("002 y_hat", "notes_elman", "y_hat[t] = f_y(U @ h[t] + b_y)"),
    Row("002 h", "notes_elman", "h[t] = f_h(V @ x[t] + W @ h[t-1] + b_h)"),
    Row(
        "002 dU",
        "notes_elman",
        "d(loss[t], U[j, i]) = d(loss[t], y_hat[t]).T @ d(y_hat[t], U[j, i])",
    ),
    *(
        Row(
            f"002 d{name}",
            "notes_elman",
            f"d(loss[t], {name}[j, i]) = d(loss[t], y_hat[t]).T @ d(y_hat[t], h[t]) @ sum(k, 0, t, "
            f"prod(m, t, k+1, -1, d(h[m], h[m-1])) @ partial(h[k], {name}[j, i]))",
        )
        for name in ("W", "V")
    ),
    Row("002 step 0", "notes_elman", "partial(h[k], W[j, i]) = 0 for k = 0"),
    Row(
        "002 dW from step 1",
        "notes_elman",
        "d(loss[t], W[j, i]) = d(loss[t], y_hat[t]).T @ d(y_hat[t], h[t]) @ sum(k, 1, t, "
        "prod(m, t, k+1, -1, d(h[m], h[m-1])) @ partial(h[k], W[j, i]))",
    ),
    Row("003 (1.2)", "singh", "L = 1/T * sum(t, 1, T, loss[t])"),
    Row("003 (1.3)", "singh", "x[t] = E[tok[t]]"),
    Row("003 (1.4)", "singh", "a[t].T = h[t-1].T @ W.T + x[t].T @ U.T + b.T"),
    Row("003 (1.5)", "singh", "h[t] = tanh(a[t])"),
    Row("003 (1.6)", "singh", "o[t].T = h[t].T @ V.T + c.T"),
    Row("003 (1.1)", "singh", "loss[t] = -log(softmax(o[t])[y[t]])"),
    Row(
        "003 (3.1)",
        "singh",
        "d(L, o[t])[i] = 1/T * sum(k, 1, len(p), -delta(k, y[t])/p[t][k] * d(p[t][k], o[t][i]))",
    ),
    Row(
        "003 (3.2), (3.3)",
        "singh",
        "d(loss[t], o[t])[i] = -1/p[t][y[t]] * d(p[t][y[t]], o[t][i])",
    ),
    Row("003 (3.2)", "singh", "d(p[t][i], o[t][i]) = p[t][i] - p[t][i]**2"),
    Row(
        "003 both cases",
        "singh",
        "d(p[t][k], o[t][i]) = p[t][k] * delta(k, i) - p[t][k] * p[t][i]",
    ),
    Row("003 (3.4), (4.1)", "singh", "d(L, o[t])[i] = 1/T * (p[t][i] - delta(i, y[t]))"),
    Row("003 (4.1) vectors", "char_rnn", "d(L, o[t]) = 1/T * (softmax(o[t]) - onehot(y[t]))"),
    Row("003 (3.5), (4.2)", "char_rnn", "d(L, h[T]).T = d(L, o[T]).T @ V"),
    Row(
        "003 (3.6)",
        "char_rnn",
        "d(L, h[t]).T = d(L, h[t+1]).T @ d(h[t+1], h[t]) + d(L, o[t]).T @ d(o[t], h[t])",
    ),
    Row("003 (3.7)", "char_rnn", "d(h[t+1], h[t]) = diag(1 - h[t+1]**2) @ W"),
    Row(
        "003 (3.8)",
        "char_rnn",
        "d(L, h[t]).T = d(L, h[t+1]).T @ diag(1 - h[t+1]**2) @ W + d(L, o[t]).T @ V",
    ),
    Row(
        "003 (3.8) column",
        "char_rnn",
        "d(L, h[t]).T = d(L, h[t+1]).T @ ((1 - h[t+1]**2) * W) + d(L, o[t]).T @ V",
    ),
    Row("003 (3.10)", "char_rnn", "d(L, c).T = sum(t, 1, T, d(L, o[t]).T @ partial(o[t], c))"),
    Row("003 (3.11), (4.4)", "char_rnn", "d(L, c).T = sum(t, 1, T, d(L, o[t]).T)"),
    Row(
        "003 (3.12) chain",
        "singh",
        "d(L, b).T = sum(t, 1, T, d(L, h[t]).T @ d(h[t], a[t]) @ partial(a[t], b))",
    ),
    Row(
        "003 (3.12), (4.5)",
        "char_rnn",
        "d(L, b).T = sum(t, 1, T, d(L, h[t]).T @ diag(1 - h[t]**2))",
    ),
    Row(
        "003 (3.13)",
        "singh",
        "d(L, V[r, k]) = sum(t, 1, T, sum(i, 1, len(o), "
        "d(L, o[t][i]) * partial(o[t][i], V[r, k])))",
    ),
    Row("003 (3.14), (4.6)", "char_rnn", "d(L, V) = sum(t, 1, T, outer(d(L, o[t]), h[t]))"),
    Row(
        "003 (3.15) a",
        "singh",
        "a[t+1][i] = sum(j, 1, len(h), W[i, j] * h[t][j]) "
        "+ sum(j, 1, len(x), U[i, j] * x[t+1][j]) + b[i]",
    ),
    Row(
        "003 (3.15)",
        "singh",
        "d(L, W[r, k]) = sum(t, 0, T-1, sum(i, 1, len(h), "
        "d(L, h[t+1][i]) * d(h[t+1][i], a[t+1][i]) * partial(a[t+1][i], W[r, k])))",
    ),
    Row(
        "003 (3.16), (4.7)",
        "char_rnn",
        "d(L, W) = sum(t, 0, T-1, outer(d(L, h[t+1]) * (1 - h[t+1]**2), h[t]))",
    ),
    Row(
        "003 (3.17)",
        "singh",
        "d(L, U[r, k]) = sum(t, 1, T, sum(i, 1, len(h), "
        "d(L, h[t][i]) * d(h[t][i], a[t][i]) * partial(a[t][i], U[r, k])))",
    ),
    Row(
        "003 (3.18), (4.8)",
        "char_rnn",
        "d(L, U) = sum(t, 1, T, outer(d(L, h[t]) * (1 - h[t]**2), x[t]))",
    ),
    Row(
        "003 (3.19)",
        "singh",
        "d(L, E[r, k]) = sum(t, 1, T, sum(i, 1, len(x), sum(m, 1, len(a), "
        "d(L, a[t][m]) * d(a[t][m], x[t][i]) * partial(x[t][i], E[r, k]))))",
    ),
    Row(
        "003 (3.20)",
        "char_rnn",
        "d(L, E[r, k]) = sum(t, 1, T, "
        "(d(L, h[t]).T * (1 - h[t]**2).T) @ U @ partial(x[t], E[r, k]))",
    ),
    Row(
        "003 (3.21), (4.9)",
        "char_rnn",
        "d(L, E) = sum(t, 1, T, onehot(tok[t]) @ ((d(L, h[t]).T * (1 - h[t]**2).T) @ U))",
    ),
)
