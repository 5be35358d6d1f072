"""The playground's server: what it answers, what it refuses, many at once."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from http.client import HTTPConnection
from typing import Any

import pytest

from symbptt.gallery.examining import examine
from symbptt.gallery.serving import HOST, LARGEST, application
from symbptt.gallery.workers import Workers
from symbptt.language import library
from tests.modules import EXHAUSTIVE

uvicorn = pytest.importorskip("uvicorn", reason="needs uvicorn")
pytest.importorskip("starlette", reason="needs starlette")
LSTM = library.load("lstm").text
JSON = "application/json"


class Client:
    """Somebody's browser, on this machine."""

    def __init__(self, port: int) -> None:
        self.port = port

    def ask(self, method: str, path: str, body: str = "", **headers: str) -> tuple[int, str, str]:
        """Status, type and text of the answer."""
        with closing(HTTPConnection(HOST, self.port, timeout=60)) as connection:
            connection.request(method, path, body.encode(), headers)
            found = connection.getresponse()
            text = found.read().decode("utf-8", "replace")
        return found.status, found.headers["content-type"], text

    def post(self, body: str, kind: str = JSON) -> tuple[int, Any]:
        status, _, text = self.ask("POST", "/answer", body, **{"Content-Type": kind})
        return status, json.loads(text)

    def answer(self, **request: Any) -> Any:
        return self.post(json.dumps(request))[1]


@pytest.fixture(scope="module")
def client() -> Iterator[Client]:
    with served(Workers(examine, 2)) as found:
        yield found


@contextmanager
def served(workers: Workers) -> Iterator[Client]:
    app = application([library.load("lstm"), library.load("linear")], workers)
    server = uvicorn.Server(uvicorn.Config(app, host=HOST, port=0, log_level="warning"))
    thread = threading.Thread(target=server.run)
    thread.start()
    while not server.started:
        time.sleep(0.02)
    try:
        yield Client(server.servers[0].sockets[0].getsockname()[1])
    finally:
        server.should_exit = True
        thread.join()


def test_the_page_and_what_it_links_to(client: Client) -> None:
    status, _, page = client.ask("GET", "/")
    assert status == 200 and "Playground" in page and "Is it right?" in page
    for name in ("playground.js", "ask.js", "katex.min.js", "site.css", "katex.min.css"):
        status, kind, _ = client.ask("GET", f"/shared/{name}")
        assert (
            status == 200
            and kind.startswith("text/")
            and name in page + "katex.min.css katex.min.js"
        )
    for path in ("/shared/../../pyproject.toml", "/shared/nothing.js", "/pyproject.toml"):
        assert client.ask("GET", path)[0] == 404


def test_what_is_asked_is_answered(client: Client) -> None:
    found = client.answer(model=LSTM)
    assert "page" in found and "state" in found["shapes"]
    assert client.answer(model="h[t] = tanh(W @ h[t+1])")["errors"][0]["line"] == 1
    formula = "d(L, h[T]) = W_qh.T @ d(L, s[T])"
    assert client.answer(model=LSTM, want="verdict", formula=formula)["ok"]
    wrong = client.answer(model=LSTM, want="verdict", formula=formula.replace(".T", ""))
    assert not wrong["ok"] and "a missing transpose" in wrong["told"]
    assert client.answer(model=library.load("recurrence").text, want="proof")["told"]


BAD = {
    "no end": ("{", JSON, 400),
    "deep": ("[" * 100_000, JSON, 400),
    "a list": ("[]", JSON, 400),
    "too large": (json.dumps({"model": "x" * LARGEST}), JSON, 413),
    "from a form of another page": (json.dumps({"model": LSTM}), "text/plain", 415),
}


@pytest.mark.parametrize(("body", "kind", "status"), BAD.values(), ids=BAD)
def test_what_is_no_request_is_refused(client: Client, body: str, kind: str, status: int) -> None:
    found, said = client.post(body, kind)
    assert found == status and said["errors"][0]["message"]


@pytest.mark.parametrize(
    "asked",
    [{"model": 3}, {"modell": "x"}, {"model": "h[t] = h[t-1]", "want": "../../etc/passwd"}],
    ids=["a number", "a slip", "a file"],
)
def test_what_there_is_not_is_told(client: Client, asked: dict[str, Any]) -> None:
    assert client.answer(**asked)["errors"]


def test_another_sites_name_is_refused(client: Client) -> None:
    assert client.ask("GET", "/", Host="example.org")[0] == 400


def test_many_at_once(client: Client) -> None:
    count = 50 if EXHAUSTIVE else 8
    edits = [f"{LSTM}# {number}\n" for number in range(count)]
    with ThreadPoolExecutor(count) as pool:
        found = list(pool.map(lambda text: client.answer(model=text), edits))
    assert all("page" in one for one in found)


def napping(request: Mapping[str, Any]) -> dict[str, Any]:
    time.sleep(0.5)
    return dict(request)


def test_more_than_is_answered_is_refused_at_once() -> None:
    asked = [json.dumps({"number": number}) for number in range(20)]
    with served(Workers(napping, 1, waiting=3)) as client, ThreadPoolExecutor(len(asked)) as pool:
        client.answer(begun="yes")
        began = time.monotonic()
        statuses = [status for status, _ in pool.map(client.post, asked)]
        # One after the other they would take ten seconds.
        assert time.monotonic() - began < 6
        assert statuses.count(503) > 10 and statuses.count(200) >= 3
        assert client.answer(still="there") == {"still": "there"}
