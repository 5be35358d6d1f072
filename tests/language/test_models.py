"""Good models: roles, shapes, dimensions and their order, and exact trees."""

from __future__ import annotations

from fractions import Fraction

import pytest

from symbptt.algebra import (
    LAST,
    NOW,
    Abstract,
    Add,
    Call,
    Concat,
    Constant,
    DimSum,
    Div,
    Expr,
    Identity,
    Index,
    Initial,
    Length,
    Lookup,
    Loss,
    Mul,
    Neg,
    Number,
    Param,
    Pow,
    Product,
    Ref,
    Shape,
    Transpose,
)
from symbptt.functions.elementwise import FUNCTIONS
from symbptt.functions.losses import LOSSES
from symbptt.functions.vectors import vector
from symbptt.language.library import differentiable, load, names, runnable
from symbptt.language.names import PUBLIC
from symbptt.language.parser import parse

D, H = "d", "h"
X = Ref("x", NOW, (D,))
H_NOW, H_BEFORE = Ref("h", NOW, (H,)), Ref("h", NOW - 1, (H,))
W, U = Param("W", (H, H)), Param("U", (H, D))
HEAD = "x: (d,)\nh: (h,)\nseen[t] = x[t]\n"


def number(text: str) -> Number:
    return Number(Fraction(text), text)


def rhs(expression: str, head: str = HEAD) -> Expr:
    """The right-hand side of h as the algebra has it."""
    return parse(f"{head}h[t] = {expression}\n").equation("h").rhs


# --- trees ------------------------------------------------------------------------------

A, B = Param("A", (H, H)), Param("B", (H, H))
S = Param("s", ())
TREES: dict[str, Expr] = {
    "W @ h[t-1] + U @ x[t]": Add((Product(W, H_BEFORE), Product(U, X))),
    "h[t-1] - W @ h[t-1] + U @ x[t]": Add((H_BEFORE, Neg(Product(W, H_BEFORE)), Product(U, X))),
    "h[t-1] - (h[t-1] - U @ x[t])": Add((H_BEFORE, Neg(Add((H_BEFORE, Neg(Product(U, X))))))),
    "(h[t-1] + U @ x[t]) + h[t-1]": Add((Add((H_BEFORE, Product(U, X))), H_BEFORE)),
    "h[t-1] + (h[t-1] + h[t-2])": Add((H_BEFORE, Add((H_BEFORE, Ref("h", NOW - 2, (H,)))))),
    "2 * h[t-1] * h[t-1]": Mul((number("2"), H_BEFORE, H_BEFORE)),
    "2 * (h[t-1] * h[t-1])": Mul((number("2"), Mul((H_BEFORE, H_BEFORE)))),
    "(2 * h[t-1]) * h[t-1]": Mul((Mul((number("2"), H_BEFORE)), H_BEFORE)),
    "2 * h[t-1] / 3 * h[t-1]": Mul((Div(Mul((number("2"), H_BEFORE)), number("3")), H_BEFORE)),
    "h[t-1] / 2 / 3": Div(Div(H_BEFORE, number("2")), number("3")),
    "-h[t-1] ** 2": Neg(Pow(H_BEFORE, number("2"))),
    "h[t-1] ** -0.5": Pow(H_BEFORE, Neg(number("0.5"))),
    "h[t-1] ** (1/2)": Pow(H_BEFORE, Number(Fraction(1, 2))),
    "+h[t-1]": H_BEFORE,
    "h[t-1] @ W": Product(Transpose(W), H_BEFORE),
    "h[t-1] @ W.T": Product(W, H_BEFORE),
    "W.T @ h[t-1]": Product(Transpose(W), H_BEFORE),
    "W.T.T @ h[t-1]": Product(W, H_BEFORE),
    "A @ B @ h[t-1] + 0 * A @ h[t-1] + 0 * B @ h[t-1]": Add(
        (
            Product(A, Product(B, H_BEFORE)),
            Product(Mul((number("0"), A)), H_BEFORE),
            Product(Mul((number("0"), B)), H_BEFORE),
        )
    ),
    "h[t-1] @ W @ W": Product(Transpose(W), Product(Transpose(W), H_BEFORE)),
    "(W @ W) @ h[t-1]": Product(Product(W, W), H_BEFORE),
    "W @ (W @ h[t-1])": Product(W, Product(W, H_BEFORE)),
    "-W @ h[t-1]": Neg(Product(W, H_BEFORE)),
    "0.5 * W @ h[t-1]": Product(Mul((number("0.5"), W)), H_BEFORE),
    "W @ h[t-1] * 0.5": Mul((Product(W, H_BEFORE), number("0.5"))),
    "W @ h[t-1] / 2": Div(Product(W, H_BEFORE), number("2")),
    "0.5 * (W @ h[t-1])": Mul((number("0.5"), Product(W, H_BEFORE))),
    "(W - W.T - 0.1 * I) @ h[t-1]": Product(
        Add((W, Neg(Transpose(W)), Neg(Mul((number("0.1"), Identity(H)))))), H_BEFORE
    ),
    "max(0, min(1, h[t-1] / 6 + 0.5))": Call(
        "max",
        (
            number("0"),
            Call(
                "min",
                (number("1"), Add((Div(H_BEFORE, number("6")), number("0.5")))),
            ),
        ),
    ),
    "sum(h[t-1]) * h[t-1] / len(h)": Div(Mul((vector("sum", H_BEFORE), H_BEFORE)), Length(H)),
    "len(h[t-1]) * h[t-1] + len(x)": Add((Mul((Length(H), H_BEFORE)), Length(D))),
    "dot(h[t-1], h[t-1]) - h[t-1]": Add((vector("dot", H_BEFORE, H_BEFORE), Neg(H_BEFORE))),
    "h[t-1] * dot(w, w)": Mul(
        (H_BEFORE, vector("dot", Param("w", ("n_w",)), Param("w", ("n_w",))))
    ),
    "W @ h[t-1] + dot(W, W)": Add((Product(W, H_BEFORE), vector("dot", W, W))),
    "(  # in several lines\n    W @ h[t-1]\n\n    + U @ x[t]\n)": Add(
        (Product(W, H_BEFORE), Product(U, X))
    ),
}


@pytest.mark.parametrize(("expression", "tree"), TREES.items(), ids=TREES.keys())
def test_tree(expression: str, tree: Expr) -> None:
    assert rhs(expression) == tree


def test_scalars_and_constants() -> None:
    head = HEAD + "s: scalar\nq[t] = s * x[t]\ndt = 0.05\nk = 2\n"
    dt, k = Constant("dt", Fraction(1, 20)), Constant("k", Fraction(2))
    late = Ref("h", NOW - 2, (H,))
    assert rhs("s * W @ h[t-1]", head) == Product(Mul((S, W)), H_BEFORE)
    assert rhs("h[t-k] + dt * h[t-1]", head) == Add((late, Mul((dt, H_BEFORE))))
    assert rhs("h[t-k+1] ** k", head) == Pow(H_BEFORE, k)
    assert rhs("h[t-1] ** -dt", head) == Pow(H_BEFORE, Neg(dt))
    assert rhs("h[t-1] ** (2 * k)", head) == Pow(H_BEFORE, Number(Fraction(4)))
    assert rhs("h[t - 2 * (k - 1)]", head) == late
    assert parse(head + "h[t] = s * h[t-1]").constants == (
        ("dt", Fraction(1, 20)),
        ("k", Fraction(2)),
    )


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("0.05", Fraction(1, 20)),
        ("1e-3", Fraction(1, 1000)),
        (".5", Fraction(1, 2)),
        ("3.", Fraction(3)),
        ("0.1", Fraction(1, 10)),
        ("1/3", Fraction(1, 3)),
        ("-(2 + 3) * 4 / 7", Fraction(-20, 7)),
        ("2 ** -3", Fraction(1, 8)),
        ("(-1) ** 999", Fraction(-1)),
        ("b - 1", Fraction(1)),
    ],
)
def test_constants_are_exact(text: str, value: Fraction) -> None:
    model = parse(f"a = {text}\nb = 2\nh[t] = a * h[t-1] + b")
    assert dict(model.constants)["a"] == value


def test_spelling_of_numbers_is_kept() -> None:
    tree = rhs("0.50 * h[t-1]")
    assert isinstance(tree, Mul)
    assert tree.factors[0] == Number(Fraction(1, 2))
    assert isinstance(tree.factors[0], Number) and tree.factors[0].text == "0.50"


@pytest.mark.parametrize("name", PUBLIC)
def test_every_elementwise_function(name: str) -> None:
    count = len(FUNCTIONS[name].derivatives)
    args = ", ".join(["h[t-1]"] * count)
    assert rhs(f"{name}({args})") == Call(name, (H_BEFORE,) * count)


@pytest.mark.parametrize("name", LOSSES)
def test_every_loss(name: str) -> None:
    model = parse(f"{HEAD}h[t] = W @ h[t-1]\nloss[t] = 2 * {name}(h[t], y[t]) + 1\n")
    index = LOSSES[name].index_target
    y = Ref("y", NOW, () if index else (H,))
    assert model.loss is not None
    assert model.loss.rhs == Add((Mul((number("2"), Loss(name, H_NOW, y))), number("1")))
    target = model.input("y")
    assert target.target and target.loss_only and target.timed
    assert target.index_dim == (H if index else None)


# --- shapes and dimensions --------------------------------------------------------------


def shapes(text: str) -> dict[str, Shape]:
    """The shapes of all names of a model."""
    model = parse(text)
    found = {one.name: one.shape for one in model.parameters}
    found.update((one.name, one.shape) for one in model.inputs)
    found.update((one.name, one.shape) for one in model.equations)
    found.update((one.name, one.shape) for one in model.derived)
    return found


JOINED = DimSum((D, H))
SHAPES: dict[str, dict[str, Shape]] = {
    "h[t] = W @ h[t-1] + U @ x[t] + b": {
        "W": ("n_h", "n_h"),
        "U": ("n_h", "n_x"),
        "b": ("n_h",),
        "x": ("n_x",),
    },
    "h[t] = tanh(h[t-1] + 1)": {"h": ("n_h",)},
    "h[t] = a * h[t-1]": {"a": ("n_h",)},
    "a: scalar\nh[t] = a * h[t-1]": {"a": (), "h": ()},
    "s[t] = 0.5": {"s": ()},
    "s[t] = 0.5 * s[t-1] + dot(x[t], x[t])": {"s": (), "x": ("n_x",)},
    "s[t] = mean(x[t])\nr[t] = s[t] + r[t-1]\nh[t] = r[t] * w": {"r": (), "w": ()},
    "s[t] = sum(x[t])\nloss[t] = squared_error(s[t], y[t])": {"y": (), "loss": ()},
    "s[t] = sum(x[t]) + s[t-1]\ns[0] = s_0": {"s_0": ()},
    "h[t] = W @ h[t-1]\nh[0] = h_0": {"h_0": ("n_h",)},
    "h[t] = W @ h[t-1]\nh[0] = V @ z": {"V": ("n_h", "n_z"), "z": ("n_z",)},
    "e[t] = squared_error(x[t], y[t])\nloss[t] = e[t]": {"e": (), "y": ("n_x",)},
    "y: (q,)\nh[t] = W @ h[t-1]\nloss[t] = squared_error(h[t], y[t])": {"W": ("q", "q")},
    "x: (3,)\nh: (2,)\nh[t] = W @ concat(x[t], h[t-1])": {"W": (2, 5)},
    "x: (3,)\nW: (4, 7)\nh[t] = W @ concat(x[t], h[t-1])": {"h": (4,)},
    "x: (3,)\nW: (n, 7)\ng[t] = W @ concat(x[t], h[t])": {"h": (4,), "g": ("n",)},
    "x: (d,)\nh: (h,)\nh[t] = W @ concat(x[t], h[t-1])": {"W": (H, JOINED)},
    "x: (d,)\nh: (h,)\nW: (h, m)\nb: (m,)\nh[t] = W @ (b + concat(x[t], h[t-1]))": {
        "W": (H, JOINED),
        "b": (JOINED,),
    },
    "x: (d,)\nh: (h,)\nu[t] = concat(h[t-1], x[t])\nh[t] = W @ u[t] + W @ concat(x[t], h[t-1])": {
        "u": (JOINED,),
        "W": (H, JOINED),
    },
    "x: (d,)\nu[t] = concat(x[t], x[t])\nh[t] = W @ concat(u[t], w)\nw: (2,)": {
        "u": (DimSum((D, D)),),
        "W": ("n_h", DimSum((D, D, 2))),
    },
    "C: (m, n)\nh[t] = C[t] @ x[t] + h[t-1]": {"C": ("m", "n"), "x": ("n",), "h": ("m",)},
    "C: (n, n)\nh[t] = C[t].T @ h[t-1] + h[t-1] @ C[t] + W @ C[t] @ h[t-1]": {"W": ("n", "n")},
    "A = W - W.T - g * I\ng: scalar\nh[t] = A @ h[t-1]": {"A": ("n_h", "n_h"), "g": ()},
    "A = sigmoid(M) * W\nh[t] = A @ x[t]": {"M": ("n_h", "n_x"), "W": ("n_h", "n_x")},
    "A = U @ V.T\nh[t] = A @ h[t-1] + x[t]": {
        "A": ("n_x", "n_x"),
        "U": ("n_x", "n_U"),
        "V": ("n_x", "n_U"),
    },
    "s = sigmoid(z)\nz: scalar\nh[t] = s * h[t-1] + x[t]": {"s": (), "h": (), "x": ()},
    "s: scalar\ns[t] = c * s[t-1] + a * x[t]": {"c": (), "a": (), "x": ()},
    "h[t] = W @ x[t]\ns[t] = tanh(a) * dot(v, h[t]) + b": {"a": (), "b": (), "v": ("n_h",)},
    "s: scalar\nh[t] = c * s[t] + W @ x[t]": {"c": ("n_h",)},
    "s: scalar\nh: (3,)\nh[t] = c * s[t] * h[t-1]": {"c": (3,)},
    "s: scalar\nh[t] = c * s[t]\no[t] = W @ h[t]": {"c": ("n_h",)},
    "s: scalar\nh[t] = c * s[t]\no[t] = softmax(h[t] * c)": {"c": ("n_h",)},
    "s[t] = dot(x[t], x[t])\nr[t] = a * s[t]\nq[t] = b * r[t] + q[t-1]": {"b": (), "q": ()},
    "h[t] = W @ h[t-1]\nloss[t] = squared_error(h[t], y[t]) + lam * dot(h[t], h[t])": {"lam": ()},
    "g[t] = gamma * g[t-1]": {"gamma": ("n_g",), "g": ("n_g",)},
    "c = a * 2 + b\nh[t] = W @ h[t-1] + c": {"a": ("n_h",), "b": ("n_h",), "c": ("n_h",)},
    "x[t] = E[tok[t]]\no[t] = E @ x[t]": {"E": ("n_tok", "n_x"), "tok": ()},
    "M: (n, n)\nh[t] = M * W @ h[t-1]": {"W": ("n", "n")},
    "h[t] = P @ Q @ h[t-1]": {"P": ("n_h", "n_P"), "Q": ("n_P", "n_h")},
    "h[t] = W @ x[t]\nn_x: scalar\no[t] = n_x * h[t]": {"x": ("n_x",)},
    "W: (n_x, n_y)\nh[t] = W @ x[t] + U @ y[t]": {"x": ("n_y",), "y": ("n_y_2",)},
}


@pytest.mark.parametrize(("text", "expected"), SHAPES.items(), ids=range(len(SHAPES)))
def test_shapes(text: str, expected: dict[str, Shape]) -> None:
    found = shapes(text)
    assert {name: found[name] for name in expected} == expected


DIMS: dict[str, tuple[str, ...]] = {
    # Inputs first, then states, then the rest, in file order.
    "h[t] = W @ h[t-1] + U @ x[t]\no[t] = V @ h[t]\nloss[t] = squared_error(o[t], y[t])": (
        "n_x",
        "n_y",
        "n_h",
    ),
    "o[t] = V @ h[t]\nh[t] = W @ h[t-1] + U @ x[t]": ("n_x", "n_h", "n_o"),
    "tok: index\nh[t] = E[tok[t]] + W @ h[t-1]": ("n_tok", "n_h"),
    "h[t] = W @ h[t-1]\nloss[t] = softmax_cross_entropy(V @ h[t], y[t])": ("n_y", "n_h"),
    "x: (d,)\nh: (h,)\nW: (h, m)\nh[t] = W @ concat(x[t], h[t-1])": ("d", "h"),
    "h: (3,)\nh[t] = W @ h[t-1]": (),
    "c: (c,)\na: (a,)\na[t] = P @ c[t] + a[t-1]\nc[t] = Q @ a[t-1] + c[t-1]": ("a", "c"),
}


@pytest.mark.parametrize(("text", "dims"), DIMS.items(), ids=range(len(DIMS)))
def test_order_of_dimensions(text: str, dims: tuple[str, ...]) -> None:
    assert parse(text).dims == dims


# --- roles ------------------------------------------------------------------------------


def test_roles() -> None:
    model = parse(
        """
x: (d,)            # what comes in
tok: index         # a symbol
W: (h, h)          # recurrent weights
k = 2
A = W - W.T        # antisymmetric
a[t] = A @ h[t-1] + U @ x[t-k] + E[tok[t-1]]   # pre-activation
h[t] = tanh(
    a[t]           # inside
    + b
)                  # hidden state
h[0] = 0
h[-2] = 1
g[t] = h[t-3] + U @ x[t]
x[-1] = x_0
loss[t] = dot(g[t], v[t])
""",
        "cell",
        "cell.rnn",
    )
    assert (model.name, model.path) == ("cell", "cell.rnn")
    assert [p.name for p in model.parameters] == ["W", "U", "E", "b", "x_0"]
    assert [p.comment for p in model.parameters] == ["recurrent weights", "", "", "", ""]
    assert [p.line for p in model.parameters] == [4, 7, 7, 10, 15]
    assert [(i.name, i.comment) for i in model.inputs] == [
        ("x", "what comes in"),
        ("tok", "a symbol"),
        ("v", ""),
    ]
    assert [i.loss_only for i in model.inputs] == [False, False, True]
    assert [i.target for i in model.inputs] == [False, False, False]
    assert [(e.name, e.comment, e.line) for e in model.equations] == [
        ("a", "pre-activation", 7),
        ("h", "hidden state", 8),
        ("g", "", 14),
        ("loss", "", 16),
    ]
    assert [(one.name, one.comment) for one in model.derived] == [("A", "antisymmetric")]
    assert model.states == ("h",)
    x_0 = Param("x_0", (D,))
    assert model.initials == (
        Initial("h", 0, (H,), number("0"), 12),
        Initial("h", -1, (H,)),
        Initial("h", -2, (H,), number("1"), 13),
        Initial("x", 0, (D,)),
        Initial("x", -1, (D,), x_0, 15),
        Initial("tok", 0, ()),
    ), model.initials


def test_order_of_inputs_is_that_of_first_mention() -> None:
    model = parse("b: (n,)\nh[t] = U @ a[t] + W @ b[t]")
    assert [one.name for one in model.inputs] == ["b", "a"]


def test_abstract_functions() -> None:
    model = parse(
        "phi: function = tanh\npsi: function\nl: loss = squared_error\n"
        "h[t] = phi(W @ psi(x[t], h[t-1]))\nloss[t] = l(h[t], y[t])\n"
    )
    assert model.abstract == (
        Abstract("phi", 1, "tanh"),
        Abstract("psi", 2, None),
        Abstract("l", 2, "squared_error", loss=True),
    )
    n = model.equation("h").shape
    assert model.equation("h").rhs == Call(
        "phi",
        (
            Product(
                Param("W", (*n, *n)),
                Call("psi", (Ref("x", NOW, n), Ref("h", NOW - 1, n))),
            ),
        ),
    )
    assert model.loss is not None
    assert model.loss.rhs == Loss("l", Ref("h", NOW, n), Ref("y", NOW, n))


def test_bindings_change_defaults_and_the_kind_of_the_target() -> None:
    text = "phi: function\nl: loss = squared_error\nh[t] = phi(x[t])\nloss[t] = l(h[t], y[t])\n"
    bound = parse(text, bindings={"phi": "relu", "l": "softmax_cross_entropy"})
    assert [one.default for one in bound.abstract] == ["relu", "softmax_cross_entropy"]
    assert bound.input("y").shape == () and bound.input("y").index_dim == "n_x"
    assert parse(text).input("y").shape == ("n_x",)
    assert bound.loss is not None and isinstance(bound.loss.rhs, Loss)
    assert bound.loss.rhs.function == "l"


def test_abstract_loss_without_a_default() -> None:
    text = "l: loss\nh[t] = W @ x[t]\nloss[t] = l(h[t], y[t])\n"
    assert parse(text).input("y").shape == parse(text).equation("h").shape
    assert parse("y: index\n" + text).input("y").shape == ()


# --- the last step ----------------------------------------------------------------------


def test_loss_at_the_last_step() -> None:
    model = parse(
        HEAD + "h[t] = W @ h[t-1] + U @ x[t]\nloss[T] = squared_error(h[T], y[T]) "
        "+ dot(h[T-2], v[T-1])"
    )
    assert model.loss is not None and model.loss.last and model.loss.index == LAST
    assert model.loss.rhs == Add(
        (
            Loss("squared_error", Ref("h", LAST, (H,)), Ref("y", LAST, (H,))),
            vector("dot", Ref("h", LAST - 2, (H,)), Ref("v", LAST - 1, (H,))),
        )
    )
    assert [(one.name, one.timed) for one in model.inputs] == [
        ("x", True),
        ("y", False),
        ("v", False),
    ]
    assert [one.key for one in model.initials] == ["h[0]", "h[-1]"]


def test_input_that_the_last_loss_reads_at_two_steps_keeps_its_axis() -> None:
    model = parse("h[t] = W @ h[t-1]\nloss[T] = dot(h[T], y[T]) + dot(h[T], y[T-1])")
    assert model.input("y").timed
    assert [one.key for one in model.initials] == ["h[0]", "y[0]"]


# --- texts ------------------------------------------------------------------------------


def test_lookup() -> None:
    model = parse("h[t] = E[tok[t-1]] @ W + h[t-1]")
    tok = Ref("tok", Index.of("t", -1), ())
    lookup = Lookup(Param("E", ("n_tok", "n_E")), tok)
    n = model.equation("h").shape
    assert model.equation("h").rhs == Add(
        (Product(Transpose(Param("W", ("n_E", *n))), lookup), Ref("h", NOW - 1, n))
    )


def test_concat() -> None:
    assert rhs("W @ concat(x[t], h[t-1])") == Product(
        Param("W", (H, DimSum((D, H)))), Concat((X, H_BEFORE))
    )


def test_sums_of_lengths_do_not_depend_on_order() -> None:
    assert DimSum((D, H, 2)) == DimSum((2, H, D)) == DimSum((1, H, 1, D))
    assert hash(DimSum((D, H, 2))) == hash(DimSum((1, H, 1, D)))
    assert DimSum((D, H)) != DimSum((D, D)) and DimSum((D,)) != D


@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r"])
def test_line_ends_tabs_and_byte_order_mark(newline: str) -> None:
    plain = "x: (d,)\nh[t] = W @ h[t-1] + U @ x[t] # state\n"
    odd = "\ufeff" + plain.replace("\n", newline).replace(" =", "\t=\t")
    found, expected = parse(odd), parse(plain)
    assert found.equations == expected.equations
    assert "\r" not in found.text and "\ufeff" not in found.text


def test_names_of_any_script() -> None:
    model = parse("ħ[t] = мир * ħ[t-1] + 状態\n")
    assert [one.name for one in model.parameters] == ["мир", "状態"]
    assert [one.name for one in model.equations] == ["ħ"]


def test_names_that_mean_something_elsewhere() -> None:
    """Only the page's own names are reserved."""
    model = parse("np: (self,)\nself[t] = print * np[t] + scalar * __class__ + match * _ * n_self")
    assert model.dims == ("self",)
    assert [one.name for one in model.parameters][:2] == ["print", "scalar"]


# --- the library ------------------------------------------------------------------------


def test_library() -> None:
    assert set(names()) >= {"linear", "linear_bias", "elman", "notes_elman", "char_rnn"}
    assert set(names()) >= {"lstm", "gru", "gru_v1"}
    assert list(names()) == sorted(names())


def test_built_in_models_by_what_can_be_done_with_them() -> None:
    assert set(names()) - set(differentiable()) == {"matrix_recurrence"}
    assert set(differentiable()) - set(runnable()) == {"recurrence"}


@pytest.mark.parametrize("name", names())
def test_built_in_model(name: str) -> None:
    model = load(name)
    assert model.name == name
    assert model.states
    assert parse(model.text, name).equations == model.equations
