"""The commands."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from typer.core import TyperGroup

from pipeline.cli import show
from pipeline.cli.contest import contest
from pipeline.cli.learn import evaluate, export, train
from pipeline.cli.live import live
from pipeline.cli.options import (
    DATUMS,
    Adjust,
    AsJson,
    Assume,
    Dem,
    DemDatum,
    Detector,
    FalseAlarms,
    Flight,
    Geoid,
    MissionFile,
    Pixels,
    Trust,
    Tz,
    must_be_text,
    must_be_there,
    not_over,
    one_of,
    pixel_of,
    rate,
)
from pipeline.cli.report import report
from pipeline.cli.serve import serve
from pipeline.cli.sim import sim
from pipeline.cli.teach import convert, lessons, mine
from pipeline.config import ADJUST, RunConfig
from pipeline.errors import PipelineError
from pipeline.types import Ground

if TYPE_CHECKING:
    from pipeline.flow.run import Done


class Commands(TyperGroup):
    """The commands; Ctrl-C ends any of them with a word and exit code 130."""

    def invoke(self, ctx: Any) -> Any:
        try:
            return super().invoke(ctx)
        except KeyboardInterrupt:
            show.complain("interrupted")
            raise


MOST_ADVICE = 10  # sentences about second views
app = typer.Typer(
    cls=Commands,
    add_completion=False,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    help="Qianliyan 千里眼: from a drone flight to a scored list of pollution sources.",
)

COUNTS = (("照片 photos", "frames"), ("已搜索 searched", "searched"), ("检出 found", "detections"))


@app.command()
def demo(
    out: Annotated[
        Path | None,
        typer.Option("-o", "--output", metavar="FOLDER", help="[default: ./qianliyan-demo, or the next free number]"),
    ] = None,
) -> None:
    """Make, search and score a small flight.

    Its answers are known; the score table and the map's place are printed.
    """
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
    detector: Detector = None,
    boxes: Annotated[
        str | None, typer.Option("--boxes", metavar="FILE.json", help="Boxes from elsewhere: detect's output, or COCO.")
    ] = None,
    false_alarms: FalseAlarms = None,
    trust: Trust = False,
    adjust: Adjust = None,
    assume: Assume = None,
    tz: Tz = None,
    reviews: Annotated[
        str | None, typer.Option("--reviews", metavar="FOLDER", help="An earlier run whose reviews are taken over.")
    ] = None,
    workers: Annotated[
        int | None, typer.Option("--workers", metavar="N", min=1, help="Processes. [default: one a core]")
    ] = None,
    cluster: Annotated[
        str | None, typer.Option("--cluster", metavar="ADDRESS", help="A Dask scheduler in place of processes here.")
    ] = None,
    resume: Annotated[bool, typer.Option("--resume", help="Go on with RUN.partial.")] = False,
    video_overlap: Annotated[
        float | None,
        typer.Option("--video-overlap", metavar="SHARE", help="Of ground, between a video's frames. [default: 0.7]"),
    ] = None,
    video_every: Annotated[
        float | None, typer.Option("--video-every", metavar="SECONDS", help="Between a video's frames, not by overlap.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Search a flight and write a run folder."""
    from pipeline.flow.run import run as run_flight

    one_of(dem_datum, DATUMS, "--dem-datum")
    one_of(assume, ("nadir",), "--assume")
    one_of(adjust, ADJUST, "--adjust")
    if boxes is not None and detector is not None:
        raise typer.BadParameter("takes the place of --detector; give one of the two", param_hint="--boxes")
    must_be_text(flight, out)
    must_be_there(mission=mission, dem=dem, geoid=geoid, boxes=boxes)
    _check_reviews(reviews)
    config = RunConfig(
        detector or "", boxes, rate(false_alarms), dem, dem_datum, geoid, assume, tz, reviews, workers, cluster, resume,
        video_overlap=video_overlap, video_every=video_every, adjust=adjust or "", trust=trust,
    )  # fmt: skip
    try:
        with show.progress() as tell:
            done = run_flight(flight, out, config, mission, tell)
    except KeyboardInterrupt as why:
        show.complain(f"interrupted; {out}.partial keeps what is done: go on with --resume")
        raise typer.Exit(130) from why
    _show_run(done, as_json)


def _check_reviews(reviews: str | None) -> None:
    from pipeline.report.reviews import reviews_folder

    if reviews is not None and not (Path(reviews).is_dir() or reviews_folder(Path(reviews)).is_dir()):
        raise PipelineError(f"--reviews {reviews}: there is no such run, and no reviews beside it")


def _show_run(done: Done, as_json: bool) -> None:
    for warning in done.mission.warnings:
        show.complain(f"warning: {warning}")
    if as_json:
        for feature in done.hits.__geo_interface__["features"]:
            typer.echo(json.dumps(feature, ensure_ascii=False))
        return
    show.hits_table(done.hits)
    counts, lost = done.hits.provenance["counts"], done.hits.provenance["not_located"]
    numbers = [f"{word}: {counts[key]}" for word, key in COUNTS]
    show.say("; ".join(numbers))
    if lost:
        show.say(f"无法定位 not located: {len(lost)} (provenance.json); {lost[0]['why']}")
    if done.hits.skipped:
        show.say(f"跳过 skipped: {len(done.hits.skipped)} (skipped.csv)")
    show.say(f"地图 map: {done.folder / 'map.html'}")


@app.command()
def ingest(
    flight: Flight,
    mission: MissionFile = None,
    dem: Dem = None,
    dem_datum: DemDatum = None,
    geoid: Geoid = None,
    assume: Assume = None,
    tz: Tz = None,
    as_json: AsJson = False,
) -> None:
    """Show frames, pose sources and warnings.

    What is in a flight, and where each part of each photo's pose came from. No pixel is decoded.
    """
    from pipeline.cli.ingest import show_mission
    from pipeline.flow.mission import nothing_usable
    from pipeline.ingest import open_mission

    one_of(dem_datum, DATUMS, "--dem-datum")
    one_of(assume, ("nadir",), "--assume")
    ground = _ground(dem, dem_datum, geoid)
    found = open_mission(flight, mission_file=mission, ground=ground, assume=assume, tz=tz)
    show_mission(found, as_json)
    if not found.frames and not found.logs:
        raise PipelineError(nothing_usable(found.skipped))


def _ground(dem: str | None, dem_datum: str | None, geoid: str | None) -> Ground:
    """The ground that was asked for; a DEM that cannot be read is refused here, once, and not for each photo."""
    ground = Ground(dem=dem, dem_datum=dem_datum, geoid=geoid)
    must_be_there(dem=dem, geoid=geoid)
    if dem is not None:
        from pipeline.geo.ground import open_ground

        for note in open_ground(ground).notes:
            show.complain(f"warning: {note}")
    return ground


@app.command()
def detect(
    photos: Annotated[list[Path], typer.Argument(metavar="PHOTO…", help="Photos; no pose is needed.")],
    out: Annotated[Path, typer.Option("-o", "--output", metavar="OUT.json", help="File of boxes to write.")],
    detector: Detector = None,
    false_alarms: FalseAlarms = None,
    trust: Trust = False,
) -> None:
    """Find boxes in photos; no pose is needed."""
    from pipeline.flow.boxes import detect_photos

    not_over(out, *photos)
    with show.progress() as tell:
        spec = "all" if detector is None else detector
        boxes, errors = detect_photos(photos, out, spec, rate(false_alarms), tell, trust)
    for error in errors:
        show.complain(error)
    show.say(f"{boxes} boxes in {len(photos) - len(errors)} photos: {out}")
    if len(errors) == len(photos):
        raise typer.Exit(1)


@app.command()
def locate(
    photo: Annotated[Path | None, typer.Argument(metavar="PHOTO", help="One photo, with --pixel.")] = None,
    pixel: Pixels = None,
    pixels: Annotated[
        Path | None,
        typer.Option("--pixels", metavar="PIXELS.csv", help="Columns image,x_px,y_px; images relative to the file."),
    ] = None,
    out: Annotated[
        Path | None, typer.Option("-o", "--output", metavar="OUT.csv", help="Table to write; needed with --pixels.")
    ] = None,
    mission: MissionFile = None,
    dem: Dem = None,
    dem_datum: DemDatum = None,
    geoid: Geoid = None,
    tz: Tz = None,
    adjust: Annotated[
        bool, typer.Option("--adjust", help="First correct the poses from all photos of the folder, and from horizons.")
    ] = False,
) -> None:
    """Put pixels on the ground, with error radii.

    One JSON object a pixel on stdout, or one row a row of PIXELS.csv in OUT.csv.
    """
    from pipeline.flow.places import Locator, locate_csv, write_places

    one_of(dem_datum, DATUMS, "--dem-datum")
    if pixels is not None and out is None:
        raise typer.BadParameter("--pixels needs -o OUT.csv")
    wanted = [pixel_of(p) for p in pixel or ()]
    not_over(out, photo, pixels)
    alone = photo is not None and bool(wanted)
    if alone == (pixels is not None) or (pixels is not None and (photo is not None or wanted)):
        raise typer.BadParameter("give PHOTO with --pixel X,Y, or --pixels PIXELS.csv alone")
    with show.progress() as tell:
        locator = Locator(_ground(dem, dem_datum, geoid), mission, tz, adjust, tell)
        if pixels is not None:
            places = locate_csv(pixels, locator)
        elif photo is not None:
            places = locator.places(str(photo), photo, wanted)
    for warning in locator.warnings:
        show.complain(f"warning: {warning}")
    for place in [p for p in places if p.advice][:MOST_ADVICE]:
        show.complain(f"{place.image} ({place.x_px:g}, {place.y_px:g}): {place.advice}")
    if out is not None:
        write_places(places, out)
    if photo is not None:
        for place in places:
            typer.echo(json.dumps(place.row(), ensure_ascii=False))
    if all(p.why for p in places):
        first = f"no pixel could be located; {places[0].why}" if places else "no pixels in it"
        raise PipelineError(f"{photo or pixels}: {first}")


@app.command()
def pin(
    run_folder: Annotated[Path, typer.Argument(metavar="RUN", help="A run folder.")],
    photo: Annotated[Path, typer.Argument(metavar="PHOTO", help="One of the photos that the run searched.")],
    pixel: Annotated[str, typer.Option("--pixel", metavar="X,Y", help="Where the source touches ground or water.")],
    label: Annotated[str, typer.Option("--class", metavar="CLASS", help="For example outfall/discharging.")],
    comment: Annotated[str, typer.Option("--comment", metavar="TEXT", help="Kept with the review.")] = "",
    who: Annotated[str, typer.Option("--who", metavar="NAME", help="The officer's name.")] = "",
    dem: Annotated[
        str | None, typer.Option("--dem", metavar="DEM", help="Where the run's DEM lies now, if it was moved.")
    ] = None,
) -> None:
    """Add an officer's own finding to a run.

    It is located and evidenced like any other hit, and kept in RUN.reviews beside the run.
    """
    from pipeline.flow.pin import pin as pin_hit

    must_be_text(run_folder, photo, comment, who)
    must_be_there(dem=dem)
    entry = pin_hit(run_folder, photo, pixel_of(pixel), label, who, comment, dem)
    feature = {k: v for k, v in entry["value"].items() if k != "properties"}
    told = {k: v for k, v in entry["value"]["properties"].items() if k != "evidence"}
    typer.echo(json.dumps({**feature, "properties": told}, ensure_ascii=False))


@app.command()
def score(
    hits: Annotated[Path, typer.Argument(metavar="HITS", help="A run folder, GeoJSON points, or a CSV.")],
    targets: Annotated[Path, typer.Option("--targets", metavar="TARGETS", help="GeoJSON points and areas.")],
    rules: Annotated[
        str, typer.Option("--rules", metavar="FILE-OR-PROFILE", help="drill-example, suas-2020, or a TOML file.")
    ] = "drill-example",
    originals: Annotated[
        Path | None,
        typer.Option("--originals", metavar="FOLDER", help="The team's photos, where the rules count evidence."),
    ] = None,
    out: Annotated[
        Path | None, typer.Option("-o", "--output", metavar="RESULT.json", help="The verdict in integers.")
    ] = None,
) -> None:
    """Score a hit list against targets."""
    from pipeline.cli.score import show_score

    not_over(out, hits, hits / "hits.geojson", targets, Path(rules))
    show_score(hits, targets, rules, out, originals)


app.add_typer(contest, name="contest")
app.command()(report)
app.command()(serve)
app.command()(live)
app.command()(sim)
app.command()(train)
app.command("eval")(evaluate)
app.command()(export)
app.command()(convert)
app.command()(lessons)
app.command()(mine)
