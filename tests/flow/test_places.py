"""places: a table's rows stay apart, in order, and say why."""

from __future__ import annotations

import csv

import numpy as np
import pytest

from pipeline.errors import MissionError
from pipeline.flow.places import Locator, Place, csv_bytes, locate_csv
from pipeline.geo.geodesy import geodesic_m
from pipeline.sim import FlightConfig, make_flight
from pipeline.types import Ground


def test_rows_do_not_depend_on_their_neighbours(flight):
    locator = Locator(Ground())
    photo = sorted(flight.flight.iterdir())[0]
    pixels = [(10.0, 20.0), (-9.0, 1.0), (399.5, 299.5)]
    together = locator.places("a", photo, pixels)
    assert [p.row() for p in together] == [locator.places("a", photo, [p])[0].row() for p in pixels]
    assert [bool(p.why) for p in together] == [False, True, False]


def test_numbers_are_written_to_their_last_decimal():
    text = csv_bytes([Place("照 片.JPG", 1.0, 2.0, 34.9, -180.0, 5.0, 0.25), Place("b", "x", "", why="no, never")])
    assert text.decode().splitlines() == [
        "image,x_px,y_px,lat_deg,lon_deg,alt_m,r90_m,why",
        "照 片.JPG,1.0,2.0,34.90000000,-180.00000000,5.000,0.250,",
        'b,x,,,,,,"no, never"',
    ]


def test_a_table_must_be_one(tmp_path):
    (tmp_path / "p.csv").write_bytes(b"image,x_px\n")
    with pytest.raises(MissionError, match="y_px"):
        locate_csv(tmp_path / "p.csv", Locator(Ground()))


def test_a_photo_without_a_pose_has_it_from_the_log_beside_it(tmp_path):
    config = FlightConfig(
        profile="exact", log="dataflash", pixels=False, width_px=800, height_px=600, strips=2, photos_per_strip=5
    )
    made = make_flight(tmp_path / "飞 行", config)
    with made.pixels.open(encoding="utf-8") as file:
        rows = [r for r in csv.DictReader(file) if r["visible"] == "1"][:12]
    locator = Locator(Ground(dem=str(made.dem), dem_datum="egm96"))
    found = [locator.places("a", made.flight / r["photo"], [(float(r["x_px"]), float(r["y_px"]))])[0] for r in rows]
    assert not any(p.why for p in found)
    truth = np.array([[float(r["lat_deg"]), float(r["lon_deg"])] for r in rows])
    assert geodesic_m([p.lat_deg for p in found], [p.lon_deg for p in found], *truth.T).max() < 0.3
    made.log.unlink()
    alone = Locator(Ground(dem=str(made.dem), dem_datum="egm96")).places("a", made.flight / rows[0]["photo"], [(1, 1)])
    assert "attitude" in alone[0].why
