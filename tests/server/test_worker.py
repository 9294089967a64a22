"""A run on the server is that of the command line, whatever is killed, cancelled or tried again."""

from __future__ import annotations

import json
import random
import shutil
import threading
import time
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import psutil
import pytest
from sqlalchemy import select
from sqlalchemy.exc import OperationalError

from pipeline.config import RunConfig
from pipeline.errors import OutputError, PipelineError
from pipeline.flow.run import run
from pipeline.hold import held
from pipeline.report.review_entries import review_entry
from pipeline.report.reviews import append_review
from pipeline.server import jobs, parent, worker
from pipeline.server.database import Database, upgrade
from pipeline.server.runs import card_of, lay_out, run_folder
from pipeline.server.search import check_mission_file, search
from pipeline.server.search_job import SearchSteps
from pipeline.server.settings import Settings, prepare
from pipeline.server.tables import Job, now
from pipeline.sim import FlightConfig, make_flight
from tests.server.placed import an_officer, place_files, place_flight
from tests.server.working import (
    all_gone,
    ask_for_run,
    ended,
    equal_bytes,
    family,
    job_of,
    server_process,
    until,
    workers,
)

SMALL = {"width_px": 640, "height_px": 480, "photos_per_strip": 4, "strips": 2, "turned_strip": False}
QUICK = {"detector": "marker", "adjust": "off"}


@pytest.fixture(scope="session")
def card(tmp_path_factory) -> Path:
    made = make_flight(tmp_path_factory.mktemp("航次") / "sim", FlightConfig(seed=5, profile="dji", **SMALL))
    return made.flight


@pytest.fixture(scope="session")
def undisturbed(card, tmp_path_factory) -> Path:
    """What `qianliyan run` makes of the same files."""
    return run(card, tmp_path_factory.mktemp("plain") / "run", RunConfig(**QUICK)).folder


class Overheard:
    """A task's teller, in this process."""

    def __init__(self) -> None:
        self.lines: list[str] = []

    def log(self, sentence: str) -> None:
        self.lines.append(sentence)

    def tell(self, stage: str, done: int, total: int) -> None:
        """Nobody listens."""


@pytest.fixture
def settings(tmp_path) -> Settings:
    found = Settings(tmp_path / "数据 data", lease_s=2.0)
    prepare(found)
    return found


@pytest.fixture
def database(settings):
    found = Database(settings.url)
    upgrade(found)
    yield found
    found.close()


@pytest.mark.slow
def test_two_workers_share_the_queue_and_runs_are_those_of_the_command_line(settings, database, card, undisturbed):
    flight = place_flight(settings, database, card)
    ids = [ask_for_run(settings, database, flight, **QUICK) for _ in range(2)]
    with workers(replace(settings, workers=2), database):
        found = [ended(database, i) for i in ids]
    for job in found:
        assert (job.state, job.error, job.attempts, job.worker) == ("done", "", 1, "")
        assert job.facts["counts"]["hits"] > 0 and job.facts["counts"]["photos"] == 8
        folder = run_folder(settings, job.id)
        assert equal_bytes(undisturbed, folder / "run") and not (folder / "run.partial").exists()
        assert sorted(p.name for p in card_of(settings, job.id).iterdir()) == sorted(p.name for p in card.iterdir())
        log = (folder / "log.txt").read_text("utf-8")
        assert "searching the photos: 8 of 8\n" in log and log.endswith("Z done\n")
        assert str(settings.data) not in log


@pytest.mark.slow
def test_cancel_ends_all_its_processes_and_retry_goes_on(settings, database, card, undisturbed):
    job_id = ask_for_run(settings, database, place_flight(settings, database, card), **QUICK)
    with workers(settings, database):
        until(lambda: job_of(database, job_id).done >= 1)
        searching = family(psutil.Process(), "pipeline.server.task", "spawn_main")
        assert searching
        with database.write() as db:
            jobs.cancel(db, db.get_one(Job, job_id))
        assert ended(database, job_id).state == "cancelled"
        assert all_gone(searching)
        folder = run_folder(settings, job_id)
        assert "did not go in time" not in (folder / "log.txt").read_text("utf-8")
        assert (folder / "run.partial" / "work" / "looked.jsonl").exists() and not (folder / "run").exists()
        with database.write() as db:
            jobs.retry(db, db.get_one(Job, job_id))
        job = ended(database, job_id)
    assert (job.state, job.attempts) == ("done", 2)
    assert equal_bytes(undisturbed, folder / "run")


def kill_now_and_then(settings: Settings, database: Database, job_id: str, kills: int, seed: int) -> list[str]:
    """Kill the task, a process of its pool, the worker or the server, at random moments, until so many have died."""
    chance, killed = random.Random(seed), []

    def ended_now() -> bool:
        return job_of(database, job_id).state in jobs.ENDED

    while len(killed) < kills and not ended_now():
        with server_process(settings) as server:
            while len(killed) < kills:
                until(lambda top=server: family(top, "pipeline.server.task") or ended_now())
                time.sleep(chance.uniform(0.1, 5.0))
                # A third death of the task at one place would be the end, as it should.
                near = job_of(database, job_id).facts.get("died", 0) >= 2
                what = chance.choice(("server", "worker") if near else ("server", "worker", "task", "spawn_main"))
                below = family(server)
                victims = [server] if what == "server" else family(server, what)
                if ended_now():
                    break
                if victims:
                    with suppress(psutil.NoSuchProcess):
                        chance.choice(victims).kill()
                        killed.append(what)
                if what == "server":
                    until(lambda gone=below: all_gone(gone), 30)
                    break
    return killed


def check_kills(settings: Settings, database: Database, card: Path, undisturbed: Path, kills: int, seed: int) -> None:
    job_id = ask_for_run(settings, database, place_flight(settings, database, card), **QUICK)
    killed = kill_now_and_then(settings, database, job_id, kills, seed)
    with workers(settings, database):
        job = ended(database, job_id)
    print(f"seed {seed}: killed {killed}, attempts {job.attempts}")
    assert job.state == "done", job.error
    folder = run_folder(settings, job_id)
    assert equal_bytes(undisturbed, folder / "run")
    assert not list(folder.glob("*.partial"))
    with database.read() as db:
        assert db.scalars(select(Job.state)).all() == ["done"]


@pytest.mark.slow
def test_killed_three_times_there_is_one_result(settings, database, card, undisturbed):
    check_kills(settings, database, card, undisturbed, 3, seed=random.randrange(10**6))


@pytest.mark.acceptance
@pytest.mark.parametrize("seed", range(4))
def test_killed_twenty_times_there_is_one_result(settings, database, tmp_path_factory, seed):
    """On a longer flight, so that there is something left to kill."""
    longer = {**SMALL, "photos_per_strip": 30, "strips": 4}
    made = make_flight(tmp_path_factory.mktemp("long") / "sim", FlightConfig(seed=6, profile="dji", **longer))
    plain = run(made.flight, tmp_path_factory.mktemp("plain") / "run", RunConfig(**QUICK)).folder
    check_kills(settings, database, made.flight, plain, 20, seed)


def test_files_that_come_later_are_another_runs(settings, database, card, tmp_path):
    flight = place_flight(settings, database, card)
    job_id = ask_for_run(settings, database, flight)
    more = tmp_path / "more"
    more.mkdir()
    shutil.copy(next(card.iterdir()), more / "LATE.JPG")
    officer = an_officer(database)
    with database.write() as db:
        place_files(settings, db, more, officer, flight_id=flight)
    for asked, count in ((job_id, 8), (ask_for_run(settings, database, flight), 9)):
        assert lay_out(settings, asked) == lay_out(settings, asked) == card_of(settings, asked)
        assert len(list(card_of(settings, asked).iterdir())) == count


def test_verdicts_of_the_latest_run_that_has_any_are_carried(settings, database, card, undisturbed):
    flight = place_flight(settings, database, card)
    feature = json.loads((undisturbed / "hits.geojson").read_bytes())["features"][0]
    reviewed, newer, unreviewed = (ask_for_run(settings, database, flight) for _ in range(3))
    append_review(run_folder(settings, reviewed) / "run", review_entry(feature, "rejected", "li"))
    append_review(run_folder(settings, newer) / "run", review_entry(feature, "confirmed", "li"))
    with database.write() as db:
        for hours, job_id in enumerate((reviewed, newer, unreviewed)):
            job = db.get_one(Job, job_id)
            job.state, job.finished_at = "done", now() + timedelta(hours=hours)
    for options, chosen in (({}, newer), ({"reviews_from": reviewed}, reviewed)):
        asked = job_of(database, ask_for_run(settings, database, flight, **options))
        order, facts = SearchSteps().begin(settings, database, asked)
        assert facts["reviews_from"] == chosen
        assert order["config"]["reviews"] == str(run_folder(settings, chosen) / "run")
    asked.facts = {"reviews_from": None}  # it was begun when there were none: a later attempt is the same search
    assert "reviews" not in SearchSteps().begin(settings, database, asked)[0]["config"]


def test_a_whole_run_is_not_searched_again(tmp_path, undisturbed):
    folder = tmp_path / "runs" / "a"
    shutil.copytree(undisturbed, folder / "run")
    before = (folder / "run" / "hits.gpkg").stat().st_mtime_ns
    first, again = (search(Overheard(), str(tmp_path), "a", {}) for _ in range(2))
    assert first == again and first["counts"]["photos"] == 8
    assert (folder / "run" / "hits.gpkg").stat().st_mtime_ns == before


def test_a_search_by_another_version_is_begun_anew(settings, database, card, undisturbed):
    job_id = ask_for_run(settings, database, place_flight(settings, database, card))
    folder = run_folder(settings, job_id)
    (folder / "run.partial" / "work").mkdir(parents=True)
    (folder / "run.partial" / "work" / "looked.jsonl").write_text('{"key": "of another version"}\n')
    heard = Overheard()
    search(heard, str(settings.data), job_id, {**QUICK, "workers": 1})
    assert equal_bytes(undisturbed, folder / "run")
    assert any("starting anew" in line for line in heard.lines)


@pytest.mark.parametrize(
    "text",
    [
        '[run]\nreviews = "other"',
        '[run]\ncluster = "tcp://10.0.0.1:8786"',
        '[run]\ndem = "/etc/passwd"',
        '[run]\nboxes = "../../secret.json"',
        '[ground]\ndem = "../../../x.tif"',
        '[run]\ndetector = "yolo:/tmp/x.onnx"',
        '[run]\ndetector = "marker, yolo:weights.pt"',
        '[run]\ndetector = "os:system"',
    ],
)
def test_a_mission_file_of_a_card_names_nothing_else(tmp_path, text):
    (tmp_path / "mission.toml").write_text(text)
    with pytest.raises(PipelineError):
        check_mission_file(tmp_path)


def test_a_mission_file_may_name_what_came_with_it(tmp_path):
    (tmp_path / "mission.toml").write_text('[run]\ndem = "dem/a.tif"\ndetector = "marker,outlet"\nadjust = "off"')
    check_mission_file(tmp_path)


def test_nothing_usable_is_a_sentence(settings, database, tmp_path):
    empty = tmp_path / "empty"
    empty.mkdir()
    (empty / "A.JPG").write_bytes(b"\xff\xd8\xff no picture")
    job_id = ask_for_run(settings, database, place_flight(settings, database, empty), **QUICK)
    with workers(settings, database):
        job = ended(database, job_id)
    assert job.state == "failed" and job.facts["error_code"] in ("MissionError", "PipelineError")
    assert job.error and str(settings.data) not in job.error and job.attempts == 1


def test_a_database_that_is_silent_while_a_job_begins_fails_no_job(settings, database, card, monkeypatch):
    job_id = ask_for_run(settings, database, place_flight(settings, database, card))
    loop, real = worker.Loop(settings, database, "w", "search", threading.Event()), SearchSteps.begin
    silent = [OperationalError("", {}, Exception("starting up")) for _ in range(2)]

    def begin(steps, *given):
        if silent:
            raise silent.pop()
        return real(steps, *given)

    monkeypatch.setattr(worker, "AGAIN_S", 0.0)
    monkeypatch.setattr(SearchSteps, "begin", begin)
    monkeypatch.setattr(loop, "_run_task", lambda *_: worker.End("done", result={"counts": {"hits": 3}}))
    loop.work(jobs.claim(database, "w", 10, ("search",)))
    job = job_of(database, job_id)
    assert (job.state, job.error, job.facts["counts"]) == ("done", "", {"hits": 3})


def test_the_password_of_the_database_stands_nowhere(settings, monkeypatch):
    monkeypatch.setenv("QLY_DATABASE_URL", "postgresql://u:geheim@127.0.0.1:1/x")
    url = "postgresql://u:geheim@127.0.0.1:1/x"
    told = {"name": "w", "data": str(settings.data), "database_url": url, "lease_s": 5}
    started = parent.start("pipeline.server.worker", told)
    try:
        process = psutil.Process(started.pid)
        until(lambda: process.num_threads() > 1)  # it has heard the address, and waits for the database
        assert started.poll() is None
        assert "geheim" not in " ".join(process.cmdline()) + " ".join(f"{k}={v}" for k, v in process.environ().items())
    finally:
        parent.told_to(started).close()
        assert started.wait(20) in (0, 1)


def test_one_process_at_a_time_in_a_folder(tmp_path):
    with (
        held(tmp_path / "lock", 1.0),
        pytest.raises(OutputError, match="another process"),
        held(tmp_path / "lock", 0.1),
    ):
        raise AssertionError
    with held(tmp_path / "lock", 0.1):
        pass
