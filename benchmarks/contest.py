"""How long a contest day takes, its verification, and how large its ledger grows.

    python benchmarks/contest.py [TEAMS] [SUBMISSIONS] [FOLDER]

A whole day as `qianliyan contest rehearse` holds it, with the real cost of every passphrase: wall time by stage, the
verification of the final folder by the program and by verify_contest.py, and the sizes of ledger, objects and papers.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from pipeline.contest.folder import Contest
from pipeline.contest.judging.verify import verify_contest
from pipeline.rehearse import Rehearsed, rehearse


def timed(work: Callable[[], object]) -> float:
    """Best of three in seconds."""
    times = []
    for _ in range(3):
        start = time.perf_counter()
        work()
        times.append(time.perf_counter() - start)
    return min(times)


def stand_alone(contest: Path) -> None:
    """verify_contest.py in a process of its own."""
    subprocess.run([sys.executable, str(contest / "verify_contest.py"), str(contest)], check=True, capture_output=True)


def sizes(contest: Path) -> dict[str, int]:
    """Bytes below each name of the contest's folder."""
    found: dict[str, int] = {}
    for path in contest.rglob("*"):
        if path.is_file():
            name = path.relative_to(contest).parts[0]
            found[name] = found.get(name, 0) + path.stat().st_size
    return found


def show(held: Rehearsed) -> None:
    """All figures of a day."""
    print("\n".join(held.lines("en")))
    print(f"read and fold {held.events} events: {timed(lambda: Contest.open(held.contest)):.2f} s")
    print(f"verify_contest: {timed(lambda: verify_contest(held.contest)):.2f} s")
    print(f"verify_contest.py: {timed(lambda: stand_alone(held.contest)):.2f} s")
    for name, size in sorted(sizes(held.contest).items()):
        print(f"{name}: {size / 1024:.0f} KiB")


def main() -> None:
    """Parse and measure."""
    words = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    words.add_argument("teams", type=int, nargs="?", default=12)
    words.add_argument("submissions", type=int, nargs="?", default=3)
    words.add_argument("folder", type=Path, nargs="?", help="kept; without it the day is held in a temporary one")
    asked = words.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        show(rehearse(asked.folder or Path(folder) / "day", asked.teams, asked.submissions))


if __name__ == "__main__":
    main()
