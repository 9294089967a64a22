"""Tables for people and spreadsheets: hits.csv, hits.xlsx and skipped.csv.

What comes from files (names, classes) is text and stays text: a cell that a spreadsheet would take for a formula
gets an apostrophe in front, and control characters go.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Mapping, Sequence
from statistics import median
from typing import Any

from pipeline.report.places import cgcs2000, dms
from pipeline.types import Skipped
from pipeline.words import both, class_word, word

Cell = str | float | int | None

# Column name in the CSV, key of its heading in pipeline.words.
HIT_COLUMNS: tuple[tuple[str, str], ...] = (
    ("id", "id"),
    ("class", "class"),
    ("class_zh", "class"),
    ("origin", "origin"),
    ("confidence", "confidence"),
    ("lat_deg", "latitude"),
    ("lon_deg", "longitude"),
    ("alt_m", "height"),
    ("lat_dms", "latitude_dms"),
    ("lon_dms", "longitude_dms"),
    ("cgcs2000_zone3", "zone"),
    ("cgcs2000_x_north_m", "north_x"),
    ("cgcs2000_y_east_m", "east_y"),
    ("r90_m", "r90"),
    ("sightings", "sightings"),
    ("first_seen", "first_seen"),
    ("last_seen", "last_seen"),
    ("assumed", "assumed"),
    ("photo", "photo"),
    ("crop", "crop"),
)
# What officers made of it, for a reviewed list; a list that travels alone has no crops beside it.
VERDICT_COLUMNS: tuple[tuple[str, str], ...] = (
    ("n", "sheet_number"),
    ("verdict", "sheet_verdict"),
    ("verdict_zh", "sheet_verdict"),
    ("moved", "sheet_moved"),
    ("reclassed", "sheet_reclassed"),
    ("reviewed_by", "sheet_reviewed_by"),
    ("reviewed_at", "sheet_reviewed_at"),
    ("comments", "sheet_comments"),
)
REVIEWED_COLUMNS = HIT_COLUMNS[:-1] + VERDICT_COLUMNS
Columns = Sequence[tuple[str, str]]
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f\ufffe\uffff\ud800-\udfff]")
_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\n", "\r", "＝", "＋", "－", "＠")


def text_cell(text: str) -> str:
    """Text that no spreadsheet takes for a formula (OWASP, "CSV injection"), without control characters."""
    clean = printable(text)
    return "'" + clean if clean.startswith(_FORMULA_STARTS) else clean


def printable(text: str) -> str:
    """The text without the characters that XML and spreadsheets forbid."""
    return _CONTROL.sub("", text)


def hit_rows(collection: Mapping[str, Any]) -> list[dict[str, Cell]]:
    """One row a hit, keys as in HIT_COLUMNS and VERDICT_COLUMNS."""
    return [{**hit_row(f), **verdict_row(f["properties"])} for f in collection["features"]]


def hit_row(feature: Mapping[str, Any]) -> dict[str, Cell]:
    """A hit's cells, from its GeoJSON feature with evidence."""
    lon_deg, lat_deg, *height = feature["geometry"]["coordinates"]
    props = feature["properties"]
    best = best_evidence(props.get("evidence", ()))
    grid = cgcs2000(lat_deg, lon_deg)
    return {
        **{key: props.get(key) for key in ("id", "class", "origin", "confidence", "r90_m", "sightings")},
        "class_zh": class_word(props["class"], "zh"),
        "lat_deg": lat_deg,
        "lon_deg": lon_deg,
        "alt_m": height[0] if height else None,
        "lat_dms": dms(lat_deg, "NS"),
        "lon_dms": dms(lon_deg, "EW"),
        "cgcs2000_zone3": grid.zone if grid else None,
        "cgcs2000_x_north_m": round(grid.x_north_m, 3) if grid else None,
        "cgcs2000_y_east_m": round(grid.y_east_m, 3) if grid else None,
        "first_seen": props.get("first_seen"),
        "last_seen": props.get("last_seen"),
        "assumed": ", ".join(props.get("assumed", ())),
        "photo": best["source"] if best else None,
        "crop": best["crop"] if best else None,
    }


def verdict_row(props: Mapping[str, Any]) -> dict[str, Cell]:
    """What officers made of a hit, from the properties of a reviewed one; empty cells where nobody did."""
    verdict = props.get("verdict")
    return {
        "n": props.get("n"),
        "verdict": verdict,
        "verdict_zh": word(f"sheet_{verdict}", "zh") if verdict else None,
        **{key: "yes" if props.get(key) else None for key in ("moved", "reclassed")},
        **{key: props.get(key) for key in ("reviewed_by", "reviewed_at")},
        "comments": "\n".join(map(comment_line, props.get("comments", ()))) or None,
    }


def comment_line(comment: Mapping[str, Any]) -> str:
    """What somebody said, with the name and the time in front."""
    return f"{comment['who'] or '—'} ({comment['when'] or '—'}): {comment['note']}"


def best_evidence(evidence: Sequence[dict[str, Any]]) -> dict[str, Any] | None:
    """The evidence entry that has the crop, else the first."""
    return next((e for e in evidence if e.get("crop")), evidence[0] if evidence else None)


def seen_moving(props: Mapping[str, Any]) -> dict[str, float]:
    """What only films tell of a hit, from its properties: each where it is told.

    `moving_mps`: the speed over the ground of what moves there; `drifting`: the median over the films' frames of the
    share (0 to 1) of smoke's or dust's box that keeps moving.
    """
    shares = [e["motion"] for e in props.get("evidence", ()) if e.get("motion") is not None]
    speed = {} if props.get("moving_mps") is None else {"moving_mps": props["moving_mps"]}
    return {**speed, **({"drifting": median(shares)} if shares else {})}


def hits_csv(collection: Mapping[str, Any], columns: Columns = HIT_COLUMNS) -> bytes:
    """hits.csv: UTF-8 with BOM, so that spreadsheets read the Chinese; `score` reads it back."""
    names = [name for name, _ in columns]
    rows = ([_csv_cell(name, row[name]) for name in names] for row in hit_rows(collection))
    return csv_bytes(names, rows)


def skipped_csv(skipped: Iterable[Skipped]) -> bytes:
    """skipped.csv: every frame that was not used, and why."""
    return csv_bytes(["frame_id", "reason"], ([text_cell(s.frame_id), text_cell(s.reason)] for s in skipped))


def csv_bytes(names: Sequence[str], rows: Iterable[Sequence[Cell]]) -> bytes:
    """A CSV file: UTF-8 with BOM, CRLF as RFC 4180 says; cells as they are."""
    out = io.StringIO(newline="")
    writer = csv.writer(out)
    writer.writerow(names)
    writer.writerows(rows)
    return out.getvalue().encode("utf-8-sig")


def _csv_cell(name: str, value: Cell) -> Cell:
    if isinstance(value, str):
        return text_cell(value)
    if name in ("lat_deg", "lon_deg") and value is not None:
        return f"{value:.9f}"
    return value


def headings(columns: Columns = HIT_COLUMNS) -> list[str]:
    """Chinese and English headings of the hit table, in the order of its columns."""
    own = {"class_zh": "类别名称 Class in Chinese", "verdict_zh": "核查结论 Verdict in Chinese"}
    return [own.get(name) or both(key) for name, key in columns]
