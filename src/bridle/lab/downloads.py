"""The model of a table and its report as files for the browser to save: attachments, never shown as a page of the lab."""

from __future__ import annotations

import asyncio
import os
import tempfile
import threading
from collections.abc import Callable
from concurrent.futures import Executor
from typing import Any
from urllib.parse import parse_qsl

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from ..errors import BridleError
from .security import refused
from .tables import Tables, remove
from .work import Cancelled


class Downloads:
    """Answers with a file made of the model that a key asks for, fitted again where it is no longer remembered."""

    def __init__(self, tables: Tables, pool: Executor, stopping: threading.Event) -> None:
        self.tables, self.pool, self.stopping = tables, pool, stopping

    def routes(self) -> list[Route]:
        """What the server adds."""
        return [
            Route("/api/report", self._answering("bridle-report.html", "text/html; charset=utf-8", _report)),
            Route("/api/model", self._answering("model.bridle", "application/octet-stream", _model)),
        ]

    def _answering(self, name: str, kind: str, make: Callable[[Any, str], bytes]) -> Any:
        async def answer(request: Request) -> Response:
            given = parse_qsl(request.scope["query_string"].decode("latin-1"), keep_blank_values=True)
            if [field for field, _ in given] != ["key"]:
                return refused(400, "A file is asked for by one thing: ?key=, percent-encoded.")
            work = asyncio.get_running_loop().run_in_executor(self.pool, self._made, given[0][1], make)
            try:
                content = await work
            except BridleError as problem:
                return refused(422, str(problem))
            except Cancelled:
                return refused(503, "The server is stopping.")
            headers = {"content-type": kind, "content-disposition": f'attachment; filename="{name}"'}
            return Response(content, headers={**headers, "cache-control": "no-store"})

        return answer

    def _made(self, key: str, make: Callable[[Any, str], bytes]) -> bytes:
        from ..errors import UsageError
        from .keys import Key
        from .yours import model_of

        def progress(stage: str, share: float) -> None:
            if self.stopping.is_set():
                raise Cancelled

        asked = Key.parse(key)
        if asked.kind != "yours":
            raise UsageError("Only the model of a table of one's own can be saved.")
        model = self.tables.beside(lambda tell: model_of(asked, tell, self.tables), progress)
        return make(model, self.tables.folder())


def _report(model: Any, folder: str) -> bytes:
    from ..reporting import report

    return report(model).encode("utf-8", "backslashreplace")


def _model(model: Any, folder: str) -> bytes:
    """The file as ``Model.save`` writes it."""
    handle, path = tempfile.mkstemp(dir=folder)
    os.close(handle)
    try:
        model.save(path)
        with open(path, "rb") as file:
            return file.read()
    finally:
        remove(path)


__all__ = ["Downloads"]
