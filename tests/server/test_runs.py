"""The routes of runs, without workers: who may ask, what is refused, what is shown."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from pipeline.server import run_asked
from pipeline.server.runs import run_folder
from pipeline.server.tables import File, Job, Layer, User
from tests.server.placed import place_flight
from tests.server.working import job_of


@pytest.fixture
def given(app):
    return app.state.services


@pytest.fixture
def flight(client, given, tmp_path) -> str:
    """A flight of the first organisation with two files that no search has to read."""
    return _flight(given, tmp_path / "card")


def _flight(given, folder: Path) -> str:
    folder.mkdir()
    for name in ("A.JPG", "B.JPG"):
        (folder / name).write_bytes(b"\xff\xd8\xff" + name.encode())
    return place_flight(given.settings, given.database, folder)


def ask(client, flight: str, **options):
    return client.post(f"/api/flights/{flight}/runs", json=options)


def test_asking_for_a_run(client, given, flight):
    answer = ask(client, flight, adjust="off", tz="Asia/Shanghai", partial=False)
    assert answer.status_code == 202
    run = answer.json()
    assert (run["state"], run["flight"]["id"], run["attempts"]) == ("queued", flight, 0)
    assert run["options"] == {"adjust": "off", "tz": "Asia/Shanghai"} and run["created_at"].endswith("Z")
    assert run["created_by"]["login"] == "admin" and run["counts"] == {}
    listed = json.loads((run_folder(given.settings, run["id"]) / "files.json").read_bytes())["files"]
    assert [f["path"] for f in listed] == ["A.JPG", "B.JPG"]
    assert client.get(f"/api/runs/{run['id']}").json() == run
    assert client.get("/api/runs").json() == client.get(f"/api/flights/{flight}/runs").json() == {"runs": [run]}
    assert client.get("/api/flights").json()["flights"][0]["latest_run"] == {"id": run["id"], "state": "queued"}
    events = client.get("/api/audit").json()["events"]
    assert events[0]["action"] == "run_asked" and events[0]["subject"] == f"run/{run['id']}"


def test_a_flight_without_files_and_one_with_files_on_their_way(client, given, flight):
    empty = client.post("/api/flights", json={"name": "空"}).json()["id"]
    assert (ask(client, empty).status_code, ask(client, empty).json()["code"]) == (409, "nothing_stored")
    with given.database.write() as db:
        for name, state in (("C.JPG", "uploading"), ("D.JPG", "waiting"), ("E.JPG", "refused")):
            user = db.query(User).first()
            file = File(path=name, size=1, state=state, flight_id=flight, created_by=user.id)
            file.organisation_id = user.organisation_id
            db.add(file)
    answer = ask(client, flight)
    assert (answer.status_code, answer.json()["code"]) == (409, "not_complete")
    assert answer.json()["detail"] == {"count": 2, "files": ["C.JPG", "D.JPG"]}
    assert ask(client, flight, partial=True).status_code == 202


@pytest.mark.parametrize(
    "options",
    [
        {"detector": "yolo:/etc/passwd"},
        {"detector": "os:system"},
        {"detector": "yolo:../x.pt"},
        {"false_alarms": 0},
        {"false_alarms": "NaN"},
        {"adjust": "perhaps"},
        {"assume": "level"},
        {"tz": "../../etc/localtime"},
        {"dem_datum": "geoid"},
        {"dem_layer": "../../x"},
        {"video_overlap": 1},
        {"reviews_from": "x"},
        {"cluster": "tcp://10.0.0.1:1"},
        {"workers": 1000},
        {"trust": True},
    ],
)
def test_options_that_make_no_sense(client, flight, options):
    answer = ask(client, flight, **options)
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid")


def test_all_detectors_of_the_registry_may_be_named(client, flight):
    for spec in ("all", "marker", "marker, outlet"):
        assert ask(client, flight, detector=spec).status_code == 202


def test_another_organisations_things_are_not_there(client, outsider, given, flight, tmp_path):
    run = ask(client, flight).json()["id"]
    assert outsider.get("/api/runs").json() == {"runs": []}
    for method, path in (
        ("POST", f"/api/flights/{flight}/runs"),
        ("GET", f"/api/flights/{flight}/runs"),
        ("GET", f"/api/runs/{run}"),
        ("POST", f"/api/runs/{run}/cancel"),
        ("POST", f"/api/runs/{run}/retry"),
        ("GET", f"/api/runs/{run}/log"),
        ("GET", f"/api/runs/{run}/events"),
    ):
        answer = outsider.request(method, path, json={} if method == "POST" else None)
        assert (answer.status_code, answer.json()["code"]) == (404, "not_found"), path
    theirs = outsider.post("/api/flights", json={"name": "邻"}).json()["id"]
    with given.database.write() as db:
        user = db.query(User).filter_by(login="outsider").one()
        mine = db.get(Job, run)
        mine.state = "done"
        layer = Layer(organisation_id=mine.organisation_id, created_by=mine.created_by, name="d", kind="dem")
        layer.state = "ready"
        db.add(layer)
        db.flush()
        layer_id = layer.id
        db.add(_stored_again(db, flight, theirs, user))
    for options in ({"reviews_from": run}, {"dem_layer": layer_id}):
        answer = ask(outsider, theirs, **options)
        assert (answer.status_code, answer.json()["code"]) == (404, "not_found")
        assert ask(client, flight, **options).status_code == 202


def _stored_again(db, flight: str, other: str, user: User) -> File:
    one = db.query(File).filter_by(flight_id=flight).first()
    again = File(path=one.path, size=one.size, sha256=one.sha256, state="stored", flight_id=other, created_by=user.id)
    again.organisation_id = user.organisation_id
    return again


def test_cancel_and_retry(client, given, flight):
    run = ask(client, flight).json()["id"]
    assert client.post(f"/api/runs/{run}/retry").status_code == 409
    assert client.post(f"/api/runs/{run}/cancel").json()["state"] == "cancelled"
    assert client.post(f"/api/runs/{run}/cancel").json()["code"] == "job_ended"
    again = client.post(f"/api/runs/{run}/retry").json()
    assert (again["state"], again["finished_at"]) == ("queued", None)
    with given.database.write() as db:
        db.get(Job, run).state = "running"
    assert client.post(f"/api/runs/{run}/cancel").json()["cancelling"]
    assert job_of(given.database, run).cancel


def test_one_organisation_does_not_fill_the_queue(client, flight, monkeypatch):
    monkeypatch.setattr(run_asked, "MOST_WAITING", 2)
    assert [ask(client, flight).status_code for _ in range(3)] == [202, 202, 409]


def test_log(client, given, flight):
    run = ask(client, flight).json()["id"]
    assert client.get(f"/api/runs/{run}/log").text == ""
    (run_folder(given.settings, run) / "log.txt").write_bytes("2026-11-22T08:00:00Z 照片 <script>\n".encode())
    answer = client.get(f"/api/runs/{run}/log")
    assert answer.text == "2026-11-22T08:00:00Z 照片 <script>\n"
    assert answer.headers["content-type"] == "text/plain; charset=utf-8"
    assert answer.headers["x-content-type-options"] == "nosniff"


@pytest.mark.parametrize("role", ["analyst", "judge"])
def test_who_only_looks_does_not_search(client, sign_in_as, flight, role):
    looker = sign_in_as(role)
    run = ask(client, flight).json()["id"]
    assert looker.get(f"/api/runs/{run}").status_code == 200
    for path in (f"/api/flights/{flight}/runs", f"/api/runs/{run}/cancel", f"/api/runs/{run}/retry"):
        assert looker.post(path, json={}).json()["code"] == "not_allowed"


def test_no_run_of_a_layer_job_or_of_nothing(client, given, flight):
    run = ask(client, flight).json()["id"]
    with given.database.write() as db:
        db.get(Job, run).kind = "layer"
    for name in (run, "0" * 16, "..%2F..", "照片"):
        assert client.get(f"/api/runs/{name}").status_code == 404
