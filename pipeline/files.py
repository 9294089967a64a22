"""Writing files so that a reader sees the old one or the new one, never a half."""

from __future__ import annotations

import json
import os
import re
import shutil
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

from pipeline.errors import OutputError

_ASIDE = re.compile(r"(.*/)?\.[^/]+\.aside(\.[^/.]*)?", re.DOTALL)


def write_atomic(path: Path, fill: Callable[[Path], None]) -> None:
    """Let `fill` write a file aside in the same folder, force it to the disk, then rename it to `path`.

    Raises OutputError when the folder cannot be written to; nothing is left behind then. The file aside has a fixed
    name, so that what a killed process left is cleared away by the next.
    """
    aside = path.with_name(f".{path.stem}.aside{path.suffix}")
    try:
        _clear(aside)
        fill(aside)
        with aside.open("rb+") as file:
            os.fsync(file.fileno())
        os.replace(aside, path)
    except OSError as why:
        raise OutputError(f"{path}: cannot be written ({why.strerror or why})") from why
    finally:
        with suppress(OSError):
            _clear(aside)


def is_aside(name: str) -> bool:
    """Whether a path with slashes is one of `write_atomic`'s files aside; one that stays is what a kill left."""
    return _ASIDE.fullmatch(name) is not None


def _clear(aside: Path) -> None:
    """Remove a file aside, and the journal that SQLite may have left with it."""
    for name in (aside.name, aside.name + "-journal"):
        aside.with_name(name).unlink(missing_ok=True)


def write_bytes_atomic(path: Path, data: bytes) -> None:
    """Replace `path` by `data` in one step."""

    def fill(aside: Path) -> None:
        aside.write_bytes(data)

    write_atomic(path, fill)


def link_or_copy(source: Path, target: Path) -> None:
    """The same bytes under a second name, without using the disk twice where it can; raises OSError."""
    try:
        os.link(source, target)
    except OSError:
        shutil.copyfile(source, target)


def write_json_atomic(path: Path, value: Any) -> None:
    """Replace `path` by `value` as JSON in one step; NaN and infinity raise ValueError."""
    write_bytes_atomic(path, json_bytes(value))


def json_bytes(value: Any) -> bytes:
    """JSON for files: UTF-8, one space of indent, keys in the order given, no NaN."""
    return (json.dumps(value, ensure_ascii=False, indent=1, allow_nan=False) + "\n").encode()
