"""The map of a finished run: everything stands where the run folder has it, and gaps are what nobody looked at."""

from __future__ import annotations

import base64
import gzip
import json
import math
import re
import shutil

import cv2
import geopandas
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely import box, union_all
from shapely.affinity import rotate
from shapely.geometry import shape

from pipeline.errors import MissionError
from pipeline.report.map_page import read_page, read_tile
from pipeline.report.plane import plane_about
from pipeline.server.ground_seen import gap_features, outline
from pipeline.server.prepared import prepare_run
from pipeline.server.runs import run_folder
from pipeline.server.tables import Job

NAMES = ("map", "track", "footprints", "gaps", "hits", "photos", "reviews")
PLANE = plane_about([31.0], [120.0])


@pytest.fixture
def base(finished_run):
    return f"/api/runs/{finished_run}"


def mercator(lon_lat):
    """Where a web map draws a place, in units of the whole world."""
    lon, lat = lon_lat
    return np.array([lon / 360, -math.asinh(math.tan(math.radians(lat))) / (2 * math.pi)])


@given(st.floats(0, 1), st.floats(0, 1), st.integers(0, 3))
def test_a_picture_between_its_corners_is_where_the_plane_has_it(searched, right, down, n):
    _, plane, tiles = read_page(searched.run / "map.html")
    tile = tiles[n % len(tiles)]
    north_west, north_east, _, south_west = (mercator(c) for c in tile.corners(plane))
    drawn = north_west + right * (north_east - north_west) + down * (south_west - north_west)
    x_m, y_m = tile.west_m + right * tile.side_m, tile.north_m - down * tile.side_m
    (lat,), (lon,) = plane.lat_lon(np.array([[x_m, y_m]]))
    off_px = (drawn - mercator((lon, lat))) / (north_east - north_west)[0] * 1024
    assert np.abs(off_px).max() < 0.05


def test_the_mosaic_shows_the_ground_where_it_is(client, base, searched):
    told = client.get(f"{base}/map").json()
    assert told["name"] == "太湖 <b>1</b> 号" and told["counts"]["photos"] == len(told_frames(searched))
    targets = json.loads(searched.flight.targets.read_bytes())["features"]
    marks = [t["geometry"]["coordinates"][:2] for t in targets if t["properties"]["class"] == "marker"]
    west, south, east, north = told["bounds"]
    assert all(west < lon < east and south < lat < north for lon, lat in marks)
    seen = 0
    for tile in told["mosaic"]:
        data = np.frombuffer(client.get(tile["url"]).content, np.uint8)
        picture = cv2.imdecode(data, cv2.IMREAD_UNCHANGED)
        assert picture.shape == (1024, 1024, 4)
        north_west, north_east, south_east, south_west = (np.array(c) for c in tile["corners"])
        assert np.allclose(north_west + south_east, north_east + south_west)
        for mark in marks:
            x, y = (mark - north_west) / (south_east - north_west) * 1024
            if 0 <= x < 1024 and 0 <= y < 1024:
                seen += 1
                assert picture[int(y), int(x), 3] == 255  # searched ground is drawn there
    assert seen == len(marks)


def told_frames(searched):
    return json.loads((searched.run / "frames.json").read_bytes())["frames"]


def test_tiles_are_the_bytes_of_the_page(searched):
    path = searched.run / "map.html"
    _, _, tiles = read_page(path)
    whole = re.findall(r'data-tile="([^"]+)" alt="" src="data:image/webp;base64,([^"]+)"', path.read_text("utf-8"))
    assert len(whole) == len(tiles) > 1
    for (place, data), tile in zip(whole, tiles, strict=True):
        assert read_tile(path, tile) == base64.b64decode(data)
        assert place == f"{tile.west_m:.3f} {tile.north_m:.3f} {tile.side_m:.3f}"


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b'data-tile="', b'data-tile="1e9 '),
        (b"base64,", b"base64,<script>"),
        (b'<img data-tile="', b'<img data-tile="0.000 0.000 1.000" alt="" src="http://evil/"><img data-tile="'),
        (b'"plane":{"lat":', b'"plane":{"lat":"x'),
        (b'id="data">', b'id="data">['),
        (b'<script type="application/json"', b"<script"),
    ],
)
def test_a_page_that_is_not_ours_is_refused(searched, tmp_path, old, new):
    path = tmp_path / "map.html"
    whole = (searched.run / "map.html").read_bytes()
    assert old in whole
    path.write_bytes(whole.replace(old, new, 1))
    with pytest.raises(MissionError):
        read_page(path)


def test_a_tile_that_is_no_webp_is_refused(searched, tmp_path):
    path = tmp_path / "map.html"
    whole = (searched.run / "map.html").read_bytes()
    path.write_bytes(whole.replace(b"base64,UklGR", b"base64,AAAAA", 1))
    _, _, tiles = read_page(path)
    with pytest.raises(MissionError, match="WebP"):
        read_tile(path, tiles[0])


def test_footprints_and_track_are_those_of_the_geopackage(client, base, searched):
    table = geopandas.read_file(searched.run / "hits.gpkg", layer="footprints").set_index("frame_id")
    features = client.get(f"{base}/footprints").json()["features"]
    photos = client.get(f"{base}/photos").json()["photos"]
    assert len(features) == (~table.geometry.is_empty & table.geometry.notna()).sum()
    for feature in features:
        props, truth = feature["properties"], table.loc[feature["properties"]["frame_id"]]
        assert photos[props["k"]]["frame_id"] == props["frame_id"] and props["searched"] == truth["searched"]
        assert shape(feature["geometry"]).symmetric_difference(truth.geometry).area < 0.02 * truth.geometry.area
    (line,) = client.get(f"{base}/track").json()["features"]
    whole = geopandas.read_file(searched.run / "hits.gpkg", layer="track").geometry.iloc[0]
    assert shape(line["geometry"]).hausdorff_distance(whole) < 1e-5


def test_a_small_flight_without_gaps_has_none(client, base):
    assert client.get(f"{base}/gaps").json() == {"type": "FeatureCollection", "features": []}


def row(searched):
    return {"searched": searched}


def gaps(shapes):
    """Gaps in metres, of shapes in metres."""
    found = [shape(f["geometry"]) for f in gap_features(shapes, PLANE)]
    flat = [geopandas.GeoSeries([g]).transform(lambda xy: PLANE.xy(xy[:, 1], xy[:, 0])).iloc[0] for g in found]
    assert all(g.is_valid and g.geom_type == "Polygon" for g in flat)
    return union_all(flat) if flat else box(0, 0, 0, 0)


def strip(length_m, x0=0.0, y0=0.0, step=12.0, turn_deg=0.0, skip=()):
    photos = [box(x0 + i * step, y0, x0 + i * step + 40, y0 + 30) for i in range(int(length_m // step))]
    return [(row(i not in skip), rotate(p, turn_deg * (-1) ** i)) for i, p in enumerate(photos)]


def test_photos_that_were_not_searched_leave_a_gap():
    shapes = strip(600, skip=range(20, 30))
    alone = union_all([s for r, s in shapes if not r["searched"]]) - union_all([s for r, s in shapes if r["searched"]])
    assert alone.area > 1000 and gaps(shapes).symmetric_difference(alone).area < 0.01 * alone.area


def test_ground_between_two_strips_is_a_gap_and_a_field_that_was_flown_around_is_not():
    apart = [*strip(600), *strip(600, y0=55)]
    assert abs(gaps(apart).area / (25 * (shapes_width(apart))) - 1) < 0.02
    ring = [*strip(600), *strip(600, y0=570), *turned(strip(600)), *turned(strip(600, y0=-628))]
    assert gaps(ring).area == 0


def shapes_width(shapes):
    west, _, east, _ = union_all([s for _, s in shapes]).bounds
    return east - west


def turned(shapes):
    return [(r, rotate(s, 90, origin=(0, 0))) for r, s in shapes]


@pytest.mark.parametrize(("jitter_deg", "of_a_photo"), [(0.0, 0.0), (4.0, 0.1)])
def test_an_l_has_no_gap_in_its_corner(jitter_deg, of_a_photo):
    """Photos that are turned a little leave a notch there at most."""
    arms = [*strip(480, turn_deg=jitter_deg), *turned(strip(480, y0=-30, turn_deg=jitter_deg))]
    assert gaps(arms).area <= of_a_photo * 40 * 30


@settings(max_examples=30)
@given(
    st.lists(
        st.tuples(st.floats(-300, 300), st.floats(-300, 300), st.floats(0, 90), st.booleans()), min_size=1, max_size=12
    )
)
def test_a_gap_is_within_the_outline_and_never_on_searched_ground(drawn):
    shapes = [(row(seen), rotate(box(x, y, x + 60, y + 45), angle)) for x, y, angle, seen in drawn]
    found = gaps(shapes)
    seen = union_all([s for r, s in shapes if r["searched"]])
    around = outline([s for _, s in shapes], (60 * 45) ** 0.5)
    rough_m2 = 0.4 * found.length  # outlines are simplified by 0.3 m
    assert found.intersection(seen).area <= rough_m2 and (found - around).area <= rough_m2
    assert all((s - around).area < 1e-6 for _, s in shapes)


def test_what_the_browser_has_is_not_sent_again(client, base):
    for name in NAMES:
        check_tag(client, base, name)


def check_tag(client, base, name):
    first = client.get(f"{base}/{name}")
    again = client.get(f"{base}/{name}", headers={"If-None-Match": f'"other", W/{first.headers["etag"]}'})
    assert (first.status_code, again.status_code, again.content) == (200, 304, b"")
    assert first.headers["x-content-type-options"] == "nosniff" and "private" in first.headers["cache-control"]
    plain = client.get(f"{base}/{name}", headers={"Accept-Encoding": "identity, gzip;q=0"})
    assert "content-encoding" not in plain.headers and plain.json() == first.json()


def test_prepared_once_and_again_when_it_is_gone(app, client, base, finished_run):
    folder = run_folder(app.state.services.settings, finished_run)
    first = client.get(f"{base}/footprints")
    before = {p.name: (p.read_bytes(), p.stat().st_mtime_ns) for p in (folder / "web").iterdir()}
    assert prepare_run(folder)["photos"] == len(client.get(f"{base}/photos").json()["photos"])
    assert before == {p.name: (p.read_bytes(), p.stat().st_mtime_ns) for p in (folder / "web").iterdir()}
    (folder / "web" / "index.json").unlink()  # as a process that was killed leaves it
    (folder / "web" / "photos.jsonl").write_bytes(b"{")
    prepare_run(folder)
    assert {n: data for n, (data, _) in before.items()} == {p.name: p.read_bytes() for p in (folder / "web").iterdir()}
    shutil.rmtree(folder / "web")
    assert client.get(f"{base}/footprints").json() == first.json()


def test_the_run_folder_is_not_doubled(app, client, base, finished_run):
    client.get(f"{base}/map")
    folder = run_folder(app.state.services.settings, finished_run)
    sizes = {name: sum(p.stat().st_size for p in (folder / name).rglob("*")) for name in ("run", "web")}
    assert sizes["web"] < sizes["run"] / 4


def test_only_its_organisation_and_only_when_it_is_done(app, client, outsider, base, finished_run):
    names = (*NAMES, "mosaic/0.webp", "photos/0", "photos/0/thumb.jpg", "photos/0/original", "hits/h0")
    for name in names:
        assert outsider.get(f"{base}/{name}").status_code == 404
        assert client.get(f"/api/runs/{'f' * 16}/{name}").json()["code"] == "not_found"
    for state in ("queued", "running", "failed", "cancelled"):
        with app.state.services.database.write() as db:
            db.get(Job, finished_run).state = state
        for name in names:
            refused = client.get(f"{base}/{name}")
            assert (refused.status_code, refused.json()["code"]) == (409, "not_done")


def test_tiles_that_are_not_there(client, base):
    for n in ("-1", "99", "1e3", "０", "x", "%2e%2e", "9" * 40):
        assert client.get(f"{base}/mosaic/{n}.webp").status_code == 404, n


def test_the_stored_bodies_are_whole_gzip(app, client, base, finished_run):
    client.get(f"{base}/map")
    for path in (run_folder(app.state.services.settings, finished_run) / "web").glob("*.gz"):
        json.loads(gzip.decompress(path.read_bytes()))
