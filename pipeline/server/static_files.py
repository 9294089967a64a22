"""The built front end: which file answers which path, packed where the browser takes it."""

from __future__ import annotations

import mimetypes
from dataclasses import dataclass
from pathlib import Path

STATIC = Path(__file__).resolve().parent / "static"
PACKED = (("br", ".br"), ("gzip", ".gz"))
LONGEST_BYTES = 200  # of a path; systems fail at names beyond 255
# Python's table depends on the computer, and Windows' registry calls JavaScript text/plain.
TYPES = {
    ".js": "text/javascript", ".mjs": "text/javascript", ".css": "text/css", ".html": "text/html",
    ".json": "application/json", ".map": "application/json", ".svg": "image/svg+xml", ".png": "image/png",
    ".webp": "image/webp", ".ico": "image/x-icon", ".woff2": "font/woff2", ".wasm": "application/wasm",
    ".webmanifest": "application/manifest+json", ".txt": "text/plain", ".pbf": "application/x-protobuf",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Found:
    """A file, how it is packed ("" when it is not), and what it is unpacked."""

    path: Path
    encoding: str
    media_type: str


def find(relative: str, accepted: str, root: Path = STATIC) -> Found | None:
    """The file of the build at this path, or None; `accepted` is the request's Accept-Encoding."""
    if not _is_name(relative):
        return None
    path = (root / relative).resolve()
    if not path.is_relative_to(root.resolve()) or not path.is_file():
        return None
    media_type = TYPES.get(path.suffix.lower()) or mimetypes.guess_type(path.name)[0] or "application/octet-stream"
    for encoding, ending in PACKED:
        packed = path.with_name(path.name + ending)
        if encoding in _encodings(accepted) and packed.is_file():
            return Found(packed, encoding, media_type)
    return Found(path, "", media_type)


def _is_name(relative: str) -> bool:
    """Whether it could be a file's: nothing that Windows would look for on another drive or machine (//HOST/SHARE)."""
    short = len(relative.encode("utf-8", "replace")) <= LONGEST_BYTES
    return short and not set("\\\0:") & set(relative) and not {"", ".", ".."} & set(relative.split("/"))


def _encodings(accepted: str) -> set[str]:
    parts = (part.partition(";") for part in accepted.lower().split(","))
    return {name.strip() for name, _, weight in parts if weight.replace(" ", "") not in ("q=0", "q=0.0")}
