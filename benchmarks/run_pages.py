"""How quickly a large run's pages are made and answered: 2,000 footprints, 10,000 hits of 8 views, 500 reviews.

    python -m benchmarks.run_pages [FOLDER]

The run is a small simulated one, repeated over a wide area. Seconds of this process alone (CPU time), and bytes.
"""

from __future__ import annotations

import copy
import json
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from pipeline.config import RunConfig
from pipeline.flow.run import run as search
from pipeline.report.review_entries import review_entry
from pipeline.report.reviews import append_review
from pipeline.server.finished import Finished
from pipeline.server.hit_pages import hit_page
from pipeline.server.hits import hits_of
from pipeline.server.lines import compact
from pipeline.server.prepared import prepare_run, read_index
from pipeline.server.settings import Settings
from pipeline.sim import FlightConfig, make_flight

FRAMES, HITS, REVIEWS, VIEWS = 2000, 10_000, 500, 8
STEP_DEG = 0.0003


def main() -> None:
    with _folder() as folder:
        job = _large(_small(folder), folder / "runs" / "0123456789abcdef")
        _said("prepare_run", lambda: prepare_run(job))
        size = sum(p.stat().st_size for p in (job / "web").iterdir())
        print(f"{'web/':<44}{size / 1e6:8.1f} MB beside {_bytes(job / 'run') / 1e6:.1f} MB")
        for name in ("footprints", "gaps", "photos", "hits"):
            print(f"  {name + '.json.gz':<42}{(job / 'web' / f'{name}.json.gz').stat().st_size / 1e3:8.0f} kB")
        run = Finished(job.name, "航次", job, job / "card", Settings(folder), None, read_index(job) or {})
        hits = _said("hits, first asked for", lambda: hits_of(run))
        _said("the list as it is sent, made", hits.body)
        _said("the list again", lambda: hits_of(run).body())
        print(f"{'the list, squeezed':<44}{len(hits.body()) / 1e3:8.0f} kB")
        ids = list(hits.features)
        _said("one hit with its evidence", lambda: compact(hit_page(run, hits_of(run), ids[5000])))
        for hit in ids[:REVIEWS]:
            append_review(run.run, _confirmed(hits.features[hit]))
        _said(f"hits after {REVIEWS} reviews", lambda: hits_of(run))
        append_review(run.run, _confirmed(hits.features[ids[-1]]))
        _said("hits after one review more", lambda: hits_of(run).body())
        _said("one photo's line", lambda: run.photo(FRAMES - 1))


def _confirmed(shown: dict[str, Any]) -> dict[str, Any]:
    return review_entry({**shown, "properties": {**shown["properties"], "evidence": []}}, "confirmed", "某人")


def _said(what: str, work: Callable[[], Any]) -> Any:
    cpu, wall = time.process_time(), time.perf_counter()
    found = work()
    print(f"{what:<44}{(time.process_time() - cpu) * 1e3:8.1f} ms CPU {(time.perf_counter() - wall) * 1e3:9.1f} ms")
    return found


def _bytes(folder: Path) -> int:
    return sum(p.stat().st_size for p in folder.rglob("*") if p.is_file())


@contextmanager
def _folder() -> Iterator[Path]:
    if len(sys.argv) > 1:
        yield Path(sys.argv[1])
        return
    with tempfile.TemporaryDirectory() as made:
        yield Path(made)


def _small(folder: Path) -> Path:
    config = FlightConfig(
        seed=3, profile="dji", width_px=400, height_px=300, photos_per_strip=8, strips=2, pixels=False
    )
    flight = make_flight(folder / "flight", config)
    options = RunConfig(boxes=str(flight.boxes), dem=str(flight.dem), dem_datum="egm96", workers=1, adjust="off")
    return search(flight.flight, folder / "small", options).folder


def _large(small: Path, job: Path) -> Path:
    """The small run, again and again on a grid."""
    shutil.copytree(small, job / "run")
    frames = json.loads((small / "frames.json").read_bytes())
    names = _repeat_frames(frames, job / "run" / "frames.json")
    _repeat_hits(json.loads((small / "hits.geojson").read_bytes()), names, job / "run" / "hits.geojson")
    _repeat_footprints(small / "hits.gpkg", job / "run" / "hits.gpkg")
    return job


def _place(i: int) -> tuple[float, float]:
    return (i % 45) * STEP_DEG, (i // 45) * STEP_DEG


def _repeat_frames(value: dict[str, Any], out: Path) -> list[str]:
    first, frames = value["frames"], []
    for i in range(FRAMES):
        frame = copy.deepcopy(first[i % len(first)])
        east, north = _place(i)
        frame.update(id=f"DJI_{i:05d}.JPG", index=i, sha256=f"{i:064x}")
        frame["pose"]["at"]["lon_deg"] += east
        frame["pose"]["at"]["lat_deg"] += north
        frames.append(frame)
    out.write_text(json.dumps({**value, "frames": frames}), "utf-8")
    return [f["id"] for f in frames]


def _repeat_hits(collection: dict[str, Any], names: list[str], out: Path) -> None:
    first, features = collection["features"], []
    for i in range(HITS):
        feature = copy.deepcopy(first[i % len(first)])
        feature["id"] = feature["properties"]["id"] = f"h{i:010x}"
        east, north = _place(i // 5)
        feature["geometry"]["coordinates"][0] += east
        feature["geometry"]["coordinates"][1] += north
        view = feature["properties"]["evidence"][0]
        feature["properties"]["evidence"] = [{**view, "frame_id": names[(i + v) % FRAMES]} for v in range(VIEWS)]
        features.append(feature)
    out.write_text(json.dumps({**collection, "features": features}, indent=1), "utf-8")


def _repeat_footprints(small: Path, out: Path) -> None:
    import geopandas
    import pandas
    from shapely.affinity import translate

    table = geopandas.read_file(small, layer="footprints")
    rows = table.iloc[[i % len(table) for i in range(FRAMES)]].reset_index(drop=True)
    rows["frame_id"] = [f"DJI_{i:05d}.JPG" for i in range(FRAMES)]
    rows["searched"] = pandas.Series([i % 97 != 0 for i in range(FRAMES)], dtype=bool)
    rows["geometry"] = [translate(g, *_place(i)) for i, g in enumerate(rows.geometry)]
    rows.to_file(out, layer="footprints", driver="GPKG")


if __name__ == "__main__":
    main()
