"""Where targets may stand instead: the draws are what they claim to be, and the same everywhere."""

from __future__ import annotations

from math import floor
from statistics import NormalDist

import numpy as np
import pytest

from pipeline.contest.judging.survey_errors import (
    STEPS,
    greatest_shift_um,
    normal_quantiles_e6,
    shifts_um,
    sigma_um,
)
from pipeline.types import GeoPoint, Target


def target(ident: str = "T", r90_m: float | None = 2.0, **more: object) -> Target:
    return Target(ident, "dust", GeoPoint(34.7, 113.6), r90_m=r90_m, **more)  # type: ignore[arg-type]


def test_no_entry_of_the_table_lies_where_another_machine_could_round_it_otherwise() -> None:
    normal = NormalDist()
    exact = [1e6 * normal.inv_cdf((STEPS // 2 + k + 0.5) / STEPS) for k in range(STEPS // 2)]
    assert min(abs(v - floor(v) - 0.5) for v in exact) > 1e-7  # a thousand times what a double can be wrong by


def test_the_table_is_a_standard_normal() -> None:
    table = normal_quantiles_e6() / 1e6
    assert len(table) == STEPS
    assert (np.diff(table) > 0).all()
    assert (table == -table[::-1]).all()
    assert table.var() == pytest.approx(1, abs=1e-3)
    assert (table**4).mean() == pytest.approx(3, abs=0.02)


def test_nine_in_ten_shifts_stay_within_r90() -> None:
    found = shifts_um([target()], 100_000, "seed")[:, 0]
    within = (np.hypot(found[:, 0], found[:, 1]) < 2_000_000).mean()
    assert within == pytest.approx(0.9, abs=0.004)
    assert abs(np.corrcoef(found.T)[0, 1]) < 0.01
    assert np.hypot(found[:, 0], found[:, 1]).max() <= greatest_shift_um([target()])


def test_golden_draws() -> None:
    """Pinned: any other numbers would give other results than those that were signed."""
    assert sigma_um(target()) == 931_966
    assert shifts_um([target()], 3, "seed")[:, 0].tolist() == GOLDEN


GOLDEN = [[-1_116_875, -882_507], [1_731_277, 3_045_599], [-415_819, -403_256]]


def test_who_has_no_error_stays() -> None:
    ring = ((34.7, 113.6), (34.7, 113.7), (34.8, 113.6), (34.7, 113.6))
    still = [target("a", None), target("b", 0.0), target("c", 5.0, polygons=((ring,),))]
    assert not shifts_um(still, 10, "seed").any()
    assert [sigma_um(t) for t in still] == [0, 0, 0]


def test_a_target_moves_alike_wherever_it_stands_in_the_list_and_whatever_it_weighs() -> None:
    one, other = target("a"), target("b")
    both = shifts_um([one, other], 50, "seed")
    assert (shifts_um([target("a", weight=3)], 50, "seed")[:, 0] == both[:, 0]).all()
    assert (both[:, 0] != both[:, 1]).any()
    assert (shifts_um([one], 50, "other seed")[:, 0] != both[:, 0]).any()
    assert (shifts_um([one], 20, "seed") == shifts_um([one], 50, "seed")[:20]).all()
