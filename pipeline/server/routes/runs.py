"""Runs: a flight is searched as a job; ask for one, see how far it is, end it, try it again."""

from __future__ import annotations

from fastapi import APIRouter, Depends, Request
from fastapi.responses import PlainTextResponse
from sqlalchemy import select
from sqlalchemy.orm import Session

from pipeline.server import jobs
from pipeline.server.access import Who, needs
from pipeline.server.audit import audit
from pipeline.server.flights import flight_of
from pipeline.server.run_asked import RunAsked, check_asked
from pipeline.server.run_shown import Runs, RunShown, shown
from pipeline.server.runs import own_run, remember_files, run_folder
from pipeline.server.services import services
from pipeline.server.tables import Job, new_id

router = APIRouter(prefix="/api", tags=["runs"])
LISTED = 500  # runs, the latest first


@router.post("/flights/{flight_id}/runs", status_code=202)
def ask_for_run(flight_id: str, asked: RunAsked, request: Request, who: Who = Depends(needs("run"))) -> RunShown:
    """Search what the flight holds now; files that arrive later are another run's."""
    given = services(request)
    with given.database.read() as db:
        flight_of(db, who, flight_id)
        check_asked(db, who, flight_id, asked)
        job_id = new_id()
        remember_files(given.settings, db, job_id, flight_id)
    with given.database.write() as db:
        flight_of(db, who, flight_id)  # it may have been archived in between
        job = jobs.enqueue(db, who, "search", job_id=job_id, flight_id=flight_id, options=asked.options())
        audit(db, who, "run_asked", f"run/{job.id}", {"flight": flight_id, **asked.options()})
        return shown(db, [job])[0]


@router.get("/runs")
def all_runs(request: Request, who: Who = Depends(needs("see"))) -> Runs:
    """The organisation's runs, the latest first."""
    with services(request).database.read() as db:
        return Runs(runs=shown(db, _runs(db, who, None)))


@router.get("/flights/{flight_id}/runs")
def runs_of_flight(flight_id: str, request: Request, who: Who = Depends(needs("see"))) -> Runs:
    """The flight's runs, the latest first."""
    with services(request).database.read() as db:
        flight_of(db, who, flight_id)
        return Runs(runs=shown(db, _runs(db, who, flight_id)))


def _runs(db: Session, who: Who, flight_id: str | None) -> list[Job]:
    own = select(Job).where(Job.organisation_id == who.organisation_id, Job.kind == "search")
    if flight_id is not None:
        own = own.where(Job.flight_id == flight_id)
    return list(db.scalars(own.order_by(Job.created_at.desc(), Job.id).limit(LISTED)))


@router.get("/runs/{run_id}")
def one_run(run_id: str, request: Request, who: Who = Depends(needs("see"))) -> RunShown:
    """How far a run is."""
    with services(request).database.read() as db:
        return shown(db, [own_run(db, who, run_id)])[0]


@router.post("/runs/{run_id}/cancel")
def cancel_run(run_id: str, request: Request, who: Who = Depends(needs("run"))) -> RunShown:
    """End a run; what it has found so far is kept for another try."""
    with services(request).database.write() as db:
        job = own_run(db, who, run_id)
        jobs.cancel(db, job)
        audit(db, who, "run_cancelled", f"run/{run_id}")
        return shown(db, [job])[0]


@router.post("/runs/{run_id}/retry")
def retry_run(run_id: str, request: Request, who: Who = Depends(needs("run"))) -> RunShown:
    """Try a run again that failed or was cancelled; it goes on where it stopped."""
    with services(request).database.write() as db:
        job = own_run(db, who, run_id)
        jobs.retry(db, job)
        audit(db, who, "run_retried", f"run/{run_id}")
        return shown(db, [job])[0]


@router.get("/runs/{run_id}/log", response_class=PlainTextResponse)
def log_of_run(run_id: str, request: Request, who: Who = Depends(needs("see"))) -> PlainTextResponse:
    """What happened when, in lines of text."""
    given = services(request)
    with given.database.read() as db:
        own_run(db, who, run_id)
    try:
        text = (run_folder(given.settings, run_id) / "log.txt").read_bytes()
    except FileNotFoundError:
        text = b""
    return PlainTextResponse(text, headers={"Cache-Control": "no-store"})
