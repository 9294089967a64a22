"""Photos whose pixels are turned against their own metadata: found by their neighbours, and told.

Two neighbouring photos see the same ground. Features matched between reduced copies are put on the ground with each
photo's own metadata, once as it stands and once with the pixels turned by 90, 180 or 270 degrees. When the pair agrees
on the ground decisively better with a turn, each of the two gets a vote for its own turn.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import groupby, pairwise, product
from pathlib import PurePosixPath

import numpy as np
from numpy.typing import NDArray

from pipeline.errors import PipelineError
from pipeline.geo.geodesy import to_enu
from pipeline.geo.locate import TURNED, locate_pixels, usable
from pipeline.geo.rotation import attitude_of, enu_R_cam
from pipeline.types import Attitude, Camera, Frame, Ground

Array = NDArray[np.float64]
Reader = Callable[[Frame], "NDArray[np.uint8]"]

TURN = {0: (1, 0), 90: (0, 1), 180: (-1, 0), 270: (0, -1)}  # degrees -> cosine, sine
TURNS_DEG = tuple(TURN)
LEAST_MATCHES = 15
MOST_MATCHES = 60
DECISIVE = 0.4  # a turn must leave at most this part of the disagreement on the ground
LEAST_GAIN_M = 3.0


@dataclass(frozen=True, slots=True)
class Vote:
    """One pair's word on how the pixels of two frames are turned against their metadata."""

    first: str
    second: str
    first_deg: int
    second_deg: int


def vote(pair: tuple[Frame, Frame], read: Reader, ground: Ground) -> Vote | None:
    """What a pair of neighbours says, or None when it cannot tell (no common ground, too few features).

    read: gives a frame's reduced copy.
    """
    a, b = pair
    if a.assumed or b.assumed:  # nothing was told that could be wrong
        return None
    try:
        image_a, image_b = read(a), read(b)
        matched = matched_pixels(image_a, image_b)
        if len(matched) < LEAST_MATCHES:
            return None
        thinned = matched[:: max(1, len(matched) // MOST_MATCHES)]
        return _judge(a, b, _scaled(thinned[:, 0], a, image_a), _scaled(thinned[:, 1], b, image_b), ground)
    except PipelineError:
        return None


def _scaled(px: Array, frame: Frame, copy: NDArray[np.uint8]) -> Array:
    """Pixels of a reduced copy -> pixels of the frame."""
    _, camera = usable(frame)
    return np.asarray((px + 0.5) * (camera.width_px / copy.shape[1]) - 0.5)


def matched_pixels(a: NDArray[np.uint8], b: NDArray[np.uint8]) -> Array:
    """(M, 2, 2) pixels of M features in the first and the second picture (SIFT, ratio test, RANSAC homography)."""
    import cv2

    sift = cv2.SIFT.create(nfeatures=1500)
    (ka, da), (kb, db) = (sift.detectAndCompute(cv2.cvtColor(i, cv2.COLOR_BGR2GRAY), None) for i in (a, b))
    if da is None or db is None or min(len(ka), len(kb)) < LEAST_MATCHES:
        return np.empty((0, 2, 2))
    near = cv2.BFMatcher(cv2.NORM_L2).knnMatch(da, db, k=2)
    good = [m[0] for m in near if len(m) == 2 and m[0].distance < 0.75 * m[1].distance]
    if len(good) < LEAST_MATCHES:
        return np.empty((0, 2, 2))
    pairs = np.array([[ka[m.queryIdx].pt, kb[m.trainIdx].pt] for m in good])
    cv2.setRNGSeed(0)
    _, inside = cv2.findHomography(pairs[:, 0], pairs[:, 1], cv2.RANSAC, 4.0)
    return np.asarray(pairs[inside.ravel() > 0]) if inside is not None else np.empty((0, 2, 2))


def turned_pixels(px: Array, frame: Frame, turn_deg: int) -> Array:
    """(N, 2) where pixels would lie had the picture been turned by `turn_deg` about its centre."""
    _, camera = usable(frame)
    centre = np.array([(camera.width_px - 1) / 2, (camera.height_px - 1) / 2])
    c, s = TURN[turn_deg]
    return np.asarray((px - centre) @ np.array([[c, s], [-s, c]]) + centre)


def _on_ground(frame: Frame, px: Array, ground: Ground) -> dict[int, Array]:
    return {turn: locate_pixels(frame, turned_pixels(px, frame, turn), ground).points for turn in TURNS_DEG}


def _judge(a: Frame, b: Frame, pa: Array, pb: Array, ground: Ground) -> Vote | None:
    on_a, on_b = _on_ground(a, pa, ground), _on_ground(b, pb, ground)
    at = usable(a)[0].at
    apart = {
        (i, j): _median_m(to_enu(on_a[i], at)[:, :2] - to_enu(on_b[j], at)[:, :2])
        for i, j in product(TURNS_DEG, TURNS_DEG)
    }
    best = min(apart, key=lambda k: (apart[k], k))
    as_told = apart[0, 0]
    if not np.isfinite(as_told):
        return None
    if best != (0, 0) and (apart[best] > DECISIVE * as_told or as_told - apart[best] < LEAST_GAIN_M):
        return None
    return Vote(a.id, b.id, *best)


def _median_m(difference: Array) -> float:
    length = np.hypot(difference[:, 0], difference[:, 1])
    return float(np.median(length[np.isfinite(length)])) if np.isfinite(length).sum() >= LEAST_MATCHES // 2 else np.inf


def neighbours(frames: Sequence[Frame]) -> list[tuple[Frame, Frame]]:
    """Frames next to each other in time, one lens of each exposure."""
    firsts = [next(group) for _, group in groupby(frames, key=lambda f: f.exposure or f.id)]
    return list(pairwise(firsts))


def turned(votes: Iterable[Vote | None]) -> dict[str, int]:
    """frame id -> turn in degrees, for every frame most of whose votes say so."""
    counts: dict[str, Counter[int]] = defaultdict(Counter)
    for v in votes:
        if v is not None:
            counts[v.first][v.first_deg] += 1
            counts[v.second][v.second_deg] += 1
    majority = {frame: max(c.items(), key=lambda x: (x[1], -x[0])) for frame, c in counts.items()}
    return {frame: turn for frame, (turn, n) in majority.items() if turn and n > counts[frame].total() / 2}


def warnings(frames: Sequence[Frame], turns: dict[str, int]) -> tuple[str, ...]:
    """One sentence for every run of neighbouring frames with the same turn."""
    said = []
    for turn, group in groupby(frames, key=lambda f: turns.get(f.id, 0)):
        names = [PurePosixPath(f.id).stem for f in group]
        if turn:
            look = "looks" if len(names) == 1 else "look"
            said.append(
                f"{_span(names)} {look} turned by {turn}° against {'its' if len(names) == 1 else 'their'} metadata"
            )
    return tuple(said)


def _span(names: list[str]) -> str:
    """DJI_0024, DJI_0029 -> DJI_0024–0029."""
    first, last = names[0], names[-1]
    if first == last:
        return first
    head = first.rstrip("0123456789")
    return f"{first}–{last[len(head) :]}" if last.startswith(head) else f"{first}–{last}"


def taken_as_turned(frame: Frame, turn_deg: int) -> Frame:
    """The frame with its lens turned about the optical axis, which its neighbours say it was, marked as assumed.

    The large error that an assumption deserves is `locate`'s: a circle that holds the place with and without the turn.
    """
    pose, camera = usable(frame)
    c, s = TURN[turn_deg]
    turn = np.array([[c, -s, 0.0], [s, c, 0.0], [0.0, 0.0, 1.0]])
    attitude = attitude_of(enu_R_cam(pose.attitude or Attitude(0.0, -90.0)) @ turn)
    pose, camera = replace(pose, attitude=attitude), _turned_lens(camera, c, s)
    return replace(frame, pose=pose, camera=camera, assumed=(*frame.assumed, TURNED))


def _turned_lens(camera: Camera, c: int, s: int) -> Camera:
    """The lens as turned pixels see it: where its centre lies and how it is tilted turn with them."""
    middle_x, middle_y = (camera.width_px - 1) / 2, (camera.height_px - 1) / 2
    right, down = camera.cx_px - middle_x, camera.cy_px - middle_y
    k1, k2, p1, p2, k3 = camera.distortion
    return replace(
        camera,
        fx_px=camera.fx_px if c else camera.fy_px,
        fy_px=camera.fy_px if c else camera.fx_px,
        cx_px=middle_x + c * right + s * down,
        cy_px=middle_y - s * right + c * down,
        distortion=(k1, k2, c * p1 - s * p2, c * p2 + s * p1, k3),
    )
