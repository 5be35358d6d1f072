"""Whatever a file holds, the answer is clear, and comes soon."""

from __future__ import annotations

import time
from contextlib import suppress
from pathlib import Path

import pytest
from click.testing import CliRunner

from symbptt import cli
from symbptt.documents.pages import MAX_BYTES
from symbptt.errors import DocumentError
from tests.documents.reading import texts
from tests.modules import some

READABLE = "h_t = W_{hx} x_t"

REFUSED = {
    "1 MB": ("x" * 1_000_000, f"at most {MAX_BYTES:,} bytes"),
    "binary": ("\x00\x01\x02", "this file is no text: it has the byte 0x00"),
    "open align": (r"\begin{align} a &= b", r":1: `\begin{align}` is never closed"),
    "open display": ("\n$$ a = b", ":2: the display that `$$` opens here is never closed"),
    "open bracket": (r"\[ a = b", r":1: the display that `\[` opens here is never closed"),
    "open blocks": (r"\begin{align}" * 30_000, "never closed"),
    "macro forever": (r"\def\a{\a}$$a = \a$$", r"the macro \a expands forever"),
    "many formulas": ("$$a=b$$\n" * 60_000, "at most 20,000 formulas"),
}

# Read to their end, with a row for what can't be read.
ANSWERED = {
    "braces": "$$" + "{" * 10_000 + "a" + "}" * 10_000 + " = b$$",
    "some braces": "$$" + "{" * 1_500 + "a" + "}" * 1_500 + " = b$$",
    "fractions": "$$ a = " + r"\frac{1}{" * 400 + "b" + "}" * 400 + "$$",
    "parentheses": "$$" + "(" * 1_500 + "a" + ")" * 1_500 + " = b$$",
    "open parentheses": "$$" + "(" * 1_500 + "a = b$$",
    "an open brace": "$$ a = {b $$",
    "a brace too many": "$$ a = b} $$",
    "blocks in blocks": r"\[" + r"\begin{split}" * 5_000 + "a=b" + r"\end{split}" * 5_000 + r"\]",
    "frames in frames": r"\[" + r"\boxed{" * 500 + "a=b" + "}" * 500 + r"\]",
    "cases in cases": r"\[ a = " + r"\begin{cases}" * 100 + "b" + r"\end{cases}" * 100 + r"\]",
    "a long chain": r"\[" + "a=" * 200_000 + r"b\]",
    "a long sum": r"\[a=" + "a+" * 200_000 + r"b\]",
    "columns": r"\begin{align}" + "&" * 400_000 + r"\end{align}",
    "dollars": "$ a " * 100_000,
    "ticks": "` a " * 100_000,
    "fences": "```\n" * 100_000,
    "blanks": "\n" * 500_000,
    "code without end": r"\begin{verbatim}" * 30_000,
    "nothing": "",
}  # fmt: skip


def proofread(text: str, tmp_path: Path, *options: str) -> tuple[int, str, str]:
    path = tmp_path / "paper.tex"
    path.write_bytes(text.encode())
    found = CliRunner().invoke(cli.main, ["proofread", "linear", str(path), *options])
    return found.exit_code, found.stdout, found.stderr


@pytest.mark.parametrize("what", some([*REFUSED], 2))
def test_a_document_that_cannot_be_read_is_refused_in_a_sentence(what: str, tmp_path: Path) -> None:
    text, words = REFUSED[what]
    started = time.process_time()
    status, out, err = proofread(text, tmp_path)
    assert (status, out) == (2, "") and words in err
    assert err.startswith(str(tmp_path)) and len(err.splitlines()) == 1
    assert time.process_time() - started < 15


@pytest.mark.parametrize("what", some([*ANSWERED], 4))
def test_an_equation_that_cannot_be_read_is_a_row_that_says_why(what: str, tmp_path: Path) -> None:
    started = time.process_time()
    status, out, err = proofread(ANSWERED[what] + f"\n\n\\[ {READABLE} \\]", tmp_path)
    assert status == 0 and not err, err
    assert len(out) < 20_000 and "equation" in out.splitlines()[-1]
    assert time.process_time() - started < 15


def test_a_file_that_the_document_includes_is_not_opened(tmp_path: Path) -> None:
    secret = tmp_path / "secret.tex"
    secret.write_text("$$ secret = 1 $$")
    status, out, _ = proofread(f"\n\\input{{{secret}}}\n$$ {READABLE} $$", tmp_path)
    assert status == 0 and "secret = 1" not in out
    assert f"paper.tex:2: {secret} is not opened: proofread it by itself" in " ".join(out.split())


@pytest.mark.parametrize("file", ["paper.tex", "notes.md"])
@pytest.mark.parametrize(
    "text",
    ["$$ a = {} b $$", "$$ a = b {} $$", "{}\n$$ a = b $$", "{} $$ a = b $$", "$$ a = b $${}"],
)
def test_a_run_of_one_sign_is_read_as_soon_as_words(text: str, file: str) -> None:
    """Forty thousand of what a regular expression may part in many ways."""
    for sign in " ", "\t", "~", "`", "\n", ",", "\\ ", "(1) ":
        begin = time.thread_time()
        with suppress(DocumentError):
            texts(text.replace("{}", sign * (40_000 // len(sign))), file)
        assert time.thread_time() - begin < 1, sign
