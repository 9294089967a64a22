"""Which public files the figures are of: `benchmarks/data.toml`, and whether those at hand are the same."""

from __future__ import annotations

import csv
import os
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from pipeline.imagery import file_sha256

TABLE = Path(__file__).resolve().parents[1] / "data.toml"
DATA = Path(os.environ.get("QLY_TEST_DATA", TABLE.parents[1] / "../shared/data"))
TURNED = {f"DJI_{n:04d}.JPG" for n in range(24, 30)}  # brighton's strip whose pixels lie turned


@dataclass(frozen=True)
class PublicFile:
    """One file: where it is published, and where it lies below the data folder; empty digest: not at hand."""

    repository: str
    commit: str
    path: str
    licence: str
    local: str
    sha256: str


def public_files() -> tuple[PublicFile, ...]:
    """All of the table."""
    with TABLE.open("rb") as file:
        return tuple(PublicFile(**row) for row in tomllib.load(file)["file"])


def different(folder: Path) -> Iterator[str]:
    """Sentences about files in the data folder that are missing or are not the table's."""
    for told in public_files():
        if not told.sha256:
            continue
        path = folder / told.local
        if not path.is_file():
            yield f"{told.local}: is not there"
        elif file_sha256(path) != told.sha256:
            yield f"{told.local}: is another file than the published figures were measured on"


def rows(path: Path) -> list[dict[str, str]]:
    """The rows of a CSV with a header."""
    with path.open(encoding="utf-8-sig") as file:
        return list(csv.DictReader(file))
