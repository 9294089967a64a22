"""Where vaults and plain truths may not lie."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from pipeline.contest.truth.places import check_outside
from pipeline.errors import ContestError
from pipeline.server.settings import Settings, prepare
from tests.contest.truth.truth_day import Day


def server(folder: Path) -> None:
    prepare(Settings(folder))


MARKS = {
    "a contest folder": lambda f: (f / "events.jsonl").touch(),
    "a server's data folder": server,
    "a mission folder": lambda f: (f / "mission.toml").touch(),
    "a run folder": lambda f: (f / "provenance.json").touch(),
    "a flight folder": lambda f: (f / "DCIM").mkdir(),
}


@pytest.mark.parametrize("kind", MARKS)
@pytest.mark.parametrize("below", [".", "sub", "a/b/c"])
def test_inside_of_what_others_read_or_copy(tmp_path: Path, kind: str, below: str) -> None:
    outer = tmp_path / "外 outer"
    (outer / below).mkdir(parents=True)
    check_outside(outer / below / "A.vault", "a vault")
    MARKS[kind](outer)
    with pytest.raises(ContestError, match=f"must not lie inside {kind}"):
        check_outside(outer / below / "A.vault", "a vault")


def test_a_server_is_known_by_its_lock_and_its_database_alone(tmp_path: Path) -> None:
    """Its other folders may lie elsewhere one day, and a database may be PostgreSQL."""
    for name in ("serve.lock", "qianliyan.sqlite"):
        (tmp_path / name).touch()
        with pytest.raises(ContestError, match="a server's data folder"):
            check_outside(tmp_path / "cards" / "A.vault", "a vault")
        (tmp_path / name).unlink()


@pytest.mark.parametrize("name", ["DJI_0001.JPG", "log.tlog", "film.MP4"])
def test_beside_a_flights_files(tmp_path: Path, name: str) -> None:
    (tmp_path / name).touch()
    with pytest.raises(ContestError, match="a flight folder"):
        check_outside(tmp_path / "A.vault", "a vault")


@pytest.mark.skipif(os.name == "nt", reason="links need a privilege there")
def test_links_do_not_help(tmp_path: Path) -> None:
    real = tmp_path / "contest"
    (real / "deep" / "inside").mkdir(parents=True)
    (real / "events.jsonl").touch()
    (tmp_path / "innocent").symlink_to(real / "deep" / "inside")
    with pytest.raises(ContestError, match="a contest folder"):
        check_outside(tmp_path / "innocent" / "A.vault", "a vault")


def test_a_seal_looks_where_its_files_lie(day: Day) -> None:
    truth = day.survey()
    for vault in ("CONTEST/A.vault", "CONTEST/objects/A.vault", "TRUTH/A.vault"):
        with pytest.raises(ContestError, match="a vault must not lie inside"):
            day.seal(truth, vault)
    with pytest.raises(ContestError, match="no such folder for the vault"):
        day.seal(truth, "missing/A.vault")
    inside = day.contest.folder / "TRUTH"
    truth.rename(inside)
    with pytest.raises(ContestError, match="the plain truth must not lie inside"):
        day.seal(inside)
