"""The weights that travel with the program, and what their card says of them."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from pipeline import imagery
from pipeline.detect.models import find_model
from pipeline.detect.yolo import Yolo
from pipeline.learn.dataset import Recipe, build
from pipeline.learn.evaluate import evaluate
from pipeline.learn.scene_table import read_scene_table
from pipeline.learn.tiles import CLASSES
from pipeline.resources import resource
from pipeline.sim.draw import draw

MODEL = find_model("qly-n")
CARD = resource("models/cards/qly-n.md").read_text(encoding="utf-8")


def test_the_file_is_small_the_registrys_and_tells_nothing_of_a_machine() -> None:
    raw = MODEL.path.read_bytes()
    assert len(raw) < 12_000_000
    assert imagery.sha256(raw) == MODEL.sha256
    assert MODEL.labels == CLASSES
    assert not re.search(rb"/(tmp|home|root|usr)/|site-packages|[A-Z]:\\Users", raw)


def test_the_card_says_what_was_never_seen() -> None:
    assert "Real outfalls and real dust were never seen" in CARD
    assert str(MODEL.sha256) in CARD


def test_thresholds_rise_as_false_alarms_fall() -> None:
    rates, thresholds = zip(*MODEL.false_alarms, strict=True)
    assert list(rates) == sorted(rates) and list(thresholds) == sorted(thresholds, reverse=True)
    assert Yolo("qly-n", 1.0).threshold <= Yolo("qly-n", 0.2).threshold


# Of small panels it finds a third, as its card says; `marker` is the detector for them.
@pytest.mark.parametrize(("label", "least"), [("smoke", 10), ("dust", 10), ("outfall", 8)])
def test_it_finds_about_half_of_what_is_plainly_drawn_on_made_ground(label: str, least: int) -> None:
    detector = Yolo("qly-n", 2.0)
    found = 0
    for seed in range(20):
        rng = np.random.default_rng(seed)
        coarse = rng.normal((70, 110, 95), 18, (40, 40, 3))
        ground = np.kron(coarse, np.ones((8, 8, 1))) + rng.normal(0, 8, (320, 320, 3))
        drawn = draw(np.clip(ground, 0, 255).astype(np.uint8), label, rng, strength=0.9)
        x0, y0, x1, y1 = drawn.box_px
        for d in detector.find(drawn.image, "made"):
            middle = ((d.box_px[0] + d.box_px[2]) / 2, (d.box_px[1] + d.box_px[3]) / 2)
            if d.label == label and x0 < middle[0] < x1 and y0 < middle[1] < y1:
                found += 1
                break
    assert found >= least


@pytest.mark.slow
def test_the_cards_figures_on_real_smoke_can_be_measured_again(
    real_data: Callable[[str], Path], tmp_path: Path
) -> None:
    scenes = read_scene_table(Path(__file__).parents[2] / "benchmarks" / "real_smoke.toml")
    data = build(Recipe(labelled=(str(real_data("smoke")),), fold=(1, 5), scenes=scenes), tmp_path / "data")
    smoke = evaluate("qly-n", [data])["sets"]["real"]["smoke"]
    told = re.search(r"^\| real \| smoke \| (\d+) \| ([\d.]+) \| ([\d.]+) \|", CARD, re.MULTILINE)
    assert told
    assert smoke["boxes"] == int(told[1])
    assert (smoke["ap_0.3"], smoke["ap_0.5"]) == pytest.approx((float(told[2]), float(told[3])), abs=0.01)
