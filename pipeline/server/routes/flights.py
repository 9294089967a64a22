"""/api/flights: the cards that an organisation has."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Depends, Request
from sqlalchemy import delete, select
from sqlalchemy.orm import Session as Db

from pipeline.server.access import Who, needs
from pipeline.server.audit import audit
from pipeline.server.fields import Asked, Line, Name, Note
from pipeline.server.flights import flight_of, flights_json, flights_of
from pipeline.server.people import example
from pipeline.server.problems import Problem
from pipeline.server.services import services
from pipeline.server.store import remove, upload_path
from pipeline.server.tables import File, Flight, Job, now

router = APIRouter()


class NewFlight(Asked):
    model_config = example({"name": "2026-11-22 秦淮河 3 号航次", "site": "南京"})
    name: Name
    site: Line = ""
    note: Note = ""


class ChangedFlight(Asked):
    model_config = example({"note": "第二块电池"})
    name: Name | None = None
    site: Line | None = None
    note: Note | None = None


@router.get("/api/flights")
def list_flights(request: Request, who: Who = Depends(needs("see"))) -> dict[str, Any]:
    with services(request).database.read() as db:
        return {"flights": flights_json(db, flights_of(db, who))}


@router.post("/api/flights", status_code=201)
def new_flight(request: Request, asked: NewFlight, who: Who = Depends(needs("upload"))) -> dict[str, Any]:
    with services(request).database.write() as db:
        flight = Flight(organisation_id=who.organisation_id, created_by=who.user_id)
        _describe(flight, asked.model_dump())
        db.add(flight)
        db.flush()
        audit(db, who, "flight_created", f"flight/{flight.id}", {"name": flight.name})
        return flights_json(db, [flight])[0]


@router.get("/api/flights/{flight_id}")
def one_flight(request: Request, flight_id: str, who: Who = Depends(needs("see"))) -> dict[str, Any]:
    with services(request).database.read() as db:
        return flights_json(db, [flight_of(db, who, flight_id)])[0]


@router.patch("/api/flights/{flight_id}")
def change_flight(
    request: Request, flight_id: str, asked: ChangedFlight, who: Who = Depends(needs("upload"))
) -> dict[str, Any]:
    with services(request).database.write() as db:
        flight = flight_of(db, who, flight_id)
        changed = asked.model_dump(exclude_none=True)
        _describe(flight, changed)
        audit(db, who, "flight_changed", f"flight/{flight.id}", {"changed": sorted(changed)})
        db.flush()
        return flights_json(db, [flight])[0]


@router.delete("/api/flights/{flight_id}", status_code=204)
def archive_flight(request: Request, flight_id: str, who: Who = Depends(needs("upload"))) -> None:
    """Out of sight, not out of the data folder: its runs may be evidence. Unfinished uploads of it end."""
    found = services(request)
    with found.database.write() as db:
        flight = flight_of(db, who, flight_id)
        _must_rest(db, flight)
        flight.archived_at = now()
        ended = list(db.scalars(select(File.upload_id).where(File.flight_id == flight.id, File.state == "waiting")))
        db.execute(delete(File).where(File.flight_id == flight.id, File.state == "waiting"))
        audit(db, who, "flight_archived", f"flight/{flight.id}", {"name": flight.name})
    for upload_id in ended:
        if upload_id:
            remove(upload_path(found.settings, upload_id))


def _describe(flight: Flight, told: dict[str, str]) -> None:
    for key, value in told.items():
        setattr(flight, key, value)


def _must_rest(db: Db, flight: Flight) -> None:
    asked = select(Job.id).where(Job.flight_id == flight.id, Job.state.in_(("queued", "running")))
    if db.scalar(asked.limit(1)) is not None:
        raise Problem(409, "running", "a run of this flight is under way; cancel it first")
