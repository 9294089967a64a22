"""Why a hit lies where it does: the rays that meet there, the ground under them, and each term of its error.

A hit's error is a weighted sum of what pose, lens, pixel and ground did to every sighting of its window. The weights
are those of the least squares that placed it (`geo.estimate`), so that the terms' parts add up to its covariance. A
term's part is its covariance with the whole (Euler's decomposition of a variance): where an adjustment has tied errors
to each other, one that takes off what another adds has a part below zero.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from pipeline.errors import MissionError
from pipeline.geo.advise import FLIGHT, GROUND, PHOTO, PIXEL
from pipeline.geo.associate import Stack, stack
from pipeline.geo.estimate import apart, doubts, heard, windows
from pipeline.geo.geodesy import from_enu, to_enu
from pipeline.geo.ground import Surface, open_ground
from pipeline.geo.joint import Common, Joint, alike, together
from pipeline.geo.locate import as_covariance, locate
from pipeline.geo.tracks import placed_by
from pipeline.types import LENS, OWN, SHARED, Covariance, Frame, GeoPoint, Hit, Mission, Posterior, Sighting

Array = NDArray[np.float64]

STEPS = 64  # of a terrain profile
MARGIN = 1.15  # how far a profile goes on behind the point
UNIT = Posterior(tuple(map(tuple, np.eye(len(OWN)))), tuple(map(tuple, np.eye(len(OWN) + len(LENS)))))
# Errors by the name under which they are told; east and north are one.
TOLD = {"east": "position", "north": "position", "up": "height", "centre x": "centre", "centre y": "centre"}
TOLD |= {"k1": "distortion", "k2": "distortion"}


@dataclass(frozen=True, slots=True)
class Term:
    """One source of a hit's error: whose it is, as in `geo.advise`, and its part of the covariance."""

    name: str  # position, height, yaw, pitch, roll, focal, centre, distortion, pixel, ground, turn, not modelled
    owner: str
    part_m2: Covariance
    share: float  # of the whole variance, east and north together; all shares add up to 1


@dataclass(frozen=True, slots=True)
class Ray:
    """One sighting's line of sight, in m east, north and up of `Why.origin`.

    weight: how much the hit follows this sighting, all of a hit's together about 1; profile_m: (distance from the
    camera along the ground, height of the ground) under the ray, NaN where no ground is known.
    """

    frame_id: str
    camera_m: tuple[float, float, float]
    point_m: tuple[float, float, float]
    covariance: Covariance
    weight: float
    profile_m: tuple[tuple[float, float], ...]


@dataclass(frozen=True, slots=True)
class Why:
    """A hit explained: its place in m from `origin`, its error, its rays, and the terms, largest first."""

    hit: Hit
    origin: GeoPoint
    at_m: tuple[float, float, float]
    rays: tuple[Ray, ...]
    terms: tuple[Term, ...]

    def metres(self, at: GeoPoint) -> tuple[float, float]:
        """East and north of a place, from `origin`."""
        return _metres(at, self.origin)[:2]


def explain(
    hits: Sequence[Hit], hit_id: str, mission: Mission, joint: Joint | None = None, origin: GeoPoint | None = None
) -> Why:
    """Explain one of a flight's hits, as `fuse` made them of sightings located in this mission.

    joint: what `fuse` was given; origin: where metres are counted from, else the hit. Raises MissionError when there is
    no such hit.
    """
    hit = next((h for h in hits if h.id == hit_id), None)
    if hit is None:
        raise MissionError(f"there is no hit {hit_id!r} in this list")
    solved = _solve(hits, hit, joint)
    frames = {f.id: f for f in mission.frames}
    origin = origin or hit.at
    surface = open_ground(mission.ground)
    rays = tuple(_ray(x, frames[x.detection.frame_id], origin, surface, solved.weight_of(x)) for x in hit.sightings)
    return Why(hit, origin, _metres(hit.at, origin), rays, _terms(solved, frames, mission, joint))


def counterpart(hit: Hit, hits: Sequence[Hit]) -> Hit:
    """The hit of another list that rests on most of the same detections; raises MissionError when that is empty."""
    if not hits:
        raise MissionError(f"no other hit corresponds to {hit.id}: the list is empty")
    mine = {s.detection for s in hit.sightings}
    return max(hits, key=lambda h: (len(mine & {s.detection for s in h.sightings}), h.id))


@dataclass(frozen=True, eq=False)
class _Solved:
    """The window of a hit: M sightings heard, each one's place, and the hit's error by theirs, (M, 2, 2)."""

    sightings: tuple[Sighting, ...]
    stack: Stack
    index: NDArray[np.intp]
    owner: Array  # as numbers, to be compared
    weights: Array

    def weight_of(self, sighting: Sighting) -> float:
        found = [w for x, w in zip(self.sightings, self.weights, strict=True) if x is sighting]
        return float(np.trace(found[0]) / 2) if found else 0.0


def _solve(hits: Sequence[Hit], hit: Hit, joint: Joint | None) -> _Solved:
    """Least squares as in `geo.estimate`, for the weights of one place; what moves was placed without the others."""
    solved = [hit] if hit.moving_mps is not None else [h for h in hits if h.moving_mps is None]
    said = [placed_by(h) for h in solved]
    everything = tuple(x for sightings in said for x in sightings)
    s = stack(everything)
    ends = np.cumsum([len(sightings) for sightings in said])
    places = [list(range(end - len(sightings), end)) for sightings, end in zip(said, ends, strict=True)]
    mine = next(p for p, h in enumerate(solved) if h is hit)
    run = next(run for run in windows(s, places) if mine in run)
    spoken = [heard(s, places[p]) for p in run]
    index = np.array([i for members in spoken for i in members], np.intp)
    owner = np.array([p for p, members in enumerate(spoken) for _ in members], np.float64)
    design = np.kron(owner[:, None] == np.arange(len(run)), np.eye(2))
    told = np.linalg.solve(Common(s, joint).of(index) + apart(s, index, owner), design)
    gain = np.linalg.solve(design.T @ told, told.T).reshape(len(run), 2, len(index), 2)
    weights = gain[run.index(mine)].transpose(1, 0, 2)
    return _Solved(tuple(everything[i] for i in index), s, index, owner, weights)


def _terms(solved: _Solved, frames: Mapping[str, Frame], mission: Mission, joint: Joint | None) -> tuple[Term, ...]:
    """Every term, largest first."""
    split = [_split(x, frames[x.detection.frame_id], mission) for x in solved.sightings]
    parts = _posed(solved, [own for own, _ in split], joint) | _flown(solved, [common for _, common in split])
    parts |= _placed(solved) | _seen(solved, frames, mission)
    whole = sum(float(np.trace(part)) for part in parts.values())
    found = [Term(*key, as_covariance((p + p.T) / 2), float(np.trace(p)) / whole) for key, p in parts.items()]
    return tuple(sorted((t for t in found if t.share), key=lambda t: -t.share))


def _split(sighting: Sighting, frame: Frame, mission: Mission) -> tuple[Array, Array]:
    """A sighting's `image_m` and `shared_m` by what they do to each error: (6, 6, 2) and (11, K, 2)."""
    image, shared = np.array(sighting.image_m), np.array(sighting.shared_m)
    if frame.posterior is None:
        own, common = np.zeros((len(OWN), *image.shape)), np.zeros((len(OWN) + len(LENS), *shared.shape))
        own[np.arange(len(OWN)), np.arange(len(OWN))] = image
        common[np.arange(len(SHARED)), np.arange(len(SHARED))] = shared
        return own, common
    unit = np.array(locate(sighting.detection, replace(frame, posterior=UNIT), mission.ground).shared_m)
    by_own, by_shared = np.array(frame.posterior.own), np.array(frame.posterior.shared)
    own = np.einsum("sk,kj->ksj", by_own, unit[: len(OWN)])
    return own, np.einsum("sk,kj->ksj", by_shared, unit)


Parts = dict[tuple[str, str], Array]


def _posed(solved: _Solved, own: Sequence[Array], joint: Joint | None) -> Parts:
    """What the photos' own poses add: by photo first, since all that one shows errs together."""
    photos = [x.exposure if joint is None else x.detection.frame_id for x in solved.sightings]
    names = sorted(set(photos))
    moved = np.zeros((len(OWN), len(names), len(OWN), 2))
    for name, rows, weight in zip(photos, own, solved.weights, strict=True):
        moved[:, names.index(name)] += rows @ weight.T
    if joint is None:
        first = {x.exposure: x for x in reversed(solved.sightings)}
        by_error = np.einsum("kpsi,pq,lqsj->kij", moved, alike([first[n] for n in names]), moved)
    else:
        ids = names * len(OWN)
        both = joint.covariance(ids, moved.reshape(len(ids), len(OWN), 2))
        by_error = both.reshape(len(OWN), len(names), 2, -1, 2).sum(axis=(1, 3))
    return _named(OWN, by_error, PHOTO)


def _flown(solved: _Solved, common: Sequence[Array]) -> Parts:
    """What the flight's shared errors add."""
    rows = max(part.shape[1] for part in common)
    moved = np.zeros((len(OWN) + len(LENS), rows, 2))
    for part, weight in zip(common, solved.weights, strict=True):
        moved[:, : part.shape[1]] += part @ weight.T
    return _named((*OWN, *LENS), np.einsum("ksi,lsj->kij", moved, moved), FLIGHT)


def _placed(solved: _Solved) -> Parts:
    """What the heights of the ground, and doubts of turned photos, add."""
    s, index, owner, w = solved.stack, solved.index, solved.owner, solved.weights
    flat = w.transpose(1, 0, 2).reshape(2, -1)
    ground = together(s.ground[index][:, None], owner)
    doubt = together(doubts(s.doubt[index], owner), owner)
    return {("ground", GROUND): flat @ ground @ flat.T, ("turn", PHOTO): flat @ doubt @ flat.T}


def _seen(solved: _Solved, frames: Mapping[str, Frame], mission: Mission) -> Parts:
    """What the pixels add, and what the linear model of the errors leaves over."""
    pixel, linear = np.zeros((2, 2)), np.zeros((2, 2))
    for x, i, weight in zip(solved.sightings, solved.index, solved.weights, strict=True):
        exact = replace(x.detection, point_sigma_px=0.0)
        ee, en, nn = locate(exact, frames[x.detection.frame_id], mission.ground).alone_m2
        rest = np.array([[ee, en], [en, nn]])
        linear += weight @ rest @ weight.T
        pixel += weight @ (solved.stack.alone[i] - rest) @ weight.T
    return {("pixel", PIXEL): pixel, ("not modelled", PHOTO): linear}


def _named(names: Sequence[str], parts: Array, owner: str) -> Parts:
    """(K, 2, 2) parts under the names by which they are told."""
    out: Parts = {}
    for name, part in zip(names, parts, strict=True):
        key = TOLD.get(name, name), owner
        out[key] = out.get(key, np.zeros((2, 2))) + part
    return out


def _ray(x: Sighting, frame: Frame, origin: GeoPoint, surface: Surface, weight: float) -> Ray:
    assert frame.pose is not None
    camera, point = _metres(frame.pose.at, origin), _metres(x.at, origin)
    away = np.linspace(0.0, MARGIN, STEPS)[:, None]
    line = np.array(camera) + away * (np.array(point) - camera)
    places = from_enu(np.column_stack([line[:, :2], np.zeros(STEPS)]), origin)
    heights = surface.height_m(places[:, 0], places[:, 1]) - origin.alt_m
    far = np.hypot(*(line - line[0])[:, :2].T)
    profile = tuple((float(d), float(h)) for d, h in zip(far, heights, strict=True))
    return Ray(frame.id, camera, point, x.covariance, weight, profile)


def _metres(at: GeoPoint, origin: GeoPoint) -> tuple[float, float, float]:
    east, north, up = to_enu(np.array([[at.lat_deg, at.lon_deg, at.alt_m]]), origin)[0]
    return float(east), float(north), float(up)
