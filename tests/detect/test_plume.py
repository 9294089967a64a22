"""The `plume` detector: laws, drawn plumes, pictures without any, real photos without any."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from pipeline import imagery
from pipeline.detect import candidates, plume
from pipeline.detect.plume import Plume
from pipeline.errors import ModelError
from pipeline.learn.metrics import overlap
from pipeline.types import Detection
from tests.detect import puffs

FOOT, END = (250.0, 560.0), (650.0, 230.0)


def find(image: puffs.Image) -> tuple[Detection, ...]:
    return Plume().find(image, "a.jpg")


def everything(image: puffs.Image) -> tuple[Detection, ...]:
    see = Plume()
    see.threshold = 0.0
    return see.find(image, "a.jpg")


@pytest.fixture(scope="module")
def drawn() -> tuple[puffs.Image, tuple[float, float, float, float]]:
    return puffs.smoke(puffs.ground(1), FOOT, END)


@pytest.mark.parametrize("colour", [(214, 212, 210), (40, 38, 38)])
def test_a_plume_is_the_first_candidate_where_it_was_drawn(colour: tuple[float, float, float]) -> None:
    image, box = puffs.smoke(puffs.ground(1), FOOT, END, colour)
    best = everything(image)[0]
    assert overlap(best.box_px, box) > 0.5
    assert best.label == "smoke"


def test_the_foot_is_as_uncertain_as_it_says() -> None:
    """In whatever direction a plume drifts: three sigma hold its foot, and sigma is no excuse (under half a plume)."""
    for seed, turn_deg in enumerate((0, 100, 200, 300)):
        along = 200 * np.array([np.cos(np.radians(turn_deg)), np.sin(np.radians(turn_deg))])
        foot, end = np.array([480.0, 360.0]) - along, np.array([480.0, 360.0]) + along
        image, box = puffs.smoke(puffs.ground(seed), tuple(foot), tuple(end), (40, 38, 38))
        near = max(everything(image), key=lambda d: overlap(d.box_px, box))
        assert np.hypot(*(np.array(near.point_px) - foot)) < 3 * near.point_sigma_px
        assert near.point_sigma_px < 0.5 * np.hypot(box[2] - box[0], box[3] - box[1])


def test_tan_is_dust() -> None:
    image, box = puffs.smoke(puffs.ground(1), FOOT, END, (120, 165, 200))
    near = max(everything(image), key=lambda d: overlap(d.box_px, box))
    assert overlap(near.box_px, box) > 0.4
    assert near.label == "dust"


@pytest.mark.parametrize("turn", [(slice(None), slice(None, None, -1)), (slice(None, None, -1), slice(None))])
def test_a_mirrored_picture_has_mirrored_candidates(
    drawn: tuple[puffs.Image, object], turn: tuple[slice, slice]
) -> None:
    image = drawn[0]
    height, width = image.shape[:2]
    one, other = everything(image)[0], everything(np.ascontiguousarray(image[turn]))[0]
    x0, y0, x1, y1 = other.box_px
    across = turn[1].step == -1
    back = (width - 1 - x1, y0, width - 1 - x0, y1) if across else (x0, height - 1 - y1, x1, height - 1 - y0)
    assert overlap(one.box_px, back) > 0.9
    assert other.confidence == pytest.approx(one.confidence, abs=0.05)


def test_a_shift_by_whole_cells_moves_the_candidate_by_as_much(drawn: tuple[puffs.Image, object]) -> None:
    image = drawn[0]
    one, other = everything(image[:, :900])[0], everything(image[:, 60:])[0]
    x0, y0, x1, y1 = other.box_px
    assert overlap(one.box_px, (x0 + 60, y0, x1 + 60, y1)) > 0.85


@pytest.mark.parametrize("gain", [0.85, 1.1])
def test_a_little_more_or_less_light_changes_little(drawn: tuple[puffs.Image, object], gain: float) -> None:
    other = np.clip(drawn[0].astype(float) * gain, 0, 255).astype(np.uint8)
    assert overlap(everything(drawn[0])[0].box_px, everything(other)[0].box_px) > 0.7


def test_size_in_pixels_does_not_matter(drawn: tuple[puffs.Image, tuple[float, float, float, float]]) -> None:
    large = np.repeat(np.repeat(drawn[0], 3, 0), 3, 1)
    box = candidates.in_pixels(candidates.in_cells(drawn[1], (1.0, 1.0)), (1 / 3, 1 / 3))
    assert overlap(everything(large)[0].box_px, box) > 0.5


def test_nothing_in_nothing() -> None:
    ramp = np.linspace(90, 230, 400)
    sky = np.repeat(np.repeat(ramp[:, None, None], 600, 1), 3, 2).astype(np.uint8)
    sky[..., 0] = np.minimum(255, sky[..., 0] + 20)
    noise = np.random.default_rng(0).integers(0, 256, (400, 600, 3), np.uint8)
    flat = np.full((400, 600, 3), 170, np.uint8)
    for image in (sky, noise, flat):
        assert everything(image) == ()


@pytest.mark.parametrize("shape", [(1, 1), (5, 7), (32, 32), (33, 700), (20, 4000), (3000, 4000)])
def test_pictures_of_any_size(shape: tuple[int, int]) -> None:
    rng = np.random.default_rng(1)
    find(rng.integers(90, 130, (*shape, 3), np.uint8))


def test_grey_pictures_and_at_most_a_handful(drawn: tuple[puffs.Image, object]) -> None:
    grey = np.repeat(drawn[0].mean(2).astype(np.uint8)[..., None], 3, 2)
    found = everything(grey)
    assert 1 <= len(found) <= plume.PARAMETERS["most"]
    assert [d.confidence for d in found] == sorted((d.confidence for d in found), reverse=True)
    assert found == everything(grey)


def test_the_confidence_is_the_documented_sum(drawn: tuple[puffs.Image, object]) -> None:
    best = everything(drawn[0])[0]
    told = plume.explain(drawn[0], best.box_px)
    assert set(told) == set(plume.WEIGHTS) - {""}
    assert all(name + ":" in str(plume.features.__doc__) for name in told)
    assert candidates.weighed(told, plume.WEIGHTS) == pytest.approx(best.confidence)
    assert plume.explain(drawn[0], (-50, -50, -40, -40)) == {}


def test_fewer_false_candidates_ask_for_more_confidence() -> None:
    wishes = [Plume(w).threshold for w in (1.0, 0.2, 0.1, 0.001)]
    assert wishes == sorted(wishes)
    assert Plume(0.2).digest == Plume().digest
    with pytest.raises(ModelError, match="more than 0"):
        Plume(0)


def test_the_digest_tells_weights_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    before = Plume().digest
    assert len(before) == 64 and before == Plume().digest
    monkeypatch.setitem(plume.WEIGHTS, "size", 9.0)
    assert Plume().digest != before


def test_real_photos_without_smoke(real_data: Callable[[str], Path]) -> None:
    folder = real_data("flights/caliterra") / "images"
    found = [find(imagery.decode(p.read_bytes(), p.name)) for p in sorted(folder.iterdir())[:5]]
    assert sum(map(len, found)) <= 1
