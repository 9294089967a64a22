"""Which tilt makes the pictures agree on the ground: as recorded, with a sign changed, straight down, or aslant."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from pipeline.geo.adjust.coarse import Coarse, coarse
from pipeline.geo.adjust.matches import Ties
from pipeline.geo.ground import Surface
from pipeline.geo.liars.finding import Finding, names
from pipeline.geo.liars.headings import turned_finding
from pipeline.geo.turns import taken_as_turned
from pipeline.types import Attitude, Frame

Bools = NDArray[np.bool_]

AGREED = 1.0  # cost below which the pictures agree; honest flights cost up to 0.8
BETTER = 0.7  # share of the cost that another tilt must leave at most
ABOVE_DEG = 5.0  # a camera that looks up this far sees no ground
ROLLED_DEG = 3.0
PITCHES_DEG = (-90.0, -75.0, -65.0, -60.0, -55.0, -50.0, -45.0, -40.0, -30.0)  # where nobody knows
COARSE_PITCHES_DEG = (-90.0, -70.0, -55.0, -45.0, -35.0)
STARTS_DEG = (-90.0, -55.0)
FLATTEST_DEG = -15.0
STRIP_TURN_DEG = 60.0
MOST_STRIPS = 12
REFINED = 4


@dataclass(frozen=True, eq=False)
class Tilted:
    """The frames as their tilts are taken, what their overlaps say then, and the findings that led there."""

    frames: tuple[Frame, ...]
    seen: Coarse
    findings: tuple[Finding, ...]


def take_tilts(frames: Sequence[Frame], ties: Ties, surface: Surface) -> Tilted:
    """The tilts under which the pictures agree."""
    tilted = _filled(frames, ties, surface)
    for kind, sentence, signed in _signs(tilted.frames):
        seen = coarse(signed, ties, surface)
        if _agrees(seen) and seen.cost < BETTER * tilted.seen.cost:
            return Tilted(signed, seen, (*tilted.findings, _sign_finding(kind, sentence, signed)))
    if _agrees(tilted.seen):
        return tilted
    turned = _turned_strip(tilted, ties, surface)
    return turned if turned is not None else tilted


def _agrees(seen: Coarse) -> bool:
    return seen.cost < AGREED and seen.used > 0.5


def _told(frame: Frame) -> Attitude | None:
    attitude = frame.pose.attitude if frame.pose else None
    zero = attitude is not None and attitude.yaw_deg == attitude.pitch_deg == attitude.roll_deg == 0
    return None if zero else attitude


def with_attitude(frame: Frame, attitude: Attitude) -> Frame:
    """The frame with another attitude."""
    assert frame.pose is not None
    return replace(frame, pose=replace(frame.pose, attitude=attitude))


def _filled(frames: Sequence[Frame], ties: Ties, surface: Surface) -> Tilted:
    """Frames that bring no attitude get the pitch under which all agree best, and any heading."""
    blind = np.array([f.pose is not None and f.camera is not None and _told(f) is None for f in frames])
    if not blind.any():
        return Tilted(tuple(frames), coarse(frames, ties, surface), ())
    tried = [_at_pitch(frames, blind, pitch) for pitch in PITCHES_DEG]
    costs = [coarse(t, ties, surface).cost for t in tried]
    best = tried[int(np.argmin(costs))]
    if min(costs) > AGREED / 2:
        starts = [best, *(tried[PITCHES_DEG.index(pitch)] for pitch in STARTS_DEG)]
        settled = [_strip_by_strip(start, blind, ties, surface) for start in starts]
        best = min(settled, key=lambda t: coarse(t, ties, surface).cost)
    best, seen = _refined(best, blind, ties, surface)
    return Tilted(best, seen, (_zero_finding(best, blind, seen),))


def _at_pitch(frames: Sequence[Frame], blind: Bools, pitch_deg: float) -> tuple[Frame, ...]:
    return tuple(
        with_attitude(f, Attitude(f.body.yaw_deg if f.body else 0.0, pitch_deg)) if b else f
        for f, b in zip(frames, blind, strict=True)
    )


def _strip_by_strip(frames: tuple[Frame, ...], blind: Bools, ties: Ties, surface: Surface) -> tuple[Frame, ...]:
    """Each strip's own pitch, where strips look down differently."""
    cost = coarse(frames, ties, surface).cost
    masks = strips(frames)
    for some in (*masks, *masks) if len(masks) > 1 else ():
        for pitch_deg in COARSE_PITCHES_DEG:
            tried = _at_pitch(frames, blind & some, pitch_deg)
            again = coarse(tried, ties, surface).cost
            if again < cost:
                frames, cost = tried, again
    return frames


def _refined(frames: tuple[Frame, ...], blind: Bools, ties: Ties, surface: Surface) -> tuple[tuple[Frame, ...], Coarse]:
    """Pitch and roll by where the pictures lie against their places: forward of them, the camera looked further up."""
    seen = coarse(frames, ties, surface)
    for _ in range(REFINED):
        tried = tuple(_leaned(f, seen, k) if b else f for k, (f, b) in enumerate(zip(frames, blind, strict=True)))
        again = coarse(tried, ties, surface)
        if again.cost >= seen.cost:
            break
        frames, seen = tried, again
    return frames, seen


def _leaned(frame: Frame, seen: Coarse, k: int) -> Frame:
    attitude = _told(frame)
    if attitude is None or not seen.tied[k]:
        return frame
    forward_m, _ = seen.shift_m[k]
    rate_m = seen.height_m[k] / max(0.05, np.sin(np.radians(-attitude.pitch_deg)) ** 2)
    pitch_deg = attitude.pitch_deg + float(np.degrees(np.clip(forward_m / rate_m, -0.15, 0.15)))
    return with_attitude(frame, replace(attitude, pitch_deg=min(FLATTEST_DEG, max(-90.0, pitch_deg))))


def _zero_finding(frames: Sequence[Frame], blind: Bools, seen: Coarse) -> Finding:
    some = [int(k) for k in np.flatnonzero(blind & seen.tied)] if _agrees(seen) else []
    ids = tuple(f.id for f, b in zip(frames, blind, strict=True) if b)
    if not some:
        sentence = f"{names(ids)}: no angles of the gimbal, and the pictures do not tell them"
        return Finding("zero-gimbal", "found", sentence, ids, repair="refuse")
    attitudes = [a for k in some if (a := _told(frames[k])) is not None]
    pitch = float(np.median([a.pitch_deg for a in attitudes]))
    sentence = (
        f"{names(ids)}: no angles of the gimbal; by the overlaps the camera looked {pitch:+.0f}° and where it did"
    )
    rows = tuple(
        (a.yaw_deg + float(seen.yaw_deg[k]), a.pitch_deg, a.roll_deg, float(seen.yaw_sigma_deg[k]), 3.0)
        for k, a in zip(some, attitudes, strict=True)
    )
    told = tuple(frames[k].id for k in some)
    return Finding("zero-gimbal", "found", sentence, told, pitch, 3.0, "deg", rows, "attitude")


def _signs(frames: Sequence[Frame]) -> Iterator[tuple[str, str, tuple[Frame, ...]]]:
    """(lie, sentence, frames) of every sign that may be wrong."""
    told = [a for f in frames if (a := _told(f)) is not None]
    if not told:
        return
    if np.median([a.pitch_deg for a in told]) > ABOVE_DEG:
        yield (
            "pitch-sign",
            "pitch has the wrong sign: as recorded, the camera looked at the sky",
            _changed(frames, -1, 1),
        )
    if np.median([abs(a.roll_deg) for a in told]) > ROLLED_DEG:
        yield "roll-sign", "roll has the wrong sign: with the other one the pictures agree", _changed(frames, 1, -1)


def _changed(frames: Sequence[Frame], pitch: int, roll: int) -> tuple[Frame, ...]:
    out = []
    for frame in frames:
        a = _told(frame)
        turned = None if a is None else Attitude(a.yaw_deg, pitch * a.pitch_deg, roll * a.roll_deg)
        out.append(frame if turned is None else with_attitude(frame, turned))
    return tuple(out)


def _sign_finding(kind: str, sentence: str, frames: Sequence[Frame]) -> Finding:
    some = [(f.id, a) for f in frames if (a := _told(f)) is not None]
    ids = tuple(i for i, _ in some)
    rows = tuple((a.yaw_deg, a.pitch_deg, a.roll_deg) for _, a in some)
    return Finding(kind, "found", f"{names(ids, ids)}: {sentence}", ids, by_frame=rows, repair="attitude")


def _turned_strip(tilted: Tilted, ties: Ties, surface: Surface) -> Tilted | None:
    """The strip, seen aslant, whose pixels had to be turned for the pictures to agree; None when that is not it."""
    best: Tilted | None = None
    for some in strips(tilted.frames):
        for turn in (180, 90, 270):
            frames = tuple(
                taken_as_turned(f, (360 - turn) % 360) if s and _told(f) is not None and not f.problem else f
                for f, s in zip(tilted.frames, some, strict=True)
            )
            seen = coarse(frames, ties, surface)
            if _agrees(seen) and seen.cost < BETTER * (tilted if best is None else best).seen.cost:
                sigma = float(np.median(seen.yaw_sigma_deg[some]))
                best = Tilted(frames, seen, (*tilted.findings, turned_finding(frames, some, turn, sigma)))
    return best


def strips(frames: Sequence[Frame]) -> list[Bools]:
    """(N,) masks of runs of frames whose recorded headings follow each other; the longest ones."""
    label = np.zeros(len(frames), np.intp)
    last: float | None = None
    for k, frame in enumerate(frames):
        attitude = _told(frame)
        label[k] = label[k - 1] if k else 0
        if attitude is not None:
            if last is not None and abs((attitude.yaw_deg - last + 180) % 360 - 180) > STRIP_TURN_DEG:
                label[k] += 1
            last = attitude.yaw_deg
    masks = [label == i for i in range(int(label.max()) + 1)] if len(frames) else []
    return sorted(masks, key=lambda m: -int(m.sum()))[:MOST_STRIPS]
