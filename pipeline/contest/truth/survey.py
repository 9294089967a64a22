"""Truth in: controllers' files become TRUTH. Two occupations a target, checked, and their mean taken."""

from __future__ import annotations

import math
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from pipeline.contest.truth import cells
from pipeline.contest.truth.facts import FACTS, read_details, target_facts
from pipeline.contest.truth.folder import Truth, new_truth, write_truth
from pipeline.contest.truth.grids import Grid, read_crs, to_degrees
from pipeline.contest.truth.occupations import Mean, Occupation, means, offset_m
from pipeline.contest.truth.places import check_outside
from pipeline.contest.truth.plain import Area, check_inside, plain_target, target_of
from pipeline.contest.truth.reading import Line, Table, read_table
from pipeline.contest.truth.truth_sheet import truth_sheet
from pipeline.errors import ContestError, ScoreError
from pipeline.score.targets import ordered, read_targets
from pipeline.types import GeoPoint, Target
from pipeline.words import Lang

AGREE_M = 20.0  # between a row's grid coordinates and its own latitude and longitude


def import_targets(
    files: Sequence[Path],
    out: Path,
    crs: str,
    *,
    areas: Path | None = None,
    details: Path | None = None,
    area: Area | None = None,
    tz: str = "Asia/Shanghai",
    salt: bytes | None = None,
    lang: Lang = "zh",
) -> Truth:
    """Read a survey and write TRUTH at `out`, which must not exist yet or be empty.

    files: CSV or XLSX exports with two independent occupations of each target among them all; crs: see
    `grids.read_crs`; areas: GeoJSON of ignore areas, and of targets that are areas; details: a table of class,
    weight, r90 and visible windows by point name; area: west, south, east, north that every target lies in;
    tz: of times without an offset; salt: 32 random bytes, drawn here unless a test gives them; lang: of sheet.pdf.

    Raises:
        ContestError: a file, row or target is not what it must be; the sentence never holds a coordinate.
    """
    check_outside(out, "the plain truth")
    _check_free(out)
    grid, zone = read_crs(crs), _zone(tz)
    tables = [read_table(Path(f)) for f in files]
    _check_columns(tables, grid)
    found = means([_occupation(line, table, grid, zone) for table in tables for line in table.lines])
    targets = _with_areas(_points(found, details, zone), areas)
    if area is not None:
        check_inside(targets, area)
    truth = new_truth(out, salt or secrets.token_bytes(32), targets, _facts(found, tables, grid, tz))
    sheet, warnings = truth_sheet(truth, lang)
    write_truth(truth, sheet)
    return replace(truth, warnings=tuple(warnings))


def _check_free(out: Path) -> None:
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise ContestError(f"{out}: is there already and not empty; a survey is never overwritten")


def _zone(tz: str) -> ZoneInfo:
    try:
        return ZoneInfo(tz)
    except (KeyError, ValueError, OSError):
        raise ContestError(f"{tz!r} is not a time zone; say for example Asia/Shanghai") from None


def _check_columns(tables: Sequence[Table], grid: Grid) -> None:
    """The columns that the coordinate system needs, in each file."""
    wanted, other = ({"lat", "lon"}, {"north", "east"}) if not grid.width_deg else ({"north", "east"}, {"lat", "lon"})
    for table in tables:
        if not wanted <= table.columns:
            there = "; it has the other kind of coordinates, so give another crs" if other <= table.columns else ""
            raise ContestError(f"{table.file}: no columns for {' and '.join(sorted(wanted))}{there}")


def _occupation(line: Line, table: Table, grid: Grid, zone: ZoneInfo) -> Occupation:
    if "status" in table.columns and not cells.is_fixed(line):
        raise line.wrong("is not a fixed solution (固定解)")
    lat_deg, lon_deg = _place(line, grid)
    lengths = {c: cells.millimetres(line, c, c in table.millimetres) for c in ("vrms", "height")}
    return Occupation(
        name=cells.plain_name(line),
        file=line.file,
        row=line.number,
        lat_deg=lat_deg,
        lon_deg=lon_deg,
        height_mm=lengths["height"],
        hrms_mm=cells.hrms_mm(line, "hrms" in table.millimetres),
        vrms_mm=lengths["vrms"],
        t_ms=cells.time_ms(line, zone),
        fixed="status" in table.columns,
        facts={k: line.cells[k] for k in FACTS if k in line.cells},
    )


def _place(line: Line, grid: Grid) -> tuple[float, float]:
    if not grid.width_deg:
        return cells.latitude_longitude(line)
    north_m, east_m = cells.number(line, "north"), cells.number(line, "east")
    try:
        found = to_degrees(grid, north_m, east_m)
    except ContestError as why:
        raise line.wrong(str(why)) from None
    if {"lat", "lon"} <= line.cells.keys():
        told = cells.latitude_longitude(line)
        if math.hypot(*offset_m(found, told)) > AGREE_M:
            raise line.wrong("its grid coordinates and its latitude and longitude are two places: is the crs right?")
    return found


def _points(found: Sequence[Mean], details: Path | None, zone: ZoneInfo) -> list[Target]:
    known = read_details(details, {m.name for m in found})
    return [_target(mean, known.get(mean.name, {}), zone) for mean in found]


def _target(mean: Mean, details: Mapping[str, str], zone: ZoneInfo) -> Target:
    facts = target_facts(mean, details, zone)
    return target_of(plain_target(Target(id=mean.name, at=GeoPoint(mean.lat_deg, mean.lon_deg), **facts)))


def _with_areas(points: Sequence[Target], areas: Path | None) -> tuple[Target, ...]:
    try:
        shapes = () if areas is None else read_targets(areas)
        if any(not t.polygons for t in shapes):
            raise ContestError(f"{areas}: holds a point; points need two occupations from survey files")
        targets = ordered([*points, *(target_of(plain_target(t)) for t in shapes)], "the survey")
    except ScoreError as why:
        raise ContestError(str(why)) from None
    if not any(t.kind == "target" for t in targets):
        raise ContestError("the survey holds no target")
    return targets


def _facts(found: Sequence[Mean], tables: Sequence[Table], grid: Grid, tz: str) -> dict[str, Any]:
    """How it was measured, for the sheet and for whoever asks later."""
    return {
        "crs": grid.text,
        "tz": tz,
        "files": [{"name": t.file, "rows": len(t.lines), "sha256": t.sha256} for t in tables],
        "measured": [_measured(m) for m in found],
    }


def _measured(mean: Mean) -> dict[str, Any]:
    return {
        "id": mean.name,
        "apart_mm": mean.apart_mm,
        "north_mm": mean.north_mm,
        "east_mm": mean.east_mm,
        "up_mm": mean.up_mm,
        "occupations": [
            {"file": o.file, "row": o.row, "t_ms": o.t_ms, "fixed": o.fixed, "hrms_mm": o.hrms_mm, "vrms_mm": o.vrms_mm}
            for o in mean.pair
        ],
    }
