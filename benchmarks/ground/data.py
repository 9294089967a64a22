"""Which public files the figures are of: `benchmarks/data.toml`, and whether those at hand are the same."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from pipeline.imagery import file_sha256

TABLE = Path(__file__).resolve().parents[1] / "data.toml"


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
