"""The playground of one person's machine: its page, and answers by processes of their own.

A browser's page on another address can't ask: what is asked has to come as JSON from this one.
"""

from __future__ import annotations

import json
import os
import socket
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from typing import TYPE_CHECKING, Any

from symbptt.algebra import Model
from symbptt.errors import OptionError
from symbptt.gallery.examining import examine
from symbptt.gallery.linked import SHARED, shared
from symbptt.gallery.playground import page_of
from symbptt.gallery.workers import BusyError, Workers, failed
from symbptt.templating import template_folder

if TYPE_CHECKING:
    from starlette.applications import Starlette
    from starlette.requests import Request
    from starlette.responses import Response

HOST = "127.0.0.1"
"""Nobody else's machine reaches it."""
PORT = 8642
LARGEST = 200_000
"""Bytes of a request."""

TYPES = {
    ".css": "text/css",
    ".js": "text/javascript",
    ".txt": "text/plain",
    ".woff2": "font/woff2",
}


def application(models: Sequence[Model], workers: Workers) -> Starlette:
    """What answers: the page at ``/``, what it links to, and requests at ``/answer``.

    Raises
    ------
    OptionError
        If Starlette is not installed.
    """
    try:
        from anyio import to_thread
        from starlette.applications import Starlette
        from starlette.middleware import Middleware
        from starlette.middleware.trustedhost import TrustedHostMiddleware
        from starlette.responses import JSONResponse, Response
        from starlette.routing import Route
    except ImportError as error:
        raise OptionError(_MISSING) from error

    files = shared() | {
        f"{SHARED}/{name}": (template_folder("gallery") / source).read_bytes()
        for name, source in (("playground.js", "playground.js"), ("ask.js", "asked.js"))
    }
    page = page_of(models, "made by symbptt: symbptt serve", served=True)

    async def front(_: Request) -> Response:
        return Response(page, media_type="text/html")

    async def file(request: Request) -> Response:
        name = f"{SHARED}/{request.path_params['name']}"
        if name not in files:
            return Response("there is no such file\n", status_code=404, media_type="text/plain")
        return Response(files[name], media_type=TYPES[name[name.rindex(".") :]])

    async def asked(request: Request) -> Response:
        if request.headers.get("content-type", "").partition(";")[0] != "application/json":
            return JSONResponse(failed("expected JSON"), status_code=415)
        body = b""
        async for part in request.stream():
            body += part
            if len(body) > LARGEST:
                said = f"a request has at most {LARGEST:,} bytes"
                return JSONResponse(failed(said), status_code=413)
        try:
            wanted = json.loads(body)
        except (ValueError, RecursionError):
            return JSONResponse(failed("expected JSON"), status_code=400)
        if not isinstance(wanted, dict):
            return JSONResponse(failed("expected an object of texts"), status_code=400)
        try:
            return JSONResponse(await to_thread.run_sync(workers.ask, wanted))
        except BusyError as error:
            return JSONResponse(failed(str(error)), status_code=503, headers={"Retry-After": "1"})

    @asynccontextmanager
    async def running(_: Starlette) -> AsyncIterator[None]:
        # As many threads wait as there may be requests, and one refuses the others at once.
        to_thread.current_default_thread_limiter().total_tokens = workers.waiting + 1
        yield
        workers.close()

    return Starlette(
        routes=[
            Route("/", front),
            Route("/shared/{name:path}", file),
            Route("/answer", asked, methods=["POST"]),
        ],
        # A name of another site that leads to this machine is not this machine's.
        middleware=[Middleware(TrustedHostMiddleware, allowed_hosts=[HOST, "localhost"])],
        lifespan=running,
    )


def serve(
    models: Sequence[Model],
    port: int = PORT,
    ready: Callable[[], None] = lambda: None,
    **limits: Any,
) -> None:
    """Answer until it is interrupted.

    Parameters
    ----------
    models : sequence of Model
        The examples.
    ready : callable
        Called as soon as somebody who asks is answered.
    limits
        As `symbptt.gallery.workers.Workers` takes them.

    Raises
    ------
    OptionError
        If Starlette or uvicorn is not installed, or another program has the port.
    """
    try:
        import uvicorn
    except ImportError as error:
        raise OptionError(_MISSING) from error
    workers = Workers(examine, os.cpu_count() or 1, **limits)
    server = uvicorn.Server(uvicorn.Config(application(models, workers), log_level="warning"))
    with _listening(port) as door, suppress(KeyboardInterrupt):
        ready()
        server.run(sockets=[door])


def _listening(port: int) -> socket.socket:
    try:
        return socket.create_server((HOST, port))
    except OSError as error:
        raise OptionError(
            f"can't answer at port {port}: {error.strerror}; take another one"
        ) from error


_MISSING = "the playground needs Starlette and uvicorn: pip install 'symbptt[web]'"
