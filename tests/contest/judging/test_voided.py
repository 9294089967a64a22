"""A voided target leaves as if it had never been there, with the hits that were its own."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from pipeline.contest.folder import Contest
from pipeline.contest.judging.changes import Changes
from pipeline.contest.judging.judged import judge_all
from pipeline.contest.keys import Signer
from pipeline.score.rules import PROFILES
from pipeline.types import GeoPoint, Target
from tests.contest.judging.flying import DEGREE_M, RULES, Truths, bring_to_close, founded, targets, write_plan
from tests.contest.making import PASSPHRASE, Officials, Ticks

SUAS = (PROFILES / "suas-2020.toml").read_text("utf-8")
OVERLAPPING = RULES + 'half_gate = false\n[source]\nhalf_gate = "t"\n'


def hit(ident: str, target: Target, off_m: float, **more: str) -> dict[str, Any]:
    at = [target.at.lon_deg, target.at.lat_deg + off_m / DEGREE_M]
    return {"type": "Feature", "geometry": {"type": "Point", "coordinates": at},
            "properties": {"id": ident, "class": target.label, **more}}  # fmt: skip


def collection(features: list[dict[str, Any]]) -> bytes:
    return json.dumps({"type": "FeatureCollection", "features": features}).encode()


def close_targets(field: str) -> tuple[Target, ...]:
    """The usual ones, and one 20 m north of the second."""
    usual = targets(field)
    at = usual[1].at
    return (*usual, replace(usual[1], id=f"{field}50", at=GeoPoint(at.lat_deg + 20 / DEGREE_M, at.lon_deg)))


def overlapping_hits(field: str, *_: object) -> bytes:
    found = [t for t in close_targets(field) if t.id in (f"{field}00", f"{field}01", f"{field}50")]
    return collection([hit(f"h{n}", t, 1.0) for n, t in enumerate(found)])


def two_targets(field: str) -> tuple[Target, ...]:
    return targets(field)[:2]


def suas_hits(field: str, *_: object) -> bytes:
    """Two found, each handed in again as the other kind of flight, and one thing that is nothing."""
    said = {"approved": "yes", "description_approved": "yes", "actionable": "yes"}
    found = [hit(f"h{n}", t, 1.0, autonomous="yes", **said) for n, t in enumerate(targets(field)[:2])]
    again = [hit(f"r{n}", t, 1.0, autonomous="no", **said) for n, t in enumerate(targets(field)[:2])]
    return collection([*found, *again, hit("x", targets(field)[0], 9_000.0)])


@pytest.fixture
def flown_by(
    tmp_path: Path, truths: Truths, officials: Officials, now_ms: Ticks, monkeypatch: pytest.MonkeyPatch,
    request: pytest.FixtureRequest,
) -> Iterator[Contest]:  # fmt: skip
    """A contest under other rules, with other targets and lists."""
    rules, hidden, lists = request.param
    monkeypatch.setattr("tests.contest.judging.flying.targets", hidden)
    monkeypatch.setattr("tests.contest.judging.flying.hit_list", lists)
    with founded(tmp_path / "contest", write_plan(tmp_path / "plan", rules), officials, now_ms) as contest:
        desk: Signer = contest.desk(PASSPHRASE)
        bring_to_close(contest, truths, officials, desk, now_ms, tmp_path, {"T01": (0.0, 0, 0)})
        yield contest


def scores(contest: Contest, target: str) -> list[dict[str, Any]]:
    """T01's score with everything, and with one target of its field voided."""
    field = contest.state.assignment["drone", "T01"]
    found = [judge_all(contest.state, contest.load, changes=Changes(voided=frozenset(void)))
             for void in ([], [("drone", field, field + target)])]  # fmt: skip
    return [results["legs"]["drone"]["entrants"]["T01"]["score"] for results in found]


@pytest.mark.parametrize("flown_by", [(OVERLAPPING, close_targets, overlapping_hits)], indirect=True)
def test_a_hit_of_a_target_that_counts_stays_where_gates_overlap(flown_by: Contest) -> None:
    before, after = scores(flown_by, "50")
    assert [p["hit"] for p in before["pairs"]] == ["h0", "h1", "h2"]
    assert [p["hit"] for p in after["pairs"]] == ["h0", "h1"], "21 m from the voided one, 1 m from its own"
    assert [p["points_u"] for p in after["pairs"]] == [p["points_u"] for p in before["pairs"][:2]]


@pytest.mark.parametrize("flown_by", [(SUAS, two_targets, suas_hits)], indirect=True)
def test_without_gates_the_hits_that_took_it_leave(flown_by: Contest) -> None:
    before, after = scores(flown_by, "01")
    assert [[p["hit"] for p in score["pairs"]] for score in (before, after)] == [["h0", "h1"], ["h0"]]
    assert [score["ignored"] for score in (before, after)] == [["r0", "r1"], ["h1", "r0", "r1"]]
    assert before["extra"] == after["extra"] == ["x"], "nobody pays for having found what was voided"
