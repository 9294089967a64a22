"""How often somebody may ask, kept in memory and never without bound."""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field

from pipeline.server.problems import Problem

KEYS_MAX = 20_000


class Limit:
    """A bucket for each key: `most` at once, filled again evenly over `seconds`."""

    def __init__(self, most: int, seconds: float, clock: Callable[[], float] = time.monotonic) -> None:
        self.most, self.per_second, self._clock = most, most / seconds, clock
        self._left: OrderedDict[str, tuple[float, float]] = OrderedDict()  # key -> (left, at), oldest use first
        self._lock = threading.Lock()

    def take(self, key: str) -> float:
        """Zero when the key may go on, else the seconds until it may."""
        with self._lock:
            left, at = self._now(key)
            if left < 1:
                return (1 - left) / self.per_second
            self._keep(key, left - 1, at)
            return 0.0

    def give_back(self, key: str) -> None:
        """What was taken did no harm: a password that was right."""
        with self._lock:
            left, at = self._now(key)
            self._keep(key, min(self.most, left + 1), at)

    def _now(self, key: str) -> tuple[float, float]:
        at = self._clock()
        left, since = self._left.get(key, (float(self.most), at))
        return min(self.most, left + (at - since) * self.per_second), at

    def _keep(self, key: str, left: float, at: float) -> None:
        self._left[key] = (left, at)
        self._left.move_to_end(key)
        if len(self._left) > KEYS_MAX:
            self._left.popitem(last=False)


def check(*asked: tuple[Limit, str]) -> None:
    """Takes one from each in turn; raises Problem 429 with the seconds to wait at the first empty one.

    The later ones are not touched then: who is stopped at his own address cannot use up what others may do.
    """
    for limit, key in asked:
        if (wait_s := limit.take(key)) > 0:
            seconds = int(wait_s) + 1
            raise Problem(429, "too_many", f"too many attempts; try again in {seconds} s", seconds)


@dataclass(frozen=True, slots=True)
class Limits:
    """Somebody at one address guesses one login ten times; a login is guessed from many addresses a hundred times."""

    login_at_address: Limit = field(default_factory=lambda: Limit(10, 900))
    login: Limit = field(default_factory=lambda: Limit(100, 900))
    address: Limit = field(default_factory=lambda: Limit(60, 900))  # an office may share one
    link: Limit = field(default_factory=lambda: Limit(20, 900))
    asker: Limit = field(default_factory=lambda: Limit(20_000, 60))  # any request under /api
