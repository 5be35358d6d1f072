"""A gallery as its reader has it; the playground, too, where SYMBPTT_PYODIDE is a folder.

That folder is Pyodide's npm package, unpacked. Nothing is asked for outside of the site.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

from symbptt.gallery.building import site
from symbptt.language import library

playwright = pytest.importorskip("playwright.sync_api", reason="needs playwright")
CHROMIUM = shutil.which("chromium")
PYODIDE = os.environ.get("SYMBPTT_PYODIDE")
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="needs chromium")
needs_pyodide = pytest.mark.skipif(PYODIDE is None, reason="needs SYMBPTT_PYODIDE")
SECONDS = 1000


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("site")
    models = [library.load(name) for name in ("char_rnn", "linear")]
    site(out, models, proved=False, pyodide=PYODIDE, jobs=1)
    return out


class Silent(SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: object) -> None:
        pass


@pytest.fixture(scope="module")
def address(folder: Path) -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Silent, directory=str(folder)))
    Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    server.server_close()


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with playwright.sync_playwright() as running:
        started = running.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield started
        started.close()


@pytest.fixture
def page(browser: Any, address: str) -> Iterator[Any]:
    """A page that complains of nothing, and asks for nothing elsewhere, in all that is done."""
    context = browser.new_context(viewport={"width": 1300, "height": 900})
    opened, complaints = context.new_page(), []
    opened.on("console", lambda message: complaints.append(message.text))
    opened.on("pageerror", lambda error: complaints.append(str(error)))
    context.on("request", lambda asked: complaints.append(asked.url))
    yield opened
    own = (address, "data:", "file:", "blob:", "about:")
    assert [text for text in complaints if not text.startswith(own)] == []
    context.close()


def opened(page: Any, address: str, path: str) -> Any:
    page.goto(f"{address}/{path}")
    return page


@pytest.mark.parametrize("way", ["http", "file"])
@pytest.mark.parametrize("path", ["index.html", "models/linear.html"])
def test_pages_are_set(way: str, path: str, page: Any, address: str, folder: Path) -> None:
    opened(page, address if way == "http" else folder.as_uri(), path)
    assert page.locator(".katex").count() > 3
    assert page.locator(".katex-error").count() == 0
    assert page.evaluate("getComputedStyle(document.querySelector('h1')).fontSize") != "32px"


@pytest.mark.parametrize("path", ["index.html", "models/linear.html"])
def test_a_phone_shows_all_of_it(path: str, page: Any, address: str) -> None:
    page.set_viewport_size({"width": 360, "height": 800})
    opened(page, address, path)
    assert page.evaluate("document.documentElement.scrollWidth") == 360


def test_search_leads_to_an_equation(page: Any, address: str) -> None:
    opened(page, address, "index.html")
    page.fill("#query", "embedding x")
    assert page.locator(".card:visible").count() == 1
    page.locator("#found a", has_text="x[t] =").first.click()
    page.wait_for_url("**/char_rnn.html#eq-*")
    assert page.locator(".equality:target, .equality.lit").first.is_visible()


def test_features_choose(page: Any, address: str) -> None:
    opened(page, address, "index.html")
    page.get_by_role("button", name="embedding").press("Enter")
    assert page.locator(".card:visible code").all_text_contents() == ["char_rnn"]
    page.get_by_role("button", name="linear in its state").press("Space")
    assert page.locator(".card:visible").count() == 0
    assert "0 models" in page.inner_text("#told")


@needs_pyodide
def test_a_playground_derives_what_is_typed(page: Any, address: str) -> None:
    opened(page, address, "playground.html#model=char_rnn")
    page.wait_for_selector("#page[data-shown=yes]", timeout=60 * SECONDS)
    inner = page.frame_locator("#page")
    assert inner.locator(".katex").count() > 50
    assert inner.locator(".katex-error").count() == 0
    text = page.input_value("#model")
    page.fill("#model", text.replace("tanh(", "tanh"))
    page.wait_for_selector("#errors button", timeout=60 * SECONDS)
    page.locator("#errors button").first.click()
    assert page.evaluate("document.activeElement.id") == "model"
    page.fill("#model", text.replace("tanh", "relu"))
    inner.locator("text=relu").first.wait_for(timeout=60 * SECONDS)
    assert "#text=" in page.url
    for wish in ("tex", "module"):
        page.select_option("#format", wish)
        with page.expect_download(timeout=60 * SECONDS) as saved:
            page.click("#save")
        assert "made by symbptt" in Path(saved.value.path()).read_text(encoding="utf-8").lower()


@needs_pyodide
def test_a_playground_from_a_file_says_what_it_needs(page: Any, folder: Path) -> None:
    opened(page, folder.as_uri(), "playground.html")
    page.wait_for_selector("text=http.server")
