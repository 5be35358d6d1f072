"""What needs a loop over time, and in which order."""

import pytest

from symbptt.calculus.normal import normalize
from symbptt.codegen.placement import components, is_recurrent, strongly_connected
from symbptt.language.parser import parse

STACKED = """
x: (d,)
h[t] = tanh(W @ x[t] + U @ h[t-1])
m[t] = V @ h[t]
g[t] = tanh(A @ m[t] + B @ g[t-1])
o[t] = C @ g[t]
loss[t] = squared_error(o[t], y[t])
"""


def test_stacked_layers_have_a_loop_each() -> None:
    model = normalize(parse(STACKED))
    found = components(model)
    loops = [component for component in found if is_recurrent(model, component)]
    assert [set(loop) for loop in loops] == [{"a_h", "h"}, {"a_g", "g"}]
    assert found.index(loops[0]) < found.index(("m",)) < found.index(loops[1])
    assert found.index(loops[1]) < found.index(("o",)) < found.index(("loss",))


def test_feedback_from_the_output_is_one_loop() -> None:
    text = """
x: (d,)
h[t] = tanh(W @ x[t] + U @ o[t-1])
o[t] = V @ h[t]
loss[t] = squared_error(o[t], y[t])
"""
    model = normalize(parse(text))
    (loop,) = [c for c in components(model) if is_recurrent(model, c)]
    assert set(loop) == {"a", "h", "o"}


@pytest.mark.parametrize(
    ("edges", "expected"),
    [
        ({"a": [], "b": ["a"]}, [{"a"}, {"b"}]),
        ({"a": ["b"], "b": ["a"]}, [{"a", "b"}]),
        ({"a": ["b"], "b": ["c"], "c": ["b"]}, [{"b", "c"}, {"a"}]),
        ({"a": ["a"]}, [{"a"}]),
    ],
)
def test_strong_components(edges: dict[str, list[str]], expected: list[set[str]]) -> None:
    assert [set(c) for c in strongly_connected(list(edges), edges)] == expected


@pytest.mark.slow
def test_long_chains_do_no_harm() -> None:
    names = [f"v{k}" for k in range(20_000)]
    edges = {name: names[k + 1 : k + 2] for k, name in enumerate(names)}
    assert len(list(strongly_connected(names, edges))) == 20_000
