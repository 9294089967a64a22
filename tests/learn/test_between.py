"""When the way back from new weights is taken at all."""

from __future__ import annotations

from typing import Any

import pytest

from pipeline.learn.between import SHARES, worth_trying

FORGOT = "rehearsal/drawn: mean AP falls"


def told(own: tuple[float | None, float | None], reasons: list[str], name: str = "reviews/real") -> dict[str, Any]:
    sets = [{"set": name, "mean_ap": dict(zip(("old", "new"), own, strict=True))},
            {"set": "rehearsal/drawn", "mean_ap": {"old": 0.5, "new": 0.4}}]  # fmt: skip
    return {"sets": sets, "reasons": reasons}


@pytest.mark.parametrize(
    ("given", "worth"),
    [(told((0.2, 0.6), [FORGOT]), True), (told((None, 0.6), [FORGOT]), True), (told((0.6, 0.2), [FORGOT]), False),
     (told((0.2, 0.2), [FORGOT]), False), (told((0.2, None), [FORGOT]), False),
     (told((0.2, 0.6), [FORGOT, "reviews/real: AP of dust falls"]), False),
     (told((0.2, 0.6), [FORGOT], "other/real"), False)],
)  # fmt: skip
def test_only_what_gained_where_the_verdicts_are_is_worth_it(given: dict[str, Any], worth: bool) -> None:
    assert worth_trying(given) is worth


def test_the_farthest_comes_first() -> None:
    assert list(SHARES) == sorted(SHARES, reverse=True) and SHARES[-1] > 0 and SHARES[0] < 1
