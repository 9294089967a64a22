"""Whose turn it is to send bytes of an upload.

A laptop that was shut, or a network that was cut, leaves a connection behind that nobody will ever end. When its
browser comes back, the silent one has to give way; one that still brings bytes has not.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from contextvars import ContextVar

from fastapi import HTTPException
from starlette.types import Message, Receive

SILENT_S = 5.0  # after which another may take over
WAIT_S = 15.0  # how long that other waits for its turn
LOOK_S = 0.5  # how often it looks
IDLE_S = 120.0  # after which a connection is given up even if nobody asks for its place

_GONE: Message = {"type": "http.disconnect"}


class Turn:
    """A request that brings bytes."""

    def __init__(self) -> None:
        self.done = asyncio.Event()
        self._heard_at = time.monotonic()
        self._patience: asyncio.Timeout | None = None
        self._over = False

    async def receive(self, receive: Receive) -> Message:
        """The next piece of the body; as if the browser had gone when the turn is over, or when it fell silent."""
        if self._over:
            return _GONE
        try:
            async with asyncio.timeout(IDLE_S) as self._patience:
                message = await receive()
        except TimeoutError:
            self._over = True
            return _GONE
        finally:
            self._patience = None
        self._heard_at = time.monotonic()
        return message

    def give_way(self) -> None:
        """End a turn in which nothing has come for a while."""
        if time.monotonic() - self._heard_at < SILENT_S:
            return
        self._over = True
        if self._patience is not None:
            self._patience.reschedule(asyncio.get_running_loop().time())


def _current() -> Turn:
    try:
        return CURRENT.get()
    except LookupError:
        return Turn()


CURRENT: ContextVar[Turn] = ContextVar("turn")  # of the request that runs; the tus library has no place for it


class Turns:
    """The turns of all uploads; used in the event loop only."""

    def __init__(self) -> None:
        self._now: dict[str, Turn] = {}

    @asynccontextmanager
    async def taken(self, uid: str) -> AsyncIterator[None]:
        """Be the only one; raises HTTPException 423 when another goes on sending."""
        until = time.monotonic() + WAIT_S
        while (other := self._now.get(uid)) is not None:
            if time.monotonic() > until:
                raise HTTPException(423, "this file is being sent by another page")
            other.give_way()
            with suppress(TimeoutError):
                await asyncio.wait_for(other.done.wait(), LOOK_S)
        mine = self._now[uid] = _current()
        try:
            yield
        finally:
            del self._now[uid]
            mine.done.set()
