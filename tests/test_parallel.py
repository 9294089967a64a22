"""parallel: order, bounded work in flight, and no process that outlives its parent."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator

import pytest

from pipeline.errors import PipelineError
from pipeline.parallel import LocalPool, chunks, open_pool, pmap


def double(x: int) -> int:
    return 2 * x


def pid(_: int) -> int:
    time.sleep(0.2)
    return os.getpid()


def test_order_is_kept_here_and_on_a_pool():
    with LocalPool(2) as pool:
        assert list(pmap(double, range(20), pool)) == list(pmap(double, range(20))) == [2 * i for i in range(20)]


def test_chunks_cover_all_in_order():
    assert [list(c) for c in chunks(range(7), 3)] == [[0, 1, 2], [3, 4, 5], [6]]
    assert chunks([], 3) == []


def test_a_long_mission_is_not_queued_at_once():
    taken = []

    def source() -> Iterator[int]:
        for i in range(100):
            taken.append(i)
            yield i

    with LocalPool(1) as pool:
        results = pool.map(double, source())
        next(iter(results))
        assert len(taken) <= 4


def test_little_work_needs_no_pool_and_a_missing_cluster_is_a_sentence():
    with open_pool(8, None, 3) as pool:
        assert pool is None
    with pytest.raises(PipelineError, match=r"dask|scheduler"), open_pool(None, "tcp://127.0.0.1:1", 100):
        pass


ORPHANS = """
import sys, time
from pipeline.parallel import LocalPool
from tests.test_parallel import pid
if __name__ == "__main__":
    with LocalPool(2) as pool:
        print(*set(pool.map(pid, range(4))), flush=True)
        time.sleep(60)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="asks the kernel about processes by their number")
def test_workers_go_when_their_parent_is_killed(tmp_path):
    script = tmp_path / "orphans.py"
    script.write_text(ORPHANS)
    command = [sys.executable, str(script)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env={**os.environ, "PYTHONPATH": "."}) as parent:
        assert parent.stdout is not None
        workers = [int(w) for w in parent.stdout.readline().split()]
        assert workers
        parent.send_signal(signal.SIGKILL)
    deadline = time.monotonic() + 20
    while any(map(alive, workers)) and time.monotonic() < deadline:
        time.sleep(0.1)
    assert not any(map(alive, workers))


def alive(number: int) -> bool:
    try:
        with open(f"/proc/{number}/stat") as stat:
            return stat.read().rsplit(")", 1)[1].split()[0] != "Z"
    except FileNotFoundError:
        return False
