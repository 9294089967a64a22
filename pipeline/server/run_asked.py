"""What a new run may be told, checked before it is queued."""

from __future__ import annotations

import zoneinfo
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from pipeline.errors import ModelError
from pipeline.server.access import Who
from pipeline.server.fields import Asked
from pipeline.server.people import example
from pipeline.server.problems import Problem
from pipeline.server.search import check_detector
from pipeline.server.tables import File, Job, Layer

ON_THEIR_WAY = ("waiting", "uploading", "checking")
MOST_WAITING = 50  # runs of one organisation: the queue is everybody's
NAMED = 20  # files that an answer names
Id = Annotated[str, Field(pattern=r"^[0-9a-f]{16}$")]


def _detector(spec: str) -> str:
    try:
        check_detector(spec)
    except ModelError as why:
        raise ValueError(str(why)) from why
    return spec


def _zone(name: str) -> str:
    if name not in zoneinfo.available_timezones():
        raise ValueError(f"there is no time zone called {name!r}")
    return name


class RunAsked(Asked):
    """Options of `qianliyan run`; what is left out is found out from the flight."""

    model_config = example({"adjust": "auto", "tz": "Asia/Shanghai"})
    detector: Annotated[str, Field(max_length=200), AfterValidator(_detector)] | None = None
    false_alarms: Annotated[float, Field(gt=0, le=1000)] | None = None
    adjust: Literal["auto", "off", "require"] | None = None
    assume: Literal["nadir"] | None = None
    tz: Annotated[str, Field(max_length=64), AfterValidator(_zone)] | None = None
    dem_layer: Id | None = None
    dem_datum: Literal["egm96", "ellipsoid"] | None = None
    video_overlap: Annotated[float, Field(ge=0, le=0.95)] | None = None
    reviews_from: Id | None = None
    partial: bool = False  # although some files of the flight have not arrived

    def options(self) -> dict[str, Any]:
        return self.model_dump(exclude_none=True, exclude={"partial"})


def check_asked(db: Session, who: Who, flight_id: str, asked: RunAsked) -> None:
    """Raise Problem where nothing has arrived, too much waits already, or what is named is not there for who asks."""
    waits = select(func.count()).where(Job.organisation_id == who.organisation_id, Job.state == "queued")
    if (db.scalar(waits) or 0) >= MOST_WAITING:
        raise Problem(409, "too_many_runs", f"{MOST_WAITING} runs are waiting already", MOST_WAITING)
    files = db.execute(select(File.path, File.state).where(File.flight_id == flight_id))
    states = {path: state for path, state in files}
    if "stored" not in states.values():
        raise Problem(409, "nothing_stored", "no file of this flight has arrived yet")
    waiting = sorted(path for path, state in states.items() if state in ON_THEIR_WAY)
    if waiting and not asked.partial:
        detail = {"count": len(waiting), "files": waiting[:NAMED]}
        raise Problem(409, "not_complete", f"{len(waiting)} files of this flight are still on their way", detail)
    if asked.dem_layer is not None:
        _check_dem(db, who, asked.dem_layer)
    if asked.reviews_from is not None:
        run = db.get(Job, asked.reviews_from)
        if run is None or run.organisation_id != who.organisation_id or run.kind != "search" or run.state != "done":
            raise Problem(404, "not_found", "there is no finished run of that number")


def _check_dem(db: Session, who: Who, layer_id: str) -> None:
    layer = db.get(Layer, layer_id)
    if layer is None or layer.organisation_id != who.organisation_id or layer.kind != "dem":
        raise Problem(404, "not_found", "there is no terrain model of that number")
    if layer.state != "ready":
        raise Problem(409, "layer_not_ready", "that terrain model is not ready")
