"""What a module takes though it is wrong, or refuses otherwise than it should, is found."""

from __future__ import annotations

import pytest

from symbptt.proof.arguments import argument_rows
from symbptt.proof.loaded import load_module
from tests.cells import NAMES as CELLS
from tests.modules import BUILT_IN, EXHAUSTIVE
from tests.proof.test_reach import plain_of, text_of

WRAPPED = """

_own = loss_and_grads, clip_gradients, init_params, forward


def each(arrays, change):
    return {{k: change(a) for k, a in arrays.items()}} if isinstance(arrays, dict) else arrays


def within(lengths):
    return np.clip(lengths, 0, 3) if isinstance(lengths, np.ndarray) else lengths


def loss_and_grads(params, inputs, carry=None, lengths=None, **more):
    {loss}
    return _own[0](params, inputs, carry, lengths, **more)


def forward(params, inputs, carry=None, lengths=None):
    {forward}
    return _own[3](params, inputs, carry, lengths)


def clip_gradients(grads, theta):
    {clip}
    return _own[1](grads, theta)


def init_params(dims, *, seed=0, dtype=np.float32):
    {init}
    return _own[2](dims, seed=seed, dtype=dtype)
"""

PLANTED = {
    "an index": ("loss", "inputs = each(inputs, lambda a: a % 2 if a.dtype.kind == 'i' else a)"),
    "lengths": ("loss", "lengths = within(lengths)"),
    "lengths forward": ("forward", "lengths = within(lengths)"),
    "half precision": ("loss", "params = each(params, lambda a: a + np.zeros(1))"),
    "a carry_grad": ("loss", "more['carry_grad'] = None"),
    "a workspace": ("loss", "more['workspace'] = None"),
    "another exception": ("loss", "assert isinstance(params, dict)"),
    "no word": ("forward", "assert isinstance(params, dict)"),
    "theta": ("clip", "theta = abs(theta) or 1.0"),
    "the norm": ("clip", "return 1.0"),
    "the norm of squares": ("clip", "return _own[1](grads, theta) ** 2"),
    "lengths of dims": ("init", "dims = {k: max(n, 1) for k, n in dims.items()}"),
    "a seed": ("init", "seed = np.random.default_rng().integers(1000)"),
    "a dtype": ("init", "dtype = np.float32"),
}
"""What is done before a function of the module is called."""


@pytest.mark.parametrize("level", (0, 2))
@pytest.mark.parametrize("planted", PLANTED)
def test_what_is_taken_though_it_is_wrong_is_found(planted: str, level: int) -> None:
    body = dict.fromkeys(("loss", "forward", "clip", "init"), "pass") | dict([PLANTED[planted]])
    plain = plain_of("char_rnn")
    module = load_module(text_of("char_rnn", level) + WRAPPED.format(**body), planted, plain.model)
    wrong = [row for row in argument_rows(module, plain) if not row.ok]
    assert wrong
    assert all(row.detail for row in wrong)


@pytest.mark.parametrize("name", (*BUILT_IN, *(CELLS if EXHAUSTIVE else CELLS[::9])))
def test_what_is_right_is_taken(name: str) -> None:
    plain = plain_of(name)
    for level in (0, 2):
        for row in argument_rows(load_module(text_of(name, level), name, plain.model), plain):
            assert row.ok, row
