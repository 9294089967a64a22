"""Verdicts as a data set: what becomes a source and what nothing, who said it, and what is never learned from."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

from pipeline import imagery
from pipeline.cli.app import app
from pipeline.errors import MissionError, OutputError
from pipeline.learn.dataset import ready
from pipeline.learn.evaluate import asked_of
from pipeline.learn.labels import box_px, read_boxes
from pipeline.learn.places import GUARD_M, HELD_OUT, METRES_A_DEGREE, NEAR, TRAIN, WATCH, cell_of, lot_of, set_of
from pipeline.learn.review_tiles import shares_in, shown, tiles_around
from pipeline.learn.reviews import build_reviews
from pipeline.learn.tiles import CLASSES
from pipeline.learn.verdicts import SOURCE, UNKNOWN, Look, read_all
from pipeline.report.training import write_reviews_zip
from tests.learn.reviewed_world import BOX, crop_of, hit, photo, place_in, run_of, say, seen

HERE = place_in(TRAIN)


def lists(out: Path) -> dict[str, Any]:
    told: dict[str, Any] = json.loads((out / "lists.json").read_bytes())
    return told


def taught(out: Path) -> dict[tuple[str, str], set[tuple[str, ...]]]:
    """(set, hit) -> the boxes of its tiles, by class."""
    found: dict[tuple[str, str], set[tuple[str, ...]]] = {}
    for e in lists(out)["pictures"]:
        found.setdefault((e["set"], e["hit"]), set()).add(tuple(e["boxes"]))
    return found


@pytest.fixture
def flight(tmp_path: Path) -> Path:
    return tmp_path / "航次 flight"


def one(tmp_path: Path, flight: Path, *names: str, label: str = "outfall") -> tuple[Path, list[dict[str, Any]]]:
    """A run with a hit in a photo of its own each."""
    hits = [hit(n, label, HERE, [seen(f"{n}.JPG", photo(flight / f"{n}.JPG", i))]) for i, n in enumerate(names)]
    return run_of(tmp_path / "reviews" / "甲", hits, flight=flight), hits


def test_a_word_makes_of_a_box_a_source_nothing_or_unknown(tmp_path: Path, flight: Path) -> None:
    run, hits = one(tmp_path, flight, "h1", "h2", "h3", "h4", "h5", "h6")
    say(run, hits[0], "confirmed")
    say(run, hits[1], "rejected")
    say(run, hits[2], "reclassed", "smoke/straw")
    say(run, hits[3], "reclassed", "burn-scar")
    say(run, hits[4], "moved", {"coordinates": [*HERE, 10.0]})
    build_reviews([tmp_path / "reviews"], tmp_path / "out")
    assert taught(tmp_path / "out") == {
        (TRAIN, "h1"): {("outfall",)}, (TRAIN, "h2"): {()}, (TRAIN, "h3"): {("smoke",)}, (TRAIN, "h4"): {()},
    }  # fmt: skip


def test_a_box_that_is_drawn_anew_takes_the_place_of_the_model_s(tmp_path: Path, flight: Path) -> None:
    run, hits = one(tmp_path, flight, "h1")
    say(run, hits[0], "moved", {"coordinates": [*HERE, 10.0], "box_px": [600, 500, 700, 560]})
    build_reviews([run], tmp_path / "out")
    entry = lists(tmp_path / "out")["pictures"][0]
    assert entry["box_px"] == [600, 500, 700, 560] and entry["boxes"] == ["outfall"]


def test_a_pin_is_a_source_once_its_box_is_drawn(tmp_path: Path, flight: Path) -> None:
    run, hits = one(tmp_path, flight, "h1")
    say(run, hits[0], "rejected")
    sha = photo(flight / "p.JPG", 9)
    for name, box in (("p1", [476.0, 376.0, 524.0, 424.0]), ("p2", [690.0, 700.0, 760.0, 730.0])):
        pin = hit(name, "outfall", HERE, [seen("p.JPG", sha, box)])
        pin["properties"]["origin"] = pin["properties"]["evidence"][0]["detector"] = "officer"
        say(run, pin, "added", pin)
    build_reviews([run], tmp_path / "out")
    assert {k: v for k, v in taught(tmp_path / "out").items() if k[1] != "h1"} == {(TRAIN, "p2"): {("outfall",)}}


def test_the_label_lies_on_the_box_and_the_pixels_are_the_photo_s(tmp_path: Path, flight: Path) -> None:
    run, hits = one(tmp_path, flight, "h1")
    say(run, hits[0], "confirmed")
    build_reviews([run], tmp_path / "out")
    told = lists(tmp_path / "out")
    assert len(told["pictures"]) == 2
    original = imagery.decode((flight / "h1.JPG").read_bytes(), "")
    for entry in told["pictures"]:
        picture = tmp_path / "out" / entry["picture"]
        image = imagery.decode(picture.read_bytes(), "")
        x0, y0, x1, _ = entry["part_px"]
        (share,) = read_boxes(tmp_path / "out" / "labels" / TRAIN / f"{picture.stem}.txt")
        back = [(v + 0.5) * (x1 - x0) / 320 - 0.5 + (x0, y0)[i % 2] for i, v in enumerate(box_px(share, 320, 320))]
        assert back == pytest.approx(BOX, abs=0.01) and image.shape == (320, 320, 3)
        if x1 - x0 == 320:
            assert abs(image.astype(int) - original[y0 : y0 + 320, x0:x1].astype(int)).mean() < 3
    assert {e["part_px"][2] - e["part_px"][0] for e in told["pictures"]} == {320, 640}


def test_what_nobody_judged_is_neither_taught_as_a_source_nor_as_nothing(tmp_path: Path, flight: Path) -> None:
    sha = photo(flight / "a.JPG", 1)
    near, far = [560.0, 400.0, 600.0, 430.0], [1100.0, 800.0, 1140.0, 840.0]
    for n, (box, left) in enumerate(((near, True), (far, False))):
        judged, open_hit = (hit(i, "outfall", HERE, [seen("a.JPG", sha, b)]) for i, b in (("h1", BOX), ("h2", box)))
        run = run_of(tmp_path / f"run{n}", [judged, open_hit], flight=flight)
        say(run, judged, "rejected")
        if left:
            with pytest.raises(MissionError, match="something unknown around them"):
                build_reviews([run], tmp_path / f"out{n}")
        else:
            build_reviews([run], tmp_path / f"out{n}")
            assert taught(tmp_path / f"out{n}") == {(TRAIN, "h1"): {()}}


def test_a_source_beside_a_false_alarm_keeps_its_box(tmp_path: Path, flight: Path) -> None:
    sha = photo(flight / "a.JPG", 1)
    wrong = hit("h1", "smoke", HERE, [seen("a.JPG", sha, [505.0, 405.0, 545.0, 435.0])])
    right = hit("h2", "outfall", HERE, [seen("a.JPG", sha, BOX)])
    run = run_of(tmp_path / "run", [wrong, right], flight=flight)
    say(run, wrong, "rejected")
    say(run, right, "confirmed")
    build_reviews([run], tmp_path / "out")
    assert taught(tmp_path / "out") == {(TRAIN, "h1"): {("outfall",)}, (TRAIN, "h2"): {("outfall",)}}


def test_a_source_that_was_not_seen_in_this_photo_is_not_taught_as_nothing(tmp_path: Path, flight: Path) -> None:
    sha = photo(flight / "a.JPG", 1)
    other = photo(flight / "b.JPG", 2)
    wrong = hit("h1", "outfall", HERE, [seen("a.JPG", sha)])
    there = hit("h2", "outfall", (HERE[0], HERE[1] + 5 / METRES_A_DEGREE), [seen("b.JPG", other)])
    pose = {"lat_deg": HERE[1], "lon_deg": HERE[0], "alt_m": 60.0}
    for feature in (wrong, there):
        feature["properties"]["evidence"][0]["pose"] = pose
    run = run_of(tmp_path / "run", [wrong, there], flight=flight)
    camera = {"width_px": 1200, "height_px": 900, "fx_px": 1000.0}
    frames = [{"id": i, "camera": camera, "pts": None} for i in ("a.JPG", "b.JPG")]
    (run / "frames.json").write_text(json.dumps({"frames": frames}))
    say(run, wrong, "rejected")
    say(run, there, "confirmed")
    build_reviews([run], tmp_path / "out")
    assert taught(tmp_path / "out") == {(TRAIN, "h2"): {("outfall",)}}


def test_the_later_word_counts_whatever_run_it_was_said_in(tmp_path: Path, flight: Path) -> None:
    sha = photo(flight / "a.JPG", 1)
    runs = []
    for n, (verdict, day) in enumerate((("confirmed", "02"), ("rejected", "01"))):
        found = hit(f"h{n}", "outfall", HERE, [seen("a.JPG", sha, [v + n for v in BOX])])
        runs.append(run_of(tmp_path / f"run{n}", [found], mission=f"m{n}", flight=flight))
        say(runs[-1], found, verdict, when=f"2026-05-{day}T08:00:00Z")
    build_reviews(runs, tmp_path / "out")
    assert taught(tmp_path / "out") == {(TRAIN, "h0"): {("outfall",)}}
    assert lists(tmp_path / "out")["left_out"]["boxes judged again later"] == 1


def test_who_said_what_when_and_of_which_run_stays(tmp_path: Path, flight: Path) -> None:
    run, hits = one(tmp_path, flight, "h1")
    say(run, hits[0], "rejected", who="李")
    say(run, hits[0], "confirmed", who="王", when="2026-05-02T08:00:00Z")
    build_reviews([run], tmp_path / "out")
    told = lists(tmp_path / "out")
    entry = told["pictures"][0]
    assert [(s["who"], s["verdict"], s["when"]) for s in entry["said"]] == [
        ("李", "rejected", "2026-05-01T08:00:00Z"), ("王", "confirmed", "2026-05-02T08:00:00Z"),
    ]  # fmt: skip
    assert told["runs"][entry["run"]]["detector_digest"] == "cd" * 32
    assert entry["from_sha256"] == imagery.sha256((flight / "h1.JPG").read_bytes())
    assert entry["sha256"] == imagery.sha256((tmp_path / "out" / entry["picture"]).read_bytes())


def many(tmp_path: Path, flight: Path) -> Path:
    """A run with a hit in each of many places."""
    hits = []
    for n, name in enumerate([TRAIN] * 3 + [HELD_OUT] * 3 + [WATCH] * 2 + [NEAR] * 2):
        sha = photo(flight / f"{n}.JPG", n)
        hits.append(hit(f"h{n:02d}", "outfall", place_in(name, n), [seen(f"{n}.JPG", sha)]))
    run = run_of(tmp_path / "reviews" / "run", hits, flight=flight)
    for n, feature in enumerate(hits):
        say(run, feature, "confirmed" if n % 2 else "rejected")
    return run


def test_sets_are_told_by_the_place(tmp_path: Path, flight: Path) -> None:
    lessons = build_reviews([many(tmp_path, flight)], tmp_path / "out")
    assert {k: v["pictures"] for k, v in lessons.counts.items()} == {TRAIN: 6, HELD_OUT: 6, WATCH: 4}
    assert lessons.left_out == {"boxes near a place that is held out": 2}
    asked = asked_of([tmp_path / "out"])
    assert {k: len(v) for k, v in asked.sets.items()} == {"real": 6} and asked.clean == ()
    assert ready(tmp_path / "out") == lessons.data_yaml


def test_the_same_words_are_the_same_version_and_other_words_another(tmp_path: Path, flight: Path) -> None:
    run = many(tmp_path, flight)
    other, hits = one(tmp_path / "b", flight / "b", "x1", "x2")
    say(other, hits[0], "confirmed")
    versions = [
        build_reviews(given, tmp_path / f"out{n}").version for n, given in enumerate(([run, other], [other, run]))
    ]
    assert versions[0] == versions[1]
    tables = [(tmp_path / f"out{n}" / "lists.json").read_bytes() for n in (0, 1)]
    assert tables[0] == tables[1]
    say(other, hits[1], "rejected")
    assert build_reviews([run, other], tmp_path / "out2").version != versions[0]


def test_a_zip_says_what_its_run_says(tmp_path: Path, flight: Path) -> None:
    run = many(tmp_path, flight)
    (tmp_path / "zips").mkdir()
    write_reviews_zip(run, tmp_path / "zips" / "reviews.zip")
    a = build_reviews([run], tmp_path / "a")
    b = build_reviews([tmp_path / "zips"], tmp_path / "b", photos=[flight])
    assert a.version == b.version


def test_the_command_tells_the_version_and_what_is_missing(tmp_path: Path, flight: Path) -> None:
    run, hits = one(tmp_path, flight, "h1", "h2")
    for feature in hits:
        say(run, feature, "confirmed")
    (flight / "h2.JPG").unlink()
    done = CliRunner().invoke(app, ["lessons", str(run), "-o", str(tmp_path / "out")])
    assert done.exit_code == 0, done.output
    assert lists(tmp_path / "out")["version"][:16] in done.output and "originals missing: h2.JPG" in done.output


def test_without_the_original_the_run_s_crop_serves_and_says_so(tmp_path: Path, flight: Path) -> None:
    run, hits = one(tmp_path, flight, "h1", "h2")
    for feature in hits:
        say(run, feature, "confirmed")
    crop_of(run, hits[0], flight / "h1.JPG")
    shutil.rmtree(flight)
    lessons = build_reviews([run], tmp_path / "out")
    (entry,) = lists(tmp_path / "out")["pictures"]
    assert (entry["context"], entry["hit"], entry["boxes"]) == ("crop", "h1", ["outfall"])
    assert lessons.missing == ("h1.JPG", "h2.JPG") and lessons.left_out == {"boxes without their original": 1}
    (share,) = read_boxes(tmp_path / "out" / "labels" / TRAIN / f"{Path(entry['picture']).stem}.txt")
    x0, y0, x1, y1 = entry["part_px"]
    assert box_px(share, x1 - x0, y1 - y0)[2] - box_px(share, x1 - x0, y1 - y0)[0] == pytest.approx(
        BOX[2] - BOX[0], abs=0.1
    )


def test_a_changed_original_is_not_used(tmp_path: Path, flight: Path) -> None:
    run, hits = one(tmp_path, flight, "h1", "h2")
    for feature in hits:
        say(run, feature, "confirmed")
    photo(flight / "h1.JPG", 77)
    assert build_reviews([run], tmp_path / "out").missing == ("h1.JPG",)
    assert {h for _, h in taught(tmp_path / "out")} == {"h2"}


def test_what_looks_like_a_held_out_tile_is_not_learned_from(tmp_path: Path, flight: Path) -> None:
    sha = photo(flight / "a.JPG", 1)
    data = imagery.decode((flight / "a.JPG").read_bytes(), "")
    (flight / "b.JPG").write_bytes(imagery.encode_jpeg(data, 70))  # the same picture, packed again
    again = imagery.file_sha256(flight / "b.JPG")
    whole = [100.0, 50.0, 1000.0, 800.0]
    kept, gone = (
        hit(n, "smoke", place_in(name), [seen(f, s, whole)])
        for n, name, f, s in (("h1", HELD_OUT, "a.JPG", sha), ("h2", TRAIN, "b.JPG", again))
    )
    extra = hit("h3", "smoke", HERE, [seen("c.JPG", photo(flight / "c.JPG", 5))])
    run = run_of(tmp_path / "run", [kept, gone, extra], flight=flight)
    for feature in (kept, gone, extra):
        say(run, feature, "confirmed")
    lessons = build_reviews([run], tmp_path / "out")
    assert {h for _, h in taught(tmp_path / "out")} == {"h1", "h3"}
    assert lessons.left_out["tiles that show what is held out"] == 1


def test_hostile_zips_and_folders_are_one_sentence(tmp_path: Path) -> None:
    import zipfile

    (tmp_path / "empty").mkdir()
    with pytest.raises(MissionError, match="no run with verdicts"):
        build_reviews([tmp_path / "empty"], tmp_path / "out")
    with pytest.raises(MissionError, match="there is no such run"):
        build_reviews([tmp_path / "none"], tmp_path / "out")
    (tmp_path / "a.zip").write_bytes(b"PK no zip")
    with pytest.raises(MissionError, match="no zip that can be read"):
        read_all([tmp_path / "a.zip"])
    for n, (name, words) in enumerate((("items.json", "[" * 100_000), ("items.json", "[1]"), ("x", ""))):
        path = tmp_path / f"{n}.zip"
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr(name, words)
            archive.writestr("hits.geojson", "{}")
        with pytest.raises(MissionError, match=f"{n}.zip"):
            read_all([path])
    (tmp_path / "there").mkdir()
    with pytest.raises(OutputError, match="is there already"):
        build_reviews([tmp_path], tmp_path / "there")


lons = st.floats(-180, 180, allow_nan=False)
lats = st.floats(-80, 80, allow_nan=False)


@given(lons, lats)
def test_no_place_is_learned_from_within_the_guard_of_one_that_is_held_out(lon: float, lat: float) -> None:
    import math

    if set_of(lon, lat) not in (TRAIN, WATCH):
        return
    up = 0.99 * GUARD_M / METRES_A_DEGREE
    right = up / math.cos(math.radians(lat))
    for i in (-1, 0, 1):
        for j in (-1, 0, 1):
            assert set_of(lon + i * right, lat + j * up) != HELD_OUT


def test_shares_of_the_sets_are_as_promised_and_the_lot_never_changes() -> None:
    lots = [lot_of(f"{i},{j}") for i in range(60) for j in range(60)]
    assert 0.27 < sum(x < 0.3 for x in lots) / len(lots) < 0.33
    assert cell_of(113.5, 34.9) == "25871,178441"
    assert lot_of("0,0") == int("25f16a260d1b135d", 16) / 2**64  # sha256sum of "qianliyan reviews 1:0,0"


boxes = st.tuples(st.floats(0, 1100), st.floats(0, 800), st.floats(2, 400), st.floats(2, 400))


def look(box: tuple[float, float, float, float], state: str = SOURCE, name: str = "h") -> Look:
    x, y, w, h = box
    edges = (x, y, min(x + w, 1199.5), min(y + h, 899.5))
    label = 2 if state == SOURCE else None
    return Look("r", name, state, label, edges, "s", "f", "f", HERE, 2.0, None, "2026", 0.5)


@given(boxes, st.lists(st.tuples(boxes, st.sampled_from([SOURCE, UNKNOWN])), max_size=4))
def test_every_tile_holds_its_box_whole_and_nothing_unknown(
    box: tuple[float, float, float, float], others: list[tuple[tuple[float, float, float, float], str]]
) -> None:
    own = look(box)
    beside = [look(b, s, f"o{n}") for n, (b, s) in enumerate(others)]
    for tile in tiles_around(own, beside, [], (900, 1200), 320):
        x0, y0, x1, y1 = tile.rect
        assert 0 <= x0 < x1 <= 1200 and 0 <= y0 < y1 <= 900 and x1 - x0 == y1 - y0
        assert shown(own.box_px, tile.rect) > 0.99
        assert not any(o.state == UNKNOWN and shown(o.box_px, tile.rect) > 0 for o in beside)
        for share in shares_in(tile.rect, tile.boxes):
            assert share[0] < len(CLASSES) and all(-1e-9 <= v <= 1 + 1e-9 for v in share[1:])


def edited(path: Path, out: Path, change: Callable[[str, bytes], bytes]) -> Path:
    """A zip with its members changed."""
    import zipfile

    with zipfile.ZipFile(path) as old, zipfile.ZipFile(out, "w") as new:
        for name in old.namelist():
            new.writestr(name, change(name, old.read(name)))
    return out


@pytest.mark.parametrize("name", ["../../out of it/x", "a:b", "CON\\\\x", "/x", ".hidden"])
def test_a_hit_s_name_leads_nowhere(tmp_path: Path, flight: Path, name: str) -> None:
    run, hits = one(tmp_path, flight, "h1")
    say(run, hits[0], "confirmed")
    write_reviews_zip(run, tmp_path / "good.zip")
    evil = edited(tmp_path / "good.zip", tmp_path / "evil.zip", lambda _, b: b.replace(b'"h1"', f'"{name}"'.encode()))
    before = sorted(tmp_path.rglob("*"))
    with pytest.raises(MissionError, match="cannot be a file name"):
        build_reviews([evil], tmp_path / "a" / "b" / "out", [flight])
    assert sorted(tmp_path.rglob("*")) == before


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b'"said": [', b'"said": [1, '),
        (b'"label": "source"', b'"label": "anything"'),
        (b'"label": "source"', b'"lable": "source"'),
        (b'"class": "outfall"', b'"class": 1'),
        (b'"software": "qianliyan 0"', b'"software": NaN'),
        (b'"software": "qianliyan 0"', b'"software": "\\ud800"'),
    ],
)
def test_items_that_make_no_sense_are_one_sentence(tmp_path: Path, flight: Path, old: bytes, new: bytes) -> None:
    run, hits = one(tmp_path, flight, "h1")
    say(run, hits[0], "confirmed")
    write_reviews_zip(run, tmp_path / "good.zip")

    def change(name: str, data: bytes) -> bytes:
        assert name != "items.json" or old in data
        return data.replace(old, new) if name == "items.json" else data

    evil = edited(tmp_path / "good.zip", tmp_path / "evil.zip", change)
    with pytest.raises(MissionError, match=r"evil\.zip"):
        build_reviews([evil], tmp_path / "out", [flight])


def test_a_zip_with_any_byte_changed_is_an_error_of_ours_or_a_set(tmp_path: Path, flight: Path) -> None:
    import zipfile

    run, hits = one(tmp_path, flight, "h1")
    say(run, hits[0], "confirmed")
    write_reviews_zip(run, tmp_path / "good.zip")
    with zipfile.ZipFile(tmp_path / "good.zip") as old, zipfile.ZipFile(tmp_path / "p.zip", "w", 8) as new:
        for name in old.namelist():
            new.writestr(name, old.read(name))
    data, rng = (tmp_path / "p.zip").read_bytes(), np.random.default_rng(0)
    refused = 0
    for _ in range(60):
        torn = bytearray(data)
        torn[int(rng.integers(len(torn)))] ^= int(rng.integers(1, 256))
        (tmp_path / "torn.zip").write_bytes(bytes(torn))
        try:
            read_all([tmp_path / "torn.zip"])
        except MissionError:
            refused += 1
    assert refused > 20


@pytest.mark.parametrize("box", [[5000, 5000, 5100, 5100], [-1e14, -1e14, 1e14, 1e14], [1195, 895, 1290, 990]])
def test_a_source_outside_of_its_photo_is_not_taught_as_nothing(tmp_path: Path, flight: Path, box: list[float]) -> None:
    sha = [photo(flight / f"{n}.JPG", n) for n in range(2)]
    hits = [hit("h1", "outfall", HERE, [seen("0.JPG", sha[0], box)]), hit("h2", "smoke", HERE, [seen("1.JPG", sha[1])])]
    run = run_of(tmp_path / "run", hits, flight=flight)
    for feature in hits:
        say(run, feature, "confirmed")
    build_reviews([run], tmp_path / "out")
    assert taught(tmp_path / "out") == {(TRAIN, "h2"): {("smoke",)}}


def test_a_source_without_size_is_not_learned_from(tmp_path: Path, flight: Path) -> None:
    run, hits = one(tmp_path, flight, "h1", "h2")
    say(run, hits[0], "confirmed")
    say(run, hits[0], "moved", {"coordinates": [*HERE, 10.0], "box_px": [600, 500, 600, 560]})
    say(run, hits[1], "confirmed")
    build_reviews([run], tmp_path / "out")
    told = {(e["hit"], tuple(e["box_px"]), tuple(e["boxes"])) for e in lists(tmp_path / "out")["pictures"]}
    assert told == {(name, tuple(BOX), ("outfall",)) for name in ("h1", "h2")}  # the box of no size is not heard


def test_a_damaged_crop_is_counted_and_the_others_stay(tmp_path: Path, flight: Path) -> None:
    run, hits = one(tmp_path, flight, "h1", "h2")
    for n, feature in enumerate(hits):
        say(run, feature, "confirmed")
        crop_of(run, feature, flight / f"h{n + 1}.JPG")
    shutil.rmtree(flight)
    (run / "crops" / "h1.jpg").write_bytes(b"no picture")
    lessons = build_reviews([run], tmp_path / "out")
    assert lessons.left_out["crops that cannot be decoded"] == 1
    assert set(taught(tmp_path / "out")) == {(TRAIN, "h2")}
