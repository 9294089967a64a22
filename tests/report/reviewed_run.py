"""A run folder on disk with reviews beside it: one hit confirmed, one rejected, one moved, and a pin."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from pipeline.files import write_json_atomic
from pipeline.report import hit_features, write_run
from pipeline.report.pins import pin_entry
from pipeline.report.review_entries import review_entry
from pipeline.report.reviews import append_review
from pipeline.types import HitList, Mission

WHEN = datetime(2026, 5, 1, 8, 0, 0, tzinfo=UTC)
MOVED_TO = [113.500123456, 34.900123456]
NASTY = '=HYPERLINK("http://x")\n#pagebreak() #read("/etc/passwd") *粗* <script>alert(1)</script> $x^2$ \\ `r` @a'


def make_run(folder: Path, world: tuple[Mission, HitList], comment: str = NASTY, who: str = "@王") -> Path:
    """RUN and RUN.reviews; the run folder has no frames.json, as one that another program wrote."""
    folder.mkdir(parents=True)
    mission, hits = world
    write_run(folder, mission, hits)
    facts: dict[str, Any] = {"software": "qianliyan 0", "models": {"detector": "marker", "digest": "ab" * 32}}
    write_json_atomic(folder / "provenance.json", {**facts, "ground": {"dem": "C:\\地形\\dem.tif"}})
    first, second, third = hit_features(*world)["features"]
    say(folder, first, "confirmed", "王")
    say(folder, second, "rejected", "王", note="屋顶反光")
    say(folder, third, "moved", "李", {"coordinates": MOVED_TO, "r90_m": 1.25})
    say(folder, third, "reclassed", "李", "outfall/discharging")
    say(folder, third, "commented", who, note=comment)
    pinned = next(h for h in hits.hits if h.id == "h000002")
    pin = replace(pinned, id="p000001", origin="officer")
    append_review(folder, pin_entry(folder, mission.frames[1], pin, "赵", "岸边焚烧", when=WHEN))
    return folder


def say(run: Path, feature: dict[str, Any], verdict: str, who: str, value: Any = None, note: str = "") -> None:
    append_review(run, review_entry(feature, verdict, who, value, note, WHEN))
