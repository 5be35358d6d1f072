"""Comments are anybody's text: they print, and nothing in them is a command."""

from __future__ import annotations

import re

import pytest

from symbptt.typeset.text import latex_comment, latex_text, lettered, markdown_text

OURS = {
    "textbackslash", "textasciitilde", "textasciicircum", "textless", "textgreater", "textbar",
    "textquotedblright", "textquoteleft", "textquoteright", "allowbreak", "ensuremath",
}  # fmt: skip


@pytest.mark.parametrize(
    ("text", "latex"),
    [
        ("hidden state", "hidden state"),
        ("100 % of $5", r"100 \% of \$5"),
        (r"\input{/etc/passwd}", r"\textbackslash{}input\{/\allowbreak{}etc/pass\allowbreak{}wd\}"),
        ("a_b^c~d#e&f", r"a\_b\textasciicircum{}c\textasciitilde{}d\#e\&f"),
        ("x < y | z", r"x \textless{} y \textbar{} z"),
        ('"""', r"\textquotedblright{}" * 3),
        ("two\n\nparagraphs", "two paragraphs"),
        ("l'été", r"l'\vietnamese{été}{00E9007400E9}{\'{e}t\'{e}}"),
        ("naïve", r"\letters{naïve}{006E006100EF00760065}{na\"{\i}ve}"),
        ("nghiệm", r"\vietnamese{nghiệm}{006E0067006800691EC7006D}{nghi\d{\^{e}}m}"),
        ("số", r"\vietnamese{số}{00731ED1}{s\ensuremath{\acute{\hat{\mathrm{o}}}}}"),
        ("đ_", r"\vietnamese{đ}{0111}{\rlap{\kern.15em\raise.45ex\hbox{-}}d}\_"),
        ("α → ∞", r"\ensuremath{\alpha} \ensuremath{\to} \ensuremath{\infty}"),
        ("x中文", r"x\letters{中文}{4E2D6587}{[U+4E2D]\allowbreak{}[U+6587]\allowbreak{}}"),
        ("\u202ereversed\x00", "reversed"),
        ("well-known", r"well-{}known"),
    ],
)
def test_text_for_latex(text: str, latex: str) -> None:
    assert latex_text(text) == latex


@pytest.mark.parametrize("code", [*range(32, 127), *range(160, 0x250)])
def test_every_character_becomes_ascii_with_balanced_braces(code: int) -> None:
    """What stands for it where fonts lack it, that is."""
    shown = re.sub(r"\\(letters|vietnamese)\{\w+\}\{[0-9A-F]+\}", "", latex_text(f"a{chr(code)}b"))
    assert shown.isascii()
    unescaped = re.sub(r"\\[{}]", "", shown)
    assert unescaped.count("{") == unescaped.count("}")
    for special in "$%&#_^~":
        assert special not in re.sub(r"\\.|\^\\circ", "", unescaped) or special == chr(code)


def test_words_of_the_house_stay_as_they_are_up_to_their_letters() -> None:
    text = lettered(r"Các bước $\mathbf{x}_t$ \% 中")
    assert re.sub(r"\\\w+\{(\w+)\}\{[0-9A-F]+\}\{.*?\} ", r"\1 ", text).startswith("Các bước $")
    assert r" $\mathbf{x}_t$ \% \letters{中}" in text


def test_a_long_word_may_be_broken() -> None:
    assert r"\allowbreak{}" in latex_text("x" * 40)
    assert r"\allowbreak{}" not in latex_text("antidisestablish")


def test_a_comment_stays_on_its_line() -> None:
    assert latex_comment("a\nb\\end{document}\u2028c é") == "a b\\end{document} c ?"


@pytest.mark.parametrize(
    "text", ["<script>alert(1)</script>", "a | b", "$x$", "*bold* _it_ `code`", "[a](b)", "&amp;"]
)
def test_text_for_markdown_has_no_markup(text: str) -> None:
    shown = markdown_text(text)
    assert not re.search(r"(?<!\\)[<>*_`|$\[\]]", shown)


def test_unicode_stays_in_markdown() -> None:
    assert markdown_text("état 中") == "état 中"
