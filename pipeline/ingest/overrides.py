"""What a mission file and the caller say, put over what the photos say."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from statistics import median
from typing import Any

from pipeline.errors import MissionError
from pipeline.ingest import sigma
from pipeline.ingest.focal import camera_of, zoom_of
from pipeline.ingest.mission_file import CameraSpec, Control, MissionFile, PoseSpec, read_mission_file
from pipeline.ingest.photo import Photo
from pipeline.ingest.position import Position
from pipeline.types import Camera, ControlPoint, GeoPoint, Ground

DEFAULT_NAME = "mission.toml"
CONTROL_SIGMA_M = 0.05  # where the mission file does not say how well a point was surveyed


def mission_file_of(root: Path, mission_file: str | Path | None = None) -> MissionFile:
    """The mission file named, else FLIGHT/mission.toml, else an empty one; raises MissionError."""
    if mission_file is not None:
        return read_mission_file(Path(mission_file))
    found = root / DEFAULT_NAME
    return read_mission_file(found) if found.is_file() else MissionFile()


def run_table(path: str | Path, mission_file: str | Path | None = None) -> dict[str, Any]:
    """The `[run]` options of the mission file that goes with a flight, as the command line would give them."""
    flight = Path(path)
    return dict(mission_file_of(flight.parent if flight.is_file() else flight, mission_file).run)


def ground_of(told: MissionFile, ground: Ground | None, positions: Sequence[Position]) -> tuple[Ground, list[str]]:
    """(ground, warnings): the caller's own words first, then the mission file's, its plane made ellipsoidal."""
    given = ground or Ground()
    merged = replace(
        given,
        dem=given.dem or told.dem,
        dem_datum=given.dem_datum or told.datum,
        geoid=given.geoid or told.geoid,
    )
    places = [p for p in positions if not p.problem]
    if merged.plane_alt_m is not None or told.plane_alt_m is None or not places:
        return merged, []
    from pipeline.geo.datum import to_ellipsoidal

    datum = told.datum or "egm96"
    lat, lon = median(p.lat_deg for p in places), median(p.lon_deg for p in places)
    plane_m = float(to_ellipsoidal(told.plane_alt_m, datum, lat, lon, merged.geoid))
    assumed = "assumed: the mission file's plane_alt_m is above EGM96, since no datum is given"
    return replace(merged, plane_alt_m=plane_m), [] if told.datum else [assumed]


def pose_specs(told: MissionFile, photos: Sequence[Photo]) -> tuple[dict[str, PoseSpec], list[str]]:
    """(frame id -> the [[pose]] that names it, warnings); by id or, where that is clear, by file name."""
    by_name: dict[str, list[str]] = {}
    for photo in photos:
        for key in {photo.id, photo.id.rpartition("/")[2]}:
            by_name.setdefault(key, []).append(photo.id)
    found: dict[str, PoseSpec] = {}
    warnings = []
    for spec in told.poses:
        ids = by_name.get(spec.photo, [])
        if len(ids) > 1:
            raise MissionError(f"mission file: [[pose]] photo {spec.photo!r} is there more than once; give its path")
        if ids:
            found[ids[0]] = spec
        elif len(photos) > 1:  # one photo alone is not expected to be all that the file speaks of
            warnings.append(f"mission file: [[pose]] photo {spec.photo!r} is not among the photos that were read")
    return found, warnings


def control_points(
    told: MissionFile, frame_ids: Sequence[str], geoid: str | None
) -> tuple[tuple[ControlPoint, ...], list[str]]:
    """([[control]] points with ellipsoidal heights and frame ids, warnings); raises MissionError for a name twice."""
    by_name: dict[str, list[str]] = {}
    for name in frame_ids:
        for key in {name, name.rpartition("/")[2]}:
            by_name.setdefault(key, []).append(name)
    found, missing = [], set()
    for control in told.controls:
        pixels = []
        for photo, x, y in control.pixels:
            ids = by_name.get(photo, [])
            if len(ids) > 1:
                raise MissionError(f"mission file: [[control]] {control.id}: photo {photo!r} is there more than once")
            if ids:
                pixels.append((ids[0], x, y))
            else:
                missing.add(photo)
        sigma_m = control.sigma_m or CONTROL_SIGMA_M
        found.append(ControlPoint(control.id, _place(control, geoid), sigma_m, tuple(pixels)))
    if not missing or len(frame_ids) == 1:  # one photo alone is not expected to be all that the file speaks of
        return tuple(found), []
    return tuple(found), [f"mission file: [[control]] photos that were not read: {', '.join(sorted(missing)[:5])}"]


def _place(control: Control, geoid: str | None) -> GeoPoint:
    from pipeline.geo.datum import to_ellipsoidal

    alt_m = float(to_ellipsoidal(control.alt_m, control.datum, control.lat_deg, control.lon_deg, geoid))
    return GeoPoint(control.lat_deg, control.lon_deg, alt_m)


def camera_for(photo: Photo, spec: CameraSpec | None, models: frozenset[str]) -> tuple[Camera | None, str]:
    """(camera, its source): from [camera] where that speaks of this photo, else from the headers."""
    camera, source = camera_of(photo)
    if spec is None or not _speaks_of(spec, photo, models):
        return camera, source
    w, h = photo.width_px, photo.height_px
    focal_px, relative, origin = _spec_focal(photo, spec)
    if focal_px is None and camera is None:
        return None, source
    base = camera or Camera(w, h, 0.0, 0.0, (w - 1) / 2, (h - 1) / 2, model=photo.model)
    if focal_px is not None:
        base = replace(base, fx_px=focal_px, fy_px=focal_px, focal_sigma=relative)
    return _with_details(base, spec), f"mission file ({origin})" if origin else f"{source}, changed by the mission file"


def _with_details(camera: Camera, spec: CameraSpec) -> Camera:
    if spec.cx_px is not None:
        camera = replace(camera, cx_px=spec.cx_px)
    if spec.cy_px is not None:
        camera = replace(camera, cy_px=spec.cy_px)
    if spec.distortion is not None:
        k1, k2, p1, p2, k3 = spec.distortion
        camera = replace(camera, distortion=(k1, k2, p1, p2, k3))
    return replace(camera, model=spec.model) if spec.model else camera


def _spec_focal(photo: Photo, spec: CameraSpec) -> tuple[float | None, float, str]:
    if spec.focal_px is not None:
        return spec.focal_px, sigma.FOCAL_CALIBRATED, "focal_px"
    if spec.focal_mm is not None and spec.sensor_width_mm is not None:
        focal_px = spec.focal_mm / spec.sensor_width_mm * photo.width_px * zoom_of(photo)
        return focal_px, sigma.FOCAL_NOMINAL, "focal_mm, sensor_width_mm"
    return None, 0.0, ""


def _speaks_of(spec: CameraSpec, photo: Photo, models: frozenset[str]) -> bool:
    """A size that is given has to be the photo's; a model counts where any photo of the flight carries it."""
    if spec.width_px not in (None, photo.width_px) or spec.height_px not in (None, photo.height_px):
        return False
    return spec.model not in models or spec.model == photo.model
