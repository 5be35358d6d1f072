"""What is asked for, what is told, and how a program may be written."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from symbptt.cli import main
from symbptt.errors import ProgramError
from symbptt.handwritten.examination import OTHERWISE, check_code
from symbptt.handwritten.program import read
from symbptt.handwritten.verdict import CodeVerdict
from symbptt.language.library import load
from symbptt.language.parser import parse
from tests.handwritten.slips import PROGRAMS
from tests.modules import some

SCALAR = parse(
    "x: (d,)\nh: (h,)\nh[t] = tanh(W @ x[t] + U @ h[t-1])\nloss[t] = squared_error(h[t], y[t])\n",
    "small",
)

FORWARD = """
    hs = [h]
    for t in range(len(x)):
        hs.append(np.tanh(W @ x[t] + U @ hs[-1]))
    dW, dU, dh = np.zeros_like(W), np.zeros_like(U), np.zeros_like(h)
    for t in reversed(range(len(x))):
        da = (1 - hs[t + 1] ** 2) * (dh + (hs[t + 1] - y[t]) / len(x))
        dW += np.outer(da, x[t])
        dU += np.outer(da, hs[t])
        dh = U.T @ da
"""

STYLES = {
    "by name": f"def f(W, U, x, y, h0):\n    h = h0{FORWARD}    return dict(W=dW, U=dU, h0=dh)",
    "with a loss": f"def f(W, U, x, y, h0):\n    h = h0{FORWARD}"
    "    return 0.5, {'d_W': dW, 'd_U': dU}",
    "loss behind": f"def f(W, U, x, y, h0):\n    h = h0{FORWARD}"
    "    return {'grad_W': dW, 'grad_U': dU}, 0.5",
    "dicts": "def f(params, inputs, carry):\n    W, U = params['W'], params['U']\n"
    f"    x, y, h = inputs['x'], inputs['y'], carry['h[0]']{FORWARD}    return dict(W=dW, U=dU)",
    "keywords": "def f(x, y, *, h_init=None, **params):\n    W, U, h = params['W'], params['U'],"
    f" h_init{FORWARD}    return dict(dW=dW, dU=dU)",
    "own start": f"def f(W, U, x, y):\n    h = np.zeros(len(U)){FORWARD}    return dW, dU",
    "names of the file": "W = np.eye(9)\nU = np.eye(9)\ndef f(inputs, targets, hprev):\n"
    f"    x, y, h = inputs, targets, hprev{FORWARD}    return dW, dU, hs[-1]",
    "a list": f"def f(W, U, x, y, h_0):\n    h = h_0{FORWARD}    return [dW, dU]",
}

ODD_STYLES = {
    "a record": "import collections\nGrads = collections.namedtuple('Grads', 'dW dU')\n"
    f"f = lambda *, x, y, carry, **p: g(x, y, carry['h'], **p)\n"
    f"def g(x, y, h, W, U):{FORWARD}    return Grads(dW.tolist(), np.asfortranarray(dU))",
    "an object": "import dataclasses\n@dataclasses.dataclass\nclass Grads:\n    W: object\n"
    f"    U: object\ndef f(W, U, x, y, h0):\n    h = h0{FORWARD}    return 0.5, Grads(dW, dU)",
    "yielded": f"def f(W, U, x, y, h0):\n    h = h0{FORWARD}    yield 'W', dW\n    yield 'U', dU",
    "single width": "def f(W, U, x, y, h0):\n    W, U, x, y, h = (np.asarray(a, 'f4') for a in "
    f"(W, U, x, y, h0)){FORWARD}    return dW, dU",
}


def examined(folder: Path, text: str, **options: Any) -> CodeVerdict:
    path = folder / "code.py"
    path.write_text(f"import numpy as np\n\n\n{text}\n", encoding="utf-8")
    return check_code(SCALAR, path, **options)


@pytest.mark.parametrize("style", [*some(sorted(STYLES), 2), *sorted(ODD_STYLES)])
def test_programs_may_be_written_any_usual_way(style: str, tmp_path: Path) -> None:
    verdict = examined(tmp_path, (STYLES | ODD_STYLES)[style])
    assert verdict.ok, str(verdict)
    assert verdict.convention == ()


def test_a_tuple_whose_order_is_said(tmp_path: Path) -> None:
    text = f"def f(W, U, x, y, h0):\n    h = h0{FORWARD}    out = (0.5, dU, dW)\n    return out"
    with pytest.raises(ProgramError, match="returns no gradients that can be read"):
        examined(tmp_path, text)
    assert examined(tmp_path, text, returns=("U", "W")).ok
    assert examined(tmp_path, text, returns=("loss", "dU", "dW")).ok
    assert not examined(tmp_path, text, returns=("W", "U")).ok


def test_what_is_said_to_be_returned_and_no_gradient_is_told(tmp_path: Path) -> None:
    verdict = examined(tmp_path, STYLES["own start"], returns=("W", "Q"))
    assert verdict.notes == (
        "--returns: Q is the gradient of no parameter (dW, dU; _ for what is none)",
    )


def test_a_function_that_another_calls_is_not_meant(tmp_path: Path) -> None:
    """Whoever returns nothing is not right because what it calls is; nor who changes a value."""
    inner = STYLES["by name"]
    call = "def grads(W, U, x, y, h0):\n    g = f(W, U, x, y, h0)\n"
    with pytest.raises(ProgramError, match="grads returns no gradients that can be read"):
        examined(tmp_path, f"{inner}\n{call}")
    verdict = examined(tmp_path, f"{inner}\n{call}    W -= g['W']\n    return g")
    assert [slip.words for slip in verdict.slips] == ["it overwrites its arguments: W"]


def test_a_gradient_that_is_transposed_is_named(tmp_path: Path) -> None:
    verdict = examined(tmp_path, STYLES["by name"].replace("W=dW", "W=dW.T"))
    (slip,) = verdict.slips
    assert slip.names == ("W",)
    assert slip.words.startswith("it is transposed")


def test_names_of_the_program(tmp_path: Path) -> None:
    text = f"def f(A, M, x, y, h0):\n    W, U, h = A, M, h0{FORWARD}    return dict(A=dW, M=dU)"
    with pytest.raises(ProgramError, match="A, M: no name of the model's") as found:
        examined(tmp_path, text)
    assert "expected: loss_and_grads(W, U, x, y, h0=None)" in str(found.value)
    assert "found:    f(A, M, x, y, h0)" in str(found.value)
    assert examined(tmp_path, text, names="A=W, M=U").ok
    with pytest.raises(ProgramError, match="names are said as"):
        examined(tmp_path, text, names="A=Q")


def test_a_cache_is_asked_for() -> None:
    path = PROGRAMS / "layer.py"
    with pytest.raises(ProgramError) as found:
        check_code(load(str(PROGRAMS / "layer.rnn")), path, "layer_backward")
    assert "expected: loss_and_grads(Wx, Wh, b, x, y, h0=None)" in str(found.value)
    assert "found:    layer_backward(dh, cache)" in str(found.value)
    assert "write a function that calls both" in str(found.value)


@pytest.mark.parametrize(
    ("total", "by", "words"),
    [
        ("mean", "", ()),
        ("mean", " * len(x)", ("of the sum of the losses",)),
        ("sum", " * len(x)", ()),
        ("sum", "", ("of the mean of the losses",)),
        ("mean", " * 2", ("twice",)),
    ],
)
def test_factors_are_told(total: str, by: str, words: tuple[str, ...], tmp_path: Path) -> None:
    text = f"def f(W, U, x, y, h0):\n    h = h0{FORWARD}    return dict(W=dW{by}, U=dU{by})"
    verdict = examined(tmp_path, text, total=total)
    assert verdict.ok
    assert verdict.convention == words


CLIPPED = {
    "np.clip(gradient, -0.05, 0.05, out=gradient)": "clipped to ±0.05",
    "gradient *= 1 / max(1, size / 5)": "clipped to a norm of 5",
}


@pytest.mark.parametrize("how", sorted(CLIPPED))
def test_clipping_is_told(how: str, tmp_path: Path) -> None:
    """Also where gradients of short sequences are clipped, and by their norm."""
    path = tmp_path / "code.py"
    text = (PROGRAMS / "letters.py").read_text(encoding="utf-8")
    every = "(dWxh, dWhh, dWhy, dbh, dby)"
    size = f"size = np.sqrt(sum(np.sum(g**2) for g in {every}))"
    text = text.replace("np.clip(gradient, -5, 5, out=gradient)", how)
    text = text.replace(f"    for gradient in {every}", f"    {size}\n    for gradient in {every}")
    path.write_text(text, encoding="utf-8")
    verdict = check_code(load(str(PROGRAMS / "letters.rnn")), path)
    assert verdict.ok, str(verdict)
    assert verdict.convention == ("of the sum of the losses", CLIPPED[how])


def test_one_gradient_that_is_not_returned(tmp_path: Path) -> None:
    verdict = examined(
        tmp_path, f"def f(W, U, x, y, h0):\n    h = h0{FORWARD}    return {{'W': dW}}"
    )
    assert [(g.name, g.verdict) for g in verdict.gradients] == [
        ("W", "right"),
        ("U", "not returned"),
    ]


KEPT = {
    "gradients": ("    if len(x) in kept:\n        return kept[len(x)]\n", "kept[len(x)] = dW, dU"),
    "states": ("", "hs = kept.setdefault(len(x), hs)"),
}


@pytest.mark.parametrize("what", KEPT)
def test_what_is_kept_from_call_to_call_is_told(what: str, tmp_path: Path) -> None:
    """Kept by the number of steps alone: right at the first call of each."""
    begin, end = KEPT[what]
    before = "    dW, dU, dh = np.zeros_like(W)"
    body = FORWARD if what == "gradients" else FORWARD.replace(before, f"    {end}\n{before}")
    end = f"    {end}\n" if what == "gradients" else ""
    text = f"kept = {{}}\ndef f(W, U, x, y, h0):\n{begin}    h = h0{body}{end}    return dW, dU"
    verdict = examined(tmp_path, text)
    assert not verdict.ok
    (slip,) = verdict.slips
    assert "keeps" in slip.words
    assert examined(tmp_path, text.replace("len(x) in kept", "0").replace("kept.set", "{}.set")).ok


def test_an_object_that_is_called(tmp_path: Path) -> None:
    body = FORWARD.replace("\n    ", "\n        ")
    text = f"class F:\n    def __call__(self, W, U, x, y, h):{body}        return dW, dU"
    assert examined(tmp_path, text).ok


def test_what_is_awaited_is_told(tmp_path: Path) -> None:
    with pytest.raises(ProgramError, match="defines no function; f is async"):
        examined(tmp_path, f"async {STYLES['a list']}")


def test_a_program_of_rows_is_told_how_it_is_right(tmp_path: Path) -> None:
    turned = {
        "W @ x[t] + U @ hs[-1]": "x[t] @ W + hs[-1] @ U",
        "outer(da, x[t])": "outer(x[t], da)",
        "outer(da, hs[t])": "outer(hs[t], da)",
        "U.T @ da": "U @ da",
    }
    text = STYLES["a list"]
    for column, row in turned.items():
        assert column in text
        text = text.replace(column, row)
    verdict = examined(tmp_path, text)
    assert not verdict.ok
    assert [slip.words for slip in verdict.slips] == [OTHERWISE.format("row")]
    assert examined(tmp_path, text, layout="row").ok
    wrong = examined(tmp_path, text.replace("dW += np", "dW -= np"))
    assert not any("--layout" in slip.words for slip in wrong.slips)


def test_several_slips_are_told_each(tmp_path: Path) -> None:
    text = STYLES["own start"].replace("dU += np.outer(da, hs[t])", "dU += np.outer(da, hs[t + 1])")
    text = text.replace("dW += np", "dW -= np").replace("x, y)", "x, y, h0)")
    text = text.replace("h = np.zeros(len(U))", "h = h0")
    text = text.replace("return dW, dU", "return dW, dU, hs[-1]")
    verdict = examined(tmp_path, text, returns=("W", "U", "h0"))
    assert not verdict.ok
    assert [
        (slip.names, slip.kind or "the last value of h" in slip.words) for slip in (verdict.slips)
    ] == [(("h[0]",), True), (("W",), "a wrong sign"), (("U",), "a shifted index")]


def test_a_slip_of_the_forward_pass(tmp_path: Path) -> None:
    """The program is right for another model, whose equation has one edit."""
    path = tmp_path / "code.py"
    path.write_text(f"import numpy as np\n{STYLES['by name']}\n", encoding="utf-8")
    other = parse(SCALAR.text.replace("+ U @", "- U @"), "other")
    verdict = check_code(other, path)
    assert not verdict.ok
    (slip,) = verdict.slips
    assert slip.words.startswith("its forward pass has a wrong sign; it computes h[t] = tanh(W @")


def test_the_command(tmp_path: Path) -> None:
    model, code = tmp_path / "small.rnn", tmp_path / "code.py"
    model.write_text(SCALAR.text, encoding="utf-8")
    wrong = STYLES["by name"].replace("np.outer(da, hs[t])", "np.outer(da, hs[t + 1])")
    for text, options, status in (
        (STYLES["by name"], [], 0),
        (wrong, [], 1),
        (STYLES["by name"].replace("W=dW", "W=2 * dW").replace("U=dU", "U=2 * dU"), [], 1),
        (STYLES["own start"].replace("return dW", "dW, dU = 2 * dW, 2 * dU; return dW"), [], 0),
        (
            STYLES["own start"].replace("return dW", "dW, dU = 2 * dW, 2 * dU; return dW"),
            ["--strict"],
            1,
        ),
        ("def f(:", [], 2),
        ("def f(a, b): return {}", [], 2),
    ):
        code.write_text(f"import numpy as np\n{text}\n", encoding="utf-8")
        words = ["check", str(model), "--code", f"{code}:f", "--json", *options]
        found = CliRunner().invoke(main, words)
        assert found.exit_code == status, found.output
        data = json.loads(found.output)
        assert status != 0 or data["verdict"] == "right"
        assert status != 2 or data["verdict"] == "not called"
        if text == wrong:
            (slip,) = data["slips"]
            assert slip["names"] == ["U"]
            assert slip["slip"] == "a shifted index"
            assert len(slip["steps"]) == 1
    assert CliRunner().invoke(main, ["check", str(model)]).exit_code == 2
    assert CliRunner().invoke(main, ["check", str(model), "--code", "no.py"]).exit_code == 2


def test_functions_are_read_without_running(tmp_path: Path) -> None:
    path = tmp_path / "code.py"
    path.write_text(
        "raise SystemExit\nclass A:\n    def f(self, x, *, y=1, **more): return self.dW, dU.T\n",
        encoding="utf-8",
    )
    (function,) = read(path).functions
    assert function.called == "A.f"
    assert [(a.name, a.required) for a in function.arguments] == [("x", True), ("y", False)]
    assert function.keywords
    assert function.returned == ("dW", "dU")
