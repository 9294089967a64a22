"""A small contest day at three moments, made once: fields open, everything handed in, final."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from pipeline.contest.keys import TEST_COST
from pipeline.rehearse import field, morning
from pipeline.rehearse.office import Office
from pipeline.rehearse.world import Planted, plant
from tests.contest.day.scanning import Canary, surveyed

TEAMS, SUBMISSIONS, TARGETS = 3, 2, 4


@dataclass(frozen=True)
class Day:
    """An office at some moment, the truth, and what to look for where it must not be."""

    office: Office
    planted: dict[str, tuple[Planted, ...]]
    canaries: tuple[Canary, ...]


@pytest.fixture(scope="session")
def opened(tmp_path_factory: pytest.TempPathFactory) -> Day:
    """Fields are open, nobody has flown; the surveyors' plain truth is gone, as it should be."""
    office = Office(tmp_path_factory.mktemp("赛事 day") / "office", cost=TEST_COST)
    planted = {place: plant(place, TARGETS, office.seed) for place in "AB"}
    morning.set_up(office, TEAMS, SUBMISSIONS)
    morning.survey(office, planted)
    morning.seal_fields(office)
    morning.draw_lots(office)
    morning.open_fields(office)
    found = [c for f, targets in planted.items() for c in surveyed(targets, office.truth(f) / "targets.geojson")]
    shutil.rmtree(office.folder / "surveyors")
    return Day(office, planted, tuple(found))


@pytest.fixture(scope="session")
def flown(opened: Day, tmp_path_factory: pytest.TempPathFactory) -> Day:
    """All hit lists and panel sheets are in; the fields are still open."""
    day = copied(opened, tmp_path_factory.mktemp("赛事 flown") / "office")
    field.fly(day.office, day.planted, SUBMISSIONS)
    field.sit(day.office)
    return day


@pytest.fixture(scope="session")
def final(flown: Day, tmp_path_factory: pytest.TempPathFactory) -> Day:
    """The contest is final, with sheets and tables beside it."""
    day = copied(flown, tmp_path_factory.mktemp("赛事 final") / "office")
    from pipeline.rehearse import evening

    evening.close(day.office, TEAMS)
    evening.reveal_fields(day.office)
    evening.judge(day.office)
    evening.appeals(day.office, "A01")
    evening.print_out(day.office, "zh")
    evening.finish(day.office)
    return day


def copied(day: Day, folder: Path) -> Day:
    """The same moment in another folder."""
    shutil.copytree(day.office.folder, folder)
    return replace(day, office=replace(day.office, folder=folder, stages={}))


@pytest.fixture
def at(tmp_path: Path) -> Callable[[Day], Day]:
    """`at(day)`: a copy of the day that a test may change."""
    return lambda day: copied(day, tmp_path / "考场 office")
