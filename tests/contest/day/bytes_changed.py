"""One byte of a folder changed, and put back."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Change:
    """A byte of a file, and what it is turned into by exclusive or."""

    path: Path
    offset: int
    flip: int  # 1 to 255

    def __str__(self) -> str:
        return f"{self.path}, byte {self.offset} ^ {self.flip:#04x}"


def changes(folder: Path, count: int, seed: int, even_over: str) -> list[Change]:
    """Random changes: `even_over` "files", each file equally likely, or "bytes", each byte."""
    r = random.Random(f"{seed}/{even_over}")
    files = [p for p in sorted(folder.rglob("*")) if p.is_file() and p.stat().st_size]
    sizes = [p.stat().st_size for p in files]
    return [_change(r, files, None if even_over == "files" else sizes) for _ in range(count)]


def changes_of_every_kind(folder: Path, seed: int) -> list[Change]:
    """A random change in one file of each kind: of each ending in each folder at the top."""
    r = random.Random(f"{seed}/kinds")
    kinds: dict[tuple[str, str], list[Path]] = {}
    for path in sorted(folder.rglob("*")):
        if path.is_file() and path.stat().st_size:
            top = path.relative_to(folder).parts[0]
            kinds.setdefault((top, path.suffix), []).append(path)
    return [_change(r, files, None) for files in kinds.values()]


def _change(r: random.Random, files: Sequence[Path], sizes: Sequence[int] | None) -> Change:
    path = r.choices(files, sizes)[0]
    return Change(path, r.randrange(path.stat().st_size), r.randrange(1, 256))


@contextmanager
def changed(change: Change) -> Iterator[None]:
    """The byte is different inside the block."""
    before = change.path.read_bytes()
    _put(change, before[change.offset] ^ change.flip)
    try:
        yield
    finally:
        _put(change, before[change.offset])
        assert change.path.read_bytes() == before


def _put(change: Change, value: int) -> None:
    with change.path.open("r+b") as file:
        file.seek(change.offset)
        file.write(bytes([value]))
