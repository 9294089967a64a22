"""Which files of a flight folder are its photos, its logs and its videos.

Searched recursively. Left out: hidden files and folders, run folders and what grows into one (`.partial`),
officers' reviews, and links that leave the flight. Subtitles are found by their video; those without one are told
apart.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from pipeline.errors import MissionError
from pipeline.imagery import PHOTO_SUFFIXES
from pipeline.ingest.logs import LOG_SUFFIXES
from pipeline.video import VIDEO_SUFFIXES

_RUN_MARKS = frozenset({"hits.geojson", "hits.partial.jsonl", "provenance.json"})
_NOT_FLIGHTS = (".partial", ".reviews")
SUBTITLE_SUFFIX = ".srt"
_KNOWN = PHOTO_SUFFIXES | LOG_SUFFIXES | VIDEO_SUFFIXES | {SUBTITLE_SUFFIX}


@dataclass(frozen=True, slots=True)
class Flight:
    """A flight's files, each kind sorted by name."""

    root: Path
    photos: tuple[Path, ...] = ()
    logs: tuple[Path, ...] = ()
    videos: tuple[Path, ...] = ()
    subtitles: tuple[Path, ...] = ()  # without a video of their name beside them


def find_flight(path: Path) -> Flight:
    """The files of a flight; a single file is a flight of one, and a photo unless its name says otherwise.

    Raises MissionError when the path is missing, unreadable or holds nothing of a flight.
    """
    try:
        there, alone = path.exists(), path.is_file()
    except OSError as why:
        raise MissionError(f"{path}: cannot be read ({why.strerror})") from why
    if not there:
        raise MissionError(f"{path}: there is no such file or folder")
    if alone:
        return _sorted(path.parent, [path])
    found = _walk(path)
    if not found:
        kinds = ", ".join(sorted(_KNOWN))
        raise MissionError(f"{path}: no photos are in this folder, and no videos or flight logs (looked for {kinds})")
    return _sorted(path, sorted(found))


def _sorted(root: Path, files: list[Path]) -> Flight:
    logs = tuple(f for f in files if f.suffix.lower() in LOG_SUFFIXES)
    videos = tuple(f for f in files if f.suffix.lower() in VIDEO_SUFFIXES)
    filmed = {(v.parent, v.stem.lower()) for v in videos}
    texts = [f for f in files if f.suffix.lower() == SUBTITLE_SUFFIX]
    others = {*logs, *videos, *texts}
    lone = tuple(t for t in texts if (t.parent, t.stem.lower()) not in filmed)
    return Flight(root, tuple(f for f in files if f not in others), logs, videos, lone)


def _walk(root: Path) -> list[Path]:
    def refuse(why: OSError) -> None:
        raise MissionError(f"{why.filename}: cannot be read ({why.strerror})") from why

    inside = os.path.realpath(root)
    found = []
    for folder, folders, files in os.walk(root, onerror=refuse):
        folders[:] = sorted(f for f in folders if _is_flight(f))
        if folder != str(root) and _RUN_MARKS.intersection(files):
            folders.clear()
            continue
        found += [Path(folder, f) for f in files if _is_part(folder, f, inside)]
    return found


def _is_flight(folder: str) -> bool:
    return not folder.startswith(".") and not folder.endswith(_NOT_FLIGHTS)


def _is_part(folder: str, name: str, inside: str) -> bool:
    if name.startswith(".") or os.path.splitext(name)[1].lower() not in _KNOWN:
        return False
    path = os.path.join(folder, name)
    if os.path.islink(path):
        return os.path.realpath(path).startswith(inside + os.sep) and os.path.isfile(path)
    return os.path.isfile(path)
