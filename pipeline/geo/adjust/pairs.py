"""Which photos may see the same ground, by their recorded poses, which may be wrong.

Every photo becomes a circle on the ground that holds its footprint. Headings do not matter to a circle about a nadir
photo; where they do, or heights are wrong, photos that follow each other and those taken closest by are tried anyway.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from pipeline.geo.adjust.matches import Array, Indices
from pipeline.geo.adjust.ranks import rank_within
from pipeline.geo.camera import rays
from pipeline.geo.geodesy import to_enu
from pipeline.geo.ground import Surface
from pipeline.geo.rotation import enu_R_cam
from pipeline.types import Attitude, Camera, Frame, Pose

MOST = 12
LENSES = ("W", "")  # of one exposure, the widest first
LEAST_HEIGHT_M = 5.0
USUAL_HEIGHT_M = 60.0  # where nothing tells a height that can be
LEAST_DIP = np.sin(np.radians(8.0))  # what lies flatter before the camera is too far away to be matched
TOUCH = 0.65  # centres' distance in sums of radii; beyond it, frames share a corner at most
RINGS = (0.12, 0.4)  # the same: near partners, usual ones, wide baselines
SHARES = (0.2, 0.5, 0.3)  # of a photo's partners, in each ring
SECTORS = 8
TURNED_AWAY = 0.5 / np.radians(90)  # a partner's distance grows by this for every radian between the lines of sight
CLOSEST = 2  # photos that are tried whatever their footprints are
THINNED = 0.1  # of a radius: of photos closer than this to each other, one stands for all towards those farther away
LOOKED_AT = 160  # partners that are considered at most


@dataclass(frozen=True, eq=False)
class _Views:
    """N photos: index (N,) into the frames, eye and centre (N, 2) in m east, north, radius_m (N,), sight (N, 3)."""

    index: Indices
    eye: Array
    centre: Array
    radius_m: Array
    sight: Array


def candidates(frames: Sequence[Frame], surface: Surface, most: int = MOST) -> list[tuple[int, int]]:
    """Pairs (i, j), i < j, of indices into the frames that may see the same ground, sorted.

    A photo has about `most` partners: near ones, a few across a wide baseline, and in all directions. Frames without
    position or lens have none, and of several lenses of one exposure the widest stands for all.
    """
    views = _views(frames, surface)
    if len(views.index) < 2:
        return []
    ends = np.concatenate([_following(views), _closest(views), _overlapping(views, most)])
    pairs = np.unique(np.sort(views.index[ends], axis=1), axis=0)
    return [(int(i), int(j)) for i, j in pairs if i != j]


def _one_lens(frames: Sequence[Frame]) -> Iterator[tuple[int, Pose, Camera]]:
    """The frames that can be placed, one of each exposure."""
    chosen: dict[str, int] = {}
    usable = [i for i, f in enumerate(frames) if f.pose and f.camera and _finite(f.pose)]
    for i in sorted(usable, key=lambda i: (_preference(frames[i].lens), i)):
        chosen.setdefault(frames[i].exposure or f"\0{i}", i)
    for i in sorted(chosen.values()):
        pose, camera = frames[i].pose, frames[i].camera
        assert pose and camera
        yield i, pose, camera


def _finite(pose: Pose) -> bool:
    return bool(np.isfinite([pose.at.lat_deg, pose.at.lon_deg, pose.at.alt_m]).all())


def _preference(lens: str) -> tuple[int, str]:
    return (LENSES.index(lens) if lens in LENSES else len(LENSES)), lens


def _views(frames: Sequence[Frame], surface: Surface) -> _Views:
    kept = list(_one_lens(frames))
    if not kept:
        return _Views(np.empty(0, np.intp), np.empty((0, 2)), np.empty((0, 2)), np.empty(0), np.empty((0, 3)))
    lla = np.array([[p.at.lat_deg, p.at.lon_deg, p.at.alt_m] for _, p, _ in kept])
    eye = to_enu(lla, kept[0][1].at)[:, :2]
    height_m = _heights_m(lla, [frames[i].height_above_takeoff_m for i, _, _ in kept], surface)
    corners = np.stack([_corners(camera, pose.attitude) for _, pose, camera in kept])  # (N, 5, 3) the last: the sight
    down = np.maximum(-corners[..., 2], LEAST_DIP)
    ground = corners[..., :2] / down[..., None] * height_m[:, None, None]
    centre = ground[:, :4].mean(axis=1)
    radius_m = np.linalg.norm(ground[:, :4] - centre[:, None], axis=2).mean(axis=1)
    return _Views(np.array([i for i, _, _ in kept]), eye, eye + centre, np.maximum(radius_m, 1.0), corners[:, 4])


def _heights_m(lla: Array, above_takeoff_m: Sequence[float | None], surface: Surface) -> Array:
    """(N,) heights above the ground, each the first that can be: by the ground, by the flight's start, a usual one."""
    height_m = lla[:, 2] - surface.height_m(lla[:, 0], lla[:, 1])
    told = np.array([np.nan if h is None else h for h in above_takeoff_m])
    height_m = np.where(height_m >= LEAST_HEIGHT_M, height_m, told)
    return np.where(height_m >= LEAST_HEIGHT_M, height_m, USUAL_HEIGHT_M)


def _corners(camera: Camera, attitude: Attitude | None) -> Array:
    """(5, 3) directions of the corners and of the middle, east, north, up; straight down where nobody knows."""
    right, bottom = camera.width_px - 1.0, camera.height_px - 1.0
    px = np.array([[0, 0], [right, 0], [right, bottom], [0, bottom], [right / 2, bottom / 2]])
    ahead = rays(camera, px)
    ahead = np.where(np.isnan(ahead), [0.0, 0.0, 1.0], ahead)
    return ahead @ enu_R_cam(attitude or Attitude(0.0, -90.0)).T


def _following(views: _Views) -> Indices:
    """(N - 1, 2) each photo and the next."""
    n = np.arange(len(views.index))
    return np.stack([n[:-1], n[1:]], axis=-1)


def _closest(views: _Views) -> Indices:
    """Each photo and those taken closest by."""
    from scipy.spatial import cKDTree

    k = min(CLOSEST + 1, len(views.eye))
    near = cKDTree(views.eye).query(views.eye, k=k)[1]
    return np.stack([np.repeat(np.arange(len(near)), k), near.ravel()], axis=-1)


def _overlapping(views: _Views, most: int) -> Indices:
    """Of those whose circles touch: each ring's share, all directions in turn; the nearest fill what is missing."""
    first, second, share = _touching(views)
    away = np.arccos(np.clip(np.einsum("ni,ni->n", views.sight[first], views.sight[second]), -1, 1))
    cost = share + TURNED_AWAY * away
    ring = np.digitize(cost, RINGS)
    group = first * (len(RINGS) + 1) + ring
    lap = rank_within(group * SECTORS + _sector(views.centre[second] - views.centre[first]), cost)
    surplus = rank_within(group, lap, cost) >= np.ceil(np.array(SHARES) * most)[ring]
    kept = rank_within(first, surplus, cost) < most
    return np.stack([first[kept], second[kept]], axis=-1)


def _sector(offset_m: Array) -> Indices:
    """(N,) in which of the `SECTORS` directions (N, 2) offsets lie."""
    turn = np.arctan2(offset_m[:, 1], offset_m[:, 0]) / (2 * np.pi) + 0.5
    return np.asarray(np.floor(turn * SECTORS).astype(np.intp) % SECTORS)


def _touching(views: _Views) -> tuple[Indices, Indices, Array]:
    """Photo, partner, and their distance in sums of radii: the nearest of all, and of a thinned set those farther."""
    from scipy.spatial import cKDTree

    everyone = np.arange(len(views.index))
    few = _thinned(views)
    reach = 2 * TOUCH * np.median(views.radius_m)
    found = []
    for chosen in (everyone, few):
        tree = cKDTree(views.centre[chosen])
        near = tree.query(views.centre, k=min(LOOKED_AT, len(chosen)), distance_upper_bound=max(reach, 1.0))[1]
        near = near.reshape(len(everyone), -1)
        row, column = np.nonzero(near < len(chosen))
        found.append(np.stack([row, chosen[near[row, column]]], axis=-1))
    first, second = np.unique(np.concatenate(found), axis=0).T
    apart = np.linalg.norm(views.centre[first] - views.centre[second], axis=1)
    share = apart / (views.radius_m[first] + views.radius_m[second])
    kept = (first != second) & (share < TOUCH)
    return first[kept], second[kept], share[kept]


def _thinned(views: _Views) -> Indices:
    """One photo of each cell of the ground."""
    cell_m = THINNED * float(np.median(views.radius_m))
    cells = np.floor(views.centre / cell_m)
    return np.asarray(np.sort(np.unique(cells, axis=0, return_index=True)[1]), np.intp)
