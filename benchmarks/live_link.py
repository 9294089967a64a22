"""A live link on loopback: downloads of a plan over a bad link, how soon findings are on disk, and a flight replayed.

python -m benchmarks.live_link [--downloads N] [--loss SHARE] [--tlog FILE [--speed N]]
"""

from __future__ import annotations

import argparse
import socket
import tempfile
import time
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np

from pipeline.config import RunConfig
from pipeline.errors import MissionError
from pipeline.flow.live import LiveOptions, live
from pipeline.ingest.live import Link
from pipeline.ingest.plan_download import download_plan
from pipeline.ingest.telemetry import REBOOT_NS, Telemetry
from pipeline.sim import FlightConfig, fly
from pipeline.sim.live_world import make_live_world, small_flight
from pipeline.sim.replay import messages, replay
from pipeline.sim.route import route_of
from pipeline.sim.vehicle import Habits, SimVehicle


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--downloads", type=int, default=100)
    parser.add_argument("--loss", type=float, default=0.05)
    parser.add_argument("--tlog", type=Path, help="a recorded flight to replay")
    parser.add_argument("--speed", type=float, default=20.0)
    told = parser.parse_args()
    if told.tlog is not None:
        show_replay(told.tlog, told.speed)
    if told.downloads:
        show_downloads(told.downloads, told.loss)
        show_delay()


def free_port() -> int:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def show_downloads(count: int, loss: float) -> None:
    """How many of `count` downloads of one plan are complete, and how long they take."""
    route = route_of(fly(FlightConfig(profile="exact", strips=2, photos_per_strip=9, n_checks=0)), 2.0)
    seconds, repeats, items = [], 0, 0
    with (
        SimVehicle(route, f"udp:127.0.0.1:{free_port()}", Habits(loss=loss)) as vehicle,
        Link(f"udp:127.0.0.1:{vehicle.port}") as link,
    ):
        while not link.system:
            time.sleep(0.05)
        for _ in range(count):
            try:
                plan = download_plan(link)
            except MissionError as why:
                print(why)
                continue
            items = len(plan.items)
            if items == len(vehicle.plan):
                seconds.append(plan.seconds)
                repeats += plan.repeats
    print(f"{len(seconds)} of {count} downloads of {items} items complete at {loss:.0%} loss each way")
    if seconds:
        print(
            f"  {sum(seconds):.1f} s in all, median {median(seconds):.2f} s, most {max(seconds):.2f} s, "
            f"{repeats} requests sent again"
        )


def show_replay(tlog: Path, speed: float) -> None:
    """Positions and gimbal as followed live, beside the log's own values by pymavlink, each boot on its own clock."""
    telemetry, port = Telemetry(), free_port()
    with Link(f"udp:127.0.0.1:{port}", (telemetry.feed,)) as link:
        started_s = time.monotonic()
        sent = replay(tlog, f"udp:127.0.0.1:{port}", speed)
        took_s = time.monotonic() - started_s
        time.sleep(2.0)
    boots, status = told_by(tlog)
    track = telemetry.track()
    print(f"{tlog.name} at {speed:g}×: {link.messages} of {sent} messages heard in {took_s:.0f} s")
    print(f"  boots: {telemetry.boots} live, {len(boots)} in the log; clock: {telemetry.clock_source}")
    if track.positions is not None:
        show_positions(boots, track.positions)
    if track.gimbal is not None:
        turned = zip(track.gimbal.pitch_deg, track.gimbal.roll_deg, track.gimbal.yaw_deg, strict=True)
        live_deg = {_angles(*v) for v in turned}
        log_deg = {_angles(*v) for v in status}
        print(f"  gimbal: {len(log_deg & live_deg)} of the log's {len(log_deg)} different angles, {len(live_deg)} live")


def show_positions(boots: list[dict[str, Any]], live: Any) -> None:
    """How many of the log's positions were followed, and by how much time and place differ."""
    want = {}
    for boot in (b for b in boots if b["ties"]):
        tie = round(median(boot["ties"][-61:]))
        want |= {t + tie: row for t, row in boot["rows"].items()}
    times = np.array(sorted(want), np.int64)
    at = np.clip(np.searchsorted(live.t_ns, times), 1, len(live.t_ns) - 1)
    at = np.where(times - live.t_ns[at - 1] < live.t_ns[at] - times, at - 1, at)
    late_ms = np.abs(live.t_ns[at] - times) / 1e6
    rows = np.array([want[int(t)] for t in times])
    got = np.stack([live.lat_deg[at], live.lon_deg[at], live.relative_m[at]], 1)
    same = (late_ms < 60) & (np.abs(got - rows).max(1) < 1e-9)
    print(
        f"  positions: {same.sum()} of the log's {len(times)} with equal values, {len(live.t_ns)} live; "
        f"times differ by {np.median(late_ms):.1f} ms at the median, {late_ms[same].max():.1f} ms at most"
    )


def told_by(tlog: Path) -> tuple[list[dict[str, Any]], list[tuple[float, float, float]]]:
    """(each boot's ties to UTC in ns and rows by boot time, the mount's pitch, roll and yaw) by pymavlink."""
    from pymavlink.dialects.v20 import ardupilotmega

    mav = ardupilotmega.MAVLink(None)
    mav.robust_parsing = True
    boots: list[dict[str, Any]] = [{"ties": [], "rows": {}, "last": 0}]
    status = []
    for _, data in messages(tlog):
        for m in mav.parse_buffer(data) or ():
            if m.get_type() == "MOUNT_STATUS":
                status.append((m.pointing_a / 100, m.pointing_b / 100, m.pointing_c / 100))
            if m.get_type() not in ("SYSTEM_TIME", "GLOBAL_POSITION_INT"):
                continue
            t_ns = m.time_boot_ms * 1_000_000
            if t_ns < boots[-1]["last"] - REBOOT_NS:
                boots.append({"ties": [], "rows": {}, "last": 0})
            boots[-1]["last"] = max(boots[-1]["last"], t_ns)
            if m.get_type() == "SYSTEM_TIME" and m.time_unix_usec > 1e15:
                boots[-1]["ties"].append(m.time_unix_usec * 1000 - t_ns)
            elif m.get_type() == "GLOBAL_POSITION_INT" and (m.lat, m.lon) != (0, 0):
                boots[-1]["rows"][t_ns] = (m.lat / 1e7, m.lon / 1e7, m.relative_alt / 1000)
    return boots, status


def _angles(pitch: float, roll: float, yaw: float) -> tuple[float, ...]:
    return tuple(round(float(v), 2) % 360 for v in (pitch, roll, yaw))


def show_delay() -> None:
    """From a frame's own moment to its findings on disk, in the small world of `live --demo`."""
    with tempfile.TemporaryDirectory() as folder:
        world = make_live_world(Path(folder) / "world", small_flight())
        with SimVehicle(world.route, f"udp:127.0.0.1:{free_port()}", Habits(lead_s=6.0)) as vehicle:
            options = LiveOptions(
                f"udp:127.0.0.1:{vehicle.port}", video=str(world.video), video_start_ns=vehicle.start_ns
            )
            done = live(options, Path(folder) / "run", RunConfig(detector="marker"), world.mission_file)
    facts = done.hits.provenance["live"]
    print(f"{len(done.hits.looked)} frames searched, {facts['video_dropped']} dropped, {len(done.hits.hits)} hits")
    delay = facts["delay_s"]
    print(f"  from a frame to its findings on disk: median {delay['median']:.2f} s, most {delay['most']:.2f} s")


if __name__ == "__main__":
    main()
