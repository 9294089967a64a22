"""Flights and their files, as their organisation sees them and others do not."""

from __future__ import annotations

import pytest

from pipeline.server import declared
from pipeline.server.tables import Job, now
from pipeline.sim import FlightConfig, make_flight
from pipeline.words.problems import PROBLEMS
from tests.server.sending import (
    JPEG,
    begin,
    card_path,
    create,
    declare,
    files_of,
    new_flight,
    patch,
    send,
    settle,
    sha256,
    upload,
)


def test_a_flight_is_made_changed_and_found(client):
    asked = {"name": " 秦淮河 1 号 ", "site": "南京", "note": "第一块电池\n风大"}
    made = client.post("/api/flights", json=asked)
    assert made.status_code == 201
    flight = made.json()
    assert (flight["name"], flight["site"], flight["note"]) == ("秦淮河 1 号", "南京", "第一块电池\n风大")
    assert flight["created_by"]["login"] == "admin"
    assert flight["created_at"].endswith("Z")
    assert flight["files"] == {"count": 0, "stored": 0, "refused": 0, "bytes": 0, "stored_bytes": 0}
    assert flight["latest_run"] is None
    changed = client.patch(f"/api/flights/{flight['id']}", json={"site": "镇江"}).json()
    assert (changed["name"], changed["site"]) == ("秦淮河 1 号", "镇江")
    assert client.get(f"/api/flights/{flight['id']}").json() == changed
    assert client.get("/api/flights").json() == {"flights": [changed]}
    events = client.get("/api/audit").json()["events"]
    assert [e["action"] for e in events][:2] == ["flight_changed", "flight_created"]


@pytest.mark.parametrize("asked", [{}, {"name": ""}, {"name": "  "}, {"name": "x" * 201}, {"name": "a", "id": "b"}])
def test_what_makes_no_flight_is_told(client, asked):
    assert client.post("/api/flights", json=asked).status_code == 422


def test_words_that_no_database_could_keep(client):
    for name in (b"a\\ud800b", b"a\\u0000c"):
        asked = b'{"name": "' + name + b'"}'
        answer = client.post("/api/flights", content=asked, headers={"Content-Type": "application/json"})
        assert answer.status_code == 422


def test_one_odd_name_does_not_hinder_the_rest(client):
    flight = new_flight(client)
    odd = [b"a\\ud800b.jpg", b"a\\u0000.jpg", b"", b"x" * 5_000 + b".jpg", b"\\udcff\\ud83d/a.jpg"]
    rest = b'", "size": 9, "sha256": "' + b"0" * 64 + b'"}'
    files = b", ".join(b'{"path": "' + name + rest for name in (*odd, b"a.jpg"))
    kind = {"Content-Type": "application/json"}
    answer = client.post(f"/api/flights/{flight}/files", content=b'{"files": [' + files + b"]}", headers=kind)
    assert answer.status_code == 200, answer.text
    told = [(f["state"], f["reason"]) for f in answer.json()["files"]]
    assert told == [
        ("refused", "name_bad"), ("refused", "name_bad"), ("refused", "name_bad"), ("refused", "name_long"),
        ("refused", "name_bad"), ("waiting", ""),
    ]  # fmt: skip


def test_counts_say_what_is_there(app, client):
    flight = new_flight(client)
    upload(app, client, flight, "a.jpg", JPEG)
    declare(client, flight, {"b.jpg": JPEG + b"1", "c.exe": b"MZ"})
    told = client.get(f"/api/flights/{flight}").json()["files"]
    assert told == {"count": 3, "stored": 1, "refused": 1, "bytes": 2 * len(JPEG) + 1, "stored_bytes": len(JPEG)}


def test_a_flight_whose_run_goes_on_is_not_archived(app, client):
    flight = new_flight(client)
    database = app.state.services.database
    user = client.get("/auth/state").json()["user"]
    with database.write() as db:
        job = Job(organisation_id=user["organisation"]["id"], kind="search", flight_id=flight, created_by=user["id"])
        job.state = "running"
        db.add(job)
    refused = client.delete(f"/api/flights/{flight}")
    assert (refused.status_code, refused.json()["code"]) == (409, "running")
    assert client.get(f"/api/flights/{flight}").json()["latest_run"] == {"id": job.id, "state": "running"}
    with database.write() as db:
        db.get(Job, job.id).state, db.get(Job, job.id).finished_at = "done", now()
    assert client.delete(f"/api/flights/{flight}").status_code == 204


def test_an_archived_flight_is_out_of_sight_and_its_unfinished_uploads_end(app, client):
    flight = new_flight(client)
    upload(app, client, flight, "a.jpg", JPEG)
    [file] = declare(client, flight, {"b.jpg": JPEG + b"1"})
    patch(client, begin(client, file), 0, JPEG)
    assert client.delete(f"/api/flights/{flight}").status_code == 204
    assert client.get(f"/api/flights/{flight}").status_code == 404
    assert client.get("/api/flights").json() == {"flights": []}
    assert list(app.state.services.settings.uploads.iterdir()) == []
    assert (card_path(app.state.services.settings, flight) / "a.jpg").read_bytes() == JPEG


def test_another_organisation_sees_nothing_of_it(app, client, outsider):
    flight = new_flight(client)
    file = upload(app, client, flight, "a.jpg", JPEG)
    assert outsider.get("/api/flights").json() == {"flights": []}
    for method, path, body in (
        ("GET", "", None), ("PATCH", "", {"name": "x"}), ("DELETE", "", None), ("GET", "/files", None),
        ("POST", "/files", {"files": []}), ("DELETE", f"/files/{file['id']}", None),
    ):  # fmt: skip
        answer = outsider.request(method, f"/api/flights/{flight}{path}", json=body)
        assert (answer.status_code, answer.json()["code"]) == (404, "not_found"), (method, path)
    mine = new_flight(outsider)
    assert outsider.delete(f"/api/flights/{mine}/files/{file['id']}").status_code == 404


def test_files_refused_do_not_hinder_the_rest(app, client):
    flight = new_flight(client)
    told = declare(client, flight, {"a.jpg": JPEG, "readme.txt": b"x", "b.jpg": b"", "../c.jpg": JPEG, "A.JPG": JPEG})
    assert [(f["state"], f["reason"]) for f in told] == [
        ("waiting", ""), ("refused", "kind_unknown"), ("refused", "file_empty"), ("refused", "name_bad"),
        ("refused", "name_case"),
    ]  # fmt: skip
    refused = create(client, told[1])
    assert (refused.status_code, refused.json()["code"]) == (409, "refused")
    assert client.delete(f"/api/flights/{flight}/files/{told[1]['id']}").status_code == 204
    assert set(files_of(client, flight)) == {"a.jpg", "b.jpg", "../c.jpg", "A.JPG"}


def test_every_reason_is_in_the_catalogue(client):
    reasons = {"name_bad", "name_reserved", "name_long", "name_hidden", "name_case", "folder_taken", "other_stored",
               "too_many_files", "kind_unknown", "file_empty", "file_too_large", "wrong_bytes", "wrong_kind",
               "too_many_pixels", "mission_bad", "mission_outside"}  # fmt: skip
    assert reasons <= set(PROBLEMS)


def test_a_file_that_changed_before_it_was_sent_is_declared_anew(app, client):
    flight = new_flight(client)
    [old] = declare(client, flight, {"a.jpg": JPEG})
    url = begin(client, old)
    patch(client, url, 0, JPEG[:100])
    newer = JPEG + b"newer"
    [new] = declare(client, flight, {"a.jpg": newer})
    assert (new["id"], new["state"], new["offset"]) == (old["id"], "waiting", 0)
    assert client.head(url, headers={"Tus-Resumable": "1.0.0"}).status_code == 404
    assert list(app.state.services.settings.uploads.iterdir()) == []
    assert upload(app, client, flight, "a.jpg", newer)["sha256"] == sha256(newer)


def test_a_stored_original_gives_way_to_nothing(app, client):
    flight = new_flight(client)
    file = upload(app, client, flight, "a.jpg", JPEG)
    [told] = declare(client, flight, {"a.jpg": JPEG + b"other"})
    assert (told["id"], told["state"], told["reason"]) == (None, "refused", "other_stored")
    assert files_of(client, flight)["a.jpg"] == file
    kept = client.delete(f"/api/flights/{flight}/files/{file['id']}")
    assert (kept.status_code, kept.json()["code"]) == (409, "stored")
    assert (card_path(app.state.services.settings, flight) / "a.jpg").read_bytes() == JPEG


def test_a_flight_has_not_more_files_than_it_may(client, monkeypatch):
    monkeypatch.setattr(declared, "MOST_FILES", 2)
    told = declare(client, new_flight(client), {f"{i}.jpg": JPEG + bytes([i]) for i in range(3)})
    assert [f["state"] for f in told] == ["waiting", "waiting", "refused"]
    assert told[2]["reason"] == "too_many_files"


def test_names_taken_apart_are_one_name(client):
    flight = new_flight(client)
    [first] = declare(client, flight, {"cafe\u0301.jpg": JPEG})
    [second] = declare(client, flight, {"café.jpg": JPEG})
    assert first == second


def test_a_whole_simulated_flight_arrives(app, client, tmp_path):
    """What the simulator writes is what cameras write: every file of it is taken, and lies on the card as it was."""
    small = FlightConfig(
        seed=3, width_px=160, height_px=120, photos_per_strip=2, strips=1, turned_strip=False, pixels=False
    )
    made = make_flight(tmp_path / "航次", small)
    files = {p.relative_to(made.flight).as_posix(): p.read_bytes() for p in made.flight.rglob("*") if p.is_file()}
    flight = new_flight(client)
    for file in declare(client, flight, files):
        send(client, begin(client, file), files[file["path"]])
    settle(app)
    assert {f["state"] for f in files_of(client, flight).values()} == {"stored"}
    card = card_path(app.state.services.settings, flight)
    assert {p.relative_to(card).as_posix(): p.read_bytes() for p in card.rglob("*") if p.is_file()} == files


@pytest.mark.parametrize("role", ["analyst", "judge"])
def test_who_may_only_look(client, sign_in_as, role):
    flight, person = new_flight(client), sign_in_as(role)
    assert person.get(f"/api/flights/{flight}/files").status_code == 200
    changes = (("POST", "/api/flights"), ("PATCH", f"/api/flights/{flight}"), ("POST", f"/api/flights/{flight}/files"))
    for method, path in changes:
        assert person.request(method, path, json={"name": "x"}).status_code == 403
    settle(person.app)
