"""Programs of every style with one slip each, and what is said of them.

python -m tests.handwritten.slips [NAME ...]    the table: program, edit, what it is called

A row is an edit of a program's text and the words that must name it: any of those between bars.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from symbptt.errors import ProgramError
from symbptt.handwritten.examination import check_code
from symbptt.handwritten.verdict import CodeVerdict
from symbptt.language.library import load

PROGRAMS = Path(__file__).with_name("programs")

OPTIONS: dict[str, dict[str, Any]] = {
    "letters": {},
    "layer": {"layout": "row", "batch_first": True},
    "gates": {},
    "batches": {},
    "rows": {"layout": "row", "batch_first": True},
    "above": {},
    "sentences": {},
    "features": {},
    "columns": {"layout": "row", "batch_first": True},
    "block": {},
    "module": {"layout": "row", "batch_first": True},
    "peephole": {},
    "single": {},
    "last": {},
    "masked": {"batch_first": True},
    "theta": {"names": "theta=[W U b V c]", "returns": ("loss", "theta")},
    "nested": {},
    "sentiment": {},
    "timegru": {
        "layout": "row",
        "batch_first": True,
        "names": "Wx=[Wxz; Wxr; Wxh], Wh=[Whz; Whr; Whh], b=[bz; br; bh]",
    },
    "torchlike": {
        "names": "weight_ih_l0=[W_ii; W_if; W_ig; W_io], weight_hh_l0=[W_hi; W_hf; W_hg; W_ho], "
        "bias_ih_l0=[b_ii; b_if; b_ig; b_io], bias_hh_l0=[b_hi; b_hf; b_hg; b_ho]"
    },
    "jordan": {},
    "deep": {},
    "einsum": {"batch_first": True, "returns": ("dW", "dU", "db", "dV", "dc")},
    "answer": {},
    "window": {},
    "ema": {},
}
MODELS = {"block": "gates", "theta": "single", "window": "einsum"}
"""The model, where it has another name."""

Edits = tuple[tuple[str, str, str], ...]

EDITS: dict[str, Edits] = {
    "letters": (
        ("dh = Why.T @ dy + from_next", "dh = Why.T @ dy", "W_hh.T @ dL/da[t+1]"),
        ("from_next = Whh.T @ da", "from_next = Whh @ da", "transpose"),
        ("(1 - hidden[t] ** 2) * dh", "(1 - hidden[t]) * dh", "exponent"),
        ("(1 - hidden[t] ** 2) * dh", "dh", "missing"),
        ("(1 - hidden[t] ** 2) * dh", "(1 - np.tanh(hidden[t]) ** 2) * dh", "(1 - tanh(h[t])**2)"),
        ("(1 - hidden[t] ** 2) * dh", "hidden[t] * (1 - hidden[t]) * dh", "another function"),
        ("(1 - hidden[t] ** 2) * dh", "dh / (1 - hidden[t] ** 2)", "quotient"),
        ("Why.T @ dy + from_next\n        da = (1 - hidden[t] ** 2) * dh",
         "0\n        da = (1 - hidden[t] ** 2) * (Why.T @ dy) + from_next", "one term"),
        ("from_next = Whh.T @ da", "from_next = (1 - hidden[t] ** 2) * (Whh.T @ dh)", "outside"),
        ("from_next = Whh.T @ da", "from_next = Whh.T @ dh", "name"),
        ("dWhh += da @ hidden[t - 1].T", "dWhh += da @ hidden[t].T", "shifted"),
        ("dWhh += da", "dWhh += dh", "name"),
        ("dWxh += da", "dWxh = da", "lost sum"),
        ("dbh += da", "dbh += dh", "name"),
        ("dby += dy", "dby = dy", "lost sum"),
        ("{-1: hprev.copy()}", "{-1: 0 * hprev}", "initial"),
        ("reversed(range(len(inputs)))", "reversed(range(1, len(inputs)))", "first step"),
        ("reversed(range(len(inputs)))", "reversed(range(len(inputs) - 1))", "last step"),
        ("reversed(range(len(inputs)))",
         "reversed(range(max(0, len(inputs) - 25), len(inputs)))", "last 25 steps"),
        ("dy[targets[t]] -= 1", "dy[targets[t]] += 1", "sign"),
        ("dWhy += dy @ hidden[t].T", "dWhy += dy @ hidden[t - 1].T", "shifted"),
        ("dbh += da", "dbh -= da", "sign"),
        ("reversed(range(len(inputs)))", "range(len(inputs))", "order of the forward pass"),
        ("for gradient in (dWxh", "dWhh += 0.01 * Whh\n    for gradient in (dWxh", "0.01 * W_hh"),
    ),
    "layer": (
        ("(1 - next_h**2) * dnext_h", "(1 - next_h) * dnext_h", "exponent"),
        ("(1 - next_h**2) * dnext_h", "dnext_h", "missing"),
        ("(1 - next_h**2) * dnext_h", "next_h * (1 - next_h) * dnext_h", "another function"),
        ("(1 - next_h**2) * dnext_h", "(1 + next_h**2) * dnext_h", "sign"),
        ("dscore @ Wh.T", "dscore @ Wh", "transpose"),
        ("dWh = prev_h.T @ dscore", "dWh = next_h.T @ dscore", "shifted"),
        ("dWh = prev_h.T @ dscore", "dWh = dscore.T @ prev_h", "transpose|reversed"),
        ("dWx = x.T @ dscore", "dWx = x.T @ dnext_h", "name"),
        ("db = dscore.sum(axis=0)", "db = dnext_h.sum(axis=0)", "name"),
        ("db = dscore.sum(axis=0)", "db = dscore.mean(axis=0)", "mean"),
        ("db = dscore.sum(axis=0)", "db = dscore[0]", "first sequence"),
        ("dh[:, t] + dstate", "dh[:, t]", "term"),
        ("dh[:, t] + dstate", "dstate", "all gradients are 0"),
        ("dWx += a", "dWx = a", "lost sum"),
        ("dWh += c", "dWh = c", "lost sum"),
        ("db += e", "db = e", "lost sum"),
        ("layer_backward((h - y)", "layer_backward((y - h)", "sign"),
        ("cache, state = [], h0", "cache, state = [], 0 * h0", "initial"),
        ("dh[:, t] + dstate, cache[t]", "dh[:, t] + dstate, cache[max(t - 1, 0)]", "shifted"),
        ("dprev_h = dscore @ Wh.T", "dprev_h = dnext_h @ Wh.T", "name"),
        ("dWx, dWh, db = np.zeros((D, H)), np.zeros((H, H)), np.zeros(H)",
         "dWx, dWh, db = np.zeros((D, H)), np.zeros((H, H)), np.zeros(H)\n    T = min(T, 20)",
         "first 20 steps"),
        ("db += e", "db += 2 * e", "factor 2"),
    ),
    "gates": (
        ("+ dc_next\n", "\n", "f[t+1] * dL/dc[t+1]"),
        ("dc_next = dc * f", "dc_next = dc", "factor"),
        ("dh * o * (1 - np.tanh(c) ** 2)", "dh * (1 - np.tanh(c) ** 2)", "factor"),
        ("1 - np.tanh(c) ** 2", "1 - np.tanh(np.tanh(c)) ** 2", "twice"),
        ("1 - np.tanh(c) ** 2", "1 - c ** 2", "left out"),
        ("df = dc * before * f * (1 - f)", "df = dc * before * f", "factor"),
        ("df = dc * before * f * (1 - f)", "df = dc * before", "slope"),
        ("df = dc * before * f * (1 - f)", "df = dc * before * sigmoid(f) * (1 - sigmoid(f))",
         "slope"),
        ("df = dc * before", "df = dc * c", "shifted"),
        ("di = dc * g", "di = dc * i", "name"),
        ("dg = dc * i * (1 - g**2)", "dg = dc * i * g * (1 - g)", "another function"),
        ("dg = dc * i * (1 - g**2)", "dg = dc * (1 - g**2)", "factor"),
        ("do = dh * np.tanh(c) * o * (1 - o)", "do = dh * c * o * (1 - o)", "left out"),
        ("do = dh * np.tanh(c) * o * (1 - o)", "do = dh * np.tanh(c) * o * (1 - f)", "name"),
        ("dz = dz + p[f\"W{gate}\"].T @ d", "dz = p[f\"W{gate}\"].T @ d", "lost path"),
        ("dh = p[\"Wy\"].T @ ds + dh_next", "dh = p[\"Wy\"].T @ ds", "term|lost path"),
        ("dh_next = dz[: self.hidden_size]", "dh_next = dz[self.hidden_size :]", "block"),
        ("grads[f\"b{gate}\"] += d", "grads[f\"b{gate}\"] = d", "lost sum"),
        ("(\"f\", df), (\"i\", di)", "(\"i\", df), (\"f\", di)", "exchanged"),
        ("h, c, steps, loss = h0, c0, [], 0.0", "h, c, steps, loss = h0, 0 * c0, [], 0.0",
         "initial value of c"),
        ("grads[f\"W{gate}\"] += np.outer(d, z)",
         "grads[f\"W{gate}\"] += np.outer(d, np.concatenate([h, z[len(h):]]))", "shifted|name"),
        ("ds[y[t]] -= 1\n            ds /= len(x)", "ds[y[t]] -= 1", "sum"),
        ("dc_next = dc * f", "dc_next = dc * (1 - f)", "complement"),
    ),
    "batches": (
        ("dh * (1 - z[t]) + drh", "dh * z[t] + drh", "complement"),
        ("dn = dh * z[t]", "dn = dh * (1 - z[t])", "complement"),
        ("dh * (1 - z[t]) + drh * r[t]", "drh * r[t]", "term"),
        ("dz = dh * (n[t] - h[t])", "dz = dh * n[t]", "term"),
        ("dz = dh * (n[t] - h[t])", "dz = dh * (h[t] - n[t])", "sign"),
        ("z[t] * (1 - z[t])\n", "z[t]\n", "factor"),
        ("dn = dh * z[t] * (1 - n[t] ** 2)", "dn = dh * z[t] * n[t] * (1 - n[t])",
         "another function"),
        ("dr = drh * h[t] * r[t]", "dr = drh * h[t + 1] * r[t]", "shifted"),
        ("dr = drh * h[t] * r[t] * (1 - r[t])", "dr = drh * h[t]", "slope"),
        ("drh * r[t] + dr", "drh + dr", "factor"),
        ("+ dr @ params[\"W_hr\"]", "", "term"),
        ("+ dz @ params[\"W_hz\"]", "+ dz @ params[\"W_hz\"].T", "transpose"),
        ("grads[\"W_hn\"] += dn.T @ (r[t] * h[t])", "grads[\"W_hn\"] += dn.T @ h[t]",
         "factor|name"),
        ("grads[\"W_hz\"] += dz.T @ h[t]", "grads[\"W_hz\"] += dz.T @ h[t + 1]", "shifted"),
        ("grads[f\"b_{gate}\"] += d.sum(axis=0)", "grads[f\"b_{gate}\"] += d.mean(axis=0)", "mean"),
        ("grads[f\"b_{gate}\"] += d.sum(axis=0)", "grads[f\"b_{gate}\"] += d[0]", "first seq"),
        ("grads[f\"b_{gate}\"] += d.sum(axis=0)", "grads[f\"b_{gate}\"] = d.sum(axis=0)",
         "lost sum"),
        ("do.sum(axis=(0, 1))", "do.sum(axis=0)", "sum over the sequences"),
        ("dh = dh + do[t] @ params[\"W_ho\"]", "dh = do[t] @ params[\"W_ho\"]", "lost path"),
        ("h[0] = h0", "h[0] = 0", "initial"),
        ("for t in range(T):\n        r", "h0 *= 0.5\n    for t in range(T):\n        r", "overwr"),
        ("dz = dh * (n[t] - h[t])", "dz = dh * (n[t] + h[t])", "sign"),
    ),
    "rows": (
        ("+ delta @ W_hh.T", "+ delta @ W_hh", "transpose"),
        ("+ delta @ W_hh.T", "", "term"),
        ("dH * (1 - H[t + 1] ** 2)", "dH * (1 - H[t] ** 2)", "shifted"),
        ("dH * (1 - H[t + 1] ** 2)", "dH", "missing"),
        ("dH * (1 - H[t + 1] ** 2)", "dH * (1 - H[t + 1]) ** 2", "exponent|slope"),
        ("dH = dO @ W_hq.T + delta @ W_hh.T\n        delta = dH * (1 - H[t + 1] ** 2)",
         "delta = dO @ W_hq.T + delta @ W_hh.T * (1 - H[t + 1] ** 2)", "one term"),
        ("dW_hh += H[t].T", "dW_hh += H[t + 1].T", "shifted"),
        ("dW_hq += H[t + 1].T", "dW_hq += H[t].T", "shifted"),
        ("dW_xh += X[:, t].T @ delta", "dW_xh += X[:, t].T @ dH", "name"),
        ("dW_xh += X[:, t].T @ delta", "dW_xh = X[:, t].T @ delta", "lost sum"),
        ("db_h += delta.sum(0)", "db_h += dH.sum(0)", "name"),
        ("db_h += delta.sum(0)", "db_h = delta.sum(0)", "lost sum"),
        ("db_q += dO.sum(0)", "db_q += dO.sum(0) / T", "1/T"),
        ("(P[t] - Y[:, t]) / (N * T)", "(Y[:, t] - P[t]) / (N * T)", "sign"),
        ("(P[t] - Y[:, t]) / (N * T)", "(P[t] - Y[:, t]) / N", "sum of the losses"),
        ("(P[t] - Y[:, t]) / (N * T)", "(P[t] - Y[:, t]) / T", "summed over the sequences"),
        ("range(T - 1, -1, -1)", "range(T - 1, 0, -1)", "first step"),
        ("range(T - 1, -1, -1)", "range(T - 1, max(-1, T - 11), -1)", "last 10 steps"),
        ("H = [h_init]", "H = [np.zeros_like(h_init)]", "initial"),
        ("return dW_xh, dW_hh, db_h",
         "dW_hh = dW_hh / max(1, np.linalg.norm(dW_hh) / 0.01)\n    return dW_xh, dW_hh, db_h",
         "clipped to a norm"),
        ("return dW_xh, dW_hh, db_h", "return dW_xh, dW_hh.T, db_h",
         "transposed|transpose|reversed product"),
        ("return dW_xh, dW_hh",
         "db_h, db_q = db_q, db_h\n    return dW_xh, dW_hh", "another parameter"),
    ),
    "above": (
        ("dh = d_outputs[t] @ self.W_out + carry", "dh = d_outputs[t] @ self.W_out", "term"),
        ("carry = da @ self.W_rec\n", "carry = da @ self.W_rec.T\n", "transpose"),
        ("carry = da @ self.W_rec\n", "carry = dh @ self.W_rec\n", "name"),
        ("carry = da @ self.W_rec\n", "carry += da @ self.W_rec\n", "added up"),
        ("da = dh * (1 - self.h[t + 1] ** 2)", "da = dh * (1 - self.h[t] ** 2)", "shifted"),
        ("da = dh * (1 - self.h[t + 1] ** 2)", "da = dh", "missing"),
        ("da = dh * (1 - self.h[t + 1] ** 2)", "da = dh * (1 - self.h[t + 1])", "exponent"),
        ("da = dh * (1 - self.h[t + 1] ** 2)",
         "da = dh * (1 - np.tanh(self.h[t + 1]) ** 2)", "tanh(h[t])"),
        ("self.dW_in += da.T", "self.dW_in += dh.T", "name"),
        ("self.dW_in += da.T", "self.dW_in = da.T", "lost sum"),
        ("self.dW_rec += da.T @ self.h[t]", "self.dW_rec += da.T @ self.h[t + 1]", "shifted"),
        ("self.dW_rec += da.T @ self.h[t]", "self.dW_rec += dh.T @ self.h[t]", "name"),
        ("self.db += da.sum(axis=0)", "self.db += da.mean(axis=0)", "mean"),
        ("self.db += da.sum(axis=0)", "self.db += da[-1]", "last sequence"),
        ("self.db += da.sum(axis=0)", "self.db += dh.sum(axis=0)", "name"),
        ("d_outputs, self.h[1:])", "d_outputs, self.h[:-1])", "shifted"),
        ("self.dc = d_outputs.sum(axis=(0, 1))", "self.dc = d_outputs[-1].sum(axis=0)", "lost sum"),
        ("self.dc = d_outputs.sum(axis=(0, 1))", "self.dc = d_outputs[0].sum(axis=0)", "lost sum"),
        ("reversed(range(T))", "reversed(range(T - 1))", "last step"),
        ("reversed(range(T))", "range(T)", "order of the forward"),
        ("self.dW_rec = np.zeros_like(self.W_rec)",
         "self.dW_rec = getattr(self, 'dW_rec', np.zeros_like(self.W_rec))", "state"),
        ("self.h = np.zeros((T + 1, B, len(self.b)))",
         "last = getattr(self, 'h', None)\n        self.h = np.zeros((T + 1, B, len(self.b)))\n"
         "        if last is not None and last.shape[1] == B:\n            self.h[0] = last[-1]",
         "state"),
    ),
    "sentences": (
        ("self.W.T.dot(delta_t)", "self.W.dot(delta_t)", "transpose"),
        ("dLdW += np.outer(delta_t, s[k - 1])", "dLdW += np.outer(delta_t, s[k])", "shifted"),
        ("* (1 - s[k - 1] ** 2)", "* (1 - s[k] ** 2)", "shifted"),
        ("bptt_truncate=1000", "bptt_truncate=4", "truncated"),
        ("self.V.T.dot(delta_o[t]) * (1 - s[t] ** 2)", "self.V.T.dot(delta_o[t])", "one term"),
    ),
    "features": (
        ("(1 - a_next**2) * da_next", "(1 - a_next) * da_next", "exponent"),
        ("np.dot(dtanh, a_prev.T)", "np.dot(dtanh, a_next.T)", "shifted"),
        ("np.dot(parameters[\"Waa\"].T, dtanh)", "np.dot(parameters[\"Waa\"], dtanh)", "transpose"),
        ("np.sum(dtanh, axis=1, keepdims=True)", "np.sum(da_next, axis=1, keepdims=True)", "name"),
        ("da[:, :, t] + da_prevt", "da[:, :, t]", "term"),
    ),
    "columns": (
        ("dc = dnext_c + dnext_h * o", "dc = dnext_h * o", "f[t+1] * dL/dc[t+1]"),
        ("return da.dot(Wh.T), dc * f", "return da.dot(Wh.T), dc", "factor"),
        ("dc * g, dc * prev_c, dc * i", "dc * g, dc * next_c, dc * i", "shifted"),
        ("do * o * (1 - o)", "do * o", "factor"),
        ("dg * (1 - g**2)", "dg * g * (1 - g)", "another function"),
    ),
    "block": (
        ("dc = dc * f", "dc = dc * i", "name"),
        ("dc * g * i * (1 - i)", "dc * g * i", "factor"),
        ("dh * t * o * (1 - o)", "dh * c * o * (1 - o)", "left out"),
        ("dh = dh + Wy.T @ dz", "dh = Wy.T @ dz", "term|lost path"),
        ("(W.T @ da)[:n]", "(W.T @ da)[-n:]", "block"),
    ),
    "module": (
        ("dh * z + drh * r", "dh * (1 - z) + drh * r", "complement"),
        ("dz = dh * (h - n)", "dz = dh * (n - h)", "sign"),
        ("(r * h).T @ dn", "h.T @ dn", "factor"),
        ("dz @ P[\"Uz\"].T", "dz @ P[\"Uz\"]", "transpose"),
        ("dr = drh * h * r * (1 - r)", "dr = drh * h", "slope"),
    ),
    "peephole": (
        (" + do * p[\"p_o\"]", "", "term"),
        ("dc * f + di * p[\"p_i\"]", "dc * f", "term"),
        ("(do * c1).sum(0)", "(do * c0).sum(0)", "shifted"),
        ("df = dc * c0", "df = dc * c1", "shifted"),
        ("(di * c0).sum(0)", "di.sum(0)", "factor"),
    ),
    "single": (
        ("(hs[t + 1] > 0)", "(hs[t] > 0)", "shifted"),
        ("V.T @ e + U.T @ after", "V.T @ e + U @ after", "transpose"),
        ("dU += np.outer(after, hs[t])", "dU += np.outer(after, hs[t + 1])", "shifted"),
        ("db += after", "db = after", "lost sum"),
        ("[np.asarray(h0, np.float32)]", "[np.zeros_like(b)]", "initial"),
    ),
    "last": (
        ("d_h = self.Whh.T @ temp", "d_h = self.Whh @ temp", "transpose"),
        ("d_by = d_y.copy()", "d_by = d_y", "overwrites its arguments: d_y"),
        ("(1 - self.last_hs[t + 1] ** 2)", "(1 - self.last_hs[t] ** 2)", "shifted"),
        ("d_bh += temp", "d_bh = temp", "lost sum"),
        ("self.last_hs[n].T", "self.last_hs[n - 1].T", "shifted"),
    ),
    "masked": (
        ("lam = (1 - alpha) * lam + pre @ W_rec", "lam = pre @ W_rec", "term"),
        ("pre = alpha * lam", "pre = lam", "factor"),
        ("(rate[:, t] - state[:, t])", "rate[:, t]", "term"),
        ("pre.sum(0)", "pre.mean(0)", "mean"),
        ("(1 - alpha) * lam + pre", "(1 + alpha) * lam + pre", "sign"),
    ),
    "theta": (
        ("U.T @ after", "U @ after", "transpose"),
        ("np.outer(after, h[t])", "np.outer(after, h[t + 1])", "shifted"),
        (" * (h[t + 1] > 0)", "", "factor"),
        ("- y[t]) / len(x)", "- y[t])", "sum of the losses"),
        ("(dW, dU, db, dV, dc)])", "(dW, dU.T, db, dV, dc)])", "transpose|reversed product"),
    ),
    "nested": (
        ("delta = self.W.T.dot(delta)", "delta = self.W.dot(delta)", "transpose"),
        ("(1 - s[step - 1] ** 2)", "(1 - s[step] ** 2)", "shifted"),
        ("np.arange(0, t + 1)", "np.arange(max(0, t - 2), t + 1)", "3 steps are gone back"),
        ("np.outer(delta, s[step - 1])", "np.outer(delta, s[step])", "shifted"),
        ("self.V.T.dot(delta_o[t]) * (1 - s[t] ** 2)", "self.V.T.dot(delta_o[t])", "factor|slope"),
    ),
    "sentiment": (
        ("d_h = self.Whh.T @ temp", "d_h = self.Whh.T @ d_h", "name"),
        ("d_bh += temp", "d_bh += d_h", "name"),
        ("d_by = d_y", "d_by = 2 * d_y", "factor 2"),
        ("reversed(range(n))", "reversed(range(1, n))", "first step"),
        ("reversed(range(n))", "reversed(range(max(0, n - 7), n))", "last 7 steps"),
        ("d_y[target] -= 1", "d_y = -d_y; d_y[target] += 1", "sign of all"),
    ),
    "timegru": (
        ("dn = dh * z", "dn = dh * (1 - z)", "complement"),
        ("dz = dh * n - dh * h_prev", "dz = dh * n", "term"),
        ("dhr = dt @ Wh[:, 2 * H :].T", "dhr = dt @ Wh[:, 2 * H :]", "transpose"),
        ("dWhh = (r * h_prev).T @ dt", "dWhh = h_prev.T @ dt", "factor"),
        ("dh_prev += r * dhr", "dh_prev += dhr", "factor"),
    ),
    "torchlike": (
        ("grad_h = grad_h + d_out[t]", "grad_h = d_out[t]", "lost path|term"),
        ("grad_c * c_prev * f * (1 - f)", "grad_c * c_new * f * (1 - f)", "shifted"),
        ("grad_c = grad_c * f", "grad_c = grad_c * i", "name"),
        ("\"bias_hh_l0\"] += grad_gates.sum(0)", "\"bias_hh_l0\"] += grad_gates.mean(0)", "mean"),
        ("grad_h * o * (1 - tanh_c**2)", "grad_h * o * (1 - c_new**2)", "left out"),
    ),
    "jordan": (
        ("+ back", "", "term"),
        ("e * (1 - o * o)", "e * o * (1 - o)", "another function"),
        ("zip(inner, outputs, strict", "zip(inner, outputs[1:], strict", "shifted"),
        ("* h * (1 - h)", "* h * (1 + h)", "sign"),
        ("(V.T @ outer[0])", "(V.T @ e)", "name"),
    ),
    "deep": (
        ("p[\"W2\"].T @ a2 + d1", "p[\"W2\"].T @ a2", "lost path|term"),
        ("p[\"W2\"].T @ a2 + d1", "p[\"U2\"].T @ a2 + d1", "name|transpose|raises"),
        ("np.outer(a2, n1)", "np.outer(a2, h1)", "shifted"),
        ("p[\"V\"].T @ do + d2) * (1 - n2**2)", "p[\"V\"].T @ do) * (1 - n2**2) + d2",
         "one term|sum"),
        ("g[\"b1\"] += a1", "g[\"b1\"] = a1", "lost sum"),
    ),
    "einsum": (
        ("A[:, t + 1] @ U", "A[:, t + 1] @ U.T", "transpose"),
        ("\"bth,btk->hk\", A, H[:, :-1]", "\"bth,btk->hk\", A, H[:, 1:]", "shifted"),
        ("(1 - H[:, t + 1] ** 2)", "(1 - H[:, t] ** 2)", "shifted"),
        ("E.sum((0, 1))", "E.sum(1)[0]", "first sequence"),
        ("A.sum(axis=(0, 1))", "A[:, 0].sum(0)", "lost sum"),
    ),
    "answer": (
        ("dh, dc = dz[: len(dh)], dc * f", "dh, dc = dz[-len(dh) :], dc * f", "block"),
        ("df *= f * (1 - f)", "df *= f", "factor"),
        ("di = dc * g", "di = dc * i", "name"),
        ("dc = dc + dh * o", "dc = dh * o", "f[t+1] * dL/dc[t+1]"),
        ("1 - np.tanh(c) ** 2", "1 - np.tanh(np.tanh(c)) ** 2", "twice"),
    ),
    "window": (
        ("nxt = da.dot(U)", "nxt = U.dot(da)", "transpose"),
        ("(1 + hs[t]) * (1 - hs[t])", "(1 - hs[t]) * (1 - hs[t])", "sign|equal|slope|exponent"),
        ("da[:, None] * hs[t - 1][None, :]", "da[:, None] * hs[t][None, :]", "shifted"),
        ("out[\"dV\"] + es[t]", "es[t]", "lost sum"),
        ("v / len(x) for k", "v for k", "sum of the losses"),
    ),
    "ema": (
        ("gW += a * np.outer", "gW += np.outer", "factor|name"),
        ("lam = (1 - a) * lam", "lam = 0 * lam", "term"),
        ("drive[t - 1] - us[t - 1]", "drive[t - 1] - us[t]", "shifted"),
        ("lam + gh * (1 - hs[t] ** 2)", "lam + gh * (1 - us[t] ** 2)", "left out|slope at|name"),
        ("gh = a * U.T @ lam", "gh = U.T @ lam", "factor|name"),
    ),
}  # fmt: skip


@dataclass(frozen=True)
class Result:
    program: str
    right: str
    wrong: str
    words: str
    verdict: CodeVerdict | None
    reason: str = ""

    @property
    def told(self) -> str:
        if self.verdict is None:
            return self.reason
        return "; ".join((*self.verdict.convention, *(s.words for s in self.verdict.slips)))

    @property
    def named(self) -> bool:
        """Whether the answer names the slip."""
        return any(word in self.told for word in self.words.split("|")) and bool(self.told)


def examined(program: str, text: str) -> CodeVerdict:
    """The verdict about a program's text."""
    model = load(str(PROGRAMS / f"{MODELS.get(program, program)}.rnn"))
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"{program}.py"
        path.write_text(text, encoding="utf-8")
        return check_code(model, path, **OPTIONS[program])


def broken(program: str, right: str, wrong: str, words: str) -> Result:
    text = (PROGRAMS / f"{program}.py").read_text(encoding="utf-8")
    if right not in text:
        raise ValueError(f"{program} has no {right!r}")
    try:
        return Result(program, right, wrong, words, examined(program, text.replace(right, wrong)))
    except ProgramError as error:
        return Result(program, right, wrong, words, None, str(error))


def results(programs: list[str]) -> Iterator[Result]:
    for program in programs:
        for edit in EDITS[program]:
            yield broken(program, *edit)


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.handwritten.slips")
    parser.add_argument("programs", nargs="*", default=[])
    chosen = parser.parse_args().programs or list(EDITS)
    counts = {program: [0, 0] for program in chosen}
    for result in results(chosen):
        counts[result.program][0] += 1
        counts[result.program][1] += result.named
        mark = "ok " if result.named else "-- "
        told = " ".join(result.told.split())
        print(f"{mark}{result.program}: {result.wrong.strip()[:60]!r}: {told[:300]}", flush=True)
    for program, (tried, named) in counts.items():
        print(f"{program}: {named} of {tried} named, {named / tried:.0%}")
    return 0 if all(named >= 0.9 * tried for tried, named in counts.values()) else 1


if __name__ == "__main__":
    sys.exit(main())
