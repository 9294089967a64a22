"""A video as it comes: decoded in a thread of its own, only the newest frames kept.

A frame that nobody took before newer ones came is dropped and counted: what is shown late is of no use to a pilot.
Files are `pipeline.video`'s and are played at their own pace; a stream's address is opened only as the user gave it.
"""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from pipeline import video
from pipeline.errors import ImageryError, MissionError
from pipeline.imagery import Image

KEPT = 8  # frames that wait for the telemetry to reach them
RETRY_S, READ_S = 2.0, 5.0
JOIN_S = 8.0
_STREAM = re.compile(r"(rtsp|rtsps|rtmp|http|https|udp|tcp|srt|rtp)://\S+")
_NETWORK_ONLY = "rtsp,rtsps,rtmp,http,https,httpproxy,udp,tcp,tls,srt,rtp,srtp,crypto"

Picture = Callable[[], Image]


@dataclass(frozen=True, slots=True)
class Shot:
    """One frame of the video, when it came and, where the video's start is known, when it was taken."""

    index: int  # of the frames that were taken, from 1
    came_ns: int  # UTC of this computer
    since_ns: int  # since the video's first frame
    image: Image


class Newest:
    """Frames of a file or a stream, at most `per_second` of them; used with `with`.

    A file waits with its first frame until `begun`.
    """

    def __init__(self, source: str, per_second: float, begun: Callable[[], bool] = lambda: True) -> None:
        self.source, self.is_file, self._begun = source, not is_stream(source), begun
        if self.is_file:
            video.probe(source)  # what cannot be played is refused before anything is written
        self.came = self.dropped = 0
        self.problems: list[str] = []
        self.finished = threading.Event()
        self._step_ns = round(1e9 / per_second)
        self._waiting: list[Shot] = []
        self._lock, self._some = threading.Lock(), threading.Event()
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._play, name="video", daemon=True)

    def __enter__(self) -> Newest:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._closing.set()
        self._thread.join(JOIN_S)

    def take(self, ready: Callable[[Shot], bool], patience_s: float, wait_s: float) -> Shot | None:
        """The newest frame that is ready, older ones dropped; None when there is none within `wait_s`.

        A frame that has waited for `patience_s` is given out as it is.
        """
        self._some.wait(wait_s)
        with self._lock:
            late_ns = time.time_ns() - round(patience_s * 1e9)
            for i in range(len(self._waiting) - 1, -1, -1):
                shot = self._waiting[i]
                if ready(shot) or shot.came_ns < late_ns:
                    del self._waiting[: i + 1]
                    self.dropped += i
                    if not self._waiting:
                        self._some.clear()
                    return shot
        if self._some.is_set():  # all of them wait for the telemetry
            time.sleep(0.02)
        return None

    @property
    def over(self) -> bool:
        """The file has been played, and nothing waits."""
        with self._lock:
            return self.finished.is_set() and not self._waiting

    def _put(self, since_ns: int, picture: Picture) -> None:
        self.came += 1
        shot = Shot(self.came, time.time_ns(), since_ns, picture())
        with self._lock:
            if len(self._waiting) >= KEPT:
                del self._waiting[0]
                self.dropped += 1
            self._waiting.append(shot)
            self._some.set()

    def _play(self) -> None:
        try:
            if self.is_file:
                self._play_file()
            else:
                self._play_stream()
        except Exception as why:
            self.problems.append(f"{self.source}: the video ended ({type(why).__name__}: {why})")
        self.finished.set()
        self._some.set()

    def _play_file(self) -> None:
        told = video.probe(self.source)
        since = told.t_ns(told.pts)
        wanted = told.pts[_spaced(since, self._step_ns)]
        while not self._begun():
            if self._closing.wait(0.02):
                return
        started_s = time.monotonic()
        for pts, image in video.frames(self.source, [int(p) for p in wanted]):
            since_ns = int(told.t_ns(np.array([pts], np.int64))[0])
            if self._closing.wait(max(0.0, started_s + since_ns / 1e9 - time.monotonic())):
                return
            self._put(since_ns, lambda image=image: image)  # type: ignore[misc]

    def _play_stream(self) -> None:
        started_s, last_s = time.monotonic(), -1e9
        while not self._closing.is_set():
            try:
                for picture in _stream(self.source):
                    now_s = time.monotonic()
                    if self._closing.is_set():
                        return
                    if now_s - last_s >= self._step_ns / 1e9:
                        last_s = now_s
                        self._put(round((now_s - started_s) * 1e9), picture)
            except ImageryError as why:
                if len(self.problems) < 100:
                    self.problems.append(str(why))
            self._closing.wait(RETRY_S)


def _spaced(since_ns: video.Pts, step_ns: int) -> list[int]:
    """Indices of frames at least a step apart."""
    kept, last = [], -step_ns
    for i, t in enumerate(since_ns.tolist()):
        if t - last >= step_ns - 1_000_000:
            kept.append(i)
            last = t
    return kept


def _stream(address: str) -> Iterator[Picture]:
    """Each frame of a stream, not yet turned into pixels; ImageryError when it cannot be opened or breaks off."""
    import av

    options = {"protocol_whitelist": _NETWORK_ONLY, "fflags": "nobuffer", "flags": "low_delay"}
    try:
        with av.open(address, "r", options=options, timeout=(READ_S, READ_S), metadata_errors="replace") as container:
            stream = next(iter(container.streams.video), None)
            if stream is None:
                raise ImageryError(f"{address}: has no pictures in it")
            for packet in container.demux(stream):
                with suppress(av.error.InvalidDataError):  # a damaged packet; the next ones may be whole
                    yield from (_picture(frame, address) for frame in packet.decode())
    except (av.FFmpegError, OSError, ValueError) as why:
        raise ImageryError(f"{address}: the stream cannot be read ({getattr(why, 'strerror', None) or why})") from why


def _picture(frame: Any, address: str) -> Picture:
    if frame.width * frame.height > video.MAX_PIXELS:
        raise ImageryError(f"{address}: {frame.width} × {frame.height} pixels are more than are allowed")
    return lambda: np.asarray(frame.to_ndarray(format="bgr24"), np.uint8)


def is_stream(source: str) -> bool:
    """Whether this is the address of a stream, not a file."""
    return _STREAM.fullmatch(source) is not None


def check_source(source: str) -> None:
    """Raise MissionError for what is neither a file nor the address of a stream."""
    if not is_stream(source) and not Path(source).is_file():
        raise MissionError(f"--video {source}: there is no such file, and it is no address such as rtsp://HOST/PATH")
