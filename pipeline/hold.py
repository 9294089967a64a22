"""One process at a time in a folder: a lock that the system itself takes away when its process dies.

SQLite's own file lock serves, since it works the same on every system.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from pipeline.errors import OutputError


@contextmanager
def held(path: Path, wait_s: float) -> Iterator[None]:
    """Hold the lock `path`; raises OutputError when another process holds it longer than `wait_s`."""
    try:
        lock = sqlite3.connect(path, timeout=wait_s, isolation_level=None)
    except sqlite3.Error as why:
        raise OutputError(f"{path}: cannot be written ({why})") from why
    try:
        try:
            lock.execute("BEGIN EXCLUSIVE")
        except sqlite3.Error as why:
            raise OutputError(f"{path.parent}: another process works in it ({why})") from why
        yield
    finally:
        lock.close()
