"""Flights as their organisation sees them."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session as Db

from pipeline.server.access import Who
from pipeline.server.problems import Problem
from pipeline.server.tables import File, Flight, Job, User

_NONE: dict[str, int] = {"count": 0, "stored": 0, "refused": 0, "bytes": 0, "stored_bytes": 0}


def flight_of(db: Db, who: Who, flight_id: str) -> Flight:
    """A flight of the asker's organisation; raises Problem 404 for any other, and for an archived one."""
    found = db.get(Flight, flight_id) if flight_id.isalnum() else None
    if found is None or found.organisation_id != who.organisation_id or found.archived_at is not None:
        raise Problem(404, "not_found", "there is no such flight")
    return found


def flights_of(db: Db, who: Who) -> list[Flight]:
    """All that are not archived, the newest first."""
    asked = select(Flight).where(Flight.organisation_id == who.organisation_id, Flight.archived_at.is_(None))
    return list(db.scalars(asked.order_by(Flight.created_at.desc(), Flight.id)))


def flights_json(db: Db, flights: list[Flight]) -> list[dict[str, Any]]:
    """FLIGHT of the API for each, in a few questions to the database however many there are."""
    ids = [f.id for f in flights]
    files, runs, people = _counts(db, ids), _latest_runs(db, ids), _people(db, flights)
    return [
        {
            "id": f.id,
            "name": f.name,
            "site": f.site,
            "note": f.note,
            "created_at": iso(f.created_at),
            "created_by": people[f.created_by],
            "files": files.get(f.id, _NONE),
            "latest_run": runs.get(f.id),
        }
        for f in flights
    ]


def iso(moment: datetime) -> str:
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _counts(db: Db, ids: list[str]) -> dict[str, dict[str, int]]:
    """How many files and bytes each flight has; of refused ones only how many."""
    asked = select(File.flight_id, File.state, func.count(), func.sum(File.size)).where(File.flight_id.in_(ids))
    found: dict[str, dict[str, int]] = {}
    for flight_id, state, count, size in db.execute(asked.group_by(File.flight_id, File.state)):
        told = found.setdefault(str(flight_id), dict(_NONE))
        told["count"] += count
        if state == "refused":
            told["refused"] += count
            continue
        told["bytes"] += int(size)
        if state == "stored":
            told["stored"], told["stored_bytes"] = count, int(size)
    return found


def _latest_runs(db: Db, ids: list[str]) -> dict[str, dict[str, str]]:
    asked = select(Job.flight_id, Job.id, Job.state).where(Job.flight_id.in_(ids), Job.kind == "search")
    rows = db.execute(asked.order_by(Job.created_at, Job.id))
    return {str(flight_id): {"id": job_id, "state": state} for flight_id, job_id, state in rows}


def _people(db: Db, flights: list[Flight]) -> dict[str, dict[str, str]]:
    asked = select(User.id, User.login, User.name).where(User.id.in_({f.created_by for f in flights}))
    return {user_id: {"login": login, "name": name} for user_id, login, name in db.execute(asked)}
