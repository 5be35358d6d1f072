"""The page as a reader has it: in a browser, by mouse and by keyboard."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from symbptt import cli

playwright = pytest.importorskip("playwright.sync_api", reason="needs playwright")
AXE = os.environ.get("SYMBPTT_AXE")
CHROMIUM = shutil.which("chromium")
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="needs chromium")


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """The page of a model, opened at an equation, with all that it complains of."""
    path = tmp_path_factory.mktemp("pages") / "page.html"
    made = CliRunner().invoke(
        cli.main, ["derive", "lstm", "--to", "html", "--graph", "-o", str(path)]
    )
    assert made.exit_code == 0, made.output
    with playwright.sync_playwright() as running:
        browser = running.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        opened = browser.new_page(viewport={"width": 1400, "height": 900})
        opened.complaints = []
        opened.on("console", lambda message: opened.complaints.append(message.text))
        opened.on("pageerror", lambda error: opened.complaints.append(str(error)))
        opened.on("request", lambda asked: opened.complaints.append(asked.url))
        opened.goto(f"{path.as_uri()}#eq-4")
        yield opened
        browser.close()


def test_nothing_is_complained_of_and_nothing_asked_for(page: Any) -> None:
    assert [text for text in page.complaints if not text.startswith(("file:", "data:"))] == []
    assert page.locator(".katex-error").count() == 0


def test_a_link_shows_the_equation_with_its_code(page: Any) -> None:
    page.goto(page.url.partition("#")[0] + "#eq-4")
    assert page.locator("#eq-4").is_visible()
    assert page.locator(".code .lit").count() >= 2
    assert all("d_h" in text for text in page.locator(".code .lit").all_text_contents())


def test_a_statement_lights_up_its_equation(page: Any) -> None:
    page.locator('.code [data-tag="5"], .code [data-tag="6"]').first.hover()
    assert page.locator("main .equality.lit").count() >= 1


def test_a_box_of_the_graph_lights_up_its_equation_and_code(page: Any) -> None:
    page.locator(".graph a").filter(has_text="c2").first.hover()
    (tag,) = page.evaluate(
        "[...document.querySelectorAll('.equality.lit[id]')].map(e => e.dataset.tag)"
    )
    assert page.locator(f'.graph a.lit[data-tag="{tag}"]').count() >= 2
    assert all("d_c" in text for text in page.locator(".code .lit").all_text_contents())
    page.locator(f"#eq-{tag}").hover()
    assert page.locator(".graph a.lit").count() >= 2
    page.locator("#switches select").first.select_option("expanded")
    page.locator(".code", has_text="def P_").wait_for()
    page.locator(".equality[id]").first.hover()
    assert page.locator(".graph a.lit").count() == 0
    page.locator('.code [data-tag="20"]').first.hover()
    assert page.locator("#eq-20.lit").count() == 1
    page.locator("#switches select").first.select_option("adjoint")
    page.locator(".code", has_text="rows.steps").wait_for()


def test_a_picture_with_links_is_no_image_to_who_cannot_see_it(page: Any) -> None:
    assert page.locator("[role=img] :is(a, button, [tabindex])").count() == 0
    assert page.get_by_role("link", name="c2").count() >= 1


def test_a_symbol_tells_what_it_is_until_escape(page: Any) -> None:
    page.locator("#eq-4 [data-sign]:visible").nth(1).hover()
    card = page.locator("#card")
    assert card.is_visible()
    assert "state" in card.inner_text() or "total loss" in card.inner_text()
    page.keyboard.press("Escape")
    assert card.is_hidden()


def test_by_keyboard_an_equation_tells_all_its_symbols(page: Any) -> None:
    page.locator("#eq-4 .tag").focus()
    assert page.locator("#card p").count() >= 5
    page.keyboard.press("ArrowRight")
    assert page.locator("#card p").count() == 1
    first = page.locator("#card").inner_text()
    assert page.evaluate("getComputedStyle(document.activeElement).outlineStyle") == "solid"
    for _ in range(3):
        page.keyboard.press("ArrowRight")
    assert page.locator("#card").inner_text() != first
    page.keyboard.press("Escape")
    assert page.locator("#card").is_hidden()
    assert page.evaluate("document.activeElement.className") == "tag"


def test_by_keyboard_the_table_of_symbols_tells_them(page: Any) -> None:
    page.locator("td:first-child .math").first.focus()
    assert "input" in page.locator("#card").inner_text()
    page.keyboard.press("Escape")


def test_sections_and_chains_fold(page: Any) -> None:
    page.locator("#close").focus()
    page.keyboard.press("Enter")
    assert page.locator("#eq-4").is_hidden()
    page.keyboard.press("Enter")
    members = page.locator("#eq-4 .member")
    assert members.first.is_visible()
    page.locator("#fold").click()
    assert members.first.is_hidden()
    assert members.last.is_visible()
    page.locator("#fold").click()


def test_paper_has_all_of_it_and_nothing_to_press(page: Any) -> None:
    page.locator("#close").click()
    page.emulate_media(media="print")
    page.evaluate("dispatchEvent(new Event('beforeprint'))")
    assert page.locator("details:not([open])").count() == 0
    assert page.locator(":is(button, select, nav, .keys):visible").count() == 0
    assert page.evaluate(CUT) == []
    page.emulate_media(media="screen")


CUT = """[...document.querySelectorAll('.code span, .member, td')]
  .filter((place) => place.scrollWidth > document.documentElement.clientWidth)
  .map((place) => place.textContent)"""


def test_code_stands_beside_and_its_lines_wrap(page: Any) -> None:
    page.set_viewport_size({"width": 1200, "height": 900})
    equations, code = (page.locator(of).bounding_box() for of in ("#eq-4", ".code"))
    assert equations["x"] + equations["width"] <= code["x"]
    assert (
        page.evaluate("(p => p.scrollWidth - p.clientWidth)(document.querySelector('.code pre'))")
        == 0
    )
    page.set_viewport_size({"width": 1400, "height": 900})


def test_a_summary_leaves_the_steps_out_in_the_page(page: Any) -> None:
    lists = page.locator("#switches select")
    lists.nth(4).select_option("summary")
    page.locator(".member", has_text="chain rule").wait_for(state="detached")
    page.locator("#eq-4.equality").wait_for()
    assert page.locator(".why").count() == 0
    lists.nth(4).select_option("index")
    page.locator("h2", has_text="Entry by entry").wait_for()
    lists.nth(1).select_option("row")
    page.locator("h2", has_text="Entry by entry").wait_for(state="detached")
    assert lists.nth(4).input_value() == "steps"
    lists.nth(0).select_option("expanded")
    page.locator("#switches select:disabled").first.wait_for()
    assert lists.nth(4).locator("option:disabled").all_text_contents() == ["index"]
    lists.nth(0).select_option("adjoint")
    lists.nth(1).select_option("column")
    page.locator(".why").first.wait_for()


@pytest.mark.skipif(AXE is None, reason="needs SYMBPTT_AXE, the file axe.min.js of axe-core")
@pytest.mark.parametrize("width", [1400, 360])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_nobody_is_left_out(page: Any, scheme: str, width: int) -> None:
    page.emulate_media(color_scheme=scheme)
    page.set_viewport_size({"width": width, "height": 900})
    page.evaluate(Path(AXE or "").read_text(encoding="utf-8"))
    found = page.evaluate("axe.run()")["violations"]
    assert [(rule["id"], [node["html"] for node in rule["nodes"]]) for rule in found] == []
    page.set_viewport_size({"width": 1400, "height": 900})
    page.emulate_media(color_scheme="light")


def test_light_dark_and_small(page: Any) -> None:
    ground = "getComputedStyle(document.body).backgroundColor"
    page.locator(":root[data-theme=light]").wait_for()
    light = page.evaluate(ground)
    page.emulate_media(color_scheme="dark")
    page.locator(":root[data-theme=dark]").wait_for()
    assert page.evaluate(ground) != light
    page.set_viewport_size({"width": 360, "height": 700})
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    page.set_viewport_size({"width": 1400, "height": 900})
    page.emulate_media(color_scheme="light")


def test_switches_tell_it_otherwise_and_the_address_keeps_it(page: Any) -> None:
    lists = page.locator("#switches select")
    lists.nth(3).select_option("bar")
    page.locator("#eq-4 annotation", has_text=r"\bar").first.wait_for(state="attached")
    assert page.url.endswith("#eq-4;adjoint;column;subscript;bar;steps")
    lists.nth(0).select_option("expanded")
    page.locator("#switches select:disabled").first.wait_for()
    assert page.url.endswith(";expanded;column;subscript;leibniz;steps")
    page.goto(page.url.partition("#")[0] + "#eq-4;adjoint;row;superscript;delta;steps")
    page.locator("#eq-4 annotation", has_text=r"\delta").first.wait_for(state="attached")
    assert lists.nth(1).input_value() == "row"
    assert page.locator("#eq-4").is_visible()
    assert [text for text in page.complaints if not text.startswith(("file:", "data:"))] == []
