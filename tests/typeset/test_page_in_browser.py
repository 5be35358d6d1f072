"""The page as a reader has it: in a browser, by mouse and by keyboard."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from typing import Any

import pytest
from click.testing import CliRunner

from symbptt import cli

playwright = pytest.importorskip("playwright.sync_api", reason="needs playwright")
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


def test_light_dark_and_small(page: Any) -> None:
    ground = "getComputedStyle(document.body).backgroundColor"
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
    assert page.url.endswith("#eq-4;adjoint;column;subscript;bar")
    lists.nth(0).select_option("expanded")
    page.locator("#switches select:disabled").first.wait_for()
    assert page.url.endswith(";expanded;column;subscript;leibniz")
    page.goto(page.url.partition("#")[0] + "#eq-4;adjoint;row;superscript;delta")
    page.locator("#eq-4 annotation", has_text=r"\delta").first.wait_for(state="attached")
    assert lists.nth(1).input_value() == "row"
    assert page.locator("#eq-4").is_visible()
    assert [text for text in page.complaints if not text.startswith(("file:", "data:"))] == []
