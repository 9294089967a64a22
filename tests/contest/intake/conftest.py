"""A small contest with one open field, and what a desk needs to take hit lists."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from pipeline.contest.approvals import approved
from pipeline.contest.folder import Contest, changing
from pipeline.contest.keys import TEST_COST, Signer, new_key, open_key
from pipeline.contest.people import register_entrants, register_official

T0_MS = 1_767_225_600_000  # 2026-01-01T00:00:00Z
ROLES = ("judge", "surveyor", "keyholder", "keyholder", "keyholder")
PASSPHRASE = "correct horse"
PLAN = """
[contest]
name = "演练 Drill <b>"
organiser = "示例厅"
[area]
west = 113.60
south = 34.72
east = 113.66
north = 34.77
[limits]
submissions = 3
hits = 20
bytes = 65536
[[leg]]
id = "drone"
title = "无人机"
kind = "drone"
weight = 1
entrants = "team"
rules = "rules.toml"
fields = ["A"]
analysis_ms = 600000
[source]
limits = "test"
"leg.drone" = "test"
"""
RULES = 'name = "drill"\nevidence = false\n[source]\nevidence = "test"\n'
ENTRANTS = "team,team_name,organisation,person,person_name\nt01,郑州队,局,p01,张三\nt02,开封队,局,p02,李四\n"


def _official(base: Path, contest: Contest, desk: Signer, role: str, n: int) -> Signer:
    path = base / f"{n}.key"
    new_key(path, f"{role} {n}", PASSPHRASE, cost=TEST_COST)
    register_official(contest, path, f"{role} {n}", role, desk, T0_MS)
    return open_key(path, PASSPHRASE)


@pytest.fixture(scope="session")
def made(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Signer]:
    """A contest folder with an open field, and its desk's key."""
    base = tmp_path_factory.mktemp("intake")
    for name, text in (("plan.toml", PLAN), ("rules.toml", RULES), ("entrants.csv", ENTRANTS)):
        (base / name).write_text(text, "utf-8")
    folder = base / "竞赛 folder"
    desk = Contest.create(folder, base / "plan.toml", PASSPHRASE, T0_MS, cost=TEST_COST).desk(PASSPHRASE)
    with changing(folder) as contest:
        people = [_official(base, contest, desk, role, n) for n, role in enumerate(ROLES)]
        register_entrants(contest, base / "entrants.csv", desk, T0_MS)
        survey = approved(people[:2], contest.state.id, "survey", {"field": "A", "leg": "drone"})
        body = {"commitments": contest.store(b"[]"), "count": 1, "field": "A", "holders": [p.name for p in people[2:]],
                "leg": "drone", "root": "0" * 64, "rules_digest": contest.state.rules_objects["drone"],
                "survey": {k: v for k, v in survey.items() if k != "approved"}, "surveyed": survey["approved"],
                "vault_sha256": "0" * 64}  # fmt: skip
        contest.append("seal", body, desk, T0_MS)
        contest.append("open", {"field": "A", "leg": "drone"}, desk, T0_MS)
    return folder, desk


@pytest.fixture
def arena(made: tuple[Path, Signer], tmp_path: Path) -> Iterator[tuple[Contest, Signer]]:
    """A copy of it, ready to be changed."""
    folder = tmp_path / "竞赛 folder"
    shutil.copytree(made[0], folder)
    with changing(folder) as contest:
        yield contest, made[1]
