"""What every answer says to browsers, and what is answered when we fail."""

from __future__ import annotations

import logging

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from pipeline.server.problems import answer

log = logging.getLogger("pipeline.server")

ALWAYS = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=(), payment=(), usb=()",
}


def content_policy(hosts: tuple[str, ...] = ()) -> str:
    """What a page may load: what we ship, and tiles of the configured base map's hosts.

    SHA-256 in the browser is WebAssembly, which counts as script.
    """
    more = "".join(f" {host}" for host in hosts)
    return (
        "default-src 'self'; script-src 'self' 'wasm-unsafe-eval'; style-src 'self'; object-src 'none'; "
        f"base-uri 'none'; form-action 'self'; frame-ancestors 'none'; worker-src 'self' blob:; "
        f"img-src 'self' data: blob:{more}; connect-src 'self'{more}"
    )


class Shell:
    """The outermost layer: headers on every answer, and one form for what nobody foresaw."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        begun = False

        async def sent(message: Message) -> None:
            nonlocal begun
            if message["type"] == "http.response.start":
                begun = True
                _add(MutableHeaders(scope=message), str(scope["path"]))
            await send(message)

        try:
            await self.app(scope, receive, sent)
        except Exception:
            log.exception("%s %s failed", scope["method"], scope["path"])
            if begun:
                raise
            await answer(500, "server_error", "the server failed at this; its log says why")(scope, receive, sent)


def _add(headers: MutableHeaders, path: str) -> None:
    for name, value in ALWAYS.items():
        headers.setdefault(name, value)
    headers.setdefault("Content-Security-Policy", content_policy())
    if path.startswith(("/api", "/auth", "/metrics")):
        headers.setdefault("Cache-Control", "no-store")
