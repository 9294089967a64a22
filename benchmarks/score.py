"""How long the judge takes for 1,000,000 hits against 20 targets and for 100,000 against 10,000, and beside what.

    python benchmarks/score.py [HITS TARGETS]

Three scenes each: sparse, dense, and every hit on a target. The whole of `judge` is timed (matching, statistics,
bootstrap, digests) in processor seconds, with the greatest memory of the process so far; beside it, bare geodesics for
the candidate pairs, reading the same hits from GeoJSON and CSV, and how soon a list that is too long is refused.
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

from pipeline.errors import ScoreError
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
    """(best of three in processor seconds, what it gave)."""
    times = []
    for _ in range(3):
        start = time.process_time()
        found = work()
        times.append(time.process_time() - start)
    return min(times), found


def peak_mib() -> str:
    """The process's greatest memory so far, where the system tells."""
    try:
        import resource
    except ImportError:
        return "unknown"
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return f"{most / (2**20 if sys.platform == 'darwin' else 2**10):.0f} MiB"


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


def judging(hits: int, targets: int) -> Submission:
    """Prints a line a scene; the last scene's hits."""
    rules = read_rules()
    print(f"{hits:,} hits, {targets:,} targets; best of three, processor seconds")
    for name, spacing, near in (("sparse", 200.0, 0.5), ("dense", 40.0, 0.5), ("all on targets", 100.0, 1.0)):
        sent, real = scene(hits, targets, spacing, near, 1)
        judge_s, score = timed(lambda sent=sent, real=real: judge(sent, real, rules))
        pairs = pairs_within(sent, real, rules, rules.radius_mm)
        lat, lon = np.full(len(pairs), 34.0), np.linspace(113, 113.0001, len(pairs))
        bare_s, _ = timed(lambda lat=lat, lon=lon: geodesic_m(lat, lon, lat + 1e-5, lon))
        print(f"{name:15s} judge {judge_s:5.2f} s  ({len(pairs)} near pairs, {len(score.pairs)} matched;"
              f" {judge_s / bare_s:.1f} × the bare geodesics of its near pairs), peak {peak_mib()}")  # fmt: skip
    return sent


def reading(sent: Submission) -> None:
    """Prints how fast files are read, and how soon too long a one is refused."""
    with tempfile.TemporaryDirectory() as folder:
        for path in write(Path(folder), sent):
            seconds, _ = timed(lambda path=path: read_hits(path))
            print(f"read_hits {path.suffix:8s} {seconds:5.2f} s  ({len(sent) / seconds:,.0f} hits/s)")
        for name, size in (("too large", 100 * 2**20), ("too many rows", 30 * 2**20)):
            path = Path(folder) / "long.csv"
            rows = b"lat_deg,lon_deg,class\n" + b"34.7,113.6,dust\n" * (size // 16)
            path.write_bytes(rows)
            seconds, why = timed(lambda path=path: refused(path))
            print(f"{name:14s} {len(rows) / 2**20:5.0f} MiB refused after {seconds:5.2f} s: {why}")


def refused(path: Path) -> str:
    """The sentence, without the folder."""
    try:
        read_hits(path)
    except ScoreError as why:
        return str(why).rpartition(path.name)[2].strip(": ")
    return "was taken"


def main() -> None:
    if len(sys.argv) == 3:
        judging(int(sys.argv[1]), int(sys.argv[2]))
        return
    judging(1_000_000, 20)
    reading(judging(100_000, 10_000))


if __name__ == "__main__":
    main()
