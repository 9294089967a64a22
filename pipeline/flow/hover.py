"""Plumes in hover clips: which frames of a film stand still, and whether the smoke found in them moves.

A film's frames are chosen by the ground they show: where the camera stands still, one every few seconds. What is found
there as smoke or dust is looked at again in the frames of the next seconds, or of the last ones. Which frames these are
follows from the poses and the file alone, so that neither the number of workers nor the cut into ranges changes a
result; they are decoded once, in order, and kept reduced and only as long as a clip needs them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import groupby

import numpy as np
from numpy.typing import NDArray

from pipeline import imagery
from pipeline.errors import ImageryError
from pipeline.types import Box, Detection, Frame, Hit, Looked, Pose, Skipped

Pts = NDArray[np.int64]
Floats = NDArray[np.float64]

DRIFTING = ("smoke", "dust")  # first levels of classes
FRAMES, SPACING_S = 10, 0.3  # of a clip
CLIP_S = (FRAMES - 1) * SPACING_S
LEAST_CHOSEN = 4  # frames of the film's sample in a stretch that stands still
STILL_MPS, STILL_DEGPS = 0.4, 2.0


@dataclass(frozen=True, slots=True)
class Clip:
    """Frames of a film beside a chosen one, by their time stamps: the chosen one first, then on or back in time."""

    frame_id: str
    path: str
    pts: tuple[int, ...]


def hover_clips(frames: Sequence[Frame]) -> dict[str, Clip]:
    """Clips by frame id, for the frames of a mission's films at which the camera stood still over the ground."""
    films = sorted((f for f in frames if f.pts is not None and not f.problem), key=lambda f: (f.path, f.pts))
    return {c.frame_id: c for path, shown in groupby(films, key=lambda f: f.path) for c in _of_film(path, list(shown))}


def _of_film(path: str, shown: list[Frame]) -> Iterator[Clip]:
    from pipeline.video import probe

    if len(shown) < LEAST_CHOSEN:
        return
    try:
        video = probe(path)
    except ImageryError:  # looking at it will say so
        return
    all_s = video.t_ns(video.pts) / 1e9
    t_s = video.t_ns(np.array([f.pts for f in shown])) / 1e9
    for i, way in _standing(shown, t_s):
        wanted_s = t_s[i] + way * SPACING_S * np.arange(FRAMES)
        pts = tuple(int(p) for p in dict.fromkeys(video.pts[_nearest(all_s, wanted_s)]))
        yield Clip(shown[i].id, path, pts)


def _nearest(sorted_s: Floats, wanted_s: Floats) -> Pts:
    after = np.clip(np.searchsorted(sorted_s, wanted_s), 1, max(1, len(sorted_s) - 1))
    before = after - 1
    after = np.minimum(after, len(sorted_s) - 1)
    return np.where(wanted_s - sorted_s[before] <= sorted_s[after] - wanted_s, before, after)


def _standing(shown: Sequence[Frame], t_s: Floats) -> list[tuple[int, int]]:
    """(index, +1 for a clip on or -1 for one back in time) of the frames at which the camera stands still.

    It does for a clip's length if the chosen frames of that time, the next one after it included, say so; a stretch of
    such times counts when it holds LEAST_CHOSEN chosen frames.
    """
    ends = [int(e) for e in np.searchsorted(t_s, t_s + CLIP_S - 1e-6)]
    on = {i: e for i, e in enumerate(ends) if e < len(t_s) and _still(shown[i : e + 1], t_s[i : e + 1])}
    moved = np.ones(len(t_s), bool)  # from the frame before
    for i, e in on.items():
        moved[i + 1 : e + 1] = False
    stretch = np.cumsum(moved) - 1
    long = np.bincount(stretch)[stretch] >= LEAST_CHOSEN
    back = set(on.values()) - set(on)
    return sorted([(i, 1) for i in on if long[i]] + [(i, -1) for i in back if long[i]])


def _still(shown: Sequence[Frame], t_s: Floats) -> bool:
    """Whether the camera of some frames neither goes nor turns faster than a hover does, from the first to each."""
    poses = [f.pose for f in shown]
    first = poses[0]
    if first is None:
        return False
    later = ((p, float(t - t_s[0])) for p, t in zip(poses[1:], t_s[1:], strict=True))
    return all(p is not None and _near(first, p, max(s, CLIP_S)) for p, s in later)


def _near(one: Pose, other: Pose, seconds: float) -> bool:
    from pipeline.geo.geodesy import as_row, to_enu

    way_m = float(np.linalg.norm(to_enu(as_row(other.at), one.at)[0]))
    return way_m <= STILL_MPS * seconds and _turned_deg(one, other) <= STILL_DEGPS * seconds


def _turned_deg(one: Pose, other: Pose) -> float:
    if one.attitude is None or other.attitude is None:
        return 0.0
    yaw = (other.attitude.yaw_deg - one.attitude.yaw_deg + 180) % 360 - 180
    return abs(yaw) + abs(other.attitude.pitch_deg - one.attitude.pitch_deg)


def with_motion(found: Sequence[Looked | Skipped], clips: Mapping[str, Clip]) -> list[Looked | Skipped]:
    """What was found in a range, its smoke and dust with the share that keeps moving, where that can be told."""
    asked = {x.frame_id: x for x in found if isinstance(x, Looked) and x.frame_id in clips and _drifting(x)}
    shown = _decoded([clips[i] for i in asked])
    told = {clip.frame_id: _watched(asked[clip.frame_id], pictures, width) for clip, pictures, width in shown}
    return [told.get(x.frame_id, x) for x in found]


def weighed(hit: Hit) -> Hit:
    """A hit whose confidence motion raised or lowered, by the median of the shares where there are some.

    One verdict for all frames: a hundred chances of one frame each would raise what lies still.
    """
    from pipeline.detect.motion import raised

    shares = [s.detection.motion for s in hit.sightings if s.detection.motion is not None]
    if not shares:
        return hit
    best = max((s.detection for s in hit.sightings), key=lambda d: d.confidence)
    return replace(hit, confidence=raised(best, float(np.median(shares))).confidence)


def _drifting(looked: Looked) -> bool:
    return any(_drifts(d) for d in looked.detections)


def _drifts(found: Detection) -> bool:
    return found.label.split("/")[0] in DRIFTING


def _decoded(clips: Sequence[Clip]) -> Iterator[tuple[Clip, list[imagery.Image], int]]:
    """(clip, its frames reduced, the film's width); a film that cannot be opened any more has none."""
    for path in dict.fromkeys(c.path for c in clips):
        try:
            yield from _shown(path, [c for c in clips if c.path == path])
        except ImageryError:
            continue


def _shown(path: str, clips: Sequence[Clip]) -> Iterator[tuple[Clip, list[imagery.Image], int]]:
    """As `_decoded`: the film is decoded once, and a frame is dropped after the last clip that holds it."""
    from pipeline.detect.motion import LOOK_PX
    from pipeline.video import frames

    waiting = sorted(clips, key=lambda c: (max(c.pts), c.pts))
    kept: dict[int, imagery.Image] = {}
    width_px = 0
    for pts, image in frames(path, sorted({p for c in clips for p in c.pts})):
        kept[pts], width_px = imagery.reduced(image, LOOK_PX), image.shape[1]
        while waiting and max(waiting[0].pts) <= pts:
            clip = waiting.pop(0)
            yield clip, _pictures(clip, kept), width_px
            first = min((min(c.pts) for c in waiting), default=pts)
            kept = {p: i for p, i in kept.items() if p >= first}
    for clip in waiting:
        yield clip, _pictures(clip, kept), width_px


def _pictures(clip: Clip, kept: Mapping[int, imagery.Image]) -> list[imagery.Image]:
    """The searched frame first; nothing without it."""
    return [kept[p] for p in clip.pts if p in kept] if clip.pts[0] in kept else []


def _watched(looked: Looked, clip: list[imagery.Image], width_px: int) -> Looked:
    from pipeline.detect import motion

    try:
        watched = motion.watch(clip)
    except ImageryError:  # too short, or nothing to lay it over: it tells nothing
        return looked
    scale = clip[0].shape[1] / width_px

    def moving(found: Detection) -> Detection:
        return replace(found, motion=motion.verdict(_scaled(found.box_px, scale), watched, clip[0]))

    return replace(looked, detections=tuple(moving(d) if _drifts(d) else d for d in looked.detections))


def _scaled(box_px: Box, scale: float) -> Box:
    x0, y0, x1, y1 = ((v + 0.5) * scale - 0.5 for v in box_px)
    return x0, y0, x1, y1
