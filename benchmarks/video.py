"""Videos: how fast their frames come, what a seek for every frame would cost, and whether memory stays flat.

python -m benchmarks.video [--minutes 1 8] [--size 1280x720] [--every 1.0]
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np

from pipeline import video

RATE_HZ = 30
KEY_EVERY = 30


def write(path: Path, minutes: float, width_px: int, height_px: int) -> None:
    """A pattern that drifts under grain, one key frame a second."""
    import av

    rng = np.random.default_rng(1)
    wide = rng.integers(40, 215, (height_px // 8, width_px // 4, 3), dtype=np.uint8).repeat(8, 0).repeat(8, 1)
    with av.open(str(path), "w") as out:
        stream: Any = out.add_stream("libx264", rate=Fraction(RATE_HZ), options={"preset": "ultrafast", "crf": "28"})
        stream.width, stream.height, stream.pix_fmt, stream.gop_size = width_px, height_px, "yuv420p", KEY_EVERY
        for i in range(int(minutes * 60 * RATE_HZ)):
            shown = np.ascontiguousarray(wide[:height_px, i % width_px : i % width_px + width_px])
            out.mux(stream.encode(av.VideoFrame.from_ndarray(shown, format="bgr24")))
        out.mux(stream.encode(None))


def measure(path: str, how: str, every_s: float) -> dict[str, float]:
    """Frames, seconds and peak memory of one way to read, in this process."""
    import resource

    found = video.probe(path)
    wanted = found.pts[:: max(1, round(every_s * RATE_HZ))].tolist()
    wanted = found.pts.tolist() if how == "all" else wanted
    start = time.monotonic()
    count = 0
    if how == "seek":
        wanted = wanted[:60]
        count = sum(1 for pts in wanted if video.read_frame(path, pts).size)
    elif how == "opencv":
        import cv2

        cv2.setNumThreads(1)
        reader = cv2.VideoCapture(path)
        while reader.read()[0]:
            count += 1
    else:
        count = sum(1 for _ in video.frames(path, wanted))
    seconds = time.monotonic() - start
    return {"frames": count, "s": seconds, "rss_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024}


def alone(path: Path, how: str, every_s: float) -> dict[str, float]:
    """`measure` in a process of its own, so that peaks do not mix."""
    command = [sys.executable, "-m", "benchmarks.video", "--measure", str(path), how, str(every_s)]
    told: dict[str, float] = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
    return told


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--minutes", type=float, nargs="*", default=[1.0, 8.0])
    parser.add_argument("--size", default="1280x720")
    parser.add_argument("--every", type=float, default=1.0, help="seconds between sampled frames")
    parser.add_argument("--measure", nargs=3, help=argparse.SUPPRESS)
    told = parser.parse_args()
    if told.measure:
        print(json.dumps(measure(told.measure[0], told.measure[1], float(told.measure[2]))))
        return
    width_px, height_px = map(int, told.size.split("x"))
    with tempfile.TemporaryDirectory() as scratch:
        for minutes in told.minutes:
            path = Path(scratch) / f"{minutes:g}.mp4"
            write(path, minutes, width_px, height_px)
            start = time.monotonic()
            video.probe(path)
            size = f"{minutes:g} min of {told.size}, {path.stat().st_size / 1e6:.0f} MB"
            print(f"{size}: probe {time.monotonic() - start:.2f} s")
            for how in ("all", "opencv", "sampled", "seek"):
                r = alone(path, how, told.every)
                rate = r["frames"] / r["s"]
                print(f"  {how:8s} {r['frames']:6.0f} frames, {rate:6.1f} a second, peak {r['rss_mb']:.0f} MB")


if __name__ == "__main__":
    main()
