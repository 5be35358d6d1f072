"""What the printers must say: an expression, its plain text, its LaTeX."""

from __future__ import annotations

from fractions import Fraction

from symbptt.algebra import (
    NOW,
    ONE,
    PART,
    Add,
    BlockMatrix,
    BlockRow,
    Call,
    Cases,
    Column,
    Concat,
    Constant,
    Cotangent,
    Count,
    Derivative,
    Diag,
    Direct,
    Div,
    Expr,
    Fill,
    Horizon,
    Identity,
    Index,
    Kronecker,
    Length,
    Lookup,
    Loss,
    MatrixPower,
    Mul,
    Neg,
    Number,
    OneHot,
    Ones,
    OrderedProduct,
    Outer,
    Param,
    PartSum,
    Pick,
    Pow,
    Product,
    Pullback,
    Ref,
    Slice,
    Stack,
    TimeSum,
    Transpose,
    Vec,
)
from symbptt.functions.vectors import vector

W = Param("W_hh", ("h", "h"))
U = Param("W_hx", ("h", "d"))
B = Param("b_h", ("h",))
E = Param("E", ("n", "d"))
ZETA = Param("zeta", ())
TWO = Number(Fraction(2))
HALF = Div(ONE, TWO)
SMALL = Number(Fraction(1, 20), "0.05")
X = Ref("x", NOW, ("d",))
OUT = Ref("o", NOW, ("q",))
P = Ref("p", NOW, ("q",))
Y = Ref("y", NOW, ())
Z = Ref("z", NOW, ("q",))
S = Ref("s", NOW, ())
G = Ref("g_hat", NOW, ("h",))
LOSS = Ref("loss", NOW, ())


def h(lag: int = 0) -> Ref:
    return Ref("h", NOW - lag, ("h",))


def dh(lag: int = 0) -> Cotangent:
    return Cotangent("h", NOW - lag, ("h",))


DLOSS = Cotangent("loss", NOW, ())
DO = Cotangent("o", NOW, ("q",))
SQUARE = Pow(h(), TWO)

Row = tuple[Expr, str, str]

LEAVES: tuple[Row, ...] = (
    (TWO, "2", "2"),
    (SMALL, "0.05", "0.05"),
    (Number(Fraction(1), "1.0"), "1.0", "1.0"),
    (Number(Fraction(1, 1000), "1e-3"), "1e-3", "10^{-3}"),
    (Number(Fraction(3, 1000), "3E-3"), "3E-3", r"3 \cdot 10^{-3}"),
    (Number(Fraction(1000), "1_000"), "1_000", "1000"),
    (Number(Fraction(1, 3)), "1/3", r"\frac{1}{3}"),
    (Number(Fraction(-3)), "-3", "-3"),
    (Constant("dt", Fraction(1, 20)), "dt", r"\mathrm{dt}"),
    (Length("n_x"), "len(n_x)", r"n_{\mathrm{x}}"),
    (Horizon(), "T", "T"),
    (U, "W_hx", r"\mathbf{W}_{\mathrm{hx}}"),
    (ZETA, "zeta", r"\zeta"),
    (h(1), "h[t-1]", r"\mathbf{h}_{t-1}"),
    (G, "g_hat[t]", r"\hat{\mathbf{g}}_t"),
    (LOSS, "loss[t]", r"\ell_t"),
    (Ref("h_1", NOW, ("h",)), "h_1[t]", r"\mathbf{h}_{1,t}"),
    (Ref("h", Index(offset=-1), ("h",)), "h[-1]", r"\mathbf{h}_{-1}"),
    (Ref("h", Index.of("T") + (NOW - Index.of("i")), ("h",)), "h[T+t-i]", r"\mathbf{h}_{T+t-i}"),
    (dh(-1), "dL/dh[t+1]", r"\frac{\partial L}{\partial \mathbf{h}_{t+1}}"),
    (Cotangent("W_hh", None, ("h", "h")), "dL/dW_hh",
     r"\frac{\partial L}{\partial \mathbf{W}_{\mathrm{hh}}}"),
    (Identity("h"), "I", r"\mathbf{I}"),
)  # fmt: skip

ARITHMETIC: tuple[Row, ...] = (
    (Add((Product(U, X), Product(W, h(1)), B)), "W_hx @ x[t] + W_hh @ h[t-1] + b_h",
     r"\mathbf{W}_{\mathrm{hx}} \mathbf{x}_t + \mathbf{W}_{\mathrm{hh}} \mathbf{h}_{t-1} + "
     r"\mathbf{b}_{\mathrm{h}}"),
    (Add((ONE, Neg(h()))), "1 - h[t]", r"1 - \mathbf{h}_t"),
    (Add((Neg(ONE), h())), "-1 + h[t]", r"-1 + \mathbf{h}_t"),
    (Add((h(), Neg(Add((G, Neg(B)))))), "h[t] - (g_hat[t] - b_h)",
     r"\mathbf{h}_t - (\hat{\mathbf{g}}_t - \mathbf{b}_{\mathrm{h}})"),
    (Add((h(), Add((G, B)))), "h[t] + (g_hat[t] + b_h)",
     r"\mathbf{h}_t + (\hat{\mathbf{g}}_t + \mathbf{b}_{\mathrm{h}})"),
    (Add((h(), Mul((Neg(G), B)))), "h[t] + (-g_hat[t] * b_h)",
     r"\mathbf{h}_t + (-\hat{\mathbf{g}}_t \odot \mathbf{b}_{\mathrm{h}})"),
    (Neg(Neg(h())), "-(-h[t])", r"-(-\mathbf{h}_t)"),
    (Neg(Add((h(), G))), "-(h[t] + g_hat[t])", r"-(\mathbf{h}_t + \hat{\mathbf{g}}_t)"),
    (Mul((h(), G)), "h[t] * g_hat[t]", r"\mathbf{h}_t \odot \hat{\mathbf{g}}_t"),
    (Mul((Neg(h()), G)), "-h[t] * g_hat[t]", r"-\mathbf{h}_t \odot \hat{\mathbf{g}}_t"),
    (Mul((h(), Neg(G))), "h[t] * (-g_hat[t])", r"\mathbf{h}_t \odot (-\hat{\mathbf{g}}_t)"),
    (Mul((SMALL, h())), "0.05 * h[t]", r"0.05 \mathbf{h}_t"),
    (Mul((ZETA, h(), G)), "zeta * h[t] * g_hat[t]", r"\zeta \mathbf{h}_t \odot \hat{\mathbf{g}}_t"),
    (Mul((h(), ZETA, G)), "h[t] * zeta * g_hat[t]", r"\mathbf{h}_t \zeta \odot \hat{\mathbf{g}}_t"),
    (Mul((Constant("dt", Fraction(1, 20)), h())), "dt * h[t]", r"\mathrm{dt} \, \mathbf{h}_t"),
    (Mul((TWO, SMALL)), "2 * 0.05", r"2 \cdot 0.05"),
    (Mul((ZETA, TWO)), "zeta * 2", r"\zeta \cdot 2"),
    (Mul((Add((ONE, Neg(SQUARE))), dh())), "(1 - h[t]**2) * dL/dh[t]",
     r"(1 - \mathbf{h}_t^{\odot 2}) \odot \frac{\partial L}{\partial \mathbf{h}_t}"),
    (Mul((h(), Product(W, h(1)))), "h[t] * (W_hh @ h[t-1])",
     r"\mathbf{h}_t \odot (\mathbf{W}_{\mathrm{hh}} \mathbf{h}_{t-1})"),
    # The author's form: no 191/200.
    (Add((h(), Mul((SMALL, Add((G, Neg(Mul((Number(Fraction(9, 10), "0.9"), h()))))))))),
     "h[t] + 0.05 * (g_hat[t] - 0.9 * h[t])",
     r"\mathbf{h}_t + 0.05 (\hat{\mathbf{g}}_t - 0.9 \mathbf{h}_t)"),
    (Div(h(), TWO), "h[t] / 2", r"\frac{\mathbf{h}_t}{2}"),
    (Div(Div(h(), TWO), TWO), "h[t] / 2 / 2", r"\frac{\mathbf{h}_t}{4}"),
    (Div(Div(h(), Horizon()), Mul((TWO, Horizon()))), "h[t] / T / (2 * T)",
     r"\frac{\mathbf{h}_t}{2 T^2}"),
    (Div(Cotangent("h", NOW, ("h",)), TWO), "dL/dh[t] / 2",
     r"\frac{1}{2} \, \frac{\partial L}{\partial \mathbf{h}_t}"),
    (Div(ONE, Add((ONE, HALF))), "1 / (1 + 1 / 2)", r"1 / \left(1 + \frac{1}{2}\right)"),
    (Div(Add((h(), G)), Mul((h(), G))), "(h[t] + g_hat[t]) / (h[t] * g_hat[t])",
     r"\frac{\mathbf{h}_t + \hat{\mathbf{g}}_t}{\mathbf{h}_t \odot \hat{\mathbf{g}}_t}"),
    (Mul((Div(ONE, Horizon()), Add((P, Neg(OneHot(Y, "q")))))), "1 / T * (p[t] - onehot(y[t]))",
     r"\frac{1}{T} (\mathbf{p}_t - \mathbf{e}_{y_t})"),
    (SQUARE, "h[t]**2", r"\mathbf{h}_t^{\odot 2}"),
    (Pow(S, TWO), "s[t]**2", "s_t^2"),
    (Pow(S, Neg(ONE)), "s[t]**-1", "s_t^{-1}"),
    (Pow(S, Number(Fraction(1, 2))), "s[t]**(1/2)", "s_t^{1/2}"),
    (Pow(Add((h(), G)), TWO), "(h[t] + g_hat[t])**2",
     r"(\mathbf{h}_t + \hat{\mathbf{g}}_t)^{\odot 2}"),
    (Pow(Pow(S, TWO), TWO), "(s[t]**2)**2", "(s_t^2)^2"),
    (Call("tanh", (h(),)), "tanh(h[t])", r"\tanh(\mathbf{h}_t)"),
    (Call("max", (h(), ONE)), "max(h[t], 1)", r"\max(\mathbf{h}_t, 1)"),
    (Call("phi_h", (h(),), 0), "phi_h'(h[t])", r"\phi_{\mathrm{h}}'(\mathbf{h}_t)"),
    (Call("act", (h(),)), "act(h[t])", r"\operatorname{act}(\mathbf{h}_t)"),
    (Call("phi", (h(), G), 1), "phi'2(h[t], g_hat[t])",
     r"\partial_2 \phi(\mathbf{h}_t, \hat{\mathbf{g}}_t)"),
    (Mul((Call("sigmoid", (h(),)), Add((ONE, Neg(Call("sigmoid", (h(),))))))),
     "sigmoid(h[t]) * (1 - sigmoid(h[t]))",
     r"\sigma(\mathbf{h}_t) \odot \bigl(1 - \sigma(\mathbf{h}_t)\bigr)"),
)  # fmt: skip

ARRAYS: tuple[Row, ...] = (
    (Transpose(W), "W_hh.T", r"\mathbf{W}_{\mathrm{hh}}^{\top}"),
    (Product(Transpose(W), Mul((dh(), h()))), "W_hh.T @ (dL/dh[t] * h[t])",
     r"\mathbf{W}_{\mathrm{hh}}^{\top} "
     r"\left(\frac{\partial L}{\partial \mathbf{h}_t} \odot \mathbf{h}_t\right)"),
    (Product(Product(W, W), h()), "W_hh @ W_hh @ h[t]",
     r"\mathbf{W}_{\mathrm{hh}} \mathbf{W}_{\mathrm{hh}} \mathbf{h}_t"),
    (Product(Transpose(Add((W, Neg(Mul((SMALL, Identity("h"))))))), h()),
     "(W_hh - 0.05 * I).T @ h[t]",
     r"(\mathbf{W}_{\mathrm{hh}} - 0.05 \mathbf{I})^{\top} \mathbf{h}_t"),
    (Lookup(E, Ref("tok", NOW, ())), "E[tok[t]]", r"\mathbf{E}_{\mathrm{tok}_t,:}^{\top}"),
    (Lookup(U, Y), "W_hx[y[t]]", r"(\mathbf{W}_{\mathrm{hx}})_{y_t,:}^{\top}"),
    (OneHot(Y, "q"), "onehot(y[t])", r"\mathbf{e}_{y_t}"),
    (Pick(P, Y), "p[t][y[t]]", r"(\mathbf{p}_t)_{y_t}"),
    (Pick(vector("log_softmax", OUT), Y), "log_softmax(o[t])[y[t]]",
     r"\log\operatorname{softmax}(\mathbf{o}_t)_{y_t}"),
    (Concat((X, h(1))), "concat(x[t], h[t-1])", r"[\mathbf{x}_t;\, \mathbf{h}_{t-1}]"),
    (Slice(G, ("d", "h"), 0), "g_hat[t][:d]", r"(\hat{\mathbf{g}}_t)_{1:d}"),
    (Slice(G, ("d", "h"), 1), "g_hat[t][d:]", r"(\hat{\mathbf{g}}_t)_{d + 1:d + h}"),
    (Slice(G, (2, 3, 4), 1), "g_hat[t][2:5]", r"(\hat{\mathbf{g}}_t)_{3:5}"),
    (vector("softmax", OUT), "softmax(o[t])", r"\operatorname{softmax}(\mathbf{o}_t)"),
    (vector("log_softmax", OUT), "log_softmax(o[t])", r"\log\operatorname{softmax}(\mathbf{o}_t)"),
    (vector("sum", Add((h(), G))), "sum(h[t] + g_hat[t])",
     r"\mathbf{1}^{\top} (\mathbf{h}_t + \hat{\mathbf{g}}_t)"),
    (vector("sum", W), "sum(W_hh)", r"\mathbf{1}^{\top} \mathbf{W}_{\mathrm{hh}} \mathbf{1}"),
    (vector("mean", h()), "mean(h[t])", r"\frac{1}{h} \mathbf{1}^{\top} \mathbf{h}_t"),
    (vector("dot", h(), G), "dot(h[t], g_hat[t])", r"\mathbf{h}_t^{\top} \hat{\mathbf{g}}_t"),
    (vector("dot", W, W), "dot(W_hh, W_hh)",
     r"\left\langle \mathbf{W}_{\mathrm{hh}}, \mathbf{W}_{\mathrm{hh}} \right\rangle"),
    (Fill(S, ("h",)), "s[t] * ones", r"s_t \mathbf{1}"),
    (Fill(S, ("h", "h")), "s[t] * ones", r"s_t \mathbf{1} \mathbf{1}^{\top}"),
    (Fill(TWO, ("h",)), "2", "2"),
    (Outer(dh(), h(1)), "outer(dL/dh[t], h[t-1])",
     r"\frac{\partial L}{\partial \mathbf{h}_t} \mathbf{h}_{t-1}^{\top}"),
    (Outer(OneHot(Y, "q"), DO), "outer(onehot(y[t]), dL/do[t])",
     r"\mathbf{e}_{y_t} \left(\frac{\partial L}{\partial \mathbf{o}_t}\right)^{\!\top}"),
    (Cases(Y, Mul((HALF, Add((P, Neg(ONE))))), Mul((HALF, P)), "q"),
     "onehot(y[t]) * (1 / 2 * (p[t] - 1)) + (1 - onehot(y[t])) * (1 / 2 * p[t])",
     r"\begin{cases} \dfrac{1}{2} \bigl((\mathbf{p}_t)_i - 1\bigr) & \text{in row } i = y_t, "
     r"\\[2ex] \dfrac{1}{2} (\mathbf{p}_t)_i & \text{in the rows } i \neq y_t \end{cases}"),
)  # fmt: skip

CHAIN_RULE: tuple[Row, ...] = (
    (Loss("l", OUT, Z), "l(o[t], z[t])", r"\ell(\mathbf{o}_t, \mathbf{z}_t)"),
    (Loss("l", OUT, Z, 0), "l'1(o[t], z[t])",
     r"\frac{\partial \ell(\mathbf{o}_t, \mathbf{z}_t)}{\partial \mathbf{o}_t}"),
    (Loss("softmax_cross_entropy", OUT, Y), "softmax_cross_entropy(o[t], y[t])",
     r"-\log \operatorname{softmax}(\mathbf{o}_t)_{y_t}"),
    (Add((S, Loss("softmax_cross_entropy", OUT, Y))), "s[t] + softmax_cross_entropy(o[t], y[t])",
     r"s_t - \log \operatorname{softmax}(\mathbf{o}_t)_{y_t}"),
    (Loss("squared_error", OUT, Z), "squared_error(o[t], z[t])",
     r"\frac{1}{2} \left\lVert \mathbf{o}_t - \mathbf{z}_t \right\rVert^2"),
    (Loss("binary_cross_entropy", OUT, Z), "binary_cross_entropy(o[t], z[t])",
     r"-\mathbf{z}_t^{\top} \log\sigma(\mathbf{o}_t) - "
     r"(1 - \mathbf{z}_t)^{\top} \log\sigma(-\mathbf{o}_t)"),
    (Pullback(h(-1), h(), dh(-1)), "direct(h[t+1], h[t]).T @ dL/dh[t+1]",
     r"\left(\frac{\partial \mathbf{h}_{t+1}}{\partial \mathbf{h}_t}\right)^{\!\top} "
     r"\frac{\partial L}{\partial \mathbf{h}_{t+1}}"),
    (Pullback(LOSS, OUT, DLOSS), "direct(loss[t], o[t]) * dL/dloss[t]",
     r"\frac{\partial L}{\partial \ell_t} \, \frac{\partial \ell_t}{\partial \mathbf{o}_t}"),
    (Pullback(h(), W, dh()), "direct(h[t], W_hh).T @ dL/dh[t]",
     r"\sum_i \frac{\partial L}{\partial (\mathbf{h}_t)_i} \, "
     r"\frac{\partial (\mathbf{h}_t)_i}{\partial \mathbf{W}_{\mathrm{hh}}}"),
    (Pullback(W, U, Cotangent("W_hh", None, ("h", "h"))), "direct(W_hh, W_hx).T @ vec(dL/dW_hh)",
     r"\sum_{ij} \frac{\partial L}{\partial (\mathbf{W}_{\mathrm{hh}})_{ij}} \, "
     r"\frac{\partial (\mathbf{W}_{\mathrm{hh}})_{ij}}{\partial \mathbf{W}_{\mathrm{hx}}}"),
    (TimeSum(Outer(dh(), h(1))), "sum(t, 1, T, outer(dL/dh[t], h[t-1]))",
     r"\sum_{t=1}^T \frac{\partial L}{\partial \mathbf{h}_t} \mathbf{h}_{t-1}^{\top}"),
    (TimeSum(Add((h(), G)), Index(offset=2), Index.of("T") - 1),
     "sum(t, 2, T-1, h[t] + g_hat[t])",
     r"\sum_{t=2}^{T-1} (\mathbf{h}_t + \hat{\mathbf{g}}_t)"),
    (PartSum(Cotangent("h", NOW, ("h",), PART), NOW, NOW + 7), "sum(s, t, t+7, dL[s]/dh[t])",
     r"\sum_{s=t}^{t+7} \frac{\partial L_s}{\partial \mathbf{h}_t}"),
    (Pick(Cotangent("o", NOW, ("q",), NOW + 1), Y), "(dL[t+1]/do[t])[y[t]]",
     r"\frac{\partial L_{t+1}}{\partial (\mathbf{o}_t)_{y_t}}"),
    (Mul((HALF, TimeSum(h()))), "1 / 2 * sum(t, 1, T, h[t])",
     r"\frac{1}{2} \sum_{t=1}^T \mathbf{h}_t"),
    (Add((TimeSum(h()), Neg(TimeSum(G)))), "sum(t, 1, T, h[t]) - sum(t, 1, T, g_hat[t])",
     r"\sum_{t=1}^T \mathbf{h}_t - \sum_{t=1}^T \hat{\mathbf{g}}_t"),
)  # fmt: skip

J = NOW.of("j")
STATE = Stack("z", NOW, (h(), S))
FACTOR = Derivative(Ref("h", J, ("h",)), Ref("h", J - 1, ("h",)), "step")

JACOBIANS: tuple[Row, ...] = (
    (Derivative(h(), G), "direct(h[t], g_hat[t])",
     r"\frac{\partial \mathbf{h}_t}{\partial \hat{\mathbf{g}}_t}"),
    (Derivative(h(), h(1), "step"), "partial(h[t], h[t-1])",
     r"\frac{\partial^{+} \mathbf{h}_t}{\partial \mathbf{h}_{t-1}}"),
    (Derivative(h(), W, "nothing"), "d(h[t], W_hh)",
     r"\frac{\mathrm{d} \mathbf{h}_t}{\mathrm{d} \mathbf{W}_{\mathrm{hh}}}"),
    (Derivative(STATE, B, "step"), "partial(z[t], b_h)",
     r"\frac{\partial^{+} \mathbf{z}_t}{\partial \mathbf{b}_{\mathrm{h}}}"),
    (Direct(h()), "direct(L, h[t])", r"\frac{\partial^{+} L}{\partial \mathbf{h}_t}"),
    (STATE, "z[t]", r"\mathbf{z}_t"),
    (Product(Diag(SQUARE), W), "diag(h[t]**2) @ W_hh",
     r"\operatorname{diag}(\mathbf{h}_t^{\odot 2}) \mathbf{W}_{\mathrm{hh}}"),
    (Product(Column(h()), Transpose(Column(G))), "h[t] @ g_hat[t].T",
     r"\mathbf{h}_t \hat{\mathbf{g}}_t^{\top}"),
    (Column(Ones("h")), "ones(h)", r"\mathbf{1}"),
    (Product(BlockRow(("d", "h"), 1), G), "hstack(zeros(h, d), I) @ g_hat[t]",
     r"[0\;\mathbf{I}] \hat{\mathbf{g}}_t"),
    (Kronecker(Identity("h"), Transpose(Column(h(1)))), "kron(I, h[t-1].T)",
     r"(\mathbf{I} \otimes \mathbf{h}_{t-1}^{\top})"),
    (Kronecker(Transpose(Column(h(1))), Identity("d")), "kron(h[t-1].T, I)",
     r"(\mathbf{h}_{t-1}^{\top} \otimes \mathbf{I})"),
    (BlockMatrix(((W, None), (None, Identity("h"))), ("h", "h"), ("h", "h")),
     "vstack(hstack(W_hh, zeros(h, h)), hstack(zeros(h, h), I))",
     r"\begin{pmatrix} \mathbf{W}_{\mathrm{hh}} & \mathbf{0} \\[2.5ex] \mathbf{0} & \mathbf{I} "
     r"\end{pmatrix}"),
    (OrderedProduct(FACTOR, NOW, Index.of("i") + 1),
     "prod(j, t, i+1, -1, partial(h[j], h[j-1]))",
     r"\prod_{j = t, \dots, i+1} \frac{\partial^{+} \mathbf{h}_j}{\partial \mathbf{h}_{j-1}}"),
    (Kronecker(W, Transpose(Column(h()))), "kron(W_hh, h[t].T)",
     r"(\mathbf{W}_{\mathrm{hh}} \otimes \mathbf{h}_t^{\top})"),
    (Vec(W), "vec(W_hh)", r"\operatorname{vec}(\mathbf{W}_{\mathrm{hh}})"),
    (Count(NOW - 1), "t-1", "t-1"),
    (MatrixPower(W, NOW - Index.of("i")), "W_hh**(t-i)", r"\mathbf{W}_{\mathrm{hh}}^{t-i}"),
    (MatrixPower(Transpose(W), NOW), "W_hh.T**t", r"(\mathbf{W}_{\mathrm{hh}}^{\top})^{t}"),
    (OrderedProduct(W, Index(offset=1), NOW, 1), "prod(j, 1, t, W_hh)",
     r"\prod_{j = 1, \dots, t} \mathbf{W}_{\mathrm{hh}}"),
    (Pullback(h(), W, Direct(h()), "nothing"), "d(h[t], W_hh).T @ direct(L, h[t])",
     r"\sum_i \frac{\partial^{+} L}{\partial (\mathbf{h}_t)_i} \, "
     r"\frac{\mathrm{d} (\mathbf{h}_t)_i}{\mathrm{d} \mathbf{W}_{\mathrm{hh}}}"),
    (TimeSum(h(), Index(offset=1), NOW, "i"), "sum(i, 1, t, h[t])", r"\sum_{i=1}^t \mathbf{h}_t"),
)  # fmt: skip

ROWS: tuple[Row, ...] = (*LEAVES, *ARITHMETIC, *ARRAYS, *CHAIN_RULE, *JACOBIANS)
