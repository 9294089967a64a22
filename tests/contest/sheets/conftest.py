"""One contest with results for all tests of sheets."""

from __future__ import annotations

from pathlib import Path

import pytest

from pipeline.contest.folder import Contest
from pipeline.contest.sheets.book import Book, open_book
from tests.contest.making import Officials
from tests.contest.sheets.day import NASTY, play


@pytest.fixture(scope="session")
def played(tmp_path_factory: pytest.TempPathFactory, officials: Officials) -> Contest:
    """Judged once; a rejudge that voids a target of the first team is proposed. Read only."""
    return play(tmp_path_factory.mktemp("赛 day"), officials)


@pytest.fixture(scope="session")
def nasty(tmp_path_factory: pytest.TempPathFactory, officials: Officials) -> Contest:
    """The same with a team whose name is an attack."""
    return play(tmp_path_factory.mktemp("nasty"), officials, team_name=NASTY)


@pytest.fixture(scope="session")
def book(played: Contest) -> Book:
    return open_book(played, 1)


@pytest.fixture
def out(tmp_path: Path) -> Path:
    return tmp_path / "出 out"
