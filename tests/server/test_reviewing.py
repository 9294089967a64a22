"""The officer's work: pins that are where they should be, verdicts, undo and redo, one at a time and never lost."""

from __future__ import annotations

import csv
import json
import shutil
import threading
import time
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from pipeline.flow.pin import pin
from pipeline.flow.places import Locator
from pipeline.geo.geodesy import to_enu
from pipeline.report.reviews import append_review, read_reviews, standing
from pipeline.server import reviewing
from pipeline.server.access import RIGHTS, Who
from pipeline.server.finished import Finished
from pipeline.server.hits import hits_of
from pipeline.server.lines import compact
from pipeline.server.prepared import prepare_run, read_index
from pipeline.server.problems import Problem
from pipeline.server.reviewing import Click, Desk, stacks
from pipeline.server.runs import run_folder
from pipeline.server.tables import Job, Organisation, User
from pipeline.types import GeoPoint, Ground

SCRIPT = "</script><img src=x onerror=alert('阴影')>&\" '"


@pytest.fixture
def base(finished_run):
    return f"/api/runs/{finished_run}"


@pytest.fixture(scope="module")
def folder(searched, tmp_path_factory) -> Path:
    """The run as a worker leaves it, for work without a browser."""
    made = tmp_path_factory.mktemp("runs") / "0123456789abcdef"
    shutil.copytree(searched.run, made / "run")
    shutil.copytree(searched.flight.flight, made / "card")
    prepare_run(made)
    return made


@pytest.fixture
def officers(app, folder, painters):
    """Three people at work on it; nobody has said anything yet."""
    database, config = app.state.services.database, app.state.services.settings
    shutil.rmtree(folder / "run.reviews", ignore_errors=True)
    run = Finished(folder.name, "航次", folder, folder / "card", config, None, read_index(folder))
    with database.write() as db:
        host = Organisation(name="大队", host=True)
        db.add(host)
        db.flush()
        people = [User(organisation_id=host.id, login=f"o{i}", name="同名", role="member") for i in range(3)]
        db.add_all(people)
        db.flush()
        everyone = [Who(p.id, host.id, p.login, p.name, p.role, False, RIGHTS["member"]) for p in people]
    return [Desk(run, who, database, painters) for who in everyone]


def post(client, url, status=200, **body):
    answer = client.post(url, json=body)
    assert answer.status_code == status, answer.text
    return answer.json()


def known_pixels(searched):
    """Pixels of known targets in photos, away from the edge: (row, photo's name)."""
    with searched.flight.pixels.open(encoding="utf-8") as file:
        rows = [r for r in csv.DictReader(file) if r["class"] != "ground" and r["visible"] == "1"]
    return [r for r in rows if r["photo"].endswith(".JPG")]


def off_m(at, row):
    lon, lat, alt = at
    east, north, _ = to_enu([[float(row["lat_deg"]), float(row["lon_deg"]), alt]], GeoPoint(lat, lon, alt))[0]
    return (east**2 + north**2) ** 0.5


def test_a_pin_on_a_known_target_lies_where_it_is(client, base, searched):
    numbers = {p["frame_id"]: p["k"] for p in client.get(f"{base}/photos").json()["photos"]}
    rows = known_pixels(searched)[::3]
    within = 0
    for row in rows:
        x, y = float(row["x_px"]), float(row["y_px"])
        click = {"photo": numbers[row["photo"]], "x_px": x, "y_px": y}
        hit = post(client, f"{base}/pins", 201, **click, **{"class": "outfall", "comment": SCRIPT})
        off = off_m(hit["geometry"]["coordinates"], row)
        within += off <= hit["properties"]["r90_m"]
        assert off <= 2 * hit["properties"]["r90_m"] < 20
        (evidence,) = hit["evidence"]
        assert evidence["point_px"] == [round(x, 2), round(y, 2)] and evidence["k"] == click["photo"]
        assert client.get(hit["properties"]["crop_url"]).status_code == 200
        assert client.get(hit["context_url"]).headers["content-type"] == "image/jpeg"
    assert len(rows) >= 6 and within >= 0.8 * len(rows)


def test_a_click_is_located_as_the_command_line_locates_it(client, base, searched):
    photo = client.get(f"{base}/photos/0").json()
    pixels = [(10.0, 20.0), (300.25, 200.5), (900.0, 700.0)]
    ground = Ground(dem=str(searched.flight.dem), dem_datum="egm96")
    told = Locator(ground).places("p", searched.flight.flight / photo["source"], pixels)
    for (x, y), place in zip(pixels, told, strict=True):
        found = post(client, f"{base}/locate", photo=0, x_px=x, y_px=y)
        assert found["at"][:2] == pytest.approx([place.lon_deg, place.lat_deg], abs=2e-9)
        assert found["at"][2] == pytest.approx(place.alt_m, abs=2e-3)
        assert place.r90_m <= found["r90_m"] <= place.r90_m + 0.5  # a click is less sharp than a pixel
        pinned = post(client, f"{base}/pins", 201, photo=0, x_px=x, y_px=y, **{"class": "smoke"})
        assert pinned["geometry"]["coordinates"] == found["at"]
        assert [pinned["properties"][key] for key in ("r90_m", "cov_m2", "ellipse")] == [
            found["r90_m"], found["cov_m2"], found["ellipse"],
        ]  # fmt: skip


def test_a_click_meets_the_run_s_own_terrain_when_its_layer_was_deleted(app, client, base, finished_run, searched):
    click = {"photo": 0, "x_px": 10.0, "y_px": 20.0}
    before = post(client, f"{base}/locate", **click)
    shutil.copyfile(searched.flight.dem, run_folder(app.state.services.settings, finished_run) / "dem.tif")
    with app.state.services.database.write() as db:
        db.get_one(Job, finished_run).options = {"dem_layer": "0" * 16, "dem_datum": "egm96"}
    assert post(client, f"{base}/locate", **click) == before


def test_a_pin_is_the_one_that_the_command_line_makes(app, client, base, finished_run, searched, tmp_path):
    frames = client.get(f"{base}/photos").json()["photos"]
    run = run_folder(app.state.services.settings, finished_run) / "run"
    other = shutil.copytree(searched.run, tmp_path / "run")
    film = next(p for p in frames if p["is_video"])
    for photo, x, y in ((frames[0], 300.5, 200.0), (film, 100.0, 90.0)):
        post(client, f"{base}/pins", 201, photo=photo["k"], x_px=x, y_px=y, **{"class": "outfall", "comment": "=1"})
        entry = pin(other, searched.flight.flight / photo["frame_id"], (x, y), "outfall", "李", "=1")
        mine = {k: v for k, v in read_reviews(run)[-1].items() if k not in ("who", "when", "user")}
        assert mine == {k: v for k, v in entry.items() if k not in ("who", "when")}
        for name in (f"{entry['hit']}.jpg", f"{entry['hit']}-context.jpg"):
            crops = [r.with_name("run.reviews") / "crops" / name for r in (run, other)]
            assert crops[0].read_bytes() == crops[1].read_bytes()


def test_no_video_is_hashed_for_a_pin(officers, folder, monkeypatch):
    (desk, *_) = officers
    film = next(k for k in range(len(desk.run.index["photos_at"])) if desk.run.photo(k)["is_video"])
    path = desk.run.original(desk.run.photo(film))
    digest = desk.run.photo(film)["sha256"]
    whole = path.read_bytes()
    try:
        path.write_bytes(whole + b"\0" * 8)  # another digest, the same film
        hit = desk.pin(Click(film, 100, 90), "outfall", "")
    finally:
        path.write_bytes(whole)
    assert hits_of(desk.run).evidence(desk.run, hit)[0]["sha256"] == digest


def test_clicks_that_make_no_sense(client, base):
    for body, code in (
        ({"x_px": 5000, "y_px": 1}, "MissionError"), ({"x_px": -1, "y_px": 1}, "MissionError"),
        ({"x_px": "NaN", "y_px": 1}, "invalid"), ({"x_px": 1e300, "y_px": 1}, "invalid"), ({"x_px": 1}, "invalid"),
    ):  # fmt: skip
        for url, more in ((f"{base}/locate", {}), (f"{base}/pins", {"class": "outfall"})):
            told = post(client, url, 422, photo=0, **body, **more)
            assert told["code"] == code, told
    for k, status in ((9999, 404), (-1, 422), ("x", 422), (10**30, 422)):
        assert client.post(f"{base}/locate", json={"photo": k, "x_px": 1, "y_px": 1}).status_code == status
    for label in ("Outfall", "a//b", "", "a\n", "x" * 200, "../x", None):
        post(client, f"{base}/pins", 422, photo=0, x_px=1, y_px=1, **{"class": label})
    assert client.get(f"{base}/reviews").json() == {"entries": []}


def test_verdicts_that_make_no_sense(client, base):
    hit = client.get(f"{base}/hits").json()["features"][0]["id"]
    url = f"{base}/hits/{hit}/reviews"
    for body in (
        {}, {"verdict": "added"}, {"verdict": "undone", "value": {"entry": 1}}, {"verdict": "confirmed", "value": 1},
        {"verdict": "commented"}, {"verdict": "commented", "note": "  "}, {"verdict": "reclassed", "value": "A"},
        {"verdict": "moved", "value": {"coordinates": [181, 0]}}, {"verdict": "moved", "value": {"coordinates": [1]}},
        {"verdict": "moved"}, {"verdict": "moved", "value": {"coordinates": [1, 2], "r90_m": 0}},
        {"verdict": "rejected", "note": "x" * 6000}, {"verdict": "rejected", "note": "a\0b"},
    ):  # fmt: skip
        assert post(client, url, 422, **body)["code"] == "invalid"
    assert client.get(f"{base}/reviews").json() == {"entries": []}


def test_a_script_in_a_comment_comes_back_as_text(client, base, app):
    hit = client.get(f"{base}/hits").json()["features"][0]["id"]
    post(client, f"{base}/hits/{hit}/reviews", verdict="commented", note=SCRIPT)
    for url in (f"{base}/hits/{hit}", f"{base}/reviews", f"{base}/hits"):
        answer = client.get(url)
        assert answer.headers["content-type"] == "application/json"
        assert answer.headers["x-content-type-options"] == "nosniff"
    assert client.get(f"{base}/hits/{hit}").json()["history"][0]["note"] == SCRIPT
    (event,) = [e for e in client.get("/api/audit").json()["events"] if e["action"] == "hit_commented"]
    assert event["subject"].endswith(f"/hits/{hit}") and event["detail"]["note"] == SCRIPT


def test_undo_restores_the_very_bytes_and_the_history_tells_all(client, base):
    hit = client.get(f"{base}/hits").json()["features"][2]["id"]

    def shown():
        features = client.get(f"{base}/hits").json()["features"]
        return [json.dumps(f) for f in features if f["id"] == hit]

    said = [
        {"verdict": "confirmed"}, {"verdict": "moved", "value": {"photo": 0, "x_px": 300, "y_px": 200}},
        {"verdict": "reclassed", "value": "smoke"}, {"verdict": "commented", "note": "好"}, {"verdict": "rejected"},
    ]  # fmt: skip
    states = [shown()]
    for body in said:
        post(client, f"{base}/hits/{hit}/reviews", **body)
        states.append(shown())
    assert len({json.dumps(s) for s in states}) == len(states)
    for n, before in zip(range(len(said), 0, -1), reversed(states[:-1]), strict=True):
        told = post(client, f"{base}/undo")
        assert (told["undone"]["n"], told["undone"]["hit"], told["hit"]["id"]) == (n, hit, hit)
        assert shown() == before
    assert post(client, f"{base}/undo", 409)["code"] == "nothing_to_undo"
    for after in states[1:]:
        assert post(client, f"{base}/redo")["redone"]["hit"] == hit
        assert shown() == after
    assert post(client, f"{base}/redo", 409)["code"] == "nothing_to_redo"
    history = client.get(f"{base}/hits/{hit}").json()["history"]
    assert [e["verdict"] for e in history] == [b["verdict"] for b in said] + ["undone"] * 5 + ["redone"] * 5
    assert [e["n"] for e in history] == list(range(1, 16)) and not any(e["undone"] for e in history)
    actions = [e["action"] for e in client.get("/api/audit?limit=100").json()["events"]]
    assert actions.count("hit_undone") == actions.count("hit_redone") == 5


def test_an_undone_pin_is_gone_and_comes_back_with_its_number(client, base):
    click = {"photo": 0, "x_px": 300, "y_px": 200, "class": "outfall"}
    first = post(client, f"{base}/pins", 201, **click)
    assert post(client, f"{base}/pins", 409, **click)["code"] == "pinned_already"
    second = post(client, f"{base}/pins", 201, **{**click, "x_px": 500})
    assert second["properties"]["n"] == first["properties"]["n"] + 1
    for pinned in (second, first):
        told = post(client, f"{base}/undo")
        assert told["hit"] is None and told["undone"]["hit"] == pinned["id"]
        assert client.get(f"{base}/hits/{pinned['id']}").status_code == 404
        assert client.get(pinned["properties"]["crop_url"]).status_code == 404
    assert post(client, f"{base}/redo")["hit"]["properties"]["n"] == first["properties"]["n"]
    boxes = client.get(f"{base}/photos/0").json()["boxes"]
    assert [b["verdict"] for b in boxes if b["hit"] == first["id"]] == ["added"]


def test_only_ones_own_words_are_taken_back(client, base, sign_in_as):
    hit = client.get(f"{base}/hits").json()["features"][0]["id"]
    other, judge = sign_in_as("member"), sign_in_as("judge")
    post(client, f"{base}/hits/{hit}/reviews", verdict="confirmed")
    post(other, f"{base}/hits/{hit}/reviews", verdict="rejected")
    assert post(client, f"{base}/undo")["undone"]["verdict"] == "confirmed"
    assert client.get(f"{base}/hits/{hit}").json()["properties"]["verdict"] == "rejected"
    assert post(client, f"{base}/undo", 409)["code"] == "nothing_to_undo"
    for url, body in (
        (f"{base}/hits/{hit}/reviews", {"verdict": "confirmed"}),
        (f"{base}/undo", {}),
        (f"{base}/redo", {}),
    ):
        assert judge.post(url, json=body).status_code == 403
    assert judge.get(f"{base}/hits/{hit}").status_code == 200
    assert all("user" not in e for e in client.get(f"{base}/reviews").json()["entries"])


class Model:
    """What three people say, plainly: a list of words, and a stack of undone ones a person."""

    def __init__(self):
        self.words = []  # [who, hit, verdict, value, stands]
        self.back = {}

    def say(self, who, hit, verdict, value):
        self.words.append([who, hit, verdict, value, True])
        self.back[who] = []

    def undo(self, who):
        mine = [w for w in self.words if w[0] == who and w[4]]
        if not mine:
            return False
        mine[-1][4] = False
        self.back.setdefault(who, []).append(mine[-1])
        return True

    def redo(self, who):
        if not self.back.get(who):
            return False
        self.back[who].pop()[4] = True
        return True

    def state(self, hit, label):
        verdict = "open"
        for _, _, said, value, stands in (w for w in self.words if w[1] == hit):
            if not stands:
                continue
            verdict = said if said in ("confirmed", "rejected") else "open" if verdict == "rejected" else verdict
            label = value if said == "reclassed" else label
        return verdict, label


PERSON = st.integers(0, 2)
SAID = st.sampled_from(["confirmed", "rejected", "reclassed"])
DEED = st.one_of(
    st.tuples(st.just("say"), PERSON, st.integers(0, 1), SAID, st.sampled_from(["smoke", "dust/pile"])),
    st.tuples(st.sampled_from(["undo", "undo", "redo"]), PERSON),
)


@settings(max_examples=300)
@given(st.lists(DEED, max_size=25))
@example([("say", 0, 0, "confirmed", ""), ("undo", 0), ("say", 0, 0, "rejected", ""), ("redo", 0)])
def test_what_can_be_taken_back_is_what_a_plain_model_says(deeds):
    entries, model = [], Model()
    for what, person, *more in deeds:
        if what == "say":
            entries.append({"hit": str(more[0]), "verdict": more[1], "value": more[2], "user": str(person)})
            model.say(person, *more)
            continue
        found = stacks(entries, str(person))[what == "redo"]
        assert bool(found) == getattr(model, what)(person)
        if found:
            verdict = {"undo": "undone", "redo": "redone"}[what]
            entries.append({"verdict": verdict, "value": {"entry": found[-1]}, "user": str(person)})
    kept = [(int(e["user"]), int(e["hit"]), e["verdict"], e["value"]) for e in standing(entries)]
    assert kept == [tuple(w[:4]) for w in model.words if w[4]]


@settings(max_examples=12, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(DEED, max_size=14))
def test_any_sequence_ends_where_a_plain_model_ends(officers, folder, deeds):
    shutil.rmtree(folder / "run.reviews", ignore_errors=True)
    run, model = officers[0].run, Model()
    labels = {i: f["properties"]["class"] for i, f in hits_of(run).features.items()}
    hits = sorted(labels)[:2]
    for what, person, *more in deeds:
        desk = officers[person]
        if what == "say":
            hit, verdict, label = hits[more[0]], more[1], more[2]
            value = label if verdict == "reclassed" else None
            desk.review(hit, verdict, value, "")
            model.say(person, hit, verdict, value)
            continue
        done = getattr(model, what)(person)
        try:
            getattr(desk, what)()
            assert done
        except Problem as why:
            assert not done and why.status == 409
    found = hits_of(run).features
    for hit in hits:
        props = found[hit]["properties"]
        assert (props["verdict"], props["class"]) == model.state(hit, labels[hit])
    kept = [w for w in model.words if w[4]]
    assert [(e["hit"], e["verdict"]) for e in standing(read_reviews(run.run))] == [(w[1], w[2]) for w in kept]


def test_many_at_once_lose_nothing(officers, folder, monkeypatch):
    hits, failed = sorted(hits_of(officers[0].run).features), []
    together = threading.Barrier(9)

    def slowly(run, entry):
        time.sleep(0.01)  # between looking and writing
        append_review(run, entry)

    monkeypatch.setattr(reviewing, "append_review", slowly)

    def work(i):
        try:
            for n in range(8):
                officers[i % 3].review(hits[(i + n) % len(hits)], "commented", None, f"{i}-{n}")
                if n % 4 == 3:
                    together.wait(60)
                    officers[i % 3].undo()
        except Exception as why:
            failed.append(why)

    threads = [threading.Thread(target=work, args=(i,)) for i in range(9)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failed
    entries = read_reviews(officers[0].run.run)
    notes = [e["note"] for e in entries if e["verdict"] == "commented"]
    assert sorted(notes) == sorted(f"{i}-{n}" for i in range(9) for n in range(8))
    assert len(entries) == 72 + 18 and len(standing(entries)) == 72 - 18
    named = [e["value"]["entry"] for e in entries if e["verdict"] == "undone"]
    assert len(set(named)) == 18


def test_what_was_carried_from_another_run_is_not_undone():
    entry = {"verdict": "confirmed", "user": "u", "hit": "h"}
    assert stacks([entry | {"carried_from": "g"}, entry], "u") == ([2], [])
    assert stacks([entry | {"carried_from": "g"}], "u") == ([], [])


def test_entries_of_the_command_line_count_too(officers, folder):
    """Written while the server runs: nobody's to undo, and seen at once."""
    desk, run = officers[0], officers[0].run
    hit = sorted(hits_of(run).features)[0]
    desk.review(hit, "confirmed", None, "")
    entry = read_reviews(run.run)[-1]
    append_review(run.run, {**{k: v for k, v in entry.items() if k != "user"}, "verdict": "rejected", "who": "CLI"})
    assert hits_of(run).features[hit]["properties"]["verdict"] == "rejected"
    assert desk.undo() == 1
    assert hits_of(run).features[hit]["properties"]["verdict"] == "rejected"
    assert compact(hits_of(run).history(hit)).count(b'"undone":true') == 1
