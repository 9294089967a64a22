"""Pictures for the pages: made by processes of their own, kept by the digest of their original, within bounds."""

from __future__ import annotations

import json
import os
import queue
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, Any, TypeVar

import anyio
from fastapi import FastAPI, Request

from pipeline import errors
from pipeline.errors import ImageryError, PipelineError
from pipeline.imagery import original_key
from pipeline.server import parent
from pipeline.server.problems import Problem
from pipeline.server.services import services

PROCESSES = 2
LIMIT_S = 60.0  # for one order: 250 megapixels take a few seconds
WAITERS = 12  # threads that wait for these processes; further requests wait without one
CACHE_BYTES = 4 * 1024**3
LEFT_SHARE = 0.8  # of the cap, after a sweep
USED_APART_S = 600.0  # between two notes that a file was used
ORDERS_PER_PROCESS = 500  # then a fresh one takes its place, whatever libraries may have piled up

T = TypeVar("T")


class Painter:
    """One process that opens pictures (`picture_task`); started when first needed, and again after a crash."""

    def __init__(self, limit_s: float) -> None:
        self._limit_s = limit_s
        self._process: subprocess.Popen[bytes] | None = None
        self._orders = 0

    def ask(self, order: dict[str, Any]) -> dict[str, Any]:
        """The answer's content; raises the PipelineError that it tells of, ImageryError when the process died."""
        if self._process is None or self._process.poll() is not None or self._orders >= ORDERS_PER_PROCESS:
            self.end()
            self._process = parent.start("pipeline.server.picture_task", {}, stdout=subprocess.PIPE)
            self._orders = 0
        self._orders += 1
        process = self._process
        killer = threading.Timer(self._limit_s, process.kill)
        killer.start()
        try:
            parent.told_to(process).write(json.dumps(order).encode() + b"\n")
            line = _line(process)
        except OSError:
            line = b""
        finally:
            killer.cancel()
        if not line.endswith(b"\n"):
            self.end()
            raise ImageryError("the picture could not be opened: it broke what opens pictures, or took too long")
        return _told(json.loads(line))

    def end(self) -> None:
        """Let the process go, and wait until it has gone."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            parent.told_to(self._process).close()
            _out_of(self._process).close()
            self._process = None


def _out_of(process: subprocess.Popen[bytes]) -> IO[bytes]:
    assert process.stdout is not None
    return process.stdout


def _line(process: subprocess.Popen[bytes]) -> bytes:
    """One whole line; shorter, without its end, when the process died."""
    pieces = bytearray()
    while not pieces.endswith(b"\n"):
        piece = os.read(_out_of(process).fileno(), 65536)
        if not piece:
            break
        pieces += piece
    return bytes(pieces)


def _told(answer: dict[str, Any]) -> dict[str, Any]:
    if "done" in answer:
        done: dict[str, Any] = answer["done"]
        return done
    kind = getattr(errors, answer["code"], None)
    if isinstance(kind, type) and issubclass(kind, PipelineError):
        raise kind(answer["failed"])
    raise ImageryError(f"the picture could not be opened ({answer['failed']})")


class Pictures:
    """A few painters, and what they made."""

    def __init__(self, cache: Path, cap_bytes: int = CACHE_BYTES, limit_s: float = LIMIT_S) -> None:
        self.limiter = anyio.CapacityLimiter(WAITERS)
        self._cache, self._cap_bytes = cache / "pictures", cap_bytes
        self._all = [Painter(limit_s) for _ in range(PROCESSES)]
        self._free: queue.SimpleQueue[Painter] = queue.SimpleQueue()
        for painter in self._all:
            self._free.put(painter)
        self._making: dict[Path, threading.Lock] = {}
        self._lock = threading.Lock()
        self._bytes: int | None = None

    def ask(self, order: dict[str, Any]) -> dict[str, Any]:
        """Have an order carried out by whichever process is free."""
        painter = self._free.get()
        try:
            return painter.ask(order)
        finally:
            self._free.put(painter)

    def tiles(self, photo: dict[str, Any], original: Path) -> Path:
        """The file with a photo's tiles (`pyramid`); raises ImageryError when it cannot be decoded."""
        return self._made("tiles", photo, original)

    def thumb(self, photo: dict[str, Any], original: Path) -> Path:
        """The file with a photo's small picture; raises ImageryError when it cannot be decoded."""
        return self._made("thumb", photo, original)

    def end(self) -> None:
        """Let all processes go."""
        for painter in self._all:
            painter.end()

    def _made(self, what: str, photo: dict[str, Any], original: Path) -> Path:
        path = self._place(what, photo)
        if _used(path):
            return path
        with self._alone(path):
            if not path.is_file():
                path.parent.mkdir(parents=True, exist_ok=True)
                name, pts = photo["frame_id"], photo["pts"]
                self.ask({"do": what, "path": str(original), "pts": pts, "name": name, "out": str(path)})
                self._count(path)
        return path

    def _place(self, what: str, photo: dict[str, Any]) -> Path:
        """By the original's digest, so that it is made once for all who have these bytes."""
        if photo["sha256"] is None:
            raise Problem(404, "original_gone", f"{photo['source']}: nothing is known of its original")
        key = original_key(photo["sha256"], photo["frame_id"])
        return self._cache / key[:2] / f"{key[2:]}.{what}"

    @contextmanager
    def _alone(self, path: Path) -> Iterator[None]:
        """One thread a file: the others wait and find it there."""
        with self._lock:
            lock = self._making.setdefault(path, threading.Lock())
        with lock:
            yield
        with self._lock:
            self._making.pop(path, None)

    def _count(self, made: Path) -> None:
        """Keep within the cap: the files that were used longest ago go first."""
        with self._lock:
            self._bytes = _total(self._cache) if self._bytes is None else self._bytes + made.stat().st_size
            if self._bytes <= self._cap_bytes:
                return
            self._bytes = _sweep(self._cache, int(self._cap_bytes * LEFT_SHARE), made)


def _used(path: Path) -> bool:
    """Whether the file is there; noted now and then, so that what is used is kept."""
    try:
        if time.time() - path.stat().st_mtime > USED_APART_S:
            os.utime(path)
    except FileNotFoundError:
        return False
    except OSError:
        pass  # a note less
    return True


def _total(folder: Path) -> int:
    return sum(size for _, size, _ in _kept(folder))


def _kept(folder: Path) -> Iterator[tuple[float, int, Path]]:
    """(last use, bytes, path) of each file; what is being written aside may go in the same moment."""
    for path in folder.rglob("*.*"):
        with suppress(FileNotFoundError):
            told = path.stat()
            yield told.st_mtime, told.st_size, path


def _sweep(folder: Path, left_bytes: int, spared: Path) -> int:
    """Remove the oldest files until so many bytes are left; how many there are then."""
    files = sorted(_kept(folder))
    total = sum(size for _, size, _ in files)
    for _, size, path in files:
        if total <= left_bytes:
            break
        if path != spared:
            with suppress(OSError):  # Windows: somebody is reading it
                path.unlink()
                total -= size
    return total


def pictures(request: Request) -> Pictures:
    """The application's own; made when first asked for."""
    state = request.app.state
    with _starting:
        if not hasattr(state, "pictures"):
            state.pictures = Pictures(services(request).settings.cache)
        found: Pictures = state.pictures
        return found


_starting = threading.Lock()


def end_pictures(app: FastAPI) -> None:
    """With the application."""
    if hasattr(app.state, "pictures"):
        app.state.pictures.end()
        del app.state.pictures


async def apart(found: Pictures, work: Callable[[], T]) -> T:
    """Run what waits for a picture in one of a few threads, so that other requests always find one."""
    return await anyio.to_thread.run_sync(work, limiter=found.limiter)
