"""A team's hit list, from GeoJSON, CSV or memory, as columns of integers: the one form that is judged."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import count, repeat
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from pipeline.errors import ScoreError
from pipeline.score.canonical import Ints, digest_of_rows, half_up, half_up_array
from pipeline.score.evidence import Evidence, read_evidence
from pipeline.score.strict import Place, check_count, check_datum, features_in, position, read_collection, read_text
from pipeline.types import Hit, HitList

NONE = int(np.iinfo(np.int64).min)  # in a column: not given
FLAGS = ("approved", "actionable", "autonomous", "description_approved")
FIELDS = ("type", "shape", "shape_color", "letter", "letter_color", "orientation")
_NUMBER = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?", re.ASCII)
_FLAG = {"yes": "yes", "true": "yes", "1": "yes", "no": "no", "false": "no", "0": "no"}


class Row(NamedTuple):
    """One hit as it was read."""

    id: str  # empty: none given
    label: str
    lat_deg: float | None
    lon_deg: float | None
    confidence: float | None
    r90_m: float | None
    first_ms: int | None
    last_ms: int | None
    evidence: tuple[Evidence, ...] = ()
    attributes: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class Submission:
    """A hit list in canonical order (by id). All columns have length N; `NONE` where nothing was given."""

    ids: tuple[str, ...]
    labels: tuple[str, ...]
    lat_e9: Ints  # 1e-9 degrees; NONE when the hit has no position
    lon_e9: Ints
    confidence_ppm: Ints
    r90_mm: Ints
    first_ms: Ints  # UTC, ms since 1970
    last_ms: Ints
    evidence: tuple[tuple[Evidence, ...], ...]
    attributes: tuple[tuple[tuple[str, str], ...], ...]

    def __len__(self) -> int:
        return len(self.ids)

    def digest(self) -> str:
        """SHA-256 of the canonical form: one row a hit, by id."""
        return digest_of_rows(list(Row._fields), self.rows())

    def rows(self) -> Iterator[tuple[Any, ...]]:
        """The hits as they are hashed: the values in the order of `Row`, None where nothing was given."""
        numbers = (_listed(c) for c in (self.lat_e9, self.lon_e9, self.confidence_ppm, self.r90_mm,
                                        self.first_ms, self.last_ms))  # fmt: skip
        evidence = ([e.plain() for e in entries] if entries else () for entries in self.evidence)
        return zip(self.ids, self.labels, *numbers, evidence, self.attributes, strict=True)


def _listed(column: Ints) -> list[int | None]:
    values: list[int | None] = column.tolist()
    for i in np.flatnonzero(column == NONE).tolist():
        values[i] = None
    return values


def read_hits(path: str | Path) -> Submission:
    """A run's `hits.geojson` (or the run folder), any GeoJSON points, or a CSV with lat_deg, lon_deg and class.

    Of a reviewed list with `verdict` the hits that officers rejected do not count; whatever is wrong in them does.

    Raises:
        ScoreError: the file is too large, malformed, or a hit in it is; the sentence names the row or feature.
    """
    path = Path(path)
    if path.is_dir():
        path = path / "hits.geojson"
    if path.suffix.lower() == ".csv":
        return submission(_csv_rows(path), str(path))
    collection = read_collection(path)
    check_datum(collection, str(path))
    return hits_of(collection["features"], str(path))


def hits_of(features: Sequence[Mapping[str, Any]], name: str = "hits") -> Submission:
    """The same from GeoJSON features that are already loaded; `name` stands for the file in errors."""
    check_count(len(features), name)
    return submission([row for _, row in rows_of(features, name)], name)


def rows_of(features: Sequence[Mapping[str, Any]], name: str) -> list[tuple[int, Row]]:
    """(number of the feature from 1, the hit) of each that officers did not reject; raises ScoreError."""
    rows = [(number, _feature_row(*parts), parts[-1]) for number, parts in enumerate(features_in(features, name), 1)]
    return [(number, row) for number, row, given in rows if not is_rejected(given)]


def as_submission(hits: Submission | HitList | Iterable[Hit | Mapping[str, Any]]) -> Submission:
    """Whatever holds hits, normalised: the one place where it happens."""
    if isinstance(hits, Submission):
        return hits
    if isinstance(hits, HitList):
        digests = {frame.frame_id: frame.sha256 for frame in hits.looked}
        return submission([_hit_row(n, h, digests) for n, h in enumerate(hits.hits, 1)], "hits")
    listed = list(hits)
    if all(isinstance(h, Hit) for h in listed):
        return submission([_hit_row(n, h, {}) for n, h in enumerate(listed, 1) if isinstance(h, Hit)], "hits")
    return hits_of([h for h in listed if not isinstance(h, Hit)], "hits")


def _hit_row(number: int, hit: Hit, sha256: Mapping[str, str]) -> Row:
    times = sorted(s.t_ns // 1_000_000 for s in hit.sightings if s.t_ns is not None)
    fields = {"confidence": hit.confidence, "r90_m": hit.r90_m, "id": hit.id or None, "class": hit.label}
    evidence = tuple(
        Evidence(
            sha256=sha256.get(s.detection.frame_id, ""),
            t_ms=None if s.t_ns is None else s.t_ns // 1_000_000,
            point_cpx=tuple(half_up(100 * v) for v in s.detection.point_px),
        )
        for s in hit.sightings
    )
    row = row_of(Place("hits", "hit", number), fields, (hit.at.lat_deg, hit.at.lon_deg))
    return row._replace(first_ms=times[0] if times else None, last_ms=times[-1] if times else None, evidence=evidence)


def is_rejected(given: Mapping[str, Any]) -> bool:
    """Whether a reviewed list says that this is no hit."""
    return given.get("verdict") == "rejected"


def _feature_row(
    place: Place, feature: Mapping[str, Any], geometry: Mapping[str, Any], properties: Mapping[str, Any]
) -> Row:
    at = None
    if geometry:
        if geometry.get("type") != "Point":
            raise place.wrong("a hit is a Point")
        at = position(place, geometry.get("coordinates"))
    given = properties if properties.get("id") is not None else {**properties, "id": feature.get("id")}
    row = row_of(place, given, at)
    return row._replace(evidence=read_evidence(place, properties.get("evidence")))


def row_of(place: Place, given: Mapping[str, Any], at: tuple[float, float] | None) -> Row:
    """A hit from its properties, named as in `HITS` files, and its (lat_deg, lon_deg); raises ScoreError."""
    lat, lon = (None, None) if at is None else at
    if at is not None:
        place.number_of(lat, "latitude", -90, 90)
        place.number_of(lon, "longitude", -180, 180)
    place.datum(given.get("datum"))
    label = given.get("class") if given.get("class") is not None else given.get("type")
    return Row(
        id="" if given.get("id") is None else place.id_of(given["id"]),
        label=place.label_of(label),
        lat_deg=lat,
        lon_deg=lon,
        confidence=place.optional(given.get("confidence"), "confidence", 0, 1),
        r90_m=place.optional(given.get("r90_m"), "r90_m", 0, 1e7),
        first_ms=place.time_ms(given.get("first_seen"), "first_seen"),
        last_ms=place.time_ms(given.get("last_seen"), "last_seen"),
        attributes=attributes_of(place, given),
    )


def attributes_of(place: Place, given: Mapping[str, Any]) -> tuple[tuple[str, str], ...]:
    """What the profile `suas-2020` asks for beside the class: texts, and flags as yes or no."""
    found = [(name, place.text_of(given[name], name)) for name in FIELDS if given.get(name) is not None]
    for name in FLAGS:
        value = given.get(name)
        if value is not None:
            flag = _FLAG.get(str(value).strip().lower())
            if flag is None:
                raise place.wrong(f"{name} is neither yes nor no")
            found.append((name, flag))
    return tuple(sorted(found))


def _csv_rows(path: Path) -> list[Row]:
    lines = csv.reader(io.StringIO(read_text(path), newline=""), strict=True)
    rows: list[Row] = []
    try:
        header = [name.strip() for name in next(lines, [])]
        _check_header(path, header)
        for cells in lines:
            if any(c.strip() for c in cells):
                row, rejected = _csv_row(Place(str(path), "row", lines.line_num), header, cells)
                rows += [] if rejected else [row]
                check_count(len(rows), str(path))
    except csv.Error:
        raise ScoreError(f"{path}: row {lines.line_num}: is not CSV") from None
    return rows


def _check_header(path: Path, header: list[str]) -> None:
    named = [h for h in header if h]
    if len(set(named)) < len(named):
        raise ScoreError(f"{path}: row 1: a column is given twice")
    missing = [c for c in ("lat_deg", "lon_deg") if c not in header]
    if missing or not {"class", "type"} & set(header):
        raise ScoreError(f"{path}: row 1: the columns lat_deg, lon_deg and class are needed")


def _csv_row(place: Place, header: list[str], cells: list[str]) -> tuple[Row, bool]:
    """One row, and whether officers rejected it."""
    if len(cells) > len(header):
        raise place.wrong("more cells than columns")
    given: dict[str, Any] = {k: v for k, v in zip(header, (c.strip() for c in cells), strict=False) if v}
    for name in ("lat_deg", "lon_deg", "confidence", "r90_m"):
        if name in given:
            if not _NUMBER.fullmatch(given[name]):
                raise place.wrong(f"{name} is not a number in plain digits")
            given[name] = float(given[name])
    if ("lat_deg" in given) != ("lon_deg" in given):
        raise place.wrong("one of lat_deg and lon_deg is missing")
    at = (given["lat_deg"], given["lon_deg"]) if "lat_deg" in given else None
    return row_of(place, given, at), is_rejected(given)


def submission(rows: Sequence[Row], name: str) -> Submission:
    """Columns in canonical order from rows in any order; hits without id become h000001… by position.

    Raises:
        ScoreError: an id is given twice.
    """
    ids, labels, lat, lon, confidence, r90, first, last, evidence, attributes = (
        zip(*rows, strict=True) if rows else repeat((), len(Row._fields))
    )
    raw = Submission(tuple(ids), tuple(labels), _e9(lat), _wrapped(_e9(lon)), _scaled(confidence, 1e6),
                     _scaled(r90, 1e3), _whole(first), _whole(last), tuple(evidence), tuple(attributes))  # fmt: skip
    placed = _taken(raw, _canonical_order(raw))
    named = _named(placed.ids, name)
    by_id = sorted(range(len(named)), key=named.__getitem__)
    return _taken(placed, by_id, named)


def _canonical_order(raw: Submission) -> Sequence[int]:
    codes = {label: i for i, label in enumerate(sorted(set(raw.labels)))}
    texts = [repr((ident, entries, extra)) if ident or entries or extra else ""
             for ident, entries, extra in zip(raw.ids, raw.evidence, raw.attributes, strict=True)]  # fmt: skip
    ranks = {text: i for i, text in enumerate(sorted(set(texts)))}
    order: list[int] = np.lexsort(
        (np.array([ranks[t] for t in texts], dtype=np.int64), raw.last_ms, raw.first_ms, raw.r90_mm,
         raw.confidence_ppm, np.array([codes[c] for c in raw.labels], dtype=np.int64), raw.lon_e9, raw.lat_e9)
    ).tolist()  # fmt: skip
    return order


def _named(ids: Sequence[str], name: str) -> list[str]:
    given = [i for i in ids if i]
    if len(set(given)) < len(given):
        raise ScoreError(f"{name}: an id is given to two hits")
    used = set(given)
    fresh = (f for f in (f"h{n:06d}" for n in count(1)) if f not in used)
    return [i or next(fresh) for i in ids]


def _taken(s: Submission, order: Sequence[int], ids: Sequence[str] | None = None) -> Submission:
    at = np.array(order, dtype=np.int64)
    ids = s.ids if ids is None else ids
    columns = (c[at] for c in (s.lat_e9, s.lon_e9, s.confidence_ppm, s.r90_mm, s.first_ms, s.last_ms))
    texts = (tuple(t[i] for i in order) for t in (s.evidence, s.attributes))
    return Submission(tuple(ids[i] for i in order), tuple(s.labels[i] for i in order), *columns, *texts)  # type: ignore[arg-type]


def _e9(values: Iterable[float | None]) -> Ints:
    return _scaled(values, 1e9)


def _scaled(values: Iterable[float | None], by: float) -> Ints:
    listed = list(values)
    missing = np.array([v is None for v in listed], dtype=bool)
    return np.where(missing, NONE, half_up_array(np.array([v or 0.0 for v in listed], dtype=np.float64) * by))


def _whole(values: Iterable[int | None]) -> Ints:
    return np.array([NONE if v is None else v for v in values], dtype=np.int64)


def _wrapped(lon_e9: Ints) -> Ints:
    """180° E is written as 180° W: one place, one number."""
    return np.where(lon_e9 == 180 * 10**9, -180 * 10**9, lon_e9)
