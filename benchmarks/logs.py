"""How fast flight logs become Tracks, beside pymavlink and pyulog reading the same messages. One core, files cached.

    python benchmarks/logs.py FILE… [--repeat 3]

Ours finds, checks and decodes what a Track needs and counts the rest; theirs decodes every message, which pymavlink
cannot help; pyulog is given the same topics. Best of the repeats.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from pathlib import Path


def ours(path: Path) -> int:
    from pipeline.ingest.logs import read_log

    return read_log(path, path.parent).messages


def by_pymavlink(path: Path) -> int:
    from pymavlink import mavutil

    log = mavutil.mavlink_connection(str(path), dialect="ardupilotmega", robust_parsing=True)
    count = 0
    while log.recv_msg() is not None:
        count += 1
    return count


def by_pyulog(path: Path) -> int:
    from pyulog import ULog

    from pipeline.ingest.px4 import WANTED

    return sum(len(d.data["timestamp"]) for d in ULog(str(path), sorted(WANTED)).data_list)


THEIRS: dict[str, Callable[[Path], int]] = {".tlog": by_pymavlink, ".bin": by_pymavlink, ".ulg": by_pyulog}


def best(read: Callable[[Path], int], path: Path, repeat: int) -> tuple[float, int]:
    read(path)  # warms imports and the page cache
    times = []
    for _ in range(repeat):
        start = time.perf_counter()
        count = read(path)
        times.append(time.perf_counter() - start)
    return min(times), count


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("files", type=Path, nargs="+")
    parser.add_argument("--repeat", type=int, default=3)
    options = parser.parse_args()
    print(f"{'file':32} {'MB':>6} {'messages':>9} {'ours MB/s':>10} {'messages/s':>11} {'theirs / ours':>14}")
    for path in options.files:
        seconds, count = best(ours, path, options.repeat)
        size = path.stat().st_size / 1e6
        peer = THEIRS.get(path.suffix.lower())
        ratio = f"{best(peer, path, options.repeat)[0] / seconds:14.1f}" if peer else f"{'-':>14}"
        print(f"{path.name[:32]:32} {size:6.2f} {count:9} {size / seconds:10.1f} {count / seconds:11.0f} {ratio}")


if __name__ == "__main__":
    main()
