"""How much is read from a connection at once: little, so that two hundred that bring something are soon gone round."""

from __future__ import annotations

import asyncio
from contextlib import suppress

from uvicorn.protocols.http.h11_impl import H11Protocol

READ_BYTES = 64 * 1024  # asyncio reads four times that; all of it is copied thrice before anybody can say stop


class Protocol(H11Protocol):
    """uvicorn's own, with smaller reads where the event loop lets one choose (on Windows they are as small anyway)."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        with suppress(AttributeError):
            transport.max_size = READ_BYTES  # type: ignore[attr-defined]
        super().connection_made(transport)
