"""A small surveyed contest, and surveys read from text."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from shutil import copyfile

import pytest

from pipeline.contest.draws import commit_draw, run_draw
from pipeline.contest.folder import Contest, changing
from pipeline.contest.keys import TEST_COST, new_key
from pipeline.contest.people import register_entrants, register_official
from pipeline.contest.plan import EXAMPLE
from pipeline.contest.truth.folder import Truth
from pipeline.contest.truth.survey import import_targets
from tests.contest.truth.truth_day import CRS, LEG, OFFICIALS, Day, passphrase


@pytest.fixture(scope="session")
def keys(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The officials' key files."""
    folder = tmp_path_factory.mktemp("keys")
    for name in OFFICIALS:
        new_key(folder / f"{name}.key", name, passphrase(name), cost=TEST_COST)
    return folder


@pytest.fixture
def day(tmp_path: Path, keys: Path) -> Iterator[Day]:
    """The contest folder, its officials and teams, with the lots drawn."""
    root = tmp_path / "裁判 room"
    root.mkdir()
    for file in keys.iterdir():
        (root / file.name).write_bytes(file.read_bytes())
    plan = EXAMPLE.read_text("utf-8").replace("113.50", "114.00").replace("113.90", "114.40")
    (root / "contest.toml").write_text(plan, "utf-8")
    copyfile(EXAMPLE.parent / "drone-rules.toml", root / "drone-rules.toml")
    Contest.create(root / "CONTEST", root / "contest.toml", "the desk's own", 1_000, cost=TEST_COST)
    with changing(root / "CONTEST") as contest:
        desk = contest.desk("the desk's own")
        for name, role in OFFICIALS.items():
            register_official(contest, root / f"{name}.key", name, role, desk, 2_000)
        (root / "teams.csv").write_text(
            "team,team_name,organisation,person,person_name\nt1,一队,甲市,p1,张三\nt2,二队,乙市,p2,李四\n", "utf-8"
        )
        register_entrants(contest, root / "teams.csv", desk, 3_000)
        run_draw(contest, LEG, commit_draw(contest, LEG, desk, 4_000), ["seen by all"], desk, 5_000)
        yield Day(root, contest, desk)


@pytest.fixture
def surveyed(tmp_path: Path) -> Callable[..., Truth]:
    """Import rows under a heading into a fresh folder."""
    count = iter(range(100))

    def take(text: str | bytes, crs: str = CRS, name: str = "survey.csv", **more: object) -> Truth:
        folder = tmp_path / f"s{next(count)}"
        folder.mkdir()
        (folder / name).write_bytes(text if isinstance(text, bytes) else text.encode())
        return import_targets([folder / name], folder / "TRUTH", crs, **more)  # type: ignore[arg-type]

    return take
