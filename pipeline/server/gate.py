"""In front of everything: who asks is found out before any route is looked at.

Pure ASGI, so that uploads and event streams pass through byte by byte.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from hmac import compare_digest
from typing import TypeVar

from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.requests import cookie_parser
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from pipeline.server.access import Who
from pipeline.server.database import Database
from pipeline.server.hosts import Hosts, same_origin
from pipeline.server.limits import Limits, check
from pipeline.server.pace import UPLOADS
from pipeline.server.problems import Problem, answer
from pipeline.server.sessions import COOKIE, by_cookie, by_token

SAFE = ("GET", "HEAD", "OPTIONS")
BODY_MAX = 8 * 1024 * 1024  # bytes of JSON: two thousand names of files are one
T = TypeVar("T")
THREADS = 8  # of its own: routes that take long must not hold up the gate


class Gate:
    """Lets strangers reach the pages and /auth only; everybody else is known as `request.state.who`."""

    def __init__(self, app: ASGIApp, database: Database, limits: Limits, hosts: Hosts) -> None:
        self.app, self._database, self._limits, self._hosts = app, database, limits, hosts
        self._threads = ThreadPoolExecutor(THREADS, "gate")

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        try:
            await self._admit(scope)
        except Problem as why:
            await answer(why.status, why.code, why.message, why.detail)(scope, receive, send)
            return
        await self.app(scope, _bounded(scope, receive), send)

    async def _admit(self, scope: Scope) -> None:
        path, headers = str(scope["path"]), Headers(scope=scope)
        self._hosts.check(headers.get("host", ""))
        private = first_part(path) in ("api", "metrics")
        if not private and first_part(path) in ("assets", "healthz"):
            return
        known = await self._who(scope, headers)
        if known is None and private:
            raise Problem(401, "sign_in", "sign in first")
        if known is not None:
            scope.setdefault("state", {})["who"] = known
            if private:
                check((self._limits.asker, known.user_id))
        if any(ord(sign) < 32 or ord(sign) == 127 for sign in path):
            raise Problem(404, "not_found", "there is no such address")
        if first_part(path) == "auth" and scope["method"] not in SAFE:
            _must_be_our_page(headers)

    async def _who(self, scope: Scope, headers: Headers) -> Who | None:
        """Who asks; raises Problem 403 when a change is asked for in a way that another site could have caused."""
        given = headers.get("authorization", "")
        if given[:7].lower() == "bearer ":
            return await self._by_token(given[7:].strip(), str(scope["method"]))
        cookie = cookie_parser("; ".join(headers.getlist("cookie"))).get(COOKIE, "")
        if not cookie:
            return None
        known = await self._apart(by_cookie, cookie)
        if known is not None and scope["method"] not in SAFE and first_part(str(scope["path"])) != "auth":
            _must_be_meant(headers, known)
        return known

    async def _by_token(self, token: str, method: str) -> Who | None:
        found = await self._apart(by_token, token)
        if found is None:
            return None
        known, may_write = found
        if method not in SAFE and not may_write:
            raise Problem(403, "token_reads", "this token is for reading only")
        return known

    async def _apart(self, work: Callable[[Database, str], T], given: str) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._threads, work, self._database, given)


def first_part(path: str) -> str:
    """The first part of a path that is not empty, in lower case: //API/x is no way round the gate."""
    return path.lstrip("/").partition("/")[0].casefold()


def _must_be_meant(headers: Headers, known: Who) -> None:
    if not same_origin(headers):
        raise Problem(403, "other_site", "this was asked for by another site")
    if not compare_digest(headers.get("x-csrf-token", "").encode(), known.csrf.encode()):
        raise Problem(403, "csrf", "the page is out of date; load it again")


def _must_be_our_page(headers: Headers) -> None:
    """Before there is a session: no form of another site can send JSON, and no script of it is allowed to."""
    if not same_origin(headers):
        raise Problem(403, "other_site", "this was asked for by another site")
    if headers.get("content-type", "").partition(";")[0].strip().lower() != "application/json":
        raise Problem(415, "json", "send JSON (Content-Type: application/json)")


def _bounded(scope: Scope, receive: Receive) -> Receive:
    """Bodies that end: uploads have a size of their own, anything else is short."""
    if str(scope["path"]).startswith(UPLOADS):
        return receive
    seen = 0

    async def counted() -> Message:
        nonlocal seen
        message = await receive()
        seen += len(message.get("body", b""))
        if seen > BODY_MAX:
            raise HTTPException(413, "too much at once")
        return message

    return counted
