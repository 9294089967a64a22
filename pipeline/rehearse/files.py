"""One list of hits in every format a team may hand in, as other programs write them."""

from __future__ import annotations

import csv
import io
import json
import zipfile
from collections.abc import Callable, Sequence
from html import escape
from pathlib import Path
from typing import Any

from pipeline.score.hits import Row
from pipeline.types import iso_utc

COLUMNS = ("id", "class", "lat_deg", "lon_deg", "confidence", "r90_m", "first_seen", "last_seen")


def write_hits(path: Path, rows: Sequence[Row]) -> Path:
    """The hits in the format of the path's suffix: .geojson, .csv, .xlsx, .kml, .kmz or .gpkg."""
    path.parent.mkdir(parents=True, exist_ok=True)
    WRITERS[path.suffix](path, rows)
    return path


def _cells(row: Row) -> list[Any]:
    return [row.id, row.label, row.lat_deg, row.lon_deg, row.confidence, row.r90_m, _time(row.first_ms),
            _time(row.last_ms)]  # fmt: skip


def _time(t_ms: int | None) -> str | None:
    return None if t_ms is None else iso_utc(t_ms * 1_000_000)


def _properties(row: Row) -> dict[str, Any]:
    given = dict(zip(COLUMNS, _cells(row), strict=True))
    return {k: v for k, v in given.items() if k not in ("lat_deg", "lon_deg") and v is not None}


def _geojson(path: Path, rows: Sequence[Row]) -> None:
    features = [
        {
            "type": "Feature",
            "geometry": {"type": "Point", "coordinates": [row.lon_deg, row.lat_deg]},
            "properties": _properties(row),
        }
        for row in rows
    ]
    path.write_bytes(json.dumps({"type": "FeatureCollection", "features": features}, ensure_ascii=False).encode())


def _csv(path: Path, rows: Sequence[Row]) -> None:
    text = io.StringIO(newline="")
    csv.writer(text).writerows((COLUMNS, *(_cells(row) for row in rows)))
    path.write_bytes(text.getvalue().encode("utf-8-sig"))


def _xlsx(path: Path, rows: Sequence[Row]) -> None:
    from openpyxl import Workbook

    book = Workbook(write_only=True)
    sheet = book.create_sheet("hits")
    for cells in (COLUMNS, *(_cells(row) for row in rows)):
        sheet.append(list(cells))
    book.save(path)


def kml_text(rows: Sequence[Row]) -> str:
    """KML 2.2 with the columns as ExtendedData."""
    marks = "".join(
        f"<Placemark><name>{escape(row.id)}</name><ExtendedData>{_data(row)}</ExtendedData>"
        f"<Point><coordinates>{row.lon_deg},{row.lat_deg},0</coordinates></Point></Placemark>"
        for row in rows
    )
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        f'<kml xmlns="http://www.opengis.net/kml/2.2"><Document>{marks}</Document></kml>\n'
    )


def _data(row: Row) -> str:
    return "".join(f'<Data name="{k}"><value>{escape(str(v))}</value></Data>' for k, v in _properties(row).items())


def _kml(path: Path, rows: Sequence[Row]) -> None:
    path.write_bytes(kml_text(rows).encode())


def _kmz(path: Path, rows: Sequence[Row]) -> None:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("doc.kml", kml_text(rows))


def _gpkg(path: Path, rows: Sequence[Row]) -> None:
    import numpy as np
    import pyogrio.raw
    import shapely

    names = [c for c in COLUMNS if c not in ("lat_deg", "lon_deg")]
    columns = [np.array([_properties(row).get(c) for row in rows], dtype=_KIND.get(c, object)) for c in names]
    points = shapely.to_wkb(shapely.points([(row.lon_deg, row.lat_deg) for row in rows]))
    path.unlink(missing_ok=True)
    pyogrio.raw.write(path, points, columns, names, layer="hits", driver="GPKG", geometry_type="Point",
                      crs="EPSG:4326")  # fmt: skip


_KIND: dict[str, Any] = {"confidence": "f8", "r90_m": "f8"}
WRITERS: dict[str, Callable[[Path, Sequence[Row]], None]] = {
    ".geojson": _geojson,
    ".csv": _csv,
    ".xlsx": _xlsx,
    ".kml": _kml,
    ".kmz": _kmz,
    ".gpkg": _gpkg,
}
