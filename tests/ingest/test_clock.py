from __future__ import annotations

from typing import Any

import pytest

from pipeline.errors import MissionError
from pipeline.types import iso_utc

LOCAL = {"DateTimeOriginal": "2024:05:06 10:20:30"}
GPS_TIME = {"GPSDateStamp": "2024:05:06", "GPSTimeStamp": ((2, 1), (20, 1), (28, 1))}


def utc(card: Any, **options: Any) -> str | None:
    return iso_utc(card.open(**options).frames[0].pose.t_ns)


def write(headers: Any, card: Any, tags: Any, **changes: str) -> None:
    card.photo(tags=headers.camera | headers.gps(34.75, 113.62, 150) | tags, values=headers.dji(**changes))


def test_shanghai_is_assumed_and_named(headers: Any, card: Any) -> None:
    write(headers, card, LOCAL)
    assert utc(card) == "2024-05-06T02:20:30.000Z"
    assert any("Asia/Shanghai" in w for w in card.open().warnings)


@pytest.mark.parametrize(("tz", "hour"), [("UTC", 10), ("+03:00", 7), ("UTC-5", 15), ("America/Chicago", 15)])
def test_a_given_zone(headers: Any, card: Any, tz: str, hour: int) -> None:
    write(headers, card, LOCAL)
    assert utc(card, tz=tz) == f"2024-05-06T{hour:02}:20:30.000Z"
    assert not card.open(tz=tz).warnings


def test_the_photos_own_words_beat_a_given_zone(headers: Any, card: Any) -> None:
    write(headers, card, LOCAL | GPS_TIME)  # the camera is two seconds fast: the zone is GPS's, the second its own
    assert utc(card, tz="UTC") == "2024-05-06T02:20:30.000Z"
    write(headers, card, LOCAL | {"OffsetTimeOriginal": "+05:30", "SubSecTimeOriginal": "25"})
    assert utc(card, tz="UTC") == "2024-05-06T04:50:30.250Z"
    write(headers, card, LOCAL, UTCAtExposure="2024:05:06 02:20:29.123456")
    assert utc(card, tz="UTC") == "2024-05-06T02:20:29.123Z"


def test_one_photo_with_gps_time_tells_the_zone_of_all(headers: Any, card: Any) -> None:
    noon = {"DateTimeOriginal": "2024:05:06 12:00:00"}
    for name, tags in (("a.jpg", noon), ("b.jpg", LOCAL | GPS_TIME)):
        card.photo(name, tags=headers.camera | headers.gps(34.75, 113.62, 150) | tags)
    mission = card.open(tz="UTC")
    assert [iso_utc(f.pose.t_ns) for f in mission.frames] == ["2024-05-06T02:20:30.000Z", "2024-05-06T04:00:00.000Z"]
    assert not mission.warnings


def test_a_clock_nobody_set_gives_way_to_gps(headers: Any, card: Any) -> None:
    write(headers, card, {"DateTimeOriginal": "2001:01:01 00:07:00"} | GPS_TIME)
    assert utc(card) == "2024-05-06T02:20:28.000Z"


@pytest.mark.parametrize(
    "stamp",
    ["", "0000:00:00 00:00:00", "0001:01:01 00:00:00", "9999:12:31 23:59:59", "2024:13:45 99:99:99", "yesterday"],
)
def test_times_that_are_none(headers: Any, card: Any, stamp: str) -> None:
    write(headers, card, {"DateTimeOriginal": stamp})
    assert utc(card) is None


@pytest.mark.parametrize("offset", ["+15:00", "+99:99", "-14:01", "Z"])
def test_an_offset_that_is_none_spoils_neither_photo_nor_flight(headers: Any, card: Any, offset: str) -> None:
    write(headers, card, LOCAL | {"OffsetTimeOriginal": offset})
    assert utc(card) == "2024-05-06T02:20:30.000Z"  # as if it were not there


def test_times_in_file_names(headers: Any, card: Any, source_of: Any) -> None:
    tags = headers.camera | headers.gps(34.75, 113.62, 150)
    card.photo("exifimg2018021100040450Z.JPG", tags=tags)
    card.photo("no time here.JPG", tags=tags)
    card.write("mission.toml", '[clock]\nnames = "%Y%m%d%H%M%S%f"\nphotos_minus_log_s = 1.5')
    first, other = card.open().frames
    assert iso_utc(first.pose.t_ns) == "2018-02-11T00:04:03.000Z"
    assert source_of(first, "time") == "file name"
    assert iso_utc(other.pose.t_ns) == "2024-05-06T02:20:28.500Z"  # its camera's clock, as fast as the others


@pytest.mark.parametrize("names", ["%d", "%Y%Q"])
def test_a_pattern_that_cannot_be(card: Any, names: str) -> None:
    card.photo()
    card.write("mission.toml", f'[clock]\nnames = "{names}"')
    with pytest.raises(MissionError, match=r"\[clock\] names"):
        card.open()


@pytest.mark.parametrize("tz", ["Mars/Olympus", "+99:00", "../../etc/passwd", "", "\0"])
def test_a_zone_that_is_none(card: Any, tz: str) -> None:
    card.photo()
    if tz:
        with pytest.raises(MissionError, match="no time zone called"):
            card.open(tz=tz)
