"""Hit lists in the formats that a contest takes; GeoJSON and CSV are read here, the others beside.

A file is read once, as bytes, capped before anything is parsed. Its ending says the format; the sentence of a refusal
names the file and the row. WGS 84 and CGCS2000 are taken as equal (they differ by less than a target's survey); every
other datum that is stated is refused.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Mapping
from importlib import import_module
from pathlib import Path, PurePath
from typing import Any

from pipeline.contest.encodings import table_text
from pipeline.contest.intake.columns import Table, check_degrees, field_of, is_header
from pipeline.contest.intake.taken import Limits, Rows, Taken, notice
from pipeline.errors import ScoreError
from pipeline.score.hits import rows_of
from pipeline.score.strict import Place, check_datum, collection_of

MAX_PARTS = 500_000  # objects and lists in a JSON text; 200 hits with 80 sightings each hold some 100,000
MAX_BLANK_ROWS = 10_000
_HITS = "hits.geojson"
_MIB = 2**20


def read_submission(path: Path, limits: Limits) -> Taken:
    """A hit list, or the `hits.geojson` of a run folder.

    Raises:
        ScoreError: larger than the contest takes, more hits, malformed; one sentence with the row.
    """
    return parse(*read_file(path, limits), limits)


def read_file(path: Path, limits: Limits) -> tuple[bytes, str]:
    """(the bytes, the name) of a file or of a run folder's hit list; ScoreError where it is missing or too large."""
    path = path / _HITS if path.is_dir() else path
    try:
        if not path.is_file():
            raise ScoreError(f"{path.name}: there is no such file")
        with path.open("rb") as file:
            data = file.read(limits.bytes + 1)
    except (OSError, ValueError) as why:
        raise ScoreError(f"{path.name}: cannot be read ({type(why).__name__})") from None
    if len(data) > limits.bytes:
        raise ScoreError(f"{path.name}: larger than the {limits.bytes / _MIB:g} MiB that this contest takes")
    return data, "".join(c for c in path.name if c.isprintable())


def format_of(name: str) -> str:
    """The format that a file's ending says; ScoreError for another."""
    ending = PurePath(name).suffix.lower()
    found = _ENDINGS.get(ending)
    if found is None:
        hint = "; save it as .xlsx" if ending in (".xls", ".et", ".ods") else ""
        raise ScoreError(f"{name}: is none of {', '.join(sorted(_ENDINGS))}{hint}")
    return found


def parse(data: bytes, name: str, limits: Limits) -> Taken:
    """The hits in a file's bytes; raises ScoreError."""
    if len(data) > limits.bytes:
        raise ScoreError(f"{name}: larger than the {limits.bytes / _MIB:g} MiB that this contest takes")
    return _reader(format_of(name))(data, name, limits)


def _reader(form: str) -> Callable[[bytes, str, Limits], Taken]:
    module, function = _READERS[form]
    found: Callable[[bytes, str, Limits], Taken] = getattr(import_module(module), function)
    return found


def read_geojson(data: bytes, name: str, limits: Limits) -> Taken:
    """GeoJSON (RFC 7946) points, a run's own list with its evidence among them."""
    if data.count(b"{") + data.count(b"[") > MAX_PARTS:
        raise ScoreError(f"{name}: more than {MAX_PARTS} objects and lists")
    try:
        collection = collection_of(data.decode("utf-8-sig"), name)
    except UnicodeDecodeError:
        raise ScoreError(f"{name}: is not UTF-8 text") from None
    check_datum(collection, name)
    rows = Rows(name, "feature", limits.hits)
    _check_number(collection["features"], rows)
    for number, feature in enumerate(collection["features"], 1):
        _check_coordinates(Place(name, "feature", number), feature)
    for number, row in rows_of(collection["features"], name):
        rows.add(number, row)
    return rows.taken("geojson", data)


def _check_number(features: list[Any], rows: Rows) -> None:
    """Refuse what is far too much before a row is made; rejected features may come on top of the cap."""
    most = 10 * rows.most
    if len(features) > most:
        raise ScoreError(f"{rows.name}: {rows.kind} {most + 1}: more than {rows.most} hits")


def _check_coordinates(place: Place, feature: Any) -> None:
    geometry = feature.get("geometry") if isinstance(feature, Mapping) else None
    at = geometry.get("coordinates") if isinstance(geometry, Mapping) else None
    if isinstance(at, list) and len(at) >= 2:
        check_degrees(place, at[1], at[0])


def read_csv(data: bytes, name: str, limits: Limits) -> Taken:
    """A table with a line of headings, parted by commas, semicolons or tabs; UTF-8, GBK or UTF-16 with its mark."""
    text = table_text(data)
    if text is None:
        raise ScoreError(f"{name}: is neither UTF-8 nor GBK text")
    rows = Rows(name, "row", limits.hits)
    lines = csv.reader(io.StringIO(text, newline=""), delimiter=_delimiter(text), strict=True)
    try:
        table = Table(rows, next(lines, []), 1)
        table.check_complete(1)
        for cells in lines:
            table.add(lines.line_num, cells)
            _check_length(lines.line_num, rows)
    except csv.Error:
        raise ScoreError(f"{name}: row {lines.line_num}: is not CSV") from None
    return rows.taken("csv", data, [] if table.stated else [notice("datum_not_stated")])


def _check_length(line: int, rows: Rows) -> None:
    """Refuse a table that goes on and on without hits."""
    if line > MAX_BLANK_ROWS + 10 * rows.most:
        raise ScoreError(f"{rows.name}: row {line}: more rows than {rows.most} hits can need")


def _delimiter(text: str) -> str:
    """The sign between the headings: the one that makes them those of a hit list."""
    head = text.lstrip("\r\n").partition("\n")[0][:10_000]
    for sign in (",", ";", "\t"):
        if is_header([field_of(h.strip('" \r'))[0] for h in head.split(sign)]):
            return sign
    return ","


_HERE = "pipeline.contest.intake"
_READERS = {
    "geojson": (f"{_HERE}.formats", "read_geojson"),
    "csv": (f"{_HERE}.formats", "read_csv"),
    "xlsx": (f"{_HERE}.sheets_in", "read_xlsx"),
    "kml": (f"{_HERE}.kml_in", "read_kml"),
    "kmz": (f"{_HERE}.kml_in", "read_kmz"),
    "gpkg": (f"{_HERE}.gpkg_in", "read_gpkg"),
    "typed": (f"{_HERE}.typed", "read_typed_bytes"),
}
_ENDINGS = {".geojson": "geojson", ".json": "geojson", ".csv": "csv", ".txt": "csv", ".tsv": "csv", ".xlsx": "xlsx",
            ".kml": "kml", ".kmz": "kmz", ".gpkg": "gpkg", ".typed": "typed"}  # fmt: skip
