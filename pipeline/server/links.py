"""A second name for bytes that never change: a hard link, or a copy with the same times where there are no links."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from pipeline.server.store import remove


def link_bytes(source: Path, path: Path) -> None:
    """Give `source` the name `path`; what is there already with as many bytes stays. Raises OSError."""
    if path.exists() and path.stat().st_size == source.stat().st_size:
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    remove(path)
    try:
        os.link(source, path)
    except OSError:
        aside = path.with_name(f".{path.name}.aside")
        shutil.copy2(source, aside)
        os.replace(aside, path)
