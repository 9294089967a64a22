from __future__ import annotations

import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.ingest.exif import number, read_tags, text

RATIONAL = st.tuples(st.integers(0, 2**32 - 1), st.integers(1, 2**32 - 1))


def read(block: bytes) -> dict[str, Any]:
    return read_tags(lambda offset, n: block[offset : offset + n])


@given(RATIONAL, st.text("abcXYZ 019-", max_size=40), st.integers(0, 2**32 - 1), st.sampled_from("<>"))
def test_what_is_written_is_read(headers: Any, focal: Any, model: str, width: int, order: str) -> None:
    tags = {"Model": model, "FocalLength": (focal,), "PixelXDimension": width, "GPSLatitude": (focal, focal, focal)}
    found = read(headers.tiff(tags, order))
    assert text(found, "Model") == model.strip()
    assert number(found, "FocalLength") == focal[0] / focal[1]
    assert number(found, "PixelXDimension") == width
    assert found["GPSLatitude"] == (focal[0] / focal[1],) * 3


def test_a_zero_denominator_is_missing(headers: Any) -> None:
    found = read(headers.tiff({"DigitalZoomRatio": ((0, 0),), "FocalLength": ((7, 0),)}))
    assert math.isnan(found["DigitalZoomRatio"][0])
    assert number(found, "DigitalZoomRatio") is None
    assert number(found, "FocalLength") is None


@given(st.binary(max_size=200))
def test_noise_is_no_exif_and_no_error(data: bytes) -> None:
    read(b"II*\0" + data)
    read(b"MM\0*" + data)
    read(data)


@given(st.data())
def test_flipped_bytes_never_raise(headers: Any, data: st.DataObject) -> None:
    block = bytearray(
        headers.tiff({"Model": "FC6310 with a long name", "FocalLength": 8.8, **headers.gps(34.7, 113.6)})
    )
    for _ in range(data.draw(st.integers(1, 8))):
        block[data.draw(st.integers(0, len(block) - 1))] = data.draw(st.integers(0, 255))
    read(bytes(block[: data.draw(st.integers(0, len(block)))]))


@pytest.mark.parametrize("order", ["<", ">"])
def test_a_value_outside_the_file_is_left_out(headers: Any, order: str) -> None:
    block = headers.tiff({"Make": "a maker of cameras"}, order)
    assert text(read(block[: block.index(b"a maker") + 3]), "Make") == ""
