"""What a worker makes of a task's words: ends, deaths, a job that is somebody else's by now."""

from __future__ import annotations

import threading

import pytest
from sqlalchemy import update

from pipeline.errors import MissionError
from pipeline.server import jobs, worker
from pipeline.server.child import Child
from pipeline.server.database import Database, upgrade
from pipeline.server.settings import Settings, prepare
from pipeline.server.tables import Job
from tests.server.placed import an_officer
from tests.server.working import as_who, job_of

KIND = "search"


class Scripted:
    """A task that says what it was given to say, and then dies."""

    def __init__(self, lines) -> None:
        self._lines, self.ended = iter(lines), False

    def next(self, wait_s: float):
        line = next(self._lines, None)
        return line() or {} if callable(line) else line

    def end(self) -> bool:
        self.ended = True
        return True

    def last_words(self) -> str:
        return "exit status -9"


class Plain:
    """Steps that need nothing."""

    longest_s = 60.0

    def __init__(self, root) -> None:
        self.root, self.got_to, self.ends = root, "", []

    def folder(self, settings, job):
        return self.root / job.id

    def begin(self, settings, database, job):
        return {"task": "none"}, {"begun": True}

    def reached(self, folder) -> str:
        return self.got_to

    def end(self, db, job, state, sentence, result) -> None:
        self.ends.append((state, sentence, result))


class Bench:
    """One loop with scripted tasks."""

    def __init__(self, root, monkeypatch) -> None:
        self.settings = Settings(root / "data", lease_s=5.0)
        prepare(self.settings)
        self.database = Database(self.settings.url)
        upgrade(self.database)
        self.steps, self.stop, self.monkeypatch = Plain(self.settings.runs), threading.Event(), monkeypatch
        monkeypatch.setattr(worker, "STEPS", {KIND: self.steps})
        monkeypatch.setattr(worker, "APART_S", 0.0)
        monkeypatch.setattr(worker, "BEAT_S", 0.0)
        with self.database.write() as db:
            self.job_id = jobs.enqueue(db, as_who(an_officer(self.database)), KIND).id

    def work(self, *lines) -> Job:
        """One attempt whose task says these lines."""
        self.task = Scripted(lines)
        self.monkeypatch.setattr(worker, "Child", lambda order: self.task)
        job = jobs.claim(self.database, "w", self.settings.lease_s, (KIND,))
        worker.Loop(self.settings, self.database, "w", KIND, self.stop).work(job)
        assert self.task.ended or job.cancel
        return job_of(self.database, self.job_id)

    def change(self, **values) -> None:
        with self.database.write() as db:
            db.execute(update(Job).where(Job.id == self.job_id).values(**values))

    def log(self) -> str:
        return (self.settings.runs / self.job_id / "log.txt").read_text("utf-8")


@pytest.fixture
def bench(tmp_path, monkeypatch):
    found = Bench(tmp_path, monkeypatch)
    yield found
    found.database.close()


def tell(done: int):
    return {"tell": ["look", done, 4]}


def test_done(bench):
    job = bench.work({}, tell(1), {"log": "warning: of 照片 \x1b[31m"}, tell(4), {"done": {"counts": {"hits": 3}}})
    assert (job.state, job.stage, job.done, job.total) == ("done", "look", 4, 4)
    assert job.facts == {"begun": True, "counts": {"hits": 3}}
    assert bench.steps.ends == [("done", "", {"counts": {"hits": 3}})]
    assert "warning: of 照片 \ufffd[31m\n" in bench.log()


def test_a_sentence_fails_at_once(bench):
    job = bench.work({"failed": f"{bench.settings.data.resolve()}/runs/x: cannot be written", "code": "OutputError"})
    assert (job.state, job.error, job.facts["error_code"]) == ("failed", "runs/x: cannot be written", "OutputError")
    assert bench.steps.ends[0][:2] == ("failed", "runs/x: cannot be written")


def test_three_deaths_at_one_place_are_the_end(bench):
    assert [bench.work().state for _ in range(3)] == ["queued", "queued", "failed"]
    job = job_of(bench.database, bench.job_id)
    assert (job.attempts, job.facts["error_code"]) == (3, "task_died") and "3 times" in job.error
    assert bench.log().count("exit status -9") == 3


def test_deaths_that_get_further_are_not_counted(bench):
    for k in range(8):

        def further(k=k) -> None:
            bench.steps.got_to = str(k)

        assert bench.work(further).state == "queued"
    assert bench.work({"died": "MemoryError: "}).state == "queued"
    assert bench.work().state == "failed"


def test_a_retry_forgets_the_deaths(bench):
    for _ in range(3):
        bench.work()
    with bench.database.write() as db:
        jobs.retry(db, db.get_one(Job, bench.job_id))
    assert bench.work().state == "queued"


def test_cancel(bench):
    job = bench.work(tell(1), lambda: bench.change(cancel=True), {}, {"done": {}})
    assert (job.state, job.cancel, job.worker) == ("cancelled", False, "")


def test_what_takes_too_long_is_ended(bench):
    bench.steps.longest_s = -1.0
    job = bench.work(tell(1), {"done": {}})
    assert (job.state, job.facts["error_code"]) == ("failed", "too_long")


def test_cancelled_before_anybody_began_again(bench):
    bench.change(cancel=True)
    assert bench.work({"done": {}}).state == "cancelled"
    assert not bench.task.ended and bench.steps.ends[0][0] == "cancelled"


def test_a_job_that_is_another_workers_is_let_go(bench):
    job = bench.work(tell(1), lambda: bench.change(worker="other"), {}, {"done": {}})
    assert (job.state, job.worker, bench.steps.ends) == ("running", "other", [])


def test_an_end_that_came_too_late_changes_nothing(bench):
    bench.monkeypatch.setattr(worker, "BEAT_S", 100.0)
    bench.monkeypatch.setattr(worker, "APART_S", 100.0)
    job = bench.work(tell(1), lambda: bench.change(worker="other"), {"done": {"counts": {"hits": 9}}})
    assert (job.state, job.worker, bench.steps.ends) == ("running", "other", []) and "counts" not in job.facts


def test_a_server_that_goes_leaves_the_job_to_the_next(bench):
    bench.stop.set()
    assert bench.work(tell(1), {}).state == "running"
    assert jobs.put_back(bench.database, "w") == 1


def test_steps_that_refuse_and_steps_that_break(bench, monkeypatch):
    def refuse(*_):
        raise MissionError("the terrain model was deleted")

    def broken(*_):
        raise KeyError("x")

    bench.task = Scripted(())
    for begin, code in ((refuse, "MissionError"), (broken, "bug")):
        monkeypatch.setattr(bench.steps, "begin", begin)
        job = jobs.claim(bench.database, "w", 5.0, (KIND,))
        worker.Loop(bench.settings, bench.database, "w", KIND, bench.stop).work(job)
        found = job_of(bench.database, bench.job_id)
        assert (found.state, found.facts["error_code"]) == ("failed", code)
        with bench.database.write() as db:
            jobs.retry(db, db.get_one(Job, bench.job_id))


def test_a_real_task_that_breaks_says_how(tmp_path):
    child = Child({"task": "search", "data": str(tmp_path), "no": "such option"})
    lines = []
    while (line := child.next(20)) is not None:
        lines.append(line)
    assert child.end()
    assert "Traceback" in lines[0]["log"] and lines[-1]["died"].startswith("TypeError")


def test_a_real_task_that_is_killed_has_no_last_line(tmp_path):
    child = Child({"task": "nonsense"})
    child._process.kill()
    while child.next(20) is not None:
        pass
    assert child.end() and child.last_words().startswith("exit status")
