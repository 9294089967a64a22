"""Why a place is as unsure as it is, and whether a second view would help.

At grazing angles an error of pitch moves a place by range² · σ / height: a hundred metres up and half a kilometre away
a degree is forty metres. Right above the place it is two, whatever the first photo said.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from pipeline.geo.geodesy import as_row, from_enu, to_enu
from pipeline.geo.locate import Located, as_covariance, locate_pixels, usable
from pipeline.geo.radius import r90_m
from pipeline.types import LENS, OWN, SHARED, Attitude, Frame, GeoPoint, Ground, Pose, PoseError

Array = NDArray[np.float64]

PHOTO, FLIGHT, GROUND, PIXEL = "photo", "flight", "ground", "pixel"  # whose error it is
ANGLES = frozenset({"yaw", "pitch", "roll", "not modelled"})

HALF = 0.5  # a second view pays when it leaves this share of r90
LOOK_FROM_M = 55.0  # above the place, or from where the drone is now when that is lower
SLANT_DEG = 45.0
NEW_OWN_DEG, NEW_SHARED_DEG = 1.4, 1.04  # tilt of a gimbal, as `ingest/sigma.py` has it: what helped here may not there
COMPASS = ("north", "north-east", "east", "south-east", "south", "south-west", "west", "north-west")
UNIT = 1e-3  # of an error, to read off by how much it moves the place


@dataclass(frozen=True, slots=True)
class Term:
    """One part of a place's error: sigma along the error ellipse's long axis, and its share of the variance there.

    owner: whose error it is, one of PHOTO, FLIGHT, GROUND and PIXEL. The shares of all terms add up to 1. One can be
    negative: after an adjustment errors hang together, and one may take back what another does.
    """

    name: str
    owner: str
    sigma_m: float
    share: float


@dataclass(frozen=True, slots=True)
class Advice:
    """Where a second photo would pay: its place, how to look, what is to be expected, and the sentence that says so.

    bearing_deg and distance_m lead from the first photo's position to the second's.
    """

    at: GeoPoint
    pitch_deg: float
    bearing_deg: float
    distance_m: float
    r90_now_m: float
    r90_then_m: float
    sentence: str


def terms(frame: Frame, px: tuple[float, float], ground: Ground, pixel_sigma_px: float = 1.0) -> tuple[Term, ...]:
    """The parts of a pixel's error on the ground, largest share first; none where it has no place.

    Raises NoPoseError as `locate_pixels` does.
    """
    found = locate_pixels(frame, np.array([px]), ground, pixel_sigma_px)
    if found.why[0]:
        return ()
    sharp = locate_pixels(frame, np.array([px]), ground, 0.0)
    along = np.linalg.eigh(found.covariance[0])[1][:, 1]
    parts = _pose_parts(frame, found, along) if frame.posterior is None else _adjusted_parts(frame, px, ground, along)
    left_m2 = float(along @ sharp.alone_m2[0] @ along)
    parts += [
        ("height of the ground", GROUND, float(found.ground_m[0] @ along) ** 2),
        ("pixel", PIXEL, float(along @ (found.alone_m2[0] - sharp.alone_m2[0]) @ along)),
        ("not modelled", PHOTO, left_m2),
        ("turn", PHOTO, float(found.doubt_m[0]) ** 2),
    ]
    return _as_terms(parts, float(along @ found.covariance[0] @ along))


def _as_terms(parts: list[tuple[str, str, float]], total_m2: float) -> tuple[Term, ...]:
    """Terms of parts (name, owner, variance in m²); what the parts miss of the whole is the lens's."""
    missing_m2 = total_m2 - sum(v for _, _, v in parts)
    if abs(missing_m2) > 1e-9 * total_m2:
        parts = [*parts, ("lens", FLIGHT, missing_m2)]
    found = [Term(n, o, float(np.sqrt(max(v, 0.0))), v / total_m2) for n, o, v in parts if v != 0.0]
    return tuple(sorted(found, key=lambda t: (-t.share, t.name, t.owner)))


def _pose_parts(frame: Frame, found: Located, along: Array) -> list[tuple[str, str, float]]:
    """Variances along an axis, of the recorded pose's errors one by one."""
    own = [(name, PHOTO, float(v)) for name, v in zip(OWN, (found.image_m[0] @ along) ** 2, strict=True)]
    return own + [(name, FLIGHT, float(v)) for name, v in zip(SHARED, (found.shared_m[0] @ along) ** 2, strict=True)]


def _adjusted_parts(
    frame: Frame, px: tuple[float, float], ground: Ground, along: Array
) -> list[tuple[str, str, float]]:
    """The same after an adjustment, whose errors hang together: each one's covariance with the whole of its owner's."""
    assert frame.posterior is not None
    by_one = _moves_m(frame, px, ground) @ along
    own, flight = np.array(frame.posterior.own), np.array(frame.posterior.shared)
    by_pose, by_all = by_one[: len(OWN)], np.concatenate([by_one, np.zeros(len(OWN) + len(LENS) - len(by_one))])
    mine = by_pose * (own.T @ (own @ by_pose))
    common = by_all * (flight.T @ (flight @ by_all))
    parts = [(name, PHOTO, float(v)) for name, v in zip(OWN, mine, strict=True)]
    return parts + [(name, FLIGHT, float(v)) for name, v in zip(SHARED, common[: len(SHARED)], strict=True)]


def _moves_m(frame: Frame, px: tuple[float, float], ground: Ground) -> Array:
    """(7, 2) east and north by which one unit of each of `types.SHARED` moves the place."""
    pose, camera = usable(frame)
    unit = PoseError(UNIT, UNIT, UNIT, UNIT, UNIT, UNIT)
    plain = replace(
        frame,
        pose=replace(pose, own=PoseError(), shared=unit),
        camera=replace(camera, focal_sigma=UNIT),
        posterior=None,
        laser=None,
    )
    return np.asarray(locate_pixels(plain, np.array([px]), ground).shared_m[0] / UNIT)


def second_view(frame: Frame, px: tuple[float, float], ground: Ground, pixel_sigma_px: float = 1.0) -> Advice | None:
    """Where a second photo would at least halve the r90 of a pixel's place, if its angles are what spoils it.

    The second photo is thought to be of the same flight: it shares the flight's errors and has its own. Both are
    fused as `geo.fuse` does. None where there is no place, where something else than the angles is the largest term,
    and where no view helps that much. Raises NoPoseError as `locate_pixels` does.
    """
    found = locate_pixels(frame, np.array([px]), ground, pixel_sigma_px)
    if found.why[0] or not _angles_spoil(terms(frame, px, ground, pixel_sigma_px)):
        return None
    target = GeoPoint(*(float(v) for v in found.points[0]))
    now_m = r90_m(as_covariance(found.covariance[0]))
    tried = [(_predicted_m(found, view, ground), view) for view in _views(frame, target)]
    then_m, best = min(tried, key=lambda t: t[0])
    return _advice(frame, best, target.alt_m, now_m, then_m) if then_m <= HALF * now_m else None


def _angles_spoil(parts: tuple[Term, ...]) -> bool:
    """Whether the angles' errors together outweigh those of any other name."""
    weight: dict[str, float] = {}
    for part in parts:
        name = "angles" if part.name in ANGLES else part.name
        weight[name] = weight.get(name, 0.0) + part.share
    return bool(weight) and max(weight, key=lambda n: weight[n]) == "angles"


def _views(frame: Frame, target: GeoPoint) -> list[Frame]:
    """Photos that could be taken: straight above the place, from half-way there at a slant, and from either side."""
    pose, _ = usable(frame)
    east, north, up = to_enu(as_row(pose.at), target)[0]
    high_m = min(LOOK_FROM_M, max(float(up), 1.0))
    towards = np.degrees(np.arctan2(east, north))  # bearing from the target to the first photo
    away_m = high_m / np.tan(np.radians(SLANT_DEG))
    views = [_view(frame, target, 0.0, 0.0, high_m, -90.0, float(towards + 180.0))]
    for turn_deg in (0.0, 90.0, -90.0):
        bearing = float(towards + turn_deg)
        views.append(_view(frame, target, away_m, bearing, high_m, -SLANT_DEG, bearing + 180.0))
    return views


def _view(
    frame: Frame, target: GeoPoint, away_m: float, bearing_deg: float, high_m: float, pitch_deg: float, yaw_deg: float
) -> Frame:
    """The frame as if taken `away_m` from above the target, with what a gimbal tells of itself."""
    pose, camera = usable(frame)
    a = np.radians(bearing_deg)
    lat, lon, alt = from_enu(np.array([[away_m * np.sin(a), away_m * np.cos(a), high_m]]), target)[0]
    own = replace(
        pose.own,
        pitch_deg=max(pose.own.pitch_deg, NEW_OWN_DEG),
        roll_deg=max(pose.own.roll_deg, NEW_OWN_DEG),
    )
    shared = replace(
        pose.shared,
        pitch_deg=max(pose.shared.pitch_deg, NEW_SHARED_DEG),
        roll_deg=max(pose.shared.roll_deg, NEW_SHARED_DEG),
    )
    attitude = Attitude((yaw_deg + 180.0) % 360.0 - 180.0, pitch_deg)
    new = Pose(None, GeoPoint(float(lat), float(lon), float(alt)), attitude, own, shared)
    return replace(frame, pose=new, camera=camera, laser=None, assumed=(), posterior=None)


def _predicted_m(first: Located, view: Frame, ground: Ground) -> float:
    """r90 in m of the place when both photos have seen it (generalised least squares, as `geo.estimate`)."""
    _, camera = usable(view)
    second = locate_pixels(view, np.array([[camera.cx_px, camera.cy_px]]), ground)
    if second.why[0]:
        return float("inf")
    c = np.zeros((4, 4))
    for part, seen in ((slice(0, 2), first), (slice(2, 4), second)):
        c[part, part] = seen.alone_m2[0] + seen.doubt_m[0] ** 2 * np.eye(2) + seen.image_m[0].T @ seen.image_m[0]
    rows = [first.ground_m, second.ground_m]
    common = np.concatenate([np.concatenate(rows, axis=1), _flight_rows(first, second)])
    c += common.T @ common
    design = np.concatenate([np.eye(2), np.eye(2)])
    return r90_m(as_covariance(np.linalg.inv(design.T @ np.linalg.solve(c, design))))


def _flight_rows(first: Located, second: Located) -> Array:
    """(K, 4) what the flight's errors do to both places; those of an adjusted photo are its own beside a new one."""
    a, b = first.shared_m[0], second.shared_m[0]
    if len(a) == len(b):
        return np.concatenate([a, b], axis=1)
    return np.concatenate([np.pad(a, ((0, 0), (0, 2))), np.pad(b, ((0, 0), (2, 0)))])


def _advice(frame: Frame, view: Frame, ground_alt_m: float, now_m: float, then_m: float) -> Advice:
    (old, _), (new, _) = usable(frame), usable(view)
    east, north, _ = to_enu(as_row(new.at), old.at)[0]
    bearing, distance_m = float(np.degrees(np.arctan2(east, north)) % 360.0), float(np.hypot(east, north))
    assert new.attitude is not None
    pitch_deg, high_m = new.attitude.pitch_deg, new.at.alt_m - ground_alt_m
    how = "look straight down" if pitch_deg == -90.0 else f"look down at {-pitch_deg:.0f}°"
    sentence = (
        f"a second view would pay: from this photo's place fly {_round_m(distance_m)} m to the "
        f"{COMPASS[round(bearing / 45.0) % 8]} and {how} from {high_m:.0f} m above the ground: r90 of about "
        f"{_round_m(then_m)} m instead of {_round_m(now_m)} m"
    )
    return Advice(new.at, pitch_deg, bearing, distance_m, now_m, then_m, sentence)


def _round_m(length_m: float) -> str:
    """Two digits: 3.4, 12, 280."""
    return f"{length_m:.1f}" if length_m < 10.0 else f"{float(f'{length_m:.2g}'):.0f}"
