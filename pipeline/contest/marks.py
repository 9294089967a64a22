"""Legs that never fly: marks of a paper (theory, records, monitoring) from a CSV, corrected only by two judges."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pipeline.contest.approvals import approved
from pipeline.contest.people import csv_rows
from pipeline.contest.plan import WHOLE_U, Leg, plan_bytes
from pipeline.errors import ContestError

if TYPE_CHECKING:
    from pipeline.contest.folder import Contest
    from pipeline.contest.keys import Signer
    from pipeline.contest.ledger import Event

COLUMNS = ("entrant", "points")
_POINTS = re.compile(r"(\d{1,6})(?:\.(\d{1,3}))?", re.ASCII)


def enter_marks(
    contest: Contest, leg: str, csv_path: str | Path, desk: Signer, now_ms: int, *, signers: Sequence[Signer] = ()
) -> Event:
    """Enter the marks of everybody who takes part in the leg; a correction is a whole new list with two judges.

    Raises:
        ContestError: malformed, an entrant unknown, twice or missing, points above the maximum, each with the row; or
            the leg has its marks and two judges did not sign.
    """
    planned, data = contest.state.plan.leg(leg), plan_bytes(csv_path)
    if planned.kind != "marks":
        raise ContestError(f"leg {leg} is of the kind {planned.kind}, not marks")
    found = marks_of(data, str(csv_path), planned, contest.state.entrants(leg))
    body: dict[str, Any] = {"leg": leg, "object": contest.store(data), "rows": len(found)}
    body = approved(signers, contest.state.id, "marks", body) if signers else body
    return contest.append("marks", body, desk, now_ms)


def marks_of(data: bytes, name: str, leg: Leg, entrants: Collection[str]) -> dict[str, int]:
    """{entrant: micro-points of 100,000,000} from the bytes of the CSV with the columns `COLUMNS`.

    Points are plain decimals with up to three places; ⌊100,000,000 · points / max⌋.
    """
    found: dict[str, int] = {}
    for where, row in csv_rows(data, name, COLUMNS):
        entrant = row["entrant"]
        if entrant not in entrants:
            raise ContestError(f"{where}: {entrant!r} does not take part in leg {leg.id}")
        if entrant in found:
            raise ContestError(f"{where}: {entrant} is given twice")
        found[entrant] = WHOLE_U * _thousandths(row["points"], where, leg) // (1000 * leg.max)
    if not entrants:
        raise ContestError(f"{name}: nobody is registered for leg {leg.id}")
    missing = sorted(set(entrants) - found.keys())
    if missing:
        raise ContestError(f"{name}: {missing[0]} is missing (who was absent is entered with 0)")
    return dict(sorted(found.items()))


def _thousandths(text: str, where: str, leg: Leg) -> int:
    match = _POINTS.fullmatch(text)
    if not match:
        raise ContestError(f"{where}: points must be a plain number such as 87.5")
    value = 1000 * int(match[1]) + int((match[2] or "0").ljust(3, "0"))
    if value > 1000 * leg.max:
        raise ContestError(f"{where}: more than the {leg.max} points of leg {leg.id}")
    return value
