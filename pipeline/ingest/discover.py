"""Which files of a flight folder are its photos.

Searched recursively. Left out: hidden files and folders, run folders and what grows into one (`.partial`),
officers' reviews, and links that leave the flight.
"""

from __future__ import annotations

import os
from pathlib import Path

from pipeline.errors import MissionError
from pipeline.imagery import PHOTO_SUFFIXES

_RUN_MARKS = frozenset({"hits.geojson", "hits.partial.jsonl", "provenance.json"})
_NOT_FLIGHTS = (".partial", ".reviews")


def find_photos(path: Path) -> tuple[Path, list[Path]]:
    """(root of the flight, its photos sorted by name); a single file is a flight of one.

    Raises MissionError when the path is missing, unreadable or holds no photos.
    """
    try:
        there, alone = path.exists(), path.is_file()
    except OSError as why:
        raise MissionError(f"{path}: cannot be read ({why.strerror})") from why
    if not there:
        raise MissionError(f"{path}: there is no such file or folder")
    if alone:
        return path.parent, [path]
    found = _walk(path)
    if not found:
        raise MissionError(f"{path}: no photos are in this folder (looked for {', '.join(sorted(PHOTO_SUFFIXES))})")
    return path, sorted(found)


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
        found += [Path(folder, f) for f in files if _is_photo(folder, f, inside)]
    return found


def _is_flight(folder: str) -> bool:
    return not folder.startswith(".") and not folder.endswith(_NOT_FLIGHTS)


def _is_photo(folder: str, name: str, inside: str) -> bool:
    if name.startswith(".") or os.path.splitext(name)[1].lower() not in PHOTO_SUFFIXES:
        return False
    path = os.path.join(folder, name)
    if os.path.islink(path):
        return os.path.realpath(path).startswith(inside + os.sep) and os.path.isfile(path)
    return os.path.isfile(path)
