"""Processes that answer requests, each with a limit on its time and its memory."""

from __future__ import annotations

import multiprocessing
import os
import resource
import signal
from collections.abc import Callable, Mapping
from contextlib import suppress
from multiprocessing import resource_tracker
from multiprocessing.connection import Connection
from queue import Empty, LifoQueue
from threading import BoundedSemaphore
from typing import Any

from symbptt.errors import SymbpttError

SECONDS = 20.0
"""For one answer."""
START = 60.0
"""For a process to be there."""
MEMORY = 1 << 30
"""Bytes that a process may take."""
WAITING = 100
"""Requests at once, those that wait for a process included."""

Request = Mapping[str, Any]
Answer = dict[str, Any]
Answering = Callable[[Request], Answer]


class BusyError(SymbpttError):
    """More is asked at once than is answered."""


class Worker:
    """One process; one that takes too long, or ends, is replaced."""

    def __init__(self, answering: Answering, seconds: float, memory: int) -> None:
        self.answering, self.seconds, self.memory = answering, seconds, memory
        self._start()

    def _start(self) -> None:
        # What the server has open, sockets above all, is not handed on.
        context = multiprocessing.get_context("spawn")
        self.here, there = context.Pipe()
        self.process = context.Process(
            target=_serve, args=(there, self.answering, self.memory), daemon=True
        )
        # An interruption is for the server, also while this process loads. What keeps track of
        # resources would let it through again where it begins.
        resource_tracker.ensure_running()
        before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
        try:
            self.process.start()
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, before)
        assert self.process.pid is not None
        self.pid = self.process.pid
        there.close()
        self.ready = False

    def ask(self, request: Request) -> Answer:
        """The answer, or in its place why there is none."""
        try:
            if not self.ready and self.here.poll(START):
                self.ready = self.here.recv()
            self.here.send(dict(request))
            if self.here.poll(self.seconds):
                found: Answer = self.here.recv()
                return found
            said = f"no answer within {self.seconds:g} s: it was given up"
        except (EOFError, OSError):
            said = "the process that worked on it ended"
        self.end()
        self._start()
        return failed(said)

    def end(self) -> None:
        self.here.close()
        # With what it has started, a TeX engine for instance; alone where it has not begun.
        with suppress(ProcessLookupError):
            os.killpg(self.pid, signal.SIGKILL)
        self.process.kill()
        self.process.join()
        self.process.close()


class Workers:
    """A number of them, asked one request each at a time.

    Parameters
    ----------
    answering : callable
        A function of a module, from a request to an answer.
    """

    def __init__(
        self,
        answering: Answering,
        count: int,
        *,
        seconds: float = SECONDS,
        memory: int = MEMORY,
        waiting: int = WAITING,
    ) -> None:
        self.waiting = waiting
        self._free: LifoQueue[Worker] = LifoQueue()
        self._room = BoundedSemaphore(waiting)
        self._every = [Worker(answering, seconds, memory) for _ in range(count)]
        for worker in self._every:
            self._free.put(worker)

    def ask(self, request: Request) -> Answer:
        """The answer of whichever is free first.

        Raises
        ------
        BusyError
            If too many wait already.
        """
        if not self._room.acquire(blocking=False):
            raise BusyError("too much is asked at once: ask again in a moment")
        try:
            worker = self._free.get()
            try:
                return worker.ask(request)
            finally:
                self._free.put(worker)
        finally:
            self._room.release()

    def close(self) -> None:
        """End the processes; nothing is asked any more."""
        while True:
            try:
                self._free.get_nowait()
            except Empty:
                break
        for worker in self._every:
            worker.end()


def failed(message: str) -> Answer:
    """An answer that says why there is none."""
    return {"errors": [{"message": message, "line": 0, "column": 0, "width": 0}]}


def _serve(asked: Connection, answering: Answering, memory: int) -> None:
    os.setpgid(0, 0)
    resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    asked.send(True)
    while True:
        try:
            request = asked.recv()
        except (EOFError, OSError, KeyboardInterrupt):
            return
        try:
            found = answering(request)
        except MemoryError:
            found = failed(f"it takes more than {memory >> 20} MiB: it was given up")
        asked.send(found)
