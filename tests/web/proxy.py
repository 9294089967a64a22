"""A slow network that can be cut: forwards TCP on loopback to a server, at a stated rate, until `cut` is called."""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from collections.abc import Iterator

CHUNK = 16 * 1024


class Proxy:
    """`port` leads to `target_port`; towards the server at most `rate_bytes_s` pass on all connections together."""

    def __init__(self, target_port: int, rate_bytes_s: float = 0.0) -> None:
        self.target_port, self.rate_bytes_s = target_port, rate_bytes_s
        self.cuts = 0
        self._down_until = 0.0
        self._due = time.monotonic()
        self._lock = threading.Lock()
        self._open: set[socket.socket] = set()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def cut(self, seconds: float) -> None:
        """End every connection at once, and let none come about for a while."""
        self.cuts += 1
        self._down_until = time.monotonic() + seconds
        with self._lock:
            ended, self._open = self._open, set()
        for connection in ended:
            _end(connection)

    def close(self) -> None:
        self._listener.close()
        self.cut(1e9)

    def _accept(self) -> None:
        while True:
            try:
                near, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(near,), daemon=True).start()

    def _serve(self, near: socket.socket) -> None:
        if time.monotonic() < self._down_until:
            _end(near)
            return
        try:
            far = socket.create_connection(("127.0.0.1", self.target_port), timeout=5)
            far.settimeout(None)
        except OSError:
            _end(near)
            return
        with self._lock:
            self._open |= {near, far}
        threading.Thread(target=self._pump, args=(far, near, False), daemon=True).start()
        self._pump(near, far, True)

    def _pump(self, source: socket.socket, sink: socket.socket, slow: bool) -> None:
        with contextlib.suppress(OSError):
            while data := source.recv(CHUNK):
                if slow and self.rate_bytes_s:
                    self._wait(len(data))
                sink.sendall(data)
        for connection in (source, sink):
            _end(connection)
        with self._lock:
            self._open -= {source, sink}

    def _wait(self, count: int) -> None:
        with self._lock:
            now = time.monotonic()
            self._due = max(self._due, now) + count / self.rate_bytes_s
            pause = self._due - now
        time.sleep(pause)


def _end(connection: socket.socket) -> None:
    with contextlib.suppress(OSError):
        connection.shutdown(socket.SHUT_RDWR)
    connection.close()


@contextlib.contextmanager
def proxied(target_port: int, rate_bytes_s: float = 0.0) -> Iterator[Proxy]:
    proxy = Proxy(target_port, rate_bytes_s)
    try:
        yield proxy
    finally:
        proxy.close()
