"""A live link on loopback: downloads of a plan over a bad link, and how soon findings are on disk.

python -m benchmarks.live_link [--downloads N] [--loss SHARE]
"""

from __future__ import annotations

import argparse
import socket
import tempfile
import time
from pathlib import Path
from statistics import median

from pipeline.config import RunConfig
from pipeline.errors import MissionError
from pipeline.flow.live import LiveOptions, live
from pipeline.ingest.live import Link
from pipeline.ingest.plan_download import download_plan
from pipeline.sim import FlightConfig, fly
from pipeline.sim.live_world import make_live_world, small_flight
from pipeline.sim.route import route_of
from pipeline.sim.vehicle import Habits, SimVehicle


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--downloads", type=int, default=100)
    parser.add_argument("--loss", type=float, default=0.05)
    told = parser.parse_args()
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
