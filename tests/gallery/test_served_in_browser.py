"""The served playground as a person at it has it, by mouse and by keyboard."""

from __future__ import annotations

import os
import shutil
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from symbptt.gallery.examining import examine
from symbptt.gallery.serving import HOST, application
from symbptt.gallery.workers import Workers
from symbptt.language import library
from symbptt.typeset.pdf import is_set_here
from tests.modules import some

playwright = pytest.importorskip("playwright.sync_api", reason="needs playwright")
uvicorn = pytest.importorskip("uvicorn", reason="needs uvicorn")
pytest.importorskip("starlette", reason="needs starlette")
CHROMIUM = shutil.which("chromium")
AXE = os.environ.get("SYMBPTT_AXE")
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="needs chromium")

CELL = "h[t] = tanh(W @ h[t-1] + U @ x[t])\nloss[t] = squared_error(h[t], y[t])\n"
BEGINS = {"pdf": b"%PDF", "ipynb": b"{", "json": b"{", "graph": b"<", "html": b"<!DOCTYPE html>"}


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    examples = [library.load(name) for name in ("linear", "gru")]
    app = application(examples, Workers(examine, 1, seconds=60))
    server = uvicorn.Server(uvicorn.Config(app, host=HOST, port=0, log_level="warning"))
    thread = threading.Thread(target=server.run)
    thread.start()
    while not server.started:
        time.sleep(0.02)
    yield f"http://{HOST}:{server.servers[0].sockets[0].getsockname()[1]}"
    server.should_exit = True
    thread.join()


@pytest.fixture(scope="module")
def page(address: str) -> Iterator[Any]:
    """A page that complains of nothing, and asks for nothing elsewhere, in all that is done."""
    complaints: list[str] = []
    with playwright.sync_playwright() as running:
        browser = running.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        context = browser.new_context(viewport={"width": 1300, "height": 900}, bypass_csp=bool(AXE))
        context.set_default_timeout(60_000)
        context.on("request", lambda asked: complaints.append(asked.url))
        opened = context.new_page()
        opened.on("console", lambda message: complaints.append(message.text))
        opened.on("pageerror", lambda error: complaints.append(str(error)))
        opened.goto(address)
        opened.locator("#told", has_text="derived in").wait_for()
        yield opened
        browser.close()
    own = (address, "data:", "blob:", "about:")
    assert [text for text in complaints if not text.startswith(own)] == []


def derived(page: Any, text: str) -> Any:
    """The page of a model, as soon as it stands there."""
    inner = page.frame_locator("#page")
    inner.locator(f"text={text}").first.wait_for()
    assert inner.locator(".katex-error").count() == 0
    return inner


def test_by_keyboard_a_model_is_typed_mended_and_proved(page: Any) -> None:
    page.locator("#example").focus()
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.id") == "model"
    page.keyboard.press("Control+a")
    page.keyboard.type(CELL.replace("tanh(", "tanh"))
    error = page.locator("#errors li").first
    error.wait_for()
    line, caret = error.locator("pre").inner_text().split("\n")
    assert line == CELL.replace("tanh(", "tanh").splitlines()[0] and "^" in caret
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "model"
    page.keyboard.press("Control+a")
    page.keyboard.type(CELL)
    page.locator("#errors li").first.wait_for(state="detached")
    inner = derived(page, "d_U = ")
    assert inner.locator(".graph svg a").count() > 3
    reached = tabbed(page)
    switches = {"form", "layout", "times", "derivatives", "detail"}
    assert switches | {"format", "save", "formula", "examine", "prove"} <= set(reached)
    page.locator("#prove").focus()
    page.keyboard.press("Enter")
    page.locator("#found[data-ok=true]").wait_for()
    page.locator("#formula").focus()
    page.keyboard.type("d(L, U) = sum(t, 1, T, outer(d(L, a[t]), h[t]))")
    page.keyboard.press("Enter")
    page.locator("#found[data-ok=false]").wait_for()
    assert "wrong" in page.inner_text("#found")


def tabbed(page: Any) -> list[str]:
    """What Tab comes by before the derivation, with a ring around it each time."""
    said = "((e) => [e.id || e.name, getComputedStyle(e).outlineStyle])(document.activeElement)"
    found: list[str] = []
    page.locator("#model").focus()
    while "page" not in found:
        page.keyboard.press("Tab")
        name, ring = page.evaluate(said)
        assert ring != "none" or name == "page", name
        found.append(name)
    return found


def test_a_formula_is_examined_and_mended(page: Any) -> None:
    page.fill("#model", CELL)
    derived(page, "d_U = ")
    page.fill("#formula", "d(L, h[T]) = -1/T * (h[T] - y[T])")
    page.click("#examine")
    page.locator("#found[data-ok=false]").wait_for()
    mended = [line for line in page.inner_text("#found").splitlines() if "d(L, h[T]) = 1" in line]
    page.fill("#formula", mended[-1].strip())
    page.click("#examine")
    page.locator("#found[data-ok=true]").wait_for()


def test_the_address_brings_it_back(page: Any) -> None:
    page.fill("#model", CELL.replace("tanh", "sin"))
    page.select_option("#choices [name=form]", "expanded")
    derived(page, "def P_h")
    page.reload()
    derived(page, "def P_h")
    assert page.input_value("#model") == CELL.replace("tanh", "sin")
    page.select_option("#choices [name=form]", "adjoint")


def test_every_format_is_saved(page: Any) -> None:
    page.select_option("#example", "linear")
    derived(page, "d_W_qh = ")
    formats = page.locator("#format option").all_text_contents()
    assert ("pdf" in formats) == is_set_here()
    for name in dict.fromkeys([*some(formats, 4), formats[-1]]):
        page.select_option("#format", name)
        with page.expect_download() as saved:
            page.click("#save")
        assert page.locator("#errors li").all_text_contents() == []
        data = Path(saved.value.path()).read_bytes()
        assert data.startswith(BEGINS.get(name, b"")) and len(data) > 300, name
        assert saved.value.suggested_filename.startswith("model.")


@pytest.mark.skipif(AXE is None, reason="needs SYMBPTT_AXE, the file axe.min.js of axe-core")
@pytest.mark.parametrize("width", [1300, 360])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_nobody_is_left_out(page: Any, scheme: str, width: int) -> None:
    page.emulate_media(color_scheme=scheme)
    page.set_viewport_size({"width": width, "height": 900})
    page.fill("#model", CELL.replace("tanh(", "tanh"))
    page.locator("#errors li").first.wait_for()
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    page.evaluate(Path(AXE or "").read_text(encoding="utf-8"))
    found = page.evaluate("axe.run()")["violations"]
    assert [(rule["id"], [node["html"] for node in rule["nodes"]]) for rule in found] == []
