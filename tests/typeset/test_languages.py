"""Documents in other languages are set by TeX engines and KaTeX, and copied as they are written."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from symbptt.calculus.gradients import derive
from symbptt.language.library import load
from symbptt.typeset.document import render
from symbptt.typeset.fragment import Fragment
from symbptt.typeset.style import Style
from symbptt.typeset.translation import ENGLISH, LANGUAGES
from tests.modules import EXHAUSTIVE
from tests.typeset.test_html_format import formulas, needs_node, refused
from tests.typeset.test_pdflatex import copied, needs_pdflatex, needs_pdftotext

OTHERS = [code for code in LANGUAGES if code != ENGLISH]
WITH_WORDS = (("char_rnn", "row", "chunk:2"), ("linear_bias", "column", "full"))
VIETNAMESE = ("Lượt truyền ngược", "Các tham số", "cộng dồn theo thời gian")


def written(name: str, layout: str, estimator: str, to: str, code: str) -> str:
    derivation = derive(load(name), estimator=estimator)
    return render(derivation, to, style=Style.of(layout, language=code))


@needs_pdflatex
@needs_pdftotext
@pytest.mark.parametrize("to", ["tex", "beamer"])
def test_words_are_copied_out_of_a_pdf(to: str, tmp_path: Path) -> None:
    for case in WITH_WORDS if EXHAUSTIVE else WITH_WORDS[:1]:
        shown = copied(written(*case, to, "vi"), tmp_path, pages=99)
        assert [words for words in VIETNAMESE if words not in shown] == []
        assert ("ngược lại" in shown and "ở cột" in shown) or case != WITH_WORDS[0]


@pytest.mark.skipif(shutil.which("lualatex") is None, reason="lualatex is not installed")
@pytest.mark.slow
def test_lualatex_sets_every_letter(tmp_path: Path) -> None:
    (tmp_path / "it.tex").write_text(written(*WITH_WORDS[0], "tex", "vi"), encoding="utf-8")
    command = ["lualatex", "-interaction=nonstopmode", "-halt-on-error", "it.tex"]
    run = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stdout[-500:]
    assert "Missing character" not in (tmp_path / "it.log").read_text("utf-8", errors="replace")


@needs_node
@pytest.mark.parametrize("code", OTHERS)
def test_katex_sets_the_words_in_formulas(code: str) -> None:
    found: set[str] = set()
    for name, layout, estimator in WITH_WORDS:
        derivation = derive(load(name), estimator=estimator)
        page = render(derivation, "html", Fragment(), Style.of(layout, language=code))
        found |= set(formulas(page))
    assert any("nếu" in formula for formula in found) or code != "vi"
    assert refused(found) == ""
