"""What `qianliyan ingest` shows."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import asdict
from typing import Any

import typer

from pipeline.cli import show
from pipeline.types import Frame, Mission, iso_utc

MOST_ROWS = 60


def show_mission(mission: Mission, as_json: bool) -> None:
    """Print a mission: a table for people, or one JSON object a line (frames, then skipped files, then the summary)."""
    if as_json:
        for line in _json_lines(mission):
            typer.echo(json.dumps(line, ensure_ascii=False))
        return
    heads = (
        "照片 photo",
        "时间 UTC",
        "位置 lat, lon",
        "高 alt m",
        "姿态 yaw/pitch/roll",
        "焦距 f px",
        "镜头 lens",
        "问题 problem",
    )
    show.table(f"{mission.root}: {len(mission.frames)} 张 photos", heads, [_row(f) for f in mission.frames[:MOST_ROWS]])
    if len(mission.frames) > MOST_ROWS:
        show.say(f"… {len(mission.frames) - MOST_ROWS} more; --json lists them all")
    counts = Counter(source for f in mission.frames for source in f.sources)
    rows = [(part, source, n) for (part, source), n in sorted(counts.items())]
    show.table("位姿来源 where each part of the pose came from", ("部分 part", "来源 source", "张数 photos"), rows)
    for warning in mission.warnings:
        show.say(f"注意 warning: {warning}")
    for skipped in mission.skipped:
        show.say(f"跳过 skipped: {skipped.frame_id}: {skipped.reason.removeprefix(f'{skipped.frame_id}: ')}")


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
