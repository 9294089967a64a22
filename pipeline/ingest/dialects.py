"""What the makers' XMP says, in one vocabulary.

DJI: `drone-dji:` (both of its addresses). Autel: `drone:`, DJI's names with "GpsLongtitude"; older Autel, Parrot
Sequoia and senseFly: Pix4D's `Camera:`, where pitch 0 looks straight down and the angles are the body's, the
camera's top towards the nose. Parrot Anafi: `drone-parrot:`. Skydio: `drone-skydio:`, orientation as a structure.
senseFly's own angles are the aircraft's. Signs may be written ("+9.50"); the misspelt longitude is read anywhere.

No real files of Autel, Skydio or Parrot were at hand: their names follow the makers' documentation and the
readers of OpenAthena (AGPL) and TinyEXIF (BSD), and are tested on headers written by our own tests.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from pipeline.ingest.xmp import number
from pipeline.types import Attitude

Xmp = Mapping[str, str]

RTK_FLAGS = (16, 34, 50)  # single point, float, fixed (DJI, Phantom 4 RTK user manual)
MAX_DEG, MAX_STD_M = 720.0, 100.0  # what lies beyond is damage
ZERO_GIMBAL = "gimbal angles are all zero, which no drone reports in flight"


@dataclass(frozen=True, slots=True)
class Laser:
    """A laser range finder's tags, unchecked: degrees and metres, None where absent."""

    range_m: float
    lat_deg: float
    lon_deg: float
    alt_m: float | None  # of either kind
    abs_alt_m: float | None


@dataclass(frozen=True, slots=True)
class Reading:
    """What one photo's XMP says of its pose and lens; None where it says nothing."""

    dialect: str = "plain"
    lat_deg: float | None = None
    lon_deg: float | None = None
    alt_m: float | None = None
    alt_name: str = ""
    ellipsoidal: bool = False  # alt_m is above the ellipsoid, not the geoid
    relative_m: float | None = None
    attitude: Attitude | None = None  # of the lens
    gimbal: bool = False  # a gimbal held it
    attitude_name: str = ""
    attitude_problem: str = ""
    body: Attitude | None = None  # of the aircraft
    rtk_flag: int | None = None
    rtk_std_m: tuple[float, float, float] | None = None  # east, north, up
    focal_px: float | None = None
    centre_px: tuple[float, float] | None = None
    dewarp: str = ""
    dewarped: bool = False
    utc: str = ""
    capture_id: str = ""
    image_source: str = ""
    drone: str = ""
    laser: Laser | None = None


def read_dialect(xmp: Xmp) -> Reading:
    """The reading of the first dialect whose prefix the packet uses."""
    prefixes = {name.split(":", 1)[0] for name in xmp}
    for prefix, read in DIALECTS.items():
        if prefix in prefixes:
            return read(xmp)
    return Reading()


def _triple(xmp: Xmp, yaw: str, pitch: str, roll: str) -> Attitude | None:
    values = [number(xmp, name) for name in (yaw, pitch, roll)]
    if values[0] is None or values[1] is None or any(abs(v or 0.0) > MAX_DEG for v in values):
        return None
    return Attitude(values[0], values[1], values[2] or 0.0)


def _is_zero(attitude: Attitude) -> bool:
    return attitude.yaw_deg == attitude.pitch_deg == attitude.roll_deg == 0


def _dji(xmp: Xmp, p: str = "drone-dji:", maker: str = "DJI") -> Reading:
    gimbal = _triple(xmp, p + "GimbalYawDegree", p + "GimbalPitchDegree", p + "GimbalRollDegree")
    body = _triple(xmp, p + "FlightYawDegree", p + "FlightPitchDegree", p + "FlightRollDegree")
    zero = gimbal is not None and _is_zero(gimbal)
    flag = number(xmp, p + "RtkFlag")
    rtk_flag = int(flag) if flag is not None and int(flag) in RTK_FLAGS else None
    return Reading(
        dialect=maker,
        lat_deg=number(xmp, p + "GpsLatitude"),
        lon_deg=_longitude(xmp, p),
        alt_m=number(xmp, p + "AbsoluteAltitude"),
        alt_name="AbsoluteAltitude",
        ellipsoidal=rtk_flag is not None or xmp.get(p + "AltitudeType", "").strip().lower() == "rtkalt",
        relative_m=number(xmp, p + "RelativeAltitude"),
        attitude=None if zero else gimbal,
        gimbal=True,
        attitude_name=f"XMP {maker} gimbal angles",
        attitude_problem=ZERO_GIMBAL if zero else "",
        body=None if body is None or _is_zero(body) else body,
        rtk_flag=rtk_flag,
        rtk_std_m=_rtk_std(xmp, p),
        focal_px=number(xmp, p + "CalibratedFocalLength"),
        centre_px=_pair(xmp, p + "CalibratedOpticalCenterX", p + "CalibratedOpticalCenterY"),
        dewarp=xmp.get(p + "DewarpData", ""),
        dewarped=number(xmp, p + "DewarpFlag") == 1,
        utc=xmp.get(p + "UTCAtExposure", ""),
        capture_id=xmp.get(p + "CaptureUUID", ""),
        image_source=xmp.get(p + "ImageSource", ""),
        drone=xmp.get(p + "DroneModel", "") or xmp.get(p + "ProductName", ""),
        laser=_laser(xmp, p),
    )


def _longitude(xmp: Xmp, p: str) -> float | None:
    right = number(xmp, p + "GpsLongitude")
    return number(xmp, p + "GpsLongtitude") if right is None else right


def _pair(xmp: Xmp, x: str, y: str) -> tuple[float, float] | None:
    a, b = number(xmp, x), number(xmp, y)
    return None if a is None or b is None else (a, b)


def _rtk_std(xmp: Xmp, p: str) -> tuple[float, float, float] | None:
    east, north, up = (number(xmp, p + name) for name in ("RtkStdLon", "RtkStdLat", "RtkStdHgt"))
    if east is None or north is None or up is None or not 0 < min(east, north, up) <= max(east, north, up) <= MAX_STD_M:
        return None
    return east, north, up


def _laser(xmp: Xmp, p: str) -> Laser | None:
    status = xmp.get(p + "LRFStatus", "Normal").strip().lower()
    range_m, lat, lon = (number(xmp, p + "LRFTarget" + n) for n in ("Distance", "Lat", "Lon"))
    if status != "normal" or range_m is None or range_m <= 0 or lat is None or lon is None:
        return None
    return Laser(range_m, lat, lon, number(xmp, p + "LRFTargetAlt"), number(xmp, p + "LRFTargetAbsAlt"))


def _autel(xmp: Xmp) -> Reading:
    return _dji(xmp, "drone:", "Autel")


def _nadir_mounted(body: Attitude | None) -> Attitude | None:
    """The lens of a camera that looks straight down when the body is level, its top towards the nose."""
    if body is None:
        return None
    from pipeline.geo.rotation import compose_mount

    return compose_mount(body, Attitude(0.0, -90.0, 0.0))


def _pix4d(xmp: Xmp) -> Reading:
    return Reading(
        dialect="Pix4D camera",
        relative_m=number(xmp, "Camera:AboveGroundAltitude"),
        attitude=_nadir_mounted(_triple(xmp, "Camera:Yaw", "Camera:Pitch", "Camera:Roll")),
        attitude_name="XMP Camera angles (pitch 0 is nadir)",
    )


def _parrot(xmp: Xmp) -> Reading:
    p = "drone-parrot:"
    attitude = _triple(xmp, p + "CameraYawDegree", p + "CameraPitchDegree", p + "CameraRollDegree")
    zero = attitude is not None and _is_zero(attitude)
    return Reading(
        dialect="Parrot",
        relative_m=number(xmp, p + "RelativeAltitude"),
        attitude=None if zero else attitude,
        attitude_name="XMP Parrot camera angles",
        attitude_problem=ZERO_GIMBAL if zero else "",
        body=_triple(xmp, p + "DroneYawDegree", p + "DronePitchDegree", p + "DroneRollDegree"),
    )


def _skydio(xmp: Xmp) -> Reading:
    p = "drone-skydio:"
    ned = f"{p}CameraOrientationNED/{p}"
    focal = number(xmp, f"{p}CalibratedFocalLength/{p}X")
    return Reading(
        dialect="Skydio",
        lat_deg=number(xmp, p + "Latitude"),
        lon_deg=number(xmp, p + "Longitude"),
        alt_m=number(xmp, p + "AbsoluteAltitude"),
        alt_name="AbsoluteAltitude",
        relative_m=number(xmp, p + "RelativeAltitude"),
        attitude=_triple(xmp, ned + "Yaw", ned + "Pitch", ned + "Roll"),
        attitude_name="XMP Skydio CameraOrientationNED",
        focal_px=focal,
        centre_px=_pair(xmp, f"{p}CalibratedOpticalCenter/{p}X", f"{p}CalibratedOpticalCenter/{p}Y"),
    )


def _sensefly(xmp: Xmp) -> Reading:
    p = "sensefly:"
    alt_m = number(xmp, p + "AltitudeWGS84")
    return Reading(
        dialect="senseFly",
        lat_deg=number(xmp, p + "Latitude"),
        lon_deg=number(xmp, p + "Longitude"),
        alt_m=alt_m,
        alt_name="senseFly AltitudeWGS84",
        ellipsoidal=alt_m is not None,  # EXIF's height, which stands in for it, is above sea level
        body=_triple(xmp, p + "Heading", p + "PitchAngle", p + "RollAngle"),
        utc=xmp.get(p + "UTCTime", ""),
    )


DIALECTS: dict[str, Callable[[Xmp], Reading]] = {
    "drone-dji": _dji,
    "drone-skydio": _skydio,
    "drone-parrot": _parrot,
    "drone": _autel,
    "sensefly": _sensefly,
    "Camera": _pix4d,
}
