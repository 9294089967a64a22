"""The one owner of videos: what is in them, and their frames, decoded in order and never all in memory.

Frames are (h, w, 3) uint8, blue first, and are named by their presentation time stamps (pts) in the stream's units.
A display rotation is ignored, as EXIF orientation is: boxes and camera models speak of the stored raster. Decoding is
strict: after an error nothing is believed until the next key frame. Only local files of four containers are opened,
by name, and nothing that they refer to.
"""

from __future__ import annotations

import os
import stat
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pipeline.errors import ImageryError

VIDEO_SUFFIXES = frozenset({".mp4", ".mov", ".m4v", ".avi", ".mkv"})
MAX_PIXELS = 70_000_000  # a frame; 8K is 33 million
MAX_FRAMES = 2_000_000
MAX_HOURS = 12
MAX_BAD_PACKETS = 10_000
CODECS = frozenset(
    {"h264", "hevc", "av1", "vp8", "vp9", "mpeg4", "mpeg2video", "mjpeg", "prores", "msmpeg4v2", "msmpeg4v3"}
)
_FORMATS = ((b"RIFF", "avi"), (b"\x1aE\xdf\xa3", "matroska"))
_MOV_ATOMS = (b"ftyp", b"moov", b"mdat", b"wide", b"free", b"skip", b"pnot")
_LOCAL_ONLY = {"protocol_whitelist": "file", "enable_drefs": "0", "use_absolute_path": "0"}
_STRICT = {"err_detect": "explode", "max_pixels": str(MAX_PIXELS)}
_RETRIES = 8

Image = NDArray[np.uint8]
Pts = NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class Video:
    """A video file as its packets tell."""

    path: str
    width_px: int
    height_px: int
    codec: str
    tick_s: tuple[int, int]  # a time stamp's unit: numerator and denominator
    pts: Pts  # (N,) of the frames that are there, ascending
    key_pts: Pts  # (K,) of those that can be decoded alone
    frames_told: int  # by the container; 0: it does not say
    created_ns: int | None  # UTC as the container has it; many cameras write local time, some the end
    rotation_deg: int
    faults: tuple[str, ...] = ()

    def t_ns(self, pts: Pts) -> Pts:
        """Time since the first frame."""
        since = np.asarray(pts, np.int64) - (self.pts[0] if len(self.pts) else 0)
        return np.rint(since * (1e9 * self.tick_s[0] / self.tick_s[1])).astype(np.int64)

    @property
    def duration_s(self) -> float:
        """From the first frame to the last."""
        return float(self.t_ns(self.pts[-1:])[0]) / 1e9 if len(self.pts) else 0.0

    @property
    def rate_hz(self) -> float:
        """Frames a second, 0 for a single frame."""
        return (len(self.pts) - 1) / self.duration_s if self.duration_s > 0 else 0.0


def probe(path: str | Path) -> Video:
    """What a video holds; raises ImageryError when it is none, cannot be opened, is too large or has no frame.

    All packets are read, and one frame is decoded; a file that has not changed is read once.
    """
    told = _plain_file(Path(path))
    return _probe(str(path), told.st_size, told.st_mtime_ns)


def frames(path: str | Path, wanted: Sequence[int]) -> Iterator[tuple[int, Image]]:
    """(pts, image) of the wanted frames in ascending order; those that cannot be decoded are left out.

    It decodes on from frame to frame, and seeks where a key frame lies between. Raises ImageryError when the file
    cannot be opened.
    """
    with _opened(Path(path)) as (container, stream):
        reader = _Reader(container, stream)
        for pts in sorted(set(wanted)):
            image = reader.read(pts)
            if image is not None:
                yield pts, image


def read_frame(path: str | Path, pts: int, name: str = "") -> Image:
    """One frame; raises ImageryError when it cannot be decoded."""
    for _, image in frames(path, [pts]):
        return image
    raise ImageryError(f"{name or Path(path).name}: this frame of the video cannot be decoded")


def _plain_file(path: Path) -> os.stat_result:
    try:
        told = path.stat()
    except OSError as why:
        raise ImageryError(f"{path.name}: cannot be read ({why.strerror})") from why
    if not stat.S_ISREG(told.st_mode):
        raise ImageryError(f"{path.name}: is not a file")
    if told.st_size == 0:
        raise ImageryError(f"{path.name}: the file is empty")
    return told


def _format(path: Path) -> str:
    """The demuxer by the file's first bytes: no other one is ever asked."""
    try:
        with path.open("rb") as file:
            head = file.read(12)
    except OSError as why:
        raise ImageryError(f"{path.name}: cannot be read ({why.strerror})") from why
    if head[4:8] in _MOV_ATOMS:
        return "mov"
    found = next((name for mark, name in _FORMATS if head.startswith(mark)), None)
    if found is None:
        raise ImageryError(f"{path.name}: not an MP4, MOV, MKV or AVI video")
    return found


@contextmanager
def _opened(path: Path) -> Iterator[tuple[Any, Any]]:
    """(container, video stream), ready to decode on one thread."""
    import av

    _plain_file(path)
    try:
        container = av.open(
            f"file:{path.absolute()}", "r", format=_format(path), options=_LOCAL_ONLY, metadata_errors="replace"
        )
    except (av.FFmpegError, ValueError, OSError) as why:
        raise ImageryError(f"{path.name}: {_unopened(path)}") from why
    with container:
        stream = next(iter(container.streams.video), None)
        if stream is None:
            raise ImageryError(f"{path.name}: has no pictures in it")
        context = stream.codec_context
        if context is None or context.name not in CODECS:
            raise ImageryError(f"{path.name}: pictures of the kind {context.name if context else '?'!r} are not read")
        if context.width * context.height > MAX_PIXELS:
            size = f"{context.width} × {context.height}"
            raise ImageryError(f"{path.name}: {size} pixels are more than the {MAX_PIXELS // 10**6} megapixels allowed")
        context.thread_count = 1  # workers are the parallel part
        context.options = dict(_STRICT)
        yield container, stream


def _unopened(path: Path) -> str:
    if _format(path) == "mov":
        return "cannot be opened as a video: its index is missing or damaged (was the recording cut off?)"
    return "cannot be opened as a video: it is damaged"


@lru_cache(maxsize=64)
def _probe(path: str, size: int, mtime_ns: int) -> Video:
    name = Path(path).name
    with _opened(Path(path)) as (container, stream):
        pts, key_pts, faults = _packets(container, stream, name)
        if not len(pts):
            raise ImageryError(f"{name}: not one frame of the video is there")
        told, tick = int(stream.frames or 0), stream.time_base
        faults += _missing(name, pts, told, float(tick), (container.duration or 0) / 1e6)
        pts.setflags(write=False)  # one value for all who ask
        key_pts.setflags(write=False)
        video = Video(
            path, stream.codec_context.width, stream.codec_context.height, stream.codec_context.name,
            (tick.numerator, tick.denominator), pts, key_pts, told,
            _created_ns(stream.metadata) or _created_ns(container.metadata), _rotation_deg(container, stream),
            tuple(faults),
        )  # fmt: skip
    if video.duration_s > MAX_HOURS * 3600:
        raise ImageryError(f"{name}: lasts longer than the {MAX_HOURS} hours allowed")
    return video


def _packets(container: Any, stream: Any, name: str) -> tuple[Pts, Pts, list[str]]:
    """(pts of all whole packets, pts of key frames, faults), ascending."""
    import av

    all_pts: list[int] = []
    key_pts: list[int] = []
    faults: list[str] = []
    bad = 0
    packets = container.demux(stream)
    while len(all_pts) < MAX_FRAMES and bad < MAX_BAD_PACKETS:
        try:
            packet = next(packets, None)
        except av.FFmpegError:
            bad += 1
            packets = container.demux(stream)
            continue
        if packet is None or packet.size == 0:
            break
        stamp = packet.pts if packet.pts is not None else packet.dts
        if stamp is None or packet.is_corrupt or packet.is_discard:
            bad += not packet.is_discard
            continue
        all_pts.append(stamp)
        if packet.is_keyframe:
            key_pts.append(stamp)
    if bad:
        faults.append(f"{name}: {bad} packets of the video are damaged")
    if len(all_pts) == MAX_FRAMES:
        faults.append(f"{name}: only the first {MAX_FRAMES} frames are used")
    return np.unique(np.array(all_pts, np.int64)), np.unique(np.array(key_pts, np.int64)), faults


def _missing(name: str, pts: Pts, told: int, tick_s: float, told_s: float) -> list[str]:
    """What the container tells of and is not there: frames, or seconds where it does not count frames."""
    if len(pts) < min(told, MAX_FRAMES):
        return [f"{name}: {len(pts)} of {told} frames could be read; the file is cut or damaged"]
    there_s = float(pts[-1] - pts[0]) * tick_s
    if not told and told_s > 1.05 * there_s + 1:
        return [f"{name}: {there_s:.1f} of {told_s:.1f} s could be read; the file is cut or damaged"]
    return []


def _created_ns(metadata: dict[str, str]) -> int | None:
    """The container's creation time, where a drone can have flown then."""
    try:
        moment = datetime.fromisoformat(metadata.get("creation_time", "").replace("Z", "+00:00"))
    except ValueError:
        return None
    if not 2005 <= moment.year <= 2100:
        return None
    moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return (moment - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1) * 1000


def _rotation_deg(container: Any, stream: Any) -> int:
    """By how much players turn the picture, which only a decoded frame tells."""
    import av

    try:
        container.seek(0, stream=stream)
    except av.FFmpegError:
        return 0
    first = next(_decode(container, stream), None)
    return int(first.rotation) if first is not None else 0


class _Reader:
    """Goes through a stream forwards, by decoding on or by jumping to a later key frame."""

    def __init__(self, container: Any, stream: Any) -> None:
        from av.video.reformatter import VideoReformatter

        self._container, self._stream = container, stream
        self._colours = VideoReformatter()  # kept: to make one anew for each frame takes longer than decoding it
        self._size = (stream.codec_context.width, stream.codec_context.height)
        self._keys = sorted({e.timestamp for e in stream.index_entries if e.is_keyframe})
        self._key: int | None = None  # where the present stretch began, by the index
        self._decoded: Iterator[Any] | None = None
        self._ahead: Any = None  # a frame that was decoded and is not used yet

    def read(self, pts: int) -> Image | None:
        """The frame, or None when it cannot be decoded; must be asked for in ascending order."""
        place = bisect_right(self._keys, pts) - 1
        key = self._keys[place] if place >= 0 else None
        if self._decoded is None or key != self._key:
            self._go(pts)
            self._key = key
        frame = self._forward(pts)
        if frame is None or (frame.width, frame.height) != self._size:
            return None
        return np.asarray(self._colours.reformat(frame, format="bgr24").to_ndarray(), np.uint8)

    def _go(self, pts: int) -> None:
        """To a key frame from which the wanted one can be reached: B-frames may belong to the one before."""
        target = pts
        for _ in range(_RETRIES):
            first = self._jump(target)
            if first is None or first.pts <= pts:
                return
            before = bisect_right(self._keys, target) - 2
            target = self._keys[before] if before >= 0 else min(target, first.pts) - 1 - abs(first.pts - pts)
        self._jump(0)

    def _jump(self, target: int) -> Any:
        """Seek to the key frame at or before; the first frame that is decoded from there."""
        import av

        self._ahead = None
        try:
            self._container.seek(target, stream=self._stream, backward=True, any_frame=False)
        except av.FFmpegError:
            return None
        self._decoded = _decode(self._container, self._stream)
        self._ahead = next(self._decoded, None)
        return self._ahead

    def _forward(self, pts: int) -> Any:
        """The frame of this time stamp from here on; None when a later one comes first."""
        while True:
            frame = self._ahead if self._ahead is not None else next(self._decoded or iter(()), None)
            self._ahead = None
            if frame is None:
                return None
            if frame.pts > pts:
                self._ahead = frame
                return None
            if frame.pts == pts:
                return frame


def _decode(container: Any, stream: Any) -> Iterator[Any]:
    """Frames from here to the end; after damage none until the next key frame."""
    import av

    bad, whole = 0, True
    packets = container.demux(stream)
    while bad < MAX_BAD_PACKETS:
        try:
            packet = next(packets, None)
            if packet is None:
                return
            decoded = [] if packet.is_corrupt else packet.decode()
            damaged = bool(packet.is_corrupt)
        except av.FFmpegError:
            decoded, damaged = [], True
        bad += damaged
        whole = whole and not damaged
        for frame in decoded:
            whole = whole or (frame.key_frame and not frame.is_corrupt)
            if whole and frame.pts is not None and not frame.is_corrupt:
                yield frame
