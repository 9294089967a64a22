"""Positions and clocks that lie, where a reference tells: GCJ-02 against known places, hours against a log."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from pipeline.geo.coordinates import wgs84_to_gcj02
from pipeline.geo.geodesy import geodesic_m
from pipeline.geo.liars.finding import Finding, clean, names, unknown
from pipeline.types import ClockFit, Frame, GeoPoint

NEAR_M = 25.0  # a satellite position and a known place are one
LEAST_SHIFT_M = 75.0  # GCJ-02's is some 100 to 700 m
HOUR_S = 3600.0
ODD_S = 90.0  # by which a clock that is wrong by hours may be wrong beside them


def in_gcj02(frames: Sequence[Frame], known: Mapping[str, GeoPoint]) -> Finding:
    """Whether positions are Chinese map coordinates; `known`: frame id -> where a log or control points put it."""
    some = [(f, known[f.id]) for f in frames if f.pose is not None and f.id in known]
    if not some:
        return unknown("place", "GCJ-02 shows only against a log's positions or control points")
    told = np.array([(f.pose.at.lat_deg, f.pose.at.lon_deg) for f, _ in some if f.pose])
    true = np.array([(p.lat_deg, p.lon_deg) for _, p in some])
    shifted = wgs84_to_gcj02(true[:, 0], true[:, 1])
    apart = float(np.median(geodesic_m(*told.T, *true.T)))
    as_gcj = float(np.median(geodesic_m(*told.T, *shifted.T)))
    if apart > LEAST_SHIFT_M and as_gcj < NEAR_M:
        ids = tuple(f.id for f, _ in some)
        sentence = f"{names(ids, frames)}: positions are GCJ-02 map coordinates, {apart:.0f} m beside the true ones"
        return Finding("gcj02", "found", sentence, ids, apart, as_gcj, "m", repair="position")
    if apart > LEAST_SHIFT_M:
        ids = tuple(f.id for f, _ in some)
        sentence = f"{names(ids, frames)}: positions lie {apart:.0f} m beside the known ones, and not as GCJ-02 would"
        return Finding("place", "found", sentence, ids, apart, NEAR_M, "m", repair="refuse")
    return clean("place", f"positions lie within {apart:.0f} m of the known ones")


def hours_off(clocks: Sequence[ClockFit]) -> list[Finding]:
    """Clocks of cameras that are wrong by whole hours against a log; the fit itself puts them right."""
    found = []
    for fit in clocks:
        hours = round(fit.photos_minus_log_s / HOUR_S)
        if hours and abs(fit.photos_minus_log_s - hours * HOUR_S) < ODD_S and not fit.ambiguous:
            sentence = f"the camera's clock is {hours:+d} h off against {fit.log}, as a wrong time zone makes it"
            found.append(Finding("clock-hours", "found", sentence, (), float(hours), fit.sigma_s / HOUR_S, "h"))
    return found
