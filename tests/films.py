"""Small videos whose every frame shows its own number, and subtitles in DJI's dialects."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np

from pipeline.imagery import Image

WIDTH_PX, HEIGHT_PX = 256, 96
BITS = 8  # in blocks of 32 pixels, the lowest first


def picture(number: int) -> Image:
    """A grainy picture of dark and light blocks that spell the number."""
    bits = (number >> np.arange(BITS)) & 1
    row = np.repeat(np.where(bits, 200, 50), WIDTH_PX // BITS)
    grain = np.random.default_rng(number).integers(-30, 31, (HEIGHT_PX, WIDTH_PX, 1))
    return np.repeat((row[None, :, None] + grain).astype(np.uint8), 3, axis=2)


def number_of(image: Image) -> int:
    """The number that a picture spells."""
    blocks = image[HEIGHT_PX // 4 : 3 * HEIGHT_PX // 4].mean(axis=(0, 2)).reshape(BITS, -1).mean(axis=1)
    return int(sum(1 << i for i, level in enumerate(blocks) if level > 125))


def codec() -> str:
    """The best encoder that the installed PyAV has."""
    import av

    return "libx264" if "libx264" in av.codecs_available else "mpeg4"


def film(
    path: Path,
    frames: int = 40,
    *,
    rate_hz: int = 10,
    key_every: int = 10,
    b_frames: int = 2,
    encoder: str | None = None,
    created: str | None = None,
    options: dict[str, str] | None = None,
    rotation_deg: int = 0,
) -> Path:
    """Write a video; returns its path."""
    import av

    with av.open(str(path), "w", options=options or {}) as out:
        if created is not None:
            out.metadata["creation_time"] = created
        stream: Any = out.add_stream(encoder or codec(), rate=Fraction(rate_hz), options={"sc_threshold": "0"})
        stream.width, stream.height, stream.pix_fmt, stream.gop_size = WIDTH_PX, HEIGHT_PX, "yuv420p", key_every
        stream.max_b_frames = b_frames
        if rotation_deg:
            stream.set_display_rotation(rotation_deg)
        stream.codec_context.thread_count = 1
        for number in range(frames):
            out.mux(stream.encode(av.VideoFrame.from_ndarray(picture(number), format="bgr24")))
        out.mux(stream.encode(None))
    return path


def subtitles(
    path: Path,
    cues: int = 40,
    *,
    rate_hz: float = 10.0,
    lat_deg: float = 30.0,
    lon_deg: float = 114.0,
    north_mps: float = 10.0,
    height_m: float = 60.0,
    gimbal: bool = True,
    positions: bool = True,
) -> Path:
    """Write subtitles in the manner of newer DJI drones: flying north at one height, looking straight down."""
    lines = []
    for i in range(cues):
        t_s = i / rate_hz
        lat = lat_deg + north_mps * t_s / 111_320
        place = (
            f"[latitude: {lat:.8f}] [longitude: {lon_deg:.8f}] [rel_alt: {height_m:.3f} abs_alt: {height_m + 20:.3f}]"
        )
        look = " [gb_yaw: 0.5 gb_pitch: -90.0 gb_roll: 0.0]" if gimbal else ""
        lines.append(
            f"{i + 1}\n{_mark(t_s)} --> {_mark((i + 1) / rate_hz)}\n"
            f'<font size="28">FrameCnt: {i + 1}, DiffTime: 100ms\n'
            f"2024-05-01 12:00:{int(t_s):02d}.{round(t_s % 1 * 1000):03d}\n"
            f"[iso: 100] [fnum: 2.8] [focal_len: 24.00] {place if positions else ''}{look} </font>\n"
        )
    path.write_text("\n".join(lines), encoding="utf-8")
    return path


def _mark(t_s: float) -> str:
    ms = round(t_s * 1000)
    return f"{ms // 3_600_000:02d}:{ms // 60_000 % 60:02d}:{ms // 1000 % 60:02d},{ms % 1000:03d}"
