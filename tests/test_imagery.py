"""imagery: strict decoding, size caps before a pixel is decoded, and the laws of crops."""

from __future__ import annotations

import os
import struct
import zlib

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline import imagery
from pipeline.errors import ImageryError


def picture(width: int = 64, height: int = 48) -> imagery.Image:
    return np.random.default_rng(1).integers(0, 255, (height, width, 3), dtype=np.uint8)


def huge_png(side: int = 30_000) -> bytes:
    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", side, side, 8, 0, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", header)
        + chunk(b"IDAT", zlib.compress(bytes(100_000)))
        + chunk(b"IEND", b"")
    )


def test_jpeg_round_trip_keeps_shape_and_colour_order():
    blue = np.zeros((16, 32, 3), np.uint8)
    blue[..., 0] = 255
    back = imagery.decode(imagery.encode_jpeg(blue, 95), "blue.jpg")
    assert back.shape == (16, 32, 3)
    assert back[8, 8, 0] > 240 > 20 > back[8, 8, 2]


@pytest.mark.parametrize("keep", [0.3, 0.6, 0.95])
def test_a_cut_jpeg_is_refused_by_name(keep):
    data = imagery.encode_jpeg(picture(400, 300))
    with pytest.raises(ImageryError, match=r"cut.jpg"):
        imagery.decode(data[: int(len(data) * keep)], "cut.jpg")


@pytest.mark.parametrize("data", [b"hello", b"\x00" * 100, b"\xff\xd8 not a picture", b"\x89PNG\r\n\x1a\nno"])
def test_what_is_no_picture_is_refused_by_name(data):
    with pytest.raises(ImageryError, match=r"text.JPG"):
        imagery.decode(data, "text.JPG")


def test_900_megapixels_are_refused_before_a_pixel_is_decoded():
    with pytest.raises(ImageryError, match=r"megapixels"):
        imagery.decode(huge_png(), "bomb.png")
    with pytest.raises(ImageryError, match=r"megapixels"):
        imagery.decode(huge_png(17_000), "bomb.png")


def test_empty_and_missing_files(tmp_path):
    (tmp_path / "empty.JPG").touch()
    with pytest.raises(ImageryError, match=r"empty.JPG: the file is empty"):
        imagery.read_bytes(tmp_path / "empty.JPG")
    with pytest.raises(ImageryError, match=r"gone.JPG: cannot be read"):
        imagery.read_bytes(tmp_path / "gone.JPG")


def test_what_is_no_plain_file_is_not_read(tmp_path):
    with pytest.raises(ImageryError, match=r"is not a file"):
        imagery.read_bytes(tmp_path)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no named pipes here")
def test_a_pipe_does_not_keep_us_waiting(tmp_path):
    os.mkfifo(tmp_path / "pipe.JPG")
    with pytest.raises(ImageryError, match=r"pipe.JPG: is not a file"):
        imagery.read_bytes(tmp_path / "pipe.JPG")


@given(
    st.tuples(st.floats(-50, 700), st.floats(-50, 500), st.floats(0, 300), st.floats(0, 300)),
    st.floats(0, 2),
)
def test_crops_lie_inside_and_hold_the_box(box, margin):
    x, y, w, h = box
    x0, y0, x1, y1 = imagery.crop_box((x, y, x + w, y + h), 640, 480, margin)
    assert 0 <= x0 < x1 <= 640 and 0 <= y0 < y1 <= 480
    if x >= 0 and x + w <= 639 and y >= 0 and y + h <= 479:
        assert x0 - 0.5 <= x and y0 - 0.5 <= y and x1 - 0.5 >= x + w and y1 - 0.5 >= y + h


def test_sharp_is_sharper_than_blurred():
    import cv2

    sharp = picture(600, 400)
    assert imagery.sharpness(sharp) > 2 * imagery.sharpness(cv2.GaussianBlur(sharp, (0, 0), 2))


@pytest.mark.parametrize("kind", ["PNG", "TIFF"])
def test_png_and_tiff_come_back_pixel_by_pixel_and_cut_ones_are_refused(kind):
    import io

    import PIL.Image

    image, file = picture(120, 90), io.BytesIO()
    PIL.Image.fromarray(image[:, :, ::-1]).save(file, kind)
    assert np.array_equal(imagery.decode(file.getvalue(), "a"), image)
    with pytest.raises(ImageryError, match=r"cut\.tif"):
        imagery.decode(file.getvalue()[: len(file.getvalue()) // 2], "cut.tif")
