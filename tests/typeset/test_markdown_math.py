"""Formulas in Markdown hold nothing that Markdown would take, and nothing that GitHub refuses."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from functools import cache

import pytest

from symbptt.calculus.gradients import FORMS, derive
from symbptt.documents.proofreading import proofread
from symbptt.exercises.sheet import exercise
from symbptt.formula.verdict import check
from symbptt.language.library import differentiable, load
from symbptt.language.parser import parse
from symbptt.typeset.document import printed, render
from symbptt.typeset.latex import DisplayRow
from symbptt.typeset.markdown_math import displayed, numbered, safe_in_markdown
from symbptt.typeset.style import Style
from symbptt.typeset.translation import LANGUAGES
from symbptt.unrolled import answer
from tests import cells
from tests.modules import EXHAUSTIVE, in_turn, some
from tests.typeset.hostile import HOSTILE
from tests.typeset.test_html_format import CASES, needs_node, refused

_FENCED = re.compile(r"```.*?```|`[^`\n]*`|<figure>.*?</figure>", re.DOTALL)
_MATH = re.compile(r"(?<!\$)\$\$\n(.*?)\n\$\$(?!\$)|(?<!\$)\$([^$\n]*)\$(?!\$)", re.DOTALL)
_REFUSED = (
    r"def|let|label|ref|eqref|tag|require|newcommand|renewcommand|operatorname|[hv]?phantom|mbox|"
    r"unicode|href|class|style|cssId|html"
)
_TAKEN = {
    "a backslash before a sign": r"\\[^A-Za-z\s]",
    "emphasis": r"_(?!\s)|\*|~",
    "code": "`",
    "the end of a table's cell": r"\|",
    "HTML": r"<(?! )|&[A-Za-z#]",
    "a link": r"\]\(|\]\[|!\[|\]:",
    "a block": r"(?m)\n(?:[-+>#=]|\d+[.)]|\s*$| {4})",
    "a line's end": r"(?m)(?:  |\\)$",
    "what GitHub refuses": rf"\\(?:{_REFUSED})(?![A-Za-z])",
}
_GITHUB_OPENS = re.compile(r"(?:^|[\s(])\Z", re.MULTILINE)
_GITHUB_CLOSES = re.compile(r"\Z|[\s.,;:!?)]")


def formulas(text: str) -> Iterator[re.Match[str]]:
    return _MATH.finditer(_FENCED.sub(lambda code: "x" * len(code[0]), text))


def said(match: re.Match[str]) -> str:
    return match[1] if match[2] is None else match[2]


def faults(text: str) -> list[str]:
    """What Markdown or GitHub would make of the formulas of a document."""
    found = []
    for match in formulas(text):
        tex = ("" if match[1] is None else "\n") + said(match)
        found += [f"{what}: {tex}" for what, sign in _TAKEN.items() if re.search(sign, tex)]
        before, behind = text[: match.start()], text[match.end() :]
        if not _GITHUB_OPENS.search(before[-1:]) or not _GITHUB_CLOSES.match(behind[:1]):
            found.append(f"no formula for GitHub: {text[match.start() - 9 : match.end() + 9]}")
    return found


@pytest.mark.parametrize(
    ("text", "what"),
    [
        (r"$a \, b$", "a backslash before a sign"),
        (r"$\{1\}$", "a backslash before a sign"),
        ("$$\na \\\\\nb\n$$", "a backslash before a sign"),
        (r"$\mathbf{a}_t$", "emphasis"),
        ("$a * b$", "emphasis"),
        ("$|a|$", "the end of a table's cell"),
        ("$a<b$", "HTML"),
        ("$a &lt; b$", "HTML"),
        ("$[a](b)$", "a link"),
        ("$$\n- a\n$$", "a block"),
        ("$$\na\n\nb\n$$", "a block"),
        (r"$\operatorname{softmax}(a)$", "what GitHub refuses"),
        ("$$\na \\tag{1}\n$$", "what GitHub refuses"),
        ("the $t$-th", "no formula for GitHub"),
        ("-$t$ is", "no formula for GitHub"),
    ],
)
def test_what_markdown_takes_is_found(text: str, what: str) -> None:
    assert any(fault.startswith(what) for fault in faults(text))


def test_what_markdown_leaves_alone_is_not() -> None:
    assert faults("($t$), $\\mathbf{h}_ t$: `$a_t$`\n\n$$\n\\lbrace a \\rbrace < b\n$$\n") == []


@cache
def documents() -> tuple[str, ...]:
    return tuple(written())


def written() -> Iterator[str]:
    """Whatever is written in Markdown about a model."""
    for number, (name, form, *style) in enumerate(some(CASES, 211)):
        for language in in_turn(number, LANGUAGES):
            shown = Style.of(*style, language=language)
            yield render(derive(load(name), form=form), "md", style=shown)
    for number, name in enumerate(some((*differentiable(), *cells.NAMES), 3)):
        model = load(name) if name in differentiable() else cells.cell(name)
        for kind in in_turn(number, ("md", "sheet", "solution", "unrolled", "ipynb")):
            if kind == "md":
                yield render(derive(model), "md")
            elif kind == "unrolled":
                yield printed(answer(model, None, 2).document(), "md")
            elif kind == "ipynb":
                notebook = json.loads(render(derive(model), "ipynb"))
                told = (one for one in notebook["cells"] if one["cell_type"] == "markdown")
                yield "\n\n".join("".join(one["source"]) for one in told)
            else:
                yield exercise(model, every=2, to="md", solution=kind == "solution")
    for name in some(sorted(HOSTILE), 3):
        yield render(derive(parse(HOSTILE[name], name)), "md")
    for formula in ("d(L, h[t]) = W_hh @ d(L, a_h[t+1])", "h[t] = phi_h(W_hh @ h[t-1])"):
        yield check(load("elman"), formula)._repr_markdown_()


def test_nothing_in_a_formula_is_markdown() -> None:
    found: set[str] = set()
    count = 0
    for text in documents():
        assert faults(text) == []
        count += 1
        found |= {said(match) for match in formulas(text)}
    assert count > 30 and len(found) > 900


@needs_node
def test_katex_sets_the_formulas_of_markdown() -> None:
    found: set[str] = set()
    for number, text in enumerate(documents()):
        if EXHAUSTIVE or number % 5 == 0:
            found |= {said(match) for match in formulas(text)}
    assert refused(found) == ""


AWKWARD = """x: (d,)
self[t] = hard_tanh(np_ @ self[t-1] + x[t])
loss[t] = softmax_cross_entropy(V @ self[t], y[t])
"""
READ = [("linear", "adjoint"), ("awkward", "adjoint")]
READ += [(name, form) for name in differentiable() for form in FORMS if EXHAUSTIVE]


@pytest.mark.parametrize(("name", "form"), READ)
def test_what_stands_in_markdown_is_read_and_right(name: str, form: str) -> None:
    model = parse(AWKWARD, name) if name == "awkward" else load(name)
    text = render(derive(model, form=form), "md")
    assert r"\underline" in text or name != "awkward"
    found = proofread(model, text, "it.md")
    assert [row for row in found.rows if row.answer not in ("right", "model")] == []
    assert not [row for row in found.rows if "contradicts" in row.reason]
    assert len(found.rows) > 15


@pytest.mark.parametrize(
    ("tex", "spelled"),
    [
        (r"\{1, \dots, n\}", r"\lbrace1, \dots, n\rbrace"),
        (r"\{a\,b\}", r"\lbrace a\thinspace b\rbrace"),
        (r"\mathtt{n\_loss}", r"\mathtt{n\underline{\enspace}loss}"),
        (r"\operatorname{hard\,tanh}(x)", r"\mathop{\mathrm{hard\thinspace tanh}}(x)"),
        (r"a_1 \\[2ex] b_{i}", r"a_ 1 \cr b_ {i}"),
        ("a<b", "a < b"),
        ("a < b", "a < b"),
        (r"\left|x\right|", r"\left\vert x\right\vert"),
    ],
)
def test_the_spelling(tex: str, spelled: str) -> None:
    assert safe_in_markdown(tex) == spelled
    assert safe_in_markdown(spelled) == spelled
    assert displayed(tex) == f"$$\n{spelled}\n$$"


def test_numbers_and_words_have_columns() -> None:
    rows = [DisplayRow("a", "= b", words="(x)"), DisplayRow("", "= c", tag="1")]
    assert numbered(rows).splitlines()[1:-1] == [
        r"a &= b && \text{(x)} \\",
        r"&= c &&  && \text{(1)}",
    ]
