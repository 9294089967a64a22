"""Reading what strangers send: size caps before parsing, strict JSON, and one sentence with the place of a fault.

A sentence names the file and the row or feature, never a value: the same code reads sealed targets.
"""

from __future__ import annotations

import json
import math
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from pipeline.errors import ScoreError

MAX_BYTES = 64 * 2**20
MAX_ROWS = 1_000_000
MAX_TEXT = 200
SAME_AS_WGS84 = ("wgs84", "epsg4326", "crs84", "cgcs2000", "epsg4490", "epsg4979")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def read_bytes(path: str | Path) -> bytes:
    """The file's bytes; refused above 64 MiB before anything is parsed.

    Raises:
        ScoreError: missing, not a plain file, unreadable or too large.
    """
    path = Path(path)
    try:
        if not path.is_file():
            raise ScoreError(f"{path}: there is no such file")
        with path.open("rb") as file:
            data = file.read(MAX_BYTES + 1)
    except (OSError, ValueError) as error:
        raise ScoreError(f"{path}: cannot be read ({type(error).__name__})") from None
    if len(data) > MAX_BYTES:
        raise ScoreError(f"{path}: larger than {MAX_BYTES // 2**20} MiB")
    return data


def read_text(path: str | Path) -> str:
    """The file as UTF-8, with or without a byte order mark."""
    try:
        return read_bytes(path).decode("utf-8-sig")
    except UnicodeDecodeError:
        raise ScoreError(f"{path}: is not UTF-8 text") from None


class _Repeated(dict[str, Any]):
    """A JSON object in which a key came twice."""


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    return found if len(found) == len(pairs) else _Repeated(found)


def read_collection(path: str | Path) -> dict[str, Any]:
    """A file with a GeoJSON FeatureCollection from a stranger; raises ScoreError as `collection_of` does."""
    return collection_of(read_text(path), str(path))


def collection_of(text: str, path: str) -> dict[str, Any]:
    """A GeoJSON FeatureCollection from a stranger's text; `path` stands for the file in errors.

    Raises:
        ScoreError: not JSON, not a FeatureCollection, more than a million features, a key given twice, NaN or a
            number beyond a double anywhere; the sentence names the feature (from 1).
    """
    try:
        value = json.loads(text, object_pairs_hook=_object)
    except (ValueError, RecursionError) as error:
        line = getattr(error, "lineno", None)
        raise ScoreError(f"{path}: is not JSON" + (f" (line {line})" if line else "")) from None
    if not isinstance(value, dict) or value.get("type") != "FeatureCollection":
        raise ScoreError(f"{path}: is not a GeoJSON FeatureCollection")
    features = value.get("features")
    if not isinstance(features, list):
        raise ScoreError(f"{path}: the FeatureCollection has no list of features")
    check_count(len(features), path)
    _check_all(value, path)
    return value


def check_count(count: int, where: str) -> None:
    """Raises ScoreError above a million rows."""
    if count > MAX_ROWS:
        raise ScoreError(f"{where}: more than {MAX_ROWS} rows")


def _check_all(value: Mapping[str, Any], where: str) -> None:
    rest = {k: v for k, v in value.items() if k != "features"}
    fault = "a key is given twice" if isinstance(value, _Repeated) else _fault(rest)
    if fault:
        raise ScoreError(f"{where}: {fault}")
    for number, feature in enumerate(value["features"], 1):
        fault = _fault(feature)
        if fault:
            raise ScoreError(f"{where}: feature {number}: {fault}")


def _fault(value: Any) -> str:
    """What is wrong somewhere inside a parsed JSON value, or an empty string."""
    todo = [value]
    while todo:
        item = todo.pop()
        kind = type(item)
        if kind is float:
            if not math.isfinite(item):
                return "a number is not finite"
        elif kind is dict:
            todo.extend(item.values())
        elif kind is list:
            todo.extend(item)
        elif kind is _Repeated:
            return "a key is given twice"
    return ""


class Place:
    """Where a value stands: 'hits.geojson: feature 3'. It makes values what they must be, or says what is wrong."""

    __slots__ = ("file", "kind", "number")

    def __init__(self, file: str, kind: str, number: int) -> None:
        self.file, self.kind, self.number = file, kind, number

    def __str__(self) -> str:
        return f"{self.file}: {self.kind} {self.number}"

    def wrong(self, what: str) -> ScoreError:
        """The error to raise."""
        return ScoreError(f"{self}: {what}")

    def number_of(self, value: Any, name: str, low: float, high: float) -> float:
        """A finite number within [low, high]; booleans and strings are none."""
        if type(value) is not int and not (type(value) is float and math.isfinite(value)):
            raise self.wrong(f"{name} is not a finite number")
        if not low <= value <= high:
            raise self.wrong(f"{name} is outside [{low:g}, {high:g}]")
        return float(value)

    def optional(self, value: Any, name: str, low: float, high: float) -> float | None:
        """The same, or None when nothing was given."""
        return None if value is None else self.number_of(value, name, low, high)

    def text_of(self, value: Any, name: str) -> str:
        """Printable text of at most 200 characters, NFC, no blanks around it, not empty."""
        if not isinstance(value, str):
            raise self.wrong(f"{name} is missing" if value is None else f"{name} is not text")
        text = unicodedata.normalize("NFC", value.strip())
        if not text or len(text) > MAX_TEXT or not text.isprintable():
            raise self.wrong(f"{name} is empty, longer than {MAX_TEXT} characters or not printable")
        return text

    def id_of(self, value: Any) -> str:
        """An id: text, or an integer as GeoJSON allows."""
        return str(value) if type(value) is int and abs(value) < 2**63 else self.text_of(value, "id")

    def label_of(self, value: Any) -> str:
        """A class path: levels parted by '/', none empty."""
        label = self.text_of(value, "class")
        if not all(label.split("/")):
            raise self.wrong("class has an empty level")
        return label

    def time_ms(self, value: Any, name: str) -> int | None:
        """ISO 8601 with a zone, as UTC milliseconds since 1970; None when nothing was given."""
        if value is None:
            return None
        try:
            moment = datetime.fromisoformat(value)
            return (moment - _EPOCH) // timedelta(milliseconds=1)
        except (TypeError, ValueError, OverflowError):
            raise self.wrong(f"{name} is not an ISO 8601 time with its zone") from None

    def datum(self, value: Any) -> None:
        """Refuses every datum but WGS 84 and CGCS2000, which are the same to a judge (they differ by centimetres)."""
        if value is None:
            return
        plain = "".join(c for c in str(value).lower() if c.isalnum())
        if not any(plain == name or plain.endswith(name) for name in SAME_AS_WGS84):
            raise self.wrong("datum is neither WGS 84 nor CGCS2000")


def check_datum(collection: Mapping[str, Any], file: str) -> None:
    """The collection's own `datum`, and the `crs` of older GeoJSON."""
    whole = Place(file, "collection", 1)
    crs = collection.get("crs")
    named = crs.get("properties") if isinstance(crs, dict) else crs
    for value in (collection.get("datum"), named.get("name") if isinstance(named, dict) else named):
        try:
            whole.datum(value)
        except ScoreError:
            raise ScoreError(f"{file}: datum is neither WGS 84 nor CGCS2000") from None


def features_in(
    features: Sequence[Any], file: str
) -> Iterator[tuple[Place, dict[str, Any], dict[str, Any], dict[str, Any]]]:
    """(place, feature, geometry, properties) of each; a missing geometry or missing properties are empty dicts."""
    for number, feature in enumerate(features, 1):
        place = Place(file, "feature", number)
        if not isinstance(feature, dict) or feature.get("type") != "Feature":
            raise place.wrong("is not a GeoJSON Feature")
        geometry, properties = feature.get("geometry") or {}, feature.get("properties") or {}
        if not isinstance(geometry, dict) or not isinstance(properties, dict):
            raise place.wrong("geometry or properties is not an object")
        yield place, feature, geometry, properties


def position(place: Place, value: Any, name: str = "position") -> tuple[float, float]:
    """(lat_deg, lon_deg) of a GeoJSON position [lon, lat, height?]."""
    if not isinstance(value, (list, tuple)) or not 2 <= len(value) <= 4:
        raise place.wrong(f"{name} is not [longitude, latitude]")
    lon = place.number_of(value[0], "longitude", -180, 180)
    lat = place.number_of(value[1], "latitude", -90, 90)
    for height in value[2:]:
        place.number_of(height, "height", -1e6, 1e9)
    return lat, lon
