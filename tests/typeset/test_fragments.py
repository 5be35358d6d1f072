"""Fragments fit into columns of any width, take the host's numbers, and nothing dangles."""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import combinations, product
from pathlib import Path

import pytest
from click.testing import CliRunner

from symbptt.calculus.gradients import FORMS, derive
from symbptt.cli import main
from symbptt.language.library import differentiable, load
from symbptt.typeset.chapters import PARTS
from symbptt.typeset.document import printed, render
from symbptt.typeset.fragment import HEADINGS, Fragment
from symbptt.typeset.style import DETAILS, Style
from symbptt.unrolled import answer
from tests import cells
from tests.modules import model_of, some
from tests.typeset.hosts import HOSTS, hosted
from tests.typeset.test_pdflatex import complaints, needs_pdflatex

NAMES = (*differentiable(), *cells.NAMES)
# With symbols, tables and chains that are hard to fit in.
HARD = ("joint_matrix_three_parts", "more_awkward_names", "two_labels_one_read_out")
NAMED = re.compile(r"\\label\{([^}]*)\}")
CITED = re.compile(r"\\(?:eq)?ref\{([^}]*)\}")


def fragment(
    name: str,
    how: Fragment | None = None,
    *,
    parts: Sequence[str] = (),
    form: str = "adjoint",
    detail: str = "steps",
) -> str:
    model = load(name) if name in differentiable() else model_of(name)
    derivation = derive(model, form=form)
    style = Style.of(detail=detail)
    return render(derivation, fragment=how or Fragment(), style=style, parts=parts)


# --- they fit --------------------------------------------------------------------------


@needs_pdflatex
@pytest.mark.parametrize("host", HOSTS)
def test_fragments_fit_into_columns_of_any_width(host: str, tmp_path: Path) -> None:
    names = dict.fromkeys((*HARD, *some(NAMES, 50)))
    assert not complaints(hosted(host, *map(fragment, names)), tmp_path)


@needs_pdflatex
@pytest.mark.parametrize("heading", some([*HEADINGS], 2))
def test_fragments_of_several_models_stand_in_one_host(heading: str, tmp_path: Path) -> None:
    how = Fragment(heading=heading)
    both = "\n".join(fragment(name, how) for name in ("linear", "elman"))
    assert not complaints(hosted("columns", both), tmp_path)
    log = (tmp_path / "article.log").read_text()
    assert "multiply defined" not in log
    assert "undefined on input line" not in compiled_again(tmp_path)


def compiled_again(folder: Path) -> str:
    """The log of a second run, when labels are known."""
    complaints((folder / "article.tex").read_text(), folder)
    return (folder / "article.log").read_text()


@needs_pdflatex
def test_a_fragment_for_wide_columns_alone_is_found_to_be_too_wide(tmp_path: Path) -> None:
    planted = fragment("lstm").replace(r"\ifdim\linewidth<", r"\ifdim 0pt>")
    assert any("Overfull" in line for line in complaints(hosted("columns", planted), tmp_path))


# --- numbers and references ------------------------------------------------------------


@pytest.mark.parametrize("detail", DETAILS)
@pytest.mark.parametrize("name", ["lstm", "joint_matrix"])
def test_every_equation_has_a_label_of_its_own_and_the_number_of_the_host(
    name: str, detail: str
) -> None:
    text = fragment(name, detail=detail)
    labels = NAMED.findall(text)
    displays = re.findall(r"\\begin\{align\}\n(.*?)\n\\end\{align\}", text, re.DOTALL)
    ends = [line for lines in displays for line in re.split(r"\\\\\*?\n", lines)]
    assert len(labels) == len(set(labels)) == len([e for e in ends if r"\notag" not in e[-8:]])
    assert all(label.startswith(f"{name}:") for label in labels)
    assert r"\tag" not in text
    assert "align*" not in text


@pytest.mark.parametrize("form", FORMS)
def test_nothing_refers_to_a_part_that_is_left_out(form: str) -> None:
    chosen = [c for n in range(1, 5) for c in combinations(PARTS, n)]
    for name, parts in product(("linear", "joint_matrix"), chosen):
        text = fragment(name, parts=parts, form=form)
        assert set(CITED.findall(text)) <= set(NAMED.findall(text))


def test_what_stands_in_another_part_is_told_in_words() -> None:
    text = fragment("elman", parts=["backward"])
    assert r"enters the equation of $\ell_t$ at step $t$" in text
    assert r"\eqref" not in text
    assert r"enters \eqref{elman:F" in fragment("elman")


def test_numbers_of_its_own_stand_in_a_fragment_that_wants_them() -> None:
    text = fragment("elman", Fragment(prefix="eq:", tags=True))
    for number in ("M1", "F1", "1"):
        assert rf"\tag{{{number}}} \label{{eq:{number}}}" in text
    assert r"\eqref{eq:F1}" in text


# --- options ---------------------------------------------------------------------------


@pytest.mark.parametrize("heading", HEADINGS)
def test_headings_begin_where_the_host_has_room_for_them(heading: str) -> None:
    text = fragment("linear", Fragment(heading=heading))
    found = set(re.findall(r"\\(\w*(?:section|paragraph))\*?\{", text))
    assert found == set(re.findall(r"\\(\w*(?:section|paragraph))", "".join(HEADINGS[heading])))


REFUSED = {
    ("--tags",): "--tags",
    ("--heading", "none"): "--heading",
    ("--label-prefix", "x"): "--label-prefix",
    ("--fragment", "--to", "md", "--tags"): "--tags and --to md",
    ("--fragment", "--label-prefix", "a{b"): "--label-prefix a{b",
    ("--parts", "model", "--to", "formulas"): "--parts and --to formulas",
    ("--parts", "backward", "--detail", "summary"): "--detail summary and --parts backward",
    ("--parts", "appendix"): "'appendix'; expected one of: model, backward",
}


@pytest.mark.parametrize("options", REFUSED)
def test_options_that_cannot_be_combined_are_refused_by_name(options: tuple[str, ...]) -> None:
    run = CliRunner().invoke(main, ["derive", "linear", *options])
    assert run.exit_code == 2
    assert REFUSED[options] in run.output


def test_the_command_in_the_head_makes_the_fragment_again() -> None:
    options = "--fragment --label-prefix a: --heading none --tags --parts model,summary"
    words = ["derive", "linear", *options.split()]
    text = CliRunner().invoke(main, words).output
    assert text.splitlines()[1] == f"% it again: symbptt {' '.join(words)}"


# --- what is unrolled ------------------------------------------------------------------

ASKED = (("linear", "h"), ("linear_bias", "d(h[t], W_hh)"), ("lstm", "d(L, h[t])"))


@needs_pdflatex
@pytest.mark.parametrize("host", HOSTS)
def test_what_is_unrolled_fits_into_columns_of_any_width(host: str, tmp_path: Path) -> None:
    found = [
        printed(answer(load(name), what, 4).document(), fragment=Fragment(f"{name}:"))
        for name, what in ASKED
    ]
    assert all(r"\label{" in text for text in found)
    assert not complaints(hosted(host, *found), tmp_path)


def test_what_is_unrolled_takes_a_title_and_lands_in_another_text() -> None:
    run = CliRunner()
    words = ["unroll", "linear", "h", "--to", "tex"]
    whole = run.invoke(main, [*words, "--title", "Unrolled", "--author", "A. N. Other"]).output
    assert r"\title{\vspace{-4em}Unrolled" in whole
    assert r"\author{A. N. Other}" in whole
    assert r"\putresults" in whole
    part = run.invoke(main, [*words, "--fragment", "--heading", "paragraph"]).output
    assert r"\paragraph{Closed form.}" in part
    assert r"\label{linear:unrolled:1}" in part
    assert "documentclass" not in part


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("--fragment",), "--fragment and --to text"),
        (("--author", "x"), "--author and --to text"),
        (("--to", "md", "--fragment", "--tags"), "--tags and --to md"),
        (("--to", "tex", "--tags"), "there is no --fragment"),
    ],
)
def test_options_of_what_is_unrolled_are_refused(options: tuple[str, ...], words: str) -> None:
    run = CliRunner().invoke(main, ["unroll", "linear", "h", *options])
    assert run.exit_code == 2
    assert words in run.output
