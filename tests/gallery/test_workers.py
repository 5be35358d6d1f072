"""Processes that answer: limits on time, memory and how much is asked at once."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from symbptt.gallery.workers import BusyError, Workers


def answering(request: Mapping[str, Any]) -> dict[str, Any]:
    """What a worker does here: its process, or something bad."""
    match request["do"]:
        case "wait":
            time.sleep(60)
        case "grow":
            bytearray(1 << 33)
        case "end":
            os._exit(3)
        case "nap":
            time.sleep(0.2)
    return {"pid": os.getpid()}


@pytest.fixture
def workers() -> Iterator[Workers]:
    found = Workers(answering, 1, seconds=1.0, memory=1 << 30, waiting=2)
    yield found
    found.close()


@pytest.mark.parametrize(
    ("do", "said"), [("wait", "within 1 s"), ("grow", "1024 MiB"), ("end", "ended")]
)
def test_a_process_that_fails_is_replaced(workers: Workers, do: str, said: str) -> None:
    failed = workers.ask({"do": do})
    assert said in failed["errors"][0]["message"]
    assert "pid" in workers.ask({"do": "nothing"})


def test_more_than_there_is_room_for_is_refused(workers: Workers) -> None:
    workers.ask({"do": "nothing"})
    found: list[Any] = []

    def ask() -> None:
        try:
            found.append(workers.ask({"do": "nap"}))
        except BusyError as error:
            found.append(error)

    threads = [threading.Thread(target=ask) for _ in range(5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    refused = [one for one in found if isinstance(one, BusyError)]
    assert len(found) == 5 and 1 <= len(refused) <= 3
    assert "ask again" in str(refused[0])
