"""What was painted, pixel by pixel: nothing but the thing, its source and its shadow changed the picture."""

from __future__ import annotations

import numpy as np
import pytest

from pipeline.sim.draw.loose import PAINTERS
from pipeline.sim.draw.paint import FAINT
from tests.sim.draw.test_things import ground


@pytest.mark.parametrize("label", PAINTERS)
@pytest.mark.parametrize("seed", range(12))
def test_outside_its_cover_the_picture_is_its_base_and_outside_its_mask_nearly(label: str, seed: int) -> None:
    done = PAINTERS[label](ground(), label, np.random.default_rng(seed))
    apart = np.abs(done.image.astype(int) - done.base).max(axis=2)
    assert not apart[done.cover == 0].any()
    assert apart[done.cover < FAINT].max(initial=0) <= FAINT * 255 + 1
