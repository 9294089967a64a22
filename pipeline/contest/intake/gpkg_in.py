"""Hit lists from a GeoPackage (OGC 12-128): one plain table of points, read with SQLite alone.

The file is a stranger's database, so: a copy is opened read-only and immutable, its schema is not trusted, an
authorizer lets nothing happen but reading, no view, trigger, virtual table or function is touched, and the work is
counted. The layer `hits` is read, else the only layer of points. WGS 84 (EPSG:4326, 4979) or CGCS2000 (4490, 4480).
"""

from __future__ import annotations

import math
import sqlite3
import struct
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from pipeline.contest.intake.columns import Table, check_degrees
from pipeline.contest.intake.taken import Limits, Rows, Taken
from pipeline.errors import ScoreError
from pipeline.score.strict import Place

MAX_STEPS = 20_000_000  # of SQLite's machine; 200 hits need some thousands
MAX_COLUMNS = 200
_STEP = 10_000
_LONGEST_VALUE = 2**20
_DATUMS = {4326: "WGS84", 4979: "WGS84", 4490: "CGCS2000", 4480: "CGCS2000"}
_ENVELOPES = {0: 0, 1: 32, 2: 48, 3: 48, 4: 64}
_POINTS = {1: 2, 1001: 3, 2001: 3, 3001: 4}  # WKB type → numbers of a position
_ALLOWED = (sqlite3.SQLITE_SELECT, sqlite3.SQLITE_READ)
_WAL_BYTES = (18, 19)  # in the header: 2 asks for a journal beside the file, which a lone file has not


def read_gpkg(data: bytes, name: str, limits: Limits) -> Taken:
    """The hits of a GeoPackage; raises ScoreError with the row's number."""
    if not data.startswith(b"SQLite format 3\0") or len(data) < 100:
        raise ScoreError(f"{name}: is no GeoPackage")
    rows = Rows(name, "row", limits.hits)
    try:
        with opened(data) as db:
            _read(db, rows)
    except (sqlite3.Error, sqlite3.Warning, OverflowError, UnicodeDecodeError):
        raise ScoreError(f"{name}: is a GeoPackage that cannot be read, or that asks for more than reading") from None
    return rows.taken("gpkg", data)


@contextmanager
def opened(data: bytes) -> Iterator[sqlite3.Connection]:
    """The database as a copy in a folder of our own, where no journal stands beside it; it can only be read."""
    copy = bytearray(data)
    for at in _WAL_BYTES:
        copy[at] = 1
    with tempfile.TemporaryDirectory(prefix="intake-") as folder:
        path = Path(folder) / "hits.gpkg"
        path.write_bytes(copy)
        with closing(sqlite3.connect(f"{path.as_uri()}?mode=ro&immutable=1", uri=True)) as db:
            _tame(db)
            yield db


def _tame(db: sqlite3.Connection) -> None:
    for pragma in ("trusted_schema = OFF", "query_only = ON", "cell_size_check = ON", "mmap_size = 0"):
        db.execute(f"PRAGMA {pragma}")
    db.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, _LONGEST_VALUE)
    db.setlimit(sqlite3.SQLITE_LIMIT_COLUMN, MAX_COLUMNS)
    steps = iter(range(MAX_STEPS // _STEP))
    db.set_progress_handler(lambda: next(steps, None) is None, _STEP)
    db.set_authorizer(_authorize)


def _authorize(action: int, first: str | None, *_: object) -> int:
    looks = action in _ALLOWED or (action == sqlite3.SQLITE_PRAGMA and first == "table_xinfo")
    return sqlite3.SQLITE_OK if looks else sqlite3.SQLITE_DENY


def _read(db: sqlite3.Connection, rows: Rows) -> None:
    layer, column, datum = _layer(db, rows.name)
    cursor = db.execute(f"SELECT * FROM {_quoted(layer)} LIMIT {11 * rows.most}")
    names = [d[0] for d in cursor.description]
    if column not in names:
        raise ScoreError(f"{rows.name}: the layer {layer!r} lacks its column of points")
    at = names.index(column)
    table = Table(rows, [n for n in names if n != column], 0, datum)
    for number, values in enumerate(cursor, 1):
        place = Place(rows.name, rows.kind, number)
        table.add(number, [v for i, v in enumerate(values) if i != at], _point(place, values[at]))


def _layer(db: sqlite3.Connection, name: str) -> tuple[str, str, str]:
    """(table, column, datum) of the layer to read."""
    for told in ("gpkg_geometry_columns", "gpkg_spatial_ref_sys"):
        _check_plain(db, name, told)
    found = db.execute(
        "SELECT table_name, column_name, srs_id FROM gpkg_geometry_columns "
        "WHERE geometry_type_name = 'POINT' COLLATE NOCASE LIMIT 100"
    ).fetchall()
    points = [f for f in found if isinstance(f[0], str) and isinstance(f[1], str)]
    layers = [f for f in points if f[0].casefold() == "hits"] or points
    if len(layers) != 1:
        raise ScoreError(f"{name}: has {len(layers)} layers of points; name the one to read hits")
    table, column, srs_id = layers[0]
    _check_plain(db, name, table)
    return table, column, _datum(db, name, srs_id)


def _check_plain(db: sqlite3.Connection, name: str, table: str) -> None:
    """Refuses what is no plain table: a view, a virtual table, one with columns that are computed."""
    found = db.execute("SELECT type, sql FROM sqlite_master WHERE name = ? COLLATE NOCASE", (table,)).fetchall()
    sql = " ".join(str(found[0][1]).split()).upper() if len(found) == 1 else ""
    plain = len(found) == 1 and found[0][0] == "table" and sql.startswith("CREATE TABLE ")
    if not plain or any(column[6] for column in db.execute(f"PRAGMA table_xinfo({_quoted(table)})")):
        raise ScoreError(f"{name}: {table!r} is not a plain table")


def _datum(db: sqlite3.Connection, name: str, srs_id: object) -> str:
    found = db.execute(
        "SELECT organization, organization_coordsys_id FROM gpkg_spatial_ref_sys WHERE srs_id = ? LIMIT 2", (srs_id,)
    ).fetchall()
    known = len(found) == 1 and str(found[0][0]).upper() == "EPSG" and found[0][1]
    if type(known) is not int or known not in _DATUMS:
        raise ScoreError(f"{name}: the layer of hits is neither in WGS 84 nor in CGCS2000 degrees")
    return _DATUMS[known]


def _point(place: Place, blob: object) -> tuple[float, float]:
    """(lat_deg, lon_deg) of a GeoPackage geometry (OGC 12-128, clause 2.1.3): a header, then a WKB point."""
    if not isinstance(blob, bytes) or len(blob) < 8 or blob[:2] != b"GP":
        raise place.wrong("has no point")
    envelope = _ENVELOPES.get(blob[3] >> 1 & 7)
    wkb = blob[8 + (envelope or 0) :]
    if envelope is None or blob[3] & 0b110000 or len(wkb) < 5:
        raise place.wrong("has an empty point, or one of another kind")
    order = "<" if wkb[0] == 1 else ">"
    count = _POINTS.get(struct.unpack(f"{order}I", wkb[1:5])[0])
    if wkb[0] > 1 or count is None or len(wkb) != 5 + 8 * count:
        raise place.wrong("is not a point")
    lon, lat = struct.unpack(f"{order}2d", wkb[5:21])
    if not (math.isfinite(lon) and math.isfinite(lat)):
        raise place.wrong("longitude or latitude is not a finite number")
    check_degrees(place, lat, lon)
    return lat, lon


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
