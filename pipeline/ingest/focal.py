"""The camera of a photo: focal length in pixels, principal point, distortion, and where they came from.

In this order: DewarpData; CalibratedFocalLength; FocalLength with FocalPlaneXResolution; FocalLength with the
sensor of `sensors`; the 35 mm equivalent alone. The 35 mm equivalent is taken on the diagonal (CIPA DCG-001):
f_px = f35 · diagonal_px / 43.267. A digital zoom multiplies. Where two sources are more than 15 % apart, the
35 mm equivalent decides, because it is what the maker says of the picture as a whole.

Image corners are DJI's and EXIF's origin: their optical centre (cx, cy) is our pixel (cx - 0.5, cy - 0.5).
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

from pipeline.ingest import sigma
from pipeline.ingest.exif import number
from pipeline.ingest.photo import Photo
from pipeline.ingest.sensors import Sensor, sensor_of
from pipeline.types import Camera

DIAGONAL_35MM = 43.267
APART = 0.15
MM_PER_UNIT = {2: 25.4, 3: 10.0, 4: 1.0, 5: 0.001}  # EXIF FocalPlaneResolutionUnit
_ASPECT_SAME = 0.01


@dataclass(frozen=True, slots=True)
class Focal:
    """A focal length, its relative error and its origin."""

    px: float
    relative_sigma: float
    source: str


def camera_of(photo: Photo) -> tuple[Camera | None, str]:
    """(camera, where its focal length came from); (None, why) when nothing says."""
    nominal = nominal_focal(photo)
    for camera, source in (_dewarp(photo, nominal), _calibrated(photo, nominal)):
        if camera is not None:
            return camera, source
    if nominal is None:
        return None, "the focal length is unknown (no FocalLength, no 35 mm equivalent, no calibration)"
    w, h = photo.width_px, photo.height_px
    centre = ((w - 1) / 2, (h - 1) / 2)
    camera = Camera(w, h, nominal.px, nominal.px, *centre, focal_sigma=nominal.relative_sigma, model=photo.model)
    return camera, nominal.source


def zoom_of(photo: Photo) -> float:
    """The digital zoom, 1 where EXIF says 0, nothing or nonsense."""
    zoom = number(photo.tags, "DigitalZoomRatio")
    return zoom if zoom is not None and 1 <= zoom <= 200 else 1.0


def nominal_focal(photo: Photo) -> Focal | None:
    """The focal length from the lens's nominal values, cross-checked with the 35 mm equivalent."""
    nominal = _focal_plane(photo) or _from_sensor(photo)
    f35_px = _focal_35mm(photo)
    if nominal is None:
        source = f"35 mm equivalent on the diagonal{_zoom_note(photo)}"
        return None if f35_px is None else Focal(f35_px, sigma.FOCAL_35MM, source)
    if f35_px is None or _agree(nominal.px, f35_px):
        return nominal
    source = f"35 mm equivalent on the diagonal ({nominal.source} says {nominal.px:.0f} px, this {f35_px:.0f} px)"
    return Focal(f35_px, sigma.FOCAL_35MM, source)


def _agree(a: float, b: float) -> bool:
    return abs(math.log(a / b)) <= math.log(1 + APART)


def _zoom_note(photo: Photo) -> str:
    zoom = zoom_of(photo)
    return "" if zoom == 1 else f", digital zoom {zoom:g}"


def _positive(photo: Photo, name: str) -> float | None:
    value = number(photo.tags, name)
    return value if value is not None and value > 0 else None


def _focal_plane(photo: Photo) -> Focal | None:
    focal_mm, per_unit = _positive(photo, "FocalLength"), _positive(photo, "FocalPlaneXResolution")
    unit_mm = MM_PER_UNIT.get(int(number(photo.tags, "FocalPlaneResolutionUnit") or 2))
    if focal_mm is None or per_unit is None or unit_mm is None:
        return None
    scale, note = _resized(photo)
    focal_px = focal_mm * per_unit / unit_mm * scale * zoom_of(photo)
    if not _plausible(photo, focal_px):
        return None
    relative = sigma.FOCAL_RESIZED if note else sigma.FOCAL_NOMINAL
    return Focal(focal_px, relative, f"EXIF FocalLength and FocalPlaneXResolution{_zoom_note(photo)}{note}")


def _resized(photo: Photo) -> tuple[float, str]:
    """How much smaller the picture is than the camera made it, as EXIF's own size tells."""
    made_w, made_h = _positive(photo, "PixelXDimension"), _positive(photo, "PixelYDimension")
    w, h = photo.width_px, photo.height_px
    if made_w is None or made_h is None or made_w == w:
        return 1.0, ""
    if abs(math.log(made_w * h / (made_h * w))) < _ASPECT_SAME:
        return w / made_w, f" (taken as resampled from {made_w:.0f} px to {w} px; a crop would look the same)"
    return 1.0, f" (taken as cropped from {made_w:.0f} × {made_h:.0f} px to {w} × {h} px)"


def _from_sensor(photo: Photo) -> Focal | None:
    focal_mm, sensor = _positive(photo, "FocalLength"), sensor_of(photo.model)
    if focal_mm is None or sensor is None:
        return None
    focal_px = focal_mm / _seen_width_mm(photo, sensor) * photo.width_px * zoom_of(photo)
    if not _plausible(photo, focal_px):
        return None
    source = f"EXIF FocalLength and the sensor of {photo.model}, {sensor.width_mm:g} mm wide{_zoom_note(photo)}"
    return Focal(focal_px, sigma.FOCAL_NOMINAL, source)


def _seen_width_mm(photo: Photo, sensor: Sensor) -> float:
    """The width of the part of the sensor that the picture shows, cut above and below or at the sides."""
    long_px, short_px = max(photo.width_px, photo.height_px), min(photo.width_px, photo.height_px)
    long_mm = min(sensor.width_mm, sensor.height_mm * long_px / short_px)
    return long_mm if photo.width_px >= photo.height_px else long_mm * short_px / long_px


def _focal_35mm(photo: Photo) -> float | None:
    f35_mm = _positive(photo, "FocalLengthIn35mmFilm")
    if f35_mm is None:
        return None
    diagonal_px = math.hypot(photo.width_px, photo.height_px)
    sensor = sensor_of(photo.model)
    if sensor is not None:  # the equivalent speaks of the whole sensor, of which this may be a part
        whole_mm = math.hypot(sensor.width_mm, sensor.height_mm)
        diagonal_px = photo.width_px * whole_mm / _seen_width_mm(photo, sensor)
    focal_px = f35_mm * diagonal_px / DIAGONAL_35MM * zoom_of(photo)
    return focal_px if _plausible(photo, focal_px) else None


def _plausible(photo: Photo, focal_px: float) -> bool:
    """A view between 150° and a quarter of a degree; what lies outside is another unit or damage."""
    return 0.13 < focal_px / max(photo.width_px, photo.height_px) < 200


def _dewarp(photo: Photo, nominal: Focal | None) -> tuple[Camera | None, str]:
    """DJI's own calibration: "date;fx,fy,cx,cy,k1,k2,p1,p2,k3", the centre as an offset from the image's."""
    try:
        fx, fy, dx, dy, *distortion = (float(v) for v in photo.reading.dewarp.rpartition(";")[2].split(","))
        k1, k2, p1, p2, k3 = distortion
    except ValueError:
        return None, ""
    w, h = photo.width_px, photo.height_px
    sane = all(map(math.isfinite, (fx, fy, dx, dy, *distortion))) and abs(dx) < w / 4 and abs(dy) < h / 4
    if not sane or not _plausible(photo, fx) or not _plausible(photo, fy):
        return None, ""
    scale = _fitting(photo, fx, nominal)
    if scale is None:
        return None, ""
    lens = (0.0,) * 5 if photo.reading.dewarped else (k1, k2, p1, p2, k3)
    centre = ((w - 1) / 2 + dx * scale, (h - 1) / 2 + dy * scale)
    note = ", pixels already corrected" if photo.reading.dewarped else ""
    zoom = "" if scale == 1 else _zoom_note(photo)
    camera = Camera(w, h, fx * scale, fy * scale, *centre, lens, sigma.FOCAL_CALIBRATED, photo.model)
    return camera, f"XMP DewarpData{note}{zoom}"


def _calibrated(photo: Photo, nominal: Focal | None) -> tuple[Camera | None, str]:
    """CalibratedFocalLength, in pixels of the full frame whose middle CalibratedOpticalCenter tells."""
    focal, full = photo.reading.focal_px, photo.reading.centre_px
    w, h = photo.width_px, photo.height_px
    if focal is None or not _plausible(photo, focal):
        return None, ""
    shrink, cx, cy, note = 1.0, w / 2, h / 2, ""
    if full is not None and min(full) > 1 and max(full) < 1e5:
        shrink, cx, cy, note = _full_frame(w, h, *full)
    scale = _fitting(photo, focal * shrink, nominal)
    if scale is None:
        return None, ""
    cx, cy = w / 2 + (cx - w / 2) * scale, h / 2 + (cy - h / 2) * scale
    f = focal * shrink * scale
    camera = Camera(w, h, f, f, cx - 0.5, cy - 0.5, focal_sigma=sigma.FOCAL_NOMINAL, model=photo.model)
    zoom = "" if scale == 1 else _zoom_note(photo)
    return camera, f"XMP CalibratedFocalLength{note}{zoom}"


def _full_frame(w: int, h: int, cx: float, cy: float) -> tuple[float, float, float, str]:
    """(scale, cx, cy, note) of a picture w × h of a camera whose optical centre is (cx, cy) in the full frame."""
    if abs(2 * cx / w - 1) < 0.05:  # full width; what is cut off is cut evenly above and below
        full_h = h if abs(2 * cy / h - 1) < 0.05 else 2 * cy
        note = "" if full_h == h else f" (taken as cropped from about {full_h:.0f} to {h} px of height)"
        return 1.0, cx, cy - (full_h - h) / 2, note
    if abs(math.log(cx * h / (cy * w))) < 0.05:
        return w / (2 * cx), w / 2, h / 2, f" (taken as resampled from about {2 * cx:.0f} px of width)"
    return 1.0, w / 2, h / 2, " (its optical centre does not belong to a picture of this size and is left out)"


def _fitting(photo: Photo, focal_px: float, nominal: Focal | None) -> float | None:
    """1 or the digital zoom, whichever makes a calibrated focal length agree with the nominal one; None: neither."""
    scales = tuple(dict.fromkeys((1.0, zoom_of(photo))))
    if nominal is None:
        scale = scales[-1]
        return scale if _plausible(photo, focal_px * scale) else None
    return next(_fits(focal_px, scales, nominal.px), None)


def _fits(focal_px: float, scales: tuple[float, ...], nominal_px: float) -> Iterator[float]:
    nearest = min(scales, key=lambda s: abs(math.log(focal_px * s / nominal_px)))
    if _agree(focal_px * nearest, nominal_px):
        yield nearest
