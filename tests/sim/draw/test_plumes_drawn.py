"""Laws of drawn smoke and dust: same again, within bounds, ordered by strength, rooted, of every kind and size."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.sim.draw import dust, plume_light, smoke
from pipeline.sim.draw.paint import FAINT, extent
from pipeline.sim.draw.plume_along import paint_along
from pipeline.sim.draw.plume_cover import opacity, trimmed
from pipeline.sim.draw.values import Image, Painted
from pipeline.sim.draw.view import View, guess_view

Painter = Callable[[Image, View, np.random.Generator, float], Painted]
PAINTERS: dict[str, Painter] = {"smoke": smoke.paint_smoke, "dust": dust.paint_dust}
seeds = st.integers(0, 2**32 - 1)
labels = st.sampled_from(sorted(PAINTERS))
SIDE_PX = 160  # half a tile: the laws are the same and it is drawn in half the time


def ground(height_px: int = SIDE_PX, width_px: int = SIDE_PX, seed: int = 5) -> Image:
    """Rough ground, browner than grey."""
    rng = np.random.default_rng(seed)
    grey = rng.normal(0, 14, (height_px, width_px, 1)) + np.array([84.0, 98.0, 106.0])
    return np.asarray(np.clip(grey, 0, 255), np.uint8)


def painted(label: str, seed: int, strength: float = 0.8, image: Image | None = None, **view: float) -> Painted:
    """One drawing of a seed, in a view of the same seed."""
    rng, picture = np.random.default_rng(seed), ground() if image is None else image
    seen = replace(guess_view(picture.shape[0], picture.shape[1], rng), **view)  # type: ignore[arg-type]
    return PAINTERS[label](picture, seen, rng, strength)


def box_of(drawing: Painted) -> tuple[float, float, float, float]:
    box = extent(drawing.cover >= FAINT)
    assert box is not None
    return box


@settings(max_examples=8, deadline=None)
@given(labels, seeds)
def test_the_same_seed_draws_the_same_picture(label: str, seed: int) -> None:
    first, again = painted(label, seed), painted(label, seed)
    assert np.array_equal(first.image, again.image) and np.array_equal(first.cover, again.cover)
    assert first.source_px == again.source_px and first.kind == again.kind


@settings(max_examples=8, deadline=None)
@given(labels, seeds, st.floats(0.15, 1))
def test_cover_is_a_share_and_all_that_changes_the_base(label: str, seed: int, strength: float) -> None:
    drawing = painted(label, seed, strength)
    assert drawing.cover.dtype == np.float32 and drawing.image.dtype == np.uint8
    assert drawing.cover.min() >= 0 and drawing.cover.max() <= 1 and np.isfinite(drawing.cover).all()
    bare = drawing.cover == 0
    assert np.array_equal(drawing.image[bare], drawing.base[bare])


@settings(max_examples=8, deadline=None)
@given(labels, seeds)
def test_the_picture_handed_in_stays_as_it_was(label: str, seed: int) -> None:
    picture = ground()
    painted(label, seed, image=picture)
    assert np.array_equal(picture, ground())


@settings(max_examples=10, deadline=None)
@given(labels, seeds)
def test_strength_orders_opacity_and_leaves_the_place_as_it_is(label: str, seed: int) -> None:
    drawings = [painted(label, seed, strength) for strength in (0.15, 0.4, 0.7, 1.0)]
    assert len({(d.source_px, d.kind) for d in drawings}) == 1
    cover = [float(d.cover.sum()) for d in drawings]
    assert cover == sorted(cover)


@pytest.mark.parametrize("label", sorted(PAINTERS))
def test_opacity_runs_from_hardly_seen_to_dense(label: str) -> None:
    for strength, low, high in ((0.15, 0.12, 0.3), (1.0, 0.75, 1.0)):
        found = []
        for seed in range(12):
            seen = (drawing := painted(label, seed, strength)).cover[drawing.cover >= FAINT]
            if len(seen) > 100:
                found.append(float(np.quantile(seen, 0.9)))
        assert low < np.median(found) < high


@settings(max_examples=15, deadline=None)
@given(labels, seeds)
def test_sources_lie_in_the_box_or_near_it(label: str, seed: int) -> None:
    drawing = painted(label, seed, 0.9)
    if extent(drawing.cover >= FAINT) is None:
        return  # out of the picture: it is drawn again
    x0, y0, x1, y1 = box_of(drawing)
    x, y = (np.clip(v, 0, SIDE_PX - 1) for v in drawing.source_px)
    away = np.hypot(max(x0 - x, x - x1, 0), max(y0 - y, y - y1, 0))
    assert away <= max(0.6 * np.hypot(x1 - x0, y1 - y0), 24)


@pytest.mark.parametrize("label", sorted(PAINTERS))
@pytest.mark.parametrize("size", [(48, 48), (48, 200), (400, 240), (1280, 900)])
def test_pictures_of_any_size(label: str, size: tuple[int, int]) -> None:
    found = 0
    for seed in range(3):
        drawing = painted(label, seed, image=ground(*size))
        assert drawing.image.shape == (*size, 3) and drawing.cover.shape == size
        found += extent(drawing.cover >= FAINT) is not None
    assert found >= 2


@pytest.mark.parametrize("label", sorted(PAINTERS))
@pytest.mark.parametrize("tilt_deg", [0.0, 1.5, 45.0, 80.0, 89.0])
def test_any_tilt(label: str, tilt_deg: float) -> None:
    seen = [extent(painted(label, seed, tilt_deg=tilt_deg).cover >= FAINT) is not None for seed in range(4)]
    assert sum(seen) >= 3


def test_columns_rise_in_slanting_pictures(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(smoke, "KINDS", {"column": smoke.KINDS["column"]})
    tall = 0
    for seed in range(8):
        drawing = painted("smoke", seed, tilt_deg=75.0)
        _, y0, _, y1 = box_of(drawing)
        tall += drawing.source_px[1] - y0 > 2 * (y1 - drawing.source_px[1])
    assert tall >= 7


@pytest.mark.parametrize("label", sorted(PAINTERS))
def test_every_kind_comes(label: str) -> None:
    kinds = smoke.KINDS if label == "smoke" else dust.KINDS
    found = Counter(painted(label, seed, image=ground(48, 48)).kind for seed in range(75))
    assert set(found) == set(kinds)


def test_smoke_is_many_coloured_and_dust_is_warm() -> None:
    """Thick parts: smoke runs from black to white, dust has more red than blue unless it is coal or concrete."""
    tones: dict[str, list[np.ndarray]] = {"smoke": [], "dust": []}
    for label, found in tones.items():
        for seed in range(30):
            drawing = painted(label, seed, 1.0)
            thick = drawing.cover > 0.7
            if thick.sum() > 50:
                found.append(drawing.image[thick].astype(float).mean(axis=0))
    grey = np.array(tones["smoke"]).mean(axis=1)
    assert grey.min() < 80 and grey.max() > 190
    warm = np.array(tones["dust"])
    assert np.median(warm[:, 2] - warm[:, 0]) > 12


@settings(max_examples=30, deadline=None)
@given(seeds, st.floats(0.05, 1))
def test_wisps_far_off_stretch_no_box(seed: int, strength: float) -> None:
    rng = np.random.default_rng(seed)
    depth = np.zeros((200, 200), np.float32)
    depth[120:180, 120:180] = rng.uniform(0.5, 1, (60, 60))
    depth[5:9, 5:9] = 1
    box = extent(trimmed(opacity(depth, strength)) >= FAINT)
    assert box is not None and box[0] > 100 and box[1] > 100


def test_nothing_else_changes_where_there_is_no_source_and_no_sun(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(smoke, "KINDS", {"veil": smoke.KINDS["veil"]})
    monkeypatch.setattr(smoke, "light_of", lambda *given: replace(plume_light.light_of(*given), plain=False))
    for seed in range(6):
        drawing = painted("smoke", seed)
        assert np.array_equal(drawing.base, ground())


@pytest.mark.parametrize("label", sorted(PAINTERS))
def test_shadows_and_sources_only_lay_over_the_ground(label: str) -> None:
    """Sources stay small and shadows take light away: most of the picture is as it was, or darker."""
    for seed in range(8):
        drawing = painted(label, seed)
        brighter = (drawing.base.astype(int) - ground() > 2).any(axis=2)
        assert brighter.mean() < 0.2


def test_no_smoke_has_no_cover() -> None:
    assert not opacity(np.zeros((9, 9), np.float32), 0.5).any()


@settings(max_examples=15, deadline=None)
@given(st.sampled_from(["smoke", "dust"]), seeds)
def test_plumes_of_flights_stay_within_their_balls(label: str, seed: int) -> None:
    rng = np.random.default_rng(seed)
    start, way, n = rng.uniform(-50, 350, 2), rng.uniform(-8, 8, 2), 20
    px, radii = start + way * np.arange(n)[:, None], np.linspace(2, rng.uniform(3, 40), n)
    picture = np.full((300, 280, 3), 100, np.uint8)
    drawn = paint_along(picture, px, radii, label, np.random.default_rng(seed))
    y, x = np.nonzero((picture != 100).any(axis=2))
    assert drawn is picture or not len(x)
    away = np.hypot(x[:, None] - px[:, 0], y[:, None] - px[:, 1]) - radii
    assert not len(x) or away.min(axis=1).max() <= 1.5


def test_plumes_of_flights_are_the_same_again_and_may_be_out_of_sight() -> None:
    px, radii = np.column_stack([np.linspace(40, 150, 30), np.linspace(80, 40, 30)]), np.linspace(3, 22, 30)
    first, again = (paint_along(ground(160, 200), px, radii, "smoke", np.random.default_rng(3)) for _ in range(2))
    assert first is not None and again is not None and np.array_equal(first, again)
    assert paint_along(ground(160, 200), px + 1000, radii, "smoke", np.random.default_rng(3)) is None
    some = np.where(np.arange(30)[:, None] < 5, np.nan, px)
    assert paint_along(ground(160, 200), some, radii, "smoke", np.random.default_rng(3)) is not None
    assert paint_along(ground(160, 200), px * np.nan, radii, "smoke", np.random.default_rng(3)) is None
