"""Contests for the tests of judging: a fresh one, and one in which everything is in and nothing is judged."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from pipeline.contest.folder import Contest, changing
from pipeline.contest.keys import Signer
from tests.contest.judging.flying import Truths, bring_to_close, founded, write_plan
from tests.contest.making import PASSPHRASE, START_MS, Officials, Ticks


@pytest.fixture
def plan_path(tmp_path: Path) -> Path:
    return write_plan(tmp_path / "plan")


@pytest.fixture
def truths() -> Truths:
    return Truths()


@pytest.fixture(scope="session")
def flown_folder(officials: Officials, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A contest in which everything is in and nothing is judged; made once, copied by who changes it."""
    folder, tick = tmp_path_factory.mktemp("judging"), Ticks()
    plan = write_plan(folder / "plan")
    with founded(folder / "竞赛 contest", plan, officials, tick) as contest:
        bring_to_close(contest, Truths(), officials, contest.desk(PASSPHRASE), tick, folder)
    return contest.folder


@pytest.fixture
def now_ms() -> Ticks:
    """An hour after the clock of `flown_folder` began."""
    return Ticks(START_MS + 3_600_000)


@pytest.fixture
def flown(flown_folder: Path, tmp_path: Path) -> Iterator[Contest]:
    """Everything is in, nothing is judged; open for changes."""
    folder = tmp_path / "竞赛 copy"
    shutil.copytree(flown_folder, folder)
    with changing(folder) as contest:
        yield contest


@pytest.fixture
def desk(request: pytest.FixtureRequest) -> Signer:
    """The desk of the contest that the test uses."""
    contest = request.getfixturevalue("flown" if "flown" in request.fixturenames else "contest")
    signer: Signer = contest.desk(PASSPHRASE)
    return signer
