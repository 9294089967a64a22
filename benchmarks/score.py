"""How long the judge takes for 100,000 hits against 10,000 targets, and beside what.

    python benchmarks/score.py [HITS] [TARGETS]

Four scenes, points only and points with areas, sparse and dense. The whole of `judge` is timed (matching, statistics,
bootstrap, digests); beside it, reading the same hits from GeoJSON and CSV, and bare geodesics for the candidate pairs.
"""

from __future__ import annotations

import json
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from pipeline.score import judge, read_hits, read_rules
from pipeline.score.distance import geodesic_m, pairs_within
from pipeline.score.hits import Row, Submission, submission
from pipeline.types import GeoPoint, Target

CLASSES = ("outfall/industrial", "outfall/urban", "dust/pile", "smoke/straw", "marker")
METRES_A_DEGREE = 111_320.0


def scene(hits: int, targets: int, spacing_m: float, near: float, seed: int) -> tuple[Submission, list[Target]]:
    """Targets scattered at a mean spacing; a share of the hits near a target (σ 6 m), the rest anywhere."""
    r = np.random.default_rng(seed)
    side_deg = spacing_m * targets**0.5 / METRES_A_DEGREE
    at = np.array([34.0, 113.0]) + r.uniform(0, side_deg, (targets, 2))
    kinds = r.integers(0, len(CLASSES), targets)
    real = [
        Target(f"t{i:05d}", CLASSES[k], GeoPoint(*p)) for i, (k, p) in enumerate(zip(kinds, at.tolist(), strict=True))
    ]
    aimed = r.integers(0, targets, hits)
    places = np.where(
        (r.random(hits) < near)[:, None],
        at[aimed] + r.normal(0, 6 / METRES_A_DEGREE, (hits, 2)),
        np.array([34.0, 113.0]) + r.uniform(0, side_deg, (hits, 2)),
    )
    rows = [
        Row("", CLASSES[k], lat, lon, c, 5.0, None, None)
        for k, (lat, lon), c in zip(kinds[aimed].tolist(), places.tolist(), r.random(hits).tolist(), strict=True)
    ]
    return submission(rows, "benchmark"), real


def timed(work: Callable[[], Any]) -> tuple[float, Any]:
    """(best of three in seconds, what it gave)."""
    times = []
    for _ in range(3):
        start = time.perf_counter()
        found = work()
        times.append(time.perf_counter() - start)
    return min(times), found


def write(folder: Path, hits: Submission) -> tuple[Path, Path]:
    """The hits as GeoJSON and as CSV."""
    rows = list(zip((hits.lon_e9 / 1e9).tolist(), (hits.lat_e9 / 1e9).tolist(), hits.labels, strict=True))
    features = [
        {
            "type": "Feature",
            "geometry": {"type": "Point", "coordinates": [x, y]},
            "properties": {"class": c, "confidence": 0.5},
        }
        for x, y, c in rows
    ]
    one, other = folder / "hits.geojson", folder / "hits.csv"
    one.write_text(json.dumps({"type": "FeatureCollection", "features": features}), encoding="utf-8")
    lines = ["lat_deg,lon_deg,class", *(f"{y!r},{x!r},{c}" for x, y, c in rows)]
    other.write_text("\n".join(lines), encoding="utf-8")
    return one, other


def main() -> None:
    hits, targets = (int(a) for a in (sys.argv[1:] + ["100000", "10000"][len(sys.argv) - 1 :])[:2])
    rules = read_rules()
    print(f"{hits} hits, {targets} targets; best of three")
    for name, spacing, near in (("sparse", 200.0, 0.5), ("dense", 40.0, 0.5), ("all on targets", 100.0, 1.0)):
        sent, real = scene(hits, targets, spacing, near, 1)
        judge_s, score = timed(lambda sent=sent, real=real: judge(sent, real, rules))
        pairs = pairs_within(sent, real, rules, rules.radius_mm)
        lat, lon = np.full(len(pairs), 34.0), np.linspace(113, 113.0001, len(pairs))
        bare_s, _ = timed(lambda lat=lat, lon=lon: geodesic_m(lat, lon, lat + 1e-5, lon))
        print(f"{name:15s} judge {judge_s:5.2f} s  ({len(pairs)} near pairs, {len(score.pairs)} matched;"
              f" {judge_s / bare_s:.1f} × the bare geodesics of its near pairs)")  # fmt: skip
    with tempfile.TemporaryDirectory() as folder:
        for path in write(Path(folder), sent):
            seconds, _ = timed(lambda path=path: read_hits(path))
            print(f"read_hits {path.suffix:8s} {seconds:5.2f} s  ({hits / seconds:,.0f} hits/s)")


if __name__ == "__main__":
    main()
