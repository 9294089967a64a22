"""The first look: what overlaps, positions and ground say against the metadata, before any fine adjustment."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pipeline.geo.adjust.coarse import Coarse
from pipeline.geo.adjust.matches import Ties
from pipeline.geo.ground import Surface
from pipeline.geo.liars.clocks import Moved, lean_findings
from pipeline.geo.liars.declination import Declination, declination_at
from pipeline.geo.liars.finding import Finding, clean, names, unknown
from pipeline.geo.liars.headings import Headings, heading_findings
from pipeline.geo.liars.heights import height_findings
from pipeline.geo.liars.places import hours_off, in_gcj02
from pipeline.geo.liars.tilts import Tilted, take_tilts
from pipeline.types import ClockFit, Frame, GeoPoint

Array = NDArray[np.float64]

GROSS_DEG, GROSS = 15.0, 5.0  # smaller errors of headings, and less than sigmas, are left to the adjustment
DISAGREE = 1.7  # cost from which no pose of the flight can be right


@dataclass(frozen=True, eq=False)
class Examined:
    """All answers, and the coarse block of the frames as their tilts were taken."""

    findings: tuple[Finding, ...]
    seen: Coarse


def examine(
    frames: Sequence[Frame],
    ties: Ties,
    surface: Surface,
    known: Mapping[str, GeoPoint] | None = None,
    clocks: Sequence[ClockFit] = (),
) -> Examined:
    """Every question answered: found, no, or cannot be told. `known`: frame id -> its place by a log or control."""
    tilted = take_tilts(frames, ties, surface)
    moved = lean_findings(tilted.frames, tilted.seen, ties, surface)
    seen, found = moved.seen, list(tilted.findings)
    if seen.tied.sum() < 2:
        found += [unknown(q, "too few photos overlap") for q in ("tilt", "heading", "height", "clock")]
    elif seen.cost > DISAGREE:
        ids = tuple(f.id for f in frames)
        sentence = f"{names(ids, ids)}: the pictures do not agree on the ground under any attitude that was tried"
        found.append(Finding("inconsistent", "found", sentence, ids, seen.cost, repair="refuse"))
    else:
        found += _when_agreed(tilted, moved, surface)
    found += [in_gcj02(frames, known or {}), *hours_off(clocks)]
    return Examined(tuple(found), seen)


def _when_agreed(tilted: Tilted, moved: Moved, surface: Surface) -> list[Finding]:
    frames, seen = moved.frames, moved.seen
    found = [] if tilted.findings else [clean("tilt", "the pictures agree on the ground with the recorded tilts")]
    found.append(moved.finding)
    fresh = {i for f in tilted.findings if f.kind == "zero-gimbal" for i in f.frames}
    told = np.array([f.id not in fresh for f in frames])
    if told.any():
        found += heading_findings(frames, _headings(frames, seen, told), declination_of(frames), "heading")[0]
    return [*found, *height_findings(frames, seen, surface)]


def _headings(frames: Sequence[Frame], seen: Coarse, told: NDArray[np.bool_]) -> Headings:
    own, shared = claimed(frames, "yaw_deg")
    off = np.where(told, seen.yaw_deg, np.nan)
    sigma = np.where(told, seen.yaw_sigma_deg, np.inf)
    common = float(np.median(sigma[told])) if told.any() else np.inf
    return Headings(off, sigma, common, own, shared, GROSS_DEG, GROSS)


def claimed(frames: Sequence[Frame], part: str) -> tuple[Array, Array]:
    """(N,) own and shared one-sigma errors that the poses claim of one part."""
    own = [0.0 if f.pose is None else float(getattr(f.pose.own, part)) for f in frames]
    shared = [0.0 if f.pose is None else float(getattr(f.pose.shared, part)) for f in frames]
    return np.array(own), np.array(shared)


def declination_of(frames: Sequence[Frame]) -> Declination | None:
    """Where and when the flight was; None where that, or a model of the field, is not known."""
    pose = next((f.pose for f in frames if f.pose is not None), None)
    return None if pose is None else declination_at(pose.at, pose.t_ns)
