"""Where a vault or the plain truth may not lie: where hits are taken, flights searched or folders mirrored."""

from __future__ import annotations

from pathlib import Path

from pipeline.errors import ContestError

_PHOTOS = (".jpg", ".jpeg", ".dng", ".tif", ".tiff", ".mp4", ".mov", ".srt", ".mrk", ".tlog", ".ulg", ".bin")
_SERVER_FOLDERS = ("blobs", "cards", "runs", "uploads")  # pipeline.server.settings.prepare makes them


def check_outside(path: Path, what: str) -> None:
    """Raises ContestError when `path` (it need not exist) is inside a folder that others read or copy.

    Those are a contest, a mission, a flight, a run and a server's data folder; links are followed first.
    """
    real = path.resolve()
    for depth, folder in enumerate((real, *real.parents)):
        found = _kind(folder) or ("a flight folder" if depth <= 2 and _is_flight(folder) else "")
        if found:
            raise ContestError(f"{path}: {what} must not lie inside {found} ({folder})")


def check_apart(path: Path, folder: Path, what: str) -> None:
    """Raises ContestError when `path` is `folder` or inside it."""
    real, outer = path.resolve(), folder.resolve()
    if outer == real or outer in real.parents:
        raise ContestError(f"{path}: {what} must not lie inside {folder}")


def _kind(folder: Path) -> str:
    """What sort of folder it is, or an empty string."""
    if (folder / "events.jsonl").exists():
        return "a contest folder"
    if (folder / "serve.lock").exists() or (folder / "qianliyan.sqlite").exists():
        return "a server's data folder"
    if all((folder / name).is_dir() for name in _SERVER_FOLDERS):
        return "a server's data folder"
    if (folder / "mission.toml").exists():
        return "a mission folder"
    if (folder / "provenance.json").exists() or (folder / "hits.partial.jsonl").exists():
        return "a run folder"
    if folder.name.endswith(".partial") or (folder / "hits.geojson").exists():
        return "a run folder"
    return "a flight folder" if (folder / "DCIM").is_dir() else ""


def _is_flight(folder: Path) -> bool:
    """Whether photos, videos or a drone's logs lie in it."""
    try:
        return any(f.suffix.lower() in _PHOTOS for f in folder.iterdir())
    except OSError:
        return False
