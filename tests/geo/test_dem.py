"""dem: what a GeoTIFF says, cell by cell, and what is refused."""

from __future__ import annotations

import struct

import numpy as np
import pytest
from affine import Affine

from pipeline.errors import MissionError
from pipeline.geo.datum import egm96_m
from pipeline.geo.dem import HOLE, KNOWN, OUTSIDE, read_dem
from pipeline.geo.ground import open_ground
from pipeline.types import Ground

GEO = Affine(0.01, 0.0, 113.0, 0.0, -0.01, 35.0)


def opened(path, datum="ellipsoid"):
    return open_ground(Ground(dem=str(path), dem_datum=datum))


def numbered(rows=4, columns=5) -> np.ndarray:
    return (10.0 * np.arange(rows)[:, None] + np.arange(columns)).astype(np.float32)


def test_cell_centres_hold_the_file_s_values(write_dem):
    surface = opened(write_dem(numbered(), "EPSG:4326", transform=GEO))
    found = surface.height_m([34.995, 34.985, 34.965], [113.005, 113.025, 113.045])
    assert found == pytest.approx([0.0, 12.0, 34.0], abs=1e-6)


def test_between_centres_it_is_bilinear(write_dem):
    surface = opened(write_dem(numbered(), "EPSG:4326", transform=GEO))
    assert surface.height_m([34.9875], [113.0125])[0] == pytest.approx(7.5 + 0.75, abs=1e-5)  # ¾ of a row and a column


def test_half_a_cell_beyond_the_outermost_centres_and_no_further(write_dem):
    surface = opened(write_dem(numbered(), "EPSG:4326", transform=GEO))
    assert surface.height_m([34.9999, 34.9601], [113.0001, 113.0499]) == pytest.approx([0.0, 34.0], abs=1e-4)
    assert np.isnan(surface.height_m([35.0001, 34.98, 34.98], [113.02, 112.9999, 113.0501])).all()


def test_pixel_is_point_means_the_same_centres(write_dem):
    """GDAL writes the tie point of the centre, and reads it back into the same transform."""
    area = opened(write_dem(numbered(), "EPSG:4326", transform=GEO, name="a.tif"))
    point = opened(write_dem(numbered(), "EPSG:4326", transform=GEO, name="p.tif", tags={"AREA_OR_POINT": "Point"}))
    lat, lon = np.array([34.995, 34.981, 34.97]), np.array([113.005, 113.02, 113.041])
    assert point.height_m(lat, lon) == pytest.approx(area.height_m(lat, lon))


def test_a_point_tiff_s_tie_point_is_a_centre(tmp_path):
    """The bytes of a GeoTIFF with RasterPixelIsPoint whose tie point is 113.5 E, 34.5 N, without any GDAL."""
    path = tmp_path / "point.tif"
    path.write_bytes(point_tiff(np.arange(12, dtype="<f4").reshape(3, 4), 113.5, 34.5, 0.01))
    assert opened(path).height_m([34.5, 34.49], [113.5, 113.52]) == pytest.approx([0.0, 6.0], abs=1e-5)


def point_tiff(values: np.ndarray, lon: float, lat: float, step: float) -> bytes:
    rows, columns = values.shape
    keys = struct.pack("<16H", 1, 1, 0, 3, 1024, 0, 1, 2, 1025, 0, 1, 2, 2048, 0, 1, 4326)
    blobs = {
        33550: (12, struct.pack("<3d", step, step, 0.0)),
        33922: (12, struct.pack("<6d", 0.0, 0.0, 0.0, lon, lat, 0.0)),
        34735: (3, keys),
    }
    small = {256: columns, 257: rows, 258: 32, 259: 1, 262: 1, 277: 1, 278: rows, 279: values.nbytes, 339: 3}
    count = len(small) + len(blobs) + 1
    at = 8 + 2 + 12 * count + 4
    entries, tail = {}, b""
    for tag, (kind, blob) in blobs.items():
        entries[tag] = struct.pack("<HHII", tag, kind, len(blob) // {12: 8, 3: 2}[kind], at + len(tail))
        tail += blob
    entries |= {tag: struct.pack("<HHIHH", tag, 3, 1, value, 0) for tag, value in small.items()}
    entries[273] = struct.pack("<HHII", 273, 4, 1, at + len(tail))
    head = struct.pack("<2sHIH", b"II", 42, 8, count) + b"".join(entries[t] for t in sorted(entries)) + b"\0\0\0\0"
    return head + tail + values.tobytes()


def test_no_data_inside_is_a_hole_and_at_the_edge_outside(write_dem):
    z = numbered(8, 9)
    z[4, 4] = -9999.0
    z[0, 0] = -9999.0
    dem = read_dem(str(write_dem(z, "EPSG:4326", transform=GEO, nodata=-9999.0)), "ellipsoid")
    assert dem.kinds[4:6, 4:6].tolist() == [[HOLE, HOLE], [HOLE, HOLE]]  # one ring was added
    assert (dem.kinds[:2, :2] == OUTSIDE).all() and dem.kinds[2, 3] == KNOWN
    assert dem.heights_m[5, 5] == z[5, 5]  # the lid lies as high as the rim's highest cell


@pytest.mark.parametrize("bad", [-32768.0, -9999.0, 3.4e38, np.nan, np.inf])
def test_undeclared_no_data_is_no_height(write_dem, bad):
    z = numbered(8, 9)
    z[4, 4] = bad
    surface = opened(write_dem(z, "EPSG:4326", transform=GEO))
    assert np.isnan(surface.height_m([34.955], [113.045])[0])


def test_whole_numbers_several_bands_and_a_turned_grid(write_dem):
    z = numbered(6, 7).astype(np.int16)
    turned = Affine(7.0, 7.0, 500_000.0, 7.0, -7.0, 3_850_000.0)
    surface = opened(write_dem(np.stack([z, z + 500]), transform=turned))
    lat, lon = surface.dem.map.places(np.array([3.0]), np.array([2.0]))  # the ring shifts by one
    assert surface.height_m(lat, lon)[0] == pytest.approx(12.0, abs=1e-4)
    assert surface.sigma_m == pytest.approx(0.99, abs=0.01)


# --- vertical datum: the file's own, else the user's, else EGM96 with a note


def test_without_a_word_heights_are_egm96_and_a_note_says_so(write_dem):
    surface = open_ground(Ground(dem=str(write_dem(numbered(), "EPSG:4326", transform=GEO))))
    assert surface.height_m([34.985], [113.025])[0] == pytest.approx(12.0 + egm96_m(34.985, 113.025), abs=1e-3)
    assert len(surface.notes) == 1 and "EGM96 was assumed" in surface.notes[0] and "dem.tif" in surface.notes[0]


@pytest.mark.parametrize(
    ("crs", "shift"), [("EPSG:4326+5773", "egm96"), ("EPSG:32650+5773", "egm96"), ("EPSG:4979", "ellipsoid")]
)
def test_the_file_s_own_datum_beats_the_option(write_dem, crs, shift):
    transform = {} if "32650" in crs else {"transform": GEO}
    path = write_dem(numbered(), crs, **transform)
    other = "ellipsoid" if shift == "egm96" else "egm96"
    surface = opened(path, other)
    lat, lon = surface.dem.map.places(np.array([3.0]), np.array([2.0]))
    expected = 12.0 + (float(egm96_m(lat, lon)[0]) if shift == "egm96" else 0.0)
    assert surface.height_m(lat, lon)[0] == pytest.approx(expected, abs=2e-3)
    assert len(surface.notes) == 1 and f"{other} was not used" in surface.notes[0]
    assert opened(path, shift).notes == opened(path, None).notes == ()


@pytest.mark.parametrize("crs", ["EPSG:4326+3855", "EPSG:4490+5737"])  # EGM2008; Yellow Sea 1985
def test_other_geoids_need_their_grid(write_dem, crs):
    with pytest.raises(MissionError, match="--geoid"):
        opened(write_dem(numbered(), crs, transform=GEO), None)


def test_a_vertical_system_in_feet_is_read_in_metres(write_dem, tmp_path):
    geoid = tmp_path / "level.gtx"
    geoid.write_bytes(struct.pack(">4d2i", 30.0, 110.0, 5.0, 5.0, 2, 2) + np.full(4, 7.0, ">f4").tobytes())
    path = write_dem(numbered() * 100, "EPSG:4326+8228", transform=GEO)  # NAVD88 height (ft)
    surface = open_ground(Ground(dem=str(path), geoid=str(geoid)))
    assert surface.height_m([34.985], [113.025])[0] == pytest.approx(1200 * 0.3048 + 7.0, abs=1e-3)


def test_undulations_of_a_large_projected_dem_are_those_of_its_cells(write_dem):
    """20 m cells look the geoid up every 20 cells; between, the error stays below 2 mm."""
    surface = opened(write_dem(np.zeros((700, 900), np.float32), cell=20.0), "egm96")
    rng = np.random.default_rng(5)
    lat, lon = surface.dem.map.places(rng.uniform(1, 900, 200), rng.uniform(1, 700, 200))
    assert np.abs(surface.height_m(lat, lon) - egm96_m(lat, lon)).max() < 2e-3


# --- refusals


def test_missing_damaged_or_misplaced_files_are_refused_in_a_sentence(write_dem, tmp_path):
    with pytest.raises(MissionError, match="no such DEM"):
        read_dem(str(tmp_path / "none.tif"))
    text = tmp_path / "text.tif"
    text.write_text("not a DEM")
    with pytest.raises(MissionError, match=r"text\.tif: not a readable GeoTIFF"):
        read_dem(str(text))
    with pytest.raises(MissionError, match="no coordinate system"):
        read_dem(str(write_dem(numbered(), None)))
    with pytest.raises(MissionError, match="no height at all"):
        read_dem(str(write_dem(np.full((4, 4), np.nan, np.float32))))


@pytest.mark.parametrize(
    ("crs", "transform"),
    [
        ('LOCAL_CS["site",UNIT["metre",1]]', Affine(1, 0, 10, 0, -1, 20)),
        ("EPSG:4978", Affine(1, 0, 10, 0, -1, 20)),  # earth-centred
        ("EPSG:32650", Affine(30, 0, 5e9, 0, -30, 3.87e9)),
        ("EPSG:4326", Affine(0.001, 0, 113.5, 0, -0.001, 95)),
    ],
)
def test_a_dem_that_lies_nowhere_on_the_earth_is_refused_in_a_sentence(write_dem, crs, transform):
    with pytest.raises(MissionError, match=r"地形 dem\.tif: .* earth$"):
        read_dem(str(write_dem(numbered(), crs, transform=transform)))


def test_other_formats_are_not_opened_under_a_tiff_s_name(tmp_path, write_dem):
    write_dem(numbered(), name="secret.tif")
    path = tmp_path / "dem.tif"
    path.write_text(
        '<VRTDataset rasterXSize="5" rasterYSize="4"><VRTRasterBand dataType="Float32" band="1"><SimpleSource>'
        f"<SourceFilename>{tmp_path / 'secret.tif'}</SourceFilename></SimpleSource></VRTRasterBand></VRTDataset>"
    )
    with pytest.raises(MissionError, match="not a readable GeoTIFF"):
        read_dem(str(path))


def test_a_small_file_that_claims_a_huge_grid_is_refused_before_it_is_read(tmp_path):
    import rasterio

    path = tmp_path / "huge.tif"
    shape = {"width": 60_000, "height": 60_000, "count": 1, "dtype": "float32"}
    with rasterio.open(path, "w", driver="GTiff", crs="EPSG:4326", transform=GEO, sparse_ok=True, tiled=True, **shape):
        pass
    assert path.stat().st_size < 5_000_000
    with pytest.raises(MissionError, match="more than the 200 million allowed"):
        read_dem(str(path))


def test_a_truncated_file_is_refused(write_dem, hills):
    path = write_dem(hills)
    path.write_bytes(path.read_bytes()[:20_000])
    with pytest.raises(MissionError, match=r"dem\.tif"):
        read_dem(str(path))
