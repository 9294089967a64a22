"""python -m benchmarks.ground calibration [--flights 400] [--first-seed 0] [--world …] … | real"""

from __future__ import annotations

import argparse

from benchmarks.ground import real
from benchmarks.ground.calibration import all_settings, measure
from benchmarks.ground.flights import PATTERNS, PROFILES, WORLDS


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.ground")
    verbs = parser.add_subparsers(dest="verb", required=True)
    calibration = verbs.add_parser("calibration", help="are error ellipses true? simulated flights without pixels")
    calibration.add_argument("--flights", type=int, default=400, help="in all, the settings in turn")
    calibration.add_argument("--first-seed", type=int, default=0)
    calibration.add_argument("--profile", nargs="*", default=PROFILES, choices=PROFILES)
    calibration.add_argument("--pattern", nargs="*", default=PATTERNS, choices=PATTERNS)
    calibration.add_argument(
        "--world",
        nargs="*",
        default=WORLDS,
        choices=WORLDS,
        help="errors as the simulator has them, or all claimed",
    )
    verbs.add_parser("real", help="brighton and narrabeen, where the real flights are at hand")
    told = parser.parse_args()
    if told.verb == "real":
        real.main()
        return
    settings = all_settings(told.profile, told.pattern, told.world)
    table = measure(settings, told.flights, told.first_seed)
    print(*table.lines(), *table.failed, sep="\n")


if __name__ == "__main__":
    main()
