"""Pictures that lie beside their positions, each along its own heading: poses of another second, or a common tilt."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from pipeline.geo.adjust.coarse import Coarse, coarse
from pipeline.geo.adjust.matches import Ties
from pipeline.geo.geodesy import from_enu, geodesic_m, to_enu
from pipeline.geo.ground import Surface
from pipeline.geo.liars.finding import Finding, clean, names, unknown
from pipeline.types import Frame, GeoPoint

Array = NDArray[np.float64]
Bools = NDArray[np.bool_]

LEAN = 4.0  # sigmas of a shift that all pictures share
LEAN_TILT_DEG = 1.04  # a gimbal's common tilt
LEAN_SEEN_M = 3.0
ROUNDS = 3
LARGEST_S = 30.0
BENT_M = 5.0  # by which a place between bends of the track is not known
MOVED_SIGMA_M = 1.0


@dataclass(frozen=True, eq=False)
class Moved:
    """The frames where their track was some seconds before, what the overlaps say then, and the finding."""

    frames: tuple[Frame, ...]
    seen: Coarse
    finding: Finding


def lean_findings(frames: tuple[Frame, ...], seen: Coarse, ties: Ties, surface: Surface) -> Moved:
    """Pictures that lie ahead of or behind their positions, each along its own heading, and what makes them agree.

    Another second of the track moves the positions; a tilt that all share would also bend the pictures.
    """
    if seen.lean_sigma_m > LEAN_SEEN_M:
        why = "all photos look one way, so that seconds of the clock move them as one"
        return Moved(frames, seen, unknown("clock", why))
    honest_m = float(np.hypot(seen.lean_sigma_m, np.radians(LEAN_TILT_DEG) * np.nanmedian(seen.height_m)))
    forward, right = (float(v) for v in seen.lean_m)
    if np.hypot(forward, right) < LEAN * honest_m:
        how = f"pictures lie where their positions say ({forward:+.1f} ± {honest_m:.1f} m ahead)"
        return Moved(frames, seen, clean("clock", how))
    speed = speed_mps(frames)
    moved = _other_second(frames, seen, ties, surface, speed) if speed and abs(forward) > abs(right) else None
    leaned = leaned_as_one(frames, seen)
    as_leaned = coarse(leaned, ties, surface)
    if moved is not None and moved.seen.cost < as_leaned.cost:
        return moved
    return _as_tilted(frames, leaned, as_leaned, seen, forward, right, honest_m)


def _as_tilted(
    frames: tuple[Frame, ...],
    leaned: tuple[Frame, ...],
    as_leaned: Coarse,
    seen: Coarse,
    forward: float,
    right: float,
    honest_m: float,
) -> Moved:
    """A tilt, repaired where the pictures agree with it."""
    ids = tuple(f.id for f, t in zip(frames, seen.tied, strict=True) if t)
    sentence = (
        f"{names(ids, [f.id for f in frames])}: pictures lie {forward:+.0f} m ahead and {right:+.0f} m to the right of "
        "their positions, each in its own direction: the recorded tilts are wrong"
    )
    size = float(np.hypot(forward, right))
    if as_leaned.cost > seen.cost or np.hypot(*as_leaned.lean_m) > LEAN * honest_m:
        return Moved(frames, seen, Finding("tilt", "found", sentence, ids, size, honest_m, "m", repair="refuse"))
    attitudes = [f.pose.attitude for f in leaned if f.id in set(ids) and f.pose and f.pose.attitude]
    rows = tuple((a.yaw_deg, a.pitch_deg, a.roll_deg) for a in attitudes)
    found = Finding("tilt", "found", sentence, ids, size, honest_m, "m", rows, "attitude")
    return Moved(leaned, as_leaned, found)


def leaned_as_one(frames: Sequence[Frame], seen: Coarse) -> tuple[Frame, ...]:
    """The frames with the pitch that their common lean asks for: forward of its place, the camera looked further up."""
    out = []
    for frame in frames:
        attitude = frame.pose.attitude if frame.pose else None
        if attitude is None or frame.pose is None:
            out.append(frame)
            continue
        rate_m = float(np.nanmedian(seen.height_m)) / max(0.05, np.sin(np.radians(-attitude.pitch_deg)) ** 2)
        pitch_deg = max(-90.0, attitude.pitch_deg + float(np.degrees(np.clip(seen.lean_m[0] / rate_m, -0.5, 0.5))))
        out.append(replace(frame, pose=replace(frame.pose, attitude=replace(attitude, pitch_deg=pitch_deg))))
    return tuple(out)


def _other_second(
    frames: tuple[Frame, ...], seen: Coarse, ties: Ties, surface: Surface, speed_mps: float
) -> Moved | None:
    """The frames at the places of their own track at which they do not lean."""
    by_s, here = 0.0, seen
    for _ in range(ROUNDS):
        by_s = float(np.clip(by_s - here.lean_m[0] / speed_mps, -LARGEST_S, LARGEST_S))
        moved, sure = earlier(frames, by_s)
        here = coarse(moved, ties, surface)
    sigma_s = float(np.hypot(here.lean_sigma_m, np.abs(here.lean_m[0]))) / speed_mps
    return Moved(moved, here, _finding(moved, sure, by_s, sigma_s))


def speed_mps(frames: Sequence[Frame]) -> float:
    """The usual speed between photos, 0 when nobody knows the times."""
    poses = [f.pose for f in frames if f.pose is not None and f.pose.t_ns is not None]
    if len(poses) < 2 or len(poses) < sum(f.pose is not None for f in frames):
        return 0.0
    place = np.array([(p.at.lat_deg, p.at.lon_deg) for p in poses])
    steps = geodesic_m(*place[:-1].T, *place[1:].T)
    seconds = np.diff(np.array([p.t_ns for p in poses], np.float64)) / 1e9
    moving = (seconds > 0) & (steps > 0.5)
    return float(np.median(steps[moving] / seconds[moving])) if moving.any() else 0.0


def earlier(frames: Sequence[Frame], by_s: float) -> tuple[tuple[Frame, ...], Bools]:
    """Frames with the places that their own track held `by_s` before (straight between photos, straight on beyond
    the ends), and (N,) which of them lie on a straight and even part of it."""
    poses = [f.pose for f in frames]
    index = [k for k, p in enumerate(poses) if p is not None and p.t_ns is not None]
    t = np.array([p.t_ns for p in poses if p is not None and p.t_ns is not None], np.float64)
    t = (t - t[0]) / 1e9
    first = poses[index[0]]
    assert first is not None
    lla = np.array([(p.at.lat_deg, p.at.lon_deg, p.at.alt_m) for p in poses if p is not None and p.t_ns is not None])
    enu = to_enu(lla, first.at)
    order = np.argsort(t, kind="stable")
    places, sure = _interpolated(t[order], enu[order], t - by_s)
    back = from_enu(places, first.at)
    out, straight = list(frames), np.zeros(len(frames), np.bool_)
    for row, k in enumerate(index):
        pose = frames[k].pose
        assert pose is not None
        at = GeoPoint(float(back[row, 0]), float(back[row, 1]), pose.at.alt_m)
        out[k], straight[k] = replace(frames[k], pose=replace(pose, at=at)), sure[row]
    return tuple(out), straight


def _interpolated(t: Array, places: Array, at: Array) -> tuple[Array, Bools]:
    """Places at other times, and whether the neighbouring parts of the track run the same way."""
    t = t + np.arange(len(t)) * 1e-6  # two lenses of one exposure
    i = np.clip(np.searchsorted(t, at, "right") - 1, 0, len(t) - 2)
    speed = np.diff(places, axis=0) / np.diff(t)[:, None]
    found = places[i] + (at - t[i])[:, None] * speed[i]
    before, after = speed[np.maximum(i - 1, 0)], speed[np.minimum(i + 1, len(speed) - 1)]
    step_s = np.diff(t)[i][:, None]
    bend = np.maximum(*(np.linalg.norm((v - speed[i]) * step_s, axis=1) for v in (before, after)))
    inside = (at >= t[0]) & (at <= t[-1])
    return found, np.asarray(inside & (bend < BENT_M))


def _finding(moved: Sequence[Frame], sure: Bools, by_s: float, sigma_s: float) -> Finding:
    """Poses of another second; a photo near a bend of the track has no place that is known."""
    placed = [(f, bool(s)) for f, s in zip(moved, sure, strict=True) if f.pose is not None]
    ids = tuple(f.id for f, _ in placed)
    rows = tuple((f.pose.at.lat_deg, f.pose.at.lon_deg, float(s)) for f, s in placed if f.pose is not None)
    sentence = (
        f"{names(ids, [f.id for f in moved])}: the poses are those of {abs(by_s):.1f} s "
        f"{'later' if by_s > 0 else 'earlier'}: pictures lie beside their positions along each strip's own way"
    )
    return Finding("clock-seconds", "found", sentence, ids, by_s, sigma_s, "s", rows, "places")
