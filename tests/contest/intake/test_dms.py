"""Angles as people write them come back exactly, whatever the writing."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.contest.intake.dms import NANO, degrees_text, dms_text, read_angle, read_pair

WAYS = (
    "{d}°{m}'{s}\"{l}", "{d}°{m}′{s}″{l}", "{d}° {m}' {s}'' {l}", "{l}{d}°{m}′{s}″", "{d} {m} {s} {l}",
    "{d}:{m}:{s}{l}", "{d}-{m}-{s}{l}", "{d}度{m}分{s}秒{l}", "{zh}{d}度{m}分{s}秒", "{d}°{m}’{s}”{l}", "{d} {m} {s}",
)  # fmt: skip
ZH = {"N": "北纬", "S": "南纬", "E": "东经", "W": "西经"}
digits = st.integers(0, 59)
seconds = st.tuples(digits, st.integers(0, 10**6 - 1))


@given(st.integers(0, 89), digits, seconds, st.integers(0, 179), digits, seconds, st.sampled_from(WAYS),
       st.sampled_from("NS"), st.sampled_from("EW"), st.sampled_from((" ", ", ", "，", ";", "  ")))  # fmt: skip
def test_every_way_of_writing_is_read_exactly(
    d: int, m: int, s: tuple[int, int], e: int, n: int, t: tuple[int, int], way: str, ns: str, ew: str, gap: str
) -> None:
    def written(degrees: int, minutes: int, sec: tuple[int, int], letter: str) -> str:
        return way.format(d=degrees, m=minutes, s=f"{sec[0]}.{sec[1]:06d}", l=letter, zh=ZH[letter])

    def exactly(degrees: int, minutes: int, sec: tuple[int, int], negative: bool) -> Fraction:
        size = degrees + Fraction(minutes, 60) + Fraction(sec[0] * 10**6 + sec[1], 3600 * 10**6)
        return -size if negative and way != "{d} {m} {s}" else size

    lat, lon, rest = read_pair(f"{written(d, m, s, ns)}{gap}{written(e, n, t, ew)} outfall/industrial 3m")
    assert (lat.degrees, lon.degrees) == (exactly(d, m, s, ns == "S"), exactly(e, n, t, ew == "W"))
    assert rest.split() == ["outfall/industrial", "3m"]


@given(st.integers(-90 * NANO, 90 * NANO))
def test_what_is_shown_reads_back_within_its_last_digit(e9: int) -> None:
    shown = read_angle(dms_text(e9, "NS"))
    assert shown is not None and abs(shown.e9() - e9) <= NANO / 3_600_000 / 2 + 1
    assert abs(Fraction(degrees_text(e9)) * NANO - e9) <= 50


def test_golden_values() -> None:
    """Worked by hand: 34 + 44/60 + 47.8/3600 = 34.746611…, 37.5234/60 = 0.62539."""
    lat, lon, rest = read_pair("34°44'47.8\"N 113°37'31.4\"E outfall/industrial 3m")
    assert (lat.e9(), lon.e9(), rest) == (34_746_611_111, 113_625_388_889, " outfall/industrial 3m")
    lat, lon, _ = read_pair("34°44.79666'N 113°37.5234'E x")
    assert (lat.e9(), lon.e9()) == (34_746_611_000, 113_625_390_000)
    assert read_pair("E113.6254 N34.7466 x")[0].e9() == 34_746_600_000
    assert read_pair("34 113.6254 x")[0].e9() == 34_000_000_000
    assert read_pair("-34.5 -113.25")[1].e9() == -113_250_000_000
    assert dms_text(34_746_611_111, "NS") == "34°44′47.800″N"
    assert dms_text(-1, "EW") == "0°00′00.000″W" and degrees_text(-1) == "0.0000000"


def test_half_of_the_last_digit_goes_up() -> None:
    assert degrees_text(50) == "0.0000001" and degrees_text(-50) == "-0.0000001"
    assert dms_text(138_888_888, "NS") == "0°08′20.000″N"


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("34°60'00\"N 113°37'31\"E", "60"),
        ("34°44'60\"N 113°37'31\"E", "60"),
        ("-34°44'47\"N 113°37'31\"E", "sign"),
        ("34.7N 113.6N", "letter"),
        ("34.7N 113.6", "letter"),
        ("３４.7 113.6", "full-width"),
        ("34 44 47.8", "not understood"),
        ("34.7", "not understood"),
        ("", "not understood"),
        ("nan inf", "not understood"),
        ("1e3 1e3", "not understood"),
        ("34.5°44' 113.5", "not understood"),
        ("34.7466 113.6254x", "not understood"),
        ("34..7 113.6", "not understood"),
        ("34°100' 113°30'", "not understood"),
    ],
)
def test_what_is_unclear_is_refused(text: str, why: str) -> None:
    with pytest.raises(ValueError, match=why):
        read_pair(text)


@given(st.text(max_size=60))
def test_any_text_is_read_or_refused(text: str) -> None:
    try:
        lat, lon, _ = read_pair(text)
    except ValueError:
        return
    assert abs(lat.degrees) < 1000 and abs(lon.degrees) < 1000
