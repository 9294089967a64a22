"""The commands."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Annotated, Any

import typer

from pipeline.cli import show
from pipeline.config import RunConfig
from pipeline.errors import OutputError, PipelineError
from pipeline.types import Ground

app = typer.Typer(
    add_completion=False,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    help="Qianliyan 千里眼: from a drone flight to a scored list of pollution sources.",
)

Flight = Annotated[Path, typer.Argument(metavar="FLIGHT", help="Folder (or one file) as it comes off the card.")]
MissionFile = Annotated[
    Path | None, typer.Option("--mission", metavar="FILE.toml", help="Mission file; FLIGHT/mission.toml by default.")
]
Dem = Annotated[str | None, typer.Option("--dem", help="Elevation model, a GeoTIFF.")]
DemDatum = Annotated[
    str | None, typer.Option("--dem-datum", metavar="egm96|egm2008|ellipsoid|geoid", help="Heights of the DEM.")
]
Geoid = Annotated[
    str | None, typer.Option("--geoid", metavar="FILE", help="Geoid grid (GTX or GeoTIFF) for egm2008 and geoid.")
]
Detector = Annotated[
    str, typer.Option("--detector", metavar="SPEC", help="Detectors, joined by commas; all: every one that is there.")
]
FalseAlarms = Annotated[
    str | None,
    typer.Option("--false-alarms", metavar="0.2/photo", help="Threshold by the false alarms that it lets through."),
]
Tz = Annotated[
    str | None, typer.Option("--tz", metavar="ZONE", help="Zone of the camera's clock where the photos do not tell.")
]
Pixels = Annotated[
    list[str] | None, typer.Option("--pixel", metavar="X,Y", help="A pixel; may be given several times.")
]


def _rate(text: str | None) -> float | None:
    """'0.2/photo' -> 0.2."""
    if text is None:
        return None
    found = re.fullmatch(r"(\d*\.?\d+)(?:/photo)?", text)
    if not found or not float(found[1]) > 0:
        raise typer.BadParameter(f"{text!r}: say for example 0.2/photo", param_hint="--false-alarms")
    return float(found[1])


def _pixel(text: str) -> tuple[float, float]:
    found = re.fullmatch(r"\s*(-?\d+(?:\.\d+)?)\s*,\s*(-?\d+(?:\.\d+)?)\s*", text)
    if not found:
        raise typer.BadParameter(f"{text!r} is not X,Y", param_hint="--pixel")
    return float(found[1]), float(found[2])


def _one_of(value: str | None, allowed: tuple[str, ...], option: str) -> None:
    if value is not None and value not in allowed:
        raise typer.BadParameter(f"{value!r} is not one of {', '.join(allowed)}", param_hint=option)


DATUMS = ("egm96", "egm2008", "ellipsoid", "geoid")


@app.command()
def demo(out: Annotated[Path | None, typer.Option("-o", "--output", metavar="FOLDER")] = None) -> None:
    """Make a small flight with known answers, run it, score it; print the table and where the map is."""
    from pipeline.cli.demo import show_demo

    show_demo(out)


@app.command()
def run(
    flight: Flight,
    out: Annotated[Path, typer.Option("-o", "--output", metavar="RUN", help="Run folder to make; never overwritten.")],
    mission: MissionFile = None,
    dem: Dem = None,
    dem_datum: DemDatum = None,
    geoid: Geoid = None,
    detector: Detector = "all",
    boxes: Annotated[
        str | None, typer.Option("--boxes", metavar="FILE.json", help="Boxes from elsewhere: detect's output, or COCO.")
    ] = None,
    false_alarms: FalseAlarms = None,
    assume: Annotated[
        str | None, typer.Option("--assume", metavar="nadir", help="For photos without attitude.")
    ] = None,
    tz: Tz = None,
    reviews: Annotated[
        str | None, typer.Option("--reviews", metavar="FOLDER", help="An earlier run's reviews, taken over.")
    ] = None,
    workers: Annotated[int | None, typer.Option("--workers", min=1, help="Processes; one a core by default.")] = None,
    cluster: Annotated[str | None, typer.Option("--cluster", metavar="ADDRESS", help="A Dask scheduler.")] = None,
    resume: Annotated[bool, typer.Option("--resume", help="Go on with RUN.partial.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON lines.")] = False,
) -> None:
    """Search a flight and write a run folder: hits, evidence, map."""
    from pipeline.flow.run import run as run_flight

    _one_of(dem_datum, DATUMS, "--dem-datum")
    _one_of(assume, ("nadir",), "--assume")
    if boxes is not None and detector != "all":
        raise typer.BadParameter("takes the place of --detector; give one of the two", param_hint="--boxes")
    config = RunConfig(
        detector, boxes, _rate(false_alarms), dem, dem_datum, geoid, assume, tz, reviews, workers, cluster, resume
    )
    with show.progress() as tell:
        done = run_flight(flight, out, config, mission, tell)
    for warning in done.mission.warnings:
        typer.echo(f"warning: {warning}", err=True)
    if as_json:
        for feature in done.hits.__geo_interface__["features"]:
            typer.echo(json.dumps(feature, ensure_ascii=False))
        return
    show.hits_table(done.hits)
    if done.hits.skipped:
        typer.echo(f"跳过 skipped: {len(done.hits.skipped)} (skipped.csv)")
    typer.echo(f"地图 map: {done.folder / 'map.html'}")


@app.command()
def ingest(
    flight: Flight,
    mission: MissionFile = None,
    dem: Dem = None,
    assume: Annotated[str | None, typer.Option("--assume", metavar="nadir")] = None,
    tz: Tz = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON lines.")] = False,
) -> None:
    """Show what is there: frames, where each part of their pose came from, warnings. No pixel is decoded."""
    from pipeline.cli.ingest import show_mission
    from pipeline.ingest import open_mission

    _one_of(assume, ("nadir",), "--assume")
    ground = Ground(dem=dem) if dem else None
    show_mission(open_mission(flight, mission_file=mission, ground=ground, assume=assume, tz=tz), as_json)


@app.command()
def detect(
    photos: Annotated[list[Path], typer.Argument(metavar="PHOTO…")],
    out: Annotated[Path, typer.Option("-o", "--output", metavar="OUT.json")],
    detector: Detector = "all",
    false_alarms: FalseAlarms = None,
) -> None:
    """Boxes only; no pose is needed."""
    from pipeline.flow.boxes import detect_photos

    with show.progress() as tell:
        boxes, errors = detect_photos(photos, out, detector, _rate(false_alarms), tell)
    for error in errors:
        show.complain(error)
    typer.echo(f"{boxes} boxes in {len(photos) - len(errors)} photos: {out}")
    if len(errors) == len(photos):
        raise typer.Exit(1)


@app.command()
def locate(
    photo: Annotated[Path | None, typer.Argument(metavar="PHOTO")] = None,
    pixel: Pixels = None,
    pixels: Annotated[
        Path | None, typer.Option("--pixels", metavar="PIXELS.csv", help="Columns image,x_px,y_px.")
    ] = None,
    out: Annotated[Path | None, typer.Option("-o", "--output", metavar="OUT.csv")] = None,
    mission: MissionFile = None,
    dem: Dem = None,
    dem_datum: DemDatum = None,
    geoid: Geoid = None,
) -> None:
    """Put pixels on the ground, each with its error radius."""
    from pipeline.flow.places import Locator, locate_csv, write_places

    _one_of(dem_datum, DATUMS, "--dem-datum")
    locator = Locator(Ground(dem=dem, dem_datum=dem_datum, geoid=geoid), mission)
    if pixels is not None and photo is None and not pixel:
        places = locate_csv(pixels, locator)
    elif photo is not None and pixel and pixels is None:
        places = locator.places(str(photo), photo, [_pixel(p) for p in pixel])
    else:
        raise typer.BadParameter("give PHOTO with --pixel X,Y, or --pixels PIXELS.csv alone")
    if out is not None:
        write_places(places, out)
    elif pixels is not None:
        raise typer.BadParameter("--pixels needs -o OUT.csv")
    if pixels is None:
        for place in places:
            typer.echo(json.dumps(place.row(), ensure_ascii=False))
    if all(p.why for p in places):
        raise PipelineError(places[0].why if places else f"{pixels}: no pixels in it")


@app.command()
def pin(
    run_folder: Annotated[Path, typer.Argument(metavar="RUN")],
    photo: Annotated[Path, typer.Argument(metavar="PHOTO")],
    pixel: Annotated[str, typer.Option("--pixel", metavar="X,Y")],
    label: Annotated[str, typer.Option("--class", metavar="C")],
    comment: Annotated[str, typer.Option("--comment")] = "",
    who: Annotated[str, typer.Option("--who", help="The officer's name.")] = "",
) -> None:
    """Add an officer's own finding: located and evidenced like any other hit."""
    from pipeline.flow.pin import pin as pin_hit

    entry = pin_hit(run_folder, photo, _pixel(pixel), label, who, comment)
    typer.echo(json.dumps(entry["hit"], ensure_ascii=False))


@app.command()
def score(
    hits: Annotated[Path, typer.Argument(metavar="HITS")],
    targets: Annotated[Path, typer.Option("--targets", metavar="TARGETS")],
    rules: Annotated[str, typer.Option("--rules", metavar="FILE-OR-PROFILE")] = "drill-example",
    out: Annotated[Path | None, typer.Option("-o", "--output", metavar="RESULT.json")] = None,
) -> None:
    """Score a hit list against targets."""
    from pipeline.cli.score import show_score

    show_score(hits, targets, rules, out)


@app.command()
def sim(
    out: Annotated[Path, typer.Argument(metavar="OUT")],
    seed: Annotated[int, typer.Option("--seed")] = 1,
    profile: Annotated[str, typer.Option("--profile", metavar="exact|dji|real|rtk")] = "real",
    pattern: Annotated[str, typer.Option("--pattern", metavar="nadir|oblique|mixed")] = "nadir",
    height_m: Annotated[float, typer.Option("--height", help="Metres above the take-off point.")] = 55.0,
    laser: Annotated[bool, typer.Option("--laser", help="Write laser-range tags.")] = False,
    pixels: Annotated[
        bool, typer.Option("--pixels/--no-pixels", help="Draw the photos, or blank ones with boxes beside them.")
    ] = True,
) -> None:
    """Make a flight with known answers: OUT/flight, OUT/dem.tif, OUT/judge."""
    from pipeline.cli.demo import make_sim

    _one_of(profile, ("exact", "dji", "real", "rtk"), "--profile")
    _one_of(pattern, ("nadir", "oblique", "mixed"), "--pattern")
    if out.exists():
        raise OutputError(f"{out}: is there already")
    options: dict[str, Any] = {
        "profile": profile,
        "pattern": pattern,
        "height_m": height_m,
        "laser": laser,
        "pixels": pixels,
    }
    flight = make_sim(out, seed, options)
    typer.echo(f"{out / 'flight'}: {flight} photos; {out / 'dem.tif'}; answers in {out / 'judge'}")
