"""`python -m pipeline.server.worker`: takes jobs from the queue and sees them through.

It hears on stdin which data folder and database it is for, and goes when the server goes. Each job is done by a task
in a process of its own; searches and layers have a loop each, so that a base map does not wait for a long search.
"""

from __future__ import annotations

import os
import sys
import threading
import time
import traceback
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, TypeVar

from sqlalchemy.exc import InterfaceError, OperationalError, SQLAlchemyError, TimeoutError

from pipeline.errors import PipelineError
from pipeline.server import jobs
from pipeline.server.child import Child
from pipeline.server.database import Database
from pipeline.server.joblog import JobLog
from pipeline.server.parent import told, when_parent_goes
from pipeline.server.settings import Settings
from pipeline.server.steps import STEPS
from pipeline.server.tables import Job

IDLE_S = 0.5  # between two looks into an empty queue
TICK_S = 0.25  # how long a task's next word is waited for
APART_S = 0.4  # between two words on progress in the database
BEAT_S = 2.0  # between two signs of life, where there is no progress
DEATHS = 3  # of a task, without getting any further
AGAIN_S = 2.0  # before a database that does not answer is asked again
LEAVE_S = 8.0  # for the loops to put things in order after the server has gone

SILENT = (OperationalError, InterfaceError, TimeoutError)  # a database that does not answer, now

T = TypeVar("T")


@dataclass(frozen=True)
class End:
    """How a task ended: a state of the job, or `again`, `stopped` (the server has gone), `lost` (another has it)."""

    state: str
    sentence: str = ""
    code: str = ""
    result: dict[str, Any] | None = None


class Loop:
    """One job after the other, of one kind."""

    def __init__(self, settings: Settings, database: Database, name: str, kind: str, stop: threading.Event) -> None:
        self._settings, self._database, self._name, self._kind, self._stop = settings, database, name, kind, stop

    def forever(self) -> None:
        """Until told to stop."""
        while not self._stop.is_set():
            job = self._surely(lambda: jobs.claim(self._database, self._name, self._settings.lease_s, (self._kind,)))
            if job is None:
                self._stop.wait(IDLE_S)
            else:
                self.work(job)

    def work(self, job: Job) -> None:
        """See a claimed job through to its end, or to its next attempt."""
        log = JobLog(STEPS[job.kind].folder(self._settings, job), self._settings.data)
        facts = dict(job.facts)
        try:
            end, facts = self._try(job, log)
        except PipelineError as why:
            end = End("failed", log.plain(str(why)), type(why).__name__)
        except Exception as why:  # a bug of ours must not take the queue with it
            log.say("".join(traceback.format_tb(why.__traceback__)))
            end = End("failed", f"{type(why).__name__} in the server itself: this is a bug", "bug")
        self._conclude(job, end, facts, log)

    def _try(self, job: Job, log: JobLog) -> tuple[End, dict[str, Any]]:
        """One attempt: how it ended, and what the job is to remember."""
        steps = STEPS[job.kind]
        if job.cancel:
            return End("cancelled"), dict(job.facts)
        log.say(f"attempt {job.attempts}")
        begun = self._surely(lambda: steps.begin(self._settings, self._database, job))
        if begun is None:
            return End("stopped"), dict(job.facts)
        order, found = begun
        facts = {**job.facts, **found}
        self._surely(lambda: self._write(lambda db: jobs.note(db, job, self._name, facts)))
        before = steps.reached(log.folder)
        end = self._run_task(order, job, log)
        if end.state == "died":
            facts["died"] = facts.get("died", 0) + 1 if steps.reached(log.folder) == before else 1
        return replace(end, sentence=log.plain(end.sentence)), facts

    def _run_task(self, order: dict[str, Any], job: Job, log: JobLog) -> End:
        child = Child(order)
        try:
            end = self._follow(child, job, log)
        finally:
            gone = child.end()
        if not gone:
            log.say("some of its processes did not go in time")
        return replace(end, sentence=child.last_words()) if end == End("died") else end

    def _follow(self, child: Child, job: Job, log: JobLog) -> End:
        """Listen to a task until it ends, or must."""
        heard = _Heard(job, log)
        while True:
            line = child.next(TICK_S)
            if line is None:
                return End("died")
            heard.line(line)
            if end := _ended(line) or self._must_end(job, heard):
                return end

    def _must_end(self, job: Job, heard: _Heard) -> End | None:
        if self._stop.is_set():
            return End("stopped")
        if heard.took_s() > STEPS[job.kind].longest_s:
            return End("failed", "it took too long", "too_long")
        if not heard.worth_telling():
            return None
        word = self._beat(job, heard.progress)
        heard.told()
        return None if word == "go on" else End("cancelled" if word == "cancel" else "lost")

    def _beat(self, job: Job, progress: tuple[str, int, int]) -> jobs.Word:
        try:
            return jobs.beat(self._database, job, self._name, progress)
        except SILENT:  # it may be back for the next one
            return "go on"

    def _conclude(self, job: Job, end: End, facts: dict[str, Any], log: JobLog) -> None:
        """Write down how the job ended, for as long as it takes the database to hear it."""
        if end.state == "died":
            log.say(f"the search died: {end.sentence}")
            died = facts.get("died", 0)
            sentence = f"its process died {died} times at the same place; the log has its last words"
            end = End("failed", sentence, "task_died") if died >= DEATHS else End("again")
        if end.state in ("stopped", "lost"):
            log.say("interrupted; it goes on where it stopped")
            return
        if end.code:
            facts = {**facts, "error_code": end.code}
        self._surely(lambda: self._write(lambda db: self._end(db, job, end, facts)))
        log.say({"again": "once more", "done": "done"}.get(end.state, f"{end.state}: {end.sentence}".rstrip(": ")))

    def _end(self, db: Any, job: Job, end: End, facts: dict[str, Any]) -> None:
        if end.state == "again":
            jobs.again(db, job, self._name, facts)
            return
        result = end.result or {}
        kept = {**facts, **({"counts": result["counts"]} if "counts" in result else {})}
        if jobs.finish(db, job, self._name, end.state, end.sentence, kept):
            STEPS[job.kind].end(db, job, end.state, end.sentence, result)

    def _write(self, change: Callable[[Any], T]) -> T:
        with self._database.write() as db:
            return change(db)

    def _surely(self, ask: Callable[[], T]) -> T | None:
        """What the database says, asked again while it does not answer; None when the server has gone meanwhile."""
        while True:
            try:
                return ask()
            except SILENT as why:
                print(f"worker: the database does not answer ({type(why).__name__})", file=sys.stderr, flush=True)
                if self._stop.wait(AGAIN_S):
                    return None


class _Heard:
    """How far a task is, and whether the database has to know."""

    def __init__(self, job: Job, log: JobLog) -> None:
        self.progress = (job.stage, job.done, job.total)
        self._log, self._new, self._at, self._began = log, True, 0.0, time.monotonic()

    def took_s(self) -> float:
        return time.monotonic() - self._began

    def line(self, line: dict[str, Any]) -> None:
        if "log" in line:
            self._log.say(str(line["log"]))
        if "tell" in line:
            stage, done, total = line["tell"]
            self.progress, self._new = (str(stage)[:40], int(done), int(total)), True
            self._log.progress(*self.progress)

    def worth_telling(self) -> bool:
        return time.monotonic() - self._at > (APART_S if self._new else BEAT_S)

    def told(self) -> None:
        self._new, self._at = False, time.monotonic()


def _ended(line: dict[str, Any]) -> End | None:
    """The end that a task speaks of itself."""
    if "done" in line:
        return End("done", result=dict(line["done"]))
    if "failed" in line:
        return End("failed", str(line["failed"]), str(line.get("code", "")))
    return End("died", str(line["died"])) if "died" in line else None


def main() -> None:
    """Work until the server goes."""
    order = told()
    name, stop = str(order["name"]), threading.Event()
    when_parent_goes(lambda: _leave(stop))
    settings = Settings(Path(order["data"]), database_url=order["database_url"], lease_s=order["lease_s"])
    database = Database(settings.url)
    loops = [
        threading.Thread(target=_or_go, args=(Loop(settings, database, name, kind, stop),), name=kind) for kind in STEPS
    ]
    for loop in loops:
        loop.start()
    for loop in loops:
        loop.join()
    with suppress(SQLAlchemyError):  # the lease ends by itself
        jobs.put_back(database, name)


def _or_go(loop: Loop) -> None:
    """A loop that fails takes this process with it: the supervisor starts another."""
    try:
        loop.forever()
    except Exception:
        traceback.print_exc()
        os._exit(1)


def _leave(stop: threading.Event) -> None:
    """The loops end their tasks; whatever hangs then does not keep this process."""
    stop.set()
    threading.Timer(LEAVE_S, lambda: os._exit(1)).start()


if __name__ == "__main__":
    main()
