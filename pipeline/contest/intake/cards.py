"""The intake manifest of a memory card: what was on it when it was handed over, so that evidence is not one's own word.

Of each file the SHA-256, the size and the relative path; of a photo also when and where its header says it was taken.
A file that cannot be read is listed with the reason. Nothing of the card is copied. Links are listed, not followed.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pipeline.errors import ContestError, MissionError
from pipeline.score.canonical import canonical_json, half_up

if TYPE_CHECKING:
    from pipeline.contest.folder import Contest
    from pipeline.contest.keys import Signer
    from pipeline.contest.ledger import Event
    from pipeline.ingest.photo import Photo

MAX_FILES = 100_000
_NANO = 1_000_000_000


@dataclass(frozen=True, slots=True)
class Original:
    """One file of a card. What its header does not say, or what is no photo, is None; `why`: what was wrong."""

    path: str
    bytes: int
    sha256: str | None
    t_ms: int | None = None  # UTC
    t_from: str | None = None  # how the time is known
    lat_e9: int | None = None
    lon_e9: int | None = None
    why: str | None = None


@dataclass(frozen=True, slots=True)
class Manifest:
    """A card's files, by path."""

    files: tuple[Original, ...]

    @property
    def originals(self) -> frozenset[str]:
        """The hashes that evidence may name."""
        return frozenset(f.sha256 for f in self.files if f.sha256)

    @property
    def span_ms(self) -> tuple[int, int] | None:
        """First and last capture time; None where it would be unfair to compare with it.

        That is: no photo has a time, a zone had to be assumed, or there are videos, whose frames have other times.
        """
        times = [f.t_ms for f in self.files if f.t_ms is not None]
        guessed = any("assumed" in (f.t_from or "") for f in self.files)
        return None if guessed or not times or any(map(_is_video, self.files)) else (min(times), max(times))

    @property
    def track(self) -> tuple[tuple[float, float], ...]:
        """(lat_deg, lon_deg) of the photos that say it."""
        return tuple((f.lat_e9 / _NANO, f.lon_e9 / _NANO) for f in self.files
                     if f.lat_e9 is not None and f.lon_e9 is not None)  # fmt: skip


def take_card(contest: Contest, leg: str, entrant: str, folder: Path | Manifest, desk: Signer, now_ms: int) -> Event:
    """Note what a card held when it was handed over; returns the event `card`.

    folder: the card, or what `scan_card` found on it. A large card takes minutes to read: scan it first, and come with
    the result, since the contest's folder is locked meanwhile.

    Raises:
        ContestError: the folder is missing, empty or has more than 100,000 files, or a card cannot be taken now.
    """
    found = folder if isinstance(folder, Manifest) else scan_card(folder)
    data = manifest_bytes(found, {"contest": contest.state.id, "entrant": entrant, "leg": leg})
    body = {"bytes": sum(f.bytes for f in found.files), "entrant": entrant, "files": len(found.files), "leg": leg,
            "manifest": contest.store(data), "unreadable": sum(f.sha256 is None for f in found.files)}  # fmt: skip
    return contest.append("card", body, desk, now_ms)


def scan_card(folder: Path) -> Manifest:
    """Read every file of a card once, in pieces.

    Raises:
        ContestError: the folder is missing, empty or has more than 100,000 files.
    """
    paths = _files(Path(folder))
    hashed = {path: _hashed(path, Path(folder)) for path in paths}
    told = _photos([p for p, o in hashed.items() if o.sha256 and _suffix(p.name) in _photo_suffixes()], Path(folder))
    found = [Original(**{**_fields(original), **told.get(path, {})}) for path, original in hashed.items()]
    return Manifest(tuple(sorted(found, key=lambda f: f.path)))


def _files(folder: Path) -> list[Path]:
    if not folder.is_dir():
        raise ContestError(f"{folder}: there is no such folder")
    found: list[Path] = []
    for path in _walk(folder):
        found.append(path)
        if len(found) > MAX_FILES:
            raise ContestError(f"{folder}: more than {MAX_FILES} files")
    if not found:
        raise ContestError(f"{folder}: holds no file")
    return found


def _walk(folder: Path) -> Iterator[Path]:
    def refuse(why: OSError) -> None:
        raise ContestError(f"{why.filename}: cannot be read ({why.strerror})") from None

    for here, folders, files in os.walk(folder, onerror=refuse):
        folders.sort()
        yield from (Path(here, name) for name in sorted(files))


def _hashed(path: Path, root: Path) -> Original:
    from pipeline.ingest.photo import frame_id

    name = frame_id(path, root)
    if path.is_symlink() or not path.is_file():
        return Original(name, 0, None, why="is a link or no plain file")
    try:
        with path.open("rb") as file:
            sha256, size = hashlib.file_digest(file, "sha256").hexdigest(), file.tell()
    except OSError as why:
        return Original(name, 0, None, why=f"cannot be read ({why.strerror or type(why).__name__})")
    return Original(name, size, sha256)


def _photos(paths: list[Path], root: Path) -> dict[Path, dict[str, Any]]:
    """When and where the photos say they were taken; a damaged one has only the reason."""
    from pipeline.ingest.clock import moments
    from pipeline.ingest.photo import read_photo

    told: dict[Path, dict[str, Any]] = {}
    photos: dict[Path, Photo] = {}
    for path in paths:
        try:
            photos[path] = read_photo(path, root)
        except MissionError as why:
            told[path] = {"why": str(why).encode("utf-8", "backslashreplace").decode()}  # a name may be no text
    times, _ = moments(list(photos.values()), None, None)
    for (path, photo), moment in zip(photos.items(), times, strict=True):
        t_ms = None if moment.t_ns is None else moment.t_ns // 1_000_000
        told[path] = {"t_ms": t_ms, "t_from": None if t_ms is None else moment.source, **_place(photo)}
    return told


def _place(photo: Photo) -> dict[str, int]:
    from pipeline.ingest.position import position_of

    at = position_of(photo)
    if at.problem:
        return {}
    return {"lat_e9": half_up(at.lat_deg * _NANO), "lon_e9": half_up(at.lon_deg * _NANO)}


def _suffix(name: str) -> str:
    return os.path.splitext(name)[1].lower()


def _photo_suffixes() -> frozenset[str]:
    from pipeline.imagery import PHOTO_SUFFIXES

    return PHOTO_SUFFIXES


def _is_video(file: Original) -> bool:
    from pipeline.video import VIDEO_SUFFIXES

    return _suffix(file.path) in VIDEO_SUFFIXES


def _fields(original: Original) -> dict[str, Any]:
    return {name: getattr(original, name) for name in Original.__slots__}


def manifest_bytes(manifest: Manifest, whose: Mapping[str, str]) -> bytes:
    """Canonical JSON of a manifest with contest, leg and entrant."""
    return canonical_json({**whose, "files": [_fields(f) for f in manifest.files], "schema_version": 1})


def read_manifest(data: bytes) -> Manifest:
    """The manifest in an object; ContestError when it is none."""
    try:
        return Manifest(tuple(Original(**entry) for entry in json.loads(data)["files"]))
    except (ValueError, KeyError, TypeError):
        raise ContestError("an object that should be a card's manifest is none") from None


def manifest_of(contest: Contest, leg: str, entrant: str) -> Manifest:
    """All cards of an entrant on a leg together; no files where none was handed over."""
    cards = contest.state.cards.get((leg, entrant), ())
    return Manifest(tuple(f for card in cards for f in read_manifest(contest.load(card.manifest)).files))
