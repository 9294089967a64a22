from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.ingest.xmp import MAX_BYTES, MAX_VALUES, number, read_xmp

NAMES = st.from_regex(r"(drone-dji|drone|Camera):[A-Za-z]{1,20}", fullmatch=True)
VALUES = st.text("0123456789+-.; ,abcXYZ千里眼", min_size=1, max_size=30).map(str.strip).filter(bool)


@given(st.dictionaries(NAMES, VALUES, max_size=20))
def test_attributes_and_elements_read_the_same(headers: Any, values: dict[str, str]) -> None:
    assert read_xmp(headers.xmp(values)) == values
    assert read_xmp(headers.xmp(values, elements=True)) == values


@pytest.mark.parametrize(("written", "value"), [("+9.50", 9.5), ("-3", -3.0), ("7/2", 3.5), (" 1e2 ", 100.0)])
def test_numbers_with_signs_and_fractions(written: str, value: float) -> None:
    assert number({"a:b": written}, "a:b") == value


@pytest.mark.parametrize("written", ["", "nan", "inf", "1e999", "1/0", "abc", "1_0/x"])
def test_what_is_no_number_is_missing(written: str) -> None:
    assert number({"a:b": written}, "a:b") is None


def test_members_of_a_structure_carry_its_name() -> None:
    old = b"<rdf:Description><drone-skydio:O drone-skydio:Roll=\"1\" drone-skydio:Yaw='3'/></rdf:Description>"
    new = (
        b'<rdf:Description><drone-skydio:O rdf:parseType="Resource"><drone-skydio:Roll>1</drone-skydio:Roll>'
        b"<drone-skydio:Yaw>3</drone-skydio:Yaw></drone-skydio:O></rdf:Description>"
    )
    expected = {"drone-skydio:O/drone-skydio:Roll": "1", "drone-skydio:O/drone-skydio:Yaw": "3"}
    assert read_xmp(old) == read_xmp(new) == expected


def test_entities_are_not_expanded() -> None:
    bomb = b'<!DOCTYPE x [<!ENTITY a "ha"><!ENTITY b "&a;&a;">]><rdf:Description a:b="&b;" a:c="&lt;&quot;&amp;"/>'
    assert read_xmp(bomb) == {"a:b": "&b;", "a:c": '<"&'}


@pytest.mark.parametrize(
    "piece", [b"<", b'<a:b c:d="', b"<a:b>", b"<a b='", b"a:b=", b"</a:b>", b'<a:b c:d="e" ', b"<a:b c"]
)
def test_hostile_repetition_ends(piece: bytes) -> None:
    assert len(read_xmp(piece * (MAX_BYTES // len(piece)))) <= MAX_VALUES  # quadratic work would take hours


@pytest.mark.parametrize("name", [b"a", b"a.", b"a:", b"a:b ", b"-:", "中".encode()])
def test_a_name_as_long_as_the_packet_ends(name: bytes) -> None:
    assert read_xmp(b"<x:a " + name * (MAX_BYTES // len(name) // 2) + b"=>") == {}


@given(st.binary(max_size=300))
def test_noise_never_raises(data: bytes) -> None:
    read_xmp(data)
    read_xmp(b"<rdf:Description a:b=" + data + b">")
