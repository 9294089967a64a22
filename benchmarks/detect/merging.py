"""Merging 20,000 boxes of tiles and of the whole picture: ours, SAHI's two, and ultralytics' suppression."""

from __future__ import annotations

import time
from collections.abc import Callable
from importlib import import_module
from statistics import median
from typing import Any

import numpy as np

from pipeline.detect.found import Found, suppressed, together
from pipeline.detect.merge import merged, seen
from pipeline.detect.tiles import Tiling, passes
from pipeline.detect.trusted import awake

COUNT, WIDTH, HEIGHT, SIDE = 20_000, 8000, 6000, 640


def merging(repeat: int) -> dict[str, tuple[float, int]]:
    """Name -> (median CPU ms, boxes left)."""
    tiles = _tiles(np.random.default_rng(2))
    near = [seen(r, f, (WIDTH, HEIGHT), 10.0) for r, f in tiles]
    everything = together([f for _, f in tiles])
    table = np.column_stack([everything.boxes, everything.scores, everything.labels]).astype(np.float32)
    sahi: Any = import_module("sahi.postprocess.combine")
    torch, _ = awake()
    from ultralytics.utils.nms import TorchNMS

    apart = torch.from_numpy(everything.boxes + everything.labels[:, None].astype(np.float32) * 10_000)
    scores = torch.from_numpy(everything.scores)
    works: dict[str, Callable[[], int]] = {
        "merged across seams, ours": lambda: len(merged(near)),
        "suppressed alone, ours": lambda: len(suppressed(everything, 0.7)),
        "NMS, SAHI": lambda: len(sahi.batched_nms(table, "IOU", 0.7)),
        "GREEDYNMM, SAHI": lambda: len(sahi.batched_greedy_nmm(table, "IOS", 0.5)),
        "NMS in torch, ultralytics": lambda: len(TorchNMS.nms(apart, scores, 0.7)),
    }
    return {name: _measured(work, repeat) for name, work in works.items()}


def _measured(work: Callable[[], int], repeat: int) -> tuple[float, int]:
    left, taken = work(), []
    for _ in range(repeat):
        start = time.process_time()
        work()
        taken.append(1000 * (time.process_time() - start))
    return median(taken), left


def _tiles(rng: np.random.Generator) -> list[tuple[tuple[float, float, float, float], Found]]:
    tiles = []
    for look in passes(WIDTH, HEIGHT, (SIDE, SIDE), Tiling()):
        gain = look.width_px / WIDTH
        for t in look.tiles:
            rectangle = (t.x0 / gain, t.y0 / gain, t.x1 / gain, t.y1 / gain)
            tiles.append((rectangle, _random_boxes(rng, rectangle, 100)))
    left = max(COUNT - 100 * (len(tiles) - 1), 0)
    tiles[-1] = (tiles[-1][0], _random_boxes(rng, tiles[-1][0], left))
    return tiles


def _random_boxes(rng: np.random.Generator, rectangle: Any, count: int) -> Found:
    x0, y0, x1, y1 = rectangle
    centre = rng.uniform((x0, y0), (x1, y1), (count, 2))
    half = np.exp(rng.uniform(np.log(5), np.log(60), (count, 2)))
    boxes = np.clip(np.concatenate([centre - half, centre + half], 1), (x0, y0, x0, y0), (x1, y1, x1, y1))
    return Found(boxes.astype(np.float32), rng.uniform(0.25, 1, count).astype(np.float32), rng.integers(0, 4, count))
