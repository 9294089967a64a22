"""What a survey looked at and what it did not, as GeoJSON: track, footprints, gaps.

The survey's outline is the union of all footprints, searched or not, closed by the width of a footprint: grown by it
and shrunk again with square corners, so that ground up to two widths across between photos lies inside, while the
inner corner of an L stays sharp and a field that was flown around stays outside. Gaps are the outline less what a
searched photo shows. What is narrower than a twentieth of a footprint's width or smaller than a hundredth of its area
is none: outlines are not surer than that, and turned photos leave notches along the edge.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from pipeline.report.plane import Plane

if TYPE_CHECKING:
    from shapely.geometry.base import BaseGeometry

SIMPLER_BY_M = 0.3
LEAST_GAP = 0.01  # of a footprint's area
LEAST_WIDTH = 0.05  # of its width
GRID_M = 0.05  # shapes stay whole when they are rounded to a centimetre
CORNER = "mitre"
SQUARE = 1.5  # a right angle grows by its diagonal; a sharper one must not reach far out
Feature = dict[str, Any]


def collection(features: list[Feature]) -> dict[str, Any]:
    return {"type": "FeatureCollection", "features": features}


def track_features(gpkg: Path, plane: Plane) -> list[Feature]:
    """The track as lines in degrees; none where nothing flew."""
    import pyogrio

    table = pyogrio.read_dataframe(gpkg, layer="track")
    lines = [line for shape in table.geometry if shape is not None for line in shape.geoms]
    return [_feature(_on_plane(line, plane), plane, {}) for line in lines]


def footprint_shapes(gpkg: Path, plane: Plane) -> list[tuple[dict[str, Any], BaseGeometry | None]]:
    """(row of the layer `footprints`, its ground in metres on the plane or None), in the layer's order."""
    import pyogrio

    table = pyogrio.read_dataframe(gpkg, layer="footprints")
    rows = table.drop(columns="geometry").astype(object).where(table.drop(columns="geometry").notna(), None)
    shapes = [None if g is None or g.is_empty else _on_plane(g, plane) for g in table.geometry]
    return list(zip(rows.to_dict("records"), shapes, strict=True))


def footprint_features(
    shapes: list[tuple[dict[str, Any], BaseGeometry | None]], photos: Mapping[str, int], plane: Plane
) -> list[Feature]:
    """One feature a photo that shows ground; `k` is its number among the photos."""
    found = []
    for row, shape in shapes:
        if shape is None:
            continue
        told = {key: row[key] for key in ("frame_id", "t", "searched", "why_not")}
        told |= {key: _rounded(row[key], digits) for key, digits in _DIGITS.items()}
        told |= {"k": photos.get(row["frame_id"]), "searched": bool(row["searched"])}
        found.append(_feature(shape, plane, told))
    return found


_DIGITS = {"gsd_m": 4, "incidence_deg": 1, "sharpness": 1}


def _rounded(value: Any, digits: int) -> float | None:
    return None if value is None else round(float(value), digits)


def gap_features(shapes: list[tuple[dict[str, Any], BaseGeometry | None]], plane: Plane) -> list[Feature]:
    """Ground within the survey's outline that no searched photo shows, largest first."""
    from shapely import unary_union

    seen = [shape for row, shape in shapes if shape is not None and row["searched"]]
    every = [shape for _, shape in shapes if shape is not None]
    if not every:
        return []
    area_m2 = float(np.median([shape.area for shape in every]))
    width_m = area_m2**0.5
    found = _opened(outline(every, width_m).difference(unary_union(seen)), LEAST_WIDTH * width_m / 2)
    parts = [part for part in getattr(found, "geoms", [found]) if part.area > LEAST_GAP * area_m2]
    parts.sort(key=lambda part: -part.area)
    return [_feature(part, plane, {"area_m2": round(part.area)}) for part in parts]


def _opened(shape: BaseGeometry, by_m: float) -> BaseGeometry:
    """The shape without what is narrower than twice `by_m`, and of few points."""
    from shapely import set_precision

    wide = shape.buffer(-by_m, join_style=CORNER).buffer(by_m, join_style=CORNER)
    simpler: BaseGeometry = set_precision(wide.intersection(shape).simplify(SIMPLER_BY_M), GRID_M)
    return simpler


def outline(shapes: list[BaseGeometry], width_m: float) -> BaseGeometry:
    """The ground that photos surround, in metres: their union, closed by `width_m`."""
    from shapely import unary_union

    grown = unary_union(shapes).buffer(width_m, join_style=CORNER, mitre_limit=SQUARE)
    closed: BaseGeometry = unary_union([grown.buffer(-width_m, join_style=CORNER), *shapes])
    return closed


def _on_plane(shape: BaseGeometry, plane: Plane) -> BaseGeometry:
    """Degrees (longitude, latitude) to metres on the plane, repaired and without points that hardly bend it."""
    from shapely import make_valid, transform

    flat: BaseGeometry = transform(shape, lambda xy: plane.xy(xy[:, 1], xy[:, 0])).simplify(SIMPLER_BY_M)
    return flat if flat.is_valid else make_valid(flat).buffer(0)


def _feature(shape: BaseGeometry, plane: Plane, properties: dict[str, Any]) -> Feature:
    """A shape in metres as GeoJSON in degrees, to a centimetre; longitudes go on past 180°."""
    from shapely.geometry import mapping

    return {"type": "Feature", "geometry": _degrees(mapping(shape), plane), "properties": properties}


def _degrees(geometry: Mapping[str, Any], plane: Plane) -> dict[str, Any]:
    def turned(nested: Any) -> Any:
        if isinstance(nested[0], float | int):
            lon, lat = plane.lon_lat_on(nested[0], nested[1])
            return [round(lon, 7), round(lat, 7)]
        return [turned(item) for item in nested]

    return {"type": geometry["type"], "coordinates": turned(geometry["coordinates"]) if geometry["coordinates"] else []}
