"""What `qianliyan ingest` shows."""

from __future__ import annotations

import json
import math
from collections import Counter
from dataclasses import asdict
from typing import Any

import typer

from pipeline.cli import show
from pipeline.types import ClockFit, Frame, LogFacts, Mission, iso_utc

MOST_ROWS = 60
METHODS = {
    "sequence numbers": "照片编号 sequence numbers",
    "triggers": "曝光记录 triggers",
    "EXIF GPS": "照片定位 EXIF GPS",
    "mission file": "任务文件 mission file",
    "times as they stand": "直接采用照片时间（假定） times as they stand",
}


def show_mission(mission: Mission, as_json: bool) -> None:
    """Print a mission: tables for people, or one JSON object a line (frames, skipped files, logs, clocks, summary)."""
    if as_json:
        for line in _json_lines(mission):
            typer.echo(json.dumps(line, ensure_ascii=False))
        return
    if mission.frames or not mission.logs:
        _show_frames(mission)
    _show_logs(mission)
    for warning in mission.warnings:
        show.say(f"注意 warning: {warning}")
    for skipped in mission.skipped:
        show.say(f"跳过 skipped: {skipped.frame_id}: {skipped.reason.removeprefix(f'{skipped.frame_id}: ')}")


def _show_logs(mission: Mission) -> None:
    if mission.logs:
        heads = (
            "日志 log", "格式 kind", "时间 UTC", "位置 positions", "姿态 attitudes", "云台 gimbal", "曝光 triggers",
            "时钟 clock", "σ s", "漂移 drift ppm",
        )  # fmt: skip
        show.table("飞行日志 flight logs", heads, [_log_row(x) for x in mission.logs])
    if mission.clocks:
        titles = (
            "日志 log", "照片钟−日志 photos − log s", "σ s", "漂移 drift ppm", "方法 method", "照片 photos",
            "残差 residuals: median / 90 % / max", "未配照片 photos without", "未配曝光 triggers without",
        )  # fmt: skip
        show.table("时钟对齐 cameras' clocks against the logs'", titles, [_clock_row(c) for c in mission.clocks])
    for fit in mission.clocks:
        if fit.ambiguous:
            show.say(f"歧义 ambiguous: {fit.log}: {fit.ambiguous}")
    for log in mission.logs:
        for fault in log.faults:
            show.say(f"日志问题 in {log.id}: {fault}")


def _log_row(log: LogFacts) -> tuple[Any, ...]:
    span = f"{iso_utc(log.start_ns)} … {iso_utc(log.end_ns)}" if log.start_ns is not None else "未知 unknown"
    sigma = "" if log.clock_sigma_s is None else f"{log.clock_sigma_s:.3f}"
    counts = (log.positions, log.attitudes, log.gimbal, log.triggers)
    return (log.id, log.kind, span, *counts, log.clock, sigma, f"{log.drift_ppm:+.1f}")


def _clock_row(fit: ClockFit) -> tuple[Any, ...]:
    three = (fit.residual_median, fit.residual_p90, fit.residual_max)
    told = all(map(math.isfinite, three))
    residuals = " / ".join(f"{r:.3f}" for r in three) + f" {fit.residual_unit}" if told else "无 none"
    return (
        fit.log, f"{fit.photos_minus_log_s:+.3f}", f"{fit.sigma_s:.3f}", f"{fit.drift_ppm:+.1f}",
        METHODS.get(fit.method, fit.method), fit.photos, residuals, fit.unmatched_photos, fit.unmatched_triggers,
    )  # fmt: skip


def _show_frames(mission: Mission) -> None:
    heads = (
        "照片 frame",
        "时间 UTC",
        "位置 lat, lon",
        "高 alt m",
        "姿态 yaw/pitch/roll",
        "焦距 f px",
        "镜头 lens",
        "问题 problem",
    )
    show.table(f"{mission.root}: {len(mission.frames)} 张 frames", heads, [_row(f) for f in mission.frames[:MOST_ROWS]])
    if len(mission.frames) > MOST_ROWS:
        show.say(f"… {len(mission.frames) - MOST_ROWS} more; --json lists them all")
    counts = Counter(source for f in mission.frames for source in f.sources)
    rows = [(part, source, n) for (part, source), n in sorted(counts.items())]
    show.table("位姿来源 where each part of the pose came from", ("部分 part", "来源 source", "张数 frames"), rows)


def _row(f: Frame) -> tuple[Any, ...]:
    at, attitude = (f.pose.at, f.pose.attitude) if f.pose else (None, None)
    return (
        f.id,
        iso_utc(f.pose.t_ns) if f.pose and f.pose.t_ns is not None else "",
        f"{at.lat_deg:.7f}, {at.lon_deg:.7f}" if at else "",
        f"{at.alt_m:.2f}" if at else "",
        f"{attitude.yaw_deg:.1f}/{attitude.pitch_deg:.1f}/{attitude.roll_deg:.1f}" if attitude else "",
        f"{f.camera.fx_px:.0f}" if f.camera else "",
        f.lens,
        f.problem,
    )


def _json_lines(mission: Mission) -> list[dict[str, Any]]:
    lines = [{"kind": "frame", **asdict(f), "sources": dict(f.sources)} for f in mission.frames]
    lines += [{"kind": "skipped", **asdict(s)} for s in mission.skipped]
    lines += [
        {"kind": "log", "format": x.kind, **{k: v for k, v in asdict(x).items() if k != "kind"}} for x in mission.logs
    ]
    lines += [{"kind": "clock", **_finite(asdict(c))} for c in mission.clocks]
    summary = {
        "kind": "mission",
        "root": mission.root,
        "name": mission.name,
        "meta": dict(mission.meta),
        "frames": len(mission.frames),
        "ground": asdict(mission.ground),
        "warnings": list(mission.warnings),
    }
    return [*lines, summary]


def _finite(values: dict[str, Any]) -> dict[str, Any]:
    """With null where a number is none: JSON knows no NaN."""
    return {k: None if isinstance(v, float) and not math.isfinite(v) else v for k, v in values.items()}
