"""Documents say what the steps say, in every format, the same in every run."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from dataclasses import replace
from html import unescape
from typing import Any

import pytest

from symbptt.calculus.derivation import Derivation
from symbptt.calculus.gradients import derive
from symbptt.errors import OptionError, UnknownNameError
from symbptt.language.library import differentiable, load
from symbptt.language.parser import parse
from symbptt.typeset.document import FORMATS, render
from symbptt.typeset.formula import LatexPrinter
from symbptt.typeset.fragment import Fragment
from symbptt.typeset.latex import derivation_latex, model_latex, step_latex
from symbptt.typeset.names import Names
from tests.typeset.hostile import HOSTILE
from tests.typeset.numbers import told


def displays(text: str) -> str:
    """The document's formulas on one line each, without the signs of alignment."""
    return re.sub(r"\s+", " ", re.sub(r"\\qquad \{\}|&|\\\\\*?", " ", text))


@pytest.mark.parametrize("to", FORMATS)
@pytest.mark.parametrize("name", differentiable())
def test_every_step_stands_in_the_document_with_its_number(name: str, to: str) -> None:
    derivation = derive(load(name))
    sections, summary = told(render(derivation, to), to)
    for step in derivation.steps:
        assert sections.count(str(step.number)) == 1
        assert summary.count(str(step.number)) == 1


@pytest.mark.parametrize("name", differentiable())
def test_every_member_of_every_chain_is_printed(name: str) -> None:
    derivation = derive(load(name))
    printer = LatexPrinter(Names(derivation.normal))
    text = displays(render(derivation))
    for step in derivation.steps:
        for member in step.members:
            shown = printer.show(member)
            assert displays(f"= {shown}") in text or displays(shown.split(" + ")[0]) in text


def test_a_document_follows_the_steps() -> None:
    derivation = derive(load("elman"))
    shorter = replace(derivation, steps=derivation.steps[:-1])
    lost = derivation.steps[-1]
    assert rf"\tag{{{lost.number}}}" in render(derivation)
    assert rf"\tag{{{lost.number}}}" not in render(shorter)


def test_the_terms_stand_in_the_order_of_the_author() -> None:
    text = render(derive(load("linear_bias")))
    assert (
        r"\mathbf{h}_t &= \mathbf{W}_{\mathrm{hx}} \mathbf{x}_t + "
        r"\mathbf{W}_{\mathrm{hh}} \mathbf{h}_{t-1} + \mathbf{b}_{\mathrm{h}}"
    ) in text


@pytest.mark.parametrize("name", differentiable())
def test_nothing_of_a_computer_algebra_system_shows(name: str) -> None:
    text = render(derive(load(name)))
    for sign in (r"\mapsto", r"\circ", "1.0", r"\cosh", "None", "()", r"- -"):
        assert sign not in re.sub(r"\n +", "\n", text)


def test_the_preamble_needs_nothing_but_what_every_latex_has() -> None:
    preamble = render(derive(load("linear"))).partition(r"\begin{document}")[0]
    found = re.findall(r"\\usepackage(?:\[.*\])?\{(.*)\}", preamble)
    assert found == ["amsmath,amssymb,bm,longtable", "hyperref"]
    assert re.findall(r"\\documentclass\[.*\]\{(.*)\}", preamble) == ["article"]


@pytest.mark.parametrize("name", differentiable())
def test_every_number_is_a_place_that_links_lead_to(name: str) -> None:
    text = render(derive(load(name)))
    places = re.findall(r"\\label\{eq:(\w+)\}", text)
    assert len(places) == len(set(places))
    assert set(places) == set(re.findall(r"\\tag\{(\w+)\}", text))
    assert set(re.findall(r"\\hyperref\[eq:(\w+)\]", text)) <= set(places)


@pytest.mark.parametrize("to", FORMATS)
def test_a_document_bears_the_title_and_the_author_that_are_wanted(to: str) -> None:
    derivation = derive(load("linear"))
    text = render(derivation, to, title="On <memory> & time", author="A. N. Other")
    shown = unescape(text.replace("\\textless{}", "<").replace("\\textgreater{}", ">"))
    assert re.search(r"On <memory> \\?& time", shown)
    assert "N. Other" in shown
    asked = "--title 'On <memory> & time' --author 'A. N. Other'"
    assert asked in " ".join(shown.replace(" \\\n", " ").split())


def test_a_title_in_any_letters_stands_in_the_command_that_makes_it_again() -> None:
    text = render(derive(load("linear")), title="Lan truyền ngược's 中")
    command = next(line for line in text.splitlines() if "it again" in line)
    quoted = re.search(r"\$'(.*)'", command)
    assert quoted and quoted[1].encode().decode("unicode_escape") == "Lan truyền ngược's 中"


@pytest.mark.parametrize("options", [{"fragment": Fragment()}, {"to": "formulas"}])
def test_a_title_is_refused_where_there_is_no_place_for_it(options: dict[str, Any]) -> None:
    with pytest.raises(OptionError, match=r"--title and --(fragment|to formulas) can't"):
        render(derive(load("linear")), title="A title", **options)


def test_a_table_that_goes_on_repeats_its_head() -> None:
    text = render(derive(load("lstm")))
    assert re.search(r"symbol & role & shape & meaning \\\\\n\\hline\n\\endhead\n", text)


def test_a_fragment_in_markdown_is_the_body_of_the_article() -> None:
    derivation = derive(load("linear"))
    fragment = render(derivation, "md", fragment=Fragment())
    *header, body = fragment.split("\n", 2)
    assert header[0].startswith("<!-- Made by symbptt")
    assert header[1].endswith("symbptt derive linear --to md --fragment -->")
    assert body.strip() in render(derivation, "md")


def test_the_header_says_how_to_make_it_again() -> None:
    first, second, *_ = render(derive(load("linear"))).splitlines()
    assert re.match(r"% Made by symbptt \(digest [0-9a-f]{16}\) from the model linear\.", first)
    assert second == "% it again: symbptt derive linear"


def test_an_unknown_format_is_a_named_error() -> None:
    with pytest.raises(UnknownNameError, match="expected one of: tex, md, text"):
        render(derive(load("linear")), "docx")


def test_notebooks_get_formulas_that_mathjax_reads() -> None:
    derivation = derive(load("lstm"))
    shown = [
        model_latex(derivation.model),
        derivation_latex(derivation),
        *map(step_latex, derivation.steps),
    ]
    for text in shown:
        assert text.startswith(r"\begin{align*}")
        assert not re.search(r"\\(bm|notag|label|ref|allowbreak|ensuremath|\*)\b", text)


def test_the_total_loss_has_its_factor() -> None:
    assert r"L &= \frac{1}{T} \sum_{t=1}^T \ell_t." in render(derive(load("linear")))


def test_the_words_of_the_author_stand_in_model_table_and_headings() -> None:
    text = render(derive(load("lstm")))
    assert r"\text{(forget gate)}" in text
    assert "& forget gate " in text.replace(r"\raggedright ", "")
    assert r"\paragraph{Forget gate $\mathbf{f}_t$.}" in text
    assert r"Long short-{}term memory" in text


LETTERS = re.compile(r"(?<=\\letters|etnamese)\{\w+\}")


@pytest.mark.parametrize("to", FORMATS)
@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_text_renders(name: str, to: str) -> None:
    text = render(
        derive(parse(HOSTILE[name], name)), to, fragment=Fragment() if to == "html" else None
    )
    without_commands = to in ("text", "html", "typst")
    assert LETTERS.sub("", text).isascii() or to == "md" or without_commands
    assert r"\input{" not in text or without_commands
    end = "\\end{document}"
    assert end not in text.removesuffix(f"{end}\n") or without_commands
    assert "<script" not in text or to in ("text", "typst")


def test_a_model_without_comments_still_has_a_title() -> None:
    text = "x: (d,)\nh[t] = tanh(W @ h[t-1] + U @ x[t])\nloss[t] = squared_error(h[t], y[t])\n"
    assert r"The model my\_cell" in render(derive(parse(text, "my_cell")))


SCRIPT = """
import sys
from symbptt.calculus.gradients import derive
from symbptt.language.library import differentiable, load
from symbptt.typeset.document import FORMATS, render
for name in differentiable():
    for to in FORMATS:
        print(render(derive(load(name)), to))
assert not [m for m in sys.modules if m.split('.')[0] == 'numpy']
"""


def output(script: str, seed: str) -> str:
    environment = {**os.environ, "PYTHONHASHSEED": seed}
    run = subprocess.run(
        [sys.executable, "-c", script], env=environment, capture_output=True, text=True, check=True
    )
    return run.stdout


def test_the_same_input_gives_the_same_bytes_and_typesetting_does_not_import_numpy() -> None:
    assert output(SCRIPT, "0") == output(SCRIPT, "1")


def timed(derivation: Derivation) -> str:
    return render(derivation) + derivation_latex(derivation)


def test_typesetting_is_fast() -> None:
    import time

    derivation = derive(load("lstm"))
    timed(derivation)
    start = time.process_time()
    timed(derivation)
    assert time.process_time() - start < 0.3
