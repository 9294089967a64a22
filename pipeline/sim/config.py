"""What a simulated flight is made of."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Literal

from pipeline.errors import PipelineError
from pipeline.sim.dialects import DIALECTS, ZOOM
from pipeline.sim.lie_kinds import KINDS, parse
from pipeline.sim.markers import MARKER_KINDS
from pipeline.sim.sites import IN_CHINA, site_called

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
MAX_HALF_LENGTH_M = 6000.0  # of strips over a corridor, whose DEM is as narrow as they are


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
    noise_scale: float = 1.0  # all errors of the profiles real and rtk times this
    river_width_m: float = 0.0  # 0: 16 to 24 m, off the middle; else the river keeps to the strips, along one edge
    moving_water: bool = False  # ripples and glint on the river, other ones in every photo
    sky: bool = False  # land into the haze, a horizon and a sky; else one colour beyond the DEM
    lies: tuple[str, ...] = ()  # of `lie_kinds.KINDS`, each drawn by the seed, or of a given size: "magnetic=-7.5"
    gimbal_yaw_deg: float = 0.0  # how far right of the nose the camera looks
    gimbal_roll_deg: float = 0.0  # how far the gimbal is tilted on purpose
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
        for lie in self.lies:
            _is_lie(lie)
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

    @property
    def lie_names(self) -> tuple[str, ...]:
        """The lies without their sizes."""
        return tuple(parse(lie)[0] for lie in self.lies)


def _one_of(what: str, name: str, names: Iterable[str]) -> None:
    if name not in names:
        raise PipelineError(f"there is no {what} called {name!r}; there are: {', '.join(names)}")


def _is_lie(text: str) -> None:
    try:
        parse(text)
    except ValueError as why:
        raise PipelineError(str(why)) from None


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
    yield not tilts or min(tilts) < -90 or max(tilts) > -5, "oblique strips look 5 to 90 degrees down"
    yield max(tilts, default=-90) > -20 and not c.sky, "strips that look less than 20 degrees down need a sky"
    yield not 5 <= c.height_m <= 500, "the height of a simulated flight lies between 5 and 500 m"
    yield not 0 < c.marker_size_m[0] <= c.marker_size_m[1] <= 20, "markers are more than 0 and at most 20 m wide"
    yield c.river_width_m != 0 and not 4 <= c.river_width_m <= 1000, "a river is 4 to 1000 m wide"
    yield not 0.5 <= c.dem_cell_m <= 50, "cells of the terrain model are 0.5 to 50 m wide"
    counts = (c.n_markers, c.n_smoke, c.n_dust, c.n_outfalls, c.n_checks)
    yield min(counts) < 0 or max(counts) > 1000, "there are 0 to 1000 targets of a kind"
    yield c.seed < 0 or c.box_sigma_px < 0, "the seed and the noise of boxes cannot be negative"
    yield not 0 <= c.noise_scale <= 10, "errors are scaled by 0 to 10"
    yield not max(abs(c.gimbal_yaw_deg), abs(c.gimbal_roll_deg)) <= 180, "a gimbal turns by at most 180 degrees"
    yield from _refusals_of_clocks(c)
    yield from _refusals_of_lies(c)


def _refusals_of_lies(c: FlightConfig) -> Iterator[tuple[bool, str]]:
    names = c.lie_names
    yield len(set(names)) < len(names), "a flight tells each lie once"
    yield len([n for n in names if n.startswith("turned-")]) > 1, "one strip is turned, in one way"
    yield bool(names) and (c.video or c.laser), "a flight that lies has neither a video nor a laser range finder"
    yield (
        bool(c.log) and not all(KINDS[n].in_logs for n in names),
        "beside a log only pixels are turned and clocks are wrong: "
        + ", ".join(name for name, kind in KINDS.items() if kind.in_logs),
    )
    yield "gcj02" in names and c.site not in IN_CHINA, f"GCJ-02 is used in China only: {', '.join(IN_CHINA)}"
    yield (
        c.profile == "rtk" and "ellipsoid-for-geoid" in names,
        "with RTK heights are above the ellipsoid in truth: not the profile rtk",
    )


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
