"""A small contest with real targets for tests: sealed, flown, closed, revealed, marks and panel sheets in."""

from __future__ import annotations

import csv
import hashlib
import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from pipeline.contest.approvals import approved
from pipeline.contest.draws import commit_draw, run_draw
from pipeline.contest.folder import Contest, changing
from pipeline.contest.intake.submit import submit
from pipeline.contest.judging.fields import close_field, open_field
from pipeline.contest.keys import TEST_COST, Signer
from pipeline.contest.marks import enter_marks
from pipeline.contest.panels import enter_sheet, open_panel
from pipeline.contest.people import register_entrants, register_official
from pipeline.contest.truth.commitments import Sealing, commitment, merkle_root
from pipeline.contest.truth.plain import plain_target, truth_digest
from pipeline.score.canonical import canonical_json
from pipeline.types import GeoPoint, Target
from tests.contest.making import ENTRANTS, PASSPHRASE, Officials, Ticks

DEGREE_M = 111_000
PLAN = """\
schema_version = 1
[contest]
name = "测试竞赛"
organiser = "测试"
[limits]
submissions = 3
[[leg]]
id = "drone"
title = "无人机"
kind = "drone"
weight = 50
entrants = "team"
for_persons = true
rules = "rules.toml"
fields = ["A", "B"]
[[leg]]
id = "theory"
title = "理论"
kind = "marks"
weight = 30
entrants = "person"
team_from = "mean"
max = 100
[[leg]]
id = "papers"
title = "案卷"
kind = "panel"
weight = 20
entrants = "team"
judges = 3
combine = "trimmed"
outlier_ppm = 150000
[[leg.items]]
id = "facts"
title = "事实"
max = 60
[[leg.items]]
id = "law"
title = "法律"
max = 40
[[manual]]
id = "crash"
title = "坠毁"
leg = "drone"
points_u = -20000000
most = 1
[[manual]]
id = "report"
title = "汇报"
leg = "drone"
points_u = 2000000
most = 3
[appeals]
window_ms = 7200000
decide_ms = 86400000
[tables]
individual = true
[source]
limits = "t"
"leg.drone" = "t"
"leg.theory" = "t"
"leg.papers" = "t"
"manual.crash" = "t"
"manual.report" = "t"
appeals = "t"
tables = "t"
"""
RULES = 'schema_version = 1\nname = "test"\nnotice = ""\nevidence = false\n'


def write_plan(folder: Path, rules: str = RULES) -> Path:
    folder.mkdir()
    (folder / "rules.toml").write_text(rules, "utf-8")
    (folder / "contest.toml").write_text(PLAN, "utf-8")
    return folder / "contest.toml"


def targets(field: str, r90_m: float | None = 2.0) -> tuple[Target, ...]:
    """Ten targets 100 m apart in a row, and an area where hits do not count."""
    south = 34.70 if field == "A" else 34.72
    real = [Target(f"{field}{n:02d}", "outfall/industrial" if n % 3 else "dust", GeoPoint(south, 113.60 + n * 0.0012),
                   weight=1 + n % 2, r90_m=r90_m) for n in range(10)]  # fmt: skip
    ring = tuple((south + dy, 113.60 + dx) for dx, dy in ((0, 0.01), (0.001, 0.01), (0.001, 0.011), (0, 0.01)))
    area = Target("", "ignore", GeoPoint(south + 0.0103, 113.6009), kind="ignore", polygons=((ring,),))
    return (*real, area)


class Truths:
    """Seals with real commitments, and reveals, without a vault."""

    def __init__(self) -> None:
        self.kept: dict[tuple[str, str], bytes] = {}

    def seal(self, contest: Contest, leg: str, field: str, hidden: Sequence[Target], surveyors: Sequence[Signer],
             holders: Sequence[str], desk: Signer, now_ms: int) -> None:  # fmt: skip
        sealing = Sealing(contest.state.id, leg, field, contest.state.rules_objects[leg])
        salts = [hashlib.sha256(f"{leg}{field}{n}".encode()).hexdigest() for n in range(len(hidden))]
        entries = [{"decoy": False, "salt": s, "target": plain_target(t)} for s, t in zip(salts, hidden, strict=True)]
        listed = sorted(commitment(sealing, bytes.fromhex(e["salt"]), e["target"]) for e in entries)
        plain = sealing.plain()
        self.kept[leg, field] = canonical_json(
            {**plain, "format": "qianliyan-reveal-1", "targets": entries, "truth_salt": "ab" * 32}
        )
        published = canonical_json({**plain, "format": "qianliyan-commitments-1", "commitments": listed})
        told = truth_digest(bytes.fromhex("ab" * 32), [e["target"] for e in entries])
        survey = {"leg": leg, "field": field, "truth_digest": told}
        signed = approved(surveyors, contest.state.id, "survey", survey)
        surveyed = signed.pop("approved")
        body = {"leg": leg, "field": field, "count": len(listed), "root": merkle_root(listed),
                "commitments": contest.store(published), "vault_sha256": "cd" * 32, "survey": signed,
                "surveyed": surveyed, "holders": list(holders), "rules_digest": sealing.rules_digest}  # fmt: skip
        contest.append("seal", body, desk, now_ms)

    def reveal(self, contest: Contest, leg: str, field: str, desk: Signer, now_ms: int) -> None:
        body = {"leg": leg, "field": field, "object": contest.store(self.kept[leg, field])}
        contest.append("reveal", body, desk, now_ms)


def hit_list(field: str, off_m: float, count: int, extras: int = 0) -> bytes:
    """The first `count` targets of a field, each `off_m` to the north, and hits where nothing is."""
    features: list[dict[str, Any]] = []
    for n, t in enumerate(targets(field)[:count]):
        at = [t.at.lon_deg, t.at.lat_deg + off_m / DEGREE_M]
        features.append(_feature(f"h{n}", t.label, at))
    features += [_feature(f"x{n}", "dust", [113.58, 34.70 + n * 0.001]) for n in range(extras)]
    return json.dumps({"type": "FeatureCollection", "features": features}).encode()


def _feature(ident: str, label: str, at: list[float]) -> dict[str, Any]:
    return {"type": "Feature", "geometry": {"type": "Point", "coordinates": at},
            "properties": {"id": ident, "class": label}}  # fmt: skip


FLOWN = {"T01": (1.0, 10, 0), "T02": (6.0, 9, 1), "T03": (6.5, 9, 1)}  # metres off, targets found, extras


@contextmanager
def founded(folder: Path, plan: Path, officials: Officials, tick: Ticks) -> Iterator[Contest]:
    """A new contest with officials and entrants, open for changes."""
    Contest.create(folder, plan, PASSPHRASE, tick(), cost=TEST_COST, contest_id="testcontest1")
    with changing(folder) as made:
        desk = made.desk(PASSPHRASE)
        roles = (("judge", officials.judges), ("keyholder", officials.holders), ("surveyor", officials.surveyors))
        for role, signers in roles:
            for signer in signers:
                register_official(made, officials.files[signer.name], signer.name, role, desk, tick())
        listed = plan.parent / "entrants.csv"
        listed.write_text(ENTRANTS, "utf-8")
        register_entrants(made, listed, desk, tick())
        yield made


def bring_to_close(contest: Contest, truths: Truths, officials: Officials, desk: Signer, tick: Ticks,
                   folder: Path, flown: dict[str, tuple[float, int, int]] = FLOWN) -> None:  # fmt: skip
    """Draw, seal, open, submit, close, reveal, marks and panel sheets."""
    secret = commit_draw(contest, "drone", desk, tick(), secret=hashlib.sha256(b"x").hexdigest())
    run_draw(contest, "drone", secret, ["1", "2"], desk, tick())
    holders = [h.name for h in officials.holders]
    for field in "AB":
        truths.seal(contest, "drone", field, targets(field), officials.surveyors, holders, desk, tick())
        open_field(contest, "drone", field, desk, tick())
    for team, told in flown.items():
        path = folder / f"{team}.geojson"
        path.write_bytes(hit_list(contest.state.assignment["drone", team], *told))
        submit(contest, "drone", team, path, desk, tick())
    for field in "AB":
        close_field(contest, "drone", field, desk, tick())
    for field in "AB":
        truths.reveal(contest, "drone", field, desk, tick())
    enter_marks(contest, "theory", marks_file(folder, contest), desk, tick())
    for team in contest.state.teams:
        for n, judge in enumerate(officials.judges[:3]):
            enter_sheet(contest, "papers", team, judge, [40 + 3 * n, 30 + int(team[-1])], desk, tick())
    open_panel(contest, "papers", officials.judges[:3], desk, tick())


def marks_file(folder: Path, contest: Contest, **points: int) -> Path:
    path = folder / "theory.csv"
    with path.open("w", encoding="utf-8", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(["entrant", "points"])
        for n, person in enumerate(sorted(contest.state.persons)):
            rows.writerow([person, points.get(person, 60 + 5 * n)])
    return path
