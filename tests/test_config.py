"""config: the command line over the mission file, and a digest of what can change a result."""

from __future__ import annotations

from dataclasses import fields, replace

import pytest

from pipeline.config import RunConfig
from pipeline.errors import PipelineError


def test_what_the_command_line_says_wins_over_the_mission_file():
    table = {"tz": "UTC", "detector": "marker", "workers": 3, "adjust": "off"}
    told = RunConfig(detector="yolo:x", adjust="auto").over(table)
    assert told == RunConfig(detector="yolo:x", tz="UTC", workers=3, adjust="auto")
    assert RunConfig().over(table).adjust == "off"
    assert RunConfig().over({}) == RunConfig(detector="all", adjust="auto")


def test_unknown_options_are_named():
    with pytest.raises(PipelineError, match="colour"):
        RunConfig().over({"colour": 1})


def test_a_mission_file_cannot_vouch_for_weights():
    with pytest.raises(PipelineError, match="cannot say trust"):
        RunConfig().over({"trust": True})


def test_an_overlap_asked_for_goes_before_the_files_seconds():
    assert RunConfig(video_overlap=0.5).over({"video_every": 2.0}).video_every is None
    assert RunConfig().over({"video_every": 2.0, "video_overlap": 0.6}).video_every == 2.0


@pytest.mark.parametrize(
    "wrong",
    [
        {"assume": "north"},
        {"adjust": "perhaps"},
        {"workers": 0},
        {"false_alarms": -1.0},
        {"video_overlap": 1.0},
        {"video_every": 0.0},
    ],
)
def test_values_that_make_no_sense_are_refused(wrong):
    with pytest.raises(PipelineError, match=next(iter(wrong))):
        RunConfig(**wrong)


def test_the_digest_changes_with_every_option_that_can_change_a_result():
    other = {"detector": "marker", "boxes": "b", "false_alarms": 0.1, "dem": "d", "dem_datum": "egm96", "geoid": "g"}
    other |= {"video_overlap": 0.5, "video_every": 2.0}
    other |= {"adjust": "off", "assume": "nadir", "tz": "UTC", "reviews": "r"}
    plain = RunConfig().digest()
    for name, value in other.items():
        assert replace(RunConfig(), **{name: value}).digest() != plain, name
    for name, value in {"workers": 7, "cluster": "tcp://a:1", "resume": True, "trust": True}.items():
        assert replace(RunConfig(), **{name: value}).digest() == plain, name
    assert {f.name for f in fields(RunConfig)} == {*other, "workers", "cluster", "resume", "trust"}
