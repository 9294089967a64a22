"""`yolo` on photos beside SAHI with ultralytics: the same weights, tiles and cores, in one run.

    python -m benchmarks.detect [--photo FILE]… [--weights FILE.onnx|.pt] [--int8 FILE.xml] [--data DATA]
                                [--repeat 3] [--threshold 0.25] [--only PART]… [--json FILE]

It needs the extras `train` and `int8`, and sahi. Parts:
  limits   what this machine can do at most, which the sides are measured by
  sides    SAHI with torch in float32, ours on ONNX Runtime and OpenVINO in float32, bfloat16 and 8 bits: CPU and wall
           time (median of interleaved repetitions, one thread) and whether the boxes are equal; with --data (a data
           set) also average precision in float and in 8 bits
  recall   what the same recall costs with tiles of our choice
  merging  20,000 boxes over seams

Photos are cropped by less than a tile, so that both sides cut the same tiles. By default they are two of each flight of
the shared data (QLY_TEST_DATA, default ../shared/data), or a drawn scene; the weights are the program's own. Without
--int8 the network is quantised here, with ranges from tiles of these photos.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import tempfile
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from benchmarks.detect import recall
from benchmarks.detect.agree import NONE, Agreement, agreement
from benchmarks.detect.limits import Limits, limits, operations_of
from benchmarks.detect.merging import merging
from benchmarks.detect.ours import TILES_ONLY, Networks, boxes, detector, networks, tiles_in, unmerged
from benchmarks.detect.peer import OVERLAP, sahi, torch_weights
from benchmarks.detect.timed import Side, in_turns
from pipeline import imagery
from pipeline.detect.trusted import awake
from pipeline.learn.evaluate import asked_of
from pipeline.learn.int8_gate import precisions
from pipeline.resources import resource
from tests.detect import bench

DATA = Path(os.environ.get("QLY_TEST_DATA", Path(__file__).resolve().parents[2] / "../shared/data"))
FLIGHTS = ("brighton", "caliterra", "lewis", "seneca")
PARTS = ("limits", "sides", "recall", "merging")
PEER = "SAHI, torch float32"
SIDES = {
    "ours, ONNX Runtime float32": ("onnx", "f32"),
    "ours, OpenVINO float32": ("xml", "f32"),
    "ours, OpenVINO bfloat16": ("xml", "bf16"),
    "ours, OpenVINO 8 bits": ("int8", "f32"),
}
TIMED = 4  # photos that the sides are timed on; all serve for recall
NUMBERS = {"ours, OpenVINO bfloat16": "bf16", "ours, OpenVINO 8 bits": "int8"}
SIZES_PX = (48.0, 400.0)  # that are sought where tiles are of our choice: a plume, a fan of water, a panel close by


@dataclass(frozen=True)
class Bench:
    """What all parts work on."""

    photos: list[Path]
    networks: Networks
    peer: Path
    threshold: float
    repeat: int
    folder: Path


def main() -> None:
    wanted = _arguments().parse_args()
    cv2.setNumThreads(1)
    torch, _ = awake()
    torch.set_num_threads(1)
    parts = wanted.only or list(PARTS)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        made = _bench(wanted, folder)
        told: dict[str, Any] = {"photos": len(made.photos), "network_px": made.networks.side_px}
        most = limits(made.photos) if {"limits", "sides"} & set(parts) else None
        if most is not None:
            told["limits"] = _tell_limits(most, operations_of(made.networks.onnx))
        if "sides" in parts and most is not None:
            told["sides"] = _sides(made, most)
            if wanted.data:
                told["precision"] = _precision(made.networks, wanted.data)
        if "recall" in parts:
            told["recall"] = _recall(made)
        if "merging" in parts:
            told["merging"] = _merging(wanted.repeat)
    if wanted.json is not None:
        wanted.json.write_text(json.dumps(told, indent=1) + "\n", encoding="utf-8")


def _arguments() -> argparse.ArgumentParser:
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--photo", type=Path, action="append")
    arguments.add_argument("--weights", type=Path, default=resource("models/qly-n.onnx"))
    arguments.add_argument("--int8", type=Path)
    arguments.add_argument("--data", type=Path)
    arguments.add_argument("--repeat", type=int, default=3)
    arguments.add_argument("--threshold", type=float, default=0.25)
    arguments.add_argument("--only", choices=PARTS, action="append")
    arguments.add_argument("--json", type=Path)
    return arguments


def _bench(wanted: argparse.Namespace, folder: Path) -> Bench:
    weights, onnx = wanted.weights, wanted.weights
    if weights.suffix == ".pt":
        _, ultralytics = awake()
        weights = Path(shutil.copyfile(weights, folder / weights.name))
        onnx = Path(ultralytics.YOLO(weights).export(format="onnx", verbose=False, simplify=False))
    else:
        weights = torch_weights(onnx, folder)
    photos = wanted.photo or _default_photos()
    cropped = folder / "photos"
    cropped.mkdir()
    side = detector(onnx, wanted.threshold, TILES_ONLY).engine.side_px
    made = [_cropped(photo, cropped / f"{n:02d}.jpg", side[0] if side else 640) for n, photo in enumerate(photos)]
    if not made:
        made = [_cropped(None, cropped / "00.jpg", side[0] if side else 640)]
    forms = networks(onnx, wanted.int8, cropped, folder)
    return Bench(made, forms, weights, wanted.threshold, wanted.repeat, folder)


def _default_photos() -> list[Path]:
    """The first of each flight, then the second of each."""
    found = [sorted(p for p in (DATA / "flights" / f).rglob("*") if p.suffix.lower() == ".jpg")[:2] for f in FLIGHTS]
    return [photos[n] for n in range(2) for photos in found if len(photos) > n]


def _cropped(photo: Path | None, out: Path, side: int) -> Path:
    """The photo (None: a drawn scene) made so large that tiles which overlap by OVERLAP fit exactly."""
    image = _scene() if photo is None else imagery.decode(imagery.read_bytes(photo), photo.name)
    step = round(side * (1 - OVERLAP))
    height, width = (side + (n - side) // step * step for n in image.shape[:2])
    out.write_bytes(imagery.encode_jpeg(np.ascontiguousarray(image[:height, :width]), 95))
    return out


def _scene() -> imagery.Image:
    """Ground with roads, houses and cars, 4000 × 3000."""
    rng = np.random.default_rng(1)
    return bench.photographed(bench.clutter(bench.ground(rng, 3000, 4000), rng, 100), rng, 0.7, 4)


def _tell_limits(most: Limits, operations: float) -> dict[str, Any]:
    rates = ", ".join(f"{numbers} {rate / 1e9:.0f}" for numbers, rate in most.rates.items())
    print(f"this machine on one thread, billion operations a second: {rates}; decodes a photo in {most.decode_s:.3f} s")
    print(f"a look in the network takes {operations / 1e9:.2f} billion")
    return {**asdict(most), "operations_a_look": operations}


def _sides(made: Bench, most: Limits) -> dict[str, Any]:
    """Costs of all sides on the same tiles, their share of the limit, and whether their boxes are the peer's."""
    nets, photos = made.networks, made.photos[:TIMED]
    looks = float(np.mean(tiles_in(photos, nets.side_px, TILES_ONLY)))
    peer = sahi(made.peer, nets.side_px[0], made.threshold)
    ours = {n: detector(getattr(nets, form), made.threshold, TILES_ONLY, p) for n, (form, p) in SIDES.items()}
    works: dict[str, Side] = {PEER: peer}
    works |= {name: partial(boxes, see) for name, see in ours.items()}
    costs = in_turns(works, photos, made.repeat)
    operations = operations_of(nets.onnx)
    told: dict[str, Any] = {}
    print(f"a photo of {looks:.0f} tiles of {nets.side_px[0]} px, mean of {len(photos)} photos:")
    for name, cost in costs.items():
        share = most.floor_s(looks, operations, NUMBERS.get(name, "f32")) / cost.cpu_s
        ratio = costs[PEER].cpu_s / cost.cpu_s, costs[PEER].wall_s / cost.wall_s
        told[name] = {**asdict(cost), "share_of_limit": share, "cpu_ratio": ratio[0], "wall_ratio": ratio[1]}
        print(f"  {name:28s} CPU {cost.cpu_s:6.3f} s ({ratio[0]:.2f} times as fast)  wall {cost.wall_s:6.3f} s "
              f"({ratio[1]:.2f})  {100 * share:3.0f} % of the limit")  # fmt: skip
    unmerged_peer = sahi(made.peer, nets.side_px[0], made.threshold, merged=False)
    for name, see in ours.items():
        merged, before = NONE, NONE
        for photo in photos:
            merged += agreement(boxes(see, photo), peer(photo))
            before += agreement(unmerged(see, photo, nets.side_px), unmerged_peer(photo))
        told[name] |= {"merged": asdict(merged), "before_merging": asdict(before)}
        _tell_agreement(name, before, merged)
    return told


def _tell_agreement(name: str, before: Agreement, merged: Agreement) -> None:
    print(f"{name}: before merging {before.told()}")
    print(f"{'':{len(name)}s}  merged {merged.told()}")


def _precision(nets: Networks, data: Path) -> dict[str, Any]:
    """Average precision by class and IoU, in float and in 8 bits."""
    pictures = [p for paths in asked_of([data]).sets.values() for p in paths]
    before, after = (precisions(path, pictures, lambda done, total: None) for path in (nets.onnx, nets.int8))
    for label, iou in before:
        print(f"AP of {label} at IoU {iou:g}: {before[label, iou]:.4f} in float, {after[label, iou]:.4f} in 8 bits")
    return {f"{label} {iou:g}": (before[label, iou], after[label, iou]) for label, iou in before}


def _recall(made: Bench) -> dict[str, Any]:
    """Our choice of tiles beside the peer's at the same recall."""
    nets = made.networks
    photos = made.photos if len(made.photos) > 1 else made.photos * 2
    drawn = recall.with_things(photos, made.folder / "drawn", SIZES_PX, 12, 1)
    peer = sahi(made.peer, nets.side_px[0], recall.LEAST_CONFIDENCE)
    weights = {"float32": nets.onnx, "8 bits": nets.int8}
    points = recall.compared(peer, weights, drawn, nets.labels, made.repeat)
    print(f"drawn things of {SIZES_PX[0]:g} to {SIZES_PX[1]:g} px, at {recall.A_PHOTO:g} false alarms a photo:")
    for point in points:
        print(f"  {point.name:38s} recall {point.recall:.3f}  CPU {point.cpu_s:6.3f} s "
              f"({points[0].cpu_s / point.cpu_s:5.2f} times as fast)  wall {point.wall_s:6.3f} s")  # fmt: skip
    return {point.name: asdict(point) for point in points}


def _merging(repeat: int) -> dict[str, Any]:
    found = merging(repeat)
    print("20,000 boxes over seams:")
    for name, (taken_ms, left) in found.items():
        print(f"  {name:28s} {taken_ms:8.1f} ms CPU, {left} left")
    return {name: {"cpu_ms": taken_ms, "left": left} for name, (taken_ms, left) in found.items()}


if __name__ == "__main__":
    main()
