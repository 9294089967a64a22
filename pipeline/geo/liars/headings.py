"""Which lie about headings explains by how much they are off."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pipeline.geo.liars.declination import Declination
from pipeline.geo.liars.finding import Finding, Repair, clean, names, unknown
from pipeline.types import Frame

Array = NDArray[np.float64]
Bools = NDArray[np.bool_]

COMMON = 3.0  # sigmas of what all photos have in common
QUARTER = 4.5  # sigmas within which a heading is a quarter turn off
QUARTER_MOST_DEG = 20.0
MOST = 0.7  # share of a flight that makes it the whole flight
SAME_DEG = 0.5  # two recorded angles are one
DECLINATION_SIGMA_DEG = 0.7  # of the world magnetic model and of a compass's own deviation
COMPASS_MOST_DEG = 30.0
ROLLED_DEG = 3.0
DOWN_DEG = -65.0  # from here down a turn of the pixels is taken as one of the heading


@dataclass(frozen=True, eq=False)
class Headings:
    """true minus recorded heading (N,), its own error (N,), NaN and inf where unknown; common_sigma_deg: of the error
    that all share; own, shared (N,): what the records claim; least_deg: below which nothing is said; alone: sigmas by
    which one photo must stand out; common_z: how surprising the common error is, where that is known better."""

    off_deg: Array
    sigma_deg: Array
    common_sigma_deg: float
    own_deg: Array
    shared_deg: Array
    least_deg: float = 0.0
    alone: float = 4.2
    common_z: float = float("nan")


def heading_findings(
    frames: Sequence[Frame], seen: Headings, declination: Declination | None, repair: Repair
) -> tuple[list[Finding], Bools]:
    """Findings about headings, and (N,) which frames are turned by quarters against their neighbours."""
    known = np.isfinite(seen.off_deg) & np.isfinite(seen.sigma_deg)
    if known.sum() < 2:
        return [unknown("heading", "too few photos overlap")], np.zeros(len(frames), np.bool_)
    turned, quarter = _quarters(frames, seen, known)
    found = _turned_findings(frames, seen, turned, quarter)
    rest = known & ~turned
    common, sigma = _common(seen, rest)
    z = seen.common_z if np.isfinite(seen.common_z) else common / sigma
    if abs(z) > COMMON and abs(common) > seen.least_deg:
        found.append(_common_finding(frames, seen, rest, common, sigma, declination, repair))
    else:
        common = 0.0
    off = np.where(rest, wrap(seen.off_deg - common), 0.0)
    alone = np.abs(off) > np.maximum(seen.alone * np.hypot(seen.own_deg, seen.sigma_deg), seen.least_deg)
    if alone.any():
        found.append(_alone_finding(frames, seen, alone, repair))
    return found or [clean("heading", "the pictures agree with the recorded headings")], turned


def wrap(deg: Array) -> Array:
    """Into [-180, 180)."""
    return np.asarray((deg + 180.0) % 360.0 - 180.0)


def _quarters(frames: Sequence[Frame], seen: Headings, known: Bools) -> tuple[Bools, Array]:
    """Which photos, fewer than most, are off by a quarter turn or two, and by which (the whole flight never is)."""
    off = np.where(known, seen.off_deg, 0.0)
    quarter = 90.0 * np.round(off / 90.0)
    gate = np.minimum(QUARTER * np.hypot(seen.own_deg, np.where(known, seen.sigma_deg, 0.0)), QUARTER_MOST_DEG)
    near = known & (quarter != 0) & (np.abs(off - quarter) < gate) & np.array([_looks_down(f) for f in frames])
    rest, other = known & ~near, float(np.median(quarter[near] % 360.0)) if near.any() else 0.0
    apart = float(np.median(np.abs(wrap(off[rest] - other)))) if rest.any() else 0.0
    few = near.sum() <= MOST * known.sum() and apart > 2.0 * QUARTER_MOST_DEG
    return (near if few else np.zeros_like(near)), quarter


def _looks_down(frame: Frame) -> bool:
    """Whether a turn of the pixels is a turn of the heading."""
    attitude = frame.pose.attitude if frame.pose else None
    return attitude is not None and attitude.pitch_deg < DOWN_DEG


def _turned_findings(frames: Sequence[Frame], seen: Headings, turned: Bools, quarter: Array) -> list[Finding]:
    """One finding for each quarter turn: pixels clockwise against the lens's are 90°, 180° or 270°."""
    found = []
    for turn in (90, 180, 270):
        some = turned & (np.round(-quarter % 360.0) == turn)
        if some.any():
            found.append(turned_finding(frames, some, turn, float(np.median(seen.sigma_deg[some]))))
    return found


def turned_finding(frames: Sequence[Frame], some: Bools, turn: int, sigma_deg: float) -> Finding:
    """Pixels of some frames lie turned by 90°, 180° or 270° against their metadata."""
    ids = _ids(frames, some)
    look = "looks" if len(ids) == 1 else "look"
    sentence = f"{names(ids)} {look} turned by {turn}° against the metadata: the pictures lie so on their neighbours"
    return Finding("turned", "found", sentence, ids, float(turn), sigma_deg, "deg", repair="turn")


def _common(seen: Headings, rest: Bools) -> tuple[float, float]:
    """What all have in common, by circular median, and what it may be off honestly."""
    if not rest.any():
        return 0.0, np.inf
    off = seen.off_deg[rest]
    middle = float(np.degrees(np.angle(np.exp(1j * np.radians(off)).mean())))
    middle += float(np.median(wrap(off - middle)))
    own = float(np.sqrt((np.hypot(seen.own_deg, seen.sigma_deg)[rest] ** 2).mean() / rest.sum()) * 1.2)
    return middle, float(np.sqrt(seen.shared_deg[rest].mean() ** 2 + own**2 + seen.common_sigma_deg**2))


def _common_finding(
    frames: Sequence[Frame],
    seen: Headings,
    rest: Bools,
    common: float,
    sigma: float,
    declination: Declination | None,
    repair: Repair,
) -> Finding:
    """The lie that fits what all headings have in common."""
    kind, sentence = _explained(frames, seen, rest, common, sigma, declination)
    by_frame = tuple((float(o), float(s)) for o, s in zip(seen.off_deg[rest], seen.sigma_deg[rest], strict=True))
    return Finding(kind, "found", sentence, _ids(frames, rest), common, sigma, "deg", by_frame, repair)


def _explained(
    frames: Sequence[Frame], seen: Headings, rest: Bools, common: float, sigma: float, declination: Declination | None
) -> tuple[str, str]:
    yaw, roll, body = _recorded(frames, rest)
    off, who = seen.off_deg[rest], names(_ids(frames, rest), [f.id for f in frames])
    spread = np.hypot(seen.own_deg, seen.sigma_deg)[rest]
    scatter = _misfit(off - common, spread)
    if np.abs(roll).max() > ROLLED_DEG and abs(float(np.median(wrap(off + 2 * roll)))) < COMMON * sigma:
        return "roll-sign", f"{who}: roll has the wrong sign: seen straight down, that turns headings by {common:+.0f}°"
    if _misfit(off + 2.0 * yaw, spread) < 0.75 * scatter and len(off) > 3:
        return "yaw-sign", f"{who}: yaw counts anticlockwise: its sign is wrong"
    same = bool(np.isfinite(body).all() and np.abs(wrap(yaw - body)).max() < SAME_DEG)
    told = None if declination is None else declination.deg
    if told is not None and abs(common - told) < COMMON * np.hypot(sigma, DECLINATION_SIGMA_DEG) and abs(told) > sigma:
        return "magnetic", f"{who}: headings count from magnetic north: off by {common:+.1f}°, declination {told:+.1f}°"
    if same and abs(common) > COMPASS_MOST_DEG / 2:
        return "aircraft-yaw", f"{who}: the gimbal's yaw is the aircraft's: the camera looked {common:+.0f}° beside it"
    if told is None and abs(common) < COMPASS_MOST_DEG / 2:
        return "magnetic", f"{who}: headings are off by {common:+.1f}°, as magnetic north for true north would make it"
    return "heading", f"{who}: headings are off by {common:+.1f}° ± {sigma:.1f}°"


def _misfit(off: Array, spread: Array) -> float:
    """Mean square of angles against their sigmas, their extremes cut."""
    return float(np.mean(np.minimum((wrap(off) / spread) ** 2, 25.0)))


def _recorded(frames: Sequence[Frame], rest: Bools) -> tuple[Array, Array, Array]:
    """Recorded yaw and roll of the lens and yaw of the aircraft, NaN where not told."""
    rows = []
    for frame, some in zip(frames, rest, strict=True):
        if some and frame.pose and frame.pose.attitude:
            body = frame.body.yaw_deg if frame.body else np.nan
            rows.append((frame.pose.attitude.yaw_deg, frame.pose.attitude.roll_deg, body))
    yaw, roll, body_yaw = np.array(rows).T
    return yaw, roll, body_yaw


def _alone_finding(frames: Sequence[Frame], seen: Headings, alone: Bools, repair: Repair) -> Finding:
    ids, off, sigma = _ids(frames, alone), seen.off_deg[alone], seen.sigma_deg[alone]
    sizes = ", ".join(f"{o:+.0f}°" for o in off[:3])
    more = " …" if alone.sum() > 3 else ""
    sentence = f"{names(ids)}: heading off by {sizes}{more} against what the overlaps with other photos show"
    by_frame = tuple((float(o), float(s)) for o, s in zip(off, sigma, strict=True))
    worst = int(np.argmax(np.abs(off)))
    return Finding("yaw", "found", sentence, ids, float(off[worst]), float(sigma[worst]), "deg", by_frame, repair)


def _ids(frames: Sequence[Frame], some: Bools) -> tuple[str, ...]:
    return tuple(f.id for f, s in zip(frames, some, strict=True) if s)
