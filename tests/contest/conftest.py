"""A small contest for everybody: two fields, three teams of two persons, officials with keys, a clock that ticks."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from pipeline.contest.folder import Contest, changing
from pipeline.contest.keys import TEST_COST, Signer, new_key, open_key
from pipeline.contest.people import register_entrants, register_official
from pipeline.contest.plan import EXAMPLE
from tests.contest.making import ENTRANTS, HOLDERS, JUDGES, PASSPHRASE, SURVEYORS, Officials, Ticks, bring_to


@pytest.fixture
def now_ms() -> Ticks:
    return Ticks()


@pytest.fixture(scope="session")
def officials(tmp_path_factory: pytest.TempPathFactory) -> Officials:
    """Keys are made once; nobody is registered by this."""
    folder = tmp_path_factory.mktemp("钥匙 keys")
    found = Officials()
    for names, signers in ((JUDGES, found.judges), (HOLDERS, found.holders), (SURVEYORS, found.surveyors)):
        for name in names:
            found.files[name] = folder / f"{name}.key"
            new_key(found.files[name], name, PASSPHRASE, cost=TEST_COST)
            signers.append(open_key(found.files[name], PASSPHRASE))
    return found


@pytest.fixture
def plan_path() -> Path:
    """The plan of the fixture `contest`; override it in a module for another."""
    return EXAMPLE


@pytest.fixture
def contest(tmp_path: Path, plan_path: Path, officials: Officials, now_ms: Ticks) -> Iterator[Contest]:
    """A contest that was created, with officials and entrants registered, open for changes until the test ends."""
    folder = tmp_path / "竞赛 contest"
    Contest.create(folder, plan_path, PASSPHRASE, now_ms(), cost=TEST_COST, contest_id="testcontest1")
    with changing(folder) as made:
        desk = made.desk(PASSPHRASE)
        roles = (("judge", officials.judges), ("keyholder", officials.holders), ("surveyor", officials.surveyors))
        for role, signers in roles:
            for signer in signers:
                register_official(made, officials.files[signer.name], signer.name, role, desk, now_ms())
        listed = tmp_path / "entrants.csv"
        listed.write_text(ENTRANTS, "utf-8")
        register_entrants(made, listed, desk, now_ms())
        yield made


@pytest.fixture
def desk(contest: Contest) -> Signer:
    return contest.desk(PASSPHRASE)


@pytest.fixture
def bring(contest: Contest, officials: Officials, desk: Signer, now_ms: Ticks) -> Callable[[str], Contest]:
    """`bring("open")` appends what leads to a stage of STAGES; seals and reveals are bare events without truth."""
    return lambda stage: bring_to(contest, stage, officials, desk, now_ms)
