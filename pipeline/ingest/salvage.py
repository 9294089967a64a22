"""Reading what is whole of a damaged log, in bounded time, and saying what is not."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

MOST_BYTES = 512 * 1024**2  # of messages kept from one log: 11 hours of ArduPilot's ATT at 400 Hz
MOST_MISSES = 2_000_000  # places tried in vain for the next whole message, before the rest is given up
_MOST_FAULTS = 20
_MOST_PLACES = 10
_SHOWN = 1_000_000


class Bytes(Protocol):
    """bytes, or a file mapped into memory."""

    def __len__(self) -> int: ...

    def __getitem__(self, index: Any, /) -> Any: ...


class Faults:
    """What was left out of a log, in at most a score of sentences."""

    def __init__(self) -> None:
        self._said: dict[str, None] = {}
        self._places: list[tuple[int, int]] = []
        self._more = [0, 0]  # places and bytes beyond those

    def add(self, sentence: str) -> None:
        if len(self._said) < _MOST_FAULTS:
            self._said[sentence] = None

    def skipped(self, start: int, end: int) -> None:
        """Bytes [start, end) of the file hold no whole message."""
        if len(self._places) < _MOST_PLACES:
            self._places.append((start, end))
        else:
            self._more[0] += 1
            self._more[1] += end - start

    def told(self) -> tuple[str, ...]:
        """All of it, the general first."""
        places = [f"{b - a} bytes at offset {a} hold no whole message and are skipped" for a, b in self._places]
        if self._more[0]:
            count, total = self._more
            places.append(f"{count} more places with {total} bytes in all hold no whole message and are skipped")
        said = list(self._said)[: _MOST_FAULTS - len(places)]
        return (*said, *places)


def salvage(
    data: Bytes,
    start: int,
    faults: Faults,
    take: Callable[[int, bool], int],
    seek: Callable[[int], int],
    room: Callable[[], int],
) -> None:
    """Walk over `data` from `start`, from message to message.

    `take(at, lost)` takes the whole message at `at` and returns its end, or returns 0; `lost` says that what came just
    before was none, so that it should look twice. `seek(at)` is the first place from `at` on where one may start.
    The walk ends where `room()`, what may still be kept, is used up.
    """
    at, lost, misses, size = start, -1, 0, len(data)
    while at < size and room() > 0:
        end = take(at, lost >= 0)
        if end:
            if lost >= 0:
                faults.skipped(lost, at)
                lost = -1
            at = end
            continue
        lost, misses = at if lost < 0 else lost, misses + 1
        at = min(seek(at + 1), size) if misses <= MOST_MISSES else size
    if room() <= 0:
        faults.add(f"only the first {at} bytes are read: what follows is more than one flight needs")
    elif lost >= 0 and any(data[lost : lost + _SHOWN]):  # zeros fill a card's last block
        faults.skipped(lost, size)
