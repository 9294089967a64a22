"""The nouns of the project, in the order they appear in a mission.

Mission -> Frame -> Detection -> Sighting -> Hit -> HitList -> Score

Everything here is an immutable value: cheap to pickle, compare and write down. Units live in the
names (_deg, _m, _px, _ns). World points are WGS 84 with heights above the ellipsoid. Pixels have x to
the right, y down, and (0, 0) at the centre of the top-left pixel; boxes include their edges, so that the
whole image is (-0.5, -0.5, w - 0.5, h - 0.5).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

Box = tuple[float, float, float, float]  # x0, y0, x1, y1 in pixels
Pixel = tuple[float, float]  # x, y
Covariance = tuple[float, float, float]  # east-east, east-north, north-north, in m²

# The flight's shared errors, in the order of the rows of `Sighting.shared_m`.
SHARED = ("east", "north", "up", "yaw", "pitch", "roll", "focal")
# A photo's own errors, in the order of the rows of `Sighting.image_m`.
OWN = SHARED[:6]
# Errors of a lens: relative, in px, in px, and of the distortion's first two coefficients.
LENS = ("focal", "centre x", "centre y", "k1", "k2")


@dataclass(frozen=True, slots=True)
class GeoPoint:
    """A place: WGS 84 degrees, and metres above the WGS 84 ellipsoid."""

    lat_deg: float
    lon_deg: float
    alt_m: float = 0.0


@dataclass(frozen=True, slots=True)
class Camera:
    """One lens at one zoom step: pinhole with Brown–Conrady distortion; x right, y down, z forward."""

    width_px: int
    height_px: int
    fx_px: float
    fy_px: float
    cx_px: float
    cy_px: float
    distortion: tuple[float, float, float, float, float] = (0.0, 0.0, 0.0, 0.0, 0.0)  # k1 k2 p1 p2 k3
    focal_sigma: float = 0.0  # relative one-sigma error of the focal length, common to the flight
    model: str = ""


@dataclass(frozen=True, slots=True)
class Attitude:
    """Where the lens looks: R = yaw · pitch · roll, intrinsic.

    Yaw is clockwise from true north, pitch 0 looks at the horizon and -90 straight down (image top towards
    yaw), roll is clockwise about the optical axis.
    """

    yaw_deg: float
    pitch_deg: float
    roll_deg: float = 0.0


@dataclass(frozen=True, slots=True)
class PoseError:
    """One-sigma errors of a pose.

    `pitch_deg` turns about the camera's right axis, `roll_deg` about the level axis under the line of sight (at
    nadir it is the tilt across the track, as a gimbal's roll motor makes it), `yaw_deg` about the vertical.
    """

    east_m: float = 0.0
    north_m: float = 0.0
    up_m: float = 0.0
    yaw_deg: float = 0.0
    pitch_deg: float = 0.0
    roll_deg: float = 0.0


@dataclass(frozen=True, slots=True)
class Pose:
    """Where the lens was and where it looked, and how wrong that may be."""

    t_ns: int | None  # UTC, ns since 1970; None when nobody knows
    at: GeoPoint
    attitude: Attitude | None  # None: no coordinate can be given
    own: PoseError = PoseError()  # differs from image to image
    shared: PoseError = PoseError()  # the same for all images of the flight


@dataclass(frozen=True, slots=True)
class Posterior:
    """What an adjustment leaves unsure of a frame: independent sources of error, each with one sigma of size 1.

    own: rows of this photo's own sources, by how much each moves the errors `OWN` (m, degrees); shared: rows of sources
    common to the flight, by how much each moves `OWN` and then `LENS`. It stands in for `Pose.own`, `Pose.shared` and
    `Camera.focal_sigma`.
    """

    own: tuple[tuple[float, ...], ...]
    shared: tuple[tuple[float, ...], ...]


@dataclass(frozen=True, slots=True)
class LaserPoint:
    """What a laser range finder hit: the ground point on the optical axis."""

    at: GeoPoint
    range_m: float
    sigma_m: float  # per axis, beside the flight's shared position error


@dataclass(frozen=True, slots=True)
class Frame:
    """A picture and how it was taken: a reference to pixels, never the pixels."""

    id: str  # path relative to the flight, with '/' (a video adds '#' and the frame's number)
    path: str  # where the pixels are on this machine; never part of a result
    index: int
    pose: Pose | None
    camera: Camera | None
    exposure: str = ""  # one press of the shutter: several lenses share it
    lens: str = ""  # W, Z, T, V … of a camera with several lenses
    laser: LaserPoint | None = None
    pts: int | None = None  # of a video's frame: its presentation time stamp in the stream's units; None: a photo
    height_above_takeoff_m: float | None = None
    told_at: GeoPoint | None = None  # what the photo itself says, where a log's position stands in its place
    body: Attitude | None = None  # of the aircraft, where its headers or its log tell it
    sources: tuple[tuple[str, str], ...] = ()  # (part of the pose, where it came from)
    assumed: tuple[str, ...] = ()  # what was assumed, not read: "attitude", …
    posterior: Posterior | None = None  # after an adjustment
    problem: str = ""  # why this frame cannot be used for a position; empty when it can


@dataclass(frozen=True, slots=True)
class Ground:
    """What rays end on: a DEM, or a level plane. A description; `geo.ground` opens it."""

    plane_alt_m: float | None = None  # ellipsoidal
    dem: str | None = None  # path of a GeoTIFF
    dem_datum: str | None = None  # egm96, egm2008, geoid, ellipsoid; None: what the file says, else egm96
    geoid: str | None = None  # grid for egm2008 and geoid
    sigma_m: float | None = None  # height error at a point; None: from the DEM's own resolution


@dataclass(frozen=True, slots=True)
class ControlPoint:
    """A surveyed point, and the pixels where photos show it."""

    id: str
    at: GeoPoint
    sigma_m: float  # each axis
    pixels: tuple[tuple[str, float, float], ...]  # (frame id, x, y)


@dataclass(frozen=True, slots=True)
class LogFacts:
    """One log of a flight, in a few words."""

    id: str  # path relative to the flight
    kind: str  # tlog, dataflash, ulog, srt, mrk
    start_ns: int | None  # UTC
    end_ns: int | None
    positions: int
    attitudes: int
    gimbal: int
    triggers: int
    messages: int
    clock: str  # how its time became UTC
    clock_sigma_s: float | None
    drift_ppm: float
    faults: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ClockFit:
    """Cameras' clock against one log's: a photo's UTC is its own time minus `photos_minus_log_s`."""

    log: str  # its id
    photos_minus_log_s: float
    sigma_s: float
    drift_ppm: float
    method: str  # "sequence numbers", "triggers", "EXIF GPS", "mission file", "times as they stand"
    photos: int  # that the fit rests on
    residual_median: float  # of |residual|, in `residual_unit`; NaN where the fit rests on nothing that leaves one
    residual_p90: float
    residual_max: float
    residual_unit: str  # "s" or "m"
    unmatched_photos: int = 0
    unmatched_triggers: int = 0
    ambiguous: str = ""  # a sentence where another alignment fits as well


@dataclass(frozen=True, slots=True)
class Mission:
    """One flight, read and sorted: frames in time order, and the ground they look at."""

    root: str
    frames: tuple[Frame, ...]
    ground: Ground
    name: str = ""
    meta: tuple[tuple[str, str], ...] = ()  # site, pilot, drone …
    warnings: tuple[str, ...] = ()
    skipped: tuple[Skipped, ...] = ()  # files that could not be read at all
    logs: tuple[LogFacts, ...] = ()
    clocks: tuple[ClockFit, ...] = ()
    controls: tuple[ControlPoint, ...] = ()


@dataclass(frozen=True, slots=True)
class Detection:
    """Something seen in one frame, still in pixels."""

    frame_id: str
    label: str
    confidence: float
    box_px: Box
    point_px: Pixel  # where the source touches ground or water
    point_sigma_px: float = 1.0  # one sigma of that point, each axis
    detector: str = ""
    origin: str = "model"  # or "officer"
    motion: float | None = None  # of a plume in a hover clip: share of its box that keeps moving; None: not looked at


@dataclass(frozen=True, slots=True)
class Sighting:
    """A detection put on the ground, with what its error is made of.

    `covariance` is the whole, the sum of four parts: `image_m`, one (east, north) a row of `OWN`, the shift by one
    sigma of that error of this photo's pose, common to all that the photo shows; `shared_m`, the same by `SHARED`,
    common to the flight (after an adjustment both go by the sources of the frame's `Posterior`); `ground_m`, the shift
    by one sigma of the ground's height, common to all sightings of one place; `alone_m2`, this sighting's own (its
    pixel). `doubt_m` comes on top, in every direction: how far off the sighting is if what was assumed of a turned
    photo is wrong.
    """

    detection: Detection
    at: GeoPoint
    covariance: Covariance
    alone_m2: Covariance
    image_m: tuple[tuple[float, float], ...]
    shared_m: tuple[tuple[float, float], ...]
    ground_m: tuple[float, float]
    exposure: str
    t_ns: int | None = None
    assumed: tuple[str, ...] = ()
    doubt_m: float = 0.0
    ground_sigma_m: float = 0.0  # one sigma of the ground's height, of which `ground_m` is the shift
    track: str = ""  # of a film: the sightings of one source without a long break share it


@dataclass(frozen=True, slots=True)
class Hit:
    """One pollution source, and every sighting that speaks for it."""

    id: str
    label: str
    at: GeoPoint
    covariance: Covariance
    r90_m: float
    confidence: float
    sightings: tuple[Sighting, ...]
    origin: str = "model"
    assumed: tuple[str, ...] = ()
    moving_mps: float | None = None  # of a source that moves over the ground; then `at` is where it was seen best


@dataclass(frozen=True, slots=True)
class Skipped:
    """A frame nobody could use, and why; reported, never hidden."""

    frame_id: str
    reason: str


@dataclass(frozen=True, slots=True)
class Looked:
    """A frame that was searched, with or without findings: half of a survey is what was seen empty."""

    frame_id: str
    sha256: str
    sharpness: float  # variance of the Laplacian at reduced scale; larger is sharper
    detections: tuple[Detection, ...] = ()


@dataclass(frozen=True, slots=True)
class HitList:
    """What a run found, what it looked at, what it could not use, and how it came about."""

    mission_id: str
    hits: tuple[Hit, ...]
    skipped: tuple[Skipped, ...] = ()
    looked: tuple[Looked, ...] = ()
    inputs_digest: str = ""
    provenance: Mapping[str, Any] = field(default_factory=dict)

    @property
    def __geo_interface__(self) -> dict[str, Any]:
        """GeoJSON view: geopandas and other libraries read this without our importing them."""
        return {"type": "FeatureCollection", "features": [hit_feature(h) for h in self.hits]}

    def to_gdf(self) -> Any:
        """The hits as a geopandas GeoDataFrame in EPSG:4326, one row a hit."""
        import geopandas

        return geopandas.GeoDataFrame.from_features(self, columns=HIT_COLUMNS, crs="EPSG:4326")

    def _repr_html_(self) -> str:
        from html import escape

        rows = "".join(
            f"<tr><td>{escape(h.id)}</td><td>{escape(h.label)}</td><td>{h.at.lat_deg:.7f}</td>"
            f"<td>{h.at.lon_deg:.7f}</td><td>{h.r90_m:.1f}</td><td>{h.confidence:.2f}</td></tr>"
            for h in self.hits
        )
        head = "<tr><th>id</th><th>class</th><th>lat</th><th>lon</th><th>r90 (m)</th><th>confidence</th></tr>"
        return f"<table>{head}{rows}</table>"


HIT_COLUMNS = [
    "id",
    "class",
    "origin",
    "confidence",
    "r90_m",
    "cov_m2",
    "sightings",
    "first_seen",
    "last_seen",
    "assumed",
    "geometry",
]


def iso_utc(t_ns: int | None) -> str | None:
    """ISO 8601 in UTC with milliseconds, or None."""
    if t_ns is None:
        return None
    seconds, rest_ns = divmod(t_ns, 1_000_000_000)
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%S") + f".{rest_ns // 1_000_000:03d}Z"


def _lon(lon_deg: float) -> float:
    """Rounded, and in [-180, 180) also after rounding."""
    rounded = round(lon_deg, 9)
    return rounded - 360.0 if rounded >= 180.0 else rounded


def hit_feature(hit: Hit) -> dict[str, Any]:
    """A hit as a GeoJSON feature, rounded as `docs/formats.md` says, without its evidence list."""
    times = sorted(s.t_ns for s in hit.sightings if s.t_ns is not None)
    return {
        "type": "Feature",
        "id": hit.id,
        "geometry": {
            "type": "Point",
            "coordinates": [_lon(hit.at.lon_deg), round(hit.at.lat_deg, 9), round(hit.at.alt_m, 3)],
        },
        "properties": {
            "id": hit.id,
            "class": hit.label,
            "origin": hit.origin,
            "confidence": round(hit.confidence, 4),
            "r90_m": round(hit.r90_m, 3),
            "cov_m2": [round(c, 6) for c in hit.covariance],
            "sightings": len({s.exposure for s in hit.sightings}),  # lenses of one exposure see once
            "first_seen": iso_utc(times[0]) if times else None,
            "last_seen": iso_utc(times[-1]) if times else None,
            "assumed": list(hit.assumed),
        },
    }


# --- score: the judge's truth, rule book and verdict -------------------------------------------------------------

Ring = tuple[tuple[float, float], ...]  # (lat_deg, lon_deg), closed; edges are straight in longitude and latitude


@dataclass(frozen=True, slots=True)
class Target:
    """Something hidden for the contest: a point, an area, or (kind "ignore") an area where hits do not count."""

    id: str
    label: str
    at: GeoPoint  # of an area: a point inside it
    weight: int = 1
    kind: str = "target"  # or "ignore"
    polygons: tuple[tuple[Ring, ...], ...] = ()  # outer ring first, then holes; empty for a point
    r90_m: float | None = None
    visible_from_ms: int | None = None  # UTC, ms since 1970
    visible_to_ms: int | None = None
    attributes: tuple[tuple[str, str], ...] = ()  # what a profile wants beside the class, sorted by name


@dataclass(frozen=True, slots=True)
class Rules:
    """A contest's rule book. The defaults are those of the profile `drill-example`; `docs/scoring.md` explains them."""

    name: str = "drill-example"
    version: int = 1
    method: str = "gate"  # or "suas"
    notice: str = "示例规则，非官方评分标准"
    distance: str = "geodesic"  # on GRS 80, or "haversine" with R = 6371 km
    radius_mm: int = 30_000  # R: no pair, and no location points, from here on
    full_mm: int = 2_000  # full location points up to here
    half_gate: bool = True  # the gate ends half-way to the nearest other target
    windows: bool = True  # a hit with capture times takes a target only while it was visible
    require_class: bool = False  # the first level of the class must agree
    find_ppm: int = 400_000
    location_ppm: int = 300_000
    class_ppm: int = 200_000  # the same path
    class_two_ppm: int = 120_000  # two or more leading levels shared
    class_one_ppm: int = 60_000  # one leading level shared
    evidence: bool = False  # when off, its points go to `find`
    evidence_ppm: int = 100_000
    sharpness_min_ppm: int = 0  # of an evidence entry's `sharpness`, in millionths
    calibration: bool = False  # when off, its points go to `find`
    calibration_ppm: int = 0  # for an honest `r90_m`
    calibration_mm: int = 10_000  # radii and distances beyond count as this
    extra_ppm: int = 250_000  # an unmatched hit costs this share of the mean target weight
    time: bool = False
    time_ppm: int = 100_000  # share of the total that time can bring
    time_par_ms: int = 600_000
    time_max_ms: int = 1_800_000
    reliable_from: int = 20  # pairs
    resamples: int = 1_000  # of the bootstrap
    ap_m: tuple[int, ...] = (5, 10, 30)
    sources: tuple[tuple[str, str], ...] = ()  # (rule, where its number comes from)


@dataclass(frozen=True, slots=True)
class Match:
    """One hit that took one target. The parts add up to `points_u` (micro-weights: weight × ppm)."""

    target: str
    hit: str
    distance_mm: int | None  # None: the hit has no position
    points_u: int
    find_u: int
    location_u: int
    class_u: int
    evidence_u: int
    calibration_u: int = 0


@dataclass(frozen=True, slots=True)
class Score:
    """A verdict. All numbers are integers; what does not exist is None. `docs/scoring.md` explains every key."""

    points_u: int | None  # None: there was no target
    points_max_u: int
    pairs: tuple[Match, ...]  # by target id
    missed: tuple[str, ...]  # target ids
    extra: tuple[str, ...]  # hit ids
    ignored: tuple[str, ...]  # hit ids
    statistics: Mapping[str, Any]
    rules: str
    rules_digest: str
    targets_digest: str
    hits_digest: str
    software: str
    notice: str = ""
    warnings: tuple[str, ...] = ()

    def __str__(self) -> str:
        names = f"{len(self.pairs)} found, {len(self.missed)} missed, {len(self.extra)} extra"
        of = f"{points_text(self.points_u)} of {points_text(self.points_max_u)} points"
        return f"{of}: {names}" + (f" ({self.notice})" if self.notice else "")


def points_text(points_u: int | None) -> str:
    """Micro-points as points with two decimals, rounded half up; "none" where there is no score."""
    if points_u is None:
        return "none"
    hundredths = (points_u + 5_000) // 10_000
    sign = "-" if hundredths < 0 else ""
    return f"{sign}{abs(hundredths) // 100}.{abs(hundredths) % 100:02d}"
