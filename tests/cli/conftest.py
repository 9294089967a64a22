"""Commands run in this process, on a small simulated flight under a name with Chinese and a space."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from pipeline.cli import main
from pipeline.sim import FlightConfig, SimFlight, make_flight

SMALL = {"width_px": 400, "height_px": 300, "photos_per_strip": 4, "strips": 2, "turned_strip": False, "pixels": False}


@dataclass(frozen=True)
class Ended:
    """How a command ended and what it printed."""

    code: int
    out: str
    err: str

    def sentence(self) -> str:
        """The one line on stderr of a command that was refused."""
        assert self.code == 1, (self.code, self.err)
        lines = [line for line in self.err.splitlines() if not re.search(r" \d+/\d+$", line)]  # progress
        assert len(lines) == 1, self.err
        assert "Traceback" not in self.err
        return lines[0]


@pytest.fixture
def qly(monkeypatch, capsys) -> Callable[..., Ended]:
    """Run `qianliyan ARGS…`."""

    def call(*args: object) -> Ended:
        monkeypatch.setattr("sys.argv", ["qianliyan", *map(str, args)])
        capsys.readouterr()
        with pytest.raises(SystemExit) as ended:
            main()
        printed = capsys.readouterr()
        return Ended(ended.value.code or 0, printed.out, printed.err)

    return call


@pytest.fixture(scope="session")
def flight(tmp_path_factory) -> SimFlight:
    return make_flight(tmp_path_factory.mktemp("照片 排污口") / "1 号", FlightConfig(seed=3, profile="dji", **SMALL))


@pytest.fixture(scope="session")
def drawn(tmp_path_factory) -> SimFlight:
    """Two photos with pixels, for detectors."""
    some = {"width_px": 800, "height_px": 600, "photos_per_strip": 2, "strips": 1, "turned_strip": False}
    return make_flight(tmp_path_factory.mktemp("画") / "f", FlightConfig(seed=3, profile="dji", **some))


@pytest.fixture
def photo(flight) -> Path:
    return sorted(flight.flight.iterdir())[0]


@pytest.fixture(scope="session")
def made(flight, tmp_path_factory) -> Path:
    """A finished run; tests that add reviews copy it."""
    from pipeline.config import RunConfig
    from pipeline.flow.run import run

    config = RunConfig(boxes=str(flight.boxes), dem=str(flight.dem), dem_datum="egm96", workers=1)
    return run(flight.flight, tmp_path_factory.mktemp("航次 甲") / "run", config).folder
