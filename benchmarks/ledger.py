"""How long a contest's ledger takes to open, to add to, to mirror, and to check with the stand-alone verifier.

    python -m benchmarks.ledger [EVENTS]

Wall time and this process's processor time; most of the former, where they differ, is waiting for the disk.

Events are submissions with twenty warnings each (about 2.5 kB a line), every tenth with an object of its own.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pipeline.contest.verify_contest as verifier
from pipeline.contest.keys import COST, Signer, new_key, open_key
from pipeline.contest.ledger import LEDGER, Event, append_event, read_events
from pipeline.contest.mirror import mirror
from pipeline.contest.store import store

PASSPHRASE = "benchmark"


@contextmanager
def timed(what: str) -> Iterator[None]:
    """Print how long the block took."""
    begin, busy = time.perf_counter(), time.process_time()
    yield
    took, worked = time.perf_counter() - begin, time.process_time() - busy
    print(f"{what:<54}{took:9.3f} s{worked:9.3f} s of processor")


def body(number: int, name: str) -> dict[str, Any]:
    """A submission as large as they come from hurried teams."""
    warnings = [{"row": row, "code": "far", "text": f"第 {row} 行:离本场地很远,请检查经纬度"} for row in range(20)]
    return {"leg": "drone", "entrant": f"T{number % 12:02d}", "number": number, "object": name, "warnings": warnings}


def fill(folder: Path, desk: Signer, count: int) -> Event:
    """A ledger of `count` events."""
    first = {"id": "bench", "desk": {"name": "desk", "key": desk.public}}
    last = append_event(folder / LEDGER, None, "bench", "contest", first, desk, 0)
    for number in range(1, count):
        name = store(folder, b"hits %d" % (number // 10) * 1000)
        last = append_event(folder / LEDGER, last, "bench", "note", body(number, name), desk, number)
    return last


def main() -> None:
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 5000
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary) / "contest"
        folder.mkdir()
        with timed(f"make a key (scrypt, N = {COST})"):
            new_key(folder / "desk.key", "desk", PASSPHRASE)
        with timed("open a key"):
            desk = open_key(folder / "desk.key", PASSPHRASE)
        with timed(f"append {count} events, each forced to the disk"):
            fill(folder, desk, count)
        with timed(f"open the ledger ({(folder / LEDGER).stat().st_size / 1e6:.1f} MB)"):
            events = read_events(folder / LEDGER)
        with timed("open it again, its lines known"):
            read_events(folder / LEDGER, events)
        with timed("append one more"):
            append_event(folder / LEDGER, events[-1], "bench", "note", body(count, "00" * 32), desk, count)
        with timed("first mirror"):
            mirror(folder, folder.with_name("mirror"))
        with timed("mirror with nothing new"):
            mirror(folder, folder.with_name("mirror"))
        with timed("verify_contest.py, its own process"):
            subprocess.run([sys.executable, verifier.__file__, folder], stdout=subprocess.DEVNULL, check=False)


if __name__ == "__main__":
    main()
