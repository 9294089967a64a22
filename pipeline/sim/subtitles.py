"""Subtitles as DJI's newer drones write them beside a video: one cue a frame, with the camera's local time."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from pipeline.sim.footage import Clip, video_lens
from pipeline.sim.logs import Recorder
from pipeline.sim.sites import local_time

FILM_DIAGONAL_MM = 43.267


def srt_text(recorder: Recorder, clip: Clip) -> str:
    """The whole file of one clip. `abs_alt` is above EGM96, `rel_alt` above take-off, gimbal angles from north."""
    return "\n".join(_cues(recorder, clip))


def _cues(recorder: Recorder, clip: Clip) -> Iterator[str]:
    config, lens = recorder.truth.config, video_lens(recorder.truth)
    film_mm = lens.focal_px * FILM_DIAGONAL_MM / float(np.hypot(lens.width_px, lens.height_px))
    fixes, gimbal = recorder.fixes(clip.t_s), recorder.gimbal_deg(clip.t_s)
    shown = recorder.clocks.camera_ns(recorder.clocks.utc_ns(clip.t_s))
    degrees, angle = (10, 5) if config.profile == "exact" else (6, 1)
    for i, ns in enumerate(int(v) for v in shown):
        stamp = local_time(ns, recorder.truth.terrain.site.utc_offset_h).strftime("%Y-%m-%d %H:%M:%S")
        place = (
            f"[latitude: {fixes.lat_deg[i]:.{degrees}f}] [longitude: {fixes.lon_deg[i]:.{degrees}f}] "
            f"[rel_alt: {fixes.relative_m[i]:.3f} abs_alt: {fixes.amsl_m[i]:.3f}] [ct: 5500]"
        )
        yaw, pitch, roll = (gimbal[i] + 180) % 360 - 180
        look = f" [gb_yaw: {yaw:.{angle}f} gb_pitch: {pitch:.{angle}f} gb_roll: {roll:.{angle}f}]"
        yield (
            f"{i + 1}\n{_mark(i, config.video_rate_hz)} --> {_mark(i + 1, config.video_rate_hz)}\n"
            f'<font size="28">FrameCnt: {i + 1}, DiffTime: {1000 // config.video_rate_hz}ms\n'
            f"{stamp}.{ns // 1_000_000 % 1000:03d}\n"
            f"[iso: 100] [shutter: 1/800.0] [fnum: 2.8] [ev: 0] [color_md: default] [focal_len: {film_mm:.2f}] "
            f"[dzoom_ratio: 1.00] {place}{look if config.srt_gimbal else ''} </font>\n"
        )


def _mark(frame: int, rate_hz: int) -> str:
    """A frame's time in the video."""
    ms = round(1000 * frame / rate_hz)
    return f"{ms // 3_600_000:02d}:{ms // 60_000 % 60:02d}:{ms // 1000 % 60:02d},{ms % 1000:03d}"
