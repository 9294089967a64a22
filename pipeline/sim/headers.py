"""EXIF and XMP as a DJI drone writes them, and how they get into a JPEG."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from datetime import datetime
from fractions import Fraction

import numpy as np

from pipeline.sim import tiff
from pipeline.sim.clocks import set_clocks
from pipeline.sim.dialects import DIALECTS, Dialect
from pipeline.sim.lens import Lens
from pipeline.sim.noise import decimals
from pipeline.sim.sites import local_time
from pipeline.sim.truth import Truth

FILM_DIAGONAL_MM = 43.267
XMP_MARK = b"http://ns.adobe.com/xap/1.0/\0"
RTK_FIXED = 50

Fields = list[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Header:
    """The facts of one photo, as reported."""

    name: str
    dialect: Dialect
    exact: bool
    lens: Lens  # nominal
    t_ns: int
    utc_offset_h: int
    lat_deg: float
    lon_deg: float
    absolute_m: float
    relative_m: float
    yaw_deg: float
    pitch_deg: float
    roll_deg: float
    flight_yaw_deg: float
    laser: tuple[float, ...] | None
    rtk_sigma_m: float
    calibrated: bool
    camera_ns: int  # what the camera takes for UTC
    bare: bool = False  # no XMP: the pose lies in a log
    gps: bool = True

    @property
    def local(self) -> datetime:
        return local_time(self.camera_ns, self.utc_offset_h)


def header(truth: Truth, photo: int) -> Header:
    """What the drone says about one photo (an index into `truth.photos`)."""
    config, said, i = truth.config, truth.reported, int(truth.shot[photo])
    above = 0.0
    if config.log and said.rtk_sigma_m:  # a position without RTK's tags is taken for one above the geoid
        above = float(truth.terrain.site.undulation_m(said.lat_deg[i : i + 1], said.lon_deg[i : i + 1])[0])
    camera_ns = int(set_clocks(config, truth.plan).camera_ns(np.array(truth.plan.t_ns[i])))
    laser = None if said.laser is None or np.isnan(said.laser[i]).any() else tuple(float(v) for v in said.laser[i])
    return Header(
        truth.photos[photo], DIALECTS[config.dialect_name], config.profile == "exact", truth.nominal[photo],
        truth.plan.t_ns[i], truth.terrain.site.utc_offset_h, float(said.lat_deg[i]), float(said.lon_deg[i]),
        float(said.absolute_m[i]) - above, float(said.relative_m[i]), float(said.yaw_deg[i]), float(said.pitch_deg[i]),
        float(said.roll_deg[i]), float(said.flight_yaw_deg[i]), laser, said.rtk_sigma_m, config.profile != "real",
        camera_ns, bool(config.log), config.exif_gps or not config.log,
    )  # fmt: skip


def dress(jpeg: bytes, head: Header) -> bytes:
    """A JPEG with EXIF and, where there is a pose to tell, XMP in place of whatever APP segments it began with."""
    at = 2
    while 0xE0 <= jpeg[at + 1] <= 0xEF:
        at += 2 + struct.unpack(">H", jpeg[at + 2 : at + 4])[0]
    packet = b"" if head.bare else _app1(XMP_MARK + xmp(head).encode())
    return b"\xff\xd8" + _app1(b"Exif\0\0" + exif(head)) + packet + jpeg[at:]


def _app1(payload: bytes) -> bytes:
    return b"\xff\xe1" + struct.pack(">H", len(payload) + 2) + payload


def exif(head: Header) -> bytes:
    """The TIFF block: camera, time, GPS, nominal focal length."""
    stamp = head.local.strftime("%Y:%m:%d %H:%M:%S")
    lens = head.lens
    zoom = lens.focal_px / head.dialect.focal_px(lens.width_px)
    film = lens.focal_px * FILM_DIAGONAL_MM / float(np.hypot(lens.width_px, lens.height_px))
    main = [
        tiff.text(0x010E, f"DCIM\\100MEDIA\\{head.name}"), tiff.text(0x010F, "DJI"),
        tiff.text(0x0110, head.dialect.model), tiff.short(0x0112, 1), tiff.text(0x0132, stamp),
    ]  # fmt: skip
    focal = Fraction(round(head.dialect.focal_mm * zoom * 100), 100)
    detail = [
        tiff.raw(0x9000, tiff.UNDEFINED, b"0230"), tiff.text(0x9003, stamp), tiff.text(0x9004, stamp),
        tiff.rationals(0x829A, Fraction(1, 800)), tiff.rationals(0x829D, Fraction(28, 10)), tiff.short(0x8827, 100),
        tiff.rationals(0x920A, focal), tiff.long(0xA002, lens.width_px), tiff.long(0xA003, lens.height_px),
        tiff.short(0xA405, round(film)),
    ]  # fmt: skip
    return tiff.block(main, detail, _gps(head) if head.gps else [])


def _gps(head: Header) -> list[tiff.Entry]:
    per_second = 10_000_000 if head.exact else 10_000
    below = b"\1" if head.absolute_m < 0 else b"\0"
    return [
        tiff.raw(0, tiff.BYTE, b"\2\3\0\0"),
        tiff.text(1, "N" if head.lat_deg >= 0 else "S"),
        _sexagesimal(2, abs(head.lat_deg), per_second),
        tiff.text(3, "E" if head.lon_deg >= 0 else "W"),
        _sexagesimal(4, abs(head.lon_deg), per_second),
        tiff.raw(5, tiff.BYTE, below),
        tiff.rationals(6, Fraction(round(abs(head.absolute_m) * 1000), 1000)),
    ]


def _sexagesimal(tag: int, value_deg: float, per_second: int) -> tiff.Entry:
    units = round(value_deg * 3600 * per_second)
    minutes, seconds = divmod(units, 60 * per_second)
    return tiff.rationals(tag, Fraction(minutes // 60), Fraction(minutes % 60), Fraction(seconds, per_second))


def xmp(head: Header) -> str:
    """The XMP packet, as attributes or as elements of one description."""
    fields = [
        ("xmp:CreateDate", head.local.strftime("%Y-%m-%d")),
        ("tiff:Make", "DJI"),
        ("tiff:Model", head.dialect.model),
    ]
    fields += [(f"drone-dji:{key}", value) for key, value in _drone(head) + _calibration(head) + _laser(head)]
    spaces = (
        'xmlns:tiff="http://ns.adobe.com/tiff/1.0/" xmlns:xmp="http://ns.adobe.com/xap/1.0/" '
        'xmlns:drone-dji="http://www.dji.com/drone-dji/1.0/"'
    )
    if head.dialect.elements:
        body = (
            f"{spaces}>\n" + "".join(f"   <{key}>{value}</{key}>\n" for key, value in fields) + "  </rdf:Description>"
        )
    else:
        body = spaces + "".join(f'\n   {key}="{value}"' for key, value in fields) + ">\n  </rdf:Description>"
    return (
        '<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>\n<x:xmpmeta xmlns:x="adobe:ns:meta/">\n'
        ' <rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">\n'
        f'  <rdf:Description rdf:about="DJI Meta Data" {body}\n </rdf:RDF>\n</x:xmpmeta>\n<?xpacket end="w"?>'
    )


def _drone(head: Header) -> Fields:
    angle, degrees, metres = decimals("exact" if head.exact else "dji", head.dialect.height_decimals)
    angle = max(angle, 2)  # DJI prints two decimals of its tenths of a degree
    fields = []
    if head.dialect.rtk:
        fields.append(("AltitudeType", "RtkAlt" if head.rtk_sigma_m else "GpsFusionAlt"))
    if head.dialect.longitude_key:
        fields.append(("GpsLatitude", f"{head.lat_deg:+.{degrees}f}"))
        fields.append((head.dialect.longitude_key, f"{head.lon_deg:+.{degrees}f}"))
    fields += [
        ("AbsoluteAltitude", f"{head.absolute_m:+.{metres}f}"), ("RelativeAltitude", f"{head.relative_m:+.{metres}f}"),
        ("GimbalRollDegree", f"{head.roll_deg:+.{angle}f}"), ("GimbalYawDegree", f"{head.yaw_deg:+.{angle}f}"),
        ("GimbalPitchDegree", f"{head.pitch_deg:+.{angle}f}"), ("FlightRollDegree", "+1.10"),
        ("FlightYawDegree", f"{head.flight_yaw_deg:+.2f}"), ("FlightPitchDegree", "-5.30"), ("CamReverse", "0"),
        ("GimbalReverse", "0"),
    ]  # fmt: skip
    return fields + _rtk(head)


def _rtk(head: Header) -> Fields:
    if not head.dialect.rtk:
        return []
    sigma = f"{head.rtk_sigma_m:.5f}"
    fields = [("RtkFlag", str(RTK_FIXED) if head.rtk_sigma_m else "0")]
    if head.rtk_sigma_m:
        fields += [("RtkStdLon", sigma), ("RtkStdLat", sigma), ("RtkStdHgt", sigma)]
    utc = local_time(head.t_ns, 0)
    return [*fields, ("UTCAtExposure", utc.strftime("%Y-%m-%dT%H:%M:%S.000000"))]


def _calibration(head: Header) -> Fields:
    """Calibrations are in pixels of the raster; DewarpData's centre is an offset from the raster's."""
    lens = head.lens
    if head.dialect.dewarp and head.calibrated:
        cx, cy = lens.cx_px - (lens.width_px - 1) / 2, lens.cy_px - (lens.height_px - 1) / 2
        numbers = [lens.focal_px, lens.focal_px, cx, cy, *lens.distortion]
        return [("DewarpFlag", "0"), ("DewarpData", "2026-01-01;" + ",".join(f"{v:.9f}" for v in numbers))]
    if head.dialect.calibrated and head.calibrated:
        centre = (f"{lens.width_px / 2:.6f}", f"{lens.height_px / 2:.6f}")
        return [
            ("CalibratedFocalLength", f"{lens.focal_px:.6f}"),
            ("CalibratedOpticalCenterX", centre[0]),
            ("CalibratedOpticalCenterY", centre[1]),
        ]
    return []


def _laser(head: Header) -> Fields:
    if head.laser is None:
        return []
    lat, lon, absolute, relative, distance = head.laser
    return [
        ("LRFStatus", "Normal"), ("LRFTargetDistance", f"{distance:.3f}"), ("LRFTargetLat", f"{lat:.10f}"),
        ("LRFTargetLon", f"{lon:.10f}"), ("LRFTargetAlt", f"{relative:.3f}"), ("LRFTargetAbsAlt", f"{absolute:.3f}"),
    ]  # fmt: skip
