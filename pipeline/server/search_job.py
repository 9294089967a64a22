"""A search of a flight as a job: what it is told."""

from __future__ import annotations

import math
import os
from pathlib import Path
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from pipeline.errors import MissionError, OutputError
from pipeline.server.database import Database
from pipeline.server.layers.job import layer_folder
from pipeline.server.links import link_bytes
from pipeline.server.runs import dem_of, run_folder
from pipeline.server.settings import Settings
from pipeline.server.tables import Job

CONFIG = ("detector", "false_alarms", "adjust", "assume", "tz", "dem_datum", "video_overlap")


class SearchSteps:
    """`steps.Steps` of a search."""

    longest_s = math.inf

    def folder(self, settings: Settings, job: Job) -> Path:
        return run_folder(settings, job.id)

    def begin(self, settings: Settings, database: Database, job: Job) -> tuple[dict[str, Any], dict[str, Any]]:
        """Say what the search is told; an earlier run's reviews are chosen once and kept."""
        facts = {"reviews_from": None, **job.facts}
        if "reviews_from" not in job.facts:
            with database.read() as db:
                facts["reviews_from"] = _reviewed_run(settings, db, job)
        config = {key: job.options[key] for key in CONFIG if job.options.get(key) is not None}
        config |= _paths(settings, job, facts["reviews_from"])
        # Fewer after a death, which may have been for want of memory; said always, so that no mission file does.
        config["workers"] = max(1, (os.cpu_count() or 1) >> facts.get("died", 0))
        return {"task": "search", "data": str(settings.data), "run_id": job.id, "config": config}, facts

    def reached(self, folder: Path) -> str:
        """How much has been looked at, in bytes of the journal."""
        try:
            return str((folder / "run.partial" / "work" / "looked.jsonl").stat().st_size)
        except OSError:
            return "whole" if (folder / "run").is_dir() else ""

    def end(self, db: Session, job: Job, state: str, sentence: str, result: dict[str, Any]) -> None:
        """Nothing more: the run is its folder."""


def _paths(settings: Settings, job: Job, reviews_from: str | None) -> dict[str, str]:
    found = {}
    if layer_id := job.options.get("dem_layer"):
        layer = layer_folder(settings, layer_id) / "dem.tif"
        found["dem"] = str(_own_dem(layer, dem_of(settings, job.id)))
    if reviews_from:
        found["reviews"] = str(run_folder(settings, reviews_from) / "run")
    return found


def _own_dem(layer: Path, dem: Path) -> Path:
    """The run's own name for its terrain, which stays when the layer is deleted."""
    try:
        if not dem.exists():
            link_bytes(layer, dem)
    except FileNotFoundError as why:
        raise MissionError("the terrain model of this run was deleted; start a new run") from why
    except OSError as why:
        raise OutputError(f"{dem}: cannot be written ({why.strerror or why})") from why
    return dem


def _reviewed_run(settings: Settings, db: Session, job: Job) -> str | None:
    """The run whose verdicts are carried: the one that was named, else the flight's latest that has any."""
    named = job.options.get("reviews_from")
    done = select(Job.id).where(
        Job.organisation_id == job.organisation_id, Job.kind == "search", Job.state == "done", Job.id != job.id
    )
    done = done.where(Job.id == named) if named else done.where(Job.flight_id == job.flight_id)
    for run_id in db.scalars(done.order_by(Job.finished_at.desc(), Job.id)):
        if (run_folder(settings, run_id) / "run.reviews" / "reviews.jsonl").is_file():
            return run_id
    return None
