"""The papers of a rehearsed contest: its plan, its list of entrants, its sheets of marks."""

from __future__ import annotations

import random
from collections.abc import Sequence
from pathlib import Path

from pipeline.rehearse.world import AREA

FLIGHT, RECORDS, THEORY = "flight", "records", "theory"
FIELDS = ("A", "B")
JUDGES = ("赵评委", "钱评委", "孙评委")
HOLDERS = ("李保管", "周保管", "吴保管")
SURVEYORS = ("郑测绘", "王测绘")
ITEMS = (("procedure", 40), ("record", 40), ("manners", 20))
PAPER_MAX = 100
_SOURCE = "rehearsal: made up, no contest's official number"


def write_plan(path: Path, submissions: int) -> Path:
    """A plan with a drone leg on two fields, a panel and a written test."""
    path.parent.mkdir(parents=True, exist_ok=True)
    items = ", ".join(f'{{ id = "{i}", title = "{i}", max = {most} }}' for i, most in ITEMS)
    path.write_text(PLAN.format(submissions=submissions, items=items, source=_SOURCE, **AREA), encoding="utf-8")
    return path


def team_ids(teams: int) -> list[str]:
    """T01, T02, …"""
    return [f"T{n:02d}" for n in range(1, teams + 1)]


def person_ids(team: str) -> list[str]:
    """Two persons a team."""
    return [f"{team}-{n}" for n in (1, 2)]


def write_entrants(path: Path, teams: Sequence[str]) -> Path:
    """The list of teams and persons."""
    rows = [
        f"{t},第{int(t[1:])}支队,{_CITIES[n % len(_CITIES)]}市生态环境执法支队,{p},队员{p}"
        for n, t in enumerate(teams)
        for p in person_ids(t)
    ]
    path.write_text("\n".join(("team,team_name,organisation,person,person_name", *rows, "")), encoding="utf-8")
    return path


def write_marks(path: Path, teams: Sequence[str], seed: int) -> Path:
    """A mark for every person's written test."""
    r = random.Random(f"marks/{seed}")
    rows = [f"{p},{r.randint(120, 2 * PAPER_MAX) / 2}" for t in teams for p in person_ids(t)]
    path.write_text("\n".join(("entrant,points", *rows, "")), encoding="utf-8")
    return path


def panel_marks(team: str, judge: str, seed: int) -> list[int]:
    """What a judge writes on a team's sheet."""
    r = random.Random(f"panel/{seed}/{team}/{judge}")
    return [r.randint(most // 2, most) for _, most in ITEMS]


_CITIES = ("郑州", "洛阳", "开封", "南阳", "新乡", "安阳", "许昌", "商丘", "焦作", "濮阳", "平顶山", "信阳")
PLAN = """# A rehearsal of Qianliyan's contest. The numbers are examples.
[contest]
name = "千里眼竞赛演练"
organiser = "演练组委会"
tz = "Asia/Shanghai"

[area]
west = {west}
south = {south}
east = {east}
north = {north}

[limits]
submissions = {submissions}
hits = 200
bytes = 8388608

[[leg]]
id = "flight"
title = "无人机排查"
kind = "drone"
weight = 60
entrants = "team"
for_persons = true
rules = "drill-example"
fields = ["A", "B"]
flight_ms = 1500000
analysis_ms = 5400000

[[leg]]
id = "records"
title = "执法文书"
kind = "panel"
weight = 20
entrants = "team"
for_persons = true
judges = 3
combine = "trimmed"
outlier_ppm = 200000
items = [{items}]

[[leg]]
id = "theory"
title = "理论考试"
kind = "marks"
weight = 20
entrants = "person"
team_from = "mean"
max = 100

[[manual]]
id = "out-of-bounds"
title = "飞出作业区"
leg = "flight"
points_u = -5000000
most = 2

[appeals]
window_ms = 3600000
decide_ms = 7200000

[tables]
individual = true

[source]
limits = "{source}"
appeals = "{source}"
tables = "{source}"
"leg.flight" = "{source}"
"leg.records" = "{source}"
"leg.theory" = "{source}"
"manual.out-of-bounds" = "{source}"
"""
