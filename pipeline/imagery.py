"""The one owner of pixels: read, crop, reduce, encode. Images are (h, w, 3) uint8, blue first.

Decoding is strict: a damaged JPEG raises, where OpenCV would hand back grey areas without a word. The size
that a file claims is checked before a pixel is decoded. EXIF orientation is ignored, because boxes and camera
models speak of the stored raster.
"""

from __future__ import annotations

import hashlib
import re
import stat
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from pipeline.errors import ImageryError
from pipeline.types import Box, Frame

Image = NDArray[np.uint8]

MAX_FILE_BYTES = 512 * 1024 * 1024
MAX_PIXELS = 250_000_000
PHOTO_SUFFIXES = frozenset({".jpg", ".jpeg", ".tif", ".tiff", ".png"})


def read_bytes(path: str | Path, most_bytes: int = MAX_FILE_BYTES) -> bytes:
    """A file's bytes; raises ImageryError when it is missing, unreadable, no plain file, empty or over the cap."""
    path = Path(path)
    try:
        size = _plain_size(path)
        if size > most_bytes:
            raise ImageryError(f"{path.name}: {size / 1e6:.0f} MB is more than the {most_bytes / 1e6:.0f} MB allowed")
        data = path.read_bytes()
    except OSError as why:
        raise ImageryError(f"{path.name}: cannot be read ({why.strerror})") from why
    if not data:
        raise ImageryError(f"{path.name}: the file is empty")
    return data


def _plain_size(path: Path) -> int:
    told = path.stat()
    if not stat.S_ISREG(told.st_mode):  # a pipe or a device may never end
        raise ImageryError(f"{path.name or path}: is not a file")
    return told.st_size


def sha256(data: bytes) -> str:
    """Hex digest of the original bytes."""
    return hashlib.sha256(data).hexdigest()


def file_sha256(path: str | Path) -> str:
    """Hex digest of a file of any length, read in pieces; raises ImageryError when it cannot be read."""
    path = Path(path)
    try:
        _plain_size(path)
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as why:
        raise ImageryError(f"{path.name}: cannot be read ({why.strerror})") from why


def video_and_number(name: str) -> tuple[str, int | None]:
    """A frame's id or path as (the file's, the number of the frame in a video or None for a photo)."""
    found = re.fullmatch(r"(.+\.(?:mp4|mov|m4v|avi|mkv))#(\d{1,9})", name, re.IGNORECASE | re.DOTALL)
    return (found[1], int(found[2])) if found else (name, None)


def original_key(sha256: str, frame_id: str) -> str:
    """What tells one picture from all others: its file's digest and, of a video's frame, the number."""
    number = video_and_number(frame_id)[1]
    return sha256 if number is None else f"{sha256}#{number:06d}"


def decode(data: bytes, name: str) -> Image:
    """Decode JPEG, TIFF or PNG bytes to (h, w, 3) uint8, blue first; `name` is for the error's sentence."""
    if data[:2] == b"\xff\xd8":
        return _decode_jpeg(data, name)
    if data[:4] in (b"II*\x00", b"MM\x00*", b"II+\x00", b"MM\x00+") or data[:8] == b"\x89PNG\r\n\x1a\n":
        return _decode_other(data, name)
    raise ImageryError(f"{name}: not a JPEG, TIFF or PNG picture")


def _check_size(width: int, height: int, name: str) -> None:
    if width * height > MAX_PIXELS:
        most = MAX_PIXELS // 1_000_000
        raise ImageryError(f"{name}: {width} × {height} pixels are more than the {most} megapixels allowed")


def _decode_jpeg(data: bytes, name: str) -> Image:
    import simplejpeg

    try:
        height, width, _, _ = simplejpeg.decode_jpeg_header(data, strict=True)
        _check_size(width, height, name)
        image: Image = simplejpeg.decode_jpeg(data, colorspace="BGR", strict=True)
    except ValueError as why:
        raise ImageryError(f"{name}: damaged JPEG ({why})") from why
    return image


def _decode_other(data: bytes, name: str) -> Image:
    import io
    import warnings

    import PIL.Image

    try:
        with warnings.catch_warnings():
            # Pillow's guard against huge pictures speaks before ours can.
            warnings.simplefilter("ignore", PIL.Image.DecompressionBombWarning)
            with PIL.Image.open(io.BytesIO(data), formats=("TIFF", "PNG")) as picture:
                _check_size(*picture.size, name)
                return np.ascontiguousarray(np.asarray(picture.convert("RGB"), np.uint8)[:, :, ::-1])
    except ImageryError:
        raise
    except PIL.Image.DecompressionBombError as why:
        raise ImageryError(f"{name}: more pixels than the {MAX_PIXELS // 1_000_000} megapixels allowed") from why
    except Exception as why:
        raise ImageryError(f"{name}: damaged picture ({type(why).__name__})") from why


def read(frame: Frame) -> Image:
    """The pixels of a photo or of a video's frame."""
    if frame.pts is not None:
        from pipeline.video import read_frame

        return read_frame(frame.path, frame.pts, frame.id)
    return decode(read_bytes(frame.path), frame.id)


def read_all(frames: Sequence[Frame]) -> Iterator[tuple[Frame, Image | ImageryError]]:
    """Each frame with its pixels, or with why there are none; the frames of a video in one go, in its order."""
    for frame in frames:
        if frame.pts is None:
            try:
                yield frame, read(frame)
            except ImageryError as why:
                yield frame, why
    for path in dict.fromkeys(f.path for f in frames if f.pts is not None):
        yield from _read_video(path, {f.pts: f for f in frames if f.path == path and f.pts is not None})


def _read_video(path: str, wanted: dict[int, Frame]) -> Iterator[tuple[Frame, Image | ImageryError]]:
    from pipeline.video import frames

    why = "this frame of the video cannot be decoded"
    left = dict(wanted)
    try:
        for pts, image in frames(path, list(wanted)):
            yield left.pop(pts), image
    except ImageryError as fault:
        why = str(fault)
    for frame in left.values():
        yield frame, ImageryError(f"{frame.id}: {why}")


def reduced(image: Image, long_side_px: int) -> Image:
    """The picture with its long side at most `long_side_px`, averaged over areas."""
    import cv2

    scale = long_side_px / max(image.shape[:2])
    if scale >= 1:
        return image
    size = (max(1, round(image.shape[1] * scale)), max(1, round(image.shape[0] * scale)))
    return np.asarray(cv2.resize(image, size, interpolation=cv2.INTER_AREA), np.uint8)


def crop_box(
    box_px: Box, width_px: int, height_px: int, margin: float = 0.5, least_px: int = 96
) -> tuple[int, int, int, int]:
    """Whole pixels (x0, y0, x1, y1), ends excluded, around a box with a margin, inside the picture."""
    x0, y0, x1, y1 = box_px
    half_w = max((x1 - x0) * (0.5 + margin), least_px / 2)
    half_h = max((y1 - y0) * (0.5 + margin), least_px / 2)
    cx, cy = (x0 + x1) / 2 + 0.5, (y0 + y1) / 2 + 0.5
    left = min(max(0, int(cx - half_w)), width_px - 1)
    top = min(max(0, int(cy - half_h)), height_px - 1)
    right = min(width_px, int(np.ceil(cx + half_w)))
    bottom = min(height_px, int(np.ceil(cy + half_h)))
    return left, top, max(right, left + 1), max(bottom, top + 1)


def encode_jpeg(image: Image, quality: int = 88) -> bytes:
    """JPEG bytes; the same pixels give the same bytes."""
    import simplejpeg

    return bytes(simplejpeg.encode_jpeg(np.ascontiguousarray(image), quality=quality, colorspace="BGR"))


def sharpness(image: Image) -> float:
    """Variance of the Laplacian of the grey picture at 1,024 px: larger is sharper."""
    import cv2

    grey = cv2.cvtColor(reduced(image, 1024), cv2.COLOR_BGR2GRAY)
    return float(cv2.Laplacian(grey, cv2.CV_32F).var())


def use_one_thread() -> None:
    """Keep OpenCV to one thread in this process, where the other processes have the other cores."""
    import cv2

    cv2.setNumThreads(1)
