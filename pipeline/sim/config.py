"""What a simulated flight is made of."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Literal

from pipeline.errors import PipelineError
from pipeline.sim.dialects import DIALECTS, ZOOM
from pipeline.sim.markers import MARKER_KINDS
from pipeline.sim.sites import site_called

Profile = Literal["exact", "dji", "real", "rtk"]
Pattern = Literal["nadir", "oblique", "mixed"]

# What each profile's drone writes, unless the configuration says otherwise.
DIALECT_OF = {"exact": "fc6310", "dji": "fc6310", "real": "fc330", "rtk": "m3e"}
PATTERNS = ("nadir", "oblique", "mixed")
LASER_DIALECT = "h20t"
LOG_DIALECT = "fc330"  # photos beside a log bring no calibration: the sensor has the photos' shape, none is cropped
# What each kind of log notes exposures by; the first is the usual one.
TRIGGERS = {"tlog": ("CAMERA_FEEDBACK",), "dataflash": ("CAM+TRIG", "CAM", "TRIG")}
GIMBALS = ("both", "mount", "device", "none")
MAX_PHOTOS = 5000
MAX_HALF_SIDE_M = 2500.0  # of the rectangle of the strips; the DEM grows with it


@dataclass(frozen=True, slots=True)
class FlightConfig:
    """A flight, wholly determined by these values: the same ones give the same bytes."""

    seed: int = 1
    profile: Profile = "real"
    site: str = "henan"
    height_m: float = 55.0  # above take-off
    pattern: Pattern = "nadir"
    oblique_deg: tuple[float, ...] = (-60.0, -52.0, -45.0)  # pitch of oblique strips, in turn
    strips: int = 3  # every other one is flown back
    photos_per_strip: int = 8
    overlap: float = 0.7  # along the strip
    side_overlap: float = 0.6
    width_px: int = 4000
    height_px: int = 3000
    dialect: str = ""  # "": the profile's own
    lenses: tuple[str, ...] = ("",)  # ("W", "Z"): two files at each press of the shutter
    distorted: bool = False  # a true lens with Brown–Conrady distortion, told in DewarpData (dialect m3e)
    laser: bool = False
    turned_strip: bool | None = None  # pixels turned by 180° against their XMP; None: now and then, by seed
    n_markers: int = 8
    n_smoke: int = 1
    n_dust: int = 1
    n_outfalls: int = 1
    n_checks: int = 20  # unmarked ground points in truth_pixels.csv, class "ground"
    marker_kinds: tuple[str, ...] = ()  # (): all kinds in turn
    marker_size_m: tuple[float, float] = (0.8, 1.5)
    pixels: bool = True  # False: every photo is the same blank picture with its own headers
    box_sigma_px: float = 0.0  # noise of boxes.json
    dem_cell_m: float = 2.0
    log: str = ""  # "tlog" or "dataflash": photos then bring their time and no pose
    log_text: bool = False  # dataflash as text (.log)
    log_drift_ppm: float = 25.0  # how much faster UTC runs than the log's clock
    exif_gps: bool = True  # photos of a log flight carry the reported position, never an attitude
    trigger_message: str = ""  # "": CAMERA_FEEDBACK, CAM+TRIG; or "CAM" or "TRIG" (commands alone), or "none"
    missed_triggers: float = 0.0  # share of the exposures that the log does not note
    gimbal_message: str = "both"  # of a tlog: "mount", "device", "both"; "none" in any log
    fixed_mount: bool = False  # no gimbal: the camera looks straight down from the airframe, image top to the nose
    even_spacing: bool = False  # exposures at equal intervals, turns included
    clock_offset_s: float = 0.0  # the camera's clock minus UTC at the first exposure
    drift_ppm: float = 0.0  # how much faster the camera's clock runs than UTC
    photos_kept: bool = True  # False: no photo comes off the card (a flight of video or of a log alone)
    video: bool = False  # a clip of every strip, with subtitles
    video_size_px: tuple[int, int] = (1280, 720)
    video_rate_hz: int = 10
    video_s: float = 8.0  # the longest a clip may be
    srt_gimbal: bool = True  # subtitles tell where the gimbal looks

    def __post_init__(self) -> None:
        site_called(self.site)
        _one_of("noise profile", self.profile, DIALECT_OF)
        _one_of("flight pattern", self.pattern, PATTERNS)
        _one_of("header dialect", self.dialect_name, DIALECTS)
        for kind in self.marker_kinds:
            _one_of("marker", kind, MARKER_KINDS)
        _one_of("flight log", self.log, ("", *TRIGGERS))
        _one_of("trigger message", self.triggers, ("none", *TRIGGERS.get(self.log, ())))
        _one_of("gimbal message", self.gimbal_message, GIMBALS)
        for wrong, sentence in _refusals(self):
            if wrong:
                raise PipelineError(sentence)

    @property
    def dialect_name(self) -> str:
        if self.dialect or self.laser:
            return self.dialect or LASER_DIALECT
        usual = DIALECT_OF[self.profile]
        return LOG_DIALECT if self.log and usual == "fc6310" else usual

    @property
    def timed(self) -> bool:
        """Whether the flight goes on between exposures, so that these have times worth noting."""
        return bool(self.log) or self.video

    @property
    def gimbal(self) -> str:
        """The messages that tell where the gimbal looks: "mount", "device", "both" or "none"."""
        return "none" if self.fixed_mount else self.gimbal_message

    @property
    def triggers(self) -> str:
        """The message by which the log notes an exposure, or "none"."""
        return self.trigger_message or TRIGGERS.get(self.log, ("none",))[0]

    @property
    def photos(self) -> int:
        """Presses of the shutter."""
        return self.strips * self.photos_per_strip


def _one_of(what: str, name: str, names: Iterable[str]) -> None:
    if name not in names:
        raise PipelineError(f"there is no {what} called {name!r}; there are: {', '.join(names)}")


def _refusals(c: FlightConfig) -> Iterator[tuple[bool, str]]:
    """(whether it is wrong, what to say) of everything that is not a name."""
    lenses = set(c.lenses)
    yield (
        not lenses or len(lenses) < len(c.lenses) or not lenses <= set(ZOOM),
        "a simulated camera has the lenses W and Z, or one without a name",
    )
    yield (
        c.distorted and (c.profile == "real" or not DIALECTS[c.dialect_name].dewarp),
        "a distorted lens needs headers that tell its distortion: dialect m3e, and not the profile real",
    )
    yield (
        not (1 <= c.strips <= 100 and 1 <= c.photos_per_strip <= 1000 and c.photos <= MAX_PHOTOS),
        f"a simulated flight has 1 to 100 strips of 1 to 1000 photos, {MAX_PHOTOS} in all",
    )
    yield (
        min(c.width_px, c.height_px) < 64 or max(c.width_px, c.height_px) > 20000,
        "simulated photos are 64 to 20000 pixels wide and high",
    )
    yield not (0 <= c.overlap < 1 and 0 <= c.side_overlap < 1), "overlaps lie in [0, 1)"
    tilts = c.oblique_deg
    yield not tilts or min(tilts) < -90 or max(tilts) > -20, "oblique strips look 20 to 90 degrees down"
    yield not 5 <= c.height_m <= 500, "the height of a simulated flight lies between 5 and 500 m"
    yield not 0 < c.marker_size_m[0] <= c.marker_size_m[1] <= 20, "markers are more than 0 and at most 20 m wide"
    yield not 0.5 <= c.dem_cell_m <= 50, "cells of the terrain model are 0.5 to 50 m wide"
    counts = (c.n_markers, c.n_smoke, c.n_dust, c.n_outfalls, c.n_checks)
    yield min(counts) < 0 or max(counts) > 1000, "there are 0 to 1000 targets of a kind"
    yield c.seed < 0 or c.box_sigma_px < 0, "the seed and the noise of boxes cannot be negative"
    yield from _refusals_of_clocks(c)


def _refusals_of_clocks(c: FlightConfig) -> Iterator[tuple[bool, str]]:
    plain = c.lenses == ("",) and not c.laser and not c.distorted
    yield (
        c.timed and not plain,
        "a flight with a log or a video has one lens, without distortion and without a laser range finder",
    )
    yield c.fixed_mount and c.pattern != "nadir", "a camera fixed to the airframe looks straight down: pattern nadir"
    yield c.log_text and c.log != "dataflash", "only a dataflash log is written as text"
    yield not 0 <= c.missed_triggers <= 0.5, "the share of missed triggers lies between 0 and 0.5"
    yield not abs(c.clock_offset_s) <= 86_400, "a simulated camera's clock is off by one day at most"
    yield not max(abs(c.drift_ppm), abs(c.log_drift_ppm)) <= 1000, "simulated clocks drift by 1000 ppm at most"
    yield not (c.photos_kept or c.timed), "a flight without photos needs a log or a video"
    width, height = c.video_size_px
    yield (
        width % 2 > 0 or height % 2 > 0 or not 64 <= min(width, height) <= max(width, height) <= 4096,
        "simulated videos are 64 to 4096 pixels wide and high, in even numbers",
    )
    yield not (1 <= c.video_rate_hz <= 60 and 0.5 <= c.video_s <= 600), "a clip has 1 to 60 Hz and lasts 0.5 to 600 s"
