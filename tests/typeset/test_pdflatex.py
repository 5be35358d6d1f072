"""Articles go through pdflatex without an error or an overfull line, where it is installed."""

from __future__ import annotations

import shutil
import subprocess
from itertools import product
from pathlib import Path

import pytest

from symbptt.calculus.gradients import derive
from symbptt.calculus.gradients import derive as differentiate
from symbptt.documents.proofreading import proofread
from symbptt.figures.figure import block
from symbptt.language.library import load
from symbptt.language.parser import parse
from symbptt.typeset.blocks import Box, Document, Equality, Paragraph
from symbptt.typeset.document import printed, render
from symbptt.typeset.fragment import Fragment
from symbptt.typeset.style import LAYOUTS, NOTATIONS, Style
from tests.modules import some
from tests.typeset.hostile import HOSTILE
from tests.typeset.hosts import hosted

KINDS = ("times", "derivatives")
GENERATED = sorted((Path(__file__).parents[2] / "generated" / "latex").glob("*.tex"))
CELLS = sorted((Path(__file__).parents[1] / "cells").glob("*.rnn"))

needs_pdflatex = pytest.mark.skipif(
    shutil.which("pdflatex") is None,
    reason="pdflatex is not installed (Debian: texlive-latex-base, texlive-latex-recommended)",
)
pytestmark = needs_pdflatex


def complaints(text: str, folder: Path) -> list[str]:
    """What pdflatex has to say against a document."""
    (folder / "article.tex").write_text(text, encoding="utf-8")
    command = ["pdflatex", "-interaction=nonstopmode", "-halt-on-error", "article.tex"]
    run = subprocess.run(command, cwd=folder, capture_output=True, timeout=600, check=False)
    log = (folder / "article.log").read_text(encoding="utf-8", errors="replace")
    found = [line for line in log.splitlines() if line.startswith("!") or "Overfull" in line]
    assert found or run.returncode == 0, log[-500:]
    return found


@pytest.mark.parametrize("name", ["lstm", "char_rnn"])
def test_an_article_compiles(name: str, tmp_path: Path) -> None:
    assert not complaints(render(derive(load(name))), tmp_path)


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_article_compiles(name: str, tmp_path: Path) -> None:
    assert not complaints(render(derive(parse(HOSTILE[name], name))), tmp_path)


ANYBODY = """# Mạng hồi quy: thử dấu tiếng Việt
# Łódź, Škoda, Ångström, naïve façade, Ørsted, große Straße, 中文
x: (d,)
h[t] = tanh(W @ h[t-1] + x[t])           # trạng thái ẩn ở bước thời gian
loss[t] = squared_error(h[t], y[t])      # ước lượng
"""
needs_pdftotext = pytest.mark.skipif(
    shutil.which("pdftotext") is None, reason="pdftotext is not installed (Debian: poppler-utils)"
)


def copied(text: str, folder: Path, pages: int = 9) -> str:
    """What is copied from the first pages of a document's PDF."""
    assert not complaints(text, folder)
    command = ["pdftotext", "-l", str(pages), "article.pdf", "-"]
    run = subprocess.run(command, cwd=folder, capture_output=True, check=True)
    return " ".join(run.stdout.decode().split())


@needs_pdftotext
@pytest.mark.parametrize("host", ["", "article"])
def test_letters_of_any_language_are_copied_as_they_were_written(host: str, tmp_path: Path) -> None:
    derivation = derive(parse(ANYBODY, "anybody"))
    if host:
        shown = copied(hosted(host, render(derivation, fragment=Fragment())), tmp_path)
    else:
        shown = copied(render(derivation, author="Nguyễn Văn Ước"), tmp_path)
        assert "Mạng hồi quy: thử dấu tiếng Việt" in shown
        assert "Nguyễn Văn Ước" in shown
        assert "∑" in shown
    assert "Łódź, Škoda, Ångström, naïve façade, Ørsted, große Straße, 中文" in shown
    assert "trạng thái ẩn ở bước thời gian" in shown


LETTERED = """x: (d,)
ẩn[t] = tanh(W_ẩn @ ẩn[t-1] + x[t])
Łódź[t] = V @ ẩn[t]
loss[t] = squared_error(Łódź[t], y[t])
"""


@needs_pdftotext
def test_names_of_any_letters_are_set_copied_and_read(tmp_path: Path) -> None:
    model = parse(LETTERED, "lettered")
    text = render(derive(model), figure=block(model))
    shown = copied(text, tmp_path)
    assert "ẩn" in shown and "Łódź" in shown and "1ea9" not in shown
    for to, document in (("tex", text), ("md", render(derive(model), "md"))):
        found = proofread(model, document, f"it.{to}")
        assert {row.answer for row in found.rows} == {"right", "model"}


RESULTS = Box(tuple(Equality("x", (r"\frac{a}{b}",), str(k)) for k in range(1, 18)))


@needs_pdftotext
@pytest.mark.parametrize(("lines", "begun"), [(2, True), (20, True), (38, False), (2000, True)])
def test_results_leave_no_more_than_a_third_of_a_page_empty(
    lines: int, begun: bool, tmp_path: Path
) -> None:
    """Where they go to the next page, their sentence goes with them."""
    filled = (Paragraph((f"Line {k}.",)) for k in range(lines % 1000))
    results = RESULTS if lines < 1000 else Box(RESULTS.lines * 3)
    document = Document(("",), ("A",), "B", (*filled, Paragraph(("These are they:",)), results))
    shown = copied(printed(document), tmp_path, pages=1)
    assert ("These are they" in shown) == ("(1)" in shown) == begun


def wide(count: int) -> str:
    """A model whose sums, product and concatenation have so many members."""
    numbers = range(count)
    gains = " * ".join(f"b_{k}" for k in numbers)
    return f"""
x: (d,)
h[t] = tanh({" + ".join(f"W_{k} @ h[t-{k + 1}]" for k in numbers)} + U @ x[t])
g[t] = ({" + ".join(f"a_{k} * h[t]" for k in numbers)}) / (1 + exp({gains}))
q[t] = tanh(R @ concat({", ".join(f"sin(c_{k} * g[t])" for k in numbers)}))
loss[t] = squared_error(q[t], y[t])
"""


def test_long_formulas_are_broken_into_lines(tmp_path: Path) -> None:
    assert not complaints(render(derive(parse(wide(13), "wide"))), tmp_path)


@pytest.mark.parametrize("path", some(GENERATED, 4), ids=lambda path: path.stem)
@pytest.mark.slow
def test_a_generated_article_compiles(path: Path, tmp_path: Path) -> None:
    assert not complaints(path.read_text(encoding="utf-8"), tmp_path)


@pytest.mark.parametrize("path", some(CELLS, 6), ids=lambda path: path.stem)
@pytest.mark.slow
def test_the_article_of_a_test_cell_compiles(path: Path, tmp_path: Path) -> None:
    assert not complaints(render(derive(load(str(path)))), tmp_path)


STYLES = [
    ("linear", "column", "subscript,leibniz", "index"),
    ("gru_v1", "row", "superscript,D", "steps"),
    ("char_rnn", "row", "subscript,bar", "index"),
    ("char_rnn", "column", "superscript,delta", "index"),
    ("lstm", "row", "superscript,delta", "index"),
]


@pytest.mark.parametrize(("name", "layout", "notation", "detail"), STYLES)
def test_an_article_of_another_style_compiles(
    name: str, layout: str, notation: str, detail: str, tmp_path: Path
) -> None:
    style = Style.of(layout, notation, detail)
    assert not complaints(render(derive(load(name)), style=style), tmp_path)


@pytest.mark.parametrize("form", ["expanded", "sensitivity"])
@pytest.mark.slow
def test_other_forms_compile_in_rows(form: str, tmp_path: Path) -> None:
    for name, notation in (("char_rnn", "superscript,D"), ("lag_two", "bar"), ("gru", "delta")):
        source = next((str(path) for path in CELLS if path.stem == name), name)
        derivation = differentiate(load(source), form=form)
        text = render(derivation, style=Style.of("row", notation))
        assert not complaints(text, tmp_path), name


@pytest.mark.parametrize("path", some(CELLS, 2), ids=lambda path: path.stem)
@pytest.mark.slow
def test_the_styles_of_a_test_cell_compile(path: Path, tmp_path: Path) -> None:
    """Each cell in one of all combinations, in turn, entry by entry."""
    names = [[c.name for c in NOTATIONS.values() if c.kind == kind] for kind in KINDS]
    together = list(product(LAYOUTS, *names))
    layout, *notation = together[CELLS.index(path) % len(together)]
    style = Style.of(layout, ",".join(notation), "index")
    assert not complaints(render(derive(load(str(path))), style=style), tmp_path)


@pytest.mark.slow
def test_long_formulas_are_broken_in_all_styles(tmp_path: Path) -> None:
    derivation = derive(parse(wide(10), "wide"))
    for notation in some(("superscript,D", "bar", "superscript,delta"), 3):
        style = Style.of("row", notation, "index")
        assert not complaints(render(derivation, style=style), tmp_path)


def test_an_overfull_line_is_found(tmp_path: Path) -> None:
    text = render(derive(load("linear")))
    wide = text.replace("L &= ", "L &= " + " + ".join(["x_{1000}"] * 40) + " + ")
    assert any("Overfull" in line for line in complaints(wide, tmp_path))


def test_an_error_is_found(tmp_path: Path) -> None:
    text = render(derive(load("linear")))
    found = complaints(text.replace("L &= ", r"\undefined &= "), tmp_path)
    assert any("Undefined control sequence" in line for line in found)
