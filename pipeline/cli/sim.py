"""`qianliyan sim`: a flight with known answers."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from pipeline.cli import show
from pipeline.cli.options import one_of
from pipeline.errors import OutputError


def sim(
    out: Annotated[Path, typer.Argument(metavar="OUT", help="Folder to make.")],
    seed: Annotated[int, typer.Option("--seed", metavar="N", min=0, max=2**63 - 1)] = 1,
    profile: Annotated[
        str, typer.Option("--profile", metavar="exact|dji|real|rtk", help="How wrong the drone's poses are.")
    ] = "real",
    pattern: Annotated[
        str, typer.Option("--pattern", metavar="nadir|oblique|mixed", help="Where the camera looks.")
    ] = "nadir",
    height_m: Annotated[
        float, typer.Option("--height", metavar="METRES", min=5, max=500, help="Above the take-off point.")
    ] = 55.0,
    laser: Annotated[bool, typer.Option("--laser", help="Write laser-range tags.")] = False,
    pixels: Annotated[
        bool, typer.Option("--pixels/--no-pixels", help="Draw the photos, or blank ones with boxes beside them.")
    ] = True,
    log: Annotated[
        str | None,
        typer.Option("--log", metavar="tlog|dataflash", help="Write poses into a log; photos keep time and place."),
    ] = None,
    clock_offset_s: Annotated[
        float,
        typer.Option("--clock-offset", metavar="SECONDS", min=-86400, max=86400, help="The camera's clock minus UTC."),
    ] = 0.0,
    drift_ppm: Annotated[
        float, typer.Option("--drift", metavar="PPM", min=-1000, max=1000, help="How much the camera's clock gains.")
    ] = 0.0,
    missed: Annotated[
        float, typer.Option("--missed", metavar="SHARE", min=0, max=0.5, help="Exposures that the log does not note.")
    ] = 0.0,
    even: Annotated[bool, typer.Option("--even", help="Exposures at equal intervals.")] = False,
    exif_gps: Annotated[
        bool, typer.Option("--exif-gps/--no-exif-gps", help="Photos of a log flight carry their position.")
    ] = True,
    video: Annotated[bool, typer.Option("--video", help="Film every strip, with subtitles beside each clip.")] = False,
    photos: Annotated[bool, typer.Option("--photos/--no-photos", help="Write photos at all.")] = True,
    noise_scale: Annotated[
        float, typer.Option("--noise-scale", metavar="FACTOR", min=0, max=10, help="The profile's errors times this.")
    ] = 1.0,
    lies: Annotated[
        list[str] | None,
        typer.Option("--lie", metavar="NAME[=SIZE]", help="What the headers shall lie about; may be repeated."),
    ] = None,
) -> None:
    """Make a flight with known answers.

    Photos (and logs and clips) in OUT/flight, a DEM in OUT/dem.tif, the answers in OUT/judge.
    """
    one_of(profile, ("exact", "dji", "real", "rtk"), "--profile")
    one_of(pattern, ("nadir", "oblique", "mixed"), "--pattern")
    one_of(log, ("tlog", "dataflash"), "--log")
    _are_lies(lies or [])
    if out.exists():
        raise OutputError(f"{out}: is there already")
    options: dict[str, Any] = {
        "profile": profile,
        "pattern": pattern,
        "height_m": height_m,
        "laser": laser,
        "pixels": pixels,
        "log": log or "",
        "clock_offset_s": clock_offset_s,
        "drift_ppm": drift_ppm,
        "missed_triggers": missed,
        "even_spacing": even,
        "exif_gps": exif_gps,
        "video": video,
        "photos_kept": photos,
        "noise_scale": noise_scale,
        "lies": tuple(lies or ()),
    }
    with show.progress() as tell:
        made = make_sim(out, seed, options, lambda done, total: tell("sim", done, total))
    show.say(f"{out / 'flight'}: {made}; {out / 'dem.tif'}; answers in {out / 'judge'}")


def _are_lies(texts: list[str]) -> None:
    from pipeline.sim.lie_kinds import KINDS

    for text in texts:
        one_of(text.partition("=")[0], tuple(KINDS), "--lie")


def make_sim(out: Path, seed: int, options: dict[str, Any], progress: Any = None) -> str:
    """Make a simulated flight under `out`; returns what was made, in a few words."""
    from pipeline.sim import FlightConfig, make_flight

    made = make_flight(out, FlightConfig(seed=seed, **options), progress)
    words = [f"{len(made.truth.photos)} photos"] if made.truth.config.photos_kept else []
    words += [made.log.name] if made.log else []
    words += [f"{len(made.videos)} clips, {len(made.footage.photos)} frames"] if made.footage else []
    return ", ".join(words)
