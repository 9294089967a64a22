"""Findings put to use: poses repaired as far as the pictures know better, refused where they are known to lie."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace

import numpy as np

from pipeline.geo.coordinates import gcj02_to_wgs84
from pipeline.geo.liars.finding import Finding
from pipeline.geo.turns import taken_as_turned
from pipeline.types import Attitude, Frame, Pose

WIDER = 2.0  # a heading taken from the pictures is given this many of its sigmas
LEAST_YAW_DEG = 2.0
ORDER = ("turn", "attitude", "heading", "height", "heights", "position", "places", "refuse")
NO_HEIGHT = "nothing says how high the camera was above the ground"
MOVED_M = 1.5  # of a place at another second of the track
FROM_PICTURES = "from the overlaps"


def repaired(frames: Sequence[Frame], findings: Iterable[Finding]) -> tuple[Frame, ...]:
    """The frames with every found lie repaired, and marked in `sources`; or with a `problem`, where it cannot be."""
    out = {f.id: f for f in frames}
    for finding in sorted((f for f in findings if f.verdict == "found" and f.repair), key=_order):
        rows = finding.by_frame or ((),) * len(finding.frames)
        for name, row in zip(finding.frames, rows, strict=True):
            frame = out.get(name)
            if frame is not None and frame.pose is not None:
                out[name] = _REPAIRS[finding.repair](frame, frame.pose, finding, row)
    return tuple(out[f.id] for f in frames)


def _order(finding: Finding) -> int:
    return ORDER.index(finding.repair)


def _marked(frame: Frame, part: str, how: str) -> Frame:
    """The frame with its source of one part told."""
    kept = tuple((p, s) for p, s in frame.sources if p != part)
    was = next((s for p, s in frame.sources if p == part), "")
    return replace(frame, sources=(*kept, (part, f"{was}, {how}" if was else how)))


def _turn(frame: Frame, pose: Pose, finding: Finding, row: tuple[float, ...]) -> Frame:
    turned = taken_as_turned(frame, round(360 - finding.value) % 360)
    return _marked(turned, "attitude", f"pixels turned back by {finding.value:.0f}°")


def _attitude(frame: Frame, pose: Pose, finding: Finding, row: tuple[float, ...]) -> Frame:
    """(yaw, pitch, roll), and where they are the pictures' own, sigmas of yaw and of both tilts."""
    own = pose.own
    if len(row) > 3:
        own = replace(own, yaw_deg=max(LEAST_YAW_DEG, WIDER * row[3]), pitch_deg=row[4], roll_deg=row[4])
    made = replace(
        frame,
        pose=replace(pose, attitude=Attitude(_wrapped(row[0]), row[1], row[2]), own=own),
        problem=_other_problem(frame, pose),
    )
    return _marked(made, "attitude", f"{finding.kind}: {FROM_PICTURES}" if len(row) > 3 else finding.kind)


def _other_problem(frame: Frame, pose: Pose) -> str:
    """What is still wrong with a frame whose attitude is found."""
    if pose.attitude is not None:
        return frame.problem
    parts = {part for part, _ in frame.sources}
    return "" if not parts or "height" in parts else NO_HEIGHT


def _heading(frame: Frame, pose: Pose, finding: Finding, row: tuple[float, ...]) -> Frame:
    if pose.attitude is None:
        return frame
    off_deg, sigma_deg = row
    attitude = replace(pose.attitude, yaw_deg=_wrapped(pose.attitude.yaw_deg + off_deg))
    own = replace(pose.own, yaw_deg=max(LEAST_YAW_DEG, WIDER * sigma_deg))
    made = replace(frame, pose=replace(pose, attitude=attitude, own=own))
    return _marked(made, "attitude", f"heading {FROM_PICTURES}")


def _height(frame: Frame, pose: Pose, finding: Finding, row: tuple[float, ...]) -> Frame:
    """All heights moved as one: what is unsure of it, all share."""
    off_m, sigma_m = row
    at, shared = replace(pose.at, alt_m=pose.at.alt_m + off_m), replace(pose.shared, up_m=sigma_m)
    return _marked(replace(frame, pose=replace(pose, at=at, shared=shared)), "height", FROM_PICTURES)


def _heights(frame: Frame, pose: Pose, finding: Finding, row: tuple[float, ...]) -> Frame:
    """Each height by its own pictures."""
    off_m, sigma_m = row
    at, own = replace(pose.at, alt_m=pose.at.alt_m + off_m), replace(pose.own, up_m=sigma_m)
    return _marked(replace(frame, pose=replace(pose, at=at, own=own)), "height", FROM_PICTURES)


def _position(frame: Frame, pose: Pose, finding: Finding, row: tuple[float, ...]) -> Frame:
    lat_deg, lon_deg = gcj02_to_wgs84(np.array([pose.at.lat_deg]), np.array([pose.at.lon_deg]))[0]
    at = replace(pose.at, lat_deg=float(lat_deg), lon_deg=float(lon_deg))
    return _marked(replace(frame, pose=replace(pose, at=at)), "position", "GCJ-02 taken back")


def _places(frame: Frame, pose: Pose, finding: Finding, row: tuple[float, ...]) -> Frame:
    """The place at another second, where the track between photos is straight; else nobody knows it."""
    lat_deg, lon_deg, sure = row
    if not sure:
        return replace(
            frame, problem=frame.problem or f"{finding.sentence}; here, at a bend of the track, nobody knows where"
        )
    at = replace(pose.at, lat_deg=lat_deg, lon_deg=lon_deg)
    own = replace(pose.own, east_m=max(MOVED_M, pose.own.east_m), north_m=max(MOVED_M, pose.own.north_m))
    return _marked(replace(frame, pose=replace(pose, at=at, own=own)), "position", f"{finding.value:+.1f} s taken back")


def _refuse(frame: Frame, pose: Pose, finding: Finding, row: tuple[float, ...]) -> Frame:
    return replace(frame, problem=frame.problem or finding.sentence)


def _wrapped(deg: float) -> float:
    return (deg + 180.0) % 360.0 - 180.0


_REPAIRS: dict[str, Callable[[Frame, Pose, Finding, tuple[float, ...]], Frame]] = {
    "turn": _turn,
    "attitude": _attitude,
    "heading": _heading,
    "height": _height,
    "heights": _heights,
    "position": _position,
    "places": _places,
    "refuse": _refuse,
}
