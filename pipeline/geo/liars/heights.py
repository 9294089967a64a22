"""Which lie about heights explains how high above the ground the overlaps say the cameras were."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from pipeline.geo.adjust.coarse import Coarse
from pipeline.geo.datum import egm96_m
from pipeline.geo.ground import Surface
from pipeline.geo.liars.finding import Finding, clean, names, unknown
from pipeline.types import Frame

Array = NDArray[np.float64]
Bools = NDArray[np.bool_]

COMMON = 3.3
COMMON_LEVEL = 3.0  # over level ground, whose own error is claimed generously
DRIFT = 3.5
SAME_M = 1.0  # two recorded heights are one
LEAST_PHOTOS = 5
BENT = 0.07  # share of the height by which tilts bend a single strip's heights from end to end
BENT_BACK = 0.025  # the same where strips are flown both ways
ONE_WAY_M = 3.0  # error of the lean from which all strips are flown one way


def height_findings(frames: Sequence[Frame], seen: Coarse, surface: Surface) -> list[Finding]:
    """Findings about heights above the ground."""
    some = seen.tied & np.array([f.pose is not None and f.camera is not None for f in frames])
    if some.sum() < 2 or not np.isfinite(seen.ground_m):
        return [unknown("height", "too few photos overlap")]
    off, sigma = _off(frames, seen, some)
    common = float(np.median(off))
    honest = _honest_m(frames, seen, some, surface)
    tall_m, one_way = float(np.median(seen.height_m[some])), seen.lean_sigma_m > ONE_WAY_M
    drift, drift_sigma = _drift(off, sigma, np.flatnonzero(some), surface, tall_m, one_way)
    ids = tuple(f.id for f, s in zip(frames, some, strict=True) if s)
    if abs(drift) > DRIFT * drift_sigma and abs(drift) / drift_sigma > 0.8 * abs(common) / honest:
        sentence = (
            f"{names(ids, frames)}: heights drift by {drift:+.0f} m over the flight against what the overlaps show"
        )
        rows = tuple((float(o), float(s)) for o, s in zip(off, sigma, strict=True))
        return [Finding("barometer-drift", "found", sentence, ids, drift, drift_sigma, "m", rows, "heights")]
    if abs(common) > (COMMON_LEVEL if surface.level else COMMON) * honest:
        return [common_height(frames, some, common, honest, _seen_sigma_m(frames, seen, some), surface)]
    return [clean("height", f"the overlaps agree with the heights ({common:+.1f} ± {honest:.1f} m)")]


def common_height(
    frames: Sequence[Frame], some: Bools, off_m: float, honest_m: float, sigma_m: float, surface: Surface
) -> Finding:
    """The lie that fits heights of `some` being off by `off_m`, known to `sigma_m`, where `honest_m` was claimed."""
    kind, sentence = _explained(frames, some, off_m, honest_m, surface)
    ids = tuple(f.id for f, s in zip(frames, some, strict=True) if s)
    return Finding(kind, "found", sentence, ids, off_m, honest_m, "m", ((off_m, sigma_m),) * len(ids), "height")


def _off(frames: Sequence[Frame], seen: Coarse, some: Bools) -> tuple[Array, Array]:
    """(K,) height above ground by the overlaps minus the recorded one, and its own error."""
    alt = np.array([f.pose.at.alt_m for f, s in zip(frames, some, strict=True) if s and f.pose])
    return seen.height_m[some] - (alt - seen.ground_m), seen.height_sigma_m[some]


def _seen_sigma_m(frames: Sequence[Frame], seen: Coarse, some: Bools) -> float:
    """Of the height above ground that the overlaps show: their own error, and the focal length's."""
    focal = max(f.camera.focal_sigma for f, s in zip(frames, some, strict=True) if s and f.camera)
    return float(np.hypot(np.median(seen.height_sigma_m[some]), focal * np.median(seen.height_m[some])))


def _honest_m(frames: Sequence[Frame], seen: Coarse, some: Bools, surface: Surface) -> float:
    """By how much the two may honestly differ."""
    up = max(f.pose.shared.up_m for f, s in zip(frames, some, strict=True) if s and f.pose)
    return float(np.sqrt(_seen_sigma_m(frames, seen, some) ** 2 + up**2 + surface.sigma_m**2))


def _drift(
    off: Array, sigma: Array, order: NDArray[np.intp], surface: Surface, tall_m: float, one_way: bool
) -> tuple[float, float]:
    """How much the difference grows from the first photo to the last, and its error."""
    if len(off) < LEAST_PHOTOS:
        return 0.0, np.inf
    t = (order - order.mean()) / np.ptp(order)
    slope = float(t @ off / (t @ t))
    rest = off - off.mean() - slope * t
    scatter = max(float(np.sqrt(rest @ rest / (len(off) - 2))), float(np.median(sigma)))
    bent = BENT * tall_m if one_way else BENT_BACK * tall_m
    relief = surface.sigma_m if surface.level else 0.0
    return slope, float(np.sqrt(scatter**2 * 2.0 / (t @ t) + relief**2 + bent**2))


def _explained(frames: Sequence[Frame], some: Bools, common: float, honest: float, surface: Surface) -> tuple[str, str]:
    told = [f for f, s in zip(frames, some, strict=True) if s and f.pose]
    lat, lon, alt = np.array([(f.pose.at.lat_deg, f.pose.at.lon_deg, f.pose.at.alt_m) for f in told if f.pose]).T
    above = np.array([np.nan if f.height_above_takeoff_m is None else f.height_above_takeoff_m for f in told])
    geoid = np.asarray(egm96_m(lat, lon))
    who = names([f.id for f in told], frames)
    if surface.level:
        return "barometer", f"{who}: the ground lies {common:+.0f} m farther below than the height above take-off says"
    same = min(float(np.nanmax(np.abs(a - above))) for a in (alt - geoid, alt)) if np.isfinite(above).any() else np.inf
    if same < SAME_M:
        return "relative-as-absolute", f"{who}: the height above take-off stands where one above sea level should"
    n = float(np.median(geoid))
    for sign, text in (
        (-1.0, "the ellipsoid where sea level was meant"),
        (1.0, "sea level where the ellipsoid was meant"),
    ):
        if abs(common - sign * n) < min(COMMON * honest, 0.6 * abs(n)):
            return "ellipsoid", f"{who}: heights are above {text}: {common:+.0f} m off, the geoid lies {n:+.1f} m"
    return "height", f"{who}: heights are {common:+.0f} m off against the ground below"
