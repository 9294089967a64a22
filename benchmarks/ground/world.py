"""A world with all the errors that are claimed, where the simulator's has fewer.

The simulated drone errs as its profile says (`pipeline.sim.noise`); the error model (`pipeline.ingest.sigma`), the
adjustment's priors for lenses and the ground's sigma allow for more: a heading offset of the flight, heights that
differ by 0.1 m from photo to photo, an error of RTK's base station, a lens whose centre and distortion are not quite
known, a DEM that is wrong. Claims can only be tested in a world that has all of it; what it lacks is added to what is
reported.
"""

from __future__ import annotations

from copy import copy
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from pipeline.geo.adjust.problem import CENTRE_SIGMA, DISTORTION_SIGMA
from pipeline.geo.geodesy import from_enu
from pipeline.ingest import sigma
from pipeline.sim.terrain import Terrain
from pipeline.sim.truth import Truth
from pipeline.types import Camera, Frame, GeoPoint

RTK_FOCAL_SIGMA = 0.002 / np.sqrt(3.0)  # what the profile rtk has of the claimed `FOCAL_CALIBRATED`
RELIEF_M = 2.5  # root mean square height of the simulator's targets above the take-off point
PLANE_SIGMA_M = sigma.TERRAIN_UNKNOWN_M
SMOOTH_M = (20.0, 50.0)  # over which a DEM's error is correlated
COMMON_SHARE = 0.5  # of its variance: the same all over the site


def missing(total: float, there: float) -> float:
    """The sigma of what has to be added to errors of one sigma `there` to make `total`."""
    return float(np.sqrt(max(0.0, total**2 - there**2)))


def as_claimed(truth: Truth, frames: tuple[Frame, ...], dem: bool, rng: np.random.Generator) -> tuple[Frame, ...]:
    """The frames with the errors that they claim and the simulator did not make."""
    rtk = truth.reported.rtk_sigma_m > 0
    common_m = np.array([sigma.RTK_SHARED_M] * 3 if rtk else [0.0] * 3) * rng.standard_normal(3)
    if rtk and not dem:
        common_m[2] = sigma.UP_RELATIVE_SHARED_M * rng.standard_normal()
    yaw_deg = sigma.ATTITUDE_SHARED.yaw_deg * rng.standard_normal()
    lens = _lens_error(rtk, rng)
    up = np.array([0.0, 0.0, 0.0 if rtk and dem else sigma.UP_OWN_M])  # RTK's heights err by themselves
    return tuple(_moved(f, common_m + up * rng.standard_normal(), yaw_deg, lens) for f in frames)


def _lens_error(rtk: bool, rng: np.random.Generator) -> NDArray[np.float64]:
    """(5,) as `types.LENS`: relative, in widths, in widths, k1, k2."""
    focal = missing(sigma.FOCAL_CALIBRATED, float(RTK_FOCAL_SIGMA)) if rtk else 0.0
    return np.array([focal, CENTRE_SIGMA, CENTRE_SIGMA, *DISTORTION_SIGMA]) * rng.standard_normal(5)


def _moved(frame: Frame, by_m: NDArray[np.float64], yaw_deg: float, lens: NDArray[np.float64]) -> Frame:
    assert frame.pose is not None and frame.pose.attitude is not None and frame.camera is not None
    at, attitude = frame.pose.at, frame.pose.attitude
    lat, lon, alt = (float(v) for v in from_enu(by_m[None], at)[0])
    turned = replace(attitude, yaw_deg=(attitude.yaw_deg + yaw_deg + 180.0) % 360.0 - 180.0)
    pose = replace(frame.pose, at=GeoPoint(lat, lon, alt), attitude=turned)
    return replace(frame, pose=pose, camera=_bent(frame.camera, lens))


def _bent(camera: Camera, lens: NDArray[np.float64]) -> Camera:
    focal, x, y, k1, k2 = (float(v) for v in lens)
    wide, (d1, d2, p1, p2, d3) = max(camera.width_px, camera.height_px), camera.distortion
    return replace(
        camera, fx_px=camera.fx_px * (1 + focal), fy_px=camera.fy_px * (1 + focal), cx_px=camera.cx_px + x * wide,
        cy_px=camera.cy_px + y * wide, distortion=(d1 + k1, d2 + k2, p1, p2, d3),
    )  # fmt: skip


def erring_plane_m(plane_m: float, rng: np.random.Generator) -> float:
    """A plane that misses the targets' heights by what is claimed; the simulator's relief is most of that."""
    return plane_m + missing(PLANE_SIGMA_M, RELIEF_M) * float(rng.standard_normal())


def erring_dem(terrain: Terrain, sigma_m: float, rng: np.random.Generator) -> Terrain:
    """The terrain model with errors of one sigma `sigma_m` at each point, in part common, else smooth."""
    told = copy(terrain)
    cell_m = terrain.step_deg[0] * 111_132.0
    smooth = smooth_noise(terrain.orthometric.shape, rng.uniform(*SMOOTH_M) / cell_m, rng)
    error = np.sqrt(COMMON_SHARE) * rng.standard_normal() + np.sqrt(1.0 - COMMON_SHARE) * smooth
    told.orthometric = (terrain.orthometric + sigma_m * error).astype(np.float32)
    return told


def smooth_noise(shape: tuple[int, ...], length: float, rng: np.random.Generator) -> NDArray[np.float64]:
    """Normal noise of variance 1 whose correlation falls with the distance d in cells as exp(-d² / 2 length²)."""
    from scipy.ndimage import gaussian_filter

    width = length / np.sqrt(2.0)
    return np.asarray(gaussian_filter(rng.standard_normal(shape), width, mode="wrap") * 2.0 * width * np.sqrt(np.pi))
