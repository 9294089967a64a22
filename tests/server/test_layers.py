"""Layers: a known pixel comes out at its place, what is hostile is refused, and each organisation has its own."""

from __future__ import annotations

import gzip
import http.server
import math
import threading
from pathlib import Path

import cv2
import numpy as np
import pytest
import rasterio
from affine import Affine
from hypothesis import given, settings
from hypothesis import strategies as st
from pmtiles.tile import Compression, TileType, zxy_to_tileid
from pmtiles.writer import write as write_pmtiles
from rasterio.enums import ColorInterp

from pipeline.errors import MissionError
from pipeline.server import jobs
from pipeline.server.layers import geotiff, pmtiles
from pipeline.server.layers.dem import prepare_dem
from pipeline.server.layers.geotiff import prepare_raster
from pipeline.server.layers.pmtiles import prepare_pmtiles, read_tile
from pipeline.server.layers.tiles import raster_tile
from pipeline.server.runs import run_folder
from pipeline.server.search_job import SearchSteps
from pipeline.server.tables import Layer
from tests.server.placed import place_flight, place_layer
from tests.server.working import ask_for_run, job_of, until, workers

# rasterio itself multiplies affines in a way that the newest `affine` speaks against
pytestmark = pytest.mark.filterwarnings("ignore::PendingDeprecationWarning")


def from_origin(west: float, north: float, across: float, down: float) -> Affine:
    """Rasterio's own of that name multiplies in a way that warns."""
    return Affine(across, 0.0, west, 0.0, -down, north)


LON, LAT, STEP = 118.80, 32.05, 1e-5  # north-west corner in degrees, and a pixel
BLOCK = 50  # pixels of one colour


def blocks(bands: int, rows: int = 14, columns: int = 18, seed: int = 0, dtype="uint8") -> np.ndarray:
    """(bands, rows, columns) colours, each of a square of BLOCK pixels; no two alike in a row."""
    return np.random.default_rng(seed).integers(0, np.iinfo(dtype).max, (bands, rows, columns), dtype)


def write_tiff(path: Path, data: np.ndarray, crs="EPSG:4326", transform=None, **options) -> Path:
    transform = transform or from_origin(LON, LAT, STEP, STEP)
    shape = {"count": data.shape[0], "height": data.shape[1], "width": data.shape[2]}
    with rasterio.open(
        path, "w", driver="GTiff", dtype=data.dtype, crs=crs, transform=transform, **shape, **options
    ) as t:
        t.write(data)
    return path


def large(colours: np.ndarray) -> np.ndarray:
    return colours.repeat(BLOCK, 1).repeat(BLOCK, 2)


def mercator_px(lon: float, lat: float, z: int) -> tuple[int, int]:
    """The pixel of the whole world at a zoom, by the formula of the standard, not by our code."""
    n = 256 << z
    return int((lon + 180) / 360 * n), int((1 - math.asinh(math.tan(math.radians(lat))) / math.pi) / 2 * n)


def shown_at(folder: Path, lon: float, lat: float, z: int, maxzoom: int) -> np.ndarray:
    """(4,) red, green, blue, alpha of the tile's pixel there."""
    x, y = mercator_px(lon, lat, z)
    tile = cv2.imdecode(np.frombuffer(raster_tile(folder / "layer.tif", z, x // 256, y // 256, maxzoom), np.uint8), -1)
    assert tile.shape == (256, 256, 4)
    return tile[y % 256, x % 256][[2, 1, 0, 3]]


def middle(row: int, column: int) -> tuple[float, float]:
    return LON + (column + 0.5) * BLOCK * STEP, LAT - (row + 0.5) * BLOCK * STEP


def silent(done: int, total: int) -> None:
    """Nobody listens."""


@pytest.fixture(scope="module")
def ortho(tmp_path_factory) -> tuple[Path, dict, np.ndarray]:
    folder, colours = tmp_path_factory.mktemp("layer"), blocks(3)
    return folder, prepare_raster(write_tiff(folder / "a.tif", large(colours)), "a.tif", folder, silent), colours


@given(row=st.integers(0, 13), column=st.integers(0, 17), up=st.integers(0, 2))
def test_every_block_has_its_colour_at_its_place(ortho, row, column, up):
    folder, facts, colours = ortho
    found = shown_at(folder, *middle(row, column), facts["maxzoom"] - up, facts["maxzoom"])
    assert np.abs(found[:3].astype(int) - colours[:, row, column]).max() <= 1 and found[3] == 255


@settings(max_examples=30)
@given(row=st.integers(1, 13), column=st.integers(1, 17))
def test_edges_between_blocks_lie_within_a_pixel(ortho, row, column):
    """Two pixels of the file beyond a corner of four blocks each has its own colour."""
    folder, facts, colours = ortho
    for down, right in ((-1, -1), (-1, 0), (0, -1), (0, 0)):
        lon = LON + (column * BLOCK + (2.5 if right == 0 else -2.5)) * STEP
        lat = LAT - (row * BLOCK + (2.5 if down == 0 else -2.5)) * STEP
        found = shown_at(folder, lon, lat, facts["maxzoom"], facts["maxzoom"])
        assert np.abs(found[:3].astype(int) - colours[:, row + down, column + right]).max() <= 1


def test_facts_and_what_lies_beyond(ortho):
    folder, facts, _ = ortho
    assert facts["bounds"] == pytest.approx([LON, LAT - 700 * STEP, LON + 900 * STEP, LAT])
    assert 0 <= facts["minzoom"] < facts["maxzoom"] <= 24
    assert shown_at(folder, LON - 2 * STEP, LAT, facts["maxzoom"], facts["maxzoom"])[3] == 0
    assert shown_at(folder, LON + 1, LAT, facts["maxzoom"], facts["maxzoom"])[3] == 0
    with rasterio.open(folder / "layer.tif") as own:
        assert own.crs.to_epsg() == 3857 and own.block_shapes[0] == (256, 256)
        assert len(own.overviews(1)) == facts["maxzoom"] - facts["minzoom"]


def test_a_projected_file_lies_where_its_corners_say(tmp_path):
    """CGCS2000 by the 3° zones, in metres: its blocks come out at their own longitudes and latitudes."""
    from pyproj import Transformer

    colours = blocks(3, 6, 6)
    east, north = Transformer.from_crs(4326, 4548, always_xy=True).transform(LON, LAT)
    file = write_tiff(tmp_path / "a.tif", large(colours), "EPSG:4548", from_origin(east, north, 1.0, 1.0))
    facts = prepare_raster(file, "a.tif", tmp_path, silent)
    back = Transformer.from_crs(4548, 4326, always_xy=True)
    for row in range(6):
        lon, lat = back.transform(east + (row + 0.5) * BLOCK, north - 2.5 * BLOCK)
        found = shown_at(tmp_path, lon, lat, facts["maxzoom"], facts["maxzoom"])
        assert np.abs(found[:3].astype(int) - colours[:, 2, row]).max() <= 1


def test_grey_palette_sixteen_bits_and_alpha(tmp_path):
    grey = blocks(1)
    facts = prepare_raster(write_tiff(tmp_path / "g.tif", large(grey)), "g.tif", tmp_path, silent)
    assert abs(int(shown_at(tmp_path, *middle(3, 4), facts["maxzoom"], facts["maxzoom"])[1]) - grey[0, 3, 4]) <= 1
    _check_palette(tmp_path)
    _check_sixteen_bits(tmp_path)
    _check_alpha_and_nodata(tmp_path)


def _check_palette(folder: Path) -> None:
    numbers = blocks(1, seed=1) % 4
    path = write_tiff(folder / "p.tif", large(numbers), photometric="palette")
    colours = {0: (255, 0, 0, 255), 1: (0, 255, 0, 255), 2: (0, 0, 255, 255), 3: (9, 8, 7, 255)}
    with rasterio.open(path, "r+") as tiff:
        tiff.write_colormap(1, colours)
    facts = prepare_raster(path, "p.tif", folder, silent)
    raster_tile.cache_clear()
    for row in range(5):
        found = shown_at(folder, *middle(row, 2), facts["maxzoom"], facts["maxzoom"])
        assert tuple(found) == colours[int(numbers[0, row, 2])]


def _check_sixteen_bits(folder: Path) -> None:
    ramp = np.arange(14 * 18, dtype=np.uint16).reshape(1, 14, 18) * 200 + 1000
    facts = prepare_raster(write_tiff(folder / "s.tif", large(ramp)), "s.tif", folder, silent)
    raster_tile.cache_clear()
    seen = [int(shown_at(folder, *middle(row, 9), facts["maxzoom"], facts["maxzoom"])[0]) for row in range(14)]
    assert seen == sorted(seen) and seen[0] < 30 and seen[-1] > 225


def _check_alpha_and_nodata(folder: Path) -> None:
    rgba = blocks(4)
    rgba[3] = 255
    rgba[3, 5, 6] = 0
    path = write_tiff(folder / "t.tif", large(rgba), photometric="rgb", alpha="yes")
    with rasterio.open(path) as tiff:
        assert tiff.colorinterp[3] == ColorInterp.alpha
    empty = blocks(1)
    empty[empty == 7] = 8
    empty[0, 5, 6] = 7
    without = write_tiff(folder / "n.tif", large(empty), nodata=7)
    for file in (path, without):
        facts = prepare_raster(file, file.name, folder, silent)
        raster_tile.cache_clear()
        assert shown_at(folder, *middle(5, 6), facts["maxzoom"], facts["maxzoom"])[3] == 0
        assert shown_at(folder, *middle(5, 8), facts["maxzoom"], facts["maxzoom"])[3] == 255


@pytest.fixture
def listener():
    """A web server on loopback; what it was asked for."""
    asked: list[str] = []

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            self.send_error(404)

        do_HEAD = do_GET

        def log_message(self, *_: object) -> None:
            """Quietly."""

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server.server_port, asked
    server.shutdown()
    server.server_close()


@pytest.mark.parametrize("work", [prepare_raster, prepare_dem])
def test_files_that_reach_out_are_refused_unread(tmp_path, listener, work):
    port, asked = listener
    url = f"http://127.0.0.1:{port}"
    vrt = '<VRTDataset rasterXSize="9" rasterYSize="9"><SRS>EPSG:4326</SRS>'
    vrt += f"<GeoTransform>{LON}, {STEP}, 0, {LAT}, 0, -{STEP}</GeoTransform>"
    vrt += '<VRTRasterBand dataType="Float32" band="1"><SimpleSource>'
    vrt += f"<SourceFilename>/vsicurl/{url}/a.tif</SourceFilename></SimpleSource></VRTRasterBand></VRTDataset>"
    (tmp_path / "vrt.tif").write_text(vrt)
    outside = write_tiff(tmp_path / "overviews.tif", large(blocks(1)))
    with rasterio.open(outside, "r+") as tiff:
        tiff.update_tags(ns="OVERVIEWS", OVERVIEW_FILE=f"/vsicurl/{url}/b.vrt")
    (tmp_path / "wms.tif").write_text(
        f"<GDAL_WMS><Service name='TMS'><ServerUrl>{url}/c</ServerUrl></Service></GDAL_WMS>"
    )
    for name in ("vrt.tif", "overviews.tif", "wms.tif"):
        with pytest.raises(MissionError, match=name):
            work(tmp_path / name, name, tmp_path, silent)
    assert asked == [] and not (tmp_path / "layer.tif").exists() and not (tmp_path / "dem.tif").exists()


def test_what_makes_no_picture_is_a_sentence(tmp_path, monkeypatch):
    whole = write_tiff(tmp_path / "whole.tif", large(blocks(1))).read_bytes()
    with pytest.warns(rasterio.errors.NotGeoreferencedWarning):
        write_tiff(tmp_path / "nowhere.tif", large(blocks(1)), None, Affine.identity())
    write_tiff(tmp_path / "beyond.tif", large(blocks(1)), "EPSG:4326", from_origin(0, 300, STEP, STEP))
    write_tiff(tmp_path / "bands.tif", np.zeros((17, 20, 20), np.uint8))
    (tmp_path / "cut.tif").write_bytes(whole[: len(whole) // 2])
    (tmp_path / "text.tif").write_text("no picture")
    (tmp_path / "empty.tif").write_bytes(b"")
    for name in ("nowhere", "beyond", "bands", "cut", "text", "empty"):
        with pytest.raises(MissionError, match=f"^{name}.tif: "):
            prepare_raster(tmp_path / f"{name}.tif", f"{name}.tif", tmp_path, silent)
    monkeypatch.setattr(geotiff, "MAX_PIXELS", 1000)
    with pytest.raises(MissionError, match="900 × 700 pixels"):
        prepare_raster(tmp_path / "whole.tif", "whole.tif", tmp_path, silent)
    assert not (tmp_path / "layer.tif").exists()


def test_a_bomb_is_refused_by_its_header(tmp_path):
    """300,000 × 300,000 pixels in a sparse file of a few megabytes, and one whose only tile takes a gigabyte."""
    options = {"driver": "GTiff", "dtype": "uint8", "count": 1, "tiled": True, "sparse_ok": True, "compress": "deflate"}
    options |= {"crs": "EPSG:4326", "transform": from_origin(100, 40, 1e-6, 1e-6)}
    sizes = {"wide.tif": (300_000, 256), "tile.tif": (30_000, 32_000)}
    for name, (side, block) in sizes.items():
        path = tmp_path / name
        rasterio.open(path, "w", width=side, height=side, blockxsize=block, blockysize=block, **options).close()
        with pytest.raises(MissionError, match=name):
            prepare_raster(path, name, tmp_path, silent)
    assert not (tmp_path / "layer.tif").exists()


def archive(path: Path, tiles: dict, kind=TileType.PNG, packing=Compression.NONE, **header) -> Path:
    with write_pmtiles(path) as writer:
        for z, x, y in sorted(tiles, key=lambda t: zxy_to_tileid(*t)):
            writer.write_tile(zxy_to_tileid(z, x, y), tiles[z, x, y])
        told = {"tile_type": kind, "tile_compression": packing, "min_zoom": 0, "max_zoom": 3}
        told |= {"min_lon_e7": -10, "min_lat_e7": -10, "max_lon_e7": 10, "max_lat_e7": 10}
        told |= {"center_zoom": 0, "center_lon_e7": 0, "center_lat_e7": 0}
        writer.finalize({**told, **header}, {"attribution": "<b>测绘</b>", "vector_layers": [{"id": "river"}]})
    return path


PNG = b"\x89PNG\r\n\x1a\n"


def test_pmtiles_give_their_tiles(tmp_path):
    tiles = {(z, x, y): PNG + bytes([z, x, y]) for z in range(4) for x in range(1 << z) for y in range(1 << z)}
    del tiles[3, 4, 4]
    facts = prepare_pmtiles(archive(tmp_path / "a.pmtiles", tiles), "a.pmtiles", tmp_path, silent)
    assert (facts["minzoom"], facts["maxzoom"], facts["vector"]) == (0, 3, False)
    assert facts["attribution"] == "<b>测绘</b>"
    kept = tmp_path / "layer.pmtiles"
    assert all(read_tile(kept, *t) == (data, "image/png", False) for t, data in tiles.items())
    assert read_tile(kept, 3, 4, 4) is None


def test_vector_pmtiles_are_passed_through(tmp_path):
    packed = gzip.compress(b"\x1a\x00")
    file = archive(tmp_path / "v.pmtiles", {(0, 0, 0): packed}, TileType.MVT, Compression.GZIP)
    facts = prepare_pmtiles(file, "v.pmtiles", tmp_path, silent)
    assert facts["vector"] and facts["vector_layers"] == ["river"]
    assert read_tile(tmp_path / "layer.pmtiles", 0, 0, 0) == (packed, "application/vnd.mapbox-vector-tile", True)


def changed(path: Path, at: int, value: int, size: int = 8) -> Path:
    data = bytearray(path.read_bytes())
    data[at : at + size] = value.to_bytes(size, "little")
    path.write_bytes(data)
    return path


HOSTILE = {
    "root beyond the end": (8, 1 << 40, 8),
    "root too long": (16, 1 << 40, 8),
    "metadata beyond the end": (24, 1 << 62, 8),
    "another version": (7, 4, 1),
    "unknown packing": (97, 3, 1),
    "no such packing": (97, 77, 1),
    "a kind that is not shown": (99, 5, 1),
    "zooms the wrong way round": (100, 9, 1),
    "a zoom too far": (101, 31, 1),
    "bounds beyond the earth": (102, 2**31 - 1, 4),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_pmtiles_are_a_sentence(tmp_path, name):
    file = changed(archive(tmp_path / "h.pmtiles", {(0, 0, 0): PNG}), *HOSTILE[name])
    with pytest.raises(MissionError, match=r"^名\.pmtiles: "):
        prepare_pmtiles(file, "名.pmtiles", tmp_path, silent)
    assert not (tmp_path / "layer.pmtiles").exists()


@settings(max_examples=60)
@given(data=st.data())
def test_damaged_pmtiles_never_raise_anything_else(tmp_path_factory, data):
    folder = tmp_path_factory.mktemp("damaged")
    whole = bytearray(archive(folder / "d.pmtiles", {(0, 0, 0): PNG, (1, 1, 0): PNG + b"x"}).read_bytes())
    for _ in range(data.draw(st.integers(1, 6))):
        whole[data.draw(st.integers(0, len(whole) - 1))] = data.draw(st.integers(0, 255))
    (folder / "d.pmtiles").write_bytes(whole[: data.draw(st.integers(0, len(whole)))])
    try:
        prepare_pmtiles(folder / "d.pmtiles", "d", folder, silent)
        read_tile(folder / "layer.pmtiles", 1, 1, 0)
    except MissionError:
        pass


def test_a_directory_that_unpacks_without_end_is_refused(tmp_path):
    file = archive(tmp_path / "b.pmtiles", {(0, 0, 0): PNG})
    bomb = gzip.compress(b"\x00" * (64 << 20))
    data = file.read_bytes() + bomb
    file.write_bytes(data)
    changed(changed(file, 8, len(data) - len(bomb)), 16, len(bomb))
    with pytest.raises(MissionError, match="too large"):
        prepare_pmtiles(file, "b", tmp_path, silent)
    assert len(bomb) < pmtiles.MAX_DIRECTORY_BYTES


def with_root(path: Path, packed: bytes) -> Path:
    """An archive with these bytes as its root directory, at its end."""
    changed(changed(path, 8, path.stat().st_size), 16, len(packed))
    path.write_bytes(path.read_bytes() + packed)
    return path


def test_a_directory_in_several_pieces_is_refused(tmp_path):
    """The package unpacks all of them: a small first one is no promise."""
    entry = gzip.compress(bytes([1, 0, 1, 5, 1]))
    read = with_root(archive(tmp_path / "one.pmtiles", {(0, 0, 0): PNG}), entry)
    assert prepare_pmtiles(read, "one", tmp_path, silent)["maxzoom"] == 0
    file = with_root(archive(tmp_path / "two.pmtiles", {(0, 0, 0): PNG}), entry + gzip.compress(bytes(10**7)))
    with pytest.raises(MissionError, match="too large"):
        prepare_pmtiles(file, "two", tmp_path, silent)


def test_a_number_without_end_is_refused(tmp_path):
    endless = bytes([1, *[255] * 20, 1, 1, 5, 1])
    file = with_root(archive(tmp_path / "n.pmtiles", {(0, 0, 0): PNG}), gzip.compress(endless))
    with pytest.raises(MissionError, match="damaged"):
        prepare_pmtiles(file, "n", tmp_path, silent)


def test_a_terrain_model_is_kept_as_it_is(tmp_path):
    heights = np.linspace(10, 60, 40 * 50, dtype=np.float32).reshape(1, 40, 50)
    file = write_tiff(tmp_path / "地形.tif", heights, transform=from_origin(LON, LAT, 1e-4, 1e-4))
    facts = prepare_dem(file, "地形.tif", tmp_path, silent)
    assert (tmp_path / "dem.tif").read_bytes() == file.read_bytes()
    assert facts["bounds"] == pytest.approx([LON, LAT - 0.004, LON + 0.005, LAT]) and 9 < facts["cell_m"] < 12
    assert any("EGM96" in note for note in facts["notes"])


def test_terrain_that_the_search_cannot_use(tmp_path):
    file = write_tiff(tmp_path / "x.tif", np.full((1, 20, 20), -32768, np.int16), nodata=-32768)
    with pytest.raises(MissionError, match=r"^我的\.tif: "):
        prepare_dem(file, "我的.tif", tmp_path, silent)
    assert not (tmp_path / "dem.tif").exists()


# The routes


NEW = {"name": "正射影像", "kind": "raster", "path": "folder/ortho.tif", "size": 1000, "sha256": "9f" * 32}


def test_declaring_and_deleting(client, app):
    made = client.post("/api/layers", json=NEW)
    assert made.status_code == 201
    layer = made.json()
    assert (layer["state"], layer["facts"], layer["file"]["path"], layer["file"]["state"]) == (
        "waiting", {}, "ortho.tif", "waiting",
    )  # fmt: skip
    assert client.get("/api/layers").json() == {"layers": [layer]}
    assert client.get(f"/api/layers/{layer['id']}/tiles/0/0/0").status_code == 404
    assert client.delete(f"/api/layers/{layer['id']}").status_code == 204
    assert client.get("/api/layers").json() == {"layers": []}
    assert [e["action"] for e in client.get("/api/audit").json()["events"]][:2] == ["layer_deleted", "layer_created"]


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"path": "a.vrt"}, "kind_unknown"),
        ({"path": "a.pmtiles"}, "kind_unknown"),
        ({"path": "CON.tif"}, "name_reserved"),
        ({"size": 0}, "file_empty"),
        ({"kind": "vrt"}, "invalid"),
        ({"sha256": "x"}, "invalid"),
        ({"size": -1}, "invalid"),
    ],
)
def test_what_cannot_be_a_layer_is_refused(client, change, code):
    answer = client.post("/api/layers", json={**NEW, **change})
    assert (answer.status_code, answer.json()["code"]) == (422, code)
    assert client.get("/api/layers").json() == {"layers": []}


def test_who_may_change_layers(client, sign_in_as):
    judge = sign_in_as("judge")
    assert judge.get("/api/layers").status_code == 200
    assert judge.post("/api/layers", json=NEW).json()["code"] == "not_allowed"
    layer = client.post("/api/layers", json=NEW).json()["id"]
    assert judge.delete(f"/api/layers/{layer}").json()["code"] == "not_allowed"


def test_a_layer_from_its_file_to_its_tiles(client, outsider, app, tmp_path):
    """By a real worker: a raster, a terrain model, a PMTiles file and one that is refused."""
    held, colours = app.state.services, blocks(3)
    heights = np.linspace(10, 60, 40 * 50, dtype=np.float32).reshape(1, 40, 50)
    files = {
        "raster": write_tiff(tmp_path / "a.tif", large(colours)),
        "dem": write_tiff(tmp_path / "dem.tif", heights, transform=from_origin(LON, LAT, 1e-4, 1e-4)),
        "pmtiles": archive(tmp_path / "a.pmtiles", {(0, 0, 0): PNG, (1, 1, 1): PNG}),
    }
    ids = {kind: place_layer(held.settings, held.database, file, kind) for kind, file in files.items()}
    (tmp_path / "evil.tif").write_text("<VRTDataset/>")
    ids["evil"] = place_layer(held.settings, held.database, tmp_path / "evil.tif", "raster")

    def layers() -> dict:
        found = {x["id"]: x for x in client.get("/api/layers").json()["layers"]}
        return found if all(x["state"] in ("ready", "refused") for x in found.values()) else {}

    with workers(held.settings, held.database):
        shown = until(layers)
    assert [shown[ids[k]]["state"] for k in ids] == ["ready", "ready", "ready", "refused"]
    assert shown[ids["evil"]]["reason"].startswith("evil.tif: ") and str(tmp_path) not in shown[ids["evil"]]["reason"]
    _check_tiles(client, outsider, ids, shown, colours)
    _check_dem_of_a_run(client, held, ids["dem"], tmp_path)


def _check_tiles(client, outsider, ids: dict, shown: dict, colours: np.ndarray) -> None:
    z = shown[ids["raster"]]["facts"]["maxzoom"]
    x, y = mercator_px(*middle(3, 5), z)
    path = f"/api/layers/{ids['raster']}/tiles/{z}/{x // 256}/{y // 256}"
    answer = client.get(path)
    assert (answer.status_code, answer.headers["content-type"]) == (200, "image/png")
    tile = cv2.imdecode(np.frombuffer(answer.content, np.uint8), -1)
    assert np.abs(tile[y % 256, x % 256][[2, 1, 0]].astype(int) - colours[:, 3, 5]).max() <= 1
    assert outsider.get(path).status_code == 404 and outsider.get("/api/layers").json() == {"layers": []}
    for wrong in (f"{z + 1}/0/0", f"{z}/{1 << z}/0", f"{z}/-1/0", "-1/0/0"):
        assert client.get(f"/api/layers/{ids['raster']}/tiles/{wrong}").status_code == 404
    assert client.get(f"/api/layers/{ids['dem']}/tiles/0/0/0").status_code == 404
    assert client.get(f"/api/layers/{ids['pmtiles']}/tiles/0/0/0").content == PNG
    assert client.get(f"/api/layers/{ids['pmtiles']}/tiles/1/0/0").status_code == 204


def _check_dem_of_a_run(client, held, layer_id: str, tmp_path: Path) -> None:
    """A run has its terrain under a name of its own, which stays when the layer goes."""
    card = tmp_path / "card"
    card.mkdir()
    (card / "A.JPG").write_bytes(b"\xff\xd8\xff")
    flight = place_flight(held.settings, held.database, card)
    asked = client.post(f"/api/flights/{flight}/runs", json={"dem_layer": layer_id, "dem_datum": "egm96"})
    run = asked.json()["id"]
    order, _ = SearchSteps().begin(held.settings, held.database, job_of(held.database, run))
    dem = run_folder(held.settings, run) / "dem.tif"
    assert (order["config"]["dem_datum"], order["config"]["dem"]) == ("egm96", str(dem))
    assert client.delete(f"/api/layers/{layer_id}").status_code == 204
    assert SearchSteps().begin(held.settings, held.database, job_of(held.database, run))[0] == order
    with held.database.read() as db:
        assert db.get(Layer, layer_id) is None
    other = ask_for_run(held.settings, held.database, flight, dem_layer=layer_id)
    with pytest.raises(MissionError, match="was deleted"):
        SearchSteps().begin(held.settings, held.database, job_of(held.database, other))


def test_a_layer_that_is_being_prepared_stays(client, app, tmp_path):
    held = app.state.services
    layer = place_layer(held.settings, held.database, write_tiff(tmp_path / "a.tif", large(blocks(1))), "raster")
    assert jobs.claim(held.database, "w", 10, ("layer",)).layer_id == layer
    assert client.delete(f"/api/layers/{layer}").json()["code"] == "layer_busy"
