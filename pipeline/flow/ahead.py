"""Work on the next picture while this one is searched."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import TypeVar

A = TypeVar("A")
B = TypeVar("B")


def one_ahead(make: Callable[[A], B], items: Sequence[A]) -> Iterator[tuple[A, Callable[[], B]]]:
    """Each item, in order, with what gives make(item) or raises as it did.

    A thread makes the next one while this one is used, and never more: two results are in memory at most.
    """
    if len(items) < 2:
        yield from ((item, partial(make, item)) for item in items)
        return
    with ThreadPoolExecutor(1, "one-ahead") as thread:
        waiting = thread.submit(make, items[0])
        for item, following in zip(items, [*items[1:], None], strict=True):
            ready = waiting
            if following is not None:
                waiting = thread.submit(make, following)
            yield item, ready.result
