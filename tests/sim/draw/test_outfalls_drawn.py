"""Outfalls and their look-alikes: what is drawn, where, and that it keeps to its shore."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.sim.draw import outfall
from pipeline.sim.draw.dressing import lay_scene
from pipeline.sim.draw.look_alikes import DECOYS
from pipeline.sim.draw.look_alikes_outfall import NO_OUTFALLS
from pipeline.sim.draw.outfall import KINDS, paint_outfall
from pipeline.sim.draw.paint import FAINT, contrast_de, extent
from pipeline.sim.draw.shore import Shore, bare_shore, lay_shore
from pipeline.sim.draw.shore_light import lighting
from pipeline.sim.draw.textures import PATTERNS, SIDE, sample
from pipeline.sim.draw.values import Image, Painted
from pipeline.sim.draw.view import View, guess_view
from pipeline.sim.draw.waterline import Waterline


def ground(height: int = 120, width: int = 140, grey: float = 100.0) -> Image:
    """Something like earth and grass."""
    rng = np.random.default_rng(2)
    return np.clip(rng.normal((grey - 10, grey + 10, grey), 15, (height, width, 3)), 0, 255).astype(np.uint8)


def painted(seed: int, strength: float = 0.8, image: Image | None = None) -> Painted:
    photo = ground() if image is None else image
    rng = np.random.default_rng(seed)
    return paint_outfall(photo, guess_view(photo.shape[0], photo.shape[1], rng), rng, strength)


def only(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(outfall, "KINDS", (kind,))
    monkeypatch.setattr(outfall, "ODDS", (1.0,))


@pytest.mark.parametrize("seed", range(6))
def test_the_same_generator_gives_the_same_picture(seed: int) -> None:
    first, second = painted(seed), painted(seed)
    assert np.array_equal(first.image, second.image) and np.array_equal(first.cover, second.cover)
    assert (first.source_px, first.kind) == (second.source_px, second.kind)


@pytest.mark.parametrize("size", [(48, 48), (48, 200), (160, 160), (1280, 500)])
def test_every_size_is_painted_and_cover_is_a_share(size: tuple[int, int]) -> None:
    for seed in range(2):
        done = painted(seed, image=ground(*size))
        assert done.image.shape == done.base.shape == (*size, 3) and done.image.dtype == np.uint8
        assert done.cover.shape == size and done.cover.dtype == np.float32
        assert done.cover.min() >= 0 and done.cover.max() <= 1


def test_every_kind_comes() -> None:
    assert {painted(seed, image=ground(48, 48)).kind for seed in range(70)} == set(KINDS)


@pytest.mark.parametrize("kind", KINDS)
def test_what_comes_out_changes_only_water_and_what_is_covered(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    shores: list[Shore] = []

    def kept(image: Image, view: View, rng: np.random.Generator) -> Shore:
        shores.append(lay_scene(image, view, rng))
        return shores[-1]

    only(kind, monkeypatch)
    monkeypatch.setattr(outfall, "lay_scene", kept)
    for seed in range(6):
        done = painted(seed)
        changed = (done.image != done.base).any(axis=2)
        assert changed.any()
        dry_land = (done.cover == 0) & (shores[-1].water == 0)
        if kind == "ditch":  # it comes from far inland, where the box ends before it does
            dry_land &= shores[-1].climb < 1e-6
        assert not changed[dry_land].any()
        if kind.startswith("dry"):
            assert not changed[done.cover == 0].any()


@pytest.mark.parametrize("seed", range(12))
def test_a_shore_leaves_the_rest_of_the_photo_alone(seed: int) -> None:
    photo, rng = ground(), np.random.default_rng(seed)
    shore = lay_shore(photo, guess_view(120, 140, rng), rng)
    assert np.array_equal(shore.image[shore.laid == 0], photo[shore.laid == 0])
    assert (shore.water <= shore.laid + 1e-6).all() and shore.water.min() >= 0 and shore.laid.max() <= 1


@pytest.mark.parametrize("kind", KINDS)
def test_the_mouth_lies_in_the_box(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    only(kind, monkeypatch)
    for seed in range(6):
        done = painted(seed)
        box, (x, y) = extent(done.cover >= FAINT), done.source_px
        assert box is not None
        if 0 <= x < 140 and 0 <= y < 120:
            assert box[0] - 2 <= x <= box[2] + 2 and box[1] - 2 <= y <= box[3] + 2


def test_strength_orders_how_plainly_it_is_seen() -> None:
    plain = []
    for strength in (0.15, 0.5, 1.0):
        some = [painted(seed, strength) for seed in range(14)]
        plain.append(np.mean([contrast_de(p.base, p.image, p.cover) for p in some]))
    assert plain[0] < 0.75 * plain[1] and plain[1] < 0.85 * plain[2]


@pytest.mark.parametrize("seed", range(10))
def test_more_strength_changes_more_and_moves_nothing(seed: int) -> None:
    weak, strong = painted(seed, 0.2), painted(seed, 1.0)
    apart = [np.abs(p.image.astype(int) - p.base).sum() for p in (weak, strong)]
    assert apart[0] < apart[1]
    assert weak.source_px == strong.source_px and np.array_equal(weak.base, strong.base)
    assert ((weak.cover >= FAINT) <= (strong.cover > 0)).all()


def test_a_dry_mouth_leaves_the_water_almost_alone_and_a_wet_one_does_not(monkeypatch: pytest.MonkeyPatch) -> None:
    shares = {}
    for kind in ("dry-pipe", "pipe"):
        only(kind, monkeypatch)
        shares[kind] = np.mean([(p.cover > FAINT).mean() for p in (painted(seed) for seed in range(10))])
    assert shares["dry-pipe"] < 0.5 * shares["pipe"]


views = st.builds(
    View,
    height_px=st.just(200),
    width_px=st.just(240),
    px_per_m=st.floats(2, 40),
    tilt_deg=st.floats(0, 80),
    focal_px=st.floats(300, 1500),
    shadow_deg=st.just(40.0),
    sun_height_deg=st.just(45.0),
    wind_deg=st.just(0.0),
)


@settings(max_examples=60, deadline=None)
@given(view=views, into=st.floats(0, 360), x=st.floats(-40, 40), y=st.floats(-40, 40), up=st.floats(0, 10))
def test_pixels_and_metres_of_a_shore_are_each_others_inverse(
    view: View, into: float, x: float, y: float, up: float
) -> None:
    line = Waterline(view, (120.0, 130.0), into, bend=0.001, swells=((0.5, 0.1, 1.0),))
    scale = line.px_per_m
    east, south = line.pixel(x / scale, y / scale)
    column, row = round(east), round(south)
    if not (0 <= column < 240 and 0 <= row < 200) or line.nearness()[row] < 0.3:
        return
    along, out = line.fields()
    near = 3.0 / (scale * min(1.0, float(line.nearness()[row])) * max(np.cos(np.radians(view.tilt_deg)), 0.1))
    assert np.hypot(along[row, column] - x / scale, out[row, column] - y / scale) < near


@settings(max_examples=60, deadline=None)
@given(view=views, step=st.floats(-0.4, 0.4))
def test_a_shore_walks_as_the_view_does(view: View, step: float) -> None:
    at = (100.0, 140.0)
    if at[1] < view.horizon_px + 60:
        return
    line, walk_m = Waterline(view, at, 90.0), step / view.px_per_m
    assert np.allclose(line.pixel(0.0, walk_m), view.along(at, 0.0, walk_m), atol=0.05)
    assert np.allclose(line.pixel(-walk_m, 0.0), view.along(at, walk_m, 0.0), atol=0.05)


def test_nothing_is_laid_into_the_sky() -> None:
    rng = np.random.default_rng(1)
    view = replace(guess_view(120, 140, rng, oblique=True), tilt_deg=82.0, focal_px=400.0)
    for _ in range(10):
        shore = lay_shore(ground(), view, rng)
        assert view.horizon_px > 0 and not shore.water[: int(view.horizon_px)].any()


def test_a_bare_shore_is_the_photo() -> None:
    photo, rng = ground(), np.random.default_rng(3)
    shore = bare_shore(photo, guess_view(120, 140, rng), rng)
    assert np.array_equal(shore.image, photo) and not shore.water.any() and not shore.laid.any()


def test_water_is_laid_in_the_light_of_the_photo() -> None:
    means = []
    for grey in (50.0, 190.0):
        photo = ground(grey=grey)
        shores = [lay_shore(photo, guess_view(120, 140, rng), rng) for rng in map(np.random.default_rng, range(12))]
        means.append(np.mean([s.image[s.laid > 0.9].mean() for s in shores if (s.laid > 0.9).any()]))
    assert means[0] < 0.75 * means[1]
    assert (
        lighting(ground(grey=50), np.random.default_rng(0)).gain
        < lighting(ground(grey=190), np.random.default_rng(0)).gain
    )


@pytest.mark.parametrize("name", sorted(PATTERNS))
def test_patterns_are_even_and_have_no_seam(name: str) -> None:
    x, y = (np.asarray(a, np.float32) for a in np.meshgrid(np.arange(SIDE), np.arange(SIDE)))
    one = sample(name, x, y, 1.0, 1.0, np.random.default_rng(4))
    again = sample(name, x + SIDE, y - SIDE, 1.0, 1.0, np.random.default_rng(4))
    assert np.abs(one - again).max() < 0.05
    assert abs(one.mean()) < 0.05 and 0.6 < one.std() < 1.1


@pytest.mark.parametrize("kind", sorted(NO_OUTFALLS))
@pytest.mark.parametrize("size", [(48, 48), (48, 160), (200, 200), (1280, 200)])
def test_look_alikes_are_drawn_at_any_size(kind: str, size: tuple[int, int]) -> None:
    photo = ground(*size)
    for seed in range(2):
        pictures = []
        for _ in range(2):
            rng = np.random.default_rng(seed)
            pictures.append(DECOYS[kind](photo, guess_view(*size, rng), rng))
        assert pictures[0].shape == photo.shape and pictures[0].dtype == np.uint8
        assert np.array_equal(pictures[0], pictures[1])


@pytest.mark.parametrize("kind", sorted(NO_OUTFALLS))
def test_most_look_alikes_show(kind: str) -> None:
    photo, shown = ground(), 0
    for seed in range(8):
        rng = np.random.default_rng(seed)
        shown += bool((NO_OUTFALLS[kind](photo, guess_view(120, 140, rng), rng) != photo).any())
    assert shown >= 6


def test_the_water_without_an_outfall_is_an_outfalls_own() -> None:
    photo, (one, other) = ground(), (np.random.default_rng(5), np.random.default_rng(5))
    view = guess_view(120, 140, np.random.default_rng(6))
    assert np.array_equal(DECOYS["water"](photo, view, one), lay_scene(photo, view, other).image)
