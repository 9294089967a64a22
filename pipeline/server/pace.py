"""How many uploads move at the same time, so that two hundred at once do not make everybody else wait.

The event loop takes a step of every request that can take one before it looks at anything else. With few uploads
allowed to move at once, and in turn, it comes round often; the network holds the rest back.
"""

from __future__ import annotations

import asyncio

from starlette.types import ASGIApp, Message, Receive, Scope, Send

UPLOADS = "/api/uploads"
AT_ONCE = 4
BEGINNING_S = 0.25  # who has not come to its first byte by then waits for something else: a turn, a database
READING_S = 0.005  # who has nothing to read by then has a slow network


class Pace:
    """Pure ASGI, in front of the gate: finding out who asks is part of the work."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app
        self._places = asyncio.Semaphore(AT_ONCE)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or not str(scope["path"]).startswith(UPLOADS):
            await self.app(scope, receive, send)
            return
        place = _Place(self._places)
        await place.take(BEGINNING_S)

        async def paced() -> Message:
            place.free()
            await place.take(READING_S)
            try:
                return await receive()
            finally:
                place.free()

        try:
            await self.app(scope, paced, send)
        finally:
            place.free()


class _Place:
    """One request's, while it has one."""

    def __init__(self, places: asyncio.Semaphore) -> None:
        self._places = places
        self._late: asyncio.TimerHandle | None = None

    async def take(self, most_s: float) -> None:
        """Wait for a place, and keep it for so long at most."""
        await self._places.acquire()
        self._late = asyncio.get_running_loop().call_later(most_s, self.free)

    def free(self) -> None:
        if self._late is not None:
            self._late.cancel()
            self._late = None
            self._places.release()
