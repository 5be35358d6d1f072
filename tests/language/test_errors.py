"""Every error of a model: where the caret stands, and what the message says.

The models stand in ``findings/*.txt``, each under a line ``==== its name``, with the
findings marked as `marked` describes.
"""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

from symbptt.errors import ModelError, UnknownNameError
from symbptt.language.library import load
from symbptt.language.parser import parse
from tests.language.marked import check, findings, split

FOLDER = Path(__file__).parent / "findings"


def models() -> dict[str, str]:
    """The marked models by name."""
    found = {}
    for file in sorted(FOLDER.glob("*.txt")):
        for part in file.read_text(encoding="utf-8").split("==== ")[1:]:
            name, _, marked = part.partition("\n")
            found[f"{file.stem}: {name}"] = marked
    return found


MODELS = models()


@pytest.mark.parametrize("marked", MODELS.values(), ids=MODELS.keys())
def test_finding(marked: str) -> None:
    check(marked)


def test_marks_can_fail() -> None:
    """A caret in another place, a word that is not said, a finding that is not marked."""
    check("h[t] = W @ h[t]\n^^^^ one step")
    for wrong in (
        "h[t] = W @ h[t]\n ^^^^ one step",
        "h[t] = W @ h[t]\n^^^^ two steps",
        "h[t] = W @ h[t] + foo(h[t-1])\n^^^^ one step",
    ):
        with pytest.raises(AssertionError):
            check(wrong)


_PROPOSAL = re.compile(r"(?:write|as in|declaring|declared,|written|fits,|state,) `([^`]+)`")


@pytest.mark.parametrize("marked", MODELS.values(), ids=MODELS.keys())
def test_what_a_message_proposes_can_be_written(marked: str) -> None:
    """An expression, a statement, or a part of one: ``.T``, ``** 2``."""
    for finding in findings(split(marked)[0]):
        for proposal in _PROPOSAL.findall(finding.message):
            code = proposal.replace("…", "x")
            assert any(map(_reads, (code, f"x{code}", f"x {code} x"))), finding.message


def _reads(code: str) -> bool:
    try:
        ast.parse(code)
    except SyntaxError:
        return False
    return True


def test_a_proposal_that_can_not_be_written_is_seen() -> None:
    (found,) = _PROPOSAL.findall("a step stands in square brackets: write `norm[V @ (h[T] / T]`")
    assert not _reads(found)


@pytest.mark.parametrize("text", ["", "\n\n", "# only words\n", "   ", "\ufeff"])
def test_empty(text: str) -> None:
    (found,) = findings(text)
    assert "the model is empty" in found.message
    assert found.line == 0


@pytest.mark.parametrize("text", ["k = 2\n", "h[0] = 3\nA = W\n", "x: (d,)\n"])
def test_no_equation(text: str) -> None:
    (found,) = findings(text)
    assert "no equation" in found.message


def test_render() -> None:
    """The file, the line, its text, the caret, and the other side of a conflict."""
    with pytest.raises(ModelError) as caught:
        parse("x: (d,)\nh: (h,)\n\th[t] =\th[t-1] + x[t]  # sum", "cell", "folder/cell.rnn")
    assert str(caught.value) == (
        "folder/cell.rnn:3: `h[t-1]` has length h and `x[t]` has length d: they are combined entry "
        "by entry, so these must be equal\n"
        "     h[t] = h[t-1] + x[t]  # sum\n"
        "                     ^^^^\n"
        "  folder/cell.rnn:2: `h` is declared here\n"
        "    h: (h,)\n"
        "  folder/cell.rnn:1: `x` is declared here\n"
        "    x: (d,)"
    )


def test_caret_in_several_lines_and_beside_wide_characters() -> None:
    text = "o[t] = x[t]\nαβγ[t] = tanh(  # αβγ\n    ħ @ αβγ[t-1]\n    + ħ @ αβγ[t+1])\n"
    (found,) = findings(text)
    assert (found.line, found.column, found.width) == (4, 10, 8)
    assert "`αβγ[t+1]` lies in the future" in found.message


def test_a_long_line_is_shown_around_the_caret() -> None:
    text = "h[t] = " + "x[t] + " * 900 + "x[t+1]" + " + x[t]" * 90
    (found,) = findings(text)
    assert len(found.source) <= 120
    assert found.source[found.column :].startswith("x[t+1]")
    assert found.source.startswith("…") and found.source.endswith("…")


def test_at_most_twenty_findings_are_listed() -> None:
    found = findings("".join(f"h{i}[t] = x[t+1]\n" for i in range(100)))
    assert len(found) == 21
    assert "80 more" in found[-1].message


# --- bindings ---------------------------------------------------------------------------

ABSTRACT = """
phi: function = tanh
max_of: function = max
l: loss = squared_error
h[t] = phi(W @ h[t-1] + max_of(x[t], 0))
loss[t] = l(h[t], y[t])
"""


@pytest.mark.parametrize(
    ("bindings", "words"),
    [
        ({"psi": "tanh"}, ("no function 'psi'", "did you mean `phi`?")),
        ({"zzz": "tanh"}, ("no function 'zzz'", "phi, max_of, l")),
        ({"phi": "tahn"}, ("no function is called 'tahn'", "tanh")),
        ({"l": "tanh"}, ("no loss is called 'tanh'", "squared_error")),
        ({"phi": "step"}, ("no function is called 'step'",)),
    ],
)
def test_unknown_binding(bindings: dict[str, str], words: tuple[str, ...]) -> None:
    with pytest.raises(UnknownNameError) as caught:
        parse(ABSTRACT, bindings=bindings)
    assert all(word in str(caught.value) for word in words), str(caught.value)


def test_binding_with_another_number_of_arguments() -> None:
    with pytest.raises(ModelError, match="`phi` is called with 1 argument and is bound to `max`"):
        parse(ABSTRACT, bindings={"phi": "max"})


def test_binding_against_a_declaration() -> None:
    with pytest.raises(ModelError, match="`y` is an input of integers here"):
        parse(ABSTRACT + "y: (q,)\n", bindings={"l": "softmax_cross_entropy"})


# --- files ------------------------------------------------------------------------------


def test_unknown_model() -> None:
    with pytest.raises(UnknownNameError, match="'lstmm'; did you mean `lstm`"):
        load("lstmm")
    with pytest.raises(UnknownNameError, match="there are char_rnn, elman"):
        load("")


@pytest.mark.parametrize(
    ("data", "line", "column", "words"),
    [
        (b"h[t] = x[t]\n# caf\xe9\n", 2, 5, "0xE9"),
        (b"h[t] = x[t]\n# \xf0\x9f\n", 2, 2, "UTF-8"),
        ("h[t] = x[t]".encode("utf-16"), 0, 0, "UTF-16"),
        (b"#" * 70_000, 0, 0, "65,536 bytes (64 KiB), and this one has 70,000"),
        (b"\0", 1, 0, "NUL"),
    ],
)
def test_file_that_is_no_text(
    tmp_path: Path, data: bytes, line: int, column: int, words: str
) -> None:
    path = tmp_path / "cell.rnn"
    path.write_bytes(data)
    with pytest.raises(ModelError) as caught:
        load(str(path))
    (found,) = caught.value.diagnostics
    assert (found.line, found.column) == (line, column)
    assert words in found.message
    assert str(path) in str(caught.value)


def test_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        load(str(tmp_path / "nothing.rnn"))
