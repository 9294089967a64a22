"""Figures by parts: the whole part is the whole figure, and what was found of others counts neither way."""

from __future__ import annotations

import json
import math
from pathlib import Path

import numpy as np
import pytest

from pipeline.errors import MissionError
from pipeline.learn.breakdown import Truth, breakdown, judged, part_ap, read_things, source_distances
from pipeline.learn.metrics import Seen, average_precision
from pipeline.types import Box


def box(x: float, y: float, side: float = 10) -> Box:
    return x, y, x + side, y + side


def scene(seed: int, pictures: int = 12) -> tuple[list[Seen], list[Truth]]:
    """Truths, most of them found a little off, and false alarms."""
    rng = np.random.default_rng(seed)
    truths, seen = [], []
    for n in range(pictures):
        for k in range(int(rng.integers(0, 4))):
            at = box(30.0 * k, float(rng.uniform(0, 50)))
            kind, contrast = ("pipe", "ditch")[k % 2], float(rng.uniform(4, 30))
            truths.append(Truth(f"{n}.jpg", "outfall", at, "ab"[n % 2], (at[0], at[1]), kind, contrast, 10.0))
            if rng.random() < 0.8:
                off = float(rng.uniform(0, 5))
                seen.append((f"{n}.jpg", float(rng.random()), box(at[0] + off, at[1])))
        seen += [(f"{n}.jpg", float(rng.random()), box(200.0 + 20 * k, 0)) for k in range(int(rng.integers(0, 3)))]
    return seen, truths


def boxes(truths: list[Truth]) -> dict[str, list[Box]]:
    known: dict[str, list[Box]] = {}
    for truth in truths:
        known.setdefault(truth.picture, []).append(truth.box_px)
    return known


@pytest.mark.parametrize("seed", range(8))
def test_the_part_that_is_the_whole_has_the_whole_ap(seed: int) -> None:
    seen, truths = scene(seed)
    whole = part_ap(judged(seen, truths, 0.3), set(range(len(truths))))
    assert whole == pytest.approx(average_precision(seen, boxes(truths), 0.3))


def test_finds_of_other_truths_are_no_false_alarms() -> None:
    truths = [Truth("a", "smoke", box(0, 0)), Truth("a", "smoke", box(50, 0))]
    seen = [("a", 0.9, box(0, 0)), ("a", 0.8, box(50, 0))]
    told = judged(seen, truths, 0.5)
    assert part_ap(told, {1}) == 1.0
    assert part_ap(judged([*seen, ("a", 0.95, box(90, 90))], truths, 0.5), {1}) == 0.5
    assert math.isnan(part_ap(told, set()))


def test_every_truth_is_in_one_part_of_each_way_and_small_parts_are_left_out() -> None:
    seen, truths = scene(3, pictures=60)
    told = breakdown(seen, truths, 0.3)
    assert set(told) == {"contrast_de", "size_px", "background", "kind"}
    for parts in told.values():
        assert sum(p["boxes"] for p in parts.values()) == len(truths)
        assert all(0 <= p["ap"] <= 1 for p in parts.values())
    counts = [p["boxes"] for p in told["contrast_de"].values()]
    assert len(counts) == 3 and max(counts) - min(counts) <= 2
    assert breakdown(seen[:2], truths[:2], 0.3)["background"] == {}


def test_distances_from_the_source_by_hand() -> None:
    truths = [Truth("a", "smoke", box(0, 0), source_px=(5.0, 10.0), size_px=10.0)]
    found = [("a", 0.9, box(1, 0), (8.0, 14.0)), ("a", 0.2, box(0, 0), (5.0, 10.0))]
    assert source_distances(found, truths, 0.5) == {
        "found": 1, "p50_px": 5.0, "p90_px": 5.0, "p50_size": 0.5, "p90_size": 0.5,
    }  # fmt: skip
    assert source_distances(found, truths, 0.95) == {"found": 0}


HUGE = json.dumps({"picture": "a", "things": [{"class": "smoke", "box_px": [0, 0, 10**400, 9]}]})


def test_lines_that_make_no_sense_are_told(tmp_path: Path) -> None:
    assert read_things(tmp_path) == {}
    thing = {"class": "smoke", "box_px": [0, 0, 4, 9], "source_px": [1, 2], "kind": "fire", "contrast_de": 5}
    good = json.dumps({"picture": "images/a.jpg", "background": "lewis", "things": [thing]})
    (tmp_path / "things.jsonl").write_text(good + "\n")
    ((picture, (truth,)),) = read_things(tmp_path).items()
    assert (picture, truth.size_px, truth.background) == ("images/a.jpg", 6.0, "lewis")
    for bad in ("{", "[]", '{"picture": "a"}', '{"picture": "a", "things": [{"class": "smoke"}]}', HUGE, "\x00\udcff"):
        (tmp_path / "things.jsonl").write_bytes(f"{good}\n{bad}\n".encode(errors="surrogateescape"))
        with pytest.raises(MissionError, match=r"things\.jsonl: line 2"):
            read_things(tmp_path)
