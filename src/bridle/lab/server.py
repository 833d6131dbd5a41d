"""The lab's server: a page, a catalog and lessons, on this machine alone. Handlers are thin; lessons do the work.

Only this module and its two helpers (``security``, ``streaming``) know Starlette and uvicorn.
"""

from __future__ import annotations

import asyncio
import errno
import socket
import threading
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from types import FrameType
from typing import Any
from urllib.parse import parse_qsl

import uvicorn
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp
from uvicorn.protocols.http.h11_impl import H11Protocol

from .. import __version__
from ..errors import UsageError
from .catalog import catalog
from .downloads import Downloads
from .pages import TYPES
from .security import Guard, Secrets, refused
from .streaming import LessonStream
from .tables import Tables
from .uploads import Uploads
from .work import Compute, compute_late

HOST = "127.0.0.1"
FIRST_PORT = 8642
MOST_PORTS = 50
PIECE = 1 << 16  # bytes


def create_app(
    port: int,
    keys: Secrets,
    files: Mapping[str, bytes],
    lessons: Compute | None = None,
    stopping: threading.Event | None = None,
    tables: Tables | None = None,
) -> ASGIApp:
    """The application, guarded.

    Parameters
    ----------
    port : where it will listen: requests for another Host are refused.
    keys : the token and the cookie.
    files : the front end, by name.
    lessons : computes a lesson from a key, telling its progress.
    stopping : set when the server stops: ends lessons.
    tables : the person's own; none yet unless given.
    """
    # One lesson at a time: the engine uses every processor by itself, and a newer request cancels an older one.
    pool = ThreadPoolExecutor(1, thread_name_prefix="bridle-lab")
    stopping = stopping or threading.Event()
    tables = tables or Tables()
    lessons = lessons or partial(compute_late, tables=tables, stopping=stopping)

    async def page(request: Request) -> Response:
        name = request.path_params.get("name", "index.html")
        if name not in files:
            raise HTTPException(404)
        kind = TYPES[Path(name).suffix]
        return Response(files[name], headers={"content-type": kind, "cache-control": "no-cache"})

    async def tell_catalog(request: Request) -> Response:
        return JSONResponse(catalog(__version__), headers={"cache-control": "no-store"})

    async def tell_lesson(request: Request) -> Any:
        try:
            query = request.scope["query_string"].decode("ascii")
            given = parse_qsl(query, strict_parsing=True, errors="strict", max_num_fields=1)
        except ValueError:
            given = []
        if [name for name, _ in given] != ["key"]:
            return refused(400, "A lesson is asked for by one thing: ?key=, percent-encoded.")
        return LessonStream(lessons, given[0][1], pool, stopping)

    async def told_apart(request: Request, problem: Exception) -> Response:
        status = problem.status_code if isinstance(problem, HTTPException) else 500
        text = {404: "There is nothing here.", 405: "This server answers GET only."}.get(status)
        return refused(status, text or "This is a bug in bridle.")

    inner = Starlette(
        routes=[
            Route("/", page),
            Route("/api/catalog", tell_catalog),
            Route("/api/lesson", tell_lesson),
            *Uploads(tables).routes(),
            *Downloads(tables, pool, stopping).routes(),
            Route("/{name}", page),
        ],
        exception_handlers={HTTPException: told_apart, Exception: told_apart},
    )
    inner.router.redirect_slashes = False
    return Guard(inner, port, keys)


class _Protocol(H11Protocol):
    """HTTP, taking in what the system has in pieces that are cheap to hand on.

    asyncio asks for a quarter of a megabyte at a time. A block that large is fetched from the system and given back for
    each of the copies that are made on the way, which costs more than the copying.
    """

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        if hasattr(transport, "max_size"):
            transport.max_size = PIECE
        super().connection_made(transport)


class _Server(uvicorn.Server):
    """uvicorn, saying when it listens and telling lessons when it stops."""

    def __init__(
        self, config: uvicorn.Config, ready: Callable[[], None], stopping: threading.Event, tables: Tables
    ) -> None:
        super().__init__(config)
        self._ready, self._stopping, self._tables = ready, stopping, tables

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets=sockets)
        if self.started:
            threading.Thread(target=self._ready, daemon=True).start()
            self._tables.begin_named()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        await super().shutdown(sockets=sockets)
        self._tables.close()  # here: behind it uvicorn raises the signal again, and SIGTERM leaves no time

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        self._stopping.set()
        super().handle_exit(sig, frame)


def listen(port: int | None = None) -> socket.socket:
    """A socket on this machine alone: at ``port`` (0: any free one), else at the first free one from 8642.

    Raises
    ------
    UsageError
        Where the port asked for is taken or not allowed, or all of them are.
    """
    tries = range(FIRST_PORT, FIRST_PORT + MOST_PORTS) if port is None else (port,)
    for number in tries:
        opened = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        try:
            opened.setsockopt(
                socket.SOL_SOCKET, socket.SO_REUSEADDR, 1
            )  # past connections do not hold the port
            opened.bind((HOST, number))
            opened.listen(128)
            return opened
        except OSError as problem:
            opened.close()
            if port is not None:
                taken = problem.errno == errno.EADDRINUSE
                why = (
                    "is in use"
                    if taken
                    else f"cannot be opened ({(problem.strerror or str(problem)).lower()})"
                )
                raise UsageError(
                    f"Port {port} {why}; give another --port, or none to take a free one."
                ) from problem
    raise UsageError(
        f"Ports {tries[0]} to {tries[-1]} are all in use; give a free one with --port, or --port 0."
    )


def address(port: int, token: str) -> str:
    """What a browser has to open."""
    return f"http://{HOST}:{port}/?token={token}"


def serve(
    opened: socket.socket,
    keys: Secrets,
    files: Mapping[str, bytes],
    ready: Callable[[], None] = lambda: None,
    lessons: Compute | None = None,
    tables: Tables | None = None,
) -> None:
    """Answer until the process is told to stop; ``ready`` is called in a thread of its own once requests are answered.

    Ctrl-C comes through as KeyboardInterrupt after everything is closed.
    """
    stopping, tables = threading.Event(), tables or Tables()
    app = create_app(opened.getsockname()[1], keys, files, lessons, stopping, tables)
    config = uvicorn.Config(
        app,
        http=_Protocol,
        ws="none",
        loop="asyncio",
        lifespan="off",
        log_level="error",
        access_log=False,  # it would hold the token
        server_header=False,
        proxy_headers=False,
        timeout_graceful_shutdown=1,
        timeout_keep_alive=30,
    )
    try:
        _Server(config, ready, stopping, tables).run(sockets=[opened])
    finally:
        stopping.set()
        tables.close()
        opened.close()


__all__ = ["address", "create_app", "listen", "serve"]
