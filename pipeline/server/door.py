"""The door to the uploads: what the tus library would do and we do not want is refused before it sees the request.

Only `creation`, `termination` and `expiration` are offered. Parts put together would need a second check of who owns
what; a length told later could not be held against the declared one; bytes with the creation are written by the
library itself, on the event loop; and a method hidden in a header goes past the check for other sites' requests.
"""

from __future__ import annotations

import asyncio

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from pipeline.server.pace import UPLOADS
from pipeline.server.problems import answer
from pipeline.server.turns import CURRENT, Turn

DRAINED_BYTES = 16 << 20
DRAINED_S = 3.0

_UNWANTED = ("x-http-method-override", "upload-concat", "upload-defer-length")


class Door:
    """Pure ASGI, behind the gate."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or not _is_upload(str(scope["path"])):
            await self.app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        unwanted = next((name for name in _UNWANTED if name in headers), None)
        if unwanted:
            await answer(400, "not_offered", f"{unwanted} is not offered here")(scope, receive, send)
            return
        if scope["method"] == "POST" and (headers.get("content-length", "0") != "0" or "transfer-encoding" in headers):
            await answer(400, "not_offered", "bytes with the creation are not offered here")(scope, receive, send)
            return
        visit = _Visit(receive, send)
        CURRENT.set(visit.turn)
        await self.app(scope, visit.receive, visit.send)


def _is_upload(path: str) -> bool:
    return path == UPLOADS or path.startswith(UPLOADS + "/")


class _Visit:
    """One request: its turn, and what is left of its body when the answer is early."""

    def __init__(self, receive: Receive, send: Send) -> None:
        self.turn = Turn()
        self._receive, self._send = receive, send
        self._ended = False

    async def receive(self) -> Message:
        message = await self.turn.receive(self._receive)
        self._ended = message["type"] != "http.request" or not message.get("more_body", False)
        return message

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            if message["status"] >= 400:
                await self._drain()
            headers = MutableHeaders(scope=message)
            if "location" in headers:  # the library's is made of what the browser says of proxies
                headers["location"] = f"{UPLOADS}/{headers['location'].rpartition('/')[2]}"
        await self._send(message)

    async def _drain(self) -> None:
        """Take some of a body that nobody wants: a browser that is still sending would not see the answer."""
        left = DRAINED_BYTES
        try:
            async with asyncio.timeout(DRAINED_S):
                while not self._ended and left > 0:
                    left -= len((await self.receive()).get("body", b""))
        except TimeoutError:
            return
