"""Which frames of a video are looked at: so many that neighbours overlap on the ground, or one every few seconds."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pipeline.errors import MissionError
from pipeline.ingest.track import Attitudes, Floats, Ns, Track
from pipeline.types import Camera

OVERLAP = 0.7
HOVER_S = 5.0  # a camera that stands still is looked at this often: water and smoke move
SHORTEST_S = 0.2
MAX_FRAMES = 20_000  # of one video
UNKNOWN_HEIGHT_M, LOWEST_M, HIGHEST_M = 50.0, 10.0, 500.0
UNKNOWN_FOCAL = 0.7  # over the width, of a frame of 16:9
_KEY_FROM = 0.7  # a key frame this far along the step is taken instead of the step's end: it decodes alone
_M_PER_DEG = 111_320.0
_SLACK = 1e-3


@dataclass(frozen=True, slots=True)
class Sampling:
    """How many frames of a video are looked at: by the share of ground that neighbours share, or by time alone."""

    overlap: float | None = OVERLAP
    every_s: float | None = None  # when given, it alone counts

    def __post_init__(self) -> None:
        if self.overlap is not None and not 0 <= self.overlap <= 0.95:
            raise MissionError(f"video_overlap: {self.overlap} is not a share from 0 to 0.95")
        if self.every_s is not None and not 0 < self.every_s <= 86_400:
            raise MissionError(f"video_every: {self.every_s} is not a number of seconds")


@dataclass(frozen=True, slots=True, eq=False)
class _Way:
    """How the camera moved, at every frame (N,): metres, degrees, and the metres of a whole step."""

    east_m: Floats
    north_m: Floats
    yaw_deg: Floats
    pitch_deg: Floats
    step_m: Floats
    step_deg: float

    def share(self, here: int, rows: Ns) -> Floats:
        """Shares of a step between a frame and others: flown, and turned."""
        flown = np.hypot(self.east_m[rows] - self.east_m[here], self.north_m[rows] - self.north_m[here])
        turned = np.hypot(self.yaw_deg[rows] - self.yaw_deg[here], self.pitch_deg[rows] - self.pitch_deg[here])
        return np.asarray(flown / self.step_m[here] + turned / self.step_deg, np.float64)


def sampled(t_ns: Ns, is_key: NDArray[np.bool_], track: Track | None, camera: Camera | None, how: Sampling) -> Ns:
    """Indices of the frames to look at, the first among them, about MAX_FRAMES at most.

    t_ns: (N,) of all frames, in the clock of `track`. By overlap, a step is that share of the image's short side on
    level ground below the camera, as a distance flown or an angle turned, and HOVER_S long at most.
    """
    least_s = (int(t_ns[-1]) - int(t_ns[0])) / 1e9 / MAX_FRAMES
    if how.every_s is not None or track is None:
        longest_s = max(how.every_s or HOVER_S, least_s)
        return _walk(t_ns, np.zeros(len(t_ns), bool), None, longest_s, 0.0)
    new = 1 - (OVERLAP if how.overlap is None else how.overlap)
    way = _way(t_ns, track, camera, new)
    return _walk(t_ns, is_key, way, max(HOVER_S, least_s), max(SHORTEST_S, least_s))


def _walk(t_ns: Ns, is_key: NDArray[np.bool_], way: _Way | None, longest_s: float, shortest_s: float) -> Ns:
    """From each frame to the last one at most a step ahead, or to the last key frame near the step's end."""
    found = [0]
    while found[-1] < len(t_ns) - 1:
        here = found[-1]
        last = int(np.searchsorted(t_ns, t_ns[here] + round((longest_s + _SLACK) * 1e9), "right"))
        rows = np.arange(here + 1, max(last, here + 2))
        after_s = (t_ns[rows] - t_ns[here]) / 1e9
        share = after_s / longest_s if way is None else np.maximum(after_s / longest_s, way.share(here, rows))
        share = np.where(after_s < shortest_s, 0.0, share)
        chosen = _end(share, is_key[rows])
        enough = 1 - _SLACK if way is None else _KEY_FROM
        if rows[-1] == len(t_ns) - 1 and chosen == len(rows) - 1 and share[chosen] < enough:
            break  # little that is new is left
        found.append(int(rows[chosen]))
    return np.array(found, np.int64)


def _end(share: Floats, is_key: NDArray[np.bool_]) -> int:
    """The last place before the step is over, or the last key frame shortly before that; at least the next one."""
    over = np.flatnonzero(share > 1 + _SLACK)
    end = int(over[0]) if len(over) else len(share) - 1
    if len(over) and end > 0 and share[end - 1] > 0:
        end -= 1
    keys = np.flatnonzero(is_key[: end + 1] & (share[: end + 1] >= _KEY_FROM))
    return int(keys[-1]) if len(keys) else end


def _way(t_ns: Ns, track: Track, camera: Camera | None, new: float) -> _Way:
    n, side = len(t_ns), _short_side(camera)
    nothing = np.zeros(n)
    east, north, heights = nothing, nothing, np.full(n, UNKNOWN_HEIGHT_M)
    rows = track.positions
    if rows is not None and len(rows.t_ns):
        north = np.interp(t_ns, rows.t_ns, rows.lat_deg) * _M_PER_DEG
        lon = np.interp(t_ns, rows.t_ns, np.unwrap(rows.lon_deg, period=360))
        east = lon * _M_PER_DEG * math.cos(math.radians(float(rows.lat_deg[0])))
        heights = np.interp(t_ns, rows.t_ns, np.nan_to_num(rows.relative_m, nan=UNKNOWN_HEIGHT_M))
    yaw, pitch = _angles(t_ns, track.gimbal if track.gimbal is not None else track.body)
    step_m = np.clip(heights, LOWEST_M, HIGHEST_M) * side * new
    return _Way(east, north, yaw, pitch, step_m, math.degrees(2 * math.atan(side / 2)) * new)


def _short_side(camera: Camera | None) -> float:
    """The image's short side over the focal length."""
    if camera is None:
        return 9 / 16 / UNKNOWN_FOCAL
    return min(camera.width_px, camera.height_px) / camera.fx_px


def _angles(t_ns: Ns, rows: Attitudes | None) -> tuple[Floats, Floats]:
    """Yaw, without jumps at north, and pitch at every frame."""
    if rows is None or not len(rows.t_ns):
        return np.zeros(len(t_ns)), np.zeros(len(t_ns))
    yaw = np.interp(t_ns, rows.t_ns, np.unwrap(np.nan_to_num(rows.yaw_deg), period=360))
    return yaw, np.interp(t_ns, rows.t_ns, np.nan_to_num(rows.pitch_deg))
