"""hits.gpkg: layers hits, sightings, track and footprints, byte-equal for equal content.

GDAL stamps the hour of writing into the file, and SQLite keeps traces of how a file grew; both are taken out after
writing. The content goes in sorted and rounded.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pipeline.errors import OutputError
from pipeline.files import write_atomic
from pipeline.report.shapes import line, polygon, wrapped_lon_deg
from pipeline.report.survey import Survey, Surveyed
from pipeline.types import HitList, Mission, iso_utc

if TYPE_CHECKING:
    from geopandas import GeoDataFrame

CHANGE_COUNTERS = (24, 40, 92)  # in SQLite's header: changes, changes of the schema, changes when the size was noted
ONE_CHANGE = b"\0\0\0\1"
EPOCH = "1980-01-01T00:00:00.000Z"
LAYERS = {
    "hits": "Point Z",
    "sightings": "Point Z",
    "track": "MultiLineString Z",
    "footprints": "MultiPolygon",
}
Row = dict[str, Any]


def write_gpkg(path: Path, mission: Mission, hits: HitList, collection: Mapping[str, Any], seen: Survey) -> None:
    """Write the four layers aside, take the clock out, rename; raises OutputError when that fails."""
    tables = (hits_table(collection), _sightings(hits), _track(mission, hits, seen), _footprints(seen))
    write_layers(path, dict(zip(LAYERS, tables, strict=True)))


def write_layers(path: Path, tables: Mapping[str, GeoDataFrame]) -> None:
    """Write tables as layers of LAYERS, in their order, as one file; raises OutputError when that fails."""

    def fill(aside: Path) -> None:
        for name, table in tables.items():
            _append(aside, name, LAYERS[name], table)
        take_clock_out(aside)

    write_atomic(path, fill)


def take_clock_out(path: Path) -> None:
    """Set every time stamp of a GeoPackage to 1980, lay its pages out anew, and forget how often it was written."""
    try:
        with closing(sqlite3.connect(path)) as db:
            db.execute("UPDATE gpkg_contents SET last_change = ?", (EPOCH,))
            db.commit()
            db.execute("VACUUM")
        with path.open("r+b") as file:
            for at in CHANGE_COUNTERS:
                file.seek(at)
                file.write(ONE_CHANGE)
    except sqlite3.Error as why:
        raise OutputError(f"{path}: cannot be written ({why})") from why


def _append(path: Path, layer: str, geometry_type: str, table: GeoDataFrame) -> None:
    import pyogrio
    from pyogrio.errors import DataLayerError, DataSourceError

    try:
        pyogrio.write_dataframe(
            table, path, layer=layer, driver="GPKG", geometry_type=geometry_type, append=path.exists()
        )
    except (DataSourceError, DataLayerError) as why:
        raise OutputError(f"{path}: cannot be written ({why})") from why


def rows_table(columns: Mapping[str, str], rows: Sequence[Row]) -> GeoDataFrame:
    """Rows as a table with typed columns (pandas dtype names), also when there are none."""
    import geopandas
    import pandas

    data = {name: pandas.Series([r[name] for r in rows], dtype=dtype) for name, dtype in columns.items()}
    return geopandas.GeoDataFrame(
        data, geometry=geopandas.GeoSeries([r["geometry"] for r in rows], crs="EPSG:4326"), crs="EPSG:4326"
    )


def hits_table(
    collection: Mapping[str, Any], more: Mapping[str, str] | None = None, told: Callable[[Row], Row] = dict
) -> GeoDataFrame:
    """The layer `hits`; `more`: further columns (name -> pandas dtype), which `told` takes from a hit's properties."""
    from shapely.geometry import Point

    columns = {name: "object" for name in ("id", "class", "origin", "first_seen", "last_seen", "assumed", "crop")}
    columns |= {name: "float64" for name in ("confidence", "r90_m", "cov_ee_m2", "cov_en_m2", "cov_nn_m2")} | {
        "sightings": "int64"
    }
    rows = []
    for feature in collection["features"]:
        props = feature["properties"]
        cov = dict(zip(("cov_ee_m2", "cov_en_m2", "cov_nn_m2"), props["cov_m2"], strict=True))
        crop = next((e["crop"] for e in props["evidence"] if e["crop"]), None)
        extra = {
            "assumed": ",".join(props["assumed"]),
            "crop": crop,
            "geometry": Point(feature["geometry"]["coordinates"]),
        }
        rows.append({**props, **told(props), **cov, **extra})
    return rows_table({**columns, **(more or {})}, rows)


def _sightings(hits: HitList) -> GeoDataFrame:
    from shapely.geometry import Point

    columns = {name: "object" for name in ("hit", "frame_id", "class", "origin", "detector", "t")}
    columns |= {name: "float64" for name in ("confidence", "x_px", "y_px", "cov_ee_m2", "cov_en_m2", "cov_nn_m2")}
    rows = []
    for hit in sorted(hits.hits, key=lambda h: h.id):
        for s in sorted(hit.sightings, key=lambda s: (s.detection.frame_id, s.detection.box_px)):
            found, (ee, en, nn) = s.detection, (round(c, 6) for c in s.covariance)
            at = Point(wrapped_lon_deg(round(s.at.lon_deg, 9)), round(s.at.lat_deg, 9), round(s.at.alt_m, 3))
            names = {
                "hit": hit.id,
                "frame_id": found.frame_id,
                "class": found.label,
                "origin": found.origin,
                "detector": found.detector,
            }
            where = {"x_px": round(found.point_px[0], 2), "y_px": round(found.point_px[1], 2), "geometry": at}
            error = {"cov_ee_m2": ee, "cov_en_m2": en, "cov_nn_m2": nn}
            rows.append({**names, "t": iso_utc(s.t_ns), "confidence": round(found.confidence, 4), **where, **error})
    return rows_table(columns, rows)


def _track(mission: Mission, hits: HitList, seen: Survey) -> GeoDataFrame:
    times = sorted(f.pose.t_ns for f in mission.frames if f.pose and f.pose.t_ns is not None)
    row = {
        "mission_id": hits.mission_id,
        "name": mission.name,
        "exposures": len(seen.track),
        "first": iso_utc(times[0]) if times else None,
        "last": iso_utc(times[-1]) if times else None,
        "geometry": line([(p.lat_deg, p.lon_deg, round(p.alt_m, 3)) for p in seen.track])
        if len(seen.track) > 1
        else None,
    }
    return rows_table(
        {"mission_id": "object", "name": "object", "first": "object", "last": "object", "exposures": "int64"}, [row]
    )


def _footprints(seen: Survey) -> GeoDataFrame:
    columns = {name: "object" for name in ("frame_id", "t", "why_not", "detector_digest")}
    columns |= {"gsd_m": "float64", "incidence_deg": "float64", "sharpness": "float64", "threshold": "float64"}
    columns |= {"searched": "bool", "truncated": "bool", "findings": "int64"}
    how = {"detector_digest": seen.detector_digest, "threshold": seen.threshold}
    return rows_table(columns, [{**_footprint_row(s), **how} for s in sorted(seen.frames, key=lambda s: s.frame.id)])


def _footprint_row(s: Surveyed) -> Row:
    shape = s.footprint
    return {
        "frame_id": s.frame.id,
        "t": iso_utc(s.frame.pose.t_ns) if s.frame.pose else None,
        "gsd_m": round(shape.gsd_m, 6) if shape and shape.gsd_m else None,
        "incidence_deg": round(shape.incidence_deg, 3) if shape else None,
        "sharpness": None if s.sharpness is None else round(s.sharpness, 3),
        "searched": s.searched,
        "truncated": bool(shape and shape.truncated),
        "findings": s.findings,
        "why_not": s.why_not,
        "geometry": polygon([(p[0], p[1]) for p in shape.outline]) if shape and len(shape.outline) > 2 else None,
    }
