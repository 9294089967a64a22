"""A Score as a file to keep (RESULT.json) and as a sheet to read."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from pipeline.types import Match, Score, points_text

HEADINGS = ("目标 Target", "点位 Hit", "距离 Distance (m)", "发现 Find", "定位 Location", "类别 Class",
            "证据 Evidence", "合计 Total")  # fmt: skip
CALIBRATION = "标定 Calibration"


@dataclass(frozen=True, slots=True)
class ScoreTable:
    """Plain text cells: one row a pair, then one a missed target, an extra hit, an ignored hit."""

    title: str
    notice: str
    headings: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    summary: tuple[tuple[str, str], ...]


def result(score: Score) -> dict[str, Any]:
    """RESULT.json: integers, strings, booleans and None only. `docs/schemas/result.schema.json` describes it."""
    whole = asdict(score)
    whole["pairs"] = list(whole["pairs"])
    for name in ("missed", "extra", "ignored", "warnings"):
        whole[name] = list(whole[name])
    return {"schema_version": 1, **whole}


def score_table(score: Score) -> ScoreTable:
    """The sheet, with a column for calibration where it brought points.

    Points have two decimals, rounded half up; parts of a pair are in weights (1.00: the whole target).
    """
    calibrated = any(m.calibration_u for m in score.pairs)
    headings = (*HEADINGS[:-1], CALIBRATION, HEADINGS[-1]) if calibrated else HEADINGS
    empty = [""] * (len(headings) - 3)
    rows = [_row(m, calibrated) for m in score.pairs]
    rows += [(t, "漏检 missed", "", *empty) for t in score.missed]
    rows += [("多报 extra", h, "", *empty) for h in score.extra]
    rows += [("不计 ignored", h, "", *empty) for h in score.ignored]
    return ScoreTable(f"评分表 Score ({score.rules})", score.notice, headings, tuple(rows), _summary(score))


def _row(match: Match, calibrated: bool) -> tuple[str, ...]:
    parts = [match.find_u, match.location_u, match.class_u, match.evidence_u]
    parts += [match.calibration_u, match.points_u] if calibrated else [match.points_u]
    return (match.target, match.hit, metres_text(match.distance_mm), *map(points_text, parts))


def _summary(score: Score) -> tuple[tuple[str, str], ...]:
    s = score.statistics
    doubt = "" if s["reliable"] else "（样本过少 too few to rely on）"
    return (
        ("得分 Points", f"{points_text(score.points_u)} / {points_text(score.points_max_u)}"),
        ("找到 Found", str(len(score.pairs))),
        ("漏检 Missed", str(len(score.missed))),
        ("多报 Extra", str(len(score.extra))),
        ("不计 Ignored", str(len(score.ignored))),
        ("精确率 Precision", percent_text(s["precision_ppm"])),
        ("召回率 Recall", percent_text(s["recall_ppm"])),
        ("CE50 (m)", metres_text(s["ce50_mm"])),
        ("CE90 (m)", metres_text(s["ce90_mm"]) + (doubt if s["ce90_mm"] is not None else "")),
        ("偏差 东/北 Bias east/north (m)", f"{metres_text(s['bias_east_mm'])} / {metres_text(s['bias_north_mm'])}"),
    )


def metres_text(length_mm: int | None) -> str:
    """Millimetres as metres with two decimals, rounded half up; "none" where there is nothing."""
    return points_text(None if length_mm is None else length_mm * 1_000)


def percent_text(ppm: int | None) -> str:
    """Millionths as per cent with one decimal, rounded half up."""
    if ppm is None:
        return "none"
    tenths = (ppm + 500) // 1_000
    return f"{tenths // 10}.{tenths % 10} %"
