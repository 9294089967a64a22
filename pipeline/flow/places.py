"""Single pixels put on the ground: the verb behind `qianliyan locate`."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from pipeline import imagery
from pipeline.errors import MissionError, OutputError, PipelineError
from pipeline.geo.locate import as_covariance, locate_pixels
from pipeline.geo.radius import r90_m
from pipeline.parallel import open_pool
from pipeline.types import Frame, Ground, Mission
from pipeline.video import VIDEO_SUFFIXES

MAX_CSV_BYTES = 64 * 1024 * 1024
_NUMBER = re.compile(r"\s*[+-]?(\d{1,9}(\.\d*)?|\.\d+)([eE][+-]?\d{1,2})?\s*", re.ASCII)
MOST_PX = 1e9
MOST_ADVISED = 20  # pixels of a photo that are told whether a second view would pay
COLUMNS = ("image", "x_px", "y_px", "lat_deg", "lon_deg", "alt_m", "r90_m", "why")


@dataclass(frozen=True, slots=True)
class Place:
    """A pixel and its place on the ground; the place's values are None and `why` is a sentence where there is none."""

    image: str
    x_px: float | str
    y_px: float | str
    lat_deg: float | None = None
    lon_deg: float | None = None
    alt_m: float | None = None
    r90_m: float | None = None
    why: str = ""
    advice: str = ""  # whether a second view would pay, and from where; no column of OUT.csv

    def row(self) -> dict[str, Any]:
        """The columns of OUT.csv, rounded as `docs/formats.md` says."""
        places = {"lat_deg": 8, "lon_deg": 8, "alt_m": 3, "r90_m": 3}
        values = {name: getattr(self, name) for name in COLUMNS}
        return {k: round(v, places[k]) if k in places and v is not None else v for k, v in values.items()}


class Locator:
    """Opens each photo, alone or with the log beside it, and puts its pixels on the ground.

    adjust: correct the poses first, from all photos of the folder. Raises MissionError when a mission file is named and
    cannot be understood.
    """

    def __init__(
        self,
        ground: Ground,
        mission_file: Path | None = None,
        tz: str | None = None,
        adjust: bool = False,
        tell: Callable[[str, int, int], None] | None = None,
    ) -> None:
        from pipeline.ingest import run_table

        self.ground, self.mission_file, self.tz, self.adjust = ground, mission_file, tz, adjust
        self.tell = tell
        self.warnings: list[str] = []  # what the adjustments found
        self._flights: dict[Path, Mission] = {}
        if mission_file is not None:
            run_table(mission_file.parent, mission_file)

    def frame(self, photo: Path) -> tuple[Frame, Ground]:
        """The photo's frame and ground; raises MissionError when it is no photo."""
        if photo.is_dir():
            raise MissionError(f"{photo}: is a folder, not a photo")
        if photo.suffix.lower() in VIDEO_SUFFIXES:
            raise MissionError(f"{photo}: is a video; pixels are located in photos (`run` and `pin` take videos)")
        if self.adjust and photo.is_file() and (found := self._in_folder(photo)) is not None:
            return found
        mission = self._open(photo, photo.parent)
        if not mission.frames:
            raise MissionError(mission.skipped[0].reason if mission.skipped else f"{photo}: not a photo")
        frame = mission.frames[0]
        return (self._from_log(photo) if frame.problem else None) or (frame, mission.ground)

    def _open(self, flight: Path, folder: Path) -> Mission:
        from pipeline.ingest import open_mission

        beside = folder / "mission.toml"
        mission_file = self.mission_file or (beside if beside.is_file() else None)
        return open_mission(flight, mission_file=mission_file, ground=self.ground, tz=self.tz)

    def _from_log(self, photo: Path) -> tuple[Frame, Ground] | None:
        """What a log beside the photo knows: it takes all photos of the folder to tie their clock to the log's."""
        from pipeline.ingest.logs import LOG_SUFFIXES

        if not any(f.suffix.lower() in LOG_SUFFIXES for f in photo.parent.iterdir()):
            return None
        return self._in_folder(photo)

    def _in_folder(self, photo: Path) -> tuple[Frame, Ground] | None:
        """The photo as one of all that lie in its folder."""
        folder = photo.parent.resolve()
        if folder not in self._flights:
            mission = self._open(folder, folder)
            self._flights[folder] = self._adjusted(mission) if self.adjust else mission
        mission = self._flights[folder]
        found = (f for f in mission.frames if Path(f.path).resolve() == photo.resolve())
        return next(((f, mission.ground) for f in found), None)

    def _adjusted(self, mission: Mission) -> Mission:
        from pipeline.flow.adjusting import adjust_mission

        tell = self.tell or (lambda stage, done, total: None)
        with open_pool(None, None, len(mission.frames), imagery.use_one_thread) as pool:
            adjusted = adjust_mission(mission, "auto", pool, tell).mission
        self.warnings += adjusted.warnings
        return adjusted

    def places(self, name: str, photo: Path, pixels: Sequence[tuple[float, float]]) -> list[Place]:
        """One place a pixel; a pixel outside the picture or without ground says why."""
        try:
            frame, ground = self.frame(photo)
            found = locate_pixels(frame, np.array(pixels, float), ground)
        except PipelineError as why:
            return [Place(name, x, y, why=str(why)) for x, y in pixels]
        places = [_place(name, frame, p, found, i) for i, p in enumerate(pixels)]
        return [_advised(p, frame, ground) if k < MOST_ADVISED else p for k, p in enumerate(places)]


def _place(name: str, frame: Frame, pixel: tuple[float, float], found: Any, i: int) -> Place:
    assert frame.camera is not None
    (x, y), (w, h) = pixel, (frame.camera.width_px, frame.camera.height_px)
    if not (-0.5 <= x <= w - 0.5 and -0.5 <= y <= h - 0.5):
        return Place(name, x, y, why=f"the pixel lies outside the picture of {w} × {h} pixels")
    if found.why[i]:
        return Place(name, x, y, why=found.why[i])
    lat_deg, lon_deg, alt_m = (float(v) for v in found.points[i])
    return Place(name, x, y, lat_deg, lon_deg, alt_m, r90_m(as_covariance(found.covariance[i])))


def _advised(place: Place, frame: Frame, ground: Ground) -> Place:
    """The place with what a second view would bring, where that is much."""
    from pipeline.geo.advise import second_view

    if place.why:
        return place
    advice = second_view(frame, (float(place.x_px), float(place.y_px)), ground)
    return place if advice is None else replace(place, advice=advice.sentence)


def locate_csv(pixels: Path, locator: Locator) -> list[Place]:
    """One place a row of PIXELS.csv, in order; image paths are relative to the file.

    Raises MissionError when the file cannot be read or lacks a column.
    """
    rows = list(_rows(pixels))
    by_image: dict[str, list[int]] = {}
    for i, row in enumerate(rows):
        if not row.why:
            by_image.setdefault(row.image, []).append(i)
    for image, members in by_image.items():
        wanted = [(float(rows[i].x_px), float(rows[i].y_px)) for i in members]
        for i, place in zip(members, locator.places(image, pixels.parent / image, wanted), strict=True):
            rows[i] = place
    return rows


def _rows(pixels: Path) -> Iterator[Place]:
    reader = csv.DictReader(io.StringIO(_text(pixels), newline=""), strict=True)
    try:
        names = [name.strip() for name in reader.fieldnames or ()]
        _check_header(pixels, names)
        reader.fieldnames = names
        for row in reader:
            yield _wanted(*((row[name] or "").strip() for name in COLUMNS[:3]))
    except csv.Error as why:
        raise MissionError(f"{pixels}, line {reader.line_num}: is not CSV ({why})") from why


def _text(pixels: Path) -> str:
    try:
        if pixels.stat().st_size > MAX_CSV_BYTES:
            raise MissionError(f"{pixels}: more than {MAX_CSV_BYTES >> 20} MiB of pixels")
        text = pixels.read_bytes().decode("utf-8-sig")
    except OSError as why:
        raise MissionError(f"{pixels}: cannot be read ({why.strerror or why})") from why
    except UnicodeDecodeError as why:
        raise MissionError(f"{pixels}: is not UTF-8 text") from why
    if "\0" in text:
        raise MissionError(f"{pixels}: is not text (there is a zero byte in it)")
    return text


def _check_header(pixels: Path, names: Sequence[str]) -> None:
    missing = [c for c in COLUMNS[:3] if c not in names]
    if missing:
        raise MissionError(
            f"{pixels}: the first line must name the columns image,x_px,y_px; there is no {', '.join(missing)}"
        )
    if any(names.count(c) > 1 for c in COLUMNS[:3]):
        raise MissionError(f"{pixels}: a column is given twice")


def _wanted(image: str, x: str, y: str) -> Place:
    if not image:
        return Place(image, x, y, why="no image is named")
    if not (_NUMBER.fullmatch(x) and _NUMBER.fullmatch(y)):
        return Place(image, x, y, why=f"({x}, {y}) is not a pixel: two numbers in plain digits are needed")
    if max(abs(float(x)), abs(float(y))) > MOST_PX:
        return Place(image, x, y, why=f"({x}, {y}) is not a pixel: no picture is that large")
    return Place(image, float(x), float(y))


def csv_bytes(places: Sequence[Place]) -> bytes:
    """OUT.csv of `locate`."""
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, COLUMNS, lineterminator="\n")
    writer.writeheader()
    for place in places:
        row = place.row()
        for name, digits in (("lat_deg", 8), ("lon_deg", 8), ("alt_m", 3), ("r90_m", 3)):
            row[name] = "" if row[name] is None else f"{row[name]:.{digits}f}"
        writer.writerow(row)
    return text.getvalue().encode()


def write_places(places: Sequence[Place], out: Path) -> None:
    """Write OUT.csv aside, then put it in place; raises OutputError when that fails."""
    from pipeline.files import write_bytes_atomic

    try:
        write_bytes_atomic(out, csv_bytes(places))
    except OSError as why:
        raise OutputError(f"{out}: cannot be written ({why.strerror or why})") from why
