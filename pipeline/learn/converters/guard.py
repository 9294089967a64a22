"""Reading what strangers packed: nothing outside the folder, nothing larger than allowed, nothing that runs."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from os.path import commonpath
from pathlib import Path
from typing import Any

from pipeline.errors import MissionError
from pipeline.imagery import PHOTO_SUFFIXES
from pipeline.learn.labels import MOST_PICTURES

MAX_JSON_BYTES = 512 * 1024 * 1024
MAX_TEXT_BYTES = 16 * 1024 * 1024
SPLITS = {
    "train": "train", "training": "train", "trainset": "train", "train2017": "train",
    "val": "val", "valid": "val", "validation": "val", "val2017": "val",
    "test": "test", "testing": "test", "testset": "test", "test2017": "test",
}  # fmt: skip


def files_inside(folder: Path, suffixes: frozenset[str]) -> Iterator[Path]:
    """Plain files of these suffixes under a folder, by name; links that lead out of it are not followed.

    Raises MissionError when it is no folder.
    """
    if not folder.is_dir():
        raise MissionError(f"{folder}: is no folder")
    root = folder.resolve()
    for path in sorted(folder.rglob("*")):
        if path.suffix.lower() in suffixes and path.is_file() and path.resolve().is_relative_to(root):
            yield path


def pictures_inside(folder: Path, tally: Counter[str]) -> list[Path]:
    """Every picture under a folder; what a link shows outside of it is counted and left.

    Raises MissionError when there are none or too many.
    """
    found = list(files_inside(folder, PHOTO_SUFFIXES))
    everything = sum(1 for p in folder.rglob("*") if p.suffix.lower() in PHOTO_SUFFIXES and p.is_file())
    if everything > len(found):
        tally["links out of the folder"] += everything - len(found)
    if not found:
        raise MissionError(f"{folder}: holds no JPEG, TIFF or PNG pictures")
    if len(found) > MOST_PICTURES:
        raise MissionError(f"{folder}: {len(found)} pictures are more than the {MOST_PICTURES} allowed")
    return found


def beside(picture: Path, files: Sequence[Path], pictures: Sequence[Path]) -> Path | None:
    """Which of the files of a picture's name is its own, where several folders hold that name; None where none is.

    The two share the longest way from the top, and neither shares as much with another one (`pictures`: all of the
    name). Raises LookupError where two could be meant.
    """
    if not files:
        return None
    near = _nearest(picture, files)
    back = {file: _nearest(file, pictures) for file in near}
    if not any(picture in found for found in back.values()):
        return None
    if len(near) > 1 or len(back[near[0]]) > 1:
        raise LookupError(picture.name)
    return near[0]


def _nearest(path: Path, others: Sequence[Path]) -> list[Path]:
    shared = [len(commonpath((path.parent, other.parent))) for other in others]
    return [other for other, n in zip(others, shared, strict=True) if n == max(shared)]


def by_stem(paths: Sequence[Path]) -> dict[str, list[Path]]:
    """Stem -> the files of it."""
    found: dict[str, list[Path]] = defaultdict(list)
    for path in paths:
        found[path.stem].append(path)
    return found


def text_of(path: Path, most_bytes: int = MAX_TEXT_BYTES) -> str:
    """A text file; raises MissionError when it is larger than allowed or cannot be read."""
    try:
        if path.stat().st_size > most_bytes:
            raise MissionError(f"{path.name}: more than the {most_bytes // 1024**2} MB allowed")
        return path.read_text(encoding="utf-8-sig", errors="replace")
    except OSError as why:
        raise MissionError(f"{path.name}: cannot be read ({why.strerror or why})") from why


def json_of(path: Path) -> Any:
    """A JSON file; raises MissionError when it is none or larger than allowed."""
    try:
        return json.loads(text_of(path, MAX_JSON_BYTES))
    except (ValueError, RecursionError) as why:
        raise MissionError(f"{path.name}: is no JSON that can be read") from why


def yaml_of(path: Path) -> Any:
    """A YAML file without references, by which a small file can fill the memory; raises MissionError."""
    from importlib import import_module

    try:
        yaml: Any = import_module("yaml")  # comes with the extra
    except ImportError as why:
        raise MissionError(f"{path.name}: to read YAML install the extra, or write the names to classes.txt") from why
    text = text_of(path, 1024 * 1024)
    try:
        if any(isinstance(event, yaml.AliasEvent) for event in yaml.parse(text, Loader=yaml.SafeLoader)):
            raise MissionError(f"{path.name}: has references (*), which are not read")
        return yaml.safe_load(text)
    except (ValueError, RecursionError, yaml.YAMLError) as why:
        raise MissionError(f"{path.name}: is no YAML") from why


def split_of(path: Path, folder: Path) -> str:
    """The source's split by a folder's name on the way to a picture, "" where none tells."""
    words = [SPLITS[part.lower()] for part in path.relative_to(folder).parts[:-1] if part.lower() in SPLITS]
    return words[-1] if words else ""


def split_lists(folders: list[Path]) -> dict[str, str]:
    """Stem of a picture -> its split, from lists such as train.txt, val.txt and test.txt in these folders."""
    told: dict[str, str] = {}
    for folder in folders:
        for path in sorted(p for p in folder.glob("*.txt") if p.stem.lower() in SPLITS):
            for line in text_of(path).splitlines():
                stem = Path(line.strip().replace("\\", "/")).name.rsplit(".", 1)[0]
                if stem:
                    told.setdefault(stem, SPLITS[path.stem.lower()])
    return told
