"""mission.toml: what a flight's files do not say themselves. Every table is optional; unknown keys are refused.

The tables are those of docs/formats.md. `[run]` is kept as it stands for the command line; `[[control]]` points
are checked here and placed by `overrides.control_points`.
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pipeline.errors import MissionError
from pipeline.ingest.tables import Table
from pipeline.types import Attitude

MAX_BYTES = 4 << 20
DATUMS = ("egm96", "egm2008", "ellipsoid", "geoid")
ASSUMPTIONS = ("nadir",)
_LISTS = ("pose", "control")
_PATHS = ("dem", "geoid", "boxes", "reviews")
_KEYS: dict[str, tuple[str, ...]] = {
    "mission": ("name", "site", "pilot", "drone", "tz"),
    "camera": (
        "model", "width_px", "height_px", "focal_px", "focal_mm", "sensor_width_mm", "cx_px", "cy_px", "distortion",
    ),
    "mount": ("yaw_deg", "pitch_deg", "roll_deg", "lever_arm_m", "assume"),
    "ground": ("dem", "datum", "geoid", "plane_alt_m"),
    "clock": ("photos_minus_log_s", "names"),
    "run": (
        "dem", "dem_datum", "geoid", "detector", "boxes", "false_alarms", "adjust", "assume", "tz", "reviews",
        "video_overlap", "video_every",
        "workers", "cluster", "resume",
    ),
    "pose": (
        "photo", "lat_deg", "lon_deg", "alt_m", "datum", "yaw_deg", "pitch_deg", "roll_deg", "sigma_m", "sigma_deg",
    ),
    "control": ("id", "lat_deg", "lon_deg", "alt_m", "datum", "sigma_m", "pixels"),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class CameraSpec:
    """[camera]: what replaces the headers' camera in the photos it fits."""

    model: str = ""
    width_px: int | None = None
    height_px: int | None = None
    focal_px: float | None = None
    focal_mm: float | None = None
    sensor_width_mm: float | None = None
    cx_px: float | None = None
    cy_px: float | None = None
    distortion: tuple[float, ...] | None = None


@dataclass(frozen=True, slots=True)
class PoseSpec:
    """[[pose]]: the pose of a photo that brings none."""

    photo: str
    lat_deg: float | None = None
    lon_deg: float | None = None
    alt_m: float | None = None
    datum: str = "ellipsoid"
    attitude: Attitude | None = None
    sigma_m: float | None = None
    sigma_deg: float | None = None


@dataclass(frozen=True, slots=True)
class Control:
    """[[control]]: a surveyed point and where photos show it."""

    id: str
    lat_deg: float
    lon_deg: float
    alt_m: float
    datum: str
    sigma_m: float
    pixels: tuple[tuple[str, float, float], ...]


@dataclass(frozen=True, slots=True)
class MissionFile:
    """A mission file, checked; empty when there is none."""

    name: str = ""
    meta: tuple[tuple[str, str], ...] = ()
    tz: str | None = None
    camera: CameraSpec | None = None
    mount: Attitude | None = None
    lever_arm_m: tuple[float, ...] | None = None  # forward, right, down in the body
    assume: str | None = None
    dem: str | None = None
    datum: str | None = None
    geoid: str | None = None
    plane_alt_m: float | None = None  # above `datum`
    photos_minus_log_s: float | None = None
    clock_names: str | None = None
    poses: tuple[PoseSpec, ...] = ()
    controls: tuple[Control, ...] = ()
    run: dict[str, Any] = field(default_factory=dict)


def read_mission_file(path: Path) -> MissionFile:
    """Read and check a mission file; raises MissionError naming the key. Paths in it are relative to it."""
    try:
        if path.stat().st_size > MAX_BYTES:
            raise MissionError(f"{path.name}: a mission file of more than {MAX_BYTES >> 20} MB is not read")
        document = tomllib.loads(path.read_bytes().decode("utf-8-sig"))
    except OSError as why:
        raise MissionError(f"{path}: cannot be read ({why.strerror})") from why
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, RecursionError) as why:
        raise MissionError(f"{path.name}: not valid TOML ({str(why).splitlines()[0]})") from why
    return _mission(document, path)


def _mission(document: dict[str, Any], path: Path) -> MissionFile:
    top = Table.of(document, path.name, _KEYS)
    t = {key: _table(top, key) for key in _KEYS if key not in _LISTS}
    about, ground, run = t["mission"], t["ground"], t["run"]
    return MissionFile(
        name=about.text("name"),
        meta=tuple((key, about.text(key)) for key in ("site", "pilot", "drone") if about.text(key)),
        tz=about.text("tz") or run.text("tz") or None,
        camera=_camera(t["camera"]) if t["camera"].values else None,
        mount=_attitude(t["mount"], 0.0),
        lever_arm_m=t["mount"].numbers("lever_arm_m", 3),
        assume=t["mount"].choice("assume", ASSUMPTIONS) or run.choice("assume", ASSUMPTIONS),
        dem=_beside(path, ground.text("dem") or run.text("dem")),
        datum=ground.choice("datum", DATUMS) or run.choice("dem_datum", DATUMS),
        geoid=_beside(path, ground.text("geoid") or run.text("geoid")),
        plane_alt_m=ground.number("plane_alt_m", -12_000, 100_000),
        photos_minus_log_s=t["clock"].number("photos_minus_log_s", -1e9, 1e9),
        clock_names=t["clock"].text("names") or None,
        poses=tuple(_pose(p) for p in _tables(top, "pose")),
        controls=tuple(_control(c) for c in _tables(top, "control")),
        run=_run(run, path),
    )


def _run(table: Table, path: Path) -> dict[str, Any]:
    """The options with their kinds checked, paths made relative to the mission file."""
    found: dict[str, Any] = {}
    for key, value in table.values.items():
        if key in ("false_alarms", "workers"):
            # "0.2/photo" is how the command line writes a rate
            rate = str(value).removesuffix("/photo") if key == "false_alarms" else str(value)
            try:
                found[key] = float(rate) if key == "false_alarms" else int(rate)
            except ValueError as why:
                raise table.refuse(key, "a number") from why
        elif key in ("video_overlap", "video_every"):
            found[key] = table.number(key, 0, 86_400)
        elif key == "resume":
            if not isinstance(value, bool):
                raise table.refuse(key, "true or false")
            found[key] = value
        else:
            found[key] = _beside(path, table.text(key)) if key in _PATHS else table.text(key)
    return found


def _table(top: Table, key: str) -> Table:
    value = top.values.get(key, {})
    if key == "run" and isinstance(value, dict):  # options may be spelt as on the command line
        value = {k.replace("-", "_"): v for k, v in value.items()}
    return Table.of(value, f"{top.where}: [{key}]", _KEYS[key])


def _tables(top: Table, key: str) -> list[Table]:
    values = top.values.get(key, [])
    if not isinstance(values, list):
        raise MissionError(f"{top.where}: {key} has to be written [[{key}]], once for each")
    return [Table.of(v, f"{top.where}: [[{key}]] number {i}", _KEYS[key]) for i, v in enumerate(values, 1)]


def _beside(path: Path, relative: str) -> str | None:
    return str(path.parent / relative) if relative else None


def _attitude(table: Table, missing_deg: float | None = None) -> Attitude | None:
    """The table's angles; `missing_deg` stands for those left out, None makes yaw and pitch necessary."""
    names = ("yaw_deg", "pitch_deg", "roll_deg")
    angles = [table.number(name, -360, 360) for name in names]
    if all(a is None for a in angles):
        return None
    yaw, pitch, roll = (missing_deg if a is None else a for a in angles)
    if yaw is None or pitch is None:
        raise MissionError(f"{table.where}: {'yaw_deg' if yaw is None else 'pitch_deg'} is missing")
    return Attitude(yaw, pitch, roll or 0.0)


def _camera(table: Table) -> CameraSpec:
    width, height = table.number("width_px", 1, 1e6), table.number("height_px", 1, 1e6)
    spec = CameraSpec(
        model=table.text("model"),
        width_px=None if width is None else int(width),
        height_px=None if height is None else int(height),
        focal_px=table.number("focal_px", 1, 1e7),
        focal_mm=table.number("focal_mm", 0.1, 1e5),
        sensor_width_mm=table.number("sensor_width_mm", 0.1, 1e4),
        cx_px=table.number("cx_px"),
        cy_px=table.number("cy_px"),
        distortion=table.numbers("distortion", 5),
    )
    if (spec.focal_mm is None) != (spec.sensor_width_mm is None):
        raise MissionError(f"{table.where}: focal_mm and sensor_width_mm have to be given together")
    return spec


def _pose(table: Table) -> PoseSpec:
    if not table.text("photo"):
        raise MissionError(f"{table.where}: photo is missing")
    lat, lon = table.number("lat_deg", -90, 90), table.number("lon_deg", -180, 180)
    if (lat is None) != (lon is None):
        raise MissionError(f"{table.where}: lat_deg and lon_deg have to be given together")
    return PoseSpec(
        photo=table.text("photo"),
        lat_deg=lat,
        lon_deg=lon,
        alt_m=table.number("alt_m", -12_000, 100_000),
        datum=table.choice("datum", DATUMS) or "ellipsoid",
        attitude=_attitude(table),
        sigma_m=table.number("sigma_m", 0, 1e6),
        sigma_deg=table.number("sigma_deg", 0, 180),
    )


def _control(table: Table) -> Control:
    if not table.text("id"):
        raise MissionError(f"{table.where}: id is missing")
    pixels = table.values.get("pixels", [])
    if not isinstance(pixels, list) or not all(_is_pixel(p) for p in pixels):
        raise table.refuse("pixels", "a list of [photo, x_px, y_px]")
    return Control(
        id=table.text("id"),
        lat_deg=table.needed("lat_deg", -90, 90),
        lon_deg=table.needed("lon_deg", -180, 180),
        alt_m=table.needed("alt_m", -12_000, 100_000),
        datum=table.choice("datum", DATUMS) or "ellipsoid",
        sigma_m=table.number("sigma_m", 0, 1e6) or 0.0,
        pixels=tuple((p[0], float(p[1]), float(p[2])) for p in pixels),
    )


def _is_pixel(value: Any) -> bool:
    right = isinstance(value, list) and len(value) == 3 and isinstance(value[0], str)
    return right and all(isinstance(v, int | float) and not isinstance(v, bool) for v in value[1:])
