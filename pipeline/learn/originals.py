"""The photos that a run looked at, found again by their SHA-256: where the run says, else in folders that are given."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from pipeline import imagery
from pipeline.errors import ImageryError, MissionError
from pipeline.learn.verdicts import Look, Reviewed
from pipeline.video import VIDEO_SUFFIXES, read_frame

MOST_FILES = 200_000


class Originals:
    """Finds and reads them; every file is hashed once."""

    def __init__(self, folders: Sequence[Path] = ()) -> None:
        for folder in folders:
            if not folder.is_dir():
                raise MissionError(f"{folder}: is no folder")
        self._folders = tuple(folders)
        self._by_hash: dict[str, Path] | None = None
        self._hashes: dict[Path, str] = {}

    def picture(self, look: Look, run: Reviewed) -> imagery.Image | None:
        """The picture that a box lies in; None where the original is not at hand or cannot be decoded."""
        path = self._found(look, run)
        if path is None:
            return None
        pts = (run.pts or {}).get(look.frame_id)
        try:
            if imagery.video_and_number(look.frame_id)[1] is None:
                return imagery.decode(imagery.read_bytes(path), path.name)
            return None if pts is None else read_frame(path, pts, look.frame_id)
        except ImageryError:
            return None

    def _found(self, look: Look, run: Reviewed) -> Path | None:
        hints = [base / run.flight / look.source for base in (Path(), run.path.parent)] if run.flight else []
        for hint in hints:
            if hint.is_file() and self._hash(hint) == look.sha256:
                return hint
        if self._by_hash is None:
            self._by_hash = {self._hash(p): p for p in reversed(self._files())}
        return self._by_hash.get(look.sha256)

    def _files(self) -> list[Path]:
        suffixes = imagery.PHOTO_SUFFIXES | VIDEO_SUFFIXES
        found = sorted(p for f in self._folders for p in f.rglob("*") if p.suffix.lower() in suffixes and p.is_file())
        if len(found) > MOST_FILES:
            raise MissionError(f"{self._folders[0]}: more than {MOST_FILES} photos to look through")
        return found

    def _hash(self, path: Path) -> str:
        if path not in self._hashes:
            self._hashes[path] = imagery.file_sha256(path)
        return self._hashes[path]
