"""From what was seen in pixels to hits on the ground: the middle of every run, without a file written."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from functools import partial

from pipeline import imagery
from pipeline.errors import PipelineError
from pipeline.flow.adjusting import adjust_mission
from pipeline.flow.hover import hover_clips, weighed
from pipeline.flow.look import look_at_range, thumb_path
from pipeline.flow.ranges import tasks, video_digests, with_clips
from pipeline.geo import turns
from pipeline.geo.joint import Joint
from pipeline.geo.locate import locate
from pipeline.geo.tracks import follow
from pipeline.parallel import Pool, chunks, pmap
from pipeline.types import Detection, Frame, Ground, HitList, Looked, Mission, Sighting, Skipped

CHUNK = 4


@dataclass(frozen=True, slots=True)
class NotLocated:
    """A detection that has no place on the ground, or one that moves and cannot be what it is called, and why."""

    detection: Detection
    reason: str


def run_mission(mission: Mission, detector: str, pool: Pool | None = None, adjust: str = "auto") -> HitList:
    """Search a mission's frames and put what is found on the ground; nothing is written.

    adjust: "auto", "off" or "require", as the command line has it. Raises PipelineError when not a single frame could
    be used, ModelError for an unknown detector, GeometryError when an adjustment is required and cannot be made.
    """
    from pipeline.detect import load_detector

    work = partial(look_at_range, see=load_detector(detector), digests=video_digests(mission.frames))
    ranges = with_clips(tasks(mission.frames, CHUNK), hover_clips(mission.frames))
    found = {x.frame_id: x for part in pmap(work, ranges, pool) for x in part}
    adjusted = adjust_mission(mission, adjust, pool, lambda stage, done, total: None)
    return conclude(adjusted.mission, [found[f.id] for f in mission.frames], adjusted.joint)[0]


def conclude(
    mission: Mission, found: Sequence[Looked | Skipped], joint: Joint | None = None
) -> tuple[HitList, tuple[NotLocated, ...]]:
    """What was seen in all frames -> a hit list, and the detections that have no place in it.

    joint: how the frames' errors hang together after an adjustment.
    """
    looked = tuple(x for x in found if isinstance(x, Looked))
    skipped = mission.skipped + tuple(x for x in found if isinstance(x, Skipped))
    if not looked:
        raise PipelineError(nothing_usable(skipped))
    sightings, lost = locate_all(looked, mission)
    digest = inputs_digest(looked)
    followed = follow(sightings, {f.id: f for f in mission.frames}, joint)
    strays = tuple(NotLocated(s.detection, why) for s, why in followed.strays)
    hits = tuple(weighed(h) for h in followed.hits)
    return HitList(mission.name or f"m-{digest[:12]}", hits, skipped, looked, digest), lost + strays


def nothing_usable(skipped: Sequence[Skipped]) -> str:
    """One sentence for a flight of which no frame could be used."""
    if not skipped:
        return "not a single frame could be used"
    first = skipped[0]
    why = first.reason if first.reason.startswith(first.frame_id) else f"{first.frame_id}: {first.reason}"
    more = f" (and {len(skipped) - 1} more)" if len(skipped) > 1 else ""
    return f"not a single frame could be used; {why}{more}"


def locate_all(looked: Iterable[Looked], mission: Mission) -> tuple[list[Sighting], tuple[NotLocated, ...]]:
    """Every detection on the ground, or the reason why not."""
    frames = {f.id: f for f in mission.frames}
    sightings: list[Sighting] = []
    lost: list[NotLocated] = []
    for detection in (d for x in looked for d in x.detections):
        try:
            sightings.append(locate(detection, frames[detection.frame_id], mission.ground))
        except PipelineError as why:
            lost.append(NotLocated(detection, str(why)))
    return sightings, tuple(lost)


def inputs_digest(looked: Iterable[Looked]) -> str:
    """SHA-256 over the digests and names of the pictures that were searched."""
    lines = sorted(f"{x.sha256}  {x.frame_id}\n" for x in looked)
    return hashlib.sha256("".join(lines).encode()).hexdigest()


def doubt_turned(mission: Mission, thumbs: str, pool: Pool | None, tell: Callable[[int, int], None]) -> Mission:
    """Warn of photos turned against their metadata; what only they show gets the large error that it deserves."""
    pairs = turns.neighbours([f for f in mission.frames if thumb_path(thumbs, f).exists()])
    votes: list[turns.Vote | None] = []
    for part in pmap(partial(_vote, thumbs=thumbs, ground=mission.ground), chunks(pairs, CHUNK), pool):
        votes.extend(part)
        tell(len(votes), len(pairs))
    turned = turns.turned(votes)
    frames = tuple(turns.taken_as_turned(f, turned[f.id]) if f.id in turned else f for f in mission.frames)
    return replace(mission, frames=frames, warnings=mission.warnings + turns.warnings(mission.frames, turned))


def _vote(pairs: Sequence[tuple[Frame, Frame]], thumbs: str, ground: Ground) -> list[turns.Vote | None]:
    def read(frame: Frame) -> imagery.Image:
        return imagery.decode(imagery.read_bytes(thumb_path(thumbs, frame)), frame.id)

    return [turns.vote(pair, read, ground) for pair in pairs]
