"""Tables sent by the page: streamed into the private folder, a few at a time, each up to a limit, dropped when given up.

The body is the file as it is. Its name comes in the query and is only shown. What a page is told of a table is what it may
know: an opaque name, the name to show, the size.
"""

from __future__ import annotations

import asyncio
import errno
import os
import shutil
import tempfile
from collections.abc import Callable
from urllib.parse import parse_qsl

from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from ..errors import UsageError
from .security import refused
from .tables import Tables, remove

LARGEST = 2 << 30
MOST_AT_ONCE = 4
RETRY_AFTER = 5
PATIENCE = 60.0  # seconds without a byte
READ_AND_FORGET = 1 << 28  # of what is refused: a browser reads no answer before it has sent its file
NO_STORE = {"cache-control": "no-store"}


class Uploads:
    """Answers about tables: sent, listed, dropped."""

    def __init__(self, tables: Tables, largest: int = LARGEST, most: int = MOST_AT_ONCE) -> None:
        self.tables, self.largest, self.most = tables, largest, most
        self._now = 0

    def routes(self) -> list[Route]:
        """What the server adds."""
        return [
            Route("/api/table", self.change, methods=["POST", "DELETE"]),
            Route("/api/tables", self.tell, methods=["GET"]),
        ]

    async def tell(self, request: Request) -> Response:
        """The tables there are, and what may be sent."""
        listed = [held.described() for held in self.tables.listed()]
        return JSONResponse({"tables": listed, "largest": self.largest}, headers=NO_STORE)

    async def change(self, request: Request) -> Response:
        """A table comes, or goes."""
        return await (self._take(request) if request.method == "POST" else self._drop(request))

    async def _drop(self, request: Request) -> Response:
        given = _query(request, "id")
        if given is None or not self.tables.drop(given):
            return refused(404, "There is no such table, or no more.")
        return JSONResponse({"dropped": given}, headers=NO_STORE)

    async def _take(self, request: Request) -> Response:
        problem = self._problem(request)
        if problem is not None:
            await _forget(request)
            return problem
        self._now += 1
        try:
            return await self._received(request, _query(request, "name") or "")
        except ClientDisconnect:
            return refused(400, "The file ended before it was whole.")
        except TimeoutError:
            return refused(408, f"Nothing came for {PATIENCE:.0f} seconds; send the file again.")
        except UsageError as found:
            return refused(503, str(found))
        except OSError as found:
            full = found.errno in (errno.ENOSPC, errno.EDQUOT)
            why = "the disk is full" if full else (found.strerror or str(found)).lower()
            return refused(507, f"The file cannot be kept: {why}.")
        finally:
            self._now -= 1

    def _problem(self, request: Request) -> Response | None:
        """Why a file is not taken, before a byte of it is read."""
        if request.headers.get("content-type") != "application/octet-stream":
            return refused(415, "A table is sent as application/octet-stream.")
        length = request.headers.get("content-length", "")
        if not (length.isascii() and length.isdigit()):
            return refused(411, "A table is sent with its length.")
        if int(length) > self.largest:
            return refused(
                413,
                f"The file has {int(length) / 1e6:,.0f} MB; the page takes at most {self.largest / 1e6:,.0f}. "
                "Larger ones are opened where they lie: bridle lab TABLE.",
            )
        if int(length) == 0:
            return refused(400, "The file is empty: there is no header line and no data in it.")
        if self._now >= self.most:
            return refused(
                429,
                f"{self.most} files are on their way already; try again in a few seconds.",
                {"retry-after": str(RETRY_AFTER)},
            )
        return None

    async def _received(self, request: Request, name: str) -> Response:
        folder = self.tables.folder()
        length = int(request.headers["content-length"])
        if shutil.disk_usage(folder).free < length:
            await _forget(request)
            raise OSError(errno.ENOSPC, "the disk is full")
        handle, path = tempfile.mkstemp(dir=folder)  # 0600, a name of its own
        ahead, kept = None, False
        try:
            ahead = self.tables.begin(path, name, length)
            with os.fdopen(handle, "wb") as file:

                def take(piece: bytes) -> bool:
                    file.write(piece)
                    if ahead is not None:
                        file.flush()
                        ahead.grown(file.tell())
                    return True

                await _patiently(request, take)
                seen = file.tell()
            if seen != length:
                raise ClientDisconnect
            held, said = self.tables.add(path, name, ahead)
            kept = True
        finally:
            if not kept:
                remove(path)
                if ahead is not None:
                    ahead.leave()
        return JSONResponse({**held.described(), "said": said}, headers=NO_STORE)


async def _patiently(request: Request, take: Callable[[bytes], bool]) -> None:
    """Hand over the pieces of a body as long as they come and are taken."""
    now = asyncio.get_running_loop().time
    async with asyncio.timeout(PATIENCE) as limit:
        async for piece in request.stream():
            if not take(piece):
                return
            limit.reschedule(now() + PATIENCE)


async def _forget(request: Request) -> None:
    """Read what is refused, up to a limit, so that the answer arrives."""
    left = READ_AND_FORGET

    def take(piece: bytes) -> bool:
        nonlocal left
        left -= len(piece)
        return left >= 0

    try:
        await _patiently(request, take)
    except (ClientDisconnect, TimeoutError):
        return


def _query(request: Request, name: str) -> str | None:
    """The one field of a query; None where it is not that."""
    try:
        query = request.scope["query_string"].decode("ascii")
        given = parse_qsl(query, keep_blank_values=True, errors="replace", max_num_fields=1)
    except ValueError:
        return None
    return given[0][1] if [field for field, _ in given] == [name] else None


__all__ = ["LARGEST", "MOST_AT_ONCE", "Uploads"]
