"""The queue: a job has one worker at a time, whoever races for it, and nobody's silence loses it."""

from __future__ import annotations

import tempfile
import threading
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule
from sqlalchemy import select

from pipeline.server import jobs
from pipeline.server.access import Who
from pipeline.server.database import Database, upgrade
from pipeline.server.problems import Problem
from pipeline.server.tables import Job
from tests.server.placed import an_officer

LEASE_S = 15.0
PROGRESS = ("look", 1, 2)


def who_is(database: Database) -> Who:
    user = an_officer(database)
    return Who(user.id, user.organisation_id, user.login, user.name, user.role, True, frozenset())


@pytest.fixture
def database(tmp_path):
    found = Database(f"sqlite:///{tmp_path}/queue.sqlite")
    upgrade(found)
    yield found
    found.close()


@pytest.fixture
def due(database):
    """Makes a job that is due; its id."""
    who = who_is(database)

    def make(kind: str = "search") -> str:
        with database.write() as db:
            return jobs.enqueue(db, who, kind).id

    return make


def state_of(database: Database, job_id: str) -> Job:
    with database.read() as db:
        return db.get_one(Job, job_id)


def claim(database: Database, worker: str, kinds=("search",)) -> Job | None:
    return jobs.claim(database, worker, LEASE_S, kinds)


def pass_time(monkeypatch, seconds: float) -> None:
    monkeypatch.setattr(jobs, "now", lambda: datetime.now(UTC) + timedelta(seconds=seconds))


def test_the_oldest_goes_first_and_kinds_do_not_mix(database, due):
    layer, first, second = due("layer"), due(), due()
    assert [claim(database, "a").id, claim(database, "a").id] == [first, second]
    assert claim(database, "a") is None
    assert claim(database, "a", ("layer",)).id == layer


def test_of_many_who_race_each_job_has_one_taker(database, due):
    """Twelve threads for forty jobs: every job is taken, none twice."""
    ids, taken, start = [due() for _ in range(40)], [], threading.Barrier(12)

    def take(worker: str) -> None:
        start.wait()
        while (job := claim(database, worker)) is not None:
            taken.append((job.id, worker, job.attempts))

    threads = [threading.Thread(target=take, args=(f"w{i}",)) for i in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    while (job := claim(database, "last")) is not None:  # who found all candidates taken went home
        taken.append((job.id, "last", job.attempts))
    assert sorted(job_id for job_id, _, _ in taken) == sorted(ids)
    assert {attempts for _, _, attempts in taken} == {1}
    with database.read() as db:
        assert {j.id: j.worker for j in db.scalars(select(Job))} == {i: w for i, w, _ in taken}


def test_who_was_silent_too_long_has_lost_its_job(database, due, monkeypatch):
    due()
    old = claim(database, "old")
    pass_time(monkeypatch, LEASE_S - 1)
    assert claim(database, "new") is None
    pass_time(monkeypatch, LEASE_S + 1)
    new = claim(database, "new")
    assert new.id == old.id and new.attempts == 2
    assert jobs.beat(database, old, "old", PROGRESS) == "lost"
    with database.write() as db:
        assert not jobs.finish(db, old, "old", "done", "", {})
        assert not jobs.again(db, old, "old", {})
        assert not jobs.note(db, old, "old", {})
    assert jobs.beat(database, new, "new", PROGRESS) == "go on"
    assert state_of(database, new.id).state == "running"


def test_a_heartbeat_keeps_a_job(database, due, monkeypatch):
    due()
    job = claim(database, "a")
    for k in range(1, 4):
        pass_time(monkeypatch, k * (LEASE_S - 1))
        assert jobs.beat(database, job, "a", PROGRESS) == "go on"
        assert claim(database, "b") is None


def test_what_a_dead_worker_left_is_due_at_once(database, due):
    first, second = due(), due()
    claim(database, "dead"), claim(database, "alive")
    assert jobs.put_back(database, "dead") == 1
    assert state_of(database, first).state == "queued" and state_of(database, second).state == "running"
    assert claim(database, "b").id == first


def test_cancel_at_rest_and_at_work(database, due):
    waiting, running = due(), due()
    with database.write() as db:
        jobs.cancel(db, db.get_one(Job, waiting))
    assert state_of(database, waiting).state == "cancelled"
    job = claim(database, "a")
    assert job.id == running
    with database.write() as db:
        jobs.cancel(db, db.get_one(Job, running))
    assert jobs.beat(database, job, "a", PROGRESS) == "cancel"
    with database.write() as db:
        assert jobs.finish(db, job, "a", "cancelled", "", {})
    with database.write() as db, pytest.raises(Problem, match="ended already"):
        jobs.cancel(db, db.get_one(Job, running))


def test_a_cancelled_job_whose_worker_died_says_so_to_the_next(database, due):
    due()
    job = claim(database, "dead")
    with database.write() as db:
        jobs.cancel(db, db.get_one(Job, job.id))
    jobs.put_back(database, "dead")
    assert claim(database, "next").cancel


def test_only_what_stopped_is_tried_again(database, due):
    job_id = due()

    def retry() -> None:
        with database.write() as db:
            jobs.retry(db, db.get_one(Job, job_id))

    with pytest.raises(Problem, match="tried again"):
        retry()
    job = claim(database, "a")
    facts = {"died": 3, "error_code": "task_died", "reviews_from": "x"}
    with database.write() as db:
        jobs.finish(db, job, "a", "failed", "it broke", facts)
    retry()
    found = state_of(database, job_id)
    assert (found.state, found.error, found.cancel, found.facts) == ("queued", "", False, {"reviews_from": "x"})
    job = claim(database, "a")
    with database.write() as db:
        jobs.finish(db, job, "a", "done", "", {})
    with pytest.raises(Problem, match="tried again"):
        retry()


class Queue(RuleBasedStateMachine):
    """Three workers, of whom any may fall silent, against a model: who owns each job, and when it was last heard of."""

    @initialize()
    def start(self) -> None:
        self.folder = tempfile.TemporaryDirectory()
        self.database = Database(f"sqlite:///{self.folder.name}/queue.sqlite")
        upgrade(self.database)
        self.who, self.at_s = who_is(self.database), 0.0
        self.held: dict[str, list[Job]] = {"a": [], "b": [], "c": []}
        self.owner: dict[str, tuple[str, float] | None] = {}
        self.begun, self.real_now = datetime.now(UTC), jobs.now
        jobs.now = lambda: self.begun + timedelta(seconds=self.at_s)

    def teardown(self) -> None:
        if hasattr(self, "database"):
            jobs.now = self.real_now
            self.database.close()
            self.folder.cleanup()

    def owns(self, worker: str, job: Job) -> bool:
        found = self.owner.get(job.id)
        return found is not None and found[0] == worker

    @rule()
    def ask(self) -> None:
        with self.database.write() as db:
            self.owner[jobs.enqueue(db, self.who, "search").id] = None

    @rule(worker=st.sampled_from("abc"))
    def take(self, worker: str) -> None:
        job = claim(self.database, worker)
        silent = {i for i, owner in self.owner.items() if owner is None or self.at_s - owner[1] > LEASE_S}
        assert (job is None) == (not silent)
        if job is not None:
            assert job.id in silent
            self.owner[job.id] = worker, self.at_s
            self.held[worker].append(job)

    @rule(seconds=st.sampled_from((1.0, LEASE_S / 2, LEASE_S + 1)))
    def wait(self, seconds: float) -> None:
        self.at_s += seconds

    @rule(worker=st.sampled_from("abc"))
    def speak(self, worker: str) -> None:
        for job in self.held[worker]:
            assert (jobs.beat(self.database, job, worker, PROGRESS) != "lost") == self.owns(worker, job)
            if self.owns(worker, job):
                self.owner[job.id] = worker, self.at_s

    @rule(worker=st.sampled_from("abc"))
    def vanish(self, worker: str) -> None:
        jobs.put_back(self.database, worker)
        self.owner = {i: None if owner and owner[0] == worker else owner for i, owner in self.owner.items()}

    @rule(worker=st.sampled_from("abc"), state=st.sampled_from(jobs.ENDED))
    def finish(self, worker: str, state: str) -> None:
        for job in self.held[worker]:
            with self.database.write() as db:
                assert jobs.finish(db, job, worker, state, "", {}) == self.owns(worker, job)
            if self.owns(worker, job):
                del self.owner[job.id]
        self.held[worker] = []

    @rule()
    def cancel_all(self) -> None:
        with self.database.write() as db:
            for job in db.scalars(select(Job).where(Job.state.in_(("queued", "running")))).all():
                jobs.cancel(db, job)
                if job.state == "cancelled":
                    assert self.owner.pop(job.id) is None


Queue.TestCase.settings = settings(max_examples=30, stateful_step_count=30)
TestQueue = Queue.TestCase
