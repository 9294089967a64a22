"""A flight while it is flown: what comes over the link is placed, searched and written as it comes.

RUN grows as RUN.partial and is a run folder like any other when the link is closed; beside the usual files it holds
link.jsonl (what happened to the link), exposures.jsonl (presses of the shutter), plan.json (the planned mission) and
frames/ (the video's frames that show something, and every tenth).
"""

from __future__ import annotations

import os
import shutil
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from pipeline import imagery
from pipeline.config import RunConfig
from pipeline.errors import MissionError, OutputError
from pipeline.files import write_json_atomic
from pipeline.flow import provenance
from pipeline.flow.frames import frames_value
from pipeline.flow.look import Finder
from pipeline.flow.mission import NotLocated, conclude, inputs_digest
from pipeline.flow.newest import check_source, is_stream
from pipeline.flow.placed import NO_CAMERA, Placer, camera_of
from pipeline.flow.run import Done
from pipeline.flow.session import Gathered, LiveOptions, Session, Tell
from pipeline.geo.ground import open_ground
from pipeline.ingest.mission_file import MissionFile, read_mission_file
from pipeline.ingest.telemetry import Telemetry
from pipeline.types import Ground, HitList, Looked, Mission, Skipped
from pipeline.video import probe

__all__ = ["LiveOptions", "live"]

NO_LEVER_ARM = "the mission file's lever_arm_m is not applied to a live link: places are the antenna's"


def live(
    options: LiveOptions, out: Path, config: RunConfig, mission_file: Path | None = None, tell: Tell | None = None
) -> Done:
    """Follow a vehicle until the video ends, `options.seconds` have passed or Ctrl-C, then write the run folder.

    Raises MissionError when no vehicle is heard in `options.seconds`, ModelError for an unknown detector, OutputError
    when `out` is there already or cannot be written. Ctrl-C before the first word of a vehicle is KeyboardInterrupt.
    """
    _must_be_new(out)
    told = read_mission_file(mission_file) if mission_file is not None else MissionFile()
    config = config.over(told.run)
    see, clock = _detector(options, config, told), provenance.Stopwatch()
    placer = Placer(Telemetry(), told, _ground(config, told))
    grown = _grown(out)
    try:
        with clock.stage("live"), ExitStack() as stack:
            session = Session(options, grown, placer, see, tell or (lambda kind, facts: None), stack)
            session.follow()
        mission = _mission(options, session, placer)
        with clock.stage("locate and fuse"):
            hits, lost = _hits(mission, session.got)
        facts = {**provenance.facts(mission, hits, config, see, lost), "live": session.facts()}
        return _write(Done(out, mission, replace(hits, provenance=facts)), grown, facts, clock)
    except OSError as why:
        raise OutputError(f"{out}: cannot be written ({why.strerror or why})") from why
    finally:
        if grown.exists() and _nothing_came(grown):
            shutil.rmtree(grown)


def _detector(options: LiveOptions, config: RunConfig, told: MissionFile) -> Finder:
    from pipeline.detect import load_detector

    if config.boxes is not None:
        raise MissionError("boxes from elsewhere cannot go with a live video")
    if options.video is not None:
        check_source(options.video)
        if told.camera is None:
            raise MissionError(f"--video: {NO_CAMERA}")
        if not is_stream(options.video):
            film = probe(options.video)
            camera_of(told.camera, film.width_px, film.height_px)
    see = load_detector(config.detector, config.false_alarms, config.trust)
    if options.video is not None:
        _warm_up(see)
    return see


def _warm_up(see: Finder) -> None:
    """What is loaded on first use must not make the first frame late."""
    busy = np.random.default_rng(0).integers(0, 256, (480, 640, 3), np.uint8)  # nothing is found, but all is tried
    see.find(imagery.decode(imagery.encode_jpeg(busy), "warm-up"), "")


def _ground(config: RunConfig, told: MissionFile) -> Ground:
    """As far as it is known before the vehicle speaks; a DEM that cannot be read is refused here."""
    ground = Ground(
        dem=config.dem or told.dem, dem_datum=config.dem_datum or told.datum, geoid=config.geoid or told.geoid
    )
    if ground.dem is not None:
        open_ground(ground)
    return ground


def _must_be_new(out: Path) -> None:
    for path in (out, out.with_name(out.name + ".partial")):
        if path.exists():
            raise OutputError(f"{path}: is there already; a run is never overwritten")


def _grown(out: Path) -> Path:
    grown = out.with_name(out.name + ".partial")
    try:
        (grown / "work" / "thumbs").mkdir(parents=True)
        (grown / "frames").mkdir()
    except OSError as why:
        raise OutputError(f"{out}: cannot be written ({why.strerror or why})") from why
    return grown


def _nothing_came(grown: Path) -> bool:
    """No vehicle was heard: there is but the opening of the link."""
    return not any(p.is_file() and p.stat().st_size and p.name != "link.jsonl" for p in grown.rglob("*"))


def _mission(options: LiveOptions, session: Session, placer: Placer) -> Mission:
    told, ground = placer.told, placer.ground
    notes = open_ground(ground).notes if ground.dem is not None else ()
    warnings = (*session.problems(), *notes, *((NO_LEVER_ARM,) if told.lever_arm_m else ()))
    frames = tuple(session.got.frames)
    return Mission(options.connection, frames, ground, told.name, tuple(told.meta), warnings)


def _hits(mission: Mission, got: Gathered) -> tuple[HitList, tuple[NotLocated, ...]]:
    if any(isinstance(x, Looked) for x in got.found):
        return conclude(mission, got.found)
    skipped = tuple(x for x in got.found if isinstance(x, Skipped))
    digest = inputs_digest(())
    return HitList(mission.name or f"m-{digest[:12]}", (), skipped, (), digest), ()


def _write(done: Done, grown: Path, facts: dict[str, Any], clock: provenance.Stopwatch) -> Done:
    """Write the reports and give the folder its name."""
    from pipeline.report import write_run

    with clock.stage("report"):
        write_run(grown, done.mission, done.hits, grown / "work" / "thumbs")
        write_json_atomic(grown / "frames.json", frames_value(done.mission, done.hits))
    facts["timings_s"] = clock.timings_s
    write_json_atomic(grown / "provenance.json", facts)
    shutil.rmtree(grown / "work")
    os.rename(grown, done.folder)
    return done
