"""A small world to go live in: a flight's film, its ground, its answers, and the way its vehicle flies."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from pipeline.errors import OutputError
from pipeline.sim.answers import write_answers
from pipeline.sim.config import FlightConfig
from pipeline.sim.route import Route, route_of
from pipeline.sim.truth import Truth, fly

FRAMES_A_SECOND = 1  # one frame at each press of the shutter


@dataclass(frozen=True, slots=True)
class LiveWorld:
    """Where everything lies; nothing but `targets` knows an answer."""

    route: Route  # flown in the film's time
    video: Path
    mission_file: Path
    dem: Path
    targets: Path
    truth: Truth


def small_flight(seed: int = 7, strips: int = 2, photos_per_strip: int = 5) -> FlightConfig:
    """Ten seconds over markers, in small pictures."""
    size = (800, 600)
    return FlightConfig(
        seed=seed, profile="exact", height_m=40.0, strips=strips, photos_per_strip=photos_per_strip,
        width_px=size[0], height_px=size[1], video_size_px=size, video_rate_hz=FRAMES_A_SECOND,
        marker_size_m=(1.6, 2.0), n_smoke=0, n_dust=0, n_outfalls=0, n_markers=6, turned_strip=False,
    )  # fmt: skip


def make_live_world(out: Path, config: FlightConfig) -> LiveWorld:
    """Render the film and write what lies beside it under `out`; raises OutputError when that cannot be done."""
    from pipeline.sim.footage import write_clip
    from pipeline.sim.render import open_studio, photo

    truth = fly(config)
    made = LiveWorld(
        route_of(truth, 1 / FRAMES_A_SECOND), out / "video.mp4", out / "mission.toml", out / "dem.tif",
        out / "judge" / "targets.geojson", truth,
    )  # fmt: skip
    try:
        (out / "judge").mkdir(parents=True)
        truth.terrain.write(made.dem)
        write_answers(out / "judge", truth)
        made.mission_file.write_text(mission_text(truth), "utf-8")
        studio = open_studio(truth)
        write_clip(made.video, config, (photo(studio, i) for i in range(len(truth.photos))), truth.plan.t_ns[0])
    except OSError as why:
        raise OutputError(f"{out}: cannot be written ({why.strerror or why})") from why
    return made


def mission_text(truth: Truth) -> str:
    """What a pilot would write down: the camera, and the ground."""
    lens = truth.nominal[0]
    return (
        '[mission]\nname = "live"\n\n'
        f"[camera]\nwidth_px = {lens.width_px}\nheight_px = {lens.height_px}\nfocal_px = {lens.focal_px:.3f}\n\n"
        '[ground]\ndem = "dem.tif"\ndatum = "egm96"\n'
    )
