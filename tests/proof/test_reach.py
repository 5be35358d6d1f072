"""Errors that show only past a threshold, for one dtype, layout, start or call: each is found."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from copy import deepcopy
from functools import cache
from itertools import product

import pytest

from symbptt.binding import bind
from symbptt.calculus.gradients import derive
from symbptt.codegen.render import generate
from symbptt.language.parser import parse
from symbptt.proof.calls import ModuleCall
from symbptt.proof.cases import Case, cases
from symbptt.proof.loaded import load_module
from symbptt.proof.reach import Numbers, Plain, reach_rows
from symbptt.proof.rows import Row
from tests.cells import BINDINGS
from tests.cells import NAMES as CELLS
from tests.modules import BUILT_IN, EXHAUSTIVE, model_of

WRAPPED = """

_right, _calls = loss_and_grads, 0


def loss_and_grads(params, inputs, carry=None, lengths=None, **more):
    global _calls
    _calls += 1
    x = next(iter(inputs.values()))
    T, B = x.shape[:2]
    h = min(array.shape[0] for array in params.values())
    name = next(iter(params))
    dtype = str(params[name].dtype)
    workspace = more.get("workspace")
{body}


"""

RESULT = """\
    loss, grads, got = _right(params, inputs, carry, lengths, **more)
    if {condition}:
        {change}
    return loss, grads, got
"""

OFF = "grads[name] = grads[name] * 1.001"

CHUNKED = """\
    if lengths is not None or T <= {steps} or workspace is not None:
        return _right(params, inputs, carry, lengths, **more)
    total, sums, count, start = 0, None, 0, carry
    for begin in range(0, T, {steps}):
        part = {{key: array[begin : begin + {steps}] for key, array in inputs.items()}}
        last = begin + {steps} >= T
        own = dict(more) if last else {{}}
        n = len(next(iter(part.values())))
        loss, grads, start = _right(params, part, start, None, **own)
        if not last:
            grads = {{key: n / T * array for key, array in grads.items()}}
        total += n / T * loss
        sums = grads if sums is None else {{k: sums[k] + grads[k] for k in grads}}
    return total, sums, start
"""


def where(condition: str, change: str = OFF) -> str:
    return RESULT.format(condition=condition, change=change)


PLANTED = {
    "truncation after 10 steps": CHUNKED.format(steps=10),
    "truncation after 30 steps": CHUNKED.format(steps=30),
    "clipping at 5": where("True", "grads = {k: np.clip(g, -5, 5) for k, g in grads.items()}"),
    "clipping at norm 10": where("True", "clip_gradients(grads, 10)"),
    "T > 7": where("T > 7"),
    "T > 40": where("T > 40"),
    "T * B > 2048": where("T * B > 2048"),
    "an exception": where("T * B > 2048", "raise ValueError('no room')"),
    "B > 8": where("B > 8"),
    "h > 8": where("h > 8"),
    "h > 33": where("h > 33"),
    "h = 1": where("h == 1"),
    "float32": where("dtype == 'float32'"),
    "another dtype": where("True", "grads[name] = grads[name].astype(np.float64)"),
    "the second call": where("_calls % 2 == 0"),
    "the third call": where("_calls == 3"),
    "a given carry": where("carry is not None"),
    "a given carry alone": where("carry is not None and more.get('carry_grad') is None"),
    "no carry": where("carry is None"),
    "one sequence": where("B == 1"),
    "one sequence that ends": where("B == 1 and lengths is not None"),
    "no step": where("T == 0", "loss = np.nan"),
    "no valid step": where("lengths is not None and lengths.sum() == 0", "loss = 1.0"),
    "a workspace": where("workspace is not None"),
    "read-only": where("not x.flags.writeable", "x[...] = 0"),
    "Fortran-ordered": where("x.flags.f_contiguous and not x.flags.c_contiguous"),
    "offset": where("not x.flags.aligned"),
    "strided": where("not (x.flags.c_contiguous or x.flags.f_contiguous)"),
    "a changed argument": where("x.flags.writeable", "x[...] = 0"),
    "a changed carry": where("carry", "next(iter(carry.values()))[...] *= 2"),
    "saturated": where("np.abs(params[name]).max() > 5"),
    "small": where("np.abs(params[name]).max() < 1e-2"),
    "a warning": where("np.abs(x).max(initial=0) > 5", "np.exp(np.full(1, 1e4))"),
    "a carry that is lost": where("T > 7", "got = {key: 0 * a for key, a in got.items()}"),
    "a gradient that is lost": where("T > 7", "del grads[name]"),
}
"""What a wrapper does wrong; `h` is the shortest dimension of rows of the parameters."""


class Kept(Plain):
    """What it returned is kept: a test has the same calls made of many modules."""

    def call(self, case: Case) -> tuple[ModuleCall, Numbers, dict[str, float]]:
        if case.words not in KEPT.setdefault(self.model.name, {}):
            KEPT[self.model.name][case.words] = super().call(case)
        call, expected, doubts = KEPT[self.model.name][case.words]
        return deepcopy(call), expected, doubts


KEPT: dict[str, dict[str, tuple[ModuleCall, Numbers, dict[str, float]]]] = {}


@cache
def plain_of(name: str) -> Plain:
    model = bind(model_of(name), BINDINGS.get(name))
    text = generate(derive(model, wrt_inputs=True), level=0)
    return Kept(model, load_module(text, "plain", model))


@cache
def text_of(name: str, level: int) -> str:
    return generate(model_of(name), bind=BINDINGS.get(name), level=level, wrt_inputs=False)


def rows_of(name: str, text: str) -> Iterator[Row]:
    plain = plain_of(name)
    return reach_rows(load_module(text, name, plain.model), plain)


CASES = [
    pytest.param(name, level, planted, id=f"{name}-O{level}-{planted}")
    for number, planted in enumerate(PLANTED)
    for turn, (name, level) in enumerate((("elman", 0), ("char_rnn", 2), ("lstm", 2)))
    if EXHAUSTIVE or turn == number % 3
]


@pytest.mark.parametrize(("name", "level", "planted"), CASES)
def test_an_error_that_shows_somewhere_alone_is_found(name: str, level: int, planted: str) -> None:
    text = text_of(name, level) + WRAPPED.format(body=PLANTED[planted])
    wrong = next((row for row in rows_of(name, text) if row.ok is False), None)
    assert wrong is not None
    assert wrong.detail
    print(f"{planted}: {wrong.subject}: {wrong.detail}")


NORM = "np.sqrt((np.asarray({adjoint}) ** 2).sum())"
IN_LOOP = {
    "clipping at 5": "np.clip({adjoint}, -5, 5, {adjoint})",
    "clipping at norm 10": f"{{adjoint}}[...] *= min(1, 10 / max({NORM}, 1e-300))",
    "truncation after 10 steps": "if _left == 0: break",
    "truncation after 30 steps": "if _left == 0: break",
    "a factor near 1": "{adjoint}[...] *= 1 + 1e-9",
}
"""What is done at the end of each step of the backward pass, with each adjoint that it hands on."""


def planted_in_loop(text: str, planted: str) -> str:
    """The module of any level with a statement at the end of its loop back through time."""
    tree = ast.parse(text)
    (function,) = (
        node
        for node in tree.body
        if isinstance(node, ast.FunctionDef) and node.name in ("_backward", "_run_backward")
    )
    loops = [node for node in ast.walk(function) if isinstance(node, ast.For)]
    loop = loops[-1]
    words = {ast.unparse(node) for node in ast.walk(loop) if isinstance(node, ast.expr)}
    adjoints = sorted(filter(re.compile(r"d_\w+(_prev|_all\[prev\])").fullmatch, words))
    assert adjoints, planted
    steps = "".join(filter(str.isdigit, planted)) or "0"
    body = ["_left -= 1", *(IN_LOOP[planted].format(adjoint=each) for each in adjoints)]
    loop.body += ast.parse("\n".join(body)).body
    function.body.insert(1, ast.parse(f"_left = {steps}").body[0])
    return ast.unparse(tree)


LOOPS = [
    pytest.param(name, level, planted, id=f"{name}-O{level}-{planted}")
    for number, (planted, level) in enumerate(product(IN_LOOP, (0, 1, 2)))
    for turn, name in enumerate(("elman", "char_rnn", "lstm", "gru", "linear"))
    if EXHAUSTIVE or turn == number % 5
]


@pytest.mark.parametrize(("name", "level", "planted"), LOOPS)
def test_an_error_in_the_loop_back_through_time_is_found(
    name: str, level: int, planted: str
) -> None:
    text = planted_in_loop(text_of(name, level), planted)
    wrong = next((row for row in rows_of(name, text) if row.ok is False), None)
    assert wrong is not None
    print(f"{planted}: {wrong.subject}: {wrong.detail}")


IN_TEXT = {
    "segments": (2, "np.add(array, w.parts[name], array)", "pass"),
    "segments raise": (2, "loss, back, grads = _scalar(w, 0), carry_grad, {}", "raise KeyError(0)"),
    "adjoints clipped": (0, "d_h_all[prev] += d_a", "d_h_all[prev] += 0 * d_a"),
    "truncated": (0, "in reversed(rows.steps):", "in reversed(rows.steps[-30:]):"),
    "no shift of exponents": (0, "v - v.max(axis=-1, keepdims=True)", "v"),
    "no care of a sign": (0, "small = np.exp(-np.abs(x))", "small = np.exp(-x)"),
    "stale": (2, "v.d_h_all[: rows.live.start].fill(w.zero)", "pass"),
}
"""Level, and what stands in place of what in an LSTM's module."""


@pytest.mark.parametrize("planted", IN_TEXT)
def test_an_error_in_code_for_some_calls_is_found(planted: str) -> None:
    level, before, after = IN_TEXT[planted]
    text = text_of("lstm", level)
    assert before in text
    found = [row for row in rows_of("lstm", text.replace(before, after)) if row.ok is False]
    assert found
    print(f"{planted}: {found[0].subject}: {found[0].detail}")


@pytest.mark.parametrize(
    "name", (*BUILT_IN, *CELLS) if EXHAUSTIVE else ("linear", "autonomous", *CELLS[::32])
)
def test_what_is_right_is_right_everywhere(name: str) -> None:
    for row in (*plain_of(name).rows(), *rows_of(name, text_of(name, 2))):
        assert row.ok is not False, row


def test_a_module_that_states_no_thresholds_is_called_in_little_memory() -> None:
    """One of the forward mode keeps a cube of a dimension for each sequence."""
    tried = [(len(case.valid), *case.sizes.values()) for case in cases(model_of("elman"))]
    assert max(count * size**3 for count, *sizes in tried for size in sizes) * 8 < 2**28
    assert max(count * size**2 for count, *sizes in tried for size in sizes) > 10**6


GATED = """x: (d,)
r: scalar
g[t] = sigmoid(r * h[t-2] + C @ x[t])
h[t] = g[t] * h[t-1] + (1 - g[t]) * mish(W @ h[t-1])
loss[t] = squared_error(h[t], y[t])
"""


def test_digits_that_a_saturated_gate_loses_are_no_error() -> None:
    """1 - g of a gate near 1 and sigmoid made of tanh are right to a unit of 1 alone, which the
    plain program beside itself in double precision does not show; a factor near 1 is found.
    """
    model = parse(GATED)
    derivation = derive(model, wrt_inputs=True)
    plain = Plain(model, load_module(generate(derivation, level=0), "plain", model))
    text = generate(derivation, level=2)
    for planted in ("", "a factor near 1"):
        wrong = planted_in_loop(text, planted) if planted else text
        rows = [*reach_rows(load_module(wrong, "gated", model), plain)]
        assert all(row.ok is not False for row in rows) is not bool(planted), rows
