"""The simulated vehicle's end of a link: UDP to a ground station, or a TCP port that one client at a time may take."""

from __future__ import annotations

import socket
from contextlib import suppress
from typing import Protocol

from pipeline.errors import PipelineError

MOST_BYTES = 65535


class Radio(Protocol):
    """Bytes out, bytes in; neither waits."""

    @property
    def port(self) -> int: ...

    def send(self, data: bytes) -> None: ...

    def receive(self) -> bytes: ...

    def close(self) -> None: ...


def open_radio(address: str) -> Radio:
    """Open "udp:HOST:PORT", which speaks to that place, or "tcp:HOST:PORT", which listens there (port 0: any)."""
    scheme, _, place = address.partition(":")
    host, _, port = place.rpartition(":")
    if scheme not in ("udp", "tcp") or not host or not port.isdecimal() or int(port) > 65535:
        raise PipelineError(f"{address!r} is no address of a simulated vehicle; say udp:HOST:PORT or tcp:HOST:PORT")
    return _Udp(host, int(port)) if scheme == "udp" else _Tcp(host, int(port))


class _Udp:
    def __init__(self, host: str, port: int) -> None:
        self._to = (host, port)
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind((host, 0))
        self._socket.setblocking(False)

    @property
    def port(self) -> int:
        return self._to[1]

    def send(self, data: bytes) -> None:
        with suppress(OSError):  # nobody listens yet, or no longer
            self._socket.sendto(data, self._to)

    def receive(self) -> bytes:
        whole = b""
        with suppress(OSError):
            while len(whole) < MOST_BYTES:
                whole += self._socket.recvfrom(MOST_BYTES)[0]
        return whole

    def close(self) -> None:
        self._socket.close()


class _Tcp:
    def __init__(self, host: str, port: int) -> None:
        self._listening = socket.create_server((host, port))
        self._listening.setblocking(False)
        self._client: socket.socket | None = None

    @property
    def port(self) -> int:
        return int(self._listening.getsockname()[1])

    def send(self, data: bytes) -> None:
        if self._client is not None:
            try:
                self._client.sendall(data)
            except OSError:
                self.hang_up()

    def receive(self) -> bytes:
        if self._client is None:
            self._accept()
            return b""
        try:
            data = self._client.recv(MOST_BYTES)
        except BlockingIOError:
            return b""
        except OSError:
            data = b""
        if not data:
            self.hang_up()
        return data

    def _accept(self) -> None:
        with suppress(OSError):
            self._client, _ = self._listening.accept()
            self._client.setblocking(False)

    def hang_up(self) -> None:
        """Close the client's connection; another may come."""
        if self._client is not None:
            self._client.close()
            self._client = None

    def close(self) -> None:
        self.hang_up()
        self._listening.close()
