"""Draw a set with the second pen, and say how hard it came out.

python -m benchmarks.second_pen PHOTOS… -o FOLDER [--tiles 300] [--seed 20261122] [--side 320]
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.second_pen.difficulty import BANDS_DE
from benchmarks.second_pen.values import LABELS
from benchmarks.second_pen.writing import write_set
from pipeline.errors import PipelineError
from pipeline.imagery import use_one_thread

QUANTILES = (0.1, 0.25, 0.5, 0.75, 0.9)


def main() -> int:
    """The command."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.second_pen", description=__doc__)
    parser.add_argument("photos", nargs="+", type=Path)
    parser.add_argument("-o", "--output", required=True, type=Path)
    parser.add_argument("--tiles", type=int, default=300)
    parser.add_argument("--seed", type=int, default=20261122)
    parser.add_argument("--side", type=int, default=320)
    given = parser.parse_args()
    use_one_thread()
    began = time.process_time()
    try:
        out = write_set(given.photos, given.output, given.tiles, given.seed, given.side)
    except PipelineError as why:
        print(why, file=sys.stderr)
        return 1
    print(f"{(time.process_time() - began) / given.tiles:.3f} s of one core a tile")
    print("\n".join(summary(out / "things.jsonl")))
    return 0


def summary(path: Path) -> list[str]:
    """Numbers of things, shares of the bands, and quantiles of size and opacity, by class."""
    rows = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    lines = [f"{len(rows)} tiles, {sum(not r['things'] for r in rows)} without anything"]
    for label in LABELS:
        things: list[dict[str, Any]] = [t for r in rows for t in r["things"] if t["class"] == label]
        if not things:
            continue
        bands = [sum(low <= t["contrast_de"] < high for t in things) for low, high in BANDS_DE]
        told = [f"{key} " + " ".join(f"{v:.2f}" for v in np.quantile([t[key] for t in things], QUANTILES))
                for key in ("size_px", "opacity")]  # fmt: skip
        lines.append(f"{label}: {len(things)}, faint middle plain {bands}, {'; '.join(told)}")
    return lines


if __name__ == "__main__":
    sys.exit(main())
