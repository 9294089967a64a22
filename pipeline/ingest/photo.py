"""One photo as its own header tells it, before the flight's other photos have a say."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from pathlib import Path

from pipeline.ingest.container import read_header
from pipeline.ingest.dialects import Reading, read_dialect
from pipeline.ingest.exif import Tags, text
from pipeline.ingest.xmp import read_xmp


@dataclass(frozen=True, slots=True)
class Photo:
    """A picture file's header, read."""

    id: str
    path: Path
    width_px: int
    height_px: int
    tags: Tags
    reading: Reading

    @property
    def model(self) -> str:
        return text(self.tags, "Model")

    @property
    def body(self) -> str:
        """The very camera, as far as its serial number tells it from others of its model."""
        return f"{self.model} {text(self.tags, 'BodySerialNumber')}".strip()


def frame_id(path: Path, root: Path) -> str:
    """The path relative to the flight, '/' between folders, composed characters (NFC), always valid Unicode."""
    raw = path.relative_to(root).as_posix()
    return unicodedata.normalize("NFC", raw.encode("utf-8", "surrogateescape").decode("utf-8", "replace"))


def read_photo(path: Path, root: Path) -> Photo:
    """Read a photo's header; raises ImageryError when it is damaged or no picture."""
    header = read_header(path)
    reading = read_dialect(read_xmp(header.xmp)) if header.xmp else Reading()
    return Photo(frame_id(path, root), path, header.width_px, header.height_px, header.tags, reading)
