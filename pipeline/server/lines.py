"""Files that the pages are served from: JSON squeezed once, and JSON lines of which one is read at a time."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from pipeline.errors import MissionError
from pipeline.files import write_bytes_atomic

Place = list[int]  # where a line lies: its first byte, and how many


def compact(value: Any) -> bytes:
    """JSON for the network: UTF-8, no spaces, no NaN."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode()


def squeezed(data: bytes) -> bytes:
    """The bytes in gzip; the same ones give the same."""
    return gzip.compress(data, 6, mtime=0)


def write_squeezed(path: Path, value: Any) -> None:
    """Write NAME.json.gz in one step."""
    write_bytes_atomic(path, squeezed(compact(value)))


def read_squeezed(path: Path) -> Any:
    """What `write_squeezed` wrote; raises MissionError when it is not there or damaged."""
    try:
        return json.loads(gzip.decompress(path.read_bytes()))
    except (OSError, EOFError, ValueError) as why:
        raise MissionError(f"{path.name}: what the pages need of this run is missing or damaged") from why


def write_lines(path: Path, values: Iterable[Any]) -> list[Place]:
    """Write one JSON value a line in one step; where each of them lies."""
    lines = [compact(value) + b"\n" for value in values]
    write_bytes_atomic(path, b"".join(lines))
    places, at = [], 0
    for line in lines:
        places.append([at, len(line)])
        at += len(line)
    return places


def read_line(path: Path, place: Place) -> Any:
    """One value of a file of JSON lines; raises MissionError when it is not there or damaged."""
    try:
        with path.open("rb") as file:
            file.seek(place[0])
            return json.loads(file.read(place[1]))
    except (OSError, ValueError) as why:
        raise MissionError(f"{path.name}: what the pages need of this run is missing or damaged") from why
