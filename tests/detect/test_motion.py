"""What moves in a hover clip: drifting smoke against what only looks like it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import cache
from pathlib import Path

import cv2
import numpy as np
import pytest

from pipeline import imagery
from pipeline.detect import motion
from pipeline.detect.plume import Plume
from pipeline.errors import ImageryError
from pipeline.learn.metrics import overlap
from pipeline.types import Box
from tests.detect import puffs

FOOT, END = (250.0, 560.0), (650.0, 230.0)
BOX = (240.0, 210.0, 680.0, 570.0)


def clip(drifts: bool, frames: int = 7, seed: int = 1) -> list[puffs.Image]:
    """A swaying camera over ground with a plume that drifts, or with one that is painted on it."""
    return [image.copy() for image in _clip(drifts, frames, seed)]


@cache
def _clip(drifts: bool, frames: int, seed: int, sway_px: float = 6.0) -> list[puffs.Image]:
    rng = np.random.default_rng(seed)
    still = puffs.ground(seed)
    made = []
    for k in range(frames):
        image, _ = puffs.smoke(still, FOOT, END, phase=0.35 * k if drifts else 0.0)
        turn = cv2.getRotationMatrix2D((480, 360), 0.8 * np.sin(1.1 * k), 1 + 0.004 * np.sin(0.7 * k))
        turn[:, 2] += sway_px * np.array([np.sin(0.9 * k), 1 - np.cos(1.3 * k)])
        warped = cv2.warpAffine(image, turn, (960, 720), borderMode=cv2.BORDER_REFLECT) if k else image
        made.append(np.clip(warped + rng.normal(0, 2, warped.shape), 0, 255).astype(np.uint8))
    return made


def share(box: Box, frames: list[puffs.Image]) -> float | None:
    return motion.verdict(box, motion.watch(frames), frames[0])


def test_drifting_smoke_is_told_from_a_painted_one() -> None:
    for seed in (1, 2):
        moving, still = share(BOX, clip(True, seed=seed)), share(BOX, clip(False, seed=seed))
        assert moving is not None and moving > 0.15
        assert still is not None and still < 0.03


def test_ground_beside_the_plume_does_not_move() -> None:
    beside = share((700.0, 480.0, 900.0, 680.0), clip(True))
    assert beside is not None and beside < 0.1


def test_a_vehicle_that_passes_is_no_smoke() -> None:
    frames = clip(False)
    for k, image in enumerate(frames):
        cv2.rectangle(image, (80 + 100 * k, 620), (140 + 100 * k, 650), (250, 250, 250), -1)
    passed = share((60.0, 600.0, 920.0, 670.0), frames)
    assert passed is not None and passed < 0.1


def test_more_or_less_light_is_no_motion() -> None:
    frames = [np.clip(f.astype(int) + 6 * (k % 3), 0, 255).astype(np.uint8) for k, f in enumerate(clip(False))]
    lit = share(BOX, frames)
    assert lit is not None and lit < 0.05


def test_candidates_that_move_are_raised_and_others_lowered() -> None:
    see = Plume()
    see.threshold = 0.0
    for drifts in (True, False):
        frames = clip(drifts)
        before = max(see.find(frames[0], "a.mp4#000001"), key=lambda d: overlap(d.box_px, BOX))
        assert overlap(before.box_px, BOX) > 0.3
        moving = share(before.box_px, frames)
        assert moving is not None
        after = motion.raised(before, moving)
        assert (after.confidence > before.confidence) == drifts
        assert replace(after, confidence=before.confidence) == before


def on_water(
    shown: Callable[[int], np.ndarray], pond: tuple[int, int, int, int], frames: int = 10
) -> list[puffs.Image]:
    """Still ground with a pond whose light in frame k is `shown(k)`, (720, 960)."""
    rng, (x0, y0, x1, y1), made = np.random.default_rng(1), pond, []
    for k in range(frames):
        image = puffs.ground(1).astype(np.float32)
        image[y0:y1, x0:x1] = (np.array((90.0, 80.0, 60.0)) + shown(k)[..., None])[y0:y1, x0:x1]
        made.append(np.clip(image + rng.normal(0, 2, image.shape), 0, 255).astype(np.uint8))
    return made


def sparkles(k: int) -> np.ndarray:
    """New in every frame."""
    grain = np.random.default_rng(100 + k).normal(0, 1, (720, 960)).astype(np.float32)
    return np.where(cv2.GaussianBlur(grain, (0, 0), 2) > 0.2, 150.0, 0.0)


def waves(k: int) -> np.ndarray:
    """That go their way slowly, as smoke does."""
    rng, (y, x) = np.random.default_rng(0), np.mgrid[:720, :960].astype(np.float32)
    terms = zip(rng.uniform(15, 60, 25), rng.uniform(0, 2 * np.pi, 25), rng.uniform(1, 4, 25), strict=True)
    return 2 * sum(np.sin(2 * np.pi / w * (x * np.cos(a) + y * np.sin(a)) - 0.3 * k * f) for w, a, f in terms)


def test_a_glitter_raises_nothing() -> None:
    pond = on_water(sparkles, (300, 300, 620, 520))
    changing = motion.watch(pond).changing
    assert np.nanmean(changing > motion.STANDS_OUT * motion.LEAST_USUAL) > motion.ENOUGH / 2
    assert share(BOX, pond) is None


def test_what_moves_as_its_surroundings_do_gets_no_verdict() -> None:
    river = on_water(waves, (0, 340, 700, 520))
    assert share((300.0, 380.0, 450.0, 480.0), river) is None


def test_a_box_at_the_rim_of_what_was_seen_throughout_gets_no_verdict() -> None:
    watched = motion.watch(clip(True))
    for box in ((-300.0, 0.0, -20.0, 100.0), (-0.5, -0.5, 959.5, 719.5)):
        assert motion.verdict(box, watched, clip(True)[0]) is None


def test_a_clip_that_cannot_be_laid_over_is_refused() -> None:
    frames = clip(False, 4)
    with pytest.raises(ImageryError, match="too short"):
        motion.watch(frames[:3])
    with pytest.raises(ImageryError, match="differ in size"):
        motion.watch([*frames[:3], frames[3][:-2]])
    with pytest.raises(ImageryError, match="too little"):
        motion.watch([np.full((300, 400, 3), 90, np.uint8)] * 4)
    with pytest.raises(ImageryError, match=r"lay them over|laid over"):
        motion.watch([puffs.ground(seed) for seed in range(4)])


def test_a_real_hover_clip_is_laid_over_itself(real_data: Callable[[str], Path]) -> None:
    folder = real_data("flights/narrabeen") / "frames"
    frames = [imagery.decode(p.read_bytes(), p.name) for p in sorted(folder.glob("*.jpg"))]
    watched = motion.watch(frames)
    assert np.isfinite(watched.changing).mean() > 0.5
    surf = [(1600.0, 1200.0, 2400.0, 2000.0), (2000.0, 1200.0, 3200.0, 2000.0), (800.0, 1200.0, 2000.0, 2000.0)]
    assert all((motion.verdict(box, watched, frames[0]) or 0.0) < motion.ENOUGH / 2 for box in surf)
