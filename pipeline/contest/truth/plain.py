"""A target as canonical JSON and back: what is signed, committed, sealed and revealed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from pipeline.errors import ContestError, ScoreError
from pipeline.score.canonical import canonical_json, digest
from pipeline.score.targets import COLUMNS, canonical_row, ordered
from pipeline.types import GeoPoint, Target

TRUTH_FORMAT = "qianliyan-truth-1"
Area = tuple[float, float, float, float]  # west, south, east, north in degrees


def plain_target(target: Target) -> dict[str, Any]:
    """Integers and texts only: degrees in 1e-9, lengths in mm, times in ms UTC."""
    return dict(zip(COLUMNS, canonical_row(target), strict=True))


def target_of(plain: Mapping[str, Any]) -> Target:
    """The target that `plain_target` wrote, rounded as it was hashed.

    Raises:
        ContestError: it is not in that form; the sentence holds none of its values.
    """
    try:
        target = Target(
            id=plain["id"],
            label=plain["class"],
            at=GeoPoint(plain["lat_e9"] / 1e9, plain["lon_e9"] / 1e9),
            weight=plain["weight"],
            kind=plain["kind"],
            polygons=_polygons(plain["polygons"]),
            r90_m=None if plain["r90_mm"] is None else plain["r90_mm"] / 1e3,
            visible_from_ms=plain["visible_from_ms"],
            visible_to_ms=plain["visible_to_ms"],
            attributes=tuple((k, v) for k, v in plain["attributes"]),
        )
        whole = canonical_json(plain_target(*ordered([target]))) == canonical_json(plain)
    except (KeyError, TypeError, ValueError, AttributeError, ScoreError):
        whole = False
    if not whole:
        raise ContestError("a target is not in its canonical form")
    return target


def _polygons(value: Any) -> tuple[tuple[tuple[tuple[float, float], ...], ...], ...]:
    return tuple(tuple(tuple((p[0] / 1e9, p[1] / 1e9) for p in ring) for ring in rings) for rings in value)


def truth_digest(salt: bytes, targets: Sequence[Mapping[str, Any]]) -> str:
    """What two people sign: a salted SHA-256, so that the signature in the ledger tells nothing of the targets."""
    return digest({"format": TRUTH_FORMAT, "targets": list(targets), "truth_salt": salt.hex()})


def check_inside(targets: Sequence[Target], area: Area) -> None:
    """Raises ContestError for a target outside of the contest's area: mostly the wrong coordinate system."""
    west, south, east, north = area
    for target in targets:
        if not (west <= target.at.lon_deg <= east and south <= target.at.lat_deg <= north):
            raise ContestError(f"target {target.id!r}: lies outside the contest's area; is the crs right?")
