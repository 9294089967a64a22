"""What only a judge may see: targets, true poses, true pixels; and boxes in place of a detector's."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np

from pipeline.sim.clocks import Clocks, Notes
from pipeline.sim.noise import stream
from pipeline.sim.space import Floats, angles_deg
from pipeline.sim.truth import Truth, upright_to_stored

LABELS = ("marker", "smoke", "dust", "outfall")
LEAST_BOX_PX = 4.0
SCHEMA_VERSION = 1
POSES = (
    "photo", "lat_deg", "lon_deg", "alt_m", "yaw_deg", "pitch_deg", "roll_deg", "turned", "focal_px", "cx_px", "cy_px",
    "k1", "k2", "p1", "p2", "k3", "t_ns",
)  # fmt: skip
LIES = ("lie", "value", "unit", "photo")
CLOCK = ("photo", "t_ns", "boot_ns", "camera_ns", "photos_minus_log_s", "sequence")
PIXELS = ("photo", "x_px", "y_px", "target", "class", "lat_deg", "lon_deg", "alt_m", "visible")


def write_answers(folder: Path, *truths: Truth) -> None:
    """targets.geojson, truth_poses.csv, truth_pixels.csv and boxes.json into an existing folder.

    Photos and a video's frames are truths of their own, over the same targets.
    """
    _write_json(folder / "targets.geojson", targets_geojson(truths[0]))
    _write_json(folder / "boxes.json", boxes_json(*truths))
    _write_csv(folder / "truth_poses.csv", POSES, (row for truth in truths for row in _poses(truth)))
    _write_csv(folder / "truth_pixels.csv", PIXELS, (row for truth in truths for row in _pixels(truth)))


def write_lies(folder: Path, truth: Truth) -> None:
    """truth_lies.csv: every lie of the headers with its size, once for each photo that it is about."""
    rows = ((lie.name, f"{lie.value:.6f}", lie.unit, photo) for lie in truth.lies for photo in lie.photos)
    _write_csv(folder / "truth_lies.csv", LIES, rows)


def write_clock(folder: Path, truth: Truth, clocks: Clocks, notes: Notes) -> Path:
    """truth_clock.csv: every photo's exposure by all clocks, and its number in the log, if it has one."""
    utc = np.array(truth.plan.t_ns, np.int64)
    boot, camera = clocks.boot_ns(utc), clocks.camera_ns(utc)
    number = dict(zip(notes.shot.tolist(), notes.sequence.tolist(), strict=True))
    rows = (
        (name, utc[i], boot[i], camera[i], f"{(camera[i] - utc[i]) / 1e9:.9f}", number.get(int(i), ""))
        for name, i in zip(truth.photos, truth.shot, strict=True)
    )
    path = folder / "truth_clock.csv"
    _write_csv(path, CLOCK, rows)
    return path


def _write_json(path: Path, value: dict[str, Any]) -> None:
    path.write_bytes((json.dumps(value, indent=1, ensure_ascii=False) + "\n").encode())


def _write_csv(path: Path, columns: tuple[str, ...], rows: Iterable[tuple[Any, ...]]) -> None:
    with path.open("w", encoding="utf-8", newline="") as out:
        csv.writer(out, lineterminator="\n").writerows([columns, *rows])


def targets_geojson(truth: Truth) -> dict[str, Any]:
    """What a judge scores against: WGS 84 points with ellipsoidal heights."""
    features = [
        {
            "type": "Feature",
            "geometry": {"type": "Point", "coordinates": [round(t.lla[1], 9), round(t.lla[0], 9), round(t.lla[2], 3)]},
            "properties": {"id": t.id, "class": t.label, "weight": 1, "pattern": t.kind, "size_m": round(t.size_m, 3)},
        }
        for t in truth.scored
    ]
    return {"type": "FeatureCollection", "features": features}


def boxes_json(*truths: Truth) -> dict[str, Any]:
    """What a perfect detector (or one with noise of `box_sigma_px`) would have found, in the format of `detect`."""
    images: list[dict[str, Any]] = []
    annotations: list[dict[str, Any]] = []
    for truth in truths:
        annotations += _annotations(truth, len(images) + 1)
        images += _images(truth, len(images) + 1)
    categories = [{"id": i + 1, "name": name} for i, name in enumerate(LABELS)]
    return {"schema_version": SCHEMA_VERSION, "images": images, "categories": categories, "annotations": annotations}


def _images(truth: Truth, first_id: int) -> list[dict[str, Any]]:
    return [
        {"id": first_id + i, "file_name": name, "width": width, "height": height}
        for i, name in enumerate(truth.photos)
        for width, height in [truth.stored_size(i)]
    ]


def _annotations(truth: Truth, first_id: int) -> list[dict[str, Any]]:
    rng, sigma = stream(truth.config, "boxes"), truth.config.box_sigma_px
    annotations = []
    for i, j in zip(*np.nonzero(truth.visible[:, : len(truth.scored)]), strict=True):
        x0, y0, x1, y1 = truth.boxes[i, j]
        shift = sigma * rng.standard_normal(2)
        if min(x1 - x0, y1 - y0) < LEAST_BOX_PX:
            continue
        annotations.append(
            {
                "image_id": first_id + int(i),
                "category_id": LABELS.index(truth.targets[j].label) + 1,
                "bbox": [round(float(v), 3) for v in (x0 + shift[0], y0 + shift[1], x1 - x0, y1 - y0)],
                "score": 0.9,
                "point": [round(float(v), 4) for v in truth.px[i, j] + shift],
            }
        )
    return annotations


def _poses(truth: Truth) -> Iterable[tuple[Any, ...]]:
    """One row a photo: the true camera, whose angles are those of the stored pixels (a turned strip's are turned)."""
    for i, name in enumerate(truth.photos):
        shot, lens = truth.shot[i], truth.lenses[i]
        lat, lon, alt = truth.lla[shot]
        level = truth.terrain.world.R_level(lat, lon).T @ truth.world_R_cam[shot]
        turn_deg = int(truth.turn_deg[shot])
        cx, cy = upright_to_stored(np.array([[lens.cx_px, lens.cy_px]]), lens, turn_deg)[0]
        k1, k2, p1, p2, k3 = lens.distortion
        p1, p2 = {0: (p1, p2), 90: (p2, -p1), 180: (-p1, -p2), 270: (-p2, p1)}[turn_deg]
        yield (
            name, f"{lat:.10f}", f"{lon:.10f}", f"{alt:.4f}",
            *(f"{a:.6f}" for a in angles_deg(_stored_axes(level, turn_deg))), int(truth.turned[shot]),
            f"{lens.focal_px:.6f}", f"{cx:.4f}", f"{cy:.4f}", k1, k2, p1, p2, k3, truth.plan.t_ns[shot],
        )  # fmt: skip


def _stored_axes(level_R: Floats, turn_deg: int) -> Floats:
    """(3, 3) axes, columns right, down, forward, of the raster as stored."""
    right, down, forward = level_R.T
    turned = {0: (right, down), 90: (-down, right), 180: (-right, -down), 270: (down, -right)}
    return np.column_stack([*turned[turn_deg], forward])


def _pixels(truth: Truth) -> Iterable[tuple[Any, ...]]:
    """One row for each target that falls into a photo, hidden by the ground or not."""
    for i, name in enumerate(truth.photos):
        for j in np.flatnonzero(truth.inside(i)):
            target, (x, y) = truth.targets[j], truth.px[i, j]
            lat, lon, alt = target.lla
            place = f"{lat:.10f}", f"{lon:.10f}", f"{alt:.4f}"
            yield (name, f"{x:.4f}", f"{y:.4f}", target.id, target.label, *place, int(truth.visible[i, j]))
