"""Hits of a finished run: the search's own, as officers left them, in the words of people."""

from __future__ import annotations

import json
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.geo.coordinates import cgcs2000_inverse, gcj02_to_wgs84
from pipeline.report.reviewed import reviewed_hits
from pipeline.report.reviews import read_reviews
from pipeline.report.rounding import rounded, rounded_text
from pipeline.server.hit_pages import places
from pipeline.server.runs import run_folder

HOSTILE = ("nothing", "h0", "%2e%2e%2fhits", "..%5c..", "crops%2Fx", "<script>", "é" * 300, "\u202e", "%00")


@pytest.fixture
def base(finished_run):
    return f"/api/runs/{finished_run}"


@pytest.fixture
def made(searched):
    """The search's own hits, by id."""
    features = json.loads((searched.run / "hits.geojson").read_bytes())["features"]
    return {f["id"]: f for f in features}


def listed(client, base):
    return {f["id"]: f for f in client.get(f"{base}/hits").json()["features"]}


def say(client, base, hit, verdict, value=None, note=""):
    answer = client.post(f"{base}/hits/{hit}/reviews", json={"verdict": verdict, "value": value, "note": note})
    assert answer.status_code == 200, answer.text
    return answer.json()


def test_the_list_is_that_of_the_run_without_evidence(client, base, made):
    found = client.get(f"{base}/hits").json()["features"]
    assert [f["id"] for f in found] == sorted(made) and [f["properties"]["n"] for f in found] == [
        *range(1, 1 + len(made))
    ]
    for feature in found:
        props, truth = feature["properties"], made[feature["id"]]
        assert feature["geometry"] == truth["geometry"]
        assert {k: props[k] for k in truth["properties"] if k != "evidence"} == {
            k: v for k, v in truth["properties"].items() if k != "evidence"
        }
        assert props["verdict"] == "open" and props["comments"] == 0 and "evidence" not in props
        a, b, azimuth_deg = props["ellipse"]
        assert a >= b > 0 and 0 <= azimuth_deg < 180 and b <= props["r90_m"] <= a + 0.01


def test_evidence_names_photos_and_originals(client, base, made):
    photos = client.get(f"{base}/photos").json()["photos"]
    for hit, truth in made.items():
        page = client.get(f"{base}/hits/{hit}").json()
        assert [e["sha256"] for e in page["evidence"]] == [e["sha256"] for e in truth["properties"]["evidence"]]
        for evidence, known in zip(page["evidence"], truth["properties"]["evidence"], strict=True):
            assert photos[evidence["k"]]["frame_id"] == evidence["frame_id"] == known["frame_id"]
            assert evidence["box_px"] == known["box_px"] and ("crop_url" in evidence) == bool(known["crop"])
        assert page["history"] == [] and page["seen_moving"] == {}


def test_crops_are_those_of_the_run(client, base, made, searched):
    for hit in made:
        page = client.get(f"{base}/hits/{hit}").json()
        for url, name in ((page["properties"]["crop_url"], f"{hit}.jpg"), (page["context_url"], f"{hit}-context.jpg")):
            answer = client.get(url)
            assert answer.content == (searched.run / "crops" / name).read_bytes()
            assert answer.headers["content-type"] == "image/jpeg"


def test_rejected_hits_stay_in_the_list_and_every_state_is_that_of_the_reviews(app, client, base, made, finished_run):
    first, second, third, *_ = sorted(made)
    say(client, base, first, "rejected", note="阴影 <img src=x onerror=alert(1)>")
    say(client, base, second, "confirmed")
    say(client, base, second, "reclassed", "outfall/discharging")
    say(client, base, second, "moved", {"coordinates": [113.5301, 34.9151]})
    say(client, base, third, "rejected")
    say(client, base, third, "moved", {"photo": 0, "x_px": 300, "y_px": 200})
    k = next(p["k"] for p in client.get(f"{base}/photos").json()["photos"] if p["k"] and not p["is_video"])
    pinned = client.post(f"{base}/pins", json={"photo": k, "x_px": 500.5, "y_px": 300, "class": "smoke"}).json()["id"]
    say(client, base, pinned, "commented", note="烟")
    found = listed(client, base)
    run = run_folder(app.state.services.settings, finished_run) / "run"
    oracle = reviewed_hits({"features": list(made.values())}, read_reviews(run))["features"]
    assert {f["properties"]["id"] for f in oracle} == set(found)
    for truth in oracle:
        props, told = truth["properties"], found[truth["properties"]["id"]]
        assert told["geometry"] == truth["geometry"]
        for key in (
            "class",
            "origin",
            "r90_m",
            "cov_m2",
            "verdict",
            "moved",
            "reclassed",
            "reviewed_by",
            "reviewed_at",
        ):
            assert told["properties"][key] == props[key], key
        assert told["properties"]["comments"] == len(props["comments"])
    assert [found[h]["properties"]["verdict"] for h in (first, second, third, pinned)] == [
        "rejected", "confirmed", "open", "added",
    ]  # fmt: skip
    assert found[second]["geometry"]["coordinates"][:2] == [113.5301, 34.9151]
    assert found[pinned]["properties"]["n"] == len(made) + 1 and found[pinned]["properties"]["k"] == k


def test_the_list_has_another_tag_after_each_review(client, base, made):
    tags = []
    for verdict in ("confirmed", "rejected", "confirmed"):
        say(client, base, sorted(made)[0], verdict)
        tags.append(client.get(f"{base}/hits").headers["etag"])
    assert len(set(tags)) == 3
    assert client.get(f"{base}/hits", headers={"If-None-Match": tags[-1]}).status_code == 304


def test_gcj02_is_given_on_request_only_and_marked(client, base, made):
    hit = sorted(made)[0]
    plain, asked = (client.get(f"{base}/hits/{hit}{q}").json()["places"] for q in ("", "?gcj02=1"))
    assert "gcj02" not in plain and asked["gcj02"]["display_only"] is True
    lon, lat, _ = made[hit]["geometry"]["coordinates"]
    back = gcj02_to_wgs84(asked["gcj02"]["lat"], asked["gcj02"]["lon"])[0]
    assert abs(back - [lat, lon]).max() < 2e-6 and abs(asked["gcj02"]["lat"] - lat) > 1e-4
    assert plain["cgcs2000"]["zone"] == 38 and plain["cgcs2000"]["meridian_deg"] == 114
    assert "34°54′" in plain["wgs84"]["dms"]


@given(st.floats(4, 53), st.floats(74, 135))
def test_cgcs2000_leads_back_to_the_place(lat, lon):
    grid = places(lat, lon, None)["cgcs2000"]
    assert abs(cgcs2000_inverse([[grid["x_north_m"], grid["y_east_m"]]])[0] - [lat, lon]).max() < 2e-8


def test_places_outside_china_have_no_zone():
    assert places(51.5, -0.1, None)["cgcs2000"] is None


def test_hits_that_are_not_there(client, base):
    for hit in HOSTILE:
        for rest in ("", "/crop.jpg", "/context.jpg"):
            assert client.get(f"{base}/hits/{hit}{rest}").status_code == 404, hit
        assert client.post(f"{base}/hits/{hit}/reviews", json={"verdict": "confirmed"}).status_code == 404, hit
    assert client.get(f"{base}/reviews").json() == {"entries": []}


@given(st.floats(-1e9, 1e9), st.integers(0, 6))
def test_rounding_is_half_away_from_zero_on_the_number_as_written(value, digits):
    found, exact = Decimal(rounded_text(value, digits)), Decimal(repr(value))
    assert abs(found - exact) <= Decimal(5).scaleb(-digits - 1)
    if abs(found - exact) == Decimal(5).scaleb(-digits - 1):
        assert abs(found) > abs(exact)
    assert rounded(value, digits) == float(found) and rounded(-value, digits) == -rounded(value, digits)


@pytest.mark.parametrize(
    ("value", "digits", "text"),
    [(0.125, 2, "0.13"), (-0.125, 2, "-0.13"), (2.675, 2, "2.68"), (1.005, 2, "1.01"), (2.5, 0, "3"),
     (-0.004, 2, "0.00"), (1e-7, 2, "0.00"), (99.995, 2, "100.00")],
)  # fmt: skip
def test_rounding_of_what_people_check_by_hand(value, digits, text):
    assert rounded_text(value, digits) == text and rounded(value, digits) == float(text)
