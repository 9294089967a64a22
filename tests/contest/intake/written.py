"""One small hit list in every format that a contest takes, written here by hand."""

from __future__ import annotations

import io
import json
import random
import sqlite3
import struct
import zipfile
from collections.abc import Callable, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

ROWS: list[dict[str, Any]] = [
    {
        "id": "甲1",
        "class": "outfall/industrial",
        "lat": 34.7466123,
        "lon": 113.6254321,
        "confidence": 0.9,
        "r90_m": 3.5,
    },
    {"id": "b-2", "class": "dust", "lat": 34.7501, "lon": 113.6312345, "confidence": 0.4, "r90_m": 12.0},
]


def geojson(rows: Sequence[dict[str, Any]] = ROWS, **more: Any) -> bytes:
    """A FeatureCollection."""
    features = [
        {"type": "Feature", "geometry": {"type": "Point", "coordinates": [r["lon"], r["lat"]]},
         "properties": {k: v for k, v in r.items() if k not in ("lat", "lon")}}
        for r in rows
    ]  # fmt: skip
    return json.dumps({"type": "FeatureCollection", "features": features, **more}, ensure_ascii=False).encode()


def csv(rows: Sequence[dict[str, Any]] = ROWS, headings: str = "id,class,lat_deg,lon_deg,confidence,r90_m") -> bytes:
    """A table with commas."""
    lines = [",".join(str(r[k]) for k in ("id", "class", "lat", "lon", "confidence", "r90_m")) for r in rows]
    return "\n".join([headings, *lines, ""]).encode()


def xlsx(lines: Sequence[Sequence[Any]] | None = None) -> bytes:
    """A workbook with one sheet."""
    from openpyxl import Workbook

    book = Workbook()
    sheet = book.active
    usual = [["编号", "类别", "纬度", "经度", "置信度", "90% 误差半径 (m)"]]
    usual += [[r["id"], r["class"], r["lat"], r["lon"], r["confidence"], r["r90_m"]] for r in ROWS]
    for line in usual if lines is None else lines:
        sheet.append(list(line))
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def kml(rows: Sequence[dict[str, Any]] = ROWS, more: str = "", head: str = "") -> bytes:
    """Placemarks with ExtendedData."""
    marks = "".join(
        "<Placemark><name>n</name><ExtendedData>"
        + "".join(f'<Data name="{k}"><value>{r[k]}</value></Data>' for k in ("id", "class", "confidence", "r90_m"))
        + f"</ExtendedData><Point><coordinates>{r['lon']},{r['lat']},12</coordinates></Point></Placemark>"
        for r in rows
    )
    return (
        f'<?xml version="1.0" encoding="UTF-8"?>{head}<kml xmlns="http://www.opengis.net/kml/2.2"><Document>'
        f"{marks}{more}</Document></kml>"
    ).encode()


def zipped(**entries: bytes) -> bytes:
    """An archive; a dot in an entry's name is written __."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in entries.items():
            archive.writestr(name.replace("__", "."), data)
    return out.getvalue()


def repacked(data: bytes, rng: random.Random, damage: Callable[[bytes, random.Random], bytes]) -> bytes:
    """The archive with one of its entries damaged, and whole as an archive."""
    with zipfile.ZipFile(io.BytesIO(data)) as old:
        parts = {name: old.read(name) for name in old.namelist()}
    name = rng.choice(sorted(parts))
    return zipped(**{**parts, name: damage(parts[name], rng)})


def gpkg_point(lon: float, lat: float, *, kind: int = 1, order: str = "<", flags: int = 1) -> bytes:
    """A geometry of a GeoPackage without envelope."""
    wkb = struct.pack(f"{order}BI2d", 1 if order == "<" else 0, kind, lon, lat)
    return b"GP\0" + bytes([flags]) + struct.pack("<i", 4326) + wkb


def gpkg(path: Path, *, srs: int = 4326, sql: Sequence[str] = (), blob: bytes | None = None, table: str = "points",
         geometry: str = "POINT") -> bytes:  # fmt: skip
    """A GeoPackage as small as one can be; `sql` runs last."""
    path.unlink(missing_ok=True)
    with closing(sqlite3.connect(path)) as db:
        db.execute("CREATE TABLE gpkg_spatial_ref_sys (srs_name, srs_id, organization, organization_coordsys_id)")
        db.execute("INSERT INTO gpkg_spatial_ref_sys VALUES ('x', ?, 'EPSG', ?)", (srs, srs))
        db.execute("CREATE TABLE gpkg_geometry_columns (table_name, column_name, geometry_type_name, srs_id, z, m)")
        db.execute("INSERT INTO gpkg_geometry_columns VALUES (?, 'geom', ?, ?, 0, 0)", (table, geometry, srs))
        db.execute("CREATE TABLE points (fid INTEGER PRIMARY KEY, geom BLOB, id TEXT, class TEXT, confidence, r90_m)")
        for r in ROWS:
            at = gpkg_point(r["lon"], r["lat"]) if blob is None else blob
            db.execute("INSERT INTO points VALUES (NULL, ?, ?, ?, ?, ?)",
                       (at, r["id"], r["class"], r["confidence"], r["r90_m"]))  # fmt: skip
        for statement in sql:
            db.execute(statement)
        db.commit()
    return path.read_bytes()
