"""Which photos are one press of the shutter seen through several lenses.

DJI's payloads write one file a lens: DJI_20240101120000_0001_W.JPG, …_0001_Z.JPG, …_0001_T.JPG, or _V, _S, _D,
_R and the multispectral _MS_G, _MS_R, _MS_RE, _MS_NIR. They belong together when they lie in one folder and share
the sequence number and everything before it but the time, no lens comes twice, and their times are at most 2 s
apart. A CaptureUUID, where there is one, takes the place of names and lenses.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from pipeline.ingest.photo import Photo

MAX_APART_NS = 2_000_000_000
_LENS = re.compile(r"(.*\d)_(MS_(?:G|R|RE|NIR)|[WZTVSDR])", re.IGNORECASE | re.DOTALL)
_STAMP = re.compile(r"\d{14}")
_ID = "uuid:"
_SOURCES = {
    "widecamera": "W", "zoomcamera": "Z", "telecamera": "Z", "infraredcamera": "T", "visiblecamera": "V",
}  # fmt: skip


def lens_of(photo: Photo) -> str:
    """The lens's letter, from the file name or XMP ImageSource; empty for a camera with one lens."""
    found = _LENS.fullmatch(photo.path.stem)
    return found[2].upper() if found else _SOURCES.get(photo.reading.image_source.strip().lower(), "")


def exposures(photos: Sequence[Photo], t_ns: Sequence[int | None]) -> list[str]:
    """The exposure of each photo: the id of its first photo, in the order given (by time)."""
    open_presses: dict[str, tuple[str, int | None, set[str]]] = {}
    found = []
    for photo, t in zip(photos, t_ns, strict=True):
        key, lens = _key(photo), lens_of(photo)
        press = open_presses.get(key) if key else None
        if press is None or not _together(press[1], t) or (lens in press[2] and not _is_id(key)):
            press = (photo.id, t, set())
            open_presses[key] = press
        press[2].add(lens)
        found.append(press[0])
    return found


def _key(photo: Photo) -> str:
    """What photos of one press share; empty for a photo that stands alone."""
    if photo.reading.capture_id:
        return _ID + photo.reading.capture_id
    found = _LENS.fullmatch(photo.path.stem)
    return f"{photo.path.parent}/{_STAMP.sub('', found[1])}" if found else ""


def _is_id(key: str) -> bool:
    return key.startswith(_ID)


def _together(a_ns: int | None, b_ns: int | None) -> bool:
    return a_ns is None or b_ns is None or abs(a_ns - b_ns) <= MAX_APART_NS
