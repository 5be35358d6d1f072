"""The interpreter: every node kind means what NumPy says that it means."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

import numpy as np
import pytest

from symbptt import algebra
from symbptt.algebra import (
    LAST,
    NOW,
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
from symbptt.errors import EvaluationError, MissingRuleError
from symbptt.functions.vectors import vector
from symbptt.proof.domain import Domain, Float
from symbptt.proof.evaluate import METHODS, evaluate

SIZES = {"n": 3, "m": 4}
W = Param("W", ("n", "m"))
U = Param("U", ("m", "n"))
B = Param("b", ("n",))
C = Param("c", ("m",))
S = Param("s", ())
V = Ref("v", NOW, ("n",))
BEFORE = Ref("v", NOW - 1, ("n",))
POSITION = Ref("i", NOW, ())
TWO = Number(Fraction(2))


def cotangent(index: Index | None, name: str = "v") -> Cotangent:
    return Cotangent(name, index, ("n",))


@dataclass
class Numbers:
    """A point with random floats; T = 3, cotangents of v at steps 1 to 3."""

    domain: Domain = field(default_factory=Float)
    sizes: Mapping[str, int] = field(default_factory=lambda: SIZES)
    arrays: dict[Any, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        rng = np.random.default_rng(0)
        shapes = {"W": (3, 4), "U": (4, 3), "b": (3,), "c": (4,), "s": ()}
        shapes |= {("v", t): (3,) for t in range(4)} | {("dv", t): (3,) for t in range(1, 4)}
        for key, shape in shapes.items():
            self.arrays[key] = np.array(rng.uniform(0.2, 0.9, shape))
        for step, place in ((1, 2), (2, 0), (3, 2)):
            self.arrays["i", step] = np.eye(3)[place]

    def parameter(self, param: Param) -> Any:
        return self.arrays[param.name].astype(object)

    def reference(self, ref: Ref, at: Mapping[str, int]) -> Any:
        key = (ref.name, ref.index.at(at))
        if key not in self.arrays:
            raise EvaluationError(f"{key} has no value")
        return self.arrays[key].astype(object)

    def cotangent(self, node: Cotangent, at: Mapping[str, int]) -> Any:
        assert node.index is not None
        step = node.index.at(at)
        return None if step > at["T"] else self.arrays["dv", step].astype(object)

    def pulled_back(self, node: Pullback, cotangent: Any, at: Mapping[str, int]) -> Any:
        return 10 * cotangent

    def differentiated(self, node: Derivative | Direct, at: Mapping[str, int]) -> Any:
        step = node.index.at(at)
        if isinstance(node, Direct):
            return None if step > at["T"] else self.arrays["dv", step].astype(object)
        return np.outer(self.arrays["v", step], self.arrays["b"]).astype(object)


A = Numbers().arrays
AT = {"t": 2, "T": 3}
w, u, b, c, s = (A[name] for name in "WUbcs")
v, before, e = A["v", 2], A["v", 1], A["i", 2]
powers = np.exp(v) / np.exp(v).sum()

CASES: list[tuple[Expr, Any]] = [
    (Number(Fraction(1, 8)), 0.125),
    (Constant("dt", Fraction(1, 4)), 0.25),
    (Length("m"), 4),
    (Length(algebra.DimSum(("n", "m", 2))), 9),
    (Horizon(), 3),
    (W, w),
    (V, v),
    (BEFORE, before),
    (Ref("v", LAST, ("n",)), A["v", 3]),
    (cotangent(NOW), A["dv", 2]),
    (Identity("n"), np.eye(3)),
    (Add((V, Neg(B), S)), v - b + s),
    (Mul((TWO, V, B)), 2 * v * b),
    (Div(V, B), v / b),
    (Div(S, B), s / b),
    (Pow(V, Number(Fraction(1, 2))), np.sqrt(v)),
    (Pow(V, Neg(TWO)), v**-2.0),
    (Call("tanh", (V,)), np.tanh(v)),
    (Call("max", (V, S)), np.maximum(v, s)),
    (Transpose(W), w.T),
    (Product(W, C), w @ c),
    (Product(Transpose(W), V), w.T @ v),
    (Product(W, U), w @ u),
    (Outer(V, C), np.outer(v, c)),
    (vector("dot", V, B), v @ b),
    (vector("dot", W, Transpose(U)), (w * u.T).sum()),
    (vector("sum", W), w.sum()),
    (vector("mean", W), w.mean()),
    (Fill(S, ("n", "m")), np.full((3, 4), s)),
    (Concat((V, C)), np.concatenate([v, c])),
    (Slice(Concat((V, C)), ("n", "m"), 1), c),
    (Lookup(W, POSITION), w[0]),
    (OneHot(POSITION, "n"), e),
    (Pick(V, POSITION), v[0]),
    (Cases(POSITION, V, Neg(S), "n"), np.array([v[0], -s, -s])),
    (vector("softmax", V), powers),
    (vector("log_softmax", V), np.log(powers)),
    (Loss("softmax_cross_entropy", V, POSITION), -np.log(powers[0])),
    (Loss("softmax_cross_entropy", V, POSITION, 0), powers - e),
    (Loss("squared_error", V, B), ((v - b) ** 2).sum() / 2),
    (Loss("squared_error", V, B, 0), v - b),
    (Loss("squared_error", V, B, 1), b - v),
    (
        Loss("binary_cross_entropy", V, B),
        -(b * -np.log1p(np.exp(-v)) + (1 - b) * -np.log1p(np.exp(v))).sum(),
    ),
    (Loss("binary_cross_entropy", V, B, 0), 1 / (1 + np.exp(-v)) - b),
    (Loss("binary_cross_entropy", V, B, 1), -v),
    (Pullback(V, BEFORE, cotangent(NOW)), 10 * A["dv", 2]),
    (TimeSum(Mul((V, cotangent(NOW)))), sum(A["v", t] * A["dv", t] for t in (1, 2, 3))),
    (TimeSum(V, NOW, LAST - 1), v),
    (
        TimeSum(Add((BEFORE, Ref("v", Index.of("i"), ("n",)))), NOW, LAST, "i"),
        2 * before + v + A["v", 3],
    ),
    (Derivative(V, B), np.outer(v, b)),
    (Direct(V), A["dv", 2]),
    (Stack("z", NOW, (V, BEFORE)), np.concatenate([v, before])),
    (Diag(V), np.diag(v)),
    (Column(V), v[:, None]),
    (Ones("m"), np.ones(4)),
    (BlockRow(("n", "m"), 1), np.eye(7)[3:]),
    (Kronecker(Identity("n"), Transpose(Column(C))), np.kron(np.eye(3), c)),
    (Kronecker(Transpose(Column(C)), Identity("n")), np.kron(c, np.eye(3))),
    (Kronecker(W, Transpose(Column(C))), np.kron(w, c)),
    (Vec(W), w.ravel()),
    (Count(NOW + 3), 5.0),
    (MatrixPower(Diag(V), LAST - 5), np.diag(v**-2)),
    (
        BlockMatrix(((W, None), (None, Identity("n"))), ("n", "n"), ("m", "n")),
        np.block([[w, np.zeros((3, 3))], [np.zeros((3, 4)), np.eye(3)]]),
    ),
    (
        OrderedProduct(Derivative(Ref("v", Index.of("j"), ("n",)), B), LAST, NOW),
        np.outer(A["v", 3], b) @ np.outer(v, b),
    ),
    (
        OrderedProduct(Derivative(Ref("v", Index.of("j"), ("n",)), B), NOW, LAST, 1),
        np.outer(v, b) @ np.outer(A["v", 3], b),
    ),
    (OrderedProduct(Derivative(V, B), NOW, LAST), np.eye(3)),
    (MatrixPower(Derivative(V, B), Index(offset=2)), np.outer(v, b) @ np.outer(v, b)),
    (MatrixPower(Derivative(V, B), LAST - LAST), np.eye(3)),
    (TimeSum(V, LAST, LAST - 1), np.zeros(3)),
    # The numbers have cotangents up to step 3: here the loss's step takes the place of t.
    (PartSum(cotangent(PART), NOW, NOW + 1), A["dv", 2] + A["dv", 3]),
    (PartSum(cotangent(PART), NOW + 1, NOW + 5), A["dv", 3]),
    (PartSum(cotangent(PART), NOW, NOW - 1), np.zeros(3)),
]


@pytest.mark.parametrize(("expr", "expected"), CASES, ids=lambda x: type(x).__name__)
def test_a_node_means_what_numpy_says(expr: Expr, expected: Any) -> None:
    found = evaluate(expr, Numbers(), AT)
    assert found.shape == np.shape(expected)
    np.testing.assert_allclose(found.astype(float), np.asarray(expected, float), rtol=1e-13)


def test_every_node_kind_has_a_method_and_a_case() -> None:
    kinds = {
        kind for kind in vars(algebra).values() if isinstance(kind, type) and issubclass(kind, Expr)
    }
    kinds.remove(Expr)
    assert kinds == set(METHODS)
    nodes = {type(node) for expr, _ in CASES for node in algebra.walk(expr)}
    assert kinds == nodes


def test_a_kind_without_a_method_is_an_error() -> None:
    class Unknown(Expr):
        pass

    with pytest.raises(MissingRuleError, match="Unknown"):
        evaluate(Neg(Unknown()), Numbers(), AT)


LATER = cotangent(NOW + 1)
READS_PAST_THE_END = Mul((Ref("v", NOW + 1, ("n",)), LATER))


@pytest.mark.parametrize(
    ("expr", "expected"),
    [
        (LATER, np.zeros(3)),
        (Add((V, READS_PAST_THE_END)), A["v", 3]),
        (Add((S, READS_PAST_THE_END)), np.full(3, s)),
        (Product(U, Neg(LATER)), np.zeros(4)),
        (vector("sum", LATER), 0.0),
        (vector("dot", Ref("v", NOW + 1, ("n",)), LATER), 0.0),
        (Pullback(Ref("v", NOW + 1, ("n",)), V, LATER), np.zeros(3)),
        (Fill(vector("sum", LATER), ("m",)), np.zeros(4)),
        (Product(U, Direct(Ref("v", NOW + 1, ("n",)))), np.zeros(4)),
    ],
)
def test_a_term_whose_cotangent_lies_past_t_is_absent(expr: Expr, expected: Any) -> None:
    found = evaluate(expr, Numbers(), {"t": 3, "T": 3})
    assert found.shape == np.shape(expected)
    np.testing.assert_array_equal(found.astype(float), np.asarray(expected, float))


@pytest.mark.parametrize(
    ("expr", "words"),
    [
        (Ref("v", NOW + 2, ("n",)), "no value"),
        (Add((V, C)), "do not fit"),
        (Product(W, V), "product of shapes"),
        (Product(Transpose(W), C), "product of shapes"),
        (vector("dot", V, C), "dot of arguments of shapes"),
        (Slice(V, ("n", "m"), 0), "blocks"),
        (TimeSum(LATER), "past T"),
        (Param("W", ("m", "n")), "has shape"),
    ],
)
def test_what_has_no_value_is_an_evaluation_error(expr: Expr, words: str) -> None:
    with pytest.raises(EvaluationError, match=words):
        evaluate(expr, Numbers(), AT)
