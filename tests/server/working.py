"""Workers for tests: started, watched and killed."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TypeVar

import psutil

from pipeline.server import jobs
from pipeline.server.access import Who
from pipeline.server.database import Database
from pipeline.server.jobs import ENDED
from pipeline.server.runs import remember_files
from pipeline.server.settings import Settings
from pipeline.server.supervisor import Supervisor
from pipeline.server.tables import Job, User, new_id
from tests.server.placed import an_officer

T = TypeVar("T")
PATIENCE_S = 120.0
EQUAL = ("hits.geojson", "hits.csv", "hits.xlsx", "hits.kml", "hits.gpkg", "skipped.csv")

SERVER = """
import sys, time
from pathlib import Path
from pipeline.server.database import Database
from pipeline.server.settings import Settings
from pipeline.server.supervisor import Supervisor

settings = Settings(Path(sys.argv[1]), workers=int(sys.argv[2]), lease_s=float(sys.argv[3]))
Supervisor(settings, Database(settings.url)).start()
print("started", flush=True)
time.sleep(600)
"""


def as_who(user: User) -> Who:
    return Who(user.id, user.organisation_id, user.login, user.name, user.role, True, frozenset())


def ask_for_run(settings: Settings, database: Database, flight_id: str, user: User | None = None, **options) -> str:
    """What the route does: the files of the moment, then the row."""
    job_id, who = new_id(), as_who(user or an_officer(database))
    with database.write() as db:
        remember_files(settings, db, job_id, flight_id)
        jobs.enqueue(db, who, "search", job_id=job_id, flight_id=flight_id, options=options)
    return job_id


def job_of(database: Database, job_id: str) -> Job:
    with database.read() as db:
        return db.get_one(Job, job_id)


def until(ask: Callable[[], T], patience_s: float = PATIENCE_S) -> T:
    """Ask until the answer is true."""
    end = time.monotonic() + patience_s
    while not (found := ask()):
        assert time.monotonic() < end, "it did not come to pass"
        time.sleep(0.05)
    return found


def ended(database: Database, job_id: str) -> Job:
    """The job when it has ended."""

    def look() -> Job | None:
        job = job_of(database, job_id)
        return job if job.state in ENDED else None

    return until(look)


@contextmanager
def workers(settings: Settings, database: Database) -> Iterator[Supervisor]:
    found = Supervisor(settings, database)
    found.start()
    try:
        yield found
    finally:
        found.stop()


@contextmanager
def server_process(settings: Settings) -> Iterator[psutil.Process]:
    """A process that keeps workers, to be killed."""
    told = [str(settings.data), str(settings.workers), str(settings.lease_s)]
    root = Path(__file__).resolve().parents[2]
    child = subprocess.Popen([sys.executable, "-c", SERVER, *told], stdout=subprocess.PIPE, cwd=root)
    try:
        assert child.stdout is not None and child.stdout.readline() == b"started\n"
        yield psutil.Process(child.pid)
    finally:
        child.kill()
        child.wait()
        child.stdout.close()


def family(process: psutil.Process, *words: str) -> list[psutil.Process]:
    """The processes below one whose command line has a word, its grandchildren too."""
    found = []
    with suppress(psutil.NoSuchProcess):
        for each in process.children(recursive=True):
            with suppress(psutil.NoSuchProcess):
                if not words or any(word in part for part in each.cmdline() for word in words):
                    found.append(each)
    return found


def all_gone(processes: list[psutil.Process]) -> bool:
    return not any(p.is_running() and p.status() != psutil.STATUS_ZOMBIE for p in processes if p.is_running())


def equal_bytes(one: Path, other: Path) -> bool:
    """Whether two run folders hold the same hits."""
    crops = [sorted(p.name for p in (run / "crops").iterdir()) for run in (one, other)]
    assert crops[0] == crops[1]
    names = [*EQUAL, *(f"crops/{name}" for name in crops[0])]
    return all((one / name).read_bytes() == (other / name).read_bytes() for name in names)
