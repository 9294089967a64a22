"""The judge's truth: a GeoJSON file of points and areas. No sentence from here holds a coordinate."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from pipeline.errors import ScoreError
from pipeline.score.canonical import digest_of_plain, half_up, nfc
from pipeline.score.hits import attributes_of
from pipeline.score.strict import Place, check_count, check_datum, features_in, position, read_collection
from pipeline.types import GeoPoint, Ring, Target

MAX_VERTICES = 1_000_000
MAX_WEIGHT = 1_000_000
COLUMNS = ["id", "class", "kind", "weight", "lat_e9", "lon_e9", "polygons", "r90_mm", "visible_from_ms",
           "visible_to_ms", "attributes"]  # fmt: skip


def read_targets(path: str | Path) -> tuple[Target, ...]:
    """Targets and ignore areas of a GeoJSON file, by id.

    Raises:
        ScoreError: the file is too large or malformed, or a target is; the sentence names the feature.
    """
    collection = read_collection(path)
    check_datum(collection, str(path))
    return targets_of(collection["features"], str(path))


def targets_of(features: Sequence[Mapping[str, Any]], name: str = "targets") -> tuple[Target, ...]:
    """The same from GeoJSON features that are already loaded; `name` stands for the file in errors."""
    check_count(len(features), name)
    found = [_target(*parts) for parts in features_in(features, name)]
    if sum(len(ring) for t in found for polygon in t.polygons for ring in polygon) > MAX_VERTICES:
        raise ScoreError(f"{name}: the areas have more than {MAX_VERTICES} corners")
    return ordered(found, name)


def ordered(targets: Sequence[Target], name: str = "targets") -> tuple[Target, ...]:
    """Targets by id, ignore areas after them; ScoreError when two targets share an id or a weight is no weight."""
    for t in targets:
        if type(t.weight) is not int or not 1 <= t.weight <= MAX_WEIGHT:
            raise ScoreError(f"{name}: target {t.id!r}: weight is not a whole number from 1 to {MAX_WEIGHT}")
    ids = [t.id for t in targets if t.kind == "target"]
    if len(set(ids)) < len(ids):
        twice = min(i for i, n in Counter(ids).items() if n > 1)
        raise ScoreError(f"{name}: two targets have the id {twice!r}")
    real = sorted((t for t in targets if t.kind == "target"), key=lambda t: t.id)
    return (*real, *sorted((t for t in targets if t.kind != "target"), key=_canonical_text))


def _target(
    place: Place, feature: Mapping[str, Any], geometry: Mapping[str, Any], properties: Mapping[str, Any]
) -> Target:
    kind = _kind(place, geometry, properties)
    place.datum(properties.get("datum"))
    at, polygons = _shape(place, geometry, kind)
    ident = properties.get("id") if properties.get("id") is not None else feature.get("id")
    if kind == "ignore":
        return Target("" if ident is None else place.id_of(ident), "ignore", at, kind=kind, polygons=polygons)
    label = properties.get("class") if properties.get("class") is not None else properties.get("type")
    first, last = (place.time_ms(properties.get(k), k) for k in ("visible_from", "visible_to"))
    if first is not None and last is not None and first > last:
        raise place.wrong("visible_from is after visible_to")
    return Target(
        id=place.id_of(ident),
        label=place.label_of(label),
        at=at,
        weight=_weight(place, properties.get("weight")),
        polygons=polygons,
        r90_m=place.optional(properties.get("r90_m"), "r90_m", 0, 1e7),
        visible_from_ms=first,
        visible_to_ms=last,
        attributes=attributes_of(place, properties),
    )


def _kind(place: Place, geometry: Mapping[str, Any], properties: Mapping[str, Any]) -> str:
    """ "target" or "ignore"; a point may call itself what it likes, an area decides what does not count."""
    kind = properties.get("kind", "target")
    if kind in ("target", "ignore"):
        return str(kind)
    if geometry.get("type") != "Point":
        raise place.wrong('kind is neither "target" nor "ignore"')
    return "target"


def _weight(place: Place, value: Any) -> int:
    if value is None:
        return 1
    weight = place.number_of(value, "weight", 1, MAX_WEIGHT)
    if weight != int(weight):
        raise place.wrong("weight is not a whole number")
    return int(weight)


def _shape(place: Place, geometry: Mapping[str, Any], kind: str) -> tuple[GeoPoint, tuple[tuple[Ring, ...], ...]]:
    kinds, coordinates = geometry.get("type"), geometry.get("coordinates")
    if kinds == "Point" and kind == "target":
        return GeoPoint(*position(place, coordinates)), ()
    if kinds not in ("Polygon", "MultiPolygon"):
        raise place.wrong("is not a Point or an area" if kind == "target" else "an ignore area is an area")
    parts = [coordinates] if kinds == "Polygon" else coordinates
    if not isinstance(parts, (list, tuple)) or not parts:
        raise place.wrong("the area has no rings")
    polygons = tuple(_polygon(place, part) for part in parts)
    return _inside(place, polygons), polygons


def _polygon(place: Place, rings: Any) -> tuple[Ring, ...]:
    if not isinstance(rings, (list, tuple)) or not rings:
        raise place.wrong("the area has no rings")
    return tuple(_ring(place, ring) for ring in rings)


def _ring(place: Place, ring: Any) -> Ring:
    if not isinstance(ring, (list, tuple)) or len(ring) < 4:
        raise place.wrong("a ring has fewer than four positions")
    points = tuple(position(place, p) for p in ring)
    if points[0] != points[-1]:
        raise place.wrong("a ring is not closed")
    return points


def _inside(place: Place, polygons: tuple[tuple[Ring, ...], ...]) -> GeoPoint:
    from pipeline.score.areas import is_sound, point_inside_deg

    try:
        sound = is_sound(polygons)
    except ValueError:
        raise place.wrong("the area reaches half-way round the Earth") from None
    if not sound:
        raise place.wrong("the area's rings cross themselves or each other")
    return GeoPoint(*point_inside_deg(polygons))


def targets_digest(targets: Sequence[Target]) -> str:
    """SHA-256 of the canonical form of targets as `ordered` gives them: positions in 1e-9°, lengths in mm, times in
    ms; one row each."""
    return digest_of_plain({"columns": COLUMNS, "rows": [canonical_row(t) for t in targets], "schema_version": 1})


def _canonical_text(t: Target) -> str:
    return repr(canonical_row(t))


def canonical_row(t: Target) -> list[Any]:
    """A target's values in the order of `COLUMNS`, as they are hashed."""
    return [
        nfc(t.id), nfc(t.label), t.kind, t.weight, half_up(t.at.lat_deg * 1e9), half_up(t.at.lon_deg * 1e9),
        [[[[half_up(v * 1e9) for v in p] for p in ring] for ring in rings] for rings in t.polygons],
        None if t.r90_m is None else half_up(t.r90_m * 1e3), t.visible_from_ms, t.visible_to_ms,
        [[nfc(k), nfc(v)] for k, v in t.attributes],
    ]  # fmt: skip
