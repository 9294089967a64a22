"""`qianliyan serve`: the web application on this computer."""

from __future__ import annotations

import ipaddress
import logging
import os
import socket
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from pipeline.cli import show
from pipeline.cli.options import must_be_text
from pipeline.errors import OutputError, PipelineError

if TYPE_CHECKING:
    from fastapi import FastAPI

    from pipeline.server.settings import Settings

RESTART_S = 3  # for the server before this one to let go of the folder
GRACE_S = 5  # for answers on their way when the server ends; event streams never end by themselves
PROXIES = "127.0.0.1,::1"  # whose word about https and addresses is believed: a reverse proxy on this computer


def serve(
    host: Annotated[str, typer.Option("--host", metavar="ADDRESS", help="Where to listen.")] = "127.0.0.1",
    port: Annotated[int, typer.Option("--port", metavar="N", min=0, max=65535, help="0: any free one.")] = 8000,
    data: Annotated[
        Path, typer.Option("--data", metavar="FOLDER", help="Everything is kept there; made when missing.")
    ] = Path("qianliyan-data"),
    workers: Annotated[
        int, typer.Option("--workers", metavar="N", min=1, max=64, help="Flights searched at the same time.")
    ] = 1,
    name: Annotated[
        list[str] | None,
        typer.Option("--name", metavar="NAME", help="A host name with dots by which people reach it; may be repeated."),
    ] = None,
) -> None:
    """Run the web application; Ctrl-C ends it.

    The first start prints a link that sets it up. QLY_DATABASE_URL names a PostgreSQL database in place of SQLite.
    """
    from pipeline.hold import held
    from pipeline.server.settings import Settings, prepare

    must_be_text(host, data, *(name or ()))
    listening = _listen(host, port)
    port = int(listening.getsockname()[1])
    names = tuple(n.casefold().rstrip(".") for n in (*(name or ()), socket.gethostname()))
    url = os.environ.get("QLY_DATABASE_URL", "")
    settings = Settings(data.absolute(), host, port, url, workers, names=names)
    prepare(settings)
    with listening, held(settings.data / "serve.lock", RESTART_S):
        app = _application(settings)
        _greet(app, settings, _address(host, port))
        _run(app, listening)
    show.say("已停止 stopped")


def _listen(host: str, port: int) -> socket.socket:
    """A bound socket, before anything else is touched: a second server on the same port must not get further."""
    try:
        family = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0][0]
        return socket.create_server((host, port), family=family, backlog=2048)
    except OSError as why:
        reason = os.strerror(why.errno) if why.errno and why.errno > 0 else str(why)
        raise OutputError(f"cannot listen at {host}, port {port} ({reason}); --port takes another one") from why


def _application(settings: Settings) -> FastAPI:
    from pipeline.server.app import create_app

    _must_be_address(settings)
    try:
        return create_app(settings)
    except ModuleNotFoundError as why:
        if why.name != "psycopg":
            raise
        raise PipelineError("PostgreSQL needs one more package: pip install -r requirements-postgres.lock") from why


def _must_be_address(settings: Settings) -> None:
    """What is wrong with it is not said in the library's words: they would hold the address, and that a password."""
    from sqlalchemy import make_url
    from sqlalchemy.exc import ArgumentError

    try:
        right = make_url(settings.url).drivername in ("sqlite", "postgresql+psycopg")
    except (ArgumentError, ValueError):
        right = False
    if not right:
        raise PipelineError("QLY_DATABASE_URL is not an address such as postgresql://USER:PASSWORD@HOST/NAME")


def _address(host: str, port: int) -> str:
    """What to type into a browser; where it listens everywhere, by this computer's name."""
    shown = socket.gethostname() if host in ("0.0.0.0", "::") else host
    return f"http://[{shown}]:{port}" if ":" in shown else f"http://{shown}:{port}"


def _greet(app: FastAPI, settings: Settings, address: str) -> None:
    from pipeline.server.accounts import new_setup_link

    token = new_setup_link(app.state.services.database)
    if token is not None:
        show.say(f"首次设置链接 set-up link (once, for a day): {address}/setup#{token}")
    if not _is_loopback(settings.host):
        show.complain("warning: others can reach this server without encryption; put an https proxy in front of it")
    show.say(f"千里眼 listening: {address} (data in {settings.data}; Ctrl-C ends it)")
    sys.stdout.flush()  # in a pipe the link must not wait until the buffer is full


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _run(app: FastAPI, listening: socket.socket) -> None:
    import uvicorn

    from pipeline.server.calm import calm
    from pipeline.server.protocol import Protocol

    logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    config = uvicorn.Config(
        app, http=Protocol, log_config=None, access_log=False, ws="none", server_header=False,
        timeout_graceful_shutdown=GRACE_S, proxy_headers=True, forwarded_allow_ips=PROXIES,
    )  # fmt: skip
    server = uvicorn.Server(config)
    calm()
    try:
        server.run(sockets=[listening])
    except KeyboardInterrupt:  # how it is meant to end
        return
    if not server.started:
        raise OutputError("the server could not start; the lines above say why")
