"""The one seam where work leaves this process.

Anything with an ordered `map` will do as a pool: an executor here, Dask's `Client.get_executor()`, Ray's
multiprocessing pool. None of them is imported here.
"""

from __future__ import annotations

import multiprocessing
import os
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from itertools import islice
from multiprocessing.connection import wait
from typing import Any, Protocol, TypeVar

from pipeline.errors import PipelineError

A = TypeVar("A")
B = TypeVar("B")

MOST_WORKERS = 61  # Windows waits for no more processes at once
LEAST_TASKS_A_WORKER = 4  # below that, starting a process costs more than it brings


class Pool(Protocol):
    """What `pmap` needs of a pool."""

    def map(self, fn: Callable[[Any], Any], items: Iterable[Any], /) -> Iterable[Any]: ...


class LocalPool:
    """Processes on this machine, started with spawn, with a bounded number of tasks in flight.

    `ProcessPoolExecutor.map` submits everything at once; a long mission would queue thousands of results.
    """

    def __init__(self, workers: int, prepare: Callable[[], None] | None = None) -> None:
        """prepare: called once in each new process."""
        self.workers = workers
        context = multiprocessing.get_context("spawn")
        self._executor = ProcessPoolExecutor(workers, mp_context=context, initializer=_begin, initargs=(prepare,))

    def map(self, fn: Callable[[Any], Any], items: Iterable[Any], /) -> Iterator[Any]:
        """Results in order. Raises PipelineError when a process is lost: killed, or out of memory."""
        try:
            yield from self._results(fn, iter(items))
        except BrokenProcessPool as why:
            raise PipelineError("a worker process was lost (killed, or out of memory?): try fewer --workers") from why

    def _results(self, fn: Callable[[Any], Any], source: Iterator[Any]) -> Iterator[Any]:
        waiting: deque[Future[Any]] = deque(self._executor.submit(fn, x) for x in islice(source, 2 * self.workers))
        while waiting:
            yield waiting.popleft().result()
            waiting.extend(self._executor.submit(fn, x) for x in islice(source, 1))

    def __enter__(self) -> LocalPool:
        return self

    def __exit__(self, *_: object) -> None:
        self._executor.shutdown(cancel_futures=True)


def _begin(prepare: Callable[[], None] | None) -> None:
    """First thing in a new process: go when the parent goes, even killed, instead of waiting for work for ever."""
    threading.Thread(target=_follow_parent, daemon=True).start()
    if prepare is not None:
        prepare()


def _follow_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        wait([parent.sentinel])
        os._exit(1)


@contextmanager
def open_pool(
    workers: int | None, cluster: str | None, tasks: int, prepare: Callable[[], None] | None = None
) -> Iterator[Pool | None]:
    """A pool for that many tasks: a Dask cluster where an address is given, else processes here; None for little work.

    prepare: called once in each new process here.
    Raises PipelineError when the cluster is asked for and the extra `dask` is not installed.
    """
    if cluster is not None:
        with _dask_client(cluster) as client:
            yield client.get_executor()
        return
    count = min(workers or os.cpu_count() or 1, max(1, tasks // LEAST_TASKS_A_WORKER), MOST_WORKERS)
    if count == 1:
        yield None
        return
    with LocalPool(count, prepare) as pool:
        yield pool


def _dask_client(address: str) -> Any:
    try:
        from distributed import Client
    except ImportError as why:
        raise PipelineError("--cluster needs the extra: pip install 'qianliyan[dask]'") from why
    try:
        open_client: Any = Client  # the library brings no types where it is not installed
        return open_client(address, timeout=10)
    except (OSError, ValueError) as why:
        raise PipelineError(f"{address}: no Dask scheduler answers there") from why


def pmap(fn: Callable[[A], B], items: Iterable[A], pool: Pool | None = None) -> Iterable[B]:
    """map(fn, items), in order, here or on `pool`."""
    return map(fn, items) if pool is None else pool.map(fn, items)


def chunks(items: Sequence[A], size: int) -> list[Sequence[A]]:
    """Cut items into runs; neighbours stay together."""
    return [items[i : i + size] for i in range(0, len(items), size)]
