"""The queue: rows of the table of jobs, taken by one conditional UPDATE, kept by a heartbeat, given back by silence.

    queued --claim--> running --finish--> done | failed | cancelled --retry--> queued

A worker that has not been heard of for the length of a lease has lost its job to whoever claims it next: every later
word of the old one finds no row any more, and it stops.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, Literal

from sqlalchemy import ColumnElement, CursorResult, Update, and_, func, or_, select, update
from sqlalchemy.orm import Session

from pipeline.server.access import Who
from pipeline.server.database import Database
from pipeline.server.problems import Problem
from pipeline.server.tables import Job, new_id, now

ENDED = ("done", "failed", "cancelled")
CANDIDATES = 8  # jobs looked at in one go: others may take the first ones meanwhile

Word = Literal["go on", "cancel", "lost"]


def enqueue(
    db: Session,
    who: Who,
    kind: str,
    *,
    job_id: str | None = None,
    flight_id: str | None = None,
    layer_id: str | None = None,
    options: dict[str, Any] | None = None,
) -> Job:
    """A job that is due as soon as the transaction of `db` is over."""
    job = Job(
        id=job_id or new_id(),
        organisation_id=who.organisation_id,
        kind=kind,
        flight_id=flight_id,
        layer_id=layer_id,
        options=options or {},
        created_by=who.user_id,
    )
    db.add(job)
    db.flush()
    return job


def claim(database: Database, worker: str, lease_s: float, kinds: Sequence[str]) -> Job | None:
    """Take the oldest job that is due, or one whose worker fell silent; None when there is none."""
    with database.read() as db:
        order = (Job.created_at, Job.id)
        ids = db.scalars(select(Job.id).where(_due(now(), lease_s, kinds)).order_by(*order).limit(CANDIDATES)).all()
    for job_id in ids:
        with database.write() as db:
            if _took(db, job_id, worker, _due(now(), lease_s, kinds)):
                return db.get_one(Job, job_id)
    return None


def _due(at: datetime, lease_s: float, kinds: Sequence[str]) -> ColumnElement[bool]:
    silent = and_(Job.state == "running", Job.alive_at < at - timedelta(seconds=lease_s))
    return and_(Job.kind.in_(kinds), or_(Job.state == "queued", silent))


def _took(db: Session, job_id: str, worker: str, due: ColumnElement[bool]) -> bool:
    """Two who try at once: the database lets the second look again after the first, and its condition fails."""
    at = now()
    took = update(Job).where(Job.id == job_id, due).values(
        state="running", worker=worker, alive_at=at, attempts=Job.attempts + 1,
        started_at=func.coalesce(Job.started_at, at), finished_at=None, error="",
    )  # fmt: skip
    return _changed(db, took)


def beat(database: Database, job: Job, worker: str, progress: tuple[str, int, int]) -> Word:
    """Say that the worker lives and how far it is; hear whether to go on."""
    stage, done, total = progress
    with database.write() as db:
        values = {"alive_at": now(), "stage": stage, "done": done, "total": total}
        if not _changed(db, _mine(job, worker).values(**values)):
            return "lost"
        return "cancel" if db.scalar(select(Job.cancel).where(Job.id == job.id)) else "go on"


def note(db: Session, job: Job, worker: str, facts: dict[str, Any]) -> bool:
    """Remember facts of a running job; False when it is not this worker's any more."""
    return _changed(db, _mine(job, worker).values(facts=facts))


def finish(db: Session, job: Job, worker: str, state: str, error: str, facts: dict[str, Any]) -> bool:
    """The job has come to an end; False when it was another worker's by then, and nothing was changed."""
    values = {"state": state, "error": error, "facts": facts, "worker": "", "cancel": False, "finished_at": now()}
    return _changed(db, _mine(job, worker).values(**values))


def again(db: Session, job: Job, worker: str, facts: dict[str, Any]) -> bool:
    """Make a running job due again at once: what worked on it died, not the worker."""
    return _changed(db, _mine(job, worker).values(state="queued", worker="", facts=facts))


def put_back(database: Database, worker: str) -> int:
    """Jobs of a worker that has gone are due at once, without waiting for its lease to end; how many there were."""
    with database.write() as db:
        left = update(Job).where(Job.state == "running", Job.worker == worker)
        return _rows(db, left.values(state="queued", worker=""))


def cancel(db: Session, job: Job) -> None:
    """End a job: at once where nobody works on it, else as soon as its worker hears of it; raises Problem 409."""
    queued = update(Job).where(Job.id == job.id, Job.state == "queued")
    if not _changed(db, queued.values(state="cancelled", finished_at=now())):
        running = update(Job).where(Job.id == job.id, Job.state == "running")
        if not _changed(db, running.values(cancel=True)):
            raise Problem(409, "job_ended", "this run has ended already")
    db.refresh(job)


def retry(db: Session, job: Job) -> None:
    """Make an ended job due again, where it stopped; raises Problem 409 when it is whole or has not ended."""
    stopped = update(Job).where(Job.id == job.id, Job.state.in_(("failed", "cancelled")))
    kept = {k: v for k, v in job.facts.items() if k not in ("died", "mark", "error_code")}
    values = {"state": "queued", "error": "", "cancel": False, "finished_at": None, "facts": kept}
    if not _changed(db, stopped.values(**values)):
        raise Problem(409, "job_not_stopped", "only a run that failed or was cancelled can be tried again")
    db.refresh(job)


def _mine(job: Job, worker: str) -> Update:
    return update(Job).where(Job.id == job.id, Job.state == "running", Job.worker == worker)


def _changed(db: Session, change: Update) -> bool:
    return _rows(db, change) == 1


def _rows(db: Session, change: Update) -> int:
    found = db.execute(change.execution_options(synchronize_session=False))
    assert isinstance(found, CursorResult)
    return found.rowcount
