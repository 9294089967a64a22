"""200 uploads of 4 MB at once beside 50 slow ones, again and again for a minute: `python -m benchmarks.uploads`.

The real server (`qianliyan serve`) on 127.0.0.1; the load comes from a second process, and a third asks /healthz every
50 ms over a new connection each time, counting a late question as a late answer. After a warm-up of some bursts the
memory of the server is looked at every second. Asked for: no error, memory within ± 5 %, p99 under 200 ms. Every file
is another one, so all of it is written, hashed and stored; the folder is removed at the end.
"""

from __future__ import annotations

import argparse
import asyncio
import base64
import hashlib
import http.client
import json
import multiprocessing as mp
import os
import re
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

SIZE = 4 << 20
SLOW_BYTES_A_TICK, SLOW_TICK_S = 8_192, 0.25
ASK_EVERY_S = 0.05
TUS = {"Tus-Resumable": "1.0.0"}
PASSWORD = "correct horse battery 7"


def main() -> None:
    """Set up a server, warm it, measure for a while, and print."""
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--at-once", type=int, default=200)
    asked.add_argument("--slow", type=int, default=50)
    asked.add_argument("--seconds", type=float, default=60)
    asked.add_argument("--warm-up", type=int, default=6, help="bursts before anything is counted")
    told = asked.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="uploads-"))
    try:
        if shutil.disk_usage(folder).free < 40 * 1024**3:
            raise SystemExit(f"{folder}: this needs 40 GB free")
        with _server(folder / "data") as (port, setup, pid):
            _print(*_measure(told, port, _sign_up(port, setup), pid))
    finally:
        shutil.rmtree(folder, onerror=_unprotect)


def _unprotect(remove: Any, path: str, _why: Any) -> None:
    os.chmod(path, 0o600)
    remove(path)


@contextmanager
def _server(data: Path) -> Iterator[tuple[int, str, int]]:
    """(port, set-up token, process id) of a server that ends with the block."""
    command = [sys.executable, "-m", "pipeline", "serve", "--data", str(data), "--port", "0"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, encoding="utf-8")
    assert process.stdout is not None
    try:
        told = ""
        while "listening" not in told:
            line = process.stdout.readline()
            if not line:
                raise SystemExit("the server did not start")
            told += line
        found = re.search(r"http://127\.0\.0\.1:(\d+)/setup#(\S+)", told)
        assert found is not None
        yield int(found[1]), found[2], process.pid
    finally:
        process.send_signal(signal.SIGINT if os.name == "posix" else signal.SIGTERM)
        process.wait(60)


def _sign_up(port: int, token: str) -> dict[str, str]:
    """The headers of a signed-in browser."""
    asked = {"token": token, "organisation": "负载", "name": "管理员", "login": "admin", "password": PASSWORD}
    answer, told = _ask(port, "POST", "/auth/setup", asked, {})
    cookie = (answer.getheader("Set-Cookie") or "").partition(";")[0]
    return {"Cookie": cookie, "X-CSRF-Token": told["csrf"]}


def _ask(port: int, method: str, path: str, body: Any, headers: dict[str, str]) -> tuple[Any, Any]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    data = None if body is None else json.dumps(body)
    connection.request(method, path, data, {**headers, "Content-Type": "application/json"})
    answer = connection.getresponse()
    told = answer.read()
    connection.close()
    if answer.status >= 400:
        raise SystemExit(f"{method} {path}: {answer.status} {told[:300]!r}")
    return answer, json.loads(told or b"null")


@dataclass
class Loaded:
    """What the load saw."""

    uploads: int = 0
    slow: int = 0
    seconds: float = 0.0
    errors: list[str] = field(default_factory=list)


def _measure(
    told: argparse.Namespace, port: int, headers: dict[str, str], pid: int
) -> tuple[Loaded, list[float], list[float], dict[str, int]]:
    """(load, seconds of each /healthz, megabytes of memory, states of the files)."""
    flight = _ask(port, "POST", "/api/flights", {"name": "负载"}, headers)[1]["id"]
    spawn = mp.get_context("spawn")
    warm, end, results = spawn.Event(), spawn.Event(), spawn.Queue()
    load = spawn.Process(target=_load, args=(port, headers, flight, vars(told), warm, end, results))
    health = spawn.Process(target=_ask_health, args=(port, warm, end, results))
    load.start(), health.start()
    memory: list[float] = []
    watch = threading.Thread(target=_watch, args=(pid, warm, end, memory))
    watch.start()
    found = dict(results.get(timeout=told.seconds * 5 + 300) for _ in range(2))
    for part in (load, health, watch):
        part.join()
    return found["load"], found["health"], memory, _settled(port, headers, flight)


def _settled(port: int, headers: dict[str, str], flight: str) -> dict[str, int]:
    """Wait until all that arrived whole is stored."""
    for _ in range(120):
        still = _ask(port, "GET", f"/api/flights/{flight}/files?unsettled=true&limit=2000", None, headers)[1]["files"]
        if not any(f["state"] == "checking" for f in still):
            break
        time.sleep(0.5)
    files = _ask(port, "GET", f"/api/flights/{flight}", None, headers)[1]["files"]
    return {"stored": files["stored"], "refused": files["refused"], "unfinished": len(still)}


def _watch(pid: int, warm: Any, end: Any, memory: list[float]) -> None:
    warm.wait()
    while not end.wait(1.0):
        memory.append(_memory_mb(pid))


def _memory_mb(pid: int) -> float:
    try:
        text = Path(f"/proc/{pid}/status").read_text()
    except OSError:  # not on this system
        return float("nan")
    return int(text.partition("VmRSS:")[2].split()[0]) / 1024


def _ask_health(port: int, warm: Any, end: Any, results: Any) -> None:
    warm.wait()
    taken: list[float] = []
    due = time.perf_counter()
    while not end.is_set():
        time.sleep(max(0.0, due - time.perf_counter()))
        _ask(port, "GET", "/healthz", None, {})
        now = time.perf_counter()
        while due <= now:  # questions that had to wait for this answer were late by as much
            taken.append(now - due)
            due += ASK_EVERY_S
    results.put(("health", taken))


def _load(
    port: int, headers: dict[str, str], flight: str, told: dict[str, Any], warm: Any, end: Any, results: Any
) -> None:
    try:
        found = asyncio.run(_Load(port, headers, flight).run(told, warm))
    finally:
        warm.set()
        end.set()
    results.put(("load", found))


class _Load:
    """Bursts, beside uploads that take their time; a browser's requests and no more."""

    def __init__(self, port: int, headers: dict[str, str], flight: str) -> None:
        self.port, self.flight, self.headers = port, flight, {**headers, "Host": f"127.0.0.1:{port}"}
        self.found = Loaded()
        self.body = b"\xff\xd8\xff" + os.urandom(SIZE - 3 - 8)
        self.hashed = hashlib.sha256(self.body)
        self.number = 0

    async def run(self, told: dict[str, Any], warm: Any) -> Loaded:
        slow = [asyncio.create_task(self._slow()) for _ in range(told["slow"])]
        for _ in range(told["warm_up"]):
            await self._burst(told["at_once"])
        self.found.uploads = 0
        warm.set()
        began = time.perf_counter()
        while time.perf_counter() - began < told["seconds"]:
            await self._burst(told["at_once"])
        self.found.seconds = time.perf_counter() - began
        for task in slow:
            task.cancel()
        await asyncio.gather(*slow, return_exceptions=True)
        return self.found

    async def _burst(self, count: int) -> None:
        files = await self._declare(count)
        await asyncio.gather(*(self._upload(file, last) for file, last in files))

    async def _declare(self, count: int) -> list[tuple[dict[str, Any], bytes]]:
        lasts, told = [], []
        for _ in range(count):
            self.number += 1
            last = self.number.to_bytes(8, "big")
            digest = self.hashed.copy()
            digest.update(last)
            lasts.append(last)
            told.append({"path": f"{self.number // 500}/{self.number}.jpg", "size": SIZE, "sha256": digest.hexdigest()})
        body = json.dumps({"files": told}).encode()
        path = f"/api/flights/{self.flight}/files"
        _, answer = await self._ask("POST", path, {"Content-Type": "application/json"}, [body])
        return list(zip(json.loads(answer)["files"], lasts, strict=True))

    async def _upload(self, file: dict[str, Any], last: bytes) -> None:
        try:
            url = await self._create(file)
            await self._patch(url, [self.body, last])
            self.found.uploads += 1
        except Exception as why:
            self.found.errors.append(f"{type(why).__name__}: {why}")

    async def _slow(self) -> None:
        """One after the other, each a few kilobytes at a time."""
        while True:
            try:
                [(file, last)] = await self._declare(1)
                data = self.body + last
                pieces = [data[i : i + SLOW_BYTES_A_TICK] for i in range(0, len(data), SLOW_BYTES_A_TICK)]
                await self._patch(await self._create(file), pieces, SLOW_TICK_S)
                self.found.slow += 1
            except Exception as why:
                self.found.errors.append(f"slow: {type(why).__name__}: {why}")
                await asyncio.sleep(1)

    async def _create(self, file: dict[str, Any]) -> str:
        meta = f"file {base64.b64encode(file['id'].encode()).decode()}"
        headers, _ = await self._ask(
            "POST", "/api/uploads", {**TUS, "Upload-Length": str(SIZE), "Upload-Metadata": meta}, []
        )
        return headers["location"]

    async def _patch(self, url: str, pieces: list[bytes], wait_s: float = 0.0) -> None:
        kind = {"Content-Type": "application/offset+octet-stream", "Upload-Offset": "0"}
        await self._ask("PATCH", url, {**TUS, **kind}, pieces, wait_s)

    async def _ask(
        self, method: str, path: str, headers: dict[str, str], pieces: list[bytes], wait_s: float = 0.0
    ) -> tuple[dict[str, str], bytes]:
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        try:
            sent = {**self.headers, **headers, "Content-Length": str(sum(map(len, pieces))), "Connection": "close"}
            lines = [f"{method} {path} HTTP/1.1", *(f"{key}: {value}" for key, value in sent.items()), "", ""]
            writer.write("\r\n".join(lines).encode())
            for piece in pieces:
                writer.write(piece)
                await writer.drain()
                await asyncio.sleep(wait_s)
            status, got, body = _answer(await reader.read())
        finally:
            writer.close()
        if status >= 400:
            raise OSError(f"{method} {path}: {status} {body[:200]!r}")
        return got, body


def _answer(data: bytes) -> tuple[int, dict[str, str], bytes]:
    head, _, body = data.partition(b"\r\n\r\n")
    first, *lines = head.decode("latin-1").split("\r\n")
    pairs = (line.partition(": ") for line in lines)
    return int(first.split()[1]), {key.lower(): value for key, _, value in pairs}, body


def _print(load: Loaded, health: list[float], memory: list[float], files: dict[str, int]) -> None:
    rate = load.uploads / load.seconds
    print(f"uploads of {SIZE >> 20} MB: {load.uploads} in {load.seconds:.0f} s, {rate:.1f} a second")
    print(f"slow ones beside them that ended: {load.slow}; errors: {len(load.errors)}; files: {files}")
    for line in sorted(set(load.errors))[:5]:
        print("  ", line)
    ms = sorted(1000 * t for t in health)
    p50, p99 = ms[len(ms) // 2], ms[int(len(ms) * 0.99)]
    print(f"/healthz, {len(ms)} times: p50 {p50:.0f} ms, p99 {p99:.0f} ms, max {ms[-1]:.0f} ms")
    middle = statistics.median(memory)
    off = 100 * max(max(memory) - middle, middle - min(memory)) / middle
    print(f"memory of the server: {middle:.0f} MB, {min(memory):.0f} to {max(memory):.0f}, at most {off:.1f} % off")
    load_1 = os.getloadavg()[0] if hasattr(os, "getloadavg") else float("nan")
    print(f"{os.cpu_count()} cores, load at the end {load_1:.1f}")


if __name__ == "__main__":
    main()
