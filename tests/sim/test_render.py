"""The pictures show what the answers say, where they say it."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from pipeline.imagery import decode
from pipeline.sim import FlightConfig, SimFlight, Truth, fly
from pipeline.sim.markers import MARKER_KINDS, pattern
from pipeline.sim.render import blow, open_studio, photo

Grey = NDArray[np.uint8]


def shots(truth: Truth) -> list[tuple[int, Grey]]:
    studio = open_studio(truth)
    return [
        (i, np.asarray(cv2.cvtColor(photo(studio, i), cv2.COLOR_BGR2GRAY), np.uint8)) for i in range(len(truth.photos))
    ]


def inner(truth: Truth, photo: int, target: int, margin_px: float = 40) -> bool:
    x, y = truth.px[photo, target]
    w, h = truth.config.width_px, truth.config.height_px
    return bool(truth.visible[photo, target] and margin_px < x < w - margin_px and margin_px < y < h - margin_px)


@pytest.mark.parametrize("pattern_name", ["nadir", "oblique"])
def test_checkerboards_meet_at_the_true_pixel(pattern_name: str) -> None:
    config = FlightConfig(
        seed=7, profile="exact", pattern=pattern_name, width_px=1600, height_px=1200, strips=2, photos_per_strip=3,
        height_m=30.0, marker_kinds=("checkerboard",), marker_size_m=(1.2, 1.5), turned_strip=pattern_name == "nadir",
    )  # type: ignore[arg-type]  # fmt: skip
    truth, off = fly(config), []
    for i, grey in shots(truth):
        for j, target in enumerate(truth.targets):
            if target.kind == "checkerboard" and inner(truth, i, j):
                start = (truth.px[i, j] + [0.6, -0.4]).astype(np.float32).reshape(1, 1, 2)
                stop = (cv2.TERM_CRITERIA_MAX_ITER + cv2.TERM_CRITERIA_EPS, 50, 1e-4)
                found = cv2.cornerSubPix(grey, start, (5, 5), (-1, -1), stop)[0, 0]
                off.append(np.hypot(*(found - truth.px[i, j])))
    assert len(off) >= 8
    assert np.median(off) < 0.06 and max(off) < 0.2


def test_tags_are_read_and_not_mirrored() -> None:
    config = FlightConfig(
        seed=2, profile="exact", width_px=2000, height_px=1500, strips=1, photos_per_strip=3, height_m=25.0,
        marker_kinds=("aruco",), marker_size_m=(1.4, 1.5), n_markers=6, turned_strip=False,
    )  # fmt: skip
    truth, read = fly(config), 0
    finder = cv2.aruco.ArucoDetector(cv2.aruco.getPredefinedDictionary(cv2.aruco.DICT_4X4_50))
    for i, grey in shots(truth):
        corners, ids, _ = finder.detectMarkers(grey)
        for quad, code in zip(corners, [] if ids is None else ids.ravel(), strict=True):
            j = int(np.nanargmin(np.linalg.norm(truth.px[i] - quad[0].mean(axis=0), axis=1)))
            assert truth.targets[j].code == code
            assert np.linalg.norm(quad[0].mean(axis=0) - truth.px[i, j]) < 1.0
            read += 1
    assert read >= 4


@pytest.mark.parametrize("kind", MARKER_KINDS)
def test_patterns_are_dark_and_light_about_their_centre(kind: str) -> None:
    panel = pattern(kind, 3)
    assert panel.shape == (360, 360)
    assert 0.1 < (panel > 128).mean() < 0.95
    if kind not in ("aruco", "apriltag"):
        np.testing.assert_array_equal(panel, panel[::-1, ::-1])


def test_photos_look_like_photos(flown: SimFlight) -> None:
    """Neither flat nor blown out, sharp enough, and textured in every corner."""
    for path in flown.flight.iterdir():
        picture = decode(path.read_bytes(), path.name)
        grey = cv2.cvtColor(picture, cv2.COLOR_BGR2GRAY).astype(float)
        assert 40 < grey.mean() < 190
        assert (grey > 250).mean() < 0.02 and (grey < 5).mean() < 0.02
        blocks = grey.reshape(6, 100, 8, 100).std(axis=(1, 3))
        assert blocks.min() > 2.0


@pytest.mark.parametrize("label", ["smoke", "dust"])
def test_plumes_fill_their_boxes_and_nothing_else(exact: Truth, label: str) -> None:
    """On a grey ground: smoke is lighter and has no colour, dust is tan, both begin at the foot."""
    j = next(j for j, t in enumerate(exact.targets) if t.label == label)
    i = next(i for i in range(len(exact.photos)) if inner(exact, i, j, 400))
    grey = np.full((exact.config.height_px, exact.config.width_px, 3), 100, np.uint8)
    shot = exact.shot[i]
    blow(grey, exact.lenses[i], exact.world_m[shot], exact.world_R_cam[shot], exact.targets[j])
    y, x = np.nonzero((grey != 100).any(axis=2))
    x0, y0, x1, y1 = exact.boxes[i, j]
    assert x.min() >= x0 - 1 and x.max() <= x1 + 1 and y.min() >= y0 - 1 and y.max() <= y1 + 1
    blue, _, red = grey[y, x].astype(float).mean(axis=0)
    assert (red - blue < 4) if label == "smoke" else (red - blue > 6)
    foot = exact.px[i, j].astype(int)
    assert np.hypot(x - foot[0], y - foot[1]).min() < 3
