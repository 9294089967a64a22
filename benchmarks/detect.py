"""`yolo` on a photo beside SAHI with ultralytics on the same weights: CPU time, wall time, tiles, boxes matched.

    python -m benchmarks.detect [PHOTO] [--weights FILE.pt|.onnx] [--backbone FILE.safetensors] [--side 640]
                                [--threshold 0.25]

It needs the extra `train` and sahi. Without PHOTO a 12 megapixel scene is drawn; without --weights a network is built
from yolov5n.yaml whose head nobody trained; with --backbone it is the trained YOLOv5 nano of the shared data (ours
reads it as the YOLOv5 repository exports it, ultralytics the same network in the layout of YOLOv8). The photo is
cropped by less than a tile so that both sides cut the same tiles, and what differs is how they are merged. Every side
runs once warm, on one thread; SAHI also on the .pt (torch) where there is one. The last lines are the merging of
20,000 boxes alone.
"""

from __future__ import annotations

import argparse
import logging
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from pipeline import imagery
from pipeline.detect.found import Found, overlaps, suppressed
from pipeline.detect.merge import merged, seen
from pipeline.detect.tiles import Tiling, passes
from pipeline.detect.trusted import awake
from pipeline.detect.yolo import Yolo, network_input
from tests.detect import bench
from tests.extra.nets import Yolov5, network

OVERLAP, LEAST_IOU = 0.2, 0.5


@dataclass(frozen=True)
class Ran:
    """One side's boxes, and what they cost."""

    name: str
    found: Found
    cpu_s: float
    wall_s: float


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("photo", nargs="?", type=Path)
    arguments.add_argument("--weights", type=Path)
    arguments.add_argument("--backbone", type=Path)
    arguments.add_argument("--side", type=int, default=640)
    arguments.add_argument("--threshold", type=float, default=0.25)
    wanted = arguments.parse_args()
    cv2.setNumThreads(1)
    torch, ultralytics = awake()
    torch.set_num_threads(1)
    logging.getLogger("ultralytics").setLevel(logging.ERROR)
    image = drawn() if wanted.photo is None else imagery.decode(imagery.read_bytes(wanted.photo), wanted.photo.name)
    image = cropped(image, wanted.side)
    with tempfile.TemporaryDirectory() as folder:
        theirs = [wanted.weights or built(Path(folder), image, wanted.side)]
        if wanted.backbone is not None:
            net = Yolov5(wanted.backbone)
            ours = net.export(Path(folder) / "rows.onnx", wanted.side)
            theirs = [net.export(Path(folder) / "columns.onnx", wanted.side, columns=True)]
        elif theirs[0].suffix == ".pt":
            ours = Path(ultralytics.YOLO(theirs[0]).export(format="onnx", imgsz=wanted.side, verbose=False))
            theirs.append(ours)
        else:
            ours = theirs[0]
        sides(image, ours, theirs, wanted.side, wanted.threshold)
    merging()


def cropped(image: imagery.Image, side: int) -> imagery.Image:
    """So large that tiles which overlap by OVERLAP fit exactly."""
    step = round(side * (1 - OVERLAP))
    height, width = (side + (n - side) // step * step for n in image.shape[:2])
    return np.ascontiguousarray(image[:height, :width])


def drawn() -> imagery.Image:
    """Ground with roads, houses and cars, 4000 × 3000."""
    rng = np.random.default_rng(1)
    return bench.photographed(bench.clutter(bench.ground(rng, 3000, 4000), rng, 100), rng, 0.7, 4)


def built(folder: Path, image: imagery.Image, side: int) -> Path:
    """A network of YOLOv5n's size that finds something in tiles of this photo."""
    tiles = passes(image.shape[1], image.shape[0], (side, side), Tiling(whole=False))[0].tiles[::8]
    looks = [network_input(np.ascontiguousarray(image[t.y0 : t.y1, t.x0 : t.x1]), False) for t in tiles]
    network("yolov5n.yaml", None, looks, share=0.003).save(folder / "net.pt")
    return folder / "net.pt"


def sides(image: imagery.Image, path: Path, theirs: list[Path], side: int, threshold: float) -> None:
    """Ours and SAHI's, one line each, then ratios."""
    height, width = image.shape[:2]
    looks = passes(width, height, (side, side), Tiling(overlap=OVERLAP))
    print(f"{width} × {height}, tiles of {side}: ours {sum(len(p.tiles) for p in looks)} with the whole picture")
    ours = timed("ours, ONNX Runtime", lambda: our_boxes(path, image, threshold))
    peers = [peer(p, image, side, threshold) for p in theirs]
    for ran in (ours, *peers):
        print(f"{ran.name:26s} CPU {ran.cpu_s:6.2f} s  wall {ran.wall_s:6.2f} s  {len(ran.found):5d} boxes")
    for ran in peers:
        pairs = matched(ours.found, ran.found)
        print(f"{ran.name} / ours: CPU {ran.cpu_s / ours.cpu_s:.2f}, wall {ran.wall_s / ours.wall_s:.2f}")
        left = f"{len(ours.found) - pairs} ours alone, {len(ran.found) - pairs} theirs alone"
        print(f"  {pairs} boxes matched (IoU {LEAST_IOU}), {left}")


def peer(path: Path, image: imagery.Image, side: int, threshold: float) -> Ran:
    """SAHI on one file of weights."""
    return timed(f"SAHI, ultralytics {path.suffix}", lambda: sahi_boxes(path, image, side, threshold))


def timed(name: str, prepare: Callable[[], Callable[[], Found]]) -> Ran:
    """Opened and run once before, so that loading and first use count for nobody."""
    work = prepare()
    work()
    cpu, wall = time.process_time(), time.perf_counter()
    found = work()
    return Ran(name, found, time.process_time() - cpu, time.perf_counter() - wall)


def our_boxes(path: Path, image: imagery.Image, threshold: float) -> Callable[[], Found]:
    see = Yolo(str(path))
    see.threshold = threshold
    numbers = {label: i for i, label in enumerate(see.labels)}

    def work() -> Found:
        found = see.find(image, "")
        return columns([(*d.box_px, d.confidence, numbers[d.label]) for d in found])

    return work


def sahi_boxes(path: Path, image: imagery.Image, side: int, threshold: float) -> Callable[[], Found]:
    from sahi import AutoDetectionModel
    from sahi.predict import get_sliced_prediction

    model = AutoDetectionModel.from_pretrained(
        "ultralytics", model_path=str(path), confidence_threshold=threshold, device="cpu", image_size=side
    )
    rgb = np.ascontiguousarray(image[:, :, ::-1])
    cut = {"slice_height": side, "slice_width": side, "overlap_height_ratio": OVERLAP, "overlap_width_ratio": OVERLAP}

    def work() -> Found:
        told = get_sliced_prediction(rgb, model, verbose=0, **cut).object_prediction_list
        return columns([(*(np.array(p.bbox.to_xyxy()) - 0.5), p.score.value, p.category.id) for p in told])

    return work


def columns(rows: list[Any]) -> Found:
    table = np.array(rows, np.float64).reshape(-1, 6)
    return Found(table[:, :4].astype(np.float32), table[:, 4].astype(np.float32), table[:, 5].astype(np.int64))


def matched(one: Found, other: Found) -> int:
    """Pairs of one class, the largest overlap first."""
    i, j = (g.ravel() for g in np.indices((len(one), len(other))))
    same = one.labels[i] == other.labels[j]
    i, j = i[same], j[same]
    iou = overlaps(one.boxes[i], other.boxes[j])
    used: tuple[set[int], set[int]] = (set(), set())
    for k in np.argsort(-iou, kind="stable"):
        if iou[k] < LEAST_IOU:
            break
        if i[k] not in used[0] and j[k] not in used[1]:
            used[0].add(int(i[k]))
            used[1].add(int(j[k]))
    return len(used[0])


def merging() -> None:
    """20,000 boxes of tiles and of the whole picture: our merge and our suppression, SAHI's two, once each."""
    rng = np.random.default_rng(2)
    width, height, side = 8000, 6000, 640
    tiles = []
    for look in passes(width, height, (side, side), Tiling()):
        gain = look.width_px / width
        for t in look.tiles:
            rectangle = tuple(float(v / gain) for v in (t.x0, t.y0, t.x1, t.y1))
            tiles.append((rectangle, random_boxes(rng, rectangle, 100)))
    extra = 20_000 - 100 * (len(tiles) - 1)
    tiles[-1] = (tiles[-1][0], random_boxes(rng, tiles[-1][0], max(extra, 0)))
    together = [seen(r, f, (width, height), 10.0) for r, f in tiles]
    everything = Found(*(np.concatenate([getattr(f, c) for _, f in tiles]) for c in ("boxes", "scores", "labels")))
    print(f"{len(everything)} boxes in {len(tiles)} tiles:")
    clock("  merged across seams, ours", lambda: len(merged(together)))
    clock("  suppressed alone, ours", lambda: len(suppressed(everything, 0.7)))
    from sahi.postprocess.combine import batched_greedy_nmm, batched_nms

    table = np.column_stack([everything.boxes, everything.scores, everything.labels]).astype(np.float32)
    clock("  NMS, SAHI", lambda: len(batched_nms(table, "IOU", 0.7)))
    clock("  GREEDYNMM, SAHI", lambda: len(batched_greedy_nmm(table, "IOS", 0.5)))


def random_boxes(rng: np.random.Generator, rectangle: Any, count: int) -> Found:
    x0, y0, x1, y1 = rectangle
    centre = rng.uniform((x0, y0), (x1, y1), (count, 2))
    half = np.exp(rng.uniform(np.log(5), np.log(60), (count, 2)))
    boxes = np.clip(np.concatenate([centre - half, centre + half], 1), (x0, y0, x0, y0), (x1, y1, x1, y1))
    return Found(boxes.astype(np.float32), rng.uniform(0.25, 1, count).astype(np.float32), rng.integers(0, 4, count))


def clock(name: str, work: Callable[[], int]) -> None:
    work()
    start = time.process_time()
    left = work()
    print(f"{name:30s} {1000 * (time.process_time() - start):8.0f} ms CPU, {left} left")


if __name__ == "__main__":
    main()
