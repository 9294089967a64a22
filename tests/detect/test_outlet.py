"""The `outlet` detector: laws, a drawn discharge, water without any, real photos without any."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from pipeline import imagery
from pipeline.detect import candidates, outlet
from pipeline.detect.outlet import Outlet
from pipeline.errors import ModelError
from pipeline.learn.metrics import overlap
from pipeline.types import Detection
from tests.detect import puffs

MOUTH = (610.0, 330.0)
BANK_PX = 600  # water lies left of it


def everything(image: puffs.Image) -> tuple[Detection, ...]:
    see = Outlet()
    see.threshold = 0.0
    return see.find(image, "a.jpg")


def river(seed: int = 1) -> puffs.Image:
    """Rough ground, and a smooth river that leaves the picture above and below."""
    rng = np.random.default_rng(seed)
    image = puffs.ground(seed)
    image[:, 60:BANK_PX] = np.clip(rng.normal((96, 104, 84), 1.5, (720, BANK_PX - 60, 3)), 0, 255)
    return image


def discharging(seed: int = 1) -> tuple[puffs.Image, tuple[float, float, float, float]]:
    """The river with brown water that fans from its bank."""
    water = river(seed)
    image, box = puffs.smoke(water, (600, 330), (460, 390), (50, 80, 140), widths=(20.0, 80.0))
    image[:, BANK_PX:] = water[:, BANK_PX:]
    return image, (box[0], box[1], BANK_PX - 0.5, box[3])


@pytest.mark.parametrize("seed", [1, 2])
def test_brown_water_at_a_bank_is_the_first_candidate(seed: int) -> None:
    image, box = discharging(seed)
    best = everything(image)[0]
    assert best.label == "outfall/discharging"
    assert overlap(best.box_px, box) > 0.4
    off = np.hypot(best.point_px[0] - MOUTH[0], best.point_px[1] - MOUTH[1])
    assert off < 60
    assert off < 3 * best.point_sigma_px


def test_a_discharge_is_surer_than_the_river_without_it() -> None:
    with_it, without = everything(discharging()[0]), everything(river())
    assert with_it[0].confidence > max((d.confidence for d in without), default=0.0)


def test_a_mirrored_picture_has_mirrored_candidates() -> None:
    image, _ = discharging()
    one, other = everything(image)[0], everything(np.ascontiguousarray(image[:, ::-1]))[0]
    x0, y0, x1, y1 = other.box_px
    assert overlap(one.box_px, (959 - x1, y0, 959 - x0, y1)) > 0.9
    assert other.confidence == pytest.approx(one.confidence, abs=0.05)


def test_a_shift_moves_the_candidate_by_as_much() -> None:
    image, _ = discharging()
    one, other = everything(image[:, :900])[0], everything(image[:, 60:])[0]
    x0, y0, x1, y1 = other.box_px
    assert overlap(one.box_px, (x0 + 60, y0, x1 + 60, y1)) > 0.8


def test_nothing_in_nothing() -> None:
    ramp = np.repeat(np.repeat(np.linspace(90, 230, 400)[:, None, None], 600, 1), 3, 2).astype(np.uint8)
    noise = np.random.default_rng(0).integers(0, 256, (400, 600, 3), np.uint8)
    for image in (ramp, noise, np.full((400, 600, 3), 120, np.uint8), np.zeros((5, 9, 3), np.uint8)):
        assert everything(image) == ()


@pytest.mark.parametrize("shape", [(1, 1), (32, 32), (33, 600), (2000, 3000)])
def test_pictures_of_any_size(shape: tuple[int, int]) -> None:
    Outlet().find(np.random.default_rng(1).integers(90, 110, (*shape, 3), np.uint8), "a.jpg")


def test_the_confidence_is_the_documented_sum() -> None:
    image, _ = discharging()
    found = everything(image)
    told = outlet.explain(image, found[0].box_px)
    assert set(told) == set(outlet.WEIGHTS) - {""}
    assert all(name + ":" in str(outlet.features.__doc__) for name in told)
    assert candidates.weighed(told, outlet.WEIGHTS) == pytest.approx(found[0].confidence)
    assert found == everything(image) and len(found) <= outlet.PARAMETERS["most"]
    assert outlet.explain(image, (-50, -50, -40, -40)) == {}


def test_threshold_and_digest(monkeypatch: pytest.MonkeyPatch) -> None:
    wishes = [Outlet(w).threshold for w in (1.0, 0.2, 0.1, 0.001)]
    assert wishes == sorted(wishes)
    with pytest.raises(ModelError, match="more than 0"):
        Outlet(-1)
    before = Outlet().digest
    monkeypatch.setitem(outlet.WEIGHTS, "size", 9.0)
    assert Outlet().digest != before


def test_real_photos_without_an_outfall(real_data: Callable[[str], Path]) -> None:
    folder = real_data("flights/brighton") / "images"
    found = [Outlet().find(imagery.decode(p.read_bytes(), p.name), "") for p in sorted(folder.iterdir())[-4:]]
    assert sum(map(len, found)) <= 1
