"""Files of runs and of reviews.zips that verdicts are read from, no further than allowed."""

from __future__ import annotations

import json
import zipfile
import zlib
from pathlib import Path, PurePosixPath
from typing import Any

from pipeline import imagery
from pipeline.errors import MissionError
from pipeline.report.review_entries import Entry, check_entry

MAX_JSON_BYTES = 256 * 1024 * 1024


def frames_of(run: Path) -> tuple[dict[str, float], dict[str, int]]:
    """Focal lengths in pixels, and times of a film's frames, by frame id; empty where the run does not tell."""
    path = run / "frames.json"
    if not path.is_file():
        return {}, {}
    try:
        frames = json.loads(imagery.read_bytes(path, MAX_JSON_BYTES))["frames"]
        focal_px = {f["id"]: float(f["camera"]["fx_px"]) for f in frames if f.get("camera") and "fx_px" in f["camera"]}
        return focal_px, {f["id"]: int(f["pts"]) for f in frames if f.get("pts") is not None}
    except (ValueError, KeyError, TypeError, AttributeError, OverflowError, RecursionError) as why:
        raise MissionError(f"{path}: damaged ({type(why).__name__})") from why


def member(path: Path, name: str, most_bytes: int) -> bytes | None:
    """A file of a zip, read no further than allowed; None where it is not there."""
    try:
        with zipfile.ZipFile(path) as archive:
            if name not in archive.namelist():
                return None
            with archive.open(name) as file:
                data = file.read(most_bytes + 1)
    except (OSError, zipfile.BadZipFile, zlib.error, ValueError, RuntimeError, EOFError) as why:
        raise MissionError(f"{path.name}: is no zip that can be read") from why
    if len(data) > most_bytes:
        raise MissionError(f"{path.name}: {PurePosixPath(name).name} is larger than allowed")
    return data


def json_in(path: Path, name: str) -> Any:
    """A JSON file of a zip; raises MissionError where there is none."""
    data = member(path, name, MAX_JSON_BYTES)
    if data is None:
        raise MissionError(f"{path.name}: is no reviews.zip of ours (it has no {name})")
    try:
        return _parsed(data)
    except (ValueError, RecursionError) as why:
        raise MissionError(f"{path.name}: {name} is no JSON that can be read") from why


def lines_in(path: Path) -> list[Entry]:
    """The entries of a reviews.zip; raises MissionError naming the line that makes no sense."""
    data = member(path, "reviews.jsonl", MAX_JSON_BYTES) or b""
    entries: list[Entry] = []
    for n, line in enumerate(data.splitlines(), 1):
        try:
            entries.append(_parsed(line))
        except (ValueError, RecursionError) as why:
            raise MissionError(f"{path.name}: reviews.jsonl, line {n}: not JSON") from why
        check_entry(entries[-1], f"{path.name}: reviews.jsonl, line {n}")
    return entries


def _parsed(data: bytes) -> Any:
    """JSON that can be written again; raises ValueError for what no file of ours holds: NaN, half of a character."""
    value = json.loads(data)
    json.dumps(value, ensure_ascii=False, allow_nan=False).encode()
    return value
