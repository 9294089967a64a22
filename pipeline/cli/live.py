"""`qianliyan live`: a flight while it is flown."""

from __future__ import annotations

import math
import re
import socket
import tempfile
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from pipeline.cli import show
from pipeline.cli.options import (
    DATUMS,
    Dem,
    DemDatum,
    Detector,
    FalseAlarms,
    Geoid,
    Trust,
    must_be_text,
    must_be_there,
    one_of,
    rate,
)
from pipeline.config import RunConfig
from pipeline.types import Looked

if TYPE_CHECKING:
    from pipeline.flow.run import Done
    from pipeline.flow.session import LiveOptions

DEMO_SEED = 7
DEMO_WITHIN_S = 3.0
DEMO_LEAD_S = 4.0  # for the link to open
EVENTS = {
    "opened": "链路已打开 link opened",
    "waiting": "仍在等待 still waiting",
    "lost": "链路中断 link lost",
    "back": "链路恢复 link back",
    "vehicle": "发现飞行器 vehicle heard",
    "failed": "消息无法处理 a message could not be used",
    "video": "视频中断 video broke off",
    "reboot": "飞行器重启 vehicle rebooted",
    "interrupted": "用户中止 interrupted: writing what is there",
}


def live(
    connection: Annotated[
        str | None,
        typer.Argument(
            metavar="CONNECTION",
            help="udp:HOST:PORT (listens), udpout:HOST:PORT, tcp:HOST:PORT, /dev/tty…[:BAUD], COM5.",
        ),
    ] = None,
    demo: Annotated[bool, typer.Option("--demo", help="Follow a simulated vehicle with a simulated video.")] = False,
    out: Annotated[
        Path | None, typer.Option("-o", "--output", metavar="RUN", help="Run folder. [default: ./live-UTCTIME]")
    ] = None,
    record: Annotated[
        Path | None, typer.Option("--record", metavar="OUT.tlog", help="Write every message to a telemetry log.")
    ] = None,
    video: Annotated[
        str | None, typer.Option("--video", metavar="FILE-OR-URL", help="Video to search as it comes (rtsp://…).")
    ] = None,
    video_start: Annotated[
        str | None,
        typer.Option("--video-start", metavar="UTC", help="When its first frame was taken. [default: as it comes]"),
    ] = None,
    video_delay: Annotated[
        float, typer.Option("--video-delay", metavar="SECONDS", min=0, max=60, help="From the lens to here.")
    ] = 0.0,
    per_second: Annotated[
        float, typer.Option("--fps", metavar="N", min=0.01, max=60, help="Frames searched a second, at most.")
    ] = 2.0,
    seconds: Annotated[
        float | None,
        typer.Option(
            "--for",
            metavar="SECONDS",
            min=0,
            help="End by itself so long after a vehicle is heard, or when none is. [default: Ctrl-C ends it]",
        ),
    ] = None,
    baud: Annotated[int | None, typer.Option("--baud", metavar="N", min=300, help="Of a serial port.")] = None,
    plan: Annotated[bool, typer.Option("--plan/--no-plan", help="Ask for the planned mission.")] = True,
    mission: Annotated[
        Path | None, typer.Option("--mission", metavar="FILE.toml", help="Camera, mount and ground.")
    ] = None,
    dem: Dem = None,
    dem_datum: DemDatum = None,
    geoid: Geoid = None,
    detector: Detector = None,
    false_alarms: FalseAlarms = None,
    trust: Trust = False,
) -> None:
    """Follow a vehicle over MAVLink: search its video as it comes.

    It listens only: it never arms, moves or configures a vehicle. Ctrl-C ends it and writes the run folder.
    """
    from pipeline.flow.live import LiveOptions

    if demo == (connection is not None):
        raise typer.BadParameter("give CONNECTION or --demo")
    one_of(dem_datum, DATUMS, "--dem-datum")
    must_be_text(out, record, video)
    out = out or Path(f"live-{datetime.now(UTC):%Y%m%dT%H%M%SZ}")
    if connection is None:
        show_demo(out, record)
        return
    must_be_there(mission=mission, dem=dem, geoid=geoid)
    options = LiveOptions(
        connection, baud, record, video, _utc_ns(video_start), video_delay, per_second, seconds, plan
    )  # fmt: skip
    config = RunConfig(detector or "", None, rate(false_alarms), dem, dem_datum, geoid, trust=trust)
    _show_run(_follow(options, out, config, mission))


def _utc_ns(text: str | None) -> int | None:
    """'2026-11-21T04:00:00.5Z' -> ns since 1970."""
    if text is None:
        return None
    if not re.fullmatch(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d(\.\d{1,9})?)?(Z|[+-]\d\d:\d\d)?", text, re.ASCII):
        raise typer.BadParameter(f"{text!r} is not a time such as 2026-11-21T04:00:00.5Z", param_hint="--video-start")
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as why:
        raise typer.BadParameter(f"{text!r}: {why}", param_hint="--video-start") from why
    moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return round(moment.timestamp() * 1e6) * 1000


def _follow(options: LiveOptions, out: Path, config: RunConfig, mission: Path | None) -> Done:
    from pipeline.flow.live import live as follow

    return follow(options, out, config, mission, _tell)


def _tell(kind: str, facts: dict[str, Any]) -> None:
    if kind == "waiting":
        show.say(f"等待飞行器 waiting for a vehicle: {facts['connection']}")
    elif kind == "event":
        note = f" ({facts['note']})" if facts["note"] else ""
        show.say(f"{facts['t']} {EVENTS.get(facts['what'], facts['what'])}{note}")
    elif kind == "plan" and "items" in facts:
        show.say(
            f"航线 planned mission: {facts['items']} items, {facts['seconds']:.1f} s, {facts['repeats']} asked again"
        )
    elif kind == "plan":
        show.complain(f"warning: planned mission: {facts['why']}")
    elif kind == "find":
        place = f"{facts['lat_deg']:.7f}, {facts['lon_deg']:.7f} ± {facts['r90_m']:.1f} m"
        word = f"发现 found: {facts['class']} {facts['confidence']:.2f} {place}"
        show.say(f"{word} {facts['frame_id']} (延迟 after {facts['delay_s']:.2f} s)")
    elif kind == "frame" and not isinstance(facts["entry"], Looked):
        show.complain(f"{facts['entry'].frame_id}: {facts['entry'].reason}")


def _show_run(done: Done) -> None:
    for warning in done.mission.warnings:
        show.complain(f"warning: {warning}")
    facts = done.hits.provenance
    show.hits_table(done.hits)
    counts, told = facts["counts"], facts["live"]
    show.say(
        f"画面 frames: {counts['frames']}; 已搜索 searched: {counts['searched']}; "
        f"丢弃 dropped: {told['video_dropped']}; 检出 found: {counts['detections']}"
    )
    show.say(f"{done.folder}")


def show_demo(out: Path, record: Path | None) -> None:
    """Follow a simulated vehicle on loopback, print what is found as it comes, and score it."""
    from pipeline.cli.score import judged, print_score
    from pipeline.flow.live import LiveOptions
    from pipeline.sim.live_world import make_live_world, small_flight
    from pipeline.sim.vehicle import Habits, SimVehicle

    with tempfile.TemporaryDirectory(prefix="qianliyan-") as folder:
        show.say("制作演示航次 making the flight")
        world = make_live_world(Path(folder) / "world", small_flight(DEMO_SEED))
        _load()
        port = _free_port()
        with SimVehicle(world.route, f"udp:127.0.0.1:{port}", Habits(lead_s=DEMO_LEAD_S)) as vehicle:
            options = LiveOptions(
                f"udp:127.0.0.1:{port}", record=record, video=str(world.video), video_start_ns=vehicle.start_ns,
            )  # fmt: skip
            done = _follow(options, out, RunConfig(detector="marker"), world.mission_file)
        _show_run(done)
        print_score(judged(done.folder / "hits.geojson", world.targets, "drill-example"))
    _show_delay(done)


def _load() -> None:
    """What a busy computer takes seconds to load, before the vehicle flies."""
    import pipeline.flow.live
    import pipeline.report  # noqa: F401
    from pipeline.detect import load_detector
    from pipeline.ingest.live import load_dronekit

    load_dronekit()
    load_detector("marker", None, False)


def _show_delay(done: Done) -> None:
    delay = done.hits.provenance["live"]["delay_s"] or {"median": math.nan, "most": math.nan}
    verdict = "" if delay["most"] <= DEMO_WITHIN_S else f" (more than {DEMO_WITHIN_S:.0f} s)"
    show.say(
        f"延迟 from a frame to its findings on disk: median {delay['median']:.2f} s, "
        f"most {delay['most']:.2f} s{verdict}"
    )
    show.say(f"地图 map: {(done.folder / 'map.html').resolve()}")


def _free_port() -> int:
    """A UDP port of this computer that nobody listens at."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
