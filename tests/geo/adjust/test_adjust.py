"""The adjustment: derivatives against differences, poses and radii against a simulator of its own geometry."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from pipeline.geo.adjust import Levelled, Ties, adjust
from pipeline.geo.adjust.known import all_known, relief
from pipeline.geo.adjust.model import State, linearise, start
from pipeline.geo.adjust.problem import COMMON, pose_the_problem
from pipeline.geo.fuse import fuse
from pipeline.geo.geodesy import to_enu
from pipeline.geo.locate import locate, locate_pixels
from pipeline.sim.ties import draw_ties
from pipeline.types import Attitude, ControlPoint, Detection, GeoPoint, LaserPoint
from tests.geo.adjust.flights import Flown, fly


@pytest.fixture(scope="module")
def flown(tmp_path_factory) -> Flown:
    return fly(tmp_path_factory.mktemp("flown") / "sim", seed=31)


@pytest.fixture(scope="module")
def block(flown):
    return adjust(flown.frames, flown.ties, flown.surface)


def test_pixels_change_with_the_unknowns_as_the_derivatives_say(flown) -> None:
    few = flown.ties.point < 20
    ties = Ties(*(getattr(flown.ties, n)[few] for n in ("frame", "point", "px", "sigma_px")))
    problem = pose_the_problem(flown.frames, ties, flown.surface)
    rng = np.random.default_rng(1)
    begun = start(problem, rng.normal(0, 0.05, (len(problem.at), 6)))
    lens = begun.lens + np.array([0.01, 3.0, -2.0, 0.02, -0.01])
    state = replace(begun, lens=lens, points=begun.points + rng.normal(0, 1, begun.points.shape))
    linear = linearise(problem, state)
    frame, point = problem.ties.frame, problem.ties.point
    for name, derivative, owner, steps in (
        ("pose", linear.by_pose, problem.block_of[frame], [1e-4] * 3 + [1e-6] * 3),
        ("lens", linear.by_lens, problem.lens_of[frame], [1e-6, 1e-3, 1e-3, 1e-6, 1e-6]),
        ("points", linear.by_point, point, [1e-4] * 3),
    ):
        for k, step in enumerate(steps):
            moved = getattr(state, name).copy()
            moved[:, k] += step
            change = (linear.residual - linearise(problem, replace(state, **{name: moved})).residual) / step
            assert np.allclose(change, derivative[:, :, k], rtol=2e-3, atol=2e-3 * np.abs(change).max()), (name, k)
            assert owner.shape == frame.shape


def test_what_is_known_changes_as_its_equations_say(flown) -> None:
    at = flown.frames[0].pose.at
    control = ControlPoint("c", replace(at, alt_m=at.alt_m - 50), 0.1, ((flown.frames[0].id, 500.0, 300.0),))
    frames = list(flown.frames)
    frames[1] = replace(frames[1], laser=LaserPoint(replace(at, alt_m=at.alt_m - 54), 55.0, 0.4))
    level = {frames[2].id: Levelled(Attitude(0.0, -60.0, 1.0), 0.2, 0.3, 4.0)}
    tilted = replace(frames[2].pose, attitude=Attitude(30.0, -60.5, 0.5))
    frames[2] = replace(frames[2], pose=tilted)
    problem = pose_the_problem(frames, flown.ties, flown.surface, [control], level)
    begun = start(problem)
    cell = relief(problem, np.nan_to_num(begun.points))
    rng = np.random.default_rng(2)
    state = State(
        begun.pose + 1e-3, begun.lens, rng.normal(0, 0.3, COMMON), rng.normal(0, 0.2, cell.count),
        np.nan_to_num(begun.points) + rng.normal(0, 0.5, begun.points.shape),
    )  # fmt: skip
    size = problem.common.stop + cell.count
    for e, name in zip(all_known(problem, state, cell), "abcdefghij", strict=False):
        if name == "d":  # trees are believed less the higher they are: the weight is no part of the derivative
            continue
        for column in rng.choice(np.unique(e.columns), min(12, len(np.unique(e.columns))), replace=False):
            step = 1e-6
            vector = np.zeros(size)
            vector[column] = step
            n, c = problem.size, problem.common
            moved = State(
                state.pose + vector[:n].reshape(-1, 6), state.lens + vector[n : c.stop - COMMON].reshape(-1, 5),
                state.shared + vector[c.stop - COMMON : c.stop], state.ground + vector[c.stop :], state.points,
            )  # fmt: skip
            again = dict(zip("abcdefghij", all_known(problem, moved, cell), strict=False))[name]
            expected = ((e.columns == column) * e.factors).sum(axis=1)
            slack = 0.01 * max(np.abs(expected).max(), 1.0)
            assert np.allclose((e.residual - again.residual) / step, expected, rtol=0.02, atol=slack), (name, column)


def test_poses_come_right_from_what_photos_see_in_common(flown, block) -> None:
    before, after = (np.abs(flown.attitude_errors_deg(f)).max() for f in (flown.frames, block.frames))
    assert before > 2.0
    assert after < 0.35
    spread = [np.ptp(flown.position_errors_m(f)[:, :2], axis=0).max() for f in (flown.frames, block.frames)]
    assert spread[1] < 0.6 * spread[0]


def test_a_focal_length_stays_where_its_prior_and_the_flight_put_it(flown, block) -> None:
    true = flown.made.truth.lenses[0].focal_px
    assert block.frames[0].camera.fx_px == pytest.approx(true, rel=4 * block.lens_sigma[0, 0])
    assert block.lens_sigma[0, 0] < 0.8 * flown.frames[0].camera.focal_sigma


def test_what_satellites_have_in_common_stays_unsure(flown, block) -> None:
    """No overlap tells where the whole flight lies: the claim must not fall below the GNSS's own."""
    for frame in block.frames:
        assert 0.9 < frame.pose.own.east_m / np.hypot(1.2, 0.3) < 1.05


def test_the_order_of_frames_and_ties_does_not_matter(flown, block) -> None:
    order = np.random.default_rng(5).permutation(len(flown.frames))
    back = np.argsort(order)
    mixed = np.random.default_rng(6).permutation(len(flown.ties.frame))
    t = flown.ties
    ties = Ties(back[t.frame][mixed], t.point[mixed], t.px[mixed], t.sigma_px[mixed])
    again = adjust([flown.frames[i] for i in order], ties, flown.surface)
    for k, i in enumerate(order):
        one, other = again.frames[k].pose, block.frames[i].pose
        assert one.at.alt_m == pytest.approx(other.at.alt_m, abs=1e-4)
        assert one.attitude.pitch_deg == pytest.approx(other.attitude.pitch_deg, abs=1e-4)


def test_wrong_ties_do_not_bend_it(tmp_path, flown, block) -> None:
    spoilt = fly(tmp_path / "sim", seed=31, wrong=0.05)
    found = adjust(spoilt.frames, spoilt.ties, spoilt.surface)
    assert found.rejected > 0.03
    assert np.abs(spoilt.attitude_errors_deg(found.frames)).max() < 0.4


def test_a_photo_without_ties_keeps_its_own_error_and_learns_the_common_one(flown, block) -> None:
    kept = flown.ties.frame != 3
    few = Ties(*(getattr(flown.ties, n)[kept] for n in ("frame", "point", "px", "sigma_px")))
    found = adjust(flown.frames, few, flown.surface)
    own, alone = block.frames[3].pose.own, found.frames[3].pose.own
    assert found.tied[3] == 0
    assert alone.pitch_deg > 1.3 > 5 * own.pitch_deg
    claimed = flown.frames[3].pose
    assert alone.pitch_deg < np.hypot(claimed.own.pitch_deg, claimed.shared.pitch_deg)


def test_roll_about_a_single_strip_stays_unsure(tmp_path) -> None:
    """Turned about the line of flight, a single strip over level ground looks much the same."""
    lone = fly(tmp_path / "sim", seed=8, strips=1, photos_per_strip=8, dem=False)
    found = adjust(lone.frames, lone.ties, lone.surface)
    pitch, roll = np.median(found.sigma[:, 4]), np.median(found.sigma[:, 5])
    assert roll > 1.5 * pitch
    errors = lone.attitude_errors_deg(found.frames)
    assert np.abs(errors).max() < 4 * found.sigma[:, 3:].max()


def test_radii_hold_their_truths(tmp_path) -> None:
    inside, relative, surprise = [], [], []
    for seed in range(400, 412):
        here = fly(tmp_path / str(seed), seed=seed)
        block = adjust(here.frames, here.ties, here.surface)
        frames = {f.id: f for f in block.frames}
        rows = [r for r in _pixels(here) if r[3] == "marker"]
        sightings = [locate(_seen(r), frames[r[0]], here.mission.ground) for r in rows]
        at = {(r[0], (r[1], r[2])): (r[4], r[5]) for r in rows}
        hits = fuse(sightings, block)
        off = []
        for hit in hits:
            first = hit.sightings[0].detection
            _, true = at[first.frame_id, first.point_px]
            east, north, _ = to_enu(np.array([[hit.at.lat_deg, hit.at.lon_deg, hit.at.alt_m]]), true)[0]
            off.append((east, north))
            inside.append(np.hypot(east, north) <= hit.r90_m)
            ee, en, nn = hit.covariance
            surprise.append(np.array([east, north]) @ np.linalg.solve([[ee, en], [en, nn]], [east, north]))
        relative += list(np.hypot(*(np.array(off) - np.mean(off, axis=0)).T))
    assert 0.75 <= np.mean(inside) <= 1.0
    assert 0.8 < np.mean(surprise) < 3.5  # 2 expected, and twelve flights are few
    assert np.percentile(relative, 90) < 0.35


def test_control_points_pin_the_flight_down(flown, block) -> None:
    targets = {}
    for photo, x, y, _, name, at in _pixels(flown):
        targets.setdefault(name, (at, []))[1].append((photo, x, y))
    some = [ControlPoint(n, at, 0.03, tuple(px)) for n, (at, px) in sorted(targets.items()) if len(px) > 2][:3]
    found = adjust(flown.frames, flown.ties, flown.surface, some)
    free, held = (np.abs(flown.position_errors_m(b.frames)[:, :2].mean(axis=0)).max() for b in (block, found))
    assert held < 0.15 < free
    assert found.frames[0].pose.own.east_m < 0.3


def test_lasers_are_heard(flown) -> None:
    """A range finder whose point lies on the true axis tells the attitude of its photo, without a single tie."""
    truth, frame = flown.made.truth, flown.frames[0]
    shot = flown.shots[0]
    axis = truth.world_R_cam[shot][:, 2]
    reach = truth.terrain.first_hit(truth.world_m[shot][None], axis[None])[0]
    spot = GeoPoint(*truth.terrain.world.to_lla((truth.world_m[shot] + axis * reach)[None])[0])
    told = _moved(spot, flown.position_errors_m(flown.frames)[0])
    measured = replace(frame, laser=LaserPoint(told, float(reach), 0.05))
    nothing = Ties(np.zeros(0, np.intp), np.zeros(0, np.intp), np.zeros((0, 2)), np.zeros(0))
    found = adjust([measured], nothing, flown.surface).frames[0]
    middle = np.array([[found.camera.cx_px, found.camera.cy_px]])
    met = locate_pixels(found, middle, flown.mission.ground).points[0]
    assert np.hypot(*to_enu(met[None], told)[0, :2]) < 0.6
    assert found.pose.own.pitch_deg < 0.5 * frame.pose.own.pitch_deg


def test_a_horizon_is_one_more_measurement(flown) -> None:
    frame = flown.frames[0]
    oblique = replace(frame, pose=replace(frame.pose, attitude=Attitude(40.0, -15.0, 0.0)))
    nothing = Ties(np.zeros(0, np.intp), np.zeros(0, np.intp), np.zeros((0, 2)), np.zeros(0))
    level = {oblique.id: Levelled(Attitude(40.0, -13.0, 1.0), 0.1, 0.1)}
    found = adjust([oblique], nothing, flown.surface, level=level).frames[0].pose
    assert found.attitude.pitch_deg == pytest.approx(-13.0, abs=0.05)
    assert found.attitude.roll_deg == pytest.approx(1.0, abs=0.05)
    assert found.own.pitch_deg == pytest.approx(0.1, rel=0.05)
    assert found.own.yaw_deg == pytest.approx(np.hypot(2.25, 0.5), rel=0.01)


def test_a_lens_that_takes_the_blame_makes_ties_worth_less(flown, block) -> None:
    """Pictures that are all bent as no lens is (here: a keystone) are mistrusted, and the claimed errors grow."""
    away = (flown.ties.px - [499.5, 374.5]) / 577.6
    bent = flown.ties.px + 0.02 * 577.6 * away * away[:, 1:]
    found = adjust(flown.frames, replace(flown.ties, px=bent), flown.surface)
    assert block.solution.discount == 1.0
    assert found.solution.discount > 1.0
    assert np.median(found.sigma[:, 4]) > 2 * np.median(block.sigma[:, 4])


def test_a_lens_that_is_as_the_ties_say_is_believed(flown) -> None:
    """A barrel beyond what was claimed of the lens is its own: mistrusting the ties would not make it go away."""
    away = (flown.ties.px - [499.5, 374.5]) / 577.6
    bent = flown.ties.px + 0.06 * 577.6 * away * (away**2).sum(axis=1)[:, None]
    found = adjust(flown.frames, replace(flown.ties, px=bent), flown.surface)
    assert found.solution.discount == 1.0
    assert found.lens[0, 3] == pytest.approx(0.06, abs=0.01)


def _pixels(flown: Flown) -> list[tuple[str, float, float, str, str, GeoPoint]]:
    """(photo, x, y, class, target, place) of what can be seen."""
    import csv

    with flown.made.pixels.open(encoding="utf-8") as file:
        return [
            (r["photo"], float(r["x_px"]), float(r["y_px"]), r["class"], r["target"],
             GeoPoint(float(r["lat_deg"]), float(r["lon_deg"]), float(r["alt_m"])))
            for r in csv.DictReader(file) if r["visible"] == "1"
        ]  # fmt: skip


def _seen(row: tuple) -> Detection:
    photo, x, y, label = row[:4]
    return Detection(photo, label, 1.0, (x - 5, y - 5, x + 5, y + 5), (x, y), 0.5)


def _moved(at: GeoPoint, enu_m: np.ndarray) -> GeoPoint:
    from pipeline.geo.geodesy import from_enu

    return GeoPoint(*(float(v) for v in from_enu(enu_m[None], at)[0]))


def test_water_that_flows_with_the_drone_is_no_ground(flown) -> None:
    """Where all ties are ripples at one height over the terrain, none of them is believed; a wood's crowns are."""
    truth, drawn = flown.made.truth, draw_ties(flown.made.truth, per_photo=120)
    names = {f.id: k for k, f in enumerate(flown.frames)}
    middle = np.median(drawn.world_m[:, :2], axis=0)
    patch = np.abs(drawn.world_m[:, :2] - middle).max(axis=1) < 20.0
    assert patch.sum() > 20
    crowns_m = 4.0 + 6.0 * np.random.default_rng(3).random(len(patch))
    for lift_m, believed in ((np.full(len(patch), 4.5), 0.0), (crowns_m, 0.5)):
        there = drawn.world_m + np.where(patch, lift_m, 0.0)[:, None] * [0.0, 0.0, 1.0]
        px = drawn.px.copy()
        for photo, lens in enumerate(truth.lenses):
            some = (drawn.frame == photo) & patch[drawn.point]
            shot = truth.shot[photo]
            px[some] = lens.project((there[drawn.point[some]] - truth.world_m[shot]) @ truth.world_R_cam[shot])[0]
        of_photo = np.array([names[name] for name in truth.photos], np.intp)
        found = adjust(flown.frames, Ties(of_photo[drawn.frame], drawn.point, px, drawn.sigma_px), flown.surface)
        share = found.solution.kept[patch[drawn.point]].mean()
        assert share == 0.0 if believed == 0.0 else share > believed
