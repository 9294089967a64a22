"""Steps of a small contest for tests: bare events without truth, so that each part can be tested by itself."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pipeline.contest.approvals import approved
from pipeline.contest.clocks import at_receipt
from pipeline.contest.draws import commit_draw, run_draw
from pipeline.contest.folder import Contest
from pipeline.contest.intake.canonical import canonical_hits
from pipeline.contest.keys import Signer
from pipeline.contest.ledger import Event
from pipeline.score.hits import Row, submission

PASSPHRASE = "a long enough phrase"
START_MS = 1_790_000_000_000  # 2026-09-21
ENTRANTS = """\
team,team_name,organisation,person,person_name
T01,郑州一队,郑州市生态环境局,P011,张三
T01,郑州一队,郑州市生态环境局,P012,李四
T02,开封队,开封市生态环境局,P021,王五
T02,开封队,开封市生态环境局,P022,赵六
T03,洛阳队,洛阳市生态环境局,P031,孙七
T03,洛阳队,洛阳市生态环境局,P032,周八
"""
JUDGES = ("裁判甲", "裁判乙", "裁判丙", "裁判丁", "裁判戊")
HOLDERS = ("保管人一", "保管人二", "保管人三")
SURVEYORS = ("测量员一", "测量员二")
STAGES = ("registered", "drawn", "sealed", "open", "closed", "revealed")


class Ticks:
    """A clock for tests: each call is one second later; `skip` moves it on."""

    def __init__(self, at_ms: int = START_MS) -> None:
        self.at_ms = at_ms

    def __call__(self) -> int:
        self.at_ms += 1000
        return self.at_ms

    def skip(self, ms: int) -> None:
        self.at_ms += ms


@dataclass
class Officials:
    """Opened keys by role, and where the key files lie; each opens with `passphrase`."""

    judges: list[Signer] = field(default_factory=list)
    holders: list[Signer] = field(default_factory=list)
    surveyors: list[Signer] = field(default_factory=list)
    files: dict[str, Path] = field(default_factory=dict)  # name -> key file
    passphrase: str = PASSPHRASE

    @property
    def two(self) -> list[Signer]:
        """Two judges, to sign with."""
        return self.judges[:2]


def bring_to(contest: Contest, stage: str, officials: Officials, desk: Signer, now_ms: Ticks) -> Contest:
    """Append what leads to a stage of STAGES and is not there yet."""
    for name in STAGES[1 : STAGES.index(stage) + 1]:
        _STEPS[name](contest, officials, desk, now_ms)
    return contest


def _places(contest: Contest) -> list[tuple[str, str]]:
    return [(leg.id, f) for leg in contest.state.plan.legs for f in leg.fields]


def _drawn(contest: Contest, officials: Officials, desk: Signer, now_ms: Ticks) -> None:
    for leg in contest.state.plan.legs:
        if leg.kind == "drone" and leg.id not in contest.state.draws:
            secret = commit_draw(contest, leg.id, desk, now_ms(), secret=hashlib.sha256(leg.id.encode()).hexdigest())
            run_draw(contest, leg.id, secret, ["7", "十二", "88"], desk, now_ms())


def seal_body(contest: Contest, leg: str, place: str, officials: Officials) -> dict[str, Any]:
    """A seal's body that names made-up commitments."""
    signed = approved(officials.surveyors, contest.state.id, "survey",
                      {"leg": leg, "field": place, "truth_digest": "ef" * 32})  # fmt: skip
    surveyed = signed.pop("approved")
    return {"leg": leg, "field": place, "count": 1, "root": "ab" * 32, "vault_sha256": "cd" * 32, "survey": signed,
            "surveyed": surveyed, "holders": list(HOLDERS), "rules_digest": contest.state.rules_objects[leg],
            "commitments": contest.store(f"commitments of {leg} {place}".encode())}  # fmt: skip


def _sealed(contest: Contest, officials: Officials, desk: Signer, now_ms: Ticks) -> None:
    for leg, place in _places(contest):
        if (leg, place) not in contest.state.seals:
            contest.append("seal", seal_body(contest, leg, place, officials), desk, now_ms())


def _open(contest: Contest, officials: Officials, desk: Signer, now_ms: Ticks) -> None:
    for leg, place in _places(contest):
        if (leg, place) not in contest.state.opened:
            contest.append("open", {"leg": leg, "field": place}, desk, now_ms())


def _closed(contest: Contest, officials: Officials, desk: Signer, now_ms: Ticks) -> None:
    for leg, place in _places(contest):
        if (leg, place) not in contest.state.closed:
            contest.append("close", {"leg": leg, "field": place}, desk, now_ms())


def _revealed(contest: Contest, officials: Officials, desk: Signer, now_ms: Ticks) -> None:
    for leg, place in _places(contest):
        if (leg, place) not in contest.state.revealed:
            body = {"leg": leg, "field": place, "object": contest.store(f"targets of {leg} {place}".encode())}
            contest.append("reveal", body, desk, now_ms())


def list_body(contest: Contest, leg: str, entrant: str, at_ms: int, /, **changed: Any) -> dict[str, Any]:
    """A submission's body, with a made-up file and a list that is judged of the one hit h1."""
    elapsed_ms, late = at_receipt(contest.state, leg, entrant, contest.at_ms(at_ms))
    data = contest.store(f"hits of {entrant} at {at_ms}".encode())
    hits = submission([Row("h1", "dust", 34.7, 113.6, None, None, None, None)], "made up")
    return {"leg": leg, "field": contest.state.assignment[leg, entrant], "entrant": entrant, "object": data,
            "number": contest.state.counts.get((leg, entrant), 0) + 1, "bytes": 20, "format": "csv", "hits": 1,
            "hits_digest": hits.digest(), "canonical": contest.store(canonical_hits(hits)), "warnings": [],
            "late": late, "elapsed_ms": elapsed_ms, **changed}  # fmt: skip


def hand_in(contest: Contest, leg: str, entrant: str, desk: Signer, now_ms: Ticks, /, **changed: Any) -> Event:
    """A bare submission event."""
    at_ms = now_ms()
    return contest.append("submission", list_body(contest, leg, entrant, at_ms, **changed), desk, at_ms)


def judge_bare(contest: Contest, desk: Signer, now_ms: Ticks, kind: str = "judged") -> Event:
    """A bare set of results; kind: judged or rejudge."""
    found = contest.store(f"results {len(contest.state.sets) + 1}".encode())
    body = {"set": len(contest.state.sets) + 1, "object": found, "state": "applied"}
    if kind == "rejudge":
        body |= {"state": "proposed", "diff": found, "why": "申诉成立"}
    return contest.append(kind, body, desk, now_ms())


_Step = Callable[[Contest, Officials, Signer, Ticks], None]
_STEPS: dict[str, _Step] = {"drawn": _drawn, "sealed": _sealed, "open": _open, "closed": _closed, "revealed": _revealed}
