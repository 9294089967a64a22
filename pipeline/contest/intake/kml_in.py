"""Hit lists from KML and KMZ: Placemarks with a Point; the run's own hits.kml among them.

A Placemark's class is its ExtendedData `class` (类别), else the class that our own styles carry, else its name. Lines
and areas are passed over with a warning. Nothing is fetched: NetworkLinks are refused, and document types and entities
with them. KML is WGS 84 by its specification (OGC 12-007r2).
"""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from typing import Any

from pipeline.contest.intake.columns import cell_value, check_degrees, field_of, matters
from pipeline.contest.intake.taken import Limits, Rows, Taken, notice
from pipeline.contest.intake.zips import MAX_UNPACKED, check_xml, entries, unpack
from pipeline.errors import ScoreError
from pipeline.score.hits import is_rejected, row_of
from pipeline.score.strict import Place

Element = Any  # defusedxml's are the standard library's, whose modules we do not import
_OWN_STYLE = re.compile(r"#c((?:[0-9a-f]{2}){1,400})", re.ASCII)
_OWN_SHAPES = ("#r90", "#track")  # the run's circles and track, which belong to no hit list
_NUMBER = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?", re.ASCII)
_LINKS = ("NetworkLink", "NetworkLinkControl")
_MAX_NAME = 1_000
MAX_TAGS = 1_000_000


def read_kmz(data: bytes, name: str, limits: Limits) -> Taken:
    """The first KML document of the archive, as programs that open KMZ do."""
    sizes = entries(data, name)
    found = [e for e in sizes if e.lower().endswith(".kml")]
    if not found:
        raise ScoreError(f"{name}: holds no .kml")
    first = "doc.kml" if "doc.kml" in found else found[0]
    return _read(unpack(data, name, first, MAX_UNPACKED), name, limits, "kmz", data)


def read_kml(data: bytes, name: str, limits: Limits) -> Taken:
    """The Placemarks of a KML document; raises ScoreError with the Placemark's number."""
    return _read(data, name, limits, "kml", data)


def _read(text: bytes, name: str, limits: Limits, form: str, data: bytes) -> Taken:
    check_xml(text, name, MAX_TAGS)
    rows, others = Rows(name, "placemark", limits.hits), 0
    for number, mark in enumerate(_placemarks(text, name), 1):
        if not _add(rows, number, mark):
            others += _text(_child(mark, "styleUrl")).strip() not in _OWN_SHAPES
    return rows.taken(form, data, [notice("shapes_left_out", count=others)] if others else [])


def _placemarks(text: bytes, name: str) -> Iterator[Element]:
    """Each Placemark as soon as it is parsed; it is emptied afterwards."""
    from defusedxml import DefusedXmlException
    from defusedxml.ElementTree import ParseError, iterparse

    try:
        for _, element in iterparse(io.BytesIO(text), events=("end",), forbid_dtd=True):
            tag = _tag(element)
            if tag in _LINKS:
                raise ScoreError(f"{name}: links to another document, which is not fetched")
            if tag == "Placemark":
                yield element
                element.clear()
    except (ParseError, DefusedXmlException, ValueError, LookupError, RecursionError):
        raise ScoreError(f"{name}: is not KML that can be read") from None


def _add(rows: Rows, number: int, mark: Element) -> bool:
    """Keep the Placemark's hit; False for one that is no point."""
    point = _child(mark, "Point")
    if point is None:
        return False
    place = Place(rows.name, rows.kind, number)
    given = _given(place, mark)
    row = row_of(place, given, _position(place, _text(_child(point, "coordinates"))))
    if not is_rejected(given):
        rows.add(number, row)
    return True


def _position(place: Place, text: str) -> tuple[float, float]:
    """(lat_deg, lon_deg) of "lon,lat[,height]"."""
    parts = [p.strip() for p in text.strip().split(",")]
    if not 2 <= len(parts) <= 3 or not all(_NUMBER.fullmatch(p) for p in parts):
        raise place.wrong("coordinates are not longitude,latitude in plain digits")
    lon, lat = float(parts[0]), float(parts[1])
    check_degrees(place, lat, lon)
    return lat, lon


def _given(place: Place, mark: Element) -> dict[str, Any]:
    told = _extended(place, mark)
    name = _text(_child(mark, "name")).strip()[:_MAX_NAME]
    given: dict[str, Any] = {"class": _own_class(mark) or name or None}
    for field, text in told.items():
        if matters(field) and field not in ("lat_deg", "lon_deg") and text.strip():
            given[field] = cell_value(place, field, text.strip())
    return given


def _extended(place: Place, mark: Element) -> dict[str, str]:
    """ExtendedData: Data with a value, and SimpleData."""
    told: dict[str, str] = {}
    for element in mark.iter():
        tag, heading = _tag(element), element.get("name")
        if heading is None or tag not in ("Data", "SimpleData"):
            continue
        field = field_of(heading)[0]
        if field in told:
            raise place.wrong("the same data are given twice")
        told[field] = _text(_child(element, "value")) if tag == "Data" else _text(element)
    return told


def _own_class(mark: Element) -> str:
    """The class in the style that `qianliyan run` gives a hit."""
    found = _OWN_STYLE.fullmatch(_text(_child(mark, "styleUrl")).strip())
    try:
        return bytes.fromhex(found[1]).decode() if found else ""
    except UnicodeDecodeError:
        return ""


def _tag(element: Element) -> str:
    tag = element.tag
    return tag.rpartition("}")[2] if isinstance(tag, str) else ""


def _child(element: Element, tag: str) -> Element | None:
    return next((e for e in element if _tag(e) == tag), None)


def _text(element: Element | None) -> str:
    return (element.text or "") if element is not None else ""
