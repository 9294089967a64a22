"""Many sightings -> few hits, with what the flight shares modelled openly.

Sightings of one flight share their errors: the position's offset, the gimbal's mean tilt, the focal length; all that
one photo shows shares that photo's own errors. Fusing as if they were independent claims 0.8 m where 1.7 m is true.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from pipeline.geo.associate import Stack, associate, nothing_known, stack
from pipeline.geo.estimate import Estimate, estimate_without_outliers, heard, learnt, windows
from pipeline.geo.geodesy import from_enu
from pipeline.geo.joint import Common, Joint
from pipeline.geo.radius import r90_m
from pipeline.types import Covariance, GeoPoint, Hit, Sighting

Array = NDArray[np.float64]

MOST_PASSES = 6  # each associates with the errors of photos and flight that the one before found


def fuse(sightings: Iterable[Sighting], joint: Joint | None = None) -> tuple[Hit, ...]:
    """Sightings of one flight -> hits, ordered by class and id; the order of the sightings does not matter.

    joint: how the photos' own errors hang together after an adjustment; without it photos err independently.
    """
    ordered = tuple(sorted(sightings, key=_order))
    if not ordered:
        return ()
    s = stack(ordered)
    known, before, errors = nothing_known(s), None, Common(s, joint)
    for _ in range(MOST_PASSES):
        places = associate(s, known)
        if places == before:
            break
        found = [estimate_without_outliers(s, [places[p] for p in run], errors) for run in windows(s, places)]
        known, before = learnt(s, [e for e, _ in found]), places
    hits = [_hit(s, members, e, k) for e, kept in found for k, members in enumerate(kept)]
    return tuple(sorted(_told_apart(hits), key=lambda h: (h.label, h.id)))


def _told_apart(hits: list[Hit]) -> Iterator[Hit]:
    """The hits with ids of their own: a box that is listed twice makes two hits from the same evidence."""
    seen: Counter[str] = Counter()
    for hit in hits:
        seen[hit.id] += 1
        yield hit if seen[hit.id] == 1 else replace(hit, id=f"{hit.id}-{seen[hit.id]}")


def _order(s: Sighting) -> tuple[object, ...]:
    return s.exposure, s.detection.frame_id, s.detection.label, s.detection.box_px, s.detection.point_px


def _hit(s: Stack, members: list[int], e: Estimate, k: int) -> Hit:
    c = e.covariance[k]
    covariance: Covariance = (float(c[0, 0]), float((c[0, 1] + c[1, 0]) / 2), float(c[1, 1]))
    sightings = tuple(s.sightings[i] for i in members)
    best = max(sightings, key=lambda x: (x.detection.confidence, x.detection.frame_id))
    return Hit(
        id=hit_id(sightings),
        label=best.detection.label,
        at=_place(e.at[k], _height_m(s, heard(s, members)) + float(e.lift[k]), s.origin),
        covariance=covariance,
        r90_m=r90_m(covariance),
        confidence=best.detection.confidence,
        sightings=sightings,
        origin="officer" if any(x.detection.origin == "officer" for x in sightings) else "model",
        assumed=_assumed(sightings),
    )


def _assumed(sightings: tuple[Sighting, ...]) -> tuple[str, ...]:
    """What the hit rests on; nothing, when a single sighting needed no assumption."""
    if not all(s.assumed for s in sightings):
        return ()
    return tuple(sorted({a for s in sightings for a in s.assumed}))


def _height_m(s: Stack, members: list[int]) -> float:
    """Mean height of the ground under the sightings, the surest ones first."""
    weight = 1.0 / (np.trace(s.own[members], axis1=1, axis2=2) + 2 * s.doubt[members] ** 2)
    return float(weight @ s.up[members] / weight.sum())


def _place(east_north: Array, alt_m: float, origin: GeoPoint) -> GeoPoint:
    """The point at a height above the ellipsoid whose east and north from the origin are given."""
    up = alt_m - origin.alt_m
    for _ in range(2):  # the level surface curves away from the tangent plane
        lat_deg, lon_deg, got_m = from_enu(np.array([[east_north[0], east_north[1], up]]), origin)[0]
        up += alt_m - got_m
    return GeoPoint(float(lat_deg), float(lon_deg), alt_m)


def hit_id(sightings: tuple[Sighting, ...]) -> str:
    """The same findings in the same pictures give the same id, wherever the files lie."""
    told = [
        f"{s.detection.label}|{s.detection.frame_id}|{[round(v, 2) for v in s.detection.box_px]}" for s in sightings
    ]
    return "h" + hashlib.sha256("\n".join(sorted(told)).encode()).hexdigest()[:10]
