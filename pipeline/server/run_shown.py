"""A run as the pages see it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from pydantic import BaseModel, ConfigDict
from sqlalchemy import select
from sqlalchemy.orm import Session

from pipeline.server.tables import Flight, Job, User

EXAMPLE: dict[str, Any] = {
    "id": "9c2b7f1e5a3d8064",
    "flight": {"id": "41d0c9a7e2b35f68", "name": "秦淮河 3 号航次"},
    "state": "running",
    "stage": "look",
    "done": 120,
    "total": 214,
    "error": "",
    "error_code": "",
    "cancelling": False,
    "options": {"adjust": "auto"},
    "reviews_from": None,
    "attempts": 1,
    "created_at": "2026-11-22T08:00:00Z",
    "started_at": "2026-11-22T08:00:01Z",
    "finished_at": None,
    "created_by": {"login": "li.wei", "name": "李伟"},
    "counts": {},
}


class FlightNamed(BaseModel):
    id: str
    name: str


class Person(BaseModel):
    login: str
    name: str


class RunShown(BaseModel):
    """`error`: an English sentence, `error_code`: its word for the page. `done` of `total` counts within a stage."""

    model_config = ConfigDict(json_schema_extra={"examples": [EXAMPLE]})
    id: str
    flight: FlightNamed
    state: str
    stage: str
    done: int
    total: int
    error: str
    error_code: str
    cancelling: bool
    options: dict[str, Any]
    reviews_from: str | None
    attempts: int
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None
    created_by: Person
    counts: dict[str, Any]


class Runs(BaseModel):
    runs: list[RunShown]


def shown(db: Session, jobs: Sequence[Job]) -> list[RunShown]:
    """The runs with the names that belong to them."""
    flights = _named(db, Flight, {job.flight_id for job in jobs})
    people = _named(db, User, {job.created_by for job in jobs})
    return [_shown(job, flights[job.flight_id], people[job.created_by]) for job in jobs]


def _named(db: Session, table: type[Any], ids: set[Any]) -> dict[Any, Any]:
    return {row.id: row for row in db.scalars(select(table).where(table.id.in_(ids)))}


def _shown(job: Job, flight: Flight, user: User) -> RunShown:
    kept = ("id", "state", "stage", "done", "total", "error", "options", "attempts")
    times = ("created_at", "started_at", "finished_at")
    return RunShown(
        **{name: getattr(job, name) for name in (*kept, *times)},
        flight=FlightNamed(id=flight.id, name=flight.name),
        error_code=job.facts.get("error_code", ""),
        cancelling=job.cancel,
        reviews_from=job.facts.get("reviews_from"),
        created_by=Person(login=user.login, name=user.name),
        counts=job.facts.get("counts", {}),
    )
