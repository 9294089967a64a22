"""Reviewed lists: every kind holds the same hits, places survive exactly, and no cell is a formula."""

from __future__ import annotations

import csv
import io
import json
import os
import shutil
import xml.etree.ElementTree as ET
from collections.abc import Callable
from pathlib import Path
from typing import Any

import geopandas
import openpyxl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from pipeline.errors import MissionError, OutputError
from pipeline.report.export import KINDS, export_hits
from pipeline.report.finished import read_finished
from pipeline.report.review_entries import review_entry
from pipeline.report.reviewed import reviewed_hits
from pipeline.report.reviews import append_review
from pipeline.report.spreadsheet import hits_xlsx
from pipeline.report.tables import REVIEWED_COLUMNS, hits_csv
from pipeline.score import read_hits
from tests.report.reviewed_run import MOVED_TO, WHEN, say

SCHEMAS = Path(__file__).resolve().parents[2] / "docs" / "schemas"
VERDICTS = {"h000001": "confirmed", "h000002": "rejected", "h000003": "open", "p000001": "added"}


def exported(run: Path, kind: str, rejected: bool = False) -> Path:
    out = run.with_name(f"out-{rejected}.{kind}")
    export_hits(run, kind, out, rejected)
    return out


def rows_of(path: Path) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(path.read_bytes().decode("utf-8-sig"), newline="")))


def test_the_geopackage_has_every_hit_with_its_verdict_and_all_layers(run: Path) -> None:
    path = exported(run, "gpkg")
    hits = geopandas.read_file(path, layer="hits").set_index("id")
    assert dict(hits["verdict"]) == VERDICTS
    assert dict(hits["reviewed_by"].fillna("")) == {"h000001": "王", "h000002": "王", "h000003": "李", "p000001": "赵"}
    assert set(hits["reviewed_at"]) == {"2026-05-01T08:00:00Z"}
    assert dict(hits["n"]) == {"h000001": 1, "h000002": 2, "h000003": 3, "p000001": 4}
    assert (hits.loc["h000003", "moved"], hits.loc["h000003", "class"]) == ("yes", "outfall/discharging")
    assert "<script>" in hits.loc["h000003", "comments"]
    assert list(geopandas.list_layers(path)["name"]) == ["hits", "sightings", "track", "footprints"]
    for layer in ("track", "footprints"):
        assert geopandas.read_file(path, layer=layer).equals(geopandas.read_file(run / "hits.gpkg", layer=layer))
    seen, before = (geopandas.read_file(p, layer="sightings") for p in (path, run / "hits.gpkg"))
    assert seen.iloc[: len(before)].equals(before)
    pin = seen.iloc[len(before) :].iloc[0]
    assert (pin["hit"], pin["frame_id"], pin["origin"], pin["x_px"]) == ("p000001", "=坏 name.JPG", "officer", 500.0)
    assert len(seen) == len(before) + 1


def test_places_survive_exactly(run: Path) -> None:
    places = {f["id"]: f["geometry"]["coordinates"] for f in read_finished(run).collection["features"]}
    assert places["h000003"][:2] == MOVED_TO
    kept = {hit: at for hit, at in places.items() if hit != "h000002"}
    table = geopandas.read_file(exported(run, "gpkg"), layer="hits").set_index("id")
    assert {hit: [p.x, p.y, p.z] for hit, p in table.geometry.items()} == places
    told = json.loads(exported(run, "geojson").read_bytes())
    assert {f["id"]: f["geometry"]["coordinates"] for f in told["features"]} == kept
    rows = rows_of(exported(run, "csv"))
    assert {r["id"]: [float(r["lon_deg"]), float(r["lat_deg"]), float(r["alt_m"])] for r in rows} == kept
    sheet = openpyxl.load_workbook(exported(run, "xlsx")).worksheets[0]
    names = [name for name, _ in REVIEWED_COLUMNS]
    cells = [dict(zip(names, (c.value for c in row), strict=True)) for row in sheet.iter_rows(min_row=2)]
    assert {c["id"]: [c["lon_deg"], c["lat_deg"], c["alt_m"]] for c in cells} == kept
    marks = ET.fromstring(exported(run, "kml").read_bytes()).findall(".//{*}Placemark")
    points = [m.findtext("{*}Point/{*}coordinates") for m in marks if m.find("{*}Point") is not None]
    assert sorted(points) == sorted(f"{lon:.9f},{lat:.9f}" for lon, lat, _ in kept.values())


def test_rejected_hits_come_only_when_asked_for(run: Path) -> None:
    for rejected, there in ((False, {"h000001", "h000003", "p000001"}), (True, set(VERDICTS))):
        assert {r["id"] for r in rows_of(exported(run, "csv", rejected))} == there
        told = json.loads(exported(run, "geojson", rejected).read_bytes())
        assert {f["id"] for f in told["features"]} == there
        assert ("h000002" in exported(run, "kml", rejected).read_text("utf-8")) == rejected
        sheet = openpyxl.load_workbook(exported(run, "xlsx", rejected)).worksheets[0]
        assert {c.value for c in sheet["A"][1:]} == there
        assert len(read_hits(exported(run, "csv", rejected)).ids) == 3
        assert len(read_hits(exported(run, "geojson", rejected)).ids) == 3


def test_the_judge_counts_no_rejected_row(run: Path) -> None:
    for kind in ("csv", "geojson"):
        one, other = (read_hits(exported(run, kind, rejected)) for rejected in (False, True))
        assert one.digest() == other.digest() and "h000002" not in one.ids


def test_the_exported_list_is_valid_and_says_who_and_when(run: Path) -> None:
    told = json.loads(exported(run, "geojson", True).read_bytes())
    Draft202012Validator(json.loads((SCHEMAS / "hits.schema.json").read_text("utf-8"))).validate(told)
    rows = {r["id"]: r for r in rows_of(exported(run, "csv", True))}
    assert {hit: row["verdict"] for hit, row in rows.items()} == VERDICTS
    assert (rows["p000001"]["n"], rows["h000002"]["n"]) == ("4", "2")
    assert (rows["h000002"]["verdict_zh"], rows["h000002"]["reviewed_by"]) == ("已驳回", "王")
    assert rows["h000002"]["comments"] == "王 (2026-05-01T08:00:00Z): 屋顶反光"
    assert exported(run, "csv").read_bytes().startswith(b"\xef\xbb\xbfid,")


@pytest.mark.parametrize("kind", KINDS)
def test_the_same_bytes_whatever_the_clock_and_the_place(
    run: Path, kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = exported(run, kind).read_bytes()
    monkeypatch.setenv("TZ", "America/New_York")
    other = tmp_path / "别处" / "b"
    for suffix in ("", ".reviews"):
        shutil.copytree(str(run) + suffix, str(other) + suffix)
        for path in Path(str(other) + suffix).rglob("*"):
            os.utime(path, (1, 1))
    assert exported(other, kind).read_bytes() == first


@pytest.mark.parametrize("kind", KINDS)
def test_a_run_that_nobody_reviewed_has_only_open_hits(tmp_path: Path, run: Path, kind: str) -> None:
    shutil.rmtree(f"{run}.reviews")
    path = exported(run, kind)
    if kind == "gpkg":
        assert set(geopandas.read_file(path, layer="hits")["verdict"]) == {"open"}
    if kind == "csv":
        assert {r["verdict"] for r in rows_of(path)} == {"open"}


STARTS = st.sampled_from(["=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠", "\x00=", "\t=", "\r\n@", ""])
HOSTILE = st.builds(str.__add__, STARTS, st.text(st.characters(codec="utf-8"), max_size=12))


def hit(note: str, who: str) -> dict[str, Any]:
    props = {"id": "h1", "class": "marker", "origin": "model", "confidence": 0.5, "r90_m": 1.0, "sightings": 1}
    props |= {"cov_m2": [1.0, 0.0, 1.0], "first_seen": None, "last_seen": None, "assumed": [], "evidence": []}
    feature = {"type": "Feature", "id": "h1", "geometry": {"type": "Point", "coordinates": [1.0, 2.0, 3.0]}}
    feature["properties"] = props
    said = [review_entry(feature, verdict, who, None, note, WHEN) for verdict in ("commented", "confirmed")]
    return reviewed_hits({"features": [feature]}, said)


@given(HOSTILE, HOSTILE)
def test_nothing_that_officers_write_is_a_formula(note: str, who: str) -> None:
    rows = csv.reader(io.StringIO(hits_csv(hit(note, who), REVIEWED_COLUMNS).decode("utf-8-sig"), newline=""))
    cells = [cell for row in list(rows)[1:] for cell in row]
    assert not any(cell.startswith(("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")) for cell in cells)


def test_nothing_that_officers_write_is_a_formula_in_a_workbook() -> None:
    for start in ("=1+1", "+1", "-1", "@SUM(1)", "\t=1", "\x00=1"):
        book = openpyxl.load_workbook(io.BytesIO(hits_xlsx(hit(start, start), [], REVIEWED_COLUMNS)))
        cells = {cell.value: cell.data_type for row in book.worksheets[0].iter_rows(min_row=2) for cell in row}
        assert "f" not in cells.values()
        assert (cells[1.0], cells["h1"]) == ("n", "s")  # numbers are numbers


def test_what_cannot_be_done_is_one_sentence(run: Path, tmp_path: Path) -> None:
    with pytest.raises(MissionError, match="'pdf' is not a kind of list"):
        export_hits(run, "pdf", tmp_path / "a.pdf")
    with pytest.raises(MissionError, match="is not a run folder"):
        export_hits(tmp_path / "none", "csv", tmp_path / "a.csv")
    with pytest.raises(OutputError, match="cannot be written"):
        export_hits(run, "csv", tmp_path / "no folder" / "a.csv")
    (run / "hits.gpkg").write_bytes(b"not one")
    with pytest.raises(MissionError, match="is no GeoPackage"):
        export_hits(run, "gpkg", tmp_path / "a.gpkg")


@pytest.mark.parametrize(
    "damage",
    [
        lambda told: [],
        lambda told: {**told, "features": [{"properties": {}}]},
        lambda told: {**told, "features": [*told["features"], {**told["features"][0], "geometry": None}]},
        lambda told: {**told, "features": [{**told["features"][0], "id": "other"}]},
    ],
)
def test_a_damaged_list_is_one_sentence(run: Path, damage: Callable[[Any], Any], tmp_path: Path) -> None:
    path = run / "hits.geojson"
    path.write_text(json.dumps(damage(json.loads(path.read_bytes()))), "utf-8")
    with pytest.raises(MissionError, match=r"hits\.geojson"):
        export_hits(run, "csv", tmp_path / "a.csv")


def test_numbers_stay_when_a_pin_is_taken_back(run: Path, tmp_path: Path) -> None:
    before = read_finished(run).numbers
    assert before == {"h000001": 1, "h000002": 2, "h000003": 3, "p000001": 4}
    pin = read_finished(run).collection["features"][-1]
    say(run, pin, "undone", "赵", {"entry": 6})
    other = {**pin, "id": "p000002", "properties": {**pin["properties"], "id": "p000002"}}
    append_review(run, review_entry(other, "added", "赵", other, when=WHEN))
    after = read_finished(run)
    assert [f["id"] for f in after.collection["features"]] == ["h000001", "h000002", "h000003", "p000002"]
    assert after.numbers == {**before, "p000002": 5}
