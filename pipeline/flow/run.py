"""A run as a folder: grown as RUN.partial, renamed when whole, never overwritten, gone on with by `resume`."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from pipeline import imagery
from pipeline.config import RunConfig
from pipeline.errors import GeometryError, MissionError, OutputError, PipelineError
from pipeline.flow import provenance
from pipeline.flow.adjusting import Adjusted, adjust_mission
from pipeline.flow.frames import frames_value
from pipeline.flow.hover import hover_clips
from pipeline.flow.journal import Journal, whole_lines
from pipeline.flow.look import Finder, look_at_range
from pipeline.flow.mission import conclude, doubt_turned, locate_all, nothing_usable
from pipeline.flow.ranges import tasks, video_digests, with_clips
from pipeline.geo.ground import open_ground
from pipeline.geo.radius import r90_m
from pipeline.parallel import Pool, open_pool, pmap
from pipeline.types import Ground, HitList, Looked, Mission, Skipped, iso_utc

if TYPE_CHECKING:
    from pipeline.ingest.sampling import Sampling

Tell = Callable[[str, int, int], None]

CLUSTER_BATCH = 16  # frames a task: a scheduler takes some milliseconds for each
ALONE_BATCH = 4  # where one process does it all: the next photo is read while this one is searched


@dataclass(frozen=True, slots=True)
class Done:
    """A finished run: its folder, and what is in it."""

    folder: Path
    mission: Mission
    hits: HitList


def run(flight: Path, out: Path, config: RunConfig, mission_file: Path | None = None, tell: Tell | None = None) -> Done:
    """Search a flight and write the run folder.

    tell: called with (stage, done, total) as the work goes on. Raises OutputError when `out` exists or cannot be
    written, MissionError when the flight cannot be read, PipelineError when not a single frame could be used.
    """
    tell = tell or (lambda stage, done, total: None)
    if out.exists():
        raise OutputError(f"{out}: is there already; a run is never overwritten")
    clock = provenance.Stopwatch()
    mission, config = plan(flight, config, mission_file)
    see = _detector(config)
    with _writing(out), open_pool(config.workers, config.cluster, len(mission.frames), imagery.use_one_thread) as pool:
        grown = _partial(out, config.resume)
        with clock.stage("look"):
            found = _look_all(mission, see, grown, _key(mission, config, see), pool, _batch(config, pool), tell)
        if not any(isinstance(x, Looked) for x in found):
            shutil.rmtree(grown)  # there is nothing in it to go on with
            raise PipelineError(nothing_usable(mission.skipped + tuple(x for x in found if isinstance(x, Skipped))))
        if config.boxes is not None and not any(x.detections for x in found if isinstance(x, Looked)):
            nothing = f"{config.boxes}: has no box in any of these photos"
            mission = replace(mission, warnings=(*mission.warnings, nothing))
        with clock.stage("adjust"):
            adjusted = _adjusted(mission, config.adjust, grown, pool, tell)
            mission = adjusted.mission
    with _writing(out):
        with clock.stage("locate and fuse"):
            hits, lost = conclude(mission, found, adjusted.joint)
        facts = provenance.facts(mission, hits, config, see, lost) | {"calibration": adjusted.facts}
        return _write(Done(out, mission, hits), grown, facts, clock, config.reviews, tell)


def _batch(config: RunConfig, pool: Pool | None) -> int:
    """Frames a task; one by one where processes share the work, so that none waits at the end for another's batch."""
    if config.cluster:
        return CLUSTER_BATCH
    return ALONE_BATCH if pool is None else 1


def _adjusted(mission: Mission, mode: str, grown: Path, pool: Pool | None, tell: Tell) -> Adjusted:
    """Poses corrected from the pictures; where that is not wanted, turned photos are doubted at least."""
    if mode != "off":
        try:
            return adjust_mission(mission, mode, pool, tell)
        except GeometryError:
            shutil.rmtree(grown)  # asked for what these photos cannot give: there is nothing to go on with
            raise
    doubted = doubt_turned(mission, str(grown / "work" / "thumbs"), pool, partial(tell, "turns"))
    return Adjusted(doubted, None, {"mode": mode})


def plan(flight: Path, config: RunConfig, mission_file: Path | None) -> tuple[Mission, RunConfig]:
    """The mission and the options that hold, the command line over the mission file."""
    from pipeline.ingest import open_mission, run_table

    config = config.over(run_table(flight, mission_file))
    if config.reviews is not None:
        _check_reviews(Path(config.reviews))
    ground = Ground(dem=_absolute(config.dem), dem_datum=config.dem_datum, geoid=_absolute(config.geoid))
    mission = open_mission(
        flight, mission_file=mission_file, ground=ground, assume=config.assume, tz=config.tz, sampling=_sampling(config)
    )
    if not any(not f.problem for f in mission.frames):
        skipped = mission.skipped + tuple(Skipped(f.id, f.problem) for f in mission.frames)
        raise MissionError(nothing_usable(skipped))
    notes = open_ground(mission.ground).notes
    return replace(mission, warnings=mission.warnings + tuple(notes)), config


def _sampling(config: RunConfig) -> Sampling:
    from pipeline.ingest.sampling import OVERLAP, Sampling

    overlap = OVERLAP if config.video_overlap is None else config.video_overlap
    return Sampling(overlap, config.video_every)


def _absolute(path: str | None) -> str | None:
    """So that a pin finds the file from any folder."""
    return None if path is None else str(Path(path).resolve())


def _check_reviews(folder: Path) -> None:
    """Before the work begins, not after it: there are reviews, and they can be read."""
    from pipeline.report.reviews import read_reviews, reviews_folder

    if not (reviews_folder(folder) / "reviews.jsonl").is_file():
        raise MissionError(f"{folder}: there are no reviews (no reviews.jsonl in it or beside it)")
    read_reviews(folder)


def _detector(config: RunConfig) -> Finder:
    from pipeline.detect import load_boxes, load_detector

    if config.boxes is not None:
        return load_boxes(config.boxes)
    return load_detector(config.detector, config.false_alarms, config.trust)


def _partial(out: Path, resume: bool) -> Path:
    grown = out.with_name(out.name + ".partial")
    if grown.exists() and not resume:
        raise OutputError(f"{grown}: an unfinished run is there; go on with it by --resume, or remove it")
    with _writing(out):
        (grown / "work" / "thumbs").mkdir(parents=True, exist_ok=True)
    return grown


@contextmanager
def _writing(out: Path) -> Iterator[None]:
    """A disk that is full or read-only is the user's to mend: one sentence."""
    try:
        yield
    except OSError as why:
        raise OutputError(f"{out}: cannot be written ({why.strerror or why})") from why


def _key(mission: Mission, config: RunConfig, see: Finder) -> str:
    """What must be the same for a run to be gone on with."""
    stats = [(f.id, *_size_and_time(f.path)) for f in mission.frames]
    return provenance.digest_of([config.digest(), see.digest, stats])


def _size_and_time(path: str) -> tuple[int, int]:
    try:
        found = os.stat(path)
    except OSError:  # looking at it will say so
        return -1, 0
    return found.st_size, found.st_mtime_ns


def _look_all(
    mission: Mission, see: Finder, grown: Path, key: str, pool: Pool | None, batch: int, tell: Tell
) -> list[Looked | Skipped]:
    """Search what has not been searched yet; findings go to hits.partial.jsonl as they come."""
    early_path = grown / "hits.partial.jsonl"
    with Journal(grown / "work" / "looked.jsonl", key) as journal, early_path.open("ab") as early:
        early.truncate(whole_lines(early_path)[1])
        todo = [f for f in mission.frames if f.id not in journal.done]
        work = partial(look_at_range, see=see, thumbs=str(grown / "work" / "thumbs"), digests=video_digests(todo))
        tell("look", len(journal.done), len(mission.frames))
        for part in pmap(work, with_clips(tasks(todo, batch), hover_clips(mission.frames)), pool):
            for entry in part:
                write_early(entry, mission, early)  # first: a kill in between may double a line, never lose one
                journal.add(entry)
            tell("look", len(journal.done), len(mission.frames))
        return [journal.done[f.id] for f in mission.frames]


def write_early(entry: Looked | Skipped, mission: Mission, file: IO[bytes]) -> None:
    """Append a frame's findings, unfused, to the binary file of hits.partial.jsonl, for a contest's clock."""
    if not isinstance(entry, Looked) or not entry.detections:
        return
    for s in locate_all([entry], mission)[0]:
        line = {
            "frame_id": entry.frame_id,
            "class": s.detection.label,
            "confidence": round(s.detection.confidence, 4),
            "lat_deg": round(s.at.lat_deg, 9),
            "lon_deg": round(s.at.lon_deg, 9),
            "r90_m": round(r90_m(s.covariance), 3),
            "t": iso_utc(s.t_ns),
            "box_px": [round(v, 2) for v in s.detection.box_px],
        }
        file.write(json.dumps(line, ensure_ascii=False).encode() + b"\n")
    file.flush()


def _write(
    done: Done, grown: Path, facts: dict[str, Any], clock: provenance.Stopwatch, reviews: str | None, tell: Tell
) -> Done:
    """Write the reports, take over an earlier run's reviews, and give the folder its name."""
    from pipeline.files import write_json_atomic
    from pipeline.report import hit_features, write_run
    from pipeline.report.carry import take_over

    tell("report", 0, 1)
    done = replace(done, hits=replace(done.hits, provenance=facts))
    with clock.stage("report"):
        write_run(grown, done.mission, done.hits, grown / "work" / "thumbs")
        write_json_atomic(grown / "frames.json", frames_value(done.mission, done.hits))
    if reviews is not None:
        originals = {x.sha256 for x in done.hits.looked}
        left = take_over(Path(reviews), done.folder, hit_features(done.mission, done.hits), originals)
        facts["reviews"] = {
            "from": reviews,
            "not_taken_over": [{k: e[k] for k in ("hit", "verdict", "who")} for e in left],
        }
    facts["timings_s"] = clock.timings_s
    write_json_atomic(grown / "provenance.json", facts)
    shutil.rmtree(grown / "work")
    os.rename(grown, done.folder)
    tell("report", 1, 1)
    return done
