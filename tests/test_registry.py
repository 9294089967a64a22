"""registry and resources: names are imported on use, and what is missing is told."""

from __future__ import annotations

import subprocess
import sys

import pytest

from pipeline.errors import PipelineError
from pipeline.registry import Registry
from pipeline.resources import resource


def test_a_name_is_imported_only_when_it_is_used():
    code = (
        "import sys; from pipeline.registry import Registry; r = Registry('things', {'wave': 'wave:open'}); "
        "assert 'wave' in r and list(r) == ['wave'] and len(r) == 1 and 'wave' not in sys.modules; "
        "assert callable(r['wave']) and 'wave' in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_an_unknown_name_lists_the_known_ones():
    with pytest.raises(PipelineError, match=r"no things called 'c'; there are: a, b"):
        Registry("things", {"b": "x:y", "a": "x:y"})["c"]


def test_resources_are_found_and_a_missing_one_is_a_sentence():
    assert resource("missions/demo/mission.toml").is_file() and resource("models").is_dir()
    with pytest.raises(PipelineError, match=r"no/such\.thing is missing"):
        resource("no/such.thing")
