"""What every test may ask for."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # as the command line does; tests run in several processes

import pytest
from hypothesis import settings
from jsonschema import Draft202012Validator

# No deadlines, since the machine may be busy; in CI the same examples each time, so that a red run can be repeated.
settings.register_profile("qianliyan", deadline=None, derandomize=bool(os.environ.get("CI")))
settings.load_profile("qianliyan")

ROOT = Path(__file__).resolve().parent.parent


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """With `-n` each worker begins with its share of neighbours and takes from the others when it has no more: the
    dear fixtures of a folder are made by one worker, and none waits while another ends with the browser's tests."""
    from xdist.scheduler import WorkStealingScheduling

    return WorkStealingScheduling(config, log) if config.getoption("dist") == "load" else None


@pytest.fixture(scope="session")
def real_data() -> Callable[[str], Path]:
    """Real photos, logs and terrain, which are never copied into the project.

    They lie in the folder named by QLY_TEST_DATA, by default `../shared/data` beside the checkout. The test is
    skipped, with the path that is missing, where they are not at hand.
    """
    folder = Path(os.environ.get("QLY_TEST_DATA", ROOT.parent / "shared" / "data"))

    def find(relative: str) -> Path:
        path = folder / relative
        if not path.exists():
            pytest.skip(f"real data not at hand: {path}")
        return path

    return find


@pytest.fixture(scope="session")
def schema() -> Callable[[str], Draft202012Validator]:
    """A validator for docs/schemas/NAME.schema.json."""

    def open_schema(name: str) -> Draft202012Validator:
        value = json.loads((ROOT / "docs" / "schemas" / f"{name}.schema.json").read_bytes())
        Draft202012Validator.check_schema(value)
        return Draft202012Validator(value)

    return open_schema
