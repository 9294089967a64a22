"""What is handed over by the server: the files of `report`, to those who may have them, and nothing left behind."""

from __future__ import annotations

import io
import json
import os
import time
import zipfile

import geopandas
import pytest
from sqlalchemy import select

from pipeline.report.review_entries import review_entry
from pipeline.report.reviews import append_review
from pipeline.server import exporting
from pipeline.server.access import RIGHTS
from pipeline.server.runs import run_folder
from pipeline.server.tables import Event, Flight
from tests.report.pdf_text import pages_of

KINDS = ("hits.gpkg", "hits.kml", "hits.xlsx", "hits.csv", "hits.geojson", "sheets.pdf", "reviews.zip")


@pytest.fixture
def base(finished_run):
    return f"/api/runs/{finished_run}/export"


@pytest.fixture
def run(app, finished_run):
    return run_folder(app.state.services.settings, finished_run) / "run"


@pytest.fixture
def features(run):
    return json.loads((run / "hits.geojson").read_bytes())["features"]


def left_behind(app):
    return list(app.state.services.settings.cache.glob("export-*"))


def test_the_geopackage_has_what_was_confirmed_rejected_and_added(client, base, finished_run, features, tmp_path):
    runs = f"/api/runs/{finished_run}"
    for feature, verdict in zip(features, ("confirmed", "rejected"), strict=False):
        assert client.post(f"{runs}/hits/{feature['id']}/reviews", json={"verdict": verdict}).status_code < 300
    pinned = client.post(f"{runs}/pins", json={"photo": 0, "x_px": 500, "y_px": 400, "class": "smoke/straw"})
    assert pinned.status_code == 201, pinned.text
    answer = client.get(f"{base}/hits.gpkg")
    assert answer.headers["content-type"] == "application/geopackage+sqlite3"
    path = tmp_path / "给.gpkg"
    path.write_bytes(answer.content)
    table = geopandas.read_file(path, layer="hits").set_index("id")
    assert table.loc[features[0]["id"], "verdict"] == "confirmed"
    assert table.loc[features[1]["id"], "verdict"] == "rejected"
    assert table.loc[pinned.json()["id"], "verdict"] == "added"
    assert table.loc[pinned.json()["id"], "geometry"].distance(table.geometry.iloc[0]) < 0.01
    assert set(table["verdict"]) == {"confirmed", "rejected", "added", "open"}


def test_every_kind_comes_under_its_name_and_leaves_nothing_behind(app, client, base, features):
    first = {
        "hits.gpkg": b"SQLite", "hits.kml": b"<?xml", "hits.xlsx": b"PK", "hits.csv": b"\xef\xbb\xbfid",
        "hits.geojson": b"{", "sheets.pdf": b"%PDF", "reviews.zip": b"PK",
    }  # fmt: skip
    for what in KINDS:
        answer = client.get(f"{base}/{what}")
        assert answer.status_code == 200, answer.text
        assert answer.content.startswith(first[what])
        told = answer.headers["content-disposition"]
        assert told.startswith(f"attachment; filename=\"{what}\"; filename*=UTF-8''") and told.isascii()
        assert "%3Cb%3E" not in told and told.endswith(f"-{what}")  # the flight is called 太湖 <b>1</b> 号
        assert answer.headers["x-content-type-options"] == "nosniff" and answer.headers["cache-control"] == "no-store"
    assert left_behind(app) == []
    with app.state.services.database.read() as db:
        events = db.scalars(select(Event).where(Event.action == "exported").order_by(Event.id)).all()
    assert [e.detail["what"] for e in events] == list(KINDS)


def test_what_officers_said_is_in_every_list(client, base, run, features):
    append_review(run, review_entry(features[0], "rejected", "=王", note="=1+1"))
    ids = {f["id"] for f in features}
    told = {f["id"] for f in client.get(f"{base}/hits.geojson").json()["features"]}
    assert told == ids - {features[0]["id"]}
    told = {f["id"] for f in client.get(f"{base}/hits.geojson?rejected=1").json()["features"]}
    assert told == ids
    lines = client.get(f"{base}/hits.csv?rejected=1").content.decode("utf-8-sig").splitlines()
    assert any("'=王" in line for line in lines) and not any(",=王" in line for line in lines)
    archive = zipfile.ZipFile(io.BytesIO(client.get(f"{base}/reviews.zip").content))
    (item,) = json.loads(archive.read("items.json"))["items"]
    assert (item["hit"], item["label"]) == (features[0]["id"], "nothing")


def test_sheets_of_some_in_a_language_and_a_zone(client, base, features):
    pages = pages_of(client.get(f"{base}/sheets.pdf").content)
    assert len(pages) == 1 + len(features) and "UTC+08:00" in pages[1]
    asked = {"hit": [features[0]["id"], features[2]["id"]], "lang": "en", "tz": "Europe/Paris"}
    one, other = pages_of(client.get(f"{base}/sheets.pdf", params=asked).content)
    assert features[0]["id"] in one and features[2]["id"] in other and "UTC+01:00" in one


def test_what_cannot_be_made_is_one_sentence(app, client, base, run):
    answer = client.get(f"{base}/sheets.pdf?tz=Mars")
    assert (answer.status_code, answer.json()["code"]) == (422, "MissionError")
    answer = client.get(f"{base}/sheets.pdf?hit=../../x")
    assert answer.status_code == 422 and "there is no hit" in answer.json()["message"]
    assert client.get(f"{base}/sheets.pdf?lang=fr").status_code == 422
    assert client.get(f"{base}/hits.shp").status_code == 422
    assert client.get(f"{base}/targets.csv").status_code == 404
    (run / "hits.geojson").write_bytes(b"{}")
    answer = client.get(f"{base}/hits.csv")
    assert answer.status_code == 422 and "is not a run's list of hits" in answer.json()["message"]
    assert str(run.parent.parent.parent) not in answer.text
    assert left_behind(app) == []


def test_another_organisation_finds_nothing(outsider, base):
    for what in KINDS:
        assert outsider.get(f"{base}/{what}").status_code == 404


@pytest.mark.parametrize("role", RIGHTS)
def test_who_may_take_it_away(role, sign_in_as, base):
    answer = sign_in_as(role).get(f"{base}/hits.csv")
    assert answer.status_code == (200 if "export" in RIGHTS[role] else 403)


def test_a_name_that_breaks_headers_and_paths_is_tamed(app, client, base):
    with app.state.services.database.write() as db:
        flight = db.scalars(select(Flight)).one()
        flight.name = 'a"b\r\nX-Evil: 1/..\\..\\c<d>|\u202e' + "长" * 200
    answer = client.get(f"{base}/hits.csv")
    assert "x-evil" not in answer.headers
    name = answer.headers["content-disposition"].partition("UTF-8''")[2]
    assert name.startswith("a_b_X-Evil_%20") and len(name) < 800 and "%E9%95%BF" in name


def test_what_a_killed_server_left_is_swept_away(app, client, base):
    cache = app.state.services.settings.cache
    old, new = cache / "export-old", cache / "export-new"
    for folder in (old, new):
        folder.mkdir()
        (folder / "hits.csv").write_bytes(b"x")
    long_ago = time.time() - 2 * exporting.STALE_S
    os.utime(old, (long_ago, long_ago))
    assert client.get(f"{base}/hits.csv").status_code == 200
    assert left_behind(app) == [new]


def test_too_many_at_once_are_told_to_wait(client, base, monkeypatch):
    monkeypatch.setattr(exporting, "PATIENCE_S", 0.01)
    held = [exporting._free.acquire() for _ in range(exporting.AT_ONCE)]
    try:
        answer = client.get(f"{base}/hits.csv")
    finally:
        for _ in held:
            exporting._free.release()
    assert (answer.status_code, answer.json()["code"]) == (503, "busy")


def test_a_process_that_dies_is_one_sentence(app, client, base, monkeypatch):
    monkeypatch.setattr(exporting, "LONGEST_S", 0.0)
    answer = client.get(f"{base}/sheets.pdf")
    assert (answer.status_code, answer.json()["message"]) == (507, "the file could not be made")
    assert left_behind(app) == []
