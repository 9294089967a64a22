"""How far off `locate` is on real photos with known ground points: median, CE90 and maximum, and how honest r90 is.

Needs the real flights (QLY_TEST_DATA, default ../shared/data): brighton (nadir, 40 m, tie points of a bundle
adjustment; one strip's pixels are turned by 180 degrees) and narrabeen (one still at -15 degrees, surveyed targets
171-413 m off).

    python benchmarks/real_flights.py
"""

from __future__ import annotations

import csv
import os
import tempfile
from pathlib import Path

import numpy as np
from pyproj import Transformer

from pipeline.flow.places import Locator, Place, locate_csv
from pipeline.types import Ground

DATA = Path(os.environ.get("QLY_TEST_DATA", Path(__file__).resolve().parents[1] / "../shared/data"))
TURNED = {f"DJI_{n:04d}.JPG" for n in range(24, 30)}


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8-sig") as file:
        return list(csv.DictReader(file))


def located(folder: Path, pixels: list[tuple[str, float, float]]) -> list[Place]:
    """`locate --pixels` on a CSV written beside nothing: image paths are absolute."""
    with tempfile.TemporaryDirectory() as scratch:
        path = Path(scratch) / "pixels.csv"
        with path.open("w", newline="", encoding="utf-8") as file:
            writer = csv.writer(file)
            writer.writerow(("image", "x_px", "y_px"))
            writer.writerows((str((folder / name).resolve()), x, y) for name, x, y in pixels)
        return locate_csv(path, Locator(Ground()))


def report(name: str, places: list[Place], truth: np.ndarray, crs: str) -> None:
    """truth: (N, 2) easting, northing."""
    to_grid = Transformer.from_crs(4326, crs, always_xy=True)
    ok = [i for i, p in enumerate(places) if not p.why]
    if not ok:
        print(f"{name:44s} none located: {places[0].why}")
        return
    found = np.array([to_grid.transform(places[i].lon_deg, places[i].lat_deg) for i in ok])
    off = np.hypot(*(found - truth[ok]).T)
    inside = np.mean(off <= np.array([places[i].r90_m for i in ok]))
    r90 = np.median([places[i].r90_m for i in ok])
    print(
        f"{name:44s} {len(ok):5d}/{len(places):<5d} median {np.median(off):5.1f}  CE90 {np.percentile(off, 90):5.1f}  "
        f"max {off.max():5.1f} m   median r90 {r90:5.1f} m, inside {inside:.0%}"
    )


def brighton() -> None:
    folder = DATA / "flights/brighton"
    seen = rows(folder / "relative_truth.csv")
    have = {p.name for p in (folder / "images").iterdir()}
    seen = [r for r in seen if r["image"] in have]
    places = located(folder / "images", [(r["image"], float(r["u_px"]), float(r["v_px"])) for r in seen])
    truth = np.array([[float(r["easting_m"]), float(r["northing_m"])] for r in seen])
    for name, keep in (
        ("brighton, all strips", lambda r: True),
        ("brighton, without the turned strip", lambda r: r["image"] not in TURNED),
        ("brighton, the turned strip alone", lambda r: r["image"] in TURNED),
    ):
        chosen = [i for i, r in enumerate(seen) if keep(r)]
        report(name, [places[i] for i in chosen], truth[chosen], "EPSG:32615")


def narrabeen() -> None:
    folder = DATA / "flights/narrabeen"
    control = {r["id"]: (float(r["easting_m"]), float(r["northing_m"])) for r in rows(folder / "gcps.csv")}
    seen = [r for r in rows(folder / "observations.csv") if r["image"] == "snapshotNarrabeen.JPG"]
    places = located(folder, [(r["image"], float(r["u_px"]), float(r["v_px"])) for r in seen])
    report("narrabeen, still at -15°", places, np.array([control[r["gcp"]] for r in seen]), "EPSG:28356")


if __name__ == "__main__":
    if not DATA.is_dir():
        raise SystemExit(f"{DATA}: no real flights here; set QLY_TEST_DATA")
    brighton()
    narrabeen()
