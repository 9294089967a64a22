"""Points for the declared r90: honest radii win, and nothing else changes."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from pipeline.errors import ScoreError
from pipeline.score import judge, read_rules, score_table
from pipeline.score.points import calibration_u
from pipeline.types import Rules
from tests.score.test_judge import hit, target

BOOK = Rules(find_ppm=340_000, calibration=True, calibration_ppm=60_000)
ONE = np.ones(1, dtype=np.int64)


def worth(distance_mm: np.ndarray, r90_mm: int, rules: Rules = BOOK) -> np.ndarray:
    return calibration_u(distance_mm, np.full(len(distance_mm), r90_mm), np.full(len(distance_mm), 1_000), rules)


@pytest.mark.parametrize(
    ("distance_m", "r90_m", "points_u"),
    [(0, 0, 60_000), (0, 5, 57_000), (4, 5, 57_000), (5, 5, 57_000), (6, 5, 51_000), (0, 10, 54_000), (0, 90, 54_000),
     (9.999, 0, 6), (12, 0, 0), (29, 10, 54_000), (3, None, 0)],
)  # fmt: skip
def test_points_by_hand(distance_m: float, r90_m: float | None, points_u: int) -> None:
    """60,000 · (100 m - r - 10 · max(0, d - r)) / 100 m, with r and d not above 10 m."""
    (pair,) = judge([hit(distance_m, **({} if r90_m is None else {"r90_m": r90_m}))], [target()], BOOK).pairs
    assert pair.calibration_u == points_u
    assert pair.points_u == pair.find_u + pair.location_u + pair.class_u + pair.calibration_u


@pytest.mark.parametrize("spread_mm", [300, 1_000, 2_500, 6_000])
@pytest.mark.parametrize("law", ["circular", "heavy", "two kinds"])
def test_an_honest_radius_is_the_best_one_to_declare(spread_mm: int, law: str) -> None:
    """Of all radii to the millimetre, the mean points are highest at the 90 % quantile of the distances (cut at C)."""
    draw = np.random.default_rng(spread_mm)
    sigma = {"circular": np.ones(4_001), "heavy": draw.lognormal(0, 0.8, 4_001),
             "two kinds": np.where(draw.random(4_001) < 0.3, 0.1, 1.5)}[law]  # fmt: skip
    distance = np.floor(np.hypot(*draw.normal(0, spread_mm, (2, 4_001))) * sigma).astype(np.int64)
    radii = np.arange(0, BOOK.calibration_mm + 1, 25)
    means = [worth(distance, int(r)).sum() for r in radii]
    honest = min(int(np.quantile(distance, 0.9)), BOOK.calibration_mm)
    assert abs(int(radii[int(np.argmax(means))]) - honest) <= 25
    assert worth(distance, honest).sum() >= max(means) - len(distance)  # floors


def test_nearer_never_costs_and_nothing_is_clipped() -> None:
    distance = np.arange(0, 30_000, 7)
    for r90_mm in (0, 1, 3_000, 9_999, 10_000, 50_000):
        found = worth(distance, r90_mm)
        assert (np.diff(found) <= 0).all() and found.min() >= 0 and found.max() <= 60_000_000


def test_off_its_points_go_to_find() -> None:
    off = Rules(find_ppm=340_000, calibration_ppm=60_000)
    (pair,) = judge([hit(4, r90_m=1)], [target()], off).pairs
    assert (pair.find_u, pair.calibration_u) == (500_000, 0)
    assert judge([hit(4, r90_m=1)], [target()], off).points_u == judge([hit(4)], [target()]).points_u


def test_without_evidence_no_calibration() -> None:
    book = Rules(find_ppm=340_000, calibration=True, calibration_ppm=60_000, evidence=True)
    (pair,) = judge([hit(0, r90_m=0)], [target()], book).pairs
    assert pair.points_u == pair.calibration_u == 0


@pytest.mark.parametrize(
    ("text", "why"),
    [("calibration = true", "calibration_ppm is 0"), ("calibration_ppm = 60000", "add up to 1060000"),
     ("calibration = true\ncalibration_ppm = 60000\nfind_ppm = 340000\ncalibration_mm = 0", "calibration_mm")],
)  # fmt: skip
def test_rules_that_make_no_sense(tmp_path: Path, text: str, why: str) -> None:
    (tmp_path / "rules.toml").write_text(f'name = "x"\n{text}\n', encoding="utf-8")
    with pytest.raises(ScoreError, match=why):
        read_rules(tmp_path / "rules.toml")


def test_the_sheet_has_a_column_for_it_where_it_counts() -> None:
    with_it, without = (score_table(judge([hit(1, r90_m=2)], [target()], r)) for r in (BOOK, Rules()))
    assert with_it.headings[-2:] == ("标定 Calibration", "合计 Total")
    assert with_it.rows[0][-2:] == ("0.06", "1.00")
    assert "标定 Calibration" not in without.headings
    assert {len(row) for row in with_it.rows} == {len(with_it.headings)}
