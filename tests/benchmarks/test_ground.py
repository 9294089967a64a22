"""What the ground benchmark computes: calibrated errors pass as such, and wrong claims do not."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from benchmarks.ground.accuracy import accuracy, asked
from benchmarks.ground.calibration import Table, Tally, about_mean, blocks, joint_covariance, one, sightings_of
from benchmarks.ground.data import different, public_files
from benchmarks.ground.flights import Setting, draw
from benchmarks.ground.real import Blind, clicks, targets
from benchmarks.ground.world import as_claimed, missing, smooth_noise
from benchmarks.liars import frames_of
from pipeline.geo.adjust import adjust
from pipeline.geo.fuse import fuse
from pipeline.geo.ground import open_ground
from pipeline.sim.config import FlightConfig
from pipeline.sim.truth import fly


def draws(rng: np.random.Generator, flights: int, hits: int) -> list[tuple[np.ndarray, np.ndarray]]:
    """(errors, their covariance) of flights whose hits share one shift and have errors of their own."""
    found = []
    for _ in range(flights):
        shared, own = rng.normal(size=(2, 2)), rng.normal(size=(hits, 2, 2)) / 3
        covariance = np.kron(np.ones((hits, hits)), shared @ shared.T)
        for j in range(hits):
            covariance[2 * j : 2 * j + 2, 2 * j : 2 * j + 2] += own[j] @ own[j].T
        found.append(
            (np.linalg.cholesky(covariance + 1e-12 * np.eye(2 * hits)) @ rng.normal(size=2 * hits), covariance)
        )
    return found


def shares(tally: Tally) -> list[float]:
    """The numbers of the line that are shares, in order: 50, 90, 95 % and r90."""
    return [float(word.rstrip("%")) / 100 for word in tally.line().split() if word.endswith("%") and "(" not in word][
        :4
    ]


@pytest.mark.parametrize(("wrong", "holds"), [(1.0, True), (0.6, False), (1.7, False)])
def test_true_claims_pass_and_wrong_ones_do_not(wrong: float, holds: bool) -> None:
    absolute, relative = Tally(), Tally()
    for error, covariance in draws(np.random.default_rng(3), 1500, 3):
        absolute.add(error.reshape(-1, 2), wrong**2 * blocks(covariance))
        level, claim = about_mean(error.reshape(-1, 2), wrong**2 * covariance)
        relative.add(level, blocks(claim))
    for tally in (absolute, relative):
        near = np.abs(np.array(shares(tally)) - [0.5, 0.9, 0.95, 0.9]) < 0.04
        assert near.all() == holds


def test_what_hits_share_is_no_relative_error() -> None:
    shared = np.array([[2.0, 0.5], [0.5, 1.0]])
    level, claim = about_mean(np.tile([3.0, -4.0], (5, 1)), np.kron(np.ones((5, 5)), shared))
    assert level == pytest.approx(np.zeros((5, 2)), abs=1e-12)
    assert claim == pytest.approx(np.zeros((10, 10)), abs=1e-12)


def test_a_dem_errs_by_as_much_as_it_claims() -> None:
    made = smooth_noise((600, 600), 12.0, np.random.default_rng(0))
    assert made.std() == pytest.approx(1.0, abs=0.06)
    apart = (made[:, :-12] * made[:, 12:]).mean()
    assert apart == pytest.approx(np.exp(-0.5), abs=0.08)


@pytest.mark.parametrize(("ground", "world"), [("DEM", "simulated"), ("DEM", "claimed"), ("plane", "claimed")])
def test_a_flight_from_its_drawing_to_the_table(ground: str, world: str, tmp_path: Path) -> None:
    setting, table = Setting("real", "mixed", ground, world), Table()  # type: ignore[arg-type]
    one(setting, 5, tmp_path, table)
    assert not table.failed
    assert {(stage, kind) for _, stage, kind in table.rows} == {
        (s, k) for s in ("before", "after") for k in ("absolute", "relative")
    }
    before, after = (np.concatenate(table.rows[str(setting), s, "relative"].errors) for s in ("before", "after"))
    assert np.square(after).mean() < np.square(before).mean()
    assert sum(line.startswith(str(setting)) for line in table.lines()) == 4


def test_the_joint_covariance_is_that_of_the_hits(tmp_path: Path) -> None:
    drawn = draw(Setting("real", "nadir", "plane"), 8, tmp_path)
    block = adjust(drawn.frames, drawn.ties, open_ground(drawn.ground))
    for frames, joint in ((drawn.frames, None), (block.frames, block)):
        hits = fuse(sightings_of(drawn, frames), joint)
        together = joint_covariance(hits, joint)
        told = np.array([[[h.covariance[0], h.covariance[1]], h.covariance[1:]] for h in hits])
        assert blocks(together) == pytest.approx(told, rel=1e-4)
        assert np.linalg.eigvalsh(together).min() > 0


@pytest.mark.parametrize("profile", ["real", "rtk"])
def test_a_claimed_world_errs_by_what_is_claimed_and_claims_no_more(profile: str) -> None:
    truth = fly(FlightConfig(seed=1, profile=profile, pixels=False, turned_strip=False))  # type: ignore[arg-type]
    frames, _ = frames_of(truth, dem=True)
    up, yaw, focal = [], [], []
    for seed in range(300):
        moved = as_claimed(truth, frames, True, np.random.default_rng(seed))[0]
        assert moved.pose.own == frames[0].pose.own and moved.pose.shared == frames[0].pose.shared  # type: ignore[union-attr]
        up.append(moved.pose.at.alt_m - frames[0].pose.at.alt_m)  # type: ignore[union-attr]
        yaw.append(moved.pose.attitude.yaw_deg - frames[0].pose.attitude.yaw_deg)  # type: ignore[union-attr]
        focal.append(moved.camera.fx_px / frames[0].camera.fx_px - 1)  # type: ignore[union-attr]
    assert np.std(up) == pytest.approx(0.1 if profile == "real" else 0.02, rel=0.15)
    assert np.std(yaw) == pytest.approx(0.5, rel=0.15)
    assert np.std(focal) == pytest.approx(0.0 if profile == "real" else missing(0.005, 0.002 / 3**0.5), rel=0.15)


def test_accuracy_counts_what_was_not_placed() -> None:
    found = accuracy([1.0, 2.0, np.nan, 3.0], [1.5, 1.5, np.nan, 4.0])
    assert (found.n, found.lost, found.median_m, found.max_m) == (3, 1, 2.0, 3.0)
    assert found.inside == pytest.approx(2 / 3)
    assert "1 not placed" in str(found)
    assert "inside" not in str(accuracy([1.0]))
    assert "NOT MET" in asked(found, median_m=1.9)
    assert asked(found, median_m=2.0, max_m=3.0).endswith("met]")


def test_nothing_placed_is_told_and_meets_no_bound() -> None:
    found = accuracy([np.nan, np.nan], [np.nan, np.nan])
    assert (found.n, found.lost) == (0, 2)
    assert "NOT MET" in asked(found, median_m=1e9)


def test_the_blind_detector_sees_nothing() -> None:
    assert Blind().find(np.zeros((8, 8, 3), np.uint8), "a.jpg") == ()


def test_every_public_file_says_where_it_is_from() -> None:
    told = public_files()
    assert len({f.local for f in told if f.local}) == sum(bool(f.local) for f in told)
    for file in told:
        assert file.repository.startswith("https://") and file.commit and file.licence
        assert bool(file.local) == bool(file.sha256)
        assert not file.sha256 or len(file.sha256) == 64


def test_a_missing_file_and_another_one_are_told(tmp_path: Path) -> None:
    first = next(f for f in public_files() if f.sha256)
    path = tmp_path / first.local
    path.parent.mkdir(parents=True)
    path.write_bytes(b"something else")
    told = list(different(tmp_path))
    assert len(told) == sum(bool(f.sha256) for f in public_files())
    assert "another file" in told[0] and "not there" in told[1]


def test_the_real_sets_are_those_that_were_measured(real_data: Callable[[str], Path]) -> None:
    folder = real_data("flights/narrabeen").parents[1]
    assert list(different(folder)) == []
    assert set(clicks("snapshotNarrabeen.JPG")) == set(targets().ids)
