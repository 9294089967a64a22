"""Marker panels put into a photo: the answer lies where the panel lies, and nothing else is touched."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.sim.draw import panel
from pipeline.sim.draw.paint import FAINT, contrast_de, extent
from pipeline.sim.draw.panel_letters import CHARACTERS, lettered, strokes
from pipeline.sim.draw.panel_light import softness_px, sunlight
from pipeline.sim.draw.panel_patterns import PATTERNS, any_pattern
from pipeline.sim.draw.panel_plane import Plane, plane
from pipeline.sim.draw.values import Image, Painted
from pipeline.sim.draw.view import View, guess_view

NADIR = View(320, 320, 30.0, 0.0, 900.0, 40.0, 50.0, 0.0)


def earth(height: int = 320, width: int = 320, seed: int = 2) -> Image:
    rng = np.random.default_rng(seed)
    return np.clip(rng.normal((90, 110, 100), 15, (height, width, 3)), 0, 255).astype(np.uint8)


def painted(seed: int, strength: float = 0.9, view: View = NADIR) -> Painted:
    return panel.paint_panel(earth(view.height_px, view.width_px), view, np.random.default_rng(seed), strength)


@settings(max_examples=40, deadline=None)
@given(
    seed=st.integers(0, 10**6),
    size=st.sampled_from([(48, 48), (48, 301), (200, 130), (320, 320)]),
    strength=st.floats(0.15, 1.0),
    grey=st.sampled_from([None, 0, 128, 255]),
)
def test_a_panel_lies_within_its_cover_and_its_centre_within_its_box(
    seed: int, size: tuple[int, int], strength: float, grey: int | None
) -> None:
    image = earth(*size) if grey is None else np.full((*size, 3), grey, np.uint8)
    kept, rng = image.copy(), np.random.default_rng(seed)
    drawn = panel.paint_panel(image, guess_view(*size, rng), rng, strength)
    assert np.array_equal(image, kept)
    assert drawn.image.shape == drawn.base.shape == image.shape and drawn.cover.dtype == np.float32
    assert drawn.cover.shape == size and drawn.cover.min() >= 0 and drawn.cover.max() <= 1
    assert not (drawn.image != drawn.base).any(axis=2)[drawn.cover == 0].any()
    box = extent(drawn.cover >= FAINT)
    assert box is not None and drawn.kind in PATTERNS
    assert box[0] <= drawn.source_px[0] <= box[2] and box[1] <= drawn.source_px[1] <= box[3]


def test_shadows_only_take_light_away_near_the_panel() -> None:
    for seed in range(8):
        drawn, before = painted(seed), earth()
        assert (drawn.base <= before).all()
        box, touched = extent(drawn.cover > 0), extent((drawn.base != before).any(axis=2))
        assert box is not None
        if touched is not None:
            room = 8 + 0.3 * max(box[2] - box[0], box[3] - box[1])
            assert touched[0] >= box[0] - room and touched[1] >= box[1] - room
            assert touched[2] <= box[2] + room and touched[3] <= box[3] + room


def test_the_seed_decides() -> None:
    one, same, other = painted(7), painted(7), painted(8)
    assert np.array_equal(one.image, same.image) and one.source_px == same.source_px and one.kind == same.kind
    assert not np.array_equal(one.image, other.image)


@pytest.mark.parametrize("seed", range(6))
def test_strength_orders_the_contrast_and_leaves_the_place(seed: int) -> None:
    weak, strong = (painted(seed, strength) for strength in (0.2, 1.0))
    assert extent(weak.cover > 0.5) is not None
    contrasts = [contrast_de(p.base, p.image, p.cover) for p in (weak, strong)]
    assert contrasts[0] < 0.6 * contrasts[1]
    assert weak.source_px == strong.source_px and weak.kind == strong.kind


def test_every_kind_comes_and_the_usual_ones_more_often() -> None:
    rng = np.random.default_rng(0)
    kinds = [any_pattern(rng) for _ in range(3000)]
    assert set(kinds) == set(PATTERNS)
    assert kinds.count("cross") > kinds.count("banner")


@pytest.mark.parametrize("kind", PATTERNS)
def test_a_design_is_ink_and_cover_within_its_plane(kind: str) -> None:
    for seed in range(3):
        rng = np.random.default_rng(seed)
        design = PATTERNS[kind][0](plane(90, rng, 0.03), rng)
        for field in (design.ink, design.cover):
            assert field.shape == (90, 90) and field.dtype == np.float32
            assert field.min() >= -1e-6 and field.max() <= 1 + 1e-6
        assert 0.03 < design.cover.mean() < 1
        assert max(abs(v) for v in design.centre) < 0.6


def test_the_crossing_of_a_cross_is_where_it_is_said_to_be(monkeypatch: pytest.MonkeyPatch) -> None:
    """A cross in a circle is the same to all sides: the middle of its box is its crossing."""
    monkeypatch.setattr(panel, "any_pattern", lambda rng: "circled-x")
    found = 0
    for seed in range(16):
        drawn = painted(seed)
        box = extent(drawn.cover > 0.02)
        assert box is not None
        if min(box[0], box[1]) < 2 or max(box[2], box[3]) > 317 or drawn.cover.max() < 0.9:
            continue
        middle = (box[0] + box[2]) / 2, (box[1] + box[3]) / 2
        off = np.hypot(middle[0] - drawn.source_px[0], middle[1] - drawn.source_px[1])
        found += off < 0.08 * (box[2] - box[0]) + 1
    assert found >= 6


def test_panels_come_small_and_large() -> None:
    sizes = []
    for seed in range(60):
        box = extent(painted(seed).cover >= FAINT)
        assert box is not None
        sizes.append(max(box[2] - box[0], box[3] - box[1]))
    assert panel.LEAST_PX - 1 <= min(sizes) < panel.LEAST_PX + 4 and max(sizes) > 100


def test_a_panel_seen_aslant_is_flat() -> None:
    aslant = replace(NADIR, tilt_deg=75.0)
    ratios = []
    for seed in range(12):
        box = extent(painted(seed, view=aslant).cover >= FAINT)
        assert box is not None
        ratios.append((box[3] - box[1]) / (box[2] - box[0]))
    assert np.median(ratios) < 0.6


def test_white_is_darker_in_the_dark() -> None:
    light = [sum(sunlight(np.full((64, 64, 3), grey, np.uint8), np.random.default_rng(1))) for grey in (10, 60, 130)]
    assert light[0] < light[1] < light[2]


def test_a_blurred_photo_is_found_blurred() -> None:
    import cv2

    sharp = earth()
    judged = [softness_px(np.asarray(cv2.GaussianBlur(sharp, (0, 0), s), np.uint8)) for s in (0.3, 0.8, 1.5)]
    assert judged[0] < judged[1] < judged[2]


def test_shapes_cover_what_they_should() -> None:
    p = plane(200, np.random.default_rng(0), 0.0)
    cell = p.soft**2
    assert p.disc(0.5).sum() * cell == pytest.approx(np.pi * 0.25, rel=0.01)
    assert p.box(0.5, 0.25, turn_deg=30).sum() * cell == pytest.approx(0.5, rel=0.01)
    assert p.wedge(20, 30, 0.8).sum() * cell == pytest.approx(np.pi * 0.64 / 6, rel=0.02)
    assert p.polygon([(0, -0.5), (0.5, 0.5), (-0.5, 0.5)]).sum() * cell == pytest.approx(0.5, rel=0.01)
    assert p.line([(-0.5, 0), (0.5, 0)], 0.2).sum() * cell == pytest.approx(0.2 + np.pi * 0.01, rel=0.02)


def test_a_raster_lies_upright() -> None:
    p: Plane = plane(100, np.random.default_rng(0), 0.0)
    picture = np.zeros((40, 40), np.uint8)
    picture[:20, :20] = 255
    field = p.raster(picture, 1.0)
    assert field[(p.x < -0.1) & (p.y < -0.1) & (p.x > -0.9) & (p.y > -0.9)].min() == 1
    assert field[(p.x > 0.1) | (p.y > 0.1)].max() == 0


def test_letters_and_characters_have_ink_within_their_square() -> None:
    for seed in range(20):
        picture = lettered(np.random.default_rng(seed))
        assert picture.shape == (192, 192) and 0.03 < (picture > 127).mean() < 0.7
        assert not picture[0].any() and not picture[-1].any()
    for character in {c for word in CHARACTERS for c in word}:
        points = [at for stroke in strokes(character) for at in stroke]
        assert len(points) >= 4 and max(abs(v) for at in points for v in at) <= 1
