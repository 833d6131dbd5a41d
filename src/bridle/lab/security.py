"""Who may ask the lab's server what: checked before anything else sees a request.

The server listens on this machine alone, but every page that the person has open in a browser can send requests there.
So: a Host that is not ours is refused (DNS rebinding), an Origin that is not ours is refused, and nothing is answered
without a cookie that only the address with the token gives. Requests are small and have no body, but for the one that
brings a table: what changes something must say that it comes from our own page.
"""

from __future__ import annotations

import hmac
import secrets
import threading
from dataclasses import dataclass, field
from http.cookies import CookieError, SimpleCookie
from typing import Any
from urllib.parse import parse_qsl

from starlette.responses import JSONResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

LONGEST_QUERY = 2_000
LONGEST_PATH = 500
CHANGES = {("POST", "/api/table"), ("DELETE", "/api/table")}
CSP = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
HEADERS = {
    "content-security-policy": CSP,
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cross-origin-resource-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
}
NO_LEAVE = "Open the address that `bridle lab` printed: it holds the token of this run."


def _secret() -> str:
    return secrets.token_urlsafe(32)


@dataclass(repr=False)  # secrets belong into no traceback
class Secrets:
    """What lets a browser in.

    ``token`` stands in the printed address. ``pass_once`` makes a token for one use: the address handed to a browser is an
    argument of its process, which other users of the machine may read.
    """

    token: str = field(default_factory=_secret)
    cookie: str = field(default_factory=_secret)
    _once: set[str] = field(default_factory=set)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def pass_once(self) -> str:
        """A token that opens once."""
        made = _secret()
        with self._lock:
            self._once.add(made)
        return made

    def opens(self, token: str) -> bool:
        """Whether a token lets in; one for a single use does so no more."""
        if _same(token, self.token):
            return True
        with self._lock:
            found = next((known for known in self._once if _same(token, known)), None)
            self._once.discard(found or "")
        return found is not None


class Guard:
    """The ASGI application within, behind the checks; every answer gets the headers that hold a page in."""

    def __init__(self, app: ASGIApp, port: int, keys: Secrets) -> None:
        self.app, self.keys = app, keys
        self.cookie_name = f"bridle_lab_{port}"  # cookies know no ports: two labs must not take each other's
        self.hosts = {f"127.0.0.1:{port}", f"localhost:{port}"}
        if port == 80:  # browsers leave it out
            self.hosts |= {"127.0.0.1", "localhost"}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            if scope["type"] == "lifespan":
                await self.app(scope, receive, send)
            return  # no WebSockets here

        async def sealed(message: Message) -> None:
            if message["type"] == "http.response.start":
                own = {name for name, _ in message.get("headers", [])}
                message["headers"] = [
                    *message.get("headers", []),
                    *((k.encode(), v.encode()) for k, v in HEADERS.items() if k.encode() not in own),
                ]
            await send(message)

        answer = self._refusal(scope) or self._admission(scope)
        await (answer or self.app)(scope, receive, sealed)

    def _refusal(self, scope: Scope) -> Response | None:
        hosts, origins = _header(scope, b"host"), _header(scope, b"origin")
        if len(hosts) != 1 or hosts[0].lower() not in self.hosts:
            return refused(403, "This server answers to 127.0.0.1 and localhost only.")
        if any(origin.lower() != f"http://{hosts[0].lower()}" for origin in origins):
            return refused(403, "Another page may not ask this server.")
        changes = (scope["method"], scope["path"]) in CHANGES
        if scope["method"] != "GET" and not changes:
            return refused(405, "This server answers GET only.", {"allow": "GET"})
        if changes and len(origins) != 1:
            return refused(403, "Only the lab's own page may send or drop a table.")
        lengths = _header(scope, b"content-length")
        sends = scope["method"] == "POST" and len(lengths) == 1
        if _header(scope, b"transfer-encoding") or (not sends and any(n.strip() != "0" for n in lengths)):
            return refused(413, "Requests to this server have no body.")
        if len(scope["query_string"]) > LONGEST_QUERY or len(scope.get("raw_path") or b"") > LONGEST_PATH:
            return refused(414, f"A query has at most {LONGEST_QUERY:,} characters.")
        return None

    def _admission(self, scope: Scope) -> Response | None:
        """The cookie for the token; a refusal where there is neither; None where the cookie is there."""
        query = scope["query_string"]
        if scope["path"] == "/" and query.startswith(b"token="):
            given = parse_qsl(query.decode("latin-1"), keep_blank_values=True)
            if [name for name, _ in given] != ["token"] or not self.keys.opens(given[0][1]):
                return refused(403, f"This token is not, or no longer, valid. {NO_LEAVE}")
            response = Response(status_code=303, headers={"location": "/", "cache-control": "no-store"})
            response.set_cookie(
                self.cookie_name, self.keys.cookie, path="/", httponly=True, samesite="strict"
            )
            return response
        if not any(_same(value, self.keys.cookie) for value in _cookies(scope, self.cookie_name)):
            return refused(403, NO_LEAVE)
        return None


def refused(status: int, text: str, headers: dict[str, str] | None = None) -> JSONResponse:
    """One clear error."""
    return JSONResponse({"message": text}, status, {"cache-control": "no-store", **(headers or {})})


def _same(a: str, b: str) -> bool:
    return hmac.compare_digest(a.encode("utf-8", "replace"), b.encode("utf-8", "replace"))


def _header(scope: Scope, name: bytes) -> list[str]:
    pairs: Any = scope["headers"]
    return [value.decode("latin-1") for key, value in pairs if key == name]


def _cookies(scope: Scope, name: str) -> list[str]:
    out = []
    for header in _header(scope, b"cookie"):
        for piece in header.split(";"):  # one by one: SimpleCookie gives up on all of them when one is odd
            try:
                jar = SimpleCookie(piece.strip())
            except CookieError:
                continue
            out += [jar[name].value] if name in jar else []
    return out


__all__ = ["CSP", "HEADERS", "LONGEST_QUERY", "NO_LEAVE", "Guard", "Secrets", "refused"]
