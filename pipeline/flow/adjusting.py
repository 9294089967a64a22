"""A mission's poses corrected from its own pictures; what lies in its metadata found, named, repaired or refused."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from pipeline.errors import GeometryError
from pipeline.flow.ties import Seen, find_ties
from pipeline.geo.adjust import Block, Levelled, Ties, adjust
from pipeline.geo.adjust.coarse import Coarse
from pipeline.geo.ground import Surface, open_ground
from pipeline.geo.horizon import Horizon, corrected
from pipeline.geo.liars import Finding, examine, in_gcj02, liars_after, repaired
from pipeline.geo.locate import TURNED
from pipeline.parallel import Pool
from pipeline.types import Attitude, Frame, Ground, Mission

Tell = Callable[[str, int, int], None]

LEAST_TIES = 12  # that hold a frame which counts as tied
GUESSED_DEG = 15.0  # from this sigma on a heading is a guess: too far from the truth to begin with
LEAST_YAW_DEG = 2.0
KNOWN_DEG = 3.0  # an attitude surer than this is measured, whatever was assumed before
UNTIED = "no other photo sees enough of what this one sees, so that its attitude could not be adjusted"


@dataclass(frozen=True, eq=False)
class Adjusted:
    """The mission with better poses, how their errors hang together, and what the provenance says of it."""

    mission: Mission
    joint: Block | None
    facts: dict[str, Any]


def adjust_mission(mission: Mission, mode: str, pool: Pool | None, tell: Tell) -> Adjusted:
    """Adjust as `--adjust` says: "auto" corrects what can be corrected, "require" uses nothing else.

    Raises GeometryError when it is required and no two photos could be tied together.
    """
    frames = [f for f in mission.frames if _may_be_placed(f)]
    if mode == "off" or not frames:
        return Adjusted(mission, None, {"mode": mode})
    surface = open_ground(mission.ground)
    seen = find_ties(frames, surface, pool, tell)
    examined = examine(frames, seen.ties, surface, clocks=mission.clocks)
    first = (*(f for f in examined.findings if f.kind != "place"), _place(frames))
    mended = repaired(frames, first)
    started, block, second = _solve(_headed(frames, mended, examined.seen), seen, mission, surface)
    done = _with_horizons(started, seen.horizons) if block is None else _with_block(started, block, seen.horizons)
    if mode == "require":
        done = _only_tied(done, block)
    new = {f.id: f for f in done}
    warnings = mission.warnings + _sentences((*first, *second), done, block)
    made = replace(
        mission,
        frames=tuple(new.get(f.id, f) for f in mission.frames),
        ground=found_ground(mission.ground, surface, block),
        warnings=warnings,
    )
    return Adjusted(made, block, _facts(mode, {"before": first, "after": second}, seen, block))


def _may_be_placed(frame: Frame) -> bool:
    """A frame with place and lens; one whose attitude alone is missing may get it from its neighbours."""
    if frame.pose is None or frame.camera is None:
        return False
    return not frame.problem or frame.pose.attitude is None


def found_ground(ground: Ground, surface: Surface, block: Block | None) -> Ground:
    """Level ground where the ties lie, as unsure as it was at a single place; a terrain model stays what it is."""
    found = block.ground_found() if block is not None and surface.level else None
    if found is None or ground.plane_alt_m is None:
        return ground
    return replace(ground, plane_alt_m=ground.plane_alt_m + found[0], sigma_m=max(found[1], surface.sigma_m))


def _place(frames: Sequence[Frame]) -> Finding:
    """Whether photos tell places of a Chinese map, against the log that stands in their place: nothing to repair."""
    told = [(f, f.pose, f.told_at) for f in frames if f.pose is not None and f.told_at is not None]
    as_told = [replace(f, pose=replace(p, at=at)) for f, p, at in told]
    return replace(in_gcj02(as_told, {f.id: p.at for f, p, _ in told}), repair="")


def _headed(recorded: Sequence[Frame], mended: Sequence[Frame], seen: Coarse) -> list[Frame]:
    """Frames whose heading was no more than a guess look where the overlaps say, unless a repair has turned them."""
    told = zip(recorded, mended, seen.yaw_deg, seen.yaw_sigma_deg, strict=True)
    return [_looking(new, off, sigma) if _same_look(old, new) else new for old, new, off, sigma in told]


def _same_look(one: Frame, other: Frame) -> bool:
    return one.pose is not None and other.pose is not None and one.pose.attitude == other.pose.attitude


def _looking(frame: Frame, off_deg: float, sigma_deg: float) -> Frame:
    pose = frame.pose
    if pose is None or pose.attitude is None or pose.own.yaw_deg < GUESSED_DEG or not np.isfinite(off_deg):
        return frame
    yaw_deg = (pose.attitude.yaw_deg + float(off_deg) + 180.0) % 360.0 - 180.0
    own = replace(pose.own, yaw_deg=min(pose.own.yaw_deg, max(LEAST_YAW_DEG, 3.0 * float(sigma_deg))))
    return replace(frame, pose=replace(pose, attitude=replace(pose.attitude, yaw_deg=yaw_deg), own=own))


def _solve(
    frames: list[Frame], seen: Seen, mission: Mission, surface: Surface
) -> tuple[list[Frame], Block | None, tuple[Finding, ...]]:
    """(frames as they went in, the block of those that can be used, what it betrayed).

    A lie that only the block reveals is repaired or refused before it is made anew; what is refused is not in it.
    """
    block = _adjusted(frames, seen, mission, surface)
    if block is None:
        return frames, None, ()
    some = list(block.solution.problem.frames)
    found = liars_after(
        some, block.correction, block.sigma, block.prior_sigma, block.shared, block.shared_sigma, block.tied, surface
    )
    if not any(f.verdict == "found" and f.repair for f in found):
        return frames, block, found
    better = {f.id: f for f in repaired(some, found)}
    mended = [better.get(f.id, f) for f in frames]
    return mended, _adjusted(mended, seen, mission, surface), found


def _adjusted(frames: Sequence[Frame], seen: Seen, mission: Mission, surface: Surface) -> Block | None:
    """None where nothing ties photos to each other or to what is known, or nothing fits together."""
    usable = [k for k, f in enumerate(frames) if not f.problem and f.pose is not None and f.pose.attitude is not None]
    ties = _among(seen.ties, usable)
    some = [frames[k] for k in usable]
    controls = [c for c in mission.controls if any(f.id == name for name, _, _ in c.pixels for f in some)]
    if not some or not (ties.points or controls or any(f.laser for f in some)):
        return None
    level = {f.id: _levelled(f, h) for f in some if (h := seen.horizons.get(f.id)) is not None}
    try:
        return adjust(some, ties, surface, controls, level)
    except GeometryError:
        return None


def _levelled(frame: Frame, horizon: Horizon) -> Levelled:
    assert frame.pose is not None and frame.pose.attitude is not None
    attitude = Attitude(frame.pose.attitude.yaw_deg, horizon.pitch_deg, horizon.roll_deg)
    return Levelled(attitude, horizon.pitch_sigma_deg, horizon.roll_sigma_deg, horizon.pitch_by_focal_deg)


def _among(ties: Ties, kept: Sequence[int]) -> Ties:
    """The ties of some frames, counted anew; things that only one of them sees are none."""
    number = np.full(max(int(ties.frame.max(initial=-1)), max(kept, default=-1)) + 1, -1)
    number[list(kept)] = np.arange(len(kept))
    some = number[ties.frame] >= 0
    count = np.bincount(ties.point[some], minlength=ties.points)
    some &= count[ties.point] >= 2
    _, point = np.unique(ties.point[some], return_inverse=True)
    return Ties(number[ties.frame[some]], np.asarray(point, np.intp).reshape(-1), ties.px[some], ties.sigma_px[some])


def _with_horizons(frames: Sequence[Frame], horizons: Mapping[str, Horizon]) -> list[Frame]:
    return [corrected(f, horizons[f.id]) if f.id in horizons and not f.problem else f for f in frames]


def _with_block(frames: Sequence[Frame], block: Block, horizons: Mapping[str, Horizon]) -> list[Frame]:
    """The frames as the block has them; what was assumed of one that ties hold is now measured."""
    held = {f.id: (f, int(n)) for f, n in zip(block.frames, block.tied, strict=True)}
    return [_settled(*held[f.id], f.id in horizons) if f.id in held else f for f in frames]


def _settled(frame: Frame, ties: int, horizon: bool) -> Frame:
    if ties < LEAST_TIES or frame.pose is None:
        return frame
    own = frame.pose.own
    known = max(own.pitch_deg, own.roll_deg) < KNOWN_DEG and own.yaw_deg < KNOWN_DEG
    settled = {TURNED, "attitude"} if known else set()
    how = "by what other photos see of the same" + (", and by the horizon" if horizon else "")
    return replace(
        frame,
        assumed=tuple(a for a in frame.assumed if a not in settled),
        sources=(*frame.sources, ("adjusted", how)),
    )


def _only_tied(frames: Sequence[Frame], block: Block | None) -> list[Frame]:
    tied = set() if block is None else {f.id for f, n in zip(block.frames, block.tied, strict=True) if n >= LEAST_TIES}
    if not tied:
        raise GeometryError("--adjust require: no two photos see enough in common to adjust their attitudes")
    return [f if f.id in tied else replace(f, problem=f.problem or UNTIED) for f in frames]


def _sentences(findings: Sequence[Finding], frames: Sequence[Frame], block: Block | None) -> tuple[str, ...]:
    """What a user must read: every lie that was found, and how many photos stand alone."""
    said = tuple(f.sentence for f in findings if f.verdict == "found")
    alone = sum(n < LEAST_TIES for n in block.tied) if block is not None else len(frames)
    if alone and len(frames) > 1:
        said += (f"{alone} of {len(frames)} photos could not be tied to others; they keep what was recorded of them",)
    return said


def _facts(mode: str, findings: Mapping[str, Sequence[Finding]], seen: Seen, block: Block | None) -> dict[str, Any]:
    """What the provenance says; findings by when they were made, before or after the adjustment."""
    told: dict[str, Any] = {
        "mode": mode,
        "pairs": seen.pairs,
        "ties": len(seen.ties.frame),
        "horizons": sorted(seen.horizons),
        "examined": [
            {"kind": f.kind, "verdict": f.verdict, "when": when, "line": f.line, "frames": list(f.frames)}
            for when, found in findings.items()
            for f in found
        ],
    }
    if block is None:
        return told
    lenses = [
        {
            "focal": float(v[0]),
            "focal_sigma": float(s[0]),
            "centre_px": [float(v[1]), float(v[2])],
            "k1_k2": list(map(float, v[3:])),
        }
        for v, s in zip(block.lens, block.lens_sigma, strict=True)
    ]
    return told | {
        "tied": int((block.tied >= LEAST_TIES).sum()),
        "rejected_share": round(block.rejected, 4),
        "ties_error_in_sigmas": round(block.scale * block.solution.discount, 2),
        "lenses": lenses,
        "ground_m": None if (found := block.ground_found()) is None else [round(v, 3) for v in found],
    }
