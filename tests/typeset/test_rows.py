"""The row layout of expressions: every node kind's value, and what some of them print."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from symbptt.algebra import (
    NOW,
    Add,
    Concat,
    Diag,
    Expr,
    Fill,
    Identity,
    Index,
    Lookup,
    Mul,
    Neg,
    OneHot,
    OrderedProduct,
    Outer,
    Product,
    Pullback,
    TimeSum,
    Transpose,
)
from symbptt.functions.vectors import vector
from symbptt.proof.evaluate import evaluate
from symbptt.typeset.row_formula import RowPrinter
from symbptt.typeset.rows import RowVector, in_rows, is_row, row_shape
from tests.proof.test_evaluate import AT, CASES, Numbers
from tests.typeset.rows import DO, OUT, ROWS, SQUARE, ZETA, B, E, G, U, W, X, Y, dh, h


@pytest.mark.parametrize(("expr", "expected"), CASES, ids=lambda x: type(x).__name__)
def test_every_kind_in_rows_has_the_value_transposed(expr: Expr, expected: Any) -> None:
    laid = in_rows(expr)
    found = evaluate(laid, Numbers(), AT)
    true = np.asarray(expected, float)
    true = true[None, :] if true.ndim == 1 else true
    assert found.shape == true.shape
    np.testing.assert_allclose(found.astype(float), true, rtol=1e-13)


@pytest.mark.parametrize("expr", [row[0] for row in ROWS], ids=[row[1] for row in ROWS])
def test_every_kind_prints_in_rows(expr: Expr) -> None:
    laid = in_rows(expr)
    assert laid.shape == row_shape(expr.shape)
    assert is_row(laid) == (len(expr.shape) == 1)
    assert RowPrinter().show(laid)
    assert RowPrinter().show(expr)


FACTOR = Diag(SQUARE)

SHOWN: tuple[tuple[Expr, str], ...] = (
    (X, r"\mathbf{x}_t"),
    (Product(U, X), r"\mathbf{x}_t \mathbf{W}_{\mathrm{hx}}^{\top}"),
    (Product(Transpose(W), dh()), r"\frac{\partial L}{\partial \mathbf{h}_t} "
     r"\mathbf{W}_{\mathrm{hh}}"),
    (Product(Product(W, Transpose(W)), h()),
     r"\mathbf{h}_t \mathbf{W}_{\mathrm{hh}} \mathbf{W}_{\mathrm{hh}}^{\top}"),
    (Product(Transpose(Add((W, Neg(Transpose(W))))), h()),
     r"\mathbf{h}_t (\mathbf{W}_{\mathrm{hh}} - \mathbf{W}_{\mathrm{hh}}^{\top})"),
    (Product(Add((W, Identity("h"))), h()),
     r"\mathbf{h}_t (\mathbf{W}_{\mathrm{hh}} + \mathbf{I})^{\top}"),
    (Outer(DO, h()), r"\left(\frac{\partial L}{\partial \mathbf{o}_t}\right)^{\!\top} "
     r"\mathbf{h}_t"),
    (vector("dot", h(), G), r"\mathbf{h}_t \hat{\mathbf{g}}_t^{\top}"),
    (vector("sum", h()), r"\mathbf{h}_t \mathbf{1}^{\top}"),
    (vector("mean", h()), r"\frac{1}{h} \mathbf{h}_t \mathbf{1}^{\top}"),
    (vector("sum", W), r"\mathbf{1}^{\top} \mathbf{W}_{\mathrm{hh}} \mathbf{1}"),
    (Fill(ZETA, ("h",)), r"\zeta \mathbf{1}"),
    (Concat((h(), X)), r"[\mathbf{h}_t,\, \mathbf{x}_t]"),
    (Concat((ZETA, Mul((h(), G)))), r"[\zeta,\, \mathbf{h}_t \odot \hat{\mathbf{g}}_t]"),
    (Lookup(E, Y), r"\mathbf{E}_{y_t,:}"),
    (Outer(OneHot(Y, "n"), X), r"\mathbf{e}_{y_t}^{\top} \mathbf{x}_t"),
    (Mul((SQUARE, dh())), r"\frac{\partial L}{\partial \mathbf{h}_t} "
     r"\operatorname{diag}[\mathbf{h}_t^{\odot 2}]"),
    (Mul((ZETA, h(), G, dh())), r"\zeta \frac{\partial L}{\partial \mathbf{h}_t} "
     r"\operatorname{diag}[\mathbf{h}_t \odot \hat{\mathbf{g}}_t]"),
    (Mul((h(), G)), r"\mathbf{h}_t \odot \hat{\mathbf{g}}_t"),
    (Product(Transpose(W), Mul((SQUARE, dh()))),
     r"\frac{\partial L}{\partial \mathbf{h}_t} \operatorname{diag}[\mathbf{h}_t^{\odot 2}] "
     r"\mathbf{W}_{\mathrm{hh}}"),
    (Pullback(OUT, h(), DO), r"\frac{\partial L}{\partial \mathbf{o}_t} \, "
     r"\frac{\partial \mathbf{o}_t}{\partial \mathbf{h}_t}"),
    (Pullback(h(), ZETA, dh()), r"\frac{\partial L}{\partial \mathbf{h}_t} \, "
     r"\frac{\partial \mathbf{h}_t}{\partial \zeta}"),
    (TimeSum(Add((h(), Neg(B)))),
     r"\sum_{t=1}^T (\mathbf{h}_t - \mathbf{b}_{\mathrm{h}})"),
    # What is set as it is has columns, and the names of rows print so.
    (RowVector(Product(W, h())), r"(\mathbf{W}_{\mathrm{hh}} \mathbf{h}_t^{\top})^{\top}"),
    # A product over steps, its factors in the reverse order.
    (Product(Transpose(OrderedProduct(W, NOW, Index.of("i"))), dh()),
     r"\frac{\partial L}{\partial \mathbf{h}_t} \left(\prod_{j = t, \dots, i} "
     r"\mathbf{W}_{\mathrm{hh}}\right)"),
    (Product(OrderedProduct(Transpose(W), Index.of("i"), NOW, 1), dh()),
     r"\frac{\partial L}{\partial \mathbf{h}_t} \left(\prod_{j = t, \dots, i} "
     r"\mathbf{W}_{\mathrm{hh}}\right)"),
    (Product(FACTOR, h()), r"\mathbf{h}_t \operatorname{diag}[\mathbf{h}_t^{\odot 2}]"),
)  # fmt: skip


@pytest.mark.parametrize(("expr", "shown"), SHOWN, ids=[row[1] for row in SHOWN])
def test_what_rows_print(expr: Expr, shown: str) -> None:
    assert RowPrinter().show(in_rows(expr) if not isinstance(expr, RowVector) else expr) == shown
