from __future__ import annotations

import struct
import zlib
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pipeline.errors import ImageryError
from pipeline.ingest.container import read_header
from pipeline.ingest.exif import number, text
from pipeline.ingest.xmp import read_xmp


def png(width: int, height: int, *chunks: tuple[bytes, bytes]) -> bytes:
    size = (b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))
    parts = [
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        for kind, data in (size, *chunks, (b"IEND", b""))
    ]
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts)


@given(st.integers(1, 15_000), st.integers(1, 15_000))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=20)
def test_sizes_of_all_three_kinds(headers: Any, tmp_path: Path, width: int, height: int) -> None:
    tiff = headers.tiff({"ImageWidth": width, "ImageHeight": height, "Model": "M"})
    for name, data in (("a.jpg", headers.jpeg(width, height)), ("a.png", png(width, height)), ("a.tif", tiff)):
        path = tmp_path / name
        path.write_bytes(data)
        header = read_header(path)
        assert (header.width_px, header.height_px) == (width, height)


def test_exif_and_xmp_of_all_three_kinds(headers: Any, tmp_path: Path) -> None:
    packet = headers.xmp({"drone-dji:GimbalYawDegree": "+9.50"})
    block = headers.tiff({"Model": "FC220", "FocalLength": 4.7})
    files = {
        "a.jpg": headers.jpeg(10, 10, block, packet),
        "a.png": png(10, 10, (b"eXIf", block), (b"iTXt", b"XML:com.adobe.xmp\0\0\0\0\0" + packet)),
        "a.tif": headers.tiff(
            {"Model": "FC220", "FocalLength": 4.7, "ImageWidth": 10, "ImageHeight": 10, "XMP": packet}
        ),
    }
    for name, data in files.items():
        path = tmp_path / name
        path.write_bytes(data)
        header = read_header(path)
        assert text(header.tags, "Model") == "FC220", name
        assert number(header.tags, "FocalLength") == 4.7, name
        assert read_xmp(header.xmp) == {"drone-dji:GimbalYawDegree": "+9.50"}, name


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        (b"", "the file is empty"),
        (b"not a picture at all", "not a JPEG, TIFF or PNG picture"),
        (b"\xff\xd8\xff\xe1", "its header breaks off"),
        (b"\xff\xd8\xff\xe1\x00\x01", "without length"),
        (b"\xff\xd8\xff\xd9", "how large"),
        (b"\xff\xd8" + b"\xff" * 10_000, "fill bytes"),
        (b"\x89PNG\r\n\x1a\n", "no header"),
        (b"II*\0\x08\0\0\0", "how large"),
        (png(30_000, 30_000), "900000000|30000 × 30000 pixels are more"),
    ],
)
def test_bad_files_are_one_sentence_with_the_name(tmp_path: Path, data: bytes, sentence: str) -> None:
    path = tmp_path / "坏 1.JPG"
    path.write_bytes(data)
    with pytest.raises(ImageryError, match=sentence) as caught:
        read_header(path)
    assert str(caught.value).startswith("坏 1.JPG: ")
    assert "\n" not in str(caught.value)


def test_a_missing_file(tmp_path: Path) -> None:
    with pytest.raises(ImageryError, match="cannot be read"):
        read_header(tmp_path / "gone.jpg")


@given(st.data())
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=200, deadline=None)
def test_damage_is_refused_or_read_but_never_a_traceback(headers: Any, tmp_path: Path, data: st.DataObject) -> None:
    block = headers.tiff({"Model": "FC220", **headers.gps(1, 2, 3)})
    whole = data.draw(
        st.sampled_from([headers.jpeg(9, 9, block, headers.xmp(headers.dji())), png(9, 9, (b"eXIf", block)), block])
    )
    damaged = bytearray(whole)
    for _ in range(data.draw(st.integers(1, 6))):
        damaged[data.draw(st.integers(0, len(damaged) - 1))] ^= 1 << data.draw(st.integers(0, 7))
    path = tmp_path / "a.jpg"
    path.write_bytes(damaged[: data.draw(st.integers(0, len(damaged)))])
    try:
        read_header(path)
    except ImageryError:
        return
