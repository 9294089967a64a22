"""What a run has already looked at, one line a frame, so that a killed run goes on where it stopped."""

from __future__ import annotations

import json
import os
from dataclasses import asdict
from pathlib import Path
from typing import IO, Any

from pipeline.errors import OutputError
from pipeline.types import Detection, Looked, Skipped


class OtherRun(OutputError):
    """What lies there was begun with other options or on other files."""


class Journal:
    """Append-only lines in a file; the first names what the run is about.

    A line cut by a crash is dropped. Raises OtherRun when the file belongs to another configuration or flight.
    """

    def __init__(self, path: Path, key: str) -> None:
        self.done: dict[str, Looked | Skipped] = {}
        lines, whole_bytes = whole_lines(path)
        if lines and lines[0].get("key") != key:
            run = path.parent.parent
            raise OtherRun(f"{run}: was started with other options or on other files; remove it to start anew")
        for line in lines[1:]:
            entry = _from_line(line)
            self.done[entry.frame_id] = entry
        self._file: IO[bytes] = path.open("r+b" if lines else "wb")
        self._file.seek(whole_bytes)
        self._file.truncate()
        if not lines:
            self._write({"key": key})

    def _write(self, line: dict[str, Any]) -> None:
        self._file.write(json.dumps(line, ensure_ascii=False, sort_keys=True).encode() + b"\n")
        self._file.flush()
        os.fsync(self._file.fileno())

    def add(self, entry: Looked | Skipped) -> None:
        """Remember a frame; on disk when this returns."""
        self.done[entry.frame_id] = entry
        self._write(_to_line(entry))

    def close(self) -> None:
        self._file.close()

    def __enter__(self) -> Journal:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def whole_lines(path: Path) -> tuple[list[dict[str, Any]], int]:
    """The lines that were written to their end, and how many bytes they take."""
    lines, size = [], 0
    for raw in (path.read_bytes() if path.exists() else b"").split(b"\n")[:-1]:
        try:
            lines.append(json.loads(raw))
        except ValueError:
            break
        size += len(raw) + 1
    return lines, size


def _to_line(entry: Looked | Skipped) -> dict[str, Any]:
    return {"kind": type(entry).__name__, **asdict(entry)}


def _from_line(line: dict[str, Any]) -> Looked | Skipped:
    values = {k: v for k, v in line.items() if k != "kind"}
    if line["kind"] == "Skipped":
        return Skipped(**values)
    detections = tuple(
        Detection(**{**d, "box_px": tuple(d["box_px"]), "point_px": tuple(d["point_px"])})
        for d in values.pop("detections")
    )
    return Looked(**values, detections=detections)
