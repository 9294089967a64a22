from __future__ import annotations

import csv
import hashlib
import io
import re
import sqlite3
import time
import xml.etree.ElementTree as ET
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import geopandas
import openpyxl
import pyogrio
import pytest
from pyogrio.errors import FeatureError
from shapely.geometry import Point

from pipeline import imagery
from pipeline.errors import ImageryError, OutputError
from pipeline.report import write_run
from pipeline.types import Ground, HitList, Mission

World = tuple[Mission, HitList]
FIXED = ("hits.geojson", "hits.csv", "hits.xlsx", "hits.kml", "hits.gpkg", "skipped.csv")


def written(folder: Path, world: World, thumbs: Path | None = None) -> Path:
    folder.mkdir(parents=True)
    write_run(folder, *world, thumbs)
    return folder


def digests(folder: Path) -> dict[str, str]:
    files = [folder / name for name in FIXED] + sorted((folder / "crops").iterdir())
    return {f.relative_to(folder).as_posix(): hashlib.sha256(f.read_bytes()).hexdigest() for f in files}


def test_bytes_are_equal_later_and_elsewhere(
    tmp_path: Path, new_world: Callable[..., World], monkeypatch: pytest.MonkeyPatch
) -> None:
    first = written(tmp_path / "一", new_world(tmp_path / "photos"))
    time.sleep(2.1)  # zip files count time in steps of two seconds
    mission, hits = new_world(tmp_path / "other place" / "照片")
    shuffled = replace(hits, hits=hits.hits[::-1], looked=hits.looked[::-1])
    monkeypatch.setenv("TZ", "America/Los_Angeles")
    second = written(tmp_path / "deep" / "two", (mission, shuffled))
    assert digests(first) == digests(second)
    assert len(digests(first)) == len(FIXED) + 6


def test_nothing_is_left_aside(tmp_path: Path, world: World) -> None:
    run = written(tmp_path / "run", world)
    names = {p.name for p in run.iterdir()}
    assert names == {*FIXED, "crops", "map.html"}


def test_what_a_killed_process_left_does_no_harm(tmp_path: Path, world: World) -> None:
    clean = written(tmp_path / "clean", world)
    run = tmp_path / "run"
    (run / "crops").mkdir(parents=True)
    for name in (".hits.aside.gpkg", ".hits.aside.gpkg-journal", ".hits.aside.xlsx", "crops/.h000001.aside.jpg"):
        (run / name).write_bytes(b"half")
    write_run(run, *world)
    assert digests(run) == digests(clean)
    assert {p.name for p in run.rglob("*")} == {p.name for p in clean.rglob("*")}


def test_geopackage_layers(tmp_path: Path, world: World) -> None:
    path = written(tmp_path / "排污口 1", world) / "hits.gpkg"
    assert {name for name, _ in pyogrio.list_layers(path)} == {"hits", "sightings", "track", "footprints"}
    hits, sightings, track, footprints = (
        geopandas.read_file(path, layer=name) for name in ("hits", "sightings", "track", "footprints")
    )
    assert list(hits["id"]) == ["h000001", "h000002", "h000003"]
    assert len(sightings) == 4
    assert len(track) == 1
    assert track.geometry[0].geom_type == "MultiLineString"
    assert len(footprints) == 4  # one row a frame, also of the one that was not searched
    assert sorted(footprints["searched"]) == [False, True, True, True]
    assert {"frame_id", "t", "gsd_m", "incidence_deg", "sharpness", "detector_digest", "threshold"} <= set(footprints)
    assert footprints.crs.to_epsg() == 4326


@pytest.mark.parametrize(
    ("target", "error"),
    [
        ("pyogrio.write_dataframe", FeatureError("Could not add feature to layer")),
        ("pipeline.report.geopackage.sqlite3.connect", sqlite3.OperationalError("database or disk is full")),
    ],
)
def test_a_full_disk_is_one_sentence(
    tmp_path: Path, world: World, monkeypatch: pytest.MonkeyPatch, target: str, error: Exception
) -> None:
    def fail(*_: Any, **__: Any) -> None:
        raise error

    monkeypatch.setattr(target, fail)
    with pytest.raises(OutputError, match=r"cannot be written \("):
        written(tmp_path / "run", world)
    assert not list((tmp_path / "run").glob("*.gpkg"))


def test_footprints_lie_where_the_photos_look(tmp_path: Path, world: World) -> None:
    footprints = geopandas.read_file(written(tmp_path / "run", world) / "hits.gpkg", layer="footprints")
    at = {f.id: f.pose.at for f in world[0].frames if f.pose}
    for row in footprints.itertuples():
        assert row.geometry.contains(Point(at[row.frame_id].lon_deg, at[row.frame_id].lat_deg))
        # 640 × 480 px at 50 m and 500 px focal length
        assert row.geometry.area * 110_930 * 91_400 == pytest.approx(64 * 48, rel=0.01)
        assert row.gsd_m == pytest.approx(0.1, rel=0.01)


def test_empty_flight_has_all_files(tmp_path: Path, world: World) -> None:
    mission, hits = world
    run = written(tmp_path / "run", (replace(mission, frames=()), replace(hits, hits=(), looked=(), provenance={})))
    assert len(geopandas.read_file(run / "hits.gpkg", layer="hits")) == 0
    assert len(geopandas.read_file(run / "hits.gpkg", layer="footprints")) == 0
    assert "未发现污染点" in (run / "map.html").read_text("utf-8")


def test_ground_unknown_gives_rows_without_footprint(tmp_path: Path, world: World) -> None:
    mission, hits = world
    run = written(tmp_path / "run", (replace(mission, ground=Ground()), hits))
    footprints = geopandas.read_file(run / "hits.gpkg", layer="footprints")
    assert len(footprints) == 4
    assert footprints.geometry.isna().all()


def test_across_180_footprints_and_track_are_split(tmp_path: Path, new_world: Callable[..., World]) -> None:
    run = written(tmp_path / "run", new_world(tmp_path / "p", lat_deg=-17.0, lon_deg=180.0))
    for layer in ("hits", "sightings", "track", "footprints"):
        table = geopandas.read_file(run / "hits.gpkg", layer=layer)
        assert table.total_bounds[0] >= -180
        assert table.total_bounds[2] <= 180
        assert all(p.bounds[2] - p.bounds[0] < 1 for g in table.geometry for p in getattr(g, "geoms", [g]))
    assert max(len(g.geoms) for g in geopandas.read_file(run / "hits.gpkg", layer="footprints").geometry) == 2


def rows(data: bytes) -> list[dict[str, str]]:
    assert data.startswith(b"\xef\xbb\xbf")
    return list(csv.DictReader(io.StringIO(data.decode("utf-8-sig"), newline="")))


def test_csv_reads_back(tmp_path: Path, world: World) -> None:
    run = written(tmp_path / "run", world)
    table = rows((run / "hits.csv").read_bytes())
    at = {h.id: h.at for h in world[1].hits}
    for row in table:
        assert float(row["lat_deg"]) == pytest.approx(at[row["id"]].lat_deg, abs=1e-9)
        assert float(row["lon_deg"]) == pytest.approx(at[row["id"]].lon_deg, abs=1e-9)
        assert row["cgcs2000_zone3"] == "38"
        assert row["cgcs2000_y_east_m"].startswith("38")
    assert [r["class_zh"] for r in table] == ["排污口", "秸秆焚烧", "unheard-of/thing"]


def test_skipped_names_everything_once(tmp_path: Path, world: World) -> None:
    run = written(tmp_path / "run", world)
    table = rows((run / "skipped.csv").read_bytes())
    assert [(r["frame_id"], r["reason"]) for r in table] == [
        ("DJI_0003.JPG", "'=damaged"),
        ("note.JPG", "not a JPEG, TIFF or PNG picture"),
    ]


def test_no_cell_is_a_formula(tmp_path: Path, world: World) -> None:
    run = written(tmp_path / "run", world)
    for name in ("hits.csv", "skipped.csv"):
        for row in rows((run / name).read_bytes()):
            assert not any(v.startswith(("=", "@", "+")) for v in row.values())
    book = openpyxl.load_workbook(run / "hits.xlsx")
    cells = [c for sheet in book for row in sheet.iter_rows() for c in row]
    assert all(c.data_type != "f" for c in cells)
    assert "'=坏 name.JPG" in [c.value for c in cells]


def test_workbook_opens_with_its_sheets(tmp_path: Path, world: World) -> None:
    book = openpyxl.load_workbook(written(tmp_path / "run", world) / "hits.xlsx")
    assert [s.max_row for s in book] == [4, 5, 3]
    assert book.properties.modified.year == 1980
    assert book.worksheets[0].cell(2, 20).hyperlink.target == "crops/h000001.jpg"


def test_kml_is_xml_with_crops_and_a_marked_link(tmp_path: Path, world: World) -> None:
    data = (written(tmp_path / "run", world) / "hits.kml").read_bytes()
    tree = ET.fromstring(data)
    space = {"k": "http://www.opengis.net/kml/2.2"}
    assert tree.findtext("k:Document/k:name", namespaces=space) == world[0].name
    descriptions = [d.text or "" for d in tree.iterfind(".//k:description", space)]
    assert len(descriptions) == 3
    for name, text in zip(("h000001", "h000002", "h000003"), descriptions, strict=True):
        assert f'src="crops/{name}.jpg"' in text
        assert "display only 仅供显示" in text
        assert "<script>" not in text
    # Amap's link is GCJ-02: some 500 m from WGS 84 here
    shown = re.search(r"to=([\d.]+),([\d.]+)", descriptions[0])
    assert shown
    hit = next(h for h in world[1].hits if h.id == "h000001")
    assert 0.003 < float(shown[1]) - hit.at.lon_deg < 0.008


def test_crops_show_the_hit(tmp_path: Path, world: World) -> None:
    run = written(tmp_path / "run", world)
    crop = imagery.decode((run / "crops" / "h000003.jpg").read_bytes(), "crop")
    original = imagery.read(next(f for f in world[0].frames if f.index == 2))
    assert crop.shape == (54, 54, 3)
    assert abs(crop.astype(int) - original[:54, :54].astype(int)).mean() < 4
    context = imagery.decode((run / "crops" / "h000001-context.jpg").read_bytes(), "context")
    assert context.shape == (480, 640, 3)
    first = imagery.read(next(f for f in world[0].frames if f.index == 0))
    ys, xs = (abs(context.astype(int) - first.astype(int)).max(axis=2) > 60).nonzero()
    assert (xs.min(), ys.min(), xs.max(), ys.max()) == pytest.approx((300, 185, 340, 215), abs=4)


def test_a_photo_that_is_gone_is_one_sentence(tmp_path: Path, world: World) -> None:
    (Path(world[0].root) / "DJI_0002.JPG").unlink()
    with pytest.raises(ImageryError, match=r"DJI_0002\.JPG"):
        written(tmp_path / "run", world)


def test_no_folder_is_one_sentence(tmp_path: Path, world: World) -> None:
    with pytest.raises(OutputError, match="no such folder"):
        write_run(tmp_path / "nowhere", *world)


def test_how_often_a_geopackage_was_written_leaves_no_trace(tmp_path: Path, world: World) -> None:
    """SQLite counts transactions in its header, and how many GDAL makes depends on the moment."""
    import sqlite3
    from contextlib import closing

    from pipeline.report.geopackage import take_clock_out

    path = written(tmp_path / "run", world) / "hits.gpkg"
    before = path.read_bytes()
    with closing(sqlite3.connect(path)) as db:
        for _ in range(3):
            db.execute("UPDATE gpkg_contents SET last_change = '2026-01-01T00:00:00.000Z'")
            db.commit()
    take_clock_out(path)
    assert path.read_bytes() == before
    with closing(sqlite3.connect(path)) as db:
        assert db.execute("PRAGMA integrity_check").fetchone() == ("ok",)
