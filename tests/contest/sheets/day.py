"""A whole small contest on the example plan: twenty targets a field, three teams, every kind of event on a sheet."""

from __future__ import annotations

import csv
import hashlib
import json
import math
import random
from pathlib import Path
from typing import Any

from pipeline.contest.clocks import clock
from pipeline.contest.draws import commit_draw, run_draw
from pipeline.contest.folder import Contest, changing
from pipeline.contest.intake.cards import Manifest, Original, take_card
from pipeline.contest.intake.submit import submit
from pipeline.contest.judging.fields import close_field, open_field
from pipeline.contest.judging.judged import judge_first
from pipeline.contest.judging.rejudge import propose
from pipeline.contest.keys import TEST_COST
from pipeline.contest.manual import manual_event, overrule
from pipeline.contest.marks import enter_marks
from pipeline.contest.panels import enter_sheet, open_panel
from pipeline.contest.people import register_entrants, register_official
from pipeline.contest.plan import EXAMPLE
from pipeline.types import GeoPoint, Target
from tests.contest.judging.conftest import Truths
from tests.contest.making import ENTRANTS, PASSPHRASE, Officials, Ticks

SOUTH, WEST = {"A": 34.70, "B": 34.74}, 113.60
NORTH_M, EAST_M = 110_940.0, 111_320.0 * math.cos(math.radians(34.7))
CLASSES = ("outfall/industrial", "outfall/domestic", "dust", "smoke/straw", "marker")
NASTY = '=HYPERLINK("http://x") <script>alert(1)</script>“#sym.crossmark” *b* $x$'


def place(field: str, east_m: float, north_m: float) -> tuple[float, float]:
    """(lat, lon) of a place on a field, metres from its corner."""
    return SOUTH[field] + north_m / NORTH_M, WEST + east_m / EAST_M


def targets(field: str) -> tuple[Target, ...]:
    """Twenty targets at least 60 m apart, one of them an area, and an ignore area in the north-east."""
    rng, spots = random.Random(field), []
    while len(spots) < 20:
        spot = rng.uniform(0, 900), rng.uniform(0, 600)
        if all(math.dist(spot, other) > 60 for other in spots):
            spots.append(spot)
    found = [
        Target(f"{field}{n:02d}", rng.choice(CLASSES), GeoPoint(*place(field, *spot)), weight=rng.choice((1, 1, 2)),
               r90_m=4.0)
        for n, spot in enumerate(spots, start=1)
    ]  # fmt: skip
    ring = tuple(place(field, 950 + x, 500 + y) for x, y in ((0, 0), (100, 0), (100, 80), (0, 80), (0, 0)))
    ignored = Target("", "ignore", GeoPoint(*place(field, 1000, 540)), kind="ignore", polygons=((ring,),))
    return (*found, ignored)


def photo(team: str, number: int) -> str:
    """The SHA-256 of one of a team's originals."""
    return hashlib.sha256(f"{team} {number}".encode()).hexdigest()


def hit_list(team: str, field: str, off_m: float, found: int, extras: int, t_ms: int) -> bytes:
    """Most targets some metres off with evidence, a few hits where nothing is, some in the ignore area."""
    rng, features = random.Random(team), []
    for n, target in enumerate(targets(field)[:found]):
        lat = target.at.lat_deg + rng.gauss(0, off_m) / NORTH_M
        lon = target.at.lon_deg + rng.gauss(0, off_m) / EAST_M
        label = rng.choice(CLASSES) if n % 5 == 4 else target.label
        inside = [50, 50] if n % 7 != 6 else [500, 50]
        entry = {"sha256": photo(team if n % 6 != 5 else "T99", n), "point_px": inside, "crop_px": [0, 0, 100, 100],
                 "t": _iso(t_ms)}  # fmt: skip
        features.append(_feature(f"h{n:02d}", label, lat, lon, r90_m=round(rng.uniform(1, 8), 1), evidence=[entry]))
    for n in range(extras):
        spot = place(field, 960 + 10 * n, 520) if n < 2 else place(field, rng.uniform(0, 900), rng.uniform(0, 600))
        features.append(_feature(f"x{n:02d}", "dust", *spot))
    return json.dumps({"type": "FeatureCollection", "features": features}).encode()


def _iso(t_ms: int) -> str:
    from pipeline.types import iso_utc

    return str(iso_utc(t_ms * 1_000_000))


def _feature(ident: str, label: str, lat: float, lon: float, **more: Any) -> dict[str, Any]:
    return {"type": "Feature", "geometry": {"type": "Point", "coordinates": [lon, lat]},
            "properties": {"id": ident, "class": label, **more}}  # fmt: skip


FLOWN = {"T01": (2.0, 18, 3), "T02": (6.0, 16, 6), "T03": (6.0, 16, 5)}  # metres off, targets, further hits


def play(root: Path, officials: Officials, team_name: str = "郑州一队") -> Contest:
    """From the folder to the first results, and a rejudge that is only proposed."""
    tick, truths = Ticks(), Truths()
    Contest.create(root / "竞赛", EXAMPLE, PASSPHRASE, tick(), cost=TEST_COST, contest_id="sheetcontest")
    with changing(root / "竞赛") as contest:
        desk = contest.desk(PASSPHRASE)
        _register(contest, root, officials, team_name, desk, tick)
        run_draw(contest, "drone", commit_draw(contest, "drone", desk, tick(), secret="ab" * 32), ["1"], desk, tick())
        for field in "AB":
            names = [h.name for h in officials.holders]
            truths.seal(contest, "drone", field, targets(field), officials.surveyors, names, desk, tick())
            open_field(contest, "drone", field, desk, tick())
        for team, flown in FLOWN.items():
            _fly(contest, root, team, flown, desk, tick)
        for field in "AB":
            close_field(contest, "drone", field, desk, tick())
            truths.reveal(contest, "drone", field, desk, tick())
        _decide(contest, root, officials, desk, tick)
        judge_first(contest, desk, tick())
        overrule(contest, "drone", "T01", "h08", False, "复查：截图与原片不符", officials.two, desk, tick())
        void = [("drone", contest.state.assignment["drone", "T01"], contest.state.assignment["drone", "T01"] + "03")]
        propose(contest, "申诉 1 成立：目标 03 被车辆遮挡", desk, tick(), void=void)
    return Contest.open(root / "竞赛")


def _register(contest: Contest, root: Path, officials: Officials, team_name: str, desk: Any, tick: Ticks) -> None:
    roles = (("judge", officials.judges), ("keyholder", officials.holders), ("surveyor", officials.surveyors))
    for role, signers in roles:
        for signer in signers:
            register_official(contest, officials.files[signer.name], signer.name, role, desk, tick())
    rows = [line.split(",") for line in ENTRANTS.replace("郑州一队", "@").splitlines()]
    with (root / "entrants.csv").open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([[team_name if cell == "@" else cell for cell in row] for row in rows])
    register_entrants(contest, root / "entrants.csv", desk, tick())


def _fly(contest: Contest, root: Path, team: str, flown: tuple[float, int, int], desk: Any, tick: Ticks) -> None:
    start = tick()
    clock(contest, "drone", team, "flight", "start", "", desk, start)
    tick.skip(600_000)
    clock(contest, "drone", team, "flight", "pause", "民航飞机过境", desk, tick())
    tick.skip(120_000)
    clock(contest, "drone", team, "flight", "resume", "", desk, tick())
    tick.skip(300_000)
    clock(contest, "drone", team, "flight", "stop", "", desk, tick())
    files = tuple(Original(f"DJI_{n:04d}.JPG", 1000, photo(team, n), start + 1000 * n, "EXIF") for n in range(40))
    take_card(contest, "drone", team, Manifest(files), desk, tick())
    clock(contest, "drone", team, "analysis", "start", "", desk, tick())
    tick.skip(3_700_000 if team == "T03" else 2_400_000)  # the third is late
    path = root / f"{team}.geojson"
    path.write_bytes(hit_list(team, contest.state.assignment["drone", team], *flown, start + 5000))
    submit(contest, "drone", team, path, desk, tick())


def _decide(contest: Contest, root: Path, officials: Officials, desk: Any, tick: Ticks) -> None:
    manual_event(contest, "drone", "T02", "outside", "10:42 越过北侧边界", officials.two, desk, tick())
    overrule(contest, "drone", "T01", "h06", True, "截图边缘可见排口", officials.two, desk, tick())
    with (root / "theory.csv").open("w", encoding="utf-8", newline="") as file:
        rows = [[p, 70 + 3 * n] for n, p in enumerate(sorted(contest.state.persons))]
        csv.writer(file).writerows([["entrant", "points"], *rows])
    enter_marks(contest, "theory", root / "theory.csv", desk, tick())
    for team in contest.state.teams:
        for n, judge in enumerate(officials.judges):
            marks = [30 + n, 20 + int(team[-1]), 22 if n else 2]
            enter_sheet(contest, "casefile", team, judge, marks, desk, tick())
    open_panel(contest, "casefile", officials.judges, desk, tick())
