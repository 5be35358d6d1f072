"""A page holds all that it needs; KaTeX sets every formula; links lead somewhere."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from base64 import b64decode
from collections.abc import Iterable, Iterator
from html import unescape
from itertools import product
from pathlib import Path
from zlib import decompress

import pytest

from symbptt.calculus.gradients import FORMS, derive
from symbptt.codegen.statements import statements
from symbptt.language.library import differentiable, load
from symbptt.language.parser import parse
from symbptt.templating import template_folder
from symbptt.typeset.article import article
from symbptt.typeset.document import render
from symbptt.typeset.fragment import Fragment
from symbptt.typeset.html_format import KATEX
from symbptt.typeset.style import DETAILS, LAYOUTS, NOTATIONS, Style
from symbptt.typeset.translation import LANGUAGES
from symbptt.typeset.variants import variants
from tests.modules import in_turn, some
from tests.typeset.hostile import HOSTILE

NOTATION = [
    f"{times.name},{derivatives.name}"
    for times, derivatives in product(NOTATIONS.values(), repeat=2)
    if (times.kind, derivatives.kind) == ("times", "derivatives")
]
CASES = [
    (model, form, layout, notation, detail)
    for model, form, layout, notation, detail in product(
        differentiable(), FORMS, LAYOUTS, NOTATION, DETAILS
    )
    if detail != "index" or form == "adjoint"
]
SHORT = Style(detail="summary")
needs_node = pytest.mark.skipif(shutil.which("node") is None, reason="needs node")


def node(*words: object, given: str = "") -> str:
    run = subprocess.run(
        ["node", *map(str, words)], input=given, capture_output=True, text=True, check=False
    )
    return run.stdout + run.stderr


def refused(formulas: Iterable[str]) -> str:
    """What KaTeX does not set, with its reason."""
    script = Path(__file__).with_name("katex.cjs")
    return node(script, KATEX / "katex.min.js", given=json.dumps(sorted(formulas)))


def formulas(page: str) -> Iterator[str]:
    yield from map(unescape, re.findall(r'<span class="math">(.*?)</span>', page))


@needs_node
def test_katex_sets_every_formula() -> None:
    found: set[str] = set()
    for number, (model, form, layout, notation, detail) in enumerate(some(CASES, 211)):
        derivation = derive(load(model), form=form)
        for language in in_turn(number, LANGUAGES):
            style = Style.of(layout, notation, detail, language)
            found |= set(formulas(render(derivation, "html", Fragment(), style)))
    for name in some(sorted(HOSTILE), 3):
        found |= set(formulas(render(derive(parse(HOSTILE[name], name)), "html", Fragment())))
    assert refused(found) == ""


@needs_node
def test_what_katex_does_not_know_is_told() -> None:
    assert r"\nosuch: KaTeX parse error" in refused([r"\nosuch", r"\frac{1}{2}"])


@needs_node
def test_the_script_of_the_page_is_one() -> None:
    assert node("--check", template_folder("html") / "script.js") == ""


def test_a_page_asks_for_nothing_from_outside() -> None:
    page = render(derive(load("lstm")), "html")
    assert len(page.encode()) < 1_000_000
    own = page.replace((KATEX / "katex.min.js").read_text(encoding="utf-8"), "")
    assert not re.search(r"(?:src|href)=\"(?!#)|@import|url\((?!data:)", own)
    assert "Permission is hereby granted" in own
    assert own.count("data:font/woff2;base64,") == len(list(KATEX.glob("fonts/*.woff2")))


@pytest.mark.parametrize("name", ["lstm", "char_rnn"])
def test_links_lead_to_one_equation_each(name: str) -> None:
    page = render(derive(load(name)), "html", fragment=Fragment())
    places = re.findall(r' id="(.*?)"', page)
    assert len(places) == len(set(places))
    assert set(re.findall(r'href="#(.*?)"', page)) <= set(places)


@pytest.mark.parametrize("detail", ["summary", "steps"])
def test_an_equation_and_its_code_name_each_other(detail: str) -> None:
    derivation = derive(load("lstm"))
    listing = statements(derivation)
    style, whole = Style.of(detail=detail), Fragment()
    page = render(derivation, "html", whole, style, beside=[listing])
    cited = set(re.findall(r'<a href="#eq-(\w+)" data-tag="\1">', page))
    assert {str(step.number) for step in derivation.of_kind("gradient")} < cited
    assert set(re.findall(r'href="#(.*?)"', page)) <= set(re.findall(r' id="(.*?)"', page))


def test_a_page_says_what_each_symbol_is() -> None:
    page = render(derive(load("lstm")), "html")
    signs = json.loads(re.search(r'id="signs">(.*?)</script>', page)[1])
    (forget,) = (sign for sign in signs if sign["core"] == r"\mathbf{f}")
    for words in ("forget gate", "quantity", r"\mathbb{R}^{h}", 'href="#eq-F4"'):
        assert words in forget["says"]


def test_what_opens_is_closed() -> None:
    page = render(derive(load("lstm")), "html", fragment=Fragment())
    for tag in ("details", "div", "span", "table", "ul"):
        assert len(re.findall(f"<{tag}[ >]", page)) == page.count(f"</{tag}>")


def test_anybodys_words_are_no_markup() -> None:
    text = "# <b>&amp; --> </script>\nh[t] = tanh(W @ h[t-1])  # <i>\nloss[t] = sum(h[t])\n"
    page = render(derive(parse(text, "m<i>")), "html")
    assert not re.search(r"<[bi]>", page.partition("<script>")[0])
    assert "&lt;i&gt;" in page


def test_a_page_packs_every_variant() -> None:
    derivation = derive(load("linear"))
    found = tuple(variants(derivation, Style()))
    keys = [";".join(variant.key) for variant in found]
    assert keys[0] == "adjoint;column;subscript;leibniz;steps"
    assert len(set(keys)) == len(keys) == 4 * len(NOTATION) + 1 + 2 * (len(FORMS) - 1)
    page = render(derivation, "html", variants=found)
    packed = re.search(r'id="variants">(.*?)</script>', page)[1]
    given = json.loads(decompress(b64decode(packed)))
    pieces = [given["pieces"][number] for number in given["variants"][keys[0]]]
    body = re.search(r"<main>\n(.*?)</main>", page, re.DOTALL)[1]
    assert "\n\n".join(pieces).strip() == body.strip()
    assert all(f"<option>{name}</option>" in page for name in found[3].key)


def test_one_steps_loss_is_told_in_its_own_form() -> None:
    found = list(variants(derive(load("linear"), of="loss[t]"), Style(detail="summary")))
    assert {version.key[0] for version in found} == {"adjoint"}
    assert found[0].key[-1] == "summary"


def test_every_form_has_its_statements_and_a_summary_the_same() -> None:
    found = {v.key: v.blocks for v in variants(derive(load("linear")), Style(), beside=statements)}
    for form in FORMS:
        key = (form, "column", "subscript", "leibniz")
        whole, short = found[*key, "steps"], found[*key, "summary"]
        assert whole[-1] == short[-1] == statements(derive(load("linear"), form=form))
        assert set(short) < set(whole)
    assert short == article(derive(load("linear"), form=form), "", SHORT).blocks + short[-1:]


def test_parts_of_steps_have_no_summary() -> None:
    found = variants(derive(load("linear")), Style(), parts=["backward"])
    assert {version.key[-1] for version in found} == {"steps", "index"}
