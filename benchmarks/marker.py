"""The marker detector on drawn scenes, and on folders of photos: recall, centre errors, false alarms, time.

    python -m benchmarks.marker [--scenes 20] [--seed 1] [FOLDER …]

Every photo in FOLDER is searched and what is found is listed; whether it is a marker is for an eye to say.
"""

from __future__ import annotations

import argparse
import time
from collections import defaultdict
from pathlib import Path

import cv2
import numpy as np

from pipeline import imagery
from pipeline.detect.marker import Marker
from pipeline.errors import PipelineError
from tests.detect import bench

SIZES_PX = (12, 16, 24, 40, 80, 160, 400)
LEAST_FIELD_PX, LEAST_MODULE_PX = 5.5, 3.0  # of boards and tags, foreshortened; finer ones are not drawn


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("folders", nargs="*", type=Path)
    arguments.add_argument("--scenes", type=int, default=20)
    arguments.add_argument("--seed", type=int, default=1)
    wanted = arguments.parse_args()
    cv2.setNumThreads(1)
    if wanted.scenes:
        drawn_panels(wanted.scenes, wanted.seed)
        empty_ground(wanted.scenes, wanted.seed)
    for folder in wanted.folders:
        photos(folder)


def drawn_panels(scenes: int, seed: int) -> None:
    """Recall by kind and by size, and errors of the centre."""
    rng, table, errors, extra = np.random.default_rng(seed), defaultdict(lambda: [0, 0]), [], 0
    for _ in range(scenes):
        low = int(rng.integers(len(SIZES_PX) - 1))
        image, panels = _scene(rng, (SIZES_PX[low], SIZES_PX[low + 1]))
        found = np.array([d.point_px for d in Marker().find(image, "")]).reshape(-1, 2)
        near = [np.hypot(*(found - (p.x_px, p.y_px)).T).min(initial=np.inf) for p in panels]
        hit = [e < max(2.0, 0.03 * p.side_px) for e, p in zip(near, panels, strict=True)]
        errors += [e for e, h in zip(near, hit, strict=True) if h]
        extra += len(found) - sum(hit)
        for panel, is_hit in zip(panels, hit, strict=True):
            for key in ("all", panel.kind, f"from {SIZES_PX[low]} px", "≥ 16 px" if panel.side_px >= 16 else "< 16 px"):
                table[key][0] += is_hit
                table[key][1] += 1
    for key, (hits, count) in sorted(table.items()):
        print(f"{key:16s} {hits:5d} of {count:5d}  {100 * hits / count:5.1f} %")
    quantiles = np.quantile(errors, (0.5, 0.9, 1.0))
    print(
        f"centre error p50 {quantiles[0]:.2f} p90 {quantiles[1]:.2f} max {quantiles[2]:.2f} px; {extra} more detections"
    )


def _scene(rng: np.random.Generator, sides_px: tuple[float, float]) -> tuple[bench.Image, list[bench.Panel]]:
    height, width = 1500, 2000
    image = bench.ground(rng, height, width)
    count = int(np.clip(20 * 60 / sides_px[1], 2, 40))
    drawn = bench.scatter(rng, width, height, count, sides_px, (*bench.KINDS, *bench.TAGS))
    panels = [p for p in drawn if _can_be_told(p)]
    for panel in panels:
        image = bench.draw(image, panel)
    return bench.photographed(image, rng, rng.uniform(0.4, 0.9), rng.uniform(2, 6), rng.uniform(0.6, 1.05)), panels


def _can_be_told(panel: bench.Panel) -> bool:
    if panel.kind in bench.TAGS:
        return panel.side_px * panel.squeeze >= 10 * LEAST_MODULE_PX
    if panel.kind.startswith("board"):
        return panel.side_px * panel.squeeze >= int(panel.kind[5:]) * LEAST_FIELD_PX
    return True


def empty_ground(scenes: int, seed: int) -> None:
    """False alarms and time on scenes of roads, tracks, houses and cars without a marker."""
    rng, alarms, busy_s, megapixels = np.random.default_rng(seed + 1000), 0, 0.0, 0.0
    for _ in range(scenes):
        image = bench.photographed(bench.clutter(bench.ground(rng, 2000, 3000), rng, 50), rng, 0.7, 4)
        start = time.process_time()
        alarms += len(Marker().find(image, ""))
        busy_s += time.process_time() - start
        megapixels += image.shape[0] * image.shape[1] / 1e6
    print(
        f"empty ground: {alarms / scenes:.3f} false alarms a photo, {megapixels / busy_s:.1f} megapixels/s on one core"
    )


def photos(folder: Path) -> None:
    """What is found in a folder's photos, and how fast."""
    busy_s, megapixels = 0.0, 0.0
    for path in sorted(p for p in folder.iterdir() if p.suffix.lower() in imagery.PHOTO_SUFFIXES):
        try:
            image = imagery.decode(imagery.read_bytes(path), path.name)
        except PipelineError as why:
            print(why)
            continue
        start = time.process_time()
        for d in Marker().find(image, path.name):
            print(f"{path.name} ({d.point_px[0]:.1f}, {d.point_px[1]:.1f}) {d.confidence:.2f}")
        busy_s += time.process_time() - start
        megapixels += image.shape[0] * image.shape[1] / 1e6
    print(f"{folder.name}: {megapixels / max(busy_s, 1e-9):.1f} megapixels/s on one core")


if __name__ == "__main__":
    main()
