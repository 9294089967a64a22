"""Writing our labelled folder from what a format reads.

    OUT/images/…, OUT/labels/…   pictures, their bytes unchanged, and YOLO labels in our classes
    OUT/pictures.csv             a line a picture: name, split of the source, path in it, SHA-256, boxes
    OUT/provenance.json          format, licence, SHA-256 of pictures.csv, class map; what was left out and why

A picture is left out, and counted, when it is damaged, when its labels cannot be read whole or do not fit its size,
when it has none, and when all that is in it are objects of classes that we do not know: to learn from it as from an
empty one would teach that smoke over a fire is nothing. The last two are taken as empty only when asked for.
"""

from __future__ import annotations

import csv
import io
import os
import shutil
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pipeline import imagery
from pipeline.errors import ImageryError, MissionError, OutputError
from pipeline.files import link_or_copy, write_bytes_atomic, write_json_atomic
from pipeline.learn.converters.guard import text_of
from pipeline.learn.converters.values import ANY, CROWD, DROP, NOTHING, Format, Source, Theirs, Wanted
from pipeline.learn.labels import Share, write_boxes
from pipeline.learn.tiles import CLASSES

SCHEMA_VERSION = 1
MOST_NAMED = 5
LEAST_PX = 1.0  # of a box's side; below it nothing can be seen
SLACK = 1e-4  # of the picture's side by which a box may stand out uncounted: labels are rounded
MAX_LICENCE_CHARS = 4000
LICENCE_WORDS = ("license", "licence", "readme", "许可", "说明")
Tell = Callable[[str, int, int], None]


@dataclass(frozen=True, slots=True)
class Converted:
    """What was written, and what was left and why."""

    out: Path
    pictures: int
    empty: int
    boxes: dict[str, int]
    dropped: dict[str, int]  # boxes by their class
    left_out: dict[str, int]  # pictures by the reason
    mended: dict[str, int]  # boxes that were cut, degenerate ones
    strangers: list[str]  # classes of dropped boxes of which nobody said what they are


def write(form: Format, name: str, folder: Path, out: Path, wanted: Wanted, tell: Tell) -> Converted:
    """Write what a format reads in `folder` as our labelled folder.

    Raises MissionError for an unknown class and a folder that is not of the format, OutputError for a place that is
    taken or lies in the folder.
    """
    if out.exists():
        raise OutputError(f"{out}: is there already")
    if out.resolve().is_relative_to(folder.resolve()):
        raise OutputError(f"{out}: lies in the folder that is read; name another place")
    return _Writer(name, form, folder, out, wanted).run(tell)


class _Writer:
    """Puts pictures into a labelled folder and counts what it leaves."""

    def __init__(self, name: str, form: Format, folder: Path, out: Path, wanted: Wanted) -> None:
        self._name, self._form, self._folder, self._out, self._wanted = name, form, folder, out, wanted
        self._classes = class_map(form, wanted)
        self._rows: list[list[Any]] = []
        self._stems: set[str] = set()
        self._boxes: Counter[str] = Counter()
        self._dropped: Counter[str] = Counter()
        self._left: Counter[str] = Counter()
        self._mended: Counter[str] = Counter()
        self._read: Counter[str] = Counter()

    def run(self, tell: Tell) -> Converted:
        """All of it; the folder appears whole or not at all."""
        aside = self._out.with_name(f".{self._out.name}.partial")
        shutil.rmtree(aside, ignore_errors=True)
        try:
            for name in ("images", "labels"):
                (aside / name).mkdir(parents=True)
            for n, source in enumerate(self._form.read(self._folder, self._read), 1):
                self._take(source, aside)
                tell("convert", n, n)
            if not self._rows:
                raise MissionError(f"{self._folder}: no picture is left to learn from ({_told(self._left)})")
            self._check_known()
            self._finish(aside)
            os.replace(aside, self._out)
        except OSError as why:
            raise OutputError(f"{self._out}: cannot be written ({why.strerror or why})") from why
        finally:
            shutil.rmtree(aside, ignore_errors=True)
        empty = sum(row[4] == 0 for row in self._rows)
        return Converted(self._out, len(self._rows), empty, dict(self._boxes), dict(self._dropped),
                         dict(self._left + self._read), dict(self._mended), self.strangers())  # fmt: skip

    def strangers(self) -> list[str]:
        """Their classes that were dropped although nobody said so."""
        return sorted(name for name in self._dropped if name.strip().lower() not in self._classes)

    def _check_known(self) -> None:
        """Only empty pictures, because nobody said what their classes are to us, are no set to learn from."""
        strange = self.strangers()
        if strange and not self._boxes and not self._wanted.others_are_empty:
            raise MissionError(
                f"{self._folder}: none of its boxes is of a class of ours ({', '.join(strange[:MOST_NAMED])}); say "
                f"what they are, for example --map {strange[0]}=outfall, or --map {strange[0]}=- to drop them"
            )

    def _take(self, source: Source, aside: Path) -> None:
        told = source.path.relative_to(self._folder).as_posix()
        if not told.isprintable():
            self._left["names that are no text"] += 1
            return
        try:
            data = imagery.read_bytes(source.path)
            height, width = imagery.decode(data, source.path.name).shape[:2]
        except ImageryError:
            self._left["damaged pictures"] += 1
            return
        reason, shares = self._judged(source, width, height)
        if reason:
            self._left[reason] += 1
            return
        name = self._fresh_name(source.path)
        link_or_copy(source.path.resolve(), aside / "images" / name)
        write_boxes(aside / "labels" / f"{Path(name).stem}.txt", shares)
        self._boxes.update(CLASSES[s[0]] for s in shares)
        self._rows.append([name, source.split, told, imagery.sha256(data), len(shares)])

    def _judged(self, source: Source, width: int, height: int) -> tuple[str, list[Share]]:
        """Why a picture is left out, or "" and the boxes it keeps."""
        if source.fault:
            return ("crowds" if source.fault == CROWD else "labels that cannot be read"), []
        if source.boxes is None:
            return ("" if self._wanted.unlabelled_are_empty else "no labels"), []
        if source.size_px not in (None, (width, height)):
            return "labels of another size than the picture", []
        told = [b for b in source.boxes if self._ours(b.name) != NOTHING]
        shares = [s for b in told if (s := self._share(b, (width, height) if source.in_px else (1, 1), width, height))]
        if told and not shares and not self._wanted.others_are_empty:
            return "only objects of other classes", []
        return "", shares

    def _ours(self, name: str) -> str:
        key = name.strip().lower()
        return self._classes.get(key, self._classes.get(ANY, DROP))

    def _share(self, box: Theirs, unit: tuple[int, int], width: int, height: int) -> Share | None:
        """The box in our terms, or None where its class is not ours or nothing of it is inside the picture."""
        ours = self._ours(box.name)
        if ours == DROP:
            self._dropped[box.name] += 1
            return None
        raw = [e / u for e, u in zip(box.edges, (*unit, *unit), strict=True)]
        x0, y0, x1, y1 = (min(max(v, 0.0), 1.0) for v in raw)
        if (x1 - x0) * width < LEAST_PX or (y1 - y0) * height < LEAST_PX:
            self._mended["degenerate boxes dropped"] += 1
            return None
        if any(not -SLACK <= v <= 1 + SLACK for v in raw):
            self._mended["boxes cut at the border"] += 1
        return (CLASSES.index(ours), (x0 + x1) / 2, (y0 + y1) / 2, x1 - x0, y1 - y0)

    def _fresh_name(self, path: Path) -> str:
        """The picture's own name, with a number before it where another one has its stem."""
        name, number = f"{path.stem}{path.suffix.lower()}", 1
        while Path(name).stem.casefold() in self._stems:
            number += 1
            name = f"{number}~{path.stem}{path.suffix.lower()}"
        self._stems.add(Path(name).stem.casefold())
        return name

    def _finish(self, aside: Path) -> None:
        table = _csv(["picture", "split", "from", "sha256", "boxes"], self._rows)
        write_bytes_atomic(aside / "pictures.csv", table)
        splits = Counter(row[1] or "(none)" for row in self._rows)
        write_json_atomic(aside / "provenance.json", {
            "schema_version": SCHEMA_VERSION,
            "format": self._name,
            "folder": self._folder.name,
            "licence": {"published": self._form.licence, "found": licence_texts(self._folder)},
            "cite": self._form.cite,
            "pictures_csv_sha256": imagery.sha256(table),
            "classes": dict(sorted(self._classes.items())),
            "labels_only": sorted({c for c in self._classes.values() if c in CLASSES}),
            "others_are_empty": self._wanted.others_are_empty,
            "unlabelled_are_empty": self._wanted.unlabelled_are_empty,
            "counts": {
                "pictures": len(self._rows), "empty": sum(row[4] == 0 for row in self._rows),
                "boxes": {c: self._boxes[c] for c in CLASSES}, "splits": dict(sorted(splits.items())),
                "boxes_dropped_by_their_class": dict(sorted(self._dropped.items())),
                "boxes_mended": dict(sorted(self._mended.items())),
                "pictures_left_out": dict(sorted((self._left + self._read).items())),
            },
        })  # fmt: skip


def class_map(form: Format, wanted: Wanted) -> dict[str, str]:
    """Their class in small letters -> ours, DROP or NOTHING; raises MissionError for a class of ours that is none."""
    for theirs, ours in wanted.classes.items():
        if ours not in (*CLASSES, DROP):
            raise MissionError(f"--map {theirs}={ours}: our classes are {', '.join(CLASSES)}, and - drops one")
    return {**form.classes, **{k.strip().lower(): v for k, v in wanted.classes.items()}}


def licence_texts(folder: Path) -> dict[str, str]:
    """The beginning of every text in the folder that may speak of a licence, by its name."""
    found = {}
    for path in sorted(folder.iterdir()):
        word = path.name.lower()
        if path.is_file() and path.suffix.lower() in ("", ".txt", ".md") and any(w in word for w in LICENCE_WORDS):
            found[path.name] = text_of(path)[:MAX_LICENCE_CHARS]
    return found


def _csv(header: list[str], rows: list[list[Any]]) -> bytes:
    from pipeline.report.tables import text_cell

    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerows([header, *([text_cell(v) if isinstance(v, str) else v for v in row] for row in rows)])
    return out.getvalue().encode()


def _told(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{n} {what}" for what, n in sorted(counts.items())) or "none was there"
