"""Clips filmed along the strips: the true camera at every frame, and the file.

The sensor is that of the photos, cut to the video's shape: the same horizontal angle of view. The focal length that
the subtitles tell is the 35 mm equivalent on the diagonal of the video's raster.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pipeline.errors import OutputError
from pipeline.sim.config import FlightConfig
from pipeline.sim.dialects import DIALECTS
from pipeline.sim.lens import Lens
from pipeline.sim.logs import Recorder
from pipeline.sim.plan import Plan
from pipeline.sim.reported import Reported
from pipeline.sim.space import Floats
from pipeline.sim.truth import Truth, see, world_axes

MARGIN_S = 1.0  # filmed before the first and after the last exposure of a strip
# The first that the installed PyAV can write.
CODECS = ("libx264", "mpeg4")
ENCODING = (("crf", "20"), ("preset", "veryfast"), ("bf", "0"))

Picture = NDArray[np.uint8]


@dataclass(frozen=True, slots=True, eq=False)
class Clip:
    """One video file: its name and its frames' moments, (F,) seconds since the flight's first exposure."""

    name: str
    t_s: Floats


def clips(recorder: Recorder) -> tuple[Clip, ...]:
    """One clip a strip, about its middle."""
    config, plan = recorder.truth.config, recorder.truth.plan
    t_s = (np.array(plan.t_ns) - plan.t_ns[0]) / 1e9
    return tuple(
        Clip(f"DJI_{strip + 1:04d}.MP4", _frames(t_s[plan.strip == strip], config.video_s, config.video_rate_hz))
        for strip in range(config.strips)
    )


def _frames(exposures_s: Floats, longest_s: float, rate_hz: int) -> Floats:
    """(F,) moments, evenly spaced."""
    start, end = exposures_s[0] - MARGIN_S, exposures_s[-1] + MARGIN_S
    count = max(1, int(min(end - start, longest_s) * rate_hz))
    first = (start + end) / 2 - (count - 1) / (2 * rate_hz)
    return np.asarray(first + np.arange(count) / rate_hz, np.float64)


def frame_id(clip: Clip, index: int) -> str:
    """A frame's name in the answers: the file's, and the number of the frame from 0."""
    return f"{clip.name}#{index:06d}"


def film(recorder: Recorder, of: tuple[Clip, ...]) -> Truth:
    """All there is to know about every frame of the clips, in their order, as though each were a photo."""
    truth, t_s = recorder.truth, np.concatenate([clip.t_s for clip in of])
    world, world_m = truth.terrain.world, recorder.flown.position(t_s)
    lla, turns = world.to_lla(world_m), recorder.flown.held(recorder.flown.turn_deg, t_s)
    errors = replace(
        recorder.errors, yaw_deg=turns[:, 0], pitch_deg=turns[:, 1], roll_deg=turns[:, 2],
        position_m=recorder.flown.held(recorder.flown.error_m, t_s),
    )  # fmt: skip
    plan, nominal = _plan(recorder, t_s, world_m), video_lens(truth)
    axes, lens = world_axes(plan, errors, world, lla), replace(nominal, focal_px=nominal.focal_px * (1 + errors.focal))
    seen = [see(lens, at, R, 0, truth.targets, truth.terrain) for at, R in zip(world_m, axes, strict=True)]
    px, visible, boxes = (np.array(part) for part in zip(*seen, strict=True))
    n = len(t_s)
    return replace(
        truth, plan=plan, photos=tuple(frame_id(clip, i) for clip in of for i in range(len(clip.t_s))),
        shot=np.arange(n), lenses=(lens,) * n, nominal=(nominal,) * n, world_m=world_m, lla=lla, world_R_cam=axes,
        turn_deg=np.zeros(n, np.intp), reported=_reported(recorder, t_s), px=px, visible=visible, boxes=boxes,
    )  # fmt: skip


def video_lens(truth: Truth) -> Lens:
    """The lens behind the video's raster, as it is told."""
    width, height = truth.config.video_size_px
    focal_px = DIALECTS[truth.config.dialect_name].focal_px(width)
    return Lens(width, height, focal_px, (width - 1) / 2, (height - 1) / 2)


def _plan(recorder: Recorder, t_s: Floats, world_m: Floats) -> Plan:
    """The flight's plan, its rows the frames."""
    plan, asked = recorder.truth.plan, recorder.gimbal_deg(t_s)
    strip = plan.strip[np.argmin(np.abs(t_s[:, None] - (np.array(plan.t_ns) - plan.t_ns[0]) / 1e9), axis=1)]
    return replace(
        plan, strip=strip, en_m=world_m[:, :2], above_takeoff_m=recorder.fixes(t_s).relative_m, angles_deg=asked,
        t_ns=tuple(int(t) for t in recorder.clocks.utc_ns(t_s)),
    )  # fmt: skip


def _reported(recorder: Recorder, t_s: Floats) -> Reported:
    fixes, (yaw, pitch, roll) = recorder.fixes(t_s), recorder.gimbal_deg(t_s).T
    yaw = (yaw + 180) % 360 - 180
    return Reported(
        fixes.lat_deg,
        fixes.lon_deg,
        fixes.amsl_m,
        fixes.relative_m,
        yaw,
        pitch,
        roll,
        yaw,
        None,
        recorder.errors.sigma_m,
    )


def write_clip(path: Path, config: FlightConfig, pictures: Iterable[Picture], begun_ns: int) -> None:
    """Encode (h, w, 3) uint8 pictures, blue first; `begun_ns` is when the clip begins by the camera's clock.

    Raises OutputError where PyAV can write neither H.264 nor MPEG-4.
    """
    import av

    width, height = config.video_size_px
    with av.open(str(path), "w", format="mp4", options={"fflags": "+bitexact"}) as out:
        out.metadata["creation_time"] = datetime.fromtimestamp(begun_ns // 10**9, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        stream: Any = out.add_stream(_codec(), rate=Fraction(config.video_rate_hz), options=dict(ENCODING))
        stream.width, stream.height, stream.pix_fmt, stream.gop_size = width, height, "yuv420p", config.video_rate_hz
        stream.codec_context.thread_count = 1  # several threads do not give the same bytes twice
        for picture in pictures:
            out.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format="bgr24")))
        out.mux(stream.encode(None))


def _codec() -> str:
    import av

    for name in CODECS:
        if name in av.codecs_available:
            return name
    raise OutputError("this PyAV can write neither H.264 nor MPEG-4 video")
