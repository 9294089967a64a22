"""How long hit sheets and reviewed lists take: python -m benchmarks.sheets [HITS …]

A small flight is simulated and searched once; its hits are then repeated under new ids until there are as many as asked
for (1, 20 and 200 unless said). Prints seconds and megabytes of each file, and the process's memory.
"""

from __future__ import annotations

import json
import shutil
import sys
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import psutil

from pipeline.config import RunConfig
from pipeline.flow.run import run
from pipeline.report.export import KINDS, export_hits
from pipeline.report.sheet import write_sheets
from pipeline.report.training import write_reviews_zip
from pipeline.sim import FlightConfig, make_flight

FLIGHT = FlightConfig(seed=3, profile="dji", width_px=1200, height_px=900, photos_per_strip=4, strips=2)


def with_hits(small: Path, count: int) -> Path:
    """A copy of a run with so many hits, each with its pictures."""
    large = small.with_name(f"run-{count}")
    shutil.copytree(small, large)
    told = json.loads((large / "hits.geojson").read_bytes())
    features = [json.loads(json.dumps(told["features"][n % len(told["features"])])) for n in range(count)]
    for number, feature in enumerate(features):
        old, new = feature["id"], f"b{number:06d}"
        feature["id"] = feature["properties"]["id"] = new
        for kind in ("", "-context"):
            shutil.copyfile(small / f"crops/{old}{kind}.jpg", large / f"crops/{new}{kind}.jpg")
    (large / "hits.geojson").write_text(json.dumps({**told, "features": features}), "utf-8")
    return large


def measured(folder: Path) -> None:
    """Make each file once and tell of it."""
    makers: dict[str, Callable[..., object]] = {"sheets.pdf": lambda out: write_sheets(folder, out)}
    for kind in KINDS:
        makers[f"hits.{kind}"] = partial(export_hits, folder, kind, rejected=True)
    makers["reviews.zip"] = lambda out: write_reviews_zip(folder, out)
    for name, make in makers.items():
        out, began_s = folder.with_name(name), time.perf_counter()
        make(out=out)
        print(f"  {name:12} {time.perf_counter() - began_s:6.2f} s  {out.stat().st_size / 1e6:8.2f} MB")


def main() -> None:
    counts = [int(word) for word in sys.argv[1:]] or [1, 20, 200]
    with tempfile.TemporaryDirectory() as folder:
        flight = make_flight(Path(folder) / "flight", FLIGHT)
        config = RunConfig(boxes=str(flight.boxes), dem=str(flight.dem), dem_datum="egm96", workers=1)
        small = run(flight.flight, Path(folder) / "run", config).folder
        for count in counts:
            print(f"{count} hits")
            measured(with_hits(small, count))
            print(f"  memory now {psutil.Process().memory_info().rss / 1e6:.0f} MB")


if __name__ == "__main__":
    main()
